//! `avalaches witness`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use avalaches::server::Event;
use avalaches::server::witness::{self, Clock};
use avalaches::tlog::key::VerifierKey;
use serde_json::json;

use super::listening::{self, Listening};
use super::{Common, Failure, Outcome, key, output};

/// Be a witness: cosign checkpoints of logs over HTTP, each only if it goes on from the one before (C2SP tlog-witness)
///
/// What was cosigned last is kept in a folder. Who loses it, or puts an older copy back, breaks the witness's word: keep
/// the folder, and let it be with nobody else.
#[derive(Debug, clap::Args)]
pub struct Witness {
    /// The file with the witness's key, as `key new --witness` makes it
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The folder that keeps what was cosigned last
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// The public key of a log that is witnessed; again for several
    #[arg(long = "log", value_name = "KEY", required = true)]
    logs: Vec<String>,
    #[command(flatten)]
    listening: Listening,
}

impl Witness {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let key = key::read(&self.key)?;
        if !key.public().kind().is_witness() {
            return Err(
                Failure::new(format!("{} has the key of a log", self.key.display()))
                    .hint("make a witness's with `avalaches key new NAME FILE --witness`"),
            );
        }
        let public = key.public().to_string();
        let logs: Vec<VerifierKey> = self.logs.iter().map(|text| log(text)).collect::<Result<_, _>>()?;
        let (witness, was_there) = witness::Witness::open(key, logs, &self.state, clock()?)?;
        let listener = self.listening.bind()?;
        let address = listener.local_addr()?;
        let limits = self.listening.limits();
        let ready = || {
            let url = format!("http://{address}/");
            if common.json {
                output::print_json(&json!({
                    "schema": "avalaches/witness/1",
                    "url": url,
                    "key": public,
                    "state": self.state.display().to_string(),
                }))?;
            } else {
                output::print(&format!("{url}\n"))?;
            }
            if !was_there && !common.quiet {
                output::note(&format!(
                    "{} is new: nothing was cosigned before by what is in it",
                    self.state.display()
                ));
            }
            listening::warn_of_strangers(common, address, "ask for cosignatures");
            Ok(())
        };
        listening::run(ready, |ended| async move {
            let told = Arc::new(|event| {
                if let Event::Broken { cause, others } = event {
                    listening::broken(&cause, others);
                }
            });
            witness::serve(listener, witness, limits, told, ended).await
        })
    }
}

fn log(text: &str) -> Result<VerifierKey, Failure> {
    let key: VerifierKey = text.parse().map_err(|error| {
        Failure::new(format!("--log {text:?}: {error}")).hint("`avalaches log --json` has an archive's key")
    })?;
    if key.kind().is_witness() {
        let what = format!("--log: {} is the key of a witness", key.name());
        return Err(Failure::new(what));
    }
    Ok(key)
}

/// Returns the clock. A witness says when it saw something: nothing takes the clock's place here.
fn clock() -> Result<Clock, Failure> {
    let seconds = || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since
            .ok()
            .map(|since| since.as_secs())
            .filter(|seconds| *seconds > 0)
    };
    let begun = seconds().ok_or_else(|| Failure::new("the clock is before 1970"))?;
    Ok(Arc::new(move || seconds().unwrap_or(begun)))
}
