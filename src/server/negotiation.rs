//! Which of several forms of a thing is sent, and whether it need be sent at all (RFC 9110, sections 8.8, 12.5 and 13.1).

use axum::body::Body;
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest, Sha256};

use super::limits::is_text;
use super::problem::Problem;
use crate::id::{CommitId, hex};

/// What a cache may do with an answer: it can be another at the next request, because any text may be withheld later.
const REVALIDATED: &str = "no-cache";

/// The forms of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The document of `avalaches show --json`.
    Json,
    /// The page.
    Html,
}

/// Returns the form that a client likes best; where it likes both as well, the document.
pub fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    let lists = headers.get_all(ACCEPT).iter();
    let lists: Vec<&str> = lists.filter_map(|list| list.to_str().ok()).collect();
    if lists.is_empty() {
        return Ok(Form::Json);
    }
    let ranges: Vec<(&str, u16)> = lists
        .iter()
        .flat_map(|list| list.split(','))
        .map(weighted)
        .collect();
    let json = liking(&ranges, "application", "json");
    // A page is both; as the latter it counts for who names that.
    let is_xhtml = |(range, _): &&(&str, u16)| range.eq_ignore_ascii_case("application/xhtml+xml");
    let xhtml = ranges.iter().find(is_xhtml).map_or(0, |(_, weight)| *weight);
    let html = liking(&ranges, "text", "html").max(xhtml);
    match (json, html) {
        (0, 0) => Err(Problem::new(
            StatusCode::NOT_ACCEPTABLE,
            "there is a form application/json and a form text/html of this, and the request accepts neither",
        )
        .hint("send Accept: application/json, or none")),
        (json, html) if html > json => Ok(Form::Html),
        _ => Ok(Form::Json),
    }
}

/// Reads one of the things that a client likes, and its weight in thousandths.
pub fn weighted(text: &str) -> (&str, u16) {
    let mut parts = text.split(';');
    let range = parts.next().unwrap_or_default().trim();
    let weight = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("q")
            .then(|| thousandths(value.trim()))
    });
    (range, weight.unwrap_or(1000))
}

