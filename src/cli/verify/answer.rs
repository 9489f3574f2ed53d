//! What is printed of the answer about one thing.

use std::fmt::Write as _;

use avalaches::footer::Footer;
use avalaches::swhid::Swhid;
use avalaches::verify::in_log::InLog;
use avalaches::verify::mirrored::{Mirrored, SetAside};
use avalaches::verify::{Answer, Named, Verdict};
use avalaches::withheld::Reason;
use avalaches::wording::{counted, quoted};

use crate::cli::Common;
use crate::cli::changes::{self, Told};
use crate::cli::output::{BAD, GOOD, NOTICE, visible};
use crate::cli::policy;

pub fn text(common: &Common, thing: &str, answer: &Answer) -> String {
    let verdict = answer.verdict();
    let style = match verdict {
        Verdict::Verified | Verdict::Proved => GOOD,
        Verdict::Superseded | Verdict::Withheld | Verdict::Behind => NOTICE,
        _ => BAD,
    };
    let mut text = String::new();
    let word = verdict.name();
    let footer = answer.revision.as_ref().map(|revision| revision.footer());
    let footer = footer.or_else(|| Some(answer.withheld.as_ref()?.footer()));
    let footer = footer.or_else(|| answer.mirrored.as_ref()?.footer());
    let named = footer.map_or_else(|| visible(thing), |footer| footer.to_string());
    let _ = writeln!(text, "{style}{word}{style:#}  {named}");
    if common.quiet {
        return text;
    }
    for reason in &answer.reasons {
        let _ = writeln!(text, "  {}", visible(reason));
    }
    let message = answer.revision.as_ref().map(|revision| &revision.message);
    if let Some(message) = message.or_else(|| Some(&answer.withheld.as_ref()?.message)) {
        let trailers = &message.trailers;
        let _ = writeln!(
            text,
            "  article {}, revision {}, {}",
            trailers.article, trailers.revision, trailers.kind
        );
        if let Some(note) = &message.note {
            let _ = writeln!(text, "  note: {}", visible(note));
        }
    }
    withheld_text(answer, &mut text);
    let judged = answer.signature.as_ref().map(|standing| &standing.judged);
    if let Some(judged) = judged.filter(|judged| judged.is_signed() || common.verbose) {
        let _ = writeln!(text, "  signature {}", visible(&judged.to_string()));
    }
    if let Some(revision) = answer.revision.as_ref().filter(|_| common.verbose) {
        let commit = &revision.commit;
        let _ = writeln!(
            text,
            "  dated {} by {}",
            commit.author.date,
            visible(&commit.author.person.to_string())
        );
        let _ = writeln!(
            text,
            "  archived {} by {}",
            commit.committer.date,
            visible(&commit.committer.person.to_string())
        );
        let _ = writeln!(
            text,
            "  SHA-256 of the article's files: {}",
            revision.message.trailers.content_sha256
        );
        let _ = writeln!(text, "  {}", Swhid::revision(revision.id));
        let _ = writeln!(text, "  tree of the archive: {}", commit.tree);
        let _ = writeln!(text, "  tree of the article: {}", revision.folder);
    }
    if let Some(in_log) = &answer.in_log {
        in_log_text(in_log, &mut text);
    }
    if let Some(mirrored) = &answer.mirrored {
        mirrored_text(mirrored, &mut text);
    }
    others_text(answer, &mut text);
    if !answer.has_same_words || common.verbose {
        changes::write(&answer.changes, Told::OfPage, &mut text);
    }
    if !answer.beside.is_empty() {
        let beside = visible(&quoted(&answer.beside));
        let _ = writeln!(text, "  not compared, as it is no part of the text: {beside}");
    }
    if answer.has_strange_style {
        text.push_str(
            "  not compared: what the page's style hides or adds, which is not this program's alone\n",
        );
    }
    if answer.has_strange_script {
        text.push_str("  not compared: what the page's scripts change, which were not run\n");
    }
    if let Some(address) = &answer.refresh {
        let address = visible(address);
        let _ = writeln!(
            text,
            "  not compared: what is at the address to which browsers go from the page by themselves: {address}"
        );
    }
    text
}

