//! Stories about copies of one archive at several places: cloned, pulled, pushed, carried as bundles, and brought together
//! where both were written to. The real git is the host and the judge.

#[path = "support/archives.rs"]
mod archives;
#[path = "support/asking.rs"]
#[allow(dead_code, reason = "other stories sign more")]
mod asking;
#[path = "support/folders.rs"]
#[allow(dead_code, reason = "other stories damage copies")]
mod folders;
#[path = "support/forged.rs"]
mod forged;
#[allow(dead_code, reason = "other stories make more of keys")]
#[path = "support/signed.rs"]
mod signed;
#[path = "support/strace.rs"]
#[allow(dead_code, reason = "other stories have faults")]
mod strace;
#[path = "support/tree.rs"]
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::ops::ControlFlow;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use archives::{Story, clean_git, git, git_command};
use avalaches::archive::{Archive, Owner};
use avalaches::article::Kind;
use avalaches::verify::whole;
use forged::Forged;
use serde_json::Value;
use signed::{Signed, id};
use strace::Traced;

/// Two archives and a host between them, all three the same.
struct Pair {
    /// Who began, in `archive`.
    story: Story,
}

impl Pair {
    fn begin() -> Self {
        let story = Story::begin();
        story.add(
            "one.txt",
            "第一篇。\n",
            &["--slug", "one", "--date", "2026-01-22"],
        );
        let pair = Self { story };
        pair.git_here(&["init", "-q", "--bare", "host"]);
        pair.story.yes(&["push", "host", "-q"]);
        pair.story.yes(&["clone", "host", "other", "-q"]);
        pair
    }

    fn path(&self, name: &str) -> PathBuf {
        self.story.folder.path().join(name)
    }

    fn git_here(&self, arguments: &[&str]) {
        let mut command = clean_git();
        command.args(arguments).current_dir(self.story.folder.path());
        assert!(command.status().unwrap().success(), "{arguments:?}");
    }

    /// Runs a command on the second archive.
    fn other(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.story.run(&[&["--archive", "other"], arguments].concat());
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said)
    }

    fn other_add(&self, name: &str, text: &str, options: &[&str]) -> String {
        self.story.write(name, text);
        let (code, said) = self.other(&[&["add", name, "-q"], options].concat());
        assert_eq!(code, Some(0), "{said}");
        said.trim_end().to_owned()
    }

    fn tip(&self, name: &str) -> String {
        git(&self.path(name), &["rev-parse", "refs/heads/main"])
    }

    /// Runs a command on the second archive that is refused, by exit status, and leaves it as it was to the byte.
    fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let before = kept(&self.path("other"));
        let (status, said) = self.other(arguments);
        assert_eq!(status, Some(code), "{said}");
        let after = kept(&self.path("other"));
        assert!(before == after, "{said}\n{:?}", after.keys());
        said
    }
}

