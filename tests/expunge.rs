//! Content that is dropped for good: gone from the store, withheld in every answer, and every id as it was.

#[path = "support/archives.rs"]
mod archives;
#[path = "support/folders.rs"]
mod folders;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};

use archives::{Story, git_command};
use folders::copy;
use serde_json::Value;

const FIRST: &str = "桥今天开通。王某收了钱。\n\nThe bridge opens today. Wang took money.\n";
const SECOND: &str = "桥今天开通。王某没有收钱。\n\nThe bridge opens today. Wang took money.\n";
const WHY: &str = "法院判决 2026 京 01 号";
const ARTICLE: &str = "2026/01/22/bridge";

/// A story of an article with a text, a correction that keeps the English, and a retraction; and another article. One
/// key counts, whose file is `key`; another, `other`, does not.
struct Expunged {
    story: Story,
    first: String,
    second: String,
}

impl Expunged {
    /// Has the article, which is not retracted yet.
    fn standing() -> Self {
        let story = Story::begin();
        for name in ["key", "other"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
                .arg(story.folder.path().join(name))
                .stdin(Stdio::null())
                .output()
                .expect("these tests need OpenSSH: there is no ssh-keygen on PATH");
            assert!(made.status.success());
        }
        story.yes(&["signers", "allow", "desk@example.org", "key.pub"]);
        let options = [
            "--slug",
            "bridge",
            "--date",
            "2026-01-22",
            "--title",
            "zh=桥",
            "--title",
            "en=Bridge",
        ];
        let first = story.add("a.txt", FIRST, &options);
        story.add(
            "o.txt",
            "A page of its own.\n",
            &["--slug", "own", "--date", "2026-01-22"],
        );
        story.write("b.txt", SECOND);
        let second = story.yes(&[
            "correct",
            ARTICLE,
            "b.txt",
            "--note",
            "没有收钱。",
            "--date",
            "2026-01-23",
        ]);
        let second = second.trim_end().to_owned();
        Self { story, first, second }
    }

    fn retracted() -> Self {
        let expunged = Self::standing();
        expunged.story.yes(&["retract", ARTICLE, "--note", "没有依据。"]);
        expunged
    }

    fn again(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(self.story.folder.path(), folder.path());
        let key = folder.path().join("key");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        Self {
            story: Story { folder },
            first: self.first.clone(),
            second: self.second.clone(),
        }
    }

    /// Returns the command that expunges both texts.
    fn both(&self) -> Vec<&str> {
        vec!["expunge", &self.first, &self.second, "--note", WHY, "--sign=key"]
    }

    /// Returns the blobs of the two revisions' texts.
    fn texts(&self) -> BTreeSet<String> {
        [&self.first, &self.second]
            .iter()
            .flat_map(|footer| {
                let path = format!("{}:articles/{ARTICLE}", id(footer));
                let listed = self.story.git(&["ls-tree", &path]);
                let texts = listed.lines().filter(|line| !line.ends_with("article.json"));
                texts.map(|line| line[12..52].to_owned()).collect::<Vec<_>>()
            })
            .collect()
    }

    fn refused(&self, arguments: &[&str], why: &str) {
        let before = objects(&self.story);
        let output = self.story.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(why), "{arguments:?}: {said}");
        assert_eq!(objects(&self.story), before, "{arguments:?}");
    }
}

fn id(footer: &str) -> &str {
    footer.rsplit(' ').next().unwrap()
}

fn objects(story: &Story) -> BTreeSet<String> {
    let listed = story.git(&["cat-file", "--batch-all-objects", "--batch-check"]);
    listed.lines().map(ToOwned::to_owned).collect()
}

