//! Content that is dropped for good: gone from the store, withheld in every answer, and every id as it was.

#[path = "support/archives.rs"]
mod archives;
#[path = "support/folders.rs"]
mod folders;
#[path = "support/signed.rs"]
mod signed;
#[path = "support/strace.rs"]
#[allow(dead_code, reason = "other stories count otherwise")]
mod strace;
#[path = "support/tree.rs"]
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use archives::{Story, git_command};
use avalaches::archive::{Archive, Owner};
use avalaches::article::content_sha256;
use avalaches::id::CommitId;
use avalaches::listing;
use avalaches::query::Query;
use avalaches::search::{self, InMemory};
use avalaches::storage::words_file::WordsFile;
use avalaches::verify::whole;
use avalaches::withheld::Kept;
use folders::copy;
use serde_json::Value;
use signed::{Signed, id};
use strace::Traced;

const FIRST: &str = "桥今天开通。王某收了钱。\n\nThe bridge opens today. Wang took money.\n";
const SECOND: &str = "桥今天开通。王某没有收钱。\n\nThe bridge opens today. Wang took money.\n";
const WHY: &str = "法院判决 2026 京 01 号";
const ARTICLE: &str = "2026/01/22/bridge";

/// A story of an article with a text, a correction that keeps the English, and a retraction; and another article. One
/// key counts, whose file is `key`; another, `other`, does not.
struct Expunged {
    signed: Signed,
    first: String,
    second: String,
}

impl Expunged {
    /// Has the article, which is not retracted yet.
    fn standing() -> Self {
        let signed = Signed::begin();
        for name in ["key", "other"] {
            signed.key(name, &["ed25519"], "");
        }
        let story = &signed.story;
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
        Self {
            signed,
            first,
            second,
        }
    }

    fn retracted() -> Self {
        let expunged = Self::standing();
        expunged
            .signed
            .story
            .yes(&["retract", ARTICLE, "--note", "没有依据。"]);
        expunged
    }

    fn again(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(self.signed.story.folder.path(), folder.path());
        for key in ["key", "other"] {
            let key = folder.path().join(key);
            fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        }
        Self {
            signed: Signed {
                story: Story { folder },
            },
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
                let listed = self.signed.story.git(&["ls-tree", &path]);
                let texts = listed.lines().filter(|line| !line.ends_with("article.json"));
                texts.map(|line| line[12..52].to_owned()).collect::<Vec<_>>()
            })
            .collect()
    }

    fn refused(&self, arguments: &[&str], why: &str) {
        let said = self.signed.refused(self.signed.story.program(arguments));
        assert!(said.contains(why), "{arguments:?}: {said}");
    }

    /// Puts a commit on the branch as an attacker with git would, who adds a file at the root: a tombstone.
    fn forge(&self, path: &str, tombstone: &str, options: &[&str]) -> String {
        let git = |arguments: &[&str], stdin: &str| self.signed.given(arguments, stdin);
        let blob = git(&["hash-object", "-w", "--stdin"], tombstone);
        let folder = git(&["mktree", "--missing"], &format!("100644 blob {blob}\t{path}\n"));
        let listed = git(&["ls-tree", "main"], "");
        let root = git(
            &["mktree", "--missing"],
            &format!("{listed}\n040000 tree {folder}\texpunged\n"),
        );
        let message = format!("expunge: {ARTICLE}\n\n{WHY}\n\nArchive-Format: 1\n");
        let commit = [options, &["commit-tree", "-p", "main", &root]].concat();
        let commit = if options.is_empty() {
            commit
        } else {
            [commit, vec!["-S"]].concat()
        };
        let commit = git(&commit, &message);
        git(&["update-ref", "refs/heads/main", &commit], "");
        commit
    }

    /// Puts a new article on the branch as an attacker with git would: the first revision's files, of which some are others,
    /// under a commit like its own, in which something is replaced.
    fn copy_article(&self, others: &[(&str, &str)], replaced: &[(&str, &str)]) -> String {
        let story = &self.signed.story;
        let git = |arguments: &[&str]| archives::git_reading(&story.archive(), arguments, "");
        git(&["read-tree", "main"]);
        let listed = story.git(&["ls-tree", &format!("{}:articles/{ARTICLE}", id(&self.first))]);
        let mut files = BTreeMap::new();
        for line in listed.lines() {
            let (mut blob, name) = (line[12..52].to_owned(), &line[53..]);
            if let Some((_, text)) = others.iter().find(|(other, _)| *other == name) {
                blob = self.signed.given(&["hash-object", "-w", "--stdin"], text);
            }
            let entry = format!("100644,{blob},articles/2026/01/22/again/{name}");
            git(&["update-index", "--add", "--cacheinfo", &entry]);
            let bytes = git_command(&story.archive(), &["cat-file", "blob", &blob]).output();
            files.insert(name.to_owned(), bytes.unwrap().stdout);
        }
        let body = story.git(&["cat-file", "commit", id(&self.first)]);
        let (_, rest) = body.split_once("\nauthor ").unwrap();
        let (before, sum) = rest.split_once("Content-SHA256: ").unwrap();
        let rest = format!("{before}Content-SHA256: {}{}", content_sha256(&files), &sum[64..]);
        let mut rest = rest.replace(&format!("{ARTICLE}\n"), "2026/01/22/again\n");
        for (from, to) in replaced {
            assert!(rest.contains(from), "{from} in {rest}");
            rest = rest.replace(from, to);
        }
        let (tree, parent) = (git(&["write-tree"]), self.signed.tip());
        let commit = format!("tree {tree}\nparent {parent}\nauthor {rest}\n");
        let commit = self
            .signed
            .given(&["hash-object", "-t", "commit", "-w", "--stdin"], &commit);
        story.git(&["update-ref", "refs/heads/main", &commit]);
        commit
    }

    /// Returns the options by which git signs with a key.
    fn signs(&self, key: &str) -> [String; 4] {
        let key = format!("user.signingkey={}", self.signed.path(key).display());
        ["-c", "gpg.format=ssh", "-c", &key].map(ToOwned::to_owned)
    }

    /// Returns the verdict on something.
    fn verdict(&self, thing: &str) -> String {
        let output = self.signed.story.run(&["verify", thing, "--json"]);
        let answer = json(&output)["answers"][0].take();
        answer["verdict"].as_str().unwrap().to_owned()
    }

    /// Deletes the loose object of a text and returns its tombstone.
    fn lose(&self, text: &str) -> String {
        let tombstone = self.tombstone(text);
        let objects = self.signed.story.archive().join("objects");
        fs::remove_file(objects.join(&text[..2]).join(&text[2..])).unwrap();
        tombstone
    }

    /// Returns the tombstone of a text, as this program writes it for the first revision's page.
    fn tombstone(&self, text: &str) -> String {
        let bytes = self.signed.story.git(&["cat-file", "-s", text]);
        let first = id(&self.first);
        format!(
            "{{\n  \"blob\": \"{text}\",\n  \"bytes\": {bytes},\n  \"note\": \"{WHY}\",\n  \"paths\": [\n    \
             \"articles/{ARTICLE}/page.txt\"\n  ],\n  \"revisions\": [\n    \"{first}\"\n  ]\n}}\n"
        )
    }

    /// Returns the codes of the errors that an audit finds.
    fn errors(&self) -> BTreeSet<String> {
        let output = self.signed.story.run(&["audit", "--json"]);
        let findings = json(&output)["findings"].as_array().unwrap().clone();
        let errors = findings.iter().filter(|finding| finding["severity"] == "error");
        errors
            .map(|finding| finding["code"].as_str().unwrap().to_owned())
            .collect()
    }
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
fn a_line_of_an_import_whose_text_is_withheld_is_known_again() {
    let expunged = Expunged::retracted();
    let story = &expunged.signed.story;
    story.yes(&expunged.both());
    let line = serde_json::json!({
        "date": "2026-01-23", "article": ARTICLE, "kind": "correction", "note": "没有收钱。", "page": SECOND,
        "title": {"zh": "桥", "en": "Bridge"},
    });
    let mut kept = line.clone();
    kept.as_object_mut().unwrap().remove("title");
    for line in [line, kept] {
        story.write("lines.jsonl", line.to_string());
        let said = story.yes(&["import", "lines.jsonl"]);
        assert!(
            said.contains("imported  0 revisions") && said.contains("1 in the archive already"),
            "{said}"
        );
    }
}

