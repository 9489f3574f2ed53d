//! Stealth edits seen from outside: saved pages compared by `compare`, without any archive.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use avalaches::id::hex;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

struct Story {
    folder: tempfile::TempDir,
}

impl Story {
    fn begin() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let file = self.folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_avalaches"));
        command
            .arg("compare")
            .args(arguments)
            .current_dir(self.folder.path());
        command.env_clear().env("HOME", Path::new("/nonexistent"));
        command.output().unwrap()
    }

    /// Runs `compare`, which has to end with a status, and returns what it printed.
    fn ends(&self, status: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}\n{said}");
        said
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_slice(&self.run(&[&["--json"], arguments].concat()).stdout).unwrap()
    }
}

fn live(head: &str, body: &str) -> String {
    format!(
        "<!doctype html><html><head>{head}<title>Daily</title></head><body><nav>Home</nav><article>{body}</article></body></html>"
    )
}

#[test]
fn a_page_that_was_changed_and_does_not_say_so_is_undeclared() {
    let story = Story::begin();
    story.write("old.txt", "桥今天通车。\n\nThe bridge opened today.\n");
    story.write(
        "new.html",
        live("", "<p>桥昨天通车。</p><p>The bridge opened today.</p>"),
    );
    let said = story.ends(1, &["old.txt", "new.html"]);
    assert_eq!(
        said,
        "undeclared  old.txt → new.html\n  the text changed, and no notice of it was recognised on the new page\n  paragraph 1\n    桥[-今-]{+昨+}天通车。\n"
    );
    story.write(
        "same.html",
        live(
            "<meta name=x content=y>",
            "<p>桥今天通车。</p>\n<p>The bridge  <b>opened</b> today.</p><p hidden>more</p>",
        ),
    );
    assert_eq!(
        story.ends(0, &["old.txt", "same.html"]),
        "same  old.txt → same.html\n"
    );
}

#[test]
fn other_words_of_a_formula_are_no_same_page() {
    let story = Story::begin();
    let page = |words: &str| live("", &format!("<p>He took {words} euros.</p>"));
    for (name, words) in [
        ("106", "<math><mn>106</mn></math>"),
        ("999", "<math><mn>999</mn></math>"),
        ("none", ""),
        ("not", "<marquee>not</marquee>"),
    ] {
        story.write(&format!("{name}.html"), page(words));
    }
    story.ends(0, &["106.html", "106.html"]);
    let said = story.ends(1, &["106.html", "999.html"]);
    assert!(said.starts_with("undeclared  ") && said.contains("999"), "{said}");
    // It is a part of what was judged.
    let counted = "changed in formulas, or in other words that show in another way than as text";
    assert!(
        said.contains(&format!("  {counted}:\n")) && !said.contains("not judged"),
        "{said}"
    );
    let document = story.json(&["106.html", "999.html"]);
    let pair = &document["pages"][0]["pairs"][0];
    assert_eq!(pair["apart"][1]["text"], "999", "{pair:#}");
    assert_eq!(pair["beside"], serde_json::json!([]), "{pair:#}");
    let page = story.ends(1, &["--format", "html", "106.html", "999.html"]);
    assert!(page.contains(counted) && !page.contains("Not judged"), "{page}");
    story.ends(1, &["106.html", "none.html"]);
    // What moves may be news of the site.
    let said = story.ends(0, &["none.html", "not.html"]);
    assert!(
        said.starts_with("same  ") && said.contains("not judged, changed beside the text:"),
        "{said}"
    );
    let formula = "<math><mn>106</mn></math>";
    story.write("here.html", live("", &format!("<p>He {formula} took euros.</p>")));
    story.write(
        "there.html",
        live("", &format!("<p>He took {formula} euros.</p>")),
    );
    let said = story.ends(1, &["here.html", "there.html"]);
    assert!(said.contains("stand elsewhere\n"), "{said}");
}

