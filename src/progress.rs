//! How far something long is, and who is told of it.

use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Stack of a thread that reads pages; their markup may lie sixty-four deep.
pub const STACK: usize = 8 << 20;

/// How far something is, in units of its own, which who does it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Units that are done.
    pub done: usize,
    /// Units in all, as far as that is known before.
    pub all: usize,
}

/// Is told how far something is, and may end it with `Break`.
pub type Tell<'a> = dyn FnMut(Progress) -> ControlFlow<()> + 'a;

/// Does some work on another thread, and something else here, which is told by a channel that closes when the work has ended. Where no
/// thread can be had, the work is done here first.
pub fn beside<T: Send, H>(work: impl FnOnce() -> T + Send, here: impl FnOnce(&Receiver<()>) -> H) -> (T, H) {
    let work = Mutex::new(Some(work));
    let take = || work.lock().unwrap_or_else(PoisonError::into_inner).take();
    let work = || take().map(|work| work());
    let (ended, end) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(STACK);
        let worker = worker.spawn_scoped(scope, move || {
            let _ended = ended;
            work()
        });
        let (done, here) = match worker {
            Ok(worker) => {
                let here = here(&end);
                (worker.join().unwrap_or_else(|panic| resume_unwind(panic)), here)
            }
            Err(_) => (work(), here(&end)),
        };
        (done.expect("it is taken once"), here)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_beside_the_work_hears_when_that_has_ended() {
        let (four, heard) = beside(|| 4, |end| end.recv().is_err());
        assert_eq!((four, heard), (4, true));
    }
}
