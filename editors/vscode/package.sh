#!/bin/sh
# package.sh BINARY OUT.vsix: the extension for linux-x64 with BINARY inside. Needs Node 22 or newer, and npm.
set -eu
[ $# = 2 ] || { echo "usage: package.sh BINARY OUT.vsix" >&2; exit 2; }
binary=$(readlink -f "$1")
out=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
cd "$(dirname "$0")"
# npm ci only when the lock file has changed since: it costs seconds.
lock=$(sha256sum package-lock.json | cut -c1-16)
if [ "$(cat node_modules/.lock-seen 2>/dev/null)" != "$lock" ]; then
  npm ci --ignore-scripts --no-audit --no-fund
  echo "$lock" >node_modules/.lock-seen
fi
mkdir -p server
install -m 755 "$binary" server/portolan
npm run vscode:prepublish
node_modules/.bin/vsce package --no-dependencies --allow-missing-repository --target linux-x64 --out "$out"
