-- :checkhealth portolan: is the program there, does it start, which buffers does it serve, what was left to others.

local M = {}

local function check_program(health)
  local cmd = vim.lsp.config.portolan and vim.lsp.config.portolan.cmd
  if type(cmd) ~= 'table' then
    health.info('the server is started by a function; its program is not checked')
    return
  end
  if vim.fn.executable(cmd[1]) == 0 then
    health.error(('no program %q'):format(cmd[1]), {
      'cargo install --path . (in a clone of Portolan)',
      "or name it: require('portolan').setup({ cmd = { '/path/to/portolan', 'serve', '--stdio' } })",
    })
    return
  end
  local run = vim.system({ cmd[1], '--version' }, { text = true, timeout = 5000 }):wait()
  if run.code == 0 then
    health.ok(('%s (%s)'):format(vim.trim(run.stdout), vim.fn.exepath(cmd[1])))
  else
    health.error(('%s --version failed with code %d'):format(cmd[1], run.code), vim.trim(run.stderr or ''))
  end
end

local function check_clients(health)
  local clients = vim.lsp.get_clients({ name = 'portolan' })
  if #clients == 0 then
    health.warn('no server runs', { "vim.lsp.enable('portolan'), then open a file" })
  end
  for _, client in ipairs(clients) do
    local buffers = vim.tbl_count(client.attached_buffers)
    health.ok(('server %d: %d buffer(s), folder %s'):format(client.id, buffers, client.root_dir or 'none'))
    local reply = client:request_sync('portolan/status', vim.empty_dict(), 2000, 0)
    if reply and type(reply.result) == 'table' then
      health.info(table.concat(require('portolan.status').lines(reply.result), '\n'))
    else
      health.warn('the server gave no status within 2 s')
    end
  end
end

function M.check()
  local health = vim.health
  health.start('portolan')
  if vim.fn.has('nvim-0.11') == 1 then
    health.ok('Neovim ' .. tostring(vim.version()))
  else
    health.error('Neovim 0.11 or newer is needed')
    return
  end
  check_program(health)
  check_clients(health)
  local without = require('portolan').options.without
  health.info(#without == 0 and 'all features are on' or ('left to other servers: ' .. table.concat(without, ', ')))
end

return M