#[test]
fn the_text_is_gone_from_the_store_wherever_it_lay_and_every_id_is_as_it_was() {
    let told = Expunged::retracted();
    told.signed.story.yes(&["verify", "--quote", "王某"]);
    told.signed.story.yes(&["search", "王某", "--all-revisions"]);
    for store in ["loose", "packed", "kept", "twice"] {
        let told = told.again();
        let pack = told.signed.story.archive().join("objects/pack");
        if store != "loose" {
            told.signed.story.git(&["repack", "-adq"]);
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
            loosen(&told.signed.story, &text);
        }
        let (before, texts) = (objects(&told.signed.story), told.texts());
        let history = told.signed.story.git(&["rev-list", "main"]);
        assert_eq!(texts.len(), 5, "two pages, two Chinese texts, one English one");
        let footer = told.signed.story.yes(&told.both());
        let footer = footer.lines().next().unwrap();
        assert_eq!(missing(&told.signed.story), texts, "{store}");
        let gone: BTreeSet<String> = before
            .difference(&objects(&told.signed.story))
            .map(|line| line[..40].to_owned())
            .collect();
        assert_eq!(gone, texts, "{store}: nothing else is gone");
        let now = told.signed.story.git(&["rev-list", "main"]);
        assert_eq!(now, format!("{}\n{history}", id(footer)), "{store}");
        for file in ["avalaches.words", "avalaches.search"] {
            assert!(!told.signed.story.archive().join(file).exists(), "{file}");
        }
        for text in &texts {
            let path = format!("{}:expunged/{text}.json", id(footer));
            let tombstone: Value =
                serde_json::from_str(&told.signed.story.git(&["cat-file", "-p", &path])).unwrap();
            assert_eq!(
                (&tombstone["blob"], &tombstone["note"]),
                (&text.as_str().into(), &WHY.into())
            );
            let line = before.iter().find(|line| line.starts_with(text)).unwrap();
            assert!(line.ends_with(&format!("blob {}", tombstone["bytes"])), "{line}");
        }
        let changed = told
            .signed
            .story
            .git(&["show", "--format=%s%n%b", "--name-status", id(footer)]);
        assert!(
            changed.starts_with(&format!("expunge: {ARTICLE}\n{WHY}\n")),
            "{changed}"
        );
        assert_eq!(changed.matches("\nA\texpunged/").count(), 5, "{changed}");
        let said = told.signed.story.yes(&["verify", "-q"]);
        assert!(
            said.starts_with("verified  4 revisions of 2 articles, content of 2 revisions withheld"),
            "{said}"
        );
        // Once more changes nothing.
        let tip = told.signed.story.git(&["rev-parse", "main"]);
        told.signed.story.yes(&told.both());
        assert_eq!(told.signed.story.git(&["rev-parse", "main"]), tip);
    }
}

