//! The search page of a site: its own program, run by node on the site's files, with `avalaches search` as judge.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories move folders")]
mod archives;
#[path = "support/tree.rs"]
mod tree;

use archives::Story;
use serde_json::{Value, json};

/// Does what a browser does with the page, but for showing it: prints which articles each query finds, with the title and
/// the excerpt as pieces, and how many files and bytes it took.
const NODE: &str = r#"
const fs = require("node:fs");
const [site, asked] = process.argv.slice(1);
const page = fs.readFileSync(process.argv[3] ?? `${site}/search.html`, "utf8");
const script = page.match(/<script>([^]*)<\/script>/)[1];
const revisions = Number(page.match(/data-revisions="(\d+)"/)[1]);
const search = new Function(`${script}; return search`)();
(async () => {
  const answers = [];
  for (const {query, language} of JSON.parse(asked)) {
    let files = 0, bytes = 0;
    const get = async (name) => {
      if (!fs.existsSync(`${site}/${name}`)) return null;
      const read = fs.readFileSync(`${site}/${name}`);
      files += 1;
      bytes += read.length;
      return new Uint8Array(read);
    };
    const terms = search.parse(query), hits = [];
    let failed = null;
    try {
      if (terms) for await (const hit of search.open(revisions, get)(terms, {language})) {
        hits.push({name: hit.name, excerpt: search.excerpt(hit.found.whole, hit.found.text)});
      }
    } catch (error) {
      failed = error.message;
    }
    answers.push({hits, files, bytes, failed, parsed: terms !== null});
  }
  console.log(JSON.stringify(answers));
})();
"#;

/// Asks the page; the language may be empty.
fn page(site: &Path, queries: &[(&str, &str)]) -> Vec<Value> {
    let answers = page_of(&site.join("search.html"), site, queries);
    assert!(
        answers.iter().all(|answer| answer["failed"].is_null()),
        "{answers:?}"
    );
    answers
}

/// Asks a page that may be that of another build.
fn page_of(page: &Path, site: &Path, queries: &[(&str, &str)]) -> Vec<Value> {
    let asked: Vec<Value> = queries
        .iter()
        .map(|(query, language)| json!({"query": query, "language": language}))
        .collect();
    let output = Command::new("node")
        .args(["-e", NODE, "--"])
        .arg(site)
        .arg(json!(asked).to_string())
        .arg(page)
        .output()
        .expect("this test needs node");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect(&said)
}

fn names(answer: &Value) -> Vec<&str> {
    let hits = answer["hits"].as_array().unwrap();
    hits.iter().map(|hit| hit["name"].as_str().unwrap()).collect()
}

/// Searches by the command line.
fn command(story: &Story, query: &str, language: &str) -> Vec<String> {
    let mut options = vec!["search", "--json", "--sort", "date", "--limit", "1000"];
    if !language.is_empty() {
        options.extend(["--lang", language]);
    }
    options.extend(["--", query]);
    let output = story.run(&options);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let hits = document["hits"].as_array().cloned().unwrap_or_default();
    hits.iter()
        .map(|hit| hit["article"].as_str().unwrap().to_owned())
        .collect()
}

fn built(story: &Story) -> PathBuf {
    story.yes(&["build", "site", "-q"]);
    story.folder.path().join("site")
}

/// So many articles of few words, so that much is found and much is nearly found, one in five revised.
fn many(story: &Story, count: usize) {
    let words = [
        "bridge", "Bridges", "opening", "opened", "ferry", "GPT-4", "Straße", "nothing",
    ];
    let han = ["桥今天通车", "渡船停航", "今天，天气", "通车Ａi桥", "船"];
    let mut lines = Vec::new();
    for number in 0..count {
        let at = |step: usize, of: &[&str]| of[(number * 7 + number / 3 + step * step) % of.len()].to_owned();
        let zh = format!("{}{}。{}\n", at(0, &han), at(1, &han), at(number % 4, &han));
        let en = format!(
            "The {} {}, {} at last.\n",
            at(2, &words),
            at(3, &words),
            at(5, &words)
        );
        let minute = format!("2026-01-22T{:02}:{:02}:00Z", number / 60, number % 60);
        let mut line =
            json!({"date": minute, "sources": {"zh": zh, "en": en}, "slug": format!("a-{number}")});
        if number % 9 == 0 {
            line["title"] = json!({"zh": format!("第{number}号桥"), "en": "Of \"bridges\" <b>& ferries</b>"});
            line["tags"] = json!(["public works"]);
        }
        lines.push(line.to_string());
        if number % 5 == 4 {
            let article = format!("2026/01/22/a-{}", number - 3);
            let sources = json!({"zh": "改过了。\n", "en": "It was revised.\n"});
            let line = json!({"date": minute, "article": article, "kind": "correction", "note": "So.", "sources": sources});
            lines.push(line.to_string());
        }
    }
    story.write("lines.jsonl", lines.join("\n"));
    story.yes(&["import", "lines.jsonl", "-q", "--archived-at", "2026-01-25"]);
}

