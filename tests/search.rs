//! `search`: which articles have some words, with a scan of the texts as judge.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories move folders")]
mod archives;
#[path = "support/killed.rs"]
mod killed;

use archives::Story;
use avalaches::archive::{Archive, Owner};
use avalaches::listing;
use avalaches::query::Query;
use avalaches::search::{self, InMemory};
use serde_json::Value;

const BRIDGE: &str = "2026/01/22/bridge";
const FERRY: &str = "2026/01/23/ferry";

/// Three articles, the first of which was corrected.
fn story() -> Story {
    let story = Story::begin();
    let text = "桥今天通车。\n\nThe bridge opened today, “at last”.\n";
    let options = [
        "--slug",
        "bridge",
        "--date",
        "2026-01-22",
        "--tag",
        "public works",
    ];
    story.add("one.txt", text, &options);
    story.yes(&[
        "correct",
        BRIDGE,
        &written(
            &story,
            "桥昨天通车。\n\nThe bridge opened yesterday, “at last”.\n",
        ),
        "--note",
        "Yesterday.",
        "--date",
        "2026-01-22",
        "-q",
    ]);
    let options = [
        "--slug",
        "ferry",
        "--date",
        "2026-01-23",
        "--title",
        "zh=渡船和桥",
        "--title",
        "en=Ferries stop",
    ];
    let text = "渡船停航，Anthropic公司的船也停了。\n\nThe ferry stopped. Nobody <b>crossed</b> over.\n";
    story.add("three.txt", text, &options);
    let options = ["--slug", "traverse", "--date", "2026-01-24", "--lang", "fr"];
    let text = "Les traversées nationales reprennent lundi, et les ferries aussi.\n";
    story.add("four.txt", text, &options);
    story
}

fn written(story: &Story, text: &str) -> String {
    story.write("page.txt", text);
    "page.txt".to_owned()
}

/// Searches; returns the exit status and the document.
fn search(story: &Story, options: &[&str]) -> (Option<i32>, Value) {
    let output = story.run(&[&["search", "--json"], options].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.contains("panicked"), "{said}");
    let document = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), document)
}

/// Returns the revisions that are found, in their order.
fn hits(story: &Story, options: &[&str]) -> Vec<String> {
    let (status, document) = search(story, options);
    let hits = document["hits"].as_array();
    let hits = hits.unwrap_or_else(|| panic!("{options:?}: {status:?}"));
    assert_eq!(status, Some(i32::from(hits.is_empty())), "{options:?}");
    let name = |hit: &Value| format!("{}@{}", hit["article"].as_str().unwrap(), hit["revision"]);
    hits.iter().map(name).collect()
}

/// Puts the pieces of a title or an excerpt together, with what was found in brackets.
fn shown(pieces: &Value) -> String {
    let piece = |piece: &Value| match piece["found"].as_str() {
        Some(found) => format!("[{found}]"),
        None => piece["text"].as_str().unwrap().to_owned(),
    };
    pieces.as_array().unwrap().iter().map(piece).collect()
}

#[test]
fn articles_are_found_by_what_they_say() {
    let story = story();
    let (bridge, ferry, french) = (
        format!("{BRIDGE}@2"),
        format!("{FERRY}@1"),
        "2026/01/24/traverse@1",
    );
    for (query, expected) in [
        ("昨天通车", vec![bridge.as_str()]),
        ("今天", vec![]),
        ("BRIDGES opening", vec![&bridge]),
        ("\"opened yesterday\"", vec![&bridge]),
        ("\"opens yesterday\"", vec![]),
        ("works", vec![&bridge]),
        ("桥", vec![&ferry, &bridge]),
        ("桥 -停航", vec![&bridge]),
        ("Anthropic公司", vec![&ferry]),
        ("nationale", vec![french]),
        ("ferry stops", vec![&ferry]),
        ("渡船通车", vec![]),
    ] {
        assert_eq!(hits(&story, &[query]), expected, "{query}");
    }
    // Words of one argument each are one query.
    assert_eq!(hits(&story, &["bridge", "昨天"]), [bridge.as_str()]);
}

