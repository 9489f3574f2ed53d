//! Git's objects one by one, beside libgit2 and zlib in Rust.

use std::io::Read;

use avalaches::id::{BlobId, TreeId};
use avalaches::object::commit::Commit;
use avalaches::object::foreign::{self, EntryKind, ForeignCommit, ForeignError};
use avalaches::object::tree::{self, Entries, Entry, Tree};
use avalaches::object::{self, LARGEST_OBJECT, ObjectKind};
use avalaches::storage::loose;
use flate2::read::ZlibDecoder;
use git2::{ObjectType, Odb, Repository};

/// A commit as an archive has them.
pub fn commit(data: &[u8]) {
    let Ok(commit) = Commit::parse(data) else {
        return;
    };
    assert_eq!(commit.encode(), data, "a commit is written as it was read");
    in_libgit2(ObjectType::Commit, data, |repository, id| {
        let theirs = repository
            .find_commit(id)
            .expect("what is strict is read by the lenient");
        assert_eq!(theirs.tree_id().as_bytes(), commit.tree.raw());
        let parents: Vec<_> = theirs.parent_ids().map(|id| id.as_bytes().to_vec()).collect();
        let ours: Vec<_> = commit.parents.iter().map(|id| id.raw().to_vec()).collect();
        assert_eq!(parents, ours);
        for (theirs, ours) in [
            (theirs.author(), &commit.author),
            (theirs.committer(), &commit.committer),
        ] {
            assert_eq!(theirs.name_bytes(), without_crud(ours.person.name()).as_bytes());
            assert_eq!(theirs.email_bytes(), without_crud(ours.person.email()).as_bytes());
            assert_eq!(theirs.when().seconds(), ours.date.seconds());
            assert_eq!(theirs.when().offset_minutes(), ours.date.offset().minutes());
        }
        assert_eq!(theirs.message_raw_bytes(), commit.message.as_bytes());
        if let Some(signature) = &commit.signature {
            let (theirs, _) = repository.extract_signature(&id, None).expect("it has one");
            assert_eq!(&*theirs, signature.as_bytes());
        }
    });
}

/// Names are shown by libgit2 without what it takes for their wrapping.
fn without_crud(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ' || ",:;<>\"\\'".contains(c))
}

/// A tree as an archive has them.
pub fn tree(data: &[u8]) {
    let Ok(tree) = Tree::parse(data) else {
        return;
    };
    assert_eq!(tree.encode(), data, "a tree is written as it was read");
    for (name, entry) in tree.entries() {
        assert_eq!(tree::find(data, name), Ok(Some(*entry)));
        assert_eq!(tree::with_entry(data, name, *entry).as_deref(), Ok(data));
    }
    assert_eq!(Entries::of(data).count(), tree.entries().len());
    for name in ["a", "article.json", "m", "m-", "m0", "zz"] {
        for entry in [
            Entry::File(BlobId::from_raw([7; 20])),
            Entry::Folder(TreeId::from_raw([7; 20])),
        ] {
            let mut other = tree.clone();
            other.insert(name, entry).expect("the name is legal");
            assert_eq!(tree::with_entry(data, name, entry), Ok(other.encode()), "{name}");
        }
    }
    in_libgit2(ObjectType::Tree, data, |repository, id| {
        let theirs = repository
            .find_tree(id)
            .expect("what is strict is read by the lenient");
        assert_eq!(theirs.len(), tree.entries().len());
        for (theirs, (name, entry)) in theirs.iter().zip(tree.entries()) {
            assert_eq!(theirs.name_bytes(), name.as_bytes());
            assert_eq!(theirs.id().as_bytes(), entry.object().raw());
            assert_eq!(
                theirs.kind() == Some(ObjectType::Tree),
                matches!(entry, Entry::Folder(_))
            );
        }
    });
}

