//! `avalaches verify`.

use std::fmt::Write as _;
use std::path::Path;

use avalaches::add::PageError;
use avalaches::archive::{Archive, OpenError};
use avalaches::canonical::Invisible;
use avalaches::date::RevisionDate;
use avalaches::diff;
use avalaches::draft;
use avalaches::footer::Footer;
use avalaches::id::{ArticleId, IdPrefix};
use avalaches::object::Hashing;
use avalaches::quote::Way;
use avalaches::storage::verified;
use avalaches::swhid::{SCHEME, Swhid};
use avalaches::verify::mirrored::Mirrored;
use avalaches::verify::whole::{self, Options, Progress, Report, Scope};
use avalaches::verify::{self, Answer, Named, Verdict, with_causes};
use clap::ValueEnum;
use serde_json::{Value, json};

use super::changes::{self, Told};
use super::output::{BAD, GOOD, NOTICE, visible};
use super::pages::{FormName, form_of, page_failure, read_page};
use super::progress::{Meter, Shown};
use super::signing::judged_json;
use super::{Common, Failure, Outcome, output, quote, resolve};

/// Check pages, footers and ids, or the whole archive when nothing is named
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// A page's file, - for stdin, a footer, an id of 7 to 40 digits, a SWHID, or an article
    #[arg(value_name = "PAGE|FOOTER|ID|SWHID")]
    things: Vec<String>,
    /// Count a superseded revision as a no
    #[arg(long)]
    current: bool,
    /// How pages are written [default: by name, else by content]
    #[arg(long, value_enum)]
    form: Option<FormName>,
    /// Of the whole archive, check only what came after a commit
    #[arg(long, value_name = "ID", conflicts_with_all = ["things", "subset"])]
    since: Option<String>,
    /// Check what came after the last --changed that found nothing wrong, and record the tip
    #[arg(long, conflicts_with_all = ["things", "since", "subset"])]
    changed: bool,
    /// Check one share of the whole archive: 1/7, 2/7 … are together a full check
    #[arg(long, value_name = "N/T", value_parser = share, conflicts_with = "things")]
    subset: Option<Scope>,
    /// How ids are computed: by two implementations, one of which detects prepared collisions, or by one
    #[arg(long, value_enum, default_value = "both", conflicts_with = "things")]
    hash: HashName,
    /// How progress is shown
    #[arg(long, value_enum, default_value = "auto", conflicts_with = "things")]
    progress: Shown,
    /// Say which revisions have these words, whatever the white space between them
    #[arg(long, value_name = "WORDS", conflicts_with_all = ["things", "since", "changed", "subset"])]
    quote: Option<String>,
    /// Read every text for the quote, without the file in which words are looked up
    #[arg(long, requires = "quote")]
    scan: bool,
}

/// The names of [`Hashing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HashName {
    Both,
    Sha1,
}

fn share(text: &str) -> Result<Scope, String> {
    let parts = text
        .split_once('/')
        .and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
    match parts {
        Some((number, of)) if (1..=of).contains(&number) => Ok(Scope::Share { number, of }),
        _ => Err("a share is N/T with N from 1 to T, such as 1/7".to_owned()),
    }
}

