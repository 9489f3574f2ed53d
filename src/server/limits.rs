//! What holds for every request, whatever it asks: how many are answered at once, how long each may take, and what every
//! answer says to browsers and caches.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HOST, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, Version};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::negotiation::{Form, form, weighted};
use super::problem::{self, Cause, Problem};
use super::{Event, Limits, Told};

/// What a browser may do with a page besides what the page itself says: not show it within another.
const OF_PAGES: &str = "frame-ancestors 'none'";

/// What it may do with anything else: show it.
const OF_OTHERS: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

/// The bytes by which it is counted what answers hold: one that is shorter is not counted.
const BLOCK: usize = 16 << 10;

/// How long after it was told that a request could not be answered it is not told of another: strangers ask as often as they like.
const SELDOM: Duration = Duration::from_secs(10);

/// The encodings of answers, by their names in requests.
const ENCODINGS: [&str; 3] = ["br", "gzip", "x-gzip"];

/// What bounds every request.
#[derive(Clone)]
pub struct Bounds {
    requests: Arc<Semaphore>,
    /// How many blocks of answers may be held.
    held: Arc<Semaphore>,
    blocks: usize,
    time: Duration,
    told: Told,
    untold: Arc<Mutex<Untold>>,
}

/// When it was told last that a request could not be answered, and how many could not since.
#[derive(Debug, Default)]
struct Untold {
    last: Option<Instant>,
    count: usize,
}

impl Untold {
    /// Counts one; where it is to be told, returns how many were not since the last that was.
    fn due(&mut self, now: Instant) -> Option<usize> {
        if self.last.is_some_and(|last| now.duration_since(last) < SELDOM) {
            self.count += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.count))
    }
}

impl Bounds {
    /// Takes the limits, and who is told of what is broken.
    pub fn of(limits: &Limits, told: Told) -> Self {
        Self {
            requests: Arc::new(Semaphore::new(limits.requests)),
            held: Arc::new(Semaphore::new(limits.held / BLOCK)),
            blocks: limits.held / BLOCK,
            time: limits.time,
            told,
            untold: Arc::default(),
        }
    }
}

/// Answers a request, or says that there is too much to do.
pub async fn limited(State(bounds): State<Bounds>, request: Request, next: Next) -> Response {
    let likes_pages = likes_pages(&request);
    let mut response = match Arc::clone(&bounds.requests).try_acquire_owned() {
        Err(_) => Problem::busy("the server answers as many requests as it can").into_response(),
        Ok(_) if !names_one_host(&request) => Problem::unread("the request names no host, or several")
            .hint("send one header Host, as RFC 9112, section 3.2, asks of every client")
            .into_response(),
        Ok(turn) => until_sent(in_time(bounds.time, request, next).await, turn),
    };
    if let Some(Cause(cause)) = response.extensions_mut().remove::<Cause>() {
        let mut untold = bounds.untold.lock().unwrap_or_else(PoisonError::into_inner);
        let due = untold.due(Instant::now());
        drop(untold);
        if let Some(others) = due {
            (bounds.told)(Event::Broken { cause, others });
        }
    }
    if likes_pages {
        response = problem::as_page(response);
    }
    secure(&mut response);
    response
}

/// Answers a request with what there is room for until it was sent. What is read while it is sent says no length here.
pub async fn held(State(bounds): State<Bounds>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let length = response.body().size_hint().exact().unwrap_or_default();
    let blocks = usize::try_from(length).unwrap_or(usize::MAX) / BLOCK;
    let Ok(blocks) = u32::try_from(blocks.min(bounds.blocks)) else {
        return response;
    };
    match Arc::clone(&bounds.held).try_acquire_many_owned(blocks) {
        Ok(room) => until_sent(response, room),
        Err(_) => Problem::busy("the server holds as many answers as it can").into_response(),
    }
}

/// Keeps a permit until an answer was sent, or will not be.
fn until_sent(response: Response, permit: OwnedSemaphorePermit) -> Response {
    response.map(|body| {
        if body.is_end_stream() {
            return body;
        }
        Body::new(Sent {
            body,
            _permit: permit,
        })
    })
}

/// A body with a permit. It says that it is at its end only when it is asked for more: else it would be dropped when its last
/// piece is taken from it, which may be all of it, and not when that was sent.
struct Sent {
    body: Body,
    _permit: OwnedSemaphorePermit,
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Answers with a page in the place of a problem document where the client likes that better, before anything is compressed.
pub async fn shown(request: Request, next: Next) -> Response {
    let likes_pages = likes_pages(&request);
    let response = next.run(request).await;
    if likes_pages {
        problem::as_page(response)
    } else {
        response
    }
}

fn likes_pages(request: &Request) -> bool {
    matches!(form(request.headers()), Ok(Form::Html))
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

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::middleware;
    use axum::routing::get;
    use tower::ServiceExt as _;

    use super::*;

    #[test]
    fn what_could_not_be_answered_is_told_seldom_and_the_rest_counted() {
        let mut untold = Untold::default();
        let begun = Instant::now();
        let told: Vec<Option<usize>> = [0, 1, 9, 10, 11, 30]
            .map(|seconds| untold.due(begun + Duration::from_secs(seconds)))
            .to_vec();
        assert_eq!(told, [Some(0), None, None, Some(2), None, Some(1)]);
    }

    #[tokio::test]
    async fn what_was_not_taken_yet_counts_against_the_limits() {
        let limits = Limits {
            requests: 3,
            held: 2 << 20,
            ..Limits::default()
        };
        let bounds = Bounds::of(&limits, Arc::new(|_| ()));
        let router = Router::new()
            .route("/small", get(|| async { vec![0; 9] }))
            .route("/large", get(|| async { vec![0; 1 << 20] }))
            .layer(middleware::from_fn_with_state(bounds.clone(), held))
            .layer(middleware::from_fn_with_state(bounds, limited));
        let ask = |path: &str| {
            let request = Request::get(path).header(HOST, "a").body(Body::empty());
            let answer = router.clone().oneshot(request.unwrap());
            async { answer.await.unwrap() }
        };
        let first = ask("/large").await;
        let mut second = ask("/large").await;
        assert_eq!(
            (first.status(), second.status()),
            (StatusCode::OK, StatusCode::OK)
        );
        assert_eq!(second.body().size_hint().exact(), Some(1 << 20));
        assert_eq!(ask("/large").await.status(), StatusCode::SERVICE_UNAVAILABLE);
        let small = ask("/small").await;
        assert_eq!(small.status(), StatusCode::OK);
        assert_eq!(ask("/small").await.status(), StatusCode::SERVICE_UNAVAILABLE);
        // The last piece is on its way, and the answer not sent.
        let piece = std::future::poll_fn(|context| Pin::new(second.body_mut()).poll_frame(context)).await;
        assert_eq!(piece.unwrap().unwrap().into_data().unwrap().len(), 1 << 20);
        assert!(!second.body().is_end_stream());
        assert_eq!(ask("/small").await.status(), StatusCode::SERVICE_UNAVAILABLE);
        drop(second);
        assert_eq!(ask("/large").await.status(), StatusCode::OK);
        drop((first, small));
    }
}
