//! The reader of object stores against git itself, and against every damage that can be done to a small store.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use avalaches::id::{IdPrefix, ObjectId};
use avalaches::object::{self, Object, ObjectKind};
use avalaches::platform::Inflater;
use avalaches::storage::file::FileError;
use avalaches::storage::finding::{Damage, FindingKind, ReadError, StoreFinding};
use avalaches::storage::loose::LooseError;
use avalaches::storage::objects::ObjectStore;
use avalaches::storage::pack::{EntryKind, Pack, PackError};
use avalaches::storage::pack_index::{IndexError, PackIndex};
use tempfile::TempDir;

#[path = "support/packs.rs"]
mod packs;

use packs::{PackWriter, deflate};

type Objects = BTreeMap<ObjectId, Object>;

/// A bare repository in a folder of its own.
struct Repository {
    folder: TempDir,
}

impl Repository {
    fn empty() -> Self {
        let repository = Self {
            folder: TempDir::new().unwrap(),
        };
        repository.git(&["init", "--quiet", "--bare", "--initial-branch=main", "."]);
        repository
    }

    /// A repository of loose objects: a file that grows over a number of commits, and a tag.
    fn with_commits(count: usize) -> Self {
        let repository = Self::empty();
        repository.import("", count);
        repository
    }

    fn import(&self, word: &str, count: usize) {
        let mut stream = Vec::new();
        let mut text = String::new();
        for number in 0..count {
            writeln!(
                stream,
                "commit refs/heads/main{word}\ncommitter A <a@b> {} +0800\ndata 1\nm",
                1_700_000_000 + number
            )
            .unwrap();
            for line in 0..20 {
                let value = line * number * 7919;
                text.extend([word, " line ", &line.to_string(), " of commit "]);
                text.extend([&number.to_string(), " is ", &value.to_string(), "\n"]);
            }
            writeln!(
                stream,
                "M 100644 inline articles/2026/01/22/text/en.md\ndata {}\n{text}",
                text.len()
            )
            .unwrap();
        }
        writeln!(
            stream,
            "tag t{word}\nfrom refs/heads/main{word}\ntagger A <a@b> 1700000000 +0000\ndata 1\nt"
        )
        .unwrap();
        self.git_with(
            &["-c", "fastimport.unpackLimit=1000000", "fast-import", "--quiet"],
            &stream,
        );
    }

    fn git(&self, arguments: &[&str]) -> Vec<u8> {
        self.git_with(arguments, b"")
    }

    fn git_with(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut command = Command::new("git");
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.folder.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || {
                stdin.write_all(input).unwrap();
                drop(stdin);
            });
            child.wait_with_output().unwrap()
        });
        assert!(output.status.success(), "git {arguments:?}");
        output.stdout
    }

    fn objects(&self) -> PathBuf {
        self.folder.path().join("objects")
    }

    fn store(&self) -> ObjectStore {
        ObjectStore::open(&self.objects()).unwrap()
    }

    /// Every object, as git reads it.
    fn git_objects(&self) -> Objects {
        let output = self.git(&["cat-file", "--batch-all-objects", "--batch"]);
        let mut rest = &output[..];
        let mut objects = Objects::new();
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let line = std::str::from_utf8(&rest[..end]).unwrap();
            let [id, kind, length] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{line}");
            };
            let length: usize = length.parse().unwrap();
            let object = Object {
                kind: ObjectKind::from_name(kind.as_bytes()).unwrap(),
                body: rest[end + 1..end + 1 + length].to_vec(),
            };
            objects.insert(id.parse().unwrap(), object);
            rest = &rest[end + 1 + length + 1..];
        }
        objects
    }

    /// The only file with an ending in the folder of packs.
    fn pack_file(&self, ending: &str) -> PathBuf {
        let mut files = fs::read_dir(self.objects().join("pack"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension() == Some(OsStr::new(ending)));
        let file = files.next().expect("there is one");
        assert!(files.next().is_none());
        file
    }

    fn loose_file(&self, id: ObjectId) -> PathBuf {
        let digits = id.to_string();
        self.objects().join(&digits[..2]).join(&digits[2..])
    }

    /// Puts the bytes of a loose file in place and returns the path.
    fn put_loose(&self, id: ObjectId, bytes: &[u8]) -> PathBuf {
        let path = self.loose_file(id);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        overwrite(&path, bytes);
        path
    }

    fn put_pack(&self, name: &str, writer: PackWriter) {
        let (pack, index) = writer.finish();
        let folder = self.objects().join("pack");
        overwrite(&folder.join(format!("{name}.pack")), &pack);
        overwrite(&folder.join(format!("{name}.idx")), &index);
    }
}

