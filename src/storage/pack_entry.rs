//! An object as it stands in a pack, but for its place there. Entries are made on every core at once and written
//! in one order.

use crate::object::ObjectKind;
use crate::platform::Deflater;
use crate::proof::pack;

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

    /// Makes the entry of a delta, as [`crate::storage::delta::encode`] finds one.
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
        let mut header = pack::entry_header(self.kind.map_or(6, pack::code), self.length);
        header.extend(distance.map(distance_digits).unwrap_or_default());
        header
    }
}

/// Writes a distance: the highest seven bits first, one taken off for each byte that follows.
fn distance_digits(mut distance: u64) -> Vec<u8> {
    let low = |distance: u64| u8::try_from(distance & 0x7f).expect("seven bits");
    let mut digits = vec![low(distance)];
    while distance > 0x7f {
        distance = (distance >> 7) - 1;
        digits.push(0x80 | low(distance));
    }
    digits.reverse();
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_kind_length_and_distance_as_git_writes_them() {
        let entry = |kind, length| PackEntry::of_parts(kind, length, Vec::new());
        assert_eq!(entry(Some(ObjectKind::Commit), 0).header(None), [0x10]);
        assert_eq!(entry(Some(ObjectKind::Blob), 15).header(None), [0x3f]);
        assert_eq!(entry(Some(ObjectKind::Tree), 16).header(None), [0xa0, 1]);
        assert_eq!(entry(Some(ObjectKind::Tag), 0x7ff).header(None), [0xcf, 0x7f]);
        assert_eq!(entry(Some(ObjectKind::Blob), 0x800).header(None), [0xb0, 0x80, 1]);
        assert_eq!(entry(None, 1).header(Some(127)), [0x61, 0x7f]);
        assert_eq!(entry(None, 1).header(Some(128)), [0x61, 0x80, 0]);
        assert_eq!(entry(None, 1).header(Some(0x407f)), [0x61, 0xff, 0x7f]);
        assert_eq!(entry(None, 1).header(Some(0x4080)), [0x61, 0x80, 0x80, 0]);
    }

    #[test]
    fn an_entry_is_made_again_of_its_parts() {
        let entry = PackEntry::whole(ObjectKind::Blob, b"some words", &mut Deflater::new(LEVEL));
        let again = PackEntry::of_parts(entry.kind(), entry.length(), entry.stream().to_vec());
        assert_eq!(again, entry);
    }
}
