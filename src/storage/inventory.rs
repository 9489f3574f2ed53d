//! All that an object store holds, numbered, so that a check of the whole can keep a bit for each object: the
//! packs one after another, each in pack order, then the loose objects by id.
//!
//! Memory: what [`PackMap`] says for each object of a pack, twenty bytes for each loose one.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use rayon::prelude::*;

use crate::id::{ObjectId, RawId};
use crate::object::{Hashing, Object, ObjectKind};
use crate::storage::file::FileError;
use crate::storage::finding::{Damage, FindingKind, ReadError, StoreFinding};
use crate::storage::layout::{self, Top};
use crate::storage::objects::{ObjectStore, OpenPack, PackFolder, loose_path, read_loose_file};
use crate::storage::pack_check::{self, Check, MOST_HELD};
use crate::storage::pack_map::{PackFinding, PackMap, Part, Sums};
use crate::storage::repository::MOVED_INDEX;

/// What is told of each good object, with its number; `Break` ends the check.
pub type Visit<'a> = dyn Fn(usize, ObjectId, &Object) -> ControlFlow<()> + Sync + 'a;

/// The numbered objects of a store, as it stood when they were listed.
#[derive(Debug)]
pub struct Inventory {
    folder: PathBuf,
    /// Another folder of objects, whose packs count as well.
    arrived: Option<PathBuf>,
    pub(super) packs: Vec<Listed>,
    first_loose: usize,
    pub(super) loose: Vec<RawId>,
    findings: Mutex<Vec<StoreFinding>>,
    /// The first loose object that the operating system did not give, and why.
    unread: OnceLock<(PathBuf, Damage)>,
    /// The store as it is now, opened where a loose object is no longer there.
    now: Mutex<Option<ObjectStore>>,
}

/// A pack with its map and the number of its first object.
#[derive(Debug)]
pub(super) struct Listed {
    pub open: OpenPack,
    pub map: PackMap,
    pub first: usize,
}

/// Where an object is kept.
pub(super) enum Kept<'a> {
    Pack(&'a Listed, usize),
    Loose(ObjectId),
}

impl Inventory {
    /// Lists a store, and checks what lies in its folder, the checksums of packs and indexes, and the headers and
    /// CRC-32s of their entries.
    #[must_use]
    pub fn of(store: &ObjectStore) -> Self {
        Self::with(store, Sums::Checked)
    }

    /// Lists a store for those who hash every object that they read, and find nothing: the checksums of whole packs,
    /// of indexes and of entries are left alone.
    #[must_use]
    pub fn for_reading(store: &ObjectStore) -> Self {
        Self::with(store, Sums::Unchecked)
    }

    /// Lists a store, with or without those checksums.
    #[must_use]
    pub fn with(store: &ObjectStore, sums: Sums) -> Self {
        let mut inventory = Self {
            folder: store.folder().to_owned(),
            arrived: store.pack_folders().nth(1).map(Path::to_owned),
            packs: Vec::new(),
            first_loose: 0,
            loose: Vec::new(),
            findings: Mutex::new(Vec::new()),
            unread: OnceLock::new(),
            now: Mutex::new(None),
        };
        inventory.list(sums);
        inventory.first_loose = inventory
            .packs
            .last()
            .map_or(0, |listed| listed.first + listed.map.len());
        inventory
    }

