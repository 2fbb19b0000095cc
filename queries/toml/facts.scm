; Facts of TOML: tables and keys, as deep as the row's `key_depth` says. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(table [(bare_key) (dotted_key) (quoted_key)] @name) @definition.key
(table_array_element [(bare_key) (dotted_key) (quoted_key)] @name) @definition.key
(pair [(bare_key) (dotted_key) (quoted_key)] @name) @definition.key
