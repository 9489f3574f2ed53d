//! The check of one pack and its index, from the raw bytes: every checksum, every entry, every id.
//!
//! Deltas are walked by family: a base is inflated once, then everything that builds upon it. The heaviest
//! branch of a family comes last, when its base is no longer needed; so at most as many bases are held at a
//! time as the number of entries has binary digits, and of those only [`MOST_HELD`] bytes: a base that was let
//! go is read again. Memory is therefore bounded by [`MOST_HELD`], three objects of the largest size (base,
//! delta, result), and some hundred bytes for each entry of the pack.

use std::ops::ControlFlow;

use sha1::{Digest, Sha1};

use crate::id::ObjectId;
use crate::object::{self, Object};
use crate::platform::Inflater;
use crate::storage::delta;
use crate::storage::finding::Damage;
use crate::storage::pack::{DEEPEST_CHAIN, EntryKind, FIRST_ENTRY, Pack, PackError};

/// The most bytes of bases held for entries that are still to come.
pub const MOST_HELD: usize = 128 << 20;

/// What is told of each good object; `Break` ends the check.
pub type Visit<'a> = dyn FnMut(ObjectId, &Object) -> ControlFlow<()> + 'a;

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

/// Checks a pack and its index, reports every fault, and shows each good object.
pub fn check<B: AsRef<[u8]>>(
    pack: &Pack<B>,
    report: &mut dyn FnMut(PackFinding),
    visit: &mut Visit<'_>,
) -> ControlFlow<()> {
    check_within(MOST_HELD, pack, report, visit)
}

/// Checks as [`check`] does, with another bound on the bytes of bases held.
fn check_within<B: AsRef<[u8]>>(
    most_held: usize,
    pack: &Pack<B>,
    report: &mut dyn FnMut(PackFinding),
    visit: &mut Visit<'_>,
) -> ControlFlow<()> {
    for (id, error) in pack.index().check() {
        report(PackFinding {
            part: Part::Index,
            offset: None,
            id,
            what: error.into(),
        });
    }
    let (content, sum) = pack.content();
    let whole = |what: PackError| PackFinding {
        part: Part::Pack,
        offset: None,
        id: None,
        what: what.into(),
    };
    if Sha1::digest(content).as_slice() != sum {
        report(whole(PackError::Checksum));
    }
    if pack.index().pack_checksum().as_ref() != Some(sum) {
        report(whole(PackError::OtherPack));
    }
    let mut families = Families {
        pack,
        nodes: Vec::new(),
        children: Vec::new(),
        most_held,
        inflater: Inflater::new(),
        report,
        visit,
    };
    families.list();
    families.find_bases();
    let roots = families.arrange();
    roots.into_iter().try_for_each(|root| families.walk(root))
}

/// Checks the id of an object.
///
/// # Errors
/// [`Damage`] where it has another one, or bytes prepared to have the same as others.
pub(super) fn check_id(id: ObjectId, object: &Object) -> Result<(), Damage> {
    let found = object::hash(object.kind, &object.body)?;
    if found == id {
        Ok(())
    } else {
        Err(Damage::OtherId(found))
    }
}

/// What an entry stands upon.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Footing {
    /// Nothing: it is a whole object.
    Whole,
    /// Another entry, by its number in pack order.
    Base(usize),
    /// It was reported already and is not read.
    Broken,
}

struct Node {
    offset: u64,
    /// Where the next entry begins.
    end: u64,
    /// Place in the index.
    place: usize,
    footing: Footing,
    /// Range of its children in the common list.
    first_child: usize,
    last_child: usize,
}

/// The entries of a pack in the order in which they lie there, as trees of deltas.
struct Families<'a, 'v, B> {
    pack: &'a Pack<B>,
    nodes: Vec<Node>,
    children: Vec<usize>,
    most_held: usize,
    inflater: Inflater,
    report: &'a mut dyn FnMut(PackFinding),
    visit: &'a mut Visit<'v>,
}