/// Replaces a file, a read-only one too; an open map of the former one stays whole.
fn overwrite(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
}

/// Returns the findings of a check, and every object that it showed, with how many copies of them there are.
fn check(store: &ObjectStore) -> (Vec<StoreFinding>, Objects, usize) {
    let shown = Mutex::new((Objects::new(), 0));
    let findings = store.check(&|id, object| {
        let mut shown = shown.lock().unwrap();
        shown.0.insert(id, object.clone());
        shown.1 += 1;
        ControlFlow::Continue(())
    });
    let (shown, copies) = shown.into_inner().unwrap();
    (findings, shown, copies)
}

fn assert_reads_as_git_does(repository: &Repository) -> usize {
    let expected = repository.git_objects();
    assert!(expected.len() > 5);
    let store = repository.store();
    for (&id, object) in &expected {
        assert_eq!(store.read(id).unwrap(), *object);
        assert!(store.contains(id).unwrap());
        let prefix = id.to_string();
        for digits in [7, 8, 40] {
            let prefix = IdPrefix::parse(&prefix[..digits]).unwrap();
            assert_eq!(store.with_prefix(&prefix).unwrap(), [id]);
        }
    }
    let absent = ObjectId::from_raw([7; 20]);
    assert!(matches!(store.read(absent), Err(ReadError::Missing(id)) if id == absent));
    assert!(!store.contains(absent).unwrap());
    let (findings, shown, copies) = check(&store);
    assert_eq!(display(&findings), "");
    assert_eq!(shown, expected);
    copies - expected.len()
}

fn display(findings: &[StoreFinding]) -> String {
    let mut lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    lines.push(String::new());
    lines.join("\n")
}

/// Returns how many entries of the only pack are deltas, by offset and by id.
fn deltas(repository: &Repository) -> (usize, usize) {
    let read = |ending| fs::read(repository.pack_file(ending)).unwrap();
    let pack = Pack::parse(read("pack"), PackIndex::parse(read("idx")).unwrap()).unwrap();
    let mut by_offset = 0;
    let mut by_id = 0;
    for place in 0..pack.index().count() {
        let offset = pack.index().offset(place).unwrap();
        match pack.entry(offset).unwrap().kind {
            EntryKind::Whole(_) => {}
            EntryKind::OffsetDelta(_) => by_offset += 1,
            EntryKind::IdDelta(_) => by_id += 1,
        }
    }
    (by_offset, by_id)
}

#[test]
fn loose_objects_read_as_git_reads_them() {
    let repository = Repository::with_commits(10);
    assert!(!repository.loose_file(ObjectId::from_raw([0; 20])).exists());
    assert_eq!(assert_reads_as_git_does(&repository), 0);
}

#[test]
fn a_pack_of_offset_deltas_reads_as_git_reads_it() {
    let repository = Repository::with_commits(60);
    repository.git(&["repack", "-adfq", "--depth=50", "--window=60"]);
    let (by_offset, by_id) = deltas(&repository);
    assert!(by_offset > 40 && by_id == 0, "{by_offset} {by_id}");
    assert_eq!(assert_reads_as_git_does(&repository), 0);
}

