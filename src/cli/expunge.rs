//! `avalaches expunge`.

use std::fmt::Write as _;

use avalaches::expunge::{self, ExpungeError, Holder, Plan, Refusal, Said, Wish};
use avalaches::id::CommitId;
use avalaches::root_files::RootError;
use avalaches::settings::Signatures;
use avalaches::swhid::Swhid;
use avalaches::tombstone::Tombstone;
use avalaches::wording::counted;
use serde_json::{Value, json};

use super::options::Changing;
use super::output::visible;
use super::progress::{Meter, Shown};
use super::{Common, Failure, Outcome, maintain, output, resolve, settings};

/// Drop the text of revisions from the store for good, say in a signed commit why, and print that commit's footer
///
/// Every id stays valid and everything else can be proved as before; what is gone is withheld, and a page that has the
/// text can still be checked. The title and the note in a commit's message stay, and so do the titles of other revisions,
/// a retraction's among them: `retract ARTICLE --drop title` makes one that has none, and --metadata takes away those of
/// the revisions named. Copies of the archive elsewhere have to be dealt with where they are.
#[derive(Debug, clap::Args)]
pub struct Expunge {
    /// Articles' revisions, as ARTICLE@N, ids, SWHIDs or footers
    #[arg(value_name = "REVISION", required = true)]
    revisions: Vec<String>,
    /// One line that says why
    #[arg(long)]
    note: String,
    /// Drop article.json, too, which has titles, authors and tags
    #[arg(long)]
    metadata: bool,
    /// Tell what would go, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    how: Changing,
    /// How progress is shown
    #[arg(long, value_enum, default_value = "auto")]
    progress: Shown,
}

impl Expunge {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let revisions = self.revisions.iter().map(|text| resolve::commit(&archive, text));
        let wish = Wish {
            revisions: revisions.collect::<Result<Vec<CommitId>, Failure>>()?,
            note: self.note.clone(),
            with_metadata: self.metadata,
        };
        if self.dry_run {
            let plan = expunge::plan(&archive, &wish).map_err(refused)?;
            return tell(common, &plan, None);
        }
        let circumstances = self
            .how
            .circumstances_where(archive.settings(), Signatures::Required)?;
        let path = archive.path().to_owned();
        drop(archive);
        let mut meter = Meter::begin(common, self.progress, "objects")?;
        let done = expunge::expunge(
            &path,
            common.owner(),
            &wish,
            &circumstances,
            common.durability(),
            &mut |progress| meter.tell(progress),
        );
        meter.end();
        match done {
            Ok(outcome) => tell(common, &outcome.plan, Some(&outcome))
                .map_err(|failure| failure.after_commit(outcome.footer.as_ref())),
            Err(ExpungeError::Undropped { said, source }) if source.is_end() => {
                output::note(&format!(
                    "ended by the user: {said}, and its bytes are still in the store"
                ));
                output::hint("`avalaches maintain` drops them");
                Ok(Outcome::Interrupted)
            }
            Err(error) => Err(failure(error)),
        }
    }
}

fn failure(error: ExpungeError) -> Failure {
    match error {
        ExpungeError::Root(RootError::Refused(refusal)) => refused(refusal),
        ExpungeError::Root(error) => settings::failure(error),
        ExpungeError::Begin(error) => maintain::failure(error),
        error @ ExpungeError::Undropped { .. } => {
            Failure::from(error).hint("mend what is said there, then drop them with `avalaches maintain`")
        }
    }
}

fn refused(refusal: Refusal) -> Failure {
    let hint = match &refusal {
        Refusal::Newest(_) => Some(
            "put another text in its place first: `avalaches correct ARTICLE PAGE --note …`, or `avalaches retract ARTICLE --note …`; then name the revision that has it, as ARTICLE@1",
        ),
        Refusal::SameNote(_) => Some("give another note, so that it can be said anew"),
        Refusal::Note(_) => Some("say in one line why, such as the court's decision"),
        _ => None,
    };
    Failure::from(refusal).hint_if(hint)
}

