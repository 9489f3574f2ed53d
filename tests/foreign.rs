//! Stories about other people's repositories: their histories imported, their commits recorded as where a text comes from.

#[path = "support/archives.rs"]
mod archives;
#[path = "support/publisher.rs"]
mod publisher;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use archives::Story;
use avalaches::add::{self, Circumstances, Wishes};
use avalaches::archive::{Archive, Owner};
use avalaches::canonical::Invisible;
use avalaches::date::{RevisionDate, UtcOffset};
use avalaches::draft::Form;
use avalaches::platform::Durability;
use publisher::Publisher;
use serde_json::Value;

/// An archive, and a publisher beside it in the folder `weekly`.
fn begin() -> (Story, Publisher) {
    let story = Story::begin();
    let publisher = Publisher::begin(&story.folder.path().join("weekly"));
    (story, publisher)
}

fn paragraphs(words: &str) -> String {
    let paragraph = |number: u32| format!("Paragraph {number} of {words}.\n\n");
    (1..=12).map(paragraph).collect()
}

/// A weekly's history with everything that happens to one. Returns the paths of its articles at the end.
fn weekly(publisher: &Publisher) -> Vec<&'static str> {
    let date = |day: u32| format!("2026-01-{day:02}T09:00:00+0800");
    publisher.write("posts/甲.md", "# 甲\n\n第一版。\n");
    publisher.write("posts/b.md", paragraphs("the second file"));
    publisher.write("notes.txt", "Some notes.\n");
    publisher.write("logo.png", [0x89, b'P', b'N', b'G', 0, 1, 2]);
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(publisher.folder.join("notes.txt"), executable).unwrap();
    std::os::unix::fs::symlink("notes.txt", publisher.folder.join("link.md")).unwrap();
    publisher.commit("第一期", &date(1));
    publisher.write("posts/甲.md", "# 甲\n\n第二版。\n");
    publisher.commit("改正一个字", &date(2));
    // Moved and edited at once, into a folder of another alphabet.
    publisher.git(&["mv", "posts/b.md", "改名.md"]);
    publisher.write(
        "改名.md",
        paragraphs("the second file").replace("Paragraph 3", "Line three"),
    );
    publisher.commit("Move and edit", "2026-01-03T09:00:00+0545");
    publisher.write("posts/甲.md", "# 甲   \n\n\n第二版。  \n");
    publisher.commit("Blanks", &date(4));
    publisher.git(&["checkout", "-q", "-b", "draft"]);
    publisher.write("posts/c.md", paragraphs("the third file"));
    publisher.commit("A draft", &date(5));
    publisher.write("posts/c.md", paragraphs("the third file, again"));
    publisher.commit("The draft again", &date(6));
    publisher.git(&["checkout", "-q", "main"]);
    publisher.write("notes.txt", "Other notes.\n");
    publisher.commit("Meanwhile", &date(6));
    publisher.git(&["merge", "-q", "--no-ff", "-m", "Merge the draft", "draft"]);
    publisher.write("posts/甲.md", "# 甲\n\n第一版。\n");
    publisher.commit("Revert", &date(7));
    // An author date before all others, and one far in the west.
    publisher.write("posts/甲.md", "# 甲\n\n第三版。\n");
    publisher.commit("Backdated", "2025-12-31T23:59:59-0930");
    publisher.write("posts/c.md", paragraphs("the third file, once more"));
    let mut gbk = publisher.command(&["-c", "i18n.commitEncoding=GBK", "commit", "-q", "-a", "-F", "-"]);
    let message = publisher.folder.parent().unwrap().join("message");
    fs::write(&message, b"\xb8\xc4\xd5\xfd\n").unwrap();
    gbk.stdin(fs::File::open(&message).unwrap());
    gbk.env("GIT_AUTHOR_NAME", OsStr::from_bytes(b"\xd5\xc5\xc8\xfd"));
    assert!(gbk.status().unwrap().success());
    publisher.write("notes.txt", b"\xb2\xbb\xca\xc7 UTF-8\n");
    publisher.commit("Another encoding", &date(9));
    publisher.write("notes.txt", "Notes that can be read again.\n");
    publisher.write("改名.md", "<div>raw</div>\n");
    publisher.commit("Raw HTML", &date(10));
    publisher.git(&["rm", "-q", "改名.md"]);
    publisher.commit("Take it away", &date(11));
    publisher.write("改名.md", paragraphs("the second file, back"));
    publisher.write("posts/empty.md", "");
    publisher.commit("And back\n\nWith a body.", &date(12));
    vec!["posts/甲.md", "改名.md", "notes.txt", "posts/c.md"]
}

