//! What is made from the table of settings stays equal to it: docs/SETTINGS.md and the server's part of the VS Code
//! extension's package.json. `UPDATE_EXPECT=1` rewrites both.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use portolan::base::settings::Value;
use portolan::base::settings::table::{Kind, ROWS, Row, Scope};
use portolan::base::settings::value::wanted;
use serde_json::{Map, Value as Json, json};

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Compares, or rewrites when asked to.
fn hold(name: &str, expected: &str) {
    let path = file(name);
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    if found == expected {
        return;
    }
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, expected).unwrap();
        return;
    }
    panic!("{name} does not fit the table of settings: run the test again with UPDATE_EXPECT=1");
}

fn scope_of(row: &Row) -> &'static str {
    match row.scope {
        Scope::Machine => "yours only",
        Scope::User => "yours, the client's",
        Scope::Narrowing => "yours, the client's; a workspace narrows",
    }
}

#[test]
fn the_manual_fits_the_table() {
    let mut out = String::from(
        "# Settings\n\nMade from the table in `src/base/settings/table.rs`. They are read from `portolan.toml` in your configuration\n\
         directory, then from `PORTOLAN_<NAME>` variables, then from the client, then from `--set NAME=VALUE`; a\n\
         `portolan.toml` in the root of a workspace may only narrow. `portolan config show --origin` prints those in force.\n\n\
         Those without \"at once\" are read when the server starts: a client has to send them in `initializationOptions`.\n\n\
         | setting | default | wants | who sets it | takes effect | what it does |\n|---|---|---|---|---|---|\n",
    );
    for row in ROWS {
        let default = Value::default_of(row).to_json().to_string().replace('|', "\\|");
        let default = if default.len() > 60 { "a list".to_owned() } else { format!("`{default}`") };
        let (wanted, who, when) = (wanted(row), scope_of(row), if row.live { "at once" } else { "at the start" });
        writeln!(out, "| `{}` | {default} | {wanted} | {who} | {when} | {} |", row.name, row.help).unwrap();
    }
    hold("docs/SETTINGS.md", &out);
}

fn schema(row: &Row) -> Json {
    let mut it = Map::new();
    match row.kind {
        Kind::Bool(_) => drop(it.insert("type".into(), json!("boolean"))),
        Kind::Int(_, low, high) => {
            it.insert("type".into(), json!("integer"));
            it.insert("minimum".into(), json!(low));
            it.insert("maximum".into(), json!(high));
        }
        Kind::Float(_, low, high) => {
            it.insert("type".into(), json!("number"));
            it.insert("minimum".into(), json!(low));
            it.insert("maximum".into(), json!(high));
        }
        Kind::Path(_) => drop(it.insert("type".into(), json!("string"))),
        Kind::Choice(all) => drop(it.insert("enum".into(), json!(all))),
        Kind::List(_) | Kind::PerLanguage(_) => {
            it.insert("type".into(), json!("array"));
            it.insert("items".into(), json!({"type": "string"}));
        }
        Kind::Size(_) | Kind::SizeIn(..) => drop(it.insert("type".into(), json!(["integer", "string"]))),
    }
    it.insert("default".into(), Value::default_of(row).to_json());
    let scope = if row.scope == Scope::Machine { "machine" } else { "window" };
    it.insert("scope".into(), json!(scope));
    it.insert("markdownDescription".into(), json!(row.help));
    Json::Object(it)
}

#[test]
fn the_extension_offers_the_servers_settings() {
    let name = "editors/vscode/package.json";
    let text = std::fs::read_to_string(file(name)).unwrap();
    let package: Json = serde_json::from_str(&text).unwrap();
    let own = &package["contributes"]["configuration"][0]["properties"];
    let mut properties = Map::new();
    for row in ROWS {
        let key = format!("portolan.{}", row.name);
        // What the extension offers itself (with its own words) is not offered twice.
        if own.get(&key).is_none() {
            properties.insert(key, schema(row));
        }
    }
    let block: String = serde_json::to_string_pretty(&properties).unwrap().replace('\n', "\n        ");
    let head = "\"title\": \"Portolan: server\",";
    let start = text.find(head).expect("the server's part of the configuration") + head.len();
    let start = start + text[start..].find('{').unwrap();
    let end = start + closing_brace(&text[start..]) + 1;
    hold(name, &format!("{}{block}{}", &text[..start], &text[end..]));
}

/// Offset of the brace that closes the one at the start.
fn closing_brace(text: &str) -> usize {
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            '{' if !quoted => depth += 1,
            '}' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    text.len() - 1
}
