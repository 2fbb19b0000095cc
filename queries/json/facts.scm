; Facts of JSON: keys of objects, as deep as the row's `key_depth` says. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(pair key: (string) @name) @definition.key