impl<B: AsRef<[u8]>> Families<'_, '_, B> {
    /// Lists the entries that the index names, in pack order, and reports offsets that cannot be.
    fn list(&mut self) {
        let index = self.pack.index();
        let end = u64::try_from(self.pack.content().0.len()).unwrap_or(u64::MAX);
        let mut places = Vec::with_capacity(index.count());
        for place in 0..index.count() {
            let (offset, what) = match index.offset(place) {
                Ok(offset) if (FIRST_ENTRY..end).contains(&offset) => {
                    places.push((offset, place));
                    continue;
                }
                Ok(offset) => (Some(offset), PackError::Outside.into()),
                Err(error) => (None, error.into()),
            };
            (self.report)(PackFinding {
                part: Part::Index,
                offset,
                id: id_at(self.pack, place),
                what,
            });
        }
        places.sort_unstable();
        places.dedup_by(|later, earlier| {
            let shared = later.0 == earlier.0;
            if shared {
                (self.report)(PackFinding {
                    part: Part::Index,
                    offset: Some(later.0),
                    id: id_at(self.pack, later.1),
                    what: PackError::Shared.into(),
                });
            }
            shared
        });
        let first = places.first().map_or(end, |&(offset, _)| offset);
        if first != FIRST_ENTRY {
            (self.report)(PackFinding {
                part: Part::Pack,
                offset: Some(FIRST_ENTRY),
                id: None,
                what: PackError::Gap.into(),
            });
        }
        let ends = places
            .iter()
            .skip(1)
            .map(|&(offset, _)| offset)
            .chain([end])
            .collect::<Vec<_>>();
        self.nodes = places
            .iter()
            .zip(ends)
            .map(|(&(offset, place), end)| Node {
                offset,
                end,
                place,
                footing: Footing::Broken,
                first_child: 0,
                last_child: 0,
            })
            .collect();
    }

    /// Reads each entry's header, checks its CRC-32, and finds what it stands upon.
    fn find_bases(&mut self) {
        for number in 0..self.nodes.len() {
            let Node {
                offset, end, place, ..
            } = self.nodes[number];
            let raw = usize::try_from(offset)
                .ok()
                .zip(usize::try_from(end).ok())
                .and_then(|(from, to)| self.pack.content().0.get(from..to))
                .unwrap_or_default();
            if self.pack.index().crc(place) != Some(crc32fast::hash(raw)) {
                self.fault(number, PackError::Crc);
            }
            match self.footing(offset) {
                Ok(footing) => self.nodes[number].footing = footing,
                Err(what) => self.fault(number, what),
            }
        }
    }

    fn footing(&self, offset: u64) -> Result<Footing, PackError> {
        let base = match self.pack.entry(offset)?.kind {
            EntryKind::Whole(_) => return Ok(Footing::Whole),
            EntryKind::OffsetDelta(base) => base,
            EntryKind::IdDelta(base) => self.pack.base_offset(base)?,
        };
        self.nodes
            .binary_search_by_key(&base, |node| node.offset)
            .map(Footing::Base)
            .map_err(|_| PackError::BaseUnlisted(base))
    }

    /// Gives each entry its children, the heaviest family last; reports entries that stand upon broken ones,
    /// upon too many, or upon themselves; and returns the whole objects.
    fn arrange(&mut self) -> Vec<usize> {
        let count = self.nodes.len();
        self.count_children();
        self.children = vec![0; self.nodes.last().map_or(0, |node| node.last_child)];
        let mut next: Vec<usize> = self.nodes.iter().map(|node| node.first_child).collect();
        for number in 0..count {
            if let Footing::Base(base) = self.nodes[number].footing {
                self.children[next[base]] = number;
                next[base] += 1;
            }
        }
        drop(next);

        let is_start = |node: &Node| !matches!(node.footing, Footing::Base(_));
        let mut order: Vec<usize> = (0..count)
            .filter(|&number| is_start(&self.nodes[number]))
            .collect();
        let roots = order
            .iter()
            .copied()
            .filter(|&number| self.nodes[number].footing == Footing::Whole)
            .collect();
        let mut depth = vec![0_usize; count];
        let mut bases = vec![None; count];
        let mut reached = 0;
        while let Some(&number) = order.get(reached) {
            reached += 1;
            for child in self.children_of(number) {
                let child = self.children[child];
                order.push(child);
                bases[child] = Some(number);
                depth[child] = depth[number] + 1;
                let what = if depth[child] > DEEPEST_CHAIN {
                    PackError::TooDeep
                } else if self.nodes[number].footing == Footing::Broken {
                    PackError::BaseDamaged
                } else {
                    continue;
                };
                self.nodes[child].footing = Footing::Broken;
                self.fault(child, what);
            }
        }
        let mut weight = vec![0_usize; count];
        for &number in order.iter().rev() {
            weight[number] += 1;
            if let Some(base) = bases[number] {
                weight[base] += weight[number];
            }
        }
        for number in 0..count {
            if weight[number] == 0 {
                self.fault(number, PackError::Cycle);
            }
            let range = self.children_of(number);
            self.children[range].sort_by_key(|&child| weight[child]);
        }
        roots
    }

