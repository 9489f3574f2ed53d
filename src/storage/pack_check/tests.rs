use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::id::RawId;
use crate::object::{self, ObjectKind};
use crate::packs::PackWriter;
use crate::storage::pack_index::PackIndex;
use crate::storage::pack_map::Sums;

fn blob(body: &[u8]) -> RawId {
    *object::hash(ObjectKind::Blob, body).unwrap().raw()
}

/// Checks a pack; returns what was found, and how many objects were shown.
fn checked(writer: PackWriter) -> (Vec<String>, usize) {
    let (pack, index) = writer.finish();
    checked_files(pack, index)
}

fn checked_files(pack: Vec<u8>, index: Vec<u8>) -> (Vec<String>, usize) {
    let pack = Pack::parse(pack, PackIndex::parse(index).unwrap()).unwrap();
    let found = Mutex::new(Vec::new());
    let shown = check(MOST_HELD, &pack, &|finding| {
        found.lock().unwrap().push(finding.what.to_string());
    });
    let mut found = found.into_inner().unwrap();
    found.sort();
    (found, shown)
}

/// Checks a pack with its files; returns how many objects were shown.
fn check(most_held: usize, pack: &Pack<Vec<u8>>, report: &Report<'_>) -> usize {
    check_files(pack, report);
    let map = PackMap::of(pack, Sums::Checked, report);
    let check = Check {
        pack,
        map: &map,
        hashing: Hashing::Both,
        most_held: most_held * rayon::current_num_threads(),
    };
    let shown = AtomicUsize::new(0);
    let flow = check.run(|_| true, report, &|_, _, _| {
        shown.fetch_add(1, Ordering::Relaxed);
        ControlFlow::Continue(())
    });
    assert_eq!(flow, ControlFlow::Continue(()));
    shown.into_inner()
}

/// A delta that replaces a base of two bytes by two others.
fn two(bytes: [u8; 2]) -> [u8; 5] {
    [2, 2, 2, bytes[0], bytes[1]]
}

#[test]
fn a_family_of_both_kinds_is_read_whichever_way_it_lies() {
    let mut writer = PackWriter::new();
    writer.id_delta(blob(b"cc"), blob(b"bb"), &two(*b"cc"));
    let base = writer.whole(blob(b"aa"), 3, b"aa");
    let middle = writer.offset_delta(blob(b"bb"), base, &two(*b"bb"));
    writer.offset_delta(blob(b"dd"), middle, &two(*b"dd"));
    writer.offset_delta(blob(b"ee"), base, &two(*b"ee"));
    assert_eq!(checked(writer), (vec![], 5));
}

#[test]
fn deltas_upon_themselves_are_found_and_the_others_still_read() {
    let mut writer = PackWriter::new();
    writer.whole(blob(b"aa"), 3, b"aa");
    writer.id_delta(blob(b"bb"), blob(b"bb"), &two(*b"bb"));
    writer.id_delta(blob(b"cc"), blob(b"dd"), &two(*b"cc"));
    writer.id_delta(blob(b"dd"), blob(b"cc"), &two(*b"dd"));
    assert_eq!(
        checked(writer),
        (vec!["delta builds upon itself".to_owned(); 3], 1)
    );
}

#[test]
fn a_chain_of_ten_thousand_is_too_deep_from_its_4096th_delta_on() {
    let mut writer = PackWriter::new();
    let body = |number: u16| number.to_be_bytes();
    let mut base = writer.whole(blob(&body(0)), 3, &body(0));
    for number in 1..=10_000 {
        base = writer.offset_delta(blob(&body(number)), base, &two(body(number)));
    }
    let (found, shown) = checked(writer);
    assert_eq!(shown, 1 + DEEPEST_CHAIN);
    assert_eq!(
        found,
        vec![PackError::TooDeep.to_string(); 10_000 - DEEPEST_CHAIN]
    );
}

