//! What git keeps beside its objects so that it need not read them: the commit-graph, the index over several packs, and the
//! order of the objects in a pack. Git shows what they say, also where the objects say something else; so they are held against
//! the objects and against the packs' own indexes.
//!
//! Filters by path and bitmaps are not looked into, but that a file has the checksum with which it ends.
//!
//! Source of the forms: git's documentation, `gitformat-chunk`, `gitformat-commit-graph` and `gitformat-pack`.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use memmap2::Mmap;
use sha1::{Digest, Sha1};

use crate::id::{CommitId, ObjectId, RawId};
use crate::storage::file::{self, FileError};
use crate::storage::inventory::Inventory;
use crate::storage::pack_index::IndexError;

pub use self::commit_graph::Part;

mod beside_pack;
mod commit_graph;
mod multi_pack_index;

/// How long it takes until files that another program seems to be writing are looked at again.
const MOTION: Duration = Duration::from_millis(10);

/// The longest list of the files of a chain: some 1,500 of them.
const LONGEST_CHAIN: usize = 64 << 10;

/// A file that is not what the objects say.
#[derive(Debug, Clone)]
pub struct CacheFinding {
    /// The file, relative to the `objects` folder.
    pub path: PathBuf,
    /// What is wrong.
    pub fault: CacheFault,
}

impl CacheFinding {
    fn is_missing(&self) -> bool {
        matches!(&self.fault, CacheFault::File(error) if error.is_missing())
    }
}

/// What is wrong with a file that git keeps beside its objects.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CacheFault {
    /// It cannot be read.
    #[error("is a file that git would read and that cannot be checked")]
    File(#[from] FileError),
    /// It is not of git's form.
    #[error("is not as git writes it: {0}")]
    Form(&'static str),
    /// The checksum at the end of the file is not that of the file.
    #[error("does not have the checksum it ends with")]
    Checksum,
    /// It says something else of a commit than that says itself.
    #[error("gives commit {commit} {part} that is not its own")]
    Commit {
        /// The commit.
        commit: CommitId,
        /// What of it.
        part: Part,
    },
    /// It names a pack of which there is no index.
    #[error("names a pack whose index cannot be read: {0:?}")]
    Pack(String, #[source] Arc<PackFault>),
    /// It finds an object elsewhere than the pack's own index.
    #[error("finds object {0} elsewhere than the index of its pack")]
    Place(ObjectId),
    /// It belongs to another pack than the one that it stands beside.
    #[error("is that of another pack")]
    OtherPack,
    /// It gives the objects of a pack in another order than they have there.
    #[error("gives the objects of its pack in another order than theirs")]
    Order,
    /// It leaves out an object of a pack that it names.
    #[error("leaves out object {0}, which its packs have")]
    LeftOut(ObjectId),
}

/// Why a pack's own index cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PackFault {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// What is in it.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl CacheFault {
    /// Tells whether nothing is known of the file, because the operating system did not give what is asked for.
    #[must_use]
    pub fn is_system_error(&self) -> bool {
        match self {
            Self::File(error) => error.is_system_error(),
            Self::Pack(_, fault) => matches!(&**fault, PackFault::File(error) if error.is_system_error()),
            _ => false,
        }
    }
}

/// Holds what git keeps beside the objects of a store against them; of each file the first fault is told. Another program may
/// be writing such a file: what is found has to be there a second time.
#[must_use]
pub fn check(inventory: &Inventory, is_stopped: &(dyn Fn() -> bool + Sync)) -> Vec<CacheFinding> {
    let found = look(inventory, is_stopped);
    if found.is_empty() {
        return found;
    }
    std::thread::sleep(MOTION);
    look(inventory, is_stopped)
}

/// As [`check`], of the files as they are at one moment.
#[must_use]
pub fn look(inventory: &Inventory, is_stopped: &(dyn Fn() -> bool + Sync)) -> Vec<CacheFinding> {
    let folder = inventory.folder();
    let mut found = Vec::new();
    let mut judge = |layers: Result<Vec<Layer>, CacheFinding>, of: Kind| {
        let judged = layers.and_then(|layers| match of {
            Kind::Graph => commit_graph::check(inventory, &layers, is_stopped),
            Kind::Packs => multi_pack_index::check(folder, &layers, is_stopped),
        });
        found.extend(judged.err());
    };
    for of in [Kind::Graph, Kind::Packs] {
        judge(single(folder, of), of);
        judge(chain(folder, of), of);
    }
    found.extend(beside_pack::check(inventory, is_stopped));
    found
}

/// Which of the two.
#[derive(Clone, Copy)]
enum Kind {
    Graph,
    Packs,
}

impl Kind {
    /// Returns the file, where there is one alone.
    fn file(self) -> &'static str {
        match self {
            Self::Graph => "info/commit-graph",
            Self::Packs => "pack/multi-pack-index",
        }
    }

    /// Returns the list of several files.
    fn list(self) -> &'static str {
        match self {
            Self::Graph => "info/commit-graphs/commit-graph-chain",
            Self::Packs => "pack/multi-pack-index.d/multi-pack-index-chain",
        }
    }

    /// Returns one of several, which is named by its checksum.
    fn layer(self, sum: ObjectId) -> PathBuf {
        let name = match self {
            Self::Graph => format!("graph-{sum}.graph"),
            Self::Packs => format!("multi-pack-index-{sum}.midx"),
        };
        Path::new(self.list()).with_file_name(name)
    }
}

