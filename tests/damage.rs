//! Damage to every bit: whatever happens to a file of an archive, the check of the whole archive finds it, or
//! every object still decodes to the same bytes. It never waits, panics or dies.

#[path = "support/archives.rs"]
mod archives;
#[path = "support/folders.rs"]
mod folders;
#[path = "support/tree.rs"]
mod tree;

use std::fs;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use archives::{Story, git};
use avalaches::archive::{Archive, Owner};
use avalaches::storage::loose;
use avalaches::storage::pack::Pack;
use avalaches::storage::pack_check::check_files;
use avalaches::storage::pack_index::PackIndex;
use avalaches::verify::whole;
use folders::copy;
use rayon::prelude::*;

/// A page in the sample's form, small enough to flip every bit of its archive.
const PAGE: &str = "第一段。\n\nFirst paragraph.\n";

/// The longest that one check may take.
const LIMIT: Duration = Duration::from_secs(5);

/// What an undamaged archive shows: objects by kind, revisions, tip.
type Sight = ([usize; 4], usize, String);

/// How an archive keeps its objects and its branch.
#[derive(Clone, Copy)]
enum Kept {
    Loose,
    Packed,
}

fn archive(kept: Kept) -> Story {
    let story = Story::begin();
    story.add("a.txt", PAGE, &["--slug", "a"]);
    story.add("b.txt", &PAGE.replace("First", "Second"), &["--slug", "b"]);
    if let Kept::Packed = kept {
        story.git(&["repack", "-adfq", "--depth=50"]);
        story.git(&["pack-refs", "--all"]);
        // What git writes for speed, and neither git nor this program believes.
        let aside = |file: &PathBuf| {
            file.ends_with("info/packs") || file.extension().is_some_and(|e| e == "rev" || e == "bitmap")
        };
        for file in files(&story.archive()).into_iter().filter(aside) {
            fs::remove_file(story.archive().join(file)).unwrap();
        }
    }
    fs::remove_file(story.archive().join("avalaches.branch")).unwrap();
    story
}

/// Checks an archive; `None` where it cannot be opened or has a finding.
fn look(path: &Path) -> Option<Sight> {
    let archive = Archive::open(path, Owner::Anyone).ok()?;
    let report = whole::check(&archive, whole::Options::default(), &mut |_| {
        ControlFlow::Continue(())
    });
    report
        .findings
        .is_empty()
        .then(|| (report.objects, report.revisions, archive.tip().to_string()))
}

/// The files that hold objects and refs.
fn targets(archive: &Path) -> Vec<PathBuf> {
    let judged = |file: &PathBuf| {
        let name = file.to_string_lossy();
        name.starts_with("objects/") || name.starts_with("refs/") || name == "HEAD" || name == "packed-refs"
    };
    files(archive).into_iter().filter(judged).collect()
}

/// Applies each damage to a private copy of its file, checks the archive, and puts the file back. Returns how
/// many were found and how many left every object as it was.
fn each_damage(story: &Story, damages: Vec<(PathBuf, Damage)>) -> (usize, usize) {
    let whole = look(&story.archive()).expect("the archive is sound before it is damaged");
    let all = damages.len();
    let waiting = Mutex::new(damages.into_iter());
    let (found, same) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("archive");
                copy(&story.archive(), &path);
                loop {
                    let next = waiting.lock().unwrap().next();
                    let Some((file, damage)) = next else { break };
                    let sound = fs::read(path.join(&file)).unwrap();
                    fs::write(path.join(&file), damage.apply(&sound)).unwrap();
                    let start = Instant::now();
                    let sight = look(&path);
                    assert!(
                        start.elapsed() < LIMIT,
                        "{damage:?} of {} took {:?}",
                        file.display(),
                        start.elapsed()
                    );
                    match sight {
                        None => found.fetch_add(1, Ordering::Relaxed),
                        Some(sight) => {
                            assert_eq!(
                                sight,
                                whole,
                                "{damage:?} of {} shows other content",
                                file.display()
                            );
                            same.fetch_add(1, Ordering::Relaxed)
                        }
                    };
                    fs::write(path.join(&file), sound).unwrap();
                }
            });
        }
    });
    let counts = (found.into_inner(), same.into_inner());
    assert_eq!(counts.0 + counts.1, all);
    counts
}

