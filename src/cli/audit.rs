//! `avalaches audit`.

use std::fmt::Write as _;

use avalaches::archive::{Archive, OpenError};
use avalaches::article::Kind;
use avalaches::audit::{self, Finding, NOT_PROVED, Options, Report};
use avalaches::date::CivilDay;
use avalaches::id::CommitId;
use avalaches::swhid::Swhid;
use avalaches::verify::whole::{self, Code, Scope, Severity};
use avalaches::verify::with_causes;
use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::output::{BAD, FAINT, GOOD, NOTICE, visible};
use super::progress::{Meter, Shown};
use super::{Common, Failure, Outcome, environment, output, resolve};

/// Findings of one code that are printed without --verbose.
const MOST_PRINTED: usize = 20;

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
    /// The present [default: `SOURCE_DATE_EPOCH`, else now]
    #[arg(long, value_name = "DATE")]
    now: Option<String>,
    /// How progress is shown
    #[arg(long, value_enum, default_value = "auto")]
    progress: Shown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Audit {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = match Archive::open(&common.archive_path()?, common.owner()) {
            Ok(archive) => archive,
            // The archive is there and damaged: that is an answer.
            Err(error @ (OpenError::Ref(_) | OpenError::Tip(_) | OpenError::Settings(_))) => {
                return self.tell(common, Scope::Whole, &unreadable(&error));
            }
            Err(error) => return Err(super::open_failure(error)),
        };
        let offset = archive.settings().utc_offset;
        let scope = match &self.since {
            None => Scope::Whole,
            Some(text) => match CivilDay::parse(text, '-') {
                Some(day) => audit::since(&archive, day)?,
                None => Scope::Since(id(&archive, text)?),
            },
        };
        let remembered = self.remembered.iter().map(|text| id(&archive, text));
        let options = Options {
            whole: whole::Options {
                scope,
                ..whole::Options::default()
            },
            now: environment::now_of("--now", self.now.as_deref(), offset)?,
            remembered: remembered.collect::<Result<_, _>>()?,
        };
        let mut meter = Meter::begin(common, self.progress, "objects")?;
        let report = audit::run(&archive, &options, &mut |progress| {
            meter.tell(progress.done, progress.all)
        });
        meter.end();
        self.tell(common, scope, &report)
    }

    fn tell(&self, common: &Common, scope: Scope, report: &Report) -> Result<Outcome, Failure> {
        if common.json || self.format == Format::Json {
            output::print_json(&document(scope, report))?;
        } else {
            output::print(&text(common, scope, report))?;
        }
        Ok(if report.whole.ended.is_some() {
            Outcome::Interrupted
        } else if report.is_clean() {
            Outcome::Yes
        } else {
            Outcome::No
        })
    }
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

fn text(common: &Common, scope: Scope, report: &Report) -> String {
    let mut text = String::new();
    for findings in report.findings.chunk_by(|one, other| one.code == other.code) {
        let Some(first) = findings.first() else { continue };
        let (code, severity) = (first.code, first.code.severity());
        let style = match severity {
            Severity::Error => BAD,
            Severity::Warning => NOTICE,
            Severity::Notice => FAINT,
        };
        let _ = writeln!(text, "{style}{severity}{style:#}  {code}: {}", code.meaning());
        let most = if common.verbose {
            findings.len()
        } else {
            MOST_PRINTED
        };
        for finding in findings.iter().take(most) {
            let place = finding
                .footer
                .as_ref()
                .map_or_else(|| visible(&finding.place), ToString::to_string);
            let _ = writeln!(text, "  {place}");
            let revision = finding
                .revision
                .as_ref()
                .map(|(article, number)| format!("{article}, revision {number}: "))
                .unwrap_or_default();
            let _ = writeln!(text, "    {revision}{}", visible(&finding.what));
        }
        if findings.len() > most {
            let _ = writeln!(text, "  and {} more; --verbose shows them", findings.len() - most);
        }
    }
    let whole = &report.whole;
    let counts = [Severity::Error, Severity::Warning, Severity::Notice]
        .map(|severity| output::counted(report.count(severity), severity.name()))
        .join(", ");
    let (style, word) = match (&whole.ended, report.is_clean()) {
        (Some(_), _) => (NOTICE, "ended"),
        (None, true) => (GOOD, "clean"),
        (None, false) => (BAD, "findings"),
    };
    let tip = whole.tip.map(|id| format!(" · {id}")).unwrap_or_default();
    let scope = match scope {
        Scope::Whole => String::new(),
        scope => format!("{}: ", super::verify::scope_name(scope)),
    };
    let _ = writeln!(
        text,
        "{style}{word}{style:#}  {scope}{counts} in {} of {}{tip}",
        output::counted(whole.revisions, "revision"),
        output::counted(whole.articles, "article")
    );
    if let Some(progress) = whole.ended {
        let _ = writeln!(
            text,
            "  the audit was ended after {} of {} objects",
            progress.done, progress.all
        );
    }
    if common.quiet {
        return text;
    }
    for note in &whole.notes {
        let _ = writeln!(text, "  {}", visible(note));
    }
    let _ = writeln!(text, "not proved:");
    for what in NOT_PROVED {
        let _ = writeln!(text, "  {what}");
    }
    text
}

fn document(scope: Scope, report: &Report) -> Value {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "code": finding.code.name(),
                "severity": finding.code.severity().name(),
                "place": finding.place,
                "what": finding.what,
                "article": finding.revision.as_ref().map(|(article, _)| article.to_string()),
                "revision": finding.revision.as_ref().map(|(_, number)| number),
                "id": finding.commit.map(|id| id.to_string()),
                "swhid": finding.commit.map(|id| Swhid::revision(id).to_string()),
                "footer": finding.footer.as_ref().map(ToString::to_string),
            })
        })
        .collect();
    let months: Vec<Value> = report
        .months
        .iter()
        .map(|(month, counts)| {
            let mut line = Map::from_iter([("month".to_owned(), json!(month))]);
            for (kind, count) in Kind::ALL.iter().zip(counts) {
                line.insert(kind.name().to_owned(), json!(count));
            }
            Value::Object(line)
        })
        .collect();
    let whole = &report.whole;
    json!({
        "schema": "avalaches/audit/1",
        "verdict": match (&whole.ended, report.is_clean()) {
            (Some(_), _) => "ended",
            (None, true) => "clean",
            (None, false) => "findings",
        },
        "scope": super::verify::scope_name(scope),
        "tip": whole.tip.map(|id| id.to_string()),
        "articles": whole.articles,
        "revisions": whole.revisions,
        "objects": whole.objects.iter().sum::<usize>(),
        "bytes": whole.bytes,
        "errors": report.count(Severity::Error),
        "warnings": report.count(Severity::Warning),
        "notices": report.count(Severity::Notice),
        "findings": findings,
        "months": months,
        "notes": whole.notes,
        "not_proved": NOT_PROVED,
    })
}