/// Reads all that is an archive's own: every file but locks, caches, and what a transfer left for the next one.
fn kept(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let is_aside = |part: &str| part.starts_with("avalaches.") && part != "avalaches.remote";
    let mut files = tree::files(folder);
    files.retain(|name, _| !name.split('/').any(is_aside));
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn push_clone_and_pull_keep_copies_the_same_to_the_last_object() {
    let pair = Pair::begin();
    let story = &pair.story;
    assert_eq!(pair.tip("other"), pair.tip("archive"));
    let remembered = fs::read_to_string(pair.path("other/avalaches.remote")).unwrap();
    assert_eq!(
        remembered,
        format!("{}\n", pair.path("host").canonicalize().unwrap().display())
    );
    for number in 0..3 {
        let slug = format!("more-{number}");
        story.add("more.txt", &format!("第{number}篇。\n"), &["--slug", &slug]);
    }
    let tip = pair.tip("archive");
    assert_eq!(
        story.yes(&["push"]),
        format!(
            "pushed  3 commits to {} · {tip}\n",
            pair.path("host").canonicalize().unwrap().display()
        )
    );
    assert_eq!(
        story.yes(&["push", "host"]),
        format!("unchanged  host has everything · {tip}\n")
    );
    let (code, said) = pair.other(&["pull", "host"]);
    assert_eq!(
        (code, said),
        (Some(0), format!("pulled  3 commits from host · {tip}\n"))
    );
    let (_, said) = pair.other(&["pull", "host"]);
    assert_eq!(said, format!("unchanged  nothing is new at host · {tip}\n"));
    let objects = |name| {
        git(
            &pair.path(name),
            &["rev-list", "--objects", "--no-object-names", "main"],
        )
    };
    assert_eq!(objects("other"), objects("archive"));
    assert_eq!(git(&pair.path("other"), &["fsck", "--strict", "--full"]), "");
    assert_eq!(git(&pair.path("other"), &["rev-parse", "origin/main"]), tip);
    let (code, said) = pair.other(&["verify"]);
    assert!(code == Some(0) && !said.contains("not part of"), "{said}");
    assert!(!pair.path("other/avalaches.pulling").exists());
    pair.other_add("five.txt", "第五篇。\n", &["--slug", "five"]);
    let (code, said) = pair.other(&["pull", "host"]);
    assert!(
        code == Some(0) && said.contains("1 commit here that are not there"),
        "{said}"
    );
    let (_, said) = pair.other(&["pull", "--json"]);
    assert_eq!(
        (&document(&said)["what"], &document(&said)["ahead"]),
        (&Value::from("unchanged"), &Value::from(1))
    );
}

#[test]
fn a_pull_from_nothing_and_to_something_else_says_what_to_do() {
    let pair = Pair::begin();
    pair.git_here(&["init", "-q", "--bare", "empty"]);
    let said = pair.refused(2, &["pull", "empty"]);
    assert!(
        said.contains("empty has no branch main") && said.contains("avalaches push"),
        "{said}"
    );
    let said = pair.refused(2, &["pull", "nowhere"]);
    assert!(
        said.contains("git ls-remote") && said.contains("nowhere"),
        "{said}"
    );
    let output = pair.story.run(&["clone", "host", "other"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(2) && said.contains("other is there already"),
        "{said}"
    );
    // Another repository, and another archive.
    fs::create_dir(pair.path("work")).unwrap();
    pair.git_here(&["-C", "work", "init", "-q", "-b", "main"]);
    let who = ["-c", "user.name=A", "-c", "user.email=a@b", "-C", "work"];
    pair.git_here(&[&who[..], &["commit", "-q", "--allow-empty", "-m", "x"]].concat());
    let output = pair.story.run(&["clone", "work", "third"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(2) && said.contains("work is no archive"),
        "{said}"
    );
    pair.story.yes(&["init", "stranger", "--title", "Stranger", "-q"]);
    let said = pair.refused(1, &["pull", "stranger"]);
    assert!(
        said.contains("another archive") && said.contains(&pair.tip("stranger")),
        "{said}"
    );
    pair.story.yes(&["init", "alone", "-q"]);
    let output = pair.story.run(&["--archive", "alone", "pull"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(2) && said.contains("remembers none"),
        "{said}"
    );
}

/// The faults that a host may bring, each with a word of what is said of it.
fn faults(commits: &[String]) -> Vec<(&'static str, Forged)> {
    let honest = || Forged::honest(commits);
    let mut number = honest();
    number.number = 4;
    let mut early = honest();
    early.archived = forged::ARCHIVED - 86_400;
    let mut previous = honest();
    previous.previous = Some(commits[1].clone());
    let mut beside = honest();
    beside.beside = vec!["articles/2026/01/22/withdrawn/page.txt"];
    vec![
        (
            "page.txt is not the text",
            honest().put("page.txt", "Another text.\n"),
        ),
        (
            "Content-SHA256",
            honest()
                .replace("Content-SHA256: ", "Content-SHA256: 0")
                .append(""),
        ),
        ("history", number),
        ("archived before", early),
        ("history", previous),
        ("in place of its article", beside),
        (
            "author date",
            honest().replace("author Desk <> 1769083200", "author Desk <> 1769083201"),
        ),
        (
            "is malformed",
            honest().replace("author Desk <> ", "author Desk <> 1"),
        ),
    ]
}

#[test]
fn what_is_not_sound_is_refused_and_nothing_changes() {
    let (story, commits) = forged::archive();
    let pair = Pair { story };
    pair.story.yes(&["clone", "archive", "other", "-q"]);
    let base = commits.last().unwrap().clone();
    for (word, forged) in faults(&commits) {
        let bad = forged.commit(&pair.story, &base);
        let said = pair.refused(1, &["pull"]);
        assert!(
            said.starts_with("refused") && said.contains(&bad),
            "{word}: {said}"
        );
        assert!(said.contains(word), "{word}: {said}");
        assert!(!pair.path("other/avalaches.pulling").exists(), "{word}");
        let output = pair.story.run(&["clone", "archive", "third", "--json"]);
        let refused = document(&String::from_utf8(output.stdout).unwrap());
        assert_eq!(
            (output.status.code(), &refused["refused"]["reason"]),
            (Some(1), &"unsound".into())
        );
        assert!(!pair.path("third").exists(), "{word}");
    }
    // What follows honestly is taken, after all of that.
    let good = Forged::honest(&commits).commit(&pair.story, &base);
    let (code, said) = pair.other(&["pull"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(pair.tip("other"), good);
}

#[test]
fn a_folder_of_packs_that_a_pull_makes_is_on_the_disk_with_its_name() {
    if !strace::is_here() {
        return;
    }
    let pair = Pair::begin();
    pair.other_add(
        "two.txt",
        "第二篇。\n",
        &["--slug", "two", "--date", "2026-01-22"],
    );
    pair.other(&["push"]);
    fs::remove_dir(pair.path("archive/objects/pack")).unwrap();
    let pulled = Traced {
        arguments: &["pull", "host"],
        calls: "fsync",
    };
    let trace = pulled.trace(&pair.story);
    assert!(pair.path("archive/objects/pack").is_dir());
    assert!(
        trace.lines().any(|line| line.contains("/archive/objects>)")),
        "{trace}"
    );
}

#[test]
fn an_archive_is_made_and_cloned_in_the_empty_folder_in_which_one_stands() {
    let (story, commits) = forged::archive();
    let run = |folder: &str, arguments: &[&str]| {
        let folder = story.folder.path().join(folder);
        fs::create_dir_all(&folder).unwrap();
        let output = story.program(arguments).current_dir(&folder).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said)
    };
    let names = |folder: &str| -> Vec<String> {
        let entries = fs::read_dir(story.folder.path().join(folder)).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    for (folder, arguments) in [
        ("made", &["init", ".", "--byline", "Desk"][..]),
        ("cloned", &["clone", "../archive", "."]),
    ] {
        let (code, said) = run(folder, arguments);
        assert_eq!(code, Some(0), "{said}");
        // Who stands in the folder still does, and sees the archive.
        let (code, said) = run(folder, &["--archive", ".", "verify"]);
        assert_eq!(code, Some(0), "{said}");
        let names = names(folder);
        assert!(names.iter().any(|name| name == "HEAD"), "{names:?}");
        assert!(!names.iter().any(|name| name.starts_with('.')), "{names:?}");
    }
    let inode = |folder: &Path| fs::metadata(folder).unwrap().ino();
    let folder = story.folder.path().join("same");
    fs::create_dir(&folder).unwrap();
    let before = inode(&folder);
    let (code, said) = run("same", &["init", folder.to_str().unwrap()]);
    assert_eq!((code, inode(&folder)), (Some(0), before), "{said}");
    // What is not sound leaves the folder empty, and what a kill left there is in nobody's way.
    let (_, forged) = faults(&commits).remove(0);
    forged.commit(&story, commits.last().unwrap());
    fs::create_dir_all(
        story
            .folder
            .path()
            .join("refused/.avalaches-init-Ab3dE6Gh1Jk2Mn4Pq5Rs/objects"),
    )
    .unwrap();
    let (code, said) = run("refused", &["clone", "../archive", "."]);
    assert_eq!((code, names("refused").len()), (Some(1), 0), "{said}");
}

#[test]
fn a_revision_that_follows_one_that_has_a_follower_is_refused_where_its_text_came_back() {
    let (story, commits) = forged::archive();
    let pair = Pair { story };
    let third = Forged::honest(&commits);
    let three = third.commit(&pair.story, commits.last().unwrap());
    let mut fourth = Forged::honest(&commits);
    (fourth.number, fourth.previous) = (4, Some(three.clone()));
    fourth.en = forged::EN.replace("Some", "No");
    let four = fourth.commit(&pair.story, &three);
    let mut fifth = Forged::honest(&commits);
    (fifth.number, fifth.previous) = (5, Some(four.clone()));
    let five = fifth.commit(&pair.story, &four);
    pair.story.yes(&["clone", "archive", "other", "-q"]);
    let mut sixth = fourth.clone();
    sixth.en = forged::EN.replace("Some", "Other");
    let six = sixth.commit(&pair.story, &five);
    let said = pair.refused(1, &["pull"]);
    assert!(said.contains(&six) && said.contains("follows already"), "{said}");
}

#[test]
fn damaged_objects_at_the_host_leave_the_archive_as_it_was() {
    let pair = Pair::begin();
    pair.story.add("two.txt", "第二篇。\n", &["--slug", "two"]);
    pair.story.yes(&["push", "-q"]);
    let tip = pair.tip("host");
    let blob = git(
        &pair.path("host"),
        &["rev-parse", &format!("{tip}:articles/2026/01/23/two/page.txt")],
    );
    let loose = pair.path(&format!("host/objects/{}/{}", &blob[..2], &blob[2..]));
    if !loose.exists() {
        for pack in fs::read_dir(pair.path("host/objects/pack")).unwrap() {
            let pack = pack.unwrap().path();
            let moved = pair.path(&pack.file_name().unwrap().to_string_lossy());
            fs::rename(&pack, &moved).unwrap();
            if moved.extension().is_some_and(|ending| ending == "pack") {
                let mut unpack = git_command(&pair.path("host"), &["unpack-objects", "-q"]);
                let stdin = fs::File::open(&moved).unwrap();
                assert!(unpack.stdin(stdin).status().unwrap().success());
            }
        }
    }
    fs::set_permissions(&loose, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&loose, "damaged").unwrap();
    let said = pair.refused(2, &["pull"]);
    assert!(said.contains("cannot pack what was asked for"), "{said}");
    let (code, _) = pair.other(&["verify"]);
    assert_eq!(code, Some(0));
}

#[test]
fn damage_to_one_s_own_files_is_not_blamed_on_the_other_copy() {
    let pair = Pair::begin();
    git(&pair.path("other"), &["commit-graph", "write", "--reachable"]);
    let graph = pair.path("other/objects/info/commit-graph");
    let mut bytes = fs::read(&graph).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::remove_file(&graph).unwrap();
    fs::write(&graph, bytes).unwrap();
    pair.story.add("two.txt", "第二篇。\n", &["--slug", "two"]);
    pair.story.yes(&["push", "-q"]);
    let said = pair.refused(2, &["pull"]);
    assert!(
        said.contains("this archive is not sound itself: objects/info/commit-graph")
            && said.contains("run `avalaches verify`")
            && !said.contains("whoever keeps it"),
        "{said}"
    );
    fs::remove_file(&graph).unwrap();
    let (code, said) = pair.other(&["pull"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_shallow_copy_is_called_so_and_hinders_no_other() {
    let pair = Pair::begin();
    for slug in ["two", "three"] {
        pair.story
            .add("more.txt", &format!("{slug}。\n"), &["--slug", slug]);
    }
    pair.story.yes(&["push", "-q"]);
    let host = format!("file://{}", pair.path("host").display());
    pair.git_here(&[
        "clone", "-q", "--bare", "--depth", "1", "-b", "main", &host, "shallow",
    ]);
    let output = pair.story.run(&["clone", "shallow", "new"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("is a shallow clone"), "{said}");
    pair.story.yes(&["clone", "host", "new", "-q"]);
    let said = pair.refused(2, &["pull", "shallow"]);
    assert!(said.contains("is a shallow clone"), "{said}");
    let (code, said) = pair.other(&["pull"]);
    assert_eq!(
        (code, pair.tip("other")),
        (Some(0), pair.tip("archive")),
        "{said}"
    );
    let (code, said) = pair.other(&["pull", "shallow"]);
    assert_eq!(code, Some(0), "nothing is new there: {said}");
}

#[test]
fn a_fork_is_refused_with_both_ids_and_a_rewritten_history_is_called_so() {
    let pair = Pair::begin();
    let common = pair.tip("host");
    let theirs = id(&pair.story.add("two.txt", "他们的。\n", &["--slug", "two"])).to_owned();
    pair.story.yes(&["push", "-q"]);
    let ours = id(&pair.other_add("two.txt", "我们的。\n", &["--slug", "two"])).to_owned();
    for command in ["pull", "push"] {
        let said = pair.refused(1, &[command]);
        for expected in [&common, &theirs, &ours] {
            assert!(said.contains(expected.as_str()), "{said}");
        }
        assert!(said.contains("--rebase-mine"), "{said}");
    }
    let (_, said) = pair.other(&["pull", "--json"]);
    let refused = &document(&said)["refused"];
    assert_eq!(refused["reason"], "diverged");
    assert_eq!(
        (&refused["ours"]["id"], &refused["theirs"]["id"]),
        (&ours.into(), &theirs.clone().into())
    );
    // A reader who has what the host had sees that it was rewritten, whichever way.
    pair.story.yes(&["clone", "host", "reader", "-q"]);
    git(&pair.path("host"), &["update-ref", "refs/heads/main", &common]);
    let moved_back = |arguments: &[&str]| {
        let before = kept(&pair.path("reader"));
        let output = pair.story.run(&[&["--archive", "reader"], arguments].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(before == kept(&pair.path("reader")));
        String::from_utf8(output.stdout).unwrap()
    };
    let said = moved_back(&["pull"]);
    assert!(
        said.contains("was moved back") && said.contains(&theirs) && said.contains(&common),
        "{said}"
    );
    fs::remove_dir_all(pair.path("other")).unwrap();
    pair.story.yes(&["clone", "host", "other", "-q"]);
    pair.other_add("three.txt", "第三篇。\n", &["--slug", "three"]);
    let (code, said) = pair.other(&["push"]);
    assert_eq!(code, Some(0), "{said}");
    let said = moved_back(&["pull"]);
    assert!(
        said.contains("has rewritten its history") && said.contains(&theirs),
        "{said}"
    );
    let said = moved_back(&["pull", "--rebase-mine"]);
    assert!(said.contains("has rewritten its history"), "{said}");
}

#[test]
fn whoever_pushes_second_is_told_who_was_first() {
    let pair = Pair::begin();
    let footer = pair.story.add("two.txt", "第二篇。\n", &["--slug", "two"]);
    pair.story.yes(&["push", "-q"]);
    let said = pair.refused(1, &["push"]);
    assert!(
        said.contains("has what is not here") && said.contains("by Desk") && said.contains(&footer),
        "{said}"
    );
    assert!(said.contains("`avalaches pull` first"), "{said}");
    // Somebody is faster between the question and the push: the host's own hook plays that part.
    let (code, said) = pair.other(&["pull"]);
    assert_eq!(code, Some(0), "{said}");
    pair.other_add("three.txt", "第三篇。\n", &["--slug", "three"]);
    let first = id(&pair.story.add("four.txt", "第四篇。\n", &["--slug", "four"])).to_owned();
    git(
        &pair.path("archive"),
        &[
            "push",
            "-q",
            &pair.path("host").to_string_lossy(),
            "main:refs/heads/faster",
        ],
    );
    let hook = pair.path("host/hooks/pre-receive");
    fs::write(
        &hook,
        format!("#!/bin/sh\nenv -u GIT_QUARANTINE_PATH git update-ref refs/heads/main {first}\n"),
    )
    .unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let said = pair.refused(1, &["push"]);
    assert!(
        said.contains("each have what the other has not") && said.contains(&first),
        "{said}"
    );
    assert_eq!(pair.tip("host"), first);
}

#[test]
fn a_host_that_refuses_says_why_and_one_that_takes_no_steps_takes_the_branch() {
    let pair = Pair::begin();
    pair.story.add("two.txt", "第二篇。\n", &["--slug", "two"]);
    let before = pair.tip("host");
    let hook = pair.path("host/hooks/pre-receive");
    fs::write(&hook, "#!/bin/sh\necho 'nothing on Sundays' >&2\nexit 1\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let output = pair.story.run(&["push"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(2) && said.contains("refused: ") && said.contains("ask whoever"),
        "{said}"
    );
    assert_eq!(pair.tip("host"), before);
    assert_eq!(git(&pair.path("archive"), &["rev-parse", "origin/main"]), before);
}

#[test]
fn bundles_carry_an_archive_and_what_is_new_in_it() {
    let pair = Pair::begin();
    let story = &pair.story;
    story.yes(&["bundle", "export", "all.bundle", "-q"]);
    let all = pair.path("all.bundle");
    git(
        &pair.path("archive"),
        &["bundle", "verify", &all.to_string_lossy()],
    );
    assert!(fs::read(&all).unwrap().starts_with(b"# v2 git bundle\n"));
    story.yes(&["clone", "all.bundle", "third", "-q"]);
    assert_eq!(pair.tip("third"), pair.tip("archive"));
    story.add("two.txt", "第二篇。\n", &["--slug", "two"]);
    let first = pair.tip("other");
    let said = story.yes(&["bundle", "export", "new.bundle", "--since", &first, "--json"]);
    assert_eq!(document(&said)["commits"], 1);
    let (code, said) = pair.other(&["bundle", "import", "new.bundle"]);
    assert_eq!(
        (code, said),
        (
            Some(0),
            format!("pulled  1 commit from new.bundle · {}\n", pair.tip("archive"))
        )
    );
    let remembered = fs::read_to_string(pair.path("other/avalaches.remote")).unwrap();
    assert!(remembered.ends_with("/host\n"), "{remembered}");
    // One that begins later than the archive ends, one that is none, one that is cut off.
    let second = pair.tip("archive");
    story.add("three.txt", "第三篇。\n", &["--slug", "three"]);
    story.yes(&["bundle", "export", "later.bundle", "--since", &second, "-q"]);
    let third = ["--archive", "third", "bundle", "import"];
    let refused = |file: &str| {
        let before = kept(&pair.path("third"));
        let output = story.run(&[&third[..], &[file]].concat());
        assert_eq!(output.status.code(), Some(2), "{file}");
        assert!(before == kept(&pair.path("third")), "{file}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused("later.bundle").contains(&second));
    story.write("page.bundle", "一页。\n");
    assert!(refused("page.bundle").contains("page.bundle is no bundle"));
    let output = story.run(&["bundle", "export", "page.bundle"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read_to_string(pair.path("page.bundle")).unwrap(), "一页。\n");
    story.yes(&["bundle", "export", "later.bundle", "-q"]);
    assert!(refused("nowhere.bundle").contains("could not read"));
    let bytes = fs::read(pair.path("new.bundle")).unwrap();
    story.write("cut.bundle", &bytes[..bytes.len() - 30]);
    assert!(refused("cut.bundle").contains("git fetch ended"));
    for (since, word) in [
        (pair.tip("archive"), "nothing came after"),
        ("7".repeat(40), "not on the branch"),
    ] {
        let output = story.run(&["bundle", "export", "x.bundle", "--since", &since]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(word), "{said}");
        assert!(!pair.path("x.bundle").exists());
    }
}

#[test]
fn an_archive_that_asks_for_signatures_takes_no_unsigned_commit_from_another_copy() {
    let signed = Signed::begin();
    signed.key("desk", &["ed25519"], "");
    let sign = format!("--sign={}", signed.path("desk").display());
    let public = signed.path("desk.pub");
    signed
        .story
        .yes(&["signers", "allow", "desk", &public.to_string_lossy(), "-q"]);
    signed
        .story
        .yes(&["settings", "--signatures", "required", &sign, "-q"]);
    let pair = Pair { story: signed.story };
    pair.story.yes(&["clone", "archive", "other", "-q"]);
    pair.story.yes(&["clone", "archive", "forger", "-q"]);
    let good = pair.story.add("one.txt", "第一篇。\n", &["--slug", "one", &sign]);
    // The same commit without its signature.
    let tip = pair.tip("archive");
    let body = git(&pair.path("archive"), &["cat-file", "commit", &tip]) + "\n";
    let (head, rest) = body.split_once("gpgsig ").unwrap();
    let rest = rest.split_once("-----END SSH SIGNATURE-----\n").unwrap().1;
    pair.story.write("unsigned", format!("{head}{rest}"));
    let bad = git(
        &pair.path("archive"),
        &[
            "hash-object",
            "-t",
            "commit",
            "-w",
            &pair.path("unsigned").to_string_lossy(),
        ],
    );
    git(&pair.path("archive"), &["update-ref", "refs/heads/main", &bad]);
    let said = pair.refused(1, &["pull"]);
    assert!(
        said.contains("asked for a good signature") && said.contains(&bad),
        "{said}"
    );
    git(
        &pair.path("archive"),
        &["update-ref", "refs/heads/main", id(&good)],
    );
    // Both go on: what is added again is signed again, or nothing happens.
    pair.other_add("two.txt", "第二篇。\n", &["--slug", "two", &sign]);
    let said = pair.refused(2, &["pull", "--rebase-mine"]);
    assert!(said.contains("no key to sign with"), "{said}");
    let (code, said) = pair.other(&["pull", "--rebase-mine", &sign]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = pair.other(&["verify"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_key_that_was_revoked_hinders_no_copy_and_what_it_signs_afterwards_is_refused_by_all() {
    let (signed, _) = Signed::asking();
    let run = |arguments: &[&str]| {
        let said = signed.with_key(None, arguments);
        (said.status, said.out, said.err)
    };
    for copy in ["behind", "level"] {
        signed.done(&["clone", "archive", copy, "-q"]);
    }
    let page = ["add", "page.txt", "-q", "--slug", "night", "--sign=night"];
    let lost = signed.done(&page);
    assert_eq!(run(&["--archive", "level", "pull", "-q"]).0, Some(0));
    signed.done(&["signers", "revoke", "night.pub", "--note", "Stolen.", "-q"]);
    let named =
        format!("finding: commit {lost}: the archive asked for a good signature, and this is revoked");
    // Whoever makes a copy gets it, from a folder and from a bundle, and is told what verify tells there.
    signed.done(&["bundle", "export", "all.bundle", "-q"]);
    for (from, to) in [("archive", "new"), ("all.bundle", "unpacked")] {
        let (status, said, why) = run(&["clone", from, to]);
        assert_eq!(status, Some(1), "{said}{why}");
        assert!(
            said.contains(&named) && said.contains(", 1 of them signed with a key that was revoked since · "),
            "{said}"
        );
        let (status, found, _) = run(&["--archive", to, "verify", "--json"]);
        assert_eq!(status, Some(1));
        let told = run(&["clone", from, "again", "--json"]).1;
        fs::remove_dir_all(signed.path("again")).unwrap();
        let (found, told) = (document(&found), document(&told));
        assert_eq!(told["findings"], found["findings"]);
        assert_eq!(told["findings"].as_array().unwrap().len(), 2);
        assert!(told["refused"].is_null() && told["tip"] == signed.tip(), "{told}");
    }
    // Copies go on, whether they had what the key signed or get it now.
    assert_eq!(run(&["--archive", "level", "pull"]).0, Some(0));
    let (status, said, _) = run(&["--archive", "behind", "pull"]);
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains(&named) && said.contains("\npulled  2 commits from "),
        "{said}"
    );
    assert_eq!(run(&["--archive", "behind", "pull"]).0, Some(0));
    // Whoever stole the key signs on top of its revocation, or takes that back.
    let honest = signed.done(&["add", "page.txt", "-q", "--slug", "later"]);
    let (body, _) = signed.taken_apart(&honest);
    let forged = signed.put(&body, &signed.header(&body, "night"));
    let copy = |name: &str| kept(&signed.path(name));
    let (level, tip) = (copy("level"), signed.tip());
    assert_eq!(tip, forged);
    for arguments in [
        &["clone", "archive", "stolen"][..],
        &["--archive", "level", "pull"],
        &["--archive", "level", "push"],
    ] {
        let (status, said, _) = run(arguments);
        assert_eq!(status, Some(1), "{arguments:?}: {said}");
        assert!(said.contains("refused") && said.contains(&forged), "{said}");
    }
    assert!(level == copy("level") && !signed.path("stolen").exists());
}

#[test]
fn local_revisions_are_added_again_on_top_of_what_is_new_elsewhere() {
    let pair = Pair::begin();
    let story = &pair.story;
    let article = "2026/01/22/one";
    let correct = ["--article", article, "--kind", "correction", "--note"];
    story.add(
        "c.txt",
        "第一篇，他们改过。\n",
        &[&correct[..], &["Theirs."]].concat(),
    );
    story.add(
        "n.txt",
        "他们的新闻。\n",
        &["--slug", "news", "--date", "2026-01-22"],
    );
    story.yes(&["push", "-q"]);
    let old = [
        pair.other_add(
            "c.txt",
            "第一篇，我们改过。\n",
            &[&correct[..], &["Ours.", "--author", "林晓"]].concat(),
        ),
        pair.other_add(
            "c.txt",
            "第一篇，我们又改过。\n",
            &[&correct[..], &["Ours again."]].concat(),
        ),
        pair.other_add(
            "n.txt",
            "我们的新闻。\n",
            &["--slug", "news", "--date", "2026-01-22"],
        ),
        pair.other_add(
            "n.txt",
            "我们的新闻，改过。\n",
            &["--article", "2026/01/22/news", "--kind", "update"],
        ),
    ];
    let (code, said) = pair.other(&["settings", "--title", "新报", "-q"]);
    assert_eq!(code, Some(0), "{said}");
    pair.other(&["verify", "--changed", "-q"]);
    pair.other(&["search", "我们"]);
    let old_tip = pair.tip("other");
    let before = Archive::open(&pair.path("other"), Owner::Anyone).unwrap();
    let (code, said) = pair.other(&["pull", "--rebase-mine", "--json", "--archived-at", "2026-02-01"]);
    assert_eq!(code, Some(0), "{said}");
    // A check that began before finds the branch as it was; the list beside it is another branch's now.
    let report = whole::check(&before, whole::Options::default(), &mut |_| {
        ControlFlow::Continue(())
    });
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    let document = document(&said);
    let readded = document["rebased"]["revisions"].as_array().unwrap();
    let told: Vec<(&str, Option<&str>, Option<u64>)> = readded
        .iter()
        .map(|one| {
            (
                one["old"].as_str().unwrap(),
                one["article"].as_str(),
                one["revision"].as_u64(),
            )
        })
        .collect();
    assert_eq!(told[0], (old[0].as_str(), Some(article), Some(3)));
    assert_eq!(told[1], (old[1].as_str(), Some(article), Some(4)));
    assert_eq!(told[2], (old[2].as_str(), Some("2026/01/22/news-2"), Some(1)));
    assert_eq!(told[3], (old[3].as_str(), Some("2026/01/22/news-2"), Some(2)));
    assert_eq!((told.len(), told[4].1), (5, None));
    assert_rebased(&pair, &old_tip, readded);
    let (code, said) = pair.other(&["push", "host"]);
    assert!(
        code == Some(0) && said.starts_with("pushed  5 commits to host"),
        "{said}"
    );
    assert_eq!(story.yes(&["pull", "-q"]).lines().count(), 1);
    assert_eq!(pair.tip("archive"), pair.tip("other"));
}

/// Asserts that the second archive is whole, that texts, dates, authors and notes are as they were, and that the old tip
/// is kept.
fn assert_rebased(pair: &Pair, old_tip: &str, readded: &[Value]) {
    let other = pair.path("other");
    for arguments in [&["verify"][..], &["verify", "--changed"]] {
        let (code, said) = pair.other(arguments);
        assert_eq!(code, Some(0), "{said}");
    }
    assert_eq!(git(&other, &["fsck", "--strict", "--full"]), "");
    let kept = format!("refs/rebased/2026-02-01-{}", &old_tip[..12]);
    assert_eq!(git(&other, &["rev-parse", &kept]), old_tip);
    let host = pair.tip("host");
    git(&other, &["merge-base", "--is-ancestor", &host, "main"]);
    let format = "--format=%an %ae %ad%n%s%n%b";
    for one in readded {
        let (was, now) = (id(one["old"].as_str().unwrap()), one["id"].as_str().unwrap());
        let [was, now] = [was, now].map(|id| git(&other, &["show", "-s", format, id]));
        let said = |text: &str| -> Vec<String> {
            let is_placed = |line: &&str| {
                ["Article-Id", "Revision:", "Previous-Revision"]
                    .iter()
                    .any(|key| line.starts_with(key))
            };
            text.lines()
                .filter(|line| !is_placed(line))
                .map(ToOwned::to_owned)
                .collect()
        };
        // A change of settings is dated when it is made.
        let skip = usize::from(one["article"].is_null());
        assert_eq!(said(&was)[skip..], said(&now)[skip..]);
    }
    let (_, list) = pair.other(&["list"]);
    assert!(
        list.contains("2026/01/22/news-2") && list.contains("2026/01/22/news "),
        "{list}"
    );
    let (_, found) = pair.other(&["search", "我们"]);
    assert!(
        found.contains("2026/01/22/news-2") && found.contains("2026/01/22/one"),
        "{found}"
    );
    let (code, said) = pair.other(&["verify", readded[0]["old"].as_str().unwrap()]);
    assert!(code == Some(1) && said.starts_with("detached"), "{said}");
}

#[test]
fn what_cannot_be_added_again_is_named_and_nothing_changes() {
    let pair = Pair::begin();
    let article = "2026/01/22/one";
    pair.story
        .yes(&["retract", article, "--note", "没有来源。", "-q"]);
    pair.story.yes(&["push", "-q"]);
    let mine = pair.other_add(
        "c.txt",
        "第一篇，改过。\n",
        &["--article", article, "--kind", "correction", "--note", "x"],
    );
    let said = pair.refused(2, &["pull", "--rebase-mine"]);
    assert!(
        said.contains(&mine) && said.contains("is retracted") && said.contains("clone"),
        "{said}"
    );
    // Keys and tombstones are not made again by themselves.
    fs::remove_dir_all(pair.path("other")).unwrap();
    pair.story.yes(&["clone", "host", "other", "-q"]);
    pair.story.add("two.txt", "第二篇。\n", &["--slug", "two"]);
    pair.story.yes(&["push", "-q"]);
    pair.story.write(
        "desk.pub",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOrGsIPSghL02ujbcQjwP3kFMWC1U98qbpctlbUljVOx desk\n",
    );
    let (code, said) = pair.other(&["signers", "allow", "desk", "desk.pub", "-q"]);
    assert_eq!(code, Some(0), "{said}");
    let said = pair.refused(2, &["pull", "--rebase-mine"]);
    let mine = format!(
        "{}, \"signers: allow desk\", cannot be made again: only revisions and settings are",
        pair.tip("other")
    );
    assert!(said.contains(&mine), "{said}");
    let output = pair.story.run(&["--archive", "other", "pull"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains(&mine)
            && said.contains("where the other copy is kept")
            && !said.contains("they get new footers"),
        "{said}"
    );
    // Nor does one side's word about the archive take the place of the other's.
    fs::remove_dir_all(pair.path("other")).unwrap();
    pair.story.yes(&["clone", "host", "other", "-q"]);
    pair.story.yes(&["settings", "--title", "他们的报"]);
    pair.story.yes(&["push", "-q"]);
    let (code, said) = pair.other(&["settings", "--title", "我们的报"]);
    assert_eq!(code, Some(0), "{said}");
    let said = pair.refused(2, &["pull", "--rebase-mine"]);
    assert!(said.contains("has changed its settings as well"), "{said}");
}

#[test]
fn what_was_seen_of_the_remembered_copy_is_held_against_no_other() {
    let pair = Pair::begin();
    let common = pair.tip("host");
    pair.git_here(&["init", "-q", "--bare", "older"]);
    let older = pair.path("older");
    let refs = format!("{common}:refs/heads/main");
    git(
        &pair.path("host"),
        &["push", "-q", older.to_str().unwrap(), &refs],
    );
    let theirs = id(&pair.story.add("two.txt", "第二篇。\n", &["--slug", "two"])).to_owned();
    pair.story.yes(&["push", "-q"]);
    // Nothing of one's own is to be added again.
    let (code, said) = pair.other(&["pull", "--rebase-mine"]);
    assert_eq!((code, pair.tip("other")), (Some(0), theirs.clone()), "{said}");
    let (code, said) = pair.other(&["pull", "older", "--json"]);
    assert_eq!((code, pair.tip("other")), (Some(0), theirs.clone()), "{said}");
    // What is in the store and no more on the branch comes back by a pull.
    git(&pair.path("other"), &["update-ref", "refs/heads/main", &common]);
    fs::remove_file(pair.path("other/avalaches.branch")).unwrap();
    let (code, said) = pair.other(&["pull"]);
    assert_eq!((code, pair.tip("other")), (Some(0), theirs), "{said}");
}

#[test]
fn a_clone_takes_no_place_that_is_taken_and_nothing_from_a_copy_that_is_empty() {
    let pair = Pair::begin();
    let clone = |from: &str, to: &str| {
        let output = pair.story.run(&["clone", from, to, "-q"]);
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said)
    };
    pair.story.write("file", "not an archive\n");
    fs::create_dir(pair.path("folder")).unwrap();
    pair.story.write("folder/file", "not an archive\n");
    let before = kept(&pair.path("folder"));
    for taken in ["file", "folder", "archive"] {
        let (code, said) = clone("host", taken);
        assert!(code == Some(2) && said.contains(taken), "{taken}: {said}");
    }
    assert!(before == kept(&pair.path("folder")));
    assert_eq!(fs::read(pair.path("file")).unwrap(), b"not an archive\n");
    pair.git_here(&["init", "-q", "--bare", "empty"]);
    let (code, said) = clone("empty", "new");
    assert!(code == Some(2) && said.contains("empty"), "{said}");
    pair.story.yes(&["push", "empty", "-q"]);
    assert_eq!(clone("empty", "new").0, Some(0), "what was begun is no hindrance");
    assert_eq!(pair.tip("new"), pair.tip("archive"));
}

#[test]
fn a_clone_that_was_killed_when_its_branch_was_there_comes_to_its_end() {
    let pair = Pair::begin();
    let seen = "refs/remotes/origin/main";
    let clone = || {
        let output = pair.story.run(&["clone", "host", "new"]);
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said)
    };
    let first = clone();
    assert_eq!(first.0, Some(0), "{}", first.1);
    let (code, said) = clone();
    assert!(code == Some(2) && said.contains("is there already"), "{said}");
    git(&pair.path("new"), &["update-ref", "-d", seen]);
    assert_eq!(clone(), first);
    assert_eq!(git(&pair.path("new"), &["rev-parse", seen]), pair.tip("new"));
    // What was added there since is nothing that a clone brought.
    pair.story.write("mine.txt", "Mine.\n");
    pair.story
        .yes(&["--archive", "new", "add", "mine.txt", "--slug", "mine", "-q"]);
    git(&pair.path("new"), &["update-ref", "-d", seen]);
    let tip = pair.tip("new");
    let (code, said) = clone();
    assert!(code == Some(2) && said.contains("is there already"), "{said}");
    assert_eq!(pair.tip("new"), tip);
}

#[test]
fn a_date_for_commits_hinders_nothing_that_makes_none() {
    let pair = Pair::begin();
    for (name, value) in [("GIT_COMMITTER_DATE", "bad"), ("SOURCE_DATE_EPOCH", "-1")] {
        for arguments in [
            &["clone", "host", name][..],
            &["push", "host"],
            &["pull", "host"],
            &["bundle", "export", &format!("{name}.bundle")],
        ] {
            let mut program = pair.story.program(arguments);
            let output = program
                .env_remove("SOURCE_DATE_EPOCH")
                .env(name, value)
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
        }
    }
}

#[test]
fn an_address_under_which_no_archive_is_leaves_the_place_free_for_the_right_one() {
    let pair = Pair::begin();
    let clone = |from: &str| pair.story.run(&["clone", from, "new"]);
    pair.git_here(&["init", "-q", "--bare", "empty"]);
    pair.git_here(&["init", "-q", "-b", "main", "code"]);
    let made = [
        "-c",
        "user.name=A",
        "-c",
        "user.email=a",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "a",
    ];
    pair.git_here(&[&["-C", "code"][..], &made].concat());
    for wrong in ["hots", "empty", "code"] {
        let output = clone(wrong);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong}: {said}");
        assert!(
            said.contains("hint: ") && !said.contains("what came is kept"),
            "{wrong}: {said}"
        );
        assert!(!pair.path("new").exists(), "{wrong}: {said}");
    }
    let output = pair.story.run(&["push", "hots"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("hint: ") && !said.contains("what came is kept"),
        "{said}"
    );
    assert_eq!(clone("host").status.code(), Some(0));
}

#[test]
fn a_clone_that_was_killed_under_an_address_that_never_answered_leaves_its_place_to_the_right_one() {
    let pair = Pair::begin();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("git://{}/archive", listener.local_addr().unwrap());
    let mut waiting = pair.story.program(&["clone", &silent, "new"]);
    let mut waiting = waiting
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let asked = listener.accept().unwrap();
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    drop(asked);
    assert!(pair.path("new/HEAD").exists());
    let output = pair.story.run(&["clone", "host", "new"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(pair.tip("new"), pair.tip("archive"));
}

#[test]
fn a_clone_that_goes_on_in_a_folder_that_leads_elsewhere_is_refused_and_deletes_nothing_there() {
    let pair = Pair::begin();
    let (new, victim) = (pair.path("new"), pair.path("victim"));
    pair.git_here(&["init", "-q", "--bare", "-b", "main", "new"]);
    fs::write(
        new.join("avalaches.remote"),
        fs::read(pair.path("other/avalaches.remote")).unwrap(),
    )
    .unwrap();
    fs::create_dir(&victim).unwrap();
    for name in ["abc.pack", "tmp_idx_of_abc"] {
        fs::write(victim.join(name), "kept").unwrap();
    }
    fs::remove_dir(new.join("objects/pack")).unwrap();
    std::os::unix::fs::symlink(&victim, new.join("objects/pack")).unwrap();
    let output = pair.story.run(&["clone", "host", "new"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("objects/pack is a symbolic link"), "{said}");
    for name in ["abc.pack", "tmp_idx_of_abc"] {
        assert!(victim.join(name).exists(), "{name}");
    }
    assert!(new.exists(), "what somebody prepared is not ours to delete");
}

#[test]
fn what_both_have_written_to_the_letter_is_not_added_twice() {
    let pair = Pair::begin();
    let page = ["--slug", "same", "--date", "2026-01-22"];
    let theirs = pair.story.add("s.txt", "同一篇。\n", &page);
    pair.story.add("two.txt", "第二篇。\n", &["--slug", "two"]);
    pair.story.yes(&["push", "-q"]);
    pair.other_add("x.txt", "另一篇。\n", &["--slug", "x"]);
    pair.other_add("s.txt", "同一篇。\n", &page);
    let (code, said) = pair.other(&["pull", "--rebase-mine"]);
    assert!(
        code == Some(0) && said.contains("which the other copy has already"),
        "{said}"
    );
    assert!(said.contains(&format!("new {theirs}")), "{said}");
    assert_eq!(
        git(&pair.path("other"), &["rev-list", "--count", "origin/main..main"]),
        "1"
    );
}

#[test]
fn nothing_in_an_archive_or_an_address_runs_anything() {
    let pair = Pair::begin();
    let trap = pair.path("trap.sh");
    let ran = pair.path("ran");
    fs::write(&trap, format!("#!/bin/sh\ntouch {}\nexit 1\n", ran.display())).unwrap();
    fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).unwrap();
    let trap = trap.to_string_lossy().into_owned();
    for address in [
        format!("ext::{trap}"),
        format!("--upload-pack={trap}"),
        format!("ssh://-oProxyCommand={trap}/x"),
        "git@-oProxyCommand=trap.sh:x".to_owned(),
        "ftp://127.0.0.1/x".to_owned(),
    ] {
        for command in ["pull", "push"] {
            let said = pair.refused(2, &[command, "--", &address]);
            assert!(said.contains("error: ") && !said.contains("ls-remote"), "{said}");
        }
        fs::write(pair.path("other/avalaches.remote"), format!("{address}\n")).unwrap();
        let said = pair.refused(2, &["pull"]);
        assert!(
            said.contains("avalaches.remote") && said.contains("delete the file"),
            "{said}"
        );
    }
    pair.story.add("two.txt", "第二篇。\n", &["--slug", "two"]);
    pair.story.yes(&["push", "-q"]);
    // What lies where git works is taken over as packs alone, never as configuration.
    let planted = pair.path("other/avalaches.pulling");
    pair.git_here(&["init", "-q", "--bare", "other/avalaches.pulling"]);
    let config = format!(
        "[core]\n\tsshCommand = {trap}\n\thooksPath = {}\n\tfsmonitor = {trap}\n[url \"{trap}\"]\n\tinsteadOf = {}\n",
        pair.path("").display(),
        pair.path("host").canonicalize().unwrap().display()
    );
    let own = fs::read_to_string(planted.join("config")).unwrap();
    fs::write(planted.join("config"), own + &config).unwrap();
    for hook in ["reference-transaction", "pre-push", "post-index-change"] {
        fs::copy(&trap, planted.join("hooks").join(hook)).unwrap();
        fs::copy(&trap, pair.path(hook)).unwrap();
    }
    let said = pair.refused(2, &["pull", "host"]);
    assert!(said.contains("avalaches.remote"), "{said}");
    let (code, said) = pair.other(&["pull", "host", "--default"]);
    assert!(
        code == Some(0) && said.contains("host is meant from now on"),
        "{said}"
    );
    assert_eq!(pair.tip("other"), pair.tip("archive"));
    // A configuration that could redirect something is refused, as for every writer.
    let config = pair.path("other/config");
    let honest = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        format!("{honest}[remote \"host\"]\n\treceivepack = {trap}\n"),
    )
    .unwrap();
    let said = pair.refused(2, &["push", "host"]);
    assert!(said.contains("names a program to run"), "{said}");
    assert!(!ran.exists());
}

#[test]
fn a_folder_that_came_with_an_archive_is_not_pushed_to_unasked() {
    let pair = Pair::begin();
    pair.git_here(&["clone", "-q", "--bare", "host", "other/evil"]);
    let ran = pair.path("ran");
    for hook in ["pre-receive", "update", "post-receive"] {
        let hook = pair.path("other/evil/hooks").join(hook);
        fs::write(&hook, format!("#!/bin/sh\ntouch {}\n", ran.display())).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    }
    pair.other_add("two.txt", "第二篇。\n", &["--slug", "two"]);
    let whole = pair.path("other/evil").canonicalize().unwrap();
    let whole = whole.to_str().unwrap();
    for address in [
        "other/evil",
        "./other/evil",
        "/proc/self/cwd/other/evil",
        "file:///proc/self/cwd/other/evil",
        whole,
        &format!("file://{whole}"),
    ] {
        fs::write(pair.path("other/avalaches.remote"), format!("{address}\n")).unwrap();
        for command in ["push", "pull"] {
            let said = pair.refused(2, &[command]);
            assert!(
                said.contains(address) && said.contains("hint: name the copy"),
                "{said}"
            );
        }
    }
    assert!(!ran.exists());
    let (code, said) = pair.other(&["push", "host", "--default"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(pair.other(&["push"]).0, Some(0));
    assert!(!ran.exists());
}

#[test]
fn an_honest_kind_of_revision_stays_what_it_is() {
    let pair = Pair::begin();
    pair.story.add("two.txt", "第二篇。\n", &["--slug", "two"]);
    pair.story.yes(&["push", "-q"]);
    let kinds = [Kind::Retraction, Kind::Restoration, Kind::Technical];
    pair.other(&["retract", "2026/01/22/one", "--note", "x", "-q"]);
    pair.other(&["restore", "2026/01/22/one", "--note", "y", "-q"]);
    let (_, page) = pair.other(&["show", "2026/01/22/one"]);
    pair.story.write("page.txt", page);
    let (code, said) = pair.other(&["technical", "2026/01/22/one", "page.txt", "--title", "标题", "-q"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = pair.other(&["pull", "--rebase-mine", "--json"]);
    assert_eq!(code, Some(0), "{said}");
    let readded = document(&said)["rebased"]["revisions"]
        .as_array()
        .unwrap()
        .clone();
    let told: Vec<&str> = readded.iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(told, kinds.map(Kind::name));
    assert_eq!(pair.other(&["verify"]).0, Some(0));
}

#[test]
fn two_histories_that_one_key_signed_are_kept_as_evidence() {
    let pair = Pair::begin();
    let (story, evidence) = (&pair.story, pair.path(".local/state/avalaches/evidence"));
    let key = story.yes(&["key", "new", "example.org/digest", "log.key"]);
    story.yes(&["settings", "--log-key", key.trim(), "-q"]);
    let sign = ["checkpoint", "--key", "log.key", "-q"];
    story.yes(&sign);
    story.yes(&["push", "-q"]);
    assert_eq!(pair.other(&["pull", "-q"]).0, Some(0));
    // Both go on, and one of them signs: so far nobody has said two things.
    story.add(
        "two.txt",
        "第二篇。\n",
        &["--slug", "two", "--date", "2026-01-23"],
    );
    story.yes(&["push", "-q"]);
    pair.other_add(
        "zwei.txt",
        "另一个第二篇。\n",
        &["--slug", "two", "--date", "2026-01-23"],
    );
    // Another user with the same key: one does not sign two histories.
    let mut by_another = story.program(&[&["--archive", "other"], &sign[..]].concat());
    by_another.env("XDG_STATE_HOME", pair.path("another-user"));
    assert!(by_another.status().unwrap().success());
    let said = pair.refused(1, &["pull"]);
    assert!(said.contains("each have what the other has not"), "{said}");
    assert!(!said.contains("lie in") && !evidence.exists(), "{said}");
    story.yes(&sign);
    story.yes(&["push", "-q"]);
    let said = pair.refused(1, &["pull"]);
    assert!(
        said.contains("the log was forked: its first 2 revisions"),
        "{said}"
    );
    let told = document(&pair.refused(1, &["pull", "--json"]));
    let told = told["refused"]["contradiction"].as_str().unwrap();
    let folder = PathBuf::from(told.rsplit_once("lie in ").unwrap().1);
    assert!(folder.starts_with(&evidence), "{told}");
    let kept = fs::read_to_string(folder.join("kept.checkpoint")).unwrap();
    assert_eq!(kept, pair.other(&["log", "--checkpoint"]).1);
    let shown = fs::read_to_string(folder.join("shown.checkpoint")).unwrap();
    assert_eq!(shown, story.yes(&["log", "--checkpoint"]));
}

#[test]
fn a_clone_of_another_history_than_the_one_that_was_remembered_is_told_so() {
    let pair = Pair::begin();
    pair.story.yes(&["remember"]);
    let honest = pair.tip("archive");
    pair.story.yes(&["clone", "host", "good", "-q"]);
    // The host's copy begins as it did, and goes on otherwise.
    git(&pair.path("other"), &["update-ref", "refs/heads/main", "main~1"]);
    fs::remove_file(pair.path("other/avalaches.branch")).unwrap();
    pair.other_add("zwei.txt", "别的。\n", &["--slug", "one", "--date", "2026-01-22"]);
    let host = pair.path("host");
    git(
        &pair.path("other"),
        &["push", "-qf", host.to_str().unwrap(), "main"],
    );
    let output = pair.story.run(&["clone", "host", "bad"]);
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the history was rewritten") && said.contains(&honest),
        "{said}"
    );
    assert!(said.contains("the publisher"), "{said}");
}
