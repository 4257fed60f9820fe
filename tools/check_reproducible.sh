#!/usr/bin/env bash
# Builds programs twice, from copies of the sources in two directories and without ccache, and compares: the bytes must be
# the same, and must not contain the name of either directory.
#
#   tools/check_reproducible.sh PROGRAM...    e.g. uflush flushctl
set -euo pipefail
cd "$(dirname "$0")/.."
top=$(mktemp -d)
trap 'rm -rf "$top"' EXIT
export CCACHE_DISABLE=1

build_in() { # build_in DIRECTORY PROGRAM...
  local sources=$1
  shift
  mkdir -p "$sources"
  git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$sources"
  cmake -S "$sources" -B "$sources/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DUFLUSH_WERROR=ON -DUFLUSH_TESTS=OFF \
    >"$top/log" 2>&1 || { cat "$top/log"; exit 1; }
  cmake --build "$sources/build" --target "$@" >"$top/log" 2>&1 || { tail -n 40 "$top/log"; exit 1; }
}

readonly one=$top/one another=$top/a/directory/with/another/name
build_in "$one" "$@"
build_in "$another" "$@"
for program in "$@"; do
  cmp "$one/build/bin/$program" "$another/build/bin/$program"
  if grep -aqF "$top/" "$one/build/bin/$program"; then
    echo "$program contains the path of its sources" >&2
    exit 1
  fi
done
