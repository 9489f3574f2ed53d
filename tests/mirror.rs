//! Stories about mirrors: other people's repositories kept in the archive, and pages that cite their commits.

#[path = "support/archives.rs"]
mod archives;
#[path = "support/folders.rs"]
mod folders;
#[path = "support/objects.rs"]
#[allow(dead_code, reason = "other stories ask for every object")]
mod objects;
#[path = "support/publisher.rs"]
mod publisher;
#[path = "support/strace.rs"]
#[allow(dead_code, reason = "other stories have more faults")]
mod strace;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;
use std::time::Duration;

use archives::{Story, git_command};
use avalaches::archive::{Archive, Owner};
use avalaches::id::{CommitId, ObjectId};
use avalaches::mirror;
use avalaches::object::foreign::{EntryKind, ForeignCommit, entries};
use avalaches::object::{self, HashError, ObjectKind};
use avalaches::storage::objects::ObjectStore;
use avalaches::verify::whole::{self, Earlier, Observer, Seen};
use avalaches::withheld::WithheldRevision;
use objects::put;
use publisher::Publisher;
use serde_json::Value;
use sha1_checked::CollisionResult;
use strace::Traced;

const SAMPLE: &str = include_str!("pages/2026-01-22-export-controls.txt");
const DAY: &str = "2026-01-22T09:00:00+0800";

/// An archive and a publisher beside it, whose repository has a file.
fn begin() -> (Story, Publisher) {
    let story = Story::begin();
    let publisher = Publisher::begin(&story.folder.path().join("digest"));
    publisher.write("README.md", "# Digest\n");
    publisher.commit("Begin", "2026-01-01T12:00:00+0800");
    (story, publisher)
}

/// The sample page's text, without back link and footer.
fn text() -> String {
    let text = SAMPLE.split_once("\n\n").unwrap().1;
    text.rsplit_once("\n\n").unwrap().0.to_owned() + "\n"
}

/// The sample page's Chinese and English part.
fn halves() -> (String, String) {
    let text = text();
    let (chinese, english) = text.split_once("\n\nThe chief").unwrap();
    (format!("{chinese}\n"), format!("The chief{english}"))
}

/// The sample page with a commit's footer.
fn page(publisher: &Publisher, id: &str) -> String {
    SAMPLE.replace(SAMPLE.lines().last().unwrap(), &footer(publisher, id))
}

/// The footer of a commit, as git prints it.
fn footer(publisher: &Publisher, id: &str) -> String {
    publisher.git(&[
        "show",
        "-s",
        "--date=format:%Y-%m-%d (%A)",
        "--format=%ad · %H",
        id,
    ])
}

fn lines(text: &str) -> BTreeSet<String> {
    text.lines().map(ToOwned::to_owned).collect()
}

/// Verifies a page and returns the exit status, the document's answer, and everything printed.
fn judge(story: &Story, page: &str) -> (Option<i32>, Value, String) {
    story.write("page.txt", page);
    let output = story.run(&["verify", "page.txt"]);
    let said = String::from_utf8(output.stdout).unwrap();
    let json = story.run(&["verify", "--json", "page.txt"]);
    assert_eq!(json.status.code(), output.status.code(), "{said}");
    let mut document: Value = serde_json::from_slice(&json.stdout).unwrap();
    let answer = document["answers"][0].take();
    assert!(said.starts_with(answer["verdict"].as_str().unwrap()), "{said}");
    (output.status.code(), answer, said)
}

/// A history with everything that an archive's own never has.
fn everything(story: &Story, publisher: &Publisher) {
    publisher.write("文章/二〇二六.md", "一\n");
    publisher.write("run.sh", "#!/bin/sh\n");
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(publisher.folder.join("run.sh"), mode).unwrap();
    std::os::unix::fs::symlink("run.sh", publisher.folder.join("link")).unwrap();
    publisher.write("binary.png", [0, 159, 146, 150]);
    publisher.commit("第一篇", "2026-01-02T12:00:00+0545");
    for branch in ["one", "two", "three"] {
        publisher.git(&["checkout", "-q", "-b", branch, "main"]);
        publisher.write(&format!("{branch}.md"), branch);
        publisher.commit(branch, "2026-01-01T00:00:00-0330");
    }
    publisher.git(&["checkout", "-q", "main"]);
    publisher.git(&["merge", "-q", "--no-ff", "-m", "Octopus", "one", "two", "three"]);
    publisher.git(&["tag", "-a", "v1", "-m", "Annotated"]);
    publisher.git(&["tag", "-a", "v1-again", "-m", "A tag of a tag", "v1"]);
    publisher.git(&["tag", "light", "one"]);
    let other = Publisher::begin(&story.folder.path().join("other"));
    other.commit("Elsewhere", DAY);
    publisher.git(&["submodule", "--quiet", "add", "../other", "sub"]);
    publisher.commit("A submodule", DAY);
    let odd = publisher.command(&["commit", "-q", "--allow-empty", "-m", "x"]);
    let mut odd = odd;
    odd.env("GIT_AUTHOR_NAME", "\u{1b}[2J \"Ada\" ,")
        .env("GIT_AUTHOR_EMAIL", "");
    assert!(odd.status().unwrap().success());
    publisher.git(&[
        "-c",
        "i18n.commitEncoding=GBK",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "x",
    ]);
}

#[test]
fn a_mirror_has_the_publishers_objects_and_refs_untouched() {
    let (story, publisher) = begin();
    everything(&story, &publisher);
    let said = story.yes(&["mirror", "digest", "the-digest"]);
    let objects = publisher.git(&["rev-list", "--objects", "--all", "--no-object-names"]);
    let count = objects.lines().count();
    assert!(
        said.starts_with(&format!("mirrored  the-digest: {count} new objects")),
        "{said}"
    );
    let theirs = publisher.git(&["for-each-ref", "--format=%(objectname) %(refname:lstrip=1)"]);
    let ours = story.git(&[
        "for-each-ref",
        "--format=%(objectname) %(refname:lstrip=3)",
        "refs/mirrors/the-digest/heads",
        "refs/mirrors/the-digest/tags",
    ]);
    assert_eq!(lines(&ours), lines(&theirs));
    let head = story.git(&["rev-parse", "refs/mirrors/the-digest/HEAD"]);
    assert_eq!(head, publisher.git(&["rev-parse", "HEAD"]));
    let ours = story.git(&[
        "rev-list",
        "--objects",
        "--no-object-names",
        "--glob=refs/mirrors/the-digest",
    ]);
    assert_eq!(lines(&ours), lines(&objects));
    assert_eq!(story.git(&["fsck", "--strict", "--full"]), "");
    let verify = story.run(&["verify"]);
    assert!(verify.status.success());
    let notes = String::from_utf8(verify.stderr).unwrap();
    let note = format!("mirror the-digest holds {count} objects of another repository");
    assert!(notes.contains(&note) && !notes.contains("not part of"), "{notes}");
    let again = story.yes(&["mirror", "digest", "the-digest"]);
    assert_eq!(
        again,
        "mirrored  the-digest: 0 new objects, 0 refs changed, 7 as before\n"
    );
    let list = story.yes(&["mirror"]);
    assert_eq!(list, format!("the-digest  4 branches, 3 tags · {head}\n"));
    // The archive still takes pages, and git may clean it up.
    story.add("page.txt", "Some words.\n", &[]);
    story.git(&["gc", "-q", "--prune=now"]);
    assert!(story.yes(&["verify"]).starts_with("verified"));
    assert!(!story.archive().join("avalaches.fetching").exists());
}

