//! What allocators hand out, and what they keep for later. Invariant: only free memory is touched. Must not know who was
//! the last to need it, nor which allocator the binary has: it names its own.
#![allow(unsafe_code, reason = "a call of the C library that no crate of ours offers")]

use std::sync::OnceLock;

/// What gives back the free memory of the binary's own allocator.
static COLLECT: OnceLock<fn()> = OnceLock::new();

/// To be called first by a binary: memory comes in pages of the usual size from here on, and `collect` gives back what the
/// binary's allocator keeps. With huge pages a thread that needs 64 KiB holds 2 MiB, which is most of what an idle server
/// takes, and each new one has to be zeroed.
pub fn begin(collect: fn()) {
    #[cfg(target_os = "linux")]
    {
        // Where the system refuses, we only take more memory.
        let _ = rustix::thread::disable_transparent_huge_pages(true);
    }
    // A second call names the same.
    let _ = COLLECT.set(collect);
}

/// Gives the system back the memory that is free but kept: by the binary's allocator, and by the C library's (parsers).
pub fn give_back() {
    if let Some(collect) = COLLECT.get() {
        collect();
    }
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn malloc_trim(keep: usize) -> i32;
        }
        // SAFETY: glibc's `malloc_trim` may be called at any time from any thread; it locks each arena and touches
        // nothing that is in use.
        unsafe { malloc_trim(0) };
    }
}

/// What an allocation of so many bytes takes: allocators hand out sizes in steps of a quarter of a power of two.
pub fn allocated(bytes: usize) -> usize {
    match bytes {
        0 => 0,
        1..=64 => bytes.next_multiple_of(16),
        _ => bytes.next_multiple_of((1usize << bytes.ilog2()) / 4),
    }
}

#[cfg(test)]
mod tests {
    use super::allocated;

    #[test]
    fn sizes_are_those_of_the_allocator() {
        for (wanted, given) in
            [(0, 0), (1, 16), (16, 16), (17, 32), (64, 64), (65, 80), (80, 80), (129, 160), (1025, 1280)]
        {
            assert_eq!(allocated(wanted), given, "{wanted}");
        }
    }
}
