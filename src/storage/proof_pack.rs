//! Writing a proof as a pack, which [`crate::proof::pack`] reads: the text of an article in one language, and the source that it was
//! made of, differ in little, so that one is told by the other. Texts are stored in their streams as they are.

use super::pack_entry::PackEntry;
use crate::object::{self, Object, ObjectKind, delta};
use crate::platform::Deflater;
use crate::proof::Proof;
use crate::proof::pack::{LARGEST_PROOF, MAGIC, MOST_OBJECTS, PackError};

/// The level at which trees are deflated: of a large one a hundred bytes less than at 1. Higher ones save no more, as ids are not to be
/// made shorter.
const LEVEL: u8 = 6;

/// Writes proofs as packs, one after another.
pub struct Packing {
    deflating: Deflater,
    storing: Deflater,
}

impl Default for Packing {
    fn default() -> Self {
        let [deflating, storing] = [LEVEL, 0].map(Deflater::new);
        Self { deflating, storing }
    }
}

impl Packing {
    /// Returns a proof as a pack.
    ///
    /// # Errors
    /// [`PackError`] where no reader would take it: it is too large, or has too many objects.
    pub fn pack(&mut self, proof: &Proof) -> Result<Vec<u8>, PackError> {
        let count = u32::try_from(proof.objects().len()).unwrap_or(u32::MAX);
        let bytes: usize = proof.objects().iter().map(|object| object.body.len()).sum();
        if proof.objects().is_empty() || proof.objects().len() > MOST_OBJECTS {
            return Err(PackError::Count(count));
        }
        if bytes > LARGEST_PROOF {
            return Err(PackError::TooLarge);
        }
        let mut room = LARGEST_PROOF - bytes;
        let mut pack = MAGIC.to_vec();
        pack.extend(count.to_be_bytes());
        // The longest blob so far, and where its entry begins.
        let mut longest: Option<(&[u8], usize)> = None;
        for Object { kind, body } in proof.objects() {
            let at = pack.len();
            let base = longest.filter(|_| *kind == ObjectKind::Blob);
            // Where little but the base is in it.
            let most = room.min(body.len() / 16);
            let delta = base.and_then(|(base, begin)| Some((delta::encode(base, body, most)?, at - begin)));
            let (entry, distance) = if let Some((delta, distance)) = &delta {
                room -= delta.len();
                let entry = PackEntry::delta(delta, &mut self.deflating);
                (entry, Some(*distance as u64))
            } else {
                // A text stands in a page as it is read (`crate::proof::block`).
                let deflater = match kind {
                    ObjectKind::Tree => &mut self.deflating,
                    _ => &mut self.storing,
                };
                (PackEntry::whole(*kind, body, deflater), None)
            };
            pack.extend(entry.header(distance));
            pack.extend(entry.stream());
            if *kind == ObjectKind::Blob && longest.is_none_or(|(known, _)| known.len() < body.len()) {
                longest = Some((body, at));
            }
        }
        pack.extend(object::digest(&[&pack])?);
        Ok(pack)
    }
}

impl Proof {
    /// Returns the proof as a pack.
    ///
    /// # Errors
    /// As for [`Packing::pack`].
    pub fn encode(&self) -> Result<Vec<u8>, PackError> {
        Packing::default().pack(self)
    }
}