    /// Lays out the ranges of children, one after another.
    fn count_children(&mut self) {
        let mut counts = vec![0_usize; self.nodes.len()];
        for node in &self.nodes {
            if let Footing::Base(base) = node.footing {
                counts[base] += 1;
            }
        }
        let mut at = 0;
        for (node, count) in self.nodes.iter_mut().zip(counts) {
            node.first_child = at;
            at += count;
            node.last_child = at;
        }
    }

    fn children_of(&self, number: usize) -> std::ops::Range<usize> {
        self.nodes[number].first_child..self.nodes[number].last_child
    }

    /// Reads a whole object and everything that builds upon it.
    fn walk(&mut self, root: usize) -> ControlFlow<()> {
        let object = match self.whole(root) {
            Ok(object) => object,
            Err(what) => {
                self.fault_of_family(root, what);
                return ControlFlow::Continue(());
            }
        };
        self.judge(root, &object)?;
        let mut held = Held {
            branches: Vec::new(),
            bytes: 0,
            most: self.most_held,
        };
        held.push(self.branch(root, object));
        while let Some(mut branch) = held.pop() {
            let Some(child) = branch.rest.next() else { continue };
            let child = self.children[child];
            if self.nodes[child].footing == Footing::Broken {
                held.push(branch);
                continue;
            }
            let base = match branch.object.take() {
                Some(base) => base,
                None => match self
                    .pack
                    .read_at(self.nodes[branch.number].offset, &mut self.inflater)
                {
                    Ok(base) => base,
                    Err(fault) => {
                        self.fault_of_family(child, fault.what);
                        held.push(branch);
                        continue;
                    }
                },
            };
            let result = self.delta(child, &base);
            if !branch.rest.is_empty() {
                branch.object = Some(base);
                held.push(branch);
            }
            match result {
                Ok(object) => {
                    self.judge(child, &object)?;
                    held.push(self.branch(child, object));
                }
                Err(what) => self.fault_of_family(child, what),
            }
        }
        ControlFlow::Continue(())
    }

    fn branch(&self, number: usize, object: Object) -> Branch {
        Branch {
            number,
            rest: self.children_of(number),
            object: Some(object),
        }
    }

    fn whole(&mut self, number: usize) -> Result<Object, PackError> {
        match self.pack.entry(self.nodes[number].offset)?.kind {
            EntryKind::Whole(kind) => Ok(Object {
                kind,
                body: self.stream(number)?,
            }),
            EntryKind::OffsetDelta(_) | EntryKind::IdDelta(_) => Err(PackError::BaseDamaged),
        }
    }

    fn delta(&mut self, number: usize, base: &Object) -> Result<Object, PackError> {
        let delta = self.stream(number)?;
        let body = delta::apply(&base.body, &delta).map_err(PackError::Delta)?;
        Ok(Object {
            kind: base.kind,
            body,
        })
    }

    /// Inflates an entry's stream, which has to end where the next entry begins.
    fn stream(&mut self, number: usize) -> Result<Vec<u8>, PackError> {
        let Node { offset, end, .. } = self.nodes[number];
        let entry = self.pack.entry(offset)?;
        let (bytes, stream_end) = self.pack.inflate(&entry, end, &mut self.inflater)?;
        if stream_end == end {
            Ok(bytes)
        } else {
            Err(PackError::Trailing(end.saturating_sub(stream_end)))
        }
    }