#[test]
fn what_stands_before_a_formula_is_what_a_reader_reads() {
    let story = Story::begin();
    let sentence = "the judges of the court wrote, as the town had asked for it.";
    let lead = |lead: &str, words: &str| {
        live(
            "",
            &format!("{lead}<p>Let {words}<math><mi>x</mi></math> be so, {sentence}</p>"),
        )
    };
    let news = |number: u8| format!("<header><a href=/>Home {number} new</a></header>");
    let moving = |words: &str| format!("<header><marquee>{words}</marquee></header>");
    let formula = |words: &str| live("", &format!("<p>Let <math>{words}</math> be so, {sentence}</p>"));
    let tex = "<semantics><mi>x</mi><annotation encoding=application/x-tex>x</annotation></semantics>";
    for (old, new) in [
        (lead(&news(3), ""), lead(&news(4), "")),
        (lead(&moving("Good day"), ""), lead(&moving("Good evening"), "")),
        (lead("", "all the "), lead("", "all&nbsp;the ")),
        (lead("", "all "), lead("", "all&nbsp;")),
        (lead("", "allthe "), lead("", "all&shy;the ")),
        (lead("", "\u{e9}t\u{e9} "), lead("", "e\u{301}te\u{301} ")),
        (formula("<mi>x</mi>"), formula(tex)),
    ] {
        story.write("old.html", &old);
        story.write("new.html", &new);
        let said = story.ends(0, &["old.html", "new.html"]);
        assert!(said.starts_with("same  "), "{new}\n{said}");
    }
    story.write("old.html", formula("<mi>x</mi><mn>2</mn>"));
    story.write("new.html", formula("<mi>x</mi><mphantom><mn>2</mn></mphantom>"));
    story.ends(1, &["old.html", "new.html"]);
}

#[test]
fn times_that_pass_and_numbers_of_readers_are_told_and_are_no_edits() {
    let story = Story::begin();
    let page = |line: &str| {
        live(
            "",
            &format!("<h1>The bridge</h1>{line}<p>It cost 106 euros, and 12 comments were read out.</p>"),
        )
    };
    let time = |words: &str| format!("<time datetime=2026-01-19T10:00:00Z>{words}</time>");
    let in_header = |words: &str| format!("<header>By Ann Lee {}</header>", time(words));
    let in_line = |words: &str| format!("<div class=byline>Ann Lee, of the town, {}</div>", time(words));
    for (old, new) in [
        (in_header("2 hours ago"), in_header("3 hours ago")),
        (in_line("2 hours ago"), in_line("yesterday")),
        (in_line("2 hours ago"), in_line("January 19, 2026")),
        (in_line("2小时前"), in_line("1月19日")),
        (
            "<p>发布于2小时前</p>".to_owned(),
            "<p>发布于3小时前</p>".to_owned(),
        ),
        ("<p>阅读 1203</p>".to_owned(), "<p>阅读 1310</p>".to_owned()),
        ("<p>12 comments</p>".to_owned(), "<p>1 comment</p>".to_owned()),
        ("<p>1,203 views</p>".to_owned(), "<p>1.3k views</p>".to_owned()),
        (
            "<p>By Ann Lee · an hour ago | 评论(3)</p>".to_owned(),
            "<p>By Ann Lee · 5 hours ago | 评论(5)</p>".to_owned(),
        ),
        (
            "<p>来源：新华网 2小时前 阅读9</p>".to_owned(),
            "<p>来源：新华网 刚刚 阅读10</p>".to_owned(),
        ),
    ] {
        story.write("old.html", page(&old));
        story.write("new.html", page(&new));
        let said = story.ends(0, &["old.html", "new.html"]);
        assert!(
            said.starts_with("same  ") && said.contains("  not judged, changed in times that pass"),
            "{new}\n{said}"
        );
        let document = story.json(&["old.html", "new.html"]);
        let pair = &document["pages"][0]["pairs"][0];
        assert_eq!(pair["changes"], serde_json::json!([]), "{pair:#}");
        assert_ne!(pair["passing"], serde_json::json!([]), "{pair:#}");
        // Beside it, an edit is one.
        story.write("new.html", page(&new).replace("106", "200"));
        let document = story.json(&["old.html", "new.html"]);
        let pair = &document["pages"][0]["pairs"][0];
        assert_eq!(pair["verdict"], "undeclared", "{pair:#}");
        assert_eq!(pair["changes"].as_array().unwrap().len(), 1, "{pair:#}");
    }
    let at = |moment: &str, words: &str| format!("<p>Ann, <time datetime={moment}>{words}</time></p>");
    for (old, new) in [
        (
            "<p>It had 1,203 views.</p>".to_owned(),
            "<p>It had 1,310 views.</p>".to_owned(),
        ),
        (
            "<p>He died 2 hours ago</p>".to_owned(),
            "<p>He died 3 hours ago</p>".to_owned(),
        ),
        ("<p>12 comments</p>".to_owned(), "<p>12 views</p>".to_owned()),
        (
            "<p>By Ann · 2 hours ago</p>".to_owned(),
            "<p>By Bob · 3 hours ago</p>".to_owned(),
        ),
        (at("2026-01-19", "2 hours ago"), at("2026-01-18", "3 hours ago")),
        (at("2026-01-19", "19 January"), at("2026-01-19", "20 January")),
        (at("2026-01-19", "19 January"), at("2026-01-19", "19 March")),
        (at("2026-01-19", "acquitted"), at("2026-01-19", "convicted")),
    ] {
        story.write("old.html", page(&old));
        story.write("new.html", page(&new));
        story.ends(1, &["old.html", "new.html"]);
    }
}

