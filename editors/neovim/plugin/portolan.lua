-- Defines :Portolan, and nothing else: no server starts before vim.lsp.enable('portolan') or require('portolan').setup().

if vim.g.loaded_portolan then
  return
end
vim.g.loaded_portolan = true

if vim.fn.has('nvim-0.11') == 0 then
  vim.notify('portolan needs Neovim 0.11 or newer', vim.log.levels.ERROR)
  return
end

vim.api.nvim_create_user_command('Portolan', function(call)
  require('portolan.command').run(call)
end, {
  nargs = '*',
  bang = true,
  desc = 'Portolan: search <question> | related | status | pause | resume | restart',
  complete = function(lead, line)
    return require('portolan.command').complete(lead, line)
  end,
})
