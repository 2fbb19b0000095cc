//! The terminal that standard output may be. Invariant: asks, and changes nothing. Must not know what is written to it.

/// Columns of the terminal that standard output is, 0 where it does not say; `None` where that is no terminal.
pub fn columns() -> Option<u16> {
    rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|it| it.ws_col)
}
