//! The query files of the languages, compiled. Must not know what is made of a capture.
