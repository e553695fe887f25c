#!/usr/bin/env bash
# The one list of the committed files that are made from others, and of what makes them.
#
#   scripts/generated.sh           writes them anew
#   scripts/generated.sh --check   says which of them are not what would be written, and changes nothing
#
# An entry is `FILE | COMMAND`: the command writes the file. A new generator is a new entry.
set -euo pipefail
cd "$(dirname "$0")/.."

entries=(
  "clients/protocol/src/model.gen.ts | npm run --silent generate --workspace clients/protocol"
)

kept=$(mktemp -d)
trap 'rm -rf "$kept"' EXIT
status=0
for entry in "${entries[@]}"; do
  file=${entry%% | *}
  command=${entry#* | }
  if [ "${1:-}" != --check ]; then
    bash -euo pipefail -c "$command"
    continue
  fi
  before=$kept/$(basename "$file")
  [ -e "$file" ] && cp -p "$file" "$before" || : >"$before"
  bash -euo pipefail -c "$command" || { echo "$file: its generator failed: $command"; status=1; }
  if ! diff -u "$before" "$file"; then
    echo "$file is out of date. \`make generate\` writes it anew."
    status=1
  fi
  cp -p "$before" "$file"
done
exit $status
