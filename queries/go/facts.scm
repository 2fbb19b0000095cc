; Facts of Go. The vocabulary is told in queries/README.md.

(package_clause (package_identifier) @package)

; --- items -----------------------------------------------------------------
(type_declaration) @wrapper
(var_declaration) @wrapper
(const_declaration) @wrapper
(function_declaration name: (_) @name) @definition.function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: (_) @container))
  name: (_) @name) @definition.method
(type_spec
  name: (_) @name
  type: (struct_type (field_declaration_list (field_declaration !name type: (_) @extends)*))) @definition.struct
(type_spec name: (_) @name type: (interface_type (type_elem (_) @extends)*)) @definition.interface
(type_spec name: (_) @name type: (_) @alias) @definition.class
(type_alias name: (_) @name type: (_) @alias) @definition.type_alias
(method_elem name: (_) @name) @definition.method
(field_declaration name: (field_identifier)+ @name type: (_) @type) @definition.field
(field_declaration !name type: (_) @name) @definition.field
(const_spec name: (identifier)* @name) @definition.constant
(var_spec name: (identifier)* @name) @definition.variable

; --- locals ----------------------------------------------------------------
(parameter_declaration name: (identifier)* @local.parameter type: (_) @type)
(variadic_parameter_declaration name: (identifier) @local.parameter type: (_) @type)
(type_parameter_declaration name: (identifier)* @local.type_parameter)
(short_var_declaration left: (expression_list (identifier)* @local.variable))
(range_clause left: (expression_list (identifier)* @local.variable))
(type_switch_statement alias: (expression_list (identifier)* @local.variable))
(receive_statement left: (expression_list (identifier)* @local.variable))
(func_literal) @scope.function
(block) @scope.block
(if_statement) @scope.block
(for_statement) @scope.block
(expression_switch_statement) @scope.block
(type_switch_statement) @scope.block
(expression_case) @scope.block
(type_case) @scope.block
(communication_case) @scope.block
(default_case) @scope.block

; --- imports ---------------------------------------------------------------
(import_spec name: (dot) @import.wildcard path: (_) @import.path) @import
(import_spec !name path: (_) @import.module) @import
(import_spec path: (_) @import.module name: (package_identifier) @import.alias) @import
(import_spec path: (_) @import.module name: (blank_identifier) @import.alias) @import

; --- uses ------------------------------------------------------------------
(call_expression function: (identifier) @reference.call)
(call_expression function: (selector_expression operand: (_) @receiver field: (field_identifier) @reference.call))
(selector_expression operand: (_) @receiver field: (field_identifier) @reference.field)
(qualified_type package: (_) @receiver name: (type_identifier) @reference.type)
(qualified_type package: (package_identifier) @reference.path)
(keyed_element key: (literal_element (identifier) @reference.label))
(assignment_statement left: (expression_list (identifier) @reference.write))
(inc_statement (identifier) @reference.write)
(dec_statement (identifier) @reference.write)
(label_name) @ignore
(package_identifier) @reference.path
(type_identifier) @reference.type
(field_identifier) @reference.field
(identifier) @reference