#[test]
fn every_object_reads_as_git_reads_it() {
    let (story, publisher) = begin();
    everything(&story, &publisher);
    // What old programs wrote, and git reads all the same.
    let tree = publisher.git(&["rev-parse", "HEAD^{tree}"]);
    let mut odd = Vec::new();
    for author in [
        "A<a@b>1700000000 +0800",
        "<a@b> 1700000000 -0000",
        "A  B  <a@b>  1700000000  +0545",
        "A <a> b> 1700000000 +0100",
        "A <a@b> 0005 +0800",
        "A <a@b> 1700000000 +0090",
    ] {
        let body = format!(
            "tree {tree}\nauthor {author}\ncommitter C <c@d> 1700000000 +0000\n\n\n  Subject\nof two\n\nbody\n"
        );
        publisher.write("commit", body);
        odd.push(publisher.git(&["hash-object", "--literally", "-t", "commit", "-w", "commit"]));
    }
    let objects = ObjectStore::open(&publisher.folder.join(".git/objects")).unwrap();
    let format = "--format=%H%x1f%T%x1f%P%x1f%an%x1f%ae%x1f%at%x1f%ad%x1f%ct%x1f%s%x1e";
    let mut arguments = vec!["log", "--all", "--date=format:%Y-%m-%d %H:%M", format];
    arguments.extend(odd.iter().map(String::as_str));
    let log = publisher.git(&arguments);
    let mut count = 0;
    for record in log
        .split('\u{1e}')
        .map(str::trim_start)
        .filter(|record| !record.is_empty())
    {
        let fields: Vec<&str> = record.split('\u{1f}').collect();
        let object = objects.read(fields[0].parse::<ObjectId>().unwrap()).unwrap();
        let commit = ForeignCommit::parse(&object.body).unwrap();
        let author = commit.author();
        let date = author.date.unwrap();
        let parents: Vec<String> = commit.parents.iter().map(ToString::to_string).collect();
        let ours = [
            fields[0].to_owned(),
            commit.tree.to_string(),
            parents.join(" "),
            author.name.clone(),
            author.email.clone(),
            date.seconds().to_string(),
            date.to_string()[..16].replace('T', " "),
            commit.committer().date.unwrap().seconds().to_string(),
            commit.subject(),
        ];
        // Git leaves the blanks before a subject, of which a note has none.
        let mut fields: Vec<&str> = fields.into_iter().map(str::trim).collect();
        fields[5] = fields[5].trim_start_matches('0');
        assert_eq!(ours.to_vec(), fields);
        let listed = publisher.git(&[
            "ls-tree",
            "-z",
            "--format=%(objecttype) %(objectname) %(path)",
            fields[1],
        ]);
        let tree = objects.read(fields[1].parse::<ObjectId>().unwrap()).unwrap();
        assert_eq!(tree.kind, ObjectKind::Tree);
        let ours: Vec<String> = entries(&tree.body)
            .map(|entry| {
                let entry = entry.unwrap();
                let kind = match entry.kind {
                    EntryKind::File | EntryKind::Link => "blob",
                    EntryKind::Folder => "tree",
                    EntryKind::Submodule => "commit",
                };
                format!("{kind} {} {}", entry.id, String::from_utf8_lossy(entry.name))
            })
            .collect();
        assert_eq!(
            ours,
            listed
                .split('\0')
                .filter(|line| !line.is_empty())
                .collect::<Vec<_>>()
        );
        count += 1;
    }
    assert_eq!(count, 9 + odd.len());
}

#[test]
fn an_update_takes_only_what_is_new() {
    let (story, publisher) = begin();
    for number in 0..20 {
        publisher.write("a.md", format!("{number}\n"));
        publisher.commit("More", DAY);
    }
    story.yes(&["mirror", "digest", "digest"]);
    let before = publisher.git(&["rev-parse", "HEAD"]);
    publisher.write("b.md", "new\n");
    let after = publisher.commit("Newer", DAY);
    let said = story.yes(&["mirror", "digest", "digest"]);
    assert!(
        said.starts_with("mirrored  digest: 3 new objects, 1 ref changed, 0 as before\n"),
        "{said}"
    );
    assert!(said.contains(&format!("advanced heads/main: {after}")), "{said}");
    assert_ne!(before, after);
    assert_eq!(story.git(&["fsck", "--strict"]), "");
}

#[test]
fn a_shallow_publisher_is_called_so_and_nothing_of_a_mirror_is_gone() {
    let (story, publisher) = begin();
    publisher.write("a.md", "First.\n");
    publisher.commit("First", DAY);
    let refused = || {
        let output = story.run(&["mirror", "shallow", "digest"]);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("is a shallow clone") && said.contains("nothing was taken"),
            "{said}"
        );
    };
    let whole = format!("file://{}", publisher.folder.display());
    let shallow = story.folder.path().join("shallow");
    publisher.git(&["clone", "-q", "--depth", "1", &whole, shallow.to_str().unwrap()]);
    refused();
    assert_eq!(story.git(&["for-each-ref", "refs/mirrors"]), "");
    story.yes(&["mirror", "digest", "digest"]);
    publisher.write("b.md", "Second.\n");
    publisher.commit("Second", DAY);
    publisher.write("c.md", "Third.\n");
    publisher.commit("Third", DAY);
    fs::remove_dir_all(&shallow).unwrap();
    publisher.git(&["clone", "-q", "--depth", "1", &whole, shallow.to_str().unwrap()]);
    refused();
    story.yes(&["mirror", "digest", "digest"]);
    story.git(&["fsck", "--strict"]);
}

