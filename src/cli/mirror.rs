//! `avalaches mirror`.

use std::ffi::OsString;
use std::fmt::Write as _;

use avalaches::id::ObjectId;
use avalaches::mirror::{self, Arrival, Circumstances, MirrorError, RefChange, Update};
use avalaches::slug::Slug;
use avalaches::storage::fetch::FetchError;
use avalaches::wording::{counted, with_causes};
use serde_json::{Value, json};

use super::output::{BAD, GOOD, NOTICE, visible};
use super::{Common, Failure, Outcome, environment, open_failure, output};

/// Keep another repository's commits, ids untouched, so that footers that cite them can be verified
#[derive(Debug, clap::Args)]
pub struct Mirror {
    /// The repository: an address or a folder, whatever git fetches from
    #[arg(value_name = "REPO", requires = "name")]
    repository: Option<OsString>,
    /// The mirror's name: lower-case words joined by hyphens; one that is there is brought up to date
    name: Option<Slug>,
    /// List the mirrors, as without arguments
    #[arg(long, conflicts_with = "repository")]
    list: bool,
    /// The day under which rewritten history is kept [default: `SOURCE_DATE_EPOCH`, `GIT_COMMITTER_DATE`, else today]
    #[arg(long, value_name = "DATE")]
    archived_at: Option<String>,
}

impl Mirror {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let offset = archive.settings().utc_offset;
        let path = archive.path().to_owned();
        drop(archive);
        let (Some(repository), Some(name)) = (&self.repository, &self.name) else {
            return list(common, &mirror::list(&path)?);
        };
        let circumstances = Circumstances {
            git: environment::git()?,
            owner: common.owner(),
            day: environment::day(self.archived_at.as_deref(), offset)?,
            durability: common.durability(),
        };
        let update = mirror::update(&path, repository, name, &circumstances).map_err(failure)?;
        if common.json {
            let changes: Vec<Value> = update.changes.iter().map(change_json).collect();
            output::print_json(&json!({
                "schema": "avalaches/mirror/1",
                "mirror": name.as_str(),
                "repository": repository.to_string_lossy(),
                "objects": update.objects,
                "changes": changes,
                "unchanged": update.unchanged,
                "passed_over": update.unnamed,
            }))?;
        } else {
            output::print(&update_text(common, name, &update))?;
        }
        let rewritten = update
            .changes
            .iter()
            .any(|change| change.what == Arrival::Rewritten);
        for name in update.unnamed.iter().filter(|_| !common.quiet) {
            output::warning(&format!(
                "{} is passed over: its name is not UTF-8",
                visible(name)
            ));
        }
        if rewritten && !common.quiet {
            output::warning(
                "the publisher has rewritten history; what it was is kept, and anyone who has it can prove it",
            );
        }
        Ok(if rewritten { Outcome::No } else { Outcome::Yes })
    }
}

fn update_text(common: &Common, name: &Slug, update: &Update) -> String {
    let mut text = String::new();
    let has_stayed = |change: &&RefChange| change.what == Arrival::Gone && change.kept.is_none();
    let stayed = update.changes.iter().filter(has_stayed).count();
    let style = if update.only_adds() { GOOD } else { NOTICE };
    let _ = writeln!(
        text,
        "{style}mirrored{style:#}  {name}: {}, {} changed, {} as before",
        counted(update.objects, "new object"),
        counted(update.changes.len() - stayed, "ref"),
        update.unchanged
    );
    if common.quiet {
        return text;
    }
    for change in &update.changes {
        let RefChange {
            name,
            before,
            after,
            what,
            kept,
        } = change;
        let name = visible(name);
        let digits = |id: &Option<ObjectId>| id.map(|id| id.to_string()).unwrap_or_default();
        let (before, after) = (digits(before), digits(after));
        let _ = match (what, kept) {
            (Arrival::Created, _) => writeln!(text, "  created {name}: {after}"),
            (Arrival::Advanced, _) => writeln!(text, "  advanced {name}: {after}"),
            (Arrival::Rewritten, kept) => {
                let kept = kept.as_deref().unwrap_or_default();
                writeln!(
                    text,
                    "  {BAD}rewritten{BAD:#} {name}: it no longer leads to what is kept as {kept}: {before}"
                )
            }
            (Arrival::Gone, None) => {
                writeln!(
                    text,
                    "  {NOTICE}gone{NOTICE:#} at the publisher's, and kept: {name}: {before}"
                )
            }
            (Arrival::Gone, Some(kept)) => {
                writeln!(
                    text,
                    "  {NOTICE}gone{NOTICE:#} at the publisher's, and kept as {kept}: {name}: {before}"
                )
            }
        };
    }
    text
}

fn list(common: &Common, mirrors: &[mirror::Mirror]) -> Result<Outcome, Failure> {
    let parts = |mirror: &mirror::Mirror| (mirror.counts(), mirror.head().map(|id| id.to_string()));
    if common.json {
        let one = |mirror: &mirror::Mirror| {
            let ([branches, tags, rewritten], head) = parts(mirror);
            json!({"mirror": mirror.name, "branches": branches, "tags": tags, "rewritten": rewritten, "head": head})
        };
        let mirrors: Vec<Value> = mirrors.iter().map(one).collect();
        output::print_json(&json!({"schema": "avalaches/mirrors/1", "mirrors": mirrors}))?;
        return Ok(Outcome::Yes);
    }
    let mut text = String::new();
    for mirror in mirrors {
        let ([branches, tags, rewritten], head) = parts(mirror);
        let head = head.map(|head| format!(" · {head}")).unwrap_or_default();
        let rewritten = match rewritten {
            0 => String::new(),
            count => format!(", {count} rewritten and kept"),
        };
        let name = visible(&mirror.name);
        let (branches, tags) = (branches_counted(branches), counted(tags, "tag"));
        let _ = writeln!(text, "{name}  {branches}, {tags}{rewritten}{head}");
    }
    output::print(&text)?;
    if mirrors.is_empty() && !common.quiet {
        output::note("the archive has no mirrors; make one with `avalaches mirror REPO NAME`");
    }
    Ok(Outcome::Yes)
}

fn branches_counted(count: usize) -> String {
    format!("{count} branch{}", if count == 1 { "" } else { "es" })
}

fn change_json(change: &RefChange) -> Value {
    json!({
        "ref": change.name,
        "change": change.what.name(),
        "before": change.before.map(|id| id.to_string()),
        "after": change.after.map(|id| id.to_string()),
        "kept": change.kept,
    })
}

fn failure(error: MirrorError) -> Failure {
    match error {
        MirrorError::Open(error) => open_failure(error),
        error @ MirrorError::Fetch(FetchError::Shallow) => Failure::from(error)
            .hint("name the repository that it was made of, or run `git fetch --unshallow` there; nothing was taken"),
        error @ MirrorError::Fetch(_) => Failure::new(with_causes(&error))
            .hint("what `git ls-remote REPO` says tells whether git can reach it; nothing was taken"),
        error => Failure::from(error),
    }
}
