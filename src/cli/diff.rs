//! `avalaches diff`.

use std::fmt::Write as _;
use std::path::Path;

use avalaches::add::PageError;
use avalaches::archive::Archive;
use avalaches::diff::{self, Labels, html};
use avalaches::difference::{self, Difference, FieldChange, Side};
use avalaches::document;
use avalaches::draft;
use avalaches::id::CommitId;
use avalaches::language::Language;
use avalaches::revision::Revision;
use serde_json::{Value, json};

use super::changes::{self, Told};
use super::output::{FAINT, visible};
use super::pages::{SAVE_FIRST, form_of, is_address, page_failure, read_published};
use super::{Common, Failure, Outcome, output, resolve};

/// Show what changed between two revisions or pages
#[derive(Debug, clap::Args)]
pub struct Diff {
    /// An article, ARTICLE@N for its revision N, an id of 7 to 40 digits, a footer, or a page's file
    #[arg(value_name = "A")]
    first: String,
    /// What it is compared with [default: A is compared with the article's revision before it]
    #[arg(value_name = "B")]
    second: Option<String>,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exit with 1 if there is a difference
    #[arg(long)]
    exit_code: bool,
}

/// What is printed of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Paragraph by paragraph: `[-…-]` is gone, `{+…+}` is new
    Text,
    /// Line by line, as `patch` and `git apply` read it; the text alone
    Unified,
    /// One page that needs nothing else
    Html,
    /// One JSON document
    Json,
}

impl Diff {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let (before, after) = self.sides(common)?;
        let difference = difference::between(&before, &after);
        match common.form(self.format, Format::Text, Format::Json)? {
            Format::Text => output::print(&text(common, &before, &after, &difference))?,
            Format::Unified => {
                let (a, b) = (format!("a/{}", before.path()), format!("b/{}", after.path()));
                let labels = Labels {
                    before: &a,
                    after: &b,
                };
                output::print_bytes(diff::unified(before.text(), after.text(), labels).as_bytes())?;
            }
            Format::Html => output::print_bytes(page(&before, &after, &difference).as_bytes())?,
            Format::Json => output::print_json(&document(&before, &after, &difference))?,
        }
        Ok(if self.exit_code && !difference.is_empty() {
            Outcome::No
        } else {
            Outcome::Yes
        })
    }

    fn sides(&self, common: &Common) -> Result<(Side, Side), Failure> {
        if let Some(second) = &self.second {
            if self.first == "-" && second == "-" {
                return Err(Failure::new("both sides are -, and stdin can be read only once"));
            }
            let mut archive = None;
            let mut side = |thing| side(common, &mut archive, thing);
            return Ok((side(&self.first)?, side(second)?));
        }
        if is_page(&self.first) {
            return Err(Failure::new(format!(
                "{:?} is a page, and nothing is named that it could be compared with",
                self.first
            ))
            .hint("name a second thing, such as the article; `verify` compares a page with its footer's revision"));
        }
        let archive = common.open()?;
        let after = resolve::revision(&archive, named(&archive, &self.first)?)?;
        let before = difference::before(&archive, &after);
        let before = before.map_err(|fault| resolve::unreadable(&archive, fault))?;
        let before = before.ok_or_else(|| {
            Failure::new(format!(
                "{} has no revision before revision 1: {}",
                after.article_id(),
                after.footer()
            ))
            .hint("name two things to compare")
        })?;
        Ok((Side::Revision(Box::new(before)), Side::Revision(Box::new(after))))
    }
}

fn is_page(thing: &str) -> bool {
    thing == "-" || Path::new(thing).is_file()
}

/// Finds the commit that is named where no file is.
fn named(archive: &Archive, thing: &str) -> Result<CommitId, Failure> {
    if resolve::is_name(thing) {
        return resolve::commit(archive, thing);
    }
    Err(Failure::new(format!(
        "there is no file {thing:?}, and it is no article, id, footer or SWHID"
    ))
    .hint(if is_address(thing) {
        SAVE_FIRST
    } else {
        "an article looks like 2026/01/22/some-words, an id has 7 to 40 digits of 0-9 and a-f"
    }))
}

