module A.B (run, Foo(..)) where
import Data.List (sort, nub)
--                ^^^^ import.name path=Data.List
import qualified Data.Map as M
--               ^^^^^^^^ import.module path=Data.Map alias=M
-- | Doc
data Foo = Bar Int | Baz { name :: String }
--   ^^^ definition.struct
--         ^^^ definition.enum_member parent=Foo
--                   ^^^ definition.enum_member parent=Foo
--                         ^^^^ definition.field parent=Baz
newtype W = W { unW :: Int }
--      ^ definition.struct
--          ^ definition.enum_member parent=W
--              ^^^ definition.field parent=W
type S = String
--   ^ definition.type_alias
class Shape a where
--    ^^^^^ definition.interface
    area :: a -> Double
--  ^^^^ definition.method parent=Shape
instance Shape Foo where
--       ^^^^^ definition.implementation
    area x = 3
--  ^^^^ definition.method parent=Shape

-- | Runs.
run :: Int -> Int
run x = helper x + y where y = 3
-- <- definition.function lines=3 doc=runs
run 0 = 1
-- <- scope.function
helper z = z
-- <- definition.function

-- | Told
-- in two lines.
told
    :: Int
    -> Int
{-# INLINE told #-}
-- todo: more of it
told = run
-- <- definition.function doc=toldintwolines
