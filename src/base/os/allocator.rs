//! What the C library's allocator keeps for later. Invariant: only free memory is touched. Must not know who was the last
//! to need it.
#![allow(unsafe_code, reason = "a call of the C library that no crate of ours offers")]

/// Gives the system back the memory that is free but kept, where the allocator has such a call.
pub fn give_back() {
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
