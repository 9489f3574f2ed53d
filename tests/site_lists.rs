//! What a site has beside the pages of revisions: histories, months, tags, feeds, and what it tells programs.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories ask the archive more")]
mod archives;
#[path = "support/bridge.rs"]
mod bridge;
#[path = "support/sites.rs"]
#[allow(dead_code, reason = "other stories ask pages more")]
mod sites;
#[path = "support/tree.rs"]
mod tree;

use std::collections::BTreeSet;
use std::path::Path;

use archives::Story;
use atom_syndication::Feed;
use bridge::ARTICLE;
use scraper::{Html, Selector};
use serde_json::{Value, json};
use sites::{files, page, site, verify_alone};

const BASE: &str = "https://example.org/papers";
const NOTE: &str = "It was <yesterday>, says </script><b>the editor</b>.";

/// The bridge, corrected, and the ferry, with tags and an address.
fn story() -> Story {
    let story = bridge::story(
        NOTE,
        &["--tag", "桥梁", "--tag", "Bridges & ferries", "--title", "桥 <i>"],
    );
    story.yes(&["settings", "--base-url", BASE, "--title", "Papers & <news>"]);
    story.yes(&["build", "site"]);
    story
}

fn texts(html: &Html, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).unwrap();
    let found = html.select(&selector);
    found
        .map(|element| element.text().collect::<String>().trim().to_owned())
        .collect()
}

