; Facts of C, which C++ shares. The vocabulary is told in queries/README.md. Names in declarators (`*a[3]`, `f(void)`) are
; found by the engine: a declarator captured as a name is followed down to it, and one that declares a function makes one.

; --- items -----------------------------------------------------------------
(function_definition (storage_class_specifier)? @_static declarator: (_) @name) @definition.function
(type_definition declarator: (_)* @name type: (_) @alias) @definition.type_alias
(struct_specifier name: (_) @name body: (_)) @definition.struct
(union_specifier name: (_) @name body: (_)) @definition.union
(enum_specifier name: (_) @name body: (_)) @definition.enum
(enumerator name: (_) @name) @definition.enum_member
(field_declaration declarator: (_)* @name) @definition.field
(preproc_def name: (_) @name value: (_)) @definition.macro
(preproc_function_def name: (_) @name parameters: (_) @parameters) @definition.macro

; --- locals ----------------------------------------------------------------
(declaration declarator: (_)* @name) @definition.variable
(parameter_declaration declarator: (_) @local.parameter type: (_) @type)
(compound_statement) @scope.block
(for_statement) @scope.block
(labeled_statement label: (_) @local.label)
(init_declarator value: (_) @value)
(array_declarator size: (_) @value)

; --- imports ---------------------------------------------------------------
(preproc_include path: [(string_literal) (system_lib_string)] @import.file) @import

; --- uses ------------------------------------------------------------------
(call_expression function: (identifier) @reference.call)
(call_expression function: (field_expression argument: (_) @receiver field: (field_identifier) @reference.call))
(field_expression argument: (_) @receiver field: (field_identifier) @reference.field)
(assignment_expression left: (identifier) @reference.write)
(assignment_expression left: (field_expression argument: (_) @receiver field: (field_identifier) @reference.write))
(update_expression argument: (identifier) @reference.write)
(field_designator (field_identifier) @reference.label)
(preproc_ifdef name: (identifier) @reference.macro)
(preproc_defined (identifier) @reference.macro)
(goto_statement label: (statement_identifier) @reference.read)
(type_identifier) @reference.type
(field_identifier) @reference.field
(identifier) @reference
