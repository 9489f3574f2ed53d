//! Asking the archive. Reading it waits for the disk and belongs to one thread at a time, so that each question opens the
//! archive anew, when it is its turn.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::problem::Problem;
use super::turns::Turns;
use crate::archive::{Archive, Owner};

/// An archive that can be asked from any task.
#[derive(Debug, Clone)]
pub struct Reading {
    path: Arc<PathBuf>,
    owner: Owner,
    turns: Turns,
}

impl Reading {
    /// Takes an archive that at most so many may read at once.
    ///
    /// # Errors
    /// As for [`Turns::of`].
    pub fn of(path: PathBuf, owner: Owner, readers: usize) -> io::Result<Self> {
        Ok(Self {
            path: Arc::new(path),
            owner,
            turns: Turns::of(readers)?,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the archive as it is now.
    pub fn open(&self) -> Result<Archive, Problem> {
        Archive::open(&self.path, self.owner).map_err(|error| Problem::broken(&error))
    }

    /// Asks a question when it is its turn.
    pub async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Archive) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let reading = self.clone();
        self.wait(move || question(&reading.open()?)).await
    }

    /// Does what may wait for the disk, when it is its turn.
    pub async fn wait<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.turns.wait(work).await
    }
}