#[test]
fn a_pack_of_id_deltas_reads_as_git_reads_it() {
    let repository = Repository::with_commits(60);
    repository.git(&["-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq"]);
    let (by_offset, by_id) = deltas(&repository);
    assert!(by_offset == 0 && by_id > 40, "{by_offset} {by_id}");
    assert_eq!(assert_reads_as_git_does(&repository), 0);
}

#[test]
fn chains_of_every_depth_read_as_git_reads_them() {
    let repository = Repository::with_commits(300);
    for (depth, fewest) in [("0", 0), ("50", 250), ("250", 250)] {
        for by_offset in ["true", "false"] {
            let setting = format!("repack.useDeltaBaseOffset={by_offset}");
            let depth = format!("--depth={depth}");
            repository.git(&["-c", &setting, "repack", "-adfq", &depth, "--window=300"]);
            let (offsets, ids) = deltas(&repository);
            let (used, unused) = if by_offset == "true" {
                (offsets, ids)
            } else {
                (ids, offsets)
            };
            assert!(used >= fewest && unused == 0, "{depth} {offsets} {ids}");
            assert_eq!(used == 0, fewest == 0);
            assert_eq!(assert_reads_as_git_does(&repository), 0);
        }
    }
}

#[test]
fn long_objects_and_empty_ones_read_as_git_reads_them() {
    let repository = Repository::with_commits(3);
    let mut noise = 1_u32;
    let mut long: Vec<u8> = (0..5 << 20)
        .map(|_| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            noise.to_be_bytes()[0]
        })
        .collect();
    repository.git_with(&["hash-object", "-w", "--stdin"], &long);
    long.splice(3_000_000..3_000_100, *b"a few bytes");
    repository.git_with(&["hash-object", "-w", "--stdin"], &long);
    for kind in ["blob", "tree"] {
        repository.git(&["hash-object", "-w", "--stdin", "-t", kind]);
    }
    let ids: Vec<u8> = repository
        .git_objects()
        .keys()
        .flat_map(|id| format!("{id}\n").into_bytes())
        .collect();
    repository.git_with(
        &["pack-objects", "-q", "--delta-base-offset", "objects/pack/pack"],
        &ids,
    );
    repository.git(&["prune-packed", "-q"]);
    assert!(deltas(&repository).0 > 0);
    assert_eq!(assert_reads_as_git_does(&repository), 0);
}

#[test]
fn a_pack_of_no_objects_is_a_pack() {
    let repository = Repository::with_commits(3);
    repository.git(&["pack-objects", "-q", "objects/pack/pack"]);
    assert_eq!(deltas(&repository), (0, 0));
    assert_eq!(assert_reads_as_git_does(&repository), 0);
}

#[test]
fn packs_that_are_moved_while_they_are_listed_are_neither_missed_nor_a_fault() {
    let repository = Repository::with_commits(10);
    repository.git(&["repack", "-adq"]);
    let expected = repository.git_objects();
    let (pack, index) = (repository.pack_file("pack"), repository.pack_file("idx"));
    let folder = repository.objects().join("pack");
    let place = |name: &str| {
        for (file, ending) in [(&pack, "pack"), (&index, "idx")] {
            let copy = repository.folder.path().join("copy");
            fs::copy(file, &copy).unwrap();
            fs::rename(copy, folder.join(format!("{name}.{ending}"))).unwrap();
        }
    };
    let take_away = |name: &str| {
        fs::remove_file(folder.join(format!("{name}.idx"))).unwrap();
        fs::remove_file(folder.join(format!("{name}.pack"))).unwrap();
    };
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            place("pack-0");
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                place(&format!("pack-{}", number + 1));
                take_away(&format!("pack-{number}"));
                number += 1;
            }
        });
        // Judged after the other thread ended, which a failure here would leave running.
        let looks: Vec<_> = (0..150).map(|_| check(&repository.store())).collect();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        for (findings, shown, _) in looks {
            let faults: Vec<_> = findings.iter().filter(|finding| !finding.is_harmless()).collect();
            assert!(faults.is_empty(), "{faults:?}");
            assert_eq!(shown, expected);
        }
    });
}

