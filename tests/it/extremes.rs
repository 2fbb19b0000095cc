//! Every row of the settings table at its extremes and beyond, through every door: what is out of range is said with its
//! remedy and changes nothing, and whatever is taken works.

use std::path::Path;
use std::time::Duration;

use portolan::base::cancel::Cancel;
use portolan::base::settings::table::{Kind, PerLanguage, ROWS, Row, Scope};
use portolan::base::settings::value::wanted;
use portolan::base::settings::{Settings, Trust, Value};
use portolan::cli::setup::workspace_options;
use portolan::workspace::{Options, Stage, Workspace};
use serde_json::{Value as Json, json};

use crate::client::{Client, able};

/// The name of every source in these tests.
const SOURCE: &str = "the source";

/// Values as they stand in a TOML file; those without a `nan` or a date in them are tried as JSON as well.
const VALUES: &[&str] = &[
    "0",
    "1",
    "-1",
    "2",
    "4096",
    "9223372036854775807",
    "-9223372036854775808",
    "0.5",
    "1.0",
    "1e300",
    "-0.0",
    "nan",
    "inf",
    "-inf",
    "true",
    "false",
    "\"\"",
    "\"nonsense\"",
    "\"-1\"",
    "\"16EB\"",
    "\"9999999999999999999999GB\"",
    "\"/\\u0000\"",
    "\"../..\"",
    "[]",
    "[\"\"]",
    "[\"[\", \"**\", \"!\", \"\\\\\"]",
    "[1]",
    "[[\"a\"]]",
    "{}",
    "1979-05-27",
];

/// Whether a checked value lies within its row, by this test's own reading of it.
fn fits(row: &Row, value: &Value) -> bool {
    match (row.kind, value) {
        (Kind::Bool(_), Value::Bool(_)) | (Kind::Size(_), Value::Size(_)) => true,
        (Kind::List(_) | Kind::PerLanguage(_), Value::List(_)) => true,
        (Kind::Int(_, low, high), Value::Int(it)) => low <= *it && *it <= high,
        (Kind::Float(_, low, high), Value::Float(it)) => it.is_finite() && low <= *it && *it <= high,
        (Kind::SizeIn(_, low, high), Value::Size(it)) => low <= *it && *it <= high,
        (Kind::Choice(all), Value::Text(it)) => all.contains(&it.as_str()),
        (Kind::Path(_), Value::Text(it)) => it.is_empty() || Path::new(it).is_absolute(),
        _ => false,
    }
}

/// What came of one source: either the value fits and nothing is said, or it is said and everything stays as it was.
fn hold(row: &Row, settings: &Settings, door: &str, value: &str) {
    let (now, origin) = settings.get(row);
    assert!(fits(row, now), "{door}: {} = {value} became {now:?}", row.name);
    if settings.notices.is_empty() {
        let taken = origin == SOURCE || origin == row.variable();
        assert!(taken, "{door}: {} = {value} was neither taken nor refused", row.name);
        return;
    }
    let [notice] = settings.notices.as_slice() else { panic!("{door}: {:?}", settings.notices) };
    assert_eq!((now, origin), (&Value::default_of(row), "default"), "{door}: {} = {value}: {notice}", row.name);
    assert!(notice.contains(row.name), "{door}: {notice}");
    let about_the_value = notice.contains(&format!("wants {}, not ", wanted(row)));
    let about_who = notice.contains("machine setting") || notice.contains("a workspace");
    assert!(about_the_value || about_who, "{door}: {notice}");
}

fn of(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = Settings::default();
    change(&mut settings);
    settings
}

#[test]
fn every_row_withstands_every_value_through_every_door() {
    for row in ROWS {
        for value in VALUES {
            let toml = format!("{} = {value}\n", row.name);
            let (section, name) = row.name.rsplit_once('.').unwrap_or(("", row.name));
            let nested = if section.is_empty() { toml.clone() } else { format!("[{section}]\n{name} = {value}\n") };
            for text in [&toml, &nested] {
                hold(row, &of(|it| it.add_toml(text, SOURCE, Trust::User)), "file", value);
                hold(row, &of(|it| it.add_toml(text, SOURCE, Trust::Workspace)), "workspace's file", value);
            }
            let plain = value.trim_matches('"').replace("\\u0000", "\0").replace("\\\\", "\\");
            let variable = (row.variable(), plain.clone());
            let settings = of(|it| it.add_environment([variable].into_iter()));
            hold(row, &settings, "environment", value);
            let assigned = of(|it| {
                if let Err(why) = it.add_assignment(&format!("{}={plain}", row.name), SOURCE) {
                    it.notices.push(why);
                }
            });
            hold(row, &assigned, "--set", value);
            let Ok(json) = serde_json::from_str::<Json>(value) else { continue };
            let dotted = json!({ row.name: json });
            for (door, trust) in [("initializationOptions", Trust::User), ("live configuration", Trust::Client)] {
                hold(row, &of(|it| it.add_json(&dotted, SOURCE, trust)), door, value);
            }
        }
    }
}

