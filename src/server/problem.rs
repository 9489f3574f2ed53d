//! What is said where a request is not answered: problem documents (RFC 9457), which also say what to do next, and to browsers a page
//! of the same words.

use std::error::Error;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::diff::html::escape;
use crate::document;
use crate::revision::RevisionFault;
use crate::wording::with_causes;

/// The media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request is not answered.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    detail: String,
    hint: Option<String>,
    more: Map<String, Value>,
    headers: HeaderMap,
    cause: Option<Cause>,
}

/// Why the server could not answer: for whoever runs it, and for nobody else.
#[derive(Debug, Clone)]
pub struct Cause(pub String);

/// What a problem says, for whoever reads it in a browser.
#[derive(Debug, Clone)]
struct Said {
    title: &'static str,
    detail: String,
    hint: Option<String>,
}

impl Said {
    /// Writes it as a page with a way to the site.
    fn page(&self) -> String {
        let hint = self.hint.iter().map(|hint| format!("<p>{}</p>\n", escape(hint)));
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n</head>\n<body>\n<main>\n\
             <h1>{title}</h1>\n<p>{detail}</p>\n{hint}<p><a href=\"/\">Home</a></p>\n</main>\n</body>\n</html>\n",
            title = self.title,
            detail = escape(&self.detail),
            hint = hint.collect::<String>(),
        )
    }
}

/// Puts a page in the place of a problem document, for a client that likes it better.
pub fn as_page(mut response: Response) -> Response {
    let Some(said) = response.extensions_mut().remove::<Said>() else {
        return response;
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.remove(CONTENT_LENGTH);
    response.map(|_| Body::from(said.page()))
}

impl Problem {
    /// Makes a problem of what is wrong, as a sentence without its full stop.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            hint: None,
            more: Map::new(),
            headers: HeaderMap::new(),
            cause: None,
        }
    }

    /// There is no such thing.
    pub fn absent(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// The request cannot be read.
    pub fn unread(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// The server cannot answer; what is wrong is told to whoever runs it.
    pub fn broken(error: &dyn Error) -> Self {
        Self::failed("the archive could not be read", error)
    }

    /// The same, of something else than the archive.
    pub fn failed(detail: &str, error: &dyn Error) -> Self {
        let problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail);
        let problem = problem.hint("whoever runs this server was told why; try again later");
        Self {
            cause: Some(Cause(with_causes(error))),
            ..problem
        }
    }

    /// The server has too much to do.
    pub fn busy(detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            .hint("try again in some seconds")
            .header(RETRY_AFTER, "2")
    }

    /// A revision that is none, cannot be read, or is damaged.
    pub fn of_revision(fault: &RevisionFault) -> Self {
        match fault {
            RevisionFault::First(id) | RevisionFault::Root(id) => Self::absent(format!(
                "{id} is a commit about the archive itself and holds no article"
            ))
            .hint("GET /articles names the newest revision of each article"),
            fault => Self::broken(fault),
        }
    }

    /// Returns what whoever runs the server is told of it.
    pub fn into_cause(self) -> String {
        self.cause.map_or(self.detail, |Cause(cause)| cause)
    }

    /// Adds what the asker can do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds a header, whose value is one that headers can have.
    pub fn header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }

    /// Adds a member.
    pub fn member(mut self, name: &str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason();
        let mut document = json!({
            "type": "about:blank",
            "title": title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "hint": self.hint,
        });
        if let Some(members) = document.as_object_mut() {
            members.extend(self.more);
        }
        let mut response = Response::new(Body::from(document::text(&document)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers);
        response.extensions_mut().insert(Said {
            title: title.unwrap_or("Not answered"),
            detail: self.detail,
            hint: self.hint,
        });
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(cause);
        }
        response
    }
}
