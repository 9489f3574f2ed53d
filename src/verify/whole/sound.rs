//! Telling which revisions are sound, in the branch's own order: each object is read and hashed where the first
//! revision that holds it is judged. Whatever is out of the ordinary makes a revision doubtful, no more.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::seen::Stood;
use super::signatures::{self, Which};
use super::{Census, Earlier, Finding, Observer, Scope, Seen};
use crate::id::{ArticleId, BlobId, CommitId, ObjectId, TreeId};
use crate::object::ObjectKind;
use crate::object::commit::Commit;
use crate::object::tree::{self, Entries, Entry};
use crate::progress::STACK;
use crate::revision::Revision;
use crate::storage::line::Line;
use crate::storage::reader::Reader;
use crate::trailer::{Message, Trailers};
use crate::verify::signed::{Grounds, Keys};

/// Commits that one thread judges in a row.
const STRETCH: usize = 512;

/// What was found out about the branch.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// Sound revisions.
    pub revisions: usize,
    /// Articles that sound revisions begin.
    pub begun: usize,
    /// Articles that sound revisions are of, where a part of the branch is checked: not all of them begin there.
    pub articles: HashSet<ArticleId>,
    /// For each sound revision that follows another of its article, the place of that one and its own.
    pub previous: Vec<(usize, usize)>,
    /// Places of the commits that are still to be judged, oldest first.
    pub doubtful: Vec<usize>,
    /// What is wrong with the signatures of sound revisions, each with the revision's place, oldest first.
    pub signatures: Vec<(usize, Finding)>,
}

/// Judges the commits of the branch from a place on, those of the scope's share.
pub(super) fn prove(
    census: &Census<'_>,
    line: &Line,
    first: usize,
    keys: &Keys,
    observer: Option<&dyn Observer>,
) -> Proof {
    let next = AtomicUsize::new(first);
    let proof = Mutex::new(Proof::default());
    let work = || {
        let mut prover = Prover {
            census,
            line,
            reader: Reader::new(census.inventory, census.options.hashing),
            keys: keys.clone(),
            observer,
            earlier: None,
            stood: Stood::default(),
            before: None,
            brought: Vec::new(),
        };
        let mut own = Proof::default();
        loop {
            let first = next.fetch_add(STRETCH, Ordering::Relaxed);
            if first >= line.len() {
                break;
            }
            if census.options.scope.has_share(first / STRETCH) {
                prover.stretch(first, &mut own);
            }
        }
        let mut proof = proof.lock().unwrap_or_else(PoisonError::into_inner);
        proof.revisions += own.revisions;
        proof.begun += own.begun;
        proof.articles.extend(own.articles);
        proof.previous.append(&mut own.previous);
        proof.doubtful.append(&mut own.doubtful);
        proof.signatures.append(&mut own.signatures);
    };
    let threads = rayon::current_num_threads();
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // Where no further thread can be had, those that are there do the work.
            let _ = std::thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, work);
        }
        work();
    });
    let mut proof = proof.into_inner().unwrap_or_else(PoisonError::into_inner);
    proof.doubtful.sort_unstable();
    // Of one place they stay in their order.
    proof.signatures.sort_by_key(|(place, _)| *place);
    proof
}

/// The trees on the way to the article of the commit before, from the root down.
#[derive(Debug)]
struct Before {
    root: TreeId,
    trees: Vec<(TreeId, Rc<Vec<u8>>)>,
}

struct Prover<'a> {
    census: &'a Census<'a>,
    line: &'a Line,
    reader: Reader<'a>,
    keys: Keys,
    observer: Option<&'a dyn Observer>,
    /// The revision that the present one follows, where somebody observes.
    earlier: Option<Earlier>,
    stood: Stood,
    before: Option<Before>,
    /// What the present commit brings, as far as it was read.
    brought: Vec<usize>,
}

/// What a sound revision adds.
struct Fact {
    /// Where the article's revision before stands.
    previous: Option<usize>,
    /// What is wrong with its signature.
    signature: Vec<Finding>,
    /// Its article, where a part of the branch is checked.
    article: Option<ArticleId>,
}

