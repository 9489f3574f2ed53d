//! Packs, their indexes, deltas, and proofs, which are packs.

use std::io::Read;

use avalaches::id::{ObjectId, RawId};
use avalaches::object::delta;
use avalaches::object::{LARGEST_OBJECT, Object, ObjectKind};
use avalaches::platform::Inflater;
use avalaches::proof::{Proof, block};
use avalaches::storage::bases::Bases;
use avalaches::storage::pack::{EntryKind, Pack};
use avalaches::storage::pack_index::PackIndex;
use avalaches::storage::pack_index_writer::{self, Indexed};
use avalaches::verify::alone;
use flate2::read::ZlibDecoder;
use sha1::{Digest, Sha1};

use super::pack_writer::{PackWriter, write_index};

/// A pack whose checksum and index are right, and whose entries are what the bytes say: each a byte that tells what it
/// is, one that tells how long, and its content.
pub fn pack(data: &[u8]) {
    let (file, index) = packed(data);
    let index = PackIndex::parse(index).expect("it was written so");
    assert_eq!(index.check(), []);
    let pack = Pack::parse(file.clone(), index).expect("it was written so");
    let mut inflater = Inflater::new();
    let mut bases = Bases::new();
    for place in 0..pack.index().count() {
        let alone = pack.read(place, &mut inflater);
        let offset = pack.index().offset(place).expect("it was written so");
        // What was read before makes no difference.
        for _ in 0..2 {
            let again = pack.read_at(offset, &mut inflater, &mut bases);
            assert_eq!(again, alone);
        }
        if let Some(other) = read_otherwise(&pack, offset, 0) {
            assert_eq!(alone.as_ref(), Ok(&other), "the entry at {offset}");
        } else {
            assert!(alone.is_err(), "the entry at {offset}");
        }
    }
    let Ok(proof) = Proof::parse(&file) else {
        return;
    };
    let mut offsets: Vec<_> = (0..pack.index().count())
        .map(|place| pack.index().offset(place))
        .collect();
    offsets.sort_by_key(|offset| offset.clone().ok());
    for (object, offset) in proof.objects().iter().zip(offsets) {
        let offset = offset.expect("it was written so");
        assert_eq!(
            pack.read_at(offset, &mut inflater, &mut Bases::none()).as_ref(),
            Ok(object)
        );
    }
}

/// Writes the pack that bytes tell of, and its index.
fn packed(mut data: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut writer = PackWriter::new();
    let mut offsets = vec![12_u64];
    for number in 0..64_u8 {
        let Some((&[what, length], rest)) = data.split_first_chunk() else {
            break;
        };
        let (content, rest) = rest.split_at(usize::from(length).min(rest.len()));
        data = rest;
        let id = [number; 20];
        let other = usize::from(what >> 3);
        let base = offsets[other % offsets.len()];
        offsets.push(match what & 7 {
            kind @ 1..=4 => writer.whole(id, kind, content),
            5 => writer.bytes(id, content),
            6 if base < offsets[offsets.len() - 1] || offsets.len() > 1 => {
                writer.offset_delta(id, base, content)
            }
            7 => writer.id_delta(id, [what >> 3; 20], content),
            kind => {
                let (head, stream) = content.split_at(content.len() / 2);
                writer.raw(
                    id,
                    kind,
                    u64::from(what) << 28 | stream.len() as u64,
                    head,
                    stream,
                )
            }
        });
    }
    writer.finish()
}

/// Reads an entry by other means than the reader's own: zlib in Rust, and deltas in [`applied`].
fn read_otherwise<B: AsRef<[u8]>>(pack: &Pack<B>, offset: u64, depth: usize) -> Option<Object> {
    let entry = pack.entry(offset).ok().filter(|_| depth < 70)?;
    let stream = pack.content().0.get(usize::try_from(entry.stream).ok()?..)?;
    let mut content = Vec::new();
    let most = entry.length as u64 + 1;
    // To the end of the stream, where its checksum is.
    ZlibDecoder::new(stream)
        .take(most)
        .read_to_end(&mut content)
        .ok()?;
    let is_whole = content.len() == entry.length;
    let base = match entry.kind {
        EntryKind::Whole(kind) => return is_whole.then_some(Object { kind, body: content }),
        EntryKind::OffsetDelta(base) => base,
        EntryKind::IdDelta(base) => pack.base_offset(base).ok()?,
    };
    let base = read_otherwise(pack, base, depth + 1)?;
    let body = applied(&base.body, &content).filter(|_| is_whole)?;
    Some(Object {
        kind: base.kind,
        body,
    })
}

