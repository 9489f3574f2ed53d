//! `POST /verify`: a page that somebody has, and what the archive says of it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

use super::problem::Problem;
use super::{App, body};
use crate::archive::{self, Archive};
use crate::document::{self, verdict};
use crate::draft::{self, Form};
use crate::verify::{self, in_log};
use crate::wording::with_causes;

/// The types of pages that are read.
const READ: &str = "text/plain, text/markdown, text/html";

/// By which the types are told (W3C, Linked Data Platform, 7.1).
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");

/// Larger pages, in bytes, are judged one at a time: that takes up to forty times as much memory as a page has bytes.
const LARGE: usize = 1 << 20;

/// What an answer says was asked: what came in the request, as `-` is what came on stdin.
const ASKED: &str = "-";

/// `POST /verify`.
pub async fn verify(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let form = form_of(&headers)?;
    let bytes = body::read(
        &headers,
        body,
        "page",
        app.limits.body,
        app.limits.time,
        &app.room,
    )
    .await?;
    let turn = if bytes.len() > LARGE {
        let turn = Arc::clone(&app.large).acquire_owned().await;
        Some(turn.expect("nobody closes the semaphore"))
    } else {
        None
    };
    let judged = move |archive: &Archive| {
        let _turn = turn;
        let form = form.unwrap_or_else(|| Form::sniff(&bytes));
        let draft = draft::read_published(&bytes, form).map_err(|error| {
            let line = error
                .line
                .map(|line| format!("line {line}: "))
                .unwrap_or_default();
            let detail = format!("the page cannot be read: {line}{}", with_causes(&error));
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
                .hint("send the page whole, with its footer, as UTF-8")
        })?;
        let broken = |fault: archive::Fault| Problem::broken(&fault);
        let mut answer = verify::page(archive, &draft).map_err(broken)?;
        in_log::of_archive(archive, &mut answer, None).map_err(broken)?;
        Ok(document::text(&verdict::document(&[verdict::answer(
            ASKED, &answer,
        )])))
    };
    let mut response = Response::new(Body::from(app.reading.ask(judged).await?));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Returns how a page is written, by what the request says of it; `None` where it says nothing.
fn form_of(headers: &HeaderMap) -> Result<Option<Form>, Problem> {
    let other = || {
        Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "that is no type of pages that is read",
        )
        .hint(format!("send one of {READ}, as UTF-8, not compressed"))
        .header(ACCEPT_POST, READ)
    };
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
    {
        return Err(other());
    }
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Ok(None);
    };
    let mut parts = value.to_str().map_err(|_| other())?.split(';');
    let media_type = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_utf8 = parts.all(|part| match part.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            let value = value.trim().trim_matches('"');
            ["utf-8", "utf8", "us-ascii"]
                .iter()
                .any(|known| value.eq_ignore_ascii_case(known))
        }
        _ => true,
    });
    match media_type.as_str() {
        _ if !is_utf8 => Err(other()),
        "text/plain" => Ok(Some(Form::Text)),
        "text/markdown" => Ok(Some(Form::Markdown)),
        "text/html" => Ok(Some(Form::Html)),
        "application/xhtml+xml" => Ok(Some(Form::Xhtml)),
        _ => Err(other()),
    }
}
