//! `GET /search`: articles that have some words.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query as Asked, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

use super::articles::JSON;
use super::negotiation::{Representation, is_known, tag_at};
use super::problem::Problem;
use super::{App, asked};
use crate::archive::Archive;
use crate::document::{self, search as documents};
use crate::id::ArticleId;
use crate::listing;
use crate::query::Query;
use crate::search::{self, Order, Revisions, Wanted};

/// Hits in an answer where nothing is said, and at most.
const SOME: usize = 20;
const MOST: usize = 100;

/// What is searched for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    q: String,
    limit: Option<String>,
    tag: Option<String>,
    language: Option<String>,
    author: Option<String>,
    article: Option<String>,
    since: Option<String>,
    until: Option<String>,
    revisions: Option<String>,
    sort: Option<String>,
}

impl Question {
    fn wanted(&self) -> Result<Wanted, Problem> {
        let article = self.article.as_deref().map(str::parse::<ArticleId>).transpose();
        let article = article.map_err(|error| {
            Problem::unread(format!("article: {error}")).hint("an article looks like 2026/01/22/some-words")
        })?;
        Ok(Wanted {
            chosen: listing::Wanted {
                since: asked::day("since", self.since.as_deref())?,
                until: asked::day("until", self.until.as_deref())?,
                language: asked::language(self.language.as_deref())?,
                author: self.author.clone(),
                tag: self.tag.clone(),
                after: None,
                limit: Some(asked::limit(self.limit.as_deref(), SOME, MOST)?),
            },
            article,
            revisions: match self.revisions.as_deref() {
                None | Some("newest") => Revisions::Newest,
                Some("all") => Revisions::Every,
                Some(_) => {
                    return Err(
                        Problem::unread("revisions is neither newest nor all").hint("say one of them")
                    );
                }
            },
            order: match self.sort.as_deref() {
                None | Some("relevance") => Order::Relevance,
                Some("date") => Order::Date,
                Some(_) => {
                    return Err(Problem::unread("sort is neither relevance nor date").hint("say one of them"));
                }
            },
        })
    }
}

/// `GET /search`.
pub async fn search(
    State(app): State<App>,
    headers: HeaderMap,
    question: Result<Asked<Question>, QueryRejection>,
) -> Result<Response, Problem> {
    let Asked(question) = question.map_err(|error| {
        Problem::unread(error.body_text()).hint(
            "say what to look for, as q=WORDS; and limit, tag, language, author, article, since, until, revisions, sort",
        )
    })?;
    let wanted = question.wanted()?;
    let query = Query::parse(&question.q).map_err(|error| {
        Problem::unread(format!("q: {error}"))
            .hint("all words are to be there; -word is not to be, \"some words\" to the letter")
    })?;
    let known = headers.clone();
    // It goes when nobody waits for the answer any more: the client is gone, or its time is over.
    let waiting = Arc::new(());
    let asker = Arc::downgrade(&waiting);
    let in_memory = Arc::clone(&app.searched);
    let found = move |archive: &Archive| {
        let tag = tag_at(archive.tip());
        let bytes = if is_known(&known, &format!("\"{tag}\"")) {
            Vec::new()
        } else {
            let mut tell = |_| match asker.upgrade() {
                Some(_) => ControlFlow::Continue(()),
                None => ControlFlow::Break(()),
            };
            let found = search::find(archive, &query, &wanted, &in_memory, &mut tell);
            let found = found.map_err(|error| Problem::broken(&error))?;
            document::text(&documents::document(archive, &question.q, &found)).into_bytes()
        };
        Ok(Representation {
            bytes,
            media_type: JSON,
            tag,
        })
    };
    let found = app.reading.ask(found).await;
    drop(waiting);
    Ok(found?.answer(&headers))
}
