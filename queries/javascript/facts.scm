; Facts of JavaScript alone, on top of queries/ecma.

(class_declaration
  name: (identifier) @name
  (class_heritage [(identifier) (member_expression) (call_expression)] @extends)?) @definition.class
(class name: (identifier) @name (class_heritage (_) @extends)?) @definition.class
(class_static_block) @scope.function
(field_definition
  "static"? @static
  property: (_) @name
  value: [(arrow_function parameters: (_)? @parameters body: (_) @body)
          (function_expression parameters: (_) @parameters body: (_) @body)]) @definition.method
(field_definition "static"? @static property: (_) @name) @definition.field
(formal_parameters (_)* @local.parameter)

(jsx_opening_element name: (identifier) @reference.type)
(jsx_self_closing_element name: (identifier) @reference.type)
(jsx_closing_element name: (identifier) @reference.type)
(jsx_attribute (property_identifier) @reference.label)
