//! The settings in force, and where each comes from. Sources, later ones winning: defaults, the profile (whoever names it),
//! the user's `portolan.toml`, `PORTOLAN_*` variables, the client (initializationOptions, then live configuration), the command line; last a root's
//! own `portolan.toml`, which may only narrow. Invariant: every row of the table has a checked value; a bad one is
//! dropped with a notice that names its source. Must not know what a setting does.

mod narrow;
pub mod profiles;
pub mod table;
#[cfg(test)]
mod tests;
pub mod value;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::os::machine::Machine;
use table::{ROWS, Row, Scope};
pub use value::Value;

/// Where a value comes from, in words: `default`, the path of a file, `--set`.
pub type Origin = String;

/// All settings with their origins, and what was wrong with the sources.
#[derive(Clone, Debug)]
pub struct Settings {
    values: BTreeMap<&'static str, (Value, Origin)>,
    /// What the profile `auto` goes by; none: the defaults.
    machine: Option<Machine>,
    /// Rows that the command line has set: it goes before a client, which speaks later.
    pinned: BTreeSet<&'static str>,
    /// What roots have narrowed, as they wrote it: it holds for what a client says later as well.
    narrowings: Vec<(&'static Row, Value, Origin)>,
    /// One sentence for each thing that was not taken, with its source and the remedy.
    pub notices: Vec<String>,
}

/// How the origin of a profile's values begins.
const PROFILE: &str = "profile ";

/// How much a source may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The user's own: everything.
    User,
    /// Live configuration of a client, which mixes user and workspace settings unseen: no machine settings.
    Client,
    /// A file in the workspace: narrowing only.
    Workspace,
}

impl Default for Settings {
    fn default() -> Self {
        let values = ROWS.iter().map(|row| (row.name, (Value::default_of(row), "default".to_owned()))).collect();
        Self { values, machine: None, pinned: BTreeSet::new(), narrowings: Vec::new(), notices: Vec::new() }
    }
}

impl Settings {
    /// Tells what the profile `auto` is to go by.
    pub fn measure(&mut self, machine: Machine) {
        self.machine = Some(machine);
        self.apply_profile(Trust::User);
    }

    /// Gives every setting that nobody has set by itself the value of the profile in force.
    fn apply_profile(&mut self, trust: Trust) {
        let name = self.text(&table::PROFILE).to_owned();
        let origin = format!("{PROFILE}{name}");
        let wanted: Vec<(&str, String)> = match profiles::values(&name) {
            Some(values) => values.iter().map(|&(row, text)| (row, text.to_owned())).collect(),
            None => self.machine.as_ref().map(profiles::measured).unwrap_or_default(),
        };
        // What shapes an index or names a device is no business of those who share a connection with a workspace.
        let allowed = |row: &Row| trust != Trust::Client || row.scope != Scope::Machine;
        for row in ROWS.iter().filter(|row| allowed(row)) {
            let from = &self.values[row.name].1;
            if from != "default" && !from.starts_with(PROFILE) {
                continue;
            }
            let named = wanted.iter().find(|it| it.0 == row.name);
            let value = named.and_then(|(_, text)| Value::from_text(row, text).ok());
            let fresh = match value {
                Some(value) => (value, origin.clone()),
                None => (Value::default_of(row), "default".to_owned()),
            };
            self.values.insert(row.name, fresh);
        }
    }

    /// Puts a checked value in force.
    fn take(&mut self, row: &'static Row, value: Value, origin: &str, trust: Trust) {
        self.values.insert(row.name, (value, origin.to_owned()));
        if row.name == table::PROFILE.name {
            self.apply_profile(trust);
        }
    }

    /// Takes a TOML text (`portolan.toml`). Nothing of a text that does not parse is taken.
    pub fn add_toml(&mut self, text: &str, origin: &str, trust: Trust) {
        match text.parse::<toml::Table>() {
            Ok(table) => self.add_json(&json_of(toml::Value::Table(table)), origin, trust),
            Err(error) => {
                let line = error.span().map_or(1, |s| text[..s.start.min(text.len())].matches('\n').count() + 1);
                self.notices
                    .push(format!("{origin}:{line}: {}; mend it, until then none of it is used", error.message()));
            }
        }
    }

