; Facts of YAML: keys, as deep as the row's `key_depth` says. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(block_mapping_pair key: (_) @name) @definition.key
(flow_pair key: (_) @name) @definition.key
