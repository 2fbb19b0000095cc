#!/bin/bash
# neovim.sh TOOLS BINARY OUT: the real Neovim with editors/neovim, started by vim.lsp.enable, nothing else installed.
TOOLS=$1 BINARY=$2 OUT=$3 EDITOR_NAME=neovim
. "$(dirname "$0")/terminal.sh"

cat >"$HOME_HERE/init.lua" <<LUA
vim.opt.runtimepath:append('$REPOSITORY/editors/neovim')
vim.opt.swapfile = false
vim.opt.more = false
vim.opt.indentexpr = ''
vim.cmd('filetype indent off')
vim.opt.autoindent = false
vim.lsp.enable('portolan')
LUA
cat >"$HOME_HERE/beside.lua" <<LUA
vim.opt.runtimepath:append('$REPOSITORY/editors/neovim')
vim.opt.swapfile = false
vim.lsp.config('other', { cmd = { 'portolan', 'serve', '--stdio' }, root_markers = { '.git' } })
vim.lsp.enable('other')
require('portolan').setup({ without = { 'outline' } })
LUA

# command TEXT: an Ex command. CTRL-\ CTRL-N first leads to Normal mode from wherever the editor is (an escape directly
# followed by a key would be read as Alt and that key).
normal() { press 'C-\' C-n; }
command() {
  normal
  type_text ":$1"
  press Enter
}

start "'$TOOLS/bin/nvim' -u '$HOME_HERE/init.lua' mail/outbox.py"
shown 'The outbox: letters that wait' 20 || { failed 'the editor starts'; screen; finish; }
command "lua vim.wait(20000, function() local c = vim.lsp.get_clients({ name = 'portolan' })[1] return c and c.initialized end) print('attached', #vim.lsp.get_clients({ bufnr = 0 }))"
expect attached 'attached +1' 'vim.lsp.enable starts the server and attaches it' 30

type_text gO
expect outline '\] send_later' 'gO lists the outline of the file'
command lclose

command 'lua vim.lsp.buf.workspace_symbol("sndlater")'
expect symbols 'outbox.py.*send_later' 'workspace symbols find a name by its abbreviation'
command cclose

command 'lua vim.lsp.buf.workspace_symbol("?what total price does the customer pay")'
expect question-symbols 'basket.ts.*totalPrice' 'a query that begins with ? is a question'
command cclose

command 'Portolan search where do we retry with exponential backoff'
expect question '^1: mail/outbox.py:[0-9]+ +send_later' ':Portolan search puts the right function first'
type_text 1
press Enter
expect jump 'mail/outbox.py.* 4[6-9],' 'choosing an answer jumps to it'

command 'Portolan related'
expect related 'code like line 4[6-9] of outbox.py' ':Portolan related lists code like the function at the cursor'
press Enter
command 'Portolan search retry lang:pyhton'
expect filter 'lang:pyhton: no such language is known here' 'a wrong filter is explained'
command 'Portolan search retry path:mial/'
expect filter-path 'path:mial/: no indexed path fits it' 'a filter that fits nothing is told'

command 'Portolan! search make sure a crash never leaves half a file'
expect quickfix 'ledger.rs.*save_atomically' ':Portolan! search fills the quickfix list'
command cclose

command 'edit mail/outbox.py'
type_text G
type_text o
type_text 'def weigh_parcel_on_scale(parcel):'
press Enter
type_text '    """Kilograms of a parcel, read from the bathroom scale."""'
press Enter
type_text '    return parcel.scale.read_kilograms()'
normal
if grep -rq weigh_parcel "$WORKSPACE"; then failed 'the edit stays unsaved'; else passed 'the edit stays unsaved'; fi
command 'Portolan search how many kilograms does a parcel weigh on the scale'
expect unsaved '^1: mail/outbox.py:8[0-9] +weigh_parcel_on_scale' 'a question finds text that is not saved'
press Enter
command 'lua vim.lsp.buf.workspace_symbol("weighparcel")'
expect unsaved-symbol 'outbox.py.*weigh_parcel_on_scale' 'the symbol picker finds a name that is not saved'
command cclose

command 'Portolan status'
expect status '─ Portolan ─|Portolan ─' ':Portolan status shows a window'
command 'only'
command 'Portolan pause'
expect pause 'portolan: indexing is paused' ':Portolan pause stops indexing'
command 'Portolan search where do we retry with exponential backoff'
expect asked-paused '^1: mail/outbox.py:[0-9]+ +send_later' 'a question is answered while indexing is paused'
press Enter
command 'Portolan resume'
expect resume 'portolan: indexing goes on' ':Portolan resume lets it go on'
command 'Portolan restart'
expect restart 'portolan: restarted' ':Portolan restart starts a fresh server'
command 'Portolan search where do we retry with exponential backoff'
expect restarted '^1: mail/outbox.py:[0-9]+ +send_later' 'the fresh server answers'
press Enter
command 'checkhealth portolan'
expect health 'OK server [0-9]+: 1 buffer' ':checkhealth portolan is content'
command 'qa!'

start "'$TOOLS/bin/nvim' -u '$HOME_HERE/beside.lua' store/ledger.rs"
shown 'The ledger: every movement' 20 || failed 'the editor starts beside another server'
command "lua vim.wait(20000, function() local n = 0 for _, c in ipairs(vim.lsp.get_clients()) do n = n + (c.initialized and 1 or 0) end return n == 2 end) print('attached', #vim.lsp.get_clients({ bufnr = 0 }))"
shown 'attached +2' 30 || failed 'two servers are attached'
command 'lua vim.lsp.buf.document_symbol()'
shown 'save_atomically' 20
if [ "$(times '(Method|Function)\] save_atomically')" = 1 ]; then
  passed 'beside another server the outline is listed once'
else
  failed 'beside another server the outline is listed once'
  screen
fi
keep beside
command 'qa!'
finish
