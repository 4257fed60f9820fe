#!/usr/bin/env bash
# Installs what a fresh Debian 12 machine lacks to build, test and measure uflush.
# Idempotent and without prompts; does nothing (and needs no network) when everything is there.
#
#   tools/setup.sh          everything, the reference Postfix included
#   tools/setup.sh --build  only what the build needs
#   tools/setup.sh --try    that, and a Postfix to try it in
set -euo pipefail

build_packages=(
  g++ cmake make ninja-build pkg-config ccache
  liburing-dev libboost-dev libmimalloc-dev libfmt-dev libicu-dev
  libdb-dev liblmdb-dev libcdb-dev libpcre2-dev
  libgtest-dev libgmock-dev libbenchmark-dev libcli11-dev nlohmann-json3-dev
)
test_packages=(
  clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev llvm-14
  postfix postfix-pcre postfix-lmdb postfix-cdb postfix-sqlite sqlite3
  python3 man-db strace
)

wanted=("${build_packages[@]}")
case ${1:-} in
  --build) ;;
  --try) wanted+=(postfix) ;;
  *) wanted+=("${test_packages[@]}") ;;
esac

missing=()
for package in "${wanted[@]}"; do
  status=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
  [[ $status == ii* ]] || missing+=("$package")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

if [[ $EUID -ne 0 ]]; then
  echo "setup.sh: run as root to install: ${missing[*]}" >&2
  exit 1
fi

export DEBIAN_FRONTEND=noninteractive
# Postfix must install without configuring itself and without starting: the tests make private instances.
postfix_wanted=no
for package in "${missing[@]}"; do [[ $package == postfix ]] && postfix_wanted=yes; done
if [[ $postfix_wanted == yes ]]; then
  echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
fi

echo "setup.sh: installing ${missing[*]}"
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/tmp/uflush-setup.log 2>&1 || {
  tail -n 40 /tmp/uflush-setup.log >&2
  exit 1
}