#[test]
fn what_a_publisher_rewrites_or_takes_away_is_kept_and_told() {
    let (story, publisher) = begin();
    publisher.write("a.md", "First.\n");
    let old = publisher.commit("First", DAY);
    publisher.git(&["tag", "v1"]);
    publisher.git(&["branch", "side"]);
    publisher.git(&["branch", "quiet"]);
    story.yes(&["mirror", "digest", "digest"]);
    publisher.git(&["reset", "-q", "--hard", "HEAD~1"]);
    publisher.write("a.md", "Never said otherwise.\n");
    let new = publisher.commit("First", DAY);
    publisher.git(&["tag", "-f", "v1"]);
    publisher.git(&["branch", "-q", "-D", "side", "quiet"]);
    publisher.git(&["branch", "side/two"]);
    let output = story.run(&["mirror", "digest", "digest", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("warning: the publisher has rewritten history"),
        "{said}"
    );
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let kept = format!("rewritten/2026-01-23-{}", &old[..12]);
    let change = |name: &str| {
        let changes = document["changes"].as_array().unwrap();
        changes
            .iter()
            .find(|change| change["ref"] == name)
            .unwrap()
            .clone()
    };
    for name in ["heads/main", "tags/v1"] {
        let change = change(name);
        assert_eq!(change["change"], "rewritten", "{document}");
        assert_eq!(
            (&change["before"], &change["after"], &change["kept"]),
            (&old.as_str().into(), &new.as_str().into(), &kept.as_str().into())
        );
    }
    // A branch that is in the way of a new one is kept under another name; another one under its own.
    assert_eq!(
        (&change("heads/side")["change"], &change("heads/side")["kept"]),
        (&"gone".into(), &kept.as_str().into())
    );
    assert_eq!(
        (&change("heads/quiet")["change"], &change("heads/quiet")["kept"]),
        (&"gone".into(), &Value::Null)
    );
    let name = |rest: &str| format!("refs/mirrors/digest/{rest}");
    assert_eq!(story.git(&["rev-parse", &name(&kept)]), old);
    assert_eq!(story.git(&["rev-parse", &name("heads/quiet")]), old);
    assert_eq!(story.git(&["rev-parse", &name("heads/main")]), new);
    assert_eq!(story.git(&["rev-parse", &name("heads/side/two")]), new);
    assert_eq!(story.git(&["fsck", "--strict"]), "");
    assert!(story.yes(&["verify"]).starts_with("verified"));
    // The next time nothing is new, and what was kept stays.
    let again = story.run(&["mirror", "digest", "digest"]);
    assert_eq!(again.status.code(), Some(0));
    assert_eq!(story.git(&["rev-parse", &name(&kept)]), old);
    publisher.git(&["branch", "-q", "-D", "side/two"]);
    publisher.git(&["branch", "side", &old]);
    assert_eq!(story.run(&["mirror", "digest", "digest"]).status.code(), Some(0));
    assert_eq!(story.git(&["rev-parse", &name("heads/side")]), old);
}

#[test]
fn an_object_that_is_too_large_is_named_and_nothing_is_taken() {
    let (story, publisher) = begin();
    publisher.write("video/大.bin", vec![0; (64 << 20) + 1]);
    publisher.commit("Large", DAY);
    let id = publisher.git(&["rev-parse", "HEAD:video/大.bin"]);
    let output = story.run(&["mirror", "digest", "digest"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains(&format!("\"大.bin\" (object {id}) has 67108865 bytes")),
        "{said}"
    );
    assert_eq!(story.git(&["for-each-ref", "refs/mirrors"]), "");
    let packs = fs::read_dir(story.archive().join("objects/pack"))
        .unwrap()
        .count();
    assert_eq!(packs, 0);
}

#[test]
fn harmless_faults_of_old_programs_are_taken_and_dangerous_ones_are_not() {
    let (story, publisher) = begin();
    let blob = publisher.git(&["rev-parse", "HEAD:README.md"]);
    let raw: Vec<u8> = (0..20)
        .map(|at| u8::from_str_radix(&blob[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let make = |entries: &[&str], author: &str| {
        let body: Vec<u8> = entries
            .iter()
            .flat_map(|entry| [entry.as_bytes(), b"\0", &raw].concat())
            .collect();
        publisher.write("../tree", body);
        let tree = publisher.git(&["hash-object", "--literally", "-t", "tree", "-w", "../tree"]);
        publisher.write(
            "../commit",
            format!("tree {tree}\nauthor {author}\ncommitter A <a@b> 1 +0000\n\nx\n"),
        );
        let commit = publisher.git(&["hash-object", "--literally", "-t", "commit", "-w", "../commit"]);
        publisher.git(&["update-ref", "refs/heads/odd", &commit]);
    };
    make(&["0100644 a", "100666 b"], "A<a@b> 0007 +051800");
    story.yes(&["mirror", "digest", "old"]);
    assert!(story.yes(&["verify"]).starts_with("verified"));
    for (entries, fault) in [
        (&["100644 .git"][..], "hasDotgit"),
        (&["100644 b", "100644 a"], "treeNotSorted"),
    ] {
        make(entries, "A <a@b> 1 +0000");
        let output = story.run(&["mirror", "digest", "new"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(fault), "{said}");
        assert_eq!(story.git(&["for-each-ref", "refs/mirrors/new"]), "");
    }
}

#[test]
fn addresses_and_surroundings_cannot_redirect_git() {
    let (story, publisher) = begin();
    let marker = story.folder.path().join("ran");
    let script = format!("#!/bin/sh\ntouch {}\n", marker.display());
    story.write("program", script);
    let program = story.folder.path().join("program");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let hooks = story.folder.path().join("hooks");
    fs::create_dir(&hooks).unwrap();
    for hook in ["reference-transaction", "post-update", "pre-auto-gc"] {
        fs::copy(&program, hooks.join(hook)).unwrap();
    }
    story.write(
        ".gitconfig",
        format!(
            "[core]\n\thooksPath = {}\n[protocol \"ext\"]\n\tallow = always\n",
            hooks.display()
        ),
    );
    let program = program.display();
    for (address, reason) in [
        (format!("--upload-pack={program}"), "begins with a hyphen"),
        (format!("ext::{program}"), "not allowed"),
        ("nowhere".to_owned(), "does not appear to be a git repository"),
        (String::new(), "begins with a hyphen"),
    ] {
        let output = story.run(&["mirror", "--", &address, "x"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(reason), "{address}: {said}");
    }
    for name in ["Digest", "../x", "a/b", "-x", "a.lock", "", "@", "数"] {
        let output = story.run(&["mirror", "digest", "--", name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
    }
    let elsewhere = story.folder.path().join("digest/.git");
    let mut redirected = story.program(&["mirror", "digest", "digest"]);
    for variable in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_COMMON_DIR",
        "GIT_OBJECT_DIRECTORY",
        "GIT_INDEX_FILE",
        "GIT_TEMPLATE_DIR",
        "GIT_NAMESPACE",
    ] {
        redirected.env(variable, &elsewhere);
    }
    redirected
        .env("GIT_TRACE", &marker)
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "core.hooksPath")
        .env("GIT_CONFIG_VALUE_0", &hooks);
    let output = redirected.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        story.git(&["rev-parse", "refs/mirrors/digest/heads/main"]),
        publisher.git(&["rev-parse", "main"])
    );
    assert!(!marker.exists(), "a program of somebody else's ran");
    let mut without = story.program(&["mirror", "digest", "digest"]);
    let output = without.env("PATH", "/nonexistent:relative").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("there is no git on PATH"), "{said}");
    assert!(story.run(&["mirror"]).status.success());
    let empty = Publisher::begin(&story.folder.path().join("empty"));
    let output = story.run(&["mirror", "empty", "empty"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("has neither branches nor tags"), "{said}");
    drop(empty);
}

#[test]
fn what_git_brings_is_checked_again_before_it_counts() {
    let (story, publisher) = begin();
    publisher.write("a.md", text());
    publisher.commit("An issue", DAY);
    let blob = publisher.git(&["rev-parse", "HEAD:a.md"]);
    let bin = story.folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let real = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .map(|folder| folder.join("git"))
        .find(|file| file.is_file())
        .unwrap();
    let packs = story.archive().join("avalaches.fetching/objects/pack");
    let (real, packs) = (real.display(), packs.display());
    let lacking = format!(
        "cd {packs}/../..; {real} rev-list --objects --no-object-names --all | grep -v {blob} > ids; mkdir new\n\
         {real} pack-objects -q new/pack < ids > /dev/null; rm -f {packs}/*; mv new/* {packs}"
    );
    let flipped = format!(
        "chmod u+w {packs}/*.pack; printf X | dd of=$(ls {packs}/*.pack) bs=1 seek=40 conv=notrunc 2> /dev/null"
    );
    let loose = format!("echo x | {real} --git-dir={packs}/../.. hash-object -w --stdin > /dev/null");
    for (harm, reason) in [
        (flipped, "what git brought is not sound"),
        (lacking, &*format!("what git brought lacks object {blob}")),
        (loose, "git left objects outside a pack"),
        ("kill -9 $$".to_owned(), "git fetch ended with signal: 9"),
    ] {
        let program = bin.join("git");
        let script =
            format!("#!/bin/sh\n{real} \"$@\" || exit\ncase \"$*\" in *\" fetch \"*) {harm};; esac\n");
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let output = story
            .program(&["mirror", "digest", "digest"])
            .env("PATH", path)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(reason), "{said}");
        assert_eq!(story.git(&["for-each-ref", "refs/mirrors"]), "");
        assert_eq!(
            fs::read_dir(story.archive().join("objects/pack"))
                .unwrap()
                .count(),
            0
        );
        assert!(!story.archive().join("avalaches.fetching").exists());
    }
    story.yes(&["mirror", "digest", "digest"]);
}

#[test]
fn the_locks_of_a_killed_mirror_are_cleared_and_those_of_others_are_not() {
    let (story, publisher) = begin();
    story.yes(&["mirror", "digest", "digest"]);
    publisher.write("a.md", "More.\n");
    let id = publisher.commit("More", DAY);
    let heads = story.archive().join("refs/mirrors/digest/heads");
    let incoming = story.archive().join("avalaches.incoming");
    let outside = story.folder.path().join("outside.lock");
    fs::write(&outside, "").unwrap();
    fs::create_dir(&incoming).unwrap();
    let lines = format!("{id} refs/mirrors/digest/heads/main\n{id} refs/../../outside\n{id} ../outside\n");
    fs::write(incoming.join("moving-refs"), lines).unwrap();
    fs::write(heads.join("main.lock"), &id[..9]).unwrap();
    story.yes(&["mirror", "digest", "digest"]);
    assert_eq!(story.git(&["rev-parse", "refs/mirrors/digest/heads/main"]), id);
    assert!(outside.exists());
    publisher.write("a.md", "Still more.\n");
    publisher.commit("Still more", DAY);
    fs::write(heads.join("main.lock"), "").unwrap();
    let output = story.run(&["mirror", "digest", "digest"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("heads/main.lock is held by another git program"),
        "{said}"
    );
    assert!(heads.join("main.lock").exists());
}

#[test]
fn a_kill_at_any_time_leaves_old_or_new_refs_and_the_next_call_works() {
    let (story, publisher) = begin();
    let mut known = BTreeSet::from([String::new()]);
    for round in 0..40_u64 {
        publisher.write("a.md", format!("{round}\n"));
        publisher.write(&format!("{round}.md"), "x".repeat(2000));
        publisher.commit("More", DAY);
        known.insert(publisher.git(&["rev-parse", "main"]));
        let mut child = story
            .program(&["mirror", "digest", "digest"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(round * 2));
        child.kill().unwrap();
        child.wait().unwrap();
        let refs = git_command(
            &story.archive(),
            &["for-each-ref", "--format=%(objectname)", "refs/mirrors"],
        )
        .output()
        .unwrap();
        for id in String::from_utf8(refs.stdout).unwrap().lines() {
            assert!(known.contains(id), "{id}");
        }
        if round % 8 == 7 {
            assert!(story.run(&["verify", "-q"]).status.success());
        }
    }
    story.yes(&["mirror", "digest", "digest"]);
    let tip = publisher.git(&["rev-parse", "main"]);
    assert_eq!(story.git(&["rev-parse", "refs/mirrors/digest/heads/main"]), tip);
    assert_eq!(story.git(&["fsck", "--strict"]), "");
    assert!(story.yes(&["verify"]).starts_with("verified"));
    assert!(!story.archive().join("avalaches.fetching").exists());
}

#[test]
fn a_kill_between_the_files_of_a_pack_leaves_nothing_to_complain_of() {
    if !strace::is_here() {
        return;
    }
    let (story, _publisher) = begin();
    let mirror = ["mirror", "digest", "digest"];
    let traced = Traced {
        arguments: &mirror,
        calls: "rename",
    };
    let mut killed = 0;
    for number in 1..=6 {
        // The program alone is killed, and not at what git renames.
        let inject = format!("inject=rename:signal=KILL:when={number}");
        let options = ["-o", "/dev/null", "-e", &inject];
        let output = traced.command(&story, &options).output().unwrap();
        killed += usize::from(!output.status.success());
        let verified = story.run(&["verify", "-q"]);
        assert!(verified.status.success(), "rename {number}: {verified:?}");
    }
    assert!(killed >= 3, "{killed}");
    story.yes(&mirror);
    assert_eq!(story.git(&["fsck", "--strict"]), "");
}

/// Commits the sample page in every form, each on a branch of its own; returns the commits and the files in page order.
fn every_form(publisher: &Publisher) -> Vec<(String, Vec<&'static str>)> {
    let (chinese, english) = halves();
    let text = text();
    let front = format!("---\ntitle: 出口管制\ntags: [芯片]\n---\n\n{text}");
    let html = text.trim_end().replace("\n\n", "</p>\n<p>");
    let html = format!(
        "<!doctype html><html><body><nav><a href=/>← 返回</a></nav><article><p>{html}</p></article></body></html>"
    );
    let other = "Other.\n".to_owned();
    let forms = [
        (vec![("posts/出口管制.md", &front)], 1),
        (vec![("posts/page.txt", &text)], 1),
        (vec![("posts/page.html", &html)], 1),
        (
            vec![
                ("posts/a/zh.md", &chinese),
                ("posts/a/en.md", &english),
                ("posts/a/ja.md", &other),
            ],
            2,
        ),
        (
            vec![
                ("posts/x.zh.md", &chinese),
                ("posts/x.en.md", &english),
                ("posts/y.en.md", &other),
            ],
            2,
        ),
        (
            vec![("zh/x.md", &chinese), ("en/x.md", &english), ("en/y.md", &other)],
            2,
        ),
        (vec![("posts/raw", &text)], 1),
    ];
    let mut commits = Vec::new();
    for (number, (files, parts)) in forms.into_iter().enumerate() {
        publisher.git(&["rm", "-r", "-q", "--ignore-unmatch", "posts", "zh", "en"]);
        for (name, text) in &files {
            publisher.write(name, text);
        }
        publisher.write("noise.md", format!("{number}\n"));
        let id = publisher.commit("An issue", DAY);
        publisher.git(&["branch", &format!("form-{number}"), &id]);
        commits.push((id, files.iter().map(|(name, _)| *name).take(parts).collect()));
    }
    commits
}

#[test]
fn a_page_is_verified_against_the_files_of_the_commit_that_it_cites() {
    let (story, publisher) = begin();
    let commits = every_form(&publisher);
    let unknown = judge(&story, &page(&publisher, &commits[0].0));
    assert_eq!((unknown.0, &unknown.1["verdict"]), (Some(1), &"unknown".into()));
    story.yes(&["mirror", "digest", "digest"]);
    for (id, paths) in &commits {
        let (code, answer, said) = judge(&story, &page(&publisher, id));
        assert_eq!(code, Some(0), "{said}");
        let expected = serde_json::json!({
            "mirror": "digest", "compared": true, "paths": paths, "id": id, "footer": footer(&publisher, id),
            "author": "林晓 <lin@example.org>", "date": "2026-01-22T09:00:00+08:00", "subject": "An issue",
        });
        for (member, expected) in expected.as_object().unwrap() {
            assert_eq!(&answer["mirrored"][member], expected, "{said}");
        }
        // One changed word in each language, in whichever form the file is.
        let changed = page(&publisher, id)
            .replace("serious", "grave")
            .replace('错', "措");
        let (code, answer, said) = judge(&story, &changed);
        assert_eq!((code, &answer["verdict"]), (Some(1), &"altered".into()), "{said}");
        assert!(
            said.contains("[-serious-]{+grave+}") && said.contains("[-错-]{+措+}"),
            "{said}"
        );
        assert_eq!(said.matches("[-").count(), 2, "{said}");
        assert_eq!(answer["mirrored"]["paths"], serde_json::json!(paths), "{said}");
    }
}

#[test]
fn a_footer_of_a_mirror_is_held_to_its_author_date() {
    let (story, publisher) = begin();
    publisher.write("a.md", text());
    let id = publisher.commit("An issue", DAY);
    story.yes(&["mirror", "digest", "digest"]);
    let page = page(&publisher, &id);
    let misdated = |page: &str| {
        let (code, answer, said) = judge(&story, page);
        assert_eq!(
            (code, &answer["verdict"]),
            (Some(1), &"misdated".into()),
            "{said}"
        );
        said
    };
    misdated(&page.replace("(Thursday)", "(Friday)"));
    let said = misdated(&page.replace("2026-01-22 (Thursday)", "2026-01-23 (Friday)"));
    assert!(
        said.contains("which is when it was committed, not when it was written"),
        "{said}"
    );
    let said = misdated(&page.replace("2026-01-22 (Thursday)", "2026-01-23 (Thursday)"));
    assert!(said.contains("2026-01-23 is a Friday"), "{said}");
    assert!(!said.contains("when it was committed"), "{said}");
    let (code, answer, said) = judge(
        &story,
        &format!(
            "Nothing of the kind was ever in it.\n\n{}\n",
            footer(&publisher, &id)
        ),
    );
    assert_eq!((code, &answer["verdict"]), (Some(1), &"altered".into()), "{said}");
    assert!(said.contains("nor is one like it"), "{said}");
    // A footer or an id alone, of which no text is compared.
    for thing in [footer(&publisher, &id), id.clone(), id[..9].to_owned()] {
        let said = story.yes(&["verify", &thing]);
        assert!(
            said.starts_with(&format!("verified  {}\n", footer(&publisher, &id))),
            "{said}"
        );
        assert!(
            said.contains("mirrored here as digest") && said.contains("no text was compared"),
            "{said}"
        );
    }
    let wrong = footer(&publisher, &id).replace("2026-01-22 (Thursday)", "2026-01-21 (Wednesday)");
    let output = story.run(&["verify", &wrong]);
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("misdated"));
}

#[test]
fn a_page_whose_file_was_changed_since_is_superseded_and_one_that_only_moved_is_not() {
    let (story, publisher) = begin();
    let front = |title: &str, text: &str| format!("---\ntitle: {title}\n---\n\n{text}");
    publisher.write("posts/a.md", front("A", &text()));
    let first = publisher.commit("An issue", DAY);
    let standing = |expected: &str, later: Option<(&str, bool)>| {
        story.run(&["mirror", "digest", "digest"]);
        let (code, answer, said) = judge(&story, &page(&publisher, &first));
        assert_eq!(
            (code, answer["verdict"].as_str().unwrap()),
            (Some(0), expected),
            "{said}"
        );
        let found = &answer["mirrored"]["later"];
        assert_eq!(found["id"].as_str(), later.map(|(id, _)| id), "{said}");
        assert_eq!(found["gone"].as_bool(), later.map(|(_, gone)| gone), "{said}");
        let current = story.run(&["verify", "--current", "page.txt"]).status.code();
        assert_eq!(current, Some(i32::from(expected != "verified")));
        said
    };
    standing("verified", None);
    publisher.write("posts/b.md", "Another.\n");
    publisher.commit("Another issue", DAY);
    standing("verified", None);
    publisher.write("posts/a.md", front("Better", &text()));
    publisher.commit("A better title", DAY);
    standing("verified", None);
    publisher.write("posts/a.md", front("A", &text()));
    publisher.git(&["checkout", "-q", "-b", "side"]);
    let changed = text().replace("serious", "grave");
    publisher.write("posts/a.md", front("A", &changed));
    let correction = publisher.commit("A correction", "2026-02-01T12:00:00+0800");
    publisher.git(&["checkout", "-q", "main"]);
    publisher.write("posts/c.md", "Meanwhile.\n");
    publisher.commit("Meanwhile", DAY);
    standing("verified", None);
    publisher.git(&["merge", "-q", "--no-ff", "-m", "Merge", "side"]);
    publisher.write("posts/d.md", "Later.\n");
    publisher.commit("Later", DAY);
    let said = standing("superseded", Some((&correction, false)));
    let footer = footer(&publisher, &correction);
    assert!(
        said.contains(&format!(
            "superseded: a later commit changed it (posts/a.md): {footer}\n"
        )),
        "{said}"
    );
    let oracle = publisher.git(&["log", "-1", "--format=%H", "--", "posts/a.md"]);
    assert_eq!(oracle, correction);
    publisher.git(&["rm", "-q", "posts/a.md"]);
    let removal = publisher.commit("Withdrawn", DAY);
    publisher.write("posts/e.md", "Later still.\n");
    publisher.commit("Later still", DAY);
    let said = standing("superseded", Some((&removal, true)));
    assert!(
        said.contains("a later commit took it away (posts/a.md)"),
        "{said}"
    );
    publisher.write("moved/z.md", front("A", &text()));
    publisher.commit("Moved", DAY);
    standing("verified", None);
    // Another text has the name that it had.
    publisher.write("posts/a.md", front("B", "Another text.\n"));
    publisher.commit("The name again", DAY);
    standing("verified", None);
}

#[test]
fn a_page_of_several_files_has_each_once_however_short_or_long_they_are() {
    let (story, publisher) = begin();
    let long: String = ('一'..)
        .flat_map(|one| {
            ('一'..)
                .take(300)
                .map(move |other| format!("{one}{other}的。\n\n"))
        })
        .take(26_000)
        .collect();
    let long = format!("{}\n", long.trim_end());
    let english = "The minister resigned on Monday, and nobody was told why.\n".to_owned();
    let (short, shorter) = ("他无罪。\n".to_owned(), "No.\n".to_owned());
    publisher.write("long/en.md", &long);
    publisher.write("long/zh.md", &english);
    publisher.write("n/a.en.md", &english);
    publisher.write("n/a.zh.md", format!("---\ntitle: 判决\n---\n\n{short}"));
    publisher.write("s/b.en.md", &shorter);
    publisher.write("s/b.zh.md", &short);
    publisher.write("o/x.md", "The minister resigned.\n");
    publisher.write("o/y.md", "This is false.\n");
    let id = publisher.commit("An issue", DAY);
    story.yes(&["mirror", "-q", "digest", "digest"]);
    let judged = |texts: &[&String], verdict: &str| {
        let texts: Vec<&str> = texts.iter().map(|text| text.as_str()).collect();
        let page = format!("{}\n{}\n", texts.join("\n"), footer(&publisher, &id));
        let (_, answer, said) = judge(&story, &page);
        let said: String = said.chars().take(1000).collect();
        assert_eq!(answer["verdict"], verdict, "{said}");
    };
    judged(&[&english, &long], "verified");
    judged(&[&long, &english], "verified");
    judged(&[&english, &short], "verified");
    judged(&[&short, &shorter], "verified");
    judged(&[&short, &english, &short], "altered");
    let [x, y] = ["The minister resigned.\n", "This is false.\n"].map(ToOwned::to_owned);
    judged(&[&y, &x], "verified");
    judged(&[&y, &x, &y, &y], "altered");
}

#[test]
fn a_commit_that_no_mirror_leads_to_is_detached_and_a_damaged_one_corrupt() {
    let (story, publisher) = begin();
    publisher.write("a.md", text());
    let id = publisher.commit("An issue", DAY);
    let page = page(&publisher, &id);
    story.yes(&["mirror", "digest", "digest"]);
    assert_eq!(judge(&story, &page).1["verdict"], "verified");
    // The publisher takes it back: what was kept still has it.
    publisher.git(&[
        "commit",
        "-q",
        "--amend",
        "--allow-empty",
        "-m",
        "Another history",
    ]);
    assert_eq!(story.run(&["mirror", "digest", "digest"]).status.code(), Some(1));
    let (code, answer, said) = judge(&story, &page);
    assert_eq!(
        (code, &answer["verdict"]),
        (Some(1), &"detached".into()),
        "{said}"
    );
    assert!(
        said.contains("kept as rewritten/2026-01-23-") && said.contains("the text is that of a.md"),
        "{said}"
    );
    // A mirror of another name that never had it does not hide the one that has.
    let other = Publisher::begin(&story.folder.path().join("other"));
    other.commit("Elsewhere", DAY);
    story.yes(&["mirror", "other", "an-other"]);
    assert_eq!(judge(&story, &page).1["mirrored"]["mirror"], "digest");
    for name in story
        .git(&["for-each-ref", "--format=%(refname)", "refs/mirrors"])
        .lines()
    {
        story.git(&["update-ref", "-d", name]);
    }
    let (code, answer, said) = judge(&story, &page);
    assert_eq!(
        (code, &answer["verdict"]),
        (Some(1), &"detached".into()),
        "{said}"
    );
    story.git(&["update-ref", "refs/mirrors/digest/heads/main", &id]);
    assert_eq!(judge(&story, &page).1["verdict"], "verified");
    // Objects as single files, one of which goes missing.
    let pack = story.archive().join("objects/pack");
    for entry in fs::read_dir(&pack).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|ending| ending == "pack") {
            let moved = story.folder.path().join(entry.file_name().unwrap());
            fs::rename(&entry, &moved).unwrap();
            fs::remove_file(entry.with_extension("idx")).unwrap();
            let unpack = git_command(&story.archive(), &["unpack-objects", "-q"])
                .stdin(fs::File::open(&moved).unwrap())
                .status();
            assert!(unpack.unwrap().success());
        }
    }
    assert_eq!(judge(&story, &page).1["verdict"], "verified");
    for (thing, place) in [
        ("a.md", format!("{id}:a.md")),
        ("a commit before", format!("{id}~1")),
        ("the tree", format!("{id}^{{tree}}")),
    ] {
        let object = story.git(&["rev-parse", &place]);
        let file = story
            .archive()
            .join("objects")
            .join(&object[..2])
            .join(&object[2..]);
        let bytes = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let (code, answer, said) = judge(&story, &page);
        let expected = if thing == "a commit before" {
            (Some(0), "verified")
        } else {
            (Some(1), "corrupt")
        };
        assert_eq!(
            (code, answer["verdict"].as_str().unwrap()),
            expected,
            "{thing}: {said}"
        );
        let whole = story.run(&["verify"]);
        let said = String::from_utf8(whole.stdout).unwrap();
        assert_eq!(whole.status.code(), Some(1), "{thing}: {said}");
        assert!(
            said.contains(&format!(
                "mirror digest: heads/main leads to object {object}, which is not in the store"
            )),
            "{said}"
        );
        let shares = ["1/1", "1/2", "2/2"].map(|share| story.run(&["verify", "--subset", share]));
        let shares = shares.map(|output| output.status.code().unwrap());
        assert_eq!(
            shares,
            [1, 1, 0],
            "{thing}: one of the shares follows the mirrors"
        );
        fs::write(&file, bytes).unwrap();
    }
    assert!(story.yes(&["verify"]).starts_with("verified"));
}

#[test]
fn another_archive_can_be_mirrored_and_its_pages_verified() {
    let story = Story::begin();
    let other = Story::begin();
    other.add("sample.txt", SAMPLE, &["--slug", "export-controls"]);
    let page = other.yes(&["show", "2026/01/22/export-controls"]);
    story.yes(&["mirror", other.archive().to_str().unwrap(), "theirs"]);
    let (code, answer, said) = judge(&story, &page);
    assert_eq!(
        (code, &answer["verdict"]),
        (Some(0), &"verified".into()),
        "{said}"
    );
    assert_eq!(
        answer["mirrored"]["paths"][0],
        "articles/2026/01/22/export-controls/page.txt"
    );
    // The archive's own pages are answered for as before.
    let own = story.add("own.txt", "Own words.\n", &[]);
    let said = story.yes(&["verify", &own]);
    assert!(said.contains("article ") && !said.contains("mirrored"), "{said}");
}

#[test]
fn a_ref_of_no_mirror_and_an_object_that_is_no_commit_are_not_taken_for_what_they_are_not() {
    let (story, publisher) = begin();
    story.yes(&["mirror", "digest", "digest"]);
    let archive = story.archive();
    let before = mirror::list(&archive).unwrap();
    assert_eq!(before.len(), 1);
    let tip = publisher.git(&["rev-parse", "HEAD"]);
    story.git(&["update-ref", "refs/mirrors/lonely", &tip]);
    assert_eq!(mirror::list(&archive).unwrap(), before);
    let objects = ObjectStore::open(&archive.join("objects")).unwrap();
    let read = |id: &str| {
        let id: CommitId = id.parse().unwrap();
        mirror::with_commit(&objects, id, |commit| commit.parents.len()).map_err(|fault| fault.to_string())
    };
    assert_eq!(read(&tip), Ok(0));
    let tree = publisher.git(&["rev-parse", "HEAD^{tree}"]);
    let refused = read(&tree).unwrap_err();
    assert!(refused.contains(&tree) && refused.contains("tree"), "{refused}");
}

#[test]
fn ten_thousand_files_are_looked_through_in_seconds() {
    let (story, publisher) = begin();
    // Written by fast-import: a working folder of so many files takes longer than the test.
    let mut stream = String::from("commit refs/heads/main\ncommitter A <a@b> 1769000000 +0000\ndata 1\nx\n");
    for number in 0..10_000 {
        let text = format!(
            "Issue {number} is about the number {}.\n\nIt has two paragraphs.\n",
            number * 7919
        );
        stream.push_str(&format!(
            "M 100644 inline posts/{}/{number}.md\ndata {}\n{text}\n",
            number % 100,
            text.len()
        ));
    }
    let text = text();
    stream.push_str(&format!(
        "M 100644 inline posts/50/here.md\ndata {}\n{text}\n",
        text.len()
    ));
    story.write("stream", stream);
    let input = fs::File::open(story.folder.path().join("stream")).unwrap();
    let status = publisher
        .command(&["fast-import", "--quiet", "--force"])
        .stdin(input)
        .status()
        .unwrap();
    assert!(status.success());
    story.yes(&["mirror", "digest", "digest", "--no-fsync"]);
    let page = page(&publisher, "main");
    let begun = std::time::Instant::now();
    assert_eq!(judge(&story, &page).1["mirrored"]["paths"][0], "posts/50/here.md");
    assert_eq!(
        judge(&story, &page.replace("serious", "grave")).1["verdict"],
        "altered"
    );
    assert!(begun.elapsed() < Duration::from_secs(40), "{:?}", begun.elapsed());
}

/// Finds where the package of a dependency lies.
fn package(name: &str) -> PathBuf {
    let said = Command::new("rustc").arg("-vV").output().unwrap();
    let said = String::from_utf8(said.stdout).unwrap();
    let host = said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--format-version", "1", "--offline"]);
    // What other systems need may not have been fetched.
    command.args(["--filter-platform", host]);
    let output = command
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let found = packages.iter().find(|package| package["name"] == name).unwrap();
    let manifest = Path::new(found["manifest_path"].as_str().unwrap());
    manifest.parent().unwrap().to_owned()
}

/// The pairs of files by Stevens and others (2017) and by Leurent and Peyrin (2020), which the crate `sha1-checked` brings along
/// for its tests.
const COLLIDING: [[&str; 2]; 2] = [
    ["shattered-1.pdf", "shattered-2.pdf"],
    ["sha-mbles-1.bin", "sha-mbles-2.bin"],
];

#[test]
fn published_files_that_collide_are_detected_and_behind_a_header_of_gits_are_two() {
    let data = package("sha1-checked").join("tests/data");
    let (story, publisher) = begin();
    let (mut ids, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for pair in COLLIDING {
        let [one, other] = pair.map(|name| fs::read(data.join(name)).unwrap());
        assert_ne!(one, other);
        for (name, bytes) in pair.into_iter().zip([&one, &other]) {
            let detected = object::digest(&[bytes]);
            assert_eq!(detected, Err(HashError::Collision), "{name}");
            // Where a file begins to collide, a detector of other people's sees it as well, and not before.
            for length in (0..=bytes.len().min(1024)).step_by(32) {
                let begun = &bytes[..length];
                let expected = match sha1_checked::Sha1::try_digest(begun) {
                    CollisionResult::Ok(sum) => Ok(sum.into()),
                    _ => Err(HashError::Collision),
                };
                assert_eq!(object::digest(&[begun]), expected, "{name} to {length}");
                seen.insert((name, expected.is_ok()));
            }
            publisher.write(&format!("files/{name}"), bytes);
            let id = object::hash(ObjectKind::Blob, bytes).unwrap();
            assert_eq!(
                publisher.git(&["hash-object", &format!("files/{name}")]),
                id.to_string()
            );
            ids.insert(id);
        }
    }
    assert_eq!(ids.len(), 4);
    assert_eq!(seen.len(), 8, "each file begins without a collision: {seen:?}");
    let commit = publisher.commit("files that collide", "2026-01-24T09:00:00+0800");
    let address = publisher.folder.to_string_lossy().into_owned();
    story.yes(&["mirror", &address, "theirs"]);
    for name in COLLIDING.as_flattened() {
        let arguments = ["cat-file", "blob", &format!("{commit}:files/{name}")];
        let kept = git_command(&story.archive(), &arguments).output();
        assert_eq!(kept.unwrap().stdout, fs::read(data.join(name)).unwrap(), "{name}");
    }
    story.yes(&["verify"]);
}

/// Makes a page of a text and the footer of a commit of the day.
#[test]
fn no_line_of_a_file_s_name_is_one_of_the_answer() {
    let (story, publisher) = begin();
    let forged = "verified  2026-11-28 (Saturday) · befd3aaf69b82925cb973081acaae45dccb844aa";
    let name = format!("most like\n{forged}.md");
    publisher.write(
        &name,
        "A text of a dozen words that nobody has read before it was here.\n",
    );
    let id = publisher.commit("One", DAY);
    story.yes(&["mirror", "digest", "other"]);
    let changed = "A text of a dozen words that nobody had read before it was here.\n";
    let page = format!("{changed}\n{}\n", footer(&publisher, &id));
    let (code, _, said) = judge(&story, &page);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("most like\\u{a}verified"), "{said}");
    assert!(!said.lines().any(|line| line.starts_with("verified")), "{said}");
    story.write(&name, page);
    let output = story.run(&["verify", &name, &format!("no such\n{forged}")]);
    let all = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
    assert!(
        !all.iter()
            .any(|said| said.lines().any(|line| line.starts_with("verified"))),
        "{all:?}"
    );
}

#[test]
fn a_file_that_is_not_utf8_is_compared_and_one_that_is_not_read_makes_no_page_altered() {
    let (story, publisher) = begin();
    let text = "市长在记者会上说，数字有误，本报谨此更正。\n\n第二段也是一样长的话，说的是别的事情。\n";
    publisher.write("docs/gbk.txt", encoding_rs::GB18030.encode(text).0);
    let words =
        "The mayor said that the figures were wrong, and that the paper had corrected them at once.\n";
    publisher.write("docs/figure.md", format!("<figure>a bridge</figure>\n\n{words}"));
    publisher.write(
        "docs/other.md",
        "Something else is told here, of which nobody asked.\n",
    );
    let id = publisher.commit("Pages", DAY);
    story.yes(&["mirror", "-q", "digest", "digest"]);
    let footed = |text: &str| format!("{text}\n{}\n", footer(&publisher, &id));
    let (_, answer, said) = judge(&story, &footed(text));
    assert_eq!(answer["verdict"], "verified", "{said}");
    assert_eq!(answer["mirrored"]["paths"][0], "docs/gbk.txt", "{said}");
    let (_, answer, said) = judge(&story, &footed(&text.replace("有误", "无误")));
    assert_eq!(answer["verdict"], "altered", "{said}");
    let (code, answer, said) = judge(&story, &footed(&format!("a bridge\n\n{words}")));
    assert_eq!((code, &answer["verdict"]), (Some(1), &"unknown".into()), "{said}");
    assert!(
        said.contains("docs/figure.md shares most with the page and was not compared"),
        "{said}"
    );
    // A file that is read is more like the page.
    let (_, answer, said) = judge(
        &story,
        &footed("Something else is told here, of which anybody asked.\n"),
    );
    assert_eq!(answer["verdict"], "altered", "{said}");
}

#[test]
fn a_file_is_read_in_the_encoding_that_it_declares_and_one_of_an_unknown_one_makes_no_page_altered() {
    let russian = "Мост открыли сегодня, и горожане пришли посмотреть на него.\n";
    let japanese = "橋は今日開通し、多くの市民が見に来た。市長は大きな出来事だと述べた。\n";
    let thai = "สะพานเปิดวันนี้ และชาวเมืองมาดูกันมากมาย\n";
    let misread = encoding_rs::KOI8_R.encode(russian).0;
    let misread = encoding_rs::WINDOWS_1251.decode(&misread).0.into_owned();
    let (story, publisher) = begin();
    let html = |charset: &str, text: &str| {
        let page = format!("<meta charset={charset}><article><p>{text}</p></article>");
        let encoding = encoding_rs::Encoding::for_label(charset.as_bytes()).unwrap();
        encoding.encode(&page).0.into_owned()
    };
    let cases = [
        ("a.html", html("windows-1251", russian), russian, "verified"),
        ("b.html", html("euc-jp", japanese), japanese, "verified"),
        ("e.html", html("koi8-r", russian), russian, "verified"),
        ("f.html", html("koi8-r", russian), &misread, "altered"),
        ("c.html", html("windows-874", thai), thai, "verified"),
        ("d.html", html("windows-874", thai), russian, "altered"),
        (
            "a.txt",
            encoding_rs::EUC_JP.encode(japanese).0.into_owned(),
            japanese,
            "verified",
        ),
        (
            "b.txt",
            encoding_rs::WINDOWS_874.encode(thai).0.into_owned(),
            thai,
            "unknown",
        ),
    ];
    for (name, bytes, text, verdict) in cases {
        publisher.git(&["rm", "-rqf", "--ignore-unmatch", "."]);
        publisher.write(name, bytes);
        let id = publisher.commit(name, DAY);
        story.yes(&["mirror", "-q", "digest", "digest"]);
        let (_, answer, said) = judge(&story, &format!("{text}\n{}\n", footer(&publisher, &id)));
        assert_eq!(answer["verdict"], verdict, "{name}: {said}");
        assert_eq!(
            said.contains("an encoding that is not known"),
            verdict == "unknown",
            "{said}"
        );
    }
}

fn page_of(text: &str, id: &str) -> String {
    format!("{text}\n2026-01-22 (Thursday) · {id}\n")
}

/// Puts another repository's commit of a tree into the archive.
fn put_commit(story: &Story, tree: &str) -> String {
    let who = "A <a@b> 1769043600 +0800";
    let text = format!("tree {tree}\nauthor {who}\ncommitter {who}\n\nx\n");
    put(story, "commit", text.as_bytes())
}

/// Returns an entry of a tree.
fn entry(mode_and_name: &str, id: &str) -> Vec<u8> {
    let id: ObjectId = id.parse().unwrap();
    [mode_and_name.as_bytes(), b"\0", id.raw()].concat()
}

#[test]
fn an_object_of_another_kind_than_a_tree_says_is_named() {
    let (story, _) = begin();
    story.yes(&["mirror", "digest", "digest"]);
    let blob = put(&story, "blob", b"Words that only a folder is said to have.\n");
    let tree = put(&story, "tree", &entry("100644 other.md", &blob));
    let cases = [
        (
            put(&story, "tree", &entry("40000 posts", &blob)),
            format!("object {blob} is a blob, not a tree"),
            format!("object {blob} is of another kind than is said of it"),
        ),
        (
            put(&story, "tree", &entry("100644 a.md", &tree)),
            format!("object {tree} is a tree, not a blob"),
            format!("object {tree} is of another kind than is said of it"),
        ),
        (
            put(&story, "tree", b"100644 a.md"),
            "is malformed".to_owned(),
            "is malformed: ".to_owned(),
        ),
    ];
    for (root, of_page, of_mirror) in cases {
        let id = put_commit(&story, &root);
        story.git(&["update-ref", "refs/mirrors/digest/heads/odd", &id]);
        let (code, answer, said) = judge(&story, &page_of("Some words.\n", &id));
        assert_eq!((code, &answer["verdict"]), (Some(1), &"corrupt".into()), "{said}");
        assert!(said.contains(&of_page), "{said}");
        let whole = story.run(&["verify"]);
        let said = String::from_utf8(whole.stdout).unwrap();
        assert_eq!(whole.status.code(), Some(1), "{said}");
        assert!(said.contains("mirror digest: "), "{said}");
        assert!(said.contains(&of_mirror), "{said}");
    }
}

#[test]
fn a_ref_of_a_mirror_may_be_at_anything_and_damage_is_told_of_once() {
    let (story, _) = begin();
    story.yes(&["mirror", "digest", "digest"]);
    let notes = |story: &Story| {
        let output = story.run(&["verify"]);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code(), said)
    };
    let blob = put(
        &story,
        "blob",
        b"A key, as some repositories have it under a tag.\n",
    );
    story.git(&["update-ref", "refs/mirrors/digest/tags/key", &blob]);
    let (code, said) = notes(&story);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("mirror digest holds 4 objects of another repository"),
        "{said}"
    );
    let file = story.archive().join("objects").join(&blob[..2]).join(&blob[2..]);
    fs::remove_file(&file).unwrap();
    fs::write(&file, "x").unwrap();
    let (code, said) = notes(&story);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains(&format!("object {blob}")) && !said.contains("mirror digest: "),
        "{said}"
    );
}

#[test]
fn what_no_mirror_leads_to_is_unknown_or_the_mirror_is_broken() {
    let (story, _) = begin();
    story.yes(&["mirror", "digest", "digest"]);
    let nobodys = format!("Some words.\n\n2026-01-22 (Thursday) · {}\n", "1".repeat(40));
    let (code, answer, said) = judge(&story, &nobodys);
    assert_eq!((code, &answer["verdict"]), (Some(1), &"unknown".into()), "{said}");
    let blob = put(&story, "blob", b"Some words.\n");
    let tree = put(&story, "tree", &entry("100644 a.md", &blob));
    let id = put_commit(&story, &tree);
    let page = page_of("Some words.\n", &id);
    let (code, answer, said) = judge(&story, &page);
    assert_eq!(
        (code, &answer["verdict"]),
        (Some(1), &"detached".into()),
        "{said}"
    );
    // A ref at something that is not there may have led to it.
    let heads = story.archive().join("refs/mirrors/digest/heads");
    fs::write(heads.join("lost"), format!("{}\n", "2".repeat(40))).unwrap();
    let (code, answer, said) = judge(&story, &page);
    assert_eq!((code, &answer["verdict"]), (Some(1), &"corrupt".into()), "{said}");
    assert!(said.contains("a mirror cannot be followed: "), "{said}");
    // Where another ref does lead to it, nothing is missing.
    fs::write(heads.join("here"), format!("{id}\n")).unwrap();
    let (code, answer, said) = judge(&story, &page);
    assert_eq!(
        (code, &answer["verdict"]),
        (Some(0), &"verified".into()),
        "{said}"
    );
}

#[test]
fn a_file_whose_folder_became_a_file_is_gone() {
    let (story, publisher) = begin();
    publisher.write("posts/a.md", text());
    let first = publisher.commit("An issue", DAY);
    publisher.git(&["rm", "-q", "-r", "posts"]);
    publisher.write("posts", "See the other site.\n");
    let removal = publisher.commit("Moved away", DAY);
    story.yes(&["mirror", "digest", "digest"]);
    let (code, answer, said) = judge(&story, &page(&publisher, &first));
    assert_eq!(
        (code, &answer["verdict"]),
        (Some(0), &"superseded".into()),
        "{said}"
    );
    let later = &answer["mirrored"]["later"];
    assert_eq!(
        (&later["id"], &later["gone"]),
        (&removal.as_str().into(), &true.into()),
        "{said}"
    );
}

#[test]
fn files_that_are_no_text_or_too_long_hide_none_that_is() {
    let (story, publisher) = begin();
    let own = text();
    publisher.write("a/long.md", "字".repeat((16 << 20) / 3 + 1));
    publisher.write("a/bytes.md", [own.as_bytes(), b"\xff\n"].concat());
    publisher.write("a/empty.md", "");
    publisher.write("b/page.md", &own);
    publisher.write("c/page.md", &own);
    publisher.write("short.md", "一。\n");
    let id = publisher.commit("An issue", DAY);
    story.yes(&["mirror", "digest", "digest"]);
    let (code, answer, said) = judge(&story, &page(&publisher, &id));
    assert_eq!(
        (code, &answer["verdict"]),
        (Some(0), &"verified".into()),
        "{said}"
    );
    // The two folders are one, and it is listed once.
    let paths = answer["mirrored"]["paths"].as_array().unwrap();
    assert_eq!(paths.len(), 1, "{said}");
    let (code, answer, said) = judge(&story, &page_of("一。\n", &id));
    assert_eq!(
        (code, &answer["verdict"]),
        (Some(0), &"verified".into()),
        "{said}"
    );
    assert_eq!(answer["mirrored"]["paths"][0], "short.md", "{said}");
    let (code, answer, said) = judge(&story, &page_of("二。\n", &id));
    assert_eq!((code, &answer["verdict"]), (Some(1), &"altered".into()), "{said}");
}

#[test]
fn a_file_with_a_damaged_byte_is_not_read_as_one_of_another_encoding() {
    let (story, publisher) = begin();
    publisher.write("a.md", [text().as_bytes(), b"\xff\n"].concat());
    let id = publisher.commit("An issue", DAY);
    story.yes(&["mirror", "digest", "digest"]);
    let (_, answer, said) = judge(&story, &page(&publisher, &id));
    assert_eq!(answer["verdict"], "unknown", "{said}");
    assert!(
        said.contains("a.md shares most with the page and was not compared"),
        "{said}"
    );
}

#[test]
fn what_a_folder_says_of_an_object_hides_nothing_that_the_object_leads_to() {
    let (story, _) = begin();
    let made = |kind: &str, body: &[u8]| {
        story.write("body", body);
        let file = story.folder.path().join("body");
        story.git(&[
            "hash-object",
            "--literally",
            "-t",
            kind,
            "-w",
            file.to_str().unwrap(),
        ])
    };
    let raw = |id: &str| -> Vec<u8> {
        let digits = (0..20).map(|at| u8::from_str_radix(&id[2 * at..2 * at + 2], 16).unwrap());
        digits.collect()
    };
    let missing = "1".repeat(40);
    let below = made("tree", &[b"100644 a\0".as_slice(), &raw(&missing)].concat());
    let root = [b"40000 a\0".as_slice(), &raw(&below), b"100644 b\0", &raw(&below)].concat();
    let root = made("tree", &root);
    let commit = format!("tree {root}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n");
    let commit = made("commit", commit.as_bytes());
    story.git(&["update-ref", "refs/mirrors/odd/heads/main", &commit]);
    let output = story.run(&["verify"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains(&format!("object {below} is of another kind than is said of it")),
        "{said}"
    );
    assert!(
        said.contains(&format!("leads to object {missing}, which is not in the store")),
        "{said}"
    );
}

/// Brings a mirror up to date as soon as a check has come to the first revision.
struct Meanwhile<'a> {
    story: &'a Story,
    publisher: &'a Publisher,
    once: Once,
}

impl Observer for Meanwhile<'_> {
    fn revision(&self, _: &Seen<'_>) {
        self.once.call_once(|| {
            self.publisher.write("a.md", "More words.\n");
            self.publisher.commit("More", DAY);
            self.story.yes(&["mirror", "digest", "digest"]);
        });
    }

    fn withheld(&self, _: &WithheldRevision, _: Option<&Earlier>) {}
}

