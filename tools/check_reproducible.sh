#!/usr/bin/env bash
# Builds programs once more, from a copy of the sources in another directory and without ccache, and compares: the bytes
# must be the same, and must not contain the name of either directory.
#
#   tools/check_reproducible.sh BUILD PROGRAM...    e.g. build-release uflush flushctl; BUILD has the programs in bin/
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1
shift

elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
sources=$elsewhere/a/directory/with/another/name
mkdir -p "$sources"
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$sources"

export CCACHE_DISABLE=1
cmake -S "$sources" -B "$sources/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DUFLUSH_WERROR=ON -DUFLUSH_TESTS=OFF \
  >"$elsewhere/log" 2>&1 || { cat "$elsewhere/log"; exit 1; }
cmake --build "$sources/build" --target "$@" >"$elsewhere/log" 2>&1 || { tail -n 40 "$elsewhere/log"; exit 1; }

for program in "$@"; do
  cmp "$build/bin/$program" "$sources/build/bin/$program"
  for directory in "$PWD" "$elsewhere"; do
    if grep -aqF "$directory/" "$build/bin/$program" "$sources/build/bin/$program"; then
      echo "$program contains the path $directory" >&2
      exit 1
    fi
  done
done
