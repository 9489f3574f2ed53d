//! Making the entries of planned objects, on every core: each object whole or as the shortest delta.
//!
//! Memory: on each core [`MOST_KEPT`] bytes of bodies and a few objects at a time; of entries that wait to be written,
//! [`MOST_MADE`] bytes and one more object on each core.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::plan::Item;
use crate::object::delta;
use crate::object::{Hashing, ObjectKind};
use crate::platform::Deflater;
use crate::storage::inventory::Inventory;
use crate::storage::pack_entry::PackEntry;
use crate::storage::reader::Reader;

/// Objects that one core makes in a row.
const STRETCH: usize = 256;

/// The most bytes of bodies that a core keeps for the deltas that follow.
const MOST_KEPT: usize = 16 << 20;

/// The most bytes of entries that are made before they are written.
const MOST_MADE: usize = 128 << 20;

/// An object as it will stand in the pack.
#[derive(Debug)]
pub struct Made {
    pub entry: PackEntry,
    /// The number of the object that a delta stands upon.
    pub base: Option<usize>,
}

/// Makes entries in the order of the items: all, or the first ones, where those that follow would be too many bytes. An
/// error is the number of an object that cannot be read or does not have its id.
pub fn make(inventory: &Inventory, items: &[Item]) -> Result<Vec<Made>, usize> {
    let bytes = AtomicUsize::new(0);
    let stretches: Vec<Result<Vec<Made>, usize>> = items
        .par_chunks(STRETCH)
        .enumerate()
        .map_init(
            || Maker::new(inventory),
            |maker, (number, items)| {
                maker.kept.clear();
                maker.bytes = 0;
                let mut made = Vec::with_capacity(items.len());
                for item in items {
                    let is_first = number == 0 && made.is_empty();
                    if !is_first && bytes.load(Ordering::Relaxed) > MOST_MADE {
                        break;
                    }
                    let one = maker.make(item).ok_or(item.number)?;
                    bytes.fetch_add(one.entry.stream().len(), Ordering::Relaxed);
                    made.push(one);
                }
                Ok(made)
            },
        )
        .collect();
    let mut all = Vec::with_capacity(items.len());
    for (stretch, items) in stretches.into_iter().zip(items.chunks(STRETCH)) {
        let made = stretch?;
        let is_whole = made.len() == items.len();
        all.extend(made);
        if !is_whole {
            break;
        }
    }
    Ok(all)
}

struct Maker<'a> {
    inventory: &'a Inventory,
    reader: Reader<'a>,
    deflater: Deflater,
    kept: HashMap<usize, (ObjectKind, Rc<Vec<u8>>)>,
    bytes: usize,
}

impl<'a> Maker<'a> {
    fn new(inventory: &'a Inventory) -> Self {
        Self {
            inventory,
            reader: Reader::new(inventory, Hashing::Both),
            deflater: Deflater::new(Deflater::BEST),
            kept: HashMap::new(),
            bytes: 0,
        }
    }

    fn make(&mut self, item: &Item) -> Option<Made> {
        let (kind, body) = self.body(item.number)?;
        if Hashing::Both.id(kind, &body) != Ok(self.inventory.id(item.number)) {
            return None;
        }
        let mut shortest: Option<(Vec<u8>, usize)> = None;
        for base in item.bases.into_iter().flatten() {
            let (base_kind, base_body) = self.body(base)?;
            let most = shortest
                .as_ref()
                .map_or(body.len(), |(delta, _)| delta.len())
                .checked_sub(1);
            let found = most
                .filter(|_| base_kind == kind)
                .and_then(|most| delta::encode(&base_body, &body, most));
            if let Some(delta) = found {
                shortest = Some((delta, base));
            }
        }
        let Some((delta, base)) = shortest else {
            return Some(self.whole(kind, &body));
        };
        let made = Made {
            entry: PackEntry::delta(&delta, &mut self.deflater),
            base: Some(base),
        };
        // Where the delta is short beside the object, the object is not deflated only to be compared.
        if delta.len() < body.len() / 4 {
            return Some(made);
        }
        let whole = self.whole(kind, &body);
        let is_shorter = made.entry.stream().len() + 3 < whole.entry.stream().len();
        Some(if is_shorter { made } else { whole })
    }

    fn whole(&mut self, kind: ObjectKind, body: &[u8]) -> Made {
        Made {
            entry: PackEntry::whole(kind, body, &mut self.deflater),
            base: None,
        }
    }

    fn body(&mut self, number: usize) -> Option<(ObjectKind, Rc<Vec<u8>>)> {
        if let Some((kind, body)) = self.kept.get(&number) {
            return Some((*kind, Rc::clone(body)));
        }
        let (kind, body) = self.reader.read_any(number)?;
        if self.bytes + body.len() > MOST_KEPT {
            self.kept.clear();
            self.bytes = 0;
        }
        if body.len() <= MOST_KEPT / 8 {
            self.bytes += body.len();
            self.kept.insert(number, (kind, Rc::clone(&body)));
        }
        Some((kind, body))
    }
}
