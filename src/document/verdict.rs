//! `avalaches/verify/1`: what was asked, and the answer to it.

use serde_json::{Value, json};

use super::{judged, named, revision, withheld};
use crate::date::{RevisionDate, UtcOffset};
use crate::diff;
use crate::footer::Footer;
use crate::swhid::Swhid;
use crate::verify::in_log::InLog;
use crate::verify::mirrored::Mirrored;
use crate::verify::{Answer, Named};

/// Returns the document of some answers.
#[must_use]
pub fn document(answers: &[Value]) -> Value {
    json!({"schema": "avalaches/verify/1", "answers": answers})
}

/// Returns one answer, with what was asked as the asker wrote it.
#[must_use]
pub fn answer(asked: &str, answer: &Answer) -> Value {
    let found = answer.revision.as_deref().map(revision);
    let left = answer.withheld.as_deref();
    let left = left.map(|left| named(left.id, &left.commit, &left.message));
    let mirrored = answer.mirrored.as_deref().map(mirrored_json);
    json!({
        "asked": asked,
        "verdict": answer.verdict().name(),
        "basis": if answer.alone { "page" } else { "archive" },
        "reasons": answer.reasons,
        "revision": found.or(left),
        "withheld": withheld(&answer.why_withheld),
        "signature": answer.signature.as_ref().map(|standing| judged(&standing.judged)),
        "signatures": answer.signature.as_ref().map(|standing| standing.asked.name()),
        "mirrored": mirrored,
        "log": answer.in_log.as_ref().map(log),
        "same_words": answer.has_same_words,
        "changes": diff::json::changes(&answer.changes),
        "superseded_by": others(&answer.later),
        "same_text": others(&answer.same_text),
        "claimed_by": others(&answer.claimed_by),
        "beside": answer.beside,
        "strange_style": answer.has_strange_style,
        "strange_script": answer.has_strange_script,
        "refresh": answer.refresh,
    })
}

fn log(in_log: &InLog) -> Value {
    let checkpoint = &in_log.signed.checkpoint;
    let cosigned = in_log.cosigned.iter();
    let cosigned = cosigned.map(|said| json!({"witness": said.witness, "at": instant(said.seconds)}));
    json!({
        "origin": checkpoint.origin,
        "index": in_log.index,
        "size": checkpoint.size,
        "at": in_log.at.map(|at| at.to_string()),
        "key": in_log.key.as_ref().map(ToString::to_string),
        "cosigned": cosigned.collect::<Vec<Value>>(),
        "quorum": in_log.is_enough,
    })
}

/// Returns a moment as RFC 3339 writes it, in UTC; `None` where there is no such year here.
#[must_use]
pub fn instant(seconds: u64) -> Option<String> {
    let seconds = i64::try_from(seconds).ok()?;
    let date = RevisionDate::from_seconds(seconds, UtcOffset::UTC).ok()?;
    Some(date.to_string())
}

fn mirrored_json(mirrored: &Mirrored) -> Value {
    let footer = |date: Option<RevisionDate>, id| date.map(|date| Footer::of(date, id).to_string());
    let later = mirrored.later.as_ref().map(|later| {
        json!({
            "id": later.id.to_string(),
            "swhid": Swhid::revision(later.id).to_string(),
            "footer": footer(later.date, later.id),
            "path": later.path,
            "gone": later.is_gone,
        })
    });
    json!({
        "mirror": mirrored.place.mirror,
        "ref": mirrored.place.through,
        "id": mirrored.id.to_string(),
        "swhid": Swhid::revision(mirrored.id).to_string(),
        "footer": footer(mirrored.author.date, mirrored.id),
        "author": mirrored.author.person().map(|person| person.to_string()),
        "date": mirrored.author.date.map(|date| date.to_string()),
        "subject": mirrored.subject,
        "compared": mirrored.is_compared,
        "paths": mirrored.paths,
        "alike": mirrored.is_alike,
        "set_aside": mirrored.set_aside.as_ref().map(|set_aside| {
            set_aside.set.iter().map(|(what, times)| ((*what).to_owned(), json!(times))).collect::<serde_json::Map<_, _>>()
        }),
        "later": later,
    })
}

fn others(named: &[Named]) -> Vec<Value> {
    let one = |named: &Named| {
        json!({
            "article": named.article.to_string(), "revision": named.revision, "kind": named.kind.name(), "note": named.note,
            "id": named.footer.commit.to_string(),
            "swhid": Swhid::revision(named.footer.commit).to_string(),
            "footer": named.footer.to_string(),
            "unauthorized": named.unauthorized,
        })
    };
    named.iter().map(one).collect()
}
