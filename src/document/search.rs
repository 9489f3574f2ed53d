//! `avalaches/search/1`: what was found.

use serde_json::{Value, json};

use super::revision;
use crate::archive::Archive;
use crate::article::headline;
use crate::query::excerpt::{self, Piece};
use crate::search::{Found, Hit};

/// The most that an excerpt has of a text, in columns.
const COLUMNS: usize = 200;

/// Returns the document of what was found.
#[must_use]
pub fn document(archive: &Archive, query: &str, found: &Found) -> Value {
    let hits: Vec<Value> = found.hits.iter().map(|one| hit(archive, one)).collect();
    json!({
        "schema": "avalaches/search/1",
        "query": query,
        "hits": hits,
        "more": found.has_more,
    })
}

/// Returns the title that has most of what was searched for, else the one by which the article is listed.
#[must_use]
pub fn title(archive: &Archive, hit: &Hit) -> Vec<Piece> {
    let preferred = &archive.settings().language_order;
    let revision = &hit.revision;
    let usual = headline(revision.metadata(), preferred, &revision.page_text);
    let titles = hit.titles.iter().map(|(_, title)| title).zip(&hit.found.titles);
    let best = titles
        .filter(|(_, places)| !places.is_empty())
        .min_by_key(|(title, places)| (usize::MAX - places.len(), **title != usual));
    match best {
        Some((title, places)) => excerpt::whole(title, places),
        None => excerpt::whole(&usual, &[]),
    }
}

fn hit(archive: &Archive, hit: &Hit) -> Value {
    let metadata = hit.revision.metadata();
    let mut json = revision(&hit.revision);
    json["languages"] = metadata.languages.iter().map(ToString::to_string).collect();
    json["tags"] = json!(metadata.tags);
    json["title"] = pieces(title(archive, hit));
    let excerpt = excerpt::excerpt(&hit.revision.page_text, &hit.found.text, COLUMNS);
    json["excerpt"] = pieces(excerpt);
    json
}

fn pieces(pieces: Vec<Piece>) -> Value {
    let piece = |piece: Piece| {
        if piece.is_found {
            json!({"found": piece.text})
        } else {
            json!({"text": piece.text})
        }
    };
    pieces.into_iter().map(piece).collect()
}
