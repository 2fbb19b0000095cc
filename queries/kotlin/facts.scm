; Facts of Kotlin. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(package_header (qualified_identifier) @package)
(class_declaration
  (modifiers)? @visibility
  "interface"
  name: (_) @name
  (delegation_specifiers (delegation_specifier [(user_type) (constructor_invocation)] @extends)*)?) @definition.interface
(class_declaration
  (modifiers (class_modifier "enum")) @visibility
  name: (_) @name
  (delegation_specifiers (delegation_specifier [(user_type) (constructor_invocation)] @extends)*)?) @definition.enum
(class_declaration
  (modifiers)? @visibility
  name: (_) @name
  (delegation_specifiers (delegation_specifier [(user_type) (constructor_invocation)] @extends)*)?) @definition.class
(object_declaration
  (modifiers)? @visibility
  name: (_) @name
  (delegation_specifiers (delegation_specifier [(user_type) (constructor_invocation)] @extends)*)?) @definition.object
(companion_object (modifiers)? @visibility name: (_) @name) @definition.object
(companion_object !name "object" @name) @definition.object
(enum_entry (identifier) @name) @definition.enum_member
(function_declaration (modifiers)? @visibility name: (_) @name (#parent? class_body)) @definition.method
(function_declaration (modifiers)? @visibility name: (_) @name (#parent? enum_class_body)) @definition.method
(function_declaration (modifiers)? @visibility name: (_) @name) @definition.function
(secondary_constructor (modifiers)? @visibility "constructor" @name) @definition.constructor
(property_declaration (modifiers)? @visibility (variable_declaration (identifier) @name [(user_type) (nullable_type) (function_type) (parenthesized_type)]? @type) (#parent? class_body)) @definition.property
(property_declaration (modifiers)? @visibility (variable_declaration (identifier) @name [(user_type) (nullable_type) (function_type) (parenthesized_type)]? @type) (#parent? enum_class_body)) @definition.property
(property_declaration (modifiers)? @visibility (variable_declaration (identifier) @name [(user_type) (nullable_type) (function_type) (parenthesized_type)]? @type)) @definition.variable
(property_declaration (multi_variable_declaration (variable_declaration (identifier) @local.variable)*))
(class_parameter (modifiers)? @visibility ["val" "var"] (identifier) @name [(user_type) (nullable_type) (function_type) (parenthesized_type)]? @type) @definition.property
(type_alias (modifiers)? @visibility type: (_) @name [(user_type) (nullable_type) (function_type) (parenthesized_type)] @alias) @definition.type_alias

; --- locals ----------------------------------------------------------------
(class_parameter (identifier) @local.parameter [(user_type) (nullable_type) (function_type) (parenthesized_type)]? @type)
(parameter (identifier) @local.parameter [(user_type) (nullable_type) (function_type) (parenthesized_type)]? @type)
(setter (identifier) @local.parameter)
(lambda_parameters (variable_declaration (identifier) @local.parameter)*)
(lambda_parameters (multi_variable_declaration (variable_declaration (identifier) @local.parameter)*))
(lambda_literal) @scope.function
(anonymous_function) @scope.function
(for_statement (variable_declaration (identifier) @local.variable)) @scope.block
(for_statement (multi_variable_declaration (variable_declaration (identifier) @local.variable)*)) @scope.block
(catch_block (identifier) @local.variable) @scope.block
(when_subject (variable_declaration (identifier) @local.variable))
(when_expression) @scope.block
(block) @scope.block
(type_parameters (type_parameter (identifier) @local.type_parameter)*)

; --- imports ---------------------------------------------------------------
(import (qualified_identifier) @import.path "*" @import.wildcard) @import
(import (qualified_identifier) @import.tree (identifier)? @import.alias) @import

; --- uses ------------------------------------------------------------------
(call_expression (identifier) @reference.call)
(call_expression (navigation_expression (_) @receiver (identifier) @reference.call))
(constructor_invocation (user_type (identifier) @reference.call))
(annotation (user_type (identifier) @reference.attribute))
(navigation_expression (_) @receiver (identifier) @reference.field)
(assignment left: (identifier) @reference.write)
(user_type (identifier) @reference.type)
(callable_reference (_) @receiver (identifier) @reference.call)
(identifier) @reference
