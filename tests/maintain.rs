//! An archive is folded into one small pack, and nobody can tell but by its size.

#[path = "support/archives.rs"]
#[expect(dead_code, reason = "the archives here begin as generated ones")]
mod archives;
#[path = "support/folders.rs"]
mod folders;
#[path = "../benches/support/generate.rs"]
mod generate;
#[path = "support/objects.rs"]
#[allow(dead_code, reason = "no object is put here that no program would write")]
mod objects;
#[path = "support/tree.rs"]
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use archives::{Story, git, git_command, git_reading};
use folders::copy;
use objects::all_objects;
use serde_json::Value;

/// Every file under a folder with its bytes, but for what this program keeps beside the repository.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let is_ours = |name: &str| name.split('/').any(|part| part.starts_with("avalaches."));
    let files = tree::files(folder).into_iter();
    let files = files.filter(|(name, _)| !is_ours(name));
    files.map(|(name, bytes)| (folder.join(name), bytes)).collect()
}

/// Returns the names of files in the folder of packs with an ending.
fn packs(story: &Story, ending: &str) -> Vec<String> {
    let folder = story.archive().join("objects/pack");
    let names = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(ending))
        .collect();
    names.sort();
    names
}

fn loose(story: &Story) -> usize {
    let counted = story.git(&["count-objects"]);
    counted.split(' ').next().unwrap().parse().unwrap()
}

/// A story with a generated archive of so many revisions in one pack, and a page and its correction beside it.
fn generated(revisions: usize) -> Story {
    let folder = tempfile::tempdir().unwrap();
    generate::archive(&folder.path().join("archive"), revisions);
    let story = Story { folder };
    add(&story, "a", "A page of its own.\n");
    let correction = [
        "--article",
        "2026/01/22/a",
        "--kind",
        "correction",
        "--note",
        "Very.",
    ];
    let options = [&["--author", "Desk"], &correction[..]].concat();
    story.add("a.txt", "A page of its very own.\n", &options);
    story
}

/// Adds a page and returns its footer.
fn add(story: &Story, slug: &str, text: &str) -> String {
    let options = ["--slug", slug, "--date", "2026-01-22", "--author", "Desk"];
    story.add(&format!("{slug}.txt"), text, &options)
}

/// Checks that a store is whole to git and to this program.
fn assert_sound(story: &Story) {
    let fsck = git_command(&story.archive(), &["fsck", "--strict", "--full", "--no-dangling"])
        .output()
        .unwrap();
    assert!(fsck.status.success(), "{fsck:?}");
    assert_eq!(String::from_utf8_lossy(&fsck.stdout), "");
    assert_eq!(String::from_utf8_lossy(&fsck.stderr), "");
    story.yes(&["verify", "-q"]);
}

