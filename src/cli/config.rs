//! `portolan config show`: every setting, its value and, on request, where the value comes from.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use crate::base::settings::{Settings, table::ROWS, value};

/// Prints the settings as TOML-like lines or as JSON.
pub fn show(settings: &Settings, origin: bool, as_json: bool) -> Result<ExitCode> {
    if as_json {
        let rows: Vec<_> = ROWS
            .iter()
            .map(|row| {
                let (value, origin) = settings.get(row);
                json!({"name": row.name, "value": value.to_json(), "origin": origin, "help": row.help,
                       "wants": value::wanted(row), "variable": row.variable(), "live": row.live})
            })
            .collect();
        anstream::println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(ExitCode::SUCCESS);
    }
    for row in ROWS {
        let (value, from) = settings.get(row);
        let line = format!("{} = {}", row.name, value.to_json());
        if origin { anstream::println!("{line}  # {from}") } else { anstream::println!("{line}") }
    }
    Ok(ExitCode::SUCCESS)
}
