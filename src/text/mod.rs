//! text: see lib.rs.
