//! What readers keep: a log that is followed, and histories that are held against what was kept of them.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use support::archives::Story;
use support::logged::{ORIGIN, begin, says};
use support::static_site::serve;

mod support {
    pub mod archives;
    pub mod logged;
    pub mod static_site;
}

/// Another archive whose log has the same name and key: the publisher's other face.
fn other_face(story: &Story) -> Story {
    let other = Story::begin();
    fs::copy(
        story.folder.path().join("log.key"),
        other.folder.path().join("log.key"),
    )
    .unwrap();
    let key = other.yes(&["key", "show", "log.key"]);
    other.yes(&["settings", "--log-key", key.trim()]);
    other
}

fn add(story: &Story, slug: &str, text: &str) {
    story.add("page.txt", text, &["--slug", slug, "--date", "2026-01-22"]);
}

/// Signs and builds into a folder that is served.
fn publish(story: &Story) {
    story.yes(&["checkpoint", "--key", "log.key", "-q"]);
    story.yes(&["build", "site", "-q"]);
}

fn site(story: &Story) -> PathBuf {
    story.folder.path().join("site")
}

#[test]
fn a_log_is_followed_and_each_change_is_told_once() {
    let (story, key) = begin();
    add(&story, "one", "一。");
    add(&story, "two", "二。");
    publish(&story);
    let url = serve(site(&story));
    let said = says(&story, &["monitor", &url], 2);
    assert!(
        said.contains("its key is not known") && said.contains("--key KEY"),
        "{said}"
    );
    let said = says(&story, &["monitor", &url, "--json", "--atom"], 2);
    assert!(said.contains("two forms of one answer"), "{said}");
    let stranger = story.yes(&["key", "new", ORIGIN, "stranger.key"]);
    let said = says(&story, &["monitor", &url, "--key", stranger.trim()], 2);
    assert!(said.contains("is not signed with"), "{said}");
    let said = story.yes(&["monitor", &url, "--key", &key]);
    let ids: Vec<String> = story
        .git(&["log", "--reverse", "--format=%H", "--grep=Article-Id"])
        .lines()
        .map(str::to_owned)
        .collect();
    assert_eq!(
        said,
        format!(
            "new       2026/01/22/one, revision 1: 2026-01-22 (Thursday) · {}\n\
             new       2026/01/22/two, revision 1: 2026-01-22 (Thursday) · {}\n",
            ids[0], ids[1]
        )
    );
    let said = says(&story, &["monitor", &url], 0);
    assert!(said.contains("nothing new: 2 revisions"), "{said}");
    story.write("page.txt", "一。改。");
    story.yes(&["correct", "2026/01/22/one", "page.txt", "--note", "改"]);
    story.yes(&["retract", "2026/01/22/two", "--note", "撤回"]);
    // More than a bundle holds.
    let lines: Vec<String> = (0..300)
        .map(|number| {
            format!("{{\"page\": \"第{number}篇。\", \"slug\": \"n{number}\", \"date\": \"2026-01-22\"}}\n")
        })
        .collect();
    story.write("lines.jsonl", lines.concat());
    story.yes(&["import", "lines.jsonl", "-q"]);
    publish(&story);
    let news: Value = serde_json::from_str(&story.yes(&["monitor", &url, "--json"])).unwrap();
    assert_eq!(
        (news["before"].as_u64(), news["size"].as_u64()),
        (Some(2), Some(304))
    );
    let told = news["news"].as_array().unwrap();
    assert_eq!(told.len(), 302);
    assert_eq!(told[0]["kind"], "correction");
    assert_eq!(told[1]["kind"], "retraction");
    let by_git = story.git(&["log", "--reverse", "--format=%H", "--grep=Article-Id"]);
    let told: Vec<&str> = told.iter().map(|entry| entry["id"].as_str().unwrap()).collect();
    assert_eq!(told, by_git.lines().skip(2).collect::<Vec<_>>());
    // Somebody else begins now, and reads it as a feed.
    let state = story.folder.path().join("state");
    let output = story
        .program(&["monitor", &url, "--key", &key, "--atom"])
        .env("XDG_STATE_HOME", &state)
        .output()
        .unwrap();
    let feed: atom_syndication::Feed = String::from_utf8(output.stdout).unwrap().parse().unwrap();
    assert_eq!(feed.entries().len(), 304);
    let retracted = feed
        .entries()
        .iter()
        .find(|entry| entry.title().as_str().starts_with("retraction"))
        .unwrap();
    assert_eq!(
        retracted.links()[0].href(),
        format!("{url}/2026/01/22/two/r2.html")
    );
    assert!(state.join("avalaches/logs").is_dir());
}

