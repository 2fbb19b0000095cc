; Facts of Rust. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(function_item (visibility_modifier)? @visibility name: (_) @name) @definition.function
(function_signature_item (visibility_modifier)? @visibility name: (_) @name) @definition.function
(struct_item (visibility_modifier)? @visibility name: (_) @name) @definition.struct
(enum_item (visibility_modifier)? @visibility name: (_) @name) @definition.enum
(union_item (visibility_modifier)? @visibility name: (_) @name) @definition.union
(trait_item
  (visibility_modifier)? @visibility
  name: (_) @name
  bounds: (trait_bounds [(type_identifier) (generic_type) (scoped_type_identifier)]* @extends)?) @definition.trait
(impl_item trait: (_)? @implements type: (_) @name) @definition.implementation
(mod_item (visibility_modifier)? @visibility name: (_) @name body: (_)) @definition.module
(mod_item (visibility_modifier)? @visibility name: (_) @name !body (#set! declaration)) @definition.module
(type_item (visibility_modifier)? @visibility name: (_) @name type: (_) @alias) @definition.type_alias
(associated_type name: (_) @name) @definition.type_alias
(const_item (visibility_modifier)? @visibility name: (identifier) @name) @definition.constant
(static_item (visibility_modifier)? @visibility name: (_) @name) @definition.variable
(macro_definition name: (_) @name) @definition.macro
(enum_variant name: (_) @name) @definition.enum_member
(field_declaration (visibility_modifier)? @visibility name: (_) @name) @definition.field
(foreign_mod_item) @scope.module

; --- locals ----------------------------------------------------------------
(parameter pattern: (_) @local.parameter type: (_) @type)
(closure_parameters (_)* @local.parameter)
(let_declaration pattern: (_) @local.variable type: (_)? @type (#set! ordered))
(let_condition pattern: (_) @local.variable)
(for_expression pattern: (_) @local.variable) @scope.block
(match_pattern (_) @local.variable condition: (_)? @value)
(tuple_struct_pattern type: (generic_type) @value)
(struct_pattern type: (_) @value)
(range_pattern) @value
(match_arm) @scope.block
(if_expression) @scope.block
(while_expression) @scope.block
(block) @scope.block
(closure_expression) @scope.function
(type_parameters (type_parameter name: (_) @local.type_parameter)*)
(const_parameter name: (_) @local.constant)

; --- imports ---------------------------------------------------------------
(use_declaration !argument) @import
(use_declaration (visibility_modifier) argument: (_) @import.tree (#set! reexport)) @import
(use_declaration argument: (_) @import.tree) @import
(extern_crate_declaration name: (_) @import.module alias: (_)? @import.alias) @import

; --- macro calls -----------------------------------------------------------
(macro_invocation (token_tree) @macro)

; --- uses ------------------------------------------------------------------
(call_expression function: (identifier) @reference.call)
(call_expression function: (scoped_identifier path: (_) @receiver name: (identifier) @reference.call))
(call_expression function: (field_expression value: (_) @receiver field: (field_identifier) @reference.call))
(call_expression function: (generic_function function: (identifier) @reference.call))
(call_expression function: (generic_function function: (scoped_identifier path: (_) @receiver name: (identifier) @reference.call)))
(call_expression function: (generic_function function: (field_expression value: (_) @receiver field: (field_identifier) @reference.call)))
(field_expression value: (_) @receiver field: (field_identifier) @reference.field)
(macro_invocation macro: (identifier) @reference.macro)
(macro_invocation macro: (scoped_identifier path: (_) @receiver name: (identifier) @reference.macro))
(attribute (identifier) @reference.attribute)
(attribute (scoped_identifier name: (identifier) @reference.attribute))
(scoped_identifier path: (identifier) @reference.path)
(scoped_type_identifier path: (identifier) @reference.path)
(scoped_identifier path: (scoped_identifier path: (_) @receiver name: (identifier) @reference.path))
(scoped_type_identifier path: (scoped_identifier path: (_) @receiver name: (identifier) @reference.path))
(scoped_identifier path: (_) @receiver name: (identifier) @reference.read)
(scoped_type_identifier path: (_) @receiver name: (type_identifier) @reference.type)
(tuple_struct_pattern type: (identifier) @reference.call)
(tuple_struct_pattern type: (generic_type type: (type_identifier) @reference.call))
(struct_pattern type: (type_identifier) @reference.type)
(field_initializer field: (field_identifier) @reference.label)
(shorthand_field_initializer (identifier) @reference.read)
(field_pattern name: (field_identifier) @reference.label)
(assignment_expression left: (identifier) @reference.write)
(compound_assignment_expr left: (identifier) @reference.write)
(assignment_expression left: (field_expression value: (_) @receiver field: (field_identifier) @reference.write))
(lifetime (identifier) @ignore)
(label (identifier) @ignore)
(token_tree (identifier) @reference.mention)
(token_repetition (identifier) @reference.mention)
(use_bounds (type_identifier) @reference.type)
(type_identifier) @reference.type
(field_identifier) @reference.field
(shorthand_field_identifier) @reference.read
(identifier) @reference
