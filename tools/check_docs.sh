#!/usr/bin/env bash
# Checks what the documentation claims about the repository: man pages format without warnings, every test that a page
# names exists, every relative link leads somewhere.
set -euo pipefail
cd "$(dirname "$0")/.."
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT

for page in docs/man/*.[1-8]; do
  LC_ALL=C.UTF-8 groff -mandoc -Tutf8 -ww "$page" 2>&1 >/dev/null | sed "s|^|$page: |" >>"$errors"
done

tests=$(grep -rhoE '^(TEST|TEST_F|TEST_P)\([A-Za-z0-9]+, *[A-Za-z0-9]+' tests | sed -E 's/^TEST(_F|_P)?\(//; s/, */./' | sort -u)
for document in README.md docs/*.md; do
  # A test is Suite.Name in backquotes, both parts in PascalCase.
  # shellcheck disable=SC2016
  { grep -oE '`[A-Z][A-Za-z0-9]+\.[A-Z][A-Za-z0-9]+`' "$document" || true; } | tr -d '`' | sort -u |
    comm -23 - <(echo "$tests") | sed "s|^|$document: there is no test |" >>"$errors"
  { grep -oE '\]\([^)#:]+\)' "$document" || true; } | sed 's/^](//; s/)$//' | sort -u | while read -r target; do
    [[ -e $(dirname "$document")/$target ]] || echo "$document: link leads nowhere: $target"
  done >>"$errors"
done

if [[ -s $errors ]]; then
  cat "$errors" >&2
  exit 1
fi
