//! `avalaches compare`.

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use avalaches::add::PageError;
use avalaches::compare::captures::{Absence, Capture, CaptureError, Captures, Unread};
use avalaches::compare::{self, Judgement, Seen, Verdict};
use avalaches::date::{RevisionDate, UtcOffset};
use avalaches::diff::{self, ParagraphChange, html};
use avalaches::wording::{counted, with_causes};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::changes;
use super::output::{BAD, FAINT, GOOD, NOTICE, visible, visible_lines};
use super::pages::{capture_files, form_of, is_warc, page_failure, read_page};
use super::{Common, Failure, Outcome, environment, output};

/// Find changes that a page does not tell of, without any archive
///
/// Two saved pages are compared, the older one first; or the captures of any number of pages, from folders, dated files and
/// WARC files, each with the one before it. What is compared is what a reader sees: the text, in canonical form, and the
/// headline; blanks that do not break lines are blanks, and marks that show nothing are none. What changed amid the text and is none of
/// it, such as boxes of facts, and what changed in what the page's own style hides there, is told and not judged; so is what changes by itself outside of
/// sentences: how long ago something was, and numbers of views and comments. The answer is `same`,
/// `declared`, or `undeclared`: the text changed, and nothing on the new page was recognised as saying so.
///
/// A change is declared where the new page has something that the old one lacks: another commit in its footer; another
/// `kind` in its front matter, or another `note`; a later `article:modified_time` or JSON-LD `dateModified`, or the first
/// one; or a notice, in the text or beside it. A notice has a line that begins with a label, such as `更正：`, `编者按：`,
/// `Correction:` or `Updated on Jan. 23`, or holds a set phrase, such as `特此更正` or `an earlier version of this article`. A
/// sentence that merely uses such a word is none, nor is a headline such as `Update: how to make cheese`. A notice in other words is not recognised: read the new page.
///
/// Of a WARC file (.warc, .warc.gz) the `response` and `resource` records with HTML or text are captures of the page at
/// their address, and `revisit` records captures of what they repeat. Addresses that differ by `http` and `https`, the port of these, or what
/// stands behind `#` are one; so are those that differ by `www.` or a `/` at the end where a redirect in the files leads from one to the
/// other. Where the server said that such a page is gone (404, 410,
/// 451) or somewhere else (301, 302, 303, 307, 308), that is told, and is no verdict; other records are passed over. Saved files
/// are all captures of one page; each has a date in its name (2026-01-22, 20260122 or 20260122153000), else in that of a
/// folder, else in its footer. Folders that are archives, or were made of one, are passed over.
///
/// The exit status is 1 if a change is not declared, also where something could not be read; else 2 if something could not be read,
/// or there is nothing to compare; else 0.
#[derive(Debug, clap::Args)]
pub struct Compare {
    /// Two pages, the older one first; or dated pages, WARC files, and folders of them
    #[arg(value_name = "PAGE|WARC|FOLDER", required = true)]
    things: Vec<PathBuf>,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What is printed of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Verdicts, and paragraph by paragraph what changed: `[-…-]` is gone, `{+…+}` is new
    Text,
    /// One page that needs nothing else
    Html,
    /// One JSON document
    Json,
}

/// Two captures of a page that follow one another, and what is said of them.
struct Pair {
    before: Named,
    after: Named,
    judgement: Judgement,
}

/// What a capture is called, when it was made, and which bytes it has.
struct Named {
    name: String,
    date: Option<String>,
    title: Option<String>,
    sha256: String,
}

impl Named {
    fn of(name: &str, date: Option<&str>, seen: &Seen) -> Self {
        Self {
            name: name.to_owned(),
            date: date.map(str::to_owned),
            title: seen.title.clone(),
            sha256: seen.sha256.clone(),
        }
    }
}

/// A page and its captures, two by two; `url` is absent for pages from files.
struct Page {
    url: Option<String>,
    pairs: Vec<Pair>,
    /// Where the page was gone or moved, the oldest first.
    absences: Vec<Absence>,
}

/// All that was compared, and what could not be.
#[derive(Default)]
struct Told {
    pages: Vec<Page>,
    unread: Vec<(String, String)>,
    /// Whether the day of one of these is not known.
    has_undated: bool,
    passed_over: usize,
}

