//! The check of one pack and its index, from the raw bytes: every checksum, every entry, every id.
//!
//! Deltas are walked by family, the families on every core: a base is inflated once, then everything that
//! builds upon it. The heaviest branch of a family comes last, when its base is no longer needed; so at most as
//! many bases are held at a time as the number of entries has binary digits, and of those only [`MOST_HELD`]
//! bytes: a base that was let go is read again. Memory is therefore bounded by [`MOST_HELD`], on each core three
//! objects of the largest size (base, delta, result), and some thirty bytes for each entry of the pack.

use std::ops::{ControlFlow, Range};

use rayon::prelude::*;
use sha1::{Digest, Sha1};

use crate::id::ObjectId;
use crate::object::delta;
use crate::object::{Hashing, Object};
use crate::platform::Inflater;
use crate::storage::bases::Bases;
use crate::storage::bits::Bits;
use crate::storage::finding::Damage;
use crate::storage::pack::{DEEPEST_CHAIN, EntryKind, Pack, PackError};
use crate::storage::pack_map::{Footing, PackFinding, PackMap, Part, Report, id_at};

/// The most bytes of bases held for entries that are still to come, on all cores together.
pub const MOST_HELD: usize = 128 << 20;

/// What is told of each good object, with the number of its entry; `Break` ends the check.
pub type Visit<'a> = dyn Fn(usize, ObjectId, &Object) -> ControlFlow<()> + Sync + 'a;

/// Checks the checksums that pack and index end with, and all that can be seen of the index without the pack.
pub fn check_files<B: AsRef<[u8]> + Sync>(pack: &Pack<B>, report: &Report<'_>) {
    let (content, sum) = pack.content();
    let (of_index, found) = rayon::join(|| pack.index().check(), || Sha1::digest(content));
    for (id, error) in of_index {
        report(PackFinding {
            part: Part::Index,
            offset: None,
            id,
            what: error.into(),
        });
    }
    let whole = |what: PackError| PackFinding {
        part: Part::Pack,
        offset: None,
        id: None,
        what: what.into(),
    };
    if found.as_slice() != sum {
        report(whole(PackError::Checksum));
    }
    if pack.index().pack_checksum().as_ref() != Some(sum) {
        report(whole(PackError::OtherPack));
    }
}

/// Which entries of a pack are checked.
#[derive(Debug)]
pub struct Check<'a, B> {
    /// The pack.
    pub pack: &'a Pack<B>,
    /// Its map.
    pub map: &'a PackMap,
    /// How ids are computed.
    pub hashing: Hashing,
    /// The most bytes of bases held: [`MOST_HELD`].
    pub most_held: usize,
}

impl<B: AsRef<[u8]> + Sync> Check<'_, B> {
    /// Checks the entries that are wanted, and what they stand upon; reports every fault, and shows each good
    /// object, on every core at once.
    pub fn run(
        &self,
        wanted: impl Fn(usize) -> bool,
        report: &Report<'_>,
        visit: &Visit<'_>,
    ) -> ControlFlow<()> {
        let Some(wanted) = self.with_bases(wanted) else {
            return ControlFlow::Continue(());
        };
        let families = Families::arrange(self, wanted, report);
        let roots: Vec<usize> = (0..self.map.len())
            .filter(|&number| self.map.footing(number) == Footing::Whole && families.wanted.get(number))
            .collect();
        roots
            .par_iter()
            .try_for_each_init(<(Inflater, Vec<u8>)>::default, |(inflater, delta), &root| {
                let mut walk = Walk {
                    families: &families,
                    inflater,
                    delta,
                    report,
                    visit,
                };
                walk.family(root)
            })
    }

    /// Marks the wanted entries and all that they stand upon; `None` where there are none.
    fn with_bases(&self, wanted: impl Fn(usize) -> bool) -> Option<Bits> {
        let marked = Bits::new(self.map.len());
        let mut any = false;
        for start in (0..self.map.len()).filter(|&number| wanted(number)) {
            any = true;
            let mut number = start;
            while marked.set(number)
                && let Footing::Base(base) = self.map.footing(number)
            {
                number = base;
            }
        }
        any.then_some(marked)
    }
}

