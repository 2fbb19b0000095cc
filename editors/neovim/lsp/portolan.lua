-- The configuration that `vim.lsp.enable('portolan')` starts. Every file type is served, so there is no list of them.

---@brief
--- Portolan: outline, symbols and search by meaning for every language.

return {
  cmd = { 'portolan', 'serve', '--stdio' },
  root_dir = function(buffer, start)
    require('portolan').root_dir(buffer, start)
  end,
  on_init = function(client)
    require('portolan').leave_to_others(client)
  end,
}
