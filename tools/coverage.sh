#!/usr/bin/env bash
# Line coverage of core/ and protocol/ from the unit and simulated tests alone: prints a table, and fails when one of
# the two is below 95 %.
#
#   tools/coverage.sh             build, run, report
#   tools/coverage.sh --lines     and then print the lines that no test reaches
set -euo pipefail
cd "$(dirname "$0")/.."

readonly build=build-coverage
readonly folders=(core protocol)
readonly least_percent=95
jobs=$(nproc)

cmake --preset coverage >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
readonly elsewhere='^(docs_test|flushbench_.*)$'  # tests that have nothing to do with the two folders
mapfile -t tests < <(ctest --test-dir "$build" -N -L unit -E "$elsewhere" 2>"$build.log" |
  sed -n 's/^ *Test *#[0-9]*: //p')
cmake --build "$build" -j "$jobs" --target "${tests[@]}" >"$build.log" 2>&1 ||
  { grep -E -A5 'error|FAILED' "$build.log" | tail -n 60; exit 1; }

# %c: the counters lie in a mapped file. It outlives _exit(2), SIGKILL and chroot(2), and a child needs no right to it.
rm -rf "$build/profiles"
mkdir -p "$build/profiles"
LLVM_PROFILE_FILE="$PWD/$build/profiles/%p%c.profraw" \
  ctest --test-dir "$build" -j "$jobs" -L unit -E "$elsewhere" --output-on-failure --no-tests=error >"$build.log" 2>&1 ||
  { cat "$build.log"; exit 1; }
llvm-profdata-14 merge --sparse --failure-mode=all -o "$build/profile" "$build/profiles"
rm -rf "$build/profiles"

report() { # report SUBCOMMAND [OPTION...]
  local program programs=("$build/bin/uflush")
  for program in "${tests[@]}"; do programs+=(-object "$build/bin/$program"); done
  llvm-cov-14 "$1" "${programs[@]}" -instr-profile="$build/profile" "${@:2}" 2>"$build.log"
}

report export -summary-only | python3 -c '
import json, os, sys

def row(name, covered, lines): print(f"{name:44} {covered:5} of {lines:5}  {100 * covered / lines:6.2f} %")

least = int(sys.argv[1])
files = {os.path.relpath(file["filename"]): file["summary"]["lines"] for file in json.load(sys.stdin)["data"][0]["files"]}
below = False
for folder in sys.argv[2:]:
    mine = {name: counts for name, counts in files.items() if name.startswith(folder + "/")}
    for name, counts in sorted(mine.items()): row(name, counts["covered"], counts["count"])
    covered, lines = (sum(counts[key] for counts in mine.values()) for key in ("covered", "count"))
    row(folder + "/", covered, lines)
    print()
    below = below or 100 * covered < least * lines
if below: sys.exit(f"coverage.sh: below {least} %")
' "$least_percent" "${folders[@]}"

if [[ ${1:-} == --lines ]]; then
  report show | awk '/^\/.*:$/ { file = $0 } /^ *[0-9]+\| *0\|/ { print file $0 }' | sed "s|^$PWD/||" |
    grep -E "^($(IFS='|'; echo "${folders[*]}"))/"
fi
