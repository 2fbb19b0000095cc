; Facts of Scala 2 and 3. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(package_clause name: (package_identifier) @package)
(package_object (modifiers)? @visibility name: (_) @name extend: (extends_clause type: (_)* @extends)?) @definition.object
(class_definition (modifiers)? @visibility name: (_) @name extend: (extends_clause type: (_)* @extends)?) @definition.class
(object_definition (modifiers)? @visibility name: (_) @name extend: (extends_clause type: (_)* @extends)?) @definition.object
(trait_definition (modifiers)? @visibility name: (_) @name extend: (extends_clause type: (_)* @extends)?) @definition.trait
(enum_definition (modifiers)? @visibility name: (_) @name extend: (extends_clause type: (_)* @extends)?) @definition.enum
(simple_enum_case name: (_) @name) @definition.enum_member
(full_enum_case name: (_) @name) @definition.enum_member
(given_definition name: (_) @name) @definition.variable
(type_definition (modifiers)? @visibility name: (_) @name type: (_)? @alias) @definition.type_alias
(function_definition (modifiers)? @visibility name: (_) @name return_type: (_)? @type (#parent? template_body)) @definition.method
(function_declaration (modifiers)? @visibility name: (_) @name return_type: (_)? @type (#parent? template_body)) @definition.method
(function_definition (modifiers)? @visibility name: (_) @name return_type: (_)? @type) @definition.function
(function_declaration (modifiers)? @visibility name: (_) @name return_type: (_)? @type) @definition.function
(val_definition (modifiers)? @visibility pattern: (identifier) @name type: (_)? @type (#parent? template_body)) @definition.field
(var_definition (modifiers)? @visibility pattern: (identifier) @name type: (_)? @type (#parent? template_body)) @definition.field
(val_declaration (modifiers)? @visibility name: (_) @name type: (_)? @type (#parent? template_body)) @definition.field
(var_declaration (modifiers)? @visibility name: (_) @name type: (_)? @type (#parent? template_body)) @definition.field
(val_definition (modifiers)? @visibility pattern: (identifier) @name type: (_)? @type) @definition.variable
(var_definition (modifiers)? @visibility pattern: (identifier) @name type: (_)? @type) @definition.variable
(class_parameter (modifiers)? @visibility ["val" "var"] name: (_) @name type: (_)? @type) @definition.field

; --- locals ----------------------------------------------------------------
(val_definition pattern: [(tuple_pattern) (case_class_pattern) (infix_pattern)] @local.variable)
(class_parameter name: (_) @local.parameter type: (_)? @type)
(parameter name: (_) @local.parameter type: (_)? @type)
(binding name: (_) @local.parameter type: (_)? @type)
(lambda_expression parameters: (identifier) @local.parameter)
(lambda_expression) @scope.function
(enumerator . (_) @local.variable)
(for_expression) @scope.block
(case_clause pattern: (_) @local.variable) @scope.block
(block) @scope.block
(indented_block) @scope.block
(type_parameters name: (_)* @local.type_parameter)

; --- imports ---------------------------------------------------------------
(import_declaration) @import.tree @import

; --- uses ------------------------------------------------------------------
(call_expression function: (identifier) @reference.call)
(call_expression function: (field_expression value: (_) @receiver field: (identifier) @reference.call))
(call_expression function: (generic_function function: (identifier) @reference.call))
(call_expression function: (generic_function function: (field_expression value: (_) @receiver field: (identifier) @reference.call)))
(generic_function function: (identifier) @reference.call)
(instance_expression (type_identifier) @reference.call)
(instance_expression (generic_type type: (type_identifier) @reference.call))
(infix_expression operator: (identifier) @reference.call)
(field_expression value: (_) @receiver field: (identifier) @reference.field)
(assignment_expression left: (identifier) @reference.write)
(case_class_pattern type: (type_identifier) @reference.call)
(annotation name: (type_identifier) @reference.attribute)
(stable_type_identifier (_) @receiver (type_identifier) @reference.type)
(type_identifier) @reference.type
(identifier) @reference
