; Facts of Zig. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(function_declaration "pub"? @visibility name: (_) @name) @definition.function
(variable_declaration "pub"? @visibility "const" (identifier) @name [(struct_declaration) (opaque_declaration)]) @definition.struct
(variable_declaration "pub"? @visibility "const" (identifier) @name (enum_declaration)) @definition.enum
(variable_declaration "pub"? @visibility "const" (identifier) @name (union_declaration)) @definition.union
(variable_declaration "pub"? @visibility "const" (identifier) @name (error_set_declaration)) @definition.enum
(variable_declaration "pub"? @visibility "const" (identifier) @name type: (_)? @type) @definition.constant
(variable_declaration "pub"? @visibility "var" (identifier) @name type: (_)? @type) @definition.variable
(error_set_declaration (identifier)* @definition.enum_member (#parent? variable_declaration))
(container_field name: (_) @name (#parent? enum_declaration)) @definition.enum_member
(container_field name: (_) @name type: (_)? @type) @definition.field
(container_field name: (_) @name) @definition.field
(test_declaration [(string) (identifier)] @name) @definition.test

; --- locals ----------------------------------------------------------------
(parameter name: (_) @local.parameter type: (_)? @type)
(payload (identifier)* @local.variable)
(block_label (identifier) @ignore)
(block) @scope.block
(for_statement) @scope.block
(while_statement) @scope.block
(if_statement) @scope.block

; --- imports ---------------------------------------------------------------
(variable_declaration
  (identifier) @import.namespace
  (builtin_function (builtin_identifier) @_import (arguments (string) @import.path))
  (#eq? @_import "@import"))

; --- uses ------------------------------------------------------------------
(call_expression function: (identifier) @reference.call)
(call_expression function: (field_expression object: (_) @receiver member: (identifier) @reference.call))
(field_expression object: (_) @receiver member: (identifier) @reference.field)
(field_expression member: (identifier) @reference.field)
(field_initializer (identifier) @reference.label)
(assignment_expression left: (identifier) @reference.write)
(parameter type: (identifier) @reference.type)
(function_declaration type: (identifier) @reference.type)
(container_field type: (identifier) @reference.type)
(struct_initializer (identifier) @reference.type)
(builtin_identifier) @ignore
(identifier) @reference
