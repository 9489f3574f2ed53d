//! The commit-graph: tree, parents and date of each commit, which git takes from there in place of the commit itself, and how
//! far each is from the first ones, by which git leaves out commits that it need not visit.
//!
//! A commit that it has and the store has not is no fault: nothing leads to it but what is compared.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::{CacheFault, CacheFinding, Chunks, Layer, SHORT};
use crate::date::RevisionDate;
use crate::id::{CommitId, RawId};
use crate::object::foreign::ForeignCommit;
use crate::object::{Hashing, ObjectKind};
use crate::storage::inventory::Inventory;
use crate::storage::reader::Reader;

/// In the place of a parent: there is none.
const NO_PARENT: u32 = 0x7000_0000;

/// In the place of the second parent: where in the list of edges it and the others are. In that list: the last one.
const MARK: u32 = 1 << 31;

/// The highest level; what is above it is not told apart.
const HIGHEST: u32 = 0x3fff_ffff;

/// How many objects of the store one thread takes in a row.
const STRETCH: usize = 4096;

/// What a commit-graph says of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The tree.
    Tree,
    /// The parents.
    Parents,
    /// When it was committed.
    Date,
    /// The length of the longest way to a first commit.
    Level,
    /// The date, or the next moment after the latest one of its parents.
    Corrected,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Tree => "a tree",
            Self::Parents => "a parent",
            Self::Date => "a date",
            Self::Level => "a generation",
            Self::Corrected => "a corrected date",
        })
    }
}

/// One file.
struct Graph<'a> {
    /// How many commits the files below have.
    before: usize,
    ids: &'a [RawId],
    rows: &'a [[u8; 36]],
    edges: &'a [[u8; 4]],
    /// How far the corrected date is from the date.
    corrections: &'a [[u8; 4]],
    /// Where that takes more than 31 bits.
    larger: &'a [[u8; 8]],
}

impl<'a> Graph<'a> {
    /// Reads a file that stands upon `below` others, with `before` commits.
    fn parse(file: &'a [u8], below: usize, before: usize) -> Result<Self, CacheFault> {
        let head: &[u8; 8] = file.first_chunk().ok_or(SHORT)?;
        let [b'C', b'G', b'P', b'H', 1, 1, count, bases] = *head else {
            return Err(CacheFault::Form("it is no commit-graph of version 1 over SHA-1"));
        };
        if usize::from(bases) != below {
            return Err(CacheFault::Form("it stands upon other files than are there"));
        }
        let chunks = Chunks::read(file, head.len(), count)?;
        let graph = Self {
            before,
            ids: chunks.ids()?,
            rows: chunks.rows(*b"CDAT")?,
            edges: chunks.rows(*b"EDGE")?,
            corrections: chunks.rows(*b"GDA2")?,
            larger: chunks.rows(*b"GDO2")?,
        };
        let count = graph.ids.len();
        let is_whole = chunks.find(*b"GDA2").is_none() || graph.corrections.len() == count;
        if graph.rows.len() == count && is_whole {
            Ok(graph)
        } else {
            Err(CacheFault::Form("it has another number of ids than of commits"))
        }
    }

    fn number(&self, place: usize, at: usize) -> Option<u32> {
        let bytes = self.rows.get(place)?.get(at..)?.first_chunk()?;
        Some(u32::from_be_bytes(*bytes))
    }

    fn level(&self, place: usize) -> Option<u32> {
        Some(self.number(place, 28)? >> 2)
    }

    fn date(&self, place: usize) -> Option<u64> {
        let high = u64::from(self.number(place, 28)? & 3);
        Some(high << 32 | u64::from(self.number(place, 32)?))
    }

    fn corrected(&self, place: usize) -> Option<u64> {
        let correction = u32::from_be_bytes(*self.corrections.get(place)?);
        let correction = if correction & MARK == 0 {
            u64::from(correction)
        } else {
            let place = usize::try_from(correction & !MARK).ok()?;
            u64::from_be_bytes(*self.larger.get(place)?)
        };
        self.date(place)?.checked_add(correction)
    }
}

/// The files of a chain, the lowest first; or the one that stands alone.
struct Chain<'a> {
    graphs: Vec<Graph<'a>>,
    /// Whether there are levels: git of before 2018 wrote none.
    has_levels: bool,
    /// Whether each file has corrected dates: else git uses none.
    has_corrections: bool,
    /// Whether the date of some commit is none that a revision could have: git counts from those with fewer bits than they take.
    has_odd_dates: AtomicBool,
}

