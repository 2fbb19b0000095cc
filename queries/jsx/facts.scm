; Facts of TSX on top of queries/ecma and queries/typescript.

(jsx_opening_element name: (identifier) @reference.type)
(jsx_self_closing_element name: (identifier) @reference.type)
(jsx_closing_element name: (identifier) @reference.type)
(jsx_attribute (property_identifier) @reference.label)
