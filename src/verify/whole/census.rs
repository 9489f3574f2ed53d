//! What is known of each object of a store while it is checked: whether its bytes were hashed, and whether the branch leads to it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::{Options, Scope};
use crate::archive::Archive;
use crate::id::{BlobId, CommitId, ObjectId};
use crate::object::ObjectKind;
use crate::object::commit::Commit;
use crate::progress::{Progress, Tell, beside};
use crate::storage::bits::Bits;
use crate::storage::inventory::Inventory;
use crate::storage::line::Line;
use crate::storage::reader::Reader;
use crate::trailer::Message;

/// Objects that a revision of two languages brings.
const OBJECTS: usize = 11;

/// How often it is told how far the check is.
const TOLD_EVERY: Duration = Duration::from_millis(50);

/// What is known of the objects while they are checked.
#[derive(Debug)]
pub(super) struct Census<'a> {
    pub inventory: &'a Inventory,
    pub options: Options,
    /// Contents that are withheld, and need not be there.
    pub withheld: &'a BTreeSet<BlobId>,
    /// Objects that will be hashed, about.
    expected: usize,
    /// Objects whose bytes were hashed and are what their id says.
    pub hashed: Bits,
    /// Objects that the branch leads to.
    pub reached: Bits,
    done: AtomicUsize,
    pub kinds: [AtomicUsize; 4],
    pub bytes: AtomicU64,
    stop: AtomicBool,
}

impl<'a> Census<'a> {
    pub fn new(archive: &'a Archive, inventory: &'a Inventory, line: &Line, options: Options) -> Self {
        let expected = match options.scope {
            Scope::Whole => inventory.len(),
            Scope::Share { of, .. } => inventory.len() / of,
            Scope::Since(_) => {
                line.len()
                    .saturating_sub(first_place(inventory, line, options.scope))
                    * OBJECTS
            }
        };
        Self {
            inventory,
            options,
            withheld: archive.withheld(),
            expected,
            hashed: Bits::new(inventory.len()),
            reached: Bits::new(inventory.len()),
            done: AtomicUsize::new(0),
            kinds: Default::default(),
            bytes: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        }
    }

    /// Tells whether an object is the content of a file and withheld.
    pub fn is_withheld(&self, id: ObjectId) -> bool {
        !self.withheld.is_empty() && self.withheld.contains(&BlobId::from_raw(*id.raw()))
    }

    /// Notes that an object's bytes are good. Of several copies the first is counted.
    pub fn good(&self, number: usize, kind: ObjectKind, length: usize) {
        if !self.hashed.set(number) {
            return;
        }
        self.done.fetch_add(1, Ordering::Relaxed);
        let is_first = !self.inventory.may_have_copies()
            || self.inventory.find(self.inventory.id(number).raw()) == Some(number);
        if is_first {
            self.kinds[kind as usize].fetch_add(1, Ordering::Relaxed);
            let length = u64::try_from(length).unwrap_or(0);
            self.bytes.fetch_add(length, Ordering::Relaxed);
        }
    }

