; Facts of Swift. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(class_declaration
  (modifiers)? @visibility
  declaration_kind: ["class" "actor"]
  name: (_) @name
  (inheritance_specifier (_) @extends)*) @definition.class
(class_declaration
  (modifiers)? @visibility
  declaration_kind: "struct"
  name: (_) @name
  (inheritance_specifier (_) @implements)*) @definition.struct
(class_declaration
  (modifiers)? @visibility
  declaration_kind: "enum"
  name: (_) @name
  (inheritance_specifier (_) @implements)*) @definition.enum
(class_declaration
  (modifiers)? @visibility
  declaration_kind: "extension"
  name: (_) @name
  (inheritance_specifier (_) @implements)*) @definition.implementation
(protocol_declaration (modifiers)? @visibility name: (_) @name (inheritance_specifier (_) @extends)*) @definition.interface
(enum_entry name: (simple_identifier)* @definition.enum_member)
(function_declaration (modifiers)? @visibility name: (simple_identifier) @name (#parent? class_body)) @definition.method
(function_declaration (modifiers)? @visibility name: (simple_identifier) @name (#parent? enum_class_body)) @definition.method
(function_declaration (modifiers)? @visibility name: (simple_identifier) @name) @definition.function
(function_declaration
  (modifiers)? @visibility
  name: ["==" "!=" "===" "!==" "<" ">" "<=" ">=" "+" "-" "*" "/" "%" "+=" "-=" "*=" "/=" "++" "--" "&" "|" "^" "~" "<<" ">>"
    (custom_operator)] @name) @definition.operator
(deinit_declaration "deinit" @name) @definition.method
(protocol_function_declaration name: (simple_identifier) @name) @definition.method
(init_declaration (modifiers)? @visibility name: "init" @name) @definition.constructor
(subscript_declaration (modifiers)? @visibility "subscript" @name) @definition.method
(typealias_declaration (modifiers)? @visibility name: (_) @name value: (_) @alias) @definition.type_alias
(associatedtype_declaration name: (_) @name) @definition.type_alias
(property_declaration (modifiers)? @visibility name: (pattern bound_identifier: (simple_identifier) @name) (#parent? class_body)) @definition.property
(property_declaration (modifiers)? @visibility name: (pattern bound_identifier: (simple_identifier) @name) (#parent? enum_class_body)) @definition.property
(property_declaration (modifiers)? @visibility name: (pattern bound_identifier: (simple_identifier) @name)) @definition.variable
(protocol_property_declaration name: (pattern bound_identifier: (simple_identifier) @name)) @definition.property
(macro_declaration (simple_identifier) @name) @definition.macro

; --- locals ----------------------------------------------------------------
(parameter name: (simple_identifier) @local.parameter)
(lambda_parameter name: (simple_identifier) @local.parameter)
(lambda_literal) @scope.function
(for_statement item: (pattern bound_identifier: (simple_identifier) @local.variable)) @scope.block
(if_statement bound_identifier: (simple_identifier)* @local.variable) @scope.block
(guard_statement bound_identifier: (simple_identifier)* @local.variable)
(switch_entry) @scope.block
(type_parameters (type_parameter (type_identifier) @local.type_parameter)*)

; --- imports ---------------------------------------------------------------
(import_declaration (identifier) @import.path @import.wildcard) @import

; --- uses ------------------------------------------------------------------
(call_expression (simple_identifier) @reference.call)
(call_expression (navigation_expression suffix: (navigation_suffix suffix: (simple_identifier) @reference.call)))
(navigation_suffix suffix: (simple_identifier) @reference.field)
(value_argument_label (simple_identifier) @reference.label)
(attribute (user_type (type_identifier) @reference.attribute))
(directly_assignable_expression (simple_identifier) @reference.write)
(directly_assignable_expression (navigation_expression suffix: (navigation_suffix suffix: (simple_identifier) @reference.write)))
(user_type (_) @receiver (type_identifier) @reference.type)
(type_identifier) @reference.type
(simple_identifier) @reference
