; Facts of HTML: elements that carry a name, headings, and the parts of a page. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
(element
  [(start_tag (attribute (attribute_name) @_id (quoted_attribute_value (attribute_value) @name)))
   (self_closing_tag (attribute (attribute_name) @_id (quoted_attribute_value (attribute_value) @name)))]
  (#eq? @_id "id")) @definition.heading
(element
  [(start_tag (attribute (attribute_name) @_id (attribute_value) @name))
   (self_closing_tag (attribute (attribute_name) @_id (attribute_value) @name))]
  (#eq? @_id "id")) @definition.heading
(script_element
  (start_tag (attribute (attribute_name) @_id (quoted_attribute_value (attribute_value) @name)))
  (#eq? @_id "id")) @definition.heading
(style_element
  (start_tag (attribute (attribute_name) @_id (quoted_attribute_value (attribute_value) @name)))
  (#eq? @_id "id")) @definition.heading
(element
  [(start_tag
     (tag_name) @_tag
     (attribute (attribute_name) @_key (quoted_attribute_value (attribute_value) @name)))
   (self_closing_tag
     (tag_name) @_tag
     (attribute (attribute_name) @_key (quoted_attribute_value (attribute_value) @name)))]
  (#any-of? @_tag "a" "button" "fieldset" "form" "iframe" "input" "map" "output" "select" "slot" "textarea")
  (#eq? @_key "name")) @definition.heading
(element
  (start_tag (tag_name) @_tag)
  (text) @name
  (#any-of? @_tag "title" "h1" "h2" "h3" "h4" "h5" "h6")) @definition.heading
(element
  (start_tag (tag_name) @name)
  (#any-of? @name
    "head" "body" "header" "footer" "main" "nav" "aside" "section" "article" "form" "dialog" "template" "table")) @definition.heading
