//! The ledger: every movement of money is one line that is never changed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};

/// One movement between two accounts.
pub struct Movement {
    pub from: String,
    pub to: String,
    pub cents: i64,
}

/// All movements, oldest first.
#[derive(Default)]
pub struct Ledger {
    movements: Vec<Movement>,
}

impl Ledger {
    pub fn record(&mut self, movement: Movement) {
        self.movements.push(movement);
    }

    /// How much each account holds after all movements.
    pub fn balances(&self) -> BTreeMap<&str, i64> {
        let mut held = BTreeMap::new();
        for movement in &self.movements {
            *held.entry(movement.from.as_str()).or_insert(0) -= movement.cents;
            *held.entry(movement.to.as_str()).or_insert(0) += movement.cents;
        }
        held
    }

    /// Writes the ledger to a new file beside the old one and puts it in its place, so that a crash never leaves half a file.
    pub fn persist(&self, path: &std::path::Path) -> io::Result<()> {
        let fresh = path.with_extension("new");
        let mut file = BufWriter::new(File::create(&fresh)?);
        for movement in &self.movements {
            writeln!(file, "{}\t{}\t{}", movement.from, movement.to, movement.cents)?;
        }
        file.into_inner()?.sync_all()?;
        std::fs::rename(fresh, path)
    }
}
