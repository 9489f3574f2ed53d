//! Packs of our own writing before the judge: git accepts them in its strictest mode and reads every object as it was.

#[path = "support/archives.rs"]
#[expect(dead_code, reason = "the stories in it are for others")]
mod archives;
#[path = "../benches/support/generate.rs"]
mod generate;
#[path = "support/objects.rs"]
#[allow(dead_code, reason = "no object is put here that no program would write")]
mod objects;

use std::collections::HashMap;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use archives::git;
use avalaches::id::{CommitId, ObjectId};
use avalaches::object::delta;
use avalaches::object::{self, Object, ObjectKind};
use avalaches::platform::{Deflater, Durability};
use avalaches::storage::objects::ObjectStore;
use avalaches::storage::pack_entry::{LEVEL, PackEntry};
use avalaches::storage::pack_writer::PackWriter;
use avalaches::storage::repository::{self, INCOMING, WriteError, Writer};

/// An archive of some revisions, every object of it, and its tip.
struct Source {
    folder: tempfile::TempDir,
    objects: Vec<(ObjectId, Object)>,
    tip: CommitId,
}

impl Source {
    fn new(revisions: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive");
        generate::archive(&path, revisions);
        let objects = all_objects(&path);
        let tip = git(&path, &["rev-parse", "main"]).parse().unwrap();
        Self { folder, objects, tip }
    }

    /// Makes an empty repository beside the archive.
    fn empty(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        repository::create(&path).unwrap();
        path
    }

    /// Writes every object, as a delta against the one before it of its kind where that is shorter, and returns how
    /// many deltas there are.
    fn write(&self, pack: &mut PackWriter) -> usize {
        let mut deflater = Deflater::new(LEVEL);
        let mut last: HashMap<ObjectKind, (&[u8], u64)> = HashMap::new();
        let mut deltas = 0;
        for (id, object) in &self.objects {
            let base = last.get(&object.kind);
            let found = base.and_then(|(base, offset)| {
                Some((delta::encode(base, &object.body, object.body.len() / 2)?, *offset))
            });
            let offset = match found {
                Some((delta, base)) => {
                    deltas += 1;
                    pack.write(*id, &PackEntry::delta(&delta, &mut deflater), Some(base))
                }
                None => pack.write(
                    *id,
                    &PackEntry::whole(object.kind, &object.body, &mut deflater),
                    None,
                ),
            };
            last.insert(object.kind, (&object.body, offset.unwrap()));
        }
        deltas
    }
}

/// Every object of a repository as git reads it, in the order of their ids.
fn all_objects(repository: &Path) -> Vec<(ObjectId, Object)> {
    let read = objects::all_objects(repository);
    let mut rest = &read[..];
    let mut objects = Vec::new();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line: Vec<&str> = std::str::from_utf8(&rest[..end]).unwrap().split(' ').collect();
        let (start, length): (usize, usize) = (end + 1, line[2].parse().unwrap());
        let object = Object {
            kind: ObjectKind::from_name(line[1].as_bytes()).unwrap(),
            body: rest[start..start + length].to_vec(),
        };
        objects.push((line[0].parse().unwrap(), object));
        rest = &rest[start + length + 1..];
    }
    objects
}