#[test]
fn what_stands_around_the_article_in_its_main_is_told() {
    let story = Story::begin();
    let page = |above: &str, more: &str| {
        format!(
            "<!doctype html><title>x</title><nav>Home</nav><main>{above}<article><p>The court wrote it on Friday, and all \
             the town read it.</p>{more}</article></main>"
        )
    };
    let header = |word: &str| format!("<header><h1>Mayor</h1><p class=lead>He was {word}.</p></header>");
    let byline = |name: &str| format!("<h1>Mayor</h1><p>By {name}</p>");
    let turned = |turn: &str| format!("<p{turn}>10 - 20 euros</p>");
    for (old, new, told) in [
        (
            page(&header("convicted"), ""),
            page(&header("acquitted"), ""),
            "acquitted",
        ),
        (page(&byline("Ann"), ""), page(&byline("Bob"), ""), "Bob"),
        (page("", &turned("")), page("", &turned(" dir=rtl")), "<p dir>"),
    ] {
        story.write("old.html", &old);
        story.write("new.html", &new);
        let document = story.json(&["old.html", "new.html"]);
        let pair = &document["pages"][0]["pairs"][0];
        assert_eq!(pair["verdict"], "same", "{pair:#}");
        assert!(pair["beside"].to_string().contains(told), "{pair:#}");
    }
}

#[test]
fn a_notice_that_no_browser_shows_declares_nothing() {
    let story = Story::begin();
    let page = |day: &str, more: &str| live("", &format!("<p>It opened {day}, and all came.</p>{more}"));
    story.write("old.html", page("today", ""));
    let notice = "Correction: It opened yesterday.";
    for (more, status) in [
        (format!("<noscript>{notice}</noscript>"), 1),
        (format!("<noframes>{notice}</noframes>"), 1),
        (format!("<iframe>{notice}</iframe>"), 1),
        (format!("<canvas>{notice}</canvas>"), 1),
        (format!("<object>{notice}</object>"), 1),
        (format!("<video><p>{notice}</p></video>"), 1),
        (format!("<datalist><option>{notice}</datalist>"), 1),
        (format!("<select><option>A<option>{notice}</select>"), 1),
        (format!("<progress>{notice}</progress>"), 1),
        (format!("<svg><desc>{notice}</desc></svg>"), 1),
        (format!("<svg><defs><text>{notice}</text></defs></svg>"), 1),
        (format!("<aside><canvas>{notice}</canvas></aside>"), 1),
        (format!("<embed alt='{notice}'>"), 1),
        (format!("<marquee height=0>{notice}</marquee>"), 1),
        (
            format!("<math><mphantom><mtext>{notice}</mtext></mphantom></math>"),
            1,
        ),
        (format!("<input type=checkbox value='{notice}'>"), 1),
        (format!("<p style='opacity:0'>{notice}</p>"), 1),
        (format!("<marquee>{notice}</marquee>"), 0),
        (format!("<p style='opacity:1'>{notice}</p>"), 0),
        (format!("<svg><text>{notice}</text></svg>"), 0),
        (format!("<aside>{notice}</aside>"), 0),
        (
            format!("<details><summary>Corrections</summary><p>{notice}</p></details>"),
            0,
        ),
    ] {
        story.write("new.html", page("yesterday", &more));
        let said = story.ends(status, &["old.html", "new.html"]);
        assert_eq!(said.contains("declared by its notice"), status == 0, "{said}");
    }
}

