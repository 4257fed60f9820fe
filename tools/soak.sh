#!/usr/bin/env bash
# Runs Postfix's flush and uflush side by side on random requests, for as long as you like:
#   tools/soak.sh [--seconds N] [--seed S] [--seeds N] [--steps N] [--configuration NAME] [--reference-only]
#                 [--spoil FAULT|all]
# Without --seed it picks one and says which. A seed takes --steps steps (20000) over all configurations; with --seeds
# or --seconds the next seed follows, until there were so many and the time is up, or a difference is found. A
# difference is printed with both sides' observations, the fewest steps that show it, and the command that replays it.
# Needs root and Postfix's flush; touches nothing outside of its own temporary directories.
set -euo pipefail
cd "$(dirname "$0")/.."

build=${UFLUSH_BUILD:-build-release}
if [[ ! -x $build/bin/differential || ! -x $build/bin/uflush ]]; then
  [[ -f $build/CMakeCache.txt ]] || cmake --preset release
  cmake --build "$build" --target differential
fi

defaults=()
[[ " $* " == *" --seed "* ]] || defaults+=(--seed "$((RANDOM * 32768 + RANDOM))")
[[ " $* " == *" --steps "* ]] || defaults+=(--steps 20000)
exec "$build/bin/differential" "${defaults[@]}" "$@"