/// A version of a file: commit, author date, author.
type Line = (String, String, String);

/// What git says of a file's history, oldest first: the versions that can be read and whose text is another than before.
fn history_by_git(publisher: &Publisher, path: &str) -> Vec<Line> {
    let format = "--format=%x00%H%x01%aI%x01%an <%ae>";
    let log = publisher.git(&["log", "--follow", "--name-only", format, "--", path]);
    let mut lines = Vec::new();
    let mut before = String::new();
    for record in log.split('\0').filter(|record| !record.is_empty()).rev() {
        let (head, name) = record.trim().split_once("\n\n").unwrap_or((record.trim(), ""));
        let fields: Vec<&str> = head.split('\u{1}').collect();
        let place = format!("{}:{name}", fields[0]);
        let output = publisher.command(&["show", &place]).output().unwrap();
        let Ok(text) = String::from_utf8(output.stdout) else {
            continue;
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let words = words.join(" ");
        if output.status.success() && !words.is_empty() && !words.contains("<div>") && words != before {
            before = words;
            lines.push((fields[0].to_owned(), fields[1].to_owned(), fields[2].to_owned()));
        }
    }
    lines
}

/// What the archive has, article by article.
fn histories(story: &Story) -> BTreeMap<String, Vec<Line>> {
    let format = "--format=%(trailers:key=Article-Id,valueonly,separator=)%x01%(trailers:key=Source-Commit,valueonly,separator=)%x01%aI%x01%an <%ae>";
    let mut articles: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for line in story.git(&["log", "--reverse", format, "main"]).lines() {
        let fields: Vec<&str> = line.split('\u{1}').collect();
        if !fields[0].is_empty() {
            let line = (fields[1].to_owned(), fields[2].to_owned(), fields[3].to_owned());
            articles.entry(fields[0].to_owned()).or_default().push(line);
        }
    }
    articles
}

/// Imports the weekly, some of whose versions are refused, and returns the document.
fn import(story: &Story, options: &[&str]) -> Value {
    let output = story.run(&[&["import", "--git", "weekly", "--keep-going", "--json"], options].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Imports the weekly whole, and returns what was said.
fn said_by_import(story: &Story, options: &[&str]) -> String {
    let output = story.run(&[&["import", "--git", "weekly"], options].concat());
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

#[test]
fn each_article_has_the_history_that_git_tells_of_its_file() {
    let (story, publisher) = begin();
    let paths = weekly(&publisher);
    let by_git = |paths: &[&str]| {
        let mut histories: Vec<Vec<Line>> = paths
            .iter()
            .map(|path| history_by_git(&publisher, path))
            .collect();
        histories.sort();
        histories
    };
    let sorted = || {
        let mut histories: Vec<Vec<Line>> = histories(&story).into_values().collect();
        histories.sort();
        histories
    };
    let strict = story.run(&["import", "--git", "weekly"]);
    let said = String::from_utf8(strict.stderr).unwrap();
    assert_eq!(strict.status.code(), Some(2), "{said}");
    for name in ["notes.txt at ", "改名.md at ", "posts/empty.md at "] {
        assert!(said.contains(&format!("error: {name}")), "{said}");
    }
    let document = import(&story, &[]);
    assert_eq!(document["articles"], 4, "{document}");
    assert_eq!(document["refused"], 3, "{document}");
    assert_eq!(sorted(), by_git(&paths));
    let lengths: Vec<usize> = by_git(&paths).iter().map(Vec::len).collect();
    assert_eq!(lengths.iter().sum::<usize>(), 13, "{lengths:?}");
    let names: Vec<String> = histories(&story)
        .into_values()
        .flatten()
        .map(|line| line.2)
        .collect();
    assert!(names.contains(&"张三 <lin@example.org>".to_owned()), "{names:?}");
    // The notes of later versions are the subjects; the first ones have none.
    let article = histories(&story)
        .into_keys()
        .find(|id| id.contains("2026/01/01/jia"))
        .unwrap();
    let history = story.yes(&["history", &article]);
    assert!(history.contains("\n     改正一个字\n"), "{history}");
    assert!(!history.contains("第一期"), "{history}");
    assert!(
        story
            .yes(&["verify"])
            .starts_with("verified  13 revisions of 4 articles")
    );
    assert_eq!(story.git(&["fsck", "--strict"]), "");
    // Again: nothing is new.
    let tip = story.git(&["rev-parse", "main"]);
    assert_eq!(import(&story, &[])["revisions"], 0);
    assert_eq!(story.git(&["rev-parse", "main"]), tip);
    // Three commits more, of which one changes nothing that is read.
    publisher.write("posts/甲.md", "# 甲\n\n第四版。\n");
    publisher.commit("Four", "2026-02-01T09:00:00+0800");
    publisher.write("logo.png", [0x89, b'P', b'N', b'G', 0, 1, 3]);
    publisher.write("posts/c.md", paragraphs("the third file, at last"));
    publisher.commit("Five", "2026-02-02T09:00:00+0800");
    publisher.write("posts/d.md", "A new file.\n");
    publisher.commit("Six", "2026-02-03T09:00:00+0800");
    let document = import(&story, &[]);
    assert_eq!(
        (&document["revisions"], &document["articles"]),
        (&3.into(), &1.into()),
        "{document}"
    );
    assert_eq!(sorted(), by_git(&[paths, vec!["posts/d.md"]].concat()));
    assert_eq!(import(&story, &[])["revisions"], 0);
    assert!(
        story
            .yes(&["verify"])
            .starts_with("verified  16 revisions of 5 articles")
    );
}

#[test]
fn patterns_choose_files_and_branches_histories() {
    let (story, publisher) = begin();
    weekly(&publisher);
    let count = |options: &[&str]| {
        let document = import(&story, &[&["--dry-run"], options].concat());
        document["articles"].as_u64().unwrap()
    };
    assert_eq!(count(&["--path", "posts"]), 3); // the file that was moved away has its first version there
    assert_eq!(count(&["--path", "*.txt"]), 1);
    assert_eq!(count(&["--path", "*.txt", "--path", "posts/c.*"]), 2);
    assert_eq!(count(&["--path", "none"]), 0);
    assert_eq!(count(&["--path", "*.png"]), 0);
    assert_eq!(count(&["--branch", "draft"]), 4);
    publisher.git(&["tag", "-a", "v1", "-m", "x", "main~12"]);
    publisher.git(&["tag", "light", "main~12"]);
    for tag in ["v1", "light"] {
        assert_eq!(count(&["--branch", tag]), 3);
    }
    for refused in [
        &["--branch", "none"][..],
        &["--branch", "../HEAD"],
        &["--path", "["],
    ] {
        let output = story.run(&[&["import", "--git", "weekly"], refused].concat());
        assert_eq!(output.status.code(), Some(2), "{refused:?}");
    }
    assert_eq!(
        story.run(&["import", "--path", "x", "weekly"]).status.code(),
        Some(2)
    );
    assert_eq!(story.run(&["import"]).status.code(), Some(2));
}

#[test]
fn a_repository_is_found_in_every_form_that_git_keeps_one_in() {
    let (story, publisher) = begin();
    weekly(&publisher);
    let beside = |name: &str| story.folder.path().join(name).to_str().unwrap().to_owned();
    let all = import(&story, &["--dry-run"]);
    publisher.git(&["clone", "-q", "--bare", ".", &beside("bare")]);
    publisher.git(&["worktree", "add", "-q", "--detach", &beside("tree")]);
    publisher.git(&["clone", "-q", ".", &beside("clone")]);
    let packed = Publisher {
        folder: beside("clone").into(),
    };
    packed.git(&["gc", "-q"]);
    packed.git(&["pack-refs", "--all"]);
    for folder in ["bare", "tree", "clone", "weekly/.git"] {
        let said = story.run(&["import", "--git", folder, "--keep-going", "--json", "--dry-run"]);
        let document: Value = serde_json::from_slice(&said.stdout).unwrap();
        assert_eq!(document["tip"], all["tip"], "{folder}");
    }
}

#[test]
fn repositories_that_deceive_are_seen_as_they_are_or_refused() {
    let (story, publisher) = begin();
    weekly(&publisher);
    let tip = import(&story, &["--dry-run"])["tip"].clone();
    let git = publisher.folder.join(".git");
    let objects = ["HEAD~1", "HEAD~1^{tree}"].map(|place| publisher.git(&["rev-parse", place]));
    let blob = publisher.git(&["rev-parse", "HEAD:posts/c.md"]);
    // Replaced objects and grafts change what git shows, and nothing here.
    let (head, first) = (
        publisher.git(&["rev-parse", "HEAD"]),
        publisher.git(&["rev-parse", "HEAD~8"]),
    );
    publisher.git(&["replace", &head, &first]);
    fs::create_dir_all(git.join("info")).unwrap();
    fs::write(git.join("info/grafts"), format!("{head}\n")).unwrap();
    assert_eq!(import(&story, &["--dry-run"])["tip"], tip);
    let refused = |reason: &str| {
        let output = story.run(&["import", "--git", "weekly", "--keep-going"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(reason), "{said}");
    };
    fs::write(git.join("objects/info/alternates"), "/tmp\n").unwrap();
    refused("makes git borrow objects from elsewhere");
    fs::remove_file(git.join("objects/info/alternates")).unwrap();
    fs::write(git.join("shallow"), "").unwrap();
    refused("cuts the history off");
    fs::remove_file(git.join("shallow")).unwrap();
    fs::rename(git.join("objects"), git.join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", git.join("objects")).unwrap();
    refused("is a link");
    fs::remove_file(git.join("objects")).unwrap();
    fs::rename(git.join("elsewhere"), git.join("objects")).unwrap();
    // A damaged file is one version less, a damaged commit or folder the end.
    let harm = |object: &str| {
        let file = git.join("objects").join(&object[..2]).join(&object[2..]);
        let bytes = fs::read(&file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(&file, &bytes[..bytes.len() - 3]).unwrap();
        (file, bytes)
    };
    let (file, bytes) = harm(&blob);
    let document = import(&story, &["--dry-run"]);
    assert_eq!(document["refused"], 4, "{document}");
    let said = String::from_utf8(story.run(&["import", "--git", "weekly"]).stderr).unwrap();
    assert!(
        said.contains("posts/c.md at ") && said.contains(&format!("object {blob} is damaged")),
        "{said}"
    );
    fs::write(file, bytes).unwrap();
    for object in objects {
        let (file, bytes) = harm(&object);
        let output = story.run(&["import", "--git", "weekly"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(&format!("object {object} is damaged")), "{said}");
        fs::write(file, bytes).unwrap();
    }
    let other = Publisher::begin(&story.folder.path().join("empty"));
    let output = story.run(&["import", "--git", "empty"]);
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("empty has no commit")
    );
    let sha256 = story.folder.path().join("sha256");
    other.git(&["init", "-q", "--object-format=sha256", sha256.to_str().unwrap()]);
    let sha256 = Publisher { folder: sha256 };
    sha256.write("a.md", "x\n");
    sha256.commit("x", "2026-01-01T00:00:00+0000");
    let output = story.run(&["import", "--git", "sha256"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("by SHA-256, which is not read here"), "{said}");
}

#[test]
fn long_histories_and_wide_folders_are_walked_in_seconds() {
    let (story, publisher) = begin();
    let mut stream = String::new();
    for number in 0..100_000 {
        stream.push_str(&format!(
            "commit refs/heads/main\ncommitter A <a@b> {number} +0000\ndata 1\nx\n"
        ));
        if number % 10_000 == 0 {
            let text = format!("Version {number}.\n");
            stream.push_str(&format!("M 100644 inline a.md\ndata {}\n{text}\n", text.len()));
        }
    }
    stream.push_str("commit refs/heads/wide\ncommitter A <a@b> 100000 +0000\ndata 1\nx\n");
    for number in 0..100_000 {
        stream.push_str(&format!("M 100644 inline {number}.bin\ndata 1\nx\n"));
    }
    for number in 0..20 {
        let text = format!("Version {number}.\n");
        stream.push_str(&format!(
            "commit refs/heads/wide\ncommitter A <a@b> {} +0000\ndata 1\nx\nM 100644 inline a.md\ndata {}\n{text}\n",
            100_001 + number,
            text.len()
        ));
    }
    story.write("stream", stream);
    let input = fs::File::open(story.folder.path().join("stream")).unwrap();
    let status = publisher
        .command(&["fast-import", "--quiet"])
        .stdin(input)
        .status()
        .unwrap();
    assert!(status.success());
    for (branch, versions) in [("main", 10), ("wide", 20)] {
        let begun = Instant::now();
        let document = import(&story, &["--branch", branch, "--dry-run"]);
        assert_eq!(
            (&document["revisions"], &document["articles"]),
            (&versions.into(), &1.into()),
            "{document}"
        );
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "{branch}: {:?}",
            begun.elapsed()
        );
    }
}

#[test]
fn a_file_that_was_merged_is_at_the_end_what_the_merge_made_it() {
    let (story, publisher) = begin();
    let date = |day: u32| format!("2026-01-{day:02}T09:00:00+0000");
    publisher.write("a.md", "Base.\n");
    publisher.commit("Base", &date(1));
    publisher.git(&["checkout", "-q", "-b", "side"]);
    publisher.write("a.md", "Side.\n");
    let side = publisher.commit("Side", &date(3));
    publisher.git(&["checkout", "-q", "main"]);
    publisher.write("a.md", "Main.\n");
    let main = publisher.commit("Main", &date(2));
    // What the side said is thrown away.
    publisher.git(&["merge", "-q", "-s", "ours", "-m", "Merge", "side"]);
    let merge = publisher.git(&["rev-parse", "HEAD"]);
    import(&story, &[]);
    let histories = histories(&story);
    let (article, lines) = histories.first_key_value().unwrap();
    assert_eq!(histories.len(), 1);
    let commits: Vec<&str> = lines.iter().map(|line| line.0.as_str()).collect();
    assert!(
        commits.contains(&side.as_str()) && commits.contains(&main.as_str()),
        "{commits:?}"
    );
    let text = story.yes(&["show", article, "--format", "text"]);
    assert_eq!(text, "Main.\n", "{merge} {commits:?}");
    // And one that was moved on a branch while it was changed on the other.
    publisher.git(&["checkout", "-q", "-b", "moved"]);
    publisher.git(&["mv", "a.md", "b.md"]);
    publisher.commit("Move", &date(4));
    publisher.git(&["checkout", "-q", "main"]);
    publisher.write("a.md", "Main, later.\n");
    publisher.commit("Later", &date(5));
    publisher.git(&["merge", "-q", "-m", "Merge", "moved"]);
    publisher.write("a.md", "Something else by the old name.\n");
    publisher.commit("Anew", &date(6));
    import(&story, &[]);
    let after = self::histories(&story);
    assert_eq!(after.len(), 2, "{after:?}");
    assert_eq!(
        story.yes(&["show", article, "--format", "text"]),
        "Main, later.\n"
    );
}

/// The first lines of an article's revisions, oldest first.
fn texts(story: &Story, article: &str) -> Vec<String> {
    let history: Value = serde_json::from_str(&story.yes(&["history", article, "--json"])).unwrap();
    let mut ids: Vec<&str> = history["revisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|revision| revision["id"].as_str().unwrap())
        .collect();
    ids.sort_by_key(|id| story.git(&["rev-list", "--count", id]).parse::<u32>().unwrap());
    let text = |id: &&str| story.yes(&["show", id, "--format", "text"]).trim_end().to_owned();
    ids.iter().map(text).collect()
}

#[test]
fn a_side_that_is_merged_after_an_import_does_not_become_what_is_current() {
    let (story, publisher) = begin();
    let date = |day: u32| format!("2026-01-{day:02}T09:00:00+0000");
    publisher.write("a.md", "Base.\n");
    publisher.commit("Base", &date(1));
    publisher.git(&["checkout", "-q", "-b", "side"]);
    publisher.write("a.md", "Side.\n");
    publisher.commit("Side", &date(2));
    publisher.git(&["checkout", "-q", "main"]);
    publisher.write("a.md", "Main.\n");
    publisher.commit("Main", &date(3));
    assert_eq!(import(&story, &[])["revisions"], 2);
    publisher.git(&["merge", "-q", "-s", "ours", "-m", "Merge", "side"]);
    let imported = import(&story, &[]);
    assert_eq!(
        (&imported["revisions"], &imported["articles"]),
        (&2.into(), &0.into())
    );
    let histories = histories(&story);
    let (article, _) = histories.first_key_value().unwrap();
    assert_eq!(texts(&story, article), ["Base.", "Main.", "Side.", "Main."]);
    for options in [&[][..], &["--tag", "weekly"]] {
        assert_eq!(import(&story, options)["revisions"], 0, "{options:?}");
    }
}

#[test]
fn a_repository_with_longer_ids_is_told_as_what_it_is() {
    let (story, _) = begin();
    let longer = Publisher {
        folder: story.folder.path().join("longer"),
    };
    fs::create_dir(&longer.folder).unwrap();
    longer.git(&["init", "-q", "-b", "main", "--object-format=sha256"]);
    longer.write("a.md", "Text.\n");
    longer.commit("Begin", "2026-01-01T09:00:00+0000");
    for arguments in [
        &["import", "--git", "longer"][..],
        &["mirror", "longer", "longer"],
    ] {
        let output = story.run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{said}");
        // Of a mirror it is git that says so.
        let said = said.to_lowercase().replace("sha-", "sha");
        assert!(said.contains("sha256") && !said.contains("damaged"), "{said}");
    }
}

#[test]
fn a_branch_can_be_given_by_its_full_name() {
    let (story, publisher) = begin();
    publisher.write("a.md", "Text.\n");
    publisher.commit("Begin", "2026-01-01T09:00:00+0000");
    publisher.git(&["tag", "v1"]);
    for name in ["refs/heads/main", "main", "refs/tags/v1", "v1"] {
        story.yes(&["import", "--git", "weekly", "--branch", name]);
    }
    for name in ["heads/main/", "HEAD", "refs/heads/other", "../HEAD", "config"] {
        let output = story.run(&["import", "--git", "weekly", "--branch", name]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("has no branch"), "{name}: {said}");
    }
}

#[test]
fn a_date_that_no_revision_can_have_is_told() {
    let (story, publisher) = begin();
    publisher.write("a.md", "Text.\n");
    publisher.commit("Begin", "@5000000000 +0000");
    let output = story.run(&["import", "--git", "weekly"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success()
            && said.contains("1 version without an author's date that a revision can have"),
        "{said}"
    );
}

#[test]
fn a_version_that_nobody_dated_gets_the_date_of_the_commit_before_on_whatever_day_it_comes_in() {
    let (story, publisher) = begin();
    let commit = |text: &str, date: &str| {
        publisher.write("a.md", text);
        publisher.git(&["add", "-A"]);
        let mut command = publisher.command(&["commit", "-q", "-m", "x"]);
        let command = command
            .env("GIT_AUTHOR_DATE", date)
            .env("GIT_COMMITTER_DATE", date);
        assert!(command.status().unwrap().success());
    };
    let never = "@5000000000 +0000";
    commit("All about apples.\n", never);
    commit("All about bridges.\n", "2026-01-22T09:00:00+0800");
    commit("All about chips.\n", never);
    commit("All about dates.\n", "2026-01-24T09:00:00+0800");
    let import = |day: &str| {
        let said = said_by_import(&story, &["--archived-at", day]);
        assert!(said.contains("2 versions without an author's date"), "{said}");
        said
    };
    let said = import("2026-02-01");
    assert!(said.starts_with("imported  4 revisions, 1 article new"), "{said}");
    let dates = story.git(&["log", "-4", "--format=%ad", "--date=format:%d"]);
    assert_eq!(dates.lines().collect::<Vec<_>>(), ["24", "22", "22", "22"]);
    let said = import("2026-02-02");
    assert!(said.starts_with("imported  0 revisions"), "{said}");
}

#[test]
fn files_that_begin_with_the_same_words_are_articles_of_their_own() {
    let (story, publisher) = begin();
    let date = |day: u32| format!("2026-01-{day:02}T09:00:00+0000");
    for name in ["p/a.md", "p/b.md", "p/c.md"] {
        publisher.write(name, "To be written by the desk.\n");
    }
    publisher.commit("Begin", &date(1));
    publisher.write("p/a.md", "All about apples.\n");
    publisher.write("p/b.md", "All about bridges.\n");
    publisher.commit("Written", &date(2));
    let imported = import(&story, &[]);
    assert_eq!(
        (&imported["revisions"], &imported["articles"]),
        (&5.into(), &3.into())
    );
    let begun = "To be written by the desk.";
    let of = |number: &str| texts(&story, &format!("2026/01/01/to-be-written-by-the-desk{number}"));
    assert_eq!(of(""), [begun, "All about apples."]);
    assert_eq!(of("-2"), [begun, "All about bridges."]);
    assert_eq!(of("-3"), [begun]);
    assert_eq!(import(&story, &[])["revisions"], 0);
    publisher.write("p/c.md", "All about chips.\n");
    publisher.commit("Written, too", &date(3));
    assert_eq!(import(&story, &[])["revisions"], 1);
    assert_eq!(of("-3"), [begun, "All about chips."]);
}

#[test]
fn the_commit_that_a_text_was_taken_from_is_recorded_and_shown() {
    let story = Story::begin();
    let circumstances = Circumstances {
        author: None,
        committer: None,
        now: RevisionDate::from_seconds(1_769_140_800, UtcOffset::UTC).unwrap(),
        invisible: Invisible::Refuse,
        signer: None,
    };
    let source = "5a5b6faf4aa2844387989dd08791e5540df352d3";
    let wishes = Wishes {
        source_commit: Some(source.parse().unwrap()),
        ..Wishes::default()
    };
    let settings = Archive::open(&story.archive(), Owner::Caller)
        .unwrap()
        .settings()
        .clone();
    let page = add::prepare(b"Some words.\n", Form::Text, &wishes, &settings, &circumstances).unwrap();
    add::add(
        &story.archive(),
        Owner::Caller,
        &[page],
        &circumstances,
        Durability::Unsynced,
    )
    .unwrap();
    let trailer = story.git(&[
        "show",
        "-s",
        "--format=%(trailers:key=Source-Commit,valueonly)",
        "main",
    ]);
    assert_eq!(trailer, source);
    let shown = story.yes(&["show", "2026/01/23/some-words", "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["source_commit"], source);
    assert!(story.yes(&["verify"]).starts_with("verified"));
    story.add("other.txt", "Other words.\n", &[]);
    let shown = story.yes(&["show", "2026/01/23/other-words", "--json"]);
    assert_eq!(
        serde_json::from_str::<Value>(&shown).unwrap()["source_commit"],
        Value::Null
    );
}

#[test]
fn a_history_that_the_publisher_has_rewritten_is_named_by_the_next_import() {
    let (story, publisher) = begin();
    let version = |text: &str| {
        publisher.write("posts/a.md", format!("{text}\n"));
        publisher.commit(text, "2026-01-22T09:00:00+0800")
    };
    version("第一版。");
    let gone = version("第二版。");
    let import = || said_by_import(&story, &[]);
    assert!(!import().contains("no longer has"));
    assert!(!import().contains("no longer has"));
    publisher.git(&["reset", "-q", "--hard", "HEAD~1"]);
    let named = format!(
        ": its newest revision was taken from commit {gone}, which the repository's branch no longer has"
    );
    let said = import();
    assert!(
        said.contains("imported  0 revisions") && said.contains(&named),
        "{said}"
    );
    version("别的第二版。");
    let said = import();
    assert!(
        said.contains("imported  1 revision,") && said.contains(&named),
        "{said}"
    );
    assert!(!import().contains("no longer has"));
}

#[test]
fn a_side_that_is_merged_late_does_not_undo_what_an_editor_said_in_the_archive() {
    let (story, publisher) = begin();
    let date = |day: u32| format!("2026-01-{day:02}T09:00:00+0000");
    publisher.write("a.md", "Base.\n");
    publisher.commit("Base", &date(1));
    publisher.git(&["checkout", "-q", "-b", "side"]);
    publisher.write("a.md", "Side.\n");
    publisher.commit("Side", &date(2));
    publisher.git(&["checkout", "-q", "main"]);
    publisher.write("a.md", "Main.\n");
    publisher.commit("Main", &date(3));
    import(&story, &[]);
    let histories = histories(&story);
    let (article, _) = histories.first_key_value().unwrap();
    story.write("c.txt", "The desk.\n");
    story.yes(&[
        "correct",
        article,
        "c.txt",
        "--note",
        "So.",
        "--date",
        "2026-01-05",
    ]);
    publisher.git(&["merge", "-q", "-s", "ours", "-m", "Merge", "side"]);
    let imported = import(&story, &[]);
    assert_eq!(
        (&imported["revisions"], &imported["refused"]),
        (&0.into(), &1.into())
    );
    let text = || story.yes(&["show", article, "--format", "text"]);
    assert_eq!(text(), "The desk.\n");
    // A version that is dated later follows; the one of the side stays refused, for the editor's words lie between.
    publisher.write("a.md", "The desk, and more.\n");
    publisher.commit("More", &date(6));
    for new in [1, 0, 0] {
        let imported = import(&story, &[]);
        assert_eq!(
            (&imported["revisions"], &imported["refused"]),
            (&new.into(), &1.into())
        );
    }
    assert_eq!(text(), "The desk, and more.\n");
}

#[test]
fn a_few_trees_that_name_a_billion_files_are_refused_at_once() {
    let (story, publisher) = begin();
    publisher.write("x", "x\n");
    let mut named = format!("100644 blob {}", publisher.git(&["hash-object", "-w", "x"]));
    for _ in 0..9 {
        let lines: Vec<String> = (0..10).map(|number| format!("{named}\t{number}\n")).collect();
        story.write("tree", lines.concat());
        let input = fs::File::open(story.folder.path().join("tree")).unwrap();
        let made = publisher.command(&["mktree"]).stdin(input).output().unwrap();
        named = format!(
            "040000 tree {}",
            String::from_utf8(made.stdout).unwrap().trim_end()
        );
    }
    let commit = publisher.git(&["commit-tree", "-m", "All", &named["040000 tree ".len()..]]);
    publisher.git(&["update-ref", "refs/heads/main", &commit]);
    let begun = Instant::now();
    let output = story.run(&["import", "--git", "weekly"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("differ from the commit before"), "{said}");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn files_that_are_gone_pointers_of_lfs_and_links_are_named() {
    let (story, publisher) = begin();
    for name in ["kept", "gone", "moved", "back", "retracted"] {
        publisher.write(
            &format!("posts/{name}.md"),
            format!("The story of {name}.\n\n{}", paragraphs(name)),
        );
    }
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    publisher.write("posts/large.md", pointer);
    // What tells of such pointers is a text.
    publisher.write("posts/about.md", format!("About pointers:\n\n    {pointer}"));
    std::os::unix::fs::symlink("kept.md", publisher.folder.join("posts/link.md")).unwrap();
    std::os::unix::fs::symlink("kept.md", publisher.folder.join("posts/link.png")).unwrap();
    let first = publisher.commit("Begin", "2026-01-22T10:00:00+0800");
    publisher.git(&["rm", "-q", "posts/gone.md", "posts/back.md", "posts/retracted.md"]);
    let taken = publisher.commit("Take away", "2026-01-23T10:00:00+0800");
    publisher.git(&["mv", "posts/moved.md", "posts/elsewhere.md"]);
    publisher.write(
        "posts/back.md",
        format!("The story of back.\n\n{}", paragraphs("back")),
    );
    publisher.commit("Move", "2026-01-24T10:00:00+0800");
    let import = || {
        let output = story.run(&["import", "--git", "weekly", "--json"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        (serde_json::from_slice::<Value>(&output.stdout).unwrap(), said)
    };
    let (document, said) = import();
    assert_eq!(document["articles"], 6, "{said}");
    let paths = |document: &Value| -> Vec<String> {
        let gone = document["gone"].as_array().unwrap().iter();
        gone.map(|gone| gone["path"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(paths(&document), ["posts/gone.md", "posts/retracted.md"]);
    assert_eq!(document["gone"][0]["commit"], taken);
    let article = document["gone"][1]["article"].as_str().unwrap().to_owned();
    assert_eq!(
        document["pointers"],
        serde_json::json!([{"path": "posts/large.md", "commit": first}])
    );
    assert_eq!(document["links"], serde_json::json!(["posts/link.md"]));
    for line in [
        format!(
            "warning: posts/retracted.md is gone since commit {taken}; {article} stays as it was published"
        ),
        "hint: where the publisher took an article back, avalaches retract ARTICLE --note WHY says so"
            .to_owned(),
        format!(
            "warning: posts/large.md is left out: at commit {first} it is a pointer of Git LFS, and no text"
        ),
        "hint: git lfs fetch --all".to_owned(),
        "warning: posts/link.md is left out: it is a symbolic link".to_owned(),
    ] {
        assert!(said.contains(&line), "{line}\n{said}");
    }
    // What is said of an article in the archive is not asked for again.
    story.yes(&["retract", &article, "--note", "It was not so"]);
    let (document, _) = import();
    assert_eq!(
        (paths(&document), document["revisions"].as_u64()),
        (vec!["posts/gone.md".to_owned()], Some(0))
    );
}