#[derive(Debug, Clone)]
enum Damage {
    Flip { byte: usize, bit: u8 },
    Cut(usize),
    Append(Vec<u8>),
}

impl Damage {
    fn apply(&self, sound: &[u8]) -> Vec<u8> {
        let mut bytes = sound.to_vec();
        match self {
            Self::Flip { byte, bit } => bytes[*byte] ^= 1 << bit,
            Self::Cut(length) => bytes.truncate(*length),
            Self::Append(junk) => bytes.extend_from_slice(junk),
        }
        bytes
    }
}

fn flips(story: &Story) -> Vec<(PathBuf, Damage)> {
    let mut damages = Vec::new();
    for file in targets(&story.archive()) {
        let length = fs::read(story.archive().join(&file)).unwrap().len();
        let each = (0..length).flat_map(|byte| (0..8).map(move |bit| Damage::Flip { byte, bit }));
        damages.extend(each.map(|damage| (file.clone(), damage)));
    }
    damages
}

fn cuts(story: &Story) -> Vec<(PathBuf, Damage)> {
    let mut damages = Vec::new();
    for file in targets(&story.archive()) {
        let length = fs::read(story.archive().join(&file)).unwrap().len();
        damages.extend((0..length).map(|length| (file.clone(), Damage::Cut(length))));
        damages.extend(
            [&b"\0"[..], b"junk", &[0; 4096]].map(|junk| (file.clone(), Damage::Append(junk.to_vec()))),
        );
    }
    damages
}

#[test]
fn every_flipped_bit_of_loose_objects_and_the_ref_is_found_or_changes_nothing() {
    let story = archive(Kept::Loose);
    let (found, same) = each_damage(&story, flips(&story));
    println!("loose: {found} flips found, {same} left every object as it was");
    // Padding bits at the end of deflate's last block, and stored block headers, decode to the same bytes.
    assert!(
        found > 15_000 && same * 50 < found,
        "{found} found, {same} the same"
    );
}

#[test]
fn every_flipped_bit_of_a_pack_its_index_and_packed_refs_is_found() {
    let story = archive(Kept::Packed);
    let (found, same) = each_damage(&story, flips(&story));
    println!("packed: {found} flips found, {same} left every object as it was");
    // The pack and its index end in hashes of their own.
    assert!(found > 20_000, "{found}");
    assert_eq!(same, 0);
}