#[test]
fn several_packs_and_loose_copies_read_as_git_reads_them() {
    let repository = Repository::with_commits(10);
    repository.git(&["repack", "-q"]);
    repository.import("-two", 5);
    repository.git(&["repack", "-q"]);
    repository.import("-three", 5);
    let copies = assert_reads_as_git_does(&repository);
    assert!(copies > 10, "both packs have loose copies: {copies}");
}

#[test]
fn offsets_of_64_bits_lead_to_the_same_objects() {
    let repository = Repository::with_commits(20);
    repository.git(&["repack", "-adfq"]);
    let index = repository.pack_file("idx");
    let before = fs::read(&index).unwrap().len();
    fs::remove_file(&index).unwrap();
    let pack = repository.pack_file("pack");
    repository.git(&[
        "index-pack",
        "--index-version=2,0x10",
        "-o",
        index.to_str().unwrap(),
        pack.to_str().unwrap(),
    ]);
    assert!(fs::read(&index).unwrap().len() > before + 8);
    assert_eq!(assert_reads_as_git_does(&repository), 0);
}

#[test]
fn objects_that_git_packs_while_the_store_is_open_are_found_again() {
    let repository = Repository::with_commits(10);
    let expected = repository.git_objects();
    let store = repository.store();
    for arguments in [["repack", "-adq"], ["repack", "-adfq"]] {
        repository.git(&arguments);
        repository.git(&["prune-packed", "-q"]);
        for (&id, object) in &expected {
            assert_eq!(store.read(id).unwrap(), *object);
            assert!(store.contains(id).unwrap());
        }
        repository.import("-more", 3);
    }
}

#[test]
fn a_prefix_of_several_objects_names_them_all_once_and_in_order() {
    let repository = Repository::empty();
    let id = |text: &str| format!("{text:0<40}").parse::<ObjectId>().unwrap();
    let ids = [id("abcdef01"), id("abcdef012"), id("abcdef02"), id("abcdef0f")];
    let mut writer = PackWriter::new();
    for id in [ids[3], ids[0], id("abcdef1"), id("abcdeef"), id("ac")] {
        writer.whole(*id.raw(), 3, b"");
    }
    repository.put_pack("pack-1", writer);
    for id in [ids[2], ids[1], ids[0], id("abcdef9")] {
        repository.put_loose(id, b"");
    }
    let store = repository.store();
    let found = |prefix: &str| store.with_prefix(&IdPrefix::parse(prefix).unwrap()).unwrap();
    assert_eq!(found("abcdef0"), ids);
    assert_eq!(found("abcdef01"), ids[..2]);
    assert_eq!(found("abcdef3"), []);
    assert_eq!(found("0000000"), []);
}

#[test]
fn every_bit_and_every_length_of_a_loose_file_matters() {
    let repository = Repository::empty();
    let body = b"one paragraph, and another paragraph".to_vec();
    let blob = Object {
        kind: ObjectKind::Blob,
        body,
    };
    let output = repository.git_with(&["hash-object", "-w", "--stdin"], &blob.body);
    let id: ObjectId = std::str::from_utf8(&output).unwrap().trim().parse().unwrap();
    let good = fs::read(repository.loose_file(id)).unwrap();
    let store = repository.store();
    let outcome = |bytes: &[u8]| {
        repository.put_loose(id, bytes);
        let begun = Instant::now();
        let read = store.read(id);
        let (findings, shown, _) = check(&store);
        assert!(begun.elapsed() < Duration::from_secs(5));
        match read {
            Ok(object) => {
                assert_eq!(object, blob);
                assert_eq!((display(&findings), shown.len()), (String::new(), 1));
                true
            }
            Err(ReadError::Damaged { id: named, path, .. }) => {
                assert_eq!(named, id);
                assert_eq!(repository.objects().join(path), repository.loose_file(id));
                assert_eq!((findings.len(), shown.len()), (1, 0));
                assert_eq!(findings[0].id, Some(id));
                false
            }
            Err(error) => panic!("{error:?}"),
        }
    };
    assert!(outcome(&good));
    for length in 0..good.len() {
        assert!(!outcome(&good[..length]), "{length} bytes");
    }
    let mut read = 0;
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        read += usize::from(outcome(&bad));
    }
    // What remains are the bits that deflate does not use.
    assert!(read <= 7, "{read} flips were read");
    let longer = [&good[..], b"\0"].concat();
    assert!(!outcome(&longer));
}

