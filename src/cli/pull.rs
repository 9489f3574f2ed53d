//! `avalaches pull`.

use std::ffi::OsString;
use std::fmt::Write as _;

use avalaches::add::Change;
use avalaches::replication::{self, Address, Mine, Pulled, Readded, Rebased, Remember};
use avalaches::swhid::Swhid;
use avalaches::wording::counted;
use serde_json::{Value, json};

use super::output::{FAINT, GOOD};
use super::progress::{Meter, Shown};
use super::replication::{
    circumstances, copy, failure, print_refusal, refusal_json, revoked_since, tell_remembered, tell_revoked,
};
use super::signing::Signing;
use super::verify::{findings_json, findings_text};
use super::{Common, Failure, Outcome, environment, output};

/// Bring this archive up to another copy of it, where that goes on from here and all that is new there is sound
///
/// New commits with keys that the archive revoked after they had signed are taken: each is named as `verify` names it, and the exit
/// status is 1. What such a key signed after it was revoked is refused.
#[derive(Debug, clap::Args)]
pub struct Pull {
    /// The other copy: an address or a folder, whatever git fetches from [default: the one that is remembered]
    #[arg(value_name = "REPO")]
    repository: Option<OsString>,
    /// Remember this copy in place of another one
    #[arg(long, requires = "repository")]
    default: bool,
    #[command(flatten)]
    bringing: Bringing,
}

/// How what comes from another copy is taken.
#[derive(Debug, clap::Args)]
pub struct Bringing {
    /// Where both have new revisions: add those that are only here again on top of the other copy's, with new footers
    #[arg(long)]
    rebase_mine: bool,
    /// When they are archived then [default: `SOURCE_DATE_EPOCH`, `GIT_COMMITTER_DATE`, else now]
    #[arg(long, value_name = "DATE", requires = "rebase_mine")]
    archived_at: Option<String>,
    #[command(flatten)]
    signing: Signing,
    /// How progress is shown
    #[arg(long, value_enum, default_value = "auto")]
    progress: Shown,
}

impl Pull {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let from = copy(&archive, self.repository.as_deref())?;
        drop(archive);
        let remember = if self.default {
            Remember::Always
        } else {
            Remember::First
        };
        self.bringing.run(common, &from, remember)
    }
}

impl Bringing {
    /// Pulls from a copy, or from a bundle, which is not remembered.
    pub fn run(&self, common: &Common, from: &Address, remember: Remember) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let settings = archive.settings().clone();
        let path = archive.path().to_owned();
        drop(archive);
        let archived_at = self.archived_at.as_deref();
        let circumstances = circumstances(common, remember, archived_at, settings.utc_offset)?;
        let adding = if self.rebase_mine {
            let signer = self.signing.signer(settings.signatures)?;
            let adding = environment::circumstances(archived_at, settings.utc_offset, false, signer)?;
            Some(adding)
        } else {
            None
        };
        let mine = adding.as_ref().map_or(Mine::Refuse, Mine::Readd);
        let mut meter = Meter::begin(common, self.progress, "objects")?;
        let done = replication::pull(&path, from, mine, &circumstances, &mut |progress| {
            meter.tell(progress)
        });
        meter.end();
        let pull = done.map_err(failure)?;
        report(common, from, &pull).map_err(|failure| match pull.what {
            Pulled::Advanced { .. } | Pulled::Rebased(_) => {
                failure.after(&format!("pulled up to {}", pull.tip))
            }
            Pulled::Unchanged { .. } | Pulled::Refused(_) => failure,
        })
    }
}

