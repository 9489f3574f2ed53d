//! Writes packs and indexes by hand, the impossible ones included, which git would refuse to write.
#![allow(clippy::cast_possible_truncation)] // a pack written by a test is small

use std::io::Write;

use sha1::{Digest, Sha1};

/// Writes a pack one entry after another, with whatever ids it is told.
pub struct PackWriter {
    pack: Vec<u8>,
    entries: Vec<([u8; 20], u32, u64)>,
}

impl PackWriter {
    pub fn new() -> Self {
        Self {
            pack: b"PACK\0\0\0\x02\0\0\0\0".to_vec(),
            entries: Vec::new(),
        }
    }

    /// Adds a whole object of kind 1 to 4 and returns its offset.
    pub fn whole(&mut self, id: [u8; 20], kind: u8, body: &[u8]) -> u64 {
        self.raw(id, kind, body.len() as u64, &[], body)
    }

    /// Adds a delta against the entry at an offset.
    pub fn offset_delta(&mut self, id: [u8; 20], base: u64, delta: &[u8]) -> u64 {
        let mut distance = self.pack.len() as u64 - base;
        let mut digits = vec![(distance & 0x7f) as u8];
        while distance > 0x7f {
            distance = (distance >> 7) - 1;
            digits.insert(0, 0x80 | (distance & 0x7f) as u8);
        }
        self.raw(id, 6, delta.len() as u64, &digits, delta)
    }

    /// Adds a delta against the object of an id.
    pub fn id_delta(&mut self, id: [u8; 20], base: [u8; 20], delta: &[u8]) -> u64 {
        self.raw(id, 7, delta.len() as u64, &base, delta)
    }

    /// Adds an entry with any kind, any announced length, any bytes before the stream, any content in it.
    pub fn raw(&mut self, id: [u8; 20], kind: u8, announced: u64, before: &[u8], content: &[u8]) -> u64 {
        let mut first = kind << 4 | (announced & 15) as u8;
        let mut rest = announced >> 4;
        let mut entry = Vec::new();
        while rest > 0 {
            entry.push(first | 0x80);
            first = (rest & 0x7f) as u8;
            rest >>= 7;
        }
        entry.push(first);
        entry.extend_from_slice(before);
        entry.extend(deflate(content));
        self.bytes(id, &entry)
    }

    /// Adds any bytes as an entry.
    pub fn bytes(&mut self, id: [u8; 20], entry: &[u8]) -> u64 {
        let offset = self.pack.len() as u64;
        self.pack.extend_from_slice(entry);
        self.entries.push((id, crc32fast::hash(entry), offset));
        offset
    }

    /// Returns the pack and its index.
    pub fn finish(mut self) -> (Vec<u8>, Vec<u8>) {
        self.pack[8..12].copy_from_slice(&(self.entries.len() as u32).to_be_bytes());
        let sum: [u8; 20] = Sha1::digest(&self.pack).into();
        self.pack.extend(sum);
        let index = write_index(&self.entries, sum, 1 << 31);
        (self.pack, index)
    }
}

/// Writes an index as git does, except that every offset of at least `wide_from` takes 64 bits.
pub fn write_index(entries: &[([u8; 20], u32, u64)], pack_checksum: [u8; 20], wide_from: u64) -> Vec<u8> {
    let mut entries = entries.to_vec();
    entries.sort_unstable();
    let mut file = b"\xfftOc\0\0\0\x02".to_vec();
    for first in 0..=255 {
        let count = entries.iter().filter(|entry| entry.0[0] <= first).count();
        file.extend((count as u32).to_be_bytes());
    }
    for (id, _, _) in &entries {
        file.extend(id);
    }
    for (_, crc, _) in &entries {
        file.extend(crc.to_be_bytes());
    }
    let mut wide = Vec::new();
    for &(_, _, offset) in &entries {
        let short = if offset >= wide_from {
            wide.push(offset);
            1 << 31 | (wide.len() - 1) as u32
        } else {
            offset as u32
        };
        file.extend(short.to_be_bytes());
    }
    for offset in wide {
        file.extend(offset.to_be_bytes());
    }
    file.extend(pack_checksum);
    let sum: [u8; 20] = Sha1::digest(&file).into();
    file.extend(sum);
    file
}

/// Makes a zlib stream.
pub fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}
