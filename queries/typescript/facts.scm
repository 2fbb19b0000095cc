; Facts of TypeScript on top of queries/ecma.

; --- items -----------------------------------------------------------------
(ambient_declaration) @wrapper
(class_declaration
  name: (_) @name
  (class_heritage
    (extends_clause value: (_) @extends)?
    (implements_clause (_)* @implements)?)?) @definition.class
(abstract_class_declaration
  name: (_) @name
  (class_heritage
    (extends_clause value: (_) @extends)?
    (implements_clause (_)* @implements)?)?) @definition.class
(class name: (_) @name (class_heritage (extends_clause value: (_) @extends)?)?) @definition.class
(interface_declaration name: (_) @name (extends_type_clause (_)* @extends)?) @definition.interface
(enum_declaration name: (_) @name) @definition.enum
(enum_body name: [(property_identifier) (string) (computed_property_name)]* @definition.enum_member)
(enum_assignment name: (_) @name) @definition.enum_member
(type_alias_declaration name: (_) @name value: (_) @alias) @definition.type_alias
(internal_module name: (_) @name) @definition.namespace
(module name: (_) @name) @definition.module
(function_signature name: (_) @name (#set! declaration)) @definition.function
(method_signature
  (accessibility_modifier)? @visibility
  name: (_) @name
  (#parent? interface_body class_body)) @definition.method
(abstract_method_signature (accessibility_modifier)? @visibility name: (_) @name) @definition.method
(property_signature
  (accessibility_modifier)? @visibility
  name: (_) @name
  (#parent? interface_body)) @definition.property
(public_field_definition
  (accessibility_modifier)? @visibility
  "static"? @static
  name: (_) @name
  value: [(arrow_function parameters: (_)? @parameters body: (_) @body)
          (function_expression parameters: (_) @parameters body: (_) @body)]) @definition.method
(public_field_definition (accessibility_modifier)? @visibility "static"? @static name: (_) @name) @definition.property
(required_parameter (accessibility_modifier) @visibility pattern: (identifier) @name) @definition.property

; --- locals ----------------------------------------------------------------
(required_parameter pattern: (_) @local.parameter type: (_)? @type value: (_)? @value)
(optional_parameter pattern: (_) @local.parameter type: (_)? @type value: (_)? @value)
(type_parameter name: (_) @local.type_parameter)
(infer_type (type_identifier) @local.type_parameter)
(mapped_type_clause name: (_) @local.type_parameter)
(function_type) @scope.function

; --- imports ---------------------------------------------------------------
(import_statement
  (import_require_clause (identifier) @import.namespace source: (_) @import.path)) @import

; --- uses ------------------------------------------------------------------
(nested_type_identifier module: (identifier) @reference.path)
(nested_type_identifier module: (_) @receiver name: (type_identifier) @reference.type)
(type_query (identifier) @reference.read)
(type_identifier) @reference.type