/// A delta, or what has to come out of one: the bytes are cut in a base and a delta, and in two objects.
pub fn delta(data: &[u8]) {
    let Some((&length, rest)) = data.split_first() else {
        return;
    };
    let (base, other) = rest.split_at(usize::from(length).min(rest.len()));
    assert_eq!(delta::apply(base, other).ok(), applied(base, other));
    // With lengths that fit, so that the instructions are reached.
    if let Some((&target, instructions)) = other.split_first() {
        let mut fitting = Vec::new();
        for length in [base.len(), usize::from(target)] {
            if length < 0x80 {
                fitting.push(length.to_le_bytes()[0]);
            } else {
                fitting.extend([length.to_le_bytes()[0] | 0x80, (length >> 7).to_le_bytes()[0]]);
            }
        }
        fitting.extend(instructions);
        assert_eq!(delta::apply(base, &fitting).ok(), applied(base, &fitting));
    }
    for (base, target) in [(base, other), (other, base)] {
        if let Some(delta) = delta::encode(base, target, usize::MAX) {
            assert_eq!(delta::apply(base, &delta).as_deref(), Ok(target));
        }
    }
}

/// Applies a delta as its description reads (gitformat-pack), a byte at a time.
fn applied(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = delta.iter().copied();
    let number = |bytes: &mut dyn Iterator<Item = u8>| {
        let (mut value, mut shift) = (0_u128, 0_u32);
        loop {
            let byte = bytes.next()?;
            value |= u128::from(byte & 0x7f)
                .checked_shl(shift)
                .filter(|_| shift < 100)?;
            shift += 7;
            if byte < 0x80 {
                // More than 64 bits are no length, nor are digits of zeros beyond them.
                return u64::try_from(value).ok().filter(|_| shift <= 70);
            }
        }
    };
    let source = number(&mut bytes)?;
    let target = number(&mut bytes)?;
    if source != base.len() as u64 || target > LARGEST_OBJECT as u64 {
        return None;
    }
    let mut out = Vec::new();
    while let Some(instruction) = bytes.next() {
        if instruction & 0x80 == 0 {
            if instruction == 0 {
                return None;
            }
            for _ in 0..instruction {
                out.push(bytes.next()?);
            }
        } else {
            let mut field = |bits: std::ops::Range<u8>| {
                let mut value = 0_usize;
                for (place, bit) in bits.enumerate() {
                    if instruction >> bit & 1 == 1 {
                        value |= usize::from(bytes.next()?) << (8 * place);
                    }
                }
                Some(value)
            };
            let from = field(0..4)?;
            let count = match field(4..7)? {
                0 => 0x1_0000,
                count => count,
            };
            out.extend_from_slice(base.get(from..from + count)?);
        }
        if out.len() as u64 > target {
            return None;
        }
    }
    (out.len() as u64 == target).then_some(out)
}

/// The index of a pack: the bytes as its file, the same with a right checksum, and the entries that the bytes tell of.
pub fn index(data: &[u8]) {
    check_index(data);
    check_index(&summed(data));
    let mut entries: Vec<(RawId, u32, u64)> = Vec::new();
    for bytes in data.as_chunks::<12>().0 {
        let [a, b, c, d, numbers @ ..] = *bytes;
        let mut id = [d; 20];
        id[..3].copy_from_slice(&[a, b, c]);
        let number = u64::from_be_bytes(numbers);
        entries.push((id, number.to_be_bytes().map(u32::from).iter().sum(), number));
    }
    entries.sort_unstable();
    entries.dedup_by_key(|entry| entry.0);
    let made = write_index(&entries, [9; 20], 1 << 31);
    assert_eq!(written(&entries), made);
    let index = PackIndex::parse(&made).expect("it was written so");
    assert_eq!(index.check(), []);
    for (id, crc, offset) in entries {
        let place = index.find(&id).expect("it was written so");
        assert_eq!((index.crc(place), index.offset(place)), (Some(crc), Ok(offset)));
    }
}