impl Verify {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = match Archive::open(&common.archive_path()?, common.owner()) {
            Ok(archive) => archive,
            // The archive is there and damaged: that is an answer.
            Err(error @ (OpenError::Ref(_) | OpenError::Tip(_) | OpenError::Settings(_)))
                if self.things.is_empty() && self.quote.is_none() =>
            {
                let mut report = Report::default();
                report.findings.push(whole::Finding {
                    code: whole::Code::BranchUnreadable,
                    commit: None,
                    place: "the branch".to_owned(),
                    what: with_causes(&error),
                });
                return tell_report(common, Scope::Whole, &report);
            }
            Err(error) => return Err(super::open_failure(error)),
        };
        if let Some(words) = &self.quote {
            let way = if self.scan { Way::Scan } else { Way::Words };
            return quote::run(common, &archive, words, way, self.progress);
        }
        if self.things.is_empty() {
            return self.check_whole(common, &archive);
        }
        let mut outcome = Outcome::Yes;
        let mut failed = None;
        let mut documents = Vec::new();
        let mut proved = false;
        for thing in &self.things {
            let answer = match self.judge(&archive, thing) {
                Ok(answer) => answer,
                Err(failure) if self.things.len() == 1 => return Err(failure),
                Err(failure) => {
                    output::error(&failure.message);
                    failure.hint.iter().for_each(|hint| output::hint(hint));
                    failed = Some(thing);
                    continue;
                }
            };
            let verdict = answer.verdict();
            if !verdict.is_yes() || self.current && verdict == Verdict::Superseded {
                outcome = Outcome::No;
            }
            proved |= verdict.is_yes();
            if common.json {
                documents.push(answer_json(thing, &answer));
            } else {
                output::print(&answer_text(common, thing, &answer))?;
            }
        }
        if common.json {
            output::print_json(&json!({"schema": "avalaches/verify/1", "answers": documents}))?;
        } else if proved && !common.quiet {
            output::note(
                "a footer proves what was published and in which order; not that it is true, nor the clock time",
            );
        }
        match failed {
            Some(thing) => Err(Failure::new(format!("could not answer for {thing:?}"))),
            None => Ok(outcome),
        }
    }

    fn check_whole(&self, common: &Common, archive: &Archive) -> Result<Outcome, Failure> {
        let recorded = self.changed.then(|| verified::load(archive.path())).flatten();
        let since = match &self.since {
            None => recorded,
            // An id that is not in the archive is an answer: its history was rewritten.
            Some(text) => Some(text.parse().or_else(|_| resolve::commit(archive, text))?),
        };
        let scope = match since {
            Some(id) => Scope::Since(id),
            None => self.subset.unwrap_or_default(),
        };
        let hashing = match self.hash {
            HashName::Both => Hashing::Both,
            HashName::Sha1 => Hashing::Sha1,
        };
        let mut meter = Meter::begin(common, self.progress, "objects")?;
        let mut report = whole::check(archive, Options { scope, hashing }, &mut |progress| {
            meter.tell(progress.done, progress.all)
        });
        meter.end();
        if self.changed && report.findings.is_empty() && report.ended.is_none() {
            if recorded.is_none() {
                report
                    .notes
                    .push("no check was recorded before: everything was checked".to_owned());
            }
            if let Err(error) = verified::save(archive.path(), archive.tip()) {
                let file = archive.path().join(verified::FILE_NAME);
                report
                    .notes
                    .push(format!("could not record the tip in {}: {error}", file.display()));
            }
        }
        tell_report(common, scope, &report)
    }

    fn judge(&self, archive: &Archive, thing: &str) -> Result<Answer, Failure> {
        let trimmed = thing.trim();
        let is_page = thing == "-" || Path::new(thing).exists();
        if !is_page {
            if let Ok(footer) = trimmed.parse::<Footer>() {
                return Ok(verify::footer(archive, &footer)?);
            }
            if Footer::looks_like_one(trimmed) {
                return Err(Failure::from(
                    trimmed.parse::<Footer>().expect_err("it was tried above"),
                ));
            }
            if trimmed.starts_with(SCHEME) {
                return Ok(verify::swhid(archive, &trimmed.parse()?)?);
            }
            if trimmed.parse::<ArticleId>().is_ok() {
                return Ok(verify::id(archive, resolve::commit(archive, trimmed)?)?);
            }
            if let Some(prefix) = IdPrefix::parse(trimmed) {
                return Ok(match resolve::by_prefix(archive, &prefix)? {
                    Some(id) => verify::id(archive, id)?,
                    None => verify::unknown(&format!("the archive has no commit that begins with {prefix}")),
                });
            }
        }
        let file = Path::new(thing);
        if file.is_dir() {
            return Err(Failure::new(format!("{thing} is a folder; name its pages")));
        }
        if !is_page {
            return Err(Failure::new(format!(
                "there is no file {thing:?}, and it is no footer, id, SWHID or article"
            ))
            .hint("an id has 7 to 40 digits of 0-9 and a-f; a footer is pasted whole, in quotes"));
        }
        let bytes = read_page(file)?;
        let form = self.form.map_or_else(|| form_of(file, &bytes), Into::into);
        let draft = draft::read(&bytes, form, Invisible::Allow)
            .map_err(|e| page_failure(&file.to_string_lossy(), &PageError::Draft(e)))?;
        Ok(verify::page(archive, &draft)?)
    }
}

fn tell_report(common: &Common, scope: Scope, report: &Report) -> Result<Outcome, Failure> {
    let proved = report.findings.is_empty() && report.ended.is_none();
    let objects: usize = report.objects.iter().sum();
    if common.json {
        let findings: Vec<Value> = report
            .findings
            .iter()
            .map(|finding| json!({"code": finding.code.name(), "place": finding.place, "what": finding.what}))
            .collect();
        output::print_json(&json!({
            "schema": "avalaches/verify-archive/1",
            "verdict": if proved { "verified" } else if report.ended.is_some() { "ended" } else { "corrupt" },
            "scope": scope_name(scope),
            "tip": report.tip.map(|id| id.to_string()),
            "articles": report.articles,
            "revisions": report.revisions,
            "objects": objects,
            "bytes": report.bytes,
            "findings": findings,
            "notes": report.notes,
        }))?;
        return Ok(outcome(report));
    }
    let mut text = String::new();
    for finding in &report.findings {
        let _ = writeln!(
            text,
            "{BAD}finding:{BAD:#} {}: {}",
            visible(&finding.place),
            visible(&finding.what)
        );
    }
    let count = report.findings.len();
    let tip = report.tip.map(|id| format!(" · {id}")).unwrap_or_default();
    let sums = format!(
        "{} of {}, {} ({} bytes) hashed again",
        output::counted(report.revisions, "revision"),
        output::counted(report.articles, "article"),
        output::counted(objects, "object"),
        report.bytes
    );
    let scope = match scope {
        Scope::Whole => String::new(),
        _ => format!("{}: ", scope_name(scope)),
    };
    if proved {
        let _ = writeln!(text, "{GOOD}verified{GOOD:#}  {scope}{sums}{tip}");
    } else if let Some(Progress { done, all }) = report.ended {
        let _ = writeln!(
            text,
            "{NOTICE}ended{NOTICE:#}  {scope}the check was ended after {done} of {all} objects, with {}",
            output::counted(count, "finding")
        );
    } else {
        let _ = writeln!(
            text,
            "{BAD}corrupt{BAD:#}  {}; {sums}{tip}",
            output::counted(count, "finding")
        );
    }
    if common.verbose {
        let [commits, trees, blobs, tags] = report.objects;
        let _ = writeln!(
            text,
            "  {commits} commits, {trees} trees, {blobs} blobs, {tags} tags"
        );
    }
    output::print(&text)?;
    if !common.quiet {
        report.notes.iter().for_each(|note| output::note(note));
        if proved {
            output::note(
                "this proves what the archive holds and in which order; not that it is true, nor the clock time",
            );
            output::note(
                "keep the last id: with it anyone can tell later whether this history was rewritten",
            );
        }
    }
    Ok(outcome(report))
}

