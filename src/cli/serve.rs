//! `avalaches serve`.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use avalaches::server::{self, Event, Limits, Options};
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::output::counted;
use super::{Common, Failure, Outcome, output};

/// How long is waited at the end for work whose asker is gone.
const LAST: Duration = Duration::from_secs(2);

/// Serve the archive over HTTP: its site, built again when the branch moves, and an API
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where the site is built [default: a folder of its own, which goes at the end]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A folder with templates and a style of your own, as `build` takes it; the site is built again when they change
    #[arg(long, value_name = "DIR")]
    theme: Option<PathBuf>,
    /// Requests that are answered at once
    #[arg(long, value_name = "N", default_value = "256")]
    requests: NonZeroUsize,
    /// Connections that are open at once
    #[arg(long, value_name = "N", default_value = "512")]
    connections: NonZeroUsize,
    /// How long a client is waited for, and an answer may take
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

impl Serve {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        // What is wrong with the archive is said at once.
        let archive = common.open()?.path().to_owned();
        let temporary = match &self.out {
            Some(_) => None,
            None => Some(tempfile::Builder::new().prefix("avalaches-site-").tempdir()?),
        };
        let site = match (&self.out, &temporary) {
            (Some(out), _) => out.as_path(),
            (None, Some(temporary)) => temporary.path(),
            (None, None) => Path::new("."),
        };
        let listener = TcpListener::bind(self.listen).map_err(|error| self.unbound(&error))?;
        let address = listener.local_addr()?;
        let options = Options {
            archive,
            owner: common.owner(),
            site: site.to_owned(),
            theme: self.theme.clone(),
            limits: Limits {
                requests: self.requests.get(),
                connections: self.connections.get(),
                readers: thread::available_parallelism().map_or(1, usize::from),
                time: Duration::from_secs(self.timeout),
                ..Limits::default()
            },
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let quiet = common.quiet;
        let served = runtime.block_on(async {
            let ended = ended()?;
            tell_address(common, address, site)?;
            server::serve(
                listener,
                &options,
                Arc::new(move |event| tell(quiet, &event)),
                ended,
            )
            .await?;
            Ok(Outcome::Yes)
        });
        runtime.shutdown_timeout(LAST);
        served
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

/// Returns what is there when the user or the system asks the server to end. Who asks again does not wait.
fn ended() -> io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        either(&mut interrupt, &mut terminate).await;
        tokio::spawn(async move {
            either(&mut interrupt, &mut terminate).await;
            std::process::exit(130);
        });
    })
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}

fn tell_address(common: &Common, address: SocketAddr, site: &Path) -> Result<(), Failure> {
    let url = format!("http://{address}/");
    if common.json {
        output::print_json(&json!({
            "schema": "avalaches/serve/1",
            "url": url,
            "folder": site.display().to_string(),
        }))?;
    } else {
        output::print(&format!("{url}\n"))?;
    }
    if !address.ip().is_loopback() && !common.quiet {
        output::warning(&format!(
            "whoever reaches {address} can read the archive, unencrypted; let a web server with TLS stand before it"
        ));
    }
    Ok(())
}

fn tell(quiet: bool, event: &Event) {
    match event {
        Event::Built(_) if quiet => {}
        Event::Built(built) => output::note(&format!(
            "{} of {}: {} written, {} unchanged, {} removed",
            counted(built.pages, "page"),
            counted(built.articles, "article"),
            counted(built.files.written, "file"),
            built.files.unchanged,
            built.files.removed
        )),
        Event::NotBuilt(what) => output::error(&format!(
            "the site could not be built, and is served as it was: {what}"
        )),
        Event::Broken(what) => output::error(&format!("a request could not be answered: {what}")),
    }
}