/// Files are judged one by one, by what `verify` reads them with: a whole check for each of a million flips would take days.
#[test]
#[ignore = "minutes"]
fn every_flipped_bit_of_a_hundred_revisions_is_found_or_changes_nothing() {
    let story = Story::begin();
    for number in 0..50 {
        let (name, article) = (format!("{number}.txt"), format!("2026/01/23/a-{number}"));
        story.add(
            &name,
            &PAGE.replace("First", &format!("The first {number}")),
            &["--slug", &format!("a-{number}")],
        );
        story.write(&name, PAGE.replace("First", &format!("The other {number}")));
        story.yes(&["correct", &article, &name, "--note", "It was the other."]);
    }
    let path = story.archive();
    let objects = files(&path)
        .into_iter()
        .filter(|file| file.starts_with("objects"));
    let objects: Vec<PathBuf> = objects.collect();
    let flipped = |sound: &[u8], is_found: &(dyn Fn(&[u8]) -> bool + Sync)| -> (usize, usize) {
        let counts = (0..sound.len()).into_par_iter().map(|byte| {
            let mut bytes = sound.to_vec();
            let found = (0..8_u8).filter(|bit| {
                bytes[byte] ^= 1 << bit;
                let is_found = is_found(&bytes);
                bytes[byte] ^= 1 << bit;
                is_found
            });
            found.count()
        });
        let found: usize = counts.sum();
        (found, sound.len() * 8 - found)
    };
    let (mut found, mut same) = (0, 0);
    for file in &objects {
        let sound = fs::read(path.join(file)).unwrap();
        let whole = loose::parse(&sound).unwrap();
        let counts = flipped(&sound, &|bytes| {
            // Another object is found by its id.
            loose::parse(bytes).map_or(true, |object| object != whole)
        });
        found += counts.0;
        same += counts.1;
    }
    println!(
        "{} loose objects: {found} flips found, {same} left the object as it was",
        objects.len()
    );
    assert!(objects.len() > 900 && same * 50 < found);

    story.git(&["repack", "-adfq", "--depth=50"]);
    story.git(&["pack-refs", "--all"]);
    let file = |extension: &str| {
        let mut all = files(&path).into_iter();
        let file = all.find(|file| file.extension().is_some_and(|found| found == extension));
        fs::read(path.join(file.unwrap())).unwrap()
    };
    let (pack, index) = (file("pack"), file("idx"));
    let is_found = |pack: &[u8], index: &[u8]| {
        let Some(pack) = PackIndex::parse(index)
            .ok()
            .and_then(|index| Pack::parse(pack, index).ok())
        else {
            return true;
        };
        let findings = AtomicUsize::new(0);
        check_files(&pack, &|_| {
            findings.fetch_add(1, Ordering::Relaxed);
        });
        findings.into_inner() > 0
    };
    assert!(!is_found(&pack, &index));
    let of_pack = flipped(&pack, &|bytes| is_found(bytes, &index));
    let of_index = flipped(&index, &|bytes| is_found(&pack, bytes));
    println!("pack and index: {} and {} flips found", of_pack.0, of_index.0);
    assert_eq!((of_pack.1, of_index.1), (0, 0));

    let all = flips(&story).into_iter();
    let refs: Vec<_> = all.filter(|(file, _)| !file.starts_with("objects")).collect();
    assert!(refs.len() > 500);
    println!("refs: {:?} found, and the same", each_damage(&story, refs));
}

#[test]
fn every_truncation_and_every_appended_byte_is_found() {
    for kept in [Kept::Loose, Kept::Packed] {
        let story = archive(kept);
        let (found, same) = each_damage(&story, cuts(&story));
        println!("{found} truncations and appended bytes found, {same} left every object as it was");
        assert!(found > 1_000);
        assert_eq!(same, 0);
    }
}

#[test]
fn every_missing_file_is_found() {
    for kept in [Kept::Loose, Kept::Packed] {
        let story = archive(kept);
        for file in targets(&story.archive()) {
            let path = story.archive().join(&file);
            let sound = fs::read(&path).unwrap();
            fs::remove_file(&path).unwrap();
            assert_eq!(
                look(&story.archive()),
                None,
                "{} is gone and nothing is found",
                file.display()
            );
            let output = story.run(&["verify"]);
            assert!(
                matches!(output.status.code(), Some(1 | 2)),
                "{}: {output:?}",
                file.display()
            );
            fs::write(&path, sound).unwrap();
        }
        assert!(look(&story.archive()).is_some());
    }
}

#[test]
fn the_program_answers_no_to_damage_and_names_the_object() {
    let story = archive(Kept::Loose);
    let all = flips(&story);
    let mut named = 0;
    for (file, damage) in all.iter().step_by(all.len() / 60) {
        let path = story.archive().join(file);
        let sound = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, damage.apply(&sound)).unwrap();
        let identical = look(&story.archive()).is_some();
        let output = story.run(&["verify"]);
        let code = output.status.code();
        assert!(
            matches!(code, Some(1 | 2)) || identical && code == Some(0),
            "{damage:?} of {}: {output:?}",
            file.display()
        );
        let object = file.to_string_lossy().replace("objects/", "").replace('/', "");
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        named += usize::from(said.contains(&object));
        fs::write(&path, sound).unwrap();
    }
    assert!(named > 50, "only {named} damaged objects were named");
}

