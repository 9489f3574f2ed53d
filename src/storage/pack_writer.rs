//! Writing a pack and its index, entry by entry, where nobody sees them yet.
//!
//! The pack's header says how many objects there are, which is known only at the end. So what is written is hashed
//! on the way without the header; at the end the file is read back, has to have that hash, and its checksum is
//! computed from what was read.
//!
//! Memory: 32 bytes for each object, a quarter of that to grow into, and 5 to 11 bytes to find it by its id: 51 at
//! most. Besides, a few buffers of a MiB.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

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
    body: Sha1,
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
            body: Sha1::new(),
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
            self.body.update(bytes);
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
            body,
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
        let back = read_back(&file, end).map_err(failed("read back"))?;
        if back.length != end || back.header != header(count) || back.body != body.finalize().as_slice() {
            return Err(WriteError::FileNotReadBack(path));
        }
        let checksum = back.checksum;
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
    let back = read_back(&file, u64::MAX).map_err(failed("read back"))?;
    if back.checksum == sum {
        Ok(back.length)
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

/// What a file was found to hold.
struct Back {
    length: u64,
    /// Its first bytes.
    header: [u8; 12],
    /// The SHA-1 of all but its first bytes.
    body: RawId,
    /// The SHA-1 of all of it.
    checksum: RawId,
}

/// Reads at most so many bytes of a file from its beginning.
fn read_back(file: &File, most: u64) -> io::Result<Back> {
    let mut header = [0; 12];
    file.read_exact_at(&mut header, 0)?;
    let mut checksum = Sha1::new_with_prefix(header);
    let mut body = Sha1::new();
    let mut length = FIRST_ENTRY;
    let mut chunk = vec![0; CHUNK];
    while length < most {
        let wanted = usize::try_from(most - length).map_or(CHUNK, |rest| rest.min(CHUNK));
        let read = match file.read_at(&mut chunk[..wanted], length) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        checksum.update(&chunk[..read]);
        body.update(&chunk[..read]);
        length += u64::try_from(read).expect("a chunk is short");
    }
    Ok(Back {
        length,
        header,
        body: body.finalize().into(),
        checksum: checksum.finalize().into(),
    })
}

/// The places of objects in a list, by their ids: an id is as good as random, so its first bytes say in which slot
/// its place is kept, or in the next one that was free.
#[derive(Debug, Default)]
struct Known {
    /// Places, counted from 1; 0 is free.
    slots: Vec<u32>,
}

impl Known {
    /// Adds the last object of the list.
    fn add(&mut self, objects: &[Indexed]) {
        if objects.len() * 4 > self.slots.len() * 3 {
            let slots = (self.slots.len() * 2).max(1024);
            self.slots = Vec::new(); // the old ones are gone before the new ones are there
            self.slots = vec![0; slots];
            (0..objects.len()).for_each(|place| self.enter(objects, place));
        } else if let Some(last) = objects.len().checked_sub(1) {
            self.enter(objects, last);
        }
    }

    fn enter(&mut self, objects: &[Indexed], place: usize) {
        let mut slot = self.first_slot(objects[place].id);
        while self.slots[slot] != 0 {
            slot = (slot + 1) % self.slots.len();
        }
        self.slots[slot] = u32::try_from(place + 1).expect("a pack has fewer than 2^31 objects");
    }

    fn find(&self, objects: &[Indexed], id: ObjectId) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let mut slot = self.first_slot(id);
        loop {
            let place = self.slots[slot].checked_sub(1)? as usize;
            if objects[place].id == id {
                return Some(place);
            }
            slot = (slot + 1) % self.slots.len();
        }
    }

    fn first_slot(&self, id: ObjectId) -> usize {
        let [a, b, c, d, ..] = *id.raw();
        u32::from_le_bytes([a, b, c, d]) as usize % self.slots.len()
    }
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
        let path = folder.path().join("short");
        fs::create_dir(&path).unwrap();
        let mut writer = PackWriter::create(&path).unwrap();
        let (id, entry) = blob("a text that is cut off");
        writer.write(id, &entry, None).unwrap();
        writer.file.flush().unwrap();
        writer.file.get_ref().set_len(20).unwrap();
        let finished = writer.finish(Durability::Unsynced);
        assert!(matches!(finished, Err(WriteError::FileNotReadBack(_))));
    }
}
