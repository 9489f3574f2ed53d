//! What the index keeps of each commit, read from git: one commit after another through an archive, or a whole
//! branch on every core, in its own order, so that few bytes are inflated twice.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, SyncSender};

use serde::Deserialize;

use crate::archive::{Archive, Fault};
use crate::article::{METADATA_FILE, PAGE_FILE};
use crate::id::{BlobId, CommitId, ObjectId, RawId, TreeId};
use crate::object::commit::Commit;
use crate::object::{Hashing, ObjectKind};
use crate::revision::{is_first, is_root};
use crate::storage::index_file::{NewCommit, NewRevision, RevisionRow};
use crate::storage::inventory::Inventory;
use crate::storage::line::Line;
use crate::storage::reader::Reader;
use crate::trailer::Message;

/// Modes of a tree's entries.
const FOLDER: &str = "40000";
const FILE: &str = "100644";

/// Commits that one thread reads in a row.
const STRETCH: usize = 512;

/// Stretches that may wait until they are taken.
const WAITING: usize = 4;

/// The members of `article.json` that articles are chosen or searched by; the others stand in the commit as well.
#[derive(Deserialize, Default)]
struct Chosen {
    authors: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    title: BTreeMap<String, String>,
}

/// Reads what is kept of one commit; `None` where it has no place in an archive or cannot be read, which the index is
/// not for.
pub(super) fn one(archive: &Archive, id: CommitId, commit: &Commit) -> Option<NewCommit> {
    if is_root(commit) {
        return Some(NewCommit::Root(id));
    }
    let message = Message::parse(&commit.message).ok()?;
    let folder = archive
        .folder(commit.tree, &message.trailers.article.folder())
        .ok()?;
    let folder = archive.tree(folder).ok()?;
    let metadata = match archive.blob(folder.file(METADATA_FILE)?) {
        Err(Fault::Withheld(_)) => None,
        read => Some(read.ok()?),
    };
    of_parts(id, commit, message, folder.file(PAGE_FILE)?, metadata.as_deref())
}

fn of_parts(
    id: CommitId,
    commit: &Commit,
    message: Message,
    page: BlobId,
    metadata: Option<&[u8]>,
) -> Option<NewCommit> {
    let chosen: Chosen = match metadata {
        Some(metadata) => serde_json::from_slice(metadata).ok()?,
        None => Chosen::default(),
    };
    let trailers = message.trailers;
    Some(NewCommit::Revision(NewRevision {
        row: RevisionRow {
            position: 0,
            id,
            article: trailers.article,
            number: trailers.revision,
            kind: trailers.kind,
            date: commit.author.date,
            archived_at: commit.committer.date,
            languages: trailers.languages,
            note: message.note,
            page,
            claim: trailers.claimed_footer,
        },
        previous: trailers.previous,
        authors: chosen.authors,
        tags: chosen.tags,
        titles: chosen.title,
    }))
}

/// A stretch of the branch, by its number from the first that is read.
type Stretch = (usize, Vec<NewCommit>);

/// Reads the branch from a place on and shows it, stretch by stretch in its order. Every object that is read is
/// hashed, by one implementation of SHA-1: an answer is hashed again by both when it is given. Returns whether
/// everything was read and shown; what cannot be read is for `verify` to explain.
///
/// Memory: what [`Inventory`] and [`Line`] hold, eight MiB of bases on each core, and the stretches that others
/// overtook.
pub(super) fn all(
    inventory: &Inventory,
    line: &Line,
    first: usize,
    show: &mut dyn FnMut(Vec<NewCommit>) -> ControlFlow<()>,
) -> bool {
    let first = if first == 0 {
        let begins = line.number(0).is_some_and(|number| begins(inventory, number));
        if !begins {
            return false;
        }
        1
    } else {
        first
    };
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let stretches = || {
        let mut gatherer = Gatherer {
            inventory,
            line,
            reader: Reader::new(inventory, Hashing::Sha1),
            trees: Vec::new(),
        };
        let (next, stop) = (&next, &stop);
        std::iter::from_fn(move || {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let begin = first.saturating_add(number.saturating_mul(STRETCH));
            if begin >= line.len() || stop.load(Ordering::Relaxed) {
                return None;
            }
            let end = line.len().min(begin + STRETCH);
            let stretch: Option<Vec<_>> = (begin..end).map(|place| gatherer.commit(place)).collect();
            Some(stretch.map(|stretch| (number, stretch)))
        })
    };
    let read = |sender: SyncSender<Option<Stretch>>| {
        // Where nobody listens any more there is nothing left to do.
        let _ = stretches().try_for_each(|stretch| sender.send(stretch));
    };
    let threads = rayon::current_num_threads();
    let (sender, receiver) = mpsc::sync_channel(WAITING);
    std::thread::scope(|scope| {
        let begun = (0..threads)
            .filter(|_| {
                let (sender, read) = (sender.clone(), &read);
                std::thread::Builder::new()
                    .spawn_scoped(scope, move || read(sender))
                    .is_ok()
            })
            .count();
        drop(sender);
        // Where no thread can be had, this one reads.
        let shown = match begun {
            0 => in_order(stretches(), show),
            _ => in_order(receiver.iter(), show),
        };
        stop.store(true, Ordering::Relaxed);
        // Readers that wait for their stretch to be taken go on to the end.
        drop(receiver);
        shown && next.load(Ordering::Relaxed) >= line.len().saturating_sub(first).div_ceil(STRETCH)
    })
}

