//! The body of a request, no longer than it may be and in no more time than it has.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::header::{CONNECTION, CONTENT_LENGTH};
use axum::http::{HeaderMap, StatusCode};

use super::problem::Problem;

/// Reads a body, which is called `what` where something is wrong with it. One that says at once that it is too long is not
/// read.
pub async fn read(
    headers: &HeaderMap,
    body: Body,
    what: &str,
    most: usize,
    time: Duration,
) -> Result<Vec<u8>, Problem> {
    let too_long = || {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the {what} is longer than {most} bytes, the most that one may have"),
        )
        .hint(format!("send the {what} alone, without anything beside it"))
        // What is left of it is not waited for.
        .header(CONNECTION, "close")
    };
    let said = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if said.is_some_and(|said| usize::try_from(said).map_or(true, |said| said > most)) {
        return Err(too_long());
    }
    match tokio::time::timeout(time, to_bytes(body, most)).await {
        Err(_) => Err(late(what)),
        Ok(Ok(bytes)) => Ok(bytes.to_vec()),
        Ok(Err(error)) if is_limit(&error) => Err(too_long()),
        Ok(Err(_)) => Err(Problem::unread(format!("the {what} did not come whole")).hint("send it again")),
    }
}

fn late(what: &str) -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        format!("the {what} took too long to come"),
    )
    .hint("send it again, on a faster connection")
    .header(CONNECTION, "close")
}

/// Tells whether a body was longer than it may be, rather than broken off.
fn is_limit(error: &axum::Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.to_string() == "length limit exceeded" {
            return true;
        }
        cause = error.source();
    }
    false
}
