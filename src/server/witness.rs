//! `avalaches witness`: checkpoints of logs cosigned over HTTP (C2SP tlog-witness), each only if it goes on from the one that
//! was cosigned last; what that was is on the disk before the cosignature goes out.

use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path as At, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use super::body::Room;
use super::limits::{self, Bounds};
use super::problem::Problem;
use super::turns::Turns;
use super::{Limits, ServeError, Told, body, connections};
use crate::storage::repository::WriteError;
use crate::storage::witnessed::Witnessed;
use crate::tlog::add_checkpoint::{PATH, SIZE_TYPE, size_text};
use crate::tlog::checkpoint::SignedCheckpoint;
use crate::tlog::key::{SignerKey, VerifierKey};
use crate::tlog::witness::{self, Refusal};

/// The longest request, in bytes: hashes, and a checkpoint with all signatures that a note may have.
const LONGEST: usize = 256 << 10;

/// The type of what is signed.
const TEXT: &str = "text/plain; charset=utf-8";

/// Tells the time, in seconds since 1970.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// A witness.
#[derive(Clone)]
pub struct Witness {
    key: Arc<SignerKey>,
    logs: Arc<Vec<VerifierKey>>,
    state: Arc<Witnessed>,
    clock: Clock,
}

/// What its answers need.
#[derive(Clone)]
struct App {
    witness: Witness,
    turns: Turns,
    room: Room,
    limits: Limits,
}

/// Why what was seen last cannot be told.
#[derive(Debug, thiserror::Error)]
enum StateError {
    #[error(transparent)]
    Disk(#[from] WriteError),
    #[error(
        "the state {0} is not what this witness's key cosigned; put it back as it was, for without it nothing of that log can be cosigned"
    )]
    Other(String),
}

impl Witness {
    /// Makes a witness of a key, the logs' keys, and the folder that keeps what it saw, which is made where it is missing.
    /// Tells whether that was there.
    ///
    /// # Errors
    /// [`WriteError::Io`] where the folder cannot be used.
    pub fn open(
        key: SignerKey,
        logs: Vec<VerifierKey>,
        state: &Path,
        clock: Clock,
    ) -> Result<(Self, bool), WriteError> {
        let (state, was_there) = Witnessed::open(state)?;
        let witness = Self {
            key: Arc::new(key),
            logs: Arc::new(logs),
            state: Arc::new(state),
            clock,
        };
        Ok((witness, was_there))
    }

    fn last(&self, name: &str) -> Result<Option<SignedCheckpoint>, StateError> {
        let Some(bytes) = self.state.last(name)? else {
            return Ok(None);
        };
        let text = String::from_utf8(bytes).ok();
        let signed = text.and_then(|text| SignedCheckpoint::parse(&text).ok());
        let is_own = |signed: &SignedCheckpoint| {
            let cosigned = signed.cosignature_of(self.key.public());
            witness::origin_digest(&signed.checkpoint.origin) == name && matches!(cosigned, Some(Some(_)))
        };
        match signed.filter(is_own) {
            None => Err(StateError::Other(name.to_owned())),
            signed => Ok(signed),
        }
    }

    /// Answers a request with a line of a cosignature, once the checkpoint is on the disk.
    fn cosigned(&self, request: &[u8]) -> Result<Response, Problem> {
        let broken =
            |error: StateError| Problem::failed("the witness's state could not be read or kept", &error);
        let asked = match witness::read(&self.logs, request) {
            Ok(asked) => asked,
            Err(refusal) => return refused(&refusal),
        };
        let name = witness::origin_digest(&asked.signed.checkpoint.origin);
        let locked = self.state.lock().map_err(|error| broken(error.into()))?;
        let seen = self.last(&name).map_err(broken)?;
        if let Err(refusal) = witness::judge(&asked, seen.as_ref().map(|seen| &seen.checkpoint)) {
            return refused(&refusal);
        }
        let mut signed = asked.signed;
        let Some(line) = signed.cosigned_by(&self.key, (self.clock)()) else {
            let what = "the log's name is longer than the 255 bytes that this witness's key signs";
            return Err(Problem::new(StatusCode::BAD_REQUEST, what.to_owned()));
        };
        signed.add([line.clone()]);
        let text = signed.to_string();
        // What could not be read again would be in the way of every later checkpoint.
        if SignedCheckpoint::parse(&text).is_err() {
            return refused(&Refusal::Many);
        }
        let kept = locked.put(&name, text.as_bytes());
        kept.map_err(|error| broken(error.into()))?;
        Ok(answer(StatusCode::OK, TEXT, line.to_string()))
    }
}