/// Says who had the content withheld.
fn withheld_text(answer: &Answer, text: &mut String) {
    for reasons in answer
        .why_withheld
        .chunk_by(|one, other| one.commit == other.commit)
    {
        if let Some(Reason {
            by,
            signature,
            commit,
            ..
        }) = reasons.first()
        {
            let (by, signature) = (visible(&by.to_string()), visible(&signature.to_string()));
            let _ = writeln!(text, "  withheld by {by}: {commit}");
            let _ = writeln!(text, "    signature {signature}");
        }
    }
}

/// Says where the revision stands in the log, by whose word.
fn in_log_text(in_log: &InLog, text: &mut String) {
    let checkpoint = &in_log.signed.checkpoint;
    let origin = visible(&checkpoint.origin);
    let at = in_log.at.map(|at| format!(" at {at}")).unwrap_or_default();
    let size = counted(checkpoint.size, "revision");
    let _ = writeln!(text, "  in the log {origin} of {size}{at}");
    match &in_log.key {
        Some(key) => {
            let _ = writeln!(text, "    signed with {}", visible(&key.to_string()));
        }
        None => text.push_str("    its signature was not checked: the key is not known here\n"),
    }
    for said in &in_log.cosigned {
        let when = policy::date(said.seconds);
        let _ = writeln!(text, "    cosigned by {} at {when}", visible(&said.witness));
    }
}

/// Says which other revisions have to do with what was asked.
fn others_text(answer: &Answer, text: &mut String) {
    for later in &answer.later {
        let note = later
            .note
            .as_ref()
            .map(|note| format!(" ({})", visible(note)))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "  superseded by revision {}, {}{note}: {}",
            later.revision, later.kind, later.footer
        );
        unauthorized(later, text);
    }
    for same in &answer.same_text {
        let _ = writeln!(
            text,
            "  the text is that of {}, revision {}: {}",
            same.article, same.revision, same.footer
        );
        unauthorized(same, text);
    }
    for claim in &answer.claimed_by {
        let _ = writeln!(
            text,
            "  recorded as the claim of {}, revision {}: {}",
            claim.article, claim.revision, claim.footer
        );
        unauthorized(claim, text);
    }
}

/// Says of a revision that it lacks the signature that the archive asked for.
fn unauthorized(named: &Named, text: &mut String) {
    if let Some(what) = &named.unauthorized {
        let _ = writeln!(text, "    unauthorized: {}", visible(what));
    }
}

/// Says which commit of which other repository was found, and which of its files were compared.
fn mirrored_text(mirrored: &Mirrored, text: &mut String) {
    let by = match mirrored.author.person() {
        Some(person) => format!(" by {}", visible(&person.to_string())),
        None => String::new(),
    };
    let date = mirrored
        .author
        .date
        .map(|date| format!(", dated {date}"))
        .unwrap_or_default();
    let mirror = visible(&mirrored.place.mirror);
    let _ = writeln!(
        text,
        "  a commit of the publisher's own repository, mirrored here as {mirror}{by}{date}"
    );
    let paths: Vec<String> = mirrored.paths.iter().map(|path| visible(path)).collect();
    let paths = paths.join(" and ");
    let _ = match (mirrored.is_compared, mirrored.is_alike) {
        (false, _) => writeln!(text, "  no text was compared: give the page itself for that"),
        (true, _) if paths.is_empty() => Ok(()),
        (true, true) => writeln!(text, "  most like it: {paths}"),
        (true, false) => writeln!(text, "  the text is that of {paths}"),
    };
    let set = mirrored.set_aside.as_ref().map(SetAside::in_words);
    if let Some(set) = set.filter(|set| !set.is_empty()) {
        let _ = writeln!(
            text,
            "  set by the program that made the page, and not in the file: {set}"
        );
    }
    if let Some(later) = &mirrored.later {
        let what = if later.is_gone {
            "took it away"
        } else {
            "changed it"
        };
        let path = visible(&later.path);
        let footer = later.date.map(|date| Footer::of(date, later.id).to_string());
        let footer = footer.unwrap_or_else(|| later.id.to_string());
        let _ = writeln!(text, "  superseded: a later commit {what} ({path}): {footer}");
    }
}
