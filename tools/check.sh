#!/usr/bin/env bash
# Everything that has to hold before a change lands: installs what is missing, builds, runs every test.
#
#   tools/check.sh            all stages
#   tools/check.sh STAGE...   some of them: format release reproducible asan tsan fuzz coverage tidy
#
# format   clang-format has nothing to change
# release  GCC, warnings are errors, all tests, real Postfix and the reference daemon included
# reproducible  a second build elsewhere gives the same bytes
# asan     Clang with AddressSanitizer and UBSan: all but the tests that only measure
# tsan     Clang with ThreadSanitizer: what has threads
# fuzz     a few seconds of each fuzz target
# coverage the unit and simulated tests reach 95 % of the lines of core and protocol
# tidy     clang-tidy over what we ship
set -euo pipefail
cd "$(dirname "$0")/.."

readonly jobs=$(nproc)
stages=("$@")
[[ ${#stages[@]} -gt 0 ]] || stages=(format release reproducible asan tsan fuzz coverage tidy)

sources() { git ls-files '*.cpp' '*.hpp'; }

build() { # build PRESET [TARGET...]
  local preset=$1
  shift
  cmake --preset "$preset" >"build-$preset.log" 2>&1 || { cat "build-$preset.log"; return 1; }
  cmake --build "build-$preset" -j "$jobs" ${@:+--target "$@"} >"build-$preset.log" 2>&1 ||
    { grep -E -A5 'error|FAILED' "build-$preset.log" | tail -n 60; return 1; }
}

run_tests() { # run_tests PRESET [CTEST OPTION...]
  local preset=$1
  shift
  ctest --test-dir "build-$preset" -j "$jobs" --output-on-failure --no-tests=error "$@"
}

stage_format() { sources | xargs clang-format-14 --dry-run --Werror; }

stage_release() { build release && run_tests release; }

stage_reproducible() { tools/check_reproducible.sh uflush flushctl; }

stage_asan() { build asan && run_tests asan -LE bench; }

stage_tsan() {
  local programs=(io_test sim_test service_test core_test)
  build tsan "${programs[@]}" && run_tests tsan -R "^($(IFS='|'; echo "${programs[*]}"))\$"
}

stage_fuzz() { tools/fuzz.sh --seconds 3; }

stage_coverage() { tools/coverage.sh; }

stage_tidy() {
  build asan uflush flushctl flushbench || return 1  # tidy wants Clang's compile commands
  git ls-files 'core/*.cpp' 'io/*.cpp' 'protocol/*.cpp' 'tools/*.cpp' |
    xargs -P "$jobs" -n 4 clang-tidy-14 --quiet -p build-asan 2>build-tidy.log
}

tools/setup.sh
began=$SECONDS
for stage in "${stages[@]}"; do
  stage_began=$SECONDS
  printf '== %s\n' "$stage"
  "stage_$stage" || { printf '== %s FAILED\n' "$stage"; exit 1; }
  printf '== %s: %d s\n' "$stage" $((SECONDS - stage_began))
done
printf 'check.sh: all good in %d s\n' $((SECONDS - began))