#[test]
fn nobody_who_still_writes_what_texts_are_found_by_puts_a_withheld_one_there() {
    let told = Expunged::retracted();
    let story = &told.signed.story;
    story.yes(&["verify", "--quote", "王某"]);
    story.yes(&["search", "--all-revisions", "王某"]);
    let path = story.archive();
    let before = Archive::open(&path, Owner::Caller).unwrap();
    let (whole, texts) = (told.again(), told.texts());
    for file in ["avalaches.words.new", "avalaches.search.new"] {
        fs::write(path.join(file), "what a writer left that was killed").unwrap();
    }
    // A writer that takes longer than it is waited for.
    let writing = WordsFile::lock(&path, Duration::ZERO).unwrap();
    let output = story.run(&told.both());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("avalaches.words is still being written"), "{said}");
    assert!(said.contains("and its bytes are still in the store"), "{said}");
    assert!(said.contains("avalaches maintain"), "{said}");
    let output = story.run(&["maintain"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("hint: wait until"),
        "{said}"
    );
    assert_eq!(missing(story), BTreeSet::new());
    drop(writing);
    story.yes(&["maintain"]);
    assert_eq!(missing(story), texts);
    let left = || {
        let names = fs::read_dir(&path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names
            .filter(|name| (name.contains("words") || name.contains("search")) && !name.ends_with("-lock"))
            .collect::<Vec<_>>()
    };
    assert_eq!(left(), Vec::<String>::new());
    // Who opened the archive before, and reads the texts before they are dropped.
    for text in &texts {
        let object = format!("objects/{}/{}", &text[..2], &text[2..]);
        fs::create_dir_all(path.join(&object).parent().unwrap()).unwrap();
        fs::copy(whole.signed.story.archive().join(&object), path.join(&object)).unwrap();
    }
    let wanted = search::Wanted {
        chosen: listing::Wanted::default(),
        article: None,
        revisions: search::Revisions::Every,
        order: search::Order::Relevance,
    };
    let query = Query::parse("王某").unwrap();
    let found = search::find(&before, &query, &wanted, &InMemory::default(), &mut |_| {
        ControlFlow::Continue(())
    });
    assert!(
        !found.unwrap().hits.is_empty(),
        "it is as it was when it was opened"
    );
    assert_eq!(left(), Vec::<String>::new());
}

/// Puts a loose copy of an object beside its pack.
fn loosen(story: &Story, object: &str) {
    let other = tempfile::tempdir().unwrap();
    archives::git(other.path(), &["init", "-q", "--bare"]);
    loosen_into(story, object, other.path());
    let path = format!("objects/{}/{}", &object[..2], &object[2..]);
    let place = story.archive().join(&path);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::copy(other.path().join(&path), place).unwrap();
}

/// Puts a loose copy of an object into another repository.
fn loosen_into(story: &Story, object: &str, other: &Path) {
    let run = |repository: &Path, arguments: &[&str], input: Stdio| {
        let mut command = git_command(repository, arguments);
        command.stdin(input).stdout(Stdio::piped()).spawn().unwrap()
    };
    let mut content = run(&story.archive(), &["cat-file", "blob", object], Stdio::null());
    let written = run(
        other,
        &["hash-object", "-w", "--stdin"],
        content.stdout.take().unwrap().into(),
    );
    let written = written.wait_with_output().unwrap();
    assert!(content.wait().unwrap().success());
    assert_eq!(String::from_utf8_lossy(&written.stdout).trim_end(), object);
}

#[test]
fn every_answer_says_that_the_text_is_withheld_and_the_text_itself_still_proves() {
    let told = Expunged::retracted();
    let (first, second) = (told.first.as_str(), told.second.as_str());
    told.signed.story.yes(&told.both());
    let verify = |thing: &str| {
        let output = told.signed.story.run(&["verify", thing, "--json"]);
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
        told.signed
            .story
            .write("page.txt", format!("← 返回 Avalaches\n\n{text}\n{footer}"));
        verify("page.txt")
    };
    let (code, verdict, answer) = page(FIRST, first);
    assert_eq!((code, verdict.as_str()), (0, "superseded"), "{answer}");
    assert_eq!(page(SECOND, second).1, "superseded");
    let (code, verdict, answer) = page(SECOND, first);
    assert_eq!((code, verdict.as_str()), (1, "altered"));
    assert_eq!(answer["same_text"][0]["footer"], second, "{answer}");
    assert_eq!(
        page(
            FIRST,
            &first.replace("2026-01-22 (Thursday)", "2026-01-21 (Wednesday)")
        )
        .1,
        "misdated"
    );
    let swhid = told
        .texts()
        .iter()
        .map(|text| format!("swh:1:cnt:{text}"))
        .find_map(|swhid| {
            let (code, verdict, _) = verify(&swhid);
            (code == 1 && verdict == "withheld").then_some(swhid)
        });
    assert!(swhid.is_some(), "a page's text has its name still");
}

#[test]
fn no_command_shows_what_is_withheld_and_history_list_and_audit_tell_of_it() {
    let told = Expunged::retracted();
    let (first, second) = (told.first.as_str(), told.second.as_str());
    told.signed.story.yes(&told.both());
    let numbered = format!("{ARTICLE}@1");
    for (arguments, words) in [
        (&["show", first][..], WHY),
        (&["diff", first, second], WHY),
        (&["blame", &numbered], WHY),
        (
            &["restore", ARTICLE, "--note", "Back."],
            "what was expunged cannot come back",
        ),
    ] {
        let output = told.signed.story.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert!(!String::from_utf8_lossy(&output.stdout).contains("王某"));
    }
    let history: Value =
        serde_json::from_str(&told.signed.story.yes(&["history", ARTICLE, "--json"])).unwrap();
    let withheld = history["revisions"].as_array().unwrap().iter();
    let withheld: Vec<usize> = withheld
        .map(|revision| revision["withheld"].as_array().unwrap().len())
        .collect();
    assert_eq!(withheld, [0, 3, 3]);
    assert!(told.signed.story.yes(&["history", ARTICLE]).contains(WHY));
    assert!(
        told.signed
            .story
            .yes(&["blame", ARTICLE])
            .contains("of revision 3")
    );
    assert!(told.signed.story.yes(&["list"]).contains(ARTICLE));
    for way in [
        &["verify", "--quote", "王某收了钱"][..],
        &["verify", "--quote", "王某收了钱", "--scan"],
        &["search", "王某收了钱", "--all-revisions"],
    ] {
        let output = told.signed.story.run(way);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        if way[0] == "verify" {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(
                said.contains("the text of 2 revisions is withheld and was not searched"),
                "{said}"
            );
            let output = told.signed.story.run(&[way, &["--json"]].concat());
            assert_eq!(json(&output)["withheld"], 2);
        }
    }
    told.signed.story.yes(&["reindex"]);
    assert!(
        told.signed
            .story
            .yes(&["list", "--author", "Desk"])
            .contains(ARTICLE)
    );
    let audit = told.signed.story.yes(&["audit", "--json"]);
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
fn a_retraction_whose_notice_was_expunged_elsewhere_is_said_in_other_words() {
    let told = Expunged::standing();
    let story = &told.signed.story;
    story.add(
        "p.txt",
        "Another page of its own.\n",
        &["--slug", "other", "--date", "2026-01-22"],
    );
    let note = "Wang did not say so.";
    let notice = story.yes(&["retract", "2026/01/22/own", "--note", note]);
    story.yes(&["restore", "2026/01/22/own", "--note", "He did."]);
    story.yes(&["expunge", notice.trim(), "--note", WHY, "--sign=key"]);
    let arguments = ["retract", "2026/01/22/other", "--note", note];
    told.refused(&arguments, "the archive withholds this text, or a part of it");
    told.refused(&arguments, "say why in others, with --note");
    story.yes(&["retract", "2026/01/22/other", "--note", "It was not said."]);
    story.write("a.txt", FIRST);
    story.yes(&["expunge", &told.first, "--note", WHY, "--sign=key"]);
    told.refused(
        &["add", "a.txt", "--slug", "again"],
        "only another text can be added",
    );
}

#[test]
fn a_site_shows_withheld_texts_nowhere_and_says_why_in_pages_and_feeds() {
    let told = Expunged::standing();
    let story = &told.signed.story;
    story.yes(&["settings", "--base-url", "https://example.org"]);
    story.yes(&["build", "site"]);
    let site = story.folder.path().join("site");
    let shown = |text: &str| -> BTreeSet<String> {
        let files = tree::files(&site).into_iter();
        let has = |bytes: &[u8]| memchr::memmem::find(bytes, text.as_bytes()).is_some();
        files
            .filter(|(_, bytes)| has(bytes))
            .map(|(name, _)| name)
            .collect()
    };
    let page = |number: u32| format!("{ARTICLE}/r{number}.html");
    assert!(shown("王某收了钱").contains(&page(1)));
    story.yes(&["expunge", &told.first, "--note", WHY, "--sign=key"]);
    story.yes(&["build", "site"]);
    assert_eq!(shown("王某收了钱"), BTreeSet::new());
    let why = shown(WHY);
    for name in [page(1), format!("{ARTICLE}/history.html"), "feed.atom".to_owned()] {
        assert!(why.contains(&name), "{name}: {why:?}");
    }
    let feed = fs::read_to_string(site.join("feed.atom")).unwrap();
    let gone = |number: u32| {
        let gone = format!("<at:deleted-entry ref=\"tag:example.org,2026-01-22:{ARTICLE}/r{number}\"");
        feed.matches(&gone).count()
    };
    assert_eq!([gone(1), gone(2)], [1, 0], "{feed}");
    // From nothing it is built the same.
    let built = tree::files(&site);
    story.yes(&["build", "anew"]);
    assert_eq!(tree::files(&story.folder.path().join("anew")), built);
}

#[test]
fn a_text_that_a_mirror_has_too_goes_there_as_well() {
    let told = Expunged::retracted();
    let story = &told.signed.story;
    let other = tempfile::tempdir().unwrap();
    archives::git(other.path(), &["init", "-q", "--bare"]);
    let of = |arguments: &[&str]| archives::git(other.path(), arguments);
    let page = format!("{}:articles/{ARTICLE}/page.txt", id(&told.first));
    let text = story.git(&["rev-parse", &page]);
    loosen_into(story, &text, other.path());
    let tree = format!("100644 blob {text}\ta.txt\n");
    let tree = told
        .signed
        .given(&["--git-dir", other.path().to_str().unwrap(), "mktree"], &tree);
    let by = ["-c", "user.name=Lin", "-c", "user.email=lin@example.org"];
    let commit = of(&[&by[..], &["commit-tree", "-m", "a", &tree]].concat());
    of(&["update-ref", "HEAD", &commit]);
    story.yes(&["mirror", other.path().to_str().unwrap(), "other"]);
    story.yes(&told.both());
    story.yes(&["verify", "-q"]);
    let day = of(&[
        "show",
        "-s",
        "--date=format:%Y-%m-%d (%A)",
        "--format=%ad",
        &commit,
    ]);
    let verdict = |text: &str| {
        story.write("page.txt", format!("{text}\n{day} · {commit}"));
        let output = story.run(&["verify", "page.txt", "--json"]);
        json(&output)["answers"][0]["verdict"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(verdict(FIRST), "verified");
    assert_eq!(verdict(SECOND), "withheld");
    story.yes(&["signers", "revoke", "key.pub", "--note", "Lost."]);
    assert_eq!(verdict(FIRST), "corrupt");
    assert_eq!(verdict(SECOND), "corrupt");
}

#[test]
fn files_from_before_that_know_a_withheld_text_go_when_the_archive_is_maintained() {
    let told = Expunged::retracted();
    let story = &told.signed.story;
    let ask = || {
        story.run(&["verify", "--quote", "王某"]);
        story.run(&["search", "--all-revisions", "王某"]);
    };
    ask();
    let files = ["avalaches.words", "avalaches.search"].map(|name| story.archive().join(name));
    let read = || files.each_ref().map(|file| fs::read(file).unwrap());
    let before = read();
    story.yes(&told.both());
    for (file, bytes) in files.iter().zip(before) {
        fs::write(file, bytes).unwrap();
    }
    story.yes(&["maintain"]);
    assert!(files.iter().all(|file| !file.exists()));
    ask();
    let now = read();
    story.yes(&["maintain"]);
    assert!(read() == now, "they know nothing of it");
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
    let settings = told.signed.story.git(&["rev-list", "main", "--grep=^signers"]);
    told.refused(
        &["expunge", &settings, "--note", WHY, "--sign=key"],
        "is about the archive's settings",
    );
    // A commit that the branch does not lead to.
    let tip = told.signed.story.git(&["rev-parse", "main"]);
    let detached = told
        .signed
        .story
        .add("d.txt", "Detached.\n", &["--slug", "detached"]);
    told.signed.story.git(&["update-ref", "refs/heads/main", &tip]);
    fs::remove_file(told.signed.story.archive().join("avalaches.branch")).unwrap();
    told.refused(
        &["expunge", &detached, "--note", WHY, "--sign=key"],
        "is not in the branch's history",
    );
    let plan = told
        .signed
        .story
        .yes(&["expunge", first, "--note", WHY, "--dry-run", "--json"]);
    let plan: Value = serde_json::from_str(&plan).unwrap();
    assert_eq!(plan["withheld"].as_array().unwrap().len(), 2, "{plan}");
    assert_eq!(told.signed.story.git(&["rev-parse", "main"]), tip);
    let busy = fs::File::create(told.signed.story.archive().join("avalaches.maintain.lock")).unwrap();
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
        .signed
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
        said.contains("stays in the commit's message of 2026/01/22/bridge, revision 1: publish: 桥"),
        "{said}"
    );
    assert_eq!(
        missing(&told.signed.story).len(),
        2,
        "the page and the Chinese text"
    );
    told.signed.story.yes(&["verify", "-q"]);
    assert!(
        told.signed
            .story
            .yes(&["show", ARTICLE])
            .contains("Wang took money")
    );
    assert!(
        told.signed
            .story
            .yes(&["blame", ARTICLE])
            .contains("of revision 2")
    );
    let quoted = told
        .signed
        .story
        .yes(&["verify", "--quote", "Wang took money", "--json"]);
    let quoted: Value = serde_json::from_str(&quoted).unwrap();
    assert!(quoted.to_string().contains(id(&told.second)) && !quoted.to_string().contains(id(&told.first)));
    assert_eq!(quoted["articles"][0]["withheld"], 1);
}

#[test]
fn words_stand_since_the_revision_whose_text_is_there_whatever_else_of_it_is_withheld() {
    let told = Expunged::standing();
    let story = &told.signed.story;
    let own = "2026/01/22/own";
    story.yes(&["technical", own, "--title", "Better"]);
    story.yes(&[
        "expunge",
        &format!("{own}@1"),
        "--metadata",
        "--note",
        WHY,
        "--sign=key",
    ]);
    for options in [&[][..], &["--scan"]] {
        let quoted = story.yes(&[&["verify", "--quote", "page of its own", "--json"], options].concat());
        let quoted: Value = serde_json::from_str(&quoted).unwrap();
        let article = &quoted["articles"][0];
        assert_eq!((&article["since"], &article["until"]), (&1.into(), &2.into()));
        assert_eq!(article["withheld"], 0);
    }
    let quoted = story.yes(&["verify", "--quote", "page of its own", "-q"]);
    assert!(
        quoted.contains("since revision 1, and the newest, revision 2, has them\n"),
        "{quoted}"
    );
}

#[test]
fn a_revision_of_which_something_is_withheld_has_its_other_files_and_no_more() {
    let told = Expunged::retracted();
    let story = &told.signed.story;
    story.yes(&told.both());
    let git = |arguments: &[&str], stdin: &str| told.signed.given(arguments, stdin);
    let first = id(&told.first);
    let listed = story.git(&["ls-tree", &format!("{first}:articles/{ARTICLE}")]);
    let commit = story.git(&["cat-file", "commit", first]);
    let (_, rest) = commit.split_once("\nparent ").unwrap();
    let read = |listed: &str| {
        let mut tree = git(&["mktree", "--missing"], listed);
        for name in ["bridge", "22", "01", "2026", "articles"] {
            tree = git(&["mktree", "--missing"], &format!("040000 tree {tree}\t{name}\n"));
        }
        let commit = format!("tree {tree}\nparent {rest}\n");
        let commit = git(&["hash-object", "-t", "commit", "-w", "--stdin"], &commit);
        let archive = Archive::open(&story.archive(), Owner::Caller).unwrap();
        Kept::read(&archive, commit.parse().unwrap()).map_err(|error| error.to_string())
    };
    let Ok(Kept::Withheld(kept)) = read(&listed) else {
        panic!("nothing of it was changed")
    };
    assert!(kept.page_text.is_none() && kept.withheld.len() == 3, "{kept:?}");
    let own = |path: &str| story.git(&["rev-parse", &format!("main:articles/2026/01/22/own{path}")]);
    let stray = format!("{listed}\n100644 blob {}\tzz.txt", own("/page.txt"));
    let folder = format!("{listed}\n040000 tree {}\tzz", own(""));
    let without = |name: &str| {
        let lines = listed.lines().filter(|line| !line.ends_with(name));
        lines.collect::<Vec<_>>().join("\n")
    };
    for (listed, what) in [
        (stray, "zz.txt is no file that the trailer Languages accounts for"),
        (folder, "bridge/zz of commit"),
        (without("zh.md"), "bridge/zh.md of commit"),
        (without("page.txt"), "bridge/page.txt of commit"),
        (without("article.json"), "bridge/article.json of commit"),
    ] {
        let refused = read(&listed).unwrap_err();
        assert!(refused.contains(what), "{what}: {refused}");
    }
}

#[test]
fn metadata_go_where_that_is_said() {
    let told = Expunged::retracted();
    told.signed
        .story
        .yes(&[&told.both()[..], &["--metadata"]].concat());
    assert_eq!(missing(&told.signed.story).len(), 7);
    told.signed.story.yes(&["verify", "-q"]);
    told.signed.story.yes(&["reindex"]);
    assert!(told.signed.story.yes(&["list"]).contains(ARTICLE));
    assert!(
        told.signed
            .story
            .yes(&["history", ARTICLE])
            .contains("article.json, en.md, page.txt, zh.md")
    );
    let title = told.signed.story.yes(&["show", ARTICLE]);
    assert!(title.contains("本文已撤回"));
}

#[test]
fn what_stays_of_a_title_is_told_until_nothing_shows_it() {
    let told = Expunged::retracted();
    let story = &told.signed.story;
    let said = |arguments: &[&str]| {
        let output = story.run(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let tried = said(&[&told.both()[..], &["--dry-run"]].concat());
    let done = said(&told.both());
    for words in [
        "stays in the commit's message of 2026/01/22/bridge, revision 1: publish: 桥",
        "stays in the commit's message of 2026/01/22/bridge, revision 2: correction: 桥 (没有收钱。)",
        "stays in the commit's message of 2026/01/22/bridge, revision 3: retraction: 撤回：桥 (没有依据。)",
        "stays in article.json of 2026/01/22/bridge, revision 1: Bridge / 桥",
        "revision 3, which lists and feeds show: Retracted: Bridge / 撤回：桥",
        "hint: where the titles have to go, too: `avalaches retract ARTICLE --drop title",
    ] {
        assert!(
            tried.contains(words) && done.contains(words),
            "{words}: {tried}\n{done}"
        );
    }
    story.yes(&["retract", ARTICLE, "--drop", "title", "--note", "没有依据。"]);
    let third = story.git(&["rev-parse", "main~1"]);
    let third = story.git(&["log", "-1", "--format=%H", &format!("{third}^{{/retraction}}")]);
    let all = [&told.both()[..], &[&third, "--metadata"]].concat();
    let done = said(&all);
    assert!(!done.contains("article.json") && !done.contains("hint"), "{done}");
    assert!(done.contains("revision 3: retraction: 撤回：桥"), "{done}");
    story.yes(&["build", "site"]);
    let shown = story.program(&["search", "桥"]).output().unwrap();
    assert!(!String::from_utf8(shown.stdout).unwrap().contains('桥'));
    for page in ["index.html", "2026/01/22/bridge/r4.html"] {
        let page = fs::read_to_string(story.folder.path().join("site").join(page)).unwrap();
        assert!(!page.contains('桥'), "{page}");
    }
    story.yes(&["verify", "-q"]);
}

#[test]
fn nobody_brings_the_text_back() {
    let told = Expunged::retracted();
    told.signed.story.yes(&told.both());
    let tip = told.signed.story.git(&["rev-parse", "main"]);
    let again = ["add", "a.txt", "--slug", "again", "--date", "2026-01-22"];
    told.refused(&again, "the archive withholds this text");
    let output = told.signed.story.run(&["import", "a.txt", "o.txt"]);
    assert_ne!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(told.signed.story.git(&["rev-parse", "main"]), tip);
    // Plain git can: nobody is shown it, and it is told of and dropped again.
    let whole = Expunged::retracted();
    assert_eq!(whole.texts(), told.texts());
    let file = told.signed.path("content");
    for text in told.texts() {
        let content = git_command(&whole.signed.story.archive(), &["cat-file", "blob", &text]);
        fs::write(&file, { content }.output().unwrap().stdout).unwrap();
        let written = ["hash-object", "-w", "--no-filters", file.to_str().unwrap()];
        assert_eq!(told.signed.story.git(&written), text);
    }
    let output = told.signed.story.run(&["verify"]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("5 withheld contents are still in the store"));
    assert_eq!(
        told.signed.story.run(&["show", &told.first]).status.code(),
        Some(2)
    );
    told.signed.story.yes(&["maintain"]);
    assert_eq!(missing(&told.signed.story), told.texts());
}

/// Git completes what it brings by copies of what was here before: what a refused pull left has the text, too.
#[test]
fn what_was_brought_and_not_taken_goes_with_the_text() {
    let told = Expunged::standing();
    let story = &told.signed.story;
    let archive = story.archive();
    story.yes(&["clone", "-q", "archive", "copy"]);
    let long = |last: &str| {
        let lines = (0..200).map(|number| format!("Line {}.\n\n", number * 7919 % 1009));
        lines.collect::<String>() + last + "\n"
    };
    // Both go on from the same text, so that the other copy's is sent as what differs from it.
    story.write("long.txt", long("First."));
    let add = ["add", "-q", "long.txt", "--slug", "long", "--date", "2026-01-22"];
    let first = story.yes(&add);
    story.yes(&["--archive", "copy", "pull", "-q"]);
    story.write("long.txt", long("Second."));
    let update = ["update", "-q", "2026/01/22/long", "long.txt", "--note", "More."];
    story.yes(&[&["--archive", "copy"], &update[..]].concat());
    story.yes(&["retract", "-q", "2026/01/22/long", "--note", "No."]);
    let pull = || {
        let output = story.run(&["pull", "-q", "copy"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
    };
    pull();
    let packs = archive.join("avalaches.pulling/objects/pack");
    let left = [
        "objects/pack/tmp_pack_Ab1",
        "objects/00/tmp_obj_Ab1",
        "objects/tmp_objdir-incoming-Ab1/x",
    ];
    for name in left {
        fs::create_dir_all(archive.join(name).parent().unwrap()).unwrap();
        fs::write(archive.join(name), "").unwrap();
    }
    let files = fs::read_dir(&packs).unwrap().map(|entry| entry.unwrap().path());
    let indexes = files.filter(|path| path.extension().is_some_and(|ending| ending == "idx"));
    let brought: String = indexes
        .map(|index| story.git(&["verify-pack", "-v", index.to_str().unwrap()]))
        .collect();
    let folder = format!("{}:articles/2026/01/22/long", id(&first));
    let listed = story.git(&["ls-tree", &folder]);
    let mut texts = listed.lines().filter(|line| !line.ends_with("article.json"));
    assert!(
        texts.any(|line| brought.contains(&line[12..52])),
        "{listed}\n{brought}"
    );
    let expunge = ["expunge", first.trim_end(), "--note", WHY, "--sign=key"];
    // While another program's git is at work there, that is told.
    let lock = fs::File::options()
        .write(true)
        .open(archive.join("avalaches.pulling.lock"))
        .unwrap();
    lock.lock().unwrap();
    let output = story.run(&expunge);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("avalaches.pulling"), "{said}");
    assert!(packs.exists());
    lock.unlock().unwrap();
    let output = story.run(&["maintain"]);
    assert!(output.status.success(), "{output:?}");
    assert!(!packs.exists());
    // What git left in the store may be a running git's: it stays, and is told of.
    for said in [said, String::from_utf8(output.stderr).unwrap()] {
        for name in left {
            assert!(archive.join(name).exists());
            let told = name.trim_end_matches("/x");
            assert!(said.contains(told), "{told}: {said}");
        }
    }
}

/// Returns the options by which git signs with a key.
fn signed_by(key: &str) -> [&str; 4] {
    ["-c", "gpg.format=ssh", "-c", key]
}

#[test]
fn content_that_is_lost_is_not_withheld_because_somebody_says_so() {
    let told = Expunged::retracted();
    let page = format!("{}:articles/{ARTICLE}/page.txt", id(&told.first));
    let text = told.signed.story.git(&["rev-parse", &page]);
    let codes = |list: &[&str]| -> BTreeSet<String> { list.iter().map(ToString::to_string).collect() };
    let verdict = |told: &Expunged| {
        let output = told.signed.story.run(&["verify", &told.first, "--json"]);
        json(&output)["answers"][0]["verdict"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    // Nobody says so.
    let lost = told.again();
    lost.lose(&text);
    assert_eq!(lost.errors(), codes(&["object-missing"]));
    assert_eq!(verdict(&lost), "corrupt");
    // Somebody says so who signs nothing, or whose key does not count.
    let key = |name: &str| format!("user.signingkey={}", told.signed.path(name).display());
    let (good, other) = (key("key"), key("other"));
    let name = format!("{text}.json");
    for options in [&[][..], &signed_by(&other)] {
        let forged = told.again();
        let tombstone = forged.lose(&text);
        let commit = forged.forge(&name, &tombstone, options);
        assert!(forged.errors().contains("tombstone-unsigned"), "{options:?}");
        assert_eq!(verdict(&forged), "corrupt", "{options:?}");
        let output = forged.signed.story.run(&["verify"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stdout).contains(&commit));
    }
    // Who has the key, but writes no tombstone.
    let forged = told.again();
    let tombstone = forged.lose(&text).replace("\"note\": \"", "\"note\": \" ");
    forged.forge(&name, &tombstone, &signed_by(&good));
    assert_eq!(forged.errors(), codes(&["tombstone-form"]));
    assert_eq!(verdict(&forged), "corrupt");
    // The same in the right form, signed with a key that counts, is what this program does.
    let honest = told.again();
    let tombstone = honest.lose(&text);
    honest.forge(&name, &tombstone, &signed_by(&good));
    assert_eq!(honest.errors(), BTreeSet::new());
    assert_eq!(verdict(&honest), "withheld");
    honest.signed.story.yes(&["verify", "-q"]);
    // A key that is revoked later takes its word back.
    let revoke = ["signers", "revoke", "key.pub", "--note", "Lost."];
    let output = honest.signed.story.run(&revoke);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && said.contains(&honest.signed.story.git(&["rev-parse", "main^"])),
        "{said}"
    );
    let command = said.split('`').find(|part| part.starts_with("avalaches expunge"));
    let mends = format!("avalaches expunge --sign=KEY --note WHY {}", id(&honest.first));
    assert_eq!(command, Some(mends.as_str()), "{said}");
    let told = honest.signed.story.run(&["verify"]);
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains("with a key that counts and another note"), "{told}");
    assert!(honest.errors().contains("tombstone-unsigned"));
    assert_eq!(verdict(&honest), "corrupt");
    // And another one gives it anew.
    let again = |note: &str| {
        let of = ["expunge", &honest.first, "--note", note, "--sign=other"];
        honest.signed.story.program(&of)
    };
    honest
        .signed
        .story
        .yes(&["signers", "allow", "lin@example.org", "other.pub"]);
    let said = honest.signed.refused(again(WHY));
    assert!(said.contains("says the same of it already"), "{said}");
    assert!(again("法院判决，重新签名").status().unwrap().success());
    assert_eq!(honest.errors(), BTreeSet::new());
    assert_eq!(verdict(&honest), "withheld");
    honest.signed.story.yes(&["verify", "-q"]);
}

#[test]
fn what_git_cannot_pack_is_named_where_copies_are_made() {
    let told = Expunged::retracted();
    let story = &told.signed.story;
    story.yes(&told.both());
    let path = |name: &str| story.folder.path().join(name);
    archives::git(&path("empty"), &["init", "-q", "--bare", "-b", "main"]);
    let said = |arguments: &[&str], why: &str| {
        let output = story.run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        for what in [why, "copy the archive's folder"] {
            assert!(said.contains(what), "{arguments:?}: {said}");
        }
        assert!(
            !said.contains("corruption") && !said.contains("a rule that forbids"),
            "{said}"
        );
    };
    said(
        &["push", "empty"],
        "withheld, and git cannot pack what is not there",
    );
    said(&["clone", "archive", "copy"], "cannot pack what was asked for");
    assert!(!path("copy").exists());
    // A copy of the folder has what is needed, and takes what is new.
    copy(&path("archive"), &path("copy"));
    story.add("n.txt", "News.\n", &["--slug", "news"]);
    story.yes(&["push", "copy", "-q"]);
    story.yes(&["--archive", "copy", "verify", "-q"]);
    // A refusal for another reason is told as what it is.
    story.add("m.txt", "More news.\n", &["--slug", "more"]);
    fs::write(path("copy").join("refs/heads/main.lock"), "").unwrap();
    let output = story.run(&["push", "copy"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("a lock that a killed git left") && !said.contains("withheld"),
        "{said}"
    );
}

/// Does a fault at every call and returns how many there were, and in how many the text was withheld after it.
fn at_every_call(fault: &str) -> (usize, usize) {
    let told = Expunged::retracted();
    told.signed.story.git(&["repack", "-adq"]);
    let texts = told.texts();
    let expunge = Traced {
        arguments: &told.both(),
        calls: "write,fsync,rename,mkdir,unlink,flock",
    };
    let trace = expunge.trace(&told.again().signed.story);
    let (mut faults, mut withheld) = (0, 0);
    for (call, count) in expunge.counts_in(&trace) {
        // Most writes are of the staged objects, one like another.
        for number in (1..=count).step_by(if call == "write" { 4 } else { 1 }) {
            let told = told.again();
            let output = expunge.with(&told.signed.story, &format!("{call}:{fault}:when={number}"));
            let at = format!("{fault} at {call} {number}: {output:?}");
            let verify = told.signed.story.run(&["verify", "-q"]);
            assert!(verify.status.success(), "{at}: {verify:?}");
            let verdict = told.signed.story.run(&["verify", "-q", &told.first]);
            let verdict = String::from_utf8(verdict.stdout).unwrap();
            told.signed.story.yes(&["maintain", "-q"]);
            if verdict.starts_with("withheld") {
                withheld += 1;
                assert_eq!(missing(&told.signed.story), texts, "{at}");
                assert!(
                    !told.signed.story.archive().join("avalaches.words").exists(),
                    "{at}"
                );
            } else {
                assert!(verdict.starts_with("superseded"), "{at}: {verdict}");
                assert!(!output.status.success(), "{at}: done, and nothing is withheld");
                assert_eq!(missing(&told.signed.story), BTreeSet::new(), "{at}");
            }
            told.signed.story.yes(&["verify", "-q"]);
            faults += 1;
        }
    }
    (faults, withheld)
}

#[test]
fn a_kill_or_an_error_at_any_call_leaves_the_text_as_it_was_or_withheld() {
    if !strace::is_here() {
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

#[test]
fn a_page_that_is_left_of_a_revision_is_compared_and_a_lost_reason_is_none() {
    let told = Expunged::retracted();
    let story = &told.signed.story;
    let page = format!("{}:articles/{ARTICLE}", id(&told.first));
    let chinese = story.git(&["rev-parse", &format!("{page}/zh.md")]);
    let bytes = git_command(&story.archive(), &["cat-file", "blob", &chinese]).output();
    let bytes = bytes.unwrap().stdout;
    let tombstone = told.lose(&chinese).replace("/page.txt", "/zh.md");
    let good = format!("user.signingkey={}", told.signed.path("key").display());
    let name = format!("{chinese}.json");
    told.forge(&name, &tombstone, &signed_by(&good));
    let _ = fs::remove_file(story.archive().join("avalaches.branch"));
    let verify = |text: &str| {
        story.write("page.txt", format!("← 返回 Avalaches\n\n{text}\n{}", told.first));
        json(&story.run(&["verify", "page.txt", "--json"]))["answers"][0].take()
    };
    let answer = verify(FIRST);
    assert_eq!(answer["verdict"], "superseded", "{answer}");
    let answer = verify(SECOND);
    assert_eq!(answer["verdict"], "altered", "{answer}");
    let pieces = answer["changes"][0]["pieces"].to_string();
    assert!(pieces.contains("{\"added\":\"没有\"}"), "{pieces}");
    // One text, which plain git puts back, is told of as one.
    story.write("content", bytes);
    story.git(&[
        "hash-object",
        "-w",
        "--no-filters",
        told.signed.path("content").to_str().unwrap(),
    ]);
    let output = story.run(&["verify"]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("1 withheld content is still in the store"),
        "{said}"
    );
    // Whoever deletes the reason has not made it good.
    let lose = |object: &str| {
        let file = story
            .archive()
            .join("objects")
            .join(&object[..2])
            .join(&object[2..]);
        let bytes = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        (file, bytes)
    };
    let reason = story.git(&["rev-parse", &format!("main:expunged/{name}")]);
    let (file, bytes) = lose(&reason);
    let answer = verify(FIRST);
    assert_eq!(answer["verdict"], "corrupt", "{answer}");
    assert!(
        answer["reasons"][0].as_str().unwrap().contains(&reason),
        "{answer}"
    );
    fs::write(file, bytes).unwrap();
    assert_eq!(verify(FIRST)["verdict"], "superseded");
    // Nor does any key count where those that were revoked cannot be read.
    story.yes(&["signers", "revoke", "other.pub", "--note", "Never used."]);
    assert_eq!(verify(FIRST)["verdict"], "superseded");
    lose(&story.git(&["rev-parse", "main:revoked_keys"]));
    let answer = verify(FIRST);
    assert_eq!(answer["verdict"], "corrupt", "{answer}");
    assert_eq!(
        answer["withheld"][0]["signature"]["answer"], "unknown",
        "{answer}"
    );
}

#[test]
fn a_check_that_began_before_something_was_expunged_misses_nothing() {
    let expunged = Expunged::retracted();
    let story = &expunged.signed.story;
    let before = Archive::open(&story.archive(), Owner::Anyone).unwrap();
    story.yes(&expunged.both());
    let report = whole::check(&before, whole::Options::default(), &mut |_| {
        ControlFlow::Continue(())
    });
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    assert!(report.withheld.len() > 1, "{:?}", report.withheld);
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.contains("while this check ran"))
    );
}

#[test]
fn nothing_is_dropped_that_nobody_signed_for_or_that_the_tip_needs() {
    let told = Expunged::retracted();
    let blob = |of: &str| told.signed.story.git(&["rev-parse", of]);
    let page = blob(&format!("{}:articles/{ARTICLE}/page.txt", id(&told.first)));
    let settings = blob("main:avalaches.json");
    let shown = blob("main:articles/2026/01/22/own/page.txt");
    let good = told.signs("key");
    let other = told.signs("other");
    for (blob, options, why) in [
        (&page, None, ", which says that it was expunged, is unsigned"),
        (
            &page,
            Some(&other),
            ", which says that it was expunged, is untrusted",
        ),
        (&settings, None, "the newest commit has it as avalaches.json"),
        (
            &settings,
            Some(&good),
            "the newest commit has it as avalaches.json",
        ),
        (
            &shown,
            Some(&good),
            "the newest commit has it as articles/2026/01/22/own/en.md",
        ),
    ] {
        let forged = told.again();
        let story = &forged.signed.story;
        let options: Vec<&str> = options.into_iter().flatten().map(String::as_str).collect();
        forged.forge(&format!("{blob}.json"), &forged.tombstone(blob), &options);
        let before = objects(story);
        let output = story.run(&["maintain"]);
        assert!(output.status.success(), "{why}: {output:?}");
        assert_eq!(objects(story), before, "{why}");
        let said = String::from_utf8(output.stderr).unwrap();
        let stays = format!("{blob} has a tombstone and stays in the store: ");
        assert!(said.contains(&stays) && said.contains(why), "{why}: {said}");
        story.yes(&["settings"]);
        if *blob != shown {
            story.yes(&["list"]);
        }
    }
    // What an archive said about itself before, whatever the tombstone says of it.
    let older = told.again();
    let story = &older.signed.story;
    story.yes(&["settings", "--title", "Another title"]);
    let options: Vec<&str> = good.iter().map(String::as_str).collect();
    older.forge(&format!("{settings}.json"), &older.tombstone(&settings), &options);
    let before = objects(story);
    let output = story.run(&["maintain"]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("has it as avalaches.json, which is no file of an article"),
        "{said}"
    );
    assert_eq!(objects(story), before);
    assert_eq!(missing(story), BTreeSet::new());
    // Signed by a key that counts, and of what only an older revision has: that is what `expunge` does.
    let forged = told.again();
    let tombstone = forged.tombstone(&page);
    let options: Vec<&str> = good.iter().map(String::as_str).collect();
    forged.forge(&format!("{page}.json"), &tombstone, &options);
    forged.signed.story.yes(&["maintain"]);
    assert_eq!(missing(&forged.signed.story), BTreeSet::from([page]));
}

#[test]
fn no_list_of_the_branch_has_a_tombstone_signed() {
    let told = Expunged::retracted();
    let story = &told.signed.story;
    let page = format!("{}:articles/{ARTICLE}/page.txt", id(&told.first));
    let page = story.git(&["rev-parse", &page]);
    let (name, tombstone) = (format!("{page}.json"), told.tombstone(&page));
    let before = told.signed.tip();
    let good = told.signs("key");
    let options: Vec<&str> = good.iter().map(String::as_str).collect();
    let signed = told.forge(&name, &tombstone, &options);
    story.git(&["update-ref", "refs/heads/main", &before]);
    told.forge(&name, &tombstone, &[]);
    let tip = told.copy_article(&[], &[]);
    let first = story.git(&["rev-list", "--max-parents=0", "main"]);
    let unknown = "1".repeat(40);
    // One that was signed and is not on the branch, and one that is nowhere.
    for other in [&signed, &unknown] {
        let list = [&first, other, &tip].map(|id| *id.parse::<CommitId>().unwrap().raw());
        fs::write(story.archive().join("avalaches.branch"), list.concat()).unwrap();
        let output = story.run(&["verify", &tip, "--json"]);
        let answer = json(&output)["answers"][0].take();
        assert_eq!(answer["verdict"], "corrupt", "{answer}");
        let reason = answer["reasons"][0].as_str().unwrap();
        assert!(
            reason.ends_with("and that commit's signature is unsigned"),
            "{reason}"
        );
    }
}

#[test]
fn a_page_that_is_withheld_is_what_its_sources_give() {
    let told = Expunged::retracted();
    let good = told.signs("key");
    let options: Vec<&str> = good.iter().map(String::as_str).collect();
    let sum = "0".repeat(64);
    for (others, replaced, code) in [
        (&[("page.txt", "Wang is guilty.\n")][..], None, "page-differs"),
        (&[], Some(sum.as_str()), "content-hash"),
        (&[], None, ""),
    ] {
        let forged = told.again();
        let story = &forged.signed.story;
        let commit = forged.copy_article(others, &[]);
        let commit = match replaced {
            None => commit,
            Some(sum) => {
                let body = story.git(&["cat-file", "commit", &commit]) + "\n";
                let (before, after) = body.split_once("Content-SHA256: ").unwrap();
                let body = format!("{before}Content-SHA256: {sum}{}", &after[64..]);
                let arguments = ["hash-object", "-t", "commit", "-w", "--stdin"];
                let commit = forged.signed.given(&arguments, &body);
                story.git(&["update-ref", "refs/heads/main", &commit]);
                commit
            }
        };
        let page = story.git(&["rev-parse", "main:articles/2026/01/22/again/page.txt"]);
        let bytes = git_command(&story.archive(), &["cat-file", "blob", &page]).output();
        let text = String::from_utf8(bytes.unwrap().stdout).unwrap();
        let tombstone = forged.tombstone(&page);
        let tombstone = tombstone
            .replace(id(&forged.first), &commit)
            .replace("bridge/", "again/");
        forged.forge(&format!("{page}.json"), &tombstone, &options);
        let footer = format!("2026-01-22 (Thursday) · {commit}");
        story.write("page.txt", format!("← 返回 Avalaches\n\n{text}\n{footer}"));
        let expected = match code {
            "" => ["withheld", "verified"],
            _ => ["corrupt", "corrupt"],
        };
        let found = [&commit, "page.txt"].map(|thing| forged.verdict(thing));
        assert_eq!(found, expected, "{code}");
        let errors = forged.errors();
        assert_eq!(errors.contains(code), !code.is_empty(), "{code}: {errors:?}");
    }
}

#[test]
fn what_a_tombstone_says_of_the_branch_and_the_content_is_held_against_them() {
    let told = Expunged::retracted();
    let page = format!("{}:articles/{ARTICLE}/page.txt", id(&told.first));
    let page = told.signed.story.git(&["rev-parse", &page]);
    let good = told.signs("key");
    let options: Vec<&str> = good.iter().map(String::as_str).collect();
    let (first, second) = (id(&told.first), id(&told.second));
    let unknown = "1".repeat(40);
    let two = format!("{second}\",\n    \"{first}");
    for (from, to, why) in [
        ("", "", ""),
        ("\"bytes\": ", "\"bytes\": 1", ", and it has "),
        ("/page.txt", "/en.md", "names other paths than those"),
        (first, second, "which does not have the content"),
        (first, &unknown, "which is not on the branch before it"),
        (first, &two, "which does not have the content"),
    ] {
        let forged = told.again();
        let tombstone = forged.tombstone(&page).replace(from, to);
        forged.forge(&format!("{page}.json"), &tombstone, &options);
        let output = forged.signed.story.run(&["verify"]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.success(), why.is_empty(), "{why}: {said}");
        assert!(said.contains(why), "{why}: {said}");
    }
}
