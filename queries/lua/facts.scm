; Facts of Lua. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(function_declaration name: (identifier) @name) @definition.function
(function_declaration
  name: (dot_index_expression table: (_) @container field: (identifier) @name)) @definition.function
(function_declaration
  name: (method_index_expression table: (_) @container method: (identifier) @name)) @definition.method
; What `local` declares is told below, at the declaration around it.
(assignment_statement (#parent? variable_declaration) (#set! nothing)) @definition.variable
(assignment_statement
  (variable_list . name: (identifier) @name)
  (expression_list . value: (function_definition parameters: (_) @parameters body: (_)? @body))) @definition.function
(assignment_statement
  (variable_list . name: (dot_index_expression table: (_) @container field: (identifier) @name))
  (expression_list . value: (function_definition parameters: (_) @parameters body: (_)? @body))) @definition.function
(assignment_statement
  (variable_list . name: (dot_index_expression table: (identifier) @container field: (identifier) @name))
  (expression_list)) @definition.field
(assignment_statement (variable_list name: (identifier)* @local.variable) (expression_list))
(variable_declaration (assignment_statement
  (variable_list . name: (identifier) @name)
  (expression_list . value: (function_definition parameters: (_) @parameters body: (_)? @body)))) @definition.function
(variable_declaration (assignment_statement (variable_list name: (identifier) @name)) (#set! ordered)) @definition.variable
(variable_declaration (variable_list name: (identifier)* @local.variable) (#set! ordered))
(field name: (identifier) @name value: (function_definition parameters: (_) @parameters body: (_)? @body)) @definition.method

; --- locals ----------------------------------------------------------------
(parameters name: (identifier)* @local.parameter)
(function_definition) @scope.function
(for_numeric_clause name: (identifier) @local.variable)
(for_generic_clause (variable_list name: (identifier)* @local.variable))
(for_statement) @scope.block
(while_statement) @scope.block
(repeat_statement) @scope.block
(do_statement) @scope.block
(block) @scope.block

; --- imports ---------------------------------------------------------------
(variable_declaration (assignment_statement
  (variable_list . name: (identifier) @import.namespace)
  (expression_list . value: (function_call name: (identifier) @_require arguments: (arguments . (string) @import.path))))
  (#eq? @_require "require"))

; --- uses ------------------------------------------------------------------
(function_call name: (identifier) @reference.call)
(function_call name: (dot_index_expression table: (_) @receiver field: (identifier) @reference.call))
(function_call name: (method_index_expression table: (_) @receiver method: (identifier) @reference.call))
(variable_list name: (dot_index_expression table: (_) @receiver field: (identifier) @reference.write))
(dot_index_expression table: (_) @receiver field: (identifier) @reference.field)
(field name: (identifier) @reference.label)
(variable_list name: (identifier) @reference.write)
(goto_statement (identifier) @ignore)
(label_statement (identifier) @ignore)
(attribute (identifier) @ignore)
(identifier) @reference