#[test]
fn what_builds_upon_a_damaged_entry_is_named_too() {
    let mut writer = PackWriter::new();
    let base = writer.raw(blob(b"aa"), 3, 3, &[], b"aa");
    let middle = writer.offset_delta(blob(b"bb"), base, &two(*b"bb"));
    writer.offset_delta(blob(b"cc"), middle, &two(*b"cc"));
    let thin = writer.id_delta(blob(b"dd"), [9; 20], &two(*b"dd"));
    writer.offset_delta(blob(b"ee"), thin, &two(*b"ee"));
    let (found, shown) = checked(writer);
    assert_eq!(shown, 0);
    assert_eq!(
        found,
        [
            "delta builds upon a damaged entry",
            "delta builds upon a damaged entry",
            "delta builds upon a damaged entry",
            "delta has its base 0909090909090909090909090909090909090909 outside the pack (a thin pack)",
            "zlib stream of the entry does not hold the 3 bytes announced",
        ]
    );
}

#[test]
fn bytes_between_entries_and_wrong_ids_are_found() {
    let mut writer = PackWriter::new();
    let mut entry = vec![0x32];
    entry.extend(crate::packs::deflate(b"aa"));
    entry.push(0);
    writer.bytes(blob(b"aa"), &entry);
    writer.whole(blob(b"bb"), 3, b"cc");
    let other = object::hash(ObjectKind::Blob, b"cc").unwrap();
    let (found, shown) = checked(writer);
    assert_eq!(shown, 0);
    assert_eq!(
        found,
        [
            "1 bytes lie between the entry's zlib stream and the next entry".to_owned(),
            Damage::OtherId(other).to_string(),
        ]
    );
}

#[test]
fn a_wrong_checksum_is_found_though_the_index_agrees_with_it() {
    let mut writer = PackWriter::new();
    let offset = writer.whole(blob(b"aa"), 3, b"aa");
    let (mut pack, _) = writer.finish();
    let end = pack.len() - 20;
    let crc = crc32fast::hash(&pack[12..end]);
    pack[end..].fill(7);
    let index = crate::packs::write_index(&[(blob(b"aa"), crc, offset)], [7; 20], 1 << 31);
    assert_eq!(
        checked_files(pack, index),
        (vec![PackError::Checksum.to_string()], 1)
    );
}

#[test]
fn offsets_that_lead_nowhere_or_twice_to_one_place_are_found() {
    let pack_of = |offsets: [fn(u64, u64) -> u64; 2]| {
        let mut writer = PackWriter::new();
        let first = writer.whole(blob(b"aa"), 3, b"aa");
        let second = writer.whole(blob(b"bb"), 3, b"bb");
        let (pack, _) = writer.finish();
        let end = pack.len() - 20;
        let cut = usize::try_from(second).unwrap();
        let crcs = [crc32fast::hash(&pack[12..cut]), crc32fast::hash(&pack[cut..end])];
        let end = u64::try_from(end).unwrap();
        let entries = [
            (blob(b"aa"), crcs[0], offsets[0](first, end)),
            (blob(b"bb"), crcs[1], offsets[1](second, end)),
        ];
        let sum = *pack.last_chunk().unwrap();
        checked_files(pack, crate::packs::write_index(&entries, sum, 1 << 31))
    };
    let says = |found: &[String], what: PackError| found.contains(&what.to_string());
    assert_eq!(pack_of([|at, _| at, |at, _| at]), (vec![], 2));
    let (found, shown) = pack_of([|_, end| end, |at, _| at]);
    assert!(says(&found, PackError::Outside) && says(&found, PackError::Gap));
    assert_eq!((found.len(), shown), (2, 1));
    let (found, shown) = pack_of([|at, _| at, |_, _| 12]);
    assert!(says(&found, PackError::Shared), "{found:?}");
    assert_eq!(shown, 0, "the one entry that is left does not reach to the end");
    let (found, _) = pack_of([|at, _| at, |_, _| 11]);
    assert!(says(&found, PackError::Outside));
}

#[test]
fn a_pack_without_objects_holds_nothing_else() {
    assert_eq!(checked(PackWriter::new()), (vec![], 0));
    let (mut pack, _) = PackWriter::new().finish();
    pack.truncate(12);
    pack.push(b'x');
    let sum: RawId = Sha1::digest(&pack).into();
    pack.extend(sum);
    let index = crate::packs::write_index(&[], sum, 1 << 31);
    assert_eq!(checked_files(pack, index), (vec![PackError::Gap.to_string()], 0));
}

