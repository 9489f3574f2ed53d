//! `avalaches serve`: an archive over HTTP. What readers ask for is the site, built again whenever the branch moves; what
//! programs ask for are the documents of `JSON.md`, read from the archive for each request.
//!
//! [`witness`] is another server, within the same limits.
//!
//! Whoever asks is a stranger: a request has a limit of size and of time, requests and connections one of number, and no
//! request writes anything.

use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::archive::Owner;
use crate::canonical::LONGEST_ARTICLE;
use crate::search::InMemory;
use crate::site::Built;
use crate::wording::with_causes;

use self::body::Room;
use self::preview::Missed;
use self::reading::Reading;
use self::turns::Turns;

mod address;
mod articles;
mod asked;
mod body;
mod connections;
mod files;
mod found;
mod limits;
mod links;
mod memento;
mod negotiation;
mod openapi;
mod preview;
mod problem;
mod reading;
mod routes;
mod streamed;
mod submitted;
mod turns;
pub mod witness;

/// How much is served at once, and how long a client is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests that are answered at once; one more is told to come again.
    pub requests: usize,
    /// Connections that are open at once; one more waits to be taken.
    pub connections: usize,
    /// Requests that read the archive at once; one more waits for its turn.
    pub readers: usize,
    /// How long a client may take to send the head of a request, an answer to be made, and a client to take 128 KiB of it.
    pub time: Duration,
    /// The longest body of a request, in bytes.
    pub body: usize,
    /// Bytes of bodies of requests that are held at once.
    pub received: usize,
    /// Bytes of answers that are held at once, from where they were made until a client took them.
    pub held: usize,
}

impl Default for Limits {
    /// Limits for a machine of few cores.
    fn default() -> Self {
        Self {
            requests: 256,
            connections: 512,
            readers: 2,
            time: Duration::from_secs(30),
            body: LONGEST_ARTICLE,
            received: 64 << 20,
            held: 128 << 20,
        }
    }
}

/// What is served.
#[derive(Debug, Clone)]
pub struct Options {
    /// The archive.
    pub archive: PathBuf,
    /// Whose archives are opened.
    pub owner: Owner,
    /// The folder into which the site is built, and from which it is served.
    pub site: PathBuf,
    /// The site's theme, where it is not the program's own.
    pub theme: Option<PathBuf>,
    /// The limits.
    pub limits: Limits,
}

/// What whoever runs the server should know.
#[derive(Debug)]
pub enum Event {
    /// The site was built.
    Built(Built),
    /// A file of it is gone, so that it is built again.
    Gone(String),
    /// It could not be built; the one that is there is served on.
    NotBuilt(String),
    /// A request could not be answered, for a reason that is not the asker's.
    Broken {
        /// The reason.
        cause: String,
        /// How many more could not since this was told last.
        others: usize,
    },
}

/// Whom events are told.
pub type Told = Arc<dyn Fn(Event) + Send + Sync>;

/// What every request can ask.
#[derive(Clone)]
struct App {
    reading: Reading,
    /// What articles are searched by, where it cannot be written beside the archive.
    searched: Arc<InMemory>,
    /// The site's files do not wait for what reads the archive.
    files: Turns,
    /// Nor does the build of it.
    building: Turns,
    site: Arc<PathBuf>,
    theme: Arc<Option<PathBuf>>,
    missed: Missed,
    room: Room,
    /// Who judges a large page.
    large: Arc<Semaphore>,
    limits: Limits,
    told: Told,
}

impl App {
    fn new(options: &Options, told: Told) -> io::Result<Self> {
        let limits = options.limits;
        Ok(Self {
            reading: Reading::of(options.archive.clone(), options.owner, limits.readers)?,
            searched: Arc::default(),
            files: Turns::of(limits.readers)?,
            building: Turns::of(1)?,
            site: Arc::new(options.site.clone()),
            theme: Arc::new(options.theme.clone()),
            missed: Missed::default(),
            room: Room::of(limits.received),
            large: Arc::new(Semaphore::new(1)),
            limits,
            told,
        })
    }
}

/// Why an archive is not served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener cannot be used.
    #[error("could not serve")]
    Listener(#[from] io::Error),
    /// There are no threads on which anything could be done.
    #[error("no thread can be had to work on")]
    NoThread(#[source] io::Error),
    /// There is no site, and none could be built.
    #[error("the site could not be built: {0}")]
    NotBuilt(String),
}

/// Serves an archive until `shutdown` is there; then no connection is taken any more, and requests that were begun are
/// answered. It wants a runtime of tokio around it.
///
/// # Errors
/// [`ServeError`] where the listener cannot be used or no threads can be had, or the first build of the site fails and none is there.
pub async fn serve(
    listener: TcpListener,
    options: &Options,
    told: Told,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let app = App::new(options, told).map_err(ServeError::NoThread)?;
    let (ending, mut building) = preview::begin(app.clone());
    let mut unbuilt = None;
    let ended = async {
        tokio::select! {
            () = shutdown => {}
            what = &mut building => unbuilt = what.unwrap_or_else(|error| Some(with_causes(&error))),
        }
    };
    connections::serve(listener, routes::router(app), options.limits, ended).await;
    if let Some(what) = unbuilt {
        return Err(ServeError::NotBuilt(what));
    }
    // Whoever removes the folder is in nobody's way then.
    drop(ending);
    let _ = building.await;
    Ok(())
}
