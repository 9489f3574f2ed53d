//! `verify --quote`: which revisions have some words, with the real `git grep` as judge.

use std::fs;
use std::process::Stdio;

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories move folders")]
mod archives;
#[path = "support/killed.rs"]
mod killed;

use archives::Story;
use serde_json::Value;

const ARTICLE: &str = "2026/01/22/bridge";
const FIRST: &str = "桥今天通车。\n\nThe bridge opened today. “Nobody”\nwas hurt: café.\n";
const SECOND: &str = "桥昨天通车。\n\nThe bridge opened yesterday. “Nobody”\nwas hurt: café.\n";

fn story() -> Story {
    let story = Story::begin();
    story.add(
        "one.txt",
        FIRST,
        &["--slug", "bridge", "--date", "2026-01-22", "--lang", "mul"],
    );
    let corrected = [
        "--article",
        ARTICLE,
        "--kind",
        "correction",
        "--note",
        "Yesterday.",
        "--lang",
        "mul",
    ];
    story.add("two.txt", SECOND, &corrected);
    story.add(
        "three.txt",
        "渡船停航。\n",
        &["--slug", "ferry", "--date", "2026-01-23"],
    );
    story
}

/// Looks for words; returns the exit status and the document.
fn find(story: &Story, options: &[&str]) -> (Option<i32>, Value) {
    let output = story.run(&[&["verify", "--json"], options].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    (
        output.status.code(),
        serde_json::from_slice(&output.stdout).unwrap_or_default(),
    )
}

/// Returns which revisions of which articles have the words, by the words file and by a scan, which must agree.
fn places(story: &Story, words: &str) -> Vec<String> {
    let read = |options: &[&str]| -> Vec<String> {
        let (status, document) = find(story, options);
        let articles = document["articles"]
            .as_array()
            .unwrap_or_else(|| panic!("{words}: {status:?}"));
        let places: Vec<String> = articles
            .iter()
            .flat_map(|article| {
                let revisions = article["revisions"].as_array().unwrap();
                revisions.iter().map(move |revision| {
                    format!(
                        "{}@{} {}",
                        article["article"].as_str().unwrap(),
                        revision["revision"],
                        revision["lines"]
                    )
                })
            })
            .collect();
        assert_eq!(status, Some(i32::from(places.is_empty())), "{words}");
        assert_eq!(
            document["verdict"],
            if places.is_empty() { "nowhere" } else { "found" }
        );
        places
    };
    let found = read(&["--quote", words]);
    assert_eq!(read(&["--quote", words, "--scan"]), found, "{words}");
    found
}

#[test]
fn words_that_many_articles_have_are_found_in_each_that_has_them_in_that_order() {
    let story = Story::begin();
    // All have the words, every third one in another order: the texts are read on every core.
    let line = |number: usize| {
        let words = if number.is_multiple_of(3) {
            "open bridge is the"
        } else {
            "the bridge is open"
        };
        let page = format!("Number {number}: {words} today.\\n");
        format!("{{\"page\": \"{page}\", \"slug\": \"page-{number:03}\", \"date\": \"2026-01-22\"}}\n")
    };
    story.write("pages.jsonl", (0..300).map(line).collect::<String>());
    story.yes(&["import", "pages.jsonl"]);
    let found = places(&story, "the bridge is open");
    let names: Vec<String> = found
        .iter()
        .map(|place| place.split('@').next().unwrap().to_owned())
        .collect();
    let expected = (0..300).filter(|number| number % 3 != 0);
    let expected: Vec<String> = expected
        .map(|number| format!("2026/01/22/page-{number:03}"))
        .collect();
    assert_eq!(names, expected);
}

#[test]
fn words_are_found_in_the_revisions_that_have_them() {
    let story = story();
    let both = |lines: &str| {
        [1, 2]
            .map(|number| format!("{ARTICLE}@{number} {lines}"))
            .to_vec()
    };
    assert_eq!(places(&story, "今天通车"), [format!("{ARTICLE}@1 [1,1]")]);
    assert_eq!(places(&story, "昨天"), [format!("{ARTICLE}@2 [1,1]")]);
    assert_eq!(places(&story, "通车。 The bridge"), both("[1,3]"));
    assert_eq!(places(&story, "idge opened tod"), [format!("{ARTICLE}@1 [3,3]")]);
    assert_eq!(places(&story, "“Nobody” was  hurt"), both("[3,4]"));
    assert_eq!(places(&story, "cafe\u{301}"), both("[4,4]"));
    assert_eq!(places(&story, "船"), ["2026/01/23/ferry@1 [1,1]"]);
    assert_eq!(places(&story, "。").len(), 3);
    for absent in ["the bridge", "明天通车", "天今", "opened tomorrow", "桥 昨天"] {
        assert_eq!(places(&story, absent), Vec::<String>::new(), "{absent}");
    }
    for part in ["天", "通车", "opened", "hurt: café", "bridge opened"] {
        let judged = story.git(&["grep", "-l", "-F", part, "main~2", "main~1", "--", "*page.txt"]);
        let own = places(&story, part)
            .iter()
            .filter(|place| place.contains("bridge"))
            .count();
        assert_eq!(own, judged.lines().count(), "{part}");
    }
}

#[test]
fn what_is_found_is_named_and_the_name_leads_back() {
    let story = story();
    let (_, document) = find(&story, &["--quote", "opened today"]);
    let article = &document["articles"][0];
    assert_eq!((&article["since"], &article["until"]), (&1.into(), &1.into()));
    assert_eq!(
        (&article["newest"], &article["stands"]),
        (&2.into(), &false.into())
    );
    let id = story.git(&["rev-parse", "main~2"]);
    let page = story.git(&["rev-parse", &format!("main~2:articles/{ARTICLE}/page.txt")]);
    let hit = &article["revisions"][0];
    let place = format!("swh:1:cnt:{page};anchor=swh:1:rev:{id};path=/articles/{ARTICLE}/page.txt;lines=3");
    assert_eq!(hit["place"], place);
    assert_eq!(hit["swhid"], format!("swh:1:rev:{id}"));
    story.yes(&["verify", &place]);
    let said = story.yes(&["verify", "--quote", "opened today"]);
    let told = "from revision 1 to revision 1; the newest, revision 2, correction, no longer has them";
    assert!(said.contains(told), "{said}");
    assert!(said.lines().any(|line| line.ends_with(&id)), "{said}");
    assert!(said.lines().any(|line| line.trim_start() == place), "{said}");
    let said = story.yes(&["verify", "--quote", "opened yesterday"]);
    assert!(
        said.contains("since revision 2, and the newest, revision 2, has them"),
        "{said}"
    );
    let output = story.run(&["verify", "--quote", "opened tomorrow"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("nowhere"));
}

#[test]
fn words_that_begin_as_an_option_or_an_item_do_are_looked_for() {
    let story = Story::begin();
    story.add(
        "list.md",
        "- New bridge\n- Old bridge\n",
        &["--slug", "list", "--title", "L"],
    );
    for words in ["- New", "- New bridge - Old", "-"] {
        assert_eq!(places(&story, words).len(), 1, "{words}");
    }
    assert_eq!(places(&story, "--new"), Vec::<String>::new());
}

#[test]
fn what_cannot_be_looked_for_is_refused() {
    let story = story();
    for words in ["", " \u{3000}\n", "a\u{1b}[31mb", "a\u{7f}"] {
        let output = story.run(&["verify", "--quote", words]);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(
            String::from_utf8_lossy(&output.stderr).starts_with("error: "),
            "{words:?}"
        );
    }
    assert_eq!(story.run(&["verify", "--scan"]).status.code(), Some(2));
    assert_eq!(
        story.run(&["verify", "--quote", "a", ARTICLE]).status.code(),
        Some(2)
    );
}

#[test]
fn the_words_follow_the_branch() {
    let story = story();
    assert_eq!(places(&story, "再次开工").len(), 0);
    story.add(
        "four.txt",
        "桥再次开工。\n",
        &["--slug", "again", "--date", "2026-01-24"],
    );
    assert_eq!(places(&story, "再次开工").len(), 1);
    // The branch moved back: what came after is nowhere.
    let before = story.git(&["rev-parse", "main~1"]);
    story.git(&["update-ref", "refs/heads/main", &before]);
    assert_eq!(places(&story, "再次开工").len(), 0);
    story.add(
        "five.txt",
        "桥又停工了。\n",
        &["--slug", "stop", "--date", "2026-01-24"],
    );
    assert_eq!(places(&story, "又停工了").len(), 1);
}

#[test]
fn a_words_file_that_is_none_is_made_anew_and_a_lie_finds_nothing() {
    let story = story();
    assert_eq!(places(&story, "今天通车").len(), 1);
    let file = story.archive().join("avalaches.words");
    let good = fs::read(&file).unwrap();
    let half = good.len() / 2;
    let mut foreign = good.clone();
    foreign[68..72].fill(0);
    for (what, bytes) in [
        ("empty", Vec::new()),
        ("cut off", good[..half].to_vec()),
        ("text", b"nothing of the kind".repeat(1000)),
        ("foreign", foreign),
    ] {
        fs::write(&file, &bytes).unwrap();
        assert_eq!(places(&story, "今天通车").len(), 1, "{what}");
        assert_eq!(fs::read(&file).unwrap(), good, "{what}");
    }
    // Every page of the file in turn filled with other bytes: no lie, no panic.
    for page in 0..good.len() / 4096 {
        let mut bytes = good.clone();
        bytes[page * 4096..(page + 1) * 4096].fill(0xa5);
        fs::write(&file, &bytes).unwrap();
        let (status, document) = find(&story, &["--quote", "今天通车"]);
        if status == Some(0) {
            assert_eq!(document["articles"][0]["revisions"].as_array().unwrap().len(), 1);
        } else {
            assert_eq!(status, Some(1), "page {page}: {document}");
        }
        assert_eq!(find(&story, &["--quote", "明天通车"]).0, Some(1), "page {page}");
    }
    // Written with care: another article for a text, and a text that nobody published.
    fs::write(&file, &good).unwrap();
    let forged = rusqlite::Connection::open(&file).unwrap();
    forged
        .execute_batch(
            "UPDATE text SET article = '2026/01/23/ferry' WHERE number = 1; \
             INSERT INTO text(number, page, article) VALUES(9, zeroblob(20), '2026/01/23/ferry'); \
             INSERT INTO words(rowid, keys) VALUES(9, '明天 天通 通车');",
        )
        .unwrap();
    drop(forged);
    assert_eq!(find(&story, &["--quote", "明天通车"]).0, Some(1));
    let (_, document) = find(&story, &["--quote", "今天通车"]);
    assert!(!document.to_string().contains("ferry"), "{document}");
    assert_eq!(find(&story, &["--quote", "今天通车", "--scan"]).0, Some(0));
}

#[test]
fn a_kill_while_the_words_are_written_costs_nothing() {
    let story = story();
    killed::ferries(&story);
    for wait in [1, 5, 10, 20, 40] {
        let _ = fs::remove_file(story.archive().join("avalaches.words"));
        killed::after(wait, &story, &["verify", "--quote", "号渡船停航了"]);
        let (status, document) = find(&story, &["--quote", "号渡船停航了"]);
        assert_eq!(status, Some(0));
        assert_eq!(document["articles"].as_array().unwrap().len(), 40, "{wait} ms");
        assert_eq!(document["scanned"], false, "the lock was freed");
    }
    assert!(!story.archive().join("avalaches.words.new").exists());
}

#[test]
fn two_at_once_both_answer() {
    let story = story();
    let children: Vec<_> = (0..6)
        .map(|_| {
            story
                .program(&["verify", "--json", "--quote", "今天通车"])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["articles"][0]["article"], ARTICLE);
    }
    assert_eq!(places(&story, "今天通车").len(), 1);
}