/// A repository whose only pack is small enough to be damaged in every bit, with deltas in it.
fn small_pack() -> (Repository, Objects) {
    let repository = Repository::empty();
    let mut body = b"the first line of many\nand a second one\nthen a third\nthen the last of all\n".to_vec();
    for addition in [&b""[..], b"a correction\n", b"a retraction\n"] {
        body.extend_from_slice(addition);
        repository.git_with(&["hash-object", "-w", "--stdin"], &body);
    }
    let ids: Vec<u8> = repository
        .git_objects()
        .keys()
        .flat_map(|id| format!("{id}\n").into_bytes())
        .collect();
    repository.git_with(
        &["pack-objects", "-q", "--delta-base-offset", "objects/pack/pack"],
        &ids,
    );
    repository.git(&["prune-packed", "-q"]);
    assert_eq!(deltas(&repository).0, 2);
    let objects = repository.git_objects();
    assert_eq!(objects.len(), 3);
    (repository, objects)
}

/// Damages a file of the small pack in every bit and at every length; each time the check has to find
/// something, and what is read all the same has to be the truth.
fn damage_everywhere(ending: &str) {
    let (repository, objects) = small_pack();
    let file = repository.pack_file(ending);
    let good = fs::read(&file).unwrap();
    let outcome = |bytes: &[u8], what: &str| {
        overwrite(&file, bytes);
        let store = repository.store();
        let begun = Instant::now();
        let (findings, shown, _) = check(&store);
        assert!(!findings.is_empty(), "{what}");
        for finding in &findings {
            assert!(finding.path.starts_with("pack"), "{finding}");
        }
        for (id, object) in shown {
            assert_eq!(objects[&id], object, "{what}");
        }
        let mut read = 0;
        for (&id, object) in &objects {
            if let Ok(found) = store.read(id) {
                assert_eq!(found, *object, "{what}");
                read += 1;
            }
            let _ = store.contains(id);
        }
        assert!(begun.elapsed() < Duration::from_secs(5));
        read
    };
    for length in 0..good.len() {
        outcome(&good[..length], &format!("{length} bytes"));
    }
    outcome(&[&good[..], b"\0"].concat(), "one byte more");
    let mut read = 0;
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        read += outcome(&bad, &format!("bit {bit}"));
    }
    assert!(read > 0, "one flip leaves the other objects");
    overwrite(&file, &good);
    assert!(check(&repository.store()).0.is_empty());
}

#[test]
fn every_bit_and_every_length_of_a_pack_matters() {
    damage_everywhere("pack");
}

#[test]
fn every_bit_and_every_length_of_an_index_matters() {
    damage_everywhere("idx");
}

#[test]
fn a_gigabyte_in_a_megabyte_is_refused_at_once() {
    let repository = Repository::empty();
    let bomb = |announced: u64| {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        write!(encoder, "blob {announced}\0").unwrap();
        let zeros = vec![0; 1 << 20];
        for _ in 0..1 << 10 {
            encoder.write_all(&zeros).unwrap();
        }
        encoder.finish().unwrap()
    };
    let id = ObjectId::from_raw([1; 20]);
    for announced in [1 << 30, 1 << 63, u64::MAX, 5, 0] {
        repository.put_loose(id, &bomb(announced));
        let begun = Instant::now();
        let error = repository.store().read(id).unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(2));
        let ReadError::Damaged {
            what: Damage::Loose(what),
            ..
        } = error
        else {
            panic!("{error:?}");
        };
        match announced {
            5 | 0 => assert_eq!(what, LooseError::Long(usize::try_from(announced).unwrap())),
            1_073_741_824 => assert_eq!(what, LooseError::TooLarge(1 << 30)),
            _ => assert_eq!(what, LooseError::Implausible(announced)),
        }
    }
}

