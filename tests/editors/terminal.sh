# Sourced by neovim.sh and helix.sh: an editor in a terminal of its own (tmux), keys in, screen out.
#
# Expects EDITOR_NAME, TOOLS, BINARY and OUT. Every step prints `ok` or `FAIL` and keeps the screen as a text file in OUT;
# `finish` ends the script with 1 when a step failed. A wait ends as soon as the screen shows what is wanted.

set -uo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPOSITORY=$(cd "$HERE/../.." && pwd)
HOME_HERE=$(mktemp -d)
WORKSPACE=$HOME_HERE/shop
TERMINAL=()
terminals=0
failures=0
shots=0

rm -rf "$OUT" && mkdir -p "$OUT" "$HOME_HERE"/{bin,config,cache,data,state}
OUT=$(cd "$OUT" && pwd)
cp -r "$HERE/workspace" "$WORKSPACE"
mkdir "$WORKSPACE/.git"
ln -s "$(readlink -f "$BINARY")" "$HOME_HERE/bin/portolan"

close_terminal() { [ ${#TERMINAL[@]} = 0 ] || "${TERMINAL[@]}" kill-server 2>/dev/null; }
leave() {
  close_terminal
  rm -rf "$HOME_HERE"
}
trap leave EXIT

# start COMMAND...: a fresh terminal of 120 by 36, its own home, `portolan` in PATH.
start() {
  close_terminal
  # Each has a name of its own: the one before may still be ending.
  terminals=$((terminals + 1))
  TERMINAL=(tmux -L "portolan-$EDITOR_NAME-$$-$terminals" -f /dev/null)
  "${TERMINAL[@]}" new-session -d -s editor -x 120 -y 36 "cd '$WORKSPACE' && exec env -i TERM=screen-256color LANG=C.UTF-8 \
    HOME='$HOME_HERE' PATH='$HOME_HERE/bin:/usr/local/bin:/usr/bin:/bin' XDG_CONFIG_HOME='$HOME_HERE/config' \
    XDG_CACHE_HOME='$HOME_HERE/cache' XDG_DATA_HOME='$HOME_HERE/data' XDG_STATE_HOME='$HOME_HERE/state' $*" || exit 2
}

press() { "${TERMINAL[@]}" send-keys -t editor "$@"; }
type_text() { "${TERMINAL[@]}" send-keys -t editor -l -- "$1"; }
screen() { "${TERMINAL[@]}" capture-pane -p -t editor; }

passed() { echo "ok   $EDITOR_NAME: $1"; }
failed() { echo "FAIL $EDITOR_NAME: $1"; failures=$((failures + 1)); }

# keep NAME: the screen as it stands, into OUT/NN-NAME.txt.
keep() {
  shots=$((shots + 1))
  screen >"$OUT/$(printf %02d "$shots")-$1.txt"
}

# shown REGEX [SECONDS]: waits until a line of the screen matches.
shown() {
  local deadline=$((SECONDS + ${2:-20}))
  until screen | grep -qE -- "$1"; do
    [ $SECONDS -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

gone() {
  local deadline=$((SECONDS + 10))
  while screen | grep -qE -- "$1"; do
    [ $SECONDS -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# expect NAME REGEX WHAT [SECONDS]: one step with its verdict and its screen.
expect() {
  # After several failures nobody waits long for the next.
  local seconds=${4:-20}
  [ $failures -lt 3 ] || seconds=5
  if shown "$2" "$seconds"; then
    passed "$3"
  else
    failed "$3 (no line matches /$2/)"
    screen | sed 's/^/     | /'
  fi
  keep "$1"
}

# times REGEX: how many lines of the screen match.
times() { screen | grep -cE -- "$1"; }

finish() {
  echo "     $EDITOR_NAME: screens in $OUT"
  exit $((failures > 0))
}
