//! The user's programs that know timestamps.

use avalaches::storage::timestamp::Tool;

use super::{Failure, environment};

/// Finds the user's openssl.
pub fn openssl() -> Result<Tool, Failure> {
    tool(
        "openssl",
        "install OpenSSL; everything but timestamps works without it",
    )
}

/// Finds the user's ots.
pub fn ots() -> Result<Tool, Failure> {
    tool(
        "ots",
        "install it with `pip install opentimestamps-client`; everything else works without it",
    )
}

fn tool(name: &str, hint: &str) -> Result<Tool, Failure> {
    let program = environment::program(name);
    let program = program.ok_or_else(|| Failure::new(format!("there is no {name} on PATH")).hint(hint))?;
    Ok(Tool {
        program,
        environment: environment::handed_on(),
        scratch: std::env::temp_dir(),
    })
}