/// What makes git itself show something else, most of it in silence.
#[test]
fn a_repository_that_deceives_is_refused_by_name() {
    let sound = archive(Kept::Loose);
    let tip = git(&sound.archive(), &["rev-parse", "main"]);
    let parent = git(&sound.archive(), &["rev-parse", "main~1"]);
    let config = fs::read_to_string(sound.archive().join("config")).unwrap();
    let deceptions: [(&str, String); 16] = [
        ("info/grafts", format!("{tip}\n")),
        ("shallow", format!("{parent}\n")),
        ("objects/info/alternates", "/somewhere/objects\n".to_owned()),
        (
            "objects/info/http-alternates",
            "http://somewhere/objects\n".to_owned(),
        ),
        ("commondir", "../other\n".to_owned()),
        ("config.worktree", String::new()),
        ("config", format!("{config}[include]\n\tpath = /somewhere\n")),
        ("config", format!("{config}[core]\n\tworktree = /\n")),
        ("config", format!("{config}[core]\n\thooksPath = /somewhere\n")),
        (
            "config",
            format!("{config}[extensions]\n\tpartialClone = origin\n"),
        ),
        ("config", format!("{config}[filter \"x\"]\n\tsmudge = rm\n")),
        ("config", format!("{config}[user] [include] path = /somewhere\n")),
        (
            "config",
            format!("{config}[user \"]\"] [include] path = /somewhere\n"),
        ),
        (
            "config",
            format!("{config}[gc]\n\trecentObjectsHook = /somewhere\n"),
        ),
        ("info/attributes", "*.txt export-ignore\n".to_owned()),
        (
            "objects/pack/pack-0123456789012345678901234567890123456789.promisor",
            String::new(),
        ),
    ];
    for (name, text) in deceptions {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("archive");
        copy(&sound.archive(), &path);
        fs::create_dir_all(path.join(name).parent().unwrap()).unwrap();
        fs::write(path.join(name), text).unwrap();
        assert_refused(&sound, &path, name);
    }
    let folder = tempfile::tempdir().unwrap();
    let each = |name: &str, deceive: &dyn Fn(&Path)| {
        let path = folder.path().join(name.replace('/', "-"));
        copy(&sound.archive(), &path);
        deceive(&path);
        assert_refused(&sound, &path, name);
    };
    each("refs/replace", &|path| {
        git(path, &["replace", &tip, &parent]);
    });
    each("hooks/post-update", &|path| {
        fs::create_dir_all(path.join("hooks")).unwrap();
        fs::write(path.join("hooks/post-update"), "#!/bin/sh\n").unwrap();
        assert!(
            std::process::Command::new("chmod")
                .arg("+x")
                .arg(path.join("hooks/post-update"))
                .status()
                .unwrap()
                .success()
        );
    });
    for link in ["objects", "refs/heads/main", "config"] {
        each(link, &|path| {
            let elsewhere = path.with_extension("elsewhere");
            fs::rename(path.join(link), &elsewhere).unwrap();
            std::os::unix::fs::symlink(&elsewhere, path.join(link)).unwrap();
        });
    }
    let object = files(&sound.archive().join("objects")).remove(0);
    let fifo = format!("objects/{}", object.display());
    each(&fifo, &|path| {
        fs::remove_file(path.join(&fifo)).unwrap();
        make_fifo(&path.join(&fifo));
    });
}

fn make_fifo(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.unwrap().success());
}