    pub fn progress(&self) -> Progress {
        let done = self.done.load(Ordering::Relaxed);
        Progress {
            done,
            all: self.expected.max(done),
        }
    }

    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Hashes every object that was not hashed yet.
    pub fn hash_the_rest(&self) {
        let scope = self.options.scope;
        let is_wanted = |number: usize| {
            !self.hashed.get(number)
                && (scope == Scope::Whole || scope.has_share(self.inventory.root(number)))
        };
        let _ = self
            .inventory
            .check(self.options.hashing, &is_wanted, &|number, _, object| {
                self.good(number, object.kind, object.body.len());
                if self.is_stopped() {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
    }

    /// Counts the sound objects that the branch does not lead to, copies aside.
    pub fn unreachable(&self) -> usize {
        (0..self.inventory.len())
            .filter(|number| self.is_left_over(*number))
            .count()
    }

    /// Finds the revisions among the sound objects that nothing leads to.
    pub fn detached(&self) -> Vec<CommitId> {
        let mut reader = Reader::new(self.inventory, self.options.hashing);
        let mut detached = Vec::new();
        for number in 0..self.inventory.len() {
            let is_other = self
                .inventory
                .kind(number)
                .is_some_and(|kind| kind != ObjectKind::Commit);
            if is_other || !self.is_left_over(number) {
                continue;
            }
            let Some((ObjectKind::Commit, body)) = reader.read_any(number) else {
                continue;
            };
            if Commit::parse(&body).is_ok_and(|commit| Message::parse(&commit.message).is_ok()) {
                detached.push(CommitId::from_raw(*self.inventory.id(number).raw()));
            }
        }
        detached
    }

    /// Tells whether an object is sound and nothing leads to it. Of several copies the first is told of, or one after a first that
    /// is damaged.
    fn is_left_over(&self, number: usize) -> bool {
        if !self.hashed.get(number) || self.reached.get(number) {
            return false;
        }
        let first = self.inventory.find(self.inventory.id(number).raw());
        first.is_some_and(|first| first == number || !self.reached.get(first) && !self.hashed.get(first))
    }

    /// Does some work on another thread while `progress` is told how far it is.
    pub fn watch<T: Send>(&self, progress: &mut Tell<'_>, work: impl FnOnce() -> T + Send) -> T {
        let tell = |end: &Receiver<()>| {
            while end.recv_timeout(TOLD_EVERY) == Err(RecvTimeoutError::Timeout) {
                if progress(self.progress()).is_break() {
                    self.stop.store(true, Ordering::Relaxed);
                }
            }
        };
        beside(work, tell).0
    }
}

/// Returns where on the branch the check begins.
pub(super) fn first_place(inventory: &Inventory, line: &Line, scope: Scope) -> usize {
    let Scope::Since(id) = scope else { return 0 };
    let number = inventory.find(id.raw());
    number
        .and_then(|number| line.place(number))
        .map_or(0, |place| place + 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::add;
    use crate::archive::Owner;
    use crate::date::{RevisionDate, UtcOffset};
    use crate::mirror::Mirror;
    use crate::object::ident::Person;
    use crate::object::tree::Entry;
    use crate::platform::Durability;
    use crate::settings::Settings;
    use crate::storage::repository;
    use crate::verify::whole::mirrors;

    #[test]
    fn a_check_that_is_to_end_hashes_and_follows_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive");
        repository::create(&path).unwrap();
        let now = RevisionDate::from_seconds(1_769_140_800, UtcOffset::UTC).unwrap();
        let desk = Person::parse("Desk").unwrap();
        let settings = Settings::new("A");
        add::first_commit(&path, &settings, &desk, now, None, Durability::Unsynced).unwrap();
        let archive = Archive::open(&path, Owner::Anyone).unwrap();
        let inventory = Inventory::of(archive.objects());
        let line = Line::follow(&inventory, archive.tip()).unwrap();
        let mirrors = [Mirror {
            name: "theirs".to_owned(),
            refs: BTreeMap::from([("heads/main".to_owned(), archive.tip().into())]),
        }];
        let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        for (is_stopped, hashed, followed) in [(false, 3, vec![3]), (true, 1, Vec::new())] {
            let census = Census::new(&archive, &inventory, &line, Options::default());
            census.stop.store(is_stopped, Ordering::Relaxed);
            one_thread.install(|| census.hash_the_rest());
            assert_eq!(census.progress(), Progress { done: hashed, all: 3 });
            assert_eq!(mirrors::follow(&census, &mirrors).counts, followed);
        }
        // One that goes away after it was listed is missing where something leads to it.
        let blob = archive.tree(archive.root()).unwrap().entries()[0].clone();
        let Entry::File(blob) = blob.1 else { panic!() };
        let digits = blob.to_string();
        let file = path.join("objects").join(&digits[..2]).join(&digits[2..]);
        std::fs::remove_file(file).unwrap();
        let census = Census::new(&archive, &inventory, &line, Options::default());
        census.hash_the_rest();
        let followed = mirrors::follow(&census, &mirrors);
        assert_eq!(followed.findings.len(), 1, "{:?}", followed.findings);
        assert!(followed.findings[0].what.contains(&digits));
    }
}