impl Compare {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let told = match &self.things[..] {
            [old, new] if is_page(old) && is_page(new) => two_pages(old, new)?,
            things => captures(common, things)?,
        };
        for (name, reason) in &told.unread {
            output::warning(&format!("{name}: {reason}"));
        }
        match common.form(self.format, Format::Text, Format::Json)? {
            Format::Text => output::print(&text(&told.pages))?,
            Format::Html => output::print_bytes(self.page(&told.pages)?.as_bytes())?,
            Format::Json => output::print_json(&document(&told))?,
        }
        let mut pairs = told.pages.iter().flat_map(|page| &page.pairs);
        let has_told = told.pages.iter().any(Page::has_any);
        let is_undeclared = |pair: &Pair| pair.judgement.verdict == Verdict::Undeclared;
        if pairs.any(is_undeclared) {
            return Ok(Outcome::No);
        }
        // What was not read could have been changed.
        if !told.unread.is_empty() {
            let count = counted(told.unread.len(), "capture");
            let failure = Failure::new(format!("{count} could not be read"));
            return Err(if told.has_undated {
                failure
                    .hint("put the day into the file's name, such as page-2026-01-22.html, or name two pages")
            } else {
                failure
            });
        }
        if !has_told {
            return Err(
                Failure::new("there is nothing to compare: no page has two captures")
                    .hint("name an older and a newer copy of one page, or files that hold both"),
            );
        }
        Ok(Outcome::Yes)
    }
}

impl Compare {
    fn page(&self, pages: &[Page]) -> Result<String, Failure> {
        let things = self.things.iter().map(|thing| thing.display().to_string());
        let made = environment::now(None, UtcOffset::UTC)?;
        Ok(page(pages, &things.collect::<Vec<_>>(), made))
    }
}

fn two_pages(old: &Path, new: &Path) -> Result<Told, Failure> {
    if old == Path::new("-") && new == Path::new("-") {
        return Err(Failure::new("both pages are -, and stdin can be read only once"));
    }
    let (before, after) = (seen(old)?, seen(new)?);
    let named = |file: &Path, seen: &Seen| Named::of(&file.display().to_string(), None, seen);
    let pair = Pair {
        before: named(old, &before),
        after: named(new, &after),
        judgement: compare::judge(&before, &after),
    };
    Ok(Told {
        pages: vec![Page {
            url: None,
            pairs: vec![pair],
            absences: Vec::new(),
        }],
        ..Told::default()
    })
}

fn seen(file: &Path) -> Result<Seen, Failure> {
    let bytes = read_page(file)?;
    Seen::read(&bytes, form_of(file, &bytes), None)
        .map_err(|e| page_failure(&file.display().to_string(), &PageError::Draft(e)))
}

/// Gathers captures and judges each with the one before it.
fn captures(common: &Common, things: &[PathBuf]) -> Result<Told, Failure> {
    let mut captures = Captures::default();
    let (files, unlisted) = capture_files(common, things);
    for file in files {
        let name = file.display().to_string();
        if is_warc(&file) {
            let opened =
                File::open(&file).map_err(|e| Failure::new(format!("could not read {name}: {e}")))?;
            captures.add_warc(&name, BufReader::new(opened));
            continue;
        }
        let bytes = read_page(&file)?;
        if let Err(reason) = captures.add_page(&name, &bytes, form_of(&file, &bytes)) {
            captures.unread.push(Unread { name, reason });
        }
    }
    let mut unread = captures.unread.iter();
    let has_undated = unread.any(|unread| matches!(unread.reason, CaptureError::Undated));
    let (series, unread, passed_over) = captures.into_series();
    let pages = series.into_par_iter().map(|series| Page {
        url: series.url,
        pairs: series.captures.par_windows(2).filter_map(pair).collect(),
        absences: series.absences,
    });
    let unlisted = unlisted
        .iter()
        .map(|unlisted| (unlisted.folder.display().to_string(), unlisted.why.to_string()));
    let unread = unread
        .iter()
        .map(|unread| (unread.name.clone(), with_causes(&unread.reason)));
    Ok(Told {
        pages: pages.collect(),
        unread: unlisted.chain(unread).collect(),
        has_undated,
        passed_over,
    })
}