/// Whoever writes deletes what another writer left, and git opens more than is read here.
#[test]
fn a_writer_deletes_nothing_elsewhere_and_waits_for_no_fifo() {
    let sound = archive(Kept::Packed);
    let folder = tempfile::tempdir().unwrap();
    let victim = folder.path().join("victim");
    fs::create_dir(&victim).unwrap();
    let kept = ["Cargo.lock", "empty.lock"];
    for name in kept {
        fs::write(
            victim.join(name),
            if name == "empty.lock" { "" } else { "kept\n" },
        )
        .unwrap();
        let old = std::time::SystemTime::now() - Duration::from_secs(3600);
        let file = fs::File::options().write(true).open(victim.join(name)).unwrap();
        file.set_modified(old).unwrap();
    }
    let link = |from: &Path, to: &Path| std::os::unix::fs::symlink(from, to).unwrap();
    let left = |path: &Path, name: &str, text: &str| {
        fs::create_dir_all(path.join("avalaches.incoming")).unwrap();
        fs::write(path.join("avalaches.incoming").join(name), text).unwrap();
    };
    let one = "1".repeat(40);
    let each = |name: &str, refused: bool, deceive: &dyn Fn(&Path)| {
        let path = folder.path().join(name.replace('/', "-"));
        copy(&sound.archive(), &path);
        deceive(&path);
        if refused {
            assert_refused(&sound, &path, name);
        }
        sound.write("c.txt", "Third paragraph.\n");
        let arguments = ["--archive", path.to_str().unwrap(), "add", "c.txt", "--slug", "c"];
        let child = sound
            .program(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.unwrap();
        let start = Instant::now();
        while child.try_wait().unwrap().is_none() && start.elapsed() < LIMIT {
            thread::sleep(Duration::from_millis(10));
        }
        let _ = child.kill();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        let expected = if refused { 2 } else { 0 };
        assert_eq!(output.status.code(), Some(expected), "{name}: {said}");
        assert_eq!(said.contains(name), refused, "{name}: {said}");
        for name in kept {
            assert!(victim.join(name).exists(), "{name}");
        }
    };
    each("refs/x", true, &|path| {
        link(&victim, &path.join("refs/x"));
        left(
            path,
            "moving-refs",
            &format!("{one} refs/x/Cargo\n{one} refs/x/empty\n"),
        );
    });
    each("refs/mirrors/a/x", true, &|path| {
        fs::create_dir_all(path.join("refs/mirrors/a")).unwrap();
        link(&victim, &path.join("refs/mirrors/a/x"));
    });
    each("refs/heads/main.lock", true, &|path| {
        make_fifo(&path.join("refs/heads/main.lock"));
    });
    each("refs/heads/endless.lock", true, &|path| {
        link(Path::new("/dev/zero"), &path.join("refs/heads/endless.lock"));
        left(path, "moving-refs", &format!("{one} refs/heads/endless\n"));
    });
    each("multi-pack-index", true, &|path| {
        make_fifo(&path.join("objects/pack/multi-pack-index"));
    });
    each("logs/refs/heads/main", true, &|path| {
        make_fifo(&path.join("logs/refs/heads/main"));
    });
    for name in ["moving", "moving-refs"] {
        each(name, false, &|path| {
            make_fifo(&path.join("avalaches.incoming").join(name));
        });
        each(&format!("endless {name}"), false, &|path| {
            left(path, "other", "");
            link(
                Path::new("/dev/zero"),
                &path.join("avalaches.incoming").join(name),
            );
        });
    }
}

fn assert_refused(story: &Story, path: &Path, name: &str) {
    let start = Instant::now();
    let output = story.run(&["--archive", path.to_str().unwrap(), "verify"]);
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(1 | 2)), "{name}: {said}");
    assert!(start.elapsed() < LIMIT, "{name} took {:?}", start.elapsed());
    let object = name.replace("objects/", "").replace('/', "");
    assert!(
        said.contains(name) || said.contains(&object),
        "{name} is not named: {said}"
    );
}

/// Lists the files below a folder, by their paths in it, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    tree::files(folder).into_keys().map(PathBuf::from).collect()
}

#[test]
fn a_pack_that_is_shortened_while_it_is_read_is_told_and_not_died_of() {
    let story = archive(Kept::Packed);
    let page = story.yes(&["show", "2026/01/23/a"]);
    let packed = files(&story.archive());
    let pack = packed
        .iter()
        .find(|file| file.extension().is_some_and(|e| e == "pack"));
    let pack = story.archive().join(pack.unwrap());
    // It has the pack open before it is given the page.
    let mut child = story
        .program(&["verify", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let maps = format!("/proc/{}/maps", child.id());
    let begun = Instant::now();
    while !fs::read_to_string(&maps).is_ok_and(|maps| maps.contains(".pack")) {
        assert!(begun.elapsed() < LIMIT, "the pack is not mapped");
        thread::sleep(Duration::from_millis(10));
    }
    fs::write(&pack, "").unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(page.as_bytes()).unwrap();
    drop(stdin);
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{:?} {said}", ended.status);
    assert!(
        said.starts_with("error: a file of the archive was shortened while it was read"),
        "{said}"
    );
    assert!(said.contains("\nhint: "), "{said}");
}