#[test]
fn who_may_not_set_a_row_is_told_so() {
    for row in ROWS {
        let value = json!({ row.name: Value::default_of(row).to_json() });
        let client = of(|it| it.add_json(&value, SOURCE, Trust::Client));
        assert_eq!(client.notices.len(), usize::from(row.scope == Scope::Machine), "{:?}", client.notices);
        let workspace = of(|it| it.add_json(&value, SOURCE, Trust::Workspace));
        assert!(row.scope == Scope::Narrowing || workspace.notices.len() == 1, "{:?}", workspace.notices);
    }
}

/// The values at the edges of what a row takes.
fn edges(row: &Row, place: &Path) -> Vec<String> {
    let text = |it: &str| it.to_owned();
    match row.kind {
        Kind::Bool(it) => vec![(!it).to_string()],
        Kind::Int(_, low, high) => vec![low.to_string(), high.to_string()],
        Kind::Float(_, low, high) => vec![low.to_string(), high.to_string()],
        Kind::SizeIn(_, low, high) => vec![low.to_string(), high.to_string()],
        Kind::Size(_) => vec![text("0"), text("1"), u64::MAX.to_string()],
        Kind::Choice(all) => all.iter().skip(1).map(|it| text(it)).collect(),
        Kind::PerLanguage(PerLanguage::Size(low, high)) => {
            vec![text("[]"), format!("rust={low}"), format!("rust={high},python={low}")]
        }
        Kind::PerLanguage(PerLanguage::Float(low, high)) => {
            vec![text("[]"), format!("rust={low}"), format!("rust={high},python={high}")]
        }
        Kind::List(_) => vec![text("[]"), text(r#"["", "[", "**/nothing/**", "!", "\\"]"#)],
        Kind::Path(_) => vec![text("/proc/nowhere/at/all"), place.join("x".repeat(300)).display().to_string()],
    }
}

/// Indexes a tiny tree with one setting at an edge, and tells how many of its files are in the index.
fn works(row: &Row, value: &str, place: &Path) -> u64 {
    let mut settings = Settings::default();
    settings.add_assignment(&format!("{}={value}", row.name), "--set").unwrap();
    let options = workspace_options(&settings).unwrap_or_else(|_| Options::from_settings(&settings));
    let cache_dir = if row.name == "cache.directory" { options.cache_dir } else { Some(place.join("cache")) };
    let executable = Some(env!("CARGO_BIN_EXE_portolan").into());
    let options = Options { cache_dir, executable, follow: false, ..options };
    let workspace = Workspace::open(vec![place.join("root")], options).unwrap();
    let patience = Cancel::new().within(Duration::from_secs(120));
    assert!(workspace.wait_indexed(Stage::Embedded, &patience), "{} = {value} never ends", row.name);
    let progress = workspace.status_progress();
    assert_eq!(progress.files_done, progress.files_found, "{} = {value}", row.name);
    progress.files_done
}

#[test]
fn an_index_is_made_with_every_row_at_its_edges() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root");
    std::fs::create_dir(&root).unwrap();
    std::fs::write(root.join("a.rs"), "/// Doubles a number.\npub fn double(it: u32) -> u32 {\n    it * 2\n}\n")
        .unwrap();
    std::fs::write(root.join("b.py"), "def halve(it):\n    \"\"\"Half of a number.\"\"\"\n    return it / 2\n")
        .unwrap();
    for row in ROWS {
        for value in edges(row, place.path()) {
            let files = works(row, &value, place.path());
            // The one row whose extreme leaves files out.
            let nothing = row.name == "tracking.size_limit" && value.len() == 1;
            assert_eq!(files, if nothing { 0 } else { 2 }, "{} = {value}", row.name);
        }
    }
}

#[test]
fn a_client_that_sends_nonsense_for_every_row_is_told_and_served() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("a.rs"), "pub fn double() {}\n").unwrap();
    let nonsense: serde_json::Map<String, Json> =
        ROWS.iter().map(|row| (row.name.to_owned(), json!([{ "no": "sense" }]))).collect();
    let mut client = Client::start(crate::client::options());
    client.configuration = Json::Object(nonsense);
    client.initialize(&[place.path()], able());
    for row in ROWS {
        let of_row = format!("the editor's settings: {} wants ", row.name);
        let told =
            client.wait_for(row.name, |it| it["params"]["message"].as_str().is_some_and(|said| said.contains(&of_row)));
        assert!(told["params"]["message"].as_str().unwrap().ends_with("it stays as it was"), "{told}");
    }
    client.wait_embedded();
    let found = client.request("workspace/symbol", json!({ "query": "double" })).unwrap();
    assert_eq!(found[0]["name"], json!("double"));
}