/// Reads a weight (RFC 9110, 12.4.2); one that is malformed counts as 0.
fn thousandths(text: &str) -> u16 {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    if rest.len() > 3 || !rest.bytes().all(|b| b.is_ascii_digit()) {
        return 0;
    }
    match whole {
        "1" => 1000,
        "0" => format!("{rest:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

/// Returns how much a type is liked: by the range that names it most exactly.
fn liking(ranges: &[(&str, u16)], group: &str, name: &str) -> u16 {
    let exactness = |range: &str| match range.split_once('/') {
        Some(("*", "*")) => Some(0),
        Some((wanted, "*")) if wanted.eq_ignore_ascii_case(group) => Some(1),
        Some((wanted, exact)) if wanted.eq_ignore_ascii_case(group) && exact.eq_ignore_ascii_case(name) => {
            Some(2)
        }
        _ => None,
    };
    let fitting = ranges
        .iter()
        .filter_map(|(range, weight)| Some((exactness(range)?, *weight)));
    fitting.max().map_or(0, |(_, weight)| weight)
}

/// What is sent, and how a later request can ask whether it is still that.
#[derive(Debug)]
pub struct Representation<B = Vec<u8>> {
    /// The bytes.
    pub bytes: B,
    /// What they are.
    pub media_type: &'static str,
    /// What names them among all that this address ever had, without quotes.
    pub tag: String,
}

impl<B: Into<Body>> Representation<B> {
    /// Returns the answer to a request: the bytes, or that the asker has them.
    pub fn answer(self, asked: &HeaderMap) -> Response {
        let tag = format!("\"{}\"", self.tag);
        if !is_as_asked(asked, &tag) {
            let what = "what is there now has another tag than If-Match asks for";
            let problem = Problem::new(StatusCode::PRECONDITION_FAILED, what);
            return problem.hint("ask without If-Match").into_response();
        }
        let is_known = is_known(asked, &tag);
        let mut response = Response::new(if is_known {
            Body::empty()
        } else {
            self.bytes.into()
        });
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            let value = HeaderValue::from_static(self.media_type);
            response.headers_mut().insert(CONTENT_TYPE, value);
        }
        // What is not sent has the headers that it would have been sent with (RFC 9110, 15.4.5): a weak tag where it was sent
        // compressed, and what depends on that.
        if is_known && is_text(self.media_type.as_bytes()) {
            put(&mut response, VARY, "accept-encoding");
        }
        let weak = format!("W/{tag}");
        let is_weak = is_known && known_tags(asked).any(|known| known == weak);
        put(&mut response, ETAG, if is_weak { &weak } else { &tag });
        put(&mut response, CACHE_CONTROL, REVALIDATED);
        response
    }
}

/// Returns a name for what this program says of an archive at a commit.
pub fn tag_at(tip: CommitId) -> String {
    format!("{tip}.{}", env!("CARGO_PKG_VERSION"))
}

/// Returns a name for some bytes: the beginning of their SHA-256.
pub fn tag_of(bytes: &[u8]) -> String {
    tag_by(&Sha256::digest(bytes))
}

/// Returns the same by the SHA-256 of them.
pub fn tag_by(digest: &[u8]) -> String {
    hex(&digest[..8])
}

/// Adds a header, where it is one.
pub fn put(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().append(name, value);
    }
}

/// Tells whether a client has what a tag names. The comparison is the weak one, as RFC 9110 has it for this header.
pub fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    known_tags(asked).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// Tells whether what a tag names is what a client asks for alone, if it does. The comparison is the strong one, so that a weak tag
/// is never it. Nothing here has a date of change that `If-Unmodified-Since` could be held against (RFC 9110, 13.1.4).
fn is_as_asked(asked: &HeaderMap, tag: &str) -> bool {
    !asked.contains_key(IF_MATCH) || tags(asked, IF_MATCH).any(|asked| asked == "*" || asked == tag)
}

fn known_tags(asked: &HeaderMap) -> impl Iterator<Item = &str> {
    tags(asked, IF_NONE_MATCH)
}

fn tags(asked: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let lists = asked.get_all(name).iter();
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(accept: &[&str]) -> HeaderMap {
        let values = accept
            .iter()
            .map(|value| (ACCEPT, HeaderValue::from_str(value).unwrap()));
        values.collect()
    }

    #[test]
    fn browsers_get_pages_and_programs_documents() {
        let liked = |accept: &[&str]| form(&accepting(accept)).ok();
        for (accept, expected) in [
            (&[][..], Some(Form::Json)),
            (&["*/*"], Some(Form::Json)),
            (&["application/json"], Some(Form::Json)),
            (&["text/html"], Some(Form::Html)),
            (&["text/*"], Some(Form::Html)),
            (&["TEXT/HTML;q=0.4, application/*;q=0.3"], Some(Form::Html)),
            (
                &["text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"],
                Some(Form::Html),
            ),
            (&["text/html;q=0.5", "*/*"], Some(Form::Json)),
            (&["text/html;q=0, application/json;q=0.5, */*"], Some(Form::Json)),
            (&["application/xhtml+xml, */*;q=0.5"], Some(Form::Html)),
            (&["application/json;q=0, */*"], Some(Form::Html)),
            (&["text/html;q=0.001"], Some(Form::Html)),
            (&["text/html;q=2"], None),
            (&["text/turtle"], None),
            (&["application/json;q=0.000"], None),
            (&[""], None),
        ] {
            assert_eq!(liked(accept), expected, "{accept:?}");
        }
    }

    #[test]
    fn what_a_client_has_is_known_by_its_tag() {
        let known = |text: &'static str| {
            let asked = [(IF_NONE_MATCH, HeaderValue::from_static(text))];
            is_known(&asked.into_iter().collect(), "\"abc\"")
        };
        assert!(known("\"abc\"") && known("W/\"abc\"") && known("\"x\", \"abc\"") && known("*"));
        assert!(!known("abc") && !known("\"ab\"") && !known("") && !known("W/abc"));
        assert!(!is_known(&HeaderMap::new(), "\"abc\""));
    }
}
