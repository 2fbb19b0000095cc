local M = {}
--    ^ definition.variable
local x, y = 1, 2
--    ^ definition.variable
function M.foo(a, b) return bar(a) end
--         ^^^ definition.function
--                          ^^^ reference.call
--             ^ local.parameter
function M:meth(c) self.z = c end
--         ^^^^ definition.method
--                      ^ definition.field parent=meth
local function loc() end
--             ^^^ definition.function
M.val = 3
--^^^ definition.field
M.fn = function(q) end
--^^ definition.function
local h = require("a.b")
--    ^ definition.variable
local outer = function(seed)
--    ^^^^^ definition.function arity=1
    local inner = function(x) return x + seed end
--        ^^^^^ definition.function arity=1 parent=outer
    return inner(seed)
end
return { run = function() end, n = 1 }
--       ^^^ definition.method
