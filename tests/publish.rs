//! `avalaches publish`: to a real S3 server on this machine, and to folders; with faults between.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories ask git")]
mod archives;
#[path = "support/bridge.rs"]
mod bridge;
#[path = "support/bucket.rs"]
mod bucket;
#[path = "support/folders.rs"]
#[allow(dead_code, reason = "other stories damage copies")]
mod folders;
#[path = "support/strace.rs"]
#[allow(dead_code, reason = "other stories have faults")]
mod strace;
#[path = "support/tree.rs"]
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use archives::Story;
use avalaches::publish::order::Step;
use bridge::ARTICLE;
use bucket::{BUCKET, Fault, KEY, SECRET, Store};
use hyper::Method;
use serde_json::Value;
use tree::files;

const LIST: &str = ".avalaches-published";

/// An article of two revisions and one of one, with feeds, built into `site`.
fn story() -> Story {
    let story = bridge::story("It was <yesterday>.", &["--date", "2026-01-22"]);
    story.yes(&["settings", "--base-url", "https://news.example/"]);
    story.yes(&["build", "site"]);
    story
}

/// Adds an article, retracts nothing, and builds into another folder.
fn changed(story: &Story) {
    story.add(
        "new.txt",
        "新的一页。\n",
        &["--slug", "new-page", "--date", "2026-01-26"],
    );
    story.write("third.txt", "桥前天通车。\n\nThe bridge opened the day before.\n");
    story.yes(&[
        "correct",
        ARTICLE,
        "third.txt",
        "--note",
        "The day before.",
        "--date",
        "2026-01-25",
    ]);
    story.yes(&["build", "other"]);
}

/// Returns what a site publishes: all of its files but those whose names begin with a dot.
fn site(story: &Story, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = files(&story.folder.path().join(folder));
    files.retain(|name, _| !name.starts_with('.'));
    files
}

/// Returns what is at a target, and the list of it.
fn published(mut files: BTreeMap<String, Vec<u8>>) -> (BTreeMap<String, Vec<u8>>, String) {
    let list = files.remove(LIST).unwrap_or_default();
    (files, String::from_utf8(list).unwrap())
}

fn publish(story: &Story, server: &Store, options: &[&str]) -> Output {
    publishing(story, server, options).output().unwrap()
}

