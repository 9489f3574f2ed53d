//! Writing a pack and its index, entry by entry, where nobody sees them yet.
//!
//! The pack's header says how many objects there are, which is known only at the end. So its checksum is computed at the
//! end from the file as it is read back, in which each entry has to have the CRC-32 that it was written with.
//!
//! Memory: 32 bytes for each object, a quarter of that to grow into, and 6 to 11 bytes to find it by its id: 51 at
//! most. Besides, a few buffers of a MiB.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use hashbrown::HashTable;
use rayon::slice::ParallelSliceMut as _;
use sha1::{Digest, Sha1};

use crate::id::{ObjectId, RawId};
use crate::platform::Durability;
use crate::storage::pack::FIRST_ENTRY;
use crate::storage::pack_entry::PackEntry;
use crate::storage::pack_index_writer::{self, Indexed};
use crate::storage::repository::{WriteError, io_error};

/// The names of the two files while they are written.
const PACK: &str = "new.pack";
const INDEX: &str = "new.idx";

/// How much is written or read at once.
const CHUNK: usize = 1 << 20;

/// The most objects of a pack: an index marks with the highest bit of a place that it is a wide one.
const MOST_OBJECTS: usize = (1 << 31) - 1;

/// A pack that is being written.
#[derive(Debug)]
pub struct PackWriter {
    folder: PathBuf,
    file: BufWriter<File>,
    end: u64,
    objects: Vec<Indexed>,
    known: Known,
}

/// A pack with its index, complete and read back, still in the folder in which it was written.
#[derive(Debug)]
pub struct WrittenPack {
    folder: PathBuf,
    checksum: RawId,
    objects: usize,
    bytes: u64,
    index_bytes: u64,
}

impl PackWriter {
    /// Begins a pack in a folder that is the writer's own; it goes away with the folder.
    ///
    /// # Errors
    /// [`WriteError::Io`]: where another pack was begun in the folder, too.
    pub fn create(folder: &Path) -> Result<Self, WriteError> {
        let file = create_new(&folder.join(PACK))?;
        let mut writer = Self {
            folder: folder.to_owned(),
            file: BufWriter::with_capacity(CHUNK, file),
            end: FIRST_ENTRY,
            objects: Vec::new(),
            known: Known::default(),
        };
        let header = header(0);
        writer.file.write_all(&header).map_err(writer.failed("write"))?;
        Ok(writer)
    }

    /// Writes an entry and returns where it begins; a delta stands upon the entry that begins at `base`. An object
    /// that the pack has already is not written again: what is returned is where it begins.
    ///
    /// That the entry is the object of this id is the caller's word; whoever reads the pack checks it.
    ///
    /// # Errors
    /// [`WriteError::Io`], and [`WriteError::PackFull`] where the pack has as many objects as a pack can have.
    ///
    /// # Panics
    /// Where a whole object comes with a base, or a delta without one that lies before it: a mistake of the caller.
    pub fn write(&mut self, id: ObjectId, entry: &PackEntry, base: Option<u64>) -> Result<u64, WriteError> {
        if let Some(offset) = self.offset(id) {
            return Ok(offset);
        }
        if self.objects.len() == MOST_OBJECTS {
            return Err(WriteError::PackFull);
        }
        let distance = base.map(|base| {
            assert!(
                (FIRST_ENTRY..self.end).contains(&base),
                "a base begins before its delta"
            );
            self.end - base
        });
        assert!(
            entry.kind().is_none() == base.is_some(),
            "a delta has a base and nothing else has one"
        );
        let header = entry.header(distance);
        let mut crc = crc32fast::Hasher::new();
        for bytes in [&header[..], entry.stream()] {
            crc.update(bytes);
            let written = self.file.write_all(bytes);
            written.map_err(|error| self.failed("write")(error))?;
        }
        let offset = self.end;
        let length = header.len() + entry.stream().len();
        self.end += u64::try_from(length).expect("a length in memory fits in 64 bits");
        if self.objects.len() == self.objects.capacity() {
            self.objects.reserve_exact((self.objects.len() / 4).max(1024));
        }
        self.objects.push(Indexed {
            id,
            crc: crc.finalize(),
            offset,
        });
        self.known.add(&self.objects);
        Ok(offset)
    }