fn report(common: &Common, from: &Address, pull: &replication::Pull) -> Result<Outcome, Failure> {
    let is_good = !matches!(pull.what, Pulled::Refused(_)) && pull.revoked.is_empty();
    let outcome = if is_good { Outcome::Yes } else { Outcome::No };
    if common.json {
        output::print_json(&as_json(from, pull)?)?;
        return Ok(outcome);
    }
    let tip = pull.tip;
    let address = output::visible(&from.to_string());
    let mut text = findings_text(&pull.revoked);
    match &pull.what {
        Pulled::Unchanged { ahead } => {
            let _ = writeln!(
                text,
                "{GOOD}unchanged{GOOD:#}  nothing is new at {address} · {tip}"
            );
            if *ahead > 0 && !common.quiet {
                output::note(&format!(
                    "{} here that are not there; `avalaches push` brings them",
                    counted(*ahead, "commit")
                ));
            }
        }
        Pulled::Advanced { commits } => {
            let commits = counted(*commits, "commit");
            let since = revoked_since(&pull.revoked);
            let _ = writeln!(
                text,
                "{GOOD}pulled{GOOD:#}  {commits} from {address}{since} · {tip}"
            );
        }
        Pulled::Rebased(rebased) => rebased_text(common, &mut text, &address, pull, rebased),
        Pulled::Refused(refusal) => print_refusal(common, from, refusal)?,
    }
    output::print(&text)?;
    tell_revoked(common, &pull.revoked);
    tell_remembered(common, from, pull.remembered);
    Ok(outcome)
}

fn rebased_text(
    common: &Common,
    text: &mut String,
    address: &str,
    pull: &replication::Pull,
    rebased: &Rebased,
) {
    let _ = writeln!(
        text,
        "{GOOD}rebased{GOOD:#}  {} from {address}{}, and {} of this archive on top · {}",
        counted(rebased.commits, "commit"),
        revoked_since(&pull.revoked),
        rebased.readded.len(),
        pull.tip
    );
    for readded in &rebased.readded {
        let what = match &readded.outcome {
            None => "settings".to_owned(),
            Some(outcome) => {
                let is_there = match outcome.change {
                    Change::Added => "",
                    Change::None => ", which the other copy has already",
                };
                format!(
                    "{}, revision {}, {}{is_there}",
                    outcome.article, outcome.revision, outcome.kind
                )
            }
        };
        let _ = writeln!(
            text,
            "  {what}\n    {FAINT}old{FAINT:#} {}\n    {FAINT}new{FAINT:#} {}",
            readded.old, readded.new
        );
    }
    if !common.quiet {
        output::note(&format!(
            "the old tip is kept as {}; pages that show an old footer need the new one",
            rebased.kept
        ));
        for outcome in rebased.readded.iter().filter_map(|one| one.outcome.as_ref()) {
            if let Some(clash) = &outcome.clash {
                output::warning(&format!(
                    "{clash} is another text at the other copy, and yours is {} now",
                    outcome.article
                ));
            }
        }
    }
}

fn as_json(from: &Address, pull: &replication::Pull) -> Result<Value, Failure> {
    let (mut ahead, mut commits) = (Value::Null, 0);
    let (mut rebased, mut refused) = (Value::Null, Value::Null);
    let what = match &pull.what {
        Pulled::Unchanged { ahead: more } => {
            ahead = (*more).into();
            "unchanged"
        }
        Pulled::Advanced { commits: new } => {
            commits = *new;
            "advanced"
        }
        Pulled::Rebased(done) => {
            commits = done.commits;
            let revisions: Vec<Value> = done.readded.iter().map(readded_json).collect();
            rebased = json!({"kept": done.kept, "revisions": revisions});
            "rebased"
        }
        Pulled::Refused(refusal) => {
            refused = refusal_json(refusal)?;
            "refused"
        }
    };
    Ok(json!({
        "schema": "avalaches/pull/1",
        "repository": from.to_string(),
        "what": what,
        "before": pull.before.to_string(),
        "tip": pull.tip.to_string(),
        "commits": commits,
        "ahead": ahead,
        "findings": findings_json(&pull.revoked),
        "rebased": rebased,
        "refused": refused,
        "remembered": pull.remembered,
    }))
}

fn readded_json(readded: &Readded) -> Value {
    let outcome = readded.outcome.as_ref();
    json!({
        "old": readded.old.to_string(),
        "was": readded.article.as_ref().map(ToString::to_string),
        "article": outcome.map(|outcome| outcome.article.to_string()),
        "revision": outcome.map(|outcome| outcome.revision),
        "kind": outcome.map(|outcome| outcome.kind.name()),
        "added": outcome.is_none_or(|outcome| outcome.change == Change::Added),
        "id": readded.new.commit.to_string(),
        "swhid": Swhid::revision(readded.new.commit).to_string(),
        "footer": readded.new.to_string(),
    })
}
