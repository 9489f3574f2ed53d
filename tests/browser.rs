//! The check in a reader's browser, in a real one: pages of a built site, as they are and as somebody changed them.
//!
//! These stories need the Debian packages `chromium` and `chromium-driver`; `cargo test --test browser -- --ignored` runs them.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories ask the archive more")]
mod archives;
#[path = "support/bridge.rs"]
mod bridge;
#[path = "support/browser.rs"]
#[allow(dead_code, reason = "other stories ask the browser more")]
mod browser;
#[path = "support/carried.rs"]
mod carried;

use std::fs;
use std::path::PathBuf;

use archives::Story;
use avalaches::base64;
use avalaches::object::ObjectKind;
use avalaches::proof::{Proof, block};
use bridge::ARTICLE;
use browser::{Browser, PRESS};
use carried::{BLOCK, around, changed, with_block};

const ENGLISH: &str = "2026/01/24/list";

/// What a page says after its check.
struct Said {
    verdict: String,
    words: String,
    steps: Vec<String>,
    /// How many things the page has asked for.
    requests: Option<u64>,
}

/// A site in a folder, and a browser that looks at its pages.
struct Reader {
    story: Story,
    browser: Browser,
}

impl Reader {
    /// An article in Chinese and English with a correction, and one in English alone with everything that has a form.
    fn begin() -> Self {
        Self::begin_with(&[])
    }

