//! The files of the site, as they lie in its folder: never one that no site has, one outside, or a symbolic link.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ALLOW, CONTENT_LENGTH, LOCATION};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;

use super::negotiation::{Representation, put, tag_by};
use super::problem::Problem;
use super::streamed::Whole;
use super::{App, address};
use crate::canonical::LONGEST_PAGE;
use crate::site::files::is_of_a_site;
use crate::site::media::media_type;
use crate::storage::file::open_below;

/// The page that stands for a folder.
pub const INDEX: &str = "index.html";

/// The longest file that is served, in bytes.
const LONGEST: u64 = LONGEST_PAGE as u64;

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
    let name = names.join("/");
    let media_type = media_type(&name);
    let (site, missed) = (app.site.clone(), app.missed.clone());
    let found = move || {
        if !is_of_a_site(&name) {
            names.push(INDEX.to_owned());
            let is_folder = is_of_a_site(&names.join("/")) && open_below(&site, &names).is_ok();
            return if is_folder { Ok(None) } else { Err(absent()) };
        }
        match open_below(&site, &names) {
            Ok((file, length)) if length <= LONGEST => {
                let whole = Whole::read(file, length);
                whole
                    .map(Some)
                    .map_err(|error| Problem::failed("the file could not be read", &error))
            }
            Err(error) if error.is_missing() => {
                missed.put(name);
                let is_built = open_below(&site, &[INDEX]).is_ok();
                Err(if is_built {
                    absent()
                } else {
                    Problem::busy("the site is being built")
                })
            }
            _ => Err(absent()),
        }
    };
    let Some(whole) = app.files.wait(found).await? else {
        return Ok(moved(&path));
    };
    let length = whole.length().to_string();
    let representation = Representation {
        tag: tag_by(&whole.digest),
        bytes: whole.into_body(app.files.clone()),
        media_type,
    };
    let mut response = representation.answer(&headers);
    if response.status() == StatusCode::OK {
        put(&mut response, CONTENT_LENGTH, &length);
    }
    Ok(response)
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