#[test]
fn what_a_mirror_brings_while_an_archive_is_checked_is_no_fault() {
    let (story, publisher) = begin();
    story.yes(&["mirror", "digest", "digest"]);
    story.add(
        "p.txt",
        "A page.\n",
        &["--date", "2026-01-22", "--author", "Desk"],
    );
    let archive = Archive::open(&story.archive(), Owner::Caller).unwrap();
    let meanwhile = Meanwhile {
        story: &story,
        publisher: &publisher,
        once: Once::new(),
    };
    let report = whole::observed(&archive, whole::Options::default(), Some(&meanwhile), &mut |_| {
        ControlFlow::Continue(())
    });
    assert!(meanwhile.once.is_completed());
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[test]
fn a_branch_whose_name_is_not_utf8_is_passed_over_and_told_and_one_that_is_gone_is_no_change() {
    let (story, publisher) = begin();
    publisher.git(&["branch", "side"]);
    let name = OsStr::from_bytes(b"b\xff");
    assert!(
        publisher
            .command(&["branch"])
            .arg(name)
            .status()
            .unwrap()
            .success()
    );
    let output = story.run(&["mirror", "digest", "digest"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("heads/b\u{fffd} is passed over: its name is not UTF-8"),
        "{said}"
    );
    assert!(
        story
            .git(&["for-each-ref", "refs/mirrors/digest/heads/"])
            .contains("heads/side")
    );
    publisher.git(&["branch", "-q", "-D", "side"]);
    for _ in 0..2 {
        let said = story.yes(&["mirror", "digest", "digest"]);
        assert!(
            said.contains("0 refs changed") && said.contains("gone at the publisher's"),
            "{said}"
        );
    }
}

#[test]
fn words_of_formulas_in_a_file_are_those_of_the_page_or_it_is_not_known() {
    let (story, publisher) = begin();
    let text = |words: &str| format!("<p>He took {words} euros on Friday, as the court found.</p>");
    let files = [
        "<math><mn>106</mn></math>",
        "no <marquee>less</marquee>",
        "some <option>more</option>",
    ];
    for (number, words) in files.iter().enumerate() {
        publisher.write(
            &format!("{number}.html"),
            format!("<html><body><article>{}</article></body></html>", text(words)),
        );
    }
    let html = |body: &str| format!("<html><body><article>{body}</article></body></html>");
    let first = "<p>The mayor had the keys of the safe in the town hall for years, wrote the judges.</p>";
    let second =
        "<p>Of <math><mn>7</mn></math> keys one was lost, and nobody in the town hall asked for it.</p>";
    publisher.write("of-keys/1.html", html(first));
    publisher.write(
        "of-keys/2.html",
        html(&format!("<header><a href=/>The keys</a></header>{second}")),
    );
    let id = publisher.commit("Formulas", DAY);
    story.yes(&["mirror", "digest", "digest"]);
    let footer = footer(&publisher, &id);
    let cases = [
        (text(files[0]), "verified"),
        (text(files[1]), "verified"),
        (text(files[2]), "verified"),
        (text(""), "unknown"),
        (text("<math><mn>999</mn></math>"), "unknown"),
        (text("<math hidden><mn>999</mn></math>"), "unknown"),
        (
            "<p>He took euros on <math><mn>106</mn></math> Friday, as the court found.</p>".to_owned(),
            "unknown",
        ),
        // The page has a header and news of its own.
        (
            format!("<header><a href=/>Home 3 new</a></header>{}", text(files[0])),
            "verified",
        ),
        (format!("<marquee>Hello</marquee>{}", text(files[0])), "verified"),
        (format!("<marquee>Hello</marquee>{}", text(files[1])), "verified"),
        (text(&files[1].replace("less", "more")), "unknown"),
        (format!("{first}{second}"), "verified"),
        (format!("{first}{}", second.replace('7', "9")), "unknown"),
        (text("no"), "unknown"),
        (text("some"), "unknown"),
    ];
    for (number, (body, verdict)) in cases.iter().enumerate() {
        let name = format!("page-{number}.html");
        story.write(
            &name,
            format!("<html><body><article>{body}<p>{footer}</p></article></body></html>"),
        );
        let output = story.run(&["verify", "--json", &name]);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let answer = &document["answers"][0];
        assert_eq!(answer["verdict"], *verdict, "{body}: {answer:#}");
    }
}

#[test]
fn words_of_buttons_and_pictures_in_a_file_are_on_the_page_or_it_is_not_known() {
    let (story, publisher) = begin();
    let text = |words: &str| format!("<p>He took {words} euros on Friday, as the court found.</p>");
    let files = [
        "<button>no</button>",
        "<svg><title>Sign</title><text>106</text></svg>",
        "<noscript><p>some</p></noscript>",
    ];
    for (number, words) in files.iter().enumerate() {
        let number = number + 1;
        publisher.write(
            &format!("{number}.html"),
            format!(
                "<html><body><article><h1>Case {number}</h1>{}</article></body></html>",
                text(words)
            ),
        );
    }
    let id = publisher.commit("Buttons", DAY);
    story.yes(&["mirror", "digest", "digest"]);
    let footer = footer(&publisher, &id);
    let share = "<button>Share</button>";
    let cases = [
        (1, text(files[0]), "verified"),
        (1, share.to_owned() + &text(files[0]), "verified"),
        (2, text(files[1]), "verified"),
        (2, text("<svg><text>106</text></svg>"), "verified"),
        (3, text(files[2]), "verified"),
        (3, text("<noscript> <b>some</b></noscript>"), "verified"),
        (1, text(""), "unknown"),
        (1, text("<button>all</button>"), "unknown"),
        (1, text("<button hidden>no</button>"), "unknown"),
        (2, text(""), "unknown"),
        (2, text("<svg><text>999</text></svg>"), "unknown"),
        (3, text(""), "unknown"),
        (3, text("<noscript>none</noscript>"), "unknown"),
    ];
    for (at, (number, body, verdict)) in cases.iter().enumerate() {
        let name = format!("page-{at}.html");
        story.write(
            &name,
            format!(
                "<html><body><article><h1>Case {number}</h1>{body}<p>{footer}</p></article></body></html>"
            ),
        );
        let output = story.run(&["verify", "--json", &name]);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let answer = &document["answers"][0];
        assert_eq!(answer["verdict"], *verdict, "{body}: {answer:#}");
    }
    // Who copies the words of a page into a text leaves out those of its buttons.
    let (_, answer, said) = judge(
        &story,
        &format!("Case 1\n\nHe took euros on Friday, as the court found.\n\n{footer}\n"),
    );
    assert_eq!(answer["verdict"], "verified", "{said}");
}
