#!/bin/bash
# helix.sh TOOLS BINARY OUT: the real Helix with the two files of editors/helix.
TOOLS=$1 BINARY=$2 OUT=$3 EDITOR_NAME=helix
. "$(dirname "$0")/terminal.sh"

mkdir -p "$HOME_HERE/config/helix"
cp "$REPOSITORY/editors/helix/alone.toml" "$HOME_HERE/config/helix/languages.toml"

# Helix reads an escape directly followed by a key as Alt and that key.
escape() {
  press Escape
  sleep 0.4
}
close_picker() {
  escape
  gone '─{40}'
}
# picker QUERY: the symbol picker of the workspace.
picker() {
  press Space S
  shown '─{40}'
  type_text "$1"
}

start "'$TOOLS/bin/hx' mail/outbox.py"
shown 'The outbox: letters that wait' 20 || { failed 'the editor starts'; screen; finish; }

# Helix says nothing when a server is ready: the outline is asked for until it comes.
for _ in $(seq 30); do
  press Space s
  shown 'send_later.*─|│.*send_later' 1 && shown '─{40}' 1 && break
  escape
done
expect outline 'method +send_later|send_later' 'space s lists the outline of the file'
close_picker

picker sndlater
expect symbols 'send_later.*outbox.py|outbox.py.*send_later|method.*send_later' 'space S finds a name by its abbreviation'
close_picker

picker '?what total price does the customer pay'
expect question-total '> .*totalPrice' 'a query that begins with ? is a question: the right function first'
close_picker

picker '?where do we retry with exponential backoff'
expect question '> .*send_later' 'a question shows names that share no word with it'
press Enter
expect jump 'outbox.py.* 1 sel +(4[6-9]|[56][0-9]):' 'enter jumps to the answer'

press g e
type_text o
press C-u
type_text 'def weigh_parcel_on_scale(parcel):'
press Enter
type_text '"""Kilograms of a parcel, read from the bathroom scale."""'
press Enter
type_text 'return parcel.scale.read_kilograms()'
escape
if grep -rq weigh_parcel "$WORKSPACE"; then failed 'the edit stays unsaved'; else passed 'the edit stays unsaved'; fi
picker '?how many kilograms does a parcel weigh on the scale'
expect unsaved '> .*weigh_parcel_on_scale' 'a question finds text that is not saved'
close_picker
picker weighparcel
expect unsaved-symbol '> .*weigh_parcel_on_scale' 'the symbol picker finds a name that is not saved'
close_picker
escape
type_text ':q!'
press Enter
sleep 0.3

# Beside another server: a second instance of our own stands in for it, under the name of Python's server.
{
  sed 's/\["ty", "ruff", "jedi", "pylsp", /["pylsp", /' "$REPOSITORY/editors/helix/languages.toml"
  printf '\n[language-server.pylsp]\ncommand = "portolan"\nargs = ["serve", "--stdio"]\n'
} >"$HOME_HERE/config/helix/languages.toml"
start "'$TOOLS/bin/hx' mail/outbox.py"
shown 'The outbox: letters that wait' 20 || failed 'the editor starts beside another server'
for _ in $(seq 30); do
  press Space s
  shown '─{40}' 1 && shown '(method|function) +send_later' 1 && break
  escape
done
sleep 0.5
if [ "$(times '(method|function) +send_later')" = 1 ]; then
  passed 'beside another server the outline is listed once'
else
  failed 'beside another server the outline is listed once'
  screen
fi
keep beside
close_picker
escape
type_text ':q!'
press Enter
finish
