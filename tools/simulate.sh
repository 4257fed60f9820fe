#!/usr/bin/env bash
# Runs the world test (tests/core/world_test.cpp) over many seeds, in several processes at a time:
#   tools/simulate.sh [--seeds N] [--from S] [--jobs J]
# N seeds (100000) from S (0) on; J processes (one per processor). Stops soon after the first failure, and prints it with
# the command that repeats its seed.
set -euo pipefail
cd "$(dirname "$0")/.."

seeds=100000 from=0 jobs=$(nproc)
while (($#)); do
  case $1 in
    --seeds) seeds=$2 ;;
    --from) from=$2 ;;
    --jobs) jobs=$2 ;;
    *)
      sed -n '2,5s/^# //p' "$0" >&2
      exit 2
      ;;
  esac
  shift 2
done

build=${UFLUSH_BUILD:-build-release}
if [[ ! -x $build/bin/service_test ]]; then
  [[ -f $build/CMakeCache.txt ]] || cmake --preset release
  cmake --build "$build" --target service_test
fi

export test=$build/bin/service_test
run_piece() { # first seed, number of seeds
  local output
  output=$(UFLUSH_WORLD_FIRST_SEED=$1 UFLUSH_WORLD_SEEDS=$2 "$test" --gtest_filter='World.*' 2>&1) && return
  printf 'seeds %s to %s:\n%s\n' "$1" "$(($1 + $2 - 1))" "$output"
  printf 'UFLUSH_WORLD_FIRST_SEED=%s UFLUSH_WORLD_SEEDS=%s %s --gtest_filter=World.*\n' "$1" "$2" "$test"
  return 255 # xargs starts no more
}
export -f run_piece

piece=1000
SECONDS=0
for ((seed = from; seed < from + seeds; seed += piece)); do
  left=$((from + seeds - seed))
  echo "$seed $((left < piece ? left : piece))"
done | xargs -P "$jobs" -L 1 bash -c 'run_piece "$1" "$2"' run_piece
echo "$seeds seeds from $from on are fine ($SECONDS s)"