#[test]
fn a_fork_is_told_with_both_signed_checkpoints_and_a_smaller_log_without() {
    let (story, key) = begin();
    for slug in ["one", "two", "three"] {
        add(&story, slug, slug);
    }
    publish(&story);
    let url = serve(site(&story));
    story.yes(&["monitor", &url, "--key", &key, "-q"]);
    let kept = story.yes(&["log", "--checkpoint"]);
    let other = other_face(&story);
    // Of one entry nothing was kept that is not of more.
    add(&other, "one", "another one");
    publish(&other);
    let smaller = serve(site(&other));
    let said = says(&story, &["monitor", &smaller], 1);
    assert!(
        said.starts_with("behind")
            && said.contains("a checkpoint of 3 revisions")
            && !said.contains("lie in"),
        "{said}"
    );
    let answer: Value = serde_json::from_slice(&story.run(&["monitor", &smaller, "--json"]).stdout).unwrap();
    assert!(answer["contradiction"].is_null() && answer["behind"].is_string());
    let what = "was forked: its first 3 revisions";
    for slugs in [&["two"][..], &["three"], &["four", "five"]] {
        for slug in slugs {
            add(&other, slug, &format!("another {slug}"));
        }
        publish(&other);
        let url = serve(site(&other));
        let said = says(&story, &["monitor", &url], 1);
        assert!(said.starts_with("contradiction") && said.contains(what), "{said}");
        let folder = PathBuf::from(said.trim_end().rsplit_once("lie in ").unwrap().1);
        assert_eq!(fs::read_to_string(folder.join("kept.checkpoint")).unwrap(), kept);
        assert_eq!(
            fs::read_to_string(folder.join("shown.checkpoint")).unwrap(),
            other.yes(&["log", "--checkpoint"])
        );
        let answer: Value = serde_json::from_slice(&story.run(&["monitor", &url, "--json"]).stdout).unwrap();
        assert!(
            answer["contradiction"].as_str().unwrap().contains(what),
            "{answer}"
        );
    }
    // The honest log is followed as before.
    add(&story, "four", "四。");
    publish(&story);
    let said = story.yes(&["monitor", &url]);
    assert!(said.starts_with("new       2026/01/22/four"), "{said}");
}

#[test]
fn files_that_a_host_changed_are_no_news_and_no_fork() {
    let (story, key) = begin();
    for slug in ["one", "two", "three"] {
        add(&story, slug, slug);
    }
    publish(&story);
    let url = serve(site(&story));
    let bundle = site(&story).join("tile/entries/000.p/3");
    let good = fs::read(&bundle).unwrap();
    let monitor = ["monitor", &url, "--key", &key];
    for at in [0, 1, 20, good.len() - 2] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&bundle, &bad).unwrap();
        let said = says(&story, &monitor, 2);
        assert!(
            said.contains("are not those of the checkpoint of 3")
                || said.contains("does not hold the entries"),
            "{said}"
        );
    }
    fs::remove_file(&bundle).unwrap();
    let said = says(&story, &monitor, 2);
    assert!(
        said.contains("could not get tile/entries/000.p/3") && said.contains("status 404"),
        "{said}"
    );
    fs::write(&bundle, &good).unwrap();
    story.yes(&monitor);
    // After it was kept as well.
    add(&story, "four", "四。");
    publish(&story);
    let bundle = site(&story).join("tile/entries/000.p/4");
    let good = fs::read(&bundle).unwrap();
    let mut bad = good.clone();
    let last = bad.len() - 5;
    bad[last] ^= 1;
    fs::write(&bundle, bad).unwrap();
    let said = says(&story, &monitor, 2);
    assert!(said.contains("are not those of the checkpoint of 4"), "{said}");
    fs::write(&bundle, good).unwrap();
    assert!(story.yes(&monitor).contains("four"));
}

