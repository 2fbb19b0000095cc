defmodule A.B do
#         ^^^ definition.module
  @moduledoc "doc"
  alias X.Y
  import Z
  @limit 3
#  ^^^^^ definition.constant parent=A.B
  @type t :: integer
#       ^ definition.type_alias parent=A.B
  defstruct [:a]
# ^^^^^^^^^ definition.struct parent=A.B
  @doc "Runs"
  @spec run(integer) :: t
  def run(x, y \\ 1) when x > 1 do
#     ^^^ definition.function parent=A.B
#         ^ local.parameter
    z = x
    helper(z)
#   ^^^^^^ reference.call
  end
  defp helper(q), do: q
#      ^^^^^^ definition.function parent=A.B
  defmacro mac(a), do: a
#          ^^^ definition.macro parent=A.B
  test "works" do
#       ^^^^^ definition.test parent=A.B
  end
end
defprotocol P do
#           ^ definition.interface
  def f(x)
#     ^ definition.method parent=P
end
