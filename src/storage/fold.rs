//! Putting one pack in the place of loose objects and smaller packs.
//!
//! The long part needs no lock but its own. The new pack is opened again where it was written, and every object of it hashed
//! again, before it comes into the store: git may count on it from then on, so that it is not deleted any more. What it
//! replaces is deleted when it is there, synced; so a kill at any instant leaves each object at least once. Objects that come
//! meanwhile are left for the next time. A reader that has an old pack mapped keeps it, one that comes too late for a file lists
//! the packs again.
//!
//! Memory: one bit for each object and 40 bytes for each loose one, besides what [`Inventory`] holds.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use memmap2::Mmap;

use crate::id::{ObjectId, RawId};
use crate::object::{Hashing, Object};
use crate::platform::Durability;
use crate::storage::bits::Bits;
use crate::storage::file;
use crate::storage::finding::Damage;
use crate::storage::inventory::Inventory;
use crate::storage::objects::loose_path;
use crate::storage::pack::Pack;
use crate::storage::pack_check::{self, Check, MOST_HELD};
use crate::storage::pack_index::PackIndex;
use crate::storage::pack_map::{PackFinding, PackMap, Sums};
use crate::storage::pack_writer::{PackWriter, WrittenPack};
use crate::storage::repository::{
    WriteError, Writer, clear_folder, delete, make_folder, some_at_once, try_lock,
};

/// The folder in which the new pack is written.
pub const MAINTAINING: &str = "avalaches.maintaining";

/// The file whose lock keeps two maintainers apart.
pub const LOCK: &str = "avalaches.maintain.lock";

/// A pack of fewer bytes is always folded.
const LARGE: u64 = 256 << 20;

/// Folders whose loose objects are deleted while nobody writes, before whoever waits may.
const AT_ONCE: usize = 16;

/// A large pack is left as it is while all the rest together is smaller than this part of it.
const SMALL_PART: u64 = 16;

/// Why nothing was folded.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// Another maintainer is at work.
    #[error("another program maintains this archive: {} is locked", .0.display())]
    Busy(PathBuf),
    /// Something could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The new pack is not what it has to be. It did not come into the store, and nothing was changed.
    #[error("new pack {name} does not hold what it should; the disk is not to be trusted")]
    NewPack {
        /// The pack.
        name: String,
        /// What is wrong, where it is known.
        #[source]
        what: Option<Damage>,
    },
    /// The caller wanted an end of it. The store is as it was.
    #[error("ended before the new pack was complete; the archive is as it was")]
    Ended,
}

/// The right to maintain a repository, held by one process at a time, and a folder to do it in.
#[derive(Debug)]
pub struct Maintainer {
    repository: PathBuf,
    durability: Durability,
    _lock: File,
}

impl Maintainer {
    /// Takes the lock, and clears what a maintainer or a writer that was killed left behind.
    ///
    /// # Errors
    /// [`FoldError::Busy`] at once where another one has it; [`FoldError::Write`].
    pub fn begin(repository: &Path, durability: Durability) -> Result<Self, FoldError> {
        let path = repository.join(LOCK);
        let Some(lock) = try_lock(&path)? else {
            return Err(FoldError::Busy(path));
        };
        clear_folder(&repository.join(MAINTAINING))?;
        Writer::begin(repository, durability)?.others_are_deleted()?;
        Ok(Self {
            repository: repository.to_owned(),
            durability,
            _lock: lock,
        })
    }

    /// Begins the new pack, where nobody sees it.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn begin_pack(&self) -> Result<PackWriter, WriteError> {
        let folder = self.repository.join(MAINTAINING);
        make_folder(&folder)?;
        PackWriter::create(&folder)
    }

    /// Tells whether what is written is waited for.
    #[must_use]
    pub fn durability(&self) -> Durability {
        self.durability
    }

    fn writer(&self) -> Result<Writer, WriteError> {
        Writer::begin(&self.repository, self.durability)
    }
}

