; Facts of Python. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(decorated_definition) @wrapper
(function_definition
  name: (_) @name
  body: (block . (expression_statement . (string) @doc))?) @definition.function
(class_definition
  name: (_) @name
  superclasses: (argument_list [(identifier) (attribute) (subscript) (call)]* @extends)?
  body: (block . (expression_statement . (string) @doc))?) @definition.class
(assignment left: (identifier) @name type: (_)? @type) @definition.variable
(type_alias_statement left: (_) @name right: (_) @alias) @definition.type_alias

; --- locals ----------------------------------------------------------------
(assignment left: [(pattern_list) (tuple_pattern) (list_pattern)] @local.variable)
(parameters (identifier)* @local.parameter)
(parameters [(tuple_pattern) (list_splat_pattern) (dictionary_splat_pattern)]* @local.parameter)
(typed_parameter [(identifier) (list_splat_pattern) (dictionary_splat_pattern)] @local.parameter type: (_) @type)
(default_parameter name: (_) @local.parameter)
(typed_default_parameter name: (_) @local.parameter type: (_) @type)
(lambda_parameters (_)* @local.parameter)
(lambda) @scope.function
(for_statement left: (_) @local.variable)
(for_in_clause left: (_) @local.variable)
(as_pattern alias: (as_pattern_target) @local.variable)
(named_expression name: (_) @local.variable)
(list_comprehension) @scope.block
(set_comprehension) @scope.block
(dictionary_comprehension) @scope.block
(generator_expression) @scope.block
(case_pattern (dotted_name . (identifier) @local.variable))
(function_definition type_parameters: (type_parameter (type)* @local.type_parameter))
(class_definition type_parameters: (type_parameter (type)* @local.type_parameter))

; --- imports ---------------------------------------------------------------
(import_statement name: (dotted_name)* @import.module) @import
(import_statement name: (aliased_import name: (_) @import.module alias: (_) @import.alias)*) @import
(import_from_statement
  module_name: (_) @import.path
  (wildcard_import) @import.wildcard) @import
(import_from_statement
  module_name: (_) @import.path
  name: [(dotted_name) @import.name (aliased_import name: (_) @import.name alias: (_) @import.alias)]+) @import
(future_import_statement) @import

; --- uses ------------------------------------------------------------------
(call function: (identifier) @reference.call)
(call function: (attribute object: (_) @receiver attribute: (identifier) @reference.call))
(assignment left: (attribute object: (_) @receiver attribute: (identifier) @reference.write))
(augmented_assignment left: (attribute object: (_) @receiver attribute: (identifier) @reference.write))
(attribute object: (_) @receiver attribute: (identifier) @reference.field)
(keyword_argument name: (identifier) @reference.label)
(augmented_assignment left: (identifier) @reference.write)
(decorator (identifier) @reference.attribute)
(type (identifier) @reference.type)
(generic_type (identifier) @reference.type)
(keyword_pattern (identifier) @reference.label)
(identifier) @reference