#[test]
fn a_notice_or_a_later_date_declares_the_change() {
    let story = Story::begin();
    story.write("old.txt", "桥今天通车。\n");
    story.write("new.txt", "桥昨天通车。\n\n更正：桥是昨天通车的。\n");
    let said = story.ends(0, &["old.txt", "new.txt"]);
    assert!(
        said.starts_with("declared  old.txt → new.txt\n  declared by its notice: 更正：桥是昨天通车的。\n"),
        "{said}"
    );
    story.write("sly.txt", "桥昨天通车。\n\n更新换代的设备到货。\n");
    story.ends(1, &["old.txt", "sly.txt"]);
    // What the old page said already declares nothing.
    story.write("newer.txt", "桥前天通车。\n\n更正：桥是昨天通车的。\n");
    story.ends(1, &["new.txt", "newer.txt"]);
    let dated = |date: &str| format!("<meta property=\"article:modified_time\" content=\"{date}\">");
    story.write("1.html", live(&dated("2026-01-22T08:00:00+08:00"), "<p>One.</p>"));
    story.write("2.html", live(&dated("2026-01-22T00:00:01Z"), "<p>Two.</p>"));
    story.write("3.html", live(&dated("2026-01-22T00:00:00Z"), "<p>Two.</p>"));
    assert!(
        story
            .ends(0, &["1.html", "2.html"])
            .contains("declared by its modified: 2026-01-22T00:00:01Z")
    );
    story.ends(1, &["1.html", "3.html"]);
}