const QUERIES: [&str; 26] = [
    "桥",
    "今天",
    "桥今天",
    "今天通车",
    "通车渡",
    "今天，天气",
    "天气",
    "船",
    "bridge",
    "BRIDGING",
    "opened ferry",
    "open -ferry",
    "桥 -船",
    "\"at last\"",
    "\"The bridge\"",
    "\"he bridge\"",
    "\"今天，天\"",
    "GPT-4",
    "gpt4",
    "strasse",
    "通车ai桥",
    "ai",
    "public works",
    "第9号",
    "改过了",
    "revision",
];

#[test]
#[ignore = "needs node"]
fn the_page_finds_what_the_command_line_finds() {
    let story = Story::begin();
    // One part of 64, and a newest part.
    many(&story, 90);
    let site = built(&story);
    let mut found = 0;
    for language in ["", "en", "fr"] {
        let asked: Vec<(&str, &str)> = QUERIES.iter().map(|query| (*query, language)).collect();
        for (answer, query) in page(&site, &asked).iter().zip(QUERIES) {
            let expected = command(&story, query, language);
            assert_eq!(names(answer), expected, "{query} in {language:?}");
            found += expected.len();
        }
    }
    assert!(found > 500, "{found}");
    // The command line refuses a control character; to the page it is white space, wherever it stands.
    let answers = page(
        &site,
        &[
            ("open ferry", ""),
            ("open\u{85}ferry\u{85}", ""),
            ("\"at last\"", ""),
            ("\u{85}\"\u{85}at last\u{85}\"", ""),
        ],
    );
    for pair in answers.chunks(2) {
        assert!(!names(&pair[0]).is_empty());
        assert_eq!(names(&pair[1]), names(&pair[0]));
    }
    let answers = page(&site, &[("——", ""), ("-桥", ""), ("\"<b>& ferries\"", "")]);
    assert_eq!(
        (&answers[0]["parsed"], &answers[1]["parsed"]),
        (&false.into(), &false.into())
    );
    assert_eq!(
        names(&answers[2]).len(),
        command(&story, "\"<b>& ferries\"", "").len()
    );
}

#[test]
#[ignore = "needs node"]
fn a_page_that_was_open_while_the_site_was_built_again_says_so() {
    let story = Story::begin();
    many(&story, 8);
    let site = built(&story);
    let open = story.folder.path().join("open.html");
    fs::copy(site.join("search.html"), &open).unwrap();
    let before = page(&site, &[("桥", "")]);
    let mut lines = String::new();
    for number in 0..70 {
        let line =
            json!({"date": "2026-01-24", "sources": {"zh": "桥又停工了。\n"}, "slug": format!("b-{number}")});
        lines = lines + &line.to_string() + "\n";
        if ![0, 69].contains(&number) {
            continue;
        }
        story.write("more.jsonl", std::mem::take(&mut lines));
        story.yes(&["import", "more.jsonl", "-q", "--archived-at", "2026-01-25"]);
        let site = built(&story);
        let answers = page_of(&open, &site, &[("桥", "")]);
        assert_eq!(answers[0]["failed"], "stale", "{number}: {before:?}");
        assert!(names(&page(&site, &[("桥", "")])[0]).len() > names(&before[0]).len());
    }
}

#[test]
#[ignore = "needs node"]
fn an_excerpt_shows_what_was_found() {
    let story = Story::begin();
    let text = format!(
        "{}桥今天通车。\n\nThe bridge opened.\n",
        "很长的一段话，没有那个字。".repeat(20)
    );
    story.add("one.txt", &text, &["--slug", "one", "--date", "2026-01-22"]);
    let site = built(&story);
    let answers = page(&site, &[("通车 opened", "")]);
    let pieces = answers[0]["hits"][0]["excerpt"].as_array().unwrap();
    let found: Vec<&str> = pieces
        .iter()
        .filter(|piece| piece[1] == true)
        .map(|piece| piece[0].as_str().unwrap())
        .collect();
    assert_eq!(found, ["通车", "opened"]);
    assert_eq!(pieces[0][0], "…");
    // An index of thirteen files or fewer, one text.
    assert!(answers[0]["bytes"].as_u64().unwrap() < 64 << 10, "{answers:?}");
}

