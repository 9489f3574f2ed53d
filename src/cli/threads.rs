//! The threads that commands share their work on.

use std::io;
use std::num::NonZero;
use std::sync::mpsc;
use std::thread;

use rayon::ThreadBuilder;

use super::Failure;

/// What is to be done where the system has no thread to give.
pub const HINT: &str = "let this user run more processes and threads (`ulimit -u`; of a systemd unit `TasksMax`), or say --threads 1, and run the command again";

/// Begins the threads that share long work: as many as are wanted, else one for each core that this process may use, or as many as can
/// be had.
pub fn begin(wanted: u16) -> Result<(), Failure> {
    let threads = match wanted {
        0 => thread::available_parallelism().map_or(1, NonZero::get),
        wanted => usize::from(wanted),
    };
    let begin = |_| {
        let (give, take) = mpsc::channel::<ThreadBuilder>();
        let begun = thread::Builder::new().spawn(move || take.recv().map(ThreadBuilder::run));
        begun.map(|_| give)
    };
    let threads: Vec<_> = (0..threads).map_while(|number| begin(number).ok()).collect();
    if threads.is_empty() {
        let error = begin(0).err();
        return Err(cannot(&error.map_or_else(String::new, |error| error.to_string())));
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.len());
    let pool = pool.spawn_handler(|thread| {
        threads[thread.index()]
            .send(thread)
            .map_err(|_| io::Error::other("it has ended"))
    });
    pool.build_global().map_err(|error| cannot(&error.to_string()))
}

fn cannot(error: &str) -> Failure {
    Failure::new(format!("no thread can be had to work on: {error}")).hint(HINT)
}

/// Begins a runtime on as many threads as share long work, or as many as can be had besides `others`, which are needed later. The runtime
/// ends the program where it can have none, so that it is tried before.
#[cfg(feature = "network")]
pub fn runtime(others: usize) -> Result<tokio::runtime::Runtime, Failure> {
    let wanted = rayon::current_num_threads();
    let mut begun = Vec::new();
    let mut failed = None;
    while begun.len() < wanted + others && failed.is_none() {
        let (end, ended) = mpsc::channel::<()>();
        match thread::Builder::new().spawn(move || ended.recv()) {
            Ok(thread) => begun.push((thread, end)),
            Err(error) => failed = Some(error),
        }
    }
    let workers = begun.len().saturating_sub(others);
    for (thread, end) in begun {
        drop(end);
        let _ = thread.join();
    }
    match failed {
        Some(error) if workers == 0 => Err(cannot(&error.to_string())),
        _ => Ok(tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .enable_all()
            .build()?),
    }
}
