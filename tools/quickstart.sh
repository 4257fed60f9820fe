#!/usr/bin/env bash
# Shows uflush at work, then leaves nothing behind.
#
#   tools/quickstart.sh               in a complete private Postfix on loopback addresses (as root)
#   tools/quickstart.sh --standalone  without Postfix: uflush, flushctl and a spool of plain files
#   tools/quickstart.sh --stock       the Postfix demonstration with Postfix's own flush, to compare
#
# The system's own Postfix (/etc/postfix, /var/spool/postfix) is neither read nor touched.
# BUILD=DIR chooses the build directory (default: build). The build directory is all that stays.
set -euo pipefail
cd "$(dirname "$0")/.."

build=$(realpath -m "${BUILD:-build}")
readonly build
readonly messages=100        # per destination
readonly patience=60         # seconds that a step may take
readonly up=one.example down=two.example
work=                        # everything that we make is in here
log=                         # what is shown when something fails
pids=()                      # what we started
mode=postfix
began=$SECONDS

# --- small things ----------------------------------------------------------------------------------------

say() { printf '%s\n' "$*"; }
step() { printf '\n%s\n' "== $*"; }
now_ms() { echo $(( ${EPOCHREALTIME/[.,]/} / 1000 )); }

fail() {
  say "quickstart: $*" >&2
  if [[ -n $log && -s $log ]]; then
    say "--- warnings and errors in the log ---" >&2
    grep -E ': (warning|error|fatal|panic): |error:' "$log" | tail -n 20 >&2 || true
    say "--- the end of the log ---" >&2
    tail -n 15 "$log" >&2
  fi
  exit 1
}

# await SECONDS WHAT COMMAND...: until COMMAND succeeds. Files and queues have no event to wait for.
await() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    ((SECONDS < deadline)) || fail "waited too long until $what"
    sleep 0.05
  done
}

clean_up() {
  local status=$?
  trap - EXIT
  trap '' INT TERM HUP
  if [[ -n $work ]]; then
    if [[ -s $work/queue/pid/master.pid ]]; then stop_postfix; fi
    for pid in "${pids[@]}"; do
      kill "$pid" 2>/dev/null || true
      wait "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
  fi
  exit "$status"
}

# --- build -----------------------------------------------------------------------------------------------

build_programs() {
  step "Build"
  log=$work/build.log
  if ! cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release >"$log" 2>&1 ||
    ! cmake --build "$build" --parallel "$(nproc)" --target uflush flushctl >>"$log" 2>&1; then
    fail "the build fails"
  fi
  log=
  say "$build/bin: $("$build/bin/uflush" --version), $("$build/bin/flushctl" --version)" \
    "(ready after $((SECONDS - began)) s)"
}

# --- a private Postfix -----------------------------------------------------------------------------------

# A loopback address of our own: two of these can run at the same time.
own_address() { echo "127.$((1 + ($$ >> 14) % 254)).$((($$ >> 7) % 128)).$((1 + $$ % 128))"; }

# The services of the installed master.cf, without those that get a line of our own, and none in a chroot.
standard_services() {
  awk '/non-Postfix/ { exit }
       /^#/ || NF == 0 { next }
       /^ / { if (wanted) print; next }
       { wanted = $1 != "flush" && $2 != "inet"; $5 = "n"; if (wanted) print }' /etc/postfix/master.cf.proto
}

