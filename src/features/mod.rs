//! features: see lib.rs.