    /// Takes nested JSON objects, `{"memory": {"limit_mb": 256}}`; dotted names are accepted too.
    pub fn add_json(&mut self, json: &Json, origin: &str, trust: Trust) {
        let mut pending = vec![(String::new(), json)];
        while let Some((prefix, json)) = pending.pop() {
            let name = prefix.as_str();
            if let (Some((row, language)), None) = (table::find_of_language(name), table::find(name)) {
                self.set(row, self.with_language(row, language, json), origin, trust);
                continue;
            }
            match (table::find(name), json) {
                (Some(row), it) => self.set(row, Value::from_json(row, it), origin, trust),
                (None, Json::Object(map)) => {
                    for (key, it) in map.iter().rev() {
                        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                        pending.push((name, it));
                    }
                }
                (None, Json::Null) => {}
                (None, _) => self.unknown(name, origin),
            }
        }
    }

    /// Takes `NAME=VALUE` as given with `--set`; only a root may still narrow it.
    pub fn add_assignment(&mut self, text: &str, origin: &str) -> Result<(), String> {
        let (name, value) = text.split_once('=').ok_or_else(|| format!("{origin} wants NAME=VALUE, not {text:?}"))?;
        if let Some((row, language)) = table::find_of_language(name.trim()) {
            let value = self.with_language(row, language, &Json::from(value.trim()));
            self.values.insert(row.name, (value.map_err(|why| format!("{origin}: {why}"))?, origin.to_owned()));
            self.pinned.insert(row.name);
            return Ok(());
        }
        let row = table::find(name.trim()).ok_or_else(|| format!("{origin}: {}", unknown_sentence(name.trim())))?;
        let value = Value::from_text(row, value.trim()).map_err(|why| format!("{origin}: {why}"))?;
        self.take(row, value, origin, Trust::User);
        self.pinned.insert(row.name);
        Ok(())
    }

    /// Takes `PORTOLAN_<NAME>` variables out of an environment; other `PORTOLAN_` variables are not settings.
    pub fn add_environment(&mut self, variables: impl Iterator<Item = (String, String)>) {
        let variables: BTreeMap<String, String> = variables.filter(|(k, _)| k.starts_with("PORTOLAN_")).collect();
        for row in ROWS {
            let name = row.variable();
            if let Some(text) = variables.get(&name) {
                self.set(row, Value::from_text(row, text), &name, Trust::User);
            }
        }
    }

    fn set(&mut self, row: &'static Row, value: Result<Value, String>, origin: &str, trust: Trust) {
        let value = match value {
            Ok(it) => it,
            Err(why) => return self.notices.push(format!("{origin}: {why}; it stays as it was")),
        };
        let (before, wish) = (&self.values[row.name].0, value.clone());
        let taken = match (trust, row.scope) {
            (Trust::User, _) | (Trust::Client, Scope::User | Scope::Narrowing) => Ok(value),
            (Trust::Client, Scope::Machine) => Err("is a machine setting: set it in your own portolan.toml"),
            (Trust::Workspace, Scope::Narrowing) => {
                narrow::narrowed(before, value).ok_or("may only be narrowed by a workspace")
            }
            (Trust::Workspace, _) => Err("cannot be set by a workspace: set it in your own portolan.toml"),
        };
        match taken {
            Ok(value) if trust == Trust::Workspace => {
                self.narrowings.push((row, wish, origin.to_owned()));
                self.take(row, value, origin, trust);
            }
            Ok(_) if self.pinned.contains(row.name) => {}
            Ok(value) => {
                self.take(row, value, origin, trust);
                self.narrow_again(row);
            }
            Err(why) => self.notices.push(format!("{origin}: {} {why}", row.name)),
        }
    }

    fn narrow_again(&mut self, row: &Row) {
        for (_, wish, origin) in self.narrowings.iter().filter(|it| it.0.name == row.name) {
            let before = &self.values[row.name].0;
            if let Some(value) = narrow::narrowed(before, wish.clone()).filter(|it| it != before) {
                self.values.insert(row.name, (value, origin.clone()));
            }
        }
    }

