//! Whether a file holds all that its headers promise, for the three formats of shared libraries. Invariant: reads headers
//! alone, bounded, and never beyond the file; what it accepts a loader can map whole. Must not load anything.

/// Most headers of one kind that are looked at.
const MOST: u64 = 512;
/// Largest table of load commands, in bytes.
const MOST_COMMANDS: u64 = 1 << 20;

/// A system's format of shared libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Elf,
    MachO,
    Pe,
}

impl Format {
    /// That of this system.
    pub const HERE: Self = if cfg!(windows) {
        Self::Pe
    } else if cfg!(target_vendor = "apple") {
        Self::MachO
    } else {
        Self::Elf
    };
}

/// A file's bytes by place.
pub struct Image<'a> {
    pub length: u64,
    /// Fills the buffer from a place; false where the file ends before.
    pub read: &'a dyn Fn(u64, &mut [u8]) -> bool,
}

const CUT: &str = "is cut off; install it again";

impl Image<'_> {
    fn bytes<const N: usize>(&self, at: u64) -> Result<[u8; N], String> {
        let mut out = [0; N];
        if at.checked_add(N as u64).is_none_or(|end| end > self.length) || !(self.read)(at, &mut out) {
            return Err(CUT.into());
        }
        Ok(out)
    }

    fn u16(&self, at: u64) -> Result<u64, String> {
        Ok(u64::from(u16::from_le_bytes(self.bytes(at)?)))
    }

    fn u32(&self, at: u64) -> Result<u64, String> {
        Ok(u64::from(u32::from_le_bytes(self.bytes(at)?)))
    }

    fn u64(&self, at: u64) -> Result<u64, String> {
        Ok(u64::from_le_bytes(self.bytes(at)?))
    }

    fn holds(&self, at: u64, size: u64) -> Result<(), String> {
        if at.checked_add(size).is_none_or(|end| end > self.length) { Err(CUT.into()) } else { Ok(()) }
    }

    /// Whether it is a whole library of a system with this format. The error completes "PATH ...".
    pub fn check(&self, format: Format) -> Result<(), String> {
        if self.length < 64 {
            return Err("is too short for a shared library".into());
        }
        match format {
            Format::Elf => self.elf(),
            Format::MachO => self.mach_o(),
            Format::Pe => self.pe(),
        }
    }

    fn elf(&self) -> Result<(), String> {
        let head: [u8; 6] = self.bytes(0)?;
        if head[..4] != *b"\x7FELF" || head[4] != 2 || head[5] != 1 || self.u16(16)? != 3 {
            return Err(unlike());
        }
        let machine = if cfg!(target_arch = "aarch64") { 183 } else { 62 };
        if self.u16(18)? != machine {
            return Err("is a shared library for another processor".into());
        }
        let (table, size, count) = (self.u64(32)?, self.u16(54)?, self.u16(56)?);
        if size != 56 || count == 0 || count > MOST {
            return Err("has program headers of an unknown kind".into());
        }
        for entry in 0..count {
            let at = table.checked_add(entry * size).ok_or("is damaged")?;
            // Those that are loaded.
            if self.u32(at)? == 1 {
                self.holds(self.u64(at + 8)?, self.u64(at + 32)?)?;
            }
        }
        // The table of sections stands at the end of the file.
        let (sections, size, count) = (self.u64(40)?, self.u16(58)?, self.u16(60)?);
        if sections > 0 { self.holds(sections, size * count) } else { Ok(()) }
    }

    fn mach_o(&self) -> Result<(), String> {
        let magic: [u8; 4] = self.bytes(0)?;
        if magic == [0xCA, 0xFE, 0xBA, 0xBE] {
            // Several in one, each for a processor; these headers are big endian.
            let big = |at| -> Result<u64, String> { Ok(u64::from(u32::from_be_bytes(self.bytes(at)?))) };
            for entry in 0..big(4)?.min(MOST) {
                let at = 8 + entry * 20;
                let (offset, size) = (big(at + 8)?, big(at + 12)?);
                self.holds(offset, size)?;
                self.mach_o_at(offset)?;
            }
            return Ok(());
        }
        self.mach_o_at(0)
    }

    fn mach_o_at(&self, start: u64) -> Result<(), String> {
        if self.bytes::<4>(start)? != [0xCF, 0xFA, 0xED, 0xFE] {
            return Err(unlike());
        }
        let (count, size) = (self.u32(start + 16)?, self.u32(start + 20)?);
        if count > MOST || size > MOST_COMMANDS {
            return Err("has load commands of an unknown kind".into());
        }
        let mut at = start + 32;
        self.holds(at, size)?;
        for _ in 0..count {
            let (kind, size) = (self.u32(at)?, self.u32(at + 4)?);
            // A segment of 64 bits: where it lies in the file and how long it is there.
            if kind == 0x19 {
                let offset = start.checked_add(self.u64(at + 40)?).ok_or("is damaged")?;
                self.holds(offset, self.u64(at + 48)?)?;
            }
            at = at.checked_add(size.max(8)).ok_or("is damaged")?;
        }
        Ok(())
    }

    fn pe(&self) -> Result<(), String> {
        if self.bytes::<2>(0)? != *b"MZ" {
            return Err(unlike());
        }
        let start = self.u32(60)?;
        if self.bytes::<4>(start)? != *b"PE\0\0" {
            return Err(unlike());
        }
        let (count, optional) = (self.u16(start + 6)?, self.u16(start + 20)?);
        for section in 0..count.min(MOST) {
            let at = start + 24 + optional + section * 40;
            self.holds(self.u32(at + 20)?, self.u32(at + 16)?)?;
        }
        Ok(())
    }
}

