; Facts of C++ on top of queries/c.

; --- items -----------------------------------------------------------------
(template_declaration) @wrapper
; A friend is declared elsewhere, unless its body stands here.
(declaration (#parent? friend_declaration) (#set! nothing)) @definition.variable
(function_definition
  !type
  declarator: (function_declarator declarator: (identifier) @_macro parameters: (_) @name)
  (#any-of? @_macro "TEST" "TEST_F" "TEST_P" "TYPED_TEST" "TYPED_TEST_P")
  (#set! test)) @definition.test
(namespace_definition name: (_) @name) @definition.namespace
(namespace_alias_definition name: (_) @name) @definition.namespace
(class_specifier
  name: (_) @name
  (base_class_clause [(type_identifier) (qualified_identifier) (template_type)]* @extends)?
  body: (_)) @definition.class
(alias_declaration name: (_) @name type: (_) @alias) @definition.type_alias
(concept_definition name: (_) @name) @definition.interface

; --- locals ----------------------------------------------------------------
(optional_parameter_declaration declarator: (_) @local.parameter type: (_) @type default_value: (_)? @value)
(variadic_parameter_declaration declarator: (_) @local.parameter)
(type_parameter_declaration (type_identifier) @local.type_parameter)
(optional_type_parameter_declaration name: (_) @local.type_parameter)
(variadic_type_parameter_declaration (type_identifier) @local.type_parameter)
(for_range_loop declarator: (_) @local.variable) @scope.block
(structured_binding_declarator (identifier)* @local.variable)
(lambda_capture_initializer left: (identifier) @local.variable)
(lambda_expression) @scope.function
(catch_clause) @scope.block

; --- imports ---------------------------------------------------------------
(using_declaration "namespace" [(identifier) (qualified_identifier)] @import.path "namespace" @import.wildcard) @import
(using_declaration [(qualified_identifier)] @import.tree) @import

; --- uses ------------------------------------------------------------------
(call_expression function: (qualified_identifier scope: (_) @receiver name: (identifier) @reference.call))
(call_expression function: (template_function name: (identifier) @reference.call))
(call_expression function: (qualified_identifier name: (template_function name: (identifier) @reference.call)))
(call_expression function: (qualified_identifier name: (qualified_identifier scope: (_) @receiver name: (identifier) @reference.call)))
(call_expression function: (field_expression argument: (_) @receiver field: (template_method name: (field_identifier) @reference.call)))
(qualified_identifier scope: (_) @receiver name: (identifier) @reference.read)
(qualified_identifier scope: (_) @receiver name: (type_identifier) @reference.type)
(template_method name: (field_identifier) @reference.call)
(field_initializer (field_identifier) @reference.label)
(namespace_identifier) @reference.path
