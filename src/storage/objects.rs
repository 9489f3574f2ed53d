//! An object store: the `objects` folder of a bare repository, read object by object or checked as a whole.

use std::collections::BTreeSet;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use memmap2::Mmap;

use crate::id::{IdPrefix, ObjectId};
use crate::object::{Hashing, Object};
use crate::platform::Inflater;
use crate::storage::bases::Bases;
use crate::storage::file::{self, FileError};
use crate::storage::finding::{Damage, FindingKind, ReadError, StoreFinding};
use crate::storage::inventory::Inventory;
use crate::storage::layout::{self, InPack};
use crate::storage::loose;
use crate::storage::pack::{EntryFault, Pack};
use crate::storage::pack_check::check_id;
use crate::storage::pack_index::{IndexError, PackIndex};
use crate::storage::pack_lookup::Lookup;

/// An `objects` folder. Nothing outside it is ever read: no alternates, no replacements, no configuration.
///
/// May be used by several threads at once. Objects that git moves from loose files into packs, or from pack to
/// pack, while the store is open are found again.
#[derive(Debug)]
pub struct ObjectStore {
    folder: PathBuf,
    /// Another folder of objects, whose packs are read as if they lay in this one's.
    arrived: Option<PathBuf>,
    hashing: Hashing,
    packs: RwLock<Arc<Packs>>,
}

/// The packs as they stood when the folder was last listed.
#[derive(Debug, Default)]
struct Packs {
    names: Vec<String>,
    usable: Vec<OpenPack>,
    unusable: Vec<(PathBuf, Damage)>,
}

/// A pack that is mapped.
#[derive(Debug)]
pub(super) struct OpenPack {
    /// Its file, relative to the `objects` folder.
    pub path: PathBuf,
    /// The pack.
    pub pack: Pack<Mmap>,
    /// Where the index is long.
    lookup: Option<Lookup>,
    reading: Mutex<Reading>,
}

/// What reading a pack goes on with.
#[derive(Debug)]
struct Reading {
    inflater: Inflater,
    /// What was read of it lately.
    bases: Bases,
}

/// How long it takes until packs that seem to be moved in or out are looked at again.
const MOTION: Duration = Duration::from_millis(10);

/// How often in a row the same packs are seen incomplete before that is believed.
const LOOKS: usize = 10;

/// How often packs are looked at where others are incomplete each time.
const MOST_LOOKS: usize = 200;

/// The folder of packs as it stood at one moment.
#[derive(Debug, Default)]
pub(super) struct PackFolder {
    /// What it has.
    pub names: PackNames,
    /// Every pack with an index, or the file of it that is at fault.
    pub opened: Vec<Result<OpenPack, (PathBuf, Damage)>>,
}

/// The good copy that was found, or the first damaged one.
enum Copy {
    Good(Object),
    Bad(Option<ReadError>),
}