fn pair(two: &[Capture]) -> Option<Pair> {
    let [before, after] = two else {
        return None;
    };
    let named = |capture: &Capture| Named::of(&capture.name, Some(capture.moment.as_str()), &capture.seen);
    Some(Pair {
        before: named(before),
        after: named(after),
        judgement: compare::judge(&before.seen, &after.seen),
    })
}

fn is_page(file: &Path) -> bool {
    !file.is_dir() && !is_warc(file)
}

impl Page {
    /// Tells whether there is anything to tell of it.
    fn has_any(&self) -> bool {
        !self.pairs.is_empty() || !self.absences.is_empty()
    }
}

/// Returns the word for an absence, and what the server said.
fn absence_words(absence: &Absence) -> (&'static str, String) {
    let status = absence.status;
    match &absence.location {
        Some(location) => ("moved", format!("status {status}, to {location}")),
        None => ("gone", format!("status {status}")),
    }
}

impl Pair {
    /// Returns what the two are called: their dates, where these tell them apart.
    fn shown(&self) -> [&str; 2] {
        let (before, after) = (&self.before, &self.after);
        match (&before.date, &after.date) {
            (Some(old), Some(new)) if old != new => [old, new],
            _ => [&before.name, &after.name],
        }
    }
}

fn text(pages: &[Page]) -> String {
    let mut text = String::new();
    for page in pages.iter().filter(|page| page.has_any()) {
        if let Some(url) = &page.url {
            let _ = writeln!(text, "{FAINT}page{FAINT:#}  {}", visible(url));
        }
        for pair in &page.pairs {
            pair_text(pair, &mut text);
        }
        for absence in &page.absences {
            let (word, said) = absence_words(absence);
            let date = absence.moment.as_str();
            let _ = writeln!(
                text,
                "{NOTICE}{word}{NOTICE:#}  {}: {}",
                visible(date),
                visible(&said)
            );
        }
    }
    text
}

fn pair_text(pair: &Pair, text: &mut String) {
    let judgement = &pair.judgement;
    let style = match judgement.verdict {
        Verdict::Same => GOOD,
        Verdict::Declared => NOTICE,
        Verdict::Undeclared => BAD,
    };
    let word = judgement.verdict.name();
    let [before, after] = pair.shown().map(visible);
    let _ = writeln!(text, "{style}{word}{style:#}  {before} → {after}");
    for declaration in &judgement.declarations {
        let said = visible_lines(&declaration.text()).replace('\n', "\n    ");
        let _ = writeln!(text, "  declared by its {}: {said}", declaration.name());
    }
    if judgement.verdict == Verdict::Undeclared {
        text.push_str("  the text changed, and no notice of it was recognised on the new page\n");
    }
    changes::write(&judgement.changes, changes::Told::OfTime, text);
    if let Some(what) = changed_apart(judgement) {
        let end = if judgement.apart.is_empty() { "" } else { ":" };
        let _ = writeln!(text, "  {what}{end}");
        changes::write(&judgement.apart, changes::Told::OfTime, text);
    }
    for (place, changed) in apart(judgement) {
        let _ = writeln!(text, "  not judged, changed {place}:");
        changes::write(changed, changes::Told::OfTime, text);
    }
}

/// Says that words changed which are a part of what the page tells and stand in another way than as text.
fn changed_apart(judgement: &Judgement) -> Option<&'static str> {
    if !judgement.apart.is_empty() {
        return Some("changed in formulas, or in other words that show in another way than as text");
    }
    let is_changed = judgement.verdict != Verdict::Same && judgement.changes.is_empty();
    is_changed
        .then_some("the same formulas, or other words that show in another way than as text, stand elsewhere")
}

/// Lists where something changed that is no text.
fn apart(judgement: &Judgement) -> impl Iterator<Item = (&'static str, &[ParagraphChange])> {
    let apart = [
        (
            "in times that pass and in numbers of readers and remarks",
            &*judgement.passing,
        ),
        ("beside the text", &*judgement.beside),
        ("in what the page's style hides", &*judgement.hidden),
    ];
    apart.into_iter().filter(|(_, changes)| !changes.is_empty())
}

/// Writes what a capture is called, and by which others can tell its bytes from any other's.
fn row(capture: &Named) -> String {
    let said = [Some(&capture.name), capture.date.as_ref(), capture.title.as_ref()];
    let said: String = said
        .into_iter()
        .flatten()
        .map(|text| html::escape(text) + "<br>")
        .collect();
    format!("{said}SHA-256 <code>{}</code>", capture.sha256)
}

