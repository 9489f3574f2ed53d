use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::canonical::{Invisible, canonical};
use crate::commonmark::plain_text;
use crate::draft::Form;

const PAGE: &str = include_str!("../../../tests/pages/2026-01-22-export-controls.txt");
const FOOTER: &str = "2026-01-22 (Thursday) · a038737196a74c325d6a90900694dd78867e8af9";

fn paragraphs() -> Vec<&'static str> {
    PAGE.split("\n\n").skip(1).take(6).collect()
}

/// Reads the body of a page.
#[track_caller]
fn body(html: &str) -> Draft {
    read(&format!("<!doctype html><html><body>{html}</body></html>")).unwrap()
}

fn kind(html: &str) -> DraftErrorKind {
    read(html).expect_err(html).kind
}

fn plain(draft: &Draft) -> Vec<&str> {
    for block in &draft.blocks {
        let text = plain_text(&block.source).unwrap();
        assert_eq!(text.trim_end_matches('\n'), block.plain, "{}", block.source);
    }
    draft.blocks.iter().map(|block| block.plain.as_str()).collect()
}

fn sources(draft: &Draft) -> Vec<&str> {
    draft.blocks.iter().map(|block| block.source.as_str()).collect()
}

#[track_caller]
fn footer(draft: &Draft) -> String {
    draft.footer.as_ref().expect("a footer").footer.to_string()
}

#[test]
fn a_page_around_the_text_changes_nothing() {
    let text = format!("<p>{}</p>\n", paragraphs().join("</p>\n<p>"));
    let fake = FOOTER.replace("a038", "beef");
    let html = format!(
        "<!DOCTYPE html><html lang=zh><head><title>x</title><style>p {{ color: red }}</style></head><body>
        <nav><a href=/>← 返回 Avalaches</a></nav>
        <article><a href=\"/\">← 返回 Avalaches</a>
        <script>document.write('{fake}')</script>
        {text}<!-- {fake} --><p hidden>{fake}</p><div data-footer=\"{fake}\"></div>
        <aside>{fake}</aside>
        <footer>{FOOTER}</footer><p aria-hidden=\"true\">{fake}</p><div style=\"display: none\">{fake}</div>
        </article>
        <noscript>{fake}</noscript><template><p>{fake}</p></template>
        </body></html>"
    );
    let draft = read(&html).unwrap();
    assert_eq!(plain(&draft), paragraphs());
    assert_eq!(footer(&draft), FOOTER);
    assert_eq!(draft.notices, []);
    assert_eq!(draft.front, FrontMatter::default());
}

#[test]
fn the_footer_is_the_last_of_the_article_or_all_that_follows_it() {
    for html in [
        format!("<article><p>a</p><footer>{FOOTER}</footer></article>"),
        format!("<article><p>a</p></article><footer><p>{FOOTER}</p></footer>"),
        format!("<article><p>a</p><p><a href=/x><code>{FOOTER}</code></a></p></article><nav>b</nav>"),
        format!("<article><p>a</p><hr><footer>\n {FOOTER}\n</footer></article><footer>© b</footer>"),
        format!("<p>a</p><hr>{FOOTER}"),
        format!("<main><p>a</main><div><div>{FOOTER}"),
    ] {
        let draft = body(&html);
        assert_eq!(
            (plain(&draft), footer(&draft)),
            (vec!["a"], FOOTER.to_owned()),
            "{html}"
        );
    }
    for html in [
        format!("<article><p>a</p></article><footer>{FOOTER}</footer><p>b</p>"),
        format!("<article><p>a</p></article><p>b</p><footer>{FOOTER}</footer>"),
        format!("<article><p>a</p><p>{FOOTER}</p><p>b</p></article>"),
        format!("<article><p>a</p><blockquote>{FOOTER}</blockquote></article>"),
    ] {
        let draft = body(&html);
        assert_eq!(draft.footer, None, "{html}");
        assert_eq!(draft.notices.len(), 1, "{html}");
    }
}

#[test]
fn a_page_has_one_footer_and_a_text() {
    let two = format!("<article><p>a</p><p>{FOOTER}</p><p>{FOOTER}</p></article>");
    assert!(matches!(kind(&two), DraftErrorKind::TwoFooters));
    let two = format!("<article><p>a</p><p>{FOOTER}</p></article><footer>{FOOTER}</footer>");
    assert!(matches!(kind(&two), DraftErrorKind::TwoFooters));
    assert!(matches!(
        kind(&format!("<p>{FOOTER}")),
        DraftErrorKind::OnlyFooter
    ));
    for empty in [
        "",
        "<p></p>",
        "<p>&nbsp;<br> </p><hr>",
        "<script>x</script>",
        "\0",
    ] {
        assert!(matches!(kind(empty), DraftErrorKind::Empty), "{empty:?}");
    }
    let wrong = FOOTER.replace("Thursday", "Donnerstag");
    assert!(matches!(
        kind(&format!("<p>a<p>{wrong}")),
        DraftErrorKind::Footer(_)
    ));
}

#[test]
fn the_marked_article_is_the_article() {
    assert_eq!(plain(&body("<p>x</p><article><p>a</p></article><p>y</p>")), ["a"]);
    assert_eq!(plain(&body("<p>x</p><main><p>a</p></main>")), ["a"]);
    let two = "<main><article><p>a</p></article><article><p>b</p></article></main><p>x</p>";
    assert_eq!(plain(&body(two)), ["a", "b"]);
    let hidden = "<article hidden><p>x</p></article><article><p>a</p></article>";
    assert_eq!(plain(&body(hidden)), ["a"]);
    assert_eq!(plain(&body("<p>a</p><footer>© 2026</footer>")), ["a"]);
}

#[test]
fn what_is_marked_beside_the_story_is_not_the_article() {
    let words = "The bridge is long, and no one remembers who built it, or why it was never opened to those who paid. ";
    let long = words.repeat(4);
    let teaser = "<article><h2>Other</h2><p>Teaser.</p></article>";
    let texts = |html: &str| plain(&body(html)).join("|");
    let story = format!("<main><h1>Bridge</h1><p>The whole story.</p>{teaser}</main>");
    assert_eq!(texts(&story), "Bridge|The whole story.|Other|Teaser.");
    let untitled = format!("<h2>Bridge</h2><p>{long}</p>{teaser}");
    assert!(texts(&untitled).starts_with("Bridge|The bridge is long"));
    // Frames, links and remarks are no story, and a title in the article says that it is one.
    for around in [
        format!("<h1>Bridge</h1><aside>{long}</aside><footer>{long}</footer>"),
        format!("<h1>Bridge</h1><ul><li><a href=x>{long}</a></ul>"),
        format!("<h1>Bridge</h1><div id=comments><p>{long}</p></div>"),
        format!("<header><h1>Bridge</h1></header><p>{}</p>", &words[..40]),
        format!("<h1>Bridge</h1><div id=cookie-consent><p>{long}</p></div>"),
        format!("<h1>Bridge</h1><div role=dialog><p>{long}</p></div>"),
        "<h1>The bridge over the river is opened</h1>".to_owned(),
    ] {
        assert_eq!(
            texts(&format!(
                "<main><article><p>The whole story.</p></article>{around}</main>"
            )),
            "The whole story.",
            "{around}"
        );
    }
    let draft = body(&format!(
        "<article><h1>Bridge</h1><p>Story.</p></article><p>{long}</p>"
    ));
    assert_eq!(plain(&draft), ["Bridge", "Story."]);
    assert!(
        matches!(
            draft.notices[..],
            [Notice {
                what: NoticeKind::Around(308),
                ..
            }]
        ),
        "{:?}",
        draft.notices
    );
}

#[test]
fn pictures_of_accelerated_pages_have_their_words() {
    let draft = body("<article><p>a</p><amp-img src=x alt='The bridge'></amp-img></article>");
    assert_eq!(plain(&draft), ["a", "The bridge"]);
}

#[test]
fn that_the_page_hides_most_of_its_text_is_told() {
    let page = |hidden: &str| {
        body(&format!(
            "<h1>桥</h1><div id=js_content style='visibility: hidden; opacity: 0;'>{hidden}</div><p>阅读原文</p>"
        ))
    };
    let draft = page("<p>桥今天通车，<b>造价</b>二十亿。</p><p>很长。</p><script>x</script>");
    assert_eq!(draft.hidden, "桥今天通车，造价二十亿。\n很长。");
    assert!(
        matches!(
            draft.notices[..],
            [Notice {
                what: NoticeKind::Hidden(12),
                ..
            }]
        ),
        "{:?}",
        draft.notices
    );
    assert_eq!(page("很长").notices, []);
}

#[test]
fn a_language_that_the_letters_belie_is_not_believed() {
    let of = |lang: &str, text: &str| {
        read(&format!("<html lang={lang}><article><p>{text}"))
            .unwrap()
            .front
            .languages
    };
    assert_eq!(of("en", "新桥昨天上午通车。"), [""; 0]);
    assert_eq!(of("zh-CN", "新桥昨天上午通车。"), ["zh-CN"]);
    assert_eq!(of("en", "It opened."), ["en"]);
}