#[test]
fn an_enormous_file_is_refused_by_its_length() {
    let repository = Repository::empty();
    let id = ObjectId::from_raw([1; 20]);
    let path = repository.put_loose(id, b"");
    let sparse = fs::OpenOptions::new().write(true).open(&path).unwrap();
    sparse.set_len(1 << 40).unwrap();
    let (findings, ..) = check(&repository.store());
    assert!(matches!(
        findings[0].kind,
        FindingKind::Damaged(Damage::File(FileError::TooLarge(length))) if length == 1 << 40
    ));
}

#[test]
fn an_object_under_another_name_is_damaged() {
    let repository = Repository::empty();
    let real = object::hash(ObjectKind::Blob, b"x").unwrap();
    let id = ObjectId::from_raw([1; 20]);
    repository.put_loose(id, &deflate(b"blob 1\0x"));
    let mut writer = PackWriter::new();
    writer.whole([2; 20], 3, b"x");
    repository.put_pack("pack-1", writer);
    let store = repository.store();
    for id in [id, ObjectId::from_raw([2; 20])] {
        assert!(matches!(
            store.read(id),
            Err(ReadError::Damaged { what: Damage::OtherId(found), .. }) if found == real
        ));
    }
    let (findings, shown, _) = check(&store);
    assert_eq!((findings.len(), shown.len()), (2, 0));
}

#[test]
fn a_good_copy_is_read_where_another_is_damaged() {
    let repository = Repository::empty();
    let id = object::hash(ObjectKind::Blob, b"good").unwrap();
    repository.put_loose(id, &deflate(b"blob 4\0good"));
    let mut writer = PackWriter::new();
    writer.whole(*id.raw(), 3, b"evil");
    repository.put_pack("pack-1", writer);
    assert_eq!(repository.store().read(id).unwrap().body, b"good");
    assert_eq!(check(&repository.store()).0.len(), 1);
}

#[test]
fn what_is_no_file_is_reported_and_never_waited_for() {
    let repository = Repository::empty();
    let other = ObjectId::from_raw([0x22; 20]);
    let target = repository.put_loose(other, &deflate(b"blob 1\0x"));
    let id = |byte| ObjectId::from_raw([byte; 20]);
    for byte in [0x11, 0x33, 0x44] {
        fs::create_dir_all(repository.loose_file(id(byte)).parent().unwrap()).unwrap();
    }
    let fifo = Command::new("mkfifo")
        .arg(repository.loose_file(id(0x11)))
        .status()
        .unwrap();
    assert!(fifo.success());
    symlink(&target, repository.loose_file(id(0x33))).unwrap();
    fs::create_dir(repository.loose_file(id(0x44))).unwrap();
    let store = repository.store();
    for (byte, link) in [(0x11, false), (0x33, true), (0x44, false)] {
        let Err(ReadError::Damaged {
            what: Damage::File(what),
            ..
        }) = store.read(id(byte))
        else {
            panic!("{byte:x}");
        };
        assert_eq!(matches!(what, FileError::Link), link);
        assert_eq!(matches!(what, FileError::NotRegular), !link);
    }
    let (findings, ..) = check(&store);
    assert_eq!(findings.len(), 4, "{}", display(&findings));
}

/// Does something to a repository with one small pack, and returns what the check then says.
fn said(spoil: impl FnOnce(&Repository, &Path)) -> String {
    let (repository, _) = small_pack();
    let before = display(&check(&repository.store()).0);
    assert_eq!(before, "");
    spoil(&repository, &repository.objects());
    display(&check(&repository.store()).0)
}

