-- Finds the running server, or starts one for the working directory when no buffer has one yet.

local M = {}

--- The server of this buffer, else any running one, else nil.
---@return vim.lsp.Client|nil
function M.running()
  return vim.lsp.get_clients({ name = 'portolan', bufnr = 0 })[1] or vim.lsp.get_clients({ name = 'portolan' })[1]
end

--- Calls `use` with a server that is ready to be asked. Starts one when none runs, so that a question can be asked from
--- an empty editor.
---@param use fun(client: vim.lsp.Client)
function M.ready(use)
  local client = M.running()
  if client then
    return use(client)
  end
  local config = vim.deepcopy(vim.lsp.config.portolan)
  local executable = type(config.cmd) == 'table' and config.cmd[1]
  if executable and vim.fn.executable(executable) == 0 then
    vim.notify(('portolan: no program %q in PATH; see :checkhealth portolan'):format(executable), vim.log.levels.ERROR)
    return
  end
  config.name = 'portolan'
  config.root_dir = vim.fs.root(vim.uv.cwd(), { 'portolan.toml', '.git', '.hg', '.svn', '.jj' }) or vim.uv.cwd()
  -- A server that is only just starting is found here too, and taken.
  M.when_started(vim.lsp.start(config, { attach = false }), 200, use)
end

--- Calls `use` once a client has been through `initialize`; after `turns` tenths of a second it says that it did not.
---@param id integer|nil
---@param turns integer
---@param use fun(client: vim.lsp.Client)
function M.when_started(id, turns, use)
  local client = id and vim.lsp.get_client_by_id(id)
  if client and client.initialized then
    return use(client)
  end
  if not client or turns == 0 then
    vim.notify('portolan: the server did not start; see :checkhealth portolan', vim.log.levels.ERROR)
    return
  end
  vim.defer_fn(function()
    M.when_started(id, turns - 1, use)
  end, 100)
end

--- Stops every server and starts each again for the buffers it had.
function M.restart()
  local clients = vim.lsp.get_clients({ name = 'portolan' })
  if #clients == 0 then
    vim.lsp.enable('portolan')
    return
  end
  for _, client in ipairs(clients) do
    local buffers = vim.tbl_keys(client.attached_buffers)
    local config = client.config
    client:stop()
    M.when_stopped(client, 50, function()
      local id = vim.lsp.start(config, { attach = false })
      for _, buffer in ipairs(id and buffers or {}) do
        if vim.api.nvim_buf_is_loaded(buffer) then
          vim.lsp.buf_attach_client(buffer, id)
        end
      end
      M.when_started(id, 200, function()
        vim.notify('portolan: restarted')
      end)
    end)
  end
end

--- Calls `done` once the client's process has ended; after `turns` tenths of a second it is killed.
---@param client vim.lsp.Client
---@param turns integer
---@param done fun()
function M.when_stopped(client, turns, done)
  if not vim.lsp.get_client_by_id(client.id) or client:is_stopped() then
    return done()
  end
  if turns == 0 then
    client:stop(true)
  end
  vim.defer_fn(function()
    M.when_stopped(client, turns - 1, done)
  end, 100)
end

return M
