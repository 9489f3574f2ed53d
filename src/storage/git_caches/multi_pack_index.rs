//! The index over several packs: git finds objects by it, and asks the indexes of the packs that it names no more.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;
use rayon::prelude::*;

use super::{CacheFault, CacheFinding, Chunks, Layer, PackFault, SHORT};
use crate::id::{ObjectId, RawId};
use crate::storage::file;
use crate::storage::pack_index::PackIndex;

/// In an offset: it is a place in the table of 64-bit offsets, where there is one.
const WIDE: u32 = 1 << 31;

/// One file.
struct Packs<'a> {
    ids: &'a [RawId],
    /// Of each object its pack and its offset.
    places: &'a [[u8; 8]],
    wide: Option<&'a [[u8; 8]]>,
    /// The names of the packs.
    names: Vec<&'a [u8]>,
    /// Their own indexes.
    indexes: Vec<PackIndex<Mmap>>,
}

impl<'a> Packs<'a> {
    fn parse(folder: &Path, file: &'a [u8]) -> Result<Self, CacheFault> {
        let head: &[u8; 12] = file.first_chunk().ok_or(SHORT)?;
        let [b'M', b'I', b'D', b'X', 1, 1, count, _, packs @ ..] = *head else {
            return Err(CacheFault::Form(
                "it is no index over several packs of version 1 over SHA-1",
            ));
        };
        let chunks = Chunks::read(file, head.len(), count)?;
        let ids = chunks.ids()?;
        let places = chunks.rows(*b"OOFF")?;
        if places.len() != ids.len() {
            return Err(CacheFault::Form("it has another number of ids than of places"));
        }
        let wide = match chunks.find(*b"LOFF") {
            Some(_) => Some(chunks.rows(*b"LOFF")?),
            None => None,
        };
        let names = chunks.find(*b"PNAM").unwrap_or_default();
        let mut names = names.split(|byte| *byte == 0);
        let (mut known, mut indexes) = (Vec::new(), Vec::new());
        for _ in 0..u32::from_be_bytes(packs) {
            let name = names.next().filter(|name| !name.is_empty());
            let name = name.ok_or(CacheFault::Form("it has fewer names than packs"))?;
            if known.last().is_some_and(|before| name <= *before) {
                return Err(CacheFault::Form("its names of packs are out of order"));
            }
            known.push(name);
            indexes.push(own_index(folder, &String::from_utf8_lossy(name))?);
        }
        Ok(Self {
            ids,
            places,
            wide,
            names: known,
            indexes,
        })
    }

    fn has(&self, id: &RawId) -> bool {
        self.ids.binary_search(id).is_ok()
    }

    /// Tells whether an object is where its pack's own index has it.
    fn is_found(&self, id: &RawId, place: [u8; 8]) -> bool {
        let Some((pack, offset)) = self.place(place) else {
            return false;
        };
        let index = self.indexes.get(pack);
        let own = index.and_then(|index| index.offset(index.find(id)?).ok());
        own == Some(offset)
    }

    fn place(&self, place: [u8; 8]) -> Option<(usize, u64)> {
        let [a, b, c, d, offset @ ..] = place;
        let pack = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
        let offset = u32::from_be_bytes(offset);
        match self.wide {
            Some(wide) if offset & WIDE != 0 => {
                let place = usize::try_from(offset & !WIDE).ok()?;
                Some((pack, u64::from_be_bytes(*wide.get(place)?)))
            }
            _ => Some((pack, u64::from(offset))),
        }
    }
}

/// Opens a pack's own index by the name that stands for it.
fn own_index(folder: &Path, name: &str) -> Result<PackIndex<Mmap>, CacheFault> {
    let is_name = Path::new(name).extension().is_some_and(|ending| ending == "idx") && !name.contains('/');
    if !is_name {
        return Err(CacheFault::Form("it names a pack otherwise than by its index"));
    }
    let map = file::map(&folder.join("pack").join(name)).map_err(PackFault::from);
    let index = map.and_then(|map| Ok(PackIndex::parse(map)?));
    index.map_err(|fault| CacheFault::Pack(name.to_owned(), Arc::new(fault)))
}

/// Holds the files of a chain against the packs' own indexes.
pub fn check(
    folder: &Path,
    layers: &[Layer],
    is_stopped: &(dyn Fn() -> bool + Sync),
) -> Result<(), CacheFinding> {
    let mut all: Vec<Packs<'_>> = Vec::new();
    for layer in layers {
        all.push(Packs::parse(folder, &layer.map).map_err(|fault| layer.finding(fault))?);
    }
    let mut looked_through = HashSet::new();
    for (packs, layer) in all.iter().zip(layers) {
        let entries = packs.ids.par_iter().zip(packs.places);
        let wrong = entries.find_first(|(id, place)| !is_stopped() && !packs.is_found(id, **place));
        if let Some((id, _)) = wrong {
            return Err(layer.finding(CacheFault::Place(ObjectId::from_raw(*id))));
        }
        for (name, index) in packs.names.iter().zip(&packs.indexes) {
            // Several files of a chain may name the same pack.
            if !looked_through.insert(*name) {
                continue;
            }
            let is_left_out = |id: &&RawId| !is_stopped() && !all.iter().any(|packs| packs.has(id));
            if let Some(id) = index.ids().par_iter().find_first(is_left_out) {
                return Err(layer.finding(CacheFault::LeftOut(ObjectId::from_raw(*id))));
            }
        }
    }
    Ok(())
}
