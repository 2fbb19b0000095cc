; Facts of CSS. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(rule_set (selectors) @name) @definition.heading
(keyframes_statement (keyframes_name) @name) @definition.heading
; Of these the head is the name: `@media (min-width: 40em)`.
(media_statement) @definition.heading
(supports_statement) @definition.heading
(scope_statement) @definition.heading
(at_rule (block)) @definition.heading
(declaration (property_name) @name (#starts-with? @name "--")) @definition.key

; --- uses ------------------------------------------------------------------
(call_expression (arguments (plain_value) @reference.read) (#starts-with? @reference.read "--"))
