//! Which version of Portolan this is, in an order. Invariant: fixed for the life of a process. Where the environment has
//! `PORTOLAN_VERSION` (`major.minor.patch`), this process pretends to be that version, in the index's note and in every
//! recipe: so that tests run two versions of one binary in turn. Must not know what depends on a version.

use std::sync::OnceLock;

const VARIABLE: &str = "PORTOLAN_VERSION";

/// Major, minor, patch; the larger one is the newer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub [u16; 3]);

impl Version {
    /// That of this process.
    pub fn own() -> Self {
        pretended().or_else(|| parse(env!("CARGO_PKG_VERSION"))).unwrap_or_default()
    }
}

/// The version that this process pretends to be, where a test asked for it.
pub fn pretended() -> Option<Version> {
    static PRETENDED: OnceLock<Option<Version>> = OnceLock::new();
    *PRETENDED.get_or_init(|| parse(&std::env::var(VARIABLE).ok()?))
}

/// What a process that this one starts needs in its environment to pretend the same.
pub fn environment() -> Option<(&'static str, String)> {
    pretended().map(|it| (VARIABLE, it.0.map(|number| number.to_string()).join(".")))
}

fn parse(text: &str) -> Option<Version> {
    // What follows a number, such as `-beta`, is left out.
    let number = |part: &str| part.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok();
    let mut parts = text.splitn(3, '.').map(number);
    Some(Version([parts.next()??, parts.next()??, parts.next()??]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_their_numbers() {
        assert!(parse("0.10.0") > parse("0.9.12"));
        assert_eq!(parse("1.2.3-beta.4"), Some(Version([1, 2, 3])));
        assert_eq!([parse("1.2"), parse("x.1.2"), parse("99999.0.0")], [None; 3]);
        assert!(Version::own() > Version::default());
    }
}
