#!/usr/bin/env bash
# The one list of the committed files that are made from others, and of what makes them.
#
#   scripts/generated.sh           writes them anew
#   scripts/generated.sh --check   says which of them are not what would be written, and changes nothing
#
# An entry is `FILE... | COMMAND`: the command writes the files, which may be patterns. A new generator is a new entry.
set -euo pipefail
cd "$(dirname "$0")/.."
shopt -s nullglob
export PYTHON=$PWD/.venv/bin/python

entries=(
  "clients/protocol/src/*.gen.ts | npm run --silent generate --workspace clients/protocol"
  "docs/settings.md | $PYTHON -m millrace.server.settings_docs"
)

kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
status=0

# keep FILE..., compare FILE...: what was there before the generator ran, and what it changed; the files are put back.
keep() {
  local file
  for file in "$@"; do
    [ -e "$file" ] || continue
    mkdir -p "$kept/$(dirname "$file")"
    cp -p "$file" "$kept/$file"
  done
}
compare() {
  local file
  for file in "$@"; do
    [ -e "$file" ] || continue
    if [ ! -e "$kept/$file" ]; then
      echo "$file is missing. \`make generate\` writes it."
      rm -f "$file"
      status=1
      continue
    fi
    if ! diff -u "$kept/$file" "$file"; then
      echo "$file is out of date. \`make generate\` writes it anew."
      status=1
    fi
    cp -p "$kept/$file" "$file"
  done
}

for entry in "${entries[@]}"; do
  patterns=${entry%% | *}
  command=${entry#* | }
  # The patterns are expanded before and after, without quotes on purpose: a generator may write a file that was not there.
  # shellcheck disable=SC2086
  keep $patterns
  if ! bash -euo pipefail -c "$command"; then
    echo "The generator of $patterns failed: $command"
    status=1
  fi
  # shellcheck disable=SC2086
  [ "${1:-}" != --check ] || compare $patterns
done
exit $status
