; Facts of PHP. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(namespace_definition name: (_) @package)
(class_declaration
  name: (_) @name
  (base_clause (_)* @extends)?
  (class_interface_clause (_)* @implements)?) @definition.class
(interface_declaration name: (_) @name (base_clause (_)* @extends)?) @definition.interface
(trait_declaration name: (_) @name) @definition.trait
(enum_declaration name: (_) @name (class_interface_clause (_)* @implements)?) @definition.enum
(enum_case name: (_) @name) @definition.enum_member
(function_definition name: (_) @name return_type: (_)? @type) @definition.function
(method_declaration
  (visibility_modifier)? @visibility
  name: (_) @name
  (#eq? @name "__construct")) @definition.constructor
(method_declaration
  (visibility_modifier)? @visibility
  (static_modifier)? @static
  name: (_) @name
  return_type: (_)? @type) @definition.method
(const_declaration (visibility_modifier)? @visibility (const_element . (name) @name)* @definition.constant)
(property_declaration
  (visibility_modifier)? @visibility
  (static_modifier)? @static
  type: (_)? @type
  (property_element name: (variable_name (name) @name))* @definition.property)
(property_promotion_parameter
  visibility: (visibility_modifier) @visibility
  type: (_)? @type
  name: (variable_name (name) @name)) @definition.property

; --- locals ----------------------------------------------------------------
(simple_parameter type: (_)? @type name: (variable_name (name) @local.parameter))
(variadic_parameter type: (_)? @type name: (variable_name (name) @local.parameter))
(assignment_expression left: (variable_name (name) @local.variable))
(static_variable_declaration name: (variable_name (name) @local.variable))
(foreach_statement (pair (variable_name (name) @local.variable)* ))
(foreach_statement "as" (variable_name (name) @local.variable))
(catch_clause type: (_) @type name: (variable_name (name) @local.variable))
(anonymous_function) @scope.function
(arrow_function) @scope.function

; --- imports ---------------------------------------------------------------
(namespace_use_clause [(name) (qualified_name)] @import.tree alias: (_)? @import.alias) @import
(namespace_use_declaration
  (namespace_name) @import.path
  body: (namespace_use_group (namespace_use_clause (name) @import.name)*)) @import
(require_expression (string) @import.file) @import
(require_once_expression (string) @import.file) @import
(include_expression (string) @import.file) @import
(include_once_expression (string) @import.file) @import

; --- uses ------------------------------------------------------------------
(function_call_expression function: (name) @reference.call)
(function_call_expression function: (qualified_name (name) @reference.call))
(member_call_expression object: (_) @receiver name: (name) @reference.call)
(nullsafe_member_call_expression object: (_) @receiver name: (name) @reference.call)
(scoped_call_expression scope: (_) @receiver name: (name) @reference.call)
(object_creation_expression (name) @reference.call)
(object_creation_expression (qualified_name (name) @reference.call))
(member_access_expression object: (_) @receiver name: (name) @reference.field)
(nullsafe_member_access_expression object: (_) @receiver name: (name) @reference.field)
(scoped_property_access_expression scope: (_) @receiver name: (variable_name (name) @reference.field))
(class_constant_access_expression (_) @receiver (name) @reference.field)
(attribute (name) @reference.attribute)
(named_type (name) @reference.type)
(named_type (qualified_name (name) @reference.type))
(base_clause (name) @reference.type)
(class_interface_clause (name) @reference.type)
(use_declaration (name) @reference.type)
(argument name: (name) @reference.label)
(variable_name (name) @reference.read)
(namespace_name (name) @ignore)
(name) @reference