#[test]
fn each_thing_that_does_not_belong_is_named() {
    let file = |name: &'static str| {
        move |_: &Repository, objects: &Path| {
            let path = objects.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        }
    };
    let stray = "does not belong into an object store";
    for name in [
        "strange",
        "AB",
        "abc",
        "ab/short",
        "ab/ABCDEF0123456789abcdef0123456789abcdef",
        "pack/strange",
        "pack/pack-1.other",
        "info/strange",
    ] {
        assert_eq!(said(file(name)), format!("{name}: {stray}\n"));
    }
    let leftover = "is left over from an interrupted write";
    for name in [
        "tmp_obj_X1",
        "ab/tmp_obj_X1",
        "tmp_object_git2_X1",
        "pack/tmp_pack_X1",
        "pack/.tmp-1-pack-2.idx",
        "pack/pack_git2_X1",
        "info/packs_X1",
    ] {
        assert_eq!(said(file(name)), format!("{name}: {leftover}\n"));
    }
    for name in [
        "pack/multi-pack-index",
        "pack/pack-1.keep",
        "pack/pack-1.rev",
        "pack/pack-1.bitmap",
        "pack/pack-1.mtimes",
        "info/packs",
        "info/commit-graph",
    ] {
        assert_eq!(said(file(name)), "");
    }
    let alternates = "makes git borrow objects from elsewhere";
    for name in ["info/alternates", "info/http-alternates"] {
        assert_eq!(said(file(name)), format!("{name}: {alternates}\n"));
    }
    assert_eq!(
        said(file("pack/pack-1.promisor")),
        "pack/pack-1.promisor: marks a pack of a partial clone, where objects may be missing\n"
    );
    assert_eq!(
        said(file("pack/pack-1.pack")),
        "pack/pack-1.pack: pack has no index\n"
    );
    assert_eq!(
        said(file("pack/pack-1.idx")),
        "pack/pack-1.idx: pack index has no pack\n"
    );
}

#[test]
fn links_in_the_place_of_folders_and_packs_are_named() {
    let move_away = |objects: &Path, name: &str| {
        let away = objects.parent().unwrap().join("away");
        fs::rename(objects.join(name), &away).unwrap();
        symlink(&away, objects.join(name)).unwrap();
    };
    assert_eq!(
        said(|_, objects| move_away(objects, "pack")),
        "pack: is a symbolic link\n"
    );
    assert_eq!(
        said(|_, objects| move_away(objects, "info")),
        "info: is a symbolic link\n"
    );
    assert_eq!(
        said(|_, objects| {
            fs::create_dir(objects.join("ab")).unwrap();
            move_away(objects, "ab");
        }),
        "ab: is a symbolic link\n"
    );
    for ending in ["pack", "idx"] {
        let found = said(|repository, objects| {
            let file = repository.pack_file(ending);
            let name = file.strip_prefix(objects).unwrap().to_str().unwrap();
            move_away(objects, name);
        });
        assert!(
            found.contains(&format!(".{ending}: is a symbolic link\n")),
            "{found}"
        );
    }
    let (repository, _) = small_pack();
    move_away(&repository.objects(), "pack");
    let error = repository.store().read(ObjectId::from_raw([1; 20])).unwrap_err();
    assert!(matches!(error, ReadError::Unusable { .. }), "{error:?}");
    let link = repository.folder.path().join("link");
    symlink(repository.objects(), &link).unwrap();
    assert!(ObjectStore::open(&link).is_err());
}

#[test]
fn an_index_of_version_1_is_named_and_hides_nothing_else() {
    let (repository, objects) = small_pack();
    let index = repository.pack_file("idx");
    let pack = repository.pack_file("pack");
    fs::remove_file(&index).unwrap();
    repository.git(&[
        "index-pack",
        "--index-version=1",
        "-o",
        index.to_str().unwrap(),
        pack.to_str().unwrap(),
    ]);
    let kept = object::hash(ObjectKind::Blob, b"x").unwrap();
    repository.put_loose(kept, &deflate(b"blob 1\0x"));
    let store = repository.store();
    assert_eq!(store.read(kept).unwrap().body, b"x");
    let packed = *objects.keys().next().unwrap();
    for error in [
        store.read(packed).unwrap_err(),
        store.contains(packed).unwrap_err(),
        store
            .with_prefix(&IdPrefix::parse(&packed.to_string()).unwrap())
            .unwrap_err(),
    ] {
        assert!(matches!(
            error,
            ReadError::Unusable {
                what: Damage::Index(IndexError::Magic),
                ..
            }
        ));
    }
    let (findings, shown, _) = check(&store);
    assert_eq!((findings.len(), shown.len()), (1, 1));
}