    /// Returns where in the pack an object begins.
    #[must_use]
    pub fn offset(&self, id: ObjectId) -> Option<u64> {
        let place = self.known.find(&self.objects, id)?;
        Some(self.objects[place].offset)
    }

    /// Returns how many objects were written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Tells whether none was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Returns how many bytes of the pack were written.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.end
    }

    /// Completes the pack and its index, reads both back, and syncs them.
    ///
    /// # Errors
    /// [`WriteError::Io`], and [`WriteError::FileNotReadBack`] where a file does not hold what was written.
    pub fn finish(self, durability: Durability) -> Result<WrittenPack, WriteError> {
        let Self {
            folder,
            file,
            end,
            mut objects,
            known,
        } = self;
        drop(known);
        let path = folder.join(PACK);
        let failed = |what| io_error(what, &path);
        let file = file
            .into_inner()
            .map_err(|error| failed("write")(error.into_error()))?;
        let count = u32::try_from(objects.len()).map_err(|_| WriteError::PackFull)?;
        file.write_all_at(&header(count), 0).map_err(failed("write"))?;
        let checksum = checksum(&file, &objects, end)
            .map_err(failed("read back"))?
            .ok_or_else(|| WriteError::FileNotReadBack(path.clone()))?;
        file.write_all_at(&checksum, end).map_err(failed("write"))?;
        sync(&file, durability).map_err(failed("sync"))?;
        let mut trailer = [0; 20];
        file.read_exact_at(&mut trailer, end)
            .map_err(failed("read back"))?;
        if trailer != checksum {
            return Err(WriteError::FileNotReadBack(path));
        }
        drop(file);
        objects.par_sort_unstable_by_key(|object| object.id);
        let index_bytes = write_index(&folder.join(INDEX), &objects, checksum, durability)?;
        Ok(WrittenPack {
            folder,
            checksum,
            objects: objects.len(),
            bytes: end + 20,
            index_bytes,
        })
    }

    fn failed(&self, what: &'static str) -> impl FnOnce(io::Error) -> WriteError + use<> {
        io_error(what, &self.folder.join(PACK))
    }
}

impl WrittenPack {
    /// Returns the name that git gives such a pack, without an ending.
    #[must_use]
    pub fn name(&self) -> String {
        format!("pack-{}", ObjectId::from_raw(self.checksum))
    }

    /// Returns how many objects the pack has.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.objects
    }

    /// Returns the length of the pack without its index.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns the length of the pack and its index together.
    #[must_use]
    pub fn bytes_with_index(&self) -> u64 {
        self.bytes + self.index_bytes
    }

    /// Returns where the pack and the index lie.
    #[must_use]
    pub fn files(&self) -> [PathBuf; 2] {
        [PACK, INDEX].map(|name| self.folder.join(name))
    }
}

/// Writes the index and returns its length.
fn write_index(
    path: &Path,
    objects: &[Indexed],
    pack_checksum: RawId,
    durability: Durability,
) -> Result<u64, WriteError> {
    let failed = |what| io_error(what, path);
    let mut out = BufWriter::with_capacity(CHUNK, create_new(path)?);
    let sum = pack_index_writer::write(&mut out, objects, pack_checksum).map_err(failed("write"))?;
    let file = out
        .into_inner()
        .map_err(|error| failed("write")(error.into_error()))?;
    sync(&file, durability).map_err(failed("sync"))?;
    let (length, checksum) = read_back(&file, |_| ()).map_err(failed("read back"))?;
    if checksum == sum {
        Ok(length)
    } else {
        Err(WriteError::FileNotReadBack(path.to_owned()))
    }
}