#[test]
fn what_was_remembered_is_held_against_every_later_answer() {
    let (story, _) = begin();
    add(&story, "one", "一。");
    add(&story, "two", "二。");
    publish(&story);
    let tip = story.git(&["rev-parse", "main"]);
    assert_eq!(
        story.yes(&["remember"]),
        format!("kept the checkpoint of 2 revisions of {ORIGIN}\nkept the tip {tip}\n")
    );
    let page = "site/2026/01/22/one/index.html";
    add(&story, "three", "三。");
    story.yes(&["verify"]);
    story.yes(&["verify", page]);
    story.yes(&["remember"]);
    // One revision is taken back, and another put in its place.
    let honest = story.git(&["rev-parse", "main"]);
    story.git(&["update-ref", "refs/heads/main", "main^"]);
    add(&story, "three", "另一个三。");
    for arguments in [&["verify"][..], &["verify", page], &["audit"]] {
        let said = says(&story, arguments, 1);
        assert!(
            said.contains("the history was rewritten") && said.contains(&honest),
            "{arguments:?}: {said}"
        );
    }
    says(&story, &["remember"], 1);
    story.git(&["update-ref", "refs/heads/main", &honest]);
    fs::remove_file(story.archive().join("avalaches.branch")).unwrap();
    story.yes(&["verify"]);
    // All of it is written anew, under the log's own name and key.
    let other = other_face(&story);
    add(&other, "one", "另一个一。");
    add(&other, "two", "二。");
    publish(&other);
    let verify = ["verify", "--archive", other.archive().to_str().unwrap()].map(str::to_owned);
    let verify: Vec<&str> = verify.iter().map(String::as_str).collect();
    let said = says(&story, &verify, 1);
    assert!(
        said.contains("the log was forked: its first 2 revisions"),
        "{said}"
    );
    assert!(
        story
            .folder
            .path()
            .join(".local/state/avalaches/evidence")
            .is_dir()
    );
}

#[test]
fn a_copy_that_is_older_than_what_was_remembered_is_behind_and_not_accused() {
    for has_log in [true, false] {
        let story = if has_log { begin().0 } else { Story::begin() };
        let publish = |slug: &str| {
            add(&story, slug, slug);
            if has_log {
                story.yes(&["checkpoint", "--key", "log.key", "-q"]);
            }
        };
        publish("one");
        let honest = story.archive();
        let clone = |name: &str| story.yes(&["clone", honest.to_str().unwrap(), name, "-q"]);
        clone("monday");
        publish("two");
        let tip = story.git(&["rev-parse", "main"]);
        clone("tuesday");
        story.yes(&["--archive", "tuesday", "remember"]);
        // Copies that the user has, and one that is made of the older one now.
        let of = |arguments: &[&str]| {
            let said = says(&story, &[&["--archive", "monday"], arguments].concat(), 1);
            for accusing in ["rewritten", "corrupt", "forked", "lie in"] {
                assert!(!said.contains(accusing), "{arguments:?}: {said}");
            }
            said
        };
        for arguments in [&["verify"][..], &["verify", "2026/01/22/one"]] {
            let said = of(arguments);
            assert!(
                said.contains("behind  ") && said.contains(&tip) && said.contains("avalaches pull"),
                "{said}"
            );
        }
        assert!(of(&["audit"]).contains("behind-remembered"));
        let document: Value = serde_json::from_str(&of(&["verify", "--json"])).unwrap();
        assert_eq!(document["verdict"], "behind");
        assert!(of(&["remember"]).contains("newer copy"));
        let said = says(&story, &["clone", "monday", "another"], 1);
        assert!(
            said.contains("behind what was kept") && !said.contains("not the history"),
            "{said}"
        );
        // A newer copy has what was missing.
        story.yes(&["--archive", "monday", "pull", honest.to_str().unwrap(), "-q"]);
        story.yes(&["--archive", "monday", "verify"]);
        // The branch was moved back where it stood, and only then another history put there.
        story.git(&["update-ref", "refs/heads/main", "main^"]);
        fs::remove_file(honest.join("avalaches.branch")).unwrap();
        let said = says(&story, &["verify"], 1);
        assert!(said.contains("behind  "), "{said}");
        add(&story, "other", "another");
        let said = says(&story, &["verify"], 1);
        assert!(said.contains("the history was rewritten"), "{said}");
    }
}

#[test]
fn a_page_from_a_forked_log_is_told_from_an_honest_one_without_any_archive() {
    let (story, _) = begin();
    for number in 0..6 {
        add(&story, &format!("n{number}"), "一。");
    }
    publish(&story);
    story.yes(&["remember"]);
    // The kept tree of six is a subtree of four and one of two; a page of a later checkpoint shows one of them.
    add(&story, "later", "后。");
    let other = other_face(&story);
    add(&other, "n0", "另一个。");
    for number in 1..9 {
        add(&other, &format!("n{number}"), "一。");
    }
    publish(&story);
    publish(&other);
    let verify = |story: &Story, of: &Story, slug: &str, status| {
        let page = site(of).join(format!("2026/01/22/{slug}/index.html"));
        let page = page.to_str().unwrap();
        says(story, &["verify", "--without-archive", page], status)
    };
    for slug in ["n0", "n5", "later"] {
        assert!(verify(&story, &story, slug, 0).starts_with("proved"));
    }
    for slug in ["n0", "n3", "n6"] {
        let said = verify(&story, &other, slug, 1);
        assert!(
            said.contains("the log was forked: its first 6 revisions") && said.contains("lie in"),
            "{said}"
        );
    }
    let evidence = story.folder.path().join(".local/state/avalaches/evidence");
    assert_eq!(fs::read_dir(evidence).unwrap().count(), 1);
    // Where the page shows no subtree that was kept, and where nothing was kept, nobody can know.
    verify(&story, &other, "n8", 0);
    verify(&other, &other, "n0", 0);
}