/// Commits, trees and tags of other repositories: whatever libgit2 reads has to be read here, and as the same.
pub fn foreign(data: &[u8]) {
    let ours = ForeignCommit::parse(data);
    if let Ok(commit) = &ours {
        let _ = (commit.author(), commit.committer(), commit.subject());
    }
    in_libgit2(ObjectType::Commit, data, |repository, id| {
        let Ok(theirs) = repository.find_commit(id) else {
            return;
        };
        let commit = ours.as_ref().expect("libgit2 reads it");
        assert_eq!(theirs.tree_id().as_bytes(), commit.tree.raw());
        let parents: Vec<_> = theirs.parent_ids().map(|id| id.as_bytes().to_vec()).collect();
        let ours: Vec<_> = commit.parents.iter().map(|id| id.raw().to_vec()).collect();
        assert_eq!(parents, ours);
    });
    let entries: Result<Vec<_>, _> = foreign::entries(data).collect();
    if let Ok(entries) = &entries {
        for pair in entries.windows(2) {
            assert_eq!(pair[0].order(&pair[1]), pair[1].order(&pair[0]).reverse());
        }
    }
    in_libgit2(ObjectType::Tree, data, |repository, id| {
        let Ok(theirs) = repository.find_tree(id) else {
            return;
        };
        // A sign before the mode, which libgit2 lets through, git does not.
        if let Err(ForeignError::Mode) = entries {
            return;
        }
        let entries = entries.as_ref().expect("libgit2 reads it");
        assert_eq!(theirs.len(), entries.len());
        for (theirs, ours) in theirs.iter().zip(entries) {
            assert_eq!(theirs.name_bytes(), ours.name);
            assert_eq!(theirs.id().as_bytes(), ours.id.raw());
            if theirs.kind() == Some(ObjectType::Tree) {
                assert_eq!(ours.kind, EntryKind::Folder);
            }
        }
    });
    let _ = foreign::tagged(data);
}

/// Has libgit2 keep an object in memory, under an id that has to be ours, and look at it.
fn in_libgit2(kind: ObjectType, data: &[u8], look: impl FnOnce(&Repository, git2::Oid)) {
    let store = Odb::new().expect("it is in memory");
    store.add_new_mempack_backend(1).expect("it is in memory");
    let repository = Repository::from_odb(store).expect("it is in memory");
    let id = repository
        .odb()
        .and_then(|store| store.write(kind, data))
        .expect("it is in memory");
    let own = match kind {
        ObjectType::Commit => ObjectKind::Commit,
        _ => ObjectKind::Tree,
    };
    assert_eq!(
        object::hash(own, data)
            .map(|id| *id.raw())
            .ok()
            .as_ref()
            .map(|raw| &raw[..]),
        Some(id.as_bytes())
    );
    look(&repository, id);
}

/// The file of a loose object; the bytes are read as such a file, and as what one holds.
pub fn loose(data: &[u8]) {
    check_loose(data);
    let made = loose::encode(ObjectKind::Blob, data).expect("it is in memory");
    let object = loose::parse(&made).expect("it was written so");
    assert_eq!((object.kind, &object.body[..]), (ObjectKind::Blob, data));
    // The bytes as the whole of a stream, header and all.
    check_loose(&super::pack_writer::deflate(data));
}

fn check_loose(file: &[u8]) {
    let mut plain = Vec::new();
    let mut inflating = ZlibDecoder::new(file);
    let most = LARGEST_OBJECT as u64 + 64;
    let read = inflating.by_ref().take(most).read_to_end(&mut plain);
    let is_whole = read.is_ok() && inflating.total_in() == file.len() as u64;
    let wanted = Some(plain).filter(|_| is_whole).and_then(|plain| {
        let end = plain.iter().position(|byte| *byte == 0)?;
        let (kind, length) = std::str::from_utf8(&plain[..end]).ok()?.split_once(' ')?;
        let body = plain[end + 1..].to_vec();
        let is_said = body.len().to_string() == length;
        ObjectKind::from_name(kind.as_bytes())
            .filter(|_| is_said)
            .map(|kind| (kind, body))
    });
    match loose::parse(file) {
        Ok(object) => assert_eq!(Some((object.kind, object.body)), wanted),
        Err(error) => assert_eq!(wanted, None, "{error}"),
    }
}
