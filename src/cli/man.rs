//! `avalaches man`.

use std::path::PathBuf;

use super::{Failure, Outcome};

/// Write the man pages into a folder
#[derive(Debug, clap::Args)]
pub struct Man {
    /// The folder, made where there is none
    dir: PathBuf,
}

impl Man {
    pub fn run(&self, command: clap::Command) -> Result<Outcome, Failure> {
        let written =
            std::fs::create_dir_all(&self.dir).and_then(|()| clap_mangen::generate_to(command, &self.dir));
        written.map_err(|e| {
            Failure::new(format!(
                "could not write man pages into {}: {e}",
                self.dir.display()
            ))
        })?;
        Ok(Outcome::Yes)
    }
}
