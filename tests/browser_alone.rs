//! `verify.html` in a real browser: saved pages and texts that are dropped there or pasted, hostile ones among them.
//!
//! These stories need the Debian packages `chromium` and `chromium-driver`; `cargo test --test browser_alone -- --ignored` runs them.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories ask the archive more")]
mod archives;
#[path = "support/bridge.rs"]
mod bridge;
#[path = "support/browser.rs"]
#[allow(dead_code, reason = "other stories ask the browser more")]
mod browser;
#[path = "support/carried.rs"]
#[allow(dead_code, reason = "other stories look into the block")]
mod carried;
#[path = "support/desk.rs"]
#[allow(dead_code, reason = "other stories ask the page more")]
mod desk;

use std::time::{Duration, Instant};

use bridge::ARTICLE;
use desk::{Desk, SAYS, told};

/// What somebody changed on a saved page, and what is said then.
const CHANGES: [(&str, &str, &str); 32] = [
    (
        "<p>桥昨天通车。</p>",
        "<p>桥昨天通车!</p>",
        "Paragraph 1: the page shows “桥昨天通车!”",
    ),
    (
        ">2026-01-22 (",
        ">2026-01-23 (",
        "and the footer says 2026-01-23 (Thursday)",
    ),
    (
        ">2026-01-22 (Thursday)",
        ">2026-01-22 (Sunday)",
        "2026-01-22 is a Thursday, and the footer says Sunday",
    ),
    (
        "<footer>",
        "<p>More.</p><footer>",
        "Paragraph 3: the page shows “More.”, the commit has nothing.",
    ),
    (
        "<footer>",
        "<div><template shadowrootmode=closed>More.</template></div><footer>",
        "an element <template>",
    ),
    (
        "<p>桥昨天通车。</p>",
        "<p hidden>桥昨天通车。</p>",
        "an attribute hidden",
    ),
    (
        "<p>桥昨天通车。</p>",
        "<p style=\"display:none\">桥昨天通车。</p>",
        "an attribute style",
    ),
    (
        "</article>",
        "</article><p>More.</p>",
        "Outside of the article stands “More.”",
    ),
    (
        "<main>\n",
        "<main>\n<template shadowrootmode=\"open\"><p>More.</p></template>\n",
        "an element <template>",
    ),
    (
        "<main>\n",
        "<header><noscript><p title=\"</noscript></header>More.<template>\"></p></noscript></header>\n<main>\n",
        "an element <noscript>",
    ),
    (
        "<main>\n",
        "<header><iframe srcdoc=\"More.\"></iframe></header>\n<main>\n",
        "an element <iframe>",
    ),
    (
        "<main>\n",
        "<header><svg><text>More.</text></svg></header>\n<main>\n",
        "an element <svg>",
    ),
    (
        "<main>\n",
        "<form name=\"body\"><input name=\"attributes\"></form>\n<main>\n",
        "an element <form>",
    ),
    ("<main>\n", "<main hidden>\n", "an attribute hidden"),
    (
        "<main>\n",
        "<main style=\"max-height: 9rem\">\n",
        "an attribute style",
    ),
    (
        "<body class=\"page\">",
        "<body class=\"page\" onload=\"x\">",
        "an attribute onload",
    ),
    (
        "<meta name=\"referrer\"",
        "<meta http-equiv=\"refresh\" content=\"0; url=x\">\n<meta name=\"referrer\"",
        "an element <meta>",
    ),
    (
        "<meta charset=\"utf-8\">",
        "<meta charset=\"iso-2022-jp\">",
        "The page does not begin with",
    ),
    // Some browsers look for the character set in the bytes, in whatever element.
    (
        "<head>\n",
        "<head>\n<title><meta charset=\"gbk\"></title>\n",
        "The page does not begin with",
    ),
    (
        "<html ",
        "<html xmlns=\"http://www.w3.org/1999/xhtml\" ",
        "The page does not begin with",
    ),
    ("</body>", "<ext-el>More.</ext-el></body>", "“More.”"),
    (
        "</main>",
        "<aside><marquee hidden>More.</marquee></aside></main>",
        "an element <marquee>",
    ),
    (
        "<p>桥昨天通车。</p>",
        "<p><a href=\" Java\tscript:f()\">桥昨天通车。</a></p>",
        "an attribute href",
    ),
    ("<article>", "<article data-code=\"1\">", "an attribute data-code"),
    ("<article>", "<article data-=\"1\">", "an attribute data-"),
    ("<!DOCTYPE html>\n", "", "The page does not begin with"),
    (
        "</body>",
        "<script>document.body.remove()</script></body>",
        "a script that is not known",
    ),
    ("<script>", "<script src=\"x\">", "a script that is not known"),
    (
        "<p>桥昨天通车。</p>",
        "<p dir=\"rtl\">桥昨天通车。</p>",
        "an attribute dir",
    ),
    // The script in the page empties its place.
    (
        "<p>桥昨天通车。</p>",
        "<p id=\"check\">桥昨天通车。</p>",
        "an attribute id",
    ),
    (
        "<p>桥昨天通车。</p>",
        "<p><bdi class=\"unseen\" data-code=\"不\"></bdi>桥昨天通车。</p>",
        "an attribute data-code",
    ),
    (
        "<p>桥昨天通车。</p>",
        "<p><bdi class=\"unseen\" data-code=\"U+6865\">桥</bdi>昨天通车。</p>",
        "an attribute data-code",
    ),
];