#[test]
fn json_and_html_tell_the_same_and_hostile_text_stays_text() {
    let story = Story::begin();
    story.write(
        "old.txt",
        "One.\n\n<script>alert(1)</script> \u{1b}[2J".replace('\u{1b}', ""),
    );
    story.write("new.txt", "Two.\n\nUpdate: <script>alert(2)</script> \u{202e}x\n");
    let told = story.json(&["old.txt", "new.txt"]);
    let pair = &told["pages"][0]["pairs"][0];
    assert_eq!(
        (&told["schema"], &pair["verdict"]),
        (&"avalaches/compare/1".into(), &"declared".into())
    );
    assert_eq!(pair["declared_by"][0]["by"], "notice");
    assert_eq!(pair["before"]["name"], "old.txt");
    let sums = ["old.txt", "new.txt"].map(|name| {
        let bytes = fs::read(story.folder.path().join(name)).unwrap();
        hex(&Sha256::digest(bytes))
    });
    assert_eq!(
        [&pair["before"]["sha256"], &pair["after"]["sha256"]],
        [&sums[0], &sums[1]]
    );
    let page = story.ends(0, &["old.txt", "new.txt", "--format", "html"]);
    assert!(
        !page.contains("<script") && page.contains(": declared</h3>") && page.contains("<ins"),
        "{page}"
    );
    // Whoever has the two files can show later that these were compared.
    for told in [
        "old.txt<br>SHA-256",
        "new.txt<br>SHA-256",
        &sums[0],
        &sums[1],
        "by avalaches ",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    let terminal = story.ends(0, &["old.txt", "new.txt"]);
    assert!(!terminal.contains('\u{202e}'), "{terminal}");
}

#[test]
fn what_cannot_be_read_is_no_answer() {
    let story = Story::begin();
    story.write("old.txt", "One.\n");
    story.write("bad.txt", b"\xff\xfe\xff");
    story.write("empty.html", live("", ""));
    for bad in ["bad.txt", "empty.html", "absent.txt"] {
        let said = story.ends(2, &["old.txt", bad]);
        assert!(said.contains(bad), "{said}");
    }
}

/// A record of a WARC file.
fn record(kind: &str, url: &str, date: &str, fields: &str, block: &[u8]) -> Vec<u8> {
    let head = format!(
        "WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{kind}-{date}>\r\nWARC-Target-URI: {url}\r\nWARC-Date: {date}\r\n{fields}Content-Length: {}\r\n\r\n",
        block.len()
    );
    [head.as_bytes(), block, b"\r\n\r\n"].concat()
}

const HTTP: &str = "Content-Type: application/http; msgtype=response\r\n";

fn response(url: &str, date: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n{fields}\r\n");
    record("response", url, date, HTTP, &[head.as_bytes(), body].concat())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn chunked(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for chunk in bytes.chunks(7) {
        out.extend(format!("{:x}\r\n", chunk.len()).bytes());
        out.extend(chunk);
        out.extend(b"\r\n");
    }
    [&out[..], b"0\r\n\r\n"].concat()
}

const URL: &str = "https://example.org/bridge";

/// Five captures of a page and one of another, with all that stands between them in the files of crawlers.
fn crawl() -> Vec<Vec<u8>> {
    let first = live("", "<p>桥今天通车。</p>");
    let second = live("", "<p>桥昨天通车。</p>");
    let third = live("", "<p>桥前天通车。</p><p>更正：是前天。</p>");
    vec![
        record("warcinfo", "", "2026-01-01T00:00:00Z", "", b"software: a test"),
        response(URL, "2026-01-22T00:00:00Z", "", first.as_bytes()),
        record(
            "request",
            URL,
            "2026-01-22T00:00:00Z",
            "",
            b"GET /bridge HTTP/1.1\r\n\r\n",
        ),
        // Out of order, and in chunks.
        response(
            URL,
            "2026-01-24T00:00:00Z",
            "Transfer-Encoding: chunked\r\n",
            &chunked(second.as_bytes()),
        ),
        record(
            "revisit",
            URL,
            "2026-01-23T00:00:00Z",
            "WARC-Refers-To: <urn:uuid:response-2026-01-22T00:00:00Z>\r\n",
            b"",
        ),
        response(
            URL,
            "2026-01-25T00:00:00Z",
            "Content-Encoding: gzip\r\n",
            &gzip(third.as_bytes()),
        ),
        record(
            "response",
            URL,
            "2026-01-26T00:00:00Z",
            HTTP,
            b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<p>none</p>",
        ),
        record(
            "resource",
            "https://example.org/a.png",
            "2026-01-26T00:00:00Z",
            "Content-Type: image/png\r\n",
            b"\x89PNG",
        ),
        record(
            "resource",
            "https://example.org/b",
            "2026-01-26T00:00:00Z",
            "Content-Type: text/plain\r\n",
            "一。".as_bytes(),
        ),
    ]
}

fn verdicts(told: &Value) -> Vec<String> {
    let pages = told["pages"].as_array().unwrap().iter();
    pages
        .flat_map(|page| page["pairs"].as_array().unwrap())
        .map(|pair| {
            format!(
                "{} {} {}",
                pair["verdict"].as_str().unwrap(),
                pair["before"]["date"].as_str().unwrap(),
                pair["after"]["date"].as_str().unwrap()
            )
        })
        .collect()
}

#[test]
fn captures_of_a_warc_file_are_judged_in_the_order_of_their_dates() {
    let story = Story::begin();
    let records = crawl();
    story.write("plain.warc", records.concat());
    // Each record is a gzip member of its own, or the file is one.
    let members: Vec<Vec<u8>> = records.iter().map(|record| gzip(record)).collect();
    story.write("members.warc.gz", members.concat());
    story.write("whole.warc.gz", gzip(&records.concat()));
    for file in ["plain.warc", "members.warc.gz", "whole.warc.gz"] {
        let told = story.json(&[file]);
        assert_eq!(
            verdicts(&told),
            [
                "same 2026-01-22T00:00:00Z 2026-01-23T00:00:00Z",
                "undeclared 2026-01-23T00:00:00Z 2026-01-24T00:00:00Z",
                "declared 2026-01-24T00:00:00Z 2026-01-25T00:00:00Z",
            ],
            "{file}"
        );
        assert_eq!(told["unread"].as_array().unwrap().len(), 0, "{told}");
        assert_eq!(told["passed_over"], 3);
        assert_eq!(told["pages"][1]["absences"][0]["status"], 404, "{told}");
        let said = story.ends(1, &[file]);
        assert!(
            said.starts_with(&format!(
                "page  {URL}\nsame  2026-01-22T00:00:00Z → 2026-01-23T00:00:00Z\n"
            )),
            "{said}"
        );
        assert!(said.contains("桥[-今-]{+昨+}天通车。"), "{said}");
    }
    // The same captures in several files of a folder.
    for (number, record) in records.iter().enumerate() {
        story.write(&format!("crawl/{}.warc", 9 - number), record);
    }
    assert_eq!(verdicts(&story.json(&["crawl"])).len(), 3);
}

#[test]
fn what_is_repeated_is_found_by_digest_and_by_date_and_is_told_where_it_is_not_here() {
    let story = Story::begin();
    let page = |text: &str| live("", &format!("<p>{text}</p>"));
    let with_digest = |date: &str, text: &str, digest: &str| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{}", page(text));
        record(
            "response",
            URL,
            date,
            &format!("{HTTP}WARC-Payload-Digest: sha1:{digest}\r\n"),
            head.as_bytes(),
        )
    };
    let repeats = |date: &str, fields: &str| record("revisit", URL, date, fields, b"");
    let (one, two) = (
        with_digest("2026-01-01T00:00:00Z", "One.", "AA"),
        with_digest("2026-01-02T00:00:00Z", "Two.", "BB"),
    );
    for (fields, verdict) in [
        ("WARC-Payload-Digest: sha1:AA\r\n", Some("undeclared")),
        ("WARC-Payload-Digest: sha1:BB\r\n", Some("same")),
        (
            "WARC-Refers-To-Target-URI: <https://example.org/bridge>\r\nWARC-Refers-To-Date: 2026-01-01T00:00:00Z\r\n",
            Some("undeclared"),
        ),
        ("", Some("same")),
        ("WARC-Payload-Digest: sha1:CC\r\n", None),
    ] {
        story.write(
            "a.warc",
            [one.clone(), two.clone(), repeats("2026-01-03T00:00:00Z", fields)].concat(),
        );
        let told = story.json(&["a.warc"]);
        assert_eq!(
            told["pages"][0]["pairs"][1]["verdict"].as_str(),
            verdict,
            "{fields}"
        );
        assert_eq!(
            told["unread"].as_array().unwrap().is_empty(),
            verdict.is_some(),
            "{fields}"
        );
    }
    // What is repeated of an image is no capture.
    let image = record(
        "revisit",
        "https://example.org/a.png",
        "2026-01-03T00:00:00Z",
        "WARC-Payload-Digest: sha1:DD\r\n",
        b"",
    );
    story.write("a.warc", [one.clone(), one.clone(), image].concat());
    story.ends(0, &["a.warc"]);
}

#[test]
fn a_truncated_file_is_told_and_what_came_before_is_judged() {
    let story = Story::begin();
    let records = crawl();
    let plain = records.concat();
    story.write("cut.warc", &plain[..plain.len() - 30]);
    let said = story.ends(1, &["cut.warc"]);
    assert!(
        said.contains("cut.warc, record 9") && said.contains("truncated") && said.contains("undeclared"),
        "{said}"
    );
    let members = records
        .iter()
        .map(|record| gzip(record))
        .collect::<Vec<_>>()
        .concat();
    story.write("cut.warc.gz", &members[..members.len() - 30]);
    assert!(story.ends(1, &["cut.warc.gz"]).contains("truncated"));
    // With nothing undeclared before the cut, nothing is known.
    story.write(
        "early.warc",
        &records[..4].concat()[..records[..3].concat().len() + 200],
    );
    assert!(story.ends(2, &["early.warc"]).contains("truncated"));
    let half = live("", "<p>Half of a page that");
    let one = response(URL, "2026-01-22T00:00:00Z", "", half.as_bytes());
    let cut = response(
        URL,
        "2026-01-23T00:00:00Z",
        "Content-Length: 9000\r\n",
        half.as_bytes(),
    );
    story.write("half.warc", [one.clone(), one.clone(), cut].concat());
    assert!(
        story
            .ends(2, &["half.warc"])
            .contains("record 3: the response is truncated")
    );
}

#[test]
fn bombs_and_lies_about_sizes_end_soon_and_are_told() {
    let story = Story::begin();
    let one = response(
        URL,
        "2026-01-22T00:00:00Z",
        "",
        live("", "<p>One.</p>").as_bytes(),
    );
    let bomb = response(
        URL,
        "2026-01-23T00:00:00Z",
        "Content-Encoding: gzip\r\n",
        &gzip(&vec![b'a'; 64 << 20]),
    );
    story.write("bomb.warc.gz", [gzip(&one), gzip(&one), gzip(&bomb)].concat());
    let said = story.ends(2, &["bomb.warc.gz"]);
    assert!(
        said.contains("record 3: the response is longer than 16777216 bytes"),
        "{said}"
    );
    // A long record that is no page is passed over, and one that is a page is told.
    for (kind, status) in [("video/mp4", 0), ("text/html", 2)] {
        let long = record(
            "resource",
            URL,
            "2026-01-23T00:00:00Z",
            &format!("Content-Type: {kind}\r\n"),
            &vec![b'a'; 30 << 20],
        );
        story.write("long.warc.gz", [gzip(&one), gzip(&long), gzip(&one)].concat());
        story.ends(status, &["long.warc.gz"]);
    }
    let lie = String::from_utf8(one.clone()).unwrap();
    let length = lie
        .split("Content-Length: ")
        .nth(1)
        .unwrap()
        .split('\r')
        .next()
        .unwrap();
    for said in ["18446744073709551615", "4294967296", "1", "99999999999999999999"] {
        let lie = lie.replace(
            &format!("Content-Length: {length}"),
            &format!("Content-Length: {said}"),
        );
        story.write("lie.warc", [&one[..], lie.as_bytes(), &one].concat());
        assert!(
            story
                .ends(2, &["lie.warc"])
                .contains("lie.warc, record 2: what follows in the file was not read"),
            "{said}"
        );
    }
    story.write("none.warc", "<html>");
    assert!(story.ends(2, &["none.warc"]).contains("no WARC record"));
}

#[test]
fn a_page_that_was_taken_down_or_moved_is_told() {
    let story = Story::begin();
    let page = live("", "<p>桥今天通车。</p>");
    let answer = |url: &str, date: &str, head: &str| {
        let block = format!("HTTP/1.1 {head}\r\nContent-Type: text/html\r\n\r\n<p>other</p>");
        record("response", url, date, HTTP, block.as_bytes())
    };
    let other = "https://example.org/never";
    story.write(
        "t.warc",
        [
            response(URL, "2026-01-01T00:00:00Z", "", page.as_bytes()),
            answer(URL, "2026-01-02T00:00:00Z", "503 Busy"),
            answer(URL, "2026-01-03T00:00:00Z", "404 Not Found"),
            answer(
                URL,
                "2026-01-04T00:00:00Z",
                "301 Moved\r\nLocation: https://example.org/Home,x",
            ),
            record(
                "revisit",
                URL,
                "2026-01-05T00:00:00Z",
                HTTP,
                b"HTTP/1.1 410 Gone\r\n\r\n",
            ),
            answer(other, "2026-01-03T00:00:00Z", "404 Not Found"),
        ]
        .concat(),
    );
    assert_eq!(
        story.ends(0, &["t.warc"]),
        format!(
            "page  {URL}\ngone  2026-01-03T00:00:00Z: status 404\nmoved  2026-01-04T00:00:00Z: status 301, to https://example.org/Home,x\ngone  2026-01-05T00:00:00Z: status 410\n"
        )
    );
    let told = story.json(&["t.warc"]);
    assert_eq!(told["passed_over"], 2);
    assert_eq!(
        told["pages"][0]["absences"][1]["location"],
        "https://example.org/Home,x"
    );
    assert!(
        story
            .ends(0, &["--format", "html", "t.warc"])
            .contains("<h3>2026-01-03T00:00:00Z: gone</h3>")
    );
}

#[test]
fn captures_by_the_addresses_of_one_page_are_of_one_page() {
    let story = Story::begin();
    let page = |day: &str| live("", &format!("<p>桥{day}通车。</p>"));
    let moved = |from: &str, date: &str, to: &str| {
        let block = format!("HTTP/1.1 301 Moved\r\nLocation: {to}\r\n\r\n");
        record("response", from, date, HTTP, block.as_bytes())
    };
    let plain = "http://example.org:80/bridge";
    let captures = [
        response(plain, "2026-01-01T00:00:00Z", "", page("今天").as_bytes()),
        moved(plain, "2026-01-02T00:00:00Z", "https://example.org/bridge"),
        response(URL, "2026-01-02T00:00:01Z", "", page("昨天").as_bytes()),
        response(
            "https://www.example.org/bridge/#top",
            "2026-01-03T00:00:00Z",
            "",
            page("前天").as_bytes(),
        ),
    ];
    story.write("apart.warc", captures.concat());
    let apart = story.json(&["apart.warc"]);
    assert_eq!(
        verdicts(&apart),
        ["undeclared 2026-01-01T00:00:00Z 2026-01-02T00:00:01Z"]
    );
    assert_eq!(apart["pages"][0]["absences"].as_array().unwrap().len(), 0);
    let shown = [
        moved(URL, "2026-01-03T00:00:00Z", "https://www.example.org/bridge"),
        moved(
            "https://www.example.org/bridge",
            "2026-01-03T00:00:00Z",
            "bridge/",
        ),
    ];
    story.write("shown.warc", [captures.concat(), shown.concat()].concat());
    let told = story.json(&["shown.warc"]);
    assert_eq!(
        verdicts(&told),
        [
            "undeclared 2026-01-01T00:00:00Z 2026-01-02T00:00:01Z",
            "undeclared 2026-01-02T00:00:01Z 2026-01-03T00:00:00Z"
        ]
    );
    assert_eq!(told["pages"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told["pages"][0]["url"], "https://www.example.org/bridge/#top");
}

#[test]
fn a_segment_of_a_page_is_no_page() {
    let story = Story::begin();
    let page = live("", "<p>桥今天通车。</p>");
    let fields = format!("{HTTP}WARC-Segment-Number: 1\r\n");
    let block = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{}",
        &page[..page.len() / 2]
    );
    let parts = [
        response(URL, "2026-01-01T00:00:00Z", "", page.as_bytes()),
        record("response", URL, "2026-01-02T00:00:00Z", &fields, block.as_bytes()),
    ];
    story.write("s.warc", parts.concat());
    assert!(story.ends(2, &["s.warc"]).contains("the capture is truncated"));
}

#[test]
fn links_and_folders_that_cannot_be_read_are_told_and_the_others_compared() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let story = Story::begin();
    story.write("kept/2026-01-22/page.txt", "桥今天通车。\n");
    story.write("kept/2026-01-23/page.txt", "桥昨天通车。\n");
    story.write("kept/closed/page.txt", "桥前天通车。\n");
    let kept = story.folder.path().join("kept");
    symlink(kept.join("2026-01-22/page.txt"), kept.join("2026-01-24.txt")).unwrap();
    let closed = kept.join("closed");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).unwrap();
    let is_closed = fs::read_dir(&closed).is_err();
    let said = story.ends(1, &["kept"]);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    assert!(said.contains("undeclared  2026-01-22 → 2026-01-23"), "{said}");
    assert!(said.contains("1 file passed over: links 1"), "{said}");
    // Whoever may read everything is refused nothing.
    assert!(
        said.contains("kept/closed: could not be looked into") || !is_closed,
        "{said}"
    );
}