fn links(html: &Html, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).unwrap();
    let found = html.select(&selector);
    found
        .map(|element| element.value().attr("href").unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn a_history_has_every_revision_and_what_it_changed() {
    let story = story();
    story.yes(&["retract", ARTICLE, "--note", "It never opened."]);
    story.yes(&["build", "site"]);
    let text = page(&story, &format!("{ARTICLE}/history.html"));
    let html = Html::parse_document(&text);
    let footers = story.git(&[
        "log",
        "--date=format:%Y-%m-%d (%A)",
        "--format=%ad · %H",
        "main",
        "--",
        &format!("articles/{ARTICLE}"),
    ]);
    assert_eq!(texts(&html, ".footer"), footers.lines().collect::<Vec<_>>());
    assert_eq!(links(&html, "h2 a"), ["r3.html", "r2.html", "r1.html"]);
    assert_eq!(texts(&html, "h2 .mark"), ["撤回", "更正", "发表"]);
    assert_eq!(texts(&html, ".note"), ["It never opened.", NOTE]);
    let correction = Selector::parse("li.correction").unwrap();
    let correction = Html::parse_fragment(&html.select(&correction).next().unwrap().inner_html());
    assert_eq!(texts(&correction, ".text del"), ["今", "today"]);
    assert_eq!(texts(&correction, ".text ins"), ["昨", "yesterday"]);
    assert_eq!(texts(&correction, ".place")[0], "第1段，有改动");
    let fields = texts(&correction, ".field");
    assert!(fields.concat().contains("桥 <i>"), "{fields:?}");
    for field in &fields {
        let (name, became) = field.split_once('，').unwrap();
        assert!(
            name.starts_with("标题（") || ["标签", "语言", "作者"].contains(&name),
            "{field}"
        );
        assert!(
            ["有改动：", "新增：", "已删："]
                .iter()
                .any(|word| became.starts_with(word)),
            "{field}"
        );
    }
    assert!(!text.contains("<b>") && !text.contains("<i>"), "{text}");
}

#[test]
fn a_retraction_has_a_headline_and_its_note_once() {
    let story = story();
    story.yes(&["retract", ARTICLE, "--note", NOTE]);
    story.yes(&["build", "site"]);
    let text = page(&story, &format!("{ARTICLE}/index.html"));
    let html = Html::parse_document(&text);
    assert_eq!(texts(&html, ".standing.retraction"), ["撤回：桥 <i>"]);
    // Once in each of the two languages.
    assert_eq!(texts(&html, "main").concat().matches(NOTE).count(), 2, "{text}");
    assert_eq!(texts(&html, "section").concat().matches(NOTE).count(), 2);
    assert_eq!(verify_alone(text.as_bytes()).0, Some(0));
    let corrected = page(&story, &format!("{ARTICLE}/r2.html"));
    let corrected = Html::parse_document(&corrected);
    assert_eq!(
        texts(&corrected, ".standing.correction"),
        [format!("更正 {NOTE}")]
    );
    // A note that the text does not have stays.
    let ferry = "2026/01/23/ferry";
    story.add(
        "gone.txt",
        "本文已撤回。\n",
        &[
            "--article",
            ferry,
            "--kind",
            "retraction",
            "--note",
            "没有渡船。",
            "--title",
            "撤回：渡船停航",
        ],
    );
    story.yes(&["build", "site"]);
    let text = page(&story, &format!("{ferry}/index.html"));
    assert_eq!(
        texts(&Html::parse_document(&text), ".standing.retraction"),
        ["撤回：渡船停航 没有渡船。"]
    );
    assert_eq!(verify_alone(text.as_bytes()).0, Some(0));
}

#[test]
fn authors_are_named_below_the_footer_and_in_lists() {
    let story = Story::begin();
    let by = [
        "--author=林晓 <lin@example.org>",
        "--author=Ann Lee <ann@example.org>",
    ];
    for (name, text, options) in [
        ("one.txt", "渡船停航。\n", &by[..]),
        ("two.txt", "The ferry is back.\n", &by[..1]),
        ("six.txt", "The ferry is full.\n", &[]),
    ] {
        let slug = format!("--slug={}", &name[..3]);
        let options = [&[slug.as_str(), "--date=2026-01-22"], options].concat();
        story.add(name, text, &options);
    }
    story.yes(&["build", "site"]);
    for (slug, line) in [
        ("one", "作者： 林晓、Ann Lee"),
        ("two", "By: 林晓"),
        ("six", "By: Desk"),
    ] {
        let text = page(&story, &format!("2026/01/22/{slug}/index.html"));
        let html = Html::parse_document(&text);
        assert_eq!(texts(&html, ".about p")[0], line);
        assert_eq!(links(&html, ".about a"), ["history.html", "r1.proof"]);
        assert_eq!(verify_alone(text.as_bytes()).0, Some(0));
    }
    let home = Html::parse_document(&page(&story, "index.html"));
    // Whoever all pages are by is not named for each.
    assert_eq!(texts(&home, ".articles .by").len(), 2);
    assert!(texts(&home, ".articles .by").concat().contains("林晓、Ann"));
}

#[test]
fn months_and_tags_list_what_the_archive_lists() {
    let story = story();
    let listed = |options: &[&str]| -> BTreeSet<String> {
        let printed = story.yes(&[&["list", "--json"], options].concat());
        let document: Value = serde_json::from_str(&printed).unwrap();
        let articles = document["articles"].as_array().unwrap();
        let names = articles.iter().map(|one| one["article"].as_str().unwrap());
        names.map(|name| format!("../../{name}/index.html")).collect()
    };
    let shown = |name: &str| -> BTreeSet<String> {
        let html = Html::parse_document(&page(&story, name));
        links(&html, ".articles a").into_iter().collect()
    };
    assert_eq!(
        shown("2026/01/index.html"),
        listed(&["--since", "2026-01-01", "--until", "2026-01-31"])
    );
    let html = Html::parse_document(&page(&story, &format!("{ARTICLE}/index.html")));
    let tags = links(&html, ".about a[rel=tag]");
    assert_eq!(texts(&html, ".about a[rel=tag]"), ["桥梁", "Bridges & ferries"]);
    for (tag, link) in ["桥梁", "Bridges & ferries"].iter().zip(tags) {
        let name = link.strip_prefix("../../../../").unwrap();
        assert_eq!(shown(name), listed(&["--tag", tag]), "{name}");
        assert_eq!(texts(&Html::parse_document(&page(&story, name)), "h1"), [*tag]);
    }
    let home = Html::parse_document(&page(&story, "index.html"));
    assert_eq!(texts(&home, "h1"), ["Papers & <news>"]);
    assert_eq!(links(&home, ".ways dd a"), ["2026/01/index.html"]);
    assert_eq!(links(&home, ".tags a").len(), 2);
}

#[test]
fn every_link_within_a_site_leads_to_a_file_of_it() {
    let story = story();
    story.add(
        "four.txt",
        "第二座桥。\n",
        &["--slug", "two", "--date", "2025-12-31", "--tag", "桥梁"],
    );
    story.yes(&["build", "site"]);
    let mut followed = 0;
    for (path, bytes) in files(&site(&story)) {
        if path.extension().is_none_or(|ending| ending != "html") {
            continue;
        }
        let html = Html::parse_document(std::str::from_utf8(&bytes).unwrap());
        for link in links(&html, "a, link") {
            let target = match link.strip_prefix(BASE) {
                Some(name) => site(&story).join(name.trim_start_matches('/')),
                None => path.parent().unwrap().join(&link),
            };
            assert!(target.is_file(), "{}: {link}", path.display());
            followed += 1;
        }
    }
    assert!(followed > 50, "{followed}");
}

#[test]
fn a_page_tells_programs_what_it_is() {
    let story = story();
    let data = |name: &str| -> Value {
        let html = Html::parse_document(&page(&story, &format!("{ARTICLE}/{name}")));
        serde_json::from_str(&texts(&html, "script[type=\"application/ld+json\"]")[0]).unwrap()
    };
    let newest = data("index.html");
    let id = story.git(&["rev-parse", "main~2"]);
    assert_eq!(newest["@type"], "NewsArticle");
    assert_eq!(newest["headline"], "桥 <i>");
    assert_eq!(newest["identifier"], format!("swh:1:rev:{id}"));
    assert_eq!(newest["inLanguage"], json!(["zh", "en"]));
    assert_eq!(newest["keywords"], json!(["桥梁", "Bridges & ferries"]));
    assert_eq!(newest["correction"][0]["@type"], "CorrectionComment");
    assert_eq!(newest["correction"][0]["text"], NOTE);
    assert_eq!(newest["url"], format!("{BASE}/{ARTICLE}/index.html"));
    let first = data("r1.html");
    assert_eq!((&first["version"], first.get("correction")), (&json!(1), None));
    assert_eq!(first["url"], format!("{BASE}/{ARTICLE}/r1.html"));
    assert_eq!(newest["datePublished"], first["datePublished"]);
    assert_eq!(
        page(&story, &format!("{ARTICLE}/index.html")),
        page(&story, &format!("{ARTICLE}/r2.html")),
        "the newest revision has its lasting address already"
    );
    let relation = |name: &str, relation: &str| {
        let html = Html::parse_document(&page(&story, &format!("{ARTICLE}/{name}")));
        links(&html, &format!("link[rel={relation}]"))
    };
    assert_eq!(relation("index.html", "predecessor-version"), ["r1.html"]);
    assert!(relation("index.html", "successor-version").is_empty());
    assert_eq!(relation("r1.html", "successor-version"), ["r2.html"]);
    assert_eq!(relation("r1.html", "latest-version"), ["index.html"]);
    assert_eq!(relation("r1.html", "version-history"), ["history.html"]);
    assert_eq!(
        relation("r1.html", "canonical"),
        [format!("{BASE}/{ARTICLE}/r1.html")]
    );
}

#[test]
fn a_timemap_has_the_moment_of_every_revision() {
    let story = story();
    let map = page(&story, &format!("{ARTICLE}/timemap.link"));
    let at = |name: &str| format!("<{BASE}/{ARTICLE}/{name}>; rel=");
    let dates = story.git(&[
        "log",
        "--reverse",
        "--date=format-local:%a, %d %b %Y %H:%M:%S GMT",
        "--format=%ad",
        "main",
        "--",
        &format!("articles/{ARTICLE}"),
    ]);
    let dates: Vec<&str> = dates.lines().collect();
    let lines: Vec<&str> = map.trim_end().split(",\n").collect();
    assert_eq!(
        lines,
        [
            format!("{}\"original latest-version\"", at("index.html")),
            format!(
                "{}\"self\"; type=\"application/link-format\"; from=\"{}\"; until=\"{}\"",
                at("timemap.link"),
                dates[0],
                dates[1]
            ),
            format!("{}\"first memento\"; datetime=\"{}\"", at("r1.html"), dates[0]),
            format!("{}\"last memento\"; datetime=\"{}\"", at("r2.html"), dates[1]),
        ]
    );
}

/// Reads a document of the feed that has an address.
fn feed(story: &Story, address: &str) -> Feed {
    let name = address.strip_prefix(BASE).unwrap().trim_start_matches('/');
    Feed::read_from(page(story, name).as_bytes()).unwrap()
}

fn linked(feed: &Feed, relation: &str) -> Option<String> {
    let mut links = feed.links().iter();
    links
        .find(|link| link.rel() == relation)
        .map(|link| link.href().to_owned())
}

#[test]
fn the_documents_of_the_feeds_have_every_revision_together() {
    let story = Story::begin();
    story.yes(&["settings", "--base-url", BASE]);
    let lines: String = (0..230)
        .map(|number| {
            let day = 1 + number / 10;
            let text = format!("第 {number} 篇 \\<b>&amp;\u{7f6e}\\</b>。\n");
            json!({"sources": {"zh": text}, "date": format!("2026-01-{day:02}"), "slug": format!("a-{number}"), "tags": ["桥 & 梁"]}).to_string() + "\n"
        })
        .collect();
    story.write("all.jsonl", lines);
    story.yes(&["import", "all.jsonl"]);
    story.yes(&["build", "site"]);
    let all: BTreeSet<String> = story
        .git(&["log", "--format=%(trailers:key=Article-Id,valueonly)", "main"])
        .lines()
        .filter(|line| !line.is_empty())
        .map(|article| {
            let day = article[..10].replace('/', "-");
            format!("tag:example.org,{day}:{article}/r1")
        })
        .collect();
    assert_eq!(all.len(), 230);
    let mut next = Some(format!("{BASE}/feed.atom"));
    let (mut documents, mut ids) = (Vec::new(), BTreeSet::new());
    while let Some(address) = next {
        let document = feed(&story, &address);
        assert_eq!(linked(&document, "self").as_ref(), Some(&address));
        assert_eq!(document.entries().len(), 100, "{address}");
        for entry in document.entries() {
            ids.insert(entry.id().to_owned());
            let target = entry.links()[0].href().strip_prefix(BASE).unwrap();
            assert!(site(&story).join(target.trim_start_matches('/')).is_file());
            assert_eq!(entry.categories()[0].term(), "桥 & 梁");
            let content = entry.content().unwrap();
            assert!(
                content
                    .value()
                    .unwrap()
                    .contains("篇 &lt;b&gt;&amp;\u{7f6e}&lt;/b&gt;")
            );
        }
        next = linked(&document, "prev-archive");
        documents.push(address);
    }
    assert_eq!(ids, all);
    assert_eq!(
        documents,
        ["feed.atom", "feed/2.atom", "feed/1.atom"].map(|name| format!("{BASE}/{name}"))
    );
    let mut next = Some(format!("{BASE}/feed.json"));
    let mut ids = BTreeSet::new();
    while let Some(address) = next {
        let name = address.strip_prefix(BASE).unwrap().trim_start_matches('/');
        let document: Value = serde_json::from_str(&page(&story, name)).unwrap();
        assert_eq!(document["version"], "https://jsonfeed.org/version/1.1");
        assert_eq!(document["feed_url"], address);
        let items = document["items"].as_array().unwrap();
        ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        next = document["next_url"].as_str().map(str::to_owned);
    }
    assert_eq!(ids, all);
    // What is full stays as it is; what is new comes into the newest document alone.
    let before = std::fs::metadata(site(&story).join("feed/1.atom"))
        .unwrap()
        .modified()
        .unwrap();
    story.add(
        "page.txt",
        "新的一篇。\n",
        &["--slug", "new", "--date", "2026-02-01"],
    );
    story.yes(&["build", "site"]);
    let after = std::fs::metadata(site(&story).join("feed/1.atom"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(before, after);
    let newest = feed(&story, &format!("{BASE}/feed.atom"));
    assert_eq!(
        newest.entries()[0].id(),
        "tag:example.org,2026-02-01:2026/02/01/new/r1"
    );
    assert_eq!(newest.entries().len(), 100);
}

#[test]
fn the_feed_of_an_empty_archive_is_as_old_as_the_archive() {
    let story = Story::begin();
    story.yes(&["settings", "--base-url", BASE]);
    story.yes(&["build", "site"]);
    let feed: Feed = page(&story, "feed.atom").parse().unwrap();
    let begun = story.git(&["log", "--max-parents=0", "--format=%aI", "main"]);
    let begun = begun.trim().replace('Z', "+00:00");
    assert_eq!(feed.updated().to_rfc3339(), begun);
}

#[test]
fn a_retraction_takes_what_was_published_out_of_the_feed() {
    let story = story();
    let name = |number: u32| format!("tag:example.org,2026-01-22:{ARTICLE}/r{number}");
    let entries = |story: &Story| -> Vec<String> {
        let feed = feed(story, &format!("{BASE}/feed.atom"));
        feed.entries().iter().map(|entry| entry.id().to_owned()).collect()
    };
    assert!(entries(&story).contains(&name(2)));
    story.yes(&["retract", ARTICLE, "--note", "It never opened."]);
    story.yes(&["build", "site"]);
    let ids = entries(&story);
    assert!(
        ids.contains(&name(3)) && !ids.contains(&name(2)) && !ids.contains(&name(1)),
        "{ids:?}"
    );
    let text = page(&story, "feed.atom");
    let date = story
        .git(&["log", "-1", "--format=%aI", "main"])
        .replace('Z', "+00:00");
    for number in [1, 2] {
        let tombstone = format!("<at:deleted-entry ref=\"{}\" when=\"{date}\">", name(number));
        assert!(text.contains(&tombstone), "{tombstone}\n{text}");
    }
    let json: Value = serde_json::from_str(&page(&story, "feed.json")).unwrap();
    let ids: Vec<&str> = json["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [&name(3), "tag:example.org,2026-01-23:2026/01/23/ferry/r1"]);
}

#[test]
fn the_site_map_names_every_article() {
    let story = story();
    let map = page(&story, "sitemap.xml");
    let named: Vec<&str> = map
        .split("<loc>")
        .skip(1)
        .map(|rest| rest.split_once("</loc>").unwrap().0)
        .collect();
    let expected = [
        "index.html",
        &format!("{ARTICLE}/index.html"),
        "2026/01/23/ferry/index.html",
    ];
    assert_eq!(named, expected.map(|name| format!("{BASE}/{name}")));
    assert_eq!(map.matches("<lastmod>").count(), 3);
}

#[test]
fn without_an_address_there_is_nothing_that_needs_one() {
    let story = bridge::story(NOTE, &[]);
    story.yes(&["build", "site"]);
    for name in ["feed.atom", "feed.json", "sitemap.xml"] {
        assert!(!site(&story).join(name).exists(), "{name}");
    }
    let html = page(&story, &format!("{ARTICLE}/index.html"));
    assert!(
        !html.contains("rel=\"canonical\"") && !html.contains(" hreflang=\""),
        "{html}"
    );
    let map = page(&story, &format!("{ARTICLE}/timemap.link"));
    assert!(map.starts_with("<index.html>; rel=\"original"), "{map}");
    // With one they come, and without it they go again.
    story.yes(&["settings", "--base-url", BASE]);
    story.yes(&["build", "site"]);
    assert!(site(&story).join("feed.atom").exists());
    story.yes(&["settings", "--base-url", ""]);
    story.yes(&["build", "site"]);
    assert!(!site(&story).join("feed.atom").exists());
    assert!(Path::new(&site(&story)).join("index.html").exists());
}
