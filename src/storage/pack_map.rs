//! The map of a pack: its entries in the order in which they lie, what each stands upon, and its kind. Only
//! headers are read for it, and every entry's CRC-32 is checked on the way.
//!
//! Memory: 22 bytes and one bit for each entry, besides the maps of the files themselves.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::id::{ObjectId, RawId};
use crate::object::ObjectKind;
use crate::storage::bits::Bits;
use crate::storage::finding::Damage;
use crate::storage::pack::{DEEPEST_CHAIN, EntryKind, FIRST_ENTRY, Pack, PackError};

/// Which of the two files has a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The `.idx` file.
    Index,
    /// The `.pack` file.
    Pack,
}

/// A fault of a pack or its index.
#[derive(Debug)]
pub struct PackFinding {
    /// The file.
    pub part: Part,
    /// Where in the pack the entry begins.
    pub offset: Option<u64>,
    /// The object, where it is known.
    pub id: Option<ObjectId>,
    /// What is wrong.
    pub what: Damage,
}

/// Whether checksums over the raw bytes are checked, for which all of them are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sums {
    /// They are.
    #[default]
    Checked,
    /// They are not: objects are hashed where they are read.
    Unchecked,
}

/// Takes the faults that a check finds.
pub type Report<'a> = dyn Fn(PackFinding) + Sync + 'a;

/// What an entry stands upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Footing {
    /// Nothing: it is a whole object.
    Whole,
    /// Another entry, by its number.
    Base(usize),
    /// Its header cannot be followed; this was reported.
    Broken,
}

const WHOLE: u32 = u32::MAX;
const BROKEN: u32 = u32::MAX - 1;

/// The kind of an entry as one byte: not found out yet, found to be none, or a place in [`ObjectKind::ALL`].
const UNKNOWN: u8 = 0xff;
const NONE: u8 = 0xfe;

/// The entries of a pack, numbered from 0 in the order in which they lie there.
#[derive(Debug)]
pub struct PackMap {
    offsets: Vec<u64>,
    end: u64,
    places: Vec<u32>,
    numbers: Vec<u32>,
    footings: Vec<u32>,
    kinds: Vec<u8>,
    bases: Bits,
    lookup: Lookup,
}

/// Where in an index the ids with the same first bits begin: some four of them for each value of the bits. A binary
/// search would touch a new page of memory at every step.
#[derive(Debug)]
struct Lookup {
    bits: u32,
    starts: Vec<u32>,
}

impl Lookup {
    fn of(ids: &[RawId]) -> Self {
        let bits = (ids.len() / 4).max(1).ilog2();
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        for (place, id) in (0..).zip(ids) {
            while starts.len() <= first_bits(id, bits) {
                starts.push(place);
            }
        }
        starts.resize((1 << bits) + 1, u32::try_from(ids.len()).unwrap_or(u32::MAX));
        Self { bits, starts }
    }

    fn find(&self, ids: &[RawId], id: &RawId) -> Option<usize> {
        let at = first_bits(id, self.bits);
        let range = self.starts[at] as usize..self.starts[at + 1] as usize;
        let found = ids.get(range.clone())?.iter().position(|known| known == id)?;
        Some(range.start + found)
    }
}

fn first_bits(id: &RawId, bits: u32) -> usize {
    let [a, b, c, d, ..] = *id;
    // 32 bits at most, shifted in 64 so that a shift by all of them is none too many.
    let first = u64::from(u32::from_be_bytes([a, b, c, d])) >> (32 - bits);
    usize::try_from(first).expect("at most 32 bits")
}

impl PackMap {
    /// Maps a pack and reports every fault of offsets, headers and, where they are to be checked, CRC-32s.
    pub fn of<B: AsRef<[u8]> + Sync>(pack: &Pack<B>, sums: Sums, report: &Report<'_>) -> Self {
        let mut map = Self::list(pack, report);
        map.read_headers(pack, sums, report);
        map.find_kinds();
        for number in 0..map.len() {
            if let Footing::Base(base) = map.footing(number) {
                map.bases.set(base);
            }
        }
        map
    }

    /// Returns the number of entries that can be read.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// Returns where an entry begins.
    #[must_use]
    pub fn offset(&self, number: usize) -> u64 {
        self.offsets[number]
    }

    /// Returns where an entry ends: where the next one begins.
    #[must_use]
    pub fn end(&self, number: usize) -> u64 {
        self.offsets.get(number + 1).copied().unwrap_or(self.end)
    }

    /// Returns the place in the index of an entry.
    #[must_use]
    pub fn place(&self, number: usize) -> usize {
        self.places[number] as usize
    }

    /// Returns the number of the entry at a place in the index; `None` where the index leads nowhere.
    fn number(&self, place: usize) -> Option<usize> {
        let number = *self.numbers.get(place)?;
        (number != BROKEN).then_some(number as usize)
    }

    /// Finds the entry of an object in this map's pack. An index that is out of order, which is reported elsewhere,
    /// may hide some.
    #[must_use]
    pub fn find<B: AsRef<[u8]>>(&self, pack: &Pack<B>, id: &RawId) -> Option<usize> {
        self.number(self.lookup.find(pack.index().ids(), id)?)
    }

    /// Returns what an entry stands upon.
    #[must_use]
    pub fn footing(&self, number: usize) -> Footing {
        match self.footings[number] {
            WHOLE => Footing::Whole,
            BROKEN => Footing::Broken,
            base => Footing::Base(base as usize),
        }
    }

    /// Returns the entry that an entry comes to stand upon: a whole object, or one that leads nowhere.
    #[must_use]
    pub fn root(&self, number: usize) -> usize {
        let mut number = number;
        for _ in 0..DEEPEST_CHAIN {
            match self.footing(number) {
                Footing::Base(base) => number = base,
                Footing::Whole | Footing::Broken => break,
            }
        }
        number
    }

