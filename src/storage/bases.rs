//! Objects of a pack that were read lately, by the offset of their entries: neighbours on the branch stand upon one
//! another, and a chain of deltas is then not inflated again for each of them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::object::ObjectKind;

/// The most bytes that are kept for one pack: 4 MiB.
const MOST_KEPT: usize = 4 << 20;

/// What is kept of one pack.
#[derive(Debug)]
pub struct Bases {
    kept: HashMap<u64, (ObjectKind, Arc<Vec<u8>>)>,
    bytes: usize,
    most: usize,
}

impl Bases {
    /// Keeps nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            kept: HashMap::new(),
            bytes: 0,
            most: MOST_KEPT,
        }
    }

    /// Keeps nothing ever.
    #[must_use]
    pub fn none() -> Self {
        Self {
            most: 0,
            ..Self::new()
        }
    }

    /// Returns the object whose entry begins at an offset, where it is kept.
    #[must_use]
    pub fn get(&self, offset: u64) -> Option<(ObjectKind, Arc<Vec<u8>>)> {
        self.kept
            .get(&offset)
            .map(|(kind, body)| (*kind, Arc::clone(body)))
    }

    /// Keeps an object; where there is no room, all others go.
    pub fn keep(&mut self, offset: u64, kind: ObjectKind, body: &Arc<Vec<u8>>) {
        if self.most == 0 || body.len() > self.most / 8 {
            return;
        }
        if self.bytes + body.len() > self.most {
            self.kept.clear();
            self.bytes = 0;
        }
        if self.kept.insert(offset, (kind, Arc::clone(body))).is_none() {
            self.bytes += body.len();
        }
    }
}

impl Default for Bases {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded() {
        let mut bases = Bases::new();
        let body = Arc::new(vec![0; MOST_KEPT / 8]);
        for offset in 0..100 {
            bases.keep(offset, ObjectKind::Tree, &body);
            let bytes: usize = bases.kept.values().map(|(_, body)| body.len()).sum();
            assert!(bytes == bases.bytes && bytes <= MOST_KEPT);
            assert_eq!(bases.get(offset), Some((ObjectKind::Tree, Arc::clone(&body))));
        }
        bases.keep(100, ObjectKind::Blob, &Arc::new(vec![0; MOST_KEPT]));
        assert_eq!(bases.get(100), None);
    }

    #[test]
    fn what_is_kept_twice_is_counted_once() {
        let mut bases = Bases::new();
        let body = Arc::new(vec![0; 100]);
        bases.keep(7, ObjectKind::Blob, &body);
        bases.keep(7, ObjectKind::Blob, &body);
        assert_eq!((bases.bytes, bases.kept.len()), (100, 1));
    }
}
