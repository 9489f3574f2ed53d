//! `avalaches clone`.

use std::ffi::OsString;
use std::path::PathBuf;

use avalaches::date::UtcOffset;
use avalaches::replication::{self, Cloned, Remember};
use avalaches::wording::counted;
use serde_json::{Value, json};

use super::output::GOOD;
use super::progress::{Meter, Shown};
use super::remember::{self, Found};
use super::replication::{
    address, circumstances, failure, named, print_refusal, refusal_json, revoked_since, tell_revoked,
};
use super::verify::{findings_json, findings_text};
use super::{Common, Failure, Outcome, open_failure, output};

/// Make a copy of an archive that is elsewhere, and prove all of it; run again, it goes on where it was interrupted
///
/// What is not sound is refused, and no folder is left. Commits with keys that the archive revoked after they had signed are no
/// reason to refuse it: the copy is made, each is named as `verify` there names it, and the exit status is 1, as `verify`'s. A
/// program tells the two apart by `--json`, where `refused` is null and `tip` is not, or by whether the folder is there.
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
        let dir = self.dir.clone().or_else(|| common.named_archive());
        let dir = dir.unwrap_or_else(|| PathBuf::from("archive"));
        let circumstances = circumstances(common, Remember::Always, None, UtcOffset::UTC)?;
        let mut meter = Meter::begin(common, self.progress, "objects")?;
        let done = replication::clone(&from, &dir, &circumstances, &mut |progress| meter.tell(progress));
        meter.end();
        let cloned = done.map_err(failure)?;
        let contradictions = match &cloned {
            Cloned::Made { .. } => remember::contradictions(&common.open_at(&dir).map_err(open_failure)?)?,
            Cloned::Refused(_) => Some(Found::default()),
        };
        let is_held = contradictions.is_some();
        let found = contradictions.unwrap_or_default();
        let is_good =
            found.is_nothing() && matches!(&cloned, Cloned::Made { revoked, .. } if revoked.is_empty());
        let outcome = if is_good { Outcome::Yes } else { Outcome::No };
        if common.json {
            let (tip, commits, revoked, refused) = match &cloned {
                Cloned::Made {
                    tip,
                    commits,
                    revoked,
                } => (Value::from(tip.to_string()), *commits, &revoked[..], Value::Null),
                Cloned::Refused(refusal) => (Value::Null, 0, &[][..], refusal_json(refusal)?),
            };
            output::print_json(&json!({
                "schema": "avalaches/clone/1",
                "repository": from.to_string(),
                "archive": dir.to_string_lossy(),
                "tip": tip,
                "commits": commits,
                "findings": findings_json(revoked),
                "refused": refused,
                "contradictions": is_held.then_some(&found.contradicting),
                "behind": found.behind,
            }))?;
            return Ok(outcome);
        }
        match &cloned {
            Cloned::Made {
                tip,
                commits,
                revoked,
            } => {
                let commits = counted(*commits, "commit");
                let dir = named(&dir);
                let since = revoked_since(revoked);
                output::print(&format!(
                    "{}{GOOD}cloned{GOOD:#}  {commits} into {dir}, all of them proved{since} · {tip}\n",
                    findings_text(revoked)
                ))?;
                tell_revoked(common, revoked);
                for what in &found.contradicting {
                    output::error(what);
                }
                if let Some(what) = &found.behind {
                    output::error(what);
                }
                if !is_held && !common.quiet {
                    output::note(remember::HELD_AGAINST_NOTHING);
                }
                if !found.is_nothing() && !common.quiet {
                    output::hint(if found.contradicting.is_empty() {
                        "this copy is whole: `avalaches pull` from a newer one goes on from it, or says that it does not"
                    } else {
                        "this copy is whole, and not the history that you remembered: keep both, and ask the publisher"
                    });
                }
            }
            Cloned::Refused(refusal) => print_refusal(common, &from, refusal)?,
        }
        Ok(outcome)
    }
}
