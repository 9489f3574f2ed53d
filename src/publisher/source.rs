//! Reading a repository's objects in the order of its history: neighbours stand upon one another, so bases and trees
//! that were read lately are kept. Each object is hashed again.

use std::collections::HashMap;
use std::rc::Rc;

use crate::archive::Fault;
use crate::id::{BlobId, CommitId, ObjectId, TreeId};
use crate::object::{Hashing, ObjectKind};
use crate::storage::inventory::Inventory;
use crate::storage::objects::ObjectStore;
use crate::storage::reader::Reader;
use crate::wording::with_causes;

/// The most bytes of trees that are kept.
const MOST_KEPT: usize = 64 << 20;

/// A reader of one repository.
pub(super) struct Source<'a> {
    store: &'a ObjectStore,
    inventory: &'a Inventory,
    reader: Reader<'a>,
    trees: HashMap<TreeId, Rc<Vec<u8>>>,
    bytes: usize,
}

impl<'a> Source<'a> {
    pub fn new(store: &'a ObjectStore, inventory: &'a Inventory) -> Self {
        Self {
            store,
            inventory,
            reader: Reader::new(inventory, Hashing::Both),
            trees: HashMap::new(),
            bytes: 0,
        }
    }

    pub fn commit(&mut self, id: CommitId) -> Result<Rc<Vec<u8>>, Fault> {
        self.object(id.into(), ObjectKind::Commit)
    }

    pub fn tree(&mut self, id: TreeId) -> Result<Rc<Vec<u8>>, Fault> {
        if let Some(body) = self.trees.get(&id) {
            return Ok(Rc::clone(body));
        }
        let body = self.object(id.into(), ObjectKind::Tree)?;
        if self.bytes + body.len() > MOST_KEPT {
            self.trees.clear();
            self.bytes = 0;
        }
        self.bytes += body.len();
        self.trees.insert(id, Rc::clone(&body));
        Ok(body)
    }

    /// Reads a file, or says why it cannot be read: one that is damaged is no reason not to read the others.
    pub fn blob(&mut self, id: BlobId) -> Result<Rc<Vec<u8>>, String> {
        self.object(id.into(), ObjectKind::Blob)
            .map_err(|fault| with_causes(&fault))
    }

    fn object(&mut self, id: ObjectId, kind: ObjectKind) -> Result<Rc<Vec<u8>>, Fault> {
        let number = self.inventory.find(id.raw());
        if let Some(body) = number.and_then(|number| self.reader.read(number, id, kind)) {
            return Ok(body);
        }
        // Another copy may be good; else this tells what is wrong.
        let object = self.store.read(id)?;
        if object.kind == kind {
            return Ok(Rc::new(object.body));
        }
        Err(Fault::Kind {
            id,
            found: object.kind,
            expected: kind,
        })
    }
}
