//! Small facts made by hand for the tests of the index.
