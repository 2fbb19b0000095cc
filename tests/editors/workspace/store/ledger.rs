//! The ledger: every movement of money is one line that is never changed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// One movement between two accounts.
pub struct Movement {
    pub from: String,
    pub to: String,
    pub cents: i64,
}

/// All movements, oldest first. Nothing is ever taken out: a mistake is mended by a movement in the other direction, so
/// that whoever reads the ledger later sees both the mistake and its remedy.
#[derive(Default)]
pub struct Ledger {
    movements: Vec<Movement>,
}

impl Ledger {
    pub fn record(&mut self, movement: Movement) {
        assert!(movement.cents > 0, "a movement of nothing is none");
        self.movements.push(movement);
    }

    /// How much money each account holds after all movements. Accounts appear in the order of their names; one that has
    /// never taken part in a movement does not appear at all, and one that gave as much as it got holds zero. The sum
    /// over all accounts is always zero, since money only moves.
    pub fn balances(&self) -> BTreeMap<&str, i64> {
        let mut held = BTreeMap::new();
        for movement in &self.movements {
            *held.entry(movement.from.as_str()).or_insert(0) -= movement.cents;
            *held.entry(movement.to.as_str()).or_insert(0) += movement.cents;
        }
        held
    }

    /// Saves the ledger to disk so that a crash never leaves half a file: all lines are written to a temporary file beside
    /// the old one, that file is synced, and then it is renamed over the old one in one step. Whoever opens the ledger
    /// afterwards reads either all of the old lines or all of the new ones.
    pub fn save_atomically(&self, path: &Path) -> io::Result<()> {
        let temporary = path.with_extension("temporary");
        let mut file = BufWriter::new(File::create(&temporary)?);
        for movement in &self.movements {
            writeln!(file, "{}\t{}\t{}", movement.from, movement.to, movement.cents)?;
        }
        file.into_inner()?.sync_all()?;
        std::fs::rename(temporary, path)
    }
}