#[test]
fn bases_above_the_bound_are_let_go_and_read_again() {
    // A spine of bases, each with a heavier branch beside it: the lighter way is walked first, and every
    // base on it still has a child to come.
    let body = |number: u8| [number; 2];
    let mut writer = PackWriter::new();
    let mut spine = vec![writer.whole(blob(&body(0)), 3, &body(0))];
    let mut last = 0;
    let mut add = |base: u64| {
        last += 1;
        writer.offset_delta(blob(&body(last)), base, &two(body(last)))
    };
    for level in 0..4 {
        spine.push(add(spine[level]));
    }
    for (level, &base) in spine.iter().enumerate() {
        for root in 0..1 << (5 - level) {
            let child = add(base);
            if root == 0 {
                add(child);
            }
        }
    }
    let count = usize::from(last) + 1;
    let (pack, index) = writer.finish();
    let pack = Pack::parse(pack, PackIndex::parse(index).unwrap()).unwrap();
    for most_held in [0, 2, 3, 5, 100] {
        assert_eq!(check(most_held, &pack, &|finding| panic!("{finding:?}")), count);
    }
}

#[test]
fn held_bases_stay_below_the_bound_but_for_the_newest() {
    let branch = |length| Branch {
        number: 0,
        rest: 0..1,
        object: Some(Object {
            kind: ObjectKind::Blob,
            body: vec![0; length],
        }),
    };
    let mut held = Held {
        branches: Vec::new(),
        bytes: 0,
        most: 10,
    };
    for length in [4, 4, 4] {
        held.push(branch(length));
    }
    assert_eq!(held.bytes, 8);
    assert!(held.branches[0].object.is_none());
    held.push(branch(20));
    assert_eq!(held.bytes, 20);
    held.pop();
    assert_eq!(held.bytes, 0);
}

#[test]
fn the_check_ends_where_the_visitor_says_so() {
    let mut writer = PackWriter::new();
    writer.whole(blob(b"aa"), 3, b"aa");
    writer.whole(blob(b"bb"), 3, b"bb");
    let (pack, index) = writer.finish();
    let pack = Pack::parse(pack, PackIndex::parse(index).unwrap()).unwrap();
    let map = PackMap::of(&pack, Sums::Checked, &|_| ());
    let check = Check {
        pack: &pack,
        map: &map,
        hashing: Hashing::Both,
        most_held: MOST_HELD,
    };
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let shown = AtomicUsize::new(0);
    let flow = alone.install(|| {
        check.run(|_| true, &|_| (), &|_, _, _| {
            shown.fetch_add(1, Ordering::Relaxed);
            ControlFlow::Break(())
        })
    });
    assert_eq!((flow, shown.into_inner()), (ControlFlow::Break(()), 1));
}

#[test]
fn only_what_is_wanted_and_its_bases_are_read() {
    let mut writer = PackWriter::new();
    let base = writer.whole(blob(b"aa"), 3, b"aa");
    let middle = writer.offset_delta(blob(b"bb"), base, &two(*b"bb"));
    writer.offset_delta(blob(b"cc"), middle, &two(*b"cc"));
    writer.offset_delta(blob(b"dd"), base, &two(*b"dd"));
    writer.whole(blob(b"ee"), 3, b"ee");
    let (pack, index) = writer.finish();
    let pack = Pack::parse(pack, PackIndex::parse(index).unwrap()).unwrap();
    let map = PackMap::of(&pack, Sums::Checked, &|finding| panic!("{finding:?}"));
    let check = Check {
        pack: &pack,
        map: &map,
        hashing: Hashing::Sha1,
        most_held: MOST_HELD,
    };
    let shown = Mutex::new(Vec::new());
    let flow = check.run(|number| number == 1, &|_| (), &|number, _, _| {
        shown.lock().unwrap().push(number);
        ControlFlow::Continue(())
    });
    assert_eq!(
        (flow, shown.into_inner().unwrap()),
        (ControlFlow::Continue(()), vec![0, 1])
    );
}
