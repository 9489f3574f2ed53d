//! The command line of Avalaches. Everything it knows is in the library; here it is asked for and printed.

use std::process::ExitCode;

use avalaches::platform;

mod cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    platform::give_memory_back();
    platform::on_bus_error(cli::UNREADABLE, 2);
    cli::run()
}
