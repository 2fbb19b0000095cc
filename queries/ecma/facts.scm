; Facts of JavaScript that TypeScript and TSX share. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(export_statement declaration: (_) (#set! public)) @wrapper
(export_statement value: (_) (#set! public)) @wrapper
(function_declaration name: (_) @name) @definition.function
(generator_function_declaration name: (_) @name) @definition.function
(method_definition
  "static"? @static
  name: [(property_identifier) (private_property_identifier) (computed_property_name) (string) (number)] @name
  (#eq? @name "constructor")) @definition.constructor
(method_definition
  "static"? @static
  name: [(property_identifier) (private_property_identifier) (computed_property_name) (string) (number)] @name) @definition.method

(lexical_declaration kind: "const" (#set! constant)) @wrapper
(lexical_declaration kind: "let") @wrapper
(variable_declaration) @wrapper
(variable_declarator
  name: (identifier) @name
  value: [(arrow_function parameters: (_)? @parameters body: (_) @body)
          (function_expression parameters: (_) @parameters body: (_) @body)
          (generator_function parameters: (_) @parameters body: (_) @body)]) @definition.function
(variable_declarator name: (identifier) @name) @definition.variable
(variable_declarator name: [(object_pattern) (array_pattern)] @local.variable)
(pair
  key: [(property_identifier) (string) (computed_property_name)] @name
  value: [(arrow_function parameters: (_)? @parameters body: (_) @body)
          (function_expression parameters: (_) @parameters body: (_) @body)
          (generator_function parameters: (_) @parameters body: (_) @body)]) @definition.method
(assignment_expression
  left: (member_expression property: (property_identifier) @name)
  right: [(arrow_function parameters: (_)? @parameters body: (_) @body)
          (function_expression parameters: (_) @parameters body: (_) @body)
          (generator_function parameters: (_) @parameters body: (_) @body)]) @definition.function

; Tests: a call with a string and a function, `it("adds", () => ...)`, `describe.only(...)`.
(call_expression
  function: (identifier) @_runner
  arguments: (arguments
    . [(string) (template_string)] @name
    [(arrow_function) (function_expression)])
  (#any-of? @_runner "it" "test" "describe" "suite" "context" "specify" "bench")
  (#set! test)) @definition.test
(call_expression
  function: (member_expression object: (identifier) @_runner)
  arguments: (arguments
    . [(string) (template_string)] @name
    [(arrow_function) (function_expression)])
  (#any-of? @_runner "it" "test" "describe" "suite" "context" "specify" "bench")
  (#set! test)) @definition.test

; --- locals ----------------------------------------------------------------
(arrow_function parameter: (identifier) @local.parameter)
(arrow_function) @scope.function
(function_expression name: (identifier)? @local.function) @scope.function
(generator_function) @scope.function
(statement_block) @scope.block
(for_statement) @scope.block
(for_in_statement kind: _ left: (_) @local.variable)
(for_in_statement) @scope.block
(catch_clause parameter: (_) @local.variable) @scope.block
(assignment_pattern right: (_) @value)
(object_assignment_pattern right: (_) @value)
(computed_property_name) @value

; --- imports ---------------------------------------------------------------
(import_statement
  (import_clause
    (identifier)? @import.default
    (namespace_import (identifier) @import.namespace)?
    (named_imports
      (import_specifier name: (_) @import.name alias: (_)? @import.alias)*)?)?
  source: (_) @import.path) @import
(export_statement
  (export_clause (export_specifier name: (_) @import.name alias: (_)? @import.alias)*)
  source: (_) @import.path
  (#set! reexport)) @import
(export_statement "*" @import.wildcard source: (_) @import.path (#set! reexport)) @import
(variable_declarator
  name: (identifier) @import.namespace
  value: (call_expression
    function: (identifier) @_require
    arguments: (arguments . (string) @import.path))
  (#eq? @_require "require"))
(variable_declarator
  name: (object_pattern
    [(shorthand_property_identifier_pattern) @import.name
     (pair_pattern key: (_) @import.name value: (identifier) @import.alias)]*)
  value: (call_expression
    function: (identifier) @_require
    arguments: (arguments . (string) @import.path))
  (#eq? @_require "require"))

; --- uses ------------------------------------------------------------------
(call_expression function: (identifier) @reference.call)
(new_expression constructor: (identifier) @reference.call)
(call_expression function: (member_expression object: (_) @receiver property: (property_identifier) @reference.call))
(new_expression constructor: (member_expression object: (_) @receiver property: (property_identifier) @reference.call))
(assignment_expression left: (member_expression object: (_) @receiver property: (property_identifier) @reference.write))
(member_expression object: (_) @receiver property: [(property_identifier) (private_property_identifier)] @reference.field)
(assignment_expression left: (identifier) @reference.write)
(augmented_assignment_expression left: (identifier) @reference.write)
(update_expression argument: (identifier) @reference.write)
(pair key: (property_identifier) @reference.label)
(pair_pattern key: (property_identifier) @reference.label)
(decorator (identifier) @reference.attribute)
(decorator (call_expression function: (identifier) @reference.attribute))
(shorthand_property_identifier_pattern) @reference.write
(shorthand_property_identifier) @reference.read
(private_property_identifier) @reference.field
(property_identifier) @reference.field
(identifier) @reference
