//! workspace: see lib.rs.
