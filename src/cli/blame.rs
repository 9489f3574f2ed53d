//! `avalaches blame`.

use std::fmt::Write as _;

use avalaches::blame::{self, Paragraph, Sentence};
use avalaches::diff::html;
use avalaches::history;
use avalaches::revision::Revision;
use avalaches::swhid::Swhid;
use avalaches::withheld::Kept;
use avalaches::wording::counted;
use serde_json::{Value, json};

use super::output::{FAINT, NOTICE, visible_lines};
use super::wrap::wrapped;
use super::{Common, Failure, Outcome, output, resolve};

/// The narrowest column of text that is still read.
const NARROWEST: usize = 20;

/// Name the revision that brought each sentence of an article
#[derive(Debug, clap::Args)]
pub struct Blame {
    /// An article, ARTICLE@N for its revision N, an id of 7 to 40 digits, a SWHID, or a footer
    #[arg(value_name = "ARTICLE")]
    article: String,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How the answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Paragraph by paragraph, a revision's number and date before the sentences that it brought
    Text,
    /// One page that needs nothing else
    Html,
    /// One JSON document
    Json,
}

impl Blame {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let named = resolve::commit(&archive, &self.article)?;
        let mut kept = history::revisions(&archive, named)?;
        kept.reverse();
        let (all, named) = (kept.len(), resolve::revision(&archive, named)?);
        let revisions: Vec<Revision> = kept.into_iter().filter_map(Kept::whole).collect();
        let gone = all - revisions.len();
        if gone > 0 && !common.quiet {
            let gone = counted(gone, "earlier revision");
            let newest = named.footer();
            output::note(&format!(
                "the text of {gone} is withheld: what it brought is told of the revision after it, up to {newest}"
            ));
        }
        let texts: Vec<&str> = revisions
            .iter()
            .map(|revision| revision.page_text.as_str())
            .collect();
        let answer = Answer {
            revisions: &revisions,
            paragraphs: blame::blame(&texts),
        };
        match common.form(self.format, Format::Text, Format::Json)? {
            Format::Text => output::print(&answer.text(common, output::columns()))?,
            Format::Html => output::print_bytes(answer.page()?.as_bytes())?,
            Format::Json => output::print_json(&answer.document()?)?,
        }
        Ok(Outcome::Yes)
    }
}

/// The revisions of an article up to the one that was asked for, oldest first, and what each brought to that one.
struct Answer<'a> {
    revisions: &'a [Revision],
    paragraphs: Vec<Paragraph<'a>>,
}

