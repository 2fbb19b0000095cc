; Facts of Haskell. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(header module: (_) @package)
(data_type name: (_) @name) @definition.struct
(newtype name: (_) @name) @definition.struct
(type_synonym name: (_) @name) @definition.type_alias
(type_family name: (_) @name) @definition.type_alias
(class name: (_) @name) @definition.interface
(instance name: (_) @name) @definition.implementation
(data_constructor constructor: (prefix name: (_) @name)) @definition.enum_member
(data_constructor constructor: (record name: (_) @name)) @definition.enum_member
(newtype_constructor name: (_) @name) @definition.enum_member
(gadt_constructor name: (_) @name) @definition.enum_member
(field name: (field_name (variable) @name)) @definition.field
(signature name: (_) @name (#parent? class_declarations)) @definition.method
(signature name: (_) (#parent? declarations instance_declarations)) @head
(pragma) @head
(function name: (_) @name (#parent? declarations class_declarations instance_declarations)) @definition.function
(bind name: (_) @name (#parent? declarations class_declarations instance_declarations)) @definition.function
(pattern_synonym (equation synonym: (prefix name: (_) @name))) @definition.function

; --- locals ----------------------------------------------------------------
(function name: (_) @local.function (#parent? local_binds))
(bind name: (_) @local.variable (#parent? local_binds))
(patterns (_)* @local.parameter)
(bind pattern: (_) @local.variable arrow: _)
(generator pattern: (_) @local.variable)
(alternative pattern: (_) @local.variable) @scope.block
(lambda) @scope.function
(let_in) @scope.block
(do) @scope.block

; --- imports ---------------------------------------------------------------
(import
  module: (_) @import.path
  names: (import_list name: (import_name (_) @import.name)+)) @import
(import "qualified" module: (_) @import.module alias: (_)? @import.alias) @import
(import module: (_) @import.path @import.wildcard) @import

; --- uses ------------------------------------------------------------------
(apply function: (variable) @reference.call)
(apply function: (qualified module: (_) @receiver id: (variable) @reference.call))
(apply function: (constructor) @reference.call)
(qualified module: (_) @receiver id: [(variable) (constructor)] @reference.read)
(qualified module: (_) @receiver id: (name) @reference.type)
(field_update field: (field_name (variable) @reference.label))
(field_pattern field: (field_name (variable) @reference.label))
(infix_id (variable) @reference.call)
(constructor) @reference.read
(name) @reference.type
(module_id) @ignore
(variable) @reference