#[test]
fn pages_and_corrections_become_one_pack_and_every_object_is_as_it_was() {
    let story = generated(150);
    let (tip, before) = (story.git(&["rev-parse", "main"]), all_objects(&story.archive()));
    assert!(loose(&story) > 10);
    let said = story.yes(&["maintain", "--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    let name = said["pack"].as_str().unwrap();
    assert_eq!(packs(&story, ".pack"), [format!("{name}.pack")]);
    assert_eq!(packs(&story, ""), [format!("{name}.idx"), format!("{name}.pack")]);
    assert_eq!(loose(&story), 0);
    assert_eq!(
        (&said["done"], &said["packs"]),
        (&Value::Bool(true), &Value::from(1))
    );
    let bytes: u64 = packs(&story, "")
        .iter()
        .map(|name| {
            fs::metadata(story.archive().join("objects/pack").join(name))
                .unwrap()
                .len()
        })
        .sum();
    assert_eq!(said["bytes_after"], bytes);
    assert!(said["bytes_before"].as_u64().unwrap() > bytes);
    assert!(all_objects(&story.archive()) == before);
    assert_eq!(story.git(&["rev-parse", "main"]), tip);
    assert_sound(&story);
    assert!(!story.archive().join("avalaches.maintaining").exists());

    let packed = files(&story.archive());
    let said = story.yes(&["maintain"]);
    assert!(
        said.starts_with("nothing to do: no loose object, 1 pack of "),
        "{said}"
    );
    assert!(files(&story.archive()) == packed);

    let footer = add(&story, "b", "Another page.\n");
    let said = story.yes(&["maintain"]);
    assert!(
        said.starts_with("folded  9 loose objects and 1 pack into one of "),
        "{said}"
    );
    assert_eq!(packs(&story, ".pack").len(), 1);
    story.yes(&["verify", "-q", &footer]);
    assert_sound(&story);
}

#[test]
fn the_pack_is_no_larger_than_that_of_git() {
    let story = generated(400);
    let beside = tempfile::tempdir().unwrap();
    copy(&story.archive(), beside.path());
    git(beside.path(), &["gc", "--quiet"]);
    let pack_bytes = |repository: &Path| {
        let folder = fs::read_dir(repository.join("objects/pack")).unwrap();
        let packs = folder.map(|entry| entry.unwrap().path());
        let packs = packs.filter(|path| path.extension().is_some_and(|ending| ending == "pack"));
        packs.map(|path| fs::metadata(path).unwrap().len()).sum::<u64>()
    };
    story.yes(&["maintain"]);
    let (ours, gits) = (pack_bytes(&story.archive()), pack_bytes(beside.path()));
    println!("{ours} bytes, git's {gits}");
    assert!(ours <= gits, "{ours} bytes, git's {gits}");
}

#[test]
fn the_pack_depends_on_the_objects_alone_not_on_where_they_were() {
    let story = generated(60);
    let folder = tempfile::tempdir().unwrap();
    copy(story.folder.path(), folder.path());
    let other = Story { folder };
    other.git(&["repack", "-adfq", "--depth=7"]);
    for name in packs(&other, ".pack") {
        let pack = other.folder.path().join(&name);
        fs::rename(other.archive().join("objects/pack").join(&name), &pack).unwrap();
        let _ = fs::remove_dir_all(other.archive().join("objects/pack"));
        git_reading(
            &other.archive(),
            &["unpack-objects", "-q"],
            fs::read(pack).unwrap(),
        );
    }
    assert_eq!(packs_of(&other), 0);
    story.yes(&["maintain"]);
    other.yes(&["maintain"]);
    assert_eq!(packs(&story, ".pack"), packs(&other, ".pack"));
}

fn packs_of(story: &Story) -> usize {
    let folder = story.archive().join("objects/pack");
    fs::read_dir(folder).map_or(0, Iterator::count)
}

#[test]
fn what_the_branch_does_not_lead_to_is_kept() {
    let story = generated(30);
    let archive = story.archive();
    let hash = |kind: &str, body: &[u8]| {
        let arguments = ["hash-object", "-w", "--stdin", "-t", kind];
        git_reading(&archive, &arguments, body)
    };
    let blob = hash("blob", b"not of the archive");
    hash("blob", b"");
    hash("tree", b"");
    let mut odd = b"100755 Run Me.sh\0".to_vec();
    odd.extend((0..20).map(|at| u8::from_str_radix(&blob[at * 2..at * 2 + 2], 16).unwrap()));
    let tree = hash("tree", &odd);
    let person = "A <a@b> 1700000000 +0000";
    let commit = |parents: &[&str], text: &str| {
        let mut body = format!("tree {tree}\n");
        for parent in parents {
            body += &format!("parent {parent}\n");
        }
        body += &format!("author {person}\ncommitter {person}\nencoding latin1\n\n{text}\n");
        hash("commit", body.as_bytes())
    };
    let tip = story.git(&["rev-parse", "main"]);
    let one = commit(&[], "one");
    let other = commit(&[&one, &tip], "other");
    let merge = commit(&[&other, &tip, &one], "merge");
    let lost = commit(
        &["0123456789012345678901234567890123456789"],
        "its parent is not here",
    );
    story.git(&["update-ref", "refs/mirrors/elsewhere/main", &merge]);
    let tag = format!("object {merge}\ntype commit\ntag v1\ntagger {person}\n\nfirst\n");
    story.git(&["update-ref", "refs/tags/v1", &hash("tag", tag.as_bytes())]);
    // What names something of another kind, folders below folders, and a file that went beside one that stayed.
    let raw = |id: &str| -> Vec<u8> {
        let digit = |at: usize| u8::from_str_radix(&id[at * 2..at * 2 + 2], 16).unwrap();
        (0..20).map(digit).collect()
    };
    let entry =
        |mode: &str, name: &str, id: &str| [format!("{mode} {name}\0").into_bytes(), raw(id)].concat();
    let mut deep = entry("100644", "a", &blob);
    for _ in 0..70 {
        deep = entry("40000", "a", &hash("tree", &deep));
    }
    let two = [entry("100644", "a", &blob), entry("100644", "b", &blob)].concat();
    let mut parent = commit(&[&blob], "its parent is a file");
    for tree in [&deep, &two, &entry("100644", "b", &blob)]
        .map(|tree| hash("tree", tree))
        .iter()
        .chain([&blob])
    {
        let body = format!("tree {tree}\nparent {parent}\nauthor {person}\ncommitter {person}\n\nodd\n");
        parent = hash("commit", body.as_bytes());
    }
    story.git(&["update-ref", "refs/odd/main", &parent]);
    let before = all_objects(&archive);
    story.yes(&["maintain"]);
    assert_eq!((packs(&story, ".pack").len(), loose(&story)), (1, 0));
    assert!(all_objects(&archive) == before);
    assert_eq!(story.git(&["rev-parse", "refs/mirrors/elsewhere/main"]), merge);
    assert_eq!(story.git(&["cat-file", "-t", &lost]), "commit");
    story.yes(&["verify", "-q"]);
}

#[test]
fn a_pack_that_is_to_be_kept_stays_and_is_not_written_again() {
    let story = generated(40);
    let [pack] = &packs(&story, ".pack")[..] else {
        panic!("there is one")
    };
    let keep = story
        .archive()
        .join("objects/pack")
        .join(pack)
        .with_extension("keep");
    fs::write(&keep, "because\n").unwrap();
    let (before, kept) = (
        all_objects(&story.archive()),
        files(&story.archive().join("objects/pack")),
    );
    let new = loose(&story);
    story.git(&["repack", "-q"]);
    assert_eq!(
        (packs(&story, ".pack").len(), loose(&story)),
        (2, new),
        "each new object is there twice"
    );
    let said = story.yes(&["maintain", "--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&said["objects"], &said["left"]),
        (&Value::from(new), &Value::from(1))
    );
    assert_eq!((packs(&story, ".pack").len(), loose(&story)), (2, 0));
    let now = files(&story.archive().join("objects/pack"));
    assert!(kept.iter().all(|(path, bytes)| now.get(path) == Some(bytes)));
    assert!(all_objects(&story.archive()) == before);
    assert_sound(&story);
    let said = story.yes(&["maintain"]);
    assert!(
        said.starts_with("nothing to do") && said.ends_with("; 1 pack left as it is\n"),
        "{said}"
    );
}

#[test]
fn loose_copies_of_a_kept_pack_go_and_no_empty_pack_comes() {
    let story = generated(20);
    story.git(&["repack", "-adq"]);
    let [pack] = &packs(&story, ".pack")[..] else {
        panic!("there is one")
    };
    let folder = story.archive().join("objects/pack");
    fs::write(folder.join(pack).with_extension("keep"), "").unwrap();
    let beside = story.folder.path().join("unpacked");
    git(
        story.folder.path(),
        &["init", "-q", "--bare", beside.to_str().unwrap()],
    );
    let pack = fs::read(folder.join(pack)).unwrap();
    git_reading(&beside, &["unpack-objects", "-q"], pack);
    let before = all_objects(&story.archive());
    copy(&beside.join("objects"), &story.archive().join("objects"));
    assert!(loose(&story) > 200);
    let said = story.yes(&["maintain", "--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["pack"], &said["objects"]), (&Value::Null, &Value::from(0)));
    assert_eq!((packs(&story, ".pack").len(), loose(&story)), (1, 0));
    assert!(all_objects(&story.archive()) == before);
    assert_sound(&story);
}

#[test]
fn what_git_derived_from_old_packs_goes_with_them() {
    let story = generated(40);
    story.git(&["repack", "-adbq"]);
    add(&story, "c", "One page more.\n");
    story.git(&["repack", "-q"]);
    story.git(&["multi-pack-index", "write"]);
    story.git(&["commit-graph", "write", "--reachable"]);
    story.git(&["pack-refs", "--all"]);
    assert!(packs(&story, "").len() > 5);
    let before = all_objects(&story.archive());
    story.yes(&["maintain"]);
    let left = packs(&story, "");
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(story.archive().join("objects/info/commit-graph").exists());
    story.git(&["commit-graph", "verify"]);
    assert!(all_objects(&story.archive()) == before);
    assert_sound(&story);
}

/// Does some damage.
type Fault = Box<dyn Fn()>;

#[test]
fn a_damaged_store_is_refused_and_nothing_in_it_changes() {
    let story = generated(12);
    let [pack] = &packs(&story, ".pack")[..] else {
        panic!("there is one")
    };
    let objects = story.archive().join("objects");
    let tip = story.git(&["rev-parse", "main"]);
    let loose = objects.join(&tip[..2]).join(&tip[2..]);
    let blob = story.git(&["rev-parse", "main:articles/2026/01/22/a/page.txt"]);
    let blob_file = objects.join(&blob[..2]).join(&blob[2..]);
    let copy_of_packed = {
        let id = story.git(&["rev-parse", "main~3:avalaches.json"]);
        objects.join(&id[..2]).join(&id[2..])
    };
    let flip = |file: PathBuf, at: usize| {
        move || {
            let mut bytes = fs::read(&file).unwrap();
            bytes[at] ^= 0x10;
            fs::remove_file(&file).unwrap();
            fs::write(&file, bytes).unwrap();
        }
    };
    let good = files(&story.archive());
    let faults: [(&str, Fault); 8] = [
        (
            "a byte of the pack",
            Box::new(flip(objects.join("pack").join(pack), 3000)),
        ),
        (
            "a byte of the index",
            Box::new(flip(objects.join("pack").join(pack).with_extension("idx"), 1100)),
        ),
        ("a byte of a loose blob", Box::new(flip(blob_file.clone(), 20))),
        (
            "a missing blob",
            Box::new(move || fs::remove_file(&blob_file).unwrap()),
        ),
        ("a loose file under another name", {
            let other = objects.join("00");
            let from = good
                .keys()
                .find(|path| path.ends_with(loose.strip_prefix(&objects).unwrap()))
                .unwrap()
                .clone();
            Box::new(move || {
                fs::create_dir_all(&other).unwrap();
                fs::copy(&from, other.join("0".repeat(38))).unwrap();
            })
        }),
        (
            "a damaged second copy",
            Box::new(move || {
                fs::create_dir_all(copy_of_packed.parent().unwrap()).unwrap();
                fs::write(&copy_of_packed, "x").unwrap();
            }),
        ),
        ("alternates", {
            let info = objects.join("info");
            Box::new(move || {
                fs::create_dir_all(&info).unwrap();
                fs::write(info.join("alternates"), "/elsewhere\n").unwrap();
            })
        }),
        ("a pack without an index", {
            let from = objects.join("pack").join(pack);
            let to = objects.join("pack/pack-1.pack");
            Box::new(move || {
                fs::copy(&from, &to).unwrap();
            })
        }),
    ];
    for (what, fault) in faults {
        fault();
        let damaged = files(&story.archive());
        let output = story.run(&["maintain"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{what}: {said}");
        assert!(said.contains("hint: run `avalaches verify`"), "{what}: {said}");
        assert!(files(&story.archive()) == damaged, "{what}");
        assert!(!story.archive().join("avalaches.maintaining").exists());
        for path in damaged.keys() {
            fs::remove_file(path).unwrap();
        }
        for (path, bytes) in &good {
            fs::write(path, bytes).unwrap();
        }
    }
    story.yes(&["maintain"]);
    assert_sound(&story);
}

#[test]
fn one_maintainer_at_a_time() {
    let story = generated(5);
    let lock = fs::File::create(story.archive().join("avalaches.maintain.lock")).unwrap();
    lock.lock().unwrap();
    let output = story.run(&["maintain"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("another program maintains this archive"), "{said}");
    add(&story, "c", "A writer does not wait for a maintainer.\n");
    drop(lock);
    story.yes(&["maintain"]);
    assert_sound(&story);
}

#[test]
fn a_pack_that_a_killed_repack_left_is_read_and_folded_like_any_other() {
    let story = generated(12);
    let before = all_objects(&story.archive());
    let listed = story.git(&["rev-list", "--objects", "--all"]);
    let name = story.archive().join("objects/pack/.tmp-4711-pack");
    git_reading(
        &story.archive(),
        &["pack-objects", "-q", name.to_str().unwrap()],
        listed + "\n",
    );
    // Git reads it, and deletes further copies of what is there.
    story.git(&["prune-packed", "-q"]);
    assert_eq!(loose(&story), 0);
    for name in packs(&story, "").iter().filter(|name| !name.starts_with('.')) {
        fs::remove_file(story.archive().join("objects/pack").join(name)).unwrap();
    }
    assert_sound(&story);
    let said = story.yes(&["verify"]);
    assert!(!said.contains("left over"), "{said}");
    assert_eq!(
        story.yes(&["show", "2026/01/22/a", "--format", "text"]),
        "A page of its very own.\n"
    );
    add(&story, "b", "One page more.\n");
    story.yes(&["maintain"]);
    let left = packs(&story, "");
    assert!(
        left.len() == 2 && left.iter().all(|name| name.starts_with("pack-")),
        "{left:?}"
    );
    assert!(all_objects(&story.archive()).len() > before.len());
    assert_sound(&story);
}