    /// Returns the number of objects; copies count.
    #[must_use]
    pub fn len(&self) -> usize {
        self.first_loose + self.loose.len()
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of the first loose object: those of packs come before.
    #[must_use]
    pub fn first_loose(&self) -> usize {
        self.first_loose
    }

    /// Returns the number of the first copy of an object.
    #[must_use]
    pub fn find(&self, id: &RawId) -> Option<usize> {
        let packed = self
            .packs
            .iter()
            .find_map(|listed| Some(listed.first + listed.map.find(&listed.open.pack, id)?));
        packed.or_else(|| Some(self.first_loose + self.loose.binary_search(id).ok()?))
    }

    /// Returns the id under which an object is kept.
    #[must_use]
    pub fn id(&self, number: usize) -> ObjectId {
        match self.kept(number) {
            Kept::Loose(id) => id,
            Kept::Pack(listed, number) => {
                let ids = listed.open.pack.index().ids();
                ObjectId::from_raw(ids[listed.map.place(number)])
            }
        }
    }

    /// Returns the kind of an object that is in a pack, as its header says; `None` for a loose one.
    #[must_use]
    pub fn kind(&self, number: usize) -> Option<ObjectKind> {
        match self.kept(number) {
            Kept::Loose(_) => None,
            Kept::Pack(listed, number) => listed.map.kind(number),
        }
    }

    /// Returns the number of the whole object that a delta comes to stand upon, or the object's own.
    #[must_use]
    pub fn root(&self, number: usize) -> usize {
        match self.kept(number) {
            Kept::Loose(_) => number,
            Kept::Pack(listed, entry) => listed.first + listed.map.root(entry),
        }
    }

    /// Tells whether several copies of one object may be there.
    #[must_use]
    pub fn may_have_copies(&self) -> bool {
        self.packs.len() + usize::from(!self.loose.is_empty()) > 1
    }

    /// Checks the objects that are wanted, and shows each good one, on every core at once. Faults are added to
    /// the findings; a loose object that went away meanwhile and is in no pack is none.
    pub fn check(
        &self,
        hashing: Hashing,
        wanted: &(dyn Fn(usize) -> bool + Sync),
        visit: &Visit<'_>,
    ) -> ControlFlow<()> {
        for listed in &self.packs {
            let check = Check {
                pack: &listed.open.pack,
                map: &listed.map,
                hashing,
                most_held: MOST_HELD,
            };
            check.run(
                |number| wanted(listed.first + number),
                &|finding| self.found_in_pack(&listed.open.path, finding),
                &|number, id, object| visit(listed.first + number, id, object),
            )?;
        }
        let loose = self.loose.par_iter().enumerate();
        loose.try_for_each(|(at, raw)| {
            let (number, id) = (self.first_loose + at, ObjectId::from_raw(*raw));
            if !wanted(number) {
                return ControlFlow::Continue(());
            }
            match self.read_loose(hashing, id) {
                Ok(object) => visit(number, id, &object),
                // It went away after it was listed, as git deletes what nothing leads to: whoever is led to it says so.
                Err(Damage::File(error)) if error.is_missing() => ControlFlow::Continue(()),
                Err(what) => {
                    self.found(StoreFinding {
                        path: loose_path(id),
                        offset: None,
                        id: Some(id),
                        kind: what.into(),
                    });
                    ControlFlow::Continue(())
                }
            }
        })
    }

    /// Gives up the inventory for what was found, sorted by file and place.
    #[must_use]
    pub fn into_findings(self) -> Vec<StoreFinding> {
        let mut findings = self.findings.into_inner().unwrap_or_else(PoisonError::into_inner);
        findings.sort_by(|one, other| (&one.path, one.offset).cmp(&(&other.path, other.offset)));
        findings
    }

    pub(super) fn kept(&self, number: usize) -> Kept<'_> {
        if let Some(at) = number.checked_sub(self.first_loose) {
            return Kept::Loose(ObjectId::from_raw(self.loose[at]));
        }
        let after = self.packs.partition_point(|listed| listed.first <= number);
        let listed = &self.packs[after - 1];
        Kept::Pack(listed, number - listed.first)
    }

    /// Reads a loose object; one that was packed after it was listed is read from where it is now.
    pub(super) fn read_loose(&self, hashing: Hashing, id: ObjectId) -> Result<Object, Damage> {
        match read_loose_file(&self.folder.join(loose_path(id)), hashing, id) {
            Err(Damage::File(error)) if error.is_missing() => {
                let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
                if now.is_none() {
                    *now = ObjectStore::open(&self.folder).ok();
                }
                let again = now.as_ref().and_then(|store| store.read(id).ok());
                again.ok_or(Damage::File(error))
            }
            Err(damage) if damage.is_system_error() => {
                self.unread.get_or_init(|| (loose_path(id), damage.clone()));
                Err(damage)
            }
            read => read,
        }
    }

    /// Tells whether an object that was listed is no longer in the store, which keeps what is in a pack while the pack is open.
    #[must_use]
    pub fn is_gone(&self, number: usize) -> bool {
        let Kept::Loose(id) = self.kept(number) else {
            return false;
        };
        let read = self.read_loose(Hashing::Sha1, id);
        matches!(read, Err(Damage::File(error)) if error.is_missing())
    }

    /// Tells what was found until now that is more than a leftover.
    #[must_use]
    pub fn damage(&self) -> Vec<String> {
        let findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        let damage = findings.iter().filter(|finding| !finding.is_harmless());
        damage.map(ToString::to_string).collect()
    }

