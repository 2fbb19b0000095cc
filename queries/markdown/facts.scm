; Facts of Markdown, by its block grammar alone. The vocabulary is told in queries/README.md.

; --- items -----------------------------------------------------------------
; The row says `sections`: a heading's range goes to the next heading of its level or of one above it; headings in quotes head nothing.
(atx_heading heading_content: (_) @name (#parent? section document)) @definition.heading
(setext_heading heading_content: (_) @name (#parent? section document)) @definition.heading