/// Holds the files of a chain against the commits of the store.
pub fn check(
    inventory: &Inventory,
    layers: &[Layer],
    is_stopped: &(dyn Fn() -> bool + Sync),
) -> Result<(), CacheFinding> {
    let mut graphs: Vec<Graph<'_>> = Vec::new();
    for layer in layers {
        let before = graphs.last().map_or(0, |below| below.before + below.ids.len());
        let graph = Graph::parse(&layer.map, graphs.len(), before);
        graphs.push(graph.map_err(|fault| layer.finding(fault))?);
    }
    if graphs.iter().all(|graph| graph.ids.is_empty()) {
        return Ok(());
    }
    let has_levels = |graph: &Graph<'_>| (0..graph.ids.len()).any(|place| graph.level(place) != Some(0));
    let chain = Chain {
        has_levels: graphs.iter().any(has_levels),
        has_corrections: graphs
            .iter()
            .all(|graph| graph.corrections.len() == graph.ids.len()),
        has_odd_dates: AtomicBool::new(false),
        graphs,
    };
    let stretches = (0..inventory.len().div_ceil(STRETCH)).into_par_iter();
    let found = stretches.map_init(
        || Reader::new(inventory, Hashing::Sha1),
        |reader, stretch| chain.compare_stretch(reader, inventory, stretch, is_stopped),
    );
    let found: Vec<Vec<(usize, CommitId, Part)>> = found.collect();
    let has_odd_dates = chain.has_odd_dates.load(Ordering::Relaxed);
    let counts = |(.., part): &(usize, CommitId, Part)| *part != Part::Corrected || !has_odd_dates;
    match found.into_iter().flatten().find(counts) {
        None => Ok(()),
        Some((layer, commit, part)) => Err(layers[layer].finding(CacheFault::Commit { commit, part })),
    }
}

impl Chain<'_> {
    /// Compares the commits among some of the store's objects; tells the file, the commit and the part of each that differs.
    fn compare_stretch(
        &self,
        reader: &mut Reader<'_>,
        inventory: &Inventory,
        stretch: usize,
        is_stopped: &(dyn Fn() -> bool + Sync),
    ) -> Vec<(usize, CommitId, Part)> {
        let mut found = Vec::new();
        let first = stretch * STRETCH;
        for number in first..inventory.len().min(first + STRETCH) {
            let kind = inventory.kind(number);
            if is_stopped() || kind.is_some_and(|kind| kind != ObjectKind::Commit) {
                continue;
            }
            let id = inventory.id(number);
            for (layer, graph) in self.graphs.iter().enumerate() {
                let Ok(place) = graph.ids.binary_search(id.raw()) else {
                    continue;
                };
                // What cannot be read is told where all objects are checked.
                let Some(body) = reader.read(number, id, ObjectKind::Commit) else {
                    continue;
                };
                if let Ok(commit) = ForeignCommit::parse(&body)
                    && let Some(part) = self.differs(graph, place, &commit)
                {
                    found.push((layer, CommitId::from_raw(*id.raw()), part));
                }
            }
        }
        found
    }

    /// Tells what an entry says of a commit that is not so.
    fn differs(&self, graph: &Graph<'_>, place: usize, commit: &ForeignCommit<'_>) -> Option<Part> {
        let row = graph.rows.get(place)?;
        if !row.starts_with(commit.tree.raw()) {
            return Some(Part::Tree);
        }
        let Some(parents) = self.parents(graph, place, commit) else {
            return Some(Part::Parents);
        };
        let seconds = commit.committer().date.map(RevisionDate::seconds);
        match seconds.and_then(|seconds| u64::try_from(seconds).ok()) {
            Some(seconds) => {
                if graph.date(place) != Some(seconds) {
                    return Some(Part::Date);
                }
            }
            None => self.has_odd_dates.store(true, Ordering::Relaxed),
        }
        let levels = parents.iter().map(|(graph, place)| graph.level(*place));
        let level = levels.max().flatten().unwrap_or(0).saturating_add(1);
        if self.has_levels && graph.level(place) != Some(level.min(HIGHEST)) {
            return Some(Part::Level);
        }
        let latest = parents.iter().map(|(graph, place)| graph.corrected(*place));
        let latest = latest.max().flatten().unwrap_or(0);
        let date = graph.date(place).filter(|date| *date > latest);
        let corrected = date.or_else(|| latest.checked_add(1));
        (self.has_corrections && graph.corrected(place) != corrected).then_some(Part::Corrected)
    }

    /// Finds the entries of an entry's parents; `None` where they are not those of the commit.
    fn parents(
        &self,
        graph: &Graph<'_>,
        place: usize,
        commit: &ForeignCommit<'_>,
    ) -> Option<Vec<(&Graph<'_>, usize)>> {
        let (first, second) = (graph.number(place, 20)?, graph.number(place, 24)?);
        let mut positions = Vec::new();
        if first != NO_PARENT {
            positions.push(first);
            if second & MARK != 0 {
                let start = usize::try_from(second & !MARK).ok()?;
                // No more of them than the commit has, however long the list is.
                let edges = graph.edges.get(start..)?.iter().take(commit.parents.len());
                let edges: Vec<u32> = edges.map(|edge| u32::from_be_bytes(*edge)).collect();
                let end = edges.iter().position(|edge| edge & MARK != 0)?;
                positions.extend(edges[..=end].iter().map(|edge| edge & !MARK));
            } else if second != NO_PARENT {
                positions.push(second);
            }
        }
        let found: Option<Vec<_>> = positions.into_iter().map(|position| self.at(position)).collect();
        let found = found?;
        let ids = found.iter().map(|(graph, place)| graph.ids.get(*place));
        ids.eq(commit.parents.iter().map(|parent| Some(parent.raw())))
            .then_some(found)
    }

    /// Finds an entry by its position in the chain.
    fn at(&self, position: u32) -> Option<(&Graph<'_>, usize)> {
        let position = usize::try_from(position).ok()?;
        let after = self.graphs.partition_point(|graph| graph.before <= position);
        let graph = self.graphs[..after].last()?;
        let place = position - graph.before;
        (place < graph.ids.len()).then_some((graph, place))
    }
}
