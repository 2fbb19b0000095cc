; Facts of Java. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(package_declaration [(identifier) (scoped_identifier)] @package)
(class_declaration
  (modifiers)? @visibility
  name: (_) @name
  superclass: (superclass (_) @extends)?
  interfaces: (super_interfaces (type_list (_)* @implements))?) @definition.class
(record_declaration
  (modifiers)? @visibility
  name: (_) @name
  parameters: (formal_parameters (formal_parameter type: (_) name: (_))*)
  interfaces: (super_interfaces (type_list (_)* @implements))?) @definition.class
(interface_declaration
  (modifiers)? @visibility
  name: (_) @name
  (extends_interfaces (type_list (_)* @extends))?) @definition.interface
(annotation_type_declaration (modifiers)? @visibility name: (_) @name) @definition.interface
(enum_declaration
  (modifiers)? @visibility
  name: (_) @name
  interfaces: (super_interfaces (type_list (_)* @implements))?) @definition.enum
(enum_constant name: (_) @name (#set! public)) @definition.enum_member
(method_declaration (modifiers)? name: (_) @name (#set! public) (#parent? interface_body)) @definition.method
(method_declaration (modifiers)? @visibility name: (_) @name) @definition.method
(annotation_type_element_declaration name: (_) @name (#set! public)) @definition.method
(constructor_declaration (modifiers)? @visibility name: (_) @name) @definition.constructor
(compact_constructor_declaration (modifiers)? @visibility name: (_) @name) @definition.constructor
(field_declaration
  (modifiers)? @visibility
  type: (_) @type
  declarator: (variable_declarator name: (_) @name)* @definition.field)
(constant_declaration
  type: (_) @type
  declarator: (variable_declarator name: (_) @name)* @definition.constant
  (#set! public))

; --- locals ----------------------------------------------------------------
(local_variable_declaration
  type: (_) @type
  declarator: (variable_declarator name: (_) @local.variable)*
  (#set! ordered))
(formal_parameter type: (_) @type name: (_) @local.parameter)
(spread_parameter (variable_declarator name: (_) @local.parameter))
(lambda_expression parameters: (identifier) @local.parameter)
(inferred_parameters (identifier)* @local.parameter)
(lambda_expression) @scope.function
(catch_formal_parameter name: (_) @local.variable)
(catch_clause) @scope.block
(enhanced_for_statement type: (_) @type name: (_) @local.variable) @scope.block
(for_statement) @scope.block
(resource type: (_) @type name: (_) @local.variable)
(try_with_resources_statement) @scope.block
(instanceof_expression right: (_) @type name: (_) @local.variable)
(type_pattern (_) @type (identifier) @local.variable)
(block) @scope.block
(type_parameters (type_parameter (type_identifier) @local.type_parameter)*)

; --- imports ---------------------------------------------------------------
(import_declaration (_) @import.path (asterisk) @import.wildcard) @import
(import_declaration (scoped_identifier scope: (_) @import.path name: (_) @import.name)) @import
(import_declaration (identifier) @import.module) @import

; --- uses ------------------------------------------------------------------
(method_invocation object: (_) @receiver name: (identifier) @reference.call)
(method_invocation name: (identifier) @reference.call)
(method_reference (_) @receiver (identifier) @reference.call)
(object_creation_expression type: (type_identifier) @reference.call)
(object_creation_expression type: (generic_type (type_identifier) @reference.call))
(field_access object: (_) @receiver field: (identifier) @reference.field)
(annotation name: (identifier) @reference.attribute)
(marker_annotation name: (identifier) @reference.attribute)
(element_value_pair key: (identifier) @reference.label)
(assignment_expression left: (identifier) @reference.write)
(assignment_expression left: (field_access object: (_) @receiver field: (identifier) @reference.write))
(update_expression (identifier) @reference.write)
(scoped_type_identifier (_) @receiver (type_identifier) @reference.type)
(scoped_identifier scope: (_) @receiver name: (identifier) @reference.path)
(labeled_statement (identifier) @ignore)
(break_statement (identifier) @ignore)
(continue_statement (identifier) @ignore)
(type_identifier) @reference.type
(identifier) @reference
