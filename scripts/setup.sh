#!/usr/bin/env bash
# Sets up what the named parts need, once: scripts/setup.sh PART...
#
#   python     .venv with the locked runtime packages and Millrace itself
#   dev        the same, with the locked packages of tests and checks
#   node       the locked packages of the npm workspaces
#   page       the chat page, built into src/millrace/web (brings `node`)
#   services   Redis, PostgreSQL, nginx and Chromium, for the tests
#
# A part that is done leaves a stamp in .make/ named after the content it was made from, so it is done again exactly when
# that content changes. What the installers print goes to .make/PART.log and is shown only where one fails.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .make

fail() { printf 'millrace: %s\n' "$*" >&2; exit 1; }

# content FILE...: a short name for what is in these files.
content() { cat "$@" 2>/dev/null | cksum | tr -d ' '; }

# once PART KEY SENTENCE COMMAND...: runs the command unless its stamp is there; shows its log only where it fails.
once() {
  local part=$1 key=$2 sentence=$3
  shift 3
  [ -e ".make/$part-$key" ] && return
  printf '%s ...\n' "$sentence"
  if ! "$@" >".make/$part.log" 2>&1 </dev/null; then
    tail -n 30 ".make/$part.log" >&2
    fail "$sentence: failed. The lines above are the last of .make/$part.log."
  fi
  rm -f ".make/$part"-*
  : >".make/$part-$key"
}

# --- Python ---------------------------------------------------------------------------------------------------------

is_python() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  local name
  for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
    if is_python "$name"; then
      command -v "$name"
      return
    fi
  done
  fail "Python 3.11 or newer is needed, and ${PYTHON:-python3} is not one. Install it, or name it: PYTHON=/path/to/python3.12 make run"
}

make_venv() {
  rm -rf .venv
  "$1" -m venv .venv && return
  # Debian keeps the venv module in a package of its own.
  rm -rf .venv
  if can_apt; then
    apt_install "$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" && "$1" -m venv .venv && return
  fi
  echo "$1 cannot make a virtual environment. On Debian and Ubuntu its venv module is a package of its own: install python3-venv."
  return 1
}

# usable PYTHON: whether .venv is whole and, where a Python was asked for by name, of that version.
usable() {
  is_python .venv/bin/python && .venv/bin/python -m pip --version &&
    { [ -z "${PYTHON:-}" ] || [ "$(.venv/bin/python -V)" = "$("$1" -V)" ]; }
}

install_python() {
  local python=$1 lock=$2
  usable "$python" || make_venv "$python" || return
  local pip=(.venv/bin/python -m pip --disable-pip-version-check --no-input install --quiet)
  "${pip[@]}" --require-hashes -r "$lock" && "${pip[@]}" --no-deps --no-build-isolation -e .
}

setup_python() {
  local part=$1 lock=$2 python asked=""
  python=$(find_python)
  [ -z "${PYTHON:-}" ] || asked=-$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
  [ -x .venv/bin/millrace ] || rm -f .make/python-* .make/dev-*
  # The packages for tests hold those for running.
  [ "$part" != python ] || [ ! -e ".make/dev-$(content requirements-dev.lock pyproject.toml)$asked" ] || return 0
  once "$part" "$(content "$lock" pyproject.toml)$asked" "Installing the Python packages into .venv" install_python "$python" "$lock"
}

# --- Node -----------------------------------------------------------------------------------------------------------

need_node() {
  command -v node >/dev/null && command -v npm >/dev/null || fail "Node 20.19 or newer, with npm, is needed to build the page. Install Node and try again."
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    fail "Node 20.19 or newer is needed to build the page, and this is $(node --version). Install a newer Node and try again."
}

install_node() { npm ci --ignore-scripts --no-progress; }

setup_node() {
  need_node
  [ -d node_modules ] || rm -f .make/node-*
  once node "$(content package.json package-lock.json .npmrc clients/*/package.json web/package.json e2e/package.json bench/web/package.json tests/clients/package.json)-$(node --version)" \
    "Installing the npm packages into node_modules" install_node
}

build_page() { npm run build && [ -f src/millrace/web/index.html ]; }

page_sources() {
  find clients web package-lock.json tsconfig.base.json \( -name node_modules -o -name dist \) -prune -o -type f -print | LC_ALL=C sort
}

setup_page() {
  setup_node
  [ -f src/millrace/web/index.html ] || rm -f .make/page-*
  local key
  key=$(page_sources | tr '\n' '\0' | xargs -0 cksum | cksum | tr -d ' ')
  once page "$key" "Building the page" build_page
}

# --- Services for the tests -----------------------------------------------------------------------------------------

can_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update && apt-get -qq install --yes --no-install-recommends "$@"
}

# Where they are looked for is in scripts/services.sh, which prints the names of what is missing; each is Debian's package too.
setup_services() {
  local missing
  missing=$(scripts/services.sh --missing)
  if [ -n "$missing" ] && can_apt; then
    echo "Installing for the tests: $(one_line "$missing") ..."
    # shellcheck disable=SC2086
    apt_install $missing >.make/services.log 2>&1 </dev/null || tail -n 15 .make/services.log >&2
    missing=$(scripts/services.sh --missing)
  fi
  [ -z "$missing" ] || fail "The tests start these programs, which are not on this machine and which this user cannot install: $(one_line "$missing").
Install them with the system's package manager (Debian, as root: apt-get install $(one_line "$missing"); macOS: brew install
redis postgresql nginx, and Chrome) and try again. \`make test-web\` needs none of them."
}

one_line() { printf '%s' "$1" | tr '\n' ' '; }

# --- The parts, side by side where they do not wait for each other ----------------------------------------------------

# Each part is a process group of its own, so that whoever interrupts the set-up also ends the installers: at once, for what
# npm and pip leave behind is done over by the next set-up. apt-get is asked, and ends when the system's packages are whole.
set -m
jobs=()
interrupted() {
  local job
  set +m
  for job in "${jobs[@]}"; do kill "-${job%:*}" -- "-${job#*:}" 2>/dev/null || true; done
  exit 130
}
trap interrupted INT TERM

for part in "$@"; do
  signal=KILL
  case $part in
    python) setup_python python requirements.lock & ;;
    dev) setup_python dev requirements-dev.lock & ;;
    node) setup_node & ;;
    page) setup_page & ;;
    services) signal=TERM; setup_services & ;;
    *) fail "There is no part '$part' to set up. The parts are python, dev, node, page and services." ;;
  esac
  jobs+=("$signal:$!")
done
status=0
for job in "${jobs[@]}"; do wait "${job#*:}" || status=1; done
exit $status
