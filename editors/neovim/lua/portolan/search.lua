-- A question and its answers: one request, one picker, one jump. The server's order is kept as it comes.

local M = {}

local PREVIEW_CONTEXT = 60

---@class portolan.Hit
---@field name? string
---@field path? string
---@field location lsp.Location
---@field selectionRange? lsp.Range
---@field preview? string

-- The request that waits for its answer; a new question cancels it.
local waiting = nil

-- A null of the server is vim.NIL in Lua, which is not nil: such fields are dropped.
local function without_nulls(hit)
  for field, value in pairs(hit) do
    if value == vim.NIL then
      hit[field] = nil
    end
  end
  return hit
end

local function place(hit)
  local path = hit.path or vim.fn.fnamemodify(vim.uri_to_fname(hit.location.uri), ':.')
  return ('%s:%d'):format(path, (hit.selectionRange or hit.location.range).start.line + 1)
end

-- The first line of a passage that says something: no empty one, no lone bracket or comment mark, no attribute.
local function telling_line(preview)
  for line in vim.gsplit(preview or '', '\n', { plain = true }) do
    if line:match('%w') and not line:match('^%s*#!?%[') and not line:match('^%s*@') then
      return vim.trim(line):gsub('%s+', ' ')
    end
  end
  return ''
end

--- One line a hit, columns aligned: where, name, what it says.
---@param hits portolan.Hit[]
---@return fun(hit: portolan.Hit): string
local function formatter(hits)
  local width, name_width = 0, 0
  for _, hit in ipairs(hits) do
    width = math.max(width, vim.fn.strdisplaywidth(place(hit)))
    name_width = math.max(name_width, vim.fn.strdisplaywidth(hit.name or ''))
  end
  width, name_width = math.min(width, 48), math.min(name_width, 32)
  return function(hit)
    local where, name = place(hit), hit.name or ''
    local line = where
      .. (' '):rep(width - vim.fn.strdisplaywidth(where))
      .. '  '
      .. name
      .. (' '):rep(name_width - vim.fn.strdisplaywidth(name))
    local said = telling_line(hit.preview)
    local room = vim.o.columns - vim.fn.strdisplaywidth(line) - 10
    return room > 12 and vim.trim(line .. '  ' .. vim.fn.strcharpart(said, 0, room)) or vim.trim(line)
  end
end

-- A scratch buffer with the file around the hit, for pickers that can show one.
local function preview(hit)
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.bo[buffer].bufhidden = 'wipe'
  local first, last = hit.location.range.start.line, hit.location.range['end'].line
  local source = vim.uri_to_bufnr(hit.location.uri)
  vim.fn.bufload(source)
  local top = math.max(0, first - 5)
  local lines = vim.api.nvim_buf_get_lines(source, top, math.max(last, first) + PREVIEW_CONTEXT, false)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  local filetype = vim.filetype.match({ buf = source })
  if filetype then
    vim.bo[buffer].syntax = filetype
  end
  return { buf = buffer, pos = { first - top + 1, 0 }, pos_end = { last - top + 1, 0 } }
end

local function jump(client, hit)
  local name = { uri = hit.location.uri, range = hit.selectionRange or hit.location.range }
  vim.lsp.util.show_document(name, client.offset_encoding, { focus = true })
  vim.cmd.normal({ 'zz', bang = true })
end

local function to_quickfix(client, question, hits)
  local items = vim.lsp.util.locations_to_items(
    vim.tbl_map(function(hit)
      return { uri = hit.location.uri, range = hit.selectionRange or hit.location.range }
    end, hits),
    client.offset_encoding
  )
  -- locations_to_items sorts by file and line; the order of the answers is worth more.
  local by_place = {}
  for _, item in ipairs(items) do
    by_place[item.filename .. ':' .. item.lnum] = item
  end
  local ordered = {}
  for _, hit in ipairs(hits) do
    local item = by_place[vim.uri_to_fname(hit.location.uri)
      .. ':'
      .. ((hit.selectionRange or hit.location.range).start.line + 1)]
    if item then
      table.insert(ordered, vim.tbl_extend('force', item, { text = (hit.name or '') .. '  ' .. vim.trim(item.text) }))
    end
  end
  vim.fn.setqflist({}, ' ', { title = 'Portolan: ' .. question, items = ordered })
  vim.cmd('botright copen')
end

local function pick(client, question, hits)
  vim.ui.select(hits, {
    prompt = ('Portolan: %s'):format(question),
    kind = 'portolan',
    format_item = formatter(hits),
    preview_item = preview,
  }, function(hit)
    if hit then
      jump(client, hit)
    end
  end)
end

local function answer(client, question, options, err, result)
  waiting = nil
  if err then
    -- A cancelled question was replaced by the next one: nobody waits for its answer.
    if err.code ~= vim.lsp.protocol.ErrorCodes.RequestCancelled then
      vim.notify('portolan: ' .. (err.message or vim.inspect(err)), vim.log.levels.ERROR)
    end
    return
  end
  local hits = vim.tbl_map(without_nulls, result and result.items or {})
  local notes = result and result.notes or {}
  for _, note in ipairs(notes) do
    vim.notify('portolan: ' .. note, vim.log.levels.WARN)
  end
  if #hits == 0 then
    if #notes == 0 then
      vim.notify(('portolan: nothing found for %q'):format(question))
    end
    return
  end
  if options.quickfix then
    to_quickfix(client, question, hits)
  else
    pick(client, question, hits)
  end
end

-- Sends a request whose answer is a list; one that is still waited for is cancelled.
local function request(client, buffer, method, params, title, options)
  if waiting then
    waiting.client:cancel_request(waiting.id)
  end
  local sent, id = client:request(method, params, function(err, result)
    vim.schedule(function()
      answer(client, title, options or {}, err, result)
    end)
  end, buffer)
  waiting = sent and { client = client, id = id } or nil
end

--- Asks a question; without one, asks for it first.
---@param question string
---@param options? { quickfix?: boolean }
function M.ask(question, options)
  if vim.trim(question) == '' then
    vim.ui.input({ prompt = 'Ask Portolan: ' }, function(typed)
      if typed and vim.trim(typed) ~= '' then
        M.ask(typed, options)
      end
    end)
    return
  end
  require('portolan.client').ready(function(client)
    local buffer = vim.api.nvim_get_current_buf()
    local params = { query = question, limit = require('portolan').options.limit }
    if vim.lsp.buf_is_attached(buffer, client.id) then
      params.textDocument = { uri = vim.uri_from_bufnr(buffer) }
    end
    request(client, buffer, 'portolan/semanticSearch', params, question, options)
  end)
end

--- Lists code that is like the function or class at the cursor.
---@param options? { quickfix?: boolean }
function M.related(options)
  require('portolan.client').ready(function(client)
    local buffer = vim.api.nvim_get_current_buf()
    local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
    params.limit = require('portolan').options.limit
    local line = vim.api.nvim_win_get_cursor(0)[1]
    local place = ('code like line %d of %s'):format(line, vim.fn.expand('%:t'))
    request(client, buffer, 'portolan/related', params, place, options)
  end)
end

return M
