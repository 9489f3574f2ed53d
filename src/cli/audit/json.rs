//! An audit's report as a JSON document.

use avalaches::article::Kind;
use avalaches::audit::{NOT_PROVED, Report};
use avalaches::swhid::Swhid;
use avalaches::verify::whole::{Scope, Severity};
use serde_json::{Map, Value, json};

use super::super::verify::scope_name;

/// Returns the report in the form that JSON.md describes.
pub(super) fn document(scope: Scope, report: &Report) -> Value {
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
        "verdict": super::verdict(report).word(),
        "scope": scope_name(scope),
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
