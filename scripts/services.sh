#!/usr/bin/env bash
# The programs that the tests start for themselves: Redis, PostgreSQL, nginx and Chromium, on PATH or in their usual places.
#
#   scripts/services.sh             prints shell assignments: PATH with the folders of the first three, CHROMIUM
#   scripts/services.sh --missing   prints those that are nowhere to be found, by the names of Debian's packages
set -euo pipefail

# program NAME FOLDER...: the path of a program on PATH, else in the last of the folders that has it.
program() {
  local name=$1 found="" folder
  shift
  found=$(type -P "$name" || true)
  if [ -z "$found" ]; then
    for folder in "$@"; do
      [ -x "$folder/$name" ] && found=$folder/$name
    done
  fi
  printf '%s' "$found"
}

find_chromium() {
  local name found
  if [ -x "${CHROMIUM:-}" ]; then printf '%s' "$CHROMIUM"; return; fi
  for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
    found=$(program "$name" /usr/lib/chromium /opt/google/chrome)
    # Ubuntu's package is a script that only says to install another one.
    if [ -n "$found" ] && "$found" --version >/dev/null 2>&1; then printf '%s' "$found"; return; fi
  done
  for found in "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" /Applications/Chromium.app/Contents/MacOS/Chromium; do
    if [ -x "$found" ]; then printf '%s' "$found"; return; fi
  done
}

redis=$(program redis-server /usr/local/bin /opt/homebrew/bin)
postgresql=$(program postgres /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql/bin /usr/local/opt/postgresql*/bin /opt/homebrew/opt/postgresql*/bin)
nginx=$(program nginx /usr/sbin /usr/local/sbin /usr/local/bin /opt/homebrew/bin)
chromium=$(find_chromium)

if [ "${1:-}" = --missing ]; then
  [ -n "$redis" ] || echo redis-server
  [ -n "$postgresql" ] || echo postgresql
  [ -n "$nginx" ] || echo nginx
  [ -n "$chromium" ] || echo chromium
  exit
fi

path=$PATH
for found in $redis $postgresql $nginx; do
  folder=$(dirname "$found")
  case ":$path:" in *":$folder:"*) ;; *) path=$path:$folder ;; esac
done
printf 'export PATH=%q\nexport CHROMIUM=%q\n' "$path" "$chromium"
