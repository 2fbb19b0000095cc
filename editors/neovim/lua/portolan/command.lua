-- :Portolan and its subcommands: words in, calls out. Knows no server and no window.

local M = {}

local SUBCOMMANDS = {
  search = function(call)
    require('portolan.search').ask(table.concat(call.words, ' '), { quickfix = call.bang })
  end,
  related = function(call)
    require('portolan.search').related({ quickfix = call.bang })
  end,
  status = function()
    require('portolan.status').show()
  end,
  pause = function()
    require('portolan.status').pause(true)
  end,
  resume = function()
    require('portolan.status').pause(false)
  end,
  restart = function()
    require('portolan.client').restart()
  end,
}

local function names()
  local found = vim.tbl_keys(SUBCOMMANDS)
  table.sort(found)
  return found
end

--- Runs one call of :Portolan. Without a subcommand it is `search`.
---@param call vim.api.keyset.create_user_command.command_args
function M.run(call)
  local words = vim.list_slice(call.fargs, 2)
  local subcommand = SUBCOMMANDS[call.fargs[1] or 'search']
  if not subcommand then
    vim.notify(
      ('portolan: no subcommand %q; there are: %s'):format(call.fargs[1], table.concat(names(), ', ')),
      vim.log.levels.ERROR
    )
    return
  end
  subcommand({ words = words, bang = call.bang })
end

--- Completes the subcommand; what follows it is free text.
---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  if line:match('^%s*%S+%s+%S+%s') then
    return {}
  end
  return vim.tbl_filter(function(name)
    return vim.startswith(name, lead)
  end, names())
end

return M