/// Pages as they were made before there was a script in them, and with another style.
const OLDER: [&str; 2] = [
    include_str!("pages/renderer-1/earlier.html"),
    include_str!("pages/renderer-1/retraction.html"),
];
/// A page with a script of before.
const OLD_SCRIPT: &str = include_str!("pages/renderer-7/retraction.html");

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_saved_page_or_a_text_with_its_proof_is_checked_without_its_site() {
    let desk = Desk::begin();
    let html = String::from_utf8(desk.read("index.html")).unwrap();
    let proof = desk.read("index.proof");
    let page = desk.story.yes(&["show", ARTICLE]);
    let expect = |(verdict, says): (String, String), expected: &str, words: &str| {
        assert_eq!(verdict, expected, "{words}: {says}");
        assert!(says.contains(words), "{words}: {says}");
    };
    let unread = "What a style hides or adds";
    let (verdict, says) = desk.drop(&[("saved.html", html.as_bytes())]);
    assert!(verdict == "proved" && !says.contains(unread), "{says}");
    // A file that is chosen, as one that is dropped.
    desk.open();
    desk.browser.type_into(
        "input[type=file]",
        desk.file(&format!("{ARTICLE}/r1.html")).to_str().unwrap(),
    );
    expect(
        told(&desk.browser.wait_for(SAYS, Vec::new())),
        "proved",
        "day and weekday of the footer are the commit’s",
    );
    let changed = |from: &str, to: &str| carried::changed(&html, from, to);
    for (from, to, words) in CHANGES {
        expect(
            desk.drop(&[("saved.html", changed(from, to).as_bytes())]),
            "not-proved",
            words,
        );
    }
    // Another style may hide something; without a layout nothing is claimed of it.
    let styled = changed("</head>", "<style>p { display: none }</style></head>");
    expect(desk.drop(&[("saved.html", styled.as_bytes())]), "proved", unread);

    desk.open();
    expect(desk.paste(""), "", "Nothing to check yet");
    expect(
        desk.paste(&page),
        "",
        "The text in the box carries no proof. Add the file whose name ends in “.proof”",
    );
    expect(
        desk.drop(&[("index.proof", &proof)]),
        "proved",
        "Proved; the archive’s history was not checked.",
    );
    expect(
        desk.paste(&page.replace("昨天", "今天")),
        "not-proved",
        "Paragraph 1: the page shows “桥今天通车。”",
    );
    expect(
        desk.paste(&page.replace("Thursday", "Friday")),
        "not-proved",
        "2026-01-22 is a Thursday",
    );
    expect(
        desk.paste(page.rsplit_once('\n').unwrap().0),
        "not-proved",
        "is no footer",
    );
    // Of two proofs none is that of a page without a footer.
    expect(
        desk.drop(&[("r1.proof", &desk.read("r1.proof"))]),
        "",
        "is no footer",
    );
    expect(desk.paste(&page), "proved", "11 objects hashed again");
    desk.open();
    expect(
        desk.drop(&[("index.proof", &proof)]),
        "",
        "“index.proof” is a proof. Add its page",
    );
    expect(
        desk.drop(&[("page.txt", page.as_bytes())]),
        "proved",
        "11 objects hashed again",
    );
    // A browser would not show this as a text.
    let scripted = format!("← <script>document.body.remove()</script>\n\n{page}");
    expect(
        desk.drop(&[("page.html", scripted.as_bytes())]),
        "not-proved",
        "The page has 0 article elements",
    );
    expect(
        desk.drop(&[("page.txt", b"\xff\xfe")]),
        "",
        "“page.txt” is no text in UTF-8",
    );
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_saved_page_counts_under_a_name_of_html_alone() {
    let desk = Desk::begin();
    let html = String::from_utf8(desk.read("index.html")).unwrap();
    let expect = |(verdict, says): (String, String), expected: &str, words: &str| {
        assert_eq!(verdict, expected, "{words}: {says}");
        assert!(says.contains(words), "{words}: {says}");
    };
    // By these names a browser shows something else than the HTML that is in the file.
    for name in ["saved.svg", "saved.xhtml", "saved"] {
        expect(
            desk.drop(&[(name, html.as_bytes())]),
            "not-proved",
            "By a file name that does not end in .html or .htm a browser shows something else.",
        );
    }
    for (name, page) in [
        ("saved.mhtml", html.as_str()),
        ("saved", "From: <Saved by Blink>\n"),
    ] {
        expect(
            desk.drop(&[(name, page.as_bytes())]),
            "",
            "is a page saved as a single file (MHTML). Save it as HTML.",
        );
    }
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn of_an_unknown_style_nothing_is_claimed_and_what_has_no_words_is_named() {
    let desk = Desk::begin();
    let html = String::from_utf8(desk.read("index.html")).unwrap();
    let expect = |html: &str, expected: &str, words: &str| {
        let (verdict, says) = desk.drop(&[("saved.html", html.as_bytes())]);
        assert_eq!(verdict, expected, "{words}: {says}");
        assert!(says.contains(words), "{words}: {says}");
    };
    let unread = "What a style hides or adds";
    // The site's own may hide something where it is meant for another page.
    for (from, to, words) in [
        (
            "<p>桥昨天通车。</p>",
            "<p class=\"articles\">桥昨天通车。</p>",
            unread,
        ),
        ("</main>", "</main><aside><img src=\"data:,\"></aside>", "“<img>”"),
        (
            "</main>",
            "</main><aside><input value=\"More.\"></aside>",
            "“<input>”",
        ),
        // What extensions of browsers leave in a page that is saved.
        (
            "</body>",
            "<ext-el data-shadow-root=\"true\"></ext-el></body>",
            "“<ext-el>”",
        ),
        (
            "</body>",
            "<div hidden>More.</div></body>",
            "Text: what the page shows is",
        ),
        (
            "</body>",
            "<!-- <![CDATA[ --></body>",
            "Text: what the page shows is",
        ),
        (
            "<article>",
            "<article data-codex=\"1\">",
            "Text: what the page shows is",
        ),
        (
            "<html ",
            "<html data-darkreader-mode='dynamic' data-darkreader-scheme=\"dark\" ",
            "Text: what the page shows is",
        ),
    ] {
        expect(&carried::changed(&html, from, to), "proved", words);
    }
    for older in OLDER {
        expect(older, "proved", unread);
    }
    expect(OLD_SCRIPT, "proved", "Text: what the page shows is");
    // Some browsers take these characters for a change of the character set.
    let escaped = html.replacen("<main>\n", "<main>\n<!-- -\u{1b}(B-> More. <!-- -->\n", 1);
    expect(&escaped, "", "or has control characters.");
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn each_page_is_judged_by_its_own_proof_and_named() {
    let desk = Desk::begin();
    let newest = desk.story.yes(&["show", ARTICLE]);
    let first = desk.story.yes(&["show", &format!("{ARTICLE}@1")]);
    let footer = |page: &str| page.lines().next_back().unwrap().to_owned();
    let html = String::from_utf8(desk.read("r2.html")).unwrap();
    let altered = carried::changed(&html, "<p>桥昨天通车。</p>", "<p>桥明天通车。</p>");
    // Whichever comes last.
    for (names, at) in [
        (["altered.html", "saved.html"], 0),
        (["saved.html", "altered.html"], 1),
    ] {
        let of = |name: &str| {
            if name == "saved.html" {
                html.as_bytes()
            } else {
                altered.as_bytes()
            }
        };
        let (verdict, says) = desk.drop(&names.map(|name| (name, of(name))));
        assert_eq!(verdict, "not-proved", "{says}");
        let (one, other) = says.split_once(&format!("“{}”", names[1])).unwrap();
        let parts = [one, other];
        assert!(
            parts[at].contains("✗ Text: ") && parts[1 - at].contains("✓ Proved"),
            "{says}"
        );
        assert!(
            says.starts_with(&format!("“{}”\n{}", names[0], footer(&newest))),
            "{says}"
        );
    }
    let (proofs, pages) = ([desk.read("r1.proof"), desk.read("r2.proof")], [&first, &newest]);
    let (verdict, says) = desk.drop(&[
        ("a.txt", pages[0].as_bytes()),
        ("b.txt", pages[1].as_bytes()),
        ("a.proof", &proofs[1]),
        ("b.proof", &proofs[0]),
    ]);
    assert_eq!(
        (verdict.as_str(), says.matches("✓ Proved").count()),
        ("proved", 2),
        "{says}"
    );
    // What cannot be read is named, and the others are judged; a proof of another commit is none.
    desk.open();
    let (verdict, says) = desk.drop(&[
        ("a.txt", first.as_bytes()),
        ("b.proof", &proofs[1]),
        ("c.bin", b"\xff\xfe"),
    ]);
    assert_eq!(verdict, "", "{says}");
    assert!(
        says.contains("“c.bin” is no text in UTF-8") && says.contains("“a.txt” carries no proof"),
        "{says}"
    );
    let (verdict, says) = desk.paste(&newest);
    assert_eq!(verdict, "proved", "{says}");
    let (verdict, says) = desk.paste(&desk.story.yes(&["show", "2026/01/23/ferry"]));
    assert!(
        verdict.is_empty() && says.contains("The text in the box carries no proof"),
        "{says}"
    );
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_text_that_was_copied_is_judged_as_the_program_does() {
    let desk = Desk::begin();
    let page = desk.story.yes(&["show", ARTICLE]);
    desk.drop(&[("r2.proof", &desk.read("r2.proof"))]);
    let above = |notice: &str| page.replacen("\n\n", &format!("\n\n{notice}\n\n"), 1);
    for notice in ["更正 It was <yesterday>.", "Correction It was <yesterday>."] {
        let (verdict, says) = desk.paste(&above(notice));
        assert!(
            verdict == "proved" && says.contains(&format!("“{notice}”")),
            "{says}"
        );
    }
    for notice in [
        "更正 It was <today>.",
        "撤回 It was <yesterday>.",
        "更正 It was <yesterday>. More.",
    ] {
        let (verdict, says) = desk.paste(&above(notice));
        assert_eq!(verdict, "not-proved", "{says}");
        assert!(
            says.contains(&format!("Paragraph 1: the page shows “{notice}”")),
            "{says}"
        );
    }
    let footer = page.lines().next_back().unwrap();
    let (verdict, says) =
        desk.paste(&page.replace(footer, &footer.replace(' ', "\u{a0}").replace('·', "・")));
    assert_eq!(verdict, "proved", "{says}");
    // What differs is said in words, where no word does.
    let same = "Every word is the commit’s; nothing differs but ";
    for (from, to, words) in [
        (
            "bridge opened",
            "bridge\u{a0}opened",
            "white space (U+00A0 in place of U+0020).",
        ),
        (
            "。\n\nThe",
            "。\nThe",
            "breaks between lines and paragraphs, as where text is copied from a browser or a mail.",
        ),
    ] {
        let (verdict, says) = desk.paste(&page.replace(from, to));
        assert_eq!(verdict, "not-proved", "{says}");
        assert!(says.contains(&format!("{same}{words}")), "{says}");
    }
    let (_, says) = desk.paste(&page.replace("bridge opened", "bridge now\u{a0}opened"));
    assert!(
        says.contains("bridge now[U+00A0]opened") && !says.contains(same),
        "{says}"
    );
    // As a PDF's text has it.
    let (verdict, says) = desk.paste(&page.replace('天', "\u{2f24}"));
    assert_eq!(verdict, "not-proved", "{says}");
    assert!(
        says.contains("Radicals (U+2E80 to U+2FDF) in the place of ideographs: 1, as"),
        "{says}"
    );
    // With what the check says below the footer, as where all of a page is copied after it was asked.
    let whole = format!(
        "{page}\n\nVerify this page Check it elsewhere\n\n✓ Proved; x\n\nHistory of this article Proof"
    );
    let (verdict, says) = desk.paste(&whole);
    assert_ne!(verdict, "proved", "{says}");
    assert!(
        says.contains("A line above reads like one, and below it stands “✓ Proved; x”"),
        "{says}"
    );
    // The words of the program, to the letter.
    desk.story.add(
        "list.md",
        "Heading\n\n1. one\n2. two\n   - in\n\n> “quoted”\n\n***\n\n1776\\. It began.\n",
        &["--slug", "list", "--date", "2026-01-24"],
    );
    desk.story.yes(&["build", "site"]);
    let page = desk.story.yes(&["show", "2026/01/24/list"]);
    let proof = std::fs::read(desk.file("2026/01/24/list/r1.proof")).unwrap();
    desk.drop(&[("r1.proof", &proof)]);
    let copied = page
        .replace("1. one", "one")
        .replace("2. two", "two")
        .replace("- in", "in");
    let copied = copied
        .replace("> “quoted”", "\"quoted\"")
        .replace("* * *\n\n", "")
        .replace("Heading\n\n", "Heading\n");
    let (_, says) = desk.paste(&copied);
    let parts = "marks of lists and quotations, and breaks between lines and paragraphs, and quotation marks, as where";
    assert!(says.contains(&format!("{same}{parts}")), "{says}");
    for (from, to) in [
        ("1776. ", ""),
        ("two", "2. two"),
        ("one", "2. one"),
        ("in\n", "- in\n- \n"),
    ] {
        let (_, says) = desk.paste(&copied.replacen(from, to, 1));
        assert_eq!(says.contains(same), to == "2. two", "{from}: {says}");
    }
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_page_that_is_copied_whole_is_judged() {
    let desk = Desk::begin();
    desk.story
        .yes(&["retract", ARTICLE, "--note", "It was never built."]);
    desk.story.add(
        "tagged.md",
        "---\ntitle: A ferry\ntags: [river town, boats]\n---\nIt sails.\n",
        &["--slug", "sails", "--date", "2026-01-24"],
    );
    desk.story.yes(&["build", "site"]);
    let select = "document.execCommand('selectAll'); return getSelection().toString();";
    for (page, word) in [
        (format!("{ARTICLE}/index"), "verified"),
        (format!("{ARTICLE}/r2"), "superseded"),
        (format!("{ARTICLE}/r1"), "superseded"),
        ("2026/01/24/sails/index".to_owned(), "verified"),
    ] {
        let mut copies = Vec::new();
        for copy in [select, "return document.body.innerText;"] {
            desk.browser.open(&desk.file(&format!("{page}.html")));
            let shown = desk.browser.run(copy, Vec::new());
            copies.push(shown.as_str().unwrap().to_owned());
        }
        desk.open();
        let proof = std::fs::read(desk.file(&format!("{page}.proof"))).unwrap();
        desk.drop(&[("page.proof", &proof)]);
        for copy in copies {
            desk.story.write("copied.txt", &copy);
            let said = desk.story.yes(&["verify", "copied.txt"]);
            assert!(said.starts_with(word), "{copy}\n{said}");
            let (verdict, says) = desk.paste(&copy);
            assert_eq!(verdict, "proved", "{copy}\n{says}");
            let last = copy.trim_end().lines().next_back().unwrap();
            assert!(says.contains(&format!("“{last}”")), "{says}");
            for (from, to) in [(last, "More."), ("← ", "")] {
                let (verdict, says) = desk.paste(&copy.replacen(from, to, 1));
                assert_ne!(verdict, "proved", "{says}");
            }
        }
    }
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_hostile_page_runs_nothing_where_it_is_dropped() {
    let desk = Desk::begin();
    let proof = desk.read("index.proof");
    desk.drop(&[("index.proof", &proof)]);
    let attempts = [
        "<script>window.ran = parent.ran = 1</script>",
        "<img src=x onerror=\"ran = 1\"><svg onload=\"ran = 1\"><style>@import 'x'</style>",
        "<iframe srcdoc=\"<script>parent.ran = 1</script>\"></iframe><object data=x></object>",
        "<meta http-equiv=refresh content=\"0;url=x\"><base href=\"https://elsewhere.example/\">",
        "<a id=check><form id=proof><input name=textContent><input name=childNodes></form>",
    ];
    for attempt in attempts {
        let page = format!("<!DOCTYPE html><article><p>桥昨天通车。</p>{attempt}</article>");
        let (verdict, says) = desk.drop(&[("hostile.html", page.as_bytes())]);
        assert_eq!(verdict, "not-proved", "{says}");
        let requests = desk.browser.run(
            "return performance.getEntriesByType('resource').length",
            Vec::new(),
        );
        assert_eq!(requests, 0);
        desk.drop(&[("index.proof", &proof)]);
    }
    // Nested without end, and long: an answer comes, and soon.
    let started = Instant::now();
    let too_deep = "“hostile.html” has more elements, or more in one another, than a page of an archive.";
    for (page, expected) in [
        ("<div>".repeat(200_000), too_deep),
        (
            format!("<article>{}", "<blockquote><ul><li>".repeat(50_000)),
            too_deep,
        ),
        (format!("<article>{}", "<p><b></b>".repeat(500_000)), too_deep),
        (
            format!("<article><p>{}", "a<em>b</em> ".repeat(100_000)),
            "Text: the page does not show",
        ),
        (
            format!("<article><p>{}x", " \u{3000}".repeat(1_000_000)),
            "Text: the page does not show",
        ),
        (
            format!("<article><p>a{}", "\u{301}\u{323}".repeat(150_000)),
            "Text: the page does not show",
        ),
        (
            format!("<article><p>{}", "x<br>".repeat(100_000)),
            "Text: the page does not show",
        ),
    ] {
        let (verdict, says) = desk.drop(&[("hostile.html", format!("<!DOCTYPE html>{page}").as_bytes())]);
        assert_ne!(verdict, "proved", "{says}");
        assert!(says.contains(expected), "{expected}: {says}");
    }
    assert!(
        started.elapsed() < Duration::from_secs(60),
        "{:?}",
        started.elapsed()
    );
}