/// Returns what git misses in a store, which has to be all that it finds wrong.
fn missing(story: &Story) -> BTreeSet<String> {
    let output = git_command(&story.archive(), &["fsck", "--strict", "--full", "--no-dangling"])
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let missing = said.lines().filter_map(|line| line.strip_prefix("missing blob "));
    let missing: BTreeSet<String> = missing.map(ToOwned::to_owned).collect();
    for line in said.lines() {
        let is_link = line.starts_with("broken link from") || line.starts_with("              to    blob");
        assert!(is_link || line.starts_with("missing blob "), "{said}");
    }
    missing
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[test]
fn the_text_is_gone_from_the_store_wherever_it_lay_and_every_id_is_as_it_was() {
    let told = Expunged::retracted();
    told.story.yes(&["verify", "--quote", "王某"]);
    for store in ["loose", "packed", "kept", "twice"] {
        let told = told.again();
        let pack = told.story.archive().join("objects/pack");
        if store != "loose" {
            told.story.git(&["repack", "-adq"]);
        }
        if store == "kept" {
            let name = fs::read_dir(&pack).unwrap().map(|entry| entry.unwrap().path());
            let name = name
                .into_iter()
                .find(|path| path.extension().unwrap() == "pack")
                .unwrap();
            fs::write(name.with_extension("keep"), "").unwrap();
        }
        if store == "twice" {
            let text = told.texts().into_iter().next().unwrap();
            loosen(&told.story, &text);
        }
        let (before, texts) = (objects(&told.story), told.texts());
        let history = told.story.git(&["rev-list", "main"]);
        assert_eq!(texts.len(), 5, "two pages, two Chinese texts, one English one");
        let footer = told.story.yes(&told.both());
        let footer = footer.lines().next().unwrap();
        assert_eq!(missing(&told.story), texts, "{store}");
        let gone: BTreeSet<String> = before
            .difference(&objects(&told.story))
            .map(|line| line[..40].to_owned())
            .collect();
        assert_eq!(gone, texts, "{store}: nothing else is gone");
        let now = told.story.git(&["rev-list", "main"]);
        assert_eq!(now, format!("{}\n{history}", id(footer)), "{store}");
        assert!(!told.story.archive().join("avalaches.words").exists());
        for text in &texts {
            let path = format!("{}:expunged/{text}.json", id(footer));
            let tombstone: Value = serde_json::from_str(&told.story.git(&["cat-file", "-p", &path])).unwrap();
            assert_eq!(
                (&tombstone["blob"], &tombstone["note"]),
                (&text.as_str().into(), &WHY.into())
            );
            let line = before.iter().find(|line| line.starts_with(text)).unwrap();
            assert!(line.ends_with(&format!("blob {}", tombstone["bytes"])), "{line}");
        }
        let changed = told
            .story
            .git(&["show", "--format=%s%n%b", "--name-status", id(footer)]);
        assert!(
            changed.starts_with(&format!("expunge: {ARTICLE}\n{WHY}\n")),
            "{changed}"
        );
        assert_eq!(changed.matches("\nA\texpunged/").count(), 5, "{changed}");
        let said = told.story.yes(&["verify", "-q"]);
        assert!(
            said.starts_with("verified  4 revisions of 2 articles, content of 2 revisions withheld"),
            "{said}"
        );
        // Once more changes nothing.
        let tip = told.story.git(&["rev-parse", "main"]);
        told.story.yes(&told.both());
        assert_eq!(told.story.git(&["rev-parse", "main"]), tip);
    }
}

/// Puts a loose copy of an object beside its pack.
fn loosen(story: &Story, object: &str) {
    let other = tempfile::tempdir().unwrap();
    let run = |repository: &std::path::Path, arguments: &[&str], input: Stdio| {
        let mut command = git_command(repository, arguments);
        command.stdin(input).stdout(Stdio::piped()).spawn().unwrap()
    };
    archives::git(other.path(), &["init", "-q", "--bare"]);
    let mut content = run(&story.archive(), &["cat-file", "blob", object], Stdio::null());
    let written = run(
        other.path(),
        &["hash-object", "-w", "--stdin"],
        content.stdout.take().unwrap().into(),
    );
    let written = written.wait_with_output().unwrap();
    assert!(content.wait().unwrap().success());
    assert_eq!(String::from_utf8_lossy(&written.stdout).trim_end(), object);
    let path = format!("objects/{}/{}", &object[..2], &object[2..]);
    let place = story.archive().join(&path);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::copy(other.path().join(&path), place).unwrap();
}

#[test]
fn every_answer_says_that_the_text_is_withheld_and_the_text_itself_still_proves() {
    let told = Expunged::retracted();
    let (first, second) = (told.first.as_str(), told.second.as_str());
    told.story.yes(&told.both());
    let verify = |thing: &str| {
        let output = told.story.run(&["verify", thing, "--json"]);
        let answer = json(&output)["answers"][0].clone();
        (
            output.status.code().unwrap(),
            answer["verdict"].as_str().unwrap().to_owned(),
            answer,
        )
    };
    let (code, verdict, answer) = verify(first);
    assert_eq!((code, verdict.as_str()), (1, "withheld"));
    assert_eq!(answer["revision"]["footer"], first);
    let withheld = answer["withheld"].as_array().unwrap();
    let files: Vec<&str> = withheld
        .iter()
        .map(|file| file["file"].as_str().unwrap())
        .collect();
    assert_eq!(files, ["en.md", "page.txt", "zh.md"]);
    assert!(
        withheld
            .iter()
            .all(|file| file["note"] == WHY && file["signature"]["answer"] == "good")
    );
    assert_eq!(answer["superseded_by"].as_array().unwrap().len(), 2);
    assert!(
        answer["reasons"][0]
            .as_str()
            .unwrap()
            .starts_with("content withheld, identity intact")
    );
    assert_eq!(verify(id(first)).1, "withheld");
    assert_eq!(verify(&format!("{ARTICLE}@2")).1, "withheld");
    assert_eq!(verify(&first.replace("Thursday", "Friday")).1, "misdated");

    let page = |text: &str, footer: &str| {
        told.story
            .write("page.txt", format!("← 返回 Avalaches\n\n{text}\n{footer}"));
        verify("page.txt")
    };
    let (code, verdict, answer) = page(FIRST, first);
    assert_eq!((code, verdict.as_str()), (0, "superseded"), "{answer}");
    assert_eq!(page(SECOND, second).1, "superseded");
    let (code, verdict, answer) = page(SECOND, first);
    assert_eq!((code, verdict.as_str()), (1, "altered"));
    assert_eq!(answer["same_text"][0]["footer"], second, "{answer}");
    assert_eq!(page(FIRST, &first.replace("22", "21")).1, "misdated");
    let swhid = told
        .texts()
        .iter()
        .map(|text| format!("swh:1:cnt:{text}"))
        .find_map(|swhid| {
            let (code, verdict, _) = verify(&swhid);
            (code == 1 && verdict == "withheld").then_some(swhid)
        });
    assert!(swhid.is_some(), "a page's text has its name still");

    for arguments in [
        &["show", first][..],
        &["diff", first, second],
        &["restore", ARTICLE, "--note", "Back."],
    ] {
        let output = told.story.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said.contains("its content is withheld"), "{arguments:?}: {said}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("王某"));
    }
    let history: Value = serde_json::from_str(&told.story.yes(&["history", ARTICLE, "--json"])).unwrap();
    let withheld = history["revisions"].as_array().unwrap().iter();
    let withheld: Vec<usize> = withheld
        .map(|revision| revision["withheld"].as_array().unwrap().len())
        .collect();
    assert_eq!(withheld, [0, 3, 3]);
    assert!(told.story.yes(&["history", ARTICLE]).contains(WHY));
    assert!(told.story.yes(&["blame", ARTICLE]).contains("of revision 3"));
    assert!(told.story.yes(&["list"]).contains(ARTICLE));
    for way in [
        &["verify", "--quote", "王某收了钱"][..],
        &["verify", "--quote", "王某收了钱", "--scan"],
    ] {
        let output = told.story.run(way);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
    }
    told.story.yes(&["reindex"]);
    assert!(told.story.yes(&["list", "--author", "Desk"]).contains(ARTICLE));
    let audit = told.story.yes(&["audit", "--json"]);
    let audit: Value = serde_json::from_str(&audit).unwrap();
    let codes = audit["findings"].as_array().unwrap().iter();
    let codes: Vec<&str> = codes.map(|finding| finding["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["content-withheld", "content-withheld"], "{audit}");
    let publishes: u64 = audit["months"]
        .as_array()
        .unwrap()
        .iter()
        .map(|month| month["publish"].as_u64().unwrap())
        .sum();
    assert_eq!(publishes, 2, "a withheld revision is counted");
}

#[test]
fn what_may_not_go_or_nobody_whose_key_counts_says_so_changes_nothing() {
    let told = Expunged::standing();
    let (first, second) = (told.first.as_str(), told.second.as_str());
    told.refused(
        &["expunge", second, "--note", WHY, "--sign=key"],
        "the newest revision of an article shows this text",
    );
    told.refused(&["expunge", first, "--note", WHY], "no key to sign with is named");
    told.refused(
        &["expunge", first, "--note", WHY, "--no-sign"],
        "--no-sign is said",
    );
    told.refused(&["expunge", first, "--note", WHY, "--sign=other"], "untrusted");
    told.refused(
        &["expunge", first, "--note", "a\nb", "--sign=key"],
        "not one line",
    );
    told.refused(
        &["expunge", "2026/01/22/none@1", "--note", WHY, "--sign=key"],
        "has no revision 1",
    );
    told.refused(&["expunge", first, "--sign=key"], "--note");
    let settings = told.story.git(&["rev-list", "main", "--grep=^signers"]);
    told.refused(
        &["expunge", &settings, "--note", WHY, "--sign=key"],
        "is about the archive's settings",
    );
    // A commit that the branch does not lead to.
    let tip = told.story.git(&["rev-parse", "main"]);
    let detached = told.story.add("d.txt", "Detached.\n", &["--slug", "detached"]);
    told.story.git(&["update-ref", "refs/heads/main", &tip]);
    fs::remove_file(told.story.archive().join("avalaches.branch")).unwrap();
    told.refused(
        &["expunge", &detached, "--note", WHY, "--sign=key"],
        "is not in the branch's history",
    );
    let plan = told
        .story
        .yes(&["expunge", first, "--note", WHY, "--dry-run", "--json"]);
    let plan: Value = serde_json::from_str(&plan).unwrap();
    assert_eq!(plan["withheld"].as_array().unwrap().len(), 2, "{plan}");
    assert_eq!(told.story.git(&["rev-parse", "main"]), tip);
    let busy = fs::File::create(told.story.archive().join("avalaches.maintain.lock")).unwrap();
    rustix::fs::flock(&busy, rustix::fs::FlockOperation::LockExclusive).unwrap();
    told.refused(
        &["expunge", first, "--note", WHY, "--sign=key"],
        "another program maintains",
    );
}

#[test]
fn a_text_that_a_newest_revision_shows_stays_and_is_told_of() {
    let told = Expunged::standing();
    let output = told
        .story
        .run(&["expunge", &told.first, "--note", WHY, "--sign=key"]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains(&format!(
            "articles/{ARTICLE}/en.md stays: {} shows it",
            told.second
        )),
        "{said}"
    );
    assert!(said.contains("another text of the article stays"), "{said}");
    assert!(
        said.contains("stays in the commit's message: publish: 桥"),
        "{said}"
    );
    assert_eq!(missing(&told.story).len(), 2, "the page and the Chinese text");
    told.story.yes(&["verify", "-q"]);
    assert!(told.story.yes(&["show", ARTICLE]).contains("Wang took money"));
    assert!(told.story.yes(&["blame", ARTICLE]).contains("of revision 2"));
    let quoted = told
        .story
        .yes(&["verify", "--quote", "Wang took money", "--json"]);
    let quoted: Value = serde_json::from_str(&quoted).unwrap();
    assert!(quoted.to_string().contains(id(&told.second)) && !quoted.to_string().contains(id(&told.first)));
}

#[test]
fn metadata_go_where_that_is_said() {
    let told = Expunged::retracted();
    told.story.yes(&[&told.both()[..], &["--metadata"]].concat());
    assert_eq!(missing(&told.story).len(), 7);
    told.story.yes(&["verify", "-q"]);
    told.story.yes(&["reindex"]);
    assert!(told.story.yes(&["list"]).contains(ARTICLE));
    assert!(
        told.story
            .yes(&["history", ARTICLE])
            .contains("article.json, en.md, page.txt, zh.md")
    );
    let title = told.story.yes(&["show", ARTICLE]);
    assert!(title.contains("本文已撤回"));
}

#[test]
fn nobody_brings_the_text_back() {
    let told = Expunged::retracted();
    told.story.yes(&told.both());
    let tip = told.story.git(&["rev-parse", "main"]);
    let again = ["add", "a.txt", "--slug", "again", "--date", "2026-01-22"];
    told.refused(&again, "the archive withholds this text");
    let output = told.story.run(&["import", "a.txt", "o.txt"]);
    assert_ne!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(told.story.git(&["rev-parse", "main"]), tip);
    // Plain git can: nobody is shown it, and it is told of and dropped again.
    let text = told.texts().into_iter().next().unwrap();
    let whole = Expunged::retracted();
    assert_eq!(whole.texts(), told.texts());
    let file = told.story.folder.path().join("content");
    let content = git_command(&whole.story.archive(), &["cat-file", "blob", &text])
        .output()
        .unwrap();
    fs::write(&file, content.stdout).unwrap();
    let written = told
        .story
        .git(&["hash-object", "-w", "--no-filters", file.to_str().unwrap()]);
    assert_eq!(written, text);
    let output = told.story.run(&["verify"]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 withheld content is still in the store"));
    assert_eq!(told.story.run(&["show", &told.first]).status.code(), Some(2));
    told.story.yes(&["maintain"]);
    assert_eq!(missing(&told.story), told.texts());
}

/// The calls by which something can be half done.
const CALLS: [&str; 7] = ["write", "fsync", "rename", "mkdir", "unlink", "rmdir", "flock"];

fn strace(told: &Expunged, options: &[&str]) -> Output {
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq"])
        .args(options)
        .arg(env!("CARGO_BIN_EXE_avalaches"))
        .args(told.both())
        .current_dir(told.story.folder.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", told.story.folder.path())
        .env("SOURCE_DATE_EPOCH", "1769140800");
    command.output().unwrap()
}

/// Does a fault at every call and returns how many there were, and in how many the text was withheld after it.
fn at_every_call(fault: &str) -> (usize, usize) {
    let told = Expunged::retracted();
    told.story.git(&["repack", "-adq"]);
    let texts = told.texts();
    let trace = told.story.folder.path().join("trace");
    let calls = CALLS.join(",");
    let undisturbed = told.again();
    let output = strace(
        &undisturbed,
        &["-o", trace.to_str().unwrap(), "-e", &format!("trace={calls}")],
    );
    assert!(output.status.success(), "{output:?}");
    let trace = fs::read_to_string(trace).unwrap();
    let (mut faults, mut withheld) = (0, 0);
    for call in CALLS {
        let count = trace
            .lines()
            .filter(|line| line.contains(&format!(" {call}(")))
            .count();
        for number in 1..=count {
            let told = told.again();
            let inject = format!("inject={call}:{fault}:when={number}");
            let output = strace(
                &told,
                &["-o", "/dev/null", "-e", &format!("trace={calls}"), "-e", &inject],
            );
            let at = format!("{fault} at {call} {number}: {output:?}");
            let verify = told.story.run(&["verify", "-q"]);
            assert!(verify.status.success(), "{at}: {verify:?}");
            let verdict = told.story.run(&["verify", "-q", &told.first]);
            let verdict = String::from_utf8(verdict.stdout).unwrap();
            told.story.yes(&["maintain", "-q"]);
            if verdict.starts_with("withheld") {
                withheld += 1;
                assert_eq!(missing(&told.story), texts, "{at}");
                assert!(!told.story.archive().join("avalaches.words").exists(), "{at}");
            } else {
                assert!(verdict.starts_with("superseded"), "{at}: {verdict}");
                assert!(!output.status.success(), "{at}: done, and nothing is withheld");
                assert_eq!(missing(&told.story), BTreeSet::new(), "{at}");
            }
            told.story.yes(&["verify", "-q"]);
            faults += 1;
        }
    }
    (faults, withheld)
}

#[test]
fn a_kill_or_an_error_at_any_call_leaves_the_text_as_it_was_or_withheld() {
    if Command::new("strace").arg("-V").output().is_err() {
        println!("skipped: there is no strace here");
        return;
    }
    for fault in ["signal=KILL", "error=EIO"] {
        let (faults, withheld) = at_every_call(fault);
        println!("{fault}: {faults} faults, after {withheld} of them the text is withheld");
        assert!(
            faults > 40 && withheld > 10 && withheld < faults,
            "{faults} {withheld}"
        );
    }
}
