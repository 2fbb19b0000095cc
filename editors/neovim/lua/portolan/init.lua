-- What a configuration touches: setup(), the workspace root of a buffer, and the features left to other servers.
-- Knows nothing of the picker (search.lua) or of :Portolan (command.lua).

local M = {}

---@class portolan.Options
---@field cmd? string[] the server and its arguments (default: { 'portolan', 'serve', '--stdio' })
---@field without? string[] features that another server of yours answers; see FEATURES below for the names
---@field limit? integer how many answers a question shows (default: 20)
---@field settings? table settings of the server, as in portolan.toml, without the root "portolan"

---@type portolan.Options
M.options = { without = {}, limit = 20 }

-- A feature's name in `without`, and the server capabilities that stand for it.
local FEATURES = {
  outline = { 'documentSymbolProvider' },
  symbols = { 'workspaceSymbolProvider' },
  definition = { 'definitionProvider', 'declarationProvider', 'typeDefinitionProvider', 'implementationProvider' },
  references = { 'referencesProvider', 'documentHighlightProvider' },
  hover = { 'hoverProvider' },
  folding = { 'foldingRangeProvider' },
  selection = { 'selectionRangeProvider' },
  diagnostics = { 'diagnosticProvider' },
  hierarchy = { 'callHierarchyProvider', 'typeHierarchyProvider' },
  tokens = { 'semanticTokensProvider' },
  hints = { 'inlayHintProvider', 'codeLensProvider' },
  completion = { 'completionProvider', 'signatureHelpProvider' },
  rename = { 'renameProvider' },
  actions = { 'codeActionProvider' },
}

local MARKERS = { 'portolan.toml', '.git', '.hg', '.svn', '.jj' }

--- Names that `without` accepts, sorted.
---@return string[]
function M.features()
  local names = vim.tbl_keys(FEATURES)
  table.sort(names)
  return names
end

--- Takes from a client the features named in `without`, so that Neovim never asks it for them.
---@param client vim.lsp.Client
function M.leave_to_others(client)
  for _, feature in ipairs(M.options.without) do
    for _, capability in ipairs(FEATURES[feature] or {}) do
      client.server_capabilities[capability] = nil
    end
  end
end

-- True for folders too wide to be somebody's project: the home folder and the root of the file system.
local function too_wide(folder)
  return folder == vim.uv.os_homedir() or vim.fs.dirname(folder) == folder
end

--- The folder that a buffer's server works in: the nearest marked one, else the working directory when it holds the
--- file, else none (the file's outline works without a folder). Help pages and special buffers get no server.
---@param buffer integer
---@param start fun(root: string|nil)
function M.root_dir(buffer, start)
  if vim.bo[buffer].buftype ~= '' then
    return
  end
  local marked = vim.fs.root(buffer, MARKERS)
  if marked then
    return start(marked)
  end
  local here = vim.uv.cwd()
  local name = vim.api.nvim_buf_get_name(buffer)
  local inside = here and (name == '' or vim.startswith(vim.fs.normalize(name), here .. '/'))
  start(inside and not too_wide(here) and here or nil)
end

--- Sets the options and enables the server for all buffers.
---@param options? portolan.Options
function M.setup(options)
  M.options = vim.tbl_extend('force', M.options, options or {})
  for _, feature in ipairs(M.options.without) do
    if not FEATURES[feature] then
      vim.notify(
        ('portolan: no feature %q in `without`; there are: %s'):format(feature, table.concat(M.features(), ', ')),
        vim.log.levels.WARN
      )
    end
  end
  local config = {}
  if M.options.cmd then
    config.cmd = M.options.cmd
  end
  if M.options.settings then
    config.settings = { portolan = M.options.settings }
    config.init_options = M.options.settings
  end
  if next(config) then
    vim.lsp.config('portolan', config)
  end
  vim.lsp.enable('portolan')
end

return M
