//! `avalaches/list/1`, `avalaches/history/1` and `avalaches/show/1`: articles, the revisions of one, and one revision.

use serde_json::{Map, Value, json};

use super::{judged, withheld};
use crate::archive::{Archive, Fault};
use crate::article::headline;
use crate::id::ArticleId;
use crate::revision::Revision;
use crate::signature::judge::Judged;
use crate::swhid::Swhid;
use crate::verify::signed::Keys;
use crate::withheld::{Kept, ReasonError};

/// Returns the document of a list of articles.
#[must_use]
pub fn list(items: &[Value]) -> Value {
    json!({"schema": "avalaches/list/1", "articles": items})
}

/// Returns an article of a list, by its newest revision.
#[must_use]
pub fn item(archive: &Archive, revision: &Revision) -> Value {
    let metadata = revision.metadata();
    let preferred = &archive.settings().language_order;
    json!({
        "article": revision.article_id().to_string(),
        "title": headline(metadata, preferred, &revision.page_text),
        "revision": revision.message.trailers.revision,
        "kind": metadata.kind.name(),
        "languages": metadata.languages.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "authors": metadata.authors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "tags": metadata.tags,
        "date": metadata.date.to_string(),
        "id": revision.id.to_string(),
        "swhid": Swhid::revision(revision.id).to_string(),
        "footer": revision.footer().to_string(),
    })
}

/// Returns the document of an article's revisions, newest first.
///
/// # Errors
/// [`ReasonError`] where a signature cannot be judged, or it cannot be told why something is withheld.
pub fn history(archive: &Archive, article: &ArticleId, revisions: &[Kept]) -> Result<Value, ReasonError> {
    let mut keys = Keys::of(archive)?;
    let items = revisions.iter().map(|kept| past(archive, &mut keys, kept));
    let items = items.collect::<Result<Vec<Value>, ReasonError>>()?;
    Ok(json!({"schema": "avalaches/history/1", "article": article.to_string(), "revisions": items}))
}

fn past(archive: &Archive, keys: &mut Keys, kept: &Kept) -> Result<Value, ReasonError> {
    let (commit, message) = (kept.commit(), kept.message());
    let trailers = &message.trailers;
    let withheld = match kept {
        Kept::Whole(_) => Vec::new(),
        Kept::Withheld(revision) => withheld(&revision.reasons(archive)?),
    };
    let standing = keys.standing(archive, commit)?;
    Ok(json!({
        "revision": trailers.revision,
        "kind": trailers.kind.name(),
        "note": message.note,
        "date": commit.author.date.to_string(),
        "archived_at": commit.committer.date.to_string(),
        "id": kept.id().to_string(),
        "swhid": Swhid::revision(kept.id()).to_string(),
        "footer": kept.footer().to_string(),
        "signature": judged(&standing.judged),
        "signatures": standing.asked.name(),
        "withheld": withheld,
    }))
}

/// What is told of a revision that is not a function of its commit alone.
#[derive(Debug, Clone)]
pub struct Present {
    /// What its signature is worth now.
    pub signature: Judged,
    /// The text of the link to the home page, as the settings have it now.
    pub back_link: String,
}

impl Present {
    /// Asks an archive.
    ///
    /// # Errors
    /// [`Fault`] where the signature cannot be judged.
    pub fn of(archive: &Archive, revision: &Revision) -> Result<Self, Fault> {
        Ok(Self {
            signature: Keys::of(archive)?.worth(archive, &revision.commit)?,
            back_link: archive.settings().home_link.clone(),
        })
    }
}

/// Returns the document of a revision. Without what is so at present it is the same for ever.
#[must_use]
pub fn show(revision: &Revision, present: Option<&Present>) -> Value {
    let trailers = &revision.message.trailers;
    let metadata: Value = serde_json::from_slice(&revision.metadata().encode()).unwrap_or_default();
    let languages = revision.metadata().languages.iter();
    let sources: Map<String, Value> = languages
        .zip(&revision.article.sources)
        .map(|(language, source)| (language.to_string(), json!(source)))
        .collect();
    json!({
        "schema": "avalaches/show/1",
        "article": trailers.article.to_string(),
        "revision": trailers.revision,
        "id": revision.id.to_string(),
        "swhid": Swhid::revision(revision.id).to_string(),
        "footer": revision.footer().to_string(),
        "previous": trailers.previous.map(|id| id.to_string()),
        "claimed_footer": trailers.claimed_footer.as_ref().map(ToString::to_string),
        "source_commit": trailers.source_commit.map(|id| id.to_string()),
        "signature": present.map(|present| judged(&present.signature)),
        "content_sha256": trailers.content_sha256,
        "archived_at": revision.commit.committer.date.to_string(),
        "archived_by": revision.commit.committer.person.to_string(),
        "back_link": present.map(|present| &present.back_link),
        "metadata": metadata,
        "sources": sources,
        "text": revision.page_text,
    })
}
