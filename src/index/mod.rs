//! index: see lib.rs.
