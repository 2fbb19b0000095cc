; Facts of Elixir. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(call
  target: (identifier) @_keyword
  (arguments . (alias) @name)
  (do_block)
  (#eq? @_keyword "defmodule")) @definition.module
(call
  target: (identifier) @_keyword
  (arguments . (alias) @name)
  (do_block)
  (#eq? @_keyword "defprotocol")) @definition.interface
(call
  target: (identifier) @_keyword
  (arguments . (alias) @name)
  (do_block)
  (#eq? @_keyword "defimpl")) @definition.implementation
(call
  target: (identifier) @_keyword
  (arguments . [
    (identifier) @name
    (call target: (identifier) @name)
    (binary_operator left: (call target: (identifier) @name) operator: "when")
    (binary_operator left: (identifier) @name operator: "when")])
  (#any-of? @_keyword "def" "defdelegate" "defguard")
  (#set! public)) @definition.function
(call
  target: (identifier) @_keyword
  (arguments . [
    (identifier) @name
    (call target: (identifier) @name)
    (binary_operator left: (call target: (identifier) @name) operator: "when")
    (binary_operator left: (identifier) @name operator: "when")])
  (#any-of? @_keyword "defp" "defguardp")
  (#set! private)) @definition.function
(call
  target: (identifier) @_keyword
  (arguments . [
    (identifier) @name
    (call target: (identifier) @name)
    (binary_operator left: (call target: (identifier) @name) operator: "when")])
  (#any-of? @_keyword "defmacro" "defmacrop")) @definition.macro
(call
  target: (identifier) @_keyword
  (arguments . (string) @name)
  (do_block)
  (#any-of? @_keyword "test" "describe")) @definition.test
(call
  target: (identifier) @name
  (#any-of? @name "defstruct" "defexception")) @definition.struct
(unary_operator
  operator: "@"
  operand: (call
    target: (identifier) @_keyword
    (arguments . (binary_operator left: [(identifier) @name (call target: (identifier) @name)] operator: "::")))
  (#any-of? @_keyword "type" "typep" "opaque")) @definition.type_alias
(unary_operator
  operator: "@"
  operand: (call
    target: (identifier) @_keyword
    (arguments . [
      (binary_operator left: [(identifier) @name (call target: (identifier) @name)] operator: "::")
      (binary_operator
        left: (binary_operator left: [(identifier) @name (call target: (identifier) @name)] operator: "::")
        operator: "when")]))
  (#eq? @_keyword "callback")
  (#set! declaration)) @definition.method
(unary_operator
  operator: "@"
  operand: (call
    target: (identifier) @_keyword
    (arguments . [
      (binary_operator left: [(identifier) @name (call target: (identifier) @name)] operator: "::")
      (binary_operator
        left: (binary_operator left: [(identifier) @name (call target: (identifier) @name)] operator: "::")
        operator: "when")]))
  (#eq? @_keyword "macrocallback")
  (#set! declaration)) @definition.macro
(unary_operator
  operator: "@"
  operand: (call target: (identifier) @name (arguments))
  (#not-any-of? @name "doc" "moduledoc" "typedoc" "spec" "impl" "behaviour" "derive" "type" "typep" "opaque" "callback"
    "macrocallback" "deprecated" "since" "tag" "moduletag" "dialyzer" "compile" "external_resource" "enforce_keys")) @definition.constant @head

; --- what stands before an item --------------------------------------------
(unary_operator
  operator: "@"
  operand: (call target: (identifier) @_keyword (arguments . [(string) (sigil)] @doc))
  (#any-of? @_keyword "doc" "typedoc")) @head
(unary_operator
  operator: "@"
  operand: (call target: (identifier) @_keyword (arguments))
  (#any-of? @_keyword "doc" "typedoc" "spec" "impl" "deprecated" "since" "dialyzer" "compile" "derive" "enforce_keys"
    "external_resource" "tag")) @head

; --- locals ----------------------------------------------------------------
(call
  target: (identifier) @_keyword
  (arguments . (call (arguments (_)* @local.parameter)))
  (#any-of? @_keyword "def" "defp" "defmacro" "defmacrop" "defguard" "defguardp" "defdelegate"))
(call
  target: (identifier) @_keyword
  (arguments . (binary_operator left: (call (arguments (_)* @local.parameter)) operator: "when"))
  (#any-of? @_keyword "def" "defp" "defmacro" "defmacrop" "defguard" "defguardp"))
(binary_operator left: (identifier) @local.variable operator: "=" (#set! ordered))
(binary_operator left: [(tuple) (list) (map)] @local.variable operator: "=" (#set! ordered))
(binary_operator left: (_) @local.variable operator: "<-")
(stab_clause left: (arguments (_)* @local.parameter)) @scope.block
(do_block) @scope.block
(anonymous_function) @scope.function

; --- imports ---------------------------------------------------------------
(call
  target: (identifier) @_keyword
  (arguments . (alias) @import.module (keywords (pair value: (alias) @import.alias))?)
  (#any-of? @_keyword "alias" "require")) @import
(call
  target: (identifier) @_keyword
  (arguments . (alias) @import.path @import.wildcard)
  (#any-of? @_keyword "import" "use")) @import

; --- uses ------------------------------------------------------------------
(call target: (identifier) @reference.call)
(call target: (dot left: (_) @receiver right: (identifier) @reference.call))
(dot left: (_) @receiver right: (identifier) @reference.field)
(struct (alias) @reference.type)
(alias) @reference.path
(identifier) @reference