#[test]
fn hits_are_chosen_by_what_is_said_of_them() {
    let story = story();
    for (options, expected) in [
        (&["桥", "--since", "2026-01-23"][..], &["2026/01/23/ferry@1"][..]),
        (&["桥", "--until", "2026-01-22"], &["2026/01/22/bridge@2"]),
        (&["桥", "--tag", "public works"], &["2026/01/22/bridge@2"]),
        (&["桥", "--tag", "public"], &[]),
        (&["ferries", "--lang", "fr"], &["2026/01/24/traverse@1"]),
        (&["桥", "--article", FERRY], &["2026/01/23/ferry@1"]),
        (&["桥", "--author", "nobody"], &[]),
        (
            &["通车", "--all-revisions", "--sort", "date"],
            &["2026/01/22/bridge@2", "2026/01/22/bridge@1"],
        ),
        (&["今天", "--all-revisions"], &["2026/01/22/bridge@1"]),
        (&["桥", "--sort", "date", "--limit", "1"], &["2026/01/23/ferry@1"]),
    ] {
        assert_eq!(hits(&story, options), expected, "{options:?}");
    }
    let more = |options: &[&str]| search(&story, options).1["more"].clone();
    assert_eq!(more(&["桥", "--limit", "1"]), true);
    assert_eq!(more(&["桥", "--limit", "2"]), false);
}

#[test]
fn a_hit_shows_where_the_words_are() {
    let story = story();
    let (_, document) = search(&story, &["ferry 渡船 crossed"]);
    let hit = &document["hits"][0];
    assert_eq!(shown(&hit["title"]), "[渡船]和桥");
    assert_eq!(
        shown(&hit["excerpt"]),
        "[渡船]停航，Anthropic公司的船也停了。 The [ferry] stopped. Nobody <b>[crossed]</b> over."
    );
    let output = story.run(&["search", "bridge 昨天"]);
    let printed = String::from_utf8(output.stdout).unwrap();
    let id = story.git(&["rev-parse", "main~2"]);
    assert_eq!(
        printed,
        format!(
            "{BRIDGE}  2026-01-22 (Thursday) · {id}\n  桥昨天通车。\n  桥昨天通车。 The bridge opened yesterday, “at last”.\n"
        )
    );
    // What would turn the direction of a line is shown, not done.
    let text = "桥\u{202e}上有人。\n";
    story.add("odd.txt", text, &["--slug", "odd", "--allow-invisible"]);
    let printed = story.yes(&["search", "桥 有人"]);
    assert!(
        printed.contains("桥\\u{202e}上有人。") && !printed.contains('\u{202e}'),
        "{printed}"
    );
}

#[test]
fn what_cannot_be_searched_for_is_refused() {
    let story = story();
    for (query, hint) in [
        ("", "--quote"),
        ("——", "--quote"),
        (" -桥", "must have"),
        ("a\u{1b}[31mb", ""),
    ] {
        let output = story.run(&["search", "--", query]);
        assert_eq!(output.status.code(), Some(2), "{query:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.starts_with("error: ") && said.contains(hint),
            "{query:?}: {said}"
        );
        assert!(!said.contains('\u{1b}'), "{said:?}");
    }
    assert_eq!(story.run(&["search"]).status.code(), Some(2));
}

/// Tells whether a text has a term.
type Judge = Box<dyn Fn(&str) -> bool>;

/// Filler of few characters and words, so that much is found and much is nearly found.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn characters(&mut self, most: usize) -> String {
        let han = ['桥', '今', '天', '通', '车', '船'];
        (0..=self.below(most))
            .map(|_| han[self.below(han.len())])
            .collect()
    }

    fn word(&mut self) -> &'static str {
        [
            "bridge", "Bridges", "opened", "opening", "open", "ferry", "Ａi", "GPT",
        ][self.below(8)]
    }

    fn text(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..=self.below(4) {
            text += &self.characters(7);
            text += ["。", "，", "，", " "][self.below(4)];
        }
        text += "\n\n";
        for _ in 0..=self.below(6) {
            text += self.word();
            text += [" ", " ", ", ", "-"][self.below(4)];
        }
        text + "end.\n"
    }

    /// A term and whether a text has it, told without keys and tokens.
    fn term(&mut self) -> (String, Judge) {
        match self.below(4) {
            0 | 1 => {
                let term = self.characters(4);
                let wanted = term.clone();
                (term, Box::new(move |text| text.contains(&wanted)))
            }
            2 => {
                let term = self.word().to_owned();
                let stem = |word: &str| match word.to_lowercase().replace('ａ', "a").as_str() {
                    "bridges" => "bridge".to_owned(),
                    "opened" | "opening" => "open".to_owned(),
                    word => word.to_owned(),
                };
                let wanted = stem(&term);
                let has = move |text: &str| {
                    let mut words = text.split(|c: char| !c.is_ascii_alphabetic() && c != 'Ａ');
                    words.any(|word| stem(word) == wanted)
                };
                (term, Box::new(has))
            }
            _ => {
                let (one, other) = (self.word(), self.word());
                let wanted = format!("{one} {other}").to_lowercase();
                let has = move |text: &str| {
                    let text = text.to_lowercase().replace(['\n', ',', '-'], "\u{1}");
                    let text = format!(" {} ", text.replace('\u{1}', " \u{1} "));
                    text.contains(&format!(" {wanted} "))
                };
                (format!("\"{one} {other}\""), Box::new(has))
            }
        }
    }
}