impl ObjectStore {
    /// Opens the `objects` folder of a bare repository.
    ///
    /// Packs are mapped and their headers checked, in a time that does not depend on how many objects they
    /// have. One that fails does not fail the call: [`ObjectStore::read`] tells of it where an object is found
    /// nowhere else, and [`ObjectStore::check`] in any case.
    ///
    /// # Errors
    /// The operating system's error where there is no such folder, or a link in its place.
    pub fn open(objects: &Path) -> io::Result<Self> {
        if !std::fs::symlink_metadata(objects)?.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::NotADirectory,
                "the folder of objects is a link or a file",
            ));
        }
        let packs = Packs::open(objects);
        Ok(Self {
            folder: objects.to_owned(),
            arrived: None,
            hashing: Hashing::Both,
            packs: RwLock::new(Arc::new(packs)),
        })
    }

    /// Reads the packs of another `objects` folder as if they lay in this one: what has arrived is judged before it is
    /// part of the store.
    #[must_use]
    pub fn with_packs_of(mut self, arrived: &Path) -> Self {
        self.arrived = Some(arrived.to_owned());
        self.packs = RwLock::new(Arc::new(self.open_packs()));
        self
    }

    /// Hashes what is read otherwise than twice: for a first look, after which what matters is read again.
    #[must_use]
    pub fn with_hashing(self, hashing: Hashing) -> Self {
        Self { hashing, ..self }
    }

    /// Reads an object, and checks its structure and its id.
    ///
    /// Every copy is tried, in packs first, until one is good.
    ///
    /// # Errors
    /// [`ReadError`]; [`ReadError::Damaged`] tells of the first damaged copy where no good one exists.
    pub fn read(&self, id: ObjectId) -> Result<Object, ReadError> {
        let packs = self.packs();
        let mut damaged = match packs.read(self.hashing, id) {
            Copy::Good(object) => return Ok(object),
            Copy::Bad(damaged) => damaged,
        };
        match self.read_loose(id) {
            Copy::Good(object) => return Ok(object),
            Copy::Bad(other) => damaged = damaged.or(other),
        }
        let packs = match self.listed_again()? {
            Some(newer) => {
                match newer.read(self.hashing, id) {
                    Copy::Good(object) => return Ok(object),
                    Copy::Bad(other) => damaged = damaged.or(other),
                }
                newer
            }
            None => packs,
        };
        Err(damaged
            .or_else(|| packs.unusable())
            .unwrap_or(ReadError::Missing(id)))
    }

    /// Tells whether the store has an object of this name. The object itself is not read.
    ///
    /// # Errors
    /// [`ReadError::Unusable`] where it is not found and a pack cannot be looked into; [`ReadError::Io`].
    pub fn contains(&self, id: ObjectId) -> Result<bool, ReadError> {
        let packs = self.packs();
        if packs.contain(id) || self.has_loose(id)? {
            return Ok(true);
        }
        let packs = match self.listed_again()? {
            Some(newer) if newer.contain(id) => return Ok(true),
            Some(newer) => newer,
            None => packs,
        };
        packs.unusable().map_or(Ok(false), Err)
    }

    /// Returns every id that begins with the prefix, in ascending order, each once.
    ///
    /// # Errors
    /// [`ReadError::Unusable`] where there is none and a pack cannot be looked into; [`ReadError::Io`].
    pub fn with_prefix(&self, prefix: &IdPrefix) -> Result<Vec<ObjectId>, ReadError> {
        self.listed_again()?;
        let packs = self.packs();
        let mut found = BTreeSet::new();
        for OpenPack { pack, .. } in &packs.usable {
            let ids = pack.index().ids();
            let from = pack.index().from_lowest(&prefix.lowest());
            let from = ids.get(from).unwrap_or_default();
            found.extend(
                from.iter()
                    .take_while(|id| prefix.matches(id))
                    .copied()
                    .map(ObjectId::from_raw),
            );
        }
        let lowest = ObjectId::from_raw(prefix.lowest()).to_string();
        let part = &lowest[..2];
        match layout::list(&self.folder.join(part)) {
            Ok(names) => {
                for name in names {
                    let id = format!("{part}{}", name.text).parse::<ObjectId>();
                    found.extend(id.ok().filter(|id| prefix.matches(id.raw())));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => {
                return Err(ReadError::Io {
                    path: self.folder.join(part),
                    source,
                });
            }
        }
        if found.is_empty() {
            packs.unusable().map_or(Ok(()), Err)?;
        }
        Ok(found.into_iter().collect())
    }

    /// Checks every loose object, pack and index of the store from the raw bytes, and the folder for what does
    /// not belong there. `visit` is shown each good object, once for each copy, on every core at once; the check
    /// ends early where it returns `Break`, and at no finding.
    ///
    /// Memory is bounded as [`Inventory`] and [`crate::storage::pack_check`] say; the findings themselves come
    /// on top.
    pub fn check(&self, visit: &(dyn Fn(ObjectId, &Object) -> ControlFlow<()> + Sync)) -> Vec<StoreFinding> {
        let inventory = Inventory::of(self);
        let _ = inventory.check(Hashing::Both, &|_| true, &|_, id, object| visit(id, object));
        inventory.into_findings()
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the folders whose packs are read.
    pub(super) fn pack_folders(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(self.folder.as_path()).chain(self.arrived.as_deref())
    }

    fn open_packs(&self) -> Packs {
        let mut packs = Packs::default();
        for folder in self.pack_folders() {
            let other = Packs::open(folder);
            packs.names.extend(other.names);
            packs.usable.extend(other.usable);
            packs.unusable.extend(other.unusable);
        }
        packs
    }

    fn packs(&self) -> Arc<Packs> {
        Arc::clone(&self.packs.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Lists the packs again and returns them where their names are others than before.
    fn listed_again(&self) -> Result<Option<Arc<Packs>>, ReadError> {
        let mut names = Vec::new();
        for folder in self.pack_folders() {
            let listed = pack_names(folder).map_err(|error| ReadError::Unusable {
                path: "pack".into(),
                what: error.into(),
            })?;
            names.extend(listed.usual);
        }
        if names == self.packs().names {
            return Ok(None);
        }
        let newer = Arc::new(self.open_packs());
        *self.packs.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&newer);
        Ok(Some(newer))
    }

    fn has_loose(&self, id: ObjectId) -> Result<bool, ReadError> {
        let path = self.folder.join(loose_path(id));
        match std::fs::symlink_metadata(&path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(ReadError::Io { path, source }),
        }
    }

    fn read_loose(&self, id: ObjectId) -> Copy {
        let path = loose_path(id);
        match read_loose_file(&self.folder.join(&path), self.hashing, id) {
            Ok(object) => Copy::Good(object),
            Err(Damage::File(error)) if error.is_missing() => Copy::Bad(None),
            Err(what) => Copy::Bad(Some(ReadError::Damaged {
                id,
                path,
                offset: None,
                what,
            })),
        }
    }
}

impl Packs {
    fn open(folder: &Path) -> Self {
        let mut packs = Self::default();
        let PackFolder { names, opened } = match PackFolder::open(folder) {
            Ok(opened) => opened,
            Err(error) => {
                packs.unusable.push(("pack".into(), error.into()));
                return packs;
            }
        };
        for (name, kind) in names.strange {
            let path = Path::new("pack").join(name);
            let is_index = path.extension().is_some_and(|ending| ending == "idx");
            if is_index && matches!(kind, FindingKind::Link) {
                packs.unusable.push((path, FileError::Link.into()));
            }
        }
        for pack in opened {
            match pack {
                Ok(pack) => packs.usable.push(pack),
                Err(fault) => packs.unusable.push(fault),
            }
        }
        packs.names = names.usual;
        packs
    }

    fn read(&self, hashing: Hashing, id: ObjectId) -> Copy {
        let mut damaged = None;
        for open in &self.usable {
            let Some(place) = open.find(id) else {
                continue;
            };
            let (offset, what) = match open.read(place) {
                Ok(object) => match check_id(hashing, id, &object) {
                    Ok(()) => return Copy::Good(object),
                    Err(what) => (open.offset(place).ok(), what),
                },
                Err(fault) => (Some(fault.offset), fault.what.into()),
            };
            damaged.get_or_insert(ReadError::Damaged {
                id,
                path: open.path.clone(),
                offset,
                what,
            });
        }
        Copy::Bad(damaged)
    }

    fn contain(&self, id: ObjectId) -> bool {
        self.usable.iter().any(|open| open.find(id).is_some())
    }

    fn unusable(&self) -> Option<ReadError> {
        let (path, what) = self.unusable.first()?.clone();
        Some(ReadError::Unusable { path, what })
    }
}

impl PackFolder {
    /// Lists the folder and maps its packs. Another program may move packs in or out in between: what is not
    /// complete is looked at again before it is believed.
    pub fn open(folder: &Path) -> Result<Self, FileError> {
        let mut packs = Self::open_once(folder)?;
        let mut incomplete = packs.incomplete();
        let mut same = 1;
        for _ in 1..MOST_LOOKS {
            if incomplete.is_empty() || same == LOOKS {
                break;
            }
            std::thread::sleep(MOTION);
            packs = Self::open_once(folder)?;
            let now = packs.incomplete();
            same = if now == incomplete { same + 1 } else { 1 };
            incomplete = now;
        }
        Ok(packs)
    }

    /// Returns the names of packs without an index.
    pub fn alone(&self) -> impl Iterator<Item = &str> {
        let names = &self.names.usual;
        names.iter().map(String::as_str).filter(|name| {
            let stem = name.strip_suffix(".pack");
            stem.is_some_and(|stem| names.binary_search(&format!("{stem}.idx")).is_err())
        })
    }

    fn open_once(folder: &Path) -> Result<Self, FileError> {
        let names = pack_names(folder)?;
        let stems = names.usual.iter().filter_map(|name| name.strip_suffix(".idx"));
        let opened = stems
            .map(|stem| OpenPack::open(folder, stem, &names.usual))
            .collect();
        Ok(Self { names, opened })
    }

    /// Names the files of packs of which another file is not there.
    fn incomplete(&self) -> Vec<PathBuf> {
        let faults = self.opened.iter().filter_map(|pack| pack.as_ref().err());
        let gone = faults.filter(|(_, what)| match what {
            Damage::IndexAlone => true,
            Damage::File(error) => error.is_missing(),
            _ => false,
        });
        let gone = gone.map(|(path, _)| path.clone());
        gone.chain(self.alone().map(PathBuf::from)).collect()
    }
}

impl OpenPack {
    /// Maps a pack and its index and checks their headers; an error names the file at fault.
    pub fn open(folder: &Path, stem: &str, names: &[String]) -> Result<Self, (PathBuf, Damage)> {
        let path = Path::new("pack").join(format!("{stem}.pack"));
        let index_path = Path::new("pack").join(format!("{stem}.idx"));
        if !names.contains(&format!("{stem}.pack")) {
            return Err((index_path, Damage::IndexAlone));
        }
        let (file, index) = file::open_and_map(&folder.join(&index_path))
            .map_err(Damage::from)
            .and_then(|(file, map)| Ok((file, PackIndex::parse(map)?)))
            .map_err(|what| (index_path, what))?;
        let lookup = Lookup::of(file, &index);
        let pack = file::map(&folder.join(&path))
            .map_err(Damage::from)
            .and_then(|map| Ok(Pack::parse(map, index)?))
            .map_err(|what| (path.clone(), what))?;
        Ok(Self {
            path,
            pack,
            lookup,
            reading: Mutex::new(Reading {
                inflater: Inflater::new(),
                bases: Bases::new(),
            }),
        })
    }

    fn find(&self, id: ObjectId) -> Option<usize> {
        let index = self.pack.index();
        match &self.lookup {
            Some(lookup) => lookup.find(index, id.raw()),
            None => index.find(id.raw()),
        }
    }

    fn offset(&self, place: usize) -> Result<u64, IndexError> {
        let index = self.pack.index();
        match &self.lookup {
            Some(lookup) => lookup.offset(index, place),
            None => index.offset(place),
        }
    }

    fn read(&self, place: usize) -> Result<Object, EntryFault> {
        let offset = self.offset(place)?;
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let Reading { inflater, bases } = &mut *reading;
        self.pack.read_at(offset, inflater, bases)
    }
}

/// What the folder of packs has.
#[derive(Debug, Default)]
pub(super) struct PackNames {
    /// Packs and indexes, in order.
    pub usual: Vec<String>,
    /// What is to be reported.
    pub strange: Vec<(String, FindingKind)>,
}

/// Lists the folder of packs; a store without one has none.
pub(super) fn pack_names(folder: &Path) -> Result<PackNames, FileError> {
    let folder = folder.join("pack");
    let mut names = PackNames::default();
    match std::fs::symlink_metadata(&folder) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(metadata) if metadata.is_symlink() => return Err(FileError::Link),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(names),
        Ok(_) => return Err(io::Error::from(io::ErrorKind::NotADirectory).into()),
        Err(error) => return Err(error.into()),
    }
    let listed = layout::list(&folder)?;
    for name in &listed {
        match layout::in_pack(name, &listed) {
            InPack::Pack | InPack::Index => names.usual.push(name.text.clone()),
            InPack::Harmless => {}
            InPack::Strange(kind) => names.strange.push((name.text.clone(), kind)),
        }
    }
    Ok(names)
}

pub(super) fn loose_path(id: ObjectId) -> PathBuf {
    let digits = id.to_string();
    Path::new(&digits[..2]).join(&digits[2..])
}

/// Reads a loose object, and checks its id.
pub(super) fn read_loose_file(path: &Path, hashing: Hashing, id: ObjectId) -> Result<Object, Damage> {
    let bytes = file::read(path, loose::LONGEST_FILE)?;
    let object = loose::parse(&bytes)?;
    check_id(hashing, id, &object)?;
    Ok(object)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::object::{self, ObjectKind};
    use crate::packs::PackWriter;

    /// Puts a text into a store as a pack, and returns its id.
    fn packed(folder: &Path, name: &str, text: &str) -> ObjectId {
        let id = object::hash(ObjectKind::Blob, text.as_bytes()).unwrap();
        let mut writer = PackWriter::new();
        writer.whole(*id.raw(), 3, text.as_bytes());
        let (pack, index) = writer.finish();
        fs::create_dir_all(folder.join("pack")).unwrap();
        fs::write(folder.join(format!("pack/{name}.pack")), pack).unwrap();
        fs::write(folder.join(format!("pack/{name}.idx")), index).unwrap();
        id
    }

    #[test]
    fn a_pack_that_comes_later_has_what_it_has_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = ObjectStore::open(folder.path()).unwrap();
        let one = packed(folder.path(), "pack-1", "one");
        assert!(store.contains(one).unwrap());
        packed(folder.path(), "pack-2", "two");
        let other = object::hash(ObjectKind::Blob, b"other").unwrap();
        assert!(!store.contains(other).unwrap());
    }

    #[test]
    fn a_file_in_the_place_of_a_folder_is_not_taken_for_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = ObjectStore::open(folder.path()).unwrap();
        let id = object::hash(ObjectKind::Blob, b"text").unwrap();
        let digits = id.to_string();
        assert!(!store.contains(id).unwrap());
        fs::write(folder.path().join(&digits[..2]), "").unwrap();
        assert!(matches!(store.contains(id), Err(ReadError::Io { .. })));
        let prefix = IdPrefix::parse(&digits[..8]).unwrap();
        assert!(matches!(store.with_prefix(&prefix), Err(ReadError::Io { .. })));
        let pack = folder.path().join("pack");
        assert!(pack_names(folder.path()).unwrap().usual.is_empty());
        fs::write(&pack, "").unwrap();
        assert!(matches!(pack_names(folder.path()), Err(FileError::Io(_))));
        let below = pack_names(&pack);
        assert!(matches!(below, Err(error) if !error.is_missing()));
        fs::remove_file(&pack).unwrap();
        std::os::unix::fs::symlink(".", &pack).unwrap();
        assert!(matches!(pack_names(folder.path()), Err(FileError::Link)));
    }
}
