; Facts of Bash and of other shells of its family. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(function_definition name: (word) @name) @definition.function
(declaration_command ["readonly" "export" "declare" "typeset"] (variable_assignment name: (variable_name) @name)* @definition.variable)
(variable_assignment name: (variable_name) @name (#parent? program)) @definition.variable
(variable_assignment name: (variable_name) @name (#parent? if_statement)) @definition.variable

; --- locals ----------------------------------------------------------------
(declaration_command "local" (variable_assignment name: (variable_name) @local.variable)*)
(declaration_command "local" (variable_name)* @local.variable)
(for_statement variable: (variable_name) @local.variable)
(subshell) @scope.block

; --- imports ---------------------------------------------------------------
(command
  name: (command_name (word) @_source)
  argument: [(word) (string) (raw_string) (concatenation)] @import.file
  (#any-of? @_source "source" ".")) @import

; --- uses ------------------------------------------------------------------
(command name: (command_name (word) @reference.call))
(variable_assignment name: (variable_name) @reference.write)
(variable_name) @reference.read