impl Drop for Maintainer {
    /// Clears what was not put into the store; the next maintainer would, too.
    fn drop(&mut self) {
        let _ = clear_folder(&self.repository.join(MAINTAINING));
    }
}

/// What is to be folded.
#[derive(Debug)]
pub struct Fold<'a> {
    inventory: &'a Inventory,
    /// Names of the packs that are folded.
    packs: Vec<String>,
    /// How many packs are left as they are.
    left: usize,
    /// The files of the loose objects, as they were; `None` for what was gone.
    loose: Vec<Option<Marks>>,
    wanted: Bits,
    objects: usize,
    /// Copies of objects that go away.
    dropped: usize,
    bytes: u64,
}

impl<'a> Fold<'a> {
    /// Decides what is folded: everything but packs with a `.keep` file beside them, and a pack that is so large that
    /// the rest is small beside it. Objects of `without` go away, and with them every pack that has one.
    ///
    /// It looks at the files while nobody writes, so that a ref leads to whatever a writer put there who is not dead.
    ///
    /// # Errors
    /// [`WriteError`] where the lock cannot be had.
    pub fn of(
        maintainer: &Maintainer,
        inventory: &'a Inventory,
        without: &BTreeSet<RawId>,
    ) -> Result<Self, WriteError> {
        let _nobody_writes = maintainer.writer()?;
        let objects = inventory.folder();
        let sizes: Vec<u64> = (0..inventory.packs.len())
            .map(|place| pack_bytes(inventory, place))
            .collect();
        let look = |id: &RawId| Marks::of(&objects.join(loose_path(ObjectId::from_raw(*id))));
        let loose: Vec<Option<Marks>> = inventory.loose.iter().map(look).collect();
        let loose_bytes: u64 = loose.iter().flatten().map(|marks| marks.bytes).sum();
        let is_kept = |place: &usize| {
            let pack = objects.join(&inventory.packs[*place].open.path);
            fs::symlink_metadata(pack.with_extension("keep")).is_ok()
        };
        let has_dropped = |place: &usize| {
            let listed = &inventory.packs[*place];
            let mut dropped = without.iter();
            dropped.any(|id| listed.map.find(&listed.open.pack, id).is_some())
        };
        let (kept, others): (Vec<usize>, Vec<usize>) =
            (0..sizes.len()).partition(|place| is_kept(place) && !has_dropped(place));
        let bytes = |places: &[usize]| loose_bytes + places.iter().map(|place| sizes[*place]).sum::<u64>();
        let all = bytes(&others);
        let is_large = |place: &usize| {
            sizes[*place] >= LARGE
                && (all - sizes[*place]) * SMALL_PART < sizes[*place]
                && !has_dropped(place)
        };
        let (large, folded): (Vec<usize>, Vec<usize>) = others.into_iter().partition(is_large);
        let mut fold = Self {
            inventory,
            packs: folded.iter().map(|place| pack_name(inventory, *place)).collect(),
            bytes: bytes(&folded),
            left: kept.len() + large.len(),
            loose,
            wanted: Bits::new(inventory.len()),
            objects: 0,
            dropped: 0,
        };
        fold.mark(&kept, &large, without);
        Ok(fold)
    }

    /// Marks one copy of each object that stays, is folded, and is in no pack that is kept. What a large pack has as well is
    /// marked, too: git may be about to delete that pack, and need not know that something else still needs it.
    fn mark(&mut self, kept: &[usize], large: &[usize], without: &BTreeSet<RawId>) {
        let inventory = self.inventory;
        let is_in_large = |number: usize| {
            large.iter().any(|place| {
                let listed = &inventory.packs[*place];
                (listed.first..listed.first + listed.map.len()).contains(&number)
            })
        };
        for number in (0..inventory.len()).filter(|number| !is_in_large(*number)) {
            let id = inventory.id(number);
            if without.contains(id.raw()) {
                self.dropped += 1;
                continue;
            }
            let is_kept = kept.iter().any(|place| {
                let listed = &inventory.packs[*place];
                listed.map.find(&listed.open.pack, id.raw()).is_some()
            });
            let first = inventory.find(id.raw()).filter(|_| !is_kept);
            if first.is_some_and(|first| self.wanted.set(first)) {
                self.objects += 1;
            }
        }
    }