fn refused(refusal: &Refusal) -> Result<Response, Problem> {
    if let Refusal::Conflict(size) = refusal {
        return Ok(answer(StatusCode::CONFLICT, SIZE_TYPE, size_text(*size)));
    }
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    let problem = Problem::new(status, refusal.to_string());
    Err(match refusal {
        Refusal::Unknown(_) => problem.hint("whoever runs this witness has to be told the log's key"),
        Refusal::Unsigned(_) => problem.hint("whoever runs this witness may know an older key of the log"),
        Refusal::Inconsistent(_) => problem.hint("the log was rewritten, or there are two logs of this name"),
        Refusal::Many => problem.hint("whoever runs this witness has to be told fewer keys of the log"),
        _ => problem,
    })
}

fn answer(status: StatusCode, media_type: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn add_checkpoint(State(app): State<App>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let bytes = body::read(&headers, body, "request", LONGEST, app.limits.time, &app.room).await?;
    let witness = app.witness.clone();
    app.turns.wait(move || witness.cosigned(&bytes)).await
}

async fn checkpoint(State(app): State<App>, At(name): At<String>) -> Result<Response, Problem> {
    let is_digest = name.len() == 64 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let witness = app.witness.clone();
    let last = move || match is_digest.then(|| witness.last(&name)).transpose() {
        Ok(last) => Ok(last.flatten()),
        Err(error) => Err(Problem::failed("the witness's state could not be read", &error)),
    };
    match app.turns.wait(last).await? {
        Some(signed) => Ok(answer(StatusCode::OK, TEXT, signed.to_string())),
        None => Err(Problem::absent("no checkpoint of such a log was cosigned here")
            .hint("the address has the SHA-256 of the log's origin, in lower-case hexadecimal digits")),
    }
}

async fn elsewhere() -> Problem {
    Problem::absent("there is nothing here")
        .hint("POST /add-checkpoint, GET /<SHA-256 of an origin>/checkpoint")
}

async fn other_method(method: Method) -> Response {
    let what = format!("{method} is no method of this address");
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, what);
    problem
        .hint("the header Allow names those that are")
        .into_response()
}

/// Serves a witness until `shutdown` is there; then requests that were begun are answered. It wants a runtime of tokio
/// around it.
///
/// # Errors
/// [`ServeError`] where the listener cannot be used, or no threads can be had.
pub async fn serve(
    listener: TcpListener,
    witness: Witness,
    limits: Limits,
    told: Told,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let app = App {
        witness,
        turns: Turns::of(limits.readers).map_err(ServeError::NoThread)?,
        room: Room::of(limits.received),
        limits,
    };
    let router = Router::new()
        .route(&format!("/{PATH}"), post(add_checkpoint))
        .route("/{origin}/checkpoint", get(checkpoint))
        .fallback(elsewhere)
        .method_not_allowed_fallback(other_method)
        .layer(middleware::from_fn_with_state(
            Bounds::of(&limits, told),
            limits::limited,
        ))
        .with_state(app);
    connections::serve(listener, router, limits, shutdown).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::add_checkpoint::AddCheckpoint;
    use crate::tlog::checkpoint::Checkpoint;
    use crate::tlog::key::KeyKind;
    use crate::tlog::merkle::empty_root;

    /// Nothing but a log with 64 keys brings so many lines.
    #[test]
    fn a_checkpoint_that_could_not_be_read_again_is_refused_and_not_kept() {
        let key = |number| SignerKey::new("example.org/log", KeyKind::Note, [number; 32]).unwrap();
        let keys: Vec<SignerKey> = (0..64).map(key).collect();
        let checkpoint = Checkpoint {
            origin: "example.org/log".to_owned(),
            size: 0,
            root: empty_root(),
            extensions: Vec::new(),
        };
        let mut signed = SignedCheckpoint::signed(checkpoint.clone(), &keys[0]);
        for key in &keys[1..] {
            signed.add(SignedCheckpoint::signed(checkpoint.clone(), key).note.signatures);
        }
        let own = SignerKey::new("w.example", KeyKind::Cosignature, [64; 32]).unwrap();
        let logs = keys.iter().map(|key| key.public().clone()).collect();
        let state = tempfile::tempdir().unwrap();
        let (witness, _) = Witness::open(own, logs, state.path(), Arc::new(|| 1)).unwrap();
        let request = |checkpoint: &SignedCheckpoint| AddCheckpoint {
            old: 0,
            proof: Vec::new(),
            checkpoint: checkpoint.to_string(),
        };
        assert!(witness.cosigned(request(&signed).to_string().as_bytes()).is_err());
        let name = witness::origin_digest("example.org/log");
        assert_eq!(witness.last(&name).unwrap(), None);
        signed.note.signatures.pop();
        assert!(witness.cosigned(request(&signed).to_string().as_bytes()).is_ok());
        assert!(witness.last(&name).unwrap().is_some());
    }
}
