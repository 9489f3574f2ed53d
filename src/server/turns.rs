//! Work that waits for the disk, on threads that may wait, and not more of it at once than the machine has use for.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task;

use super::problem::Problem;

/// How much of such work there is room for.
#[derive(Debug, Clone)]
pub struct Turns(Arc<Semaphore>);

impl Turns {
    pub fn of(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most.max(1))))
    }

    /// Does something when it is its turn. Whoever asked may be gone before the answer is there; the turn ends with the
    /// answer.
    pub async fn wait<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let turn = Arc::clone(&self.0).acquire_owned().await;
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
