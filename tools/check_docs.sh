#!/usr/bin/env bash
# Checks what the documentation claims about the repository: man pages format without warnings, every test that a page
# names exists, every row of compatibility.md has one, every difference that the differential tester allows has a row
# there, every relative link leads somewhere.
set -euo pipefail
cd "$(dirname "$0")/.."
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

for page in docs/man/*.[1-8]; do
  LC_ALL=C.UTF-8 groff -mandoc -Tutf8 -ww "$page" 2>&1 >/dev/null | sed "s|^|$page: |" >>"$errors"
done

# In code that is formatted, a test's name stands in one line or in two.
tests=$(find tests -name '*.cpp' -exec cat {} + | tr '\n' ' ' |
  grep -oE '\b(TEST|TEST_F|TEST_P|TYPED_TEST)\( *[A-Za-z0-9]+, *[A-Za-z0-9]+' |
  sed -E 's/^[A-Z_]+\( *//; s/, */./' | sort -u)
for document in README.md docs/*.md; do
  # A test is Suite.Name in backquotes, both parts in PascalCase.
  # shellcheck disable=SC2016
  { grep -oE '`[A-Z][A-Za-z0-9]+\.[A-Z][A-Za-z0-9]+`' "$document" || true; } | tr -d '`' | sort -u |
    comm -23 - <(echo "$tests") | sed "s|^|$document: there is no test |" >>"$errors"
  { grep -oE '\]\([^)#:]+\)' "$document" || true; } | sed 's/^](//; s/)$//' | sort -u | while read -r target; do
    [[ -e $(dirname "$document")/$target ]] || echo "$document: link leads nowhere: $target"
  done >>"$errors"
done

# behaviour | flush(8) | uflush | test. The last column is a list of tests, or the differential tester, which then
# allows a difference of that name; nothing else, so that a misspelt name is not taken for a remark.
table=docs/compatibility.md
allowed=$(grep -oE '^ *\{"[^"]+", "[^"]+",' tests/differential/allowed_differences.cpp | cut -d'"' -f2)
awk -F ' *[|] *' -v allowed="$allowed" -v table="$table" '
  BEGIN { count = split(allowed, names, "\n"); for (i = 1; i <= count; ++i) difference[names[i]] = 1 }
  !/^[|] / || /^[|] behaviour / { next }
  {
    name = $2
    row[name] = 1
    where = table ":" FNR ": " name ": "
    if (NF != 6) { print where NF - 2 " columns"; next }
    tests = $5
    if (tests ~ /^-?$/) { print where "no test"; next }
    count = split(tests, each, ", ")
    for (i = 1; i <= count; ++i) {
      if (each[i] == "`differential`") {
        if (!(name in difference)) print where "the differential tester allows no such difference"
      } else if (each[i] !~ /^`[A-Z][A-Za-z0-9]+[.][A-Z][A-Za-z0-9]+`$/) {
        print where "not the name of a test: " each[i]
      }
    }
  }
  END { for (name in difference) if (!(name in row)) print table ": no row for the allowed difference " name }
' "$table" >>"$errors"

if [[ -s $errors ]]; then
  cat "$errors" >&2
  exit 1
fi
