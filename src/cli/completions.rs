//! `avalaches completions`.

use clap_complete::Shell;

use super::{Failure, Outcome, output};

/// Print a shell's completions
#[derive(Debug, clap::Args)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub fn run(&self, command: &mut clap::Command) -> Result<Outcome, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, "avalaches", &mut script);
        output::print_bytes(&script)?;
        Ok(Outcome::Yes)
    }
}
