//! `avalaches audit`.

use avalaches::archive::{Archive, OpenError};
use avalaches::audit::{self, Finding, Options, Report};
use avalaches::date::{CivilDay, RevisionDate, UtcOffset};
use avalaches::id::{CommitId, IdPrefix};
use avalaches::report::Verdict;
use avalaches::verify::whole::{self, Code, Scope, Severity};
use avalaches::wording::{counted, with_causes};
use clap::ValueEnum;

use super::progress::{Meter, Shown};
use super::{Common, Failure, Outcome, environment, output, remember, resolve};

mod html;
mod json;
mod text;

/// Judge the whole history: everything verify finds, and what the format allows and a reader should know
#[derive(Debug, clap::Args)]
pub struct Audit {
    /// Judge only what was archived from a day on, or came after a commit
    #[arg(long, value_name = "DATE|ID")]
    since: Option<String>,
    /// An id that you kept: it must still be in the branch's history
    #[arg(long, value_name = "ID", visible_alias = "pin")]
    remembered: Vec<String>,
    /// How the report is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The present [default: `SOURCE_DATE_EPOCH`, `GIT_COMMITTER_DATE`, else now]
    #[arg(long, value_name = "DATE")]
    now: Option<String>,
    /// How progress is shown
    #[arg(long, value_enum, default_value = "auto")]
    progress: Shown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// One JSON document
    Json,
    /// One page that needs nothing else, for the screen and for paper, with what each correction changed
    Html,
}

/// What was asked.
struct Asked {
    format: Format,
    scope: Scope,
    now: RevisionDate,
    remembered: Vec<CommitId>,
}

impl Audit {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let format = common.form(self.format, Format::Text, Format::Json)?;
        let now = |offset| environment::now_of("--now", self.now.as_deref(), offset);
        let archive = match common.open_at(&common.archive_path()?) {
            Ok(archive) => archive,
            // The archive is there and damaged: that is an answer.
            Err(error) if error.is_damage() => {
                let asked = Asked {
                    format,
                    scope: Scope::Whole,
                    now: now(UtcOffset::UTC)?,
                    remembered: Vec::new(),
                };
                return tell(common, None, &asked, &unreadable(&error));
            }
            Err(error) => return Err(super::open_failure(error)),
        };
        let scope = match &self.since {
            None => Scope::Whole,
            Some(text) => match CivilDay::parse(text, '-') {
                Some(day) => audit::since(&archive, day)?,
                None => Scope::Since(id(&archive, text)?),
            },
        };
        let mut remembered = Vec::new();
        let (mut contradicting, note) = remember::findings(&archive)?;
        for text in &self.remembered {
            match IdPrefix::parse(text.trim()) {
                // That no commit begins so is an answer.
                Some(prefix) => match resolve::by_prefix(&archive, &prefix)? {
                    Some(id) => remembered.push(id),
                    None => contradicting.push(whole::Finding {
                        code: Code::RecordedUnknown,
                        commit: None,
                        place: format!("commit {prefix}"),
                        what: whole::NOT_HERE.to_owned(),
                    }),
                },
                None => remembered.push(resolve::commit(&archive, text)?),
            }
        }
        let asked = Asked {
            format,
            scope,
            now: now(archive.settings().utc_offset)?,
            remembered,
        };
        let options = Options {
            whole: whole::Options {
                scope,
                ..whole::Options::default()
            },
            now: asked.now,
            remembered: asked.remembered.clone(),
            contradicting,
        };
        let mut meter = Meter::begin(common, self.progress, "objects")?;
        let mut report = audit::run(&archive, &options, &mut |progress| meter.tell(progress));
        meter.end();
        report.whole.notes.extend(note);
        tell(common, Some(&archive), &asked, &report)
    }
}

fn tell(
    common: &Common,
    archive: Option<&Archive>,
    asked: &Asked,
    report: &Report,
) -> Result<Outcome, Failure> {
    match asked.format {
        Format::Text => output::print(&text::text(common, asked.scope, report))?,
        Format::Json => output::print_json(&json::document(asked.scope, report))?,
        Format::Html => html::print(common, archive, asked, report)?,
    }
    match verdict(report) {
        Verdict::Clean => Ok(Outcome::Yes),
        Verdict::Findings(_) => Ok(Outcome::No),
        Verdict::Unread(_) => Err(super::unread()),
        Verdict::Ended(_) => Ok(Outcome::Interrupted),
    }
}

/// Tells what an audit came to.
fn verdict(report: &Report) -> Verdict {
    let counts = counts(report);
    match report.whole.ended {
        Some(progress) => {
            let (done, all) = (progress.done, progress.all);
            Verdict::Ended(format!(
                "It was ended after {done} of {all} objects, and says nothing of the rest: {counts} until then."
            ))
        }
        None if report.is_unread() => Verdict::Unread(format!(
            "Not all of the archive could be read, and what else was found may come of that: {counts}."
        )),
        None if report.is_clean() => Verdict::Clean,
        None => Verdict::Findings(format!("{counts}.")),
    }
}

/// Returns how many findings of each severity there are, in words.
fn counts(report: &Report) -> String {
    [Severity::Error, Severity::Warning, Severity::Notice]
        .map(|severity| counted(report.count(severity), severity.name()))
        .join(", ")
}

/// Reads an id; one of forty digits need not be in the archive.
fn id(archive: &Archive, text: &str) -> Result<CommitId, Failure> {
    text.parse().or_else(|_| resolve::commit(archive, text))
}

fn unreadable(error: &OpenError) -> Report {
    Report {
        whole: whole::Report::default(),
        findings: vec![Finding {
            code: Code::BranchUnreadable,
            place: "the branch".to_owned(),
            what: with_causes(error),
            commit: None,
            footer: None,
            revision: None,
        }],
        months: std::collections::BTreeMap::new(),
    }
}
