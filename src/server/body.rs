//! The body of a request, no longer than it may be, in no more time than it has, and where there is room for it.

use std::future::poll_fn;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::http::header::{CONNECTION, CONTENT_LENGTH};
use axum::http::{HeaderMap, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// Reads a body, which is called `what` where something is wrong with it. One that says at once that it is too long is not
/// read.
pub async fn read(
    headers: &HeaderMap,
    body: Body,
    what: &str,
    most: usize,
    time: Duration,
    room: &Room,
) -> Result<Received, Problem> {
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
    match tokio::time::timeout(time, received(body, most, room)).await {
        Err(_) => Err(late(what)),
        Ok(Ok(received)) => Ok(received),
        Ok(Err(Unreceived::TooLong)) => Err(too_long()),
        Ok(Err(Unreceived::NoRoom)) => {
            let problem = Problem::busy("the server receives as much as it can");
            Err(problem.header(CONNECTION, "close"))
        }
        Ok(Err(Unreceived::Broken)) => {
            Err(Problem::unread(format!("the {what} did not come whole")).hint("send it again"))
        }
    }
}

/// How many bytes of bodies may be held at once, of all requests together.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

impl Room {
    /// Takes how many bytes there is room for.
    pub fn of(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes)))
    }
}

/// A body that came whole; its room is free again when it is dropped.
#[derive(Debug, Default)]
pub struct Received {
    bytes: Vec<u8>,
    room: Option<OwnedSemaphorePermit>,
}

impl Deref for Received {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Why a body was not received.
#[derive(Debug, PartialEq, Eq)]
enum Unreceived {
    TooLong,
    NoRoom,
    Broken,
}

/// Takes the pieces of a body as they come, each where there is room for it.
async fn received(mut body: Body, most: usize, room: &Room) -> Result<Received, Unreceived> {
    let mut received = Received::default();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(piece) = frame.map_err(|_| Unreceived::Broken)?.into_data() else {
            continue;
        };
        if piece.len() > most - received.bytes.len() {
            return Err(Unreceived::TooLong);
        }
        let length = u32::try_from(piece.len()).map_err(|_| Unreceived::TooLong)?;
        let taken = Arc::clone(&room.0).try_acquire_many_owned(length);
        let taken = taken.map_err(|_| Unreceived::NoRoom)?;
        match &mut received.room {
            Some(room) => room.merge(taken),
            none => *none = Some(taken),
        }
        received.bytes.extend_from_slice(&piece);
    }
    Ok(received)
}

fn late(what: &str) -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        format!("the {what} took too long to come"),
    )
    .hint("send it again, on a faster connection")
    .header(CONNECTION, "close")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_takes_room_and_gives_it_back() {
        let room = Room::of(10);
        let receive = |bytes: &'static str, most| received(Body::from(bytes), most, &room);
        let first = receive("123456", 6).await.unwrap();
        assert_eq!(&first[..], b"123456");
        assert_eq!(receive("12345", 9).await.unwrap_err(), Unreceived::NoRoom);
        assert_eq!(receive("12345", 4).await.unwrap_err(), Unreceived::TooLong);
        assert_eq!(receive("1234", 4).await.unwrap().len(), 4);
        drop(first);
        assert_eq!(receive("1234567890", 10).await.unwrap().len(), 10);
        assert!(receive("", 0).await.unwrap().is_empty());
    }
}