/// A file, mapped.
struct Layer {
    path: PathBuf,
    map: Mmap,
}

impl Layer {
    fn open(folder: &Path, path: PathBuf) -> Result<Self, CacheFinding> {
        match file::map(&folder.join(&path)) {
            Ok(map) => Ok(Self { path, map }),
            Err(error) => Err(CacheFinding {
                path,
                fault: error.into(),
            }),
        }
    }

    fn finding(&self, fault: CacheFault) -> CacheFinding {
        CacheFinding {
            path: self.path.clone(),
            fault,
        }
    }
}

/// Opens the file that stands alone; none where there is none.
fn single(folder: &Path, of: Kind) -> Result<Vec<Layer>, CacheFinding> {
    match Layer::open(folder, of.file().into()) {
        Ok(layer) => Ok(vec![layer]),
        Err(finding) if finding.is_missing() => Ok(Vec::new()),
        Err(finding) => Err(finding),
    }
}

/// Opens the files of a chain, the lowest first; none where there is none.
fn chain(folder: &Path, of: Kind) -> Result<Vec<Layer>, CacheFinding> {
    let failed = |fault| CacheFinding {
        path: of.list().into(),
        fault,
    };
    let list = match file::read(&folder.join(of.list()), LONGEST_CHAIN) {
        Ok(list) => list,
        Err(error) if error.is_missing() => return Ok(Vec::new()),
        Err(error) => return Err(failed(error.into())),
    };
    let mut layers = Vec::new();
    for line in String::from_utf8_lossy(&list).lines() {
        let sum: ObjectId = line
            .parse()
            .map_err(|_| failed(CacheFault::Form("a line is no checksum")))?;
        let layer = match Layer::open(folder, of.layer(sum)) {
            Err(finding) if finding.is_missing() => {
                return Err(failed(CacheFault::Form("a file that it names is not there")));
            }
            layer => layer?,
        };
        if !layer.map.ends_with(sum.raw()) {
            return Err(layer.finding(CacheFault::Checksum));
        }
        layers.push(layer);
    }
    Ok(layers)
}

/// The parts of such a file, by their names.
struct Chunks<'a>(Vec<([u8; 4], &'a [u8])>);

impl<'a> Chunks<'a> {
    /// Reads the table of a file that begins with some bytes of its own and ends with a checksum, which is checked.
    fn read(file: &'a [u8], head: usize, count: u8) -> Result<Self, CacheFault> {
        let (content, sum) = file.split_last_chunk::<20>().ok_or(SHORT)?;
        if Sha1::digest(content).as_slice() != sum {
            return Err(CacheFault::Checksum);
        }
        let table = content.get(head..).unwrap_or_default().as_chunks::<12>().0;
        let rows = table.get(..=usize::from(count)).ok_or(SHORT)?;
        let rows: Vec<([u8; 4], u64)> = rows.iter().map(row).collect();
        let mut chunks: Vec<([u8; 4], &[u8])> = Vec::new();
        for (&(name, begin), &(next, end)) in rows.iter().zip(rows.iter().skip(1)) {
            let is_last = chunks.len() + 1 == usize::from(count);
            let is_new = name != [0; 4] && chunks.iter().all(|(known, _)| *known != name);
            if !is_new || (next == [0; 4]) != is_last {
                return Err(CacheFault::Form("its table of parts is malformed"));
            }
            let range = range(begin, end).and_then(|range| content.get(range));
            let chunk = range.ok_or(CacheFault::Form("a part lies outside of it"))?;
            chunks.push((name, chunk));
        }
        Ok(Self(chunks))
    }

    fn find(&self, name: [u8; 4]) -> Option<&'a [u8]> {
        let Self(chunks) = self;
        let (_, chunk) = chunks.iter().find(|(known, _)| *known == name)?;
        Some(chunk)
    }

    /// Returns a part that consists of rows of `N` bytes; none where there is no such part.
    fn rows<const N: usize>(&self, name: [u8; 4]) -> Result<&'a [[u8; N]], CacheFault> {
        match self.find(name).unwrap_or_default().as_chunks() {
            (rows, []) => Ok(rows),
            _ => Err(CacheFault::Form("a part is cut short")),
        }
    }

    /// Returns the ids, which have to be in order, with a table that says where those with each first byte end.
    fn ids(&self) -> Result<&'a [RawId], CacheFault> {
        let ids: &[RawId] = self.rows(*b"OIDL")?;
        if !ids.is_sorted_by(|one, next| one < next) {
            return Err(CacheFault::Form("its ids are out of order"));
        }
        let ends: &[[u8; 4]] = self.rows(*b"OIDF")?;
        let is_end = |(first, end): (u8, &[u8; 4])| {
            let own = ids.partition_point(|id| id[0] <= first);
            usize::try_from(u32::from_be_bytes(*end)) == Ok(own)
        };
        if ends.len() == 256 && (0..=255).zip(ends).all(is_end) {
            Ok(ids)
        } else {
            Err(CacheFault::Form("its fan-out table is not that of its ids"))
        }
    }
}

const SHORT: CacheFault = CacheFault::Form("it is cut short");

fn row(row: &[u8; 12]) -> ([u8; 4], u64) {
    let [a, b, c, d, offset @ ..] = *row;
    ([a, b, c, d], u64::from_be_bytes(offset))
}

fn range(begin: u64, end: u64) -> Option<Range<usize>> {
    Some(usize::try_from(begin).ok()?..usize::try_from(end).ok()?)
}
