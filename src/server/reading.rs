//! Asking the archive. Reading it waits for the disk and belongs to one thread at a time, so that each question opens the
//! archive anew, on a thread that may wait; not more of them at once than the machine has use for.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task;

use super::problem::Problem;
use crate::archive::{Archive, Owner};

/// An archive that can be asked from any task.
#[derive(Debug, Clone)]
pub struct Reading {
    path: Arc<PathBuf>,
    owner: Owner,
    turns: Arc<Semaphore>,
}

impl Reading {
    /// Takes an archive that at most so many may read at once.
    pub fn of(path: PathBuf, owner: Owner, readers: usize) -> Self {
        Self {
            path: Arc::new(path),
            owner,
            turns: Arc::new(Semaphore::new(readers.max(1))),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the archive as it is now.
    pub fn open(&self) -> Result<Archive, Problem> {
        Archive::open(&self.path, self.owner).map_err(|error| Problem::broken(&error))
    }

    /// Asks a question when it is its turn. Whoever asked may be gone before the answer is there; the turn ends with the
    /// answer.
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
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.expect("nobody closes the semaphore");
        let work = move || {
            let _turn = turn;
            work()
        };
        match task::spawn_blocking(work).await {
            Ok(answer) => answer,
            Err(error) => Err(Problem::broken(&error)),
        }
    }
}