    /// Returns the kind of an entry's object; `None` where its chain of deltas leads nowhere.
    #[must_use]
    pub fn kind(&self, number: usize) -> Option<ObjectKind> {
        ObjectKind::ALL.get(usize::from(self.kinds[number])).copied()
    }

    /// Tells whether a delta stands upon an entry.
    #[must_use]
    pub fn is_base(&self, number: usize) -> bool {
        self.bases.get(number)
    }

    /// Lists the entries that the index names, in pack order, and reports offsets that cannot be.
    fn list<B: AsRef<[u8]>>(pack: &Pack<B>, report: &Report<'_>) -> Self {
        let index = pack.index();
        let end = u64::try_from(pack.content().0.len()).unwrap_or(u64::MAX);
        let mut entries: Vec<(u64, u32)> = Vec::with_capacity(index.count());
        for place in 0..index.count() {
            let (offset, what) = match index.offset(place) {
                Ok(offset) if (FIRST_ENTRY..end).contains(&offset) => {
                    entries.push((offset, u32::try_from(place).expect("an index counts in 32 bits")));
                    continue;
                }
                Ok(offset) => (Some(offset), PackError::Outside.into()),
                Err(error) => (None, error.into()),
            };
            report(PackFinding {
                part: Part::Index,
                offset,
                id: id_at(pack, place),
                what,
            });
        }
        entries.par_sort_unstable();
        entries.dedup_by(|later, earlier| {
            let shared = later.0 == earlier.0;
            if shared {
                report(PackFinding {
                    part: Part::Index,
                    offset: Some(later.0),
                    id: id_at(pack, later.1 as usize),
                    what: PackError::Shared.into(),
                });
            }
            shared
        });
        let first = entries.first().map_or(end, |&(offset, _)| offset);
        if first != FIRST_ENTRY {
            report(PackFinding {
                part: Part::Pack,
                offset: Some(FIRST_ENTRY),
                id: None,
                what: PackError::Gap.into(),
            });
        }
        let mut numbers = vec![BROKEN; index.count()];
        for (number, &(_, place)) in (0..).zip(&entries) {
            numbers[place as usize] = number;
        }
        let count = entries.len();
        let (offsets, places) = entries.into_iter().unzip();
        Self {
            offsets,
            end,
            places,
            numbers,
            footings: Vec::new(),
            kinds: Vec::new(),
            bases: Bits::new(count),
            lookup: Lookup::of(index.ids()),
        }
    }

    /// Reads each entry's header, checks its CRC-32, and finds what it stands upon.
    fn read_headers<B: AsRef<[u8]> + Sync>(&mut self, pack: &Pack<B>, sums: Sums, report: &Report<'_>) {
        let faults = Mutex::new(Vec::new());
        let fault = |number: usize, what: PackError| {
            faults
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((number, what));
        };
        let read = |number: usize| {
            let raw = usize::try_from(self.offset(number))
                .ok()
                .zip(usize::try_from(self.end(number)).ok())
                .and_then(|(from, to)| pack.content().0.get(from..to))
                .unwrap_or_default();
            let is_wrong = || pack.index().crc(self.place(number)) != Some(crc32fast::hash(raw));
            if sums == Sums::Checked && is_wrong() {
                fault(number, PackError::Crc);
            }
            self.read_header(pack, number).unwrap_or_else(|what| {
                fault(number, what);
                (BROKEN, NONE)
            })
        };
        (self.footings, self.kinds) = (0..self.len())
            .into_par_iter()
            .with_min_len(1024)
            .map(read)
            .unzip();
        let mut faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
        faults.sort_by_key(|(number, _)| *number);
        for (number, what) in faults {
            report(self.finding(pack, number, what.into()));
        }
    }

    fn read_header<B: AsRef<[u8]>>(&self, pack: &Pack<B>, number: usize) -> Result<(u32, u8), PackError> {
        let base = match pack.entry(self.offset(number))?.kind {
            EntryKind::Whole(kind) => return Ok((WHOLE, kind as u8)),
            EntryKind::OffsetDelta(base) => base,
            EntryKind::IdDelta(base) => pack.base_offset(base)?,
        };
        let number = self
            .offsets
            .binary_search(&base)
            .map_err(|_| PackError::BaseUnlisted(base))?;
        Ok((u32::try_from(number).expect("a pack counts in 32 bits"), UNKNOWN))
    }

    /// Gives each delta the kind of the whole object that it leads to.
    fn find_kinds(&mut self) {
        let mut path = Vec::new();
        for start in 0..self.len() {
            let mut number = start;
            while self.kinds[number] == UNKNOWN {
                // An entry that leads back to itself leads to no kind.
                self.kinds[number] = NONE;
                path.push(number);
                match self.footing(number) {
                    Footing::Base(base) => number = base,
                    Footing::Whole | Footing::Broken => break,
                }
            }
            let kind = self.kinds[number];
            for number in path.drain(..) {
                self.kinds[number] = kind;
            }
        }
    }

    /// Returns a finding about an entry.
    pub fn finding<B: AsRef<[u8]>>(&self, pack: &Pack<B>, number: usize, what: Damage) -> PackFinding {
        PackFinding {
            part: Part::Pack,
            offset: Some(self.offset(number)),
            id: id_at(pack, self.place(number)),
            what,
        }
    }
}

/// Returns the id at a place in a pack's index.
pub fn id_at<B: AsRef<[u8]>>(pack: &Pack<B>, place: usize) -> Option<ObjectId> {
    pack.index().ids().get(place).copied().map(ObjectId::from_raw)
}
