//! The objects of a bucket: which are there, and how one is replaced only where it is still the one that was seen.
//!
//! A bucket has no lock. Of two that write to it at the same time each says what it saw by the object's entity tag (RFC 9110,
//! section 13.1: `If-Match` and `If-None-Match`), and the store refuses one of them.

use std::collections::HashMap;
use std::error::Error as _;

use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::client::{HttpError, HttpErrorKind};
use object_store::path::Path as Key;
use object_store::{
    Attribute, Attributes, Error, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions,
    PutPayload, UpdateVersion,
};

use super::manifest;
use super::order::cache_control;
use super::refusal::Refusal;
use super::target::{TargetError, failed};
use crate::site::media::media_type;

/// So many objects of a bucket are looked for one by one; for more, all that is there is listed.
const FEW: usize = 64;

/// How many objects are looked for at once.
const AT_ONCE: usize = 8;

/// How often a write is sent again of which nobody knows what became of it.
const MOST_UNANSWERED: usize = 8;

/// What was at a place when somebody looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Nothing.
    Nothing,
    /// An object with this entity tag.
    Tagged(String),
    /// Something of which nothing is known: a file of a folder, which is locked, or an object of a store that has no tags.
    Something,
}

impl Seen {
    fn of(tag: Option<String>) -> Self {
        tag.map_or(Self::Something, Self::Tagged)
    }

    fn mode(&self) -> PutMode {
        match self {
            Self::Nothing => PutMode::Create,
            Self::Tagged(tag) => PutMode::Update(UpdateVersion {
                e_tag: Some(tag.clone()),
                version: None,
            }),
            Self::Something => PutMode::Overwrite,
        }
    }
}

/// What became of a write.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Put {
    /// It is there, and this is what is seen now.
    Done(Seen),
    /// Another object is there than was seen.
    Changed,
}

/// Reads an object whole, with what was seen of it.
pub(super) async fn get(
    store: &dyn ObjectStore,
    prefix: &Key,
    name: &str,
) -> Result<(Option<Vec<u8>>, Seen), TargetError> {
    let found = match store.get(&key(prefix, name)?).await {
        Err(error @ Error::NotFound { .. }) if Refusal::of(&error) != Refusal::NoBucket => {
            return Ok((None, Seen::Nothing));
        }
        found => found.map_err(failed("read", name))?,
    };
    let seen = Seen::of(found.meta.e_tag.clone());
    let bytes = found.bytes().await.map_err(failed("read", name))?;
    Ok((Some(bytes.to_vec()), seen))
}

/// Looks what is at the place of an object.
pub(super) async fn look(store: &dyn ObjectStore, prefix: &Key, name: &str) -> Result<Seen, TargetError> {
    match store.head(&key(prefix, name)?).await {
        Err(Error::NotFound { .. }) => Ok(Seen::Nothing),
        found => found
            .map(|found| Seen::of(found.e_tag))
            .map_err(failed("look for", name)),
    }
}

/// Looks which of some names have an object; what is not returned has none.
pub(super) async fn find(
    store: &dyn ObjectStore,
    prefix: &Key,
    names: Vec<String>,
) -> Result<HashMap<String, Seen>, TargetError> {
    if names.len() <= FEW {
        let looking = futures_util::stream::iter(names).map(|name| async move {
            let seen = look(store, prefix, &name).await?;
            Ok::<_, TargetError>((name, seen))
        });
        let found = looking.buffer_unordered(AT_ONCE);
        return found
            .try_filter(|(_, seen)| std::future::ready(*seen != Seen::Nothing))
            .try_collect()
            .await;
    }
    let keys = names.into_iter().map(|name| Ok((key(prefix, &name)?, name)));
    let mut keys: HashMap<Key, String> = keys.collect::<Result<_, TargetError>>()?;
    let below = Some(prefix).filter(|prefix| !prefix.as_ref().is_empty());
    let mut listed = store.list(below);
    let mut found = HashMap::new();
    while let Some(object) = listed.next().await {
        let ObjectMeta { location, e_tag, .. } = object.map_err(failed("list", "what is there"))?;
        if let Some(name) = keys.remove(&location) {
            found.insert(name, Seen::of(e_tag));
        }
    }
    Ok(found)
}

/// Writes an object in the place of what was seen there. A store whose conditional writes are turned off (`AWS_CONDITIONAL_PUT`)
/// writes whatever is there.
pub(super) async fn put(
    store: &dyn ObjectStore,
    prefix: &Key,
    name: &str,
    content: Vec<u8>,
    seen: &Seen,
) -> Result<Put, TargetError> {
    let media_type = match name {
        manifest::FILE_NAME => "text/plain; charset=utf-8",
        name => media_type(name),
    };
    let attributes = [
        (Attribute::ContentType, media_type),
        (Attribute::CacheControl, cache_control(name)),
    ];
    let mut options = PutOptions {
        attributes: attributes.into_iter().collect::<Attributes>(),
        mode: seen.mode(),
        ..PutOptions::default()
    };
    let place = key(prefix, name)?;
    let payload = PutPayload::from(content);
    let mut unanswered = 0;
    loop {
        match store.put_opts(&place, payload.clone(), options.clone()).await {
            Ok(done) => return Ok(Put::Done(Seen::of(done.e_tag))),
            Err(Error::NotImplemented { .. }) if options.mode != PutMode::Overwrite => {
                options.mode = PutMode::Overwrite;
            }
            Err(Error::Precondition { .. } | Error::AlreadyExists { .. }) => {
                // It may be what was sent before, and was not answered.
                let (there, seen) = get(store, prefix, name).await?;
                let is_own = there.is_some_and(|there| payload.iter().flatten().eq(&there));
                return Ok(if is_own { Put::Done(seen) } else { Put::Changed });
            }
            Err(error) if unanswered < MOST_UNANSWERED && is_unanswered(&error) => unanswered += 1,
            Err(error) => return Err(failed("write", name)(error)),
        }
    }
}

/// Tells whether nobody knows what became of a request. The store's client asks again by itself where that cannot matter.
fn is_unanswered(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<HttpError>() {
            return matches!(error.kind(), HttpErrorKind::Timeout | HttpErrorKind::Interrupted);
        }
        cause = error.source();
    }
    false
}

/// Returns the key of a file. Names are kept as they are.
pub(super) fn key(prefix: &Key, name: &str) -> Result<Key, TargetError> {
    let whole = if prefix.as_ref().is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}/{name}")
    };
    Key::parse(&whole).map_err(|source| TargetError::Name {
        name: name.to_owned(),
        source,
    })
}
