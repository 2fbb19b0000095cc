//! Reads ignore files. Invariants: never through a link, never a FIFO or device, at most 1 MiB and 20,000 lines; a file
//! beyond that is an error, since half of its lines would be another rule. Must not know what the lines mean.

use super::patterns::Patterns;
use crate::base::os::OpenError;
use crate::base::os::beneath::Directory;
use crate::workspace::skip::Skip;

const MAX_BYTES: u64 = 1 << 20;
const MAX_LINES: usize = 20_000;

/// The patterns of the ignore file `name` in `folder`. A file that is missing, not regular, a link or unreadable counts
/// as absent, as with git.
///
/// # Errors
/// `Skip::IgnoreFile` beyond the limits.
pub fn read(folder: &Directory, name: &[u8]) -> Result<Option<Patterns>, Skip> {
    let shown = String::from_utf8_lossy(name);
    match folder.read(name, MAX_BYTES) {
        Ok((text, _)) => {
            let lines = text.iter().filter(|&&b| b == b'\n').count();
            if lines > MAX_LINES {
                return Err(Skip::IgnoreFile(format!("{shown} has {lines} lines, more than {MAX_LINES}")));
            }
            Ok(Patterns::from_text(&text))
        }
        Err(OpenError::TooLarge { size }) => {
            Err(Skip::IgnoreFile(format!("{shown} has {size} bytes, more than {MAX_BYTES}")))
        }
        Err(_) => Ok(None),
    }
}
