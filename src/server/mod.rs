//! server: see lib.rs.
