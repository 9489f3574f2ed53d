//! Articles and their revisions: the list, the newest revision of one, each by its commit, and the proofs.

use std::path::Path as FilePath;

use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::{LINK, LOCATION, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::memento::{MEMENTO_DATETIME, Mementos};
use super::negotiation::{Form, Representation, form, is_known, put, tag_at, tag_of};
use super::problem::Problem;
use super::{App, address, asked, links, memento};
use crate::archive::Archive;
use crate::document::{self, article as documents};
use crate::history;
use crate::id::{ArticleId, CommitId};
use crate::listing::{ListError, Listing, Wanted};
use crate::site;
use crate::timemap;
use crate::verify::alone;
use crate::withheld::{self, Kept};

/// Articles in an answer where nothing is said.
const SOME: usize = 100;

/// Articles in an answer at most.
const MOST: usize = 1000;

/// The media type of documents.
pub const JSON: &str = "application/json";

/// Which articles are asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    after: Option<String>,
    limit: Option<String>,
    tag: Option<String>,
    language: Option<String>,
    author: Option<String>,
    since: Option<String>,
    until: Option<String>,
}

impl Filter {
    fn wanted(&self) -> Result<(Wanted, usize), Problem> {
        let limit = asked::limit(self.limit.as_deref(), SOME, MOST)?;
        let after = self.after.as_deref().map(str::parse::<CommitId>);
        let after = after.transpose().map_err(|_| {
            Problem::unread("after is no commit id")
                .hint("take the address from the header Link, rel=\"next\"")
        })?;
        let wanted = Wanted {
            since: asked::day("since", self.since.as_deref())?,
            until: asked::day("until", self.until.as_deref())?,
            language: asked::language(self.language.as_deref())?,
            author: self.author.clone(),
            tag: self.tag.clone(),
            after,
            // One more tells whether there is more.
            limit: Some(limit + 1),
        };
        Ok((wanted, limit))
    }

    /// Returns the address of what follows.
    fn next(&self, limit: usize, after: CommitId) -> String {
        let mut next = format!("/articles?limit={limit}");
        let own = [
            ("tag", &self.tag),
            ("language", &self.language),
            ("author", &self.author),
            ("since", &self.since),
            ("until", &self.until),
        ];
        for (name, value) in own {
            if let Some(value) = value {
                next.push_str(&format!("&{name}={}", address::escaped(value)));
            }
        }
        next.push_str(&format!("&after={after}"));
        next
    }
}

/// `GET /articles`.
pub async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(filter) = filter.map_err(|error| {
        Problem::unread(error.body_text())
            .hint("what can be asked for: after, limit, tag, language, author, since, until")
    })?;
    let (wanted, limit) = filter.wanted()?;
    let known = headers.clone();
    let listed = move |archive: &Archive| {
        let tag = tag_at(archive.tip());
        if is_known(&known, &format!("\"{tag}\"")) {
            return Ok((tag, Vec::new(), None));
        }
        let mut items = Vec::new();
        let (mut last, mut next) = (None, None);
        for revision in Listing::of(archive, &wanted).map_err(|error| unlisted(&error))? {
            let revision = revision.map_err(|error| unlisted(&error))?;
            if items.len() == limit {
                next = last;
                break;
            }
            last = Some(revision.id);
            items.push(documents::item(archive, &revision));
        }
        Ok((tag, document::text(&documents::list(&items)).into_bytes(), next))
    };
    let (tag, bytes, next) = app.reading.ask(listed).await?;
    let mut response = Representation {
        bytes,
        media_type: JSON,
        tag,
    }
    .answer(&headers);
    if let Some(after) = next {
        put(
            &mut response,
            LINK,
            &format!("<{}>; rel=\"next\"", filter.next(limit, after)),
        );
    }
    Ok(response)
}

fn unlisted(error: &ListError) -> Problem {
    match error {
        ListError::After(_) => {
            Problem::unread(error.to_string()).hint("take the address from the header Link, rel=\"next\"")
        }
        error => Problem::broken(error),
    }
}

/// The four parts of an article's name.
type Parts = Result<Path<(String, String, String, String)>, PathRejection>;

