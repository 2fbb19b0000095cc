//! Passages: the units of search. Invariant: they do not overlap and together cover all that is not blank.