#[test]
fn a_scan_of_all_texts_finds_the_same() {
    let story = Story::begin();
    let mut dice = Dice(7);
    let texts: Vec<String> = (0..120).map(|_| dice.text()).collect();
    let line = |(number, text): (usize, &String)| {
        let (zh, en) = text.split_once("\n\n").unwrap();
        let sources = serde_json::json!({"zh": format!("{}\n", zh.trim_end()), "en": en});
        serde_json::json!({"date": "2026-01-22", "slug": format!("a-{number}"), "sources": sources})
            .to_string()
    };
    let lines: Vec<String> = texts.iter().enumerate().map(line).collect();
    story.write("lines.jsonl", lines.join("\n"));
    story.yes(&["import", "lines.jsonl", "-q", "--archived-at", "2026-01-25"]);
    let (mut found, mut nothing) = (0, 0);
    for _ in 0..150 {
        let terms: Vec<(String, Judge)> = (0..=dice.below(3)).map(|_| dice.term()).collect();
        // The first is wanted, each other may be not.
        let excluded: Vec<bool> = (0..terms.len()).map(|at| at > 0 && dice.below(3) == 0).collect();
        let term = |(term, excluded): (&(String, _), &bool)| {
            format!("{}{}", if *excluded { "-" } else { "" }, term.0)
        };
        let query: Vec<String> = terms.iter().zip(&excluded).map(term).collect();
        let query = query.join(" ");
        let has = |text: &str| {
            terms
                .iter()
                .zip(&excluded)
                .all(|(term, excluded)| term.1(text) != *excluded)
        };
        let expected: BTreeSet<String> = (0..)
            .zip(&texts)
            .filter(|(_, text)| has(text))
            .map(|(number, _)| format!("2026/01/22/a-{number}@1"))
            .collect();
        let own: BTreeSet<String> = hits(&story, &["--limit", "1000", "--", &query])
            .into_iter()
            .collect();
        assert_eq!(own, expected, "{query}");
        found += expected.len();
        nothing += usize::from(expected.is_empty());
    }
    assert!(found > 300 && nothing > 10, "{found} {nothing}");
}

#[test]
fn the_search_follows_the_branch() {
    let story = story();
    assert_eq!(hits(&story, &["再次开工"]).len(), 0);
    assert_eq!(hits(&story, &["昨天"]), [format!("{BRIDGE}@2")]);
    let page = written(&story, "桥前天通车。\n\nThe bridge opened the day before.\n");
    story.yes(&["correct", BRIDGE, &page, "--note", "The day before.", "-q"]);
    assert_eq!(hits(&story, &["昨天"]).len(), 0);
    assert_eq!(hits(&story, &["前天"]), [format!("{BRIDGE}@3")]);
    // One that grew is as good as one that was made at once: the same order of the same hits.
    let every = ["桥", "--all-revisions"];
    let (_, grown) = search(&story, &every);
    fs::remove_file(story.archive().join("avalaches.search")).unwrap();
    assert_eq!(search(&story, &every).1, grown);
    // The branch moved back: what came after is nowhere.
    let before = story.git(&["rev-parse", "main~1"]);
    story.git(&["update-ref", "refs/heads/main", &before]);
    assert_eq!(hits(&story, &["前天"]).len(), 0);
    assert_eq!(hits(&story, &["昨天"]), [format!("{BRIDGE}@2")]);
}

