#!/usr/bin/env bash
# All checks that are not tests. Each runs whatever the others say; what one has to say is shown only where it fails.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p .make
failed=0

check() {
  local name=$1
  shift
  if "$@" >".make/check.log" 2>&1 </dev/null; then
    printf '%-18s ok\n' "$name"
  else
    printf '%-18s FAILED: %s\n' "$name" "$*"
    sed 's/^/  /' .make/check.log
    failed=$((failed + 1))
  fi
}

check "format" .venv/bin/ruff format --check .
check "lint" .venv/bin/ruff check .
# shellcheck disable=SC2046
check "types" .venv/bin/mypy $(ls -d src bench chaos soak tests examples 2>/dev/null)
check "layers" .venv/bin/lint-imports
check "generated files" scripts/generated.sh --check
check "TypeScript" npm run --silent check
check "Biome" npm run --silent lint

if [ $failed -gt 0 ]; then
  printf '%d of the checks failed. `make fmt` mends format and simple lint, `make generate` the generated files.\n' $failed
  exit 1
fi