    /// Returns what interrupted programs left behind, relative to the `objects` folder.
    #[must_use]
    pub fn leftovers(&self) -> Vec<PathBuf> {
        let findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        let leftovers = findings.iter().filter(|finding| finding.is_harmless());
        leftovers.map(|finding| finding.path.clone()).collect()
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns what the operating system did not give of the store so far, where there is something: why an object may seem
    /// to be missing.
    #[must_use]
    pub fn unread(&self) -> Option<ReadError> {
        let findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        let found = findings.iter().find_map(|finding| match &finding.kind {
            FindingKind::Damaged(what) if what.is_system_error() => Some((&finding.path, what)),
            _ => None,
        });
        let unread = found.or_else(|| self.unread.get().map(|(path, what)| (path, what)));
        unread.map(|(path, what)| ReadError::Unusable {
            path: path.clone(),
            what: what.clone(),
        })
    }

    fn found(&self, finding: StoreFinding) {
        self.findings
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(finding);
    }

    fn found_in_pack(&self, pack: &Path, finding: PackFinding) {
        self.found(StoreFinding {
            path: match finding.part {
                Part::Pack => pack.to_owned(),
                Part::Index => pack.with_extension("idx"),
            },
            offset: finding.offset,
            id: finding.id,
            kind: finding.what.into(),
        });
    }

    fn list(&mut self, sums: Sums) {
        let names = match layout::list(&self.folder) {
            Ok(names) => names,
            Err(error) => return self.unreadable(PathBuf::new(), error),
        };
        for name in names {
            match layout::top(&name) {
                Top::FanOut => self.list_loose(&name.text),
                Top::Pack => self.list_packs(&self.folder.clone(), sums),
                Top::Info => self.list_info(),
                Top::Strange(kind) => self.about(name.text.into(), kind),
            }
        }
        if let Some(arrived) = self.arrived.clone() {
            self.list_packs(&arrived, sums);
        }
    }

    fn list_loose(&mut self, part: &str) {
        let names = match layout::list(&self.folder.join(part)) {
            Ok(names) => names,
            // Its last object was packed meanwhile; packs are listed later.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return self.unreadable(part.into(), error),
        };
        for name in names {
            let path = Path::new(part).join(&name.text);
            if let Some(kind) = layout::loose(&name) {
                self.about(path, kind);
                continue;
            }
            match format!("{part}{}", name.text).parse::<ObjectId>() {
                Ok(id) => self.loose.push(*id.raw()),
                Err(_) => self.about(path, FindingKind::Stray),
            }
        }
    }

    fn list_packs(&mut self, folder: &Path, sums: Sums) {
        let folder = match PackFolder::open(folder) {
            Ok(folder) => folder,
            Err(error) => return self.about("pack".into(), Damage::from(error).into()),
        };
        for name in folder.alone() {
            // A pack that was being moved in or out when its writer was killed; no reader of git's looks at it.
            let moved = format!("{MOVED_INDEX}{}", name.strip_suffix(".pack").unwrap_or(name));
            let kind = if folder.names.strange.iter().any(|(name, _)| *name == moved) {
                FindingKind::Leftover
            } else {
                Damage::PackAlone.into()
            };
            self.about(Path::new("pack").join(name), kind);
        }
        for (name, kind) in folder.names.strange {
            self.about(Path::new("pack").join(name), kind);
        }
        let last = self.packs.last();
        let mut first = last.map_or(0, |listed| listed.first + listed.map.len());
        for open in folder.opened {
            match open {
                Ok(open) => {
                    let report = |finding| self.found_in_pack(&open.path, finding);
                    let ((), map) = rayon::join(
                        || match sums {
                            Sums::Checked => pack_check::check_files(&open.pack, &report),
                            Sums::Unchecked => {}
                        },
                        || PackMap::of(&open.pack, sums, &report),
                    );
                    let count = map.len();
                    self.packs.push(Listed { open, map, first });
                    first += count;
                }
                Err((path, what)) => self.about(path, what.into()),
            }
        }
    }

    fn list_info(&self) {
        match layout::list(&self.folder.join("info")) {
            Ok(names) => {
                for name in names {
                    if let Some(kind) = layout::in_info(&name) {
                        self.about(Path::new("info").join(&name.text), kind);
                    }
                }
            }
            Err(error) => self.unreadable("info".into(), error),
        }
    }

    fn about(&self, path: PathBuf, kind: FindingKind) {
        self.found(StoreFinding {
            path,
            offset: None,
            id: None,
            kind,
        });
    }

    fn unreadable(&self, path: PathBuf, error: std::io::Error) {
        self.about(path, Damage::from(FileError::from(error)).into());
    }
}
