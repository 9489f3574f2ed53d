//! What holds for every request, whatever it asks: how many are answered at once, how long each may take, and what every
//! answer says to browsers and caches.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::negotiation::weighted;
use super::problem::{Cause, Problem};
use super::{Event, Limits, Told};

/// What a browser may do with a page besides what the page itself says: not show it within another.
const OF_PAGES: &str = "frame-ancestors 'none'";

/// What it may do with anything else: show it.
const OF_OTHERS: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// The encodings of answers, by their names in requests.
const ENCODINGS: [&str; 3] = ["br", "gzip", "x-gzip"];

/// What bounds every request.
#[derive(Clone)]
pub struct Bounds {
    requests: Arc<Semaphore>,
    time: Duration,
    told: Told,
}

impl Bounds {
    /// Takes the limits, and who is told of what is broken.
    pub fn of(limits: &Limits, told: Told) -> Self {
        Self {
            requests: Arc::new(Semaphore::new(limits.requests)),
            time: limits.time,
            told,
        }
    }
}

/// Answers a request, or says that there is too much to do.
pub async fn limited(State(bounds): State<Bounds>, request: Request, next: Next) -> Response {
    let mut response = match bounds.requests.try_acquire() {
        Err(_) => Problem::busy("the server answers as many requests as it can").into_response(),
        Ok(_) if !names_one_host(&request) => Problem::unread("the request names no host, or several")
            .hint("send one header Host, as RFC 9112, section 3.2, asks of every client")
            .into_response(),
        Ok(_turn) => in_time(bounds.time, request, next).await,
    };
    if let Some(Cause(cause)) = response.extensions_mut().remove::<Cause>() {
        (bounds.told)(Event::Broken(cause));
    }
    secure(&mut response);
    response
}

fn names_one_host(request: &Request) -> bool {
    let hosts = request.headers().get_all(HOST).iter().count();
    hosts == 1 || hosts == 0 && request.version() < Version::HTTP_11
}

/// Sets aside what a request says of encodings where none is named that answers have: they are sent as they are then
/// (RFC 9110, 12.5.3), also where the client says that it wants nothing.
pub async fn readable(mut request: Request, next: Next) -> Response {
    let lists = request.headers().get_all(ACCEPT_ENCODING).iter();
    let mut named = lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(weighted);
    let is_had = |name: &str| ENCODINGS.iter().any(|known| known.eq_ignore_ascii_case(name));
    if !named.any(|(name, weight)| weight > 0 && is_had(name)) {
        request.headers_mut().remove(ACCEPT_ENCODING);
    }
    next.run(request).await
}

/// The body of a request has the time, and then the answer has it.
async fn in_time(time: Duration, request: Request, next: Next) -> Response {
    match tokio::time::timeout(time * 2, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::busy("the answer takes too long").into_response(),
    }
}

fn secure(response: &mut Response) {
    let is_unchanged = response.status() == StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    let is_document = headers.get(CONTENT_TYPE).is_some_and(|value| {
        // A script may be that of a worker, which has the policy of its own file.
        [&b"text/html"[..], b"text/javascript"]
            .iter()
            .any(|name| value.as_bytes().starts_with(name))
    });
    // What a browser has keeps its policy.
    if !is_unchanged {
        let policy = if is_document { OF_PAGES } else { OF_OTHERS };
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // Bytes that were compressed are others than those that the tag names (RFC 9110, 8.8.3.3).
    if let Some(tag) = headers
        .get(ETAG)
        .filter(|_| headers.contains_key(CONTENT_ENCODING))
    {
        let weak = [b"W/", tag.as_bytes()].concat();
        if let Ok(weak) = HeaderValue::from_bytes(&weak) {
            headers.insert(ETAG, weak);
        }
    }
}

/// Tells whether an answer gets smaller: texts do; proofs and pictures are compressed already.
pub fn is_worth_compressing(status: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let media_type = headers
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    is_text(media_type) && status != StatusCode::NOT_MODIFIED
}

/// Tells whether a media type is one of which answers get smaller.
pub fn is_text(media_type: &[u8]) -> bool {
    media_type.starts_with(b"text/")
        || [&b"json"[..], b"xml", b"link-format", b"wasm", b"javascript"]
            .iter()
            .any(|name| media_type.windows(name.len()).any(|part| part == *name))
}
