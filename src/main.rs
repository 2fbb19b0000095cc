//! The binary: names its allocator, hands its arguments to `cli` and exits with the code it returns. Knows nothing else.
#![allow(unsafe_code, reason = "a call of the allocator that its crate does not offer")]

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    portolan::base::os::allocator::begin(collect);
    portolan::cli::main()
}

/// Gives back what the allocator keeps for later.
fn collect() {
    unsafe extern "C" {
        fn mi_collect(force: bool);
    }
    // SAFETY: mimalloc's `mi_collect` may be called at any time from any thread; it touches only memory that is free.
    unsafe { mi_collect(true) };
}