fn header(count: u32) -> [u8; 12] {
    let mut header = *b"PACK\0\0\0\x02\0\0\0\0";
    header[8..].copy_from_slice(&count.to_be_bytes());
    header
}

/// A file of a pack is never written to again, so its final mode is its mode from the beginning.
fn create_new(path: &Path) -> Result<File, WriteError> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o444);
    options.open(path).map_err(io_error("make", path))
}

fn sync(file: &File, durability: Durability) -> io::Result<()> {
    match durability {
        Durability::Synced => file.sync_all(),
        Durability::Unsynced => Ok(()),
    }
}

/// Reads a file from its beginning, hands on each part, and returns its length and the SHA-1 of all of it.
fn read_back(file: &File, mut part: impl FnMut(&[u8])) -> io::Result<(u64, RawId)> {
    let mut checksum = Sha1::new();
    let mut length = 0;
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = match file.read_at(&mut chunk, length) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        checksum.update(&chunk[..read]);
        part(&chunk[..read]);
        length += u64::try_from(read).expect("a chunk is short");
    }
    Ok((length, checksum.finalize().into()))
}

/// Reads a pack back and returns its checksum; `None` where it does not hold what was written. The objects are in the order in which
/// their entries lie, up to the pack's end.
fn checksum(file: &File, objects: &[Indexed], end: u64) -> io::Result<Option<RawId>> {
    let count = u32::try_from(objects.len()).map_err(io::Error::other)?;
    let header = (FIRST_ENTRY, crc32fast::hash(&header(count)));
    let entries = entry_lengths(objects, end).zip(objects.iter().map(|object| object.crc));
    let mut expected = Expected::new(std::iter::once(header).chain(entries));
    let (_, checksum) = read_back(file, |read| expected.follow(read))?;
    Ok(expected.is_met().then_some(checksum))
}

/// Returns the lengths of a pack's entries, which are in the order in which they lie, up to the pack's end.
fn entry_lengths(objects: &[Indexed], end: u64) -> impl Iterator<Item = u64> {
    let ends = objects.iter().skip(1).map(|next| next.offset);
    let ends = ends.chain(std::iter::once(end));
    objects.iter().zip(ends).map(|(object, end)| end - object.offset)
}

/// The parts that a file is to have one after another, by their lengths and CRC-32s, and what was read of it.
struct Expected<P> {
    /// The part that is being read: how much of it is left to read, and what its CRC-32 is to be.
    part: Option<(u64, u32)>,
    rest: P,
    crc: crc32fast::Hasher,
    is_met: bool,
}

impl<P: Iterator<Item = (u64, u32)>> Expected<P> {
    fn new(mut parts: P) -> Self {
        Self {
            part: parts.next(),
            rest: parts,
            crc: crc32fast::Hasher::new(),
            is_met: true,
        }
    }

    /// Takes what is read next.
    fn follow(&mut self, mut read: &[u8]) {
        while !read.is_empty() {
            let Some((left, crc)) = &mut self.part else {
                self.is_met = false;
                return;
            };
            let length = usize::try_from(*left).map_or(read.len(), |left| left.min(read.len()));
            let (now, after) = read.split_at(length);
            self.crc.update(now);
            *left -= u64::try_from(length).expect("a length in memory fits in 64 bits");
            if *left == 0 {
                self.is_met &= std::mem::take(&mut self.crc).finalize() == *crc;
                self.part = self.rest.next();
            }
            read = after;
        }
    }

    /// Tells whether the file had these parts and no more.
    fn is_met(&self) -> bool {
        self.is_met && self.part.is_none()
    }
}

/// The places of objects in a list, by their ids.
#[derive(Debug, Default)]
struct Known {
    places: HashTable<u32>,
}