fn named(parts: Parts) -> Result<ArticleId, Problem> {
    let absent =
        || Problem::absent("there is no article of that name").hint("GET /articles names all of them");
    let Path((year, month, day, slug)) = parts.map_err(|_| absent())?;
    let id = format!("{year}/{month}/{day}/{slug}");
    // A name is written in one way.
    id.parse::<ArticleId>()
        .ok()
        .filter(|parsed| parsed.to_string() == id)
        .ok_or_else(absent)
}

fn newest(archive: &Archive, article: &ArticleId) -> Result<CommitId, Problem> {
    let found = history::newest(archive, article).map_err(|fault| Problem::broken(&fault))?;
    found.ok_or_else(|| {
        Problem::absent(format!("the archive has no article {article}"))
            .hint("GET /articles names all of them")
    })
}

/// `GET /articles/{year}/{month}/{day}/{slug}`: the newest revision, or the way to that of a moment.
pub async fn article(State(app): State<App>, headers: HeaderMap, parts: Parts) -> Result<Response, Problem> {
    let article = named(parts)?;
    let moment = memento::asked(&headers)?;
    let form = match moment {
        None => form(&headers)?,
        Some(_) => Form::Json,
    };
    let theme = app.theme.clone();
    let shown = move |archive: &Archive| {
        let id = newest(archive, &article)?;
        let mementos = Mementos::of(archive, &article, id).map_err(|fault| Problem::broken(&fault))?;
        if let Some(moment) = moment {
            return Ok((Err(mementos.at(moment)), mementos.links(None)));
        }
        let kept = Kept::read(archive, id).map_err(|fault| Problem::of_revision(&fault))?;
        let represented = represented(archive, theme.as_ref().as_deref(), &kept, id, form)?;
        Ok((Ok(represented), mementos.links(None)))
    };
    let (found, links) = app.reading.ask(shown).await?;
    let mut response = match found {
        Ok((bytes, media_type, tag)) => Representation {
            bytes,
            media_type,
            tag,
        }
        .answer(&headers),
        Err(memento) => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::FOUND;
            put(&mut response, LOCATION, &address::revision(memento.id));
            response
        }
    };
    put(&mut response, VARY, "accept, accept-datetime");
    put(&mut response, LINK, &links);
    Ok(response)
}

/// `GET /articles/{year}/{month}/{day}/{slug}/timemap`.
pub async fn timemap(State(app): State<App>, headers: HeaderMap, parts: Parts) -> Result<Response, Problem> {
    let article = named(parts)?;
    let mapped = move |archive: &Archive| {
        let id = newest(archive, &article)?;
        let mementos = Mementos::of(archive, &article, id).map_err(|fault| Problem::broken(&fault))?;
        Ok(Representation {
            bytes: mementos.map().into_bytes(),
            media_type: timemap::MEDIA_TYPE,
            tag: id.to_string(),
        })
    };
    Ok(app.reading.ask(mapped).await?.answer(&headers))
}

/// `GET /articles/{year}/{month}/{day}/{slug}/history`.
pub async fn past(State(app): State<App>, headers: HeaderMap, parts: Parts) -> Result<Response, Problem> {
    let article = named(parts)?;
    let told = move |archive: &Archive| {
        let id = newest(archive, &article)?;
        let revisions = history::revisions(archive, id).map_err(|fault| Problem::of_revision(&fault))?;
        let document = documents::history(archive, &article, &revisions);
        let document = document.map_err(|error| Problem::broken(&error))?;
        Ok(Representation {
            bytes: document::text(&document).into_bytes(),
            media_type: JSON,
            // What signatures are worth, and what is withheld, can change with any commit.
            tag: tag_at(archive.tip()),
        })
    };
    Ok(app.reading.ask(told).await?.answer(&headers))
}

/// A commit's id, as an address has it.
type Id = Result<Path<String>, PathRejection>;

fn commit(id: Id) -> Result<CommitId, Problem> {
    let hint = "an id is forty digits of 0-9 and a-f, as a footer has it";
    let absent = || Problem::absent("that is no commit id").hint(hint);
    let Path(id) = id.map_err(|_| absent())?;
    id.parse().map_err(|_| absent())
}