fn summed(data: &[u8]) -> Vec<u8> {
    let content = &data[..data.len().saturating_sub(20)];
    let mut file = content.to_vec();
    file.extend(Sha1::digest(content));
    file
}

fn written(entries: &[(RawId, u32, u64)]) -> Vec<u8> {
    let objects: Vec<Indexed> = entries
        .iter()
        .map(|&(id, crc, offset)| Indexed {
            id: ObjectId::from_raw(id),
            crc,
            offset,
        })
        .collect();
    let mut made = Vec::new();
    pack_index_writer::write(&mut made, &objects, [9; 20]).expect("it is in memory");
    made
}

fn check_index(file: &[u8]) {
    let Ok(index) = PackIndex::parse(file) else {
        return;
    };
    let is_sound = index.check().is_empty();
    assert_eq!(index.ids().len(), index.count());
    let mut entries = Vec::new();
    for (place, id) in index.ids().iter().enumerate() {
        let found = index.find(id);
        let lowest = index.from_lowest(id);
        let (crc, offset) = (index.crc(place).expect("there is one"), index.offset(place));
        if is_sound {
            assert_eq!((found, lowest.start), (Some(place), place));
            entries.extend(offset.map(|offset| (*id, crc, offset)));
        }
    }
    let _ = (
        index.crc(index.count()),
        index.offset(index.count()),
        index.pack_checksum(),
    );
    if is_sound && entries.len() == index.count() {
        let made = written(&entries);
        let again = PackIndex::parse(&made[..]).expect("it was written so");
        for (place, (id, crc, offset)) in entries.into_iter().enumerate() {
            assert_eq!(
                (again.find(&id), again.crc(place), again.offset(place)),
                (Some(place), Some(crc), Ok(offset))
            );
        }
    }
}

/// A proof: the bytes as its file, with a right checksum or not, and its objects as the bytes tell them.
pub fn proof(data: &[u8]) {
    for file in [data.to_vec(), summed(data)] {
        let _ = alone::proof_file(&file);
        if let Ok(proof) = Proof::parse(&file) {
            check_proof(&proof);
        }
    }
    let (file, _) = packed(data);
    if let Ok(proof) = Proof::parse(&file) {
        check_proof(&proof);
    }
    let carried = block::encode(data);
    assert!(!carried.contains('<'));
    assert_eq!(block::decode(&carried).ok().as_deref(), Some(data));
    let text = std::str::from_utf8(data).ok();
    let _ = text.map(block::decode);
    if let Some(bytes) = text.and_then(|text| avalaches::base64::decode(text).ok()) {
        let digits: Vec<u8> = data
            .iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect();
        assert_eq!(avalaches::base64::encode(&bytes).as_bytes(), digits);
    }
}

fn check_proof(proof: &Proof) {
    let made = proof.encode().expect("it was read");
    let again = Proof::parse(&made).expect("it was written so");
    assert_eq!(again.objects(), proof.objects());
    let Ok(proved) = proof.follow() else {
        return;
    };
    assert_eq!(proof.objects()[0].kind, ObjectKind::Commit);
    assert_eq!(proved.commit.encode(), proof.objects()[0].body);
    // An object more, or one less, is no proof any more.
    let mut more = proof.objects().to_vec();
    more.push(Object {
        kind: ObjectKind::Blob,
        body: b"more".to_vec(),
    });
    assert!(Proof::of(more).follow().is_err());
    for at in 0..proof.objects().len() {
        let mut fewer = proof.objects().to_vec();
        fewer.remove(at);
        assert!(Proof::of(fewer).follow().is_err());
    }
}