#[test]
fn a_label_may_stand_above_the_header_that_has_the_title() {
    let titled = |above: &str| {
        body(&format!(
            "<article><div>{above}</div><header><h1>Bridge opens</h1></header><p>Text of it.</p></article>"
        ))
        .front
        .title
        .plain
    };
    assert_eq!(titled("Advertisement").as_deref(), Some("Bridge opens"));
    assert_eq!(titled("The story began long ago."), None);
}

#[test]
fn an_article_that_is_not_marked_is_found_by_its_look() {
    let text = format!("<p>{}</p>", paragraphs().join("</p><p>"));
    let links = "<li><a href=/x>Somewhere else</a></li>".repeat(20);
    let html = format!(
        "<div class=sidebar><ul>{links}</ul></div><div class=content>{text}</div><div class=foot>{FOOTER}</div>"
    );
    let draft = body(&html);
    assert_eq!(plain(&draft), paragraphs());
    assert_eq!(footer(&draft), FOOTER);
}

#[test]
fn blocks_read_as_their_commonmark_does() {
    let draft = body(
        "<article>stray <div>inner<p>p</p>tail</div>
        <h2>Head <em>line</em></h2>
        <ul><li>one<li><p>two</p><ol start=3><li>x</li><li>y</li></ol></li></ul>
        <blockquote><p>q</p><p>r<br>s</p></blockquote>
        <pre>  a\n\tb\n\n&lt;c&gt;\n</pre><hr>
        <p>a<br>b<br><br>c</p>
        <table><caption>cap</caption><tr><th>k<th>v<tr><td>1<td><b>2</b></table>
        <figure><img src=x alt=\"a picture\"><figcaption>below</figcaption></figure>
        <dl><dt>term<dd>meaning</dl><address>Where</address></article>",
    );
    let expected = [
        "stray",
        "inner",
        "p",
        "tail",
        "Head line",
        "- one\n- two\n  3. x\n  4. y",
        "> q\n\n> r\n> s",
        "  a\n\tb",
        "<c>",
        "* * *",
        "a\nb",
        "c",
        "cap",
        "k | v\n1 | 2",
        "a picture",
        "below",
        "term",
        "meaning",
        "Where",
    ];
    assert_eq!(plain(&draft), expected);
    assert_eq!(
        sources(&draft)[4..6],
        ["## Head *line*", "- one\n- two\n  3. x\n  4. y"]
    );
}

#[test]
fn blanks_are_what_a_browser_shows() {
    let draft = body("<p>\n a  b\t<b> c</b>\n<i>d </i> e\u{a0}\u{a0}f </p><p>x &nbsp;</p>");
    assert_eq!(plain(&draft), ["a b c d e\u{a0}\u{a0}f", "x"]);
}

#[test]
fn emphasis_links_and_code_are_kept() {
    let draft = body(
        "<p>A <strong>strong</strong>, <em>soft</em> <a href='https://x.org/?a=1&amp;copy;=2'>link</a> and <code>a*b`</code>.</p>
        <p><a href='javascript:alert(1)'>no link</a> <a href='/here'>nor here</a></p><p>1. *x* &lt;b&gt;</p>",
    );
    assert_eq!(
        plain(&draft),
        ["A strong, soft link and a*b`.", "no link nor here", "1. *x* <b>"]
    );
    assert_eq!(
        sources(&draft)[..2],
        [
            "A **strong**, *soft* [link](https://x.org/?a=1\\&copy;=2) and `` a*b` ``.",
            "no link nor here"
        ]
    );
}

#[test]
fn what_a_page_says_of_itself_is_offered() {
    let head = "<head><meta name=author content=' A. Writer '><meta property='og:title' content=No>
        <link rel=canonical href=https://x.org/a></head>";
    let draft = read(&format!(
        "<html lang=en>{head}<article><header><h1>The <i>title</i></h1><time datetime=2026-01-22>y</time></header><p>Text."
    ))
    .unwrap();
    assert_eq!(draft.front.title.plain.as_deref(), Some("The title"));
    assert_eq!(draft.front.authors, ["A. Writer"]);
    assert_eq!(draft.front.languages, ["en"]);
    assert_eq!(draft.front.source_url.as_deref(), Some("https://x.org/a"));
    assert_eq!(draft.front.date.as_deref(), Some("2026-01-22"));
    assert_eq!(plain(&draft), ["y", "Text."]);

    let draft = body("<p><a href=/>← Back</a></p><h1>Title</h1><p>Text.");
    assert_eq!(draft.front.title.plain.as_deref(), Some("Title"));
    assert_eq!(plain(&draft)[..], ["Title", "Text."]);
    let late = body("<p>Text.</p><h1>Title</h1>");
    assert_eq!(late.front.title.plain, None);
    let bad = read("<head><link rel=canonical href=javascript:x></head><p>a").unwrap();
    assert_eq!(bad.front, FrontMatter::default());
}

#[test]
fn what_leads_elsewhere_is_left_out() {
    let draft = body(
        "<header><a href=/>Site</a> <a href=/x>About</a></header><p>a</p><form>f</form><button>b</button>
        <iframe>i</iframe><svg><text>s</text></svg><div role=navigation>n</div>",
    );
    assert_eq!(plain(&draft), ["a"]);
}

#[test]
fn tricks_of_markup_give_no_footer() {
    for html in [
        format!("<p>a</p><svg></p><style><!--</style><p>{FOOTER}</p>--></svg>"),
        format!("<p>a</p><svg><desc><p>{FOOTER}</p></desc></svg>"),
        format!("<p>a</p><textarea><p>{FOOTER}</p>"),
        format!("<p>a</p><noscript><p title=\"</noscript><p>{FOOTER}</p>\"></noscript><p>b"),
    ] {
        assert_eq!(body(&html).footer, None, "{html}");
    }
    let draft = body("<p>a</p><math><mtext><table><mglyph><style><img src=x onerror=alert(1)>");
    assert!(!sources(&draft).concat().contains("onerror"), "{draft:?}");
    assert_eq!(plain(&body("<p>&lt;script&gt;&#38;amp;</p>")), ["<script>&amp;"]);
}

/// Asserts that a page is read or refused, and soon: what takes more than a minute or two on a busy machine in a debug
/// build takes hours, because the time grows with the square of the length.
#[track_caller]
fn assert_quick(html: &str) -> Result<Draft, DraftError> {
    let start = Instant::now();
    let draft = read(html);
    let took = start.elapsed();
    let limit = if cfg!(debug_assertions) { 120 } else { 10 };
    let shown: String = html.chars().take(80).collect();
    assert!(took <= Duration::from_secs(limit), "{took:?} for {shown}");
    draft
}

#[test]
fn hostile_pages_are_read_or_refused_in_time() {
    const LONGEST: usize = 16 << 20;
    let deep = |tag: &str| assert_quick(&tag.repeat(100_000));
    for tag in [
        "<div>",
        "<blockquote>",
        "<ul><li>",
        "<b>",
        "<svg>",
        "<table><td>",
        "<font color=x>",
        "<q><div>",
    ] {
        let refused = deep(tag).expect_err(tag);
        assert!(matches!(refused.kind, DraftErrorKind::HtmlDepth), "{tag}");
    }
    for part in [
        "<p>x", "</p>", "<", "<br>", "<!", "<!--x-->", "&amp;", "a ", "<a b>", "<li>x", "<td>x", "]]>",
        "<i></b>",
    ] {
        let _ = assert_quick(&part.repeat(LONGEST / part.len()));
    }
    for (before, part, after) in [
        ("<p ", "a ", ">x"),
        ("<p title='", "a", "'>x"),
        ("<plaintext>", "<div>", ""),
        ("<pre>", "\n", "x"),
        ("<p>", "x\0", ""),
        ("<!--", "-", ""),
        ("<script>", "</", ""),
        ("<p>", "中文", "<b>x"),
    ] {
        let _ = assert_quick(&format!("{before}{}{after}", part.repeat(LONGEST / part.len())));
    }
    let attributes = (0..400).fold(String::new(), |tags, n| tags + &format!("<b a{n}>"));
    let _ = assert_quick(&(attributes.clone() + &"<p>x".repeat(1_000_000)));
    let fonts = (0..200).fold(String::new(), |tags, n| tags + &format!("<font size={n}>"));
    let _ = assert_quick(&(fonts + &"<p>x</p>".repeat(200_000)));
}

#[test]
fn a_long_page_is_read_whole() {
    let draft =
        assert_quick(&"<p>a <b>long</b> <a href=https://x.org>page</a> of prose</p>\n".repeat(120_000))
            .unwrap();
    assert_eq!(draft.blocks.len(), 120_000);
    let lists = "<ul><li>a</li><li>b".repeat(60);
    assert!(assert_quick(&lists).is_ok());
}

