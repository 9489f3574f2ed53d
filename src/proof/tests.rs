use proptest::prelude::*;

use super::pack::{LARGEST_PROOF, PackError};
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
