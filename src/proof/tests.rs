use proptest::prelude::*;

use super::pack::{LARGEST_PROOF, MOST_OBJECTS, PackError};
use super::*;
use crate::object::entry;

fn proof_of(bodies: &[(ObjectKind, Vec<u8>)]) -> Proof {
    let objects = bodies.iter().map(|(kind, body)| Object {
        kind: *kind,
        body: body.clone(),
    });
    Proof::of(objects.collect())
}

/// Puts the checksum right again, as whoever changes a pack would.
fn resealed(mut pack: Vec<u8>) -> Vec<u8> {
    pack.truncate(pack.len() - 20);
    let checksum = object::digest(&[&pack]).unwrap();
    pack.extend(checksum);
    pack
}

#[test]
fn each_thing_that_is_no_proof_is_told_apart() {
    let pack = proof_of(&[(ObjectKind::Blob, b"text".to_vec())])
        .encode()
        .unwrap();
    assert_eq!(Proof::parse(b"PACK"), Err(PackError::Form));
    assert_eq!(Proof::parse(&pack[1..]), Err(PackError::Form));
    let mut changed = pack.clone();
    changed[12] ^= 1;
    assert_eq!(Proof::parse(&changed), Err(PackError::Checksum));
    let with = |at: usize, byte: u8| {
        let mut pack = pack.clone();
        pack[at] = byte;
        Proof::parse(&resealed(pack))
    };
    assert_eq!(with(11, 0), Err(PackError::Count(0)));
    assert_eq!(with(8, 1), Err(PackError::Count((1 << 24) + 1)));
    assert_eq!(with(11, 2), Err(PackError::Form));
    assert_eq!(with(12, 6 << 4 | 4), Err(PackError::Kind(1)));
    assert_eq!(with(12, 3 << 4 | 3), Err(PackError::Damaged(1)));
    assert_eq!(with(12, 3 << 4 | 5), Err(PackError::Damaged(1)));
    let mut longer = pack.clone();
    longer.insert(pack.len() - 20, 0);
    assert_eq!(Proof::parse(&resealed(longer)), Err(PackError::Trailing));
    // A length that nobody has room for is refused before anything is inflated.
    let mut huge = pack[..12].to_vec();
    huge.extend(entry::header(entry::code(ObjectKind::Blob), LARGEST_PROOF + 1));
    huge.extend([0; 20]);
    assert_eq!(Proof::parse(&resealed(huge)), Err(PackError::TooLarge));
    let nothing = proof_of(&[(ObjectKind::Blob, Vec::new())]);
    assert_eq!(nothing.follow().unwrap_err(), ProofError::NoCommit);
}

#[test]
fn a_source_is_told_by_the_text() {
    let noise = |seed: u8| -> Vec<u8> {
        let digests = (0..100_u8).map(|number| object::digest(&[&[seed, number]]).unwrap());
        digests.flatten().collect()
    };
    let (text, other) = (noise(0), noise(1));
    let bodies = [
        (ObjectKind::Tree, text.clone()),
        (ObjectKind::Blob, text[..400].to_vec()),
        (ObjectKind::Blob, text.clone()),
        (ObjectKind::Blob, [b"# ", &text[..1200]].concat()),
        (ObjectKind::Blob, [b"# ", &text[1200..], b"\n"].concat()),
        (ObjectKind::Blob, other),
    ];
    let proof = proof_of(&bodies);
    let pack = proof.encode().unwrap();
    assert!((6500..6700).contains(&pack.len()), "{}", pack.len());
    assert_eq!(Proof::parse(&pack), Ok(proof));
}

/// Returns the pack of a text and of a delta of what begins so many bytes before it.
fn delta_of(text: &[u8], distance: Option<u64>, delta: &[u8]) -> Vec<u8> {
    let text = proof_of(&[(ObjectKind::Blob, text.to_vec())]).encode().unwrap();
    let stream = proof_of(&[(ObjectKind::Blob, delta.to_vec())]).encode().unwrap();
    let distance = distance.unwrap_or(text.len() as u64 - 32);
    let header = entry::header(entry::code(ObjectKind::Blob), delta.len());
    let mut pack = text[..text.len() - 20].to_vec();
    pack[11] = 2;
    pack.extend(entry::header(entry::OFFSET_DELTA, delta.len()));
    pack.extend(entry::distance(distance));
    pack.extend(&stream[12 + header.len()..]);
    resealed(pack)
}

