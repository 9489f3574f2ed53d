//! Work that waits for the disk, on threads that may wait, and not more of it at once than the machine has use for.
//!
//! The threads are there before the first request is taken. The runtime's own ones for such work are begun when they are needed: where
//! the system has no more then, a request would wait for ever, or the program would be ended.

use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

use super::problem::Problem;

/// What a thread does.
type Work = Box<dyn FnOnce() + Send>;

/// Work that did not come to its end.
#[derive(Debug, thiserror::Error)]
#[error("the work ended early")]
pub struct Ended;

/// Threads that such work is done on.
#[derive(Debug, Clone)]
pub struct Turns {
    /// One who waits and goes away asks for no work.
    room: Arc<Semaphore>,
    give: Sender<Work>,
}

impl Turns {
    /// Begins so many threads, or as many as can be had.
    ///
    /// # Errors
    /// The operating system's, where none can be had.
    pub fn of(most: usize) -> io::Result<Self> {
        let (give, take) = mpsc::channel();
        let take = Arc::new(Mutex::new(take));
        let begin = || {
            let take = Arc::clone(&take);
            thread::Builder::new().spawn(move || work(&take))
        };
        begin()?;
        let more = (1..most).take_while(|_| begin().is_ok()).count();
        Ok(Self {
            room: Arc::new(Semaphore::new(1 + more)),
            give,
        })
    }

    /// Does something when it is its turn. Whoever asked may be gone before the answer is there; the turn ends with the
    /// answer.
    ///
    /// # Errors
    /// [`Ended`] where it panicked.
    pub fn begin<T: Send + 'static, W: FnOnce() -> T + Send + 'static>(
        &self,
        work: W,
    ) -> impl Future<Output = Result<T, Ended>> + Send + use<T, W> {
        let (room, give) = (Arc::clone(&self.room), self.give.clone());
        let (tell, hears) = oneshot::channel();
        let work: Work = Box::new(move || {
            let _ = tell.send(work());
        });
        async move {
            let turn = room.acquire_owned().await;
            let turn = turn.expect("nobody closes the semaphore");
            let work = Box::new(move || {
                let _turn = turn;
                work();
            });
            give.send(work).map_err(|_| Ended)?;
            hears.await.map_err(|_| Ended)
        }
    }

    /// Answers a request when it is its turn, as [`Turns::begin`] does something.
    pub async fn wait<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        match self.begin(work).await {
            Ok(answer) => answer,
            Err(error) => Err(Problem::broken(&error)),
        }
    }
}

/// Works until nobody can ask any more.
fn work(take: &Mutex<Receiver<Work>>) {
    let next = || take.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(work) = next() {
        // Whoever asked hears of it, and the next one finds the thread.
        let _ = catch_unwind(AssertUnwindSafe(work));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_panics_is_told_and_takes_no_thread_away() {
        let turns = Turns::of(1).unwrap();
        for _ in 0..3 {
            assert!(turns.begin(|| panic!("on purpose")).await.is_err());
            assert_eq!(turns.begin(|| 4).await.unwrap(), 4);
        }
    }
}