    fn judge(&mut self, number: usize, object: &Object) -> ControlFlow<()> {
        let Some(id) = id_at(self.pack, self.nodes[number].place) else {
            return ControlFlow::Continue(());
        };
        match check_id(id, object) {
            Ok(()) => (self.visit)(id, object),
            Err(what) => {
                self.report(number, what);
                ControlFlow::Continue(())
            }
        }
    }

    /// Reports a fault of an entry and names it the fault of all that build upon it.
    fn fault_of_family(&mut self, number: usize, what: PackError) {
        self.fault(number, what);
        let mut rest: Vec<usize> = self.children_of(number).collect();
        while let Some(child) = rest.pop() {
            let child = self.children[child];
            if self.nodes[child].footing != Footing::Broken {
                self.fault(child, PackError::BaseDamaged);
                rest.extend(self.children_of(child));
            }
        }
    }

    fn fault(&mut self, number: usize, what: PackError) {
        self.report(number, what.into());
    }

    fn report(&mut self, number: usize, what: Damage) {
        let node = &self.nodes[number];
        (self.report)(PackFinding {
            part: Part::Pack,
            offset: Some(node.offset),
            id: id_at(self.pack, node.place),
            what,
        });
    }
}

fn id_at<B: AsRef<[u8]>>(pack: &Pack<B>, place: usize) -> Option<ObjectId> {
    pack.index().ids().get(place).copied().map(ObjectId::from_raw)
}

/// A base with the children that are still to come.
struct Branch {
    number: usize,
    rest: std::ops::Range<usize>,
    object: Option<Object>,
}

impl Branch {
    fn length(&self) -> usize {
        self.object.as_ref().map_or(0, |object| object.body.len())
    }
}

/// The bases on the way to the present entry.
struct Held {
    branches: Vec<Branch>,
    bytes: usize,
    most: usize,
}

impl Held {
    fn pop(&mut self) -> Option<Branch> {
        let branch = self.branches.pop()?;
        self.bytes -= branch.length();
        Some(branch)
    }

