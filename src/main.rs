//! The command line of Avalaches. Everything it knows is in the library; here it is asked for and printed.

use std::process::ExitCode;

mod cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    avalaches::platform::give_memory_back();
    cli::run()
}