/// Gives the log another key, a revision and a checkpoint that is signed with it; returns the key.
fn rotate(story: &Story, slug: &str) -> String {
    let key = story.yes(&["key", "new", ORIGIN, "next.key"]);
    story.yes(&["settings", "--log-key", key.trim()]);
    add(story, slug, "后。");
    story.yes(&["checkpoint", "--key", "next.key", "-q"]);
    story.yes(&["build", "site", "-q"]);
    key.trim().to_owned()
}

#[test]
fn a_log_that_was_forked_before_its_key_was_changed_is_told_by_whoever_remembers_it() {
    let (story, _) = begin();
    add(&story, "one", "一。");
    add(&story, "two", "二。");
    publish(&story);
    story.yes(&["remember"]);
    let other = other_face(&story);
    add(&other, "one", "另一个一。");
    add(&other, "two", "另一个二。");
    publish(&other);
    let page = |of: &Story, slug: &str| {
        let page = site(of).join(format!("2026/01/22/{slug}/index.html"));
        page.to_str().unwrap().to_owned()
    };
    let verify = |story: &Story, of: &Story, slug: &str, status| {
        says(story, &["verify", "--without-archive", &page(of, slug)], status)
    };
    verify(&story, &other, "two", 1);
    rotate(&story, "three");
    // Of the new key nothing was kept yet.
    let said = verify(&story, &story, "three", 0);
    assert!(
        said.starts_with("proved") && said.contains("another key than that one had"),
        "{said}"
    );
    story.yes(&["remember"]);
    for slug in ["one", "two", "three"] {
        let said = verify(&story, &story, slug, 0);
        assert!(!said.contains("another key"), "{said}");
    }
    let said = verify(&story, &other, "two", 1);
    assert!(
        said.starts_with("corrupt") && said.contains("the log was forked"),
        "{said}"
    );
    // Also where the log was remembered only after the change: the branch says whose it was.
    fs::remove_dir_all(story.folder.path().join(".local/state/avalaches")).unwrap();
    story.yes(&["remember"]);
    verify(&story, &other, "two", 1);
    // The archive of the fork, whose key is one that the log had before.
    let archive = other.archive();
    let said = says(&story, &["verify", "--archive", archive.to_str().unwrap()], 1);
    assert!(said.contains("was forked"), "{said}");
}

#[test]
fn a_log_whose_key_was_changed_is_followed_by_the_new_one_where_it_goes_on() {
    let (story, key) = begin();
    add(&story, "one", "一。");
    add(&story, "two", "二。");
    publish(&story);
    let url = serve(site(&story));
    story.yes(&["monitor", &url, "--key", &key, "-q"]);
    let next = rotate(&story, "three");
    let said = says(&story, &["monitor", &url], 2);
    assert!(
        said.contains("is not signed with") && said.contains("name that one with --key"),
        "{said}"
    );
    let said = says(&story, &["monitor", &url, "--key", &key], 2);
    assert!(
        said.contains("is not signed with") && !said.contains("leave --key out"),
        "{said}"
    );
    let other = other_face(&story);
    let by_next = story.folder.path().join("next.key");
    fs::copy(by_next, other.folder.path().join("log.key")).unwrap();
    other.yes(&["settings", "--log-key", &next]);
    for slug in ["one", "two", "three"] {
        add(&other, slug, "另一个。");
    }
    publish(&other);
    let elsewhere = serve(site(&other));
    let said = says(&story, &["monitor", &elsewhere, "--key", &next], 1);
    assert!(said.contains("was forked"), "{said}");
    let said = story.yes(&["monitor", &url, "--key", &next]);
    assert!(
        said.contains("2026/01/22/three") && !said.contains("/two"),
        "{said}"
    );
    let said = says(&story, &["monitor", &url, "--key", &key], 2);
    assert!(said.contains("leave --key out"), "{said}");
    // A state from before the change, under the key that the log had then.
    story.yes(&["monitor", &url]);
    let before = other_face(&story);
    add(&before, "one", "一。");
    publish(&before);
    let said = says(&story, &["monitor", &serve(site(&before))], 1);
    assert!(said.starts_with("behind"), "{said}");
}