proptest! {
    #[test]
    fn no_page_makes_the_reader_panic(text in any::<String>()) {
        let _ = read(&text);
    }

    #[test]
    fn no_markup_makes_the_reader_panic(
        parts in proptest::collection::vec(
            "</?(p|div|b|i|a href=https://x|ul|ol|li|table|tr|td|pre|h1|svg|math|select|article|footer|header|br|hr|template|code|blockquote)>|[a* \u{a0}\n中`1._&<\\[\\]#-]{0,4}",
            0..40
        )
    ) {
        if let Ok(draft) = read(&parts.concat()) {
            for block in &draft.blocks {
                prop_assert!(!block.plain.is_empty());
                let text = canonical(&block.plain);
                prop_assert_eq!(text.trim_end_matches('\n'), &block.plain);
            }
        }
    }
}

#[test]
fn a_character_combines_with_one_of_another_element() {
    let draft = body("<p>a<span>\u{301}b</span> <em>c</em></p>");
    assert_eq!(plain(&draft), ["áb c"]);
    assert_eq!(sources(&draft), ["áb *c*"]);
}

#[test]
fn what_stands_around_an_article_is_looked_at_once() {
    let [begin, end] = ["<article>", "</article>"].map(|tag| tag.repeat(200));
    let many = format!("{begin}{}{end}", "<article></article>".repeat(1_000));
    let page = format!(
        "<!DOCTYPE html><meta charset=utf-8><body><p style=a>One.</p>{many}<script type=\"{}\" id=\"{}\"></script></body></html>",
        block::MEDIA_TYPE,
        block::ELEMENT_ID
    );
    let draft = read(&page).unwrap();
    assert_eq!(draft.faults, ["<p style>", "1200 elements <article>"]);
}

#[test]
fn what_asks_too_much_of_the_parser_has_no_data_blocks_and_no_text() {
    let block = format!(
        "<script type=\"{}\" id={}>x</script>",
        block::MEDIA_TYPE,
        block::ELEMENT_ID
    );
    let deep = "<div>".repeat(300);
    let blocks = |page: &str| data_blocks(page, &[block::MEDIA_TYPE], block::ELEMENT_ID);
    assert_eq!(blocks(&block).unwrap(), ["x"]);
    assert_eq!(blocks(&deep).unwrap(), [""; 0]);
    let refused = blocks(&format!("{block}\n{deep}")).unwrap_err();
    assert!(matches!(refused.kind, DraftErrorKind::HtmlDepth));
    assert_eq!(refused.line, Some(2));
    assert_eq!(shown_text("<p>a</p><p>b</p>").as_deref(), Some("a\n\nb"));
    assert_eq!(shown_text(&deep), None);
}

#[test]
fn a_page_that_is_too_large_to_be_searched_for_its_article_is_read_whole() {
    let text = format!("<p>{}</p>", paragraphs().join("</p><p>"));
    let links = "<li><a href=/x>Somewhere else</a></li>".repeat(20);
    let html = format!("<div class=sidebar><ul>{links}</ul></div><div class=content>{text}</div>");
    assert_eq!(plain(&body(&html)), paragraphs());
    for more in [
        format!("<!--{}-->", "x".repeat(LONGEST_SEARCHED)),
        "<wbr>".repeat(MOST_SEARCHED),
    ] {
        let draft = body(&format!("{more}{html}"));
        let blocks = plain(&draft);
        assert!(blocks[0].starts_with("- Somewhere else\n- "), "{}", blocks[0]);
        assert_eq!(blocks[1..], paragraphs());
    }
}

#[test]
fn a_title_may_follow_what_else_stands_in_its_header() {
    let draft = body("<article><header><p>Desk</p><h1>Title</h1></header><p>Text.</article>");
    assert_eq!(draft.front.title.plain.as_deref(), Some("Title"));
    assert_eq!(plain(&draft), ["Desk", "Text."]);
}

#[test]
fn a_language_and_an_author_count_where_they_can_be_stored() {
    let of = |lang: &str, author: &str| {
        let head = format!("<head><meta name=author content=\"{author}\"></head>");
        read(&format!("<html lang=\"{lang}\">{head}<p>a")).unwrap().front
    };
    for lang in ["en", "en-abcdefgh", "cmn-Hans-CN"] {
        assert_eq!(of(lang, "A").languages, [lang]);
    }
    for lang in [
        "",
        "e",
        "english",
        "e1",
        "en-",
        "en--us",
        "en-abcdefghi",
        "en-u_s",
    ] {
        assert_eq!(of(lang, "A").languages, [""; 0], "{lang}");
    }
    let longest = "a".repeat(2048);
    assert_eq!(of("en", &longest).authors, [&*longest]);
    for author in [" ", "a\u{200b}b", &*format!("{longest}a")] {
        assert_eq!(of("en", author).authors, [""; 0]);
    }
}