    /// Returns the inventory.
    #[must_use]
    pub fn inventory(&self) -> &'a Inventory {
        self.inventory
    }

    /// Tells whether there is something to do: loose objects, more than one pack, or something that goes away.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        self.loose() > 0 || self.packs.len() > 1 || self.dropped > 0
    }

    /// Returns how many copies of objects go away.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.dropped
    }

    /// Tells whether this copy of an object goes into the new pack.
    #[must_use]
    pub fn is_wanted(&self, number: usize) -> bool {
        self.wanted.get(number)
    }

    /// Returns how many objects the new pack has.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.objects
    }

    /// Returns how many loose objects are folded.
    #[must_use]
    pub fn loose(&self) -> usize {
        self.inventory.loose.len()
    }

    /// Returns how many packs are folded.
    #[must_use]
    pub fn packs(&self) -> usize {
        self.packs.len()
    }

    /// Returns how many packs are left as they are.
    #[must_use]
    pub fn left(&self) -> usize {
        self.left
    }

    /// Returns how many bytes the files have that are folded, indexes included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Hashes what is not read for the new pack: further copies, and packs that are left. Faults are added to the
    /// inventory's findings.
    pub fn check_others(&self, stop: &(dyn Fn() -> bool + Sync)) {
        let _ = self
            .inventory
            .check(Hashing::Both, &|number| !self.is_wanted(number), &|_, _, _| {
                go_on(stop)
            });
    }

    /// Checks the new pack, object for object, puts it into the store, and deletes what it replaces. `hashed` is told of
    /// every object that was checked. Returns the new pack's name in the store.
    ///
    /// # Errors
    /// [`FoldError`]; only after every object was checked is anything changed.
    pub fn replace(
        self,
        maintainer: &Maintainer,
        new: Option<&WrittenPack>,
        hashed: &(dyn Fn() + Sync),
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<String>, FoldError> {
        let mut name = None;
        if let Some(new) = new {
            self.check_new(new, hashed, stop)?;
            name = Some(maintainer.writer()?.put_pack(new, &self.packs)?);
        }
        let folder = self.inventory.folder();
        let loose: Vec<(&RawId, &Option<Marks>)> = self.inventory.loose.iter().zip(&self.loose).collect();
        let parts: Vec<_> = loose
            .chunk_by(|(one, _), (other, _)| one[0] == other[0])
            .collect();
        for some in parts.chunks(AT_ONCE) {
            // A writer renews an object, and makes such a folder and moves an object into it, under the lock; readers look for
            // packs after they looked for the folder.
            let _nobody_writes = maintainer.writer()?;
            some_at_once(some.to_vec(), |part| {
                let mut files = part.iter();
                files.try_for_each(|(id, marks)| {
                    let path = folder.join(loose_path(ObjectId::from_raw(**id)));
                    // What a writer renewed is that writer's, and git may delete the new pack, of which it need not know why
                    // it has that object.
                    if marks.is_some() && Marks::of(&path) == **marks {
                        delete(&path)?;
                    }
                    Ok(())
                })
            })?;
            for part in some {
                let path = folder.join(format!("{:02x}", part[0].0[0]));
                let _ = fs::remove_dir(path); // one with other objects in it stays
            }
        }
        let writer = maintainer.writer()?;
        self.packs.iter().try_for_each(|pack| writer.delete_pack(pack))?;
        writer.others_are_deleted()?;
        Ok(name)
    }

    /// Opens the new pack where it was written and hashes all of it again; every wanted object has to be there.
    fn check_new(
        &self,
        new: &WrittenPack,
        hashed: &(dyn Fn() + Sync),
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), FoldError> {
        let bad = |what| FoldError::NewPack {
            name: new.name(),
            what,
        };
        let pack = open(new).map_err(|what| bad(Some(what)))?;
        let fault = Mutex::new(None);
        let report = |finding: PackFinding| {
            let mut fault = fault.lock().unwrap_or_else(PoisonError::into_inner);
            fault.get_or_insert(finding.what);
        };
        pack_check::check_files(&pack, &report);
        let map = PackMap::of(&pack, Sums::Checked, &report);
        let check = Check {
            pack: &pack,
            map: &map,
            hashing: Hashing::Both,
            most_held: MOST_HELD,
        };
        let good = Bits::new(map.len());
        let visit = |number: usize, _: ObjectId, _: &Object| {
            good.set(number);
            hashed();
            go_on(stop)
        };
        if check.run(|_| true, &report, &visit).is_break() {
            return Err(FoldError::Ended);
        }
        if let Some(what) = fault.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(bad(Some(what)));
        }
        let is_there = |number: usize| {
            let id = self.inventory.id(number);
            let found = map.find(&pack, id.raw());
            found.is_some_and(|number| good.get(number))
        };
        let all = (0..self.inventory.len()).all(|number| !self.is_wanted(number) || is_there(number));
        if all { Ok(()) } else { Err(bad(None)) }
    }
}