    /// The same, with further arguments of Chromium.
    fn begin_with(arguments: &[&str]) -> Self {
        let story = bridge::story("It was <yesterday>.", &["--date", "2026-01-22"]);
        let list = "# Heading\n\nOne *two* `three`\nfive &lt;six&gt; 😀e\u{301}.\n\n1. one\n2. two\n\n- a\n  - b\n\n> quoted\n> twice\n\n***\n\n    three  four\n\nThe end.\n";
        story.add("list.md", list, &["--slug", "list", "--date", "2026-01-24"]);
        story.yes(&["build", "site"]);
        Self {
            story,
            browser: Browser::start(arguments),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.story.folder.path().join("site").join(name)
    }

    fn page(&self, article: &str, name: &str) -> String {
        fs::read_to_string(self.file(&format!("{article}/{name}"))).unwrap()
    }

    /// Opens a page as somebody saved it, and presses its button.
    fn press(&self, html: &str) -> Said {
        let saved = self.story.folder.path().join("saved.html");
        fs::write(&saved, html).unwrap();
        self.browser.open(&saved);
        let said = self.browser.wait_for(PRESS, Vec::new());
        assert_eq!(said.get("threw"), None, "{said}");
        let text = |key: &str| said[key].as_str().unwrap_or_default().to_owned();
        let steps = said["steps"].as_array().cloned().unwrap_or_default();
        Said {
            verdict: text("verdict"),
            words: text("says"),
            requests: said["requests"].as_u64(),
            steps: steps
                .iter()
                .filter_map(|step| step.as_str().map(ToOwned::to_owned))
                .collect(),
        }
    }

    /// Counts the buttons of the open page that can be seen and pressed.
    fn buttons(&self) -> u64 {
        let count =
            "return [...document.querySelectorAll('button')].filter(one => one.checkVisibility()).length";
        self.browser.run(count, Vec::new()).as_u64().unwrap()
    }

    /// Presses the button of a changed page, whose check has to fail with some words, in one step and no other.
    fn proves(&self, what: &str, html: &str) {
        let said = self.press(html);
        assert_eq!(said.verdict, "proved", "{what}: {}", said.words);
    }

    fn fails(&self, what: &str, html: &str, words: &str) {
        let said = self.press(html);
        assert_eq!(said.verdict, "not-proved", "{what}: {}", said.words);
        let failed: Vec<&String> = said.steps.iter().filter(|step| step.starts_with('✗')).collect();
        assert_eq!(failed.len(), 1, "{what}: {failed:?}");
        assert!(failed[0].contains(words), "{what}: {}", failed[0]);
    }
}

/// Returns the page with a further style, and without the policy that would not have it.
fn styled(html: &str, style: &str) -> String {
    let (before, rest) = html
        .split_once("<meta http-equiv=\"Content-Security-Policy\"")
        .unwrap();
    let (_, after) = rest.split_once('>').unwrap();
    changed(
        &format!("{before}{after}"),
        "</head>",
        &format!("<style>{style}</style>\n</head>"),
    )
}

/// Returns the proof in a page.
fn pack_of(html: &str) -> Vec<u8> {
    let (_, parts, _) = around(html).unwrap();
    block::decode(parts).unwrap()
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_page_is_proved_at_its_footer_and_each_change_fails_in_its_own_words() {
    let reader = Reader::begin();
    for name in ["index.html", "r1.html"] {
        let said = reader.press(&reader.page(ARTICLE, name));
        assert_eq!(said.verdict, "proved", "{}", said.words);
        let lines = [
            "✓ 已证明；未核对档案的历史。",
            "✓ 文字：页面所示与提交中的 page.txt 逐字相同。",
            "✓ 文件：重新计算了11个对象的散列",
            "✓ 提交：其编号与页脚相同。",
            "✓ 日期：页脚的日期与星期和提交相同，2026-01-22 (Thursday)。",
            "页脚只证明内容与先后",
            "“← 返回 Avalaches”",
        ];
        for line in lines {
            assert!(said.words.contains(line), "{line}: {}", said.words);
        }
        assert_eq!((said.steps.len(), said.requests), (4, Some(0)));
    }
    let note = "“更正 It was <yesterday>.”";
    assert!(
        reader
            .press(&reader.page(ARTICLE, "index.html"))
            .words
            .contains(note)
    );
    let said = reader.press(&reader.page(ENGLISH, "index.html"));
    assert_eq!(said.verdict, "proved", "{}", said.words);
    assert!(
        said.words
            .contains("Text: what the page shows is the commit’s page.txt, to the character.")
    );
    assert!(
        said.words.contains("What is not proved:")
            && said.words.contains("a footer proves content and order")
    );

    let html = reader.page(ARTICLE, "index.html");
    let footer = reader.story.git(&["rev-parse", "main~2"]);
    let other = if footer.starts_with('a') { "b" } else { "a" };
    let other_id = format!("{other}{}", &footer[1..]);
    let id = format!("<span class=\"id\">{footer}</span>");
    for (from, to, words) in [
        (
            "<p>桥昨天通车。</p>",
            "<p>桥昨天通车!</p>",
            "第1段：页面上是“桥昨天通车!”，提交里是“桥昨天通车。”",
        ),
        ("yesterday.</p>", "yesterday .</p>", "第2段：页面上是"),
        ("<p>桥昨天通车。</p>", "", "第1段"),
        (
            ">2026-01-22 (",
            ">2026-01-23 (",
            "日期：提交的日期是2026-01-22 (Thursday)，页脚却写着2026-01-23 (Thursday)",
        ),
        (
            ">2026-01-22 (Thursday)",
            ">2026-02-30 (Friday)",
            "页脚却写着2026-02-30 (Friday)",
        ),
        (
            ">2026-01-22 (Thursday)",
            ">2026-01-22 (Monday)",
            "日期：2026-01-22是Thursday，页脚却写着Monday",
        ),
        (
            &id,
            &format!("<span class=\"id\">{other_id}</span>"),
            &format!("提交：页脚写的是{other_id}，而页面中的证明属于{footer}"),
        ),
        (
            &id,
            &format!("<span class=\"id\">{}</span>", &footer[..39]),
            "页脚：文章最后一行不是",
        ),
    ] {
        reader.fails(to, &changed(&html, from, to), words);
    }
    objects_are_hashed(&reader, &html);
}

/// One character of the embedded objects, in the pack as it is written and in packs that are whole again.
fn objects_are_hashed(reader: &Reader, html: &str) {
    let (_, parts, _) = around(html).unwrap();
    // Digits of the first and the last part, and letters of the commit and of the text.
    let letter = parts.find("昨天").unwrap();
    for at in [2, 20, 100, letter, parts.len() - 6] {
        let other = if parts[at..].starts_with('A') { "B" } else { "A" };
        let after = at + parts[at..].chars().next().unwrap().len_utf8();
        let damaged = format!("{}{other}{}", &parts[..at], &parts[after..]);
        reader.fails(
            &format!("digit {at}"),
            &with_block(html, &damaged),
            "页面中的证明不成立",
        );
    }
    for (block, words) in [
        ("%%%%", "它不是 base64"),
        ("[\"%%%%\"]", "它不是 base64"),
        ("[", "它不是由字符串组成的 JSON 列表"),
        ("[\"UEFD\", 1]", "它不是由字符串组成的 JSON 列表"),
        ("[\"UEFD\", \"\\ud800\"]", "它不是由字符串组成的 JSON 列表"),
        ("[]", "它不是"),
        ("{}", "它不是 base64"),
    ] {
        reader.fails(block, &with_block(html, block), words);
    }
    // Pages carried a proof in base64 alone.
    reader.proves("base64", &with_block(html, &base64::encode(&pack_of(html))));
    let proof = Proof::parse(&pack_of(html)).unwrap();
    let count = proof.objects().len();
    for at in 0..count {
        let mut objects = proof.objects().to_vec();
        // In the commit the date of the committer, in a tree an id, in a file a letter.
        let place = match objects[at].kind {
            ObjectKind::Commit => {
                String::from_utf8_lossy(&objects[at].body)
                    .find("committer")
                    .unwrap()
                    + 12
            }
            _ => objects[at].body.len() - 2,
        };
        objects[at].body[place] ^= 1;
        let pack = Proof::of(objects).encode().unwrap();
        let words = if at == 0 {
            "而页面中的证明属于"
        } else {
            "缺失或被改动"
        };
        reader.fails(
            &format!("object {at}"),
            &with_block(html, &base64::encode(&pack)),
            words,
        );
    }
    let mut more = proof.objects().to_vec();
    more.push(more[count - 1].clone());
    let pack = Proof::of(more).encode().unwrap();
    reader.fails(
        "one more",
        &with_block(html, &base64::encode(&pack)),
        "它的第12个对象不是证明中该处应有的",
    );
    let mut fewer = proof.objects().to_vec();
    fewer.swap(2, 3);
    let pack = Proof::of(fewer).encode().unwrap();
    reader.fails(
        "another order",
        &with_block(html, &base64::encode(&pack)),
        "它的第3个对象",
    );
    let twice = format!("{BLOCK}{parts}</script>\n");
    reader.fails(
        "twice",
        &changed(html, "</main>", &format!("</main>\n{twice}")),
        "页面上有2份证明",
    );
    let none = html.replacen(BLOCK, "<script type=\"text/x\">", 1);
    reader.fails("none", &none, "页面上有0份证明");
}

/// Where something stands besides, and what.
const ADDED: [(&str, &str); 21] = [
    ("<p>The end.</p>", "<p>More.</p>"),
    ("<p>The end.</p>", "<p style=\"color:red\"></p>"),
    ("<p>The end.</p>", "<aside>More.</aside>"),
    ("<p>The end.</p>", "<img alt=\"\" src=\"data:,\">"),
    ("<p>The end.</p>", "<svg><text>More.</text></svg>"),
    ("<p>The end.</p>", "<input value=\"More.\">"),
    ("<p>The end.</p>", "<iframe srcdoc=\"More.\"></iframe>"),
    ("<p>The end.</p>", "<noscript>More.</noscript>"),
    ("<p>The end.</p>", "<button>More.</button>"),
    (
        "<p>The end.</p>",
        "<div><template shadowrootmode=\"open\">More.</template></div>",
    ),
    ("<p>The end.</p>", "More."),
    ("<p>quoted<br>", "<p>More.</p>"),
    ("</section>", "<p>More.</p>"),
    ("</article>", "<p>More.</p>"),
    ("</article>", "More."),
    ("</article>", "<article><p>More.</p></article>"),
    ("</article>", "<div><span>More.</span></div>"),
    ("</article>", "<noscript>More.</noscript>"),
    ("</article>", "<canvas></canvas>"),
    ("</main>", "<p>More.</p>"),
    ("</body>", "More."),
];

/// What is there otherwise, and how.
const CHANGED: [(&str, &str); 37] = [
    ("<main>\n", "<main>\n<h2>More.</h2>"),
    (
        "<main>\n",
        "<main>\n<template shadowrootmode=\"open\">More.<slot></slot></template>\n",
    ),
    (
        "<main>\n",
        "<header><p title=\"<noscript>\"><noscript>More.</noscript></p></header><main>\n",
    ),
    (
        "<main>\n",
        "<header><svg><text>More.</text></svg></header><main>\n",
    ),
    (
        "<main>\n",
        "<nav><iframe srcdoc=\"More.\"></iframe></nav><main>\n",
    ),
    (
        "<main>\n",
        "<aside><math><mtext>More.</mtext></math></aside><main>\n",
    ),
    ("<main>\n", "<aside><dialog open>More.</dialog></aside><main>\n"),
    // The page's element takes the name by which a script asks for the body.
    (
        "<main>\n",
        "<header><img name=\"body\"></header><h1>More.</h1><main>\n",
    ),
    ("<main>\n", "<main style=\"max-height: 9rem\">\n"),
    ("<main>\n", "<main hidden>\n"),
    ("<body class=\"page\">", "<body class=\"page\" text=\"#fdfcfa\">"),
    ("<body class=\"page\">", "<body class=\"page\" onfocus=\"x\">"),
    (
        "<meta name=\"referrer\"",
        "<meta http-equiv=\"refresh\" content=\"900; url=x\">\n<meta name=\"referrer\"",
    ),
    ("<ol>", "<ol start=\"1.\">"),
    ("<ol>", "<ol start=\"+1\">"),
    ("<ol>", "<ol start=\"01\">"),
    ("<ol>", "<ol start=\"2147483600\">"),
    ("<ol>", "<ol start=\"-5\">"),
    ("<ol>", "<ol><li></li>"),
    ("<p>The end.</p>", "<li>The end.</li>"),
    ("<p>The end.</p>", "<p dir=\"rtl\">The end.</p>"),
    ("<p>The end.</p>", "<p dir=\"auto\">The end.</p>"),
    ("dir=\"auto\">", "dir=\"rtl\">"),
    ("<p>The end.</p>", "<p id=\"check\">The end.</p>"),
    (
        "<p>The end.</p>",
        "<p><bdi class=\"unseen\" data-code=\"not\"></bdi>The end.</p>",
    ),
    (
        "<p>The end.</p>",
        "<p>The <bdi class=\"unseen\" data-code=\"U+0065\">e</bdi>nd.</p>",
    ),
    (
        "<p>The end.</p>",
        "<p>The <span data-code=\"not\">end.</span></p>",
    ),
    ("<ol>", "<ol start=\"7\">"),
    ("<ol>", "<ol reversed>"),
    ("<ol>", "<ol type=\"a\">"),
    ("<li>one</li>", "<li value=\"5\">one</li>"),
    ("<p>The end.</p>", "<p hidden>The end.</p>"),
    ("<p>The end.</p>", "<p aria-hidden=\"true\">The end.</p>"),
    ("<p>The end.</p>", "<p>The <!-- x -->end.<del></del></p>"),
    ("<p>The end.</p>", "<p>The \u{200b}end.</p>"),
    ("<p>The end.</p>", "<p><bdo dir=\"rtl\">The end.</bdo></p>"),
    ("three  four", "three four"),
];

#[test]
#[ignore = "needs chromium and chromedriver"]
fn lists_and_quotations_of_several_paragraphs_are_shown_as_such_and_proved() {
    let reader = Reader::begin();
    let sources: Vec<&str> = include_str!("pages/nested.txt").split("=====\n").collect();
    for (number, source) in sources.iter().enumerate() {
        let slug = format!("--slug=nested-{number}");
        reader
            .story
            .add("nested.md", source, &[&slug, "--date=2026-01-25", "--lang=en"]);
    }
    reader.story.yes(&["build", "site"]);
    for (number, source) in sources.iter().enumerate() {
        let html = reader.page(&format!("2026/01/25/nested-{number}"), "index.html");
        assert!(!html.contains("<pre class=\"plain\">"), "{source}");
        reader.proves(source, &html);
        let (from, to) = if source.starts_with('>') {
            ("<blockquote>", "<blockquote>\n<p>more</p>")
        } else {
            ("<li>", "<li>\n<p>more</p>")
        };
        let words = "Text: the page does not show the commit’s page.txt.";
        reader.fails(source, &html.replacen(from, to, 1), words);
    }
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn whatever_a_reader_would_take_for_the_article_is_caught() {
    let reader = Reader::begin();
    let html = reader.page(ENGLISH, "index.html");
    for (from, more) in ADDED {
        let end = from.starts_with("</") && from != "</section>";
        let to = if end {
            format!("{from}{more}")
        } else {
            format!("{more}{from}")
        };
        reader.fails(
            &to,
            &changed(&html, from, &to),
            "Text: the page does not show the commit’s page.txt.",
        );
    }
    for (from, to) in CHANGED {
        reader.fails(
            to,
            &changed(&html, from, to),
            "Text: the page does not show the commit’s page.txt.",
        );
    }
    // What says of itself that it is no part of the article is named, and nothing else is claimed of it.
    for (from, to) in [
        (
            "<article>\n",
            "<article>\n<aside><p>The editor resigned.</p></aside>",
        ),
        ("<main>\n", "<header>The editor resigned.</header><main>\n"),
        ("</main>", "</main><nav>The editor resigned.</nav>"),
    ] {
        let said = reader.press(&changed(&html, from, to));
        assert_eq!(said.verdict, "proved", "{to}: {}", said.words);
        let (_, unproved) = said.words.split_once("What is not proved:").unwrap();
        assert!(unproved.contains("“The editor resigned.”"), "{to}: {unproved}");
    }
    // So is what has no words.
    for (name, more) in [
        ("img", "<img alt=\"\" src=\"data:,\">"),
        ("input", "<input value=\"More.\">"),
    ] {
        let said = reader.press(&changed(
            &html,
            "</main>",
            &format!("</main><aside>{more}</aside>"),
        ));
        assert_eq!(said.verdict, "proved", "{more}: {}", said.words);
        assert!(
            said.words.contains(&format!("“<{name}>”")),
            "{more}: {}",
            said.words
        );
    }
    // A form's fields may have taken the names of what a script asks it.
    let form = "<form name=\"body\"><input name=\"attributes\"></form><main>\n";
    let said = reader.press(&changed(&html, "<main>\n", form));
    assert_eq!(said.verdict, "not-proved", "{}", said.words);
    assert!(said.words.contains("an element <form>"), "{}", said.words);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_style_that_hides_or_adds_words_is_caught() {
    let reader = Reader::begin();
    let html = reader.page(ENGLISH, "index.html");
    let said = reader.press(&styled(&html, "p { margin: 3em; color: #600 }"));
    assert_eq!(said.verdict, "proved", "{}", said.words);
    assert!(
        said.words.contains("What a style hides or adds"),
        "{}",
        said.words
    );
    for style in [
        "section > p { display: none }",
        "section > p { visibility: hidden }",
        "section > p { opacity: 0 }",
        "main { opacity: .01 }",
        "section > p { color: transparent }",
        "section > p { color: #fdfcfa }",
        "section > p { -webkit-text-fill-color: transparent }",
        "section > p { font-size: 0 }",
        "section > p { font-size: 1px }",
        "section > p { text-indent: -9999px }",
        "section > p { margin-left: -9999px }",
        "section > p { position: absolute; left: -9999px }",
        "section > p { position: relative; top: -9999px }",
        "section > p { transform: scale(0) }",
        "section > p { translate: -9999px }",
        "section > p { clip-path: inset(100%) }",
        "section > p { filter: opacity(0) }",
        "section > p { height: 0; overflow: hidden }",
        "section > p { text-transform: uppercase }",
        "section > p { -webkit-text-security: disc }",
        "section > p { unicode-bidi: bidi-override; direction: rtl }",
        "section > p { writing-mode: vertical-rl }",
        "section > p { float: right }",
        "section > p { content-visibility: hidden }",
        "section { display: flex; flex-direction: column-reverse }",
        "p::before { content: 'not ' }",
        "em::after { content: ' not' }",
        "article::after { content: 'Retracted.' }",
        "footer::before { content: 'Retracted.' }",
        "body::before { content: 'Retracted.' }",
        "aside p::before { content: 'Retracted.' }",
        "#check::after { content: 'Retracted.' }",
        "head, title { display: block }",
        "li::marker { content: 'not ' }",
        "li { list-style-type: 'not ' }",
        "ol { list-style-type: upper-roman }",
        "ol { counter-reset: list-item 6 }",
        "li { counter-increment: list-item 6 }",
    ] {
        reader.fails(
            style,
            &styled(&html, style),
            "Text: the page does not show the commit’s page.txt.",
        );
    }
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn everything_can_be_read_with_scripts_off() {
    let reader = Reader::begin_with(&["--blink-settings=scriptEnabled=false"]);
    let seen = |name: &str| {
        reader.browser.open(&reader.file(name));
        let seen = reader.browser.run("return document.body.innerText", Vec::new());
        seen.as_str().unwrap().to_owned()
    };
    // Scripts are off: one that would change the page does not.
    let page = reader.page(ARTICLE, "index.html");
    let scripted = styled(&page, "").replace("</body>", "<script>document.body.remove()</script></body>");
    fs::write(reader.file("scripted.html"), scripted).unwrap();
    assert!(seen("scripted.html").contains("桥昨天通车。"));
    for (name, words) in [
        ("index.html", &["桥昨天通车。", "Heading", "按月"][..]),
        (
            "2026/01/22/bridge/index.html",
            &[
                "← 返回 Avalaches",
                "桥昨天通车。",
                "The bridge opened yesterday.",
                "It was <yesterday>.",
                "本文的修订历史",
                "2026-01-22 (Thursday) · ",
                "avalaches verify --without-archive PAGE",
            ],
        ),
        (
            "2026/01/22/bridge/history.html",
            &["第2版 更正", "The bridge opened todayyesterday.", "第1版 发表"],
        ),
        ("2026/01/index.html", &["桥昨天通车。"]),
        (
            "verify.html",
            &["此功能需要 JavaScript", "avalaches verify --without-archive PAGE"],
        ),
        ("search.html", &["搜索需要 JavaScript"]),
    ] {
        let seen = seen(name);
        for word in words {
            assert!(seen.contains(word), "{name}, {word}: {seen}");
        }
        // What only a script could do is not offered.
        assert!(!seen.contains("选择文件") && reader.buttons() == 0, "{name}");
    }
}