fn page(pages: &[Page], things: &[String], made: RevisionDate) -> String {
    let mut body = String::from("<h1>What changed, and whether the page says so</h1>\n");
    let things: Vec<String> = things.iter().map(|thing| html::escape(thing)).collect();
    let _ = writeln!(
        body,
        "<p>Compared: {}. Made {made} by avalaches {}. Each SHA-256 is that of a file, or of the body of a record's response without \
         its encodings.</p>",
        things.join(", "),
        env!("CARGO_PKG_VERSION")
    );
    for page in pages.iter().filter(|page| page.has_any()) {
        if let Some(url) = &page.url {
            let _ = writeln!(body, "<h2>{}</h2>", html::escape(url));
        }
        for pair in &page.pairs {
            let judgement = &pair.judgement;
            let [before, after] = pair.shown().map(html::escape);
            let word = judgement.verdict.name();
            let _ = writeln!(body, "<h3>{before} → {after}: {word}</h3>\n<table>");
            for (place, capture) in [("Before", &pair.before), ("After", &pair.after)] {
                let _ = writeln!(
                    body,
                    "<tr><th scope=\"row\">{place}</th><td>{}</td></tr>",
                    row(capture)
                );
            }
            body.push_str("</table>\n");
            for declaration in &judgement.declarations {
                let said = html::escape(&declaration.text());
                let _ = writeln!(body, "<p>Declared by its {}: {said}</p>", declaration.name());
            }
            body.push_str(&html::changes(&judgement.changes, &[], html::Tongue::English));
            if let Some(what) = changed_apart(judgement) {
                let _ = writeln!(body, "<p>Counted as well: {what}.</p>");
                body.push_str(&html::changes(&judgement.apart, &[], html::Tongue::English));
            }
            for (place, changed) in apart(judgement) {
                let _ = writeln!(body, "<p>Not judged, changed {}:</p>", html::escape(place));
                body.push_str(&html::changes(changed, &[], html::Tongue::English));
            }
        }
        for absence in &page.absences {
            let (word, said) = absence_words(absence);
            let [date, said] = [absence.moment.as_str(), &said].map(html::escape);
            let name = html::escape(&absence.name);
            let _ = writeln!(
                body,
                "<h3>{date}: {word}</h3>\n<p>The server said: {said}</p>\n<p>{name}</p>"
            );
        }
    }
    html::page("What changed, and whether the page says so", &body)
}

fn document(told: &Told) -> Value {
    let named = |named: &Named| json!({"name": named.name, "date": named.date, "title": named.title, "sha256": named.sha256});
    let pair = |pair: &Pair| {
        let declared_by: Vec<Value> = pair
            .judgement
            .declarations
            .iter()
            .map(|each| json!({"by": each.name(), "text": each.text()}))
            .collect();
        json!({
            "verdict": pair.judgement.verdict.name(),
            "before": named(&pair.before),
            "after": named(&pair.after),
            "declared_by": declared_by,
            "changes": diff::json::changes(&pair.judgement.changes),
            "apart": diff::json::changes(&pair.judgement.apart),
            "passing": diff::json::changes(&pair.judgement.passing),
            "beside": diff::json::changes(&pair.judgement.beside),
            "hidden": diff::json::changes(&pair.judgement.hidden),
        })
    };
    let absence = |absence: &Absence| {
        json!({
            "name": absence.name,
            "date": absence.moment.as_str(),
            "status": absence.status,
            "location": absence.location,
        })
    };
    let pages: Vec<Value> = told
        .pages
        .iter()
        .map(|page| {
            json!({
                "url": page.url,
                "pairs": page.pairs.iter().map(pair).collect::<Vec<_>>(),
                "absences": page.absences.iter().map(absence).collect::<Vec<_>>(),
            })
        })
        .collect();
    let unread: Vec<Value> = told
        .unread
        .iter()
        .map(|(name, reason)| json!({"name": name, "reason": reason}))
        .collect();
    json!({
        "schema": "avalaches/compare/1",
        "pages": pages,
        "unread": unread,
        "passed_over": told.passed_over,
    })
}