make_postfix() {
  local program=$1 name
  name=$(basename "$program")
  address=$(own_address)
  mkdir -m 755 "$work"/{config,programs,queue,data,log}
  chown postfix "$work/data"
  : >"$work/log/mail"
  log=$work/log/mail

  # master(8) runs programs from daemon_directory only: this one has uflush beside the stock ones.
  cp /usr/lib/postfix/sbin/* "$work/programs"
  [[ $program -ef /usr/lib/postfix/sbin/$name ]] || cp "$program" "$work/programs/$name"

  cat >"$work/config/main.cf" <<EOF
compatibility_level = 3.6
queue_directory = $work/queue
data_directory = $work/data
daemon_directory = $work/programs
multi_instance_enable = yes
maillog_file = $work/log/mail
maillog_file_prefixes = $work
myhostname = relay.example
mydestination =
alias_maps =
local_recipient_maps =
inet_protocols = ipv4
inet_interfaces = 127.0.0.1
mynetworks = 127.0.0.0/8
relay_domains = $up, $down
transport_maps = inline:{ {$up = smtp:[$address]:2526} {$down = smtp:[$address]:2527} }
smtp_dns_support_level = disabled
smtpd_tls_security_level = none
smtp_tls_security_level = none
smtpd_peername_lookup = no
in_flow_delay = 0
EOF
  touch -d '10 seconds ago' "$work/config/main.cf" # programs wait for the dust to settle on a new one
  {
    standard_services
    echo "$address:2525 inet n - n - - smtpd"
    echo "flush unix n - y 1000? 0 $name"
  } >"$work/config/master.cf"
}

stop_postfix() {
  local master
  master=$(<"$work/queue/pid/master.pid") || return 0
  master=${master//[^0-9]/}
  postfix -c "$work/config" stop >/dev/null 2>&1 || true
  # Only if that was really ours and did not help.
  if [[ -n $master && $(readlink "/proc/$master/exe") == "$work/programs/master" ]]; then
    kill -KILL -- "-$master" 2>/dev/null || true
  fi
}

# Messages in a queue. Files come and go while find looks: that is no failure.
count_in() { { find "$work/queue/$1" -type f 2>/dev/null || true; } | wc -l; }
lines_in() { if [[ -e $work/queue/flush/$1 ]]; then wc -l <"$work/queue/flush/$1"; else echo 0; fi; }
waiting_for() { { grep -rlF "u@$1" "$work/queue/deferred" 2>/dev/null || true; } | wc -l; }
delivered_to() { grep -c "to=<u@$1>.*status=sent" "$work/log/mail" || true; }

all_deferred() {
  (($(count_in deferred) == 2 * messages && $(count_in incoming) + $(count_in active) == 0)) &&
    (($(lines_in one_example) >= messages && $(lines_in two_example) >= messages))
}
all_delivered() { (($(delivered_to $up) >= messages && $(count_in deferred) == messages)); }
listens() { (exec 3<>"/dev/tcp/$address/$1") 2>/dev/null; }

inject() {
  smtp-source -s 5 -m "$messages" -f sender@client.example -t "u@$1" "$address:2525" >>"$work/log/smtp-source" 2>&1 ||
    fail "smtp-source: $(tail -n 1 "$work/log/smtp-source")"
}

# One reply of the server, the last line of it.
smtp_reply() {
  local line
  while IFS= read -r -t "$patience" -u 3 line; do
    [[ ${line:3:1} == - ]] && continue
    printf '%s\n' "${line%$'\r'}"
    return 0
  done
  return 1
}

etrn() {
  exec 3<>"/dev/tcp/$address/2525"
  smtp_reply >/dev/null
  printf 'EHLO client.example\r\n' >&3
  smtp_reply >/dev/null
  printf 'ETRN %s\r\n' "$1" >&3
  smtp_reply
  printf 'QUIT\r\n' >&3
  exec 3>&-
}

show_destinations() {
  local site
  printf '  %-13s %9s %9s %14s\n' destination delivered deferred "logfile lines"
  for site in $up $down; do
    printf '  %-13s %9d %9d %14d\n' "$site" "$(delivered_to "$site")" \
      "$(waiting_for "$site")" "$(lines_in "${site//./_}")"
  done
}

with_postfix() {
  local program=$1 reply asked first took daemon
  step "Start a private Postfix, flush service: $program"
  make_postfix "$program"
  # In a session of its own: Ctrl-C must not stop it half-way, with master(8) running and no trace of it.
  setsid postfix -c "$work/config" start >"$work/log/start" 2>&1 || fail "postfix start: $(<"$work/log/start")"
  await "$patience" "smtpd listens" listens 2525
  grep '^flush' "$work/config/master.cf"

  step "Send $messages messages each to $up and $down, both of them down"
  inject $up
  inject $down
  await "$patience" "all mail is deferred and logged" all_deferred
  show_destinations

  step "Bring $up back, and ask for its mail with ETRN"
  smtp-sink -u postfix "$address:2526" 100 >>"$work/log/smtp-sink" 2>&1 &
  pids+=($!)
  await "$patience" "smtp-sink listens" listens 2526
  asked=$(now_ms)
  reply=$(etrn $up)
  say "  ETRN $up -> $reply ($(($(now_ms) - asked)) ms)"
  [[ $reply == 250* ]] || fail "ETRN was refused"
  await "$patience" "one message is delivered" grep -q "to=<u@$up>.*status=sent" "$log"
  first=$(($(now_ms) - asked))
  await "$patience" "the mail of $up is delivered" all_delivered
  took=$(($(now_ms) - asked))

  daemon=$(basename "$program")
  step "What happened"
  show_destinations
  say "  first delivery within $first ms of ETRN, last within $took ms"
  say "  flushctl ping: $("$build/bin/flushctl" -c "$work/config" ping)"
  say "  warnings of $daemon in the mail log: $(grep -cE "/$daemon\[[0-9]+\]: (warning|error|fatal|panic):" "$log" || true)"
  (($(delivered_to $down) == 0)) || fail "mail for $down was delivered, though it is down"
}

# --- without Postfix -------------------------------------------------------------------------------------

standalone() {
  local spool=$work/spool flushctl=("$build/bin/flushctl" --socket "$work/spool/public/flush") id daemon
  step "Start uflush --standalone, without master(8) and without main.cf"
  log=$work/log
  "$build/bin/uflush" --standalone "$spool" 2>"$log" &
  daemon=$!
  pids+=("$daemon")
  await "$patience" "uflush answers" "${flushctl[@]}" -q -t 5 ping 2>/dev/null
  "${flushctl[@]}" ping

  step "Defer three messages for $up and two for $down"
  for id in 4A001 4A002 5B001; do add_message $up $id; done
  for id in 4A003 6C001; do add_message $down $id; done
  show_files "$spool" flush deferred incoming

  step "Send $up"
  "${flushctl[@]}" send-site $up
  show_files "$spool" flush deferred incoming
  await "$patience" "uflush has asked for a scan" grep -q "trigger I" "$log"
  say "  and what the queue manager was asked (F before, I behind):"
  sed 's/^/    /' "$log"
  [[ $(find "$spool/incoming" -type f | wc -l) == 3 ]] || fail "not all messages of $up were moved"

  kill -TERM "$daemon"
  wait "$daemon" || fail "uflush ends with status $?"
  pids=()
}

add_message() {
  mkdir -p "$spool/deferred/${2:0:1}"
  echo "mail for $1" >"$spool/deferred/${2:0:1}/$2"
  chmod 700 "$spool/deferred/${2:0:1}/$2"
  "${flushctl[@]}" add "$1" "$2" | sed 's/^/  /'
}

show_files() {
  local spool=$1 directory file
  shift
  for directory in "$@"; do
    printf '  %-9s' "$directory"
    find "$spool/$directory" -type f -printf '%P\n' | sort | while IFS= read -r file; do
      if [[ $directory == flush ]]; then
        printf ' %s=[%s]' "$file" "$(paste -sd ' ' "$spool/$directory/$file")"
      else
        printf ' %s' "$file"
      fi
    done
    printf '\n'
  done
}

# --- main ------------------------------------------------------------------------------------------------

case ${1:-} in
  "") ;;
  --standalone | --stock) mode=${1#--} ;;
  *)
    sed -n '2,9s/^# \{0,1\}//p' "$0"
    [[ $1 == --help ]] && exit 0 || exit 64
    ;;
esac
if [[ $mode != standalone && $EUID -ne 0 ]]; then
  say "quickstart: a Postfix must be started as root (tools/quickstart.sh --standalone needs no root)" >&2
  exit 77
fi

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
work=$(mktemp -d "${TMPDIR:-/tmp}/uflush-quickstart.XXXXXX")
chmod 755 "$work"

step "Install what is missing (tools/setup.sh)"
if [[ $mode == standalone ]]; then tools/setup.sh --build; else tools/setup.sh --try; fi
say "done"
build_programs
case $mode in
  postfix) with_postfix "$build/bin/uflush" ;;
  stock) with_postfix /usr/lib/postfix/sbin/flush ;;
  standalone) standalone ;;
esac
say ""
say "Done in $((SECONDS - began)) s. Only $build is left of it."
