//! The files of the site, as they lie in its folder: never one whose name begins with a dot, one outside, or a symbolic link.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ALLOW, LOCATION};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;

use super::negotiation::{Representation, put, tag_of};
use super::problem::Problem;
use super::{App, address};
use crate::site::media::media_type;
use crate::storage::file::{FileError, read_below};

/// The page that stands for a folder.
pub const INDEX: &str = "index.html";

/// The longest file that is served, in bytes.
const LONGEST: usize = 256 << 20;

/// Any path that is no route.
pub async fn file(
    State(app): State<App>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if method != Method::GET && method != Method::HEAD {
        let what = format!("{method} is no method of this address");
        return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, what)
            .hint("files are read; /openapi.json says what else there is")
            .header(ALLOW, "GET,HEAD"));
    }
    let mut names = address::names(uri.path()).ok_or_else(absent)?;
    if names.last().is_some_and(String::is_empty) {
        names.pop();
        names.push(INDEX.to_owned());
    }
    let path = uri.path().to_owned();
    let site = app.site.clone();
    let found = move || match read_below(&site, &names, LONGEST) {
        Ok(bytes) => Ok(Some((bytes, media_type(&names.join("/"))))),
        Err(FileError::NotRegular) => {
            names.push(INDEX.to_owned());
            let is_folder = read_below(&site, &names, LONGEST).is_ok();
            if is_folder { Ok(None) } else { Err(absent()) }
        }
        Err(_) if read_below(&site, &[INDEX], LONGEST).is_err() => {
            Err(Problem::busy("the site is being built"))
        }
        Err(_) => Err(absent()),
    };
    let Some((bytes, media_type)) = app.reading.wait(found).await? else {
        return Ok(moved(&path));
    };
    let tag = tag_of(&bytes);
    Ok(Representation {
        bytes,
        media_type,
        tag,
    }
    .answer(&headers))
}

/// The links of a folder's page lead from the folder.
fn moved(path: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    put(&mut response, LOCATION, &format!("{path}/"));
    response
}

fn absent() -> Problem {
    Problem::absent("there is no such page").hint("the home page is /, and /openapi.json describes the API")
}