#[test]
fn a_delta_is_of_an_entry_before_it_and_makes_what_it_says() {
    let text = b"hello world";
    let good = [11, 7, 0x90, 5, 1, b'!', 0x91, 5, 1];
    let read = Proof::parse(&delta_of(text, None, &good)).unwrap();
    assert_eq!(read.objects()[1].body, b"hello! ");
    assert_eq!(read.objects()[1].kind, ObjectKind::Blob);
    for distance in [0, 1, 12, 1000, u64::MAX] {
        assert_eq!(
            Proof::parse(&delta_of(text, Some(distance), &good)),
            Err(PackError::Kind(2))
        );
    }
    let faults: [&[u8]; 6] = [
        &[],
        &[10, 1, 1, b'x'],
        &[11, 2, 2, b'x'],
        &[11, 1, 0],
        &[11, 5, 0x91, 7, 5],
        &[11, 6, 0x91, 6, 5],
    ];
    for fault in faults {
        assert_eq!(
            Proof::parse(&delta_of(text, None, fault)),
            Err(PackError::Damaged(2))
        );
    }
    // A kilobyte of copies that would make 64 MiB, and the text has some bytes.
    let zeros = vec![0; 1 << 16];
    let copies = |length: &[u8], count| [&[0x80, 0x80, 4], length, &vec![0x80; count]].concat();
    let some = Proof::parse(&delta_of(&zeros, None, &copies(&[0x80, 0x80, 0xf8, 0x1f], 1022)));
    assert_eq!(some.unwrap().objects()[1].body.len(), 1022 << 16);
    let all = Proof::parse(&delta_of(&zeros, None, &copies(&[0x80, 0x80, 0x80, 0x20], 1024)));
    assert_eq!(all, Err(PackError::TooLarge));
}

#[test]
fn a_proof_has_so_many_objects_and_so_many_bytes() {
    let blobs = |count, length| {
        let blob = || Object {
            kind: ObjectKind::Blob,
            body: vec![0; length],
        };
        Proof::of(std::iter::repeat_with(blob).take(count).collect())
    };
    assert_eq!(blobs(0, 0).encode(), Err(PackError::Count(0)));
    let most = blobs(MOST_OBJECTS, 0);
    assert_eq!(Proof::parse(&most.encode().unwrap()), Ok(most));
    assert_eq!(blobs(MOST_OBJECTS + 1, 0).encode(), Err(PackError::Count(1025)));
    assert_eq!(blobs(2, LARGEST_PROOF / 2 + 1).encode(), Err(PackError::TooLarge));
}

const MESSAGE: &str = "publish: Ferry\n\nArticle-Id: 2026/01/22/ferry\nRevision: 1\nRevision-Kind: publish\nLanguages: en\n\
    Content-SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";

/// Returns a commit and the trees above an entry at a path of it, the highest first.
fn led_to(path: &str, mut entry: Entry) -> Vec<(ObjectKind, Vec<u8>)> {
    let mut objects = Vec::new();
    for name in path.rsplit('/') {
        let tree = tree_of(&[(name, entry)]);
        entry = Entry::Folder(TreeId::from_raw(id_of(&tree)));
        objects.push(tree);
    }
    let ident = "Desk <desk@example.org> 1769083200 +0000";
    let commit = format!(
        "tree {}\nparent {}\nauthor {ident}\ncommitter {ident}\n\n{MESSAGE}",
        entry.object(),
        "a".repeat(40)
    );
    objects.push((ObjectKind::Commit, commit.into_bytes()));
    objects.reverse();
    objects
}

