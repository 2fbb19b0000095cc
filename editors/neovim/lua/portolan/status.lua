-- What the server says of itself, in a small window: any object, flattened to `name  value` lines.

local M = {}

local function flatten(value, prefix, lines)
  local keys = vim.tbl_keys(value)
  table.sort(keys, function(one, other)
    return tostring(one) < tostring(other)
  end)
  for _, key in ipairs(keys) do
    local name = prefix == '' and tostring(key) or (prefix .. '.' .. tostring(key))
    local held = value[key]
    if type(held) == 'table' and next(held) then
      flatten(held, name, lines)
    elseif held ~= vim.NIL and type(held) ~= 'table' then
      table.insert(lines, { name, tostring(held) })
    end
  end
  return lines
end

--- The lines of a status: its summary first, then every number under its name.
---@param status table
---@return string[]
function M.lines(status)
  local rows = flatten(status, '', {})
  local width, text = 0, {}
  for _, row in ipairs(rows) do
    width = math.max(width, #row[1])
  end
  if type(status.summary) == 'string' then
    vim.list_extend(text, { status.summary, '' })
  end
  for _, row in ipairs(rows) do
    if row[1] ~= 'summary' then
      table.insert(text, row[1] .. (' '):rep(width - #row[1] + 2) .. row[2]:gsub('\n', ' '))
    end
  end
  return text
end

--- Asks the server and shows what it says.
function M.show()
  require('portolan.client').ready(function(client)
    client:request('portolan/status', vim.empty_dict(), function(err, status)
      vim.schedule(function()
        if err then
          vim.notify('portolan: ' .. (err.message or vim.inspect(err)), vim.log.levels.ERROR)
          return
        end
        if type(status) ~= 'table' then
          vim.notify('portolan: the server has no folder: open a file of a project')
          return
        end
        vim.lsp.util.open_floating_preview(M.lines(status), 'text', {
          border = 'rounded',
          title = ' Portolan ',
          focus_id = 'portolan-status',
        })
      end)
    end, vim.api.nvim_get_current_buf())
  end)
end

--- Stops indexing, or lets it go on; questions are answered all the same.
---@param paused boolean
function M.pause(paused)
  require('portolan.client').ready(function(client)
    client:request('portolan/pause', { paused = paused }, function(err, said)
      vim.schedule(function()
        if err then
          vim.notify('portolan: ' .. (err.message or vim.inspect(err)), vim.log.levels.ERROR)
        else
          vim.notify('portolan: indexing ' .. (said.paused and 'is paused' or 'goes on'))
        end
      end)
    end, vim.api.nvim_get_current_buf())
  end)
end

return M
