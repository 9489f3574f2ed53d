//! What commands that serve over HTTP share: where they listen, how much they take on, and how they end.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use avalaches::server::{Limits, ServeError};
use avalaches::wording::counted;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Common, Failure, Outcome, output, threads};

/// How long is waited at the end for work whose asker is gone.
const LAST: Duration = Duration::from_secs(2);

/// How many threads a server needs at least besides those that answer.
const OWN: usize = 3;

/// Options of every command that serves.
#[derive(Debug, clap::Args)]
pub struct Listening {
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080", value_parser = address)]
    listen: SocketAddr,
    /// Requests that are answered at once
    #[arg(long, value_name = "N", default_value = "256", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    requests: u32,
    /// Connections that are open at once
    #[arg(long, value_name = "N", default_value = "512", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    connections: u32,
    /// How long a client is waited for, and an answer may take
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse()
        .map_err(|_| "it is no address in digits with a port; 127.0.0.1:8080 and [::1]:8080 are such")
}

impl Listening {
    /// Listens; nothing is answered yet.
    pub fn bind(&self) -> Result<TcpListener, Failure> {
        TcpListener::bind(self.listen).map_err(|error| self.unbound(&error))
    }

    /// Returns the limits.
    pub fn limits(&self) -> Limits {
        Limits {
            requests: self.requests as usize,
            connections: self.connections as usize,
            readers: rayon::current_num_threads(),
            time: Duration::from_secs(self.timeout),
            ..Limits::default()
        }
    }

    fn unbound(&self, error: &io::Error) -> Failure {
        let failure = Failure::new(format!("could not listen on {}: {error}", self.listen));
        match error.kind() {
            io::ErrorKind::AddrInUse => {
                failure.hint("another program listens there; say --listen 127.0.0.1:0 for a free port")
            }
            io::ErrorKind::PermissionDenied => failure.hint("ports below 1024 are for root; say another"),
            io::ErrorKind::AddrNotAvailable => failure.hint("say an address that this machine has"),
            _ => failure,
        }
    }
}

/// Runs a server until the user or the system asks it to end; `told` is called when it can be.
pub fn run<S>(
    told: impl FnOnce() -> Result<(), Failure>,
    serve: impl FnOnce(Ended) -> S,
) -> Result<Outcome, Failure>
where
    S: Future<Output = Result<(), ServeError>>,
{
    let runtime = threads::runtime(OWN)?;
    let served = runtime.block_on(async {
        let ended = ended()?;
        told()?;
        serve(ended).await.map_err(|error| match error {
            ServeError::NoThread(_) => Failure::from(error).hint(threads::HINT),
            error => Failure::from(error),
        })?;
        Ok(Outcome::Yes)
    });
    runtime.shutdown_timeout(LAST);
    served
}

/// What is there when a server has to end.
pub type Ended = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// Returns what is there when the user or the system asks the server to end. Who asks again does not wait.
fn ended() -> io::Result<Ended> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(Box::pin(async move {
        either(&mut interrupt, &mut terminate).await;
        tokio::spawn(async move {
            either(&mut interrupt, &mut terminate).await;
            std::process::exit(130);
        });
    }))
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}

/// Warns where others than this machine's own users reach an address, and says what they can do there.
pub fn warn_of_strangers(common: &Common, address: SocketAddr, what: &str) {
    if !address.ip().is_loopback() && !common.quiet {
        output::warning(&format!(
            "whoever reaches {address} can {what}, unencrypted; let a web server with TLS stand before it"
        ));
    }
}

/// Tells whoever runs a server what kept a request from being answered, and how many others were not since that was told last.
pub fn broken(cause: &str, others: usize) {
    let more = match others {
        0 => String::new(),
        others => format!(" ({} more since this was told last)", counted(others, "request")),
    };
    output::error(&format!("a request could not be answered: {cause}{more}"));
}
