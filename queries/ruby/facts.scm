; Facts of Ruby. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(module name: (_) @name) @definition.module
(class name: (_) @name superclass: (superclass (_) @extends)?) @definition.class
;   What stands in `class << self` is the class's around it.
(singleton_class value: [(constant) (scope_resolution) (identifier) (instance_variable) (call)] @name) @definition.class
(method name: (_) @name (#eq? @name "initialize")) @definition.constructor
(method name: (_) @name) @definition.method
(singleton_method object: (self) name: (_) @name (#set! static)) @definition.method
(singleton_method object: (_) @container name: (_) @name (#set! static)) @definition.method
(alias name: (_) @name) @definition.method
(assignment left: (constant) @name) @definition.constant
(call
  !receiver
  method: (identifier) @_attribute
  arguments: (argument_list (simple_symbol)* @definition.property)
  (#any-of? @_attribute "attr_reader" "attr_writer" "attr_accessor" "cattr_accessor" "mattr_accessor" "class_attribute"
    "has_many" "has_one" "belongs_to" "scope"))
(call
  !receiver
  method: (identifier) @_block
  arguments: (argument_list . (string) @name)
  (#any-of? @_block "describe" "context" "it" "specify" "feature" "scenario" "test" "should")) @definition.test

; --- locals ----------------------------------------------------------------
(assignment left: (identifier) @local.variable (#set! ordered))
(assignment left: (left_assignment_list (identifier)* @local.variable) (#set! ordered))
(operator_assignment left: (identifier) @reference.write)
(method_parameters (identifier)* @local.parameter)
(block_parameters (identifier)* @local.parameter)
(lambda_parameters (identifier)* @local.parameter)
(destructured_parameter (identifier)* @local.parameter)
(optional_parameter name: (_) @local.parameter)
(keyword_parameter name: (_) @local.parameter)
(splat_parameter name: (_) @local.parameter)
(hash_splat_parameter name: (_) @local.parameter)
(block_parameter name: (_) @local.parameter)
(for pattern: (identifier) @local.variable)
(exception_variable (identifier) @local.variable)
(block) @scope.block
(do_block) @scope.block
(lambda) @scope.block

; --- imports ---------------------------------------------------------------
(call
  !receiver
  method: (identifier) @_require
  arguments: (argument_list . (string) @import.file)
  (#any-of? @_require "require" "require_relative" "load")) @import

; --- uses ------------------------------------------------------------------
(call receiver: (_) @receiver method: [(identifier) (constant)] @reference.call)
(call method: [(identifier) (constant)] @reference.call)
(scope_resolution scope: (_) @receiver name: (constant) @reference.type)
(pair key: (hash_key_symbol) @reference.label)
(block_argument (simple_symbol) @reference.call)
(superclass (constant) @reference.type)
(instance_variable) @reference.field
(class_variable) @reference.field
(global_variable) @reference.read
(constant) @reference.type
(identifier) @reference
