//! The folders at the end of the branch: as the archive has them, and as they become with what is put in.

use std::collections::HashMap;
use std::sync::Arc;

use super::PlaceError;
use crate::archive::Archive;
use crate::id::TreeId;
use crate::object::tree::{self, Entry};
use crate::object::{self, ObjectKind};

/// A folder as it is at the end of the branch.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    pub id: TreeId,
    pub body: Arc<Vec<u8>>,
}

/// A folder that changes: its path, what it becomes, and the one in whose place it comes.
pub(super) type Changed = (String, Folder, Option<Folder>);

/// The folders that were looked into or changed.
#[derive(Debug, Clone)]
pub(super) struct Folders<'a> {
    archive: &'a Archive,
    /// By path; the root's is empty.
    known: HashMap<String, Folder>,
}

impl<'a> Folders<'a> {
    /// Begins with the root folder.
    pub fn of(archive: &'a Archive, root: TreeId) -> Result<Self, PlaceError> {
        let mut folders = Self {
            archive,
            known: HashMap::new(),
        };
        let root = folders.read(root)?;
        folders.put(String::new(), root);
        Ok(folders)
    }

    /// Puts a folder at a path, in the place of the one that is there.
    pub fn put(&mut self, path: String, folder: Folder) {
        self.known.insert(path, folder);
    }

    /// Returns the folders above a path, the lowest first, as they become with an entry there.
    pub fn with_entry(&mut self, path: &str, entry: Entry) -> Result<Vec<Changed>, PlaceError> {
        let mut path = path;
        let mut below = entry;
        let mut changed = Vec::with_capacity(5);
        while !path.is_empty() {
            let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
            let before = self.folder(above)?;
            let body = before.as_ref().map_or(&[][..], |before| &before.body);
            let body = tree::with_entry(body, name, below)?;
            let id = object::hash(ObjectKind::Tree, &body)?;
            let id = TreeId::from_raw(*id.raw());
            below = Entry::Folder(id);
            let becomes = Folder {
                id,
                body: Arc::new(body),
            };
            changed.push((above.to_owned(), becomes, before));
            path = above;
        }
        Ok(changed)
    }

    /// Returns a folder as it is at the end of the branch.
    pub fn folder(&mut self, path: &str) -> Result<Option<Folder>, PlaceError> {
        if let Some(folder) = self.known.get(path) {
            return Ok(Some(folder.clone()));
        }
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let Some(above) = self.folder(above)? else {
            return Ok(None);
        };
        let Some(Entry::Folder(id)) = tree::find(&above.body, name)? else {
            return Ok(None);
        };
        let folder = self.read(id)?;
        self.known.insert(path.to_owned(), folder.clone());
        Ok(Some(folder))
    }

    fn read(&self, id: TreeId) -> Result<Folder, PlaceError> {
        let body = Arc::new(self.archive.tree(id)?.encode());
        Ok(Folder { id, body })
    }
}