#[test]
fn authors_in_metadata_are_those_of_the_article_and_have_names() {
    let of = |objects: &str| {
        let script = format!("<script type=application/ld+json>{objects}</script>");
        body(&format!("{script}<article><p>a</article>")).front.authors
    };
    let article = r#"{"@type": "NewsArticle", "author": [{"name": "Jane"}, "<>", "Jane", "Li Lei"]}"#;
    assert_eq!(of(article), ["Jane", "Li Lei"]);
    let site = r#"{"@type": "WebPage", "author": "Webmaster"}"#;
    assert_eq!(of(site), ["Webmaster"]);
    assert_eq!(of(&format!("[{site}, {article}]")), ["Jane", "Li Lei"]);
    assert_eq!(of(&format!(r#"[{site}, {{"@type": "NewsArticle"}}]"#)), [""; 0]);
    let names: Vec<_> = (0..100_000).map(|number| format!("\"a{number}\"")).collect();
    let many = format!(r#"{{"@type": "NewsArticle", "author": [{}]}}"#, names.join(","));
    assert_eq!(of(&many).len(), 64);
}

#[test]
fn what_no_page_with_a_proof_has_is_named() {
    let unseen = |attributes: &str| format!("<p><bdi class=unseen {attributes}>\u{200b}</bdi>");
    let code = ["<bdi data-code>"; 2];
    for (head, article, faults) in [
        ("", "<p data-x=1 id=a>a", &[][..]),
        ("<script type=application/ld+json>{}</script>", "<p>a", &[]),
        ("<script>document.write('b')</script>", "<p>a", &["<script>"]),
        ("<script type=module>x</script>", "<p>a", &["<script>"]),
        ("<script src=x></script>", "<p>a", &["<script>"]),
        ("<meta charset=gbk>", "<p>a", &["<meta>"]),
        (
            "<meta http-equiv=Content-Type content='text/html; charset=UTF-8'>",
            "<p>a",
            &[],
        ),
        (
            "<meta http-equiv=Content-Type content='text/html; charset=gbk'>",
            "<p>a",
            &["<meta>"],
        ),
        ("<meta http-equiv=refresh content=1>", "<p>a", &["<meta>"]),
        ("", "<ul><li>a</li></ul><ol start=3><li>b</li></ol>", &[]),
        ("", "<ul><p>a</p></ul>", &["<p> where no page has one"]),
        ("", "<ul>a</ul>", &["words in <ul> beside its items"]),
        (
            "",
            "<ol><li>a</li>b<li>c</li></ol>",
            &["words in <ol> beside its items"],
        ),
        ("", "<li>a</li>", &["<li> where no page has one"]),
        ("", "<ul start=3><li>a</li></ul>", &["<ul start>"]),
        ("", "<ol start=03><li>a</li></ol>", &["<ol start>"]),
        ("", "<ol start=900000000><li>a</li></ol>", &["<ol start>"]),
        ("", &unseen("data-code=U+200B title=U+200B"), &[]),
        (
            "",
            "<p><bdi class=unseen data-code=U+007F title=U+007F>\u{7f}</bdi>",
            &[],
        ),
        ("", &unseen("data-code=U+200C"), &code),
        ("", &unseen("title=U+200C"), &["<bdi title>"]),
        ("", "<p><bdi data-code=U+200B>\u{200b}</bdi>", &code),
        ("", "<p><bdi class=unseen data-code=U+0061>a</bdi>", &code),
        ("", "<pre>a&#13;b</pre>", &["a control character in <pre>"]),
        ("", "<pre>a&#11;\nb</pre>", &["a control character in <pre>"]),
        ("", "<pre>a\r\nb\rc</pre>", &[]),
        ("", "<p>a</p></article><p popover>b</p>", &["<p popover>"]),
        (
            "",
            "<p><bdi class=unseen data-code=U+200B>\u{200b}\u{200b}</bdi>",
            &code,
        ),
        (
            "",
            "<p><em data-code=U+200B>\u{200b}</em>",
            &["<em data-code>"; 2],
        ),
    ] {
        let page = format!(
            "<!DOCTYPE html><html><head><meta charset=utf-8>{head}</head><body><article>{article}<p>.</p></article>\
            <script type=\"{}\" id=\"{}\"></script></body></html>",
            block::MEDIA_TYPE,
            block::ELEMENT_ID
        );
        assert_eq!(read(&page).unwrap().faults, faults, "{head}{article}");
    }
}

#[test]
fn around_a_page_s_article_is_told_what_browsers_may_show() {
    let read = |around: &str, proofs: usize| {
        let proof = format!(
            "<script type=\"{}\" id=\"{}\"></script>",
            block::MEDIA_TYPE,
            block::ELEMENT_ID
        );
        let page = format!(
            "<!DOCTYPE html><meta charset=utf-8><body><article><p>a</article>{around}{}",
            proof.repeat(proofs)
        );
        read(&page).unwrap()
    };
    for (around, expected) in [
        ("<p hidden=until-found>b", vec![(Place::Loose, "b")]),
        ("<p hidden>b", vec![]),
        ("<link rel=prefetch href=x><meta name=x content=y>", vec![]),
        (
            "<left-by-one data-x=y> </left-by-one>",
            vec![(Place::Frame, "<left-by-one>")],
        ),
        (
            "<left-by-one>b</left-by-one>",
            vec![(Place::Loose, "b"), (Place::Loose, "<left-by-one>")],
        ),
    ] {
        let draft = read(around, 1);
        let found: Vec<_> = draft
            .beside
            .iter()
            .map(|beside| (beside.place, &*beside.text))
            .collect();
        assert_eq!(found, expected, "{around}");
        assert_eq!(draft.faults, [""; 0], "{around}");
    }
    assert_eq!(read("", 2).faults, ["2 proofs"]);
    assert!(!read("", 1).has_strange_style);
    let own = include_str!("../../site/style.css")
        .split("/* Pages of articles")
        .next()
        .unwrap();
    for (style, is_strange) in [
        (format!("<style>{own}</style>"), false),
        (format!("<style>{own}</style><style></style>"), true),
        (format!("<style>{own} section {{ display: none }}</style>"), true),
        ("<link rel='x StyleSheet' href=x>".to_owned(), true),
        (format!("<style>{own}</style><p class='heard'>Ended."), true),
        (
            format!("<style>{own}</style><header class='heard'>Bridge</header>"),
            false,
        ),
    ] {
        assert_eq!(read(&style, 1).has_strange_style, is_strange);
    }
}

#[test]
fn a_page_with_a_proof_says_first_that_it_is_utf_8() {
    let faults = |begin: &str| {
        let page = format!(
            "{begin}<body><article><p>a</article><script type=\"{}\" id=\"{}\"></script>",
            block::MEDIA_TYPE,
            block::ELEMENT_ID
        );
        read(&page).unwrap().faults.len()
    };
    for begin in [
        "<!DOCTYPE html><meta charset=utf-8>",
        "\u{feff}<!doctype HTML>\n<HTML lang='zh' class=x data-darkreader-mode=\"dynamic\">\n<head id=a>\n<meta charset=\"UTF-8\">",
        "<!-- saved from url=(0026)https://example.org/ -->\n<!DOCTYPE html><html lang=zh><!--\n a\n--><meta charset=utf-8>",
        "<!DOCTYPE html><meta http-equiv=\"Content-Type\" content=\"text/html; charset=UTF-8\"><meta charset=utf-8>",
    ] {
        assert_eq!(faults(begin), 0, "{begin}");
    }
    for begin in [
        "\u{feff}\u{feff}<!DOCTYPE html><meta charset=utf-8>",
        "<!DOCTYPE html>",
        "<!DOCTYPE html><html>",
        "<!DOCTYPE html><meta name=x content=y><meta charset=utf-8>",
        "<!DOCTYPE html><title>a</title><meta charset=utf-8>",
        "<!DOCTYPE html><html xmlns=\"http://www.w3.org/1999/xhtml\"><meta charset=utf-8>",
        "<!DOCTYPE html><html lang=\"<meta charset=gbk>\"><meta charset=utf-8>",
        "<!DOCTYPE html><!-- <meta charset=gbk> --><meta charset=utf-8>",
        "<meta charset=utf-8>",
    ] {
        assert_ne!(faults(begin), 0, "{begin}");
    }
}

#[track_caller]
fn beside(draft: &Draft) -> Vec<&str> {
    draft.beside.iter().map(|beside| &*beside.text).collect()
}

#[test]
fn words_in_a_list_beside_its_items_are_text() {
    let draft = body(
        "<article><ul>The bridge <b>never</b> existed.</ul>
        <ol>\nFirst, <li>one<li>two</li>and a half <img alt=three></ol></article>",
    );
    assert_eq!(
        plain(&draft),
        [
            "The bridge never existed.",
            "First,",
            "1. one\n2. two\n\n   and a half three"
        ]
    );
}

#[test]
fn what_shows_another_text_than_it_has_is_told() {
    let draft = body(
        "<article><p>a <img src=x alt=b> <bdo dir=rtl>c</bdo> <img alt=d></p></article>
        <aside>By the way<img src=x></aside><nav><img alt=e><svg></svg></nav>",
    );
    assert_eq!(plain(&draft), ["a b c d"]);
    assert_eq!(
        beside(&draft),
        ["<img>", "<bdo>", "By the way", "<img>", "e", "<img>", "<svg>"]
    );
}

#[test]
fn what_is_not_surely_hidden_is_read_or_told() {
    for (html, is_text) in [
        ("<p hidden style='display:block'>w</p>", true),
        ("<p style='display:none;display:block'>w</p>", true),
        ("<p style='--x:display:none'>w</p>", true),
        ("<p style='display:none-x'>w</p>", true),
        ("<p style=\"font-family:'display:none'\">w</p>", true),
        ("<p style='display:none;d\\69splay:block'>w</p>", false),
        (
            "<div style='visibility:hidden'>x<p style='visibility:visible'>w</p></div>",
            false,
        ),
        ("<title style='display:block'>w</title>", false),
        ("<style style='display:block'>w</style>", false),
        ("<script type=x style='display:block'>w</script>", false),
    ] {
        let draft = body(&format!("<article><p>a</p>{html}</article>"));
        assert_eq!(
            plain(&draft),
            if is_text { vec!["a", "w"] } else { vec!["a"] },
            "{html}"
        );
        assert_eq!(beside(&draft), if is_text { vec![] } else { vec!["w"] }, "{html}");
        let draft = body(&format!("<article><p>a</p></article>{html}"));
        assert_eq!(beside(&draft), ["w"], "{html}");
    }
    for hidden in [
        "<p style='display:none'>w</p>",
        "<div style='visibility:hidden'>w</div>",
        "<p hidden>w</p>",
    ] {
        let draft = body(&format!("<article><p>a</p>{hidden}</article>{hidden}"));
        assert_eq!((plain(&draft), beside(&draft)), (vec!["a"], vec![]), "{hidden}");
    }
    let head = "<head style='display:block'><title style='display:block'>w</title></head>";
    assert_eq!(beside(&read(&format!("{head}<article>a")).unwrap()), ["w"]);
}

#[test]
fn what_is_left_of_a_page_whose_article_is_sought_is_told() {
    let text = |more: &str| {
        let all = paragraphs();
        format!(
            "<div><p>{}</p>{more}<p>{}</p></div>",
            all[..2].join("</p><p>"),
            all[2..].join("</p><p>")
        )
    };
    let is_told = |html: &str, words: &str| {
        let draft = body(&format!("{html}<p>{FOOTER}</p>"));
        assert_eq!((plain(&draft), footer(&draft)), (paragraphs(), FOOTER.to_owned()));
        assert_eq!(
            beside(&draft),
            if words.is_empty() { vec![] } else { vec![words] }
        );
    };
    is_told(&text(""), "");
    let false_words = "All of this is false.";
    is_told(
        &text(&format!(
            "<div class='comment sidebar ad'><p>{false_words}</p></div>"
        )),
        false_words,
    );
    is_told(
        &format!("{}<div class=sidebar><p>{false_words}</p></div>", text("")),
        false_words,
    );
    is_told(&format!("{}<aside>{false_words}</aside>", text("")), false_words);
}

#[test]
fn a_page_with_a_proof_has_its_footer_in_the_article() {
    let page = |article: &str, after: &str| {
        format!(
            "<!DOCTYPE html><meta charset=utf-8><body><article><p>a</p>{article}</article>{after}\
            <script type=\"{}\" id=\"{}\"></script>",
            block::MEDIA_TYPE,
            block::ELEMENT_ID
        )
    };
    let foot = format!("<footer>{FOOTER}</footer>");
    assert_eq!(footer(&read(&page(&foot, "")).unwrap()), FOOTER);
    for after in [&foot, &format!("<p>{FOOTER}</p>")] {
        let draft = read(&page("", after)).unwrap();
        assert_eq!((draft.footer.as_ref(), draft.notices.len()), (None, 1));
        assert_eq!(beside(&draft), [FOOTER]);
        assert!(matches!(kind(&page(&foot, after)), DraftErrorKind::TwoFooters));
    }
}

proptest! {
    #[test]
    fn what_a_browser_shows_is_in_the_text_or_told(
        parts in proptest::collection::vec(
            "word|</?(p|div|b|span|ul|ol|li|dl|dt|dd|table|tr|td|th|caption|tbody|colgroup|select|option|optgroup|details|summary|figure|figcaption|ruby|rt|header|nav|aside|footer|article|main|section|form|button|blockquote|pre|h1|h2|svg|math|textarea|menu|dir|fieldset|legend|object|video|map|center)>",
            0..40
        )
    ) {
        let number = |(at, part): (usize, &String)| match part.as_str() {
            "word" => format!("w{at}x "),
            tag => tag.to_owned(),
        };
        let html: String = parts.iter().enumerate().map(number).collect();
        if let Ok(draft) = read(&html) {
            let read = format!("{} {}", draft.text(), beside(&draft).join(" "));
            let page = Html::parse_document(&html);
            for node in page.tree.nodes() {
                if let scraper::Node::Text(text) = node.value() {
                    for word in text.split_whitespace() {
                        prop_assert!(read.contains(word), "{word} of {html} in {read}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_hidden_field_and_a_hidden_caption_show_nothing() {
    let draft = body("<article><p>a</p></article><input type=HIDDEN value=x><input value=y>");
    let beside: Vec<&str> = draft.beside.iter().map(|beside| &*beside.text).collect();
    assert_eq!(beside, ["y"]);
    let table = |hidden| format!("<table><caption {hidden}>c</caption><tr><td>1<td>2</table>");
    assert_eq!(plain(&body(&table(""))), ["c", "1 | 2"]);
    assert_eq!(plain(&body(&table("hidden"))), ["1 | 2"]);
}

#[test]
fn quotations_are_marked_so_deep_and_no_deeper() {
    for (deep, shown) in [(12, 12), (13, 12), (30, 12)] {
        let draft = body(&format!("{}<p>a", "<blockquote>".repeat(deep)));
        assert_eq!(plain(&draft), [format!("{}a", "> ".repeat(shown))]);
    }
}

#[test]
fn elements_that_the_parser_adds_count_as_deep() {
    let tables = |count: usize| format!("{}a", "<table><tr><td>".repeat(count));
    assert_eq!(plain(&body(&tables(90))), ["a"]);
    let refused = read(&tables(110)).unwrap_err();
    assert!(matches!(refused.kind, DraftErrorKind::HtmlDepth));
    assert_eq!(refused.line, None);
}

#[test]
fn a_form_around_the_page_is_its_text_and_one_with_fields_is_none() {
    for html in [
        "<form><p>a</p><input value=i><button>b</button></form>",
        "<form action=x><input type=hidden><div>a</div></form>",
        "<div><form><h2>a</h2><select><option>o</select></form></div>",
        "<form><div><article><p>a</p></article></div></form>",
        "<article><p>a</p><form><label>Mail</label><input></form></article>",
        "<main><p>a</p><div><form><div>Search <input></div></form></div></main>",
    ] {
        assert_eq!(plain(&body(html)), ["a"], "{html}");
    }
}

#[test]
fn a_page_of_xhtml_has_the_text_behind_what_ends_where_it_begins() {
    let page = "<?xml version=\"1.0\"?><html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title/><script src=\"x\"/></head>
        <body><p>a<br/>b <![CDATA[<c>]]></p><textarea/><p>d</p></body></html>";
    let draft = read_xhtml(page).unwrap();
    assert_eq!(
        (plain(&draft), draft.has_strange_style),
        (vec!["a\nb <c>", "d"], false)
    );
    let sheet = "?><?xml-stylesheet type=\"text/css\" href=\"a.css\"?><html";
    assert!(
        read_xhtml(&page.replace("?><html", sheet))
            .unwrap()
            .has_strange_style
    );
    let proof = "<script type=\"application/x-git-pack+json\" id=\"proof\">[]</script></body>";
    let draft = read_xhtml(&page.replace("</body>", proof)).unwrap();
    assert!(
        draft.faults.contains(&"the form of XML".to_owned()),
        "{:?}",
        draft.faults
    );
    for (name, form) in [
        ("a.xhtml", super::super::Form::Xhtml),
        ("a.html", super::super::Form::Html),
    ] {
        assert_eq!(super::super::Form::of_name(name), Some(form));
    }
}

#[test]
fn what_stands_above_or_below_the_line_does_not_run_into_what_it_stands_at() {
    for (html, text) in [
        ("10<sup>6</sup> m<sup>2</sup>, 10<sup>−19</sup>", "10⁶ m², 10⁻¹⁹"),
        ("CO<sub>2</sub> and H<sub>2</sub>O", "CO₂ and H₂O"),
        ("x<sup>k+1</sup>, x<sub>max</sub>", "x^k+1, x_max"),
        ("2<sup><i>n</i></sup> <b>3</b><sup>4</sup>", "2ⁿ 3⁴"),
        (
            "the 1<sup>st</sup>, le XX<sup>e</sup> siècle",
            "the 1st, le XXe siècle",
        ),
        (
            "said<sup><a href=https://x.org/>[1]</a></sup> so<sup>*</sup>",
            "said[1] so*",
        ),
        ("<sup>a</sup> A note.", "a A note."),
        ("10<sup>–3</sup>, H<sub>a–b</sub>", "10⁻³, H_a–b"),
        (
            "Smith<sup>a</sup>, x<sup>a</sup> y<sup>e</sup> n<sup>e</sup>",
            "Smith^a, x^a y^e n^e",
        ),
        (
            "1<sup>a</sup> 2<sup>o</sup> n<sup>o</sup> 3, n<sup>th</sup>",
            "1a 2o no 3, nth",
        ),
        ("<b>X</b>I<sup>e</sup> (1)<sup>a</sup>", "XIe (1)^a"),
        ("a<sup></sup>b", "ab"),
        ("a<b>b</b><sup>x</sup>c", "ab^xc"),
    ] {
        assert_eq!(plain(&body(&format!("<p>{html}</p>"))), [text], "{html}");
    }
    assert_eq!(sources(&body("<p>a<b>2<sup>5</sup></b>")), ["a**2⁵**"]);
    let block = body("<p>1<sup><div>6</div></sup>");
    assert_eq!(plain(&block), ["1", "6"]);
}

#[test]
fn a_quotation_has_the_marks_of_its_language() {
    for (lang, text) in [
        ("en", "“a ‘b’”"),
        ("de-AT", "„a ‚b‘“"),
        ("fr", "«a “b”»"),
        ("ja", "「a 『b』」"),
        ("zh-Hant-TW", "「a 『b』」"),
        ("zh-CN", "“a ‘b’”"),
        ("", "“a ‘b’”"),
    ] {
        let draft = body(&format!("<p lang='{lang}'><q>a <q>b</q></q>"));
        assert_eq!(plain(&draft), [text], "{lang}");
    }
}

#[test]
fn items_have_the_numbers_that_a_browser_shows() {
    for (html, text) in [
        ("<ol start=3><li>a<li>b</ol>", "3. a\n4. b"),
        ("<ol><li>a<li value=7>b<li>c</ol>", "1. a\n7. b\n8. c"),
        ("<ol reversed><li>a<li>b<li>c</ol>", "3. a\n2. b\n1. c"),
        ("<ol reversed start=10><li>a<li>b</ol>", "10. a\n9. b"),
        ("<ol><li value=x>a<li value=-1>b<li>c</ol>", "1. a\n-1. b\n0. c"),
        ("<ul><li value=7>a</ul>", "- a"),
        ("<ol start='5abc'><li>a<li value='2024.'>b</ol>", "5. a\n2024. b"),
        ("<ol start=5.9><li>a</ol>", "5. a"),
        (
            "<ol start=900000001><li>a<li value=99999999999>b</ol>",
            "900000001. a\n900000002. b",
        ),
        (
            "<ol reversed start=-2147483648><li>a<li>b</ol>",
            "-2147483648. a\n-2147483648. b",
        ),
        // What shows nothing is counted where it has a place on the page.
        ("<ol><li></li><li>b</ol>", "2. b"),
        ("<ol><li aria-hidden=true><li>b</ol>", "2. b"),
        ("<ol><li style='visibility:hidden'>x<li>b</ol>", "2. b"),
        ("<ol><li hidden>x<li>b</ol>", "1. b"),
        (
            "<ul><ol><pre>x</pre><li>a</ol><li>b<ul><pre>y</pre>z</ul></ul>",
            "x|1. a|- b\n\n  y\n\n  z",
        ),
        (
            "<ol reversed><li>a<li><li>c<ol><li>d</ol></ol>",
            "3. a\n1. c\n   1. d",
        ),
        (
            "<ol><div><li value=8>a</div><li>b<section><li>c</section></ol>",
            "8. a|9. b\n\n   10. c",
        ),
        (
            "<ol type=A start=26><li>a<li>b<li type=i>c<li>d</ol>",
            "Z. a\nAA. b\nxxviii. c\nAC. d",
        ),
        (
            "<ul><li>a<li type=1 value=7>b<li type=I>c</ul>",
            "- a\n7. b\nVIII. c",
        ),
    ] {
        let draft = body(html);
        assert_eq!(plain(&draft).join("|"), text, "{html}");
        assert_eq!(beside(&draft), Vec::<&str>::new(), "{html}");
    }
    for (html, told) in [
        ("<ol type=none><li>a</ol>", "<ol type>"),
        ("<ul type=1><li>a</ul>", "<ul type>"),
        ("<ul type=Circle><li>a</ul>", ""),
        ("<ol><li type=none>a</ol>", "<li type>"),
        ("<ul><li type=decimal>a</ul>", "<li type>"),
        ("<dl><dd><li type=1 value=500>a</dl>", "<li type>"),
        ("<dl><dd><li value=500>a</dl>", ""),
        ("<ol><li>a</li><dir><li></dir><li>b</ol>", "<ol>"),
        ("<ol><li>a</li><video><li></li></video><li>b</ol>", "<ol>"),
        ("<ol><li>a</li><menu><li></menu><li>b</ol>", ""),
        ("<ul><dir><li>a</dir></ul>", ""),
        ("<ol><li><article><p>a</article></ol>", "<li>"),
        ("<ul><li><article><p>a</article></ul>", ""),
    ] {
        let draft = body(html);
        let told_of = beside(&draft).into_iter().filter(|told| *told != "<video>");
        assert_eq!(told_of.collect::<Vec<_>>().join("|"), told, "{html}");
    }
}

#[test]
fn a_date_of_publication_is_found_and_others_are_none() {
    let dated = |head: &str, html: &str| {
        let page =
            format!("<!doctype html><html><head>{head}</head><body><article>{html}<p>Text.</p></article>");
        read(&page).unwrap().front.date.unwrap_or_default()
    };
    let meta = "<meta property=article:published_time content='2026-01-20T08:00:00.000Z'>";
    let json = "<script type=application/ld+json>{\"@type\": \"NewsArticle\", \"datePublished\": \"2026-01-21\"}</script>";
    let time = |day: u32| format!("<time datetime=2026-01-{day}>then</time>");
    let in_header = format!("<div>{}</div><header>{}</header>", time(11), time(12));
    assert_eq!(dated(meta, &in_header), "2026-01-20T08:00:00.000Z");
    assert_eq!(dated(json, &in_header), "2026-01-21");
    assert_eq!(
        dated("<meta property=article:published_time content=soon>", &in_header),
        "2026-01-12"
    );
    let others = format!(
        "<time datetime=PT5M>5 minutes</time><time datetime=January>x</time>{}",
        time(13)
    );
    assert_eq!(dated("", &others), "2026-01-13");
    assert_eq!(dated("", "<time datetime=PT5M>5 minutes</time>"), "");
    let pubdate = format!(
        "{}<p>On <time pubdate datetime=2026-01-15>that day</time>, all.</p>",
        time(14)
    );
    assert_eq!(dated("", &pubdate), "2026-01-15");
    assert_eq!(dated("", &format!("<p>On {} the bridge fell.</p>", time(16))), "");
    assert_eq!(dated("", &format!("<p>By Ada, {}</p>", time(17))), "2026-01-17");
    let said =
        |property: &str, day: u32| format!("<time itemprop='{property}' datetime=2026-01-{day}>then</time>");
    let [changed, published] = [said("dateModified", 18), said("datePublished", 19)];
    assert_eq!(
        dated("", &format!("<header>{changed} {published}</header>")),
        "2026-01-19"
    );
    assert_eq!(
        dated("", &format!("<header>{changed}</header>{}", time(20))),
        "2026-01-20"
    );
    assert_eq!(dated("", &changed), "");
    let meta = "<meta itemprop=datePublished content=2026-01-21>";
    assert_eq!(dated("", &format!("{}{meta}", time(22))), "2026-01-21");
    assert_eq!(dated(meta, &time(22)), "2026-01-21");
    let remark = format!("<div itemscope itemtype=https://schema.org/Comment>{published}</div>");
    for behind in [
        time(23),
        remark,
        format!("<div><header>{}</header><p>Read.</p></div>", time(24)),
    ] {
        assert_eq!(
            dated("", &format!("<p>The bridge fell.</p><div>{behind}</div>")),
            ""
        );
        let header = format!("<header><p>A bridge fell.</p>{}</header>", time(25));
        assert_eq!(
            dated("", &format!("{header}<p>It fell.</p>{behind}")),
            "2026-01-25"
        );
    }
}

#[test]
fn what_lies_in_itself_above_the_line_is_written_once() {
    let deep = format!(
        "x{}{}{}",
        "<sup>".repeat(200),
        "a ".repeat(1 << 20),
        "</sup>".repeat(200)
    );
    let started = Instant::now();
    let text = body(&format!("<p>{deep}</p>")).text();
    assert!(text.starts_with("x^a a a"), "{}", &text[..20]);
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}

#[test]
fn an_encoding_that_is_declared_and_not_the_page_s_is_told() {
    let encodings = |begin: &str, text: &str| -> Vec<String> {
        let page = format!("{begin}<p>{text}</p>");
        let draft = crate::draft::read(page.as_bytes(), Form::Html, Invisible::Refuse).unwrap();
        draft.shown_otherwise().map(NoticeKind::to_string).collect()
    };
    let gbk = "the page says that it is in GBK, by which a browser shows other characters than are read here";
    let late = format!("<title>{}</title><meta charset=gbk>", " ".repeat(2000));
    for begin in [
        "<meta charset=GB2312>",
        "<meta charset=utf-8><meta charset=gbk>",
        "<meta http-equiv=content-type content='text/html; charset=gbk'>",
        &late,
    ] {
        assert_eq!(encodings(begin, "桥"), [gbk], "{begin}");
        assert!(encodings(begin, "bridge").is_empty());
    }
    for begin in ["", "<meta charset=utf-8>", "\u{feff}<meta charset=gbk>"] {
        assert!(encodings(begin, "桥").is_empty(), "{begin}");
    }
}

#[test]
fn a_page_saved_as_a_single_file_is_refused() {
    let page = b"From: <Saved by Blink>\r\nMIME-Version: 1.0\r\n\r\n<p>a</p>";
    for name in ["page.mhtml", "page.MHT", "page"] {
        let refused = crate::draft::read(page, Form::of_file(name, page), Invisible::Refuse).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "a page saved as a single file (MHTML) is not read; save it as HTML"
        );
    }
    assert_eq!(Form::of_file("page.txt", page), Form::Text);
}

#[test]
fn what_is_struck_out_is_marked() {
    for (html, text) in [
        ("<p>It was <del>5</del> 3 million.</p>", "It was ~~5~~ 3 million."),
        ("<p>a<s> b <b>c</b> </s>d</p>", "a ~~b c~~ d"),
        ("<p><strike>a</strike><del>b</del><del> </del></p>", "~~ab~~"),
        ("<del><p>a</p><ul><li>b</li></ul></del>", "~~a~~\n\n- ~~b~~"),
        ("<pre>a <s>b</s></pre>", "a ~~b~~"),
        ("<p>a <ins>b</ins><s></s></p>", "a b"),
        ("<p><del>~a</del><em>b<del>c</del></em></p>", "~~~a~~b~~c~~"),
    ] {
        let draft = body(html);
        assert_eq!(plain(&draft).join("\n\n"), text, "{html}");
    }
}

#[test]
fn lists_and_quotations_are_read_as_markdown_has_them() {
    for source in include_str!("../../../tests/pages/nested.txt").split("=====\n") {
        let text = plain_text(source).unwrap();
        for block in crate::commonmark::html::blocks(source).unwrap() {
            let draft = body(&block.html);
            assert_eq!(plain(&draft).join("\n\n"), block.plain, "{source}");
            assert_eq!(draft.text(), text, "{source}");
        }
    }
}

#[test]
fn lists_that_meet_keep_the_markup_of_the_page() {
    let html = "<p>See <a href='http://e.org/1'>it</a>.</p><ul><li>x <b>y</b></li></ul><ul><li>z</li></ul><p>end <em>x</em></p>\
        <blockquote><ol><li><i>a</i></li></ol><ol><li>b</li></ol></blockquote>";
    let draft = body(html);
    let expected = [
        "See [it](http://e.org/1).",
        "- x **y**",
        "<!-- -->\n\n- z",
        "end *x*",
        "> 1. *a*\n>\n> <!-- -->\n>\n> 1. b",
    ];
    assert_eq!(sources(&draft), expected);
    let together = plain_text(&expected.join("\n\n")).unwrap();
    assert_eq!(together.trim_end(), draft.text().trim_end());
}

#[test]
fn several_paragraphs_of_an_item_or_a_quotation_keep_their_markup() {
    for (html, source) in [
        (
            "<blockquote><p>one</p><p>two <em>em</em></p></blockquote>",
            "> one\n>\n> two *em*",
        ),
        (
            "<ul><li><p>a</p><p><b>b</b></p></li><li>c</li></ul>",
            "- a\n\n  **b**\n- c",
        ),
        (
            "<ol><li>a<ul><li><p>b</p><p><i>c</i></p></li></ul></li></ol>",
            "1. a\n   - b\n\n     *c*",
        ),
        ("<ul><li>a</li><ul><li><i>b</i></li></ul></ul>", "- a\n  - *b*"),
    ] {
        let draft = body(html);
        plain(&draft);
        assert_eq!(sources(&draft), [source], "{html}");
    }
    let table = "<table><tr><td><blockquote><p>a</p><p>b</p></blockquote><td>c</table>";
    assert_eq!(plain(&body(table)), ["> a > b | c"]);
}

/// Reads a page in which the article is found by its look: what is read between its first and last paragraph, and what is told.
fn likely(words: &str) -> (Vec<String>, Vec<String>) {
    let long = "The court of appeal agreed with the judges in its long opinion, which it published on the same day, for \
                all to read, and the council will take note of it when it meets again. "
        .repeat(3);
    let page = format!(
        "<div id=top><a href=/>Home</a></div><div class=content><p>{long}</p>{words}<p>{long}</p></div><p>{FOOTER}"
    );
    let draft = body(&page);
    let beside = draft.beside.iter().map(|beside| beside.text.clone()).collect();
    let texts = plain(&draft);
    assert_eq!(
        (texts[0], texts[texts.len() - 1]),
        (long.trim(), long.trim()),
        "{words}"
    );
    (
        texts[1..texts.len() - 1]
            .iter()
            .map(|text| (*text).to_owned())
            .collect(),
        beside,
    )
}

#[test]
fn what_is_hidden_is_no_text_where_the_article_is_found_by_its_look() {
    let told = "The mayor, who had been in office for twelve years, said that he was glad of it, as was the council.";
    let all = likely(&format!("<p>{told}</p>"));
    assert_eq!(all, (vec![told.to_owned()], vec!["Home".to_owned()]));
    for hidden in [
        "style='display:none!important'",
        "style='display:/**/none'",
        "style='DISPLAY : none ; color : red'",
        "style='visibility:collapse'",
        "style='font-size:0'",
        "popover",
    ] {
        let (texts, _) = likely(&format!("<p {hidden}>{told}</p>"));
        assert_eq!(texts, [""; 0], "{hidden}");
        let (texts, _) = likely(&format!("<p>He did <span {hidden}>not</span> take it.</p>"));
        assert_eq!(texts, ["He did take it."], "{hidden}");
    }
    let lazy = likely("<p>He did <img src=p.gif><noscript><img alt=not src=r.png></noscript> take it.</p>").0;
    assert_eq!(lazy, ["He did take it."]);
}

#[test]
fn what_a_script_lets_appear_is_text_and_is_told() {
    for (veil, told) in [
        ("style='opacity:0;transform:translateY(20px)'", "style=opacity:0"),
        ("style='opacity:-1'", "style=opacity:0"),
        ("hidden=until-found", "hidden=until-found"),
    ] {
        let of = |page: &str| {
            let draft = body(page);
            let beside = beside(&draft).join("|");
            (plain(&draft).join("|"), beside)
        };
        let told = |name: &str| ("a|b".to_owned(), format!("<{name} {told}>"));
        for page in [
            format!("<article><p>a<p {veil}>b</p><p hidden>c"),
            format!("<p>a<p {veil}>b"),
        ] {
            assert_eq!(of(&page), told("p"), "{page}");
        }
        for page in [
            format!("<article><div {veil}><p>a<p>b"),
            format!("<div {veil}><article><p>a<p>b"),
        ] {
            assert_eq!(of(&page), told("div"), "{page}");
        }
        assert_eq!(of(&format!("<article {veil}><p>a<p>b")), told("article"));
        for name in ["html", "body"] {
            let page = format!("<{name} {veil}><article><p>a<p>b");
            assert_eq!(beside(&read(&page).unwrap()), [told(name).1], "{page}");
        }
        let words = "The mayor, who had been in office for twelve years, said that he was glad of it, as was the council.";
        let (texts, beside) = likely(&format!("<p {veil}>{words}</p>"));
        assert_eq!(texts, [words]);
        assert!(beside.contains(&told("p").1), "{beside:?}");
    }
}

#[test]
fn a_page_that_is_hidden_as_a_whole_has_no_text() {
    for page in [
        "<body hidden><article><p>a",
        "<html style='display:none'><p>a",
        "<div hidden><article><p>a</article></div>",
    ] {
        assert!(
            matches!(read(page).unwrap_err().kind, DraftErrorKind::Empty),
            "{page}"
        );
    }
}

#[test]
fn what_browsers_hide_by_themselves_is_no_text() {
    let texts = |html: &str| plain(&body(&format!("<article><p>a</p>{html}</article>")))[1..].join("|");
    for hidden in [
        "<rp>not</rp>",
        "<ruby>did<rp>not</rp></ruby>",
        "<span popover>not</span>",
        "<span popover=manual>not</span>",
        "<span style='font-size:0px'>not</span>",
        "<span style='font:0/0 a'>not</span>",
        "<span style='content-visibility:hidden'>not</span>",
        "<span style='display:table-column'>not</span>",
        "<span style='display:table-column-group'>not</span>",
        "<marquee height=0>not</marquee>",
        "<option label=so>not</option>",
        "<fencedframe>not</fencedframe>",
        "<math><mphantom><mtext>not</mtext></mphantom></math>",
        "<math><semantics><mi>x</mi><annotation>not</annotation></semantics></math>",
        "<math><maction><mtext></mtext><mtext>not</mtext></maction></math>",
    ] {
        let text = texts(&format!("<p>He {hidden} took it.</p>"));
        assert!(!text.contains("not"), "{hidden}: {text}");
    }
    for (shown, text) in [
        (
            "<p><ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby></p>",
            "漢(kan)",
        ),
        ("<p style='opacity:.9'>b</p>", "b"),
        ("<p style='font-size:10px'>b</p>", "b"),
        ("<p style='font:bold 1em/0 a'>b</p>", "b"),
        ("<p popover style='display:block'>b</p>", "b"),
        ("<dialog open popover>b</dialog>", "b"),
    ] {
        assert_eq!(texts(shown), text, "{shown}");
    }
}

#[test]
fn formulas_are_told_and_not_read() {
    let draft = body(
        "<article><p>He took <math><msup><mn>10</mn><mn>6</mn></msup></math> euros.</p>\
         <p><math><mfrac><mn>1</mn><mn>000</mn></mfrac></math></p></article>",
    );
    assert_eq!(plain(&draft), ["He took euros."]);
    let beside: Vec<&str> = draft.beside.iter().map(|beside| beside.text.as_str()).collect();
    assert_eq!(beside, ["106", "<math>", "1000", "<math>"]);
    let draft = body("<article><p>a <amp-img alt=b></amp-img></p></article>");
    assert_eq!(draft.beside[0].text, "<amp-img>");
}

#[test]
fn a_link_with_words_behind_many_empty_elements_is_not_all_that_stands_there() {
    for (empty, behind, own) in [
        (3, "", ""),
        (3, "of the bridge", "Updated today of the bridge"),
        (200, "of the bridge", "Updated today of the bridge"),
    ] {
        let page = format!(
            "<html><body><article><p>The bridge opened.</p></article><div><a href=x>Updated today</a>{} {behind}</div></body></html>",
            "<wbr>".repeat(empty)
        );
        let draft = read(&page).unwrap();
        let said: Vec<&str> = draft.beside.iter().map(|beside| &*beside.own).collect();
        let said = said.join(" ");
        assert_eq!(
            said.split_whitespace().collect::<Vec<_>>().join(" "),
            own,
            "{empty}"
        );
    }
}

#[test]
fn a_table_is_read_in_the_order_in_which_it_is_shown() {
    for (table, text) in [
        ("<tfoot><tr><td>c<td>d</tfoot><tr><td>a<td>b", "a | b\nc | d"),
        ("<tr><td>c<td>d<thead><tr><td>a<td>b</thead>", "a | b\nc | d"),
        (
            "<tr><td>c<td>d<thead hidden></thead><thead><tr><td>a<td>b</thead>",
            "a | b\nc | d",
        ),
        (
            "<tfoot><tr><td>e<td>f</tfoot><tfoot><tr><td>c<td>d</tfoot><thead><tr><td>a<td>b</thead>",
            "a | b\nc | d\ne | f",
        ),
        ("<tr><td>b</td></tr><caption>a</caption>", "a|b"),
        ("<caption align=Bottom>b</caption><tr><td>a", "a|b"),
        ("<caption align=' bottom/**/'>b</caption><tr><td>a", "a|b"),
        ("<caption align=bottom>c</caption><tr><td>a<td>b", "a | b|c"),
        ("<tr><td>a<td>b<caption>c</caption>", "c|a | b"),
        ("<tfoot><tr><td>b</tfoot><tr><td>a", "a|b"),
    ] {
        let page = format!("<article><table>{table}</table></article>");
        assert_eq!(plain(&body(&page)).join("|"), text, "{table}");
    }
    for (page, text) in [
        (
            "<details>b<summary>a</summary><summary>c</summary></details>",
            "a|b|c",
        ),
        (
            "<details>b<summary hidden></summary><summary>a</summary></details>",
            "b|a",
        ),
        ("<fieldset><p>b</p><legend>a</legend></fieldset>", "a|b"),
    ] {
        assert_eq!(
            plain(&body(&format!("<article>{page}</article>"))).join("|"),
            text,
            "{page}"
        );
    }
}

#[test]
fn cells_stand_in_the_columns_in_which_a_browser_shows_them() {
    for (table, text, told) in [
        (
            "<tr><th>n<th>for<th>no<tr><td colspan=2>A<td>5<tr><td>B<td><td>7",
            "n | for | no\nA |  | 5\nB |  | 7",
            "<td colspan>",
        ),
        (
            "<tr><td rowspan='2x'>A<td>5<td>x<tr><td>6<td>y<tr><td>B<td>7<td>z",
            "A | 5 | x\n | 6 | y\nB | 7 | z",
            "<td rowspan>",
        ),
        (
            "<tr><td>A<td rowspan=0 colspan=2>5<td>x<tr><td>B<td>y<tr><td>C<td>z",
            "A | 5 | x\nB |  | y\nC |  | z",
            "<td colspan>",
        ),
        (
            "<thead><tr><th rowspan=9>A<th>B</thead><tr><td>1<td>2",
            "A | B\n1 | 2",
            "<th rowspan>",
        ),
        // Rows that are not read, and columns in which no cell begins.
        (
            "<tr><td rowspan=2>A<td>B<tr aria-hidden=true><td><tr><td>C<td>D",
            "A | B\nC | D",
            "<td rowspan>",
        ),
        (
            "<tr><td rowspan=2>A<td>B<tr hidden><td><tr><td>C",
            "A | B\n | C",
            "<td rowspan>",
        ),
        (
            "<tr><td colspan=2>A<td>B<tr><td colspan=2>C<td>D",
            "A | B\nC | D",
            "<td colspan>",
        ),
        ("<tr><td>A<td>B<tr><td colspan=2>C", "A | B\nC", "<td colspan>"),
        (
            "<tr><td>A<td colspan=1 rowspan=-1>B<td colspan=0>C",
            "A | B | C",
            "",
        ),
        ("<tr><td>A<td aria-hidden=true><td>B", "A |  | B", ""),
        ("<tr><td>A<td style='visibility:hidden'>x<td>B", "A |  | B", ""),
        ("<tr><td>A<td hidden>x<td>B", "A | B", ""),
    ] {
        let draft = body(&format!("<article><table>{table}</table></article>"));
        assert_eq!(plain(&draft), [text], "{table}");
        assert_eq!(beside(&draft).join("|"), told, "{table}");
    }
    let wide = "<td rowspan=65534>".repeat(1000);
    let rows = "<tr><td>a".repeat(20_000);
    let draft = assert_quick(&format!("<article><table><tr>{wide}{rows}</table></article>")).unwrap();
    assert!(draft.text().len() < 200_000, "{}", draft.text().len());
}

#[test]
fn what_stands_above_the_line_of_a_ruby_is_in_brackets() {
    for (ruby, text) in [
        ("<ruby>10<rt>6</rt></ruby> euros", "10(6) euros"),
        ("<ruby>10<rp></rp><rt>6</rt><rp></rp></ruby>0", "10(6)0"),
        ("<ruby>10<rp hidden>(</rp><rt>6</rt></ruby>", "10(6)"),
        ("<ruby>漢<rt>kàn</rt>字<rt>zì</rt></ruby>", "漢(kàn)字(zì)"),
        ("<ruby>漢<rp>（</rp><rt>kàn</rt><rp>）</rp></ruby>", "漢（kàn）"),
        ("<ruby>漢<rt> </rt></ruby>", "漢"),
    ] {
        let draft = body(&format!("<article><p>{ruby}</p></article>"));
        assert_eq!(plain(&draft), [text], "{ruby}");
        assert_eq!(beside(&draft), Vec::<&str>::new(), "{ruby}");
    }
    let draft = body("<article><p><ruby>10<rtc>6</rtc></ruby></p></article>");
    assert_eq!(beside(&draft), ["<rtc>"]);
}

#[test]
fn a_dialog_that_is_laid_over_the_page_is_told() {
    for (page, told) in [
        ("<article><p>a<dialog open>&nbsp;</dialog></article>", "<dialog>"),
        (
            "<article><p>a<dialog open role=dialog></dialog></article>",
            "<dialog>",
        ),
        (
            "<article><p>a</article><nav><dialog open></dialog></nav>",
            "<dialog>",
        ),
        (
            "<article><p>a</article><dialog style='display:block'>w</dialog>",
            "w|<dialog>",
        ),
        ("<article><p>a<dialog></dialog></article><dialog>w</dialog>", ""),
        (
            "<article><p>a</article><nav hidden><dialog open></dialog></nav>",
            "",
        ),
    ] {
        assert_eq!(beside(&body(page)).join("|"), told, "{page}");
    }
}

#[test]
fn where_the_article_is_found_by_its_look_numbers_and_cells_are_those_of_the_page() {
    let all = paragraphs();
    let page = format!(
        "<div><p>{}</p><ol start=1986><li aria-hidden=true>x</li><li value='2024.'>It was built.</li></ol>\
         <table><tr><td>A<td aria-hidden=true>x<td>5<tr><td>B<td>7<td>8</table><p>{}</p></div><p>{FOOTER}</p>",
        all[..2].join("</p><p>"),
        all[2..].join("</p><p>")
    );
    let draft = body(&page.replace(" value='2024.'", ""));
    assert_eq!(
        plain(&draft)[2..4],
        ["1987. It was built.", "A |  | 5\nB | 7 | 8"]
    );
    assert_eq!(plain(&body(&page))[2], "2024. It was built.");
}

#[test]
fn a_direction_in_which_nobody_writes_a_text_is_told() {
    let told = |html: &str| -> Vec<String> {
        let draft = read(html).unwrap();
        draft.beside.into_iter().map(|beside| beside.text).collect()
    };
    for (page, expected) in [
        ("<article><p dir=rtl>10 - 20", "<p dir>"),
        ("<article><p>a <span dir=RTL>10 - 20</span>", "<span dir>"),
        ("<article dir=rtl><p>10 - 20", "<article dir>"),
        ("<html dir=rtl><article><p>10 - 20", "<html dir>"),
        ("<html dir=rtl><p>10 - 20", "<html dir>"),
        ("<article><p dir=auto><b hidden>א</b>10 - 20 euros", "<p dir>"),
        (
            "<article><p dir=auto><bdi>a</bdi><b hidden>א</b>10 - 20 euros",
            "<p dir>",
        ),
        ("<article><p dir=auto><b hidden>&rlm;</b>10 - 20 euros", "<p dir>"),
        (
            "<article><p dir=auto><b hidden>&#x61c;</b>10 - 20 euros",
            "<p dir>",
        ),
        (
            "<article><p dir=auto><b dir=x hidden>א</b>10 - 20 euros",
            "<p dir>",
        ),
        (
            "<article><p dir=auto><b dir=LTR>a</b><b hidden>א</b>10 - 20 euros",
            "<p dir>",
        ),
        (
            "<article><p><bdi><b hidden>&rlm;</b>10 - 20</bdi> euros",
            "<bdi dir>",
        ),
    ] {
        assert_eq!(told(page), [expected], "{page}");
    }
    for honest in [
        "<html dir=rtl lang=he><article><p>שלום עולם, 10 - 20</p><p>10 - 20</p>",
        "<article><p>a</p><p dir=rtl>مرحبا بالعالم 10 - 20</p>",
        "<article><p dir=auto>The word שלום</p><p dir=ltr>10 - 20</p>",
        "<article><p dir=auto>&lrm;10 - 20 <b hidden>א</b></p>",
        "<html dir=rtl><article dir=ltr><p>10 - 20",
    ] {
        assert_eq!(told(honest), [""; 0], "{honest}");
    }
}

#[test]
fn that_a_page_has_styles_is_told() {
    for (page, has_style) in [
        ("<article><p>a", false),
        ("<article><p class=x>a", false),
        ("<style>.x{display:none}</style><article><p class=x>a", true),
        (
            "<style>p::before{content:'It is false that '}</style><article><p>a",
            true,
        ),
        ("<link rel=stylesheet href=x><article><p>a", true),
        (
            "<article><p style='display:flex;flex-direction:column-reverse'>a",
            true,
        ),
        ("<article><p><font color=white>a</font>", true),
        ("<body text=white><article><p>a", true),
        ("<body link=white><article><p>a", true),
        ("<article><p><font face=a>a</font>", true),
        ("<article><p><font size=1>a</font>", true),
        ("<article><p>a <input size=1>", false),
        ("<article><table align=right><tr><td>a</table>", true),
        ("<article><p align=right>a", false),
    ] {
        assert_eq!(read(page).unwrap().has_strange_style, has_style, "{page}");
    }
}

#[test]
fn only_what_is_surely_shown_is_the_page_s_own_word() {
    for unsure in [
        "hidden=until-found",
        "style='opacity:0'",
        "style='font-size:0'",
        "style='d\\69splay:none'",
    ] {
        for page in [
            format!("<article><p>a</p><aside {unsure}>Correction: b"),
            format!("<article><p>a</p></article><div {unsure}><p>Correction: b</div>"),
            format!("<article><p>a</p></article><p>c <b {unsure}>Correction: b</b>"),
        ] {
            let draft = body(&page);
            assert!(
                draft
                    .beside
                    .iter()
                    .all(|beside| !beside.own.contains("Correction")),
                "{page}"
            );
            assert!(
                draft
                    .beside
                    .iter()
                    .any(|beside| beside.text.contains("Correction")),
                "{page}"
            );
        }
    }
}
