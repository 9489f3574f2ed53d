//! What was published, for programs that follow it: Atom (RFC 4287) and JSON Feed 1.1, an entry for each revision.
//!
//! The feed itself has the newest revisions. Every full hundred, in the order of the branch, is a document of its own
//! besides, which the feed leads to (RFC 5005, section 4), so that whoever follows the links has all of them. A retraction
//! puts a tombstone (RFC 6721) in the place of each revision of the article before it; so does content that is withheld.

use std::collections::HashMap;

use super::address;
use super::article::reasons;
use super::base::Base;
use super::page::{Markup, sections};
use super::stretch::Readings;
use super::wording::Wording;
use super::{BuildError, Shared, titles};
use crate::archive::Archive;
use crate::article::Kind;
use crate::date::RevisionDate;
use crate::id::{ArticleId, CommitId};
use crate::object::ident::Person;
use crate::withheld::Kept;

mod atom;
mod json;

/// How many entries a document has.
pub const ENTRIES: usize = 100;

/// A document of the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// The newest entries; the number is that of full documents before them.
    Newest(usize),
    /// A full hundred, by its number, from 1.
    Full(usize),
}

/// What a document says of a revision.
#[derive(Debug)]
pub enum Item {
    /// It was published.
    Entry(Box<Entry>),
    /// It is not to be shown any more.
    Gone {
        /// Its name.
        name: String,
        /// When that was said.
        when: RevisionDate,
        /// Why.
        why: String,
    },
}

/// A revision as feeds have it.
#[derive(Debug)]
pub struct Entry {
    name: String,
    title: String,
    address: String,
    proof: String,
    date: RevisionDate,
    authors: Vec<String>,
    tags: Vec<String>,
    language: String,
    summary: Option<String>,
    content: String,
    kind: Kind,
    revision: u32,
    commit: CommitId,
    footer: String,
}

impl Document {
    /// Returns the name of the document.
    pub fn name(self, ending: &str) -> String {
        match self {
            Self::Newest(_) => format!("feed.{ending}"),
            Self::Full(number) => address::part("feed", number, ending),
        }
    }

    /// Returns the document with the entries before.
    fn previous(self) -> Option<Self> {
        match self {
            Self::Newest(full) => (full > 0).then_some(Self::Full(full)),
            Self::Full(number) => (number > 1).then(|| Self::Full(number - 1)),
        }
    }
}

/// Writes a document in both forms, of revisions in the order of the branch.
///
/// # Errors
/// [`BuildError`] where a revision cannot be read.
pub fn documents(
    readings: &Readings<'_>,
    shared: &Shared<'_>,
    base: &Base,
    document: Document,
    revisions: &[CommitId],
) -> Result<[(String, Vec<u8>); 2], BuildError> {
    let mut items = Vec::new();
    let mut gone: HashMap<String, usize> = HashMap::new();
    for id in revisions {
        let kept = readings.revision(*id)?;
        let trailers = &kept.message().trailers;
        if trailers.kind == Kind::Retraction {
            for number in 1..trailers.revision {
                let item = Item::Gone {
                    name: name_of(base, &trailers.article, number),
                    when: kept.commit().author.date,
                    why: kept.message().note.clone().unwrap_or_default(),
                };
                put(&mut items, &mut gone, item);
            }
        }
        let item = item(readings.archive()?, base, &kept)?;
        put(&mut items, &mut gone, item);
    }
    // The newest first, as readers expect.
    let items: Vec<Item> = items.into_iter().flatten().rev().collect();
    let updated = if let Some(date) = updated(&items) {
        date
    } else {
        // A site on which nothing was published has a feed as well: since there is the archive.
        let archive = readings.archive()?;
        let first = archive.first()?.unwrap_or(archive.tip());
        archive.commit(first)?.author.date
    };
    Ok([
        (
            document.name("atom"),
            atom::written(shared, base, document, &items, updated),
        ),
        (
            document.name("json"),
            json::written(shared, base, document, &items),
        ),
    ])
}

/// Puts an item to the end, in the place of any other of the same name.
fn put(items: &mut Vec<Option<Item>>, places: &mut HashMap<String, usize>, item: Item) {
    if let Some(before) = places.insert(item.name().to_owned(), items.len()) {
        items[before] = None;
    }
    items.push(Some(item));
}

impl Item {
    fn name(&self) -> &str {
        match self {
            Self::Entry(entry) => &entry.name,
            Self::Gone { name, .. } => name,
        }
    }

    fn date(&self) -> RevisionDate {
        match self {
            Self::Entry(entry) => entry.date,
            Self::Gone { when, .. } => *when,
        }
    }
}

/// Returns when something of a document was said last.
fn updated(items: &[Item]) -> Option<RevisionDate> {
    items.iter().map(Item::date).max_by_key(|date| date.seconds())
}

/// Returns the name of a revision for as long as the site has its host: a `tag:` URI (RFC 4151) of the day that is part of the
/// article's name.
fn name_of(base: &Base, article: &ArticleId, number: u32) -> String {
    format!(
        "tag:{},{}:{article}/{}",
        base.host(),
        article.day(),
        address::revision(number)
    )
}

fn item(archive: &Archive, base: &Base, kept: &Kept) -> Result<Item, BuildError> {
    let (message, commit) = (kept.message(), kept.commit());
    let trailers = &message.trailers;
    let name = name_of(base, &trailers.article, trailers.revision);
    let revision = match kept {
        Kept::Whole(revision) => revision,
        Kept::Withheld(_) => {
            let reasons = reasons(archive, kept)?;
            let last = reasons.last();
            let when = last
                .map(|reason| archive.commit(reason.commit.commit))
                .transpose()?;
            return Ok(Item::Gone {
                name,
                when: when.map_or(commit.author.date, |commit| commit.author.date),
                why: last.map_or_else(String::new, |reason| reason.tombstone.note.clone()),
            });
        }
    };
    let file = |ending: &str| {
        let name = address::revision(trailers.revision);
        base.at(&format!("{}/{name}.{ending}", trailers.article))
    };
    let titled = titles(revision).into_iter().next();
    let (language, title) = titled.unwrap_or_default();
    let words = Wording::of(&language);
    let kind_word = words.kind(trailers.kind);
    Ok(Item::Entry(Box::new(Entry {
        name,
        title: match trailers.kind {
            Kind::Publish => title,
            _ => format!("[{kind_word}] {title}"),
        },
        address: file("html"),
        proof: file("proof"),
        date: commit.author.date,
        authors: revision
            .metadata()
            .authors
            .iter()
            .map(Person::name)
            .map(str::to_owned)
            .collect(),
        tags: revision.metadata().tags.clone(),
        language,
        summary: message.note.clone(),
        content: sections(revision, Markup::Shown)
            .iter()
            .map(super::page::Section::element)
            .collect(),
        kind: trailers.kind,
        revision: trailers.revision,
        commit: revision.id,
        footer: revision.footer().to_string(),
    })))
}