impl Answer<'_> {
    /// Returns the revisions that brought something, newest first.
    fn bringers(&self) -> Vec<&Revision> {
        let mut brought = vec![false; self.revisions.len()];
        for paragraph in &self.paragraphs {
            let sentences = paragraph.sentences.iter().map(|sentence| sentence.origin);
            sentences
                .chain([paragraph.origin])
                .for_each(|origin| brought[origin] = true);
        }
        let revisions = self.revisions.iter().zip(brought).rev();
        revisions
            .filter_map(|(revision, brought)| brought.then_some(revision))
            .collect()
    }

    fn newest(&self) -> Result<&Revision, Failure> {
        self.revisions
            .last()
            .ok_or_else(|| Failure::new("the article has no revision"))
    }

    fn text(&self, common: &Common, columns: Option<usize>) -> String {
        let mut text = String::new();
        if !common.quiet {
            for revision in self.bringers() {
                let (number, kind) = (number(revision), kind(revision));
                let _ = writeln!(text, "{number:3}  {kind:11}  {}", revision.footer());
            }
            text.push('\n');
        }
        for (at, paragraph) in self.paragraphs.iter().enumerate() {
            let of = number(&self.revisions[paragraph.origin]);
            let _ = writeln!(text, "{FAINT}paragraph {}, of revision {of}{FAINT:#}", at + 1);
            for (origin, said) in groups(paragraph) {
                let revision = &self.revisions[origin];
                let gutter = format!("{:3}  {}", number(revision), day(revision));
                let style = if origin == paragraph.origin { FAINT } else { NOTICE };
                let said = visible_lines(&said);
                let room = columns.map_or(usize::MAX, |all| {
                    all.saturating_sub(gutter.len() + 2).max(NARROWEST)
                });
                for (line, said) in wrapped(&said, room).iter().enumerate() {
                    if line == 0 {
                        let _ = write!(text, "{style}{gutter}{style:#}");
                    } else {
                        let _ = write!(text, "{:1$}", "", gutter.len());
                    }
                    let _ = writeln!(text, "  {said}");
                }
            }
        }
        text
    }

    fn page(&self) -> Result<String, Failure> {
        let newest = self.newest()?;
        let title = format!(
            "Who brought what: revision {} of {}",
            number(newest),
            newest.article_id()
        );
        let mut body = format!("<h1>{}</h1>\n<table>\n", html::escape(&title));
        for revision in self.bringers() {
            let (number, kind) = (number(revision), kind(revision));
            let note = revision
                .message
                .note
                .as_deref()
                .map(html::escape)
                .unwrap_or_default();
            let _ = writeln!(
                body,
                "<tr id=\"revision-{number}\"><th scope=\"row\">Revision {number}</th><td>{kind}</td><td><code>{}</code></td><td dir=\"auto\">{note}</td></tr>",
                html::escape(&revision.footer().to_string())
            );
        }
        body.push_str("</table>\n<ol class=\"changes\">\n");
        for (at, paragraph) in self.paragraphs.iter().enumerate() {
            let of = number(&self.revisions[paragraph.origin]);
            let _ = write!(
                body,
                "<li><p class=\"place\">Paragraph {}, of revision {of}</p>\n<p class=\"text\" dir=\"auto\">",
                at + 1
            );
            for (origin, said) in groups(paragraph) {
                let revision = &self.revisions[origin];
                let (number, kind) = (number(revision), kind(revision));
                let class = if origin == paragraph.origin {
                    "brought"
                } else {
                    "brought later"
                };
                let _ = write!(
                    body,
                    "<span class=\"{class}\" title=\"revision {number}, {kind}, {}\"><sup><a href=\"#revision-{number}\">{number}</a></sup>{}</span>",
                    day(revision),
                    html::escape(&said)
                );
            }
            body.push_str("</p></li>\n");
        }
        body.push_str("</ol>\n");
        Ok(html::page(&title, &body))
    }

    fn document(&self) -> Result<Value, Failure> {
        let newest = self.newest()?;
        let sentence = |sentence: &Sentence| json!({"revision": number(&self.revisions[sentence.origin]), "text": sentence.text});
        let paragraph = |(at, paragraph): (usize, &Paragraph)| {
            let sentences: Vec<Value> = paragraph.sentences.iter().map(sentence).collect();
            let of = number(&self.revisions[paragraph.origin]);
            json!({"paragraph": at + 1, "revision": of, "sentences": sentences})
        };
        let revisions: Vec<Value> = self.bringers().into_iter().map(item).collect();
        let paragraphs: Vec<Value> = self.paragraphs.iter().enumerate().map(paragraph).collect();
        Ok(json!({
            "schema": "avalaches/blame/1",
            "article": newest.article_id().to_string(),
            "revision": number(newest),
            "id": newest.id.to_string(),
            "footer": newest.footer().to_string(),
            "swhid": Swhid::revision(newest.id).to_string(),
            "revisions": revisions,
            "paragraphs": paragraphs,
        }))
    }
}

/// Puts sentences that follow one another and are of one revision together.
fn groups(paragraph: &Paragraph) -> Vec<(usize, String)> {
    let of_one = paragraph.sentences.chunk_by(|a, b| a.origin == b.origin);
    of_one
        .map(|group| {
            (
                group[0].origin,
                group.iter().map(|sentence| sentence.text).collect(),
            )
        })
        .collect()
}

fn item(revision: &Revision) -> Value {
    json!({
        "revision": number(revision),
        "kind": kind(revision),
        "note": revision.message.note,
        "date": revision.commit.author.date.to_string(),
        "id": revision.id.to_string(),
        "footer": revision.footer().to_string(),
        "swhid": Swhid::revision(revision.id).to_string(),
    })
}

fn number(revision: &Revision) -> u32 {
    revision.message.trailers.revision
}

fn kind(revision: &Revision) -> &'static str {
    revision.message.trailers.kind.name()
}

/// Returns the day of a revision, as its footer has it.
fn day(revision: &Revision) -> String {
    revision.commit.author.date.day().to_string()
}