    /// Takes back what differs from `before` and counts from the start on only, and says so.
    pub fn keep_what_is_not_live(&mut self, before: &Settings) {
        for row in ROWS {
            let (value, origin) = &self.values[row.name];
            let counts = row.live && !origin.starts_with(PROFILE);
            if counts || *value == before.values[row.name].0 {
                continue;
            }
            let origin = origin.clone();
            self.values.insert(row.name, before.values[row.name].clone());
            if origin != "default" && !origin.starts_with(PROFILE) {
                self.notices.push(format!(
                    "{origin}: {} is read at the start only, from your portolan.toml or from what your editor sends \
                     then (initializationOptions); it stays as it was",
                    row.name
                ));
            }
        }
    }

    /// The value of a setting of languages with that of one language replaced.
    fn with_language(&self, row: &Row, language: &str, value: &Json) -> Result<Value, String> {
        let own = format!("{language}=");
        let mut all: Vec<Json> =
            self.list(row).iter().filter(|it| !it.starts_with(&own)).map(|it| Json::from(it.as_str())).collect();
        let written = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        all.push(Json::from(own + &written));
        Value::from_json(row, &Json::from(all))
    }

    /// The languages that a setting of languages names, with their numbers.
    pub fn languages(&self, row: &Row) -> Vec<(String, f64)> {
        let entries = self.list(row).iter().filter_map(|it| it.split_once('='));
        entries.filter_map(|(language, value)| Some((language.to_owned(), value.parse().ok()?))).collect()
    }

    fn unknown(&mut self, name: &str, origin: &str) {
        self.notices.push(format!("{origin}: {}", unknown_sentence(name)));
    }

    /// The value of a row, and its origin.
    pub fn get(&self, row: &Row) -> (&Value, &str) {
        let (value, origin) = &self.values[row.name];
        (value, origin)
    }

    pub fn bool(&self, row: &Row) -> bool {
        matches!(self.get(row).0, Value::Bool(true))
    }

    /// A whole number; the bounds of the row hold.
    pub fn int(&self, row: &Row) -> i64 {
        if let Value::Int(it) = self.get(row).0 { *it } else { 0 }
    }

    pub fn float(&self, row: &Row) -> f64 {
        if let Value::Float(it) = self.get(row).0 { *it } else { 0.0 }
    }

    pub fn text(&self, row: &Row) -> &str {
        if let Value::Text(it) = self.get(row).0 { it } else { "" }
    }

    pub fn list(&self, row: &Row) -> &[String] {
        if let Value::List(it) = self.get(row).0 { it } else { &[] }
    }

    /// Bytes.
    pub fn size(&self, row: &Row) -> u64 {
        if let Value::Size(it) = self.get(row).0 { *it } else { 0 }
    }

    /// The part of the settings that shapes an index, as text: another text is another index directory.
    pub fn index_shape(&self) -> String {
        ROWS.iter()
            // One that nobody has set says nothing, so that indexes made before it was there stay in use.
            .filter(|row| {
                row.shapes_index && !(self.list(row).is_empty() && matches!(row.kind, table::Kind::PerLanguage(_)))
            })
            .map(|row| format!("{}={}\n", row.name, self.get(row).0.to_json()))
            .collect()
    }
}

/// TOML as JSON; what JSON has no word for (a date, `nan`, `inf`) becomes a text, which no number takes. The parser of TOML
/// bounds how deep values are nested.
fn json_of(value: toml::Value) -> Json {
    match value {
        toml::Value::String(it) => Json::String(it),
        toml::Value::Integer(it) => it.into(),
        toml::Value::Float(it) if it.is_finite() => it.into(),
        toml::Value::Float(it) => Json::String(it.to_string()),
        toml::Value::Boolean(it) => it.into(),
        toml::Value::Datetime(it) => Json::String(it.to_string()),
        toml::Value::Array(all) => all.into_iter().map(json_of).collect(),
        toml::Value::Table(all) => Json::Object(all.into_iter().map(|(key, it)| (key, json_of(it))).collect()),
    }
}

fn unknown_sentence(name: &str) -> String {
    let near = ROWS.iter().map(|row| row.name).min_by_key(|known| distance(name, known));
    match near.filter(|known| distance(name, known) <= 4) {
        Some(known) => format!("no setting is called {name}; did you mean {known}?"),
        None => format!("no setting is called {name}; `portolan config show` lists them"),
    }
}

/// Edit distance, for suggestions.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let next = (diagonal + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
            diagonal = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}
