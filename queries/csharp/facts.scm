; Facts of C#. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(namespace_declaration name: (_) @name) @definition.namespace
(file_scoped_namespace_declaration name: (_) @package)
(class_declaration (modifier)* @visibility name: (_) @name (base_list (_)* @extends)?) @definition.class
(record_declaration (modifier)* @visibility name: (_) @name (base_list (_)* @extends)?) @definition.class
(struct_declaration (modifier)* @visibility name: (_) @name (base_list (_)* @implements)?) @definition.struct
(interface_declaration (modifier)* @visibility name: (_) @name (base_list (_)* @extends)?) @definition.interface
(enum_declaration (modifier)* @visibility name: (_) @name) @definition.enum
(enum_member_declaration name: (_) @name (#set! public)) @definition.enum_member
(delegate_declaration (modifier)* @visibility name: (_) @name) @definition.type_alias
(method_declaration (modifier)* @visibility returns: (_) @type name: (_) @name) @definition.method
(local_function_statement type: (_) @type name: (_) @name) @definition.function
(constructor_declaration (modifier)* @visibility name: (_) @name) @definition.constructor
(destructor_declaration name: (_) @name) @definition.method
(operator_declaration operator: _ @name) @definition.operator
(indexer_declaration (modifier)* @visibility type: (_) @type "this" @name) @definition.property
(property_declaration (modifier)* @visibility type: (_) @type name: (_) @name) @definition.property
(event_declaration (modifier)* @visibility type: (_) @type name: (_) @name) @definition.event
(event_field_declaration
  (modifier)* @visibility
  (variable_declaration type: (_) @type (variable_declarator name: (_) @name)* @definition.event))
(field_declaration
  (modifier)* @_modifier
  (variable_declaration type: (_) @type (variable_declarator name: (_) @name)* @definition.constant)
  (#eq? @_modifier "const"))
(field_declaration
  (modifier)* @visibility
  (variable_declaration type: (_) @type (variable_declarator name: (_) @name)* @definition.field))

; --- locals ----------------------------------------------------------------
(local_declaration_statement
  (variable_declaration type: (_) @type (variable_declarator name: (_) @local.variable)*)
  (#set! ordered))
(using_statement (variable_declaration type: (_) @type (variable_declarator name: (_) @local.variable)*)) @scope.block
(for_statement initializer: (variable_declaration (variable_declarator name: (_) @local.variable)*)) @scope.block
(foreach_statement type: (_)? @type left: (_) @local.variable) @scope.block
(parameter type: (_)? @type name: (_) @local.parameter)
(implicit_parameter) @local.parameter
(lambda_expression) @scope.function
(catch_declaration type: (_) @type name: (_) @local.variable)
(catch_clause) @scope.block
(declaration_expression type: (_) @type name: (_) @local.variable)
(declaration_pattern type: (_) @type name: (_) @local.variable)
(var_pattern name: (_) @local.variable)
(recursive_pattern name: (_) @local.variable)
(from_clause name: (_) @local.variable)
(let_clause . (identifier) @local.variable)
(query_expression) @scope.block
(block) @scope.block
(type_parameter name: (_) @local.type_parameter)

; --- imports ---------------------------------------------------------------
(using_directive name: (_) @import.alias (_) @import.path) @import
(using_directive [(identifier) (qualified_name)] @import.path @import.wildcard) @import

; --- uses ------------------------------------------------------------------
(invocation_expression function: (identifier) @reference.call)
(invocation_expression function: (generic_name (identifier) @reference.call))
(invocation_expression function: (member_access_expression expression: (_) @receiver name: (identifier) @reference.call))
(invocation_expression function: (member_access_expression expression: (_) @receiver name: (generic_name (identifier) @reference.call)))
(invocation_expression function: (conditional_access_expression condition: (_) @receiver (member_binding_expression name: (identifier) @reference.call)))
(object_creation_expression type: (identifier) @reference.call)
(object_creation_expression type: (generic_name (identifier) @reference.call))
(object_creation_expression type: (qualified_name qualifier: (_) @receiver name: (identifier) @reference.call))
(assignment_expression left: (identifier) @reference.write)
(assignment_expression left: (member_access_expression expression: (_) @receiver name: (identifier) @reference.write))
(member_access_expression expression: (_) @receiver name: (identifier) @reference.field)
(member_access_expression expression: (_) @receiver name: (generic_name (identifier) @reference.field))
(member_binding_expression name: (identifier) @reference.field)
(attribute name: (identifier) @reference.attribute)
(qualified_name qualifier: (_) @receiver name: (identifier) @reference.type)
(parameter type: (identifier) @reference.type)
(variable_declaration type: (identifier) @reference.type)
(base_list (identifier) @reference.type)
(type_argument_list (identifier) @reference.type)
(generic_name (identifier) @reference.type)
(property_declaration type: (identifier) @reference.type)
(method_declaration returns: (identifier) @reference.type)
(labeled_statement (identifier) @ignore)
(argument name: (identifier) @reference.label)
(identifier) @reference