fn tree_of(entries: &[(&str, Entry)]) -> (ObjectKind, Vec<u8>) {
    let mut tree = Tree::default();
    for (name, entry) in entries {
        tree.insert(name, *entry).unwrap();
    }
    (ObjectKind::Tree, tree.encode())
}

fn id_of((kind, body): &(ObjectKind, Vec<u8>)) -> [u8; 20] {
    *object::hash(*kind, body).unwrap().raw()
}

#[test]
fn a_path_leads_through_folders_to_files_alone() {
    const FOLDER: &str = "articles/2026/01/22/ferry";
    let text = (ObjectKind::Blob, b"The ferry stops.\n".to_vec());
    let file = Entry::File(BlobId::from_raw(id_of(&text)));
    let whole = tree_of(&[("page.txt", file)]);
    let folder = Entry::Folder(TreeId::from_raw(id_of(&whole)));
    let follow = |path, entry, more: &[(ObjectKind, Vec<u8>)]| {
        let objects = [&led_to(path, entry)[..], more].concat();
        (proof_of(&objects).follow(), objects)
    };
    let (proved, _) = follow(FOLDER, folder, &[whole.clone(), text.clone()]);
    let proved = proved.unwrap();
    assert_eq!(proved.files, [("page.txt".to_owned(), text.1.clone())]);
    assert_eq!(Entry::Folder(proved.folder), folder);

    // Another article's folder, and a file in the folder's place.
    for (path, entry, last) in [
        ("articles/2026/01/22/bridge", folder, 5),
        ("articles/2026/02/22/ferry", folder, 3),
        (FOLDER, file, 5),
    ] {
        let (refused, objects) = follow(path, entry, &[whole.clone(), text.clone()]);
        let absent = ProofError::Absent {
            tree: TreeId::from_raw(id_of(&objects[last])),
            path: FOLDER.to_owned(),
        };
        assert_eq!(refused.unwrap_err(), absent, "{path}");
    }
    let nested = tree_of(&[("notes", folder), ("page.txt", file)]);
    let leaf = TreeId::from_raw(id_of(&nested));
    let (refused, _) = follow(FOLDER, Entry::Folder(leaf), &[nested, whole, text]);
    let absent = ProofError::Absent {
        tree: leaf,
        path: format!("{FOLDER}/notes"),
    };
    assert_eq!(refused.unwrap_err(), absent);
}

fn kind() -> impl Strategy<Value = ObjectKind> {
    prop_oneof![
        Just(ObjectKind::Commit),
        Just(ObjectKind::Tree),
        Just(ObjectKind::Blob)
    ]
}

proptest! {
    #[test]
    fn a_proof_reads_back_what_it_writes(
        objects in proptest::collection::vec((kind(), any::<Vec<u8>>()), 1..9), again in 1..400usize,
    ) {
        let mut objects = objects;
        for (_, body) in &mut objects {
            *body = body.repeat(again);
        }
        let halves = |body: &Vec<u8>| (ObjectKind::Blob, body[body.len() / 2..].to_vec());
        objects.extend(objects.iter().map(|(_, body)| halves(body)).collect::<Vec<_>>());
        let proof = proof_of(&objects);
        prop_assert_eq!(Proof::parse(&proof.encode().unwrap()), Ok(proof));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        bytes in any::<Vec<u8>>(), at in any::<prop::sample::Index>(), byte in any::<u8>(), body in any::<Vec<u8>>(),
    ) {
        let _ = Proof::parse(&bytes);
        let mut sealed = b"PACK\0\0\0\x02\0\0\0\x01".to_vec();
        sealed.extend(&bytes);
        sealed.extend([0; 20]);
        let _ = Proof::parse(&resealed(sealed));
        let mut pack = proof_of(&[(ObjectKind::Commit, body.clone()), (ObjectKind::Tree, body)]).encode().unwrap();
        let at = at.index(pack.len() - 20);
        pack[at] = byte;
        if let Ok(proof) = Proof::parse(&resealed(pack)) {
            let _ = proof.follow();
        }
    }
}