/// Reads a revision that is on the branch.
fn kept(archive: &Archive, id: CommitId) -> Result<Kept, Problem> {
    let known = Kept::read(archive, id);
    let is_here = match &known {
        Err(fault) if fault.is_unknown(id) => false,
        _ => archive
            .is_on_branch(id)
            .map_err(|fault| Problem::broken(&fault))?,
    };
    if !is_here {
        let what = format!("the archive's history has no commit {id}");
        return Err(Problem::absent(what).hint("POST the page to /verify to learn what is known of it"));
    }
    known.map_err(|fault| Problem::of_revision(&fault))
}

/// `GET /revisions/{commit}`.
pub async fn revision(State(app): State<App>, headers: HeaderMap, id: Id) -> Result<Response, Problem> {
    let id = commit(id)?;
    let form = form(&headers)?;
    let theme = app.theme.clone();
    let shown = move |archive: &Archive| {
        let kept = kept(archive, id)?;
        let newest = newest(archive, kept.article_id())?;
        let (bytes, media_type, tag) = represented(archive, theme.as_ref().as_deref(), &kept, newest, form)?;
        let mementos = Mementos::of(archive, kept.article_id(), newest);
        let mementos = mementos.map_err(|fault| Problem::broken(&fault))?;
        let moment = kept.commit().author.date.as_http();
        let representation = Representation {
            bytes,
            media_type,
            tag,
        };
        Ok((representation, mementos.links(Some(id)), moment))
    };
    let (representation, links, moment) = app.reading.ask(shown).await?;
    let mut response = representation.answer(&headers);
    put(&mut response, VARY, "accept");
    put(&mut response, LINK, &links);
    put(&mut response, MEMENTO_DATETIME, &moment);
    Ok(response)
}

/// `GET /proofs/{commit}`.
pub async fn proof(State(app): State<App>, headers: HeaderMap, id: Id) -> Result<Response, Problem> {
    let id = commit(id)?;
    let proved = move |archive: &Archive| match kept(archive, id)? {
        Kept::Withheld(revision) => Err(gone(archive, &Kept::Withheld(revision))),
        Kept::Whole(revision) => {
            let proof = alone::proof(archive, &revision).map_err(|fault| Problem::broken(&fault))?;
            Ok(Representation {
                bytes: proof.encode().map_err(|error| Problem::broken(&error))?,
                media_type: "application/x-git-pack",
                tag: id.to_string(),
            })
        }
    };
    Ok(app.reading.ask(proved).await?.answer(&headers))
}

/// Returns a revision in a form, what that is, and its tag: of a document the commit, of which it is a function; of a page
/// the commit and the beginning of its own hash, because its frame changes.
fn represented(
    archive: &Archive,
    theme: Option<&FilePath>,
    kept: &Kept,
    newest: CommitId,
    form: Form,
) -> Result<(Vec<u8>, &'static str, String), Problem> {
    let Kept::Whole(revision) = kept else {
        return Err(gone(archive, kept));
    };
    if form == Form::Json {
        let document = documents::show(revision, None);
        return Ok((
            document::text(&document).into_bytes(),
            JSON,
            revision.id.to_string(),
        ));
    }
    let revisions = history::revisions(archive, newest).map_err(|fault| Problem::of_revision(&fault))?;
    let page =
        site::page(archive, theme, &revisions, revision.id).map_err(|error| Problem::broken(&error))?;
    let page = links::from_folder(&page, &format!("/{}/", revision.article_id()));
    let tag = format!("{}.{}", revision.id, tag_of(page.as_bytes()));
    Ok((page.into_bytes(), "text/html; charset=utf-8", tag))
}

/// Says that a text is withheld, and why.
fn gone(archive: &Archive, kept: &Kept) -> Problem {
    let Kept::Withheld(revision) = kept else {
        return Problem::absent("there is no such text");
    };
    match revision.reasons(archive) {
        Err(error) => Problem::broken(&error),
        Ok(reasons) => Problem::new(
            StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS,
            withheld::said(&reasons),
        )
        .hint("who has the page can still POST it to /verify")
        .member("withheld", json!(document::withheld(&reasons))),
    }
}
