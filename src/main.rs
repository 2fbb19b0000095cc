//! The binary: hands its arguments to `cli` and exits with the code it returns. Knows nothing else.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    portolan::cli::main()
}