/// Checks the id of an object.
///
/// # Errors
/// [`Damage`] where it has another one, or bytes prepared to have the same as others.
pub(super) fn check_id(hashing: Hashing, id: ObjectId, object: &Object) -> Result<(), Damage> {
    let found = hashing.id(object.kind, &object.body)?;
    if found == id {
        Ok(())
    } else {
        Err(Damage::OtherId(found))
    }
}

/// The entries of a pack as trees of deltas.
struct Families<'a, B> {
    check: &'a Check<'a, B>,
    wanted: Bits,
    /// Entries that are not read, because they or what they stand upon cannot be; this was reported.
    broken: Bits,
    /// Where each entry's children begin in the common list.
    firsts: Vec<u32>,
    children: Vec<u32>,
}

impl<'a, B: AsRef<[u8]> + Sync> Families<'a, B> {
    /// Gives each wanted entry its wanted children, the heaviest family last, and reports entries that stand
    /// upon broken ones, upon too many, or upon themselves.
    fn arrange(check: &'a Check<'a, B>, wanted: Bits, report: &Report<'_>) -> Self {
        let map = check.map;
        let count = map.len();
        let base_of = |number: usize| match map.footing(number) {
            Footing::Base(base) if wanted.get(number) => Some(base),
            _ => None,
        };
        let mut firsts = vec![0_u32; count + 1];
        for base in (0..count).filter_map(base_of) {
            firsts[base + 1] += 1;
        }
        for number in 0..count {
            firsts[number + 1] += firsts[number];
        }
        let mut children = vec![0_u32; firsts[count] as usize];
        let mut next = firsts.clone();
        for (number, child) in (0..count).zip(0..) {
            if let Some(base) = base_of(number) {
                children[next[base] as usize] = child;
                next[base] += 1;
            }
        }
        drop(next);
        let mut families = Self {
            check,
            wanted,
            broken: Bits::new(count),
            firsts,
            children,
        };
        families.weigh(report);
        families
    }

    fn weigh(&mut self, report: &Report<'_>) {
        let map = self.check.map;
        let fault =
            |number: usize, what: PackError| report(map.finding(self.check.pack, number, what.into()));
        let mut order: Vec<u32> = Vec::new();
        for (number, entry) in (0..map.len()).zip(0..) {
            if self.wanted.get(number) && !matches!(map.footing(number), Footing::Base(_)) {
                order.push(entry);
                if map.footing(number) == Footing::Broken {
                    self.broken.set(number);
                }
            }
        }
        let mut depth = vec![0_u16; map.len()];
        let mut reached = 0;
        while let Some(&number) = order.get(reached) {
            reached += 1;
            let number = number as usize;
            for &child in &self.children[self.children_of(number)] {
                order.push(child);
                let child = child as usize;
                depth[child] = depth[number].saturating_add(1);
                let what = if usize::from(depth[child]) > DEEPEST_CHAIN {
                    PackError::TooDeep
                } else if self.broken.get(number) {
                    PackError::BaseDamaged
                } else {
                    continue;
                };
                self.broken.set(child);
                fault(child, what);
            }
        }
        drop(depth);
        let mut weight = vec![0_u32; map.len()];
        for &number in order.iter().rev() {
            let number = number as usize;
            weight[number] += 1;
            if let Footing::Base(base) = map.footing(number) {
                weight[base] += weight[number];
            }
        }
        for number in 0..map.len() {
            if self.wanted.get(number) && weight[number] == 0 {
                fault(number, PackError::Cycle);
            }
            let range = self.children_of(number);
            self.children[range].sort_by_key(|&child| weight[child as usize]);
        }
    }

    fn children_of(&self, number: usize) -> Range<usize> {
        self.firsts[number] as usize..self.firsts[number + 1] as usize
    }
}

/// One thread's way through the families.
struct Walk<'a, 'b, B> {
    families: &'a Families<'b, B>,
    inflater: &'a mut Inflater,
    /// For the delta that is applied.
    delta: &'a mut Vec<u8>,
    report: &'a Report<'a>,
    visit: &'a Visit<'a>,
}