/// Tells what goes, or went.
fn tell(common: &Common, plan: &Plan, done: Option<&expunge::Outcome>) -> Result<Outcome, Failure> {
    let footer = done.and_then(|done| done.footer.as_ref());
    let dropped = done.map(|done| done.maintained.dropped);
    if let Some(done) = done {
        maintain::tell_not_cleared(&done.maintained);
    }
    if common.json {
        let shown = plan.shown.iter();
        output::print_json(&json!({
            "schema": "avalaches/expunge/1",
            "footer": footer.map(ToString::to_string),
            "withheld": plan.tombstones.iter().map(tombstone_json).collect::<Vec<Value>>(),
            "revisions": holders_json(&plan.revisions),
            "already": plan.already.iter().map(ToString::to_string).collect::<Vec<String>>(),
            "shown": shown.map(|(path, footer)| json!({"path": path, "footer": footer.to_string()})).collect::<Vec<Value>>(),
            "others": holders_json(&plan.others),
            "said": plan.said.iter().map(said_json).collect::<Vec<Value>>(),
            "dropped": dropped,
        }))?;
        return Ok(Outcome::Yes);
    }
    let mut text = String::new();
    if let Some(footer) = footer {
        let _ = writeln!(text, "{footer}");
    }
    if !common.quiet {
        let word = if done.is_some() {
            "withheld"
        } else {
            "would be withheld"
        };
        for holder in &plan.revisions {
            let _ = writeln!(text, "  {word}: {}", named(holder));
        }
        if common.verbose {
            for Tombstone {
                blob, bytes, paths, ..
            } in &plan.tombstones
            {
                let _ = writeln!(text, "  {blob}  {bytes} bytes  {}", visible(&paths.join(", ")));
            }
        }
    }
    output::print(&text)?;
    if common.quiet {
        return Ok(Outcome::Yes);
    }
    for (path, footer) in &plan.shown {
        output::note(&format!("{} stays: {footer} shows it", visible(path)));
    }
    for holder in &plan.others {
        output::note(&format!("another text of the article stays: {}", named(holder)));
    }
    if let Some(dropped) = dropped {
        let dropped = counted(dropped, "object");
        output::note(&format!(
            "{dropped} dropped from the store; copies of it elsewhere are not reached from here"
        ));
    }
    tell_said(plan);
    if plan.tombstones.is_empty() {
        output::note("all of it was withheld before");
    }
    Ok(Outcome::Yes)
}

/// Tells what revisions say beside their texts, which does not go.
fn tell_said(plan: &Plan) {
    for Said { holder, note, .. } in &plan.said {
        let note = note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
        output::note(&format!(
            "stays in the commit's message of {}, revision {}: {}",
            holder.article,
            holder.number,
            visible(&format!("{}{note}", holder.subject))
        ));
    }
    for said in plan.said.iter().filter(|said| !said.titles.is_empty()) {
        let shown = if said.is_newest {
            ", which lists and feeds show"
        } else {
            ""
        };
        output::note(&format!(
            "stays in article.json of {}, revision {}{shown}: {}",
            said.holder.article,
            said.holder.number,
            visible(&said.titles.join(" / "))
        ));
    }
    let has_titles = |said: &&Said| !said.titles.is_empty();
    let mut titled = plan.said.iter().filter(has_titles).peekable();
    if titled.peek().is_some() {
        output::hint(if titled.any(|said| said.is_newest) {
            "where the titles have to go, too: `avalaches retract ARTICLE --drop title --note …` makes a newest revision without any, then `avalaches expunge --metadata` drops article.json of those before it"
        } else {
            "`avalaches expunge --metadata` drops article.json of the revisions that are named"
        });
    }
}

fn named(holder: &Holder) -> String {
    format!(
        "{}, revision {}: {}",
        holder.article, holder.number, holder.footer
    )
}

fn tombstone_json(tombstone: &Tombstone) -> Value {
    json!({
        "blob": tombstone.blob.to_string(),
        "swhid": Swhid::content(tombstone.blob).to_string(),
        "bytes": tombstone.bytes,
        "paths": tombstone.paths,
    })
}

fn said_json(said: &Said) -> Value {
    let mut value = holder_json(&said.holder);
    value["note"] = json!(said.note);
    value["titles"] = json!(said.titles);
    value["is_newest"] = json!(said.is_newest);
    value
}

fn holders_json(holders: &[Holder]) -> Vec<Value> {
    holders.iter().map(holder_json).collect()
}

fn holder_json(holder: &Holder) -> Value {
    json!({
        "article": holder.article.to_string(),
        "revision": holder.number,
        "kind": holder.kind.name(),
        "subject": holder.subject,
        "id": holder.footer.commit.to_string(),
        "swhid": Swhid::revision(holder.footer.commit).to_string(),
        "footer": holder.footer.to_string(),
    })
}
