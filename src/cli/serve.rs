//! `avalaches serve`.

use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use avalaches::server::{self, Event, Options};
use avalaches::storage::temporary;
use avalaches::wording::counted;
use serde_json::json;

use super::listening::{self, Listening};
use super::{Common, Failure, Outcome, output};

/// Serve the archive over HTTP: its site, built again when the branch moves, and an API
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Where the site is built [default: a folder of its own, which goes at the end]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A folder with templates and a style of your own, as `build` takes it; the site is built again when they change
    #[arg(long, value_name = "DIR")]
    theme: Option<PathBuf>,
    #[command(flatten)]
    listening: Listening,
}

impl Serve {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        // What is wrong with the archive is said at once.
        let archive = common.open()?.path().to_owned();
        let temporary = match &self.out {
            Some(_) => None,
            None => Some(temporary::folder(&env::temp_dir(), "avalaches-serve-", 0o700)?),
        };
        // Whoever builds the site locks its folder.
        let site = match (&self.out, &temporary) {
            (Some(out), _) => out.clone(),
            (None, Some(temporary)) => temporary.path().join("site"),
            (None, None) => PathBuf::from("."),
        };
        let site = site.as_path();
        let listener = self.listening.bind()?;
        let address = listener.local_addr()?;
        let options = Options {
            archive,
            owner: common.owner(),
            site: site.to_owned(),
            theme: self.theme.clone(),
            limits: self.listening.limits(),
        };
        let quiet = common.quiet;
        listening::run(
            || tell_address(common, address, site),
            |ended| async move {
                let told = Arc::new(move |event| tell(quiet, &event));
                server::serve(listener, &options, told, ended).await
            },
        )
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
    listening::warn_of_strangers(common, address, "read the archive");
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
        Event::Gone(name) => output::note(&format!("{name} is gone; the site is built again")),
        Event::NotBuilt(what) => output::error(&format!(
            "the site could not be built, and is served as it was: {what}"
        )),
        Event::Broken { cause, others } => listening::broken(cause, *others),
    }
}
