//! An audit's report for a terminal.

use std::fmt::Write as _;

use avalaches::audit::{NOT_PROVED, Report};
use avalaches::report::Verdict;
use avalaches::verify::whole::{Scope, Severity};
use avalaches::wording::counted;

use super::super::output::{BAD, FAINT, GOOD, NOTICE, visible};
use super::super::verify::scope_name;
use super::{Common, counts};

/// Findings of one code that are printed without --verbose.
const MOST_PRINTED: usize = 20;

/// Writes the report.
pub(super) fn text(common: &Common, scope: Scope, report: &Report) -> String {
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
    let counts = counts(report);
    let verdict = super::verdict(report);
    let style = match verdict {
        Verdict::Clean => GOOD,
        Verdict::Findings(_) => BAD,
        Verdict::Ended(_) | Verdict::Unread(_) => NOTICE,
    };
    let word = verdict.word();
    let tip = whole.tip.map(|id| format!(" · {id}")).unwrap_or_default();
    let scope = match scope {
        Scope::Whole => String::new(),
        scope => format!("{}: ", scope_name(scope)),
    };
    let _ = writeln!(
        text,
        "{style}{word}{style:#}  {scope}{counts} in {} of {}{tip}",
        counted(whole.revisions, "revision"),
        counted(whole.articles, "article")
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