impl<B: AsRef<[u8]> + Sync> Walk<'_, '_, B> {
    /// Reads a whole object and everything that builds upon it.
    fn family(&mut self, root: usize) -> ControlFlow<()> {
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
            most: self.families.check.most_held / rayon::current_num_threads(),
        };
        held.push(self.branch(root, object));
        while let Some(mut branch) = held.pop() {
            let Some(child) = branch.rest.next() else { continue };
            let child = self.families.children[child] as usize;
            if self.families.broken.get(child) {
                held.push(branch);
                continue;
            }
            let base = match branch.object.take() {
                Some(base) => base,
                None => match self.again(branch.number) {
                    Ok(base) => base,
                    Err(what) => {
                        self.fault_of_family(child, what);
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
            rest: self.families.children_of(number),
            object: Some(object),
        }
    }

    /// Reads a base that was let go.
    fn again(&mut self, number: usize) -> Result<Object, PackError> {
        let Check { pack, map, .. } = *self.families.check;
        pack.read_at(map.offset(number), self.inflater, &mut Bases::none())
            .map_err(|fault| fault.what)
    }

    fn whole(&mut self, number: usize) -> Result<Object, PackError> {
        let Check { pack, map, .. } = *self.families.check;
        match pack.entry(map.offset(number))?.kind {
            EntryKind::Whole(kind) => Ok(Object {
                kind,
                body: stream(pack, map, number, self.inflater)?,
            }),
            EntryKind::OffsetDelta(_) | EntryKind::IdDelta(_) => Err(PackError::BaseDamaged),
        }
    }

    fn delta(&mut self, number: usize, base: &Object) -> Result<Object, PackError> {
        let Check { pack, map, .. } = *self.families.check;
        stream_into(self.delta, pack, map, number, self.inflater)?;
        let body = delta::apply(&base.body, self.delta).map_err(PackError::Delta)?;
        Ok(Object {
            kind: base.kind,
            body,
        })
    }

    fn judge(&mut self, number: usize, object: &Object) -> ControlFlow<()> {
        let Check {
            pack, map, hashing, ..
        } = *self.families.check;
        let Some(id) = id_at(pack, map.place(number)) else {
            return ControlFlow::Continue(());
        };
        match check_id(hashing, id, object) {
            Ok(()) => (self.visit)(number, id, object),
            Err(what) => {
                (self.report)(map.finding(pack, number, what));
                ControlFlow::Continue(())
            }
        }
    }

    /// Reports a fault of an entry and names it the fault of all that build upon it.
    fn fault_of_family(&mut self, number: usize, what: PackError) {
        let families = self.families;
        let fault = |number: usize, what: PackError| {
            let Check { pack, map, .. } = *families.check;
            (self.report)(map.finding(pack, number, what.into()));
        };
        fault(number, what);
        let mut rest: Vec<usize> = families.children_of(number).collect();
        while let Some(child) = rest.pop() {
            let child = families.children[child] as usize;
            if !families.broken.get(child) {
                fault(child, PackError::BaseDamaged);
                rest.extend(families.children_of(child));
            }
        }
    }
}

/// Inflates an entry's stream, which has to end where the next entry begins.
pub(super) fn stream<B: AsRef<[u8]>>(
    pack: &Pack<B>,
    map: &PackMap,
    number: usize,
    inflater: &mut Inflater,
) -> Result<Vec<u8>, PackError> {
    let mut bytes = Vec::new();
    stream_into(&mut bytes, pack, map, number, inflater)?;
    Ok(bytes)
}

/// Inflates as [`stream`] does, over what a buffer holds.
pub(super) fn stream_into<B: AsRef<[u8]>>(
    bytes: &mut Vec<u8>,
    pack: &Pack<B>,
    map: &PackMap,
    number: usize,
    inflater: &mut Inflater,
) -> Result<(), PackError> {
    let end = map.end(number);
    let entry = pack.entry(map.offset(number))?;
    let stream_end = pack.inflate_into(bytes, &entry, end, inflater)?;
    if stream_end == end {
        Ok(())
    } else {
        Err(PackError::Trailing(end.saturating_sub(stream_end)))
    }
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
mod tests;
