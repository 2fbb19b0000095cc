//! What `stat` says of a file, as far as it tells whether the file has changed. Invariant: plain numbers, so that two
//! stamps compare by value. Must not know the file's content.

use rustix::fs::Stat;

/// Size, times and identity of a file at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FileStamp {
    /// Bytes.
    pub size: u64,
    /// Modification time, nanoseconds since 1970 (saturating: a year 2300 is no error).
    pub mtime_ns: i64,
    /// Change time, nanoseconds since 1970: moves also where somebody sets the modification time back.
    pub ctime_ns: i64,
    pub inode: u64,
    pub device: u64,
}

impl FileStamp {
    // The field types differ between platforms, hence the conversions that look idle on one of them.
    #[allow(clippy::unnecessary_cast)]
    pub(crate) fn of(stat: &Stat) -> Self {
        Self {
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mtime_ns: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            ctime_ns: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
            inode: stat.st_ino as u64,
            device: stat.st_dev as u64,
        }
    }

    /// Whether an equal stamp proves that the content is still that of `taken_at_ns` (nanoseconds since 1970, when the
    /// file was read): only if the file was 2 s old by then, since a clock's tick may hide a second write.
    pub fn is_settled(&self, taken_at_ns: i64) -> bool {
        const TICK_NS: i64 = 2_000_000_000;
        let newest = self.mtime_ns.max(self.ctime_ns);
        newest.saturating_add(TICK_NS) <= taken_at_ns
    }
}

fn nanoseconds(seconds: i64, rest: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

/// The clock now, in nanoseconds since 1970.
pub fn now_ns() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
