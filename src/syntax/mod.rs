//! syntax: see lib.rs.
