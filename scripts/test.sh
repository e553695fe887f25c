#!/usr/bin/env bash
# Runs the named parts of the tests, all of them whatever one of them says, and closes with a line for each:
#
#   scripts/test.sh PART... [-- ARG...]   the parts are python, web and e2e; the arguments go to pytest
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p .make
eval "$(scripts/services.sh)"

parts=()
while [ $# -gt 0 ]; do
  case $1 in
    python | web | e2e) parts+=("$1"); shift ;;
    --) shift; break ;;
    *) break ;;
  esac
done

# The TypeScript tests take seconds and wait for nothing: they run beside the Python ones, and are shown in their turn.
beside=""
if [[ " ${parts[*]} " == *" python web "* ]]; then
  npm test --workspaces --if-present </dev/null >.make/beside.log 2>&1 &
  beside=$!
fi
replay() {
  cat "$1"
  return "$2"
}

status=0
summary=""
for part in "${parts[@]}"; do
  began=$SECONDS
  case $part in
    python) printf '== Python\n'; command=(.venv/bin/pytest -n 4 --dist worksteal "$@") ;;
    web)
      printf '== TypeScript\n'; command=(npm test --workspaces --if-present)
      if [ -n "$beside" ]; then wait "$beside"; command=(replay .make/beside.log $?); fi ;;
    e2e) printf '== Browser\n'; command=(npm run e2e --workspaces --if-present) ;;
  esac
  if "${command[@]}" </dev/null 2>&1 | tee ".make/test-$part.log"; then verdict=passed; else verdict=FAILED status=1; fi
  printf -v line '%-8s %s in %d s' "$part" "$verdict" $((SECONDS - began))
  # The closing line of pytest counts the tests; where it ends up far above, it is said again.
  [ "$part" = python ] && line="$line: $(grep -v '^[[:space:]]*$' ".make/test-$part.log" | tail -n 1)"
  summary="$summary$line"$'\n'
  # What failed is named once more, below everything else.
  failed=$(sed 's/\x1b\[[0-9;]*m//g' ".make/test-$part.log" |
    grep -E '^(FAILED|ERROR) |^ *FAIL |^ +[0-9]+\) .*\.spec\.ts' | sort -u | head -n 20 || true)
  [ -z "$failed" ] || summary="$summary$failed"$'\n'
done
printf '== Summary\n%s' "$summary"
exit $status