impl Prover<'_> {
    fn stretch(&mut self, first: usize, proof: &mut Proof) {
        self.before = self.look_at(first.wrapping_sub(1));
        for place in first..self.line.len().min(first + STRETCH) {
            if self.census.is_stopped() {
                return;
            }
            self.brought.clear();
            let Some(fact) = self.judge(place) else {
                proof.doubtful.push(place);
                self.before = self.look_at(place);
                continue;
            };
            for number in &self.brought {
                self.census.reached.set(*number);
            }
            proof.revisions += 1;
            let signature = fact.signature.into_iter().map(|finding| (place, finding));
            proof.signatures.extend(signature);
            match fact.previous {
                Some(previous) => proof.previous.push((previous, place)),
                None => proof.begun += 1,
            }
            proof.articles.extend(fact.article);
        }
    }

    /// Reads which tree a commit has, for the one after it.
    fn look_at(&mut self, place: usize) -> Option<Before> {
        let number = self.line.number(place)?;
        let body = self.reader.read_unhashed(number, ObjectKind::Commit)?;
        let root = Commit::parse(&body).ok()?.tree;
        Some(Before {
            root,
            trees: Vec::new(),
        })
    }

    /// Judges the commit at a place; `None` where it is doubtful.
    fn judge(&mut self, place: usize) -> Option<Fact> {
        let number = self.line.number(place)?;
        let parent = self.census.inventory.id(self.line.number(place.checked_sub(1)?)?);
        let before = self.before.take()?;
        let id = CommitId::from_raw(*self.census.inventory.id(number).raw());
        let commit = Commit::parse(&self.brought(id.into(), ObjectKind::Commit)?).ok()?;
        let seconds = commit.committer.date.seconds();
        let in_order = self.line.seconds(place) == Some(seconds) && self.line.seconds(place - 1)? <= seconds;
        if commit.parents != [CommitId::from_raw(*parent.raw())] || !in_order {
            return None;
        }
        let message = Message::parse(&commit.message).ok()?;
        let path = message.trailers.article.folder();
        let root = commit.tree;
        let mut new = root;
        let mut old = Some(before.root);
        let mut trees = Vec::with_capacity(5);
        let mut grounds = Grounds::default();
        for (depth, name) in path.split('/').enumerate() {
            let body = self.brought(new.into(), ObjectKind::Tree)?;
            // What the commit before had on its own way was read then, entry by entry.
            let known = before.trees.get(depth).filter(|(known, _)| old == Some(*known));
            let old_body = match (known, old) {
                (Some((_, known)), _) => Rc::clone(known),
                (None, Some(old)) => {
                    let unread = self.object(old.into(), ObjectKind::Tree)?;
                    Entries::of(&unread)
                        .all(|entry| entry.is_ok())
                        .then_some(unread)?
                }
                (None, None) => Rc::default(),
            };
            if depth == 0 {
                grounds = Grounds::of(&old_body).ok()?;
            }
            let (old_folder, new_folder) = tree::only_folder_changed(&old_body, &body, name)?;
            trees.push((new, body));
            (old, new) = (old_folder, new_folder);
        }
        let folder = self.brought(new.into(), ObjectKind::Tree)?;
        let mut files = Vec::with_capacity(4);
        for entry in Entries::of(&folder) {
            let (name, Entry::File(blob)) = entry.ok()? else {
                return None;
            };
            if self.census.is_withheld(blob.into()) {
                return None;
            }
            files.push((name, self.brought(blob.into(), ObjectKind::Blob)?));
        }
        let files: Vec<(&str, &[u8])> = files
            .iter()
            .map(|(name, bytes)| (*name, bytes.as_slice()))
            .collect();
        let previous = self.previous(place, &message.trailers, old)?;
        let signature = self.signature(id, &commit, grounds)?;
        let revision = Revision::of_parts(id, commit, message, new, &files).ok()?;
        if let Some(observer) = self.observer {
            observer.revision(&Seen {
                revision: &revision,
                earlier: self.earlier.as_ref(),
            });
        }
        self.before = Some(Before { root, trees });
        let is_part = self.census.options.scope != Scope::Whole;
        Some(Fact {
            previous,
            signature,
            article: is_part.then_some(revision.message.trailers.article),
        })
    }

    /// Judges the signature of a commit by the files before it; `None` where they cannot be read.
    fn signature(&mut self, id: CommitId, commit: &Commit, grounds: Grounds) -> Option<Vec<Finding>> {
        let (census, reader) = (self.census, &mut self.reader);
        let read = |blob: BlobId| {
            let number = census.inventory.find(blob.raw()).ok_or(())?;
            let body = numbered(census, reader, number, blob.into(), ObjectKind::Blob).ok_or(())?;
            Ok::<_, ()>(body.as_ref().clone())
        };
        let which = Which::of(self.observer);
        signatures::judge(&mut self.keys, which, (id, commit), grounds, read).ok()
    }

    /// Finds where the revision before stands: the one whose folder this revision replaces.
    #[expect(clippy::option_option, reason = "doubtful, none, or a place")]
    fn previous(&mut self, place: usize, trailers: &Trailers, old: Option<TreeId>) -> Option<Option<usize>> {
        self.earlier = None;
        let Some(previous) = trailers.previous else {
            return (trailers.revision == 1 && old.is_none()).then_some(None);
        };
        let number = self.census.inventory.find(previous.raw())?;
        let earlier = self.line.place(number).filter(|earlier| *earlier < place)?;
        let commit = Commit::parse(&self.numbered(number, previous.into(), ObjectKind::Commit)?).ok()?;
        let message = Message::parse(&commit.message).ok()?;
        let follows = message.trailers.article == trailers.article
            && message.trailers.revision.checked_add(1) == Some(trailers.revision);
        let mut tree = commit.tree;
        for name in trailers.article.folder().split('/') {
            let body = self.object(tree.into(), ObjectKind::Tree)?;
            tree = Entries::of(&body).find_map(|entry| match entry {
                Ok((known, Entry::Folder(id))) if known == name => Some(id),
                _ => None,
            })?;
        }
        if !follows || old != Some(tree) {
            return None;
        }
        if self.observer.is_some() {
            let (census, reader) = (self.census, &mut self.reader);
            let stood = self.stood.after(previous, &message.trailers, |id| {
                let number = census.inventory.find(id.raw())?;
                let body = numbered(census, reader, number, id.into(), ObjectKind::Commit)?;
                let message = Message::parse(&Commit::parse(&body).ok()?.message);
                Some(message.ok()?.trailers)
            });
            self.earlier = Some(Earlier {
                id: previous,
                commit,
                message,
                stood,
                files: self.texts(tree)?,
            });
        }
        Some(Some(earlier))
    }

    /// Reads the files of a folder, but for those that are withheld.
    fn texts(&mut self, folder: TreeId) -> Option<BTreeMap<String, Vec<u8>>> {
        let body = self.object(folder.into(), ObjectKind::Tree)?;
        let mut files = BTreeMap::new();
        for entry in Entries::of(&body) {
            if let (name, Entry::File(blob)) = entry.ok()?
                && !self.census.is_withheld(blob.into())
            {
                let bytes = self.object(blob.into(), ObjectKind::Blob)?;
                files.insert(name.to_owned(), bytes.as_ref().clone());
            }
        }
        Some(files)
    }

    /// Reads an object that the present commit leads to and that was not looked into for the commit before: what
    /// is in it and not brought by this commit was brought by an earlier one.
    fn brought(&mut self, id: ObjectId, kind: ObjectKind) -> Option<Rc<Vec<u8>>> {
        let number = self.census.inventory.find(id.raw())?;
        self.brought.push(number);
        self.numbered(number, id, kind)
    }

    /// Reads an object that the branch leads to.
    fn object(&mut self, id: ObjectId, kind: ObjectKind) -> Option<Rc<Vec<u8>>> {
        let number = self.census.inventory.find(id.raw())?;
        self.numbered(number, id, kind)
    }

    fn numbered(&mut self, number: usize, id: ObjectId, kind: ObjectKind) -> Option<Rc<Vec<u8>>> {
        numbered(self.census, &mut self.reader, number, id, kind)
    }
}

/// Reads an object, and hashes it where that was not done before.
fn numbered(
    census: &Census<'_>,
    reader: &mut Reader<'_>,
    number: usize,
    id: ObjectId,
    kind: ObjectKind,
) -> Option<Rc<Vec<u8>>> {
    if census.hashed.get(number) {
        return reader.read_unhashed(number, kind);
    }
    let body = reader.read(number, id, kind)?;
    census.good(number, kind, body.len());
    Some(body)
}
