#!/usr/bin/env bash
# Builds the fuzz targets with Clang, AddressSanitizer and UBSan, and runs them.
#
#   tools/fuzz.sh [--seconds N] [--findings DIRECTORY] [TARGET...]
#
# Each target (default: all of fuzz/corpus/) runs N seconds (default 60), starting from fuzz/corpus/TARGET and from
# what earlier runs have found worth keeping (build-fuzz/corpus/TARGET). An input that fails lands in
# DIRECTORY/TARGET/ (default build-fuzz/findings), with the target's output beside it. To look at it again:
#
#   build-fuzz/bin/fuzz_TARGET FILE
#
# Before anything else the canary has to fail: an alarm that stays silent then would stay silent for every target.
# Exit status 1 when there was a finding, 2 when the alarm is broken.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly build=build-fuzz
seconds=60
findings=$build/findings
targets=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --seconds) seconds=$2 && shift 2 ;;
    --findings) findings=$2 && shift 2 ;;
    -*) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2 && exit 64 ;;
    *) targets+=("$1") && shift ;;
  esac
done
if [[ ${#targets[@]} -eq 0 ]]; then
  for directory in fuzz/corpus/*/; do
    name=$(basename "$directory")
    [[ $name == canary ]] || targets+=("$name")
  done
fi
ulimit -c 0  # the core file of a sanitized program is of no use

programs() { printf 'fuzz_%s\n' canary "${targets[@]}"; }

build_targets() {
  mkdir -p "$build"
  mapfile -t wanted < <(programs)
  if ! { cmake --preset fuzz && cmake --build "$build" -j "$(nproc)" --target "${wanted[@]}"; } \
    >"$build/build.log" 2>&1; then
    grep -E -A5 'error|FAILED|Error' "$build/build.log" | tail -n 60 >&2
    return 1
  fi
}

# The canary's inputs each have to end it in its own way; and libFuzzer has to find one of them by itself.
check_alarm() {
  local scratch expected
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' RETURN
  while read -r input expected; do
    if "$build/bin/fuzz_canary" "fuzz/corpus/canary/$input" >"$scratch/output" 2>&1 ||
      ! grep -q "$expected" "$scratch/output"; then
      printf 'fuzz.sh: the alarm is broken: the canary does not report %s\n' "$input" >&2
      return 1
    fi
  done <<'INPUTS'
broken_promise assertion failed
memory_error heap-buffer-overflow
undefined_behaviour signed integer overflow
INPUTS
  if "$build/bin/fuzz_canary" -seed=1 -max_total_time=60 "-artifact_prefix=$scratch/" >/dev/null 2>&1 ||
    ! compgen -G "$scratch/crash-*" >/dev/null; then
    printf 'fuzz.sh: the alarm is broken: no input that fails was found and saved\n' >&2
    return 1
  fi
}

# A number from libFuzzer's final statistics, or from its last line of progress.
statistic() { sed -n "s/^stat::$1: *//p" "$2"; }
coverage() { sed -n 's/^#[0-9].* cov: \([0-9]*\) .*/\1/p' "$1" | tail -n 1; }

run_target() { # run_target NAME: prints a row of the table; false when there was a finding
  local name=$1 kept=$build/corpus/$1 found=$findings/$1 output=$findings/$1/output options=() result=good
  mkdir -p "$kept" "$found"
  [[ -f fuzz/dictionaries/$name.dict ]] && options+=("-dict=fuzz/dictionaries/$name.dict")
  "$build/bin/fuzz_$name" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2560 -print_final_stats=1 \
    -artifact_prefix="$found/" "${options[@]}" "$kept" "fuzz/corpus/$name" >"$output" 2>&1 || result=FAILED
  printf '%-16s %8s %8s %9s %8s  %s\n' "$name" "$(statistic number_of_executed_units "$output")" \
    "$(statistic average_exec_per_sec "$output")" "$(coverage "$output")" "$(find "$kept" -type f | wc -l)" "$result"
  [[ $result == good ]] && return 0
  grep -m 3 -E 'panic:|ERROR:|runtime error:' "$output" | sed 's/^/    /'
  sed -n 's/^.*Test unit written to /    saved: /p' "$output"
  printf '    output: %s\n' "$output"
  return 1
}

build_targets
check_alarm || exit 2
printf '%-16s %8s %8s %9s %8s  %s\n' target inputs per_s branches corpus result
status=0
for name in "${targets[@]}"; do
  run_target "$name" || status=1
done
exit $status