fn pack_files(repository: &Path) -> Vec<String> {
    let folder = repository.join("objects/pack");
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Checks a repository's only pack with everything that git and this program have.
fn assert_sound(source: &Source, path: &Path) {
    let said = git(path, &["fsck", "--strict", "--full", "--no-dangling"]);
    assert_eq!(said, "");
    assert_eq!(all_objects(path), source.objects);
    let names = pack_files(path);
    let [index, pack] = &names[..] else {
        panic!("{names:?}")
    };
    let folder = path.join("objects/pack");
    assert_eq!(Path::new(index).file_stem(), Path::new(pack).file_stem());
    for name in &names {
        let mode = fs::metadata(folder.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o444, "{name}");
    }
    let index_path = folder.join(index);
    git(path, &["verify-pack", "-v", index_path.to_str().unwrap()]);
    // Git's own index of the pack is byte for byte ours, and its checksum the pack's name.
    let copy = source.folder.path().join("copy.pack");
    fs::copy(folder.join(pack), &copy).unwrap();
    let sum = git(path, &["index-pack", "--strict", copy.to_str().unwrap()]);
    assert_eq!(format!("pack-{sum}.pack"), *pack);
    assert!(fs::read(index_path).unwrap() == fs::read(source.folder.path().join("copy.idx")).unwrap());
    for ending in ["pack", "idx", "rev"] {
        let _ = fs::remove_file(copy.with_extension(ending));
    }
    let store = ObjectStore::open(&path.join("objects")).unwrap();
    let findings = store.check(&|_, _| ControlFlow::Continue(()));
    assert!(findings.is_empty(), "{findings:?}");
}

#[test]
fn a_published_pack_is_what_git_would_have_written() {
    let source = Source::new(120);
    let path = source.empty("new");
    let mut writer = Writer::begin(&path, Durability::Synced).unwrap();
    let mut pack = writer.stage_pack().unwrap();
    let deltas = source.write(&mut pack);
    assert!(deltas > 40, "{deltas}");
    assert_eq!(
        pack_files(&path),
        [""; 0],
        "nothing is seen before it is published"
    );
    writer.publish_pack(pack, source.tip, "test").unwrap();
    assert_eq!(writer.tip(), Some(source.tip));
    drop(writer);
    assert!(!path.join(INCOMING).exists());
    assert_eq!(git(&path, &["rev-parse", "main"]), source.tip.to_string());
    assert_sound(&source, &path);
}

#[test]
fn the_same_objects_make_the_same_pack_and_it_takes_the_name_of_none_that_is_there() {
    let source = Source::new(30);
    let path = source.empty("new");
    let writer = Writer::begin(&path, Durability::Unsynced).unwrap();
    let [one, other] = ["one", "other"].map(|name| {
        let folder = source.folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        let mut pack = PackWriter::create(&folder).unwrap();
        source.write(&mut pack);
        let pack = pack.finish(Durability::Synced).unwrap();
        let put = writer.put_pack(&pack, &[]).unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        (pack.name(), put)
    });
    drop(writer);
    assert_eq!(one.0, other.0);
    assert_eq!(one.0, one.1);
    assert_ne!(one.1, other.1);
    for ending in ["idx", "pack"] {
        let [one, other] = [&one, &other].map(|(_, put)| path.join(format!("objects/pack/{put}.{ending}")));
        assert!(fs::read(one).unwrap() == fs::read(&other).unwrap());
        fs::remove_file(other).unwrap();
    }
    for put in [&one.1, &other.1] {
        fs::remove_file(path.join(format!("objects/pack/{put}.keep"))).unwrap();
    }
    assert_eq!(git(&path, &["branch", "--list"]), "", "the branch is not moved");
    git(&path, &["update-ref", "refs/heads/main", &source.tip.to_string()]);
    assert_sound(&source, &path);
}

#[test]
fn a_pack_that_is_not_published_leaves_nothing() {
    let source = Source::new(10);
    let path = source.empty("new");
    let writer = Writer::begin(&path, Durability::Synced).unwrap();
    let mut pack = writer.stage_pack().unwrap();
    source.write(&mut pack);
    assert!(
        matches!(writer.stage_pack(), Err(WriteError::Io { .. })),
        "one pack at a time"
    );
    drop(writer);
    drop(pack);
    assert!(!path.join(INCOMING).exists());
    assert_eq!(pack_files(&path), [""; 0]);
}

#[test]
fn objects_can_be_staged_loose_beside_a_pack() {
    let source = Source::new(10);
    let path = source.empty("new");
    let mut writer = Writer::begin(&path, Durability::Synced).unwrap();
    let mut pack = writer.stage_pack().unwrap();
    source.write(&mut pack);
    let loose = writer.write(ObjectKind::Blob, b"not of the archive").unwrap();
    writer.publish_pack(pack, source.tip, "test").unwrap();
    drop(writer);
    assert_eq!(
        git(&path, &["cat-file", "-p", &loose.to_string()]),
        "not of the archive"
    );
    git(&path, &["fsck", "--strict", "--full", "--no-dangling"]);
}

#[test]
fn deltas_of_long_objects_are_taken_by_git() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new");
    repository::create(&path).unwrap();
    let writer = Writer::begin(&path, Durability::Unsynced).unwrap();
    let mut pack = writer.stage_pack().unwrap();
    let mut deflater = Deflater::new(1);
    let long: Vec<u8> = (0..2_000_000_u32)
        .flat_map(|number| (number.wrapping_mul(2_654_435_761) >> 7).to_le_bytes())
        .collect();
    let mut turned = long[5_000_000..].to_vec();
    turned.extend_from_slice(&long[..5_000_001]);
    turned.splice(700..900, *b"something else");
    let bodies = [long.clone(), long[100_000..7_000_000].to_vec(), turned];
    let mut expected = Vec::new();
    let mut base = None;
    for body in bodies {
        let id = object::hash(ObjectKind::Blob, &body).unwrap();
        let entry = if base.is_some() {
            let delta = delta::encode(&long, &body, 1000).expect("it is told in some copies");
            PackEntry::delta(&delta, &mut deflater)
        } else {
            PackEntry::whole(ObjectKind::Blob, &body, &mut deflater)
        };
        let offset = pack.write(id, &entry, base).unwrap();
        base = base.or(Some(offset));
        let kind = ObjectKind::Blob;
        expected.push((id, Object { kind, body }));
    }
    expected.sort_by_key(|(id, _)| *id);
    writer
        .put_pack(&pack.finish(Durability::Unsynced).unwrap(), &[])
        .unwrap();
    git(&path, &["fsck", "--strict", "--full", "--no-dangling"]);
    assert!(all_objects(&path) == expected);
}
