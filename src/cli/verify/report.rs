//! What is printed of the check of a whole archive.

use std::fmt::Write as _;

use avalaches::id::CommitId;
use avalaches::progress::Progress;
use avalaches::verify::whole::{Code, Finding, Report, Scope};
use avalaches::wording::counted;
use serde_json::{Value, json};

use crate::cli::output::{BAD, GOOD, NOTICE, visible};
use crate::cli::remember::PULL_FIRST;
use crate::cli::{Common, Failure, Outcome, output};

/// How many withheld revisions are named.
const MOST_PRINTED: usize = 10;

pub fn tell(common: &Common, scope: Scope, report: &Report) -> Result<Outcome, Failure> {
    let objects: usize = report.objects.iter().sum();
    if common.json {
        output::print_json(&json!({
            "schema": "avalaches/verify-archive/1",
            "verdict": verdict(report).name(),
            "scope": scope_name(scope),
            "tip": report.tip.map(|id| id.to_string()),
            "articles": report.articles,
            "revisions": report.revisions,
            "objects": objects,
            "bytes": report.bytes,
            "findings": findings_json(&report.findings),
            "withheld": withheld_json(report),
            "notes": report.notes,
        }))?;
        return outcome(report);
    }
    let mut text = findings_text(&report.findings);
    let tip = report.tip.map(|id| format!(" · {id}")).unwrap_or_default();
    let withheld = match report.withheld.len() {
        0 => String::new(),
        count => format!(", content of {} withheld", counted(count, "revision")),
    };
    let sums = format!(
        "{} of {}{withheld}, {} ({} bytes) hashed again",
        counted(report.revisions, "revision"),
        counted(report.articles, "article"),
        counted(objects, "object"),
        report.bytes
    );
    let scope = match scope {
        Scope::Whole => String::new(),
        _ => format!("{}: ", scope_name(scope)),
    };
    let findings = counted(report.findings.len(), "finding");
    let _ = match verdict(report) {
        Verdict::Verified => writeln!(text, "{GOOD}verified{GOOD:#}  {scope}{sums}{tip}"),
        Verdict::Ended(Progress { done, all }) => writeln!(
            text,
            "{NOTICE}ended{NOTICE:#}  {scope}the check was ended after {done} of {all} objects, with {findings}",
        ),
        Verdict::Unread => writeln!(text, "{NOTICE}unread{NOTICE:#}  {findings}; {sums}{tip}"),
        Verdict::Behind => writeln!(text, "{NOTICE}behind{NOTICE:#}  {scope}{sums}{tip}"),
        Verdict::Unknown => writeln!(text, "{NOTICE}unknown{NOTICE:#}  {scope}{sums}{tip}"),
        Verdict::Corrupt => writeln!(text, "{BAD}corrupt{BAD:#}  {findings}; {sums}{tip}"),
    };
    if common.verbose {
        let [commits, trees, blobs, tags] = report.objects;
        let kinds = [
            (commits, "commit"),
            (trees, "tree"),
            (blobs, "blob"),
            (tags, "tag"),
        ];
        let kinds = kinds.map(|(count, kind)| counted(count, kind));
        let _ = writeln!(text, "  {}", kinds.join(", "));
    }
    output::print(&text)?;
    if !common.quiet {
        tell_withheld(common, report);
        report.notes.iter().for_each(|note| output::note(note));
        if matches!(verdict(report), Verdict::Behind | Verdict::Unknown) {
            output::hint(PULL_FIRST);
        }
        if verdict(report) == Verdict::Verified {
            output::note(
                "this proves what the archive holds and in which order; not that it is true, nor the clock time",
            );
            output::note(
                "keep the last id: with it anyone can tell later whether this history was rewritten",
            );
        }
    }
    outcome(report)
}

/// Returns findings as lines, one for each.
pub fn findings_text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { place, what, .. } in findings {
        let _ = writeln!(text, "{BAD}finding:{BAD:#} {}: {}", visible(place), visible(what));
    }
    text
}

/// Returns findings as `JSON.md` has them.
pub fn findings_json(findings: &[Finding]) -> Vec<Value> {
    let one = |finding: &Finding| json!({"code": finding.code.name(), "place": finding.place, "what": finding.what});
    findings.iter().map(one).collect()
}

/// Says of which revisions content is withheld.
fn tell_withheld(common: &Common, report: &Report) {
    let most = if common.verbose { usize::MAX } else { MOST_PRINTED };
    for (id, what) in report.withheld.iter().take(most) {
        output::note(&format!("commit {id}: {}", visible(what)));
    }
    let more = report.withheld.len().saturating_sub(most);
    if more > 0 {
        output::note(&format!(
            "content of {} more is withheld; --verbose names them",
            counted(more, "revision")
        ));
    }
}

fn withheld_json(report: &Report) -> Vec<Value> {
    let one = |(id, what): &(CommitId, String)| json!({"id": id.to_string(), "what": what});
    report.withheld.iter().map(one).collect()
}

/// What the check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Verified,
    /// Sound, and behind what the user remembered.
    Behind,
    /// Sound, and a commit that was recorded is not here.
    Unknown,
    Corrupt,
    /// Something could not be read.
    Unread,
    /// Ctrl-C ended it so far.
    Ended(Progress),
}

impl Verdict {
    const fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Behind => "behind",
            Self::Unknown => "unknown",
            Self::Corrupt => "corrupt",
            Self::Unread => "unread",
            Self::Ended(_) => "ended",
        }
    }
}

fn verdict(report: &Report) -> Verdict {
    let is = |code| move |finding: &Finding| finding.code == code;
    let is_behind = is(Code::BehindRemembered);
    let is_unknown = is(Code::RecordedUnknown);
    match report.ended {
        Some(progress) => Verdict::Ended(progress),
        None if report.is_unread() => Verdict::Unread,
        None if report.findings.is_empty() => Verdict::Verified,
        None if report.findings.iter().all(is_behind) => Verdict::Behind,
        None if report.findings.iter().all(|it| is_behind(it) || is_unknown(it)) => Verdict::Unknown,
        None => Verdict::Corrupt,
    }
}

fn outcome(report: &Report) -> Result<Outcome, Failure> {
    match verdict(report) {
        Verdict::Verified => Ok(Outcome::Yes),
        Verdict::Behind | Verdict::Unknown | Verdict::Corrupt => Ok(Outcome::No),
        Verdict::Unread => Err(crate::cli::unread()),
        Verdict::Ended(_) => Ok(Outcome::Interrupted),
    }
}

pub fn scope_name(scope: Scope) -> String {
    match scope {
        Scope::Whole => "whole".to_owned(),
        Scope::Since(id) => format!("since {id}"),
        Scope::Share { number, of } => format!("share {number}/{of}"),
    }
}
