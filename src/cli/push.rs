//! `avalaches push`.

use std::ffi::OsString;
use std::fmt::Write as _;

use avalaches::replication::{self, Address, Pushed, Remember};
use avalaches::wording::counted;
use serde_json::{Value, json};

use super::output::{GOOD, visible};
use super::progress::{Meter, Shown};
use super::replication::{circumstances, copy, failure, print_refusal, refusal_json, tell_remembered};
use super::{Common, Failure, Outcome, output};

/// Bring another copy of this archive up to it, never by force
#[derive(Debug, clap::Args)]
pub struct Push {
    /// The other copy: an address or a folder, whatever git pushes to [default: the one that is remembered]
    #[arg(value_name = "REPO")]
    repository: Option<OsString>,
    /// Remember this copy in place of another one
    #[arg(long, requires = "repository")]
    default: bool,
    /// How progress is shown
    #[arg(long, value_enum, default_value = "auto")]
    progress: Shown,
}

impl Push {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let to = copy(&archive, self.repository.as_deref())?;
        let (path, offset) = (archive.path().to_owned(), archive.settings().utc_offset);
        drop(archive);
        let remember = if self.default {
            Remember::Always
        } else {
            Remember::First
        };
        let circumstances = circumstances(common, remember, None, offset)?;
        let mut meter = Meter::begin(common, self.progress, "objects")?;
        let done = replication::push(&path, &to, &circumstances, &mut |progress| meter.tell(progress));
        meter.end();
        let push = done.map_err(failure)?;
        report(common, &to, &push).map_err(|failure| match push.what {
            Pushed::Advanced { .. } => failure.after(&format!("pushed up to {}", push.tip)),
            Pushed::Unchanged | Pushed::Refused(_) => failure,
        })
    }
}

fn report(common: &Common, to: &Address, push: &replication::Push) -> Result<Outcome, Failure> {
    let is_refused = matches!(push.what, Pushed::Refused(_));
    let outcome = if is_refused { Outcome::No } else { Outcome::Yes };
    if common.json {
        output::print_json(&as_json(to, push)?)?;
        return Ok(outcome);
    }
    let tip = push.tip;
    let address = visible(&to.to_string());
    let mut text = String::new();
    match &push.what {
        Pushed::Unchanged => {
            let _ = writeln!(text, "{GOOD}unchanged{GOOD:#}  {address} has everything · {tip}");
        }
        Pushed::Advanced { commits } => {
            let commits = counted(*commits, "commit");
            let _ = writeln!(text, "{GOOD}pushed{GOOD:#}  {commits} to {address} · {tip}");
        }
        Pushed::Refused(refusal) => print_refusal(common, to, refusal)?,
    }
    output::print(&text)?;
    if let Some(why) = push.no_steps.as_deref().filter(|_| !common.quiet) {
        output::note(&format!(
            "it takes no refs below refs/avalaches ({why}): a clone from there that is interrupted brings once more what its \
             first transfer had brought"
        ));
    }
    tell_remembered(common, to, push.remembered);
    Ok(outcome)
}

fn as_json(to: &Address, push: &replication::Push) -> Result<Value, Failure> {
    let (mut commits, mut refused) = (0, Value::Null);
    let what = match &push.what {
        Pushed::Unchanged => "unchanged",
        Pushed::Advanced { commits: sent } => {
            commits = *sent;
            "advanced"
        }
        Pushed::Refused(refusal) => {
            refused = refusal_json(refusal)?;
            "refused"
        }
    };
    Ok(json!({
        "schema": "avalaches/push/1",
        "repository": to.to_string(),
        "what": what,
        "before": push.before.map(|id| id.to_string()),
        "tip": push.tip.to_string(),
        "commits": commits,
        "no_steps": push.no_steps,
        "refused": refused,
        "remembered": push.remembered,
    }))
}