#[test]
fn saved_files_of_a_folder_are_captures_of_one_page() {
    let story = Story::begin();
    let footer = |digit: &str| format!("\n\n2026-01-25 (Sunday) · {}\n", digit.repeat(40));
    story.write("kept/bridge-2026-01-22.txt", "桥今天通车。\n");
    story.write("kept/20260123080000.html", live("", "<p>桥昨天通车。</p>"));
    story.write("kept/b/20260124.md", "桥**昨天**通车。\n");
    story.write("kept/undated.txt", "桥昨天通车。".to_owned() + &footer("a"));
    let told = story.json(&["kept"]);
    assert_eq!(
        verdicts(&told),
        [
            "undeclared 2026-01-22 2026-01-23T08:00:00Z",
            "same 2026-01-23T08:00:00Z 2026-01-24",
            "same 2026-01-24 2026-01-25",
        ]
    );
    // What the program made is no capture.
    for own in ["kept/site", "kept/2026-01-26"] {
        story.write(&format!("{own}/.avalaches-site"), "");
        story.write(&format!("{own}/2026-01-27.html"), live("", "<p>渡船停航。</p>"));
    }
    let said = story.ends(1, &["kept"]);
    assert!(
        said.contains("kept/site is an archive, or was made of one, and is passed over"),
        "{said}"
    );
    assert_eq!(verdicts(&story.json(&["kept"])).len(), 3);
    assert!(story.ends(2, &["kept/site"]).contains("nothing to compare"));
    story.write("kept/nothing.txt", "桥昨天通车。\n");
    let said = story.ends(1, &["kept"]);
    assert!(said.contains("nothing.txt: the page has no date"), "{said}");
    let said = story.ends(2, &["kept/nothing.txt", "kept/b"]);
    assert!(
        said.contains("nothing.txt: the page has no date") && said.contains("hint:"),
        "{said}"
    );
    assert!(
        story
            .ends(2, &["kept/b/20260124.md"])
            .contains("nothing to compare")
    );
}