fn outcome(report: &Report) -> Outcome {
    if report.ended.is_some() {
        Outcome::Interrupted
    } else if report.findings.is_empty() {
        Outcome::Yes
    } else {
        Outcome::No
    }
}

pub fn scope_name(scope: Scope) -> String {
    match scope {
        Scope::Whole => "whole".to_owned(),
        Scope::Since(id) => format!("since {id}"),
        Scope::Share { number, of } => format!("share {number}/{of}"),
    }
}

fn answer_text(common: &Common, thing: &str, answer: &Answer) -> String {
    let verdict = answer.verdict();
    let style = match verdict {
        Verdict::Verified => GOOD,
        Verdict::Superseded => NOTICE,
        _ => BAD,
    };
    let mut text = String::new();
    let word = verdict.name();
    let footer = answer.revision.as_ref().map(|revision| revision.footer());
    let footer = footer.or_else(|| answer.mirrored.as_ref()?.footer());
    let named = footer.map_or_else(|| visible(thing), |footer| footer.to_string());
    let _ = writeln!(text, "{style}{word}{style:#}  {named}");
    if common.quiet {
        return text;
    }
    for reason in &answer.reasons {
        let _ = writeln!(text, "  {}", visible(reason));
    }
    if let Some(revision) = &answer.revision {
        let trailers = &revision.message.trailers;
        let _ = writeln!(
            text,
            "  article {}, revision {}, {}",
            trailers.article, trailers.revision, trailers.kind
        );
        if let Some(note) = &revision.message.note {
            let _ = writeln!(text, "  note: {}", visible(note));
        }
    }
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
    if let Some(mirrored) = &answer.mirrored {
        mirrored_text(mirrored, verdict, &mut text);
    }
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
    }
    for same in &answer.same_text {
        let _ = writeln!(
            text,
            "  the text is that of {}, revision {}: {}",
            same.article, same.revision, same.footer
        );
    }
    for claim in &answer.claimed_by {
        let _ = writeln!(
            text,
            "  recorded as the claim of {}, revision {}: {}",
            claim.article, claim.revision, claim.footer
        );
    }
    changes::write(&answer.changes, Told::OfPage, &mut text);
    text
}

/// Says which commit of which other repository was found, and which of its files were compared.
fn mirrored_text(mirrored: &Mirrored, verdict: Verdict, text: &mut String) {
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
    let _ = match (mirrored.is_compared, verdict) {
        (false, _) => writeln!(text, "  no text was compared: give the page itself for that"),
        (true, _) if paths.is_empty() => Ok(()),
        (true, Verdict::Altered) => writeln!(text, "  most like it: {paths}"),
        (true, _) => writeln!(text, "  the text is that of {paths}"),
    };
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

fn answer_json(thing: &str, answer: &Answer) -> Value {
    let revision = answer.revision.as_deref().map(output::revision_json);
    let mirrored = answer.mirrored.as_deref().map(mirrored_json);
    json!({
        "asked": thing,
        "verdict": answer.verdict(),
        "reasons": answer.reasons,
        "revision": revision,
        "signature": answer.signature.as_ref().map(|standing| judged_json(&standing.judged)),
        "signatures": answer.signature.as_ref().map(|standing| standing.asked.name()),
        "mirrored": mirrored,
        "changes": diff::json::changes(&answer.changes),
        "superseded_by": named_json(&answer.later),
        "same_text": named_json(&answer.same_text),
        "claimed_by": named_json(&answer.claimed_by),
    })
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
        "later": later,
    })
}

fn named_json(named: &[Named]) -> Vec<Value> {
    let one = |named: &Named| {
        json!({
            "article": named.article, "revision": named.revision, "kind": named.kind.name(), "note": named.note,
            "id": named.footer.commit.to_string(),
            "swhid": Swhid::revision(named.footer.commit).to_string(),
            "footer": named.footer.to_string(),
        })
    };
    named.iter().map(one).collect()
}