fn go_on(stop: &(dyn Fn() -> bool + Sync)) -> ControlFlow<()> {
    if stop() {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

/// Maps a pack that was written, and its index.
fn open(new: &WrittenPack) -> Result<Pack<Mmap>, Damage> {
    let [pack, index] = new.files();
    let index = PackIndex::parse(file::map(&index)?)?;
    Ok(Pack::parse(file::map(&pack)?, index)?)
}

/// What a file is told from another by that took its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Marks {
    inode: u64,
    changed: (i64, i64),
    bytes: u64,
}

impl Marks {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::symlink_metadata(path).ok()?;
        Some(Self {
            inode: metadata.ino(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            bytes: metadata.len(),
        })
    }
}

fn pack_name(inventory: &Inventory, place: usize) -> String {
    let path = &inventory.packs[place].open.path;
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn pack_bytes(inventory: &Inventory, place: usize) -> u64 {
    let path = inventory.folder().join(&inventory.packs[place].open.path);
    file_bytes(&path) + file_bytes(&path.with_extension("idx"))
}

fn file_bytes(path: &Path) -> u64 {
    fs::symlink_metadata(path).map_or(0, |metadata| metadata.len())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::object::{self, ObjectKind};
    use crate::packs;
    use crate::platform::Deflater;
    use crate::storage::loose;
    use crate::storage::objects::ObjectStore;
    use crate::storage::pack_entry::{LEVEL, PackEntry};
    use crate::storage::repository;

    fn id(text: &str) -> ObjectId {
        object::hash(ObjectKind::Blob, text.as_bytes()).unwrap()
    }

    /// A repository with packs.
    struct Store {
        _folder: tempfile::TempDir,
        path: PathBuf,
    }

    impl Store {
        fn with(packs: &[(&str, &[&str])]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("repository");
            repository::create(&path).unwrap();
            let store = Self {
                _folder: folder,
                path,
            };
            fs::create_dir_all(store.file("")).unwrap();
            for (name, texts) in packs {
                let mut writer = packs::PackWriter::new();
                for text in *texts {
                    writer.whole(*id(text).raw(), 3, text.as_bytes());
                }
                let (pack, index) = writer.finish();
                fs::write(store.file(&format!("{name}.pack")), pack).unwrap();
                fs::write(store.file(&format!("{name}.idx")), index).unwrap();
            }
            store
        }

        fn file(&self, name: &str) -> PathBuf {
            self.path.join("objects/pack").join(name)
        }

        fn inventory(&self) -> Inventory {
            Inventory::for_reading(&ObjectStore::open(&self.path.join("objects")).unwrap())
        }

        fn loose(&self, text: &str) -> PathBuf {
            self.path.join("objects").join(loose_path(id(text)))
        }

        /// Puts a loose object into the store, also where there is one already.
        fn put_loose(&self, text: &str) {
            let staged = self.path.join("staged");
            fs::write(&staged, loose::encode(ObjectKind::Blob, text.as_bytes()).unwrap()).unwrap();
            fs::create_dir_all(self.loose(text).parent().unwrap()).unwrap();
            fs::rename(&staged, self.loose(text)).unwrap();
        }

        /// Writes a new pack of some texts.
        fn new_pack(maintainer: &Maintainer, texts: &[&str]) -> WrittenPack {
            let mut writer = maintainer.begin_pack().unwrap();
            for text in texts {
                let entry = PackEntry::whole(ObjectKind::Blob, text.as_bytes(), &mut Deflater::new(LEVEL));
                writer.write(id(text), &entry, None).unwrap();
            }
            writer.finish(Durability::Unsynced).unwrap()
        }
    }

    #[test]
    fn a_large_pack_stays_while_the_rest_is_small_beside_it() {
        let store = Store::with(&[("pack-1", &["one", "two"]), ("pack-2", &["three"])]);
        let inventory = store.inventory();
        let maintainer = Maintainer::begin(&store.path, Durability::Unsynced).unwrap();
        let length = |name: &str, length: u64| {
            let file = fs::OpenOptions::new().write(true).open(store.file(name));
            file.unwrap().set_len(length).unwrap();
        };
        let fold = |without: &[&str]| {
            let without = without.iter().map(|text| *id(text).raw()).collect();
            let fold = Fold::of(&maintainer, &inventory, &without).unwrap();
            (fold.left(), fold.packs(), fold.dropped(), fold.is_needed())
        };
        assert_eq!(fold(&[]), (0, 2, 0, true));
        length("pack-1.pack", LARGE);
        assert_eq!(fold(&[]), (1, 1, 0, false));
        assert_eq!(fold(&["three"]), (1, 1, 1, true));
        assert_eq!(fold(&["one"]), (0, 2, 1, true), "it has what goes away");
        length("pack-2.pack", LARGE / SMALL_PART);
        assert_eq!(fold(&[]), (0, 2, 0, true), "the rest is not small");
    }

    #[test]
    fn what_goes_is_kept_though_a_large_pack_has_it_which_git_may_be_about_to_delete() {
        let store = Store::with(&[
            ("pack-1", &["one", "two", "three"]),
            ("pack-2", &["one", "four"]),
            ("pack-3", &["five"]),
        ]);
        fs::write(store.file("pack-3.keep"), "").unwrap();
        for text in ["two", "five", "six"] {
            store.put_loose(text);
        }
        let maintainer = Maintainer::begin(&store.path, Durability::Unsynced).unwrap();
        let length = fs::metadata(store.file("pack-1.pack")).unwrap().len();
        let set_length = |length: u64| {
            let file = fs::OpenOptions::new().write(true).open(store.file("pack-1.pack"));
            file.unwrap().set_len(length).unwrap();
        };
        let inventory = store.inventory();
        set_length(LARGE);
        let fold = Fold::of(&maintainer, &inventory, &BTreeSet::new()).unwrap();
        assert_eq!((fold.left(), fold.packs(), fold.is_needed()), (2, 1, true));
        let wanted: BTreeSet<ObjectId> = (0..inventory.len())
            .filter(|number| fold.is_wanted(*number))
            .map(|number| inventory.id(number))
            .collect();
        let texts = ["one", "two", "four", "six"];
        assert_eq!(wanted, texts.map(id).into());
        assert_eq!(fold.objects(), texts.len());
        let new = Store::new_pack(&maintainer, &texts);
        fold.replace(&maintainer, Some(&new), &|| {}, &|| false).unwrap();
        // What is there twice now is not folded again and again.
        set_length(length);
        let inventory = store.inventory();
        set_length(LARGE);
        let fold = Fold::of(&maintainer, &inventory, &BTreeSet::new()).unwrap();
        assert_eq!((fold.left(), fold.packs(), fold.is_needed()), (2, 1, false));
    }

    #[test]
    fn a_loose_object_that_a_writer_renewed_meanwhile_is_left_to_its_ref() {
        let store = Store::with(&[("pack-1", &["one"])]);
        let place = |text: &str| store.loose(text);
        let put = |text: &str| store.put_loose(text);
        let texts = ["two", "three", "four"];
        for text in texts {
            put(text);
        }
        let maintainer = Maintainer::begin(&store.path, Durability::Unsynced).unwrap();
        let inventory = store.inventory();
        let fold = Fold::of(&maintainer, &inventory, &BTreeSet::new()).unwrap();
        let new = Store::new_pack(&maintainer, &["one", "two", "three", "four"]);
        put("three");
        put("five");
        fold.replace(&maintainer, Some(&new), &|| {}, &|| false).unwrap();
        let left = ["two", "three", "four", "five"].map(|text| place(text).exists());
        assert_eq!(left, [false, true, false, true]);
        assert!(!store.file("pack-1.pack").exists());
    }

    /// Spoils the files of a pack.
    type Spoil<'a> = &'a dyn Fn(&[PathBuf; 2]);

    #[test]
    fn a_new_pack_that_is_not_what_it_should_be_does_not_come_into_the_store_and_nothing_goes() {
        let change = |path: &Path, change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = fs::read(path).unwrap();
            change(&mut bytes);
            fs::remove_file(path).unwrap();
            fs::write(path, bytes).unwrap();
        };
        let cases: [(&str, &[&str], bool, Spoil<'_>); 4] = [
            ("short", &["one", "two"], true, &|[pack, _]| {
                change(pack, &|bytes| bytes.truncate(10));
            }),
            ("changed", &["one", "two"], true, &|[pack, _]| {
                change(pack, &|bytes| bytes[20] ^= 1);
            }),
            ("no index", &["one", "two"], true, &|[_, index]| {
                change(index, &|bytes| bytes.truncate(10));
            }),
            ("lacks one", &["one"], false, &|_| {}),
        ];
        for (case, texts, is_known, spoil) in cases {
            let store = Store::with(&[("pack-1", &["one"]), ("pack-2", &["two"])]);
            let inventory = store.inventory();
            let maintainer = Maintainer::begin(&store.path, Durability::Unsynced).unwrap();
            let new = Store::new_pack(&maintainer, texts);
            spoil(&new.files());
            let fold = Fold::of(&maintainer, &inventory, &BTreeSet::new()).unwrap();
            let refused = fold.replace(&maintainer, Some(&new), &|| {}, &|| false);
            let Err(FoldError::NewPack { name, what }) = refused else {
                panic!("{case}: {refused:?}")
            };
            assert_eq!((name, what.is_some()), (new.name(), is_known), "{case}");
            assert!(!store.file(&format!("{}.pack", new.name())).exists(), "{case}");
            for name in ["pack-1.pack", "pack-1.idx", "pack-2.pack", "pack-2.idx"] {
                assert!(store.file(name).exists(), "{case}: {name}");
            }
        }
    }

    #[test]
    fn git_does_not_see_the_new_pack_before_it_was_checked() {
        let store = Store::with(&[("pack-1", &["one"]), ("pack-2", &["two"])]);
        let inventory = store.inventory();
        let maintainer = Maintainer::begin(&store.path, Durability::Unsynced).unwrap();
        let new = Store::new_pack(&maintainer, &["one", "two"]);
        let fold = Fold::of(&maintainer, &inventory, &BTreeSet::new()).unwrap();
        let place = store.file(&format!("{}.pack", new.name()));
        let is_there_early = AtomicBool::new(false);
        let look = || {
            is_there_early.fetch_or(place.exists(), Ordering::Relaxed);
        };
        let ended = fold.replace(&maintainer, Some(&new), &look, &|| true);
        assert!(matches!(ended, Err(FoldError::Ended)));
        assert!(!place.exists());
        let fold = Fold::of(&maintainer, &inventory, &BTreeSet::new()).unwrap();
        fold.replace(&maintainer, Some(&new), &look, &|| false).unwrap();
        assert!(place.exists());
        assert!(!is_there_early.load(Ordering::Relaxed));
    }

    #[test]
    fn a_pack_that_was_there_before_stays_whatever_becomes_of_the_check() {
        let store = Store::with(&[("pack-1", &["one"]), ("pack-2", &["two"])]);
        let texts = ["one", "two"];
        for file in ["multi-pack-index", "multi-pack-index-1.bitmap"] {
            fs::write(store.file(file), "").unwrap();
        }
        fs::create_dir(store.file("multi-pack-index.d")).unwrap();
        fs::write(store.file("multi-pack-index.d/multi-pack-index-chain"), "").unwrap();
        fs::write(store.file("other"), "").unwrap();
        let maintainer = Maintainer::begin(&store.path, Durability::Unsynced).unwrap();
        let inventory = store.inventory();
        let new = Store::new_pack(&maintainer, &texts);
        let fold = Fold::of(&maintainer, &inventory, &BTreeSet::new()).unwrap();
        fold.replace(&maintainer, Some(&new), &|| {}, &|| false).unwrap();
        let mut names: Vec<String> = fs::read_dir(store.file(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        let own = ["idx", "pack"].map(|ending| format!("{}.{ending}", new.name()));
        assert_eq!(names, ["other".to_owned(), own[0].clone(), own[1].clone()]);

        let inventory = store.inventory();
        let again = Store::new_pack(&maintainer, &texts);
        assert_eq!(again.name(), new.name());
        let fold = Fold::of(&maintainer, &inventory, &BTreeSet::new()).unwrap();
        let ended = fold.replace(&maintainer, Some(&again), &|| {}, &|| true);
        assert!(matches!(ended, Err(FoldError::Ended)));
        assert!(own.iter().all(|name| store.file(name).exists()));
    }

    #[test]
    fn the_new_pack_takes_no_name_that_git_may_be_about_to_delete() {
        for is_deleted_meanwhile in [false, true] {
            let store = Store::with(&[("pack-1", &["two"])]);
            let maintainer = Maintainer::begin(&store.path, Durability::Unsynced).unwrap();
            let texts = ["one", "two"];
            let files = |name: &str| ["pack", "idx"].map(|ending| store.file(&format!("{name}.{ending}")));
            let old = Store::new_pack(&maintainer, &texts);
            for (from, to) in old.files().iter().zip(files(&old.name())) {
                fs::rename(from, to).unwrap();
            }
            let inventory = store.inventory();
            let fold = Fold::of(&maintainer, &inventory, &BTreeSet::new()).unwrap();
            let new = Store::new_pack(&maintainer, &texts);
            assert_eq!(new.name(), old.name());
            if is_deleted_meanwhile {
                for file in files(&old.name()) {
                    fs::remove_file(file).unwrap();
                }
            }
            let put = fold
                .replace(&maintainer, Some(&new), &|| {}, &|| false)
                .unwrap()
                .unwrap();
            assert_ne!(put, old.name());
            assert!(files(&old.name()).iter().all(|file| !file.exists()));
            assert!(files(&put).iter().all(|file| file.exists()));
            let inventory = store.inventory();
            let fold = Fold::of(&maintainer, &inventory, &BTreeSet::new()).unwrap();
            assert_eq!((fold.packs(), fold.is_needed()), (1, false));
        }
    }
}