/// Reads one side; the archive is opened where it is first needed, once for both.
fn side(common: &Common, archive: &mut Option<Archive>, thing: &str) -> Result<Side, Failure> {
    if !is_page(thing) {
        let archive = match archive {
            Some(archive) => archive,
            None => archive.insert(common.open()?),
        };
        let id = named(archive, thing)?;
        return Ok(Side::Revision(Box::new(resolve::revision(archive, id)?)));
    }
    let file = Path::new(thing);
    let bytes = read_published(file)?;
    let draft = draft::read_published(&bytes, form_of(file, &bytes))
        .map_err(|e| page_failure(thing, &PageError::Draft(e)))?;
    Ok(Side::of_page(thing, &draft))
}

fn text(common: &Common, before: &Side, after: &Side, difference: &Difference) -> String {
    let mut text = String::new();
    if !common.quiet {
        let _ = writeln!(text, "{FAINT}before{FAINT:#}  {}", visible(&name(before)));
        let _ = writeln!(text, "{FAINT}after{FAINT:#}   {}", visible(&name(after)));
    }
    for FieldChange { field, before, after } in &difference.fields {
        let shown = changes::replaced(before.as_deref(), after.as_deref());
        let _ = writeln!(text, "  {FAINT}{field}{FAINT:#}\n    {shown}");
    }
    changes::write(&difference.changes, Told::OfTime, &mut text);
    if difference.is_empty() && !common.quiet {
        text.push_str("nothing differs\n");
    }
    text
}

/// Names a side in one line, the id last.
fn name(side: &Side) -> String {
    match side {
        Side::Page { name, .. } => format!("page {name}"),
        Side::Revision(revision) => {
            let trailers = &revision.message.trailers;
            format!(
                "{}, revision {}, {}: {}",
                trailers.article,
                trailers.revision,
                trailers.kind,
                revision.footer()
            )
        }
    }
}

fn page(before: &Side, after: &Side, difference: &Difference) -> String {
    let title = format!(
        "What changed: {}",
        after.revision().map_or_else(|| name(after), title)
    );
    let mut body = format!("<h1>{}</h1>\n<table>\n", html::escape(&title));
    for (word, side) in [("Before", before), ("After", after)] {
        let _ = writeln!(
            body,
            "<tr><th scope=\"row\">{word}</th><td>{}</td></tr>",
            html::escape(&name(side))
        );
    }
    for FieldChange { field, before, after } in &difference.fields {
        let _ = writeln!(
            body,
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
            html::escape(field),
            html::replaced(before.as_deref(), after.as_deref())
        );
    }
    body.push_str("</table>\n");
    body.push_str(&html::changes(
        &difference.changes,
        &languages(before, after),
        html::Tongue::English,
    ));
    if difference.changes.is_empty() {
        body.push_str("<p>The text is the same.</p>\n");
    }
    html::page(&title, &body)
}

/// Returns the languages of what is compared, as far as they are known.
fn languages(before: &Side, after: &Side) -> Vec<Language> {
    let sides = [after, before].into_iter().filter_map(Side::revision);
    sides
        .flat_map(|revision| revision.metadata().languages.clone())
        .collect()
}

fn title(revision: &Revision) -> String {
    let titles = &revision.metadata().titles;
    let title = revision
        .metadata()
        .languages
        .iter()
        .find_map(|tag| titles.get(tag));
    title
        .cloned()
        .unwrap_or_else(|| revision.article_id().to_string())
}

fn document(before: &Side, after: &Side, difference: &Difference) -> Value {
    let fields: Vec<Value> = difference
        .fields
        .iter()
        .map(|change| json!({"field": change.field, "before": change.before, "after": change.after}))
        .collect();
    json!({
        "schema": "avalaches/diff/1",
        "before": side_json(before),
        "after": side_json(after),
        "fields": fields,
        "changes": diff::json::changes(&difference.changes),
    })
}

fn side_json(side: &Side) -> Value {
    match side {
        Side::Page { name, .. } => json!({"page": name, "revision": null}),
        Side::Revision(revision) => json!({"page": null, "revision": document::revision(revision)}),
    }
}
