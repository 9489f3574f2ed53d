//! `avalaches list`.

use std::collections::HashSet;

use avalaches::article::headline;
use avalaches::date::CivilDay;
use avalaches::language::Language;
use avalaches::revision::{Revision, is_first};
use avalaches::trailer::Message;
use serde_json::{Value, json};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Common, Failure, Outcome, output};

/// List the articles, the one with the newest revision first
#[derive(Debug, clap::Args)]
pub struct List {
    /// Only articles whose newest revision is of this day or later
    #[arg(long, value_name = "DAY", value_parser = day)]
    since: Option<CivilDay>,
    /// Only articles whose newest revision is of this day or earlier
    #[arg(long, value_name = "DAY", value_parser = day)]
    until: Option<CivilDay>,
    /// Only articles with a part in this language
    #[arg(long)]
    lang: Option<Language>,
    /// Only articles whose byline has these letters
    #[arg(long)]
    author: Option<String>,
    /// Only articles with this tag
    #[arg(long)]
    tag: Option<String>,
}

/// Columns that a title may take.
const TITLE_WIDTH: usize = 48;

impl List {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let mut seen = HashSet::new();
        let mut revisions = Vec::new();
        for step in archive.walk() {
            let (id, commit) = step?;
            if is_first(&commit) {
                continue;
            }
            let message =
                Message::parse(&commit.message).map_err(|e| Failure::new(format!("commit {id}: {e}")))?;
            if seen.insert(message.trailers.article) {
                let revision = Revision::read(&archive, id)?;
                if self.wants(&revision) {
                    revisions.push(revision);
                }
            }
        }
        let preferred = &archive.settings().language_order;
        let title = |revision: &Revision| headline(revision.metadata(), preferred, &revision.page_text);
        if common.json {
            let items: Vec<Value> = revisions
                .iter()
                .map(|revision| item(revision, &title(revision)))
                .collect();
            output::print_json(&json!({"schema": "avalaches/list/1", "articles": items}))?;
            return Ok(Outcome::Yes);
        }
        let width = revisions
            .iter()
            .map(|revision| revision.article_id().to_string().len())
            .max()
            .unwrap_or(0);
        let mut text = String::new();
        for revision in &revisions {
            let kind = revision.metadata().kind;
            let title = fit(&title(revision), TITLE_WIDTH);
            text.push_str(&format!(
                "{:width$}  {kind:11}  {title}  {}\n",
                revision.article_id().to_string(),
                revision.footer()
            ));
        }
        output::print(&text)?;
        Ok(Outcome::Yes)
    }

    fn wants(&self, revision: &Revision) -> bool {
        let metadata = revision.metadata();
        let day = metadata.date.day();
        let by = |author: &String| {
            let wanted = author.to_lowercase();
            metadata
                .authors
                .iter()
                .any(|person| person.to_string().to_lowercase().contains(&wanted))
        };
        self.since.is_none_or(|since| day >= since)
            && self.until.is_none_or(|until| day <= until)
            && self
                .lang
                .as_ref()
                .is_none_or(|lang| metadata.languages.contains(lang))
            && self.author.as_ref().is_none_or(by)
            && self.tag.as_ref().is_none_or(|tag| metadata.tags.contains(tag))
    }
}

fn item(revision: &Revision, title: &str) -> Value {
    let metadata = revision.metadata();
    json!({
        "article": revision.article_id().to_string(),
        "title": title,
        "revision": revision.message.trailers.revision,
        "kind": metadata.kind.name(),
        "languages": metadata.languages.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "authors": metadata.authors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "tags": metadata.tags,
        "date": metadata.date.to_string(),
        "id": revision.id.to_string(),
        "footer": revision.footer().to_string(),
    })
}

fn day(text: &str) -> Result<CivilDay, String> {
    CivilDay::parse(text, '-').ok_or_else(|| "a day looks like 2026-01-22 and must exist".to_owned())
}

/// Brings a text to a width in columns, of which a Han character takes two.
fn fit(text: &str, columns: usize) -> String {
    let mut fitted = String::new();
    let mut width = 0;
    for c in output::visible(text).chars() {
        let of_c = c.width().unwrap_or(0);
        if width + of_c > columns - 1 && text.width() > columns {
            fitted.push('…');
            width += 1;
            break;
        }
        fitted.push(c);
        width += of_c;
    }
    fitted + &" ".repeat(columns.saturating_sub(width))
}