#[test]
#[ignore = "needs node"]
fn what_spans_parts_or_is_a_tag_in_the_second_language_is_found() {
    let story = Story::begin();
    let text = "桥今天通车。\n\nThe bridge opened.\n";
    story.add("one.txt", text, &["--slug", "one", "--date", "2026-01-22"]);
    let text = "Le pont de la ville est ouvert aujourd'hui, et tout le monde est content de le voir.\n\nIt opened today, \
                and everybody in the city was very glad to see that it did.\n";
    let options = [
        "--slug",
        "two",
        "--date",
        "2026-01-22",
        "--lang",
        "fr,en",
        "--tag",
        "bridges",
    ];
    story.add("two.txt", text, &options);
    let site = built(&story);
    let queries = [
        "通车The",
        "通车。 the bridge",
        "车the",
        "车 -bridge",
        "bridge",
        "bridges",
        "pont bridge",
    ];
    let asked: Vec<(&str, &str)> = queries.iter().map(|query| (*query, "")).collect();
    for (answer, query) in page(&site, &asked).iter().zip(queries) {
        assert_eq!(names(answer), command(&story, query, ""), "{query}");
    }
    let answers = page(&site, &[("通车The", ""), ("bridge", "")]);
    assert_eq!(names(&answers[0]), ["2026/01/22/one"]);
    assert_eq!(names(&answers[1]).len(), 2);
}

/// Returns the files of the index with their bytes.
fn index(site: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = tree::files(&site.join("search")).into_iter();
    files
        .map(|(name, bytes)| (format!("search/{name}"), bytes))
        .collect()
}

#[test]
fn a_new_article_changes_few_files_and_the_index_is_the_same_however_it_grew() {
    let story = Story::begin();
    many(&story, 90);
    let site = built(&story);
    let before = index(&site);
    assert!(
        before.keys().any(|name| name.starts_with("search/64/1/")),
        "{:?}",
        before.keys()
    );
    assert!(before.values().all(|bytes| bytes.len() < 16 << 10));
    story.add(
        "new.txt",
        "桥又停工了。\n",
        &["--slug", "new", "--date", "2026-01-23"],
    );
    let site = built(&story);
    let after = index(&site);
    let changed = after
        .iter()
        .filter(|(name, bytes)| before.get(*name) != Some(bytes));
    let changed: Vec<&String> = changed.map(|(name, _)| name).collect();
    assert!(!changed.is_empty() && changed.len() <= 17, "{changed:?}");
    assert!(
        changed.iter().all(|name| !name.starts_with("search/64/")),
        "{changed:?}"
    );
    // What the newest part was goes.
    let folders = fs::read_dir(site.join("search/new")).unwrap();
    assert_eq!(folders.count(), 1);
    fs::remove_dir_all(&site).unwrap();
    assert_eq!(index(&built(&story)), after);
}

#[test]
fn the_page_runs_its_own_script_alone_and_says_what_it_needs() {
    let story = Story::begin();
    story.add(
        "one.txt",
        "桥今天通车。\n",
        &["--slug", "one", "--title", "</script><script>alert(1)</script>"],
    );
    let site = built(&story);
    let page = fs::read_to_string(site.join("search.html")).unwrap();
    assert_eq!(page.matches("<script").count(), 1, "{page}");
    let script = page
        .split("<script>")
        .nth(1)
        .and_then(|rest| rest.split("</script>").next())
        .unwrap();
    let hash = {
        use sha2::Digest as _;
        avalaches::base64::encode(&sha2::Sha256::digest(script))
    };
    let policy = page
        .split("Content-Security-Policy\" content=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(
        policy.contains(&format!("script-src 'sha256-{hash}'; connect-src 'self'")),
        "{policy}"
    );
    assert!(
        !script.contains("innerHTML") && !script.contains("document.write"),
        "hostile titles are text"
    );
    assert!(
        page.contains("<noscript>") && page.contains("data-server="),
        "{page}"
    );
    let home = fs::read_to_string(site.join("index.html")).unwrap();
    assert!(home.contains("href=\"search.html\""), "{home}");
}
