//! `avalaches clone`.

use std::ffi::OsString;
use std::path::PathBuf;

use avalaches::date::UtcOffset;
use avalaches::replication::{self, Cloned, Remember};
use avalaches::wording::counted;
use serde_json::{Value, json};

use super::output::GOOD;
use super::progress::{Meter, Shown};
use super::replication::{address, circumstances, failure, named, print_refusal, refusal_json};
use super::{Common, Failure, Outcome, open_failure, output, remember};

/// Make a copy of an archive that is elsewhere, and prove all of it; run again, it goes on where it was interrupted
#[derive(Debug, clap::Args)]
pub struct Clone {
    /// The archive: an address, a folder or a bundle, whatever git fetches from
    #[arg(value_name = "REPO")]
    repository: OsString,
    /// The folder [default: archive]
    dir: Option<PathBuf>,
    /// How progress is shown
    #[arg(long, value_enum, default_value = "auto")]
    progress: Shown,
}

impl Clone {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let from = address(&self.repository)?;
        let dir = self.dir.clone().or_else(|| common.archive.clone());
        let dir = dir.unwrap_or_else(|| PathBuf::from("archive"));
        let circumstances = circumstances(common, Remember::Always, None, UtcOffset::UTC)?;
        let mut meter = Meter::begin(common, self.progress, "objects")?;
        let done = replication::clone(&from, &dir, &circumstances, &mut |progress| meter.tell(progress));
        meter.end();
        let cloned = done.map_err(failure)?;
        let contradictions = match &cloned {
            Cloned::Made { .. } => remember::contradictions(&common.open_at(&dir).map_err(open_failure)?)?,
            Cloned::Refused(_) => Vec::new(),
        };
        let is_good = matches!(cloned, Cloned::Made { .. }) && contradictions.is_empty();
        let outcome = if is_good { Outcome::Yes } else { Outcome::No };
        if common.json {
            let (tip, commits, refused) = match &cloned {
                Cloned::Made { tip, commits } => (Value::from(tip.to_string()), *commits, Value::Null),
                Cloned::Refused(refusal) => (Value::Null, 0, refusal_json(refusal)?),
            };
            output::print_json(&json!({
                "schema": "avalaches/clone/1",
                "repository": from.to_string(),
                "archive": dir.to_string_lossy(),
                "tip": tip,
                "commits": commits,
                "refused": refused,
                "contradictions": contradictions,
            }))?;
            return Ok(outcome);
        }
        match &cloned {
            Cloned::Made { tip, commits } => {
                let commits = counted(*commits, "commit");
                let dir = named(&dir);
                output::print(&format!(
                    "{GOOD}cloned{GOOD:#}  {commits} into {dir}, all of them proved · {tip}\n"
                ))?;
                for what in &contradictions {
                    output::error(what);
                }
                if !is_good && !common.quiet {
                    output::hint(
                        "this copy is whole, and not the history that you remembered: keep both, and ask the publisher",
                    );
                }
            }
            Cloned::Refused(refusal) => print_refusal(common, &from, refusal)?,
        }
        Ok(outcome)
    }
}
