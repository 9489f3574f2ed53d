//! An object as it stands in a pack, but for its place there. Entries are made on every core at once and written
//! in one order.

use crate::object::{ObjectKind, entry};
use crate::platform::Deflater;

/// The level at which entries are deflated where nothing else is said.
pub const LEVEL: u8 = 6;

/// A whole object or a delta, deflated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackEntry {
    kind: Option<ObjectKind>,
    length: usize,
    stream: Vec<u8>,
}

impl PackEntry {
    /// Makes the entry of a whole object.
    #[must_use]
    pub fn whole(kind: ObjectKind, body: &[u8], deflater: &mut Deflater) -> Self {
        Self::of_parts(Some(kind), body.len(), deflater.zlib(body))
    }

    /// Makes the entry of a delta, as [`crate::object::delta::encode`] finds one.
    #[must_use]
    pub fn delta(delta: &[u8], deflater: &mut Deflater) -> Self {
        Self::of_parts(None, delta.len(), deflater.zlib(delta))
    }

    /// Makes an entry again of what its accessors gave. Nothing is checked here: whoever reads the pack finds
    /// out.
    #[must_use]
    pub fn of_parts(kind: Option<ObjectKind>, length: usize, stream: Vec<u8>) -> Self {
        Self { kind, length, stream }
    }

    /// Returns the object's kind; `None` for a delta, whose object is of its base's kind.
    #[must_use]
    pub fn kind(&self) -> Option<ObjectKind> {
        self.kind
    }

    /// Returns how many bytes the body or the delta has.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Returns the zlib stream.
    #[must_use]
    pub fn stream(&self) -> &[u8] {
        &self.stream
    }

    /// Returns what stands before the stream: kind and length, and how far before it its base begins.
    pub(super) fn header(&self, distance: Option<u64>) -> Vec<u8> {
        let mut header = entry::header(self.kind.map_or(entry::OFFSET_DELTA, entry::code), self.length);
        header.extend(distance.map(entry::distance).unwrap_or_default());
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_made_again_of_its_parts() {
        let entry = PackEntry::whole(ObjectKind::Blob, b"some words", &mut Deflater::new(LEVEL));
        let again = PackEntry::of_parts(entry.kind(), entry.length(), entry.stream().to_vec());
        assert_eq!(again, entry);
    }
}
