//! What transparency logs write down, beside second readers of the same specifications.

use avalaches::tlog::add_checkpoint::{AddCheckpoint, parse_size, size_text};
use avalaches::tlog::checkpoint::{Checkpoint, SignedCheckpoint};
use avalaches::tlog::kept::KeptCheckpoint;
use avalaches::tlog::key::VerifierKey;
use avalaches::tlog::merkle::leaf_hash;
use avalaches::tlog::note::Note;
use avalaches::tlog::policy::Policy;
use avalaches::tlog::proof::LogProof;
use avalaches::tlog::tile::{self, Content, Tile};
use avalaches::tlog::witness;

use super::text;

/// The key of the log in the inputs that are kept.
const KEY: &str = "example.org/digest+e360d6e0+AcftMZFN+QTSSW14NL/RnAqtmuX1PlajaPBUVA5AOu38";

/// A signed note, a checkpoint, and the keys that sign them.
pub fn note(data: &[u8]) {
    let Some(text) = text(data) else {
        return;
    };
    let theirs = signed_note::Note::from_bytes(data);
    if let Ok(note) = Note::parse(text) {
        assert_eq!(note.to_string(), text);
        if let Ok(theirs) = &theirs {
            assert_eq!(theirs.text(), note.text.as_bytes());
        }
    }
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(checkpoint.to_string(), text);
        if let Ok(theirs) = tlog_tiles::Checkpoint::from_bytes(data) {
            assert_eq!(
                (theirs.origin(), theirs.size()),
                (&*checkpoint.origin, checkpoint.size)
            );
            assert_eq!(&theirs.hash().0, checkpoint.root.raw());
        }
    }
    if let Ok(signed) = SignedCheckpoint::parse(text) {
        assert_eq!(signed.to_string(), text);
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    assert!(parse_size(data).is_none_or(|size| size_text(size) == text));
}

/// A proof that a log has a revision.
pub fn proof_in_log(data: &[u8]) {
    let Some(Ok(proof)) = text(data).map(LogProof::parse) else {
        return;
    };
    assert_eq!(proof.to_string().as_bytes(), data);
    let _ = proof.has(leaf_hash(b"leaf"));
}

/// What a reader keeps of a log, and what a witness is asked.
pub fn kept(data: &[u8]) {
    let key: VerifierKey = KEY.parse().expect("it is a key");
    let _ = witness::read(&[key], data);
    let Some(text) = text(data) else {
        return;
    };
    if let Ok(kept) = KeptCheckpoint::parse(text) {
        assert_eq!(kept.to_string(), text);
    }
    if let Some(asked) = AddCheckpoint::parse(text) {
        assert_eq!(asked.to_string(), text);
    }
}

/// Whose word counts.
pub fn policy(data: &[u8]) {
    let Some((policy, note)) = super::halves(data) else {
        return;
    };
    let Ok(policy) = Policy::parse(policy) else {
        return;
    };
    if let Ok(signed) = SignedCheckpoint::parse(note) {
        let _ = policy.weigh(&signed);
    }
}

/// The path of a tile, and the entries of a bundle.
pub fn tile(data: &[u8]) {
    if let Some(entries) = tile::entries(data) {
        assert_eq!(tile::bundle(&entries).as_deref(), Ok(data));
    }
    let Some(text) = text(data) else {
        return;
    };
    let Some(tile) = Tile::parse(text) else {
        return;
    };
    assert_eq!(tile.to_string(), text);
    // Theirs ends where a tree of 2^64 leaves does, and at paths of 52 characters.
    if matches!(tile.content, Content::Hashes(64..)) || text.len() > 48 {
        return;
    }
    let theirs = text
        .replacen("tile/", "tile/8/", 1)
        .replace("/entries/", "/data/");
    let theirs = tlog_tiles::Tile::from_path(&theirs).expect("what is read here is read elsewhere");
    assert_eq!(
        (theirs.level_index(), theirs.width()),
        (tile.index, u32::from(tile.width))
    );
    match tile.content {
        Content::Entries => assert!(theirs.is_data()),
        Content::Hashes(level) => assert_eq!(theirs.level(), level),
    }
}