#[test]
fn a_thin_pack_and_a_pack_of_another_index_are_found() {
    let repository = Repository::empty();
    let mut writer = PackWriter::new();
    writer.id_delta([1; 20], [9; 20], &[1, 1, 0x90, 1]);
    repository.put_pack("pack-1", writer);
    let error = repository.store().read(ObjectId::from_raw([1; 20])).unwrap_err();
    let missing = ObjectId::from_raw([9; 20]);
    assert!(matches!(
        error,
        ReadError::Damaged { offset: Some(12), what: Damage::Pack(PackError::BaseMissing(id)), .. } if id == missing
    ));

    let (repository, _) = small_pack();
    let index = fs::read(repository.pack_file("idx")).unwrap();
    let mut entries = Vec::new();
    let parsed = PackIndex::parse(index).unwrap();
    for (place, id) in parsed.ids().iter().enumerate() {
        entries.push((*id, parsed.crc(place).unwrap(), parsed.offset(place).unwrap()));
    }
    overwrite(
        &repository.pack_file("idx"),
        &packs::write_index(&entries, [0; 20], 1 << 31),
    );
    let (findings, shown, _) = check(&repository.store());
    assert_eq!(shown.len(), 3);
    assert_eq!(findings.len(), 1);
    assert!(matches!(
        findings[0].kind,
        FindingKind::Damaged(Damage::Pack(PackError::OtherPack))
    ));

    entries[1].1 ^= 1;
    let pack = fs::read(repository.pack_file("pack")).unwrap();
    let sum = *pack.last_chunk().unwrap();
    overwrite(
        &repository.pack_file("idx"),
        &packs::write_index(&entries, sum, 1 << 31),
    );
    let (findings, ..) = check(&repository.store());
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].offset, Some(entries[1].2));
    assert!(matches!(
        findings[0].kind,
        FindingKind::Damaged(Damage::Pack(PackError::Crc))
    ));
}

#[test]
fn reading_the_end_of_a_chain_of_ten_thousand_is_refused_without_recursion() {
    let mut writer = PackWriter::new();
    let mut base = writer.whole([0; 20], 3, b"aa");
    let id = |number: u32| {
        let mut id = [0; 20];
        id[..4].copy_from_slice(&number.to_be_bytes());
        id
    };
    for number in 1..=10_000 {
        base = writer.offset_delta(id(number), base, &[2, 2, 0x90, 2]);
    }
    let (pack, index) = writer.finish();
    let pack = Pack::parse(pack, PackIndex::parse(index).unwrap()).unwrap();
    let read = |number: u32| {
        let place = pack.index().find(&id(number)).unwrap();
        pack.read(place, &mut Inflater::new())
    };
    assert_eq!(read(4095).unwrap().body, b"aa");
    for number in [4096, 10_000] {
        assert_eq!(read(number).unwrap_err().what, PackError::TooDeep);
    }
}

#[test]
fn a_check_of_twenty_thousand_objects_takes_seconds_at_most() {
    let repository = Repository::empty();
    let mut writer = PackWriter::new();
    for number in 0..20_000 {
        let body = format!("{number} {}", "words of an article ".repeat(50));
        let id = object::hash(ObjectKind::Blob, body.as_bytes()).unwrap();
        writer.whole(*id.raw(), 3, body.as_bytes());
    }
    repository.put_pack("pack-1", writer);
    let begun = Instant::now();
    let (findings, _, copies) = check(&repository.store());
    assert_eq!((findings.len(), copies), (0, 20_000));
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