#[test]
fn a_search_file_that_is_none_is_made_anew_and_a_lie_finds_nothing() {
    let story = story();
    let expected = [format!("{FERRY}@1"), format!("{BRIDGE}@2")];
    assert_eq!(hits(&story, &["桥"]), expected);
    let file = story.archive().join("avalaches.search");
    let good = fs::read(&file).unwrap();
    let mut foreign = good.clone();
    foreign[68..72].fill(0);
    for (what, bytes) in [
        ("empty", Vec::new()),
        ("cut off", good[..good.len() / 2].to_vec()),
        ("text", b"nothing of the kind".repeat(1000)),
        ("foreign", foreign),
    ] {
        fs::write(&file, &bytes).unwrap();
        assert_eq!(hits(&story, &["桥"]), expected, "{what}");
        assert_eq!(fs::read(&file).unwrap(), good, "{what}");
    }
    // Every page of the file in turn filled with other bytes: no lie, no panic.
    for page in 0..good.len() / 4096 {
        let mut bytes = good.clone();
        bytes[page * 4096..(page + 1) * 4096].fill(0xa5);
        fs::write(&file, &bytes).unwrap();
        let found = hits(&story, &["桥"]);
        assert!(
            found.iter().all(|hit| expected.contains(hit)),
            "page {page}: {found:?}"
        );
        assert_eq!(hits(&story, &["今天"]).len(), 0, "page {page}");
    }
    // Written with care: an older revision as the newest, a commit of nobody, keys that no text has.
    fs::write(&file, &good).unwrap();
    let forged = rusqlite::Connection::open(&file).unwrap();
    let lies = "UPDATE revision SET article = 'x' WHERE position = 1; \
                INSERT INTO revision VALUES(9, zeroblob(20), 'y', 0, 0); \
                INSERT INTO keys(rowid, page) VALUES(9, '今天 明天'), (3, '明天');";
    forged.execute_batch(lies).unwrap();
    drop(forged);
    assert_eq!(hits(&story, &["今天"]).len(), 0);
    assert_eq!(hits(&story, &["明天"]).len(), 0);
    assert_eq!(hits(&story, &["昨天"]), [format!("{BRIDGE}@2")]);
    // Where no file can be, one in memory does.
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!(hits(&story, &["桥"]), expected);
}

#[test]
fn what_is_made_in_memory_is_made_once_for_a_tip() {
    let story = story();
    fs::create_dir(story.archive().join("avalaches.search")).unwrap();
    let in_memory = InMemory::default();
    // How many hits there are, and which whole numbers of texts were told of.
    let find = || {
        let archive = Archive::open(&story.archive(), Owner::Caller).unwrap();
        let query = Query::parse("桥").unwrap();
        let wanted = search::Wanted {
            chosen: listing::Wanted::default(),
            article: None,
            revisions: search::Revisions::Newest,
            order: search::Order::Date,
        };
        let mut told = Vec::new();
        let found = search::find(&archive, &query, &wanted, &in_memory, &mut |progress| {
            told.push(progress.all);
            ControlFlow::Continue(())
        });
        (found.unwrap().hits.len(), told)
    };
    let (hits, first) = find();
    let (again, second) = find();
    assert_eq!(hits, again);
    assert!(second.len() < first.len(), "{first:?} {second:?}");
    story.add(
        "four.txt",
        "又一座桥。\n",
        &["--slug", "other", "--date", "2026-01-25"],
    );
    let (more, third) = find();
    assert_eq!((more, third.len()), (hits + 1, first.len()));
}

#[test]
fn a_kill_while_the_search_file_is_written_costs_nothing() {
    let story = story();
    killed::ferries(&story);
    for wait in [1, 5, 10, 20, 40] {
        let _ = fs::remove_file(story.archive().join("avalaches.search"));
        killed::after(wait, &story, &["search", "号渡船停航了"]);
        // Some are read on every core.
        assert_eq!(
            hits(&story, &["号渡船停航了", "--limit", "100"]).len(),
            40,
            "{wait} ms"
        );
    }
    assert!(!story.archive().join("avalaches.search.new").exists());
}
