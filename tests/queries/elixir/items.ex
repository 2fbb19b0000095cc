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
#     ^^^ definition.function parent=A.B doc=runs
#         ^ local.parameter
    z = x
    helper(z)
#   ^^^^^^ reference.call
  end
  defp helper(q), do: q
#      ^^^^^^ definition.function parent=A.B doc=none

  # Said before.
  @impl true
  @doc ~S"""
  Tells more.
  """
  @doc since: "1.2"
  @deprecated "later"
  @spec told(term) :: term
  # credo:disable-for-next-line
  def told(a), do: a
#     ^^^^ definition.function parent=A.B doc=stellsmore

  # Commented.
  @spec said(term) :: term
  def said(a), do: a
#     ^^^^ definition.function parent=A.B doc=commented

  @doc "Decorated"
  @compile {:inline, shown: 1}
  @decorate trace(:it)
#  ^^^^^^^^ definition.constant parent=A.B doc=none
  def shown(a), do: a
#     ^^^^^ definition.function parent=A.B doc=decorated

  # Of its own.
  @wide 9
#  ^^^^ definition.constant parent=A.B doc=ofitsown
  def plain(a), do: a
#     ^^^^^ definition.function parent=A.B

  @doc false
  def hidden(a), do: a
#     ^^^^^^ definition.function parent=A.B

  @typedoc "A number"
  @type n :: integer
#       ^ definition.type_alias parent=A.B doc=anumber
  @doc "Sends it"
  @callback send(term, integer) :: :ok
#           ^^^^ definition.method parent=A.B doc=sendsit flags=declaration
  @callback pick(a) :: a when a: term
#           ^^^^ definition.method parent=A.B flags=declaration
  @macrocallback quoted(term) :: Macro.t()
#                ^^^^^^ definition.macro parent=A.B flags=declaration
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