fn unlike() -> String {
    "is not a 64-bit shared library of this system".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: Format, bytes: &[u8]) -> Result<(), String> {
        let read = |at: u64, out: &mut [u8]| {
            let found = bytes.get(at as usize..at as usize + out.len());
            found.map(|it| out.copy_from_slice(it)).is_some()
        };
        Image { length: bytes.len() as u64, read: &read }.check(format)
    }

    fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
        bytes[at..at + value.len()].copy_from_slice(value);
    }

    /// One segment that ends with the file.
    fn mach_o() -> Vec<u8> {
        let mut out = vec![0; 400];
        put(&mut out, 0, &[0xCF, 0xFA, 0xED, 0xFE]);
        put(&mut out, 16, &1u32.to_le_bytes());
        put(&mut out, 20, &72u32.to_le_bytes());
        put(&mut out, 32, &0x19u32.to_le_bytes());
        put(&mut out, 36, &72u32.to_le_bytes());
        put(&mut out, 72, &300u64.to_le_bytes());
        put(&mut out, 80, &100u64.to_le_bytes());
        out
    }

    fn pe() -> Vec<u8> {
        let mut out = vec![0; 400];
        put(&mut out, 0, b"MZ");
        put(&mut out, 60, &80u32.to_le_bytes());
        put(&mut out, 80, b"PE\0\0");
        put(&mut out, 86, &1u16.to_le_bytes());
        put(&mut out, 100, &40u16.to_le_bytes());
        put(&mut out, 144 + 16, &100u32.to_le_bytes());
        put(&mut out, 144 + 20, &300u32.to_le_bytes());
        out
    }

    #[test]
    fn whole_files_pass_and_cut_ones_do_not() {
        let of_this = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let mut fat = vec![0; 64];
        put(&mut fat, 0, &[0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 1]);
        put(&mut fat, 16, &[0, 0, 0, 64, 0, 0, 1, 144]);
        fat.extend(mach_o());
        let all = [(Format::Elf, of_this), (Format::MachO, mach_o()), (Format::MachO, fat), (Format::Pe, pe())];
        for (format, bytes) in all {
            assert_eq!(check(format, &bytes), Ok(()), "{format:?}");
            assert_eq!(check(format, &bytes[..bytes.len() - 1]), Err(CUT.into()), "{format:?}");
            assert_eq!(check(format, &bytes[..bytes.len() / 3]), Err(CUT.into()), "{format:?}");
            assert!(check(format, &vec![b'x'; 4_096]).unwrap_err().contains("not a 64-bit"));
            assert!(check(format, b"hello").unwrap_err().contains("too short"));
        }
        let mut for_another = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        put(&mut for_another, 18, &[3, 0]);
        assert!(check(Format::Elf, &for_another).unwrap_err().contains("another processor"));
    }

    proptest::proptest! {
        #[test]
        fn damage_is_told_never_believed_into_a_panic(at in 0usize..400, byte: u8, len in 0usize..400) {
            for (format, mut bytes) in [(Format::MachO, mach_o()), (Format::Pe, pe())] {
                bytes[at] = byte;
                let _ = check(format, &bytes[..len]);
                let _ = check(format, &bytes);
            }
        }
    }
}
