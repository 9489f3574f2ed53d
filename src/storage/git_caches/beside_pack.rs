//! What git keeps beside a pack: the order in which its objects lie there (`.rev`), and which objects commits lead to (`.bitmap`);
//! and beside an index over several packs. Git ends in an error over one that is damaged, or goes by it.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha1::{Digest as _, Sha1};

use super::{CacheFault, CacheFinding, Layer, SHORT};
use crate::id::RawId;
use crate::storage::inventory::{Inventory, Listed};
use crate::storage::layout;

/// Of a reverse index: its version is 1, its ids are SHA-1s.
const REVERSE: [u8; 12] = *b"RIDX\0\0\0\x01\0\0\0\x01";

/// Of a bitmap: its version is 1. Flags and a number follow, and the checksum of the pack.
const BITMAP: [u8; 6] = *b"BITM\0\x01";

/// Where in a bitmap the checksum of its pack begins.
const PACK_OF_BITMAP: usize = 12;

/// Checks those files; of each the first fault is told.
pub fn check(inventory: &Inventory, is_stopped: &(dyn Fn() -> bool + Sync)) -> Vec<CacheFinding> {
    let folder = inventory.folder();
    let of_packs = inventory.packs.par_iter().flat_map_iter(|listed| {
        let reverse = opened(folder, listed.open.path.with_extension("rev"));
        let bitmap = opened(folder, listed.open.path.with_extension("bitmap"));
        let reverse = reverse.and_then(|file| judged(file, |bytes| is_reverse(bytes, listed)));
        let bitmap = bitmap.and_then(|file| judged(file, |bytes| is_bitmap(bytes, listed)));
        [reverse, bitmap].into_iter().flatten()
    });
    let mut found: Vec<CacheFinding> = of_packs.collect();
    if is_stopped() {
        return found;
    }
    // A folder that cannot be listed was told of where the packs were listed.
    let names = layout::list(&folder.join("pack")).unwrap_or_default();
    let is_of_several = |name: &str| {
        let ending = Path::new(name).extension();
        name.starts_with("multi-pack-index-")
            && ending.is_some_and(|ending| ending == "rev" || ending == "bitmap")
    };
    let names = names.into_iter().filter(|name| is_of_several(&name.text));
    found.extend(names.filter_map(|name| {
        let file = opened(folder, Path::new("pack").join(name.text))?;
        judged(file, |bytes| checksum(bytes).map(drop))
    }));
    found
}

/// Opens a file; `None` where there is none.
fn opened(folder: &Path, path: PathBuf) -> Option<Result<Layer, CacheFinding>> {
    match Layer::open(folder, path) {
        Err(finding) if finding.is_missing() => None,
        opened => Some(opened),
    }
}

fn judged(
    file: Result<Layer, CacheFinding>,
    judge: impl FnOnce(&[u8]) -> Result<(), CacheFault>,
) -> Option<CacheFinding> {
    let judged = file.and_then(|file| judge(&file.map).map_err(|fault| file.finding(fault)));
    judged.err()
}

/// Returns what stands before the checksum with which a file ends.
fn checksum(file: &[u8]) -> Result<&[u8], CacheFault> {
    let (content, sum) = file.split_last_chunk::<20>().ok_or(SHORT)?;
    if Sha1::digest(content).as_slice() == sum {
        Ok(content)
    } else {
        Err(CacheFault::Checksum)
    }
}

fn is_reverse(file: &[u8], listed: &Listed) -> Result<(), CacheFault> {
    let content = checksum(file)?;
    let table = content.strip_prefix(&REVERSE);
    let table = table.ok_or(CacheFault::Form("it is no reverse index of version 1 over SHA-1"))?;
    let (table, pack) = table.split_last_chunk::<20>().ok_or(SHORT)?;
    is_of(pack, listed)?;
    let map = &listed.map;
    let (rows, rest) = table.as_chunks::<4>();
    let is_place =
        |(number, row): (usize, &[u8; 4])| usize::try_from(u32::from_be_bytes(*row)) == Ok(map.place(number));
    if !rest.is_empty() || rows.len() != listed.open.pack.index().count() {
        return Err(CacheFault::Form(
            "it has another number of rows than its pack of objects",
        ));
    }
    // Where an entry cannot be read, which is told of its pack, nothing can be said of their order.
    if map.len() == rows.len() && !rows.iter().enumerate().all(is_place) {
        return Err(CacheFault::Order);
    }
    Ok(())
}

fn is_bitmap(file: &[u8], listed: &Listed) -> Result<(), CacheFault> {
    let content = checksum(file)?;
    if !content.starts_with(&BITMAP) {
        return Err(CacheFault::Form("it is no bitmap of version 1"));
    }
    let pack = content.get(PACK_OF_BITMAP..).and_then(<[u8]>::first_chunk);
    is_of(pack.ok_or(SHORT)?, listed)
}

/// Checks that a file is that of the pack that it stands beside.
fn is_of(pack: &RawId, listed: &Listed) -> Result<(), CacheFault> {
    if listed.open.pack.index().pack_checksum().as_ref() == Some(pack) {
        Ok(())
    } else {
        Err(CacheFault::OtherPack)
    }
}