/// Shows stretches in their order; the first that could not be read ends it.
fn in_order(
    stretches: impl Iterator<Item = Option<Stretch>>,
    show: &mut dyn FnMut(Vec<NewCommit>) -> ControlFlow<()>,
) -> bool {
    let mut early = BTreeMap::new();
    let mut next = 0;
    for stretch in stretches {
        let Some((number, revisions)) = stretch else {
            return false;
        };
        early.insert(number, revisions);
        while let Some(revisions) = early.remove(&next) {
            if show(revisions).is_break() {
                return false;
            }
            next += 1;
        }
    }
    early.is_empty()
}

/// Tells whether a commit is one that an archive begins with.
fn begins(inventory: &Inventory, number: usize) -> bool {
    let mut reader = Reader::new(inventory, Hashing::Sha1);
    let body = reader.read(number, inventory.id(number), ObjectKind::Commit);
    body.and_then(|body| Commit::parse(&body).ok())
        .is_some_and(|commit| is_first(&commit))
}

/// One thread's reading.
struct Gatherer<'a> {
    inventory: &'a Inventory,
    line: &'a Line,
    reader: Reader<'a>,
    /// The trees on the way to the article of the commit before, from the root down.
    trees: Vec<(TreeId, Rc<Vec<u8>>)>,
}

impl Gatherer<'_> {
    fn commit(&mut self, place: usize) -> Option<NewCommit> {
        let number = self.line.number(place)?;
        let parent = self.inventory.id(self.line.number(place.checked_sub(1)?)?);
        let id = self.inventory.id(number);
        let commit = Commit::parse(&self.reader.read(number, id, ObjectKind::Commit)?).ok()?;
        if commit.parents != [CommitId::from_raw(*parent.raw())] {
            return None;
        }
        let Ok(message) = Message::parse(&commit.message) else {
            return is_root(&commit).then(|| NewCommit::Root(CommitId::from_raw(*id.raw())));
        };
        let mut tree = commit.tree;
        for (depth, name) in message.trailers.article.folder().split('/').enumerate() {
            let body = self.tree(depth, tree)?;
            tree = TreeId::from_raw(entry(&body, FOLDER, name)?);
        }
        let folder = self.object(tree.into(), ObjectKind::Tree)?;
        let metadata = ObjectId::from_raw(entry(&folder, FILE, METADATA_FILE)?);
        let page = BlobId::from_raw(entry(&folder, FILE, PAGE_FILE)?);
        // What is not there may be withheld; the newest revision of an article, which lists are of, never is.
        let metadata = match self.inventory.find(metadata.raw()) {
            Some(number) => Some(self.reader.read(number, metadata, ObjectKind::Blob)?),
            None => None,
        };
        let metadata = metadata.as_ref().map(|metadata| metadata.as_slice());
        of_parts(CommitId::from_raw(*id.raw()), &commit, message, page, metadata)
    }

    fn tree(&mut self, depth: usize, id: TreeId) -> Option<Rc<Vec<u8>>> {
        if let Some((known, body)) = self.trees.get(depth)
            && *known == id
        {
            return Some(Rc::clone(body));
        }
        let body = self.object(id.into(), ObjectKind::Tree)?;
        self.trees.truncate(depth);
        self.trees.push((id, Rc::clone(&body)));
        Some(body)
    }

    fn object(&mut self, id: ObjectId, kind: ObjectKind) -> Option<Rc<Vec<u8>>> {
        self.reader.read(self.inventory.find(id.raw())?, id, kind)
    }
}

/// Finds an entry by the bytes that it has in any tree that names it. What has them by chance, within another entry's
/// id, is no matter: an answer is never taken from the index alone.
fn entry(tree: &[u8], mode: &str, name: &str) -> Option<RawId> {
    let wanted = format!("{mode} {name}\0");
    let at = memchr::memmem::find(tree, wanted.as_bytes())? + wanted.len();
    tree.get(at..)?.first_chunk().copied()
}