impl Known {
    /// Adds the last object of the list.
    fn add(&mut self, objects: &[Indexed]) {
        let Some(last) = objects.len().checked_sub(1) else {
            return;
        };
        if self.places.len() == self.places.capacity() {
            self.places = HashTable::new(); // the old one is gone before the new one is there
            self.places = HashTable::with_capacity(objects.len() * 2);
            (0..last).for_each(|place| self.enter(objects, place));
        }
        self.enter(objects, last);
    }

    fn enter(&mut self, objects: &[Indexed], place: usize) {
        let hash = |place: &u32| hash(objects[*place as usize].id);
        let place = u32::try_from(place).expect("a pack has fewer than 2^31 objects");
        self.places.insert_unique(hash(&place), place, hash);
    }

    fn find(&self, objects: &[Indexed], id: ObjectId) -> Option<usize> {
        let is_it = |place: &u32| objects[*place as usize].id == id;
        self.places.find(hash(id), is_it).map(|place| *place as usize)
    }
}

/// An id is as good as random: its first bytes are its hash.
fn hash(id: ObjectId) -> u64 {
    let first = id.raw().first_chunk();
    u64::from_le_bytes(*first.expect("an id has twenty bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::{self, ObjectKind};
    use crate::platform::Deflater;
    use crate::storage::pack_entry::LEVEL;

    fn blob(text: &str) -> (ObjectId, PackEntry) {
        let id = object::hash(ObjectKind::Blob, text.as_bytes()).unwrap();
        let entry = PackEntry::whole(ObjectKind::Blob, text.as_bytes(), &mut Deflater::new(LEVEL));
        (id, entry)
    }

    #[test]
    fn an_object_is_written_once_and_found_among_thousands() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = PackWriter::create(folder.path()).unwrap();
        let (id, entry) = blob("twice");
        assert_eq!(writer.offset(id), None);
        let mut offsets = Vec::new();
        for number in 0..5000 {
            let (id, entry) = blob(&number.to_string());
            offsets.push((id, writer.write(id, &entry, None).unwrap()));
        }
        let first = writer.write(id, &entry, None).unwrap();
        let (count, bytes) = (writer.len(), writer.bytes());
        assert_eq!(writer.write(id, &entry, None).unwrap(), first);
        assert_eq!((writer.len(), writer.bytes()), (count, bytes));
        for (id, offset) in offsets {
            assert_eq!(writer.offset(id), Some(offset));
        }
        let pack = writer.finish(Durability::Unsynced).unwrap();
        assert_eq!((pack.objects(), pack.bytes()), (5001, bytes + 20));
    }

    #[test]
    fn a_file_that_does_not_hold_what_was_written_is_no_pack() {
        let folder = tempfile::tempdir().unwrap();
        for spoil in [0, 5, 12, 30] {
            let path = folder.path().join(spoil.to_string());
            fs::create_dir(&path).unwrap();
            let mut writer = PackWriter::create(&path).unwrap();
            let (id, entry) = blob("a text of which a byte is lost on the way to the disk");
            writer.write(id, &entry, None).unwrap();
            writer.file.flush().unwrap();
            writer.file.get_ref().write_all_at(b"?", spoil).unwrap();
            let finished = writer.finish(Durability::Unsynced);
            if spoil < 12 {
                assert!(finished.is_ok(), "the header is written at the end");
            } else {
                assert!(matches!(finished, Err(WriteError::FileNotReadBack(_))), "{spoil}");
            }
        }
        for (length, name) in [(20, "short"), (2000, "long")] {
            let path = folder.path().join(name);
            fs::create_dir(&path).unwrap();
            let mut writer = PackWriter::create(&path).unwrap();
            let (id, entry) = blob("a text that is cut off, or is not the last");
            writer.write(id, &entry, None).unwrap();
            writer.file.flush().unwrap();
            writer.file.get_ref().set_len(length).unwrap();
            let finished = writer.finish(Durability::Unsynced);
            assert!(matches!(finished, Err(WriteError::FileNotReadBack(_))), "{name}");
        }
    }
}
