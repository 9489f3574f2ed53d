//! Reading many objects of an inventory one by one, in an order in which neighbours stand upon one another: the
//! bases that were read lately are kept, so that a chain of deltas is not inflated again for each of its objects.

use std::rc::Rc;

use crate::id::ObjectId;
use crate::object::delta;
use crate::object::{Hashing, ObjectKind};
use crate::platform::Inflater;
use crate::storage::inventory::{Inventory, Kept, Listed};
use crate::storage::pack::DEEPEST_CHAIN;
use crate::storage::pack_check::{stream, stream_into};
use crate::storage::pack_map::Footing;

/// How many bases a reader keeps.
const SLOTS: usize = 8192;

/// The most bytes of bases that a reader keeps: 8 MiB.
const MOST_KEPT: usize = 8 << 20;

/// One thread's reader. It tells only whether an object is good: what is wrong with another one is found out by
/// [`Inventory::check`].
#[derive(Debug)]
pub struct Reader<'a> {
    inventory: &'a Inventory,
    hashing: Hashing,
    inflater: Inflater,
    /// For the delta that is applied.
    delta: Vec<u8>,
    /// Bases by the number of their object; each has one slot in which it may lie.
    slots: Vec<Option<(usize, Rc<Vec<u8>>)>>,
    bytes: usize,
}

impl<'a> Reader<'a> {
    /// Makes a reader.
    #[must_use]
    pub fn new(inventory: &'a Inventory, hashing: Hashing) -> Self {
        Self {
            inventory,
            hashing,
            inflater: Inflater::new(),
            delta: Vec::new(),
            slots: vec![None; SLOTS],
            bytes: 0,
        }
    }

    /// Reads an object of the kind and the id that are expected; `None` where it cannot be read or is anything
    /// else.
    pub fn read(&mut self, number: usize, id: ObjectId, kind: ObjectKind) -> Option<Rc<Vec<u8>>> {
        let body = self.read_unhashed(number, kind)?;
        (self.hashing.id(kind, &body) == Ok(id)).then_some(body)
    }

    /// Reads an object of the kind that is expected without checking its id.
    pub fn read_unhashed(&mut self, number: usize, kind: ObjectKind) -> Option<Rc<Vec<u8>>> {
        match self.inventory.kept(number) {
            Kept::Loose(id) => self.read_loose(id, kind),
            Kept::Pack(listed, entry) if listed.map.kind(entry) == Some(kind) => {
                self.read_packed(listed, entry)
            }
            Kept::Pack(..) => None,
        }
    }

    /// Reads an object of any kind, without checking the id of one in a pack.
    pub fn read_any(&mut self, number: usize) -> Option<(ObjectKind, Rc<Vec<u8>>)> {
        match self.inventory.kept(number) {
            Kept::Loose(id) => {
                let object = self.inventory.read_loose(self.hashing, id).ok()?;
                Some((object.kind, Rc::new(object.body)))
            }
            Kept::Pack(listed, entry) => {
                let kind = listed.map.kind(entry)?;
                Some((kind, self.read_packed(listed, entry)?))
            }
        }
    }

    fn read_loose(&mut self, id: ObjectId, kind: ObjectKind) -> Option<Rc<Vec<u8>>> {
        let object = self.inventory.read_loose(self.hashing, id).ok()?;
        (object.kind == kind).then(|| Rc::new(object.body))
    }

    fn read_packed(&mut self, listed: &Listed, entry: usize) -> Option<Rc<Vec<u8>>> {
        let mut deltas = Vec::new();
        let mut at = entry;
        let mut body = loop {
            if let Some(kept) = self.kept(listed.first + at) {
                break kept;
            }
            match listed.map.footing(at) {
                Footing::Base(base) if deltas.len() < DEEPEST_CHAIN => {
                    deltas.push(at);
                    at = base;
                }
                Footing::Base(_) | Footing::Broken => return None,
                Footing::Whole => {
                    let body = stream(&listed.open.pack, &listed.map, at, &mut self.inflater).ok()?;
                    let body = Rc::new(body);
                    self.keep(listed, at, &body);
                    break body;
                }
            }
        };
        for entry in deltas.into_iter().rev() {
            let (delta, inflater) = (&mut self.delta, &mut self.inflater);
            stream_into(delta, &listed.open.pack, &listed.map, entry, inflater).ok()?;
            body = Rc::new(delta::apply(&body, delta).ok()?);
            self.keep(listed, entry, &body);
        }
        Some(body)
    }

    fn kept(&self, number: usize) -> Option<Rc<Vec<u8>>> {
        match &self.slots[number % SLOTS] {
            Some((kept, body)) if *kept == number => Some(Rc::clone(body)),
            _ => None,
        }
    }

    fn keep(&mut self, listed: &Listed, entry: usize, body: &Rc<Vec<u8>>) {
        if !listed.map.is_base(entry) || body.len() > MOST_KEPT / 8 {
            return;
        }
        if self.bytes + body.len() > MOST_KEPT {
            self.slots.fill(None);
            self.bytes = 0;
        }
        let number = listed.first + entry;
        let before = self.slots[number % SLOTS].replace((number, Rc::clone(body)));
        self.bytes += body.len();
        self.bytes -= before.map_or(0, |(_, body)| body.len());
    }
}