fn publishing(story: &Story, server: &Store, options: &[&str]) -> Command {
    let endpoint = server.endpoint();
    let target = format!("s3://{BUCKET}/a/b");
    let mut command = story.program(&[&["publish"], options, &[&target, "--endpoint", &endpoint]].concat());
    command
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

#[track_caller]
fn assert_done(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", said(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Returns the relative links of a page, as names in the site.
fn links(name: &str, page: &str) -> BTreeSet<String> {
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut found = BTreeSet::new();
    for link in page.split("href=\"").skip(1) {
        let link = link.split(['"', '#']).next().unwrap();
        if link.is_empty() || link.contains(':') {
            continue;
        }
        let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        for part in link.split('/') {
            match part {
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        found.insert(parts.join("/"));
    }
    found
}

/// Asserts that no page leads to one that is not there. Pages that are about to go lead nowhere new.
fn assert_leads_on(files: &BTreeMap<String, Vec<u8>>) {
    for (name, bytes) in files
        .iter()
        .filter(|(name, _)| name.rsplit('.').next() == Some("html"))
    {
        // From an article to the lists above it there is no order that has both.
        if Step::of(name) < Step::Lists {
            continue;
        }
        for link in links(name, std::str::from_utf8(bytes).unwrap()) {
            let is_list = Step::of(&link) >= Step::Lists;
            assert!(
                is_list || files.contains_key(&link),
                "{name} leads to {link}, which is not there"
            );
        }
    }
}

#[test]
fn a_bucket_gets_what_changed_and_nothing_else() {
    let (story, server) = (story(), Store::begin());
    let printed = assert_done(&publish(&story, &server, &["site"]));
    let expected = site(&story, "site");
    assert!(
        printed.starts_with(&format!("{} files sent (", expected.len())),
        "{printed}"
    );
    let (there, list) = published(server.objects("a/b"));
    assert_eq!(there, expected);
    assert_eq!(list.lines().count(), expected.len());

    let asked = server.asked();
    let sent: Vec<&str> = asked
        .iter()
        .filter(|asked| asked.method == Method::PUT)
        .map(|asked| asked.name.strip_prefix("a/b/").unwrap())
        .collect();
    assert_eq!((sent[0], sent[sent.len() - 1]), (LIST, LIST));
    assert_eq!(sent[sent.len() - 2], "index.html");
    let pages = &sent[1..sent.len() - 1];
    assert!(pages.is_sorted_by_key(|name| Step::of(name)), "{pages:?}");
    for (name, media_type, cache) in [
        ("index.html", "text/html; charset=utf-8", "no-cache"),
        (
            "2026/01/22/bridge/r1.html",
            "text/html; charset=utf-8",
            "no-cache",
        ),
        ("2026/01/22/bridge/r1.proof", "application/x-git-pack", "no-cache"),
        (
            "2026/01/22/bridge/timemap.link",
            "application/link-format",
            "no-cache",
        ),
        ("feed.atom", "application/atom+xml", "public, max-age=300"),
        ("feed.json", "application/feed+json", "public, max-age=300"),
        ("sitemap.xml", "application/xml", "public, max-age=300"),
    ] {
        let name = format!("a/b/{name}");
        let asked = asked
            .iter()
            .find(|asked| asked.name == name && asked.method == Method::PUT);
        let headers = &asked.unwrap_or_else(|| panic!("{name}")).headers;
        assert_eq!(headers["content-type"], media_type, "{name}");
        assert_eq!(headers["cache-control"], cache, "{name}");
    }

    let again = assert_done(&publish(&story, &server, &["site"]));
    assert_eq!(
        again,
        format!(
            "0 files sent (0 bytes), {} unchanged, 0 removed\n",
            expected.len()
        )
    );
    let asked = server.asked();
    assert_eq!(
        asked.iter().map(|asked| &asked.method).collect::<Vec<_>>(),
        [Method::GET]
    );

    changed(&story);
    let document: Value =
        serde_json::from_str(&assert_done(&publish(&story, &server, &["other", "--json"]))).unwrap();
    let other = site(&story, "other");
    let differing = other
        .iter()
        .filter(|(name, bytes)| expected.get(*name) != Some(*bytes));
    let differing: BTreeSet<&str> = differing.map(|(name, _)| name.as_str()).collect();
    let sent = document["sent"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap());
    assert_eq!(sent.collect::<BTreeSet<_>>(), differing);
    assert_eq!(published(server.objects("a/b")).0, other);
    // Back to the site as it was: what is no part of it goes.
    let document: Value =
        serde_json::from_str(&assert_done(&publish(&story, &server, &["site", "--json"]))).unwrap();
    let removed = document["removed"].as_array().unwrap();
    assert!(
        removed.contains(&Value::from("2026/01/26/new-page/index.html")),
        "{document}"
    );
    assert_eq!(published(server.objects("a/b")).0, expected);
    assert_eq!(published(server.objects("a/b")).1, list);
}

#[test]
fn what_fails_for_a_moment_is_tried_again() {
    for fault in [Fault::First(3), Fault::BrokenOff(2)] {
        let (story, server) = (story(), Store::begin());
        server.fault(fault);
        assert_done(&publish(
            &story,
            &server,
            &["site", "--jobs", "2", "--retries", "8"],
        ));
        assert_eq!(
            published(server.objects("a/b")).0,
            site(&story, "site"),
            "{fault:?}"
        );
    }
}

#[test]
fn wherever_it_ends_readers_have_a_site_and_the_next_run_completes_it() {
    let story = story();
    changed(&story);
    let (old, new) = (site(&story, "site"), site(&story, "other"));
    for writes in [0, 1, 2, 4, 7, 11, 16, 20, 24, 28] {
        let server = Store::begin();
        assert_done(&publish(&story, &server, &["site"]));
        server.fault(Fault::After(writes));
        let output = publish(&story, &server, &["other", "--retries", "0", "--jobs", "2"]);
        let there = published(server.objects("a/b")).0;
        if output.status.code() == Some(0) {
            assert_eq!(there, new);
        } else {
            assert_eq!(output.status.code(), Some(2), "{}", said(&output));
            assert!(
                said(&output).contains("run the command again"),
                "{}",
                said(&output)
            );
            assert_leads_on(&there);
            for (name, bytes) in &there {
                assert!(
                    old.get(name) == Some(bytes) || new.get(name) == Some(bytes),
                    "{name} after {writes}"
                );
            }
        }
        server.fault(Fault::Nothing);
        // Forward, or back to the site as it was before.
        let (folder, expected) = if writes % 2 == 0 {
            ("other", &new)
        } else {
            ("site", &old)
        };
        assert_done(&publish(&story, &server, &[folder]));
        assert_eq!(published(server.objects("a/b")).0, *expected, "after {writes}");
    }
}

#[test]
fn of_two_who_publish_at_once_one_has_the_whole_bucket_and_the_other_is_told() {
    let story = story();
    changed(&story);
    story.add(
        "last.txt",
        "最后一页。\n",
        &["--slug", "last-page", "--date", "2026-01-27"],
    );
    story.yes(&["build", "newest"]);
    // The first of the two is held up at each of its writes: at home it deletes what the other one keeps.
    for (begun, slow) in [("site", "other"), ("other", "site")] {
        let whole = Store::begin();
        assert_done(&publish(&story, &whole, &["newest"]));
        let list = published(whole.objects("a/b")).1;
        for late in 0.. {
            let server = Store::begin();
            assert_done(&publish(&story, &server, &[begun]));
            server.fault(Fault::Late(late));
            let mut first = publishing(&story, &server, &[slow, "--jobs", "1"])
                .spawn()
                .unwrap();
            while !server.is_late() && first.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(5));
            }
            if !server.is_late() {
                assert!(late > 10, "only {late} writes");
                assert_done(&first.wait_with_output().unwrap());
                break;
            }
            let asked = server.asked();
            let what = format!(
                "{slow}, write {late}, {:?}",
                asked.last().map(|asked| &asked.name)
            );
            let second = publish(&story, &server, &["newest", "--jobs", "2"]);
            assert_eq!(second.status.code(), Some(0), "{what}: {}", said(&second));
            server.release();
            let first = first.wait_with_output().unwrap();
            assert_eq!(first.status.code(), Some(2), "{what}: {}", said(&first));
            assert!(
                said(&first).contains("another program publishes there at the same time"),
                "{what}: {}",
                said(&first)
            );
            // What came too late, where the other one had written what was there before, is known to be so.
            let newest = site(&story, "newest");
            let (there, listed) = published(server.objects("a/b"));
            for name in newest.keys().filter(|name| newest.get(*name) != there.get(*name)) {
                assert!(Step::of(name) < Step::Lists, "{what}: {name}");
                let unknown = format!("{}  {name}\n", "0".repeat(64));
                assert!(listed.contains(&unknown), "{what}: {name}");
            }
            assert!(there.keys().all(|name| newest.contains_key(name)), "{what}");
            assert_done(&publish(&story, &server, &["newest"]));
            let (there, listed) = published(server.objects("a/b"));
            assert!(there == newest && listed == list, "{what}");
        }
    }
}

#[test]
fn a_bucket_that_cannot_be_written_to_is_said_to_be_so() {
    let (story, server) = (story(), Store::begin());
    let ask = |target: &str, endpoint: &str, variables: &[(&str, &str)]| {
        let arguments = [
            "publish",
            "site",
            target,
            "--endpoint",
            endpoint,
            "--retries",
            "0",
        ];
        let output = story
            .program(&arguments)
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        said(&output)
    };
    let endpoint = server.endpoint();
    let good = [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let wrong = [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", "wrong")];
    let target = format!("s3://{BUCKET}");
    assert!(ask(&target, &endpoint, &[]).contains("set AWS_ACCESS_KEY_ID"));
    let refused = ask(&target, &endpoint, &wrong);
    let begins = |said: &str, beginning: &str| assert!(said.starts_with(beginning), "{said}");
    begins(
        &refused,
        &format!(
            "error: {target} at {endpoint}: could not read .avalaches-published: the store does not accept the keys (SignatureDoesNotMatch"
        ),
    );
    assert!(
        refused.contains("\nhint: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to keys of that store"),
        "{refused}"
    );
    assert!(!refused.contains("wrong\""), "{refused}");
    let missing = ask("s3://weather", &endpoint, &good);
    begins(
        &missing,
        &format!("error: s3://weather at {endpoint}: could not "),
    );
    assert!(
        missing.contains(": there is no such bucket\nhint: make the bucket by the store's own means"),
        "{missing}"
    );
    let unreached = ask(&target, "https://127.0.0.1:1", &good);
    begins(
        &unreached,
        &format!(
            "error: {target} at https://127.0.0.1:1: could not read .avalaches-published: the store could not be reached (Connection refused"
        ),
    );
    assert!(
        unreached.contains("--endpoint is where the store is"),
        "{unreached}"
    );
    for said in [&refused, &missing, &unreached] {
        assert!(!said.contains('<') && !said.contains("retry_timeout"), "{said}");
        assert_eq!(said.lines().count(), 2, "{said}");
    }
    assert!(ask("s3://", &endpoint, &good).contains("names no bucket"));
    assert!(ask("ftp://a/b", &endpoint, &good).contains("neither a folder nor a bucket"));
    assert!(ask("folder", &endpoint, &good).contains("neither an endpoint nor a region"));
    assert!(server.objects("").is_empty());
}

#[test]
fn a_folder_gets_the_site_and_keeps_what_is_not_the_sites() {
    let story = story();
    let www = story.folder.path().join("www");
    fs::create_dir(&www).unwrap();
    fs::write(www.join("robots.txt"), "User-agent: *\n").unwrap();
    let would_be = story.yes(&["publish", "site", "www", "--dry-run"]);
    assert_eq!(files(&www).len(), 1);
    let were = story.yes(&["publish", "site", "www"]);
    assert_eq!(would_be.replace("would be ", ""), were);
    assert!(
        would_be.lines().count() == 1 && !would_be.contains("(0 bytes)"),
        "{would_be}"
    );
    let mut expected = site(&story, "site");
    expected.insert("robots.txt".to_owned(), b"User-agent: *\n".to_vec());
    assert_eq!(published(files(&www)).0, expected);
    let checked = Command::new("sha256sum")
        .args(["-c", "--quiet", LIST])
        .current_dir(&www)
        .status();
    assert!(checked.unwrap().success());

    let inode = |name: &str| fs::metadata(www.join(name)).unwrap().ino();
    let (home, proof) = (inode("index.html"), inode("2026/01/22/bridge/r1.proof"));
    changed(&story);
    story.yes(&["publish", "other", "www"]);
    // What changed is another file in the place of the old one; what did not is the same file.
    assert_ne!(inode("index.html"), home);
    assert_eq!(inode("2026/01/22/bridge/r1.proof"), proof);
    story.yes(&["publish", "site", "www"]);
    assert_eq!(published(files(&www)).0, expected);
    assert!(!www.join("2026/01/26").exists());
}

/// Builds the sites of one log: of its first two revisions (`first`), of three (`second`), and of three and four others that
/// somebody else with the key signed who had those two (`fork`, `longer-fork`).
fn sites_of_a_log(story: &Story) {
    let key = story.yes(&["key", "new", "news.example/log", "log.key"]);
    story.yes(&["settings", "--log-key", key.trim(), "-q"]);
    let sign = ["checkpoint", "--key", "log.key", "-q"];
    story.yes(&sign);
    story.yes(&["build", "first"]);
    story.yes(&["clone", "archive", "copy", "-q"]);
    story.add(
        "new.txt",
        "新的一页。\n",
        &["--slug", "new", "--date", "2026-01-26"],
    );
    story.yes(&sign);
    story.yes(&["build", "second"]);
    let state = story.folder.path().join("another-user");
    let by_another = |arguments: &[&str]| {
        let arguments = [&["--archive", "copy"], arguments].concat();
        let mut command = story.program(&arguments);
        let output = command.env("XDG_STATE_HOME", &state).output().unwrap();
        assert_done(&output);
    };
    for (number, site) in [(0, "fork"), (1, "longer-fork")] {
        let (name, slug) = (format!("other-{number}.txt"), format!("other-{number}"));
        story.write(&name, format!("另一页，{number}。\n"));
        by_another(&["add", &name, "--slug", &slug, "--date", "2026-01-26", "-q"]);
        by_another(&sign);
        by_another(&["build", site]);
    }
}

#[test]
fn a_log_that_readers_were_shown_is_taken_back_in_a_folder_only_if_that_is_said() {
    let story = story();
    story.yes(&["build", "unsigned"]);
    sites_of_a_log(&story);
    let www = story.folder.path().join("www");
    // What cannot be read at the target may be newer than anything that is known here.
    story.yes(&["publish", "second", "www"]);
    fs::write(www.join("checkpoint"), "of another form\n").unwrap();
    let output = story.run(&["publish", "first", "www"]);
    let told = said(&output);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("cannot be read as one") && told.contains("put the checkpoint back"),
        "{told}"
    );
    story.yes(&["publish", "second", "www", "--roll-back", "--all"]);
    for (site, why) in [
        (
            "first",
            "a checkpoint of 4 revisions of the log news.example/log, and this one of 3",
        ),
        ("fork", "the first 4 are others"),
        ("longer-fork", "the first 4 are others"),
        ("unsigned", "and this one has none"),
    ] {
        story.yes(&["publish", "second", "www", "--roll-back"]);
        let before = files(&www);
        for more in [&[][..], &["--all"], &["--dry-run"]] {
            let output = story.run(&[&["publish", site, "www"], more].concat());
            let told = said(&output);
            assert_eq!(output.status.code(), Some(2), "{site}: {told}");
            assert!(
                told.contains(why) && told.contains("--roll-back"),
                "{site}: {told}"
            );
        }
        assert!(files(&www) == before, "{site}");
        story.yes(&["publish", site, "www", "--roll-back"]);
    }
    // What goes on is published as ever, and so is another log.
    story.yes(&["publish", "first", "www"]);
    story.yes(&["publish", "longer-fork", "www"]);
    let key = story.yes(&["key", "new", "other.example/log", "other.key"]);
    story.yes(&["settings", "--log-key", key.trim(), "-q"]);
    story.yes(&["checkpoint", "--key", "other.key", "-q"]);
    story.yes(&["build", "renamed"]);
    story.yes(&["publish", "renamed", "www"]);
}

#[test]
fn a_log_that_readers_were_shown_is_taken_back_in_a_bucket_only_if_that_is_said() {
    let (story, server) = (story(), Store::begin());
    sites_of_a_log(&story);
    assert_done(&publish(&story, &server, &["first"]));
    assert_done(&publish(&story, &server, &["second"]));
    let before = server.objects("a/b");
    server.asked();
    let refused = publish(&story, &server, &["first"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(said(&refused).contains("and this one of 3"), "{}", said(&refused));
    assert!(server.asked().iter().all(|asked| asked.method == Method::GET));
    assert!(server.objects("a/b") == before);
    assert_done(&publish(&story, &server, &["first", "--roll-back"]));
    assert_done(&publish(&story, &server, &["longer-fork"]));
}

#[test]
fn what_an_interrupted_one_left_beside_files_of_a_folder_goes_with_the_next() {
    let story = story();
    changed(&story);
    let www = story.folder.path().join("www");
    story.yes(&["publish", "other", "www"]);
    let left = [
        "2026/01/22/bridge/.r1.proof.new",
        "2026/01/26/new-page/.index.html.new",
        ".index.html.new",
    ];
    let leave = || {
        for name in left {
            fs::write(www.join(name), "expunged since").unwrap();
        }
    };
    // Whoever was interrupted left a list that does not say what is in the files; --all looks beside each.
    let underway = fs::read_to_string(www.join(LIST)).unwrap();
    let underway: Vec<String> = underway
        .lines()
        .map(|line| format!("{}{}\n", "0".repeat(64), &line[64..]))
        .collect();
    for all in [&[][..], &["--all"]] {
        if all.is_empty() {
            fs::write(www.join(LIST), underway.concat()).unwrap();
        }
        leave();
        story.yes(&[&["publish", "other", "www"], all].concat());
        assert!(left.iter().all(|name| !www.join(name).exists()));
    }
    // A folder in which only such a file was left goes, too.
    fs::write(www.join(LIST), underway.concat()).unwrap();
    leave();
    story.yes(&["publish", "site", "www"]);
    assert_eq!(published(files(&www)).0, site(&story, "site"));
    assert!(!www.join("2026/01/26").exists());
}

#[test]
fn a_text_that_was_expunged_is_gone_from_the_target_before_anything_else_is_sent() {
    let (story, server) = (story(), Store::begin());
    assert_done(&publish(&story, &server, &["site"]));
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(story.folder.path().join("key"))
        .status();
    assert!(made.unwrap().success());
    story.yes(&["signers", "allow", "desk", "key.pub", "-q"]);
    story.yes(&[
        "expunge",
        &format!("{ARTICLE}@1"),
        "--note",
        "A court.",
        "--sign=key",
    ]);
    changed(&story);
    server.asked();
    assert_done(&publish(&story, &server, &["other"]));
    let expected = site(&story, "other");
    assert_eq!(published(server.objects("a/b")).0, expected);
    assert!(!expected.contains_key("2026/01/22/bridge/r1.proof"));
    let asked = server.asked();
    let at = |name: &str| {
        let is_it =
            |asked: &bucket::Asked| asked.method == Method::PUT && asked.name == format!("a/b/{name}");
        asked
            .iter()
            .position(is_it)
            .unwrap_or_else(|| panic!("{name}: {asked:?}"))
    };
    // Objects are deleted by a request about several.
    let is_removal = |asked: &bucket::Asked| [Method::POST, Method::DELETE].contains(&asked.method);
    let gone = asked
        .iter()
        .position(is_removal)
        .unwrap_or_else(|| panic!("{asked:?}"));
    let before = ["r1.html", "index.html", "history.html"];
    assert!(
        before
            .iter()
            .all(|name| at(&format!("2026/01/22/bridge/{name}")) < gone)
    );
    for later in ["2026/01/26/new-page/r1.html", "index.html", "feed.atom"] {
        assert!(gone < at(later), "{later}");
    }
}

#[test]
fn each_list_of_a_folder_is_on_the_disk_before_what_comes_after_it_and_after_what_came_before() {
    if !strace::is_here() {
        return;
    }
    let story = story();
    changed(&story);
    story.yes(&["publish", "other", "www"]);
    // Files change, and others are deleted.
    let published = strace::Traced {
        arguments: &["publish", "site", "www"],
        calls: "syncfs,rename,renameat,renameat2,unlink,unlinkat",
    };
    let trace = published.trace(&story);
    let is_call = |line: &&str| {
        ["syncfs(", "rename", "unlink"]
            .iter()
            .any(|call| line.contains(call))
    };
    let calls: Vec<&str> = trace.lines().filter(is_call).collect();
    let is_sync = |at: usize| calls.get(at).is_some_and(|line| line.contains("syncfs("));
    let lists: Vec<usize> = (0..calls.len())
        .filter(|at| calls[*at].contains(&format!("/{LIST}\"")))
        .collect();
    // What is about to change, before which nothing was done; what is about to go; what is there.
    assert_eq!(lists.len(), 3, "{trace}");
    for at in &lists {
        assert!((*at == 0 || is_sync(at - 1)) && is_sync(at + 1), "{trace}");
    }
    for between in lists.windows(2) {
        assert!((between[0] + 2..between[1] - 1).any(|at| !is_sync(at)), "{trace}");
    }
}

#[test]
fn a_folder_of_others_is_not_written_over() {
    let story = story();
    let www = story.folder.path().join("www");
    let refused = |expected: &str| {
        let output = story.run(&["publish", "site", "www"]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(expected), "{expected}: {}", said(&output));
    };
    fs::create_dir(&www).unwrap();
    fs::write(www.join("index.html"), "mine").unwrap();
    // Asking again makes nothing of theirs the site's, nor does a rehearsal.
    refused("say --all to replace it");
    refused("say --all to replace it");
    assert_eq!(
        story.run(&["publish", "site", "www", "--dry-run"]).status.code(),
        Some(2)
    );
    assert_eq!(files(&www).len(), 1);
    assert_eq!(fs::read(www.join("index.html")).unwrap(), b"mine");
    fs::remove_file(www.join("index.html")).unwrap();
    fs::create_dir(www.join("index.html")).unwrap();
    let output = story.run(&["publish", "site", "www", "--all"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(
        said(&output).contains("is no file") && !said(&output).contains("--all"),
        "{}",
        said(&output)
    );
    assert!(files(&www).is_empty());
    fs::remove_dir(www.join("index.html")).unwrap();
    fs::write(www.join("index.html"), "mine").unwrap();
    story.yes(&["publish", "site", "www", "--all"]);
    assert_eq!(published(files(&www)).0, site(&story, "site"));

    // What is gone there, or was cut off, is sent again.
    fs::remove_file(www.join("index.html")).unwrap();
    fs::write(www.join("verify.html"), "short").unwrap();
    let sent = story.yes(&["publish", "site", "www"]);
    assert!(sent.starts_with("2 files sent"), "{sent}");
    assert_eq!(published(files(&www)).0, site(&story, "site"));

    // A list that leads elsewhere, and files that are links.
    let precious = story.folder.path().join("precious");
    fs::write(&precious, "precious").unwrap();
    let list = fs::read_to_string(www.join(LIST)).unwrap();
    fs::write(www.join(LIST), format!("{list}{}  ../precious\n", "0".repeat(64))).unwrap();
    refused("say --all to send every file");
    fs::write(www.join(LIST), list).unwrap();
    fs::remove_file(www.join("index.html")).unwrap();
    symlink(&precious, www.join("index.html")).unwrap();
    changed(&story);
    let output = story.run(&["publish", "other", "www"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
    // Nor is anything behind a link to another folder.
    fs::remove_file(www.join("index.html")).unwrap();
    let elsewhere = story.folder.path().join("elsewhere");
    fs::rename(www.join("2026"), &elsewhere).unwrap();
    symlink(&elsewhere, www.join("2026")).unwrap();
    let before = tree::files(&elsewhere);
    let output = story.run(&["publish", "other", "www"]);
    assert!(said(&output).contains("www/2026"), "{}", said(&output));
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert_eq!(tree::files(&elsewhere), before);
    let output = story.run(&["publish", "site", "./site"]);
    assert!(said(&output).contains("is the site itself"), "{}", said(&output));
    for command in [&["publish", "site"][..], &["build"], &["theme"]] {
        for within in [
            "archive",
            "archive/objects/pack/site",
            "archive/hooks",
            "site/../archive/new/site",
        ] {
            let output = story.run(&[command, &[within]].concat());
            assert_eq!(output.status.code(), Some(2), "{}", said(&output));
            assert!(
                said(&output).contains("archive is a git repository"),
                "{}",
                said(&output)
            );
        }
    }
    story.yes(&["verify"]);
}

#[test]
fn a_bucket_of_others_is_not_written_over() {
    let (story, server) = (story(), Store::begin());
    for folder in ["site", "larger"] {
        if folder == "larger" {
            // More files than are looked for one by one.
            for number in 0..8 {
                let slug = format!("more-{number}");
                story.add(
                    "more.txt",
                    "又一页。\n",
                    &["--slug", &slug, "--date", "2026-01-26"],
                );
            }
            story.yes(&["build", "larger"]);
        }
        server.put("a/b/index.html", b"mine");
        let before = server.objects("");
        for options in [&[folder][..], &[folder], &[folder, "--dry-run"]] {
            let output = publish(&story, &server, options);
            assert_eq!(output.status.code(), Some(2), "{}", said(&output));
            assert!(
                said(&output).contains("index.html was not published there")
                    && said(&output).contains("say --all to replace it"),
                "{}",
                said(&output)
            );
        }
        assert_eq!(server.objects(""), before);
    }
    assert_done(&publish(&story, &server, &["larger", "--all"]));
    assert_eq!(published(server.objects("a/b")).0, site(&story, "larger"));
}

#[test]
fn numbers_that_no_machine_has_room_for_are_refused() {
    let story = story();
    for (jobs, expected) in [
        ("0", "0 is not in 1..=1024"),
        ("1025", "1025 is not in 1..=1024"),
        ("9999999999999999999", "number too large"),
    ] {
        let output = story.run(&["publish", "site", "www", "--jobs", jobs]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(expected), "{}", said(&output));
    }
}

#[test]
fn only_a_site_that_is_whole_is_published() {
    let story = story();
    let refused = |folder: &str, expected: &str| {
        let output = story.run(&["publish", folder, "www"]);
        assert_eq!(output.status.code(), Some(2), "{}", said(&output));
        assert!(said(&output).contains(expected), "{expected}: {}", said(&output));
        assert!(files(&story.folder.path().join("www")).is_empty());
    };
    fs::create_dir(story.folder.path().join("empty")).unwrap();
    refused("empty", "holds no site");
    refused("nothing", "holds no site");
    let list = story.folder.path().join("site/.avalaches-site");
    let whole = fs::read_to_string(&list).unwrap();
    fs::write(&list, format!("{whole}2026/01/22/bridge/r3.html\n")).unwrap();
    refused("site", "was not built to its end");
    fs::write(&list, format!("{whole}../secret\n")).unwrap();
    refused("site", "names no file of a site");
    fs::write(&list, &whole).unwrap();
    let page = story.folder.path().join("site/index.html");
    fs::remove_file(&page).unwrap();
    refused("site", "could not read site/index.html");
    symlink(story.folder.path().join("one.txt"), &page).unwrap();
    refused("site", "is a symbolic link");
}