    /// Keeps a base for its children, and lets the oldest ones go where that is too much.
    fn push(&mut self, branch: Branch) {
        if branch.rest.is_empty() {
            return;
        }
        self.bytes += branch.length();
        self.branches.push(branch);
        let older = self.branches.len() - 1;
        for branch in &mut self.branches[..older] {
            if self.bytes <= self.most {
                break;
            }
            self.bytes -= branch.length();
            branch.object = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RawId;
    use crate::object::ObjectKind;
    use crate::packs::PackWriter;
    use crate::storage::pack_index::PackIndex;

    fn blob(body: &[u8]) -> RawId {
        *object::hash(ObjectKind::Blob, body).unwrap().raw()
    }

    /// Checks a pack; returns what was found, and how many objects were shown.
    fn checked(writer: PackWriter) -> (Vec<String>, usize) {
        let (pack, index) = writer.finish();
        checked_files(pack, index)
    }

    fn checked_files(pack: Vec<u8>, index: Vec<u8>) -> (Vec<String>, usize) {
        let pack = Pack::parse(pack, PackIndex::parse(index).unwrap()).unwrap();
        let mut found = Vec::new();
        let mut shown = 0;
        let flow = check(
            &pack,
            &mut |finding| found.push(finding.what.to_string()),
            &mut |_, _| {
                shown += 1;
                ControlFlow::Continue(())
            },
        );
        assert_eq!(flow, ControlFlow::Continue(()));
        found.sort();
        (found, shown)
    }

    /// A delta that replaces a base of two bytes by two others.
    fn two(bytes: [u8; 2]) -> [u8; 5] {
        [2, 2, 2, bytes[0], bytes[1]]
    }

    #[test]
    fn a_family_of_both_kinds_is_read_whichever_way_it_lies() {
        let mut writer = PackWriter::new();
        writer.id_delta(blob(b"cc"), blob(b"bb"), &two(*b"cc"));
        let base = writer.whole(blob(b"aa"), 3, b"aa");
        let middle = writer.offset_delta(blob(b"bb"), base, &two(*b"bb"));
        writer.offset_delta(blob(b"dd"), middle, &two(*b"dd"));
        writer.offset_delta(blob(b"ee"), base, &two(*b"ee"));
        assert_eq!(checked(writer), (vec![], 5));
    }

    #[test]
    fn deltas_upon_themselves_are_found_and_the_others_still_read() {
        let mut writer = PackWriter::new();
        writer.whole(blob(b"aa"), 3, b"aa");
        writer.id_delta(blob(b"bb"), blob(b"bb"), &two(*b"bb"));
        writer.id_delta(blob(b"cc"), blob(b"dd"), &two(*b"cc"));
        writer.id_delta(blob(b"dd"), blob(b"cc"), &two(*b"dd"));
        assert_eq!(
            checked(writer),
            (vec!["delta builds upon itself".to_owned(); 3], 1)
        );
    }

    #[test]
    fn a_chain_of_ten_thousand_is_too_deep_from_its_4096th_delta_on() {
        let mut writer = PackWriter::new();
        let body = |number: u16| number.to_be_bytes();
        let mut base = writer.whole(blob(&body(0)), 3, &body(0));
        for number in 1..=10_000 {
            base = writer.offset_delta(blob(&body(number)), base, &two(body(number)));
        }
        let (found, shown) = checked(writer);
        assert_eq!(shown, 1 + DEEPEST_CHAIN);
        assert_eq!(
            found,
            vec![PackError::TooDeep.to_string(); 10_000 - DEEPEST_CHAIN]
        );
    }

    #[test]
    fn what_builds_upon_a_damaged_entry_is_named_too() {
        let mut writer = PackWriter::new();
        let base = writer.raw(blob(b"aa"), 3, 3, &[], b"aa");
        let middle = writer.offset_delta(blob(b"bb"), base, &two(*b"bb"));
        writer.offset_delta(blob(b"cc"), middle, &two(*b"cc"));
        let thin = writer.id_delta(blob(b"dd"), [9; 20], &two(*b"dd"));
        writer.offset_delta(blob(b"ee"), thin, &two(*b"ee"));
        let (found, shown) = checked(writer);
        assert_eq!(shown, 0);
        assert_eq!(
            found,
            [
                "delta builds upon a damaged entry",
                "delta builds upon a damaged entry",
                "delta builds upon a damaged entry",
                "delta has its base 0909090909090909090909090909090909090909 outside the pack (a thin pack)",
                "zlib stream of the entry does not hold the 3 bytes announced",
            ]
        );
    }

    #[test]
    fn bytes_between_entries_and_wrong_ids_are_found() {
        let mut writer = PackWriter::new();
        let mut entry = vec![0x32];
        entry.extend(crate::packs::deflate(b"aa"));
        entry.push(0);
        writer.bytes(blob(b"aa"), &entry);
        writer.whole(blob(b"bb"), 3, b"cc");
        let other = object::hash(ObjectKind::Blob, b"cc").unwrap();
        let (found, shown) = checked(writer);
        assert_eq!(shown, 0);
        assert_eq!(
            found,
            [
                "1 bytes lie between the entry's zlib stream and the next entry".to_owned(),
                Damage::OtherId(other).to_string(),
            ]
        );
    }

    #[test]
    fn a_wrong_checksum_is_found_though_the_index_agrees_with_it() {
        let mut writer = PackWriter::new();
        let offset = writer.whole(blob(b"aa"), 3, b"aa");
        let (mut pack, _) = writer.finish();
        let end = pack.len() - 20;
        let crc = crc32fast::hash(&pack[12..end]);
        pack[end..].fill(7);
        let index = crate::packs::write_index(&[(blob(b"aa"), crc, offset)], [7; 20], 1 << 31);
        assert_eq!(
            checked_files(pack, index),
            (vec![PackError::Checksum.to_string()], 1)
        );
    }

    #[test]
    fn offsets_that_lead_nowhere_or_twice_to_one_place_are_found() {
        let pack_of = |offsets: [fn(u64, u64) -> u64; 2]| {
            let mut writer = PackWriter::new();
            let first = writer.whole(blob(b"aa"), 3, b"aa");
            let second = writer.whole(blob(b"bb"), 3, b"bb");
            let (pack, _) = writer.finish();
            let end = pack.len() - 20;
            let cut = usize::try_from(second).unwrap();
            let crcs = [crc32fast::hash(&pack[12..cut]), crc32fast::hash(&pack[cut..end])];
            let end = u64::try_from(end).unwrap();
            let entries = [
                (blob(b"aa"), crcs[0], offsets[0](first, end)),
                (blob(b"bb"), crcs[1], offsets[1](second, end)),
            ];
            let sum = *pack.last_chunk().unwrap();
            checked_files(pack, crate::packs::write_index(&entries, sum, 1 << 31))
        };
        let says = |found: &[String], what: PackError| found.contains(&what.to_string());
        assert_eq!(pack_of([|at, _| at, |at, _| at]), (vec![], 2));
        let (found, shown) = pack_of([|_, end| end, |at, _| at]);
        assert!(says(&found, PackError::Outside) && says(&found, PackError::Gap));
        assert_eq!((found.len(), shown), (2, 1));
        let (found, shown) = pack_of([|at, _| at, |_, _| 12]);
        assert!(says(&found, PackError::Shared), "{found:?}");
        assert_eq!(shown, 0, "the one entry that is left does not reach to the end");
        let (found, _) = pack_of([|at, _| at, |_, _| 11]);
        assert!(says(&found, PackError::Outside));
    }

    #[test]
    fn a_pack_without_objects_holds_nothing_else() {
        assert_eq!(checked(PackWriter::new()), (vec![], 0));
        let (mut pack, _) = PackWriter::new().finish();
        pack.truncate(12);
        pack.push(b'x');
        let sum: RawId = Sha1::digest(&pack).into();
        pack.extend(sum);
        let index = crate::packs::write_index(&[], sum, 1 << 31);
        assert_eq!(checked_files(pack, index), (vec![PackError::Gap.to_string()], 0));
    }

    #[test]
    fn bases_above_the_bound_are_let_go_and_read_again() {
        // A spine of bases, each with a heavier branch beside it: the lighter way is walked first, and every
        // base on it still has a child to come.
        let body = |number: u8| [number; 2];
        let mut writer = PackWriter::new();
        let mut spine = vec![writer.whole(blob(&body(0)), 3, &body(0))];
        let mut last = 0;
        let mut add = |base: u64| {
            last += 1;
            writer.offset_delta(blob(&body(last)), base, &two(body(last)))
        };
        for level in 0..4 {
            spine.push(add(spine[level]));
        }
        for (level, &base) in spine.iter().enumerate() {
            for root in 0..1 << (5 - level) {
                let child = add(base);
                if root == 0 {
                    add(child);
                }
            }
        }
        let count = usize::from(last) + 1;
        let (pack, index) = writer.finish();
        let pack = Pack::parse(pack, PackIndex::parse(index).unwrap()).unwrap();
        for most_held in [0, 2, 3, 5, 100] {
            let mut shown = 0;
            let flow = check_within(
                most_held,
                &pack,
                &mut |finding| panic!("{finding:?}"),
                &mut |_, _| {
                    shown += 1;
                    ControlFlow::Continue(())
                },
            );
            assert_eq!((flow, shown), (ControlFlow::Continue(()), count));
        }
    }

    #[test]
    fn held_bases_stay_below_the_bound_but_for_the_newest() {
        let branch = |length| Branch {
            number: 0,
            rest: 0..1,
            object: Some(Object {
                kind: ObjectKind::Blob,
                body: vec![0; length],
            }),
        };
        let mut held = Held {
            branches: Vec::new(),
            bytes: 0,
            most: 10,
        };
        for length in [4, 4, 4] {
            held.push(branch(length));
        }
        assert_eq!(held.bytes, 8);
        assert!(held.branches[0].object.is_none());
        held.push(branch(20));
        assert_eq!(held.bytes, 20);
        held.pop();
        assert_eq!(held.bytes, 0);
    }

    #[test]
    fn the_check_ends_where_the_visitor_says_so() {
        let mut writer = PackWriter::new();
        writer.whole(blob(b"aa"), 3, b"aa");
        writer.whole(blob(b"bb"), 3, b"bb");
        let (pack, index) = writer.finish();
        let pack = Pack::parse(pack, PackIndex::parse(index).unwrap()).unwrap();
        let mut shown = 0;
        let flow = check(&pack, &mut |_| (), &mut |_, _| {
            shown += 1;
            ControlFlow::Break(())
        });
        assert_eq!((flow, shown), (ControlFlow::Break(()), 1));
    }
}
