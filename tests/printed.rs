//! Stories about pages that generators of pages printed from a publisher's files: Hugo 0.168, Jekyll 4.3 (kramdown), `MkDocs` 1.6
//! (`Python-Markdown` with footnotes, smarty, codehilite and permalinks), Eleventy 3.1 (markdown-it with its typographer) and
//! Hexo (marked). The pages in `tests/printed/` are theirs, without scripts, and with `{footer}` where a page's last line is.

#[path = "support/archives.rs"]
#[allow(dead_code, reason = "other stories ask git about the archive")]
mod archives;
#[path = "support/publisher.rs"]
mod publisher;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use archives::Story;
use publisher::Publisher;
use serde_json::Value;

const DAY: &str = "2026-01-22T10:00:00+0800";
const ENGLISH: &str = "Export \"controls\" stay -- for now";
const CHINESE: &str = "出口管制\"不变\"";

/// A publisher's repository, mirrored, and the pages that were printed from its files, by name.
struct Printed {
    story: Story,
    publisher: Publisher,
    pages: BTreeMap<String, String>,
}

fn begin() -> Printed {
    let story = Story::begin();
    let publisher = Publisher::begin(&story.folder.path().join("digest"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/printed");
    let source = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    let front = |title: &str, tags: &str, about: &str| {
        format!(
            "---\ntitle: '{title}'\ndate: 2026-01-22T09:00:00+08:00\nauthor: Ada Lin\ntags: [{tags}]\ndescription: \"{about}\"\n---\n\n"
        )
    };
    let english = front(ENGLISH, "chips, trade", "What the ministry's notice says");
    let chinese = front(CHINESE, "芯片, 贸易", "公告说了什么");
    let (en, zh) = (source("en.md"), source("zh.md"));
    publisher.write("posts/2026-01-22-export-controls.md", format!("{english}{en}"));
    publisher.write("posts/2026-01-22-chukou.md", format!("{chinese}{zh}"));
    let contents = en.replace("```python", "* TOC\n{:toc}\n\n```python");
    publisher.write(
        "jekyll/_posts/2026-01-22-export-controls.md",
        format!("{english}{contents}"),
    );
    publisher.write("docs/export-controls.md", format!("# {ENGLISH}\n\n{en}"));
    publisher.write("docs/chukou.md", format!("# {CHINESE}\n\n{zh}"));
    for (name, title) in [("older", "Older story"), ("newer", "A newer story!")] {
        publisher.write(
            &format!("posts/{name}.md"),
            front(title, "trade", "") + "It has been told.\n",
        );
    }
    let id = publisher.commit("Articles", DAY);
    story.yes(&["mirror", "digest", "digest"]);
    let footer = format!("2026-01-22 (Thursday) · {id}");
    let mut pages = BTreeMap::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if Path::new(&name).extension() == Some("html".as_ref()) {
            pages.insert(name.clone(), source(&name).replace("{footer}", &footer));
        }
    }
    assert_eq!(pages.len(), 11);
    Printed {
        story,
        publisher,
        pages,
    }
}

impl Printed {
    /// Verifies some pages and returns the answers in their order.
    fn judge(&self, pages: &[String]) -> Vec<Value> {
        let names: Vec<String> = (0..pages.len()).map(|number| format!("{number}.html")).collect();
        for (name, page) in names.iter().zip(pages) {
            self.story.write(name, page);
        }
        let mut arguments = vec!["verify", "--json"];
        arguments.extend(names.iter().map(String::as_str));
        let output = self.story.run(&arguments);
        let mut document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let answers: Vec<Value> = document["answers"].as_array_mut().unwrap().drain(..).collect();
        assert_eq!(
            answers.len(),
            pages.len(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        answers
    }

    /// Verifies a page of which something was replaced.
    fn with(&self, name: &str, before: &str, after: &str) -> Value {
        let page = &self.pages[name];
        assert!(page.contains(before), "{before}");
        self.judge(&[page.replacen(before, after, 1)]).remove(0)
    }
}

#[test]
fn pages_that_generators_print_are_verified_and_what_they_set_is_told() {
    let printed = begin();
    let pages: Vec<String> = printed.pages.values().cloned().collect();
    let answers = printed.judge(&pages);
    for (name, answer) in printed.pages.keys().zip(&answers) {
        assert_eq!(answer["verdict"], "verified", "{name}: {answer:#}");
        let path = answer["mirrored"]["paths"][0].as_str().unwrap();
        let folder = match name.as_str() {
            "mkdocs-en.html" | "mkdocs-zh.html" => "docs/",
            "jekyll-en.html" => "jekyll/",
            _ => "posts/",
        };
        assert!(path.starts_with(folder), "{name}: {path}");
    }
    let set = |name: &str| {
        let at = printed.pages.keys().position(|own| own == name).unwrap();
        answers[at]["mirrored"]["set_aside"].to_string()
    };
    assert_eq!(
        set("hugo-en.html"),
        r#"{"quotation_marks":19,"dashes":3,"ellipses":1,"note_links":2}"#
    );
    assert_eq!(
        set("jekyll-en.html"),
        r#"{"quotation_marks":19,"dashes":3,"ellipses":1,"contents":1,"note_links":2,"line_numbers":1}"#
    );
    assert_eq!(
        set("mkdocs-zh.html"),
        r#"{"quotation_marks":8,"heading_links":2,"note_links":1,"line_numbers":1}"#
    );
    let around = |name: &str| {
        let at = printed.pages.keys().position(|own| own == name).unwrap();
        answers[at]["beside"].to_string()
    };
    assert!(around("hugo-en.html").contains("January 22, 2026 · 1 min read · #chips #trade"));
    assert!(around("eleventy-en.html").contains("← Previous Older story"));
    printed.story.write("page.html", &printed.pages["hugo-en.html"]);
    let said = printed.story.yes(&["verify", "page.html"]);
    let set = "  set by the program that made the page, and not in the file: 19 quotation marks, 3 dashes, 1 ellipsis, 2 links back from notes\n";
    assert!(said.contains(set), "{said}");
}

/// Lists changes of a page's text, each by a character, a word or a sentence, and every one of them seen by a reader.
fn changed(page: &str, count: usize) -> Vec<(String, String)> {
    let begin = page
        .find("<p>The chief")
        .or_else(|| page.find("<p>总秘书"))
        .unwrap();
    let end = page.find("The end.").or_else(|| page.find("完。")).unwrap();
    let mut texts = Vec::new();
    let mut at = begin;
    while at < end {
        let tag = page[at..].find('<').map_or(end, |found| at + found);
        if !page[at..tag]
            .trim_matches(|c: char| c.is_whitespace() || c.is_ascii_digit())
            .is_empty()
        {
            texts.push(at..tag);
        }
        at = page[tag..].find('>').map_or(end, |found| tag + found + 1);
    }
    let is_letter = |c: char| c.is_alphanumeric() || matches!(c, '-' | ',' | '.' | '!' | '=' | '，' | '。');
    // Letters of the text, and none of a reference to one.
    let mut letters: Vec<usize> = Vec::new();
    for text in texts {
        let mut in_reference = false;
        for (offset, c) in page[text.clone()].char_indices() {
            in_reference = c == '&' || in_reference && c != ';';
            if !in_reference && is_letter(c) {
                letters.push(text.start + offset);
            }
        }
    }
    let mut changed = Vec::new();
    for number in 0..count {
        let at = letters[number * letters.len() / count];
        let c = page[at..].chars().next().unwrap();
        let behind = at + c.len_utf8();
        let other = match c {
            '0'..='8' | 'a'..='y' => char::from(c as u8 + 1),
            '9' => '8',
            '-' => '+',
            '不' => '又',
            _ => '不',
        };
        let (what, middle, from) = match number % 5 {
            0 => ("another character", other.to_string(), behind),
            1 => ("a character less", String::new(), behind),
            2 => ("not", format!(" not {c}"), behind),
            3 => ("a sentence", format!("{c} It was not so. "), behind),
            _ => ("a character more", format!("{c}{c}"), behind),
        };
        changed.push((
            format!("{what} at {:?}", page[at..].chars().take(20).collect::<String>()),
            format!("{}{middle}{}", &page[..at], &page[from..]),
        ));
    }
    changed
}

#[test]
fn no_page_with_another_character_word_or_sentence_is_verified() {
    let printed = begin();
    for (name, page) in &printed.pages {
        let (what, pages): (Vec<String>, Vec<String>) = changed(page, 60).into_iter().unzip();
        for (what, answer) in what.iter().zip(printed.judge(&pages)) {
            assert_eq!(answer["verdict"], "altered", "{name}, {what}: {answer:#}");
        }
    }
}

#[test]
fn what_stands_around_a_printed_text_is_known_or_taken_for_text() {
    let printed = begin();
    let date = "January 22, 2026";
    for (before, after) in [
        // What the file says of itself.
        (date, "January 23, 2026"),
        (
            "<h1>Export &#34;controls&#34; stay",
            "<h1>Export &#34;controls&#34; go",
        ),
        ("#chips", "#ships"),
        ("1 min read", "1 min read · not so"),
        // Blocks that are none of the file's.
        ("<p>The chief", "<p>Lifted.</p><p>The chief"),
        (
            "<div class=\"footnotes\"",
            "<p><a href=\"/x\">The ban was lifted</a></p><div class=\"footnotes\"",
        ),
        ("<p>2026-01-22", "<p>Never</p><p>2026-01-22"),
        // A link at a heading, and a way back from a note, that say something.
        ("means</h2>", "means <a href=\"#a\">not</a></h2>"),
        ("&#x21a9;", "not &#x21a9;"),
        ("means</h2>", "means <a href=\"#a\">?</a></h2>"),
        ("5 tonnes.", "5<a href=\"#a\">^2</a> tonnes."),
        // Other numbers of notes and of items.
        ("role=\"doc-noteref\">1<", "role=\"doc-noteref\">2<"),
        ("<ol>", "<ol start=\"2\">"),
        // Typography in code.
        ("&#34;all&#34;", "“all”"),
        ("-- not 6...", "– not 6..."),
    ] {
        let page = printed.pages["hugo-en.html"].replace("&quot;all&quot;", "&#34;all&#34;");
        assert!(page.contains(before), "{before}");
        let answer = printed.judge(&[page.replacen(before, after, 1)]).remove(0);
        assert_eq!(answer["verdict"], "altered", "{before} → {after}: {answer:#}");
    }
    // Numbers of lines are left out where they are no more than that.
    let answer = printed.with(
        "mkdocs-en.html",
        "<span class=\"normal\">2</span>",
        "<span class=\"normal\">7</span>",
    );
    assert_eq!(answer["verdict"], "altered");
    // A way to the page before is one that has that page's title.
    let answer = printed.with("eleventy-en.html", "Older story", "Older stories");
    assert_eq!(answer["verdict"], "altered");
    assert_eq!(
        printed.with("eleventy-en.html", "Older story", "A newer story!")["verdict"],
        "verified"
    );
}

/// Has the publisher write a short text with a title, and mirrors it; returns the commit's id.
fn mirror_short(printed: &Printed) -> String {
    printed.publisher.write(
        "posts/short.md",
        "---\ntitle: The ban stays\n---\n\nIt stays for a year.\n",
    );
    let id = printed.publisher.commit("Short", DAY);
    printed.story.yes(&["mirror", "digest", "digest"]);
    id
}

#[test]
fn a_headline_that_is_not_the_files_is_told_also_above_the_very_text() {
    let printed = begin();
    let id = mirror_short(&printed);
    let page = |title: &str| {
        format!(
            "<html><body><main><article><header><h1>{title}</h1></header><p>It stays for a year.</p><p>2026-01-22 (Thursday) · {id}</p></article></main></body></html>"
        )
    };
    let outside = |title: &str| {
        format!(
            "<html><body><main><h1>{title}</h1><article><p>It stays for a year.</p><p>2026-01-22 (Thursday) · {id}</p></article></main></body></html>"
        )
    };
    let answers = printed.judge(&[
        page("The ban stays"),
        page("The ban goes"),
        outside("The ban stays"),
        outside("The ban goes"),
    ]);
    let verdicts: Vec<&str> = answers
        .iter()
        .map(|answer| answer["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(verdicts, ["verified", "altered", "verified", "altered"]);
    assert_eq!(
        answers[1]["reasons"][0],
        "the page is headed “The ban goes”, and the file's title is another"
    );
}

#[test]
fn a_page_of_a_file_in_which_a_generator_fills_something_in_is_not_called_altered() {
    let printed = begin();
    let texts = [
        "The ban stays for a year, the ministry said on Thursday.",
        "Ferries to the islands run again from Monday on.",
        "Nobody was hurt when a crane fell into the harbour.",
        "Prices of oysters rose by half within one month.",
        "A school in the hills gets its first library.",
    ];
    let places = [
        "{{< figure src=\"ban.png\" caption=\"A ban\" >}}",
        "{{% notice %}}",
        "{% include note.html %}",
        "{{ page.ending }}",
        "{",
    ];
    for (number, (place, text)) in places.iter().zip(texts).enumerate() {
        let front = "---\ntitle: Weekly\n---\n\n";
        printed.publisher.write(
            &format!("posts/filled-{number}.md"),
            format!("{front}{text}\n\n{place}\n\nNumber {number} ends.\n"),
        );
    }
    let id = printed.publisher.commit("Filled in", DAY);
    printed.story.yes(&["mirror", "digest", "digest"]);
    let page = |number: usize| {
        let text = texts[number];
        format!(
            "<html><body><main><article><h1>Weekly</h1><p>{text}</p><figure>Weekly</figure><p>Number {number} ends.</p><p>2026-01-22 (Thursday) · {id}</p></article></main></body></html>"
        )
    };
    let pages: Vec<String> = (0..places.len()).map(page).collect();
    let answers = printed.judge(&pages);
    for (number, (place, answer)) in places.iter().zip(&answers).enumerate() {
        let is_place = place.len() > 1;
        let expected = if is_place { "unknown" } else { "altered" };
        assert_eq!(answer["verdict"], expected, "{place}: {answer:#}");
        assert_eq!(
            answer["mirrored"]["paths"][0],
            format!("posts/filled-{number}.md")
        );
        assert_eq!(answer["mirrored"]["alike"], true);
        let said = answer["reasons"].to_string();
        assert_eq!(said.contains("puts something else"), is_place, "{said}");
        assert!(!answer["changes"].as_array().unwrap().is_empty());
    }
    assert!(answers[2]["reasons"].to_string().contains(places[2]));
    let output = printed.story.run(&["verify", "2.html"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("  most like it: posts/filled-2.md\n"), "{said}");
}

/// Verifies a page for each of some bodies, beside a source that it may be printed from; returns the answers.
fn printed_from(cases: &[(&str, &str)]) -> Vec<Value> {
    let printed = begin();
    let first = |number: usize| {
        format!("What the council of district {number} heard on Monday is told below in its own words.")
    };
    let mut sources: Vec<&str> = cases.iter().map(|(source, _)| *source).collect();
    sources.dedup();
    let number_of = |source: &str| sources.iter().position(|own| *own == source).unwrap();
    for (number, source) in sources.iter().enumerate() {
        let text = format!(
            "---\ntitle: District {number}\n---\n\n{}\n\n{source}\n",
            first(number)
        );
        printed
            .publisher
            .write(&format!("posts/district-{number}.md"), text);
    }
    let id = printed.publisher.commit("Districts", DAY);
    printed.story.yes(&["mirror", "digest", "digest"]);
    let pages: Vec<String> = cases
        .iter()
        .map(|(source, body)| {
            let first = first(number_of(source));
            format!("<html><body><article><p>{first}</p>\n{body}\n<p>2026-01-22 (Thursday) · {id}</p></article></body></html>")
        })
        .collect();
    printed.judge(&pages)
}

/// Asserts which of some bodies are verified beside a source, and that the others are told as altered.
fn assert_verified(cases: &[(&str, &[&str], &[&str])]) {
    let all: Vec<(&str, &str, &str)> = cases
        .iter()
        .flat_map(|(source, honest, others)| {
            let honest = honest.iter().map(|body| (*source, *body, "verified"));
            honest.chain(others.iter().map(|body| (*source, *body, "altered")))
        })
        .collect();
    let pages: Vec<(&str, &str)> = all.iter().map(|(source, body, _)| (*source, *body)).collect();
    for ((source, body, verdict), answer) in all.iter().zip(printed_from(&pages)) {
        assert_eq!(answer["verdict"], *verdict, "{source}\n{body}\n{answer:#}");
    }
}

#[test]
fn lists_of_attributes_take_no_item_no_code_and_no_words_with_them() {
    let items = "<ul><li>Alice voted for it.</li><li>Bob voted against it.</li></ul>";
    let one = "<ul><li>Alice voted for it.</li></ul>";
    assert_verified(&[
        (
            "- Alice voted for it.\n- Bob voted against it.\n{#protocol}",
            &[items],
            &[one],
        ),
        (
            "- Alice voted for it.\n- Bob voted against it.\n{: .stocks}",
            &[items],
            &[one],
        ),
        (
            "Who it is:\n\n    {:guilty false}\n    (print 1)",
            &["<p>Who it is:</p><pre><code>{:guilty false}\n(print 1)\n</code></pre>"],
            &["<p>Who it is:</p><pre><code>(print 1)\n</code></pre>"],
        ),
        (
            "````\n```\n{: .a}\nmix the liquids\n````",
            &["<pre><code>```\n{: .a}\nmix the liquids\n</code></pre>"],
            &["<pre><code>```\nmix the liquids\n</code></pre>"],
        ),
        (
            "So it is.\n\n{.The mayor was acquitted of all charges.}",
            &["<p>So it is.</p><p>{.The mayor was acquitted of all charges.}</p>"],
            &["<p>So it is.</p>"],
        ),
        (
            "## Mayor guilty {. say some, and he is not}\n\nSo it is.",
            &["<h2>Mayor guilty {. say some, and he is not}</h2><p>So it is.</p>"],
            &["<h2>Mayor guilty</h2><p>So it is.</p>"],
        ),
        (
            "## Heading two {: #second .cls }\n\nA [link](https://e.org){: target=_blank } and **strong**{: .x } words.",
            &[
                "<h2>Heading two</h2><p>A <a href=\"https://e.org\">link</a> and <strong>strong</strong> words.</p>",
            ],
            &["<h2>Heading two</h2><p>A <a href=\"https://e.org\">link</a> and words.</p>"],
        ),
    ]);
}

#[test]
fn notes_are_what_is_referred_to_and_ways_back_lead_to_that_and_say_nothing() {
    let note = |back: &str| {
        format!(
            "<p>So it is<sup><a href=\"#fn1\" id=\"r1\">1</a></sup>.</p><ol><li id=\"fn1\"><p>The note of it. {back}</p></li></ol>"
        )
    };
    let back = |text: &str| note(&format!("<a href=\"#r1\">{text}</a>"));
    let page = |items: &str| format!("<h2 id=\"w\">Shares</h2><ul>{items}</ul>");
    let honest = [back("↩"), back("↑"), back("↩\u{fe0e}"), note("")];
    let others = [
        back("↑50"),
        back("↩ 2"),
        note("<a href=\"#r1\">↑50</a> <a href=\"#r1\">↩</a>"),
        note("<a href=\"#x\">↩</a>"),
        note("").replace("href=\"#fn1\"", "href=\"#w\""),
        note("").replace("<sup><a href=\"#fn1\" id=\"r1\">1</a></sup>", "[1]"),
    ];
    let honest: Vec<&str> = honest.iter().map(String::as_str).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    let shares = [
        page("<li>Shares of Acme</li><li>Paid in full</li>"),
        page("<li id=\"fnx\">Shares of Acme <a href=\"#w\">↑ 500</a></li><li>Paid in full</li>"),
        page("<li>Shares of Acme</li><li id=\"fn1\">Paid in full <a href=\"#1\">↑1000000</a></li>"),
    ];
    let twice = |back: &str| {
        format!(
            "<p>So<sup id=\"r1\"><a href=\"#fn1\">1</a></sup> it is<sup id=\"r1-2\"><a href=\"#fn1\">1</a></sup>.</p><ol><li id=\"fn1\"><p>The note of it. <a href=\"#r1\">↩</a> <a href=\"#r1-2\">{back}</a></p></li></ol>"
        )
    };
    let (second, third) = (twice("↩<sup>2</sup>"), twice("↩<sup>3</sup>"));
    assert_verified(&[
        ("So it is[^1].\n\n[^1]: The note of it.", &honest, &others),
        // Labels are the same in capitals.
        ("So it is[^Note].\n\n[^note]: The note of it.", &honest[..1], &[]),
        (
            "So[^1] it is[^1].\n\n[^1]: The note of it.",
            &[&second],
            &[&third],
        ),
        (
            "## Shares\n\n- Shares of Acme\n- Paid in full",
            &[&shares[0]],
            &[&shares[1], &shares[2]],
        ),
        (
            "## Costs\n\nIt costs 10[6] euros.",
            &["<h2 id=\"w\">Costs</h2><p>It costs 10[6] euros.</p>"],
            &[
                "<h2 id=\"w\">Costs</h2><p>It costs 10<sup><a href=\"#w\">6</a></sup> euros.</p>",
                "<h2 id=\"w\">Costs</h2><p>It costs 10\u{e104}[6] euros.</p>",
            ],
        ),
        (
            "So it is.\n\n> [^1]: The rumour is false.",
            &["<p>So it is.</p><blockquote><p>[^1]: The rumour is false.</p></blockquote>"],
            &[],
        ),
    ]);
}

#[test]
fn a_number_that_is_no_reference_to_a_note_stays_a_number() {
    let page = |first: &str, second: &str| {
        format!(
            "<p>Ten<sup id=\"r1\"><a href=\"#fn1\">{first}</a></sup> and ten<sup id=\"r1:1\"><a href=\"#fn1\">{second}</a></sup>.</p><ol><li id=\"fn1\"><p>The note.</p></li></ol>"
        )
    };
    let honest = [page("1", "1"), page("[1]", "[1:1]")];
    let others = [
        page("1:000", "1"),
        page("1:0", "1"),
        page("1:1", "1"),
        page("0001", "1"),
        page("+1", "1"),
        page("1", "1:2"),
        page("1", "1:01"),
        page("1", "1:1").replace(" id=\"r1:1\"", ""),
        page("1:1", "1").replace("id=\"r1\"", "id=\"r1:1\""),
    ];
    let honest: Vec<&str> = honest.iter().map(String::as_str).collect();
    let others: Vec<&str> = others.iter().map(String::as_str).collect();
    assert_verified(&[("Ten[^1] and ten[^1].\n\n[^1]: The note.", &honest, &others)]);
}

#[test]
fn numbers_of_lines_stand_before_every_line_and_hide_and_add_nothing() {
    let line = |start: &str, number: &str, text: &str| format!("<span {start}>{number}</span>{text}\n");
    let code = |lines: &[String]| format!("<pre><code>{}</code></pre>", lines.concat());
    let chroma = "style=\"white-space:pre;-webkit-user-select:none;user-select:none;margin-right:0.4em;padding:0 0.4em 0 0.4em;color:#7f7f7f\"";
    let ln = "class=\"ln\"";
    let euros = [
        code(&[line(chroma, "1", "000 euros"), line(chroma, "2", "one million")]),
        code(&[line(chroma, "17", "000 euros"), line(chroma, "18", "one million")]),
        code(&[line(ln, "1 ", "000 euros"), line(ln, "2 ", "one million")]),
        code(&[line(ln, "1", "000 euros"), line(ln, "2", "one million")]),
        code(&[line(ln, "1", "<i hidden> </i>000 euros"), line(ln, "2", " one million")]),
        code(&[line(ln, "1", "<script> </script>000 euros"), line(ln, "2", " one million")]),
        code(&[line(ln, "1", "<rp>x</rp>000 euros"), line(ln, "2", "<rp>x</rp>one million")]),
        code(&[line(ln, "1<i hidden> </i>", "000 euros"), line(ln, "2<i hidden> </i>", "one million")]),
        code(&[line(ln, "1\u{200a}", "000 euros"), line(ln, "2\u{200a}", "one million")]),
        code(&[line(chroma, "+1", "000 euros"), line(chroma, "+2", "one million")]),
        "<table cellspacing=0 cellpadding=0><tr><td>1\n2</td><td><pre>000 euros\none million</pre></td></tr></table>".to_owned(),
        "<table><tr><td>+1\n+2</td><td><pre>000 euros\none million</pre></td></tr></table>".to_owned(),
        code(&[line(ln, "1", "000 euros"), "one million\n".to_owned()]),
        code(&[line(chroma, "1", "000 euros"), line(chroma, "3", "one million")]),
        code(&[
            line("style=\"color:red;user-select:none\"", "9", "000 euros"),
            "one million\n".to_owned(),
        ]),
        code(&[
            line(&chroma.replace("0.4em;p", "0;p"), "1", "000 euros"),
            line(chroma, "2", "one million"),
        ]),
    ];
    let words = [
        code(&[line(ln, "1", "<span class=\"cl\">let a;</span>")]),
        code(&[line(ln, "9", "<span class=\"cl\">let a;</span>")]),
        "<table><tr><td>1</td><td><pre>let a;</pre></td></tr></table>".to_owned(),
        "<table><tr><td>9</td><td><pre>let a;</pre></td></tr></table>".to_owned(),
        "<table><tr hidden><td>1</td><td><pre>let a;</pre></td></tr></table>".to_owned(),
        "<table><tr><td>1</td><td style=\"display:none\"><pre>let a;</pre></td></tr></table>".to_owned(),
        "<table><tr><td>1</td><td><pre hidden>let a;</pre></td></tr></table>".to_owned(),
        code(&[line(ln, "1", "let a;")]),
    ];
    let euros: Vec<&str> = euros.iter().map(String::as_str).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let boxes = |one: &str, other: &str| {
        format!(
            "<ul><li><input type=\"checkbox\" {one}> Paid</li><li><input type=\"checkbox\" {other}> Not paid</li></ul>"
        )
    };
    assert_verified(&[
        ("```\n000 euros\none million\n```", &euros[..3], &euros[3..]),
        (
            "```\nlet a;\n```",
            &[words[0], words[2]],
            &[words[1], words[3], words[4], words[5], words[6], words[7]],
        ),
        (
            "- [x] Paid\n- [ ] Not paid",
            &[&boxes("checked disabled", "disabled")],
            &[
                &boxes("disabled", "disabled"),
                &boxes("checked hidden", "hidden"),
                &boxes("checked style=\"opacity:0\"", ""),
            ],
        ),
    ]);
}

#[test]
fn words_of_raw_html_that_are_read_of_no_page_are_not_dropped() {
    let said = "<p>So it is.</p>";
    let cases = [
        ("So it is.\n\n<aside>Correction: it is not.</aside>", said),
        (
            "So it is.\n\nIt is <span role=\"toolbar\">not</span> so.",
            "<p>So it is.</p><p>It is so.</p>",
        ),
        (
            "So it is.\n\nIt is <button>not</button> so.",
            "<p>So it is.</p><p>It is so.</p>",
        ),
        (
            "So it is.\n\nIt costs <button>-</button>500.",
            "<p>So it is.</p><p>It costs 500.</p>",
        ),
    ];
    for ((source, _), answer) in cases.iter().zip(printed_from(&cases)) {
        assert_eq!(answer["verdict"], "unknown", "{source}: {answer:#}");
    }
}

#[test]
fn what_some_generators_print_otherwise_is_not_called_altered() {
    let cases = [
        (
            "The HTML is here.\n\n*[HTML]: Hyper Text",
            "<p>The <abbr title=\"Hyper Text\">HTML</abbr> is here.</p>",
        ),
        (
            "So it is.\n\n!!! note \"Attention\"\n    It is so.",
            "<p>So it is.</p><div><p>Attention</p><p>It is so.</p></div>",
        ),
        ("* one\n\n3. three", "<ul><li>one</li><li>three</li></ul>"),
        (
            "So it is.\n\n[^z]: It is not used.",
            "<p>So it is.</p><ol><li id=\"fn:z\"><p>It is not used.</p></li></ol>",
        ),
        (
            "> So it is.\n> {: .x }",
            "<blockquote class=\"x\"><p>So it is.</p></blockquote>",
        ),
        (
            "- {: .x } one\n- two",
            "<ul><li class=\"x\">one</li><li>two</li></ul>",
        ),
        ("So it is.\n\n> [^1]: The rumour is false.", "<p>So it is.</p>"),
        ("So $x^2$ is.", "<p>So \\(x^2\\) is.</p>"),
        (
            "1986. A great year it was.",
            "<ol><li>A great year it was.</li></ol>",
        ),
        ("1) one\n2) two", "<p>1) one\n2) two</p>"),
        ("It costs 5\\% and \\$6.", "<p>It costs 5\\% and \\$6.</p>"),
        (
            "#Heading of it\n\nIt is so.",
            "<h1>Heading of it</h1><p>It is so.</p>",
        ),
        ("So it is :smile: here.", "<p>So it is 😄 here.</p>"),
        ("(c) 2020 by Ada.", "<p>© 2020 by Ada.</p>"),
        ("So it is and....", "<p>So it is and…</p>"),
        (
            "```python title=\"a.py\"\nx = 1\n```",
            "<p><code>python title=\"a.py\" x = 1</code></p>",
        ),
        (
            "All of the H~2~O is here.",
            "<p>All of the H<sub>2</sub>O is here.</p>",
        ),
        (
            "So it is^[Ada wrote it.] here.",
            "<p>So it is<sup><a href=\"#fn1\">1</a></sup> here.</p><ol><li id=\"fn1\">Ada wrote it.</li></ol>",
        ),
        ("So it is[^一].\n\n[^一]: The note.", "<p>So it is[^一].</p>"),
        (
            "=== \"Tab\"\n\nIt is so.",
            "<div><label>Tab</label></div><p>It is so.</p>",
        ),
        ("So ==it== is here.", "<p>So <mark>it</mark> is here.</p>"),
        ("Press ++ctrl++ for it.", "<p>Press <kbd>Ctrl</kbd> for it.</p>"),
        ("So {++it++} is here.", "<p>So <ins>it</ins> is here.</p>"),
        (
            "So it is [x](not a link here).",
            "<p>So it is <a href=\"not%20a%20link%20here\">x</a>.</p>",
        ),
        (
            "He wrote:\n## Head of it\nand more.",
            "<p>He wrote:\n## Head of it\nand more.</p>",
        ),
    ];
    for ((source, _), answer) in cases.iter().zip(printed_from(&cases)) {
        assert_eq!(answer["verdict"], "unknown", "{source}: {answer:#}");
        let reason = answer["reasons"][1].as_str().unwrap();
        assert!(reason.contains("may be no more than that"), "{reason}");
    }
    assert_verified(&[(
        "Two things:\n* one\n* two\n\nA line\\\nand another.",
        &[
            "<p>Two things:\n* one\n* two</p><p>A line\\\nand another.</p>",
            "<p>Two things:</p><ul><li>one</li><li>two</li></ul><p>A line<br>and another.</p>",
        ],
        &["<p>Two things:\n* one</p><p>A line\\\nand another.</p>"],
    )]);
}

#[test]
fn definitions_are_terms_for_some_generators_and_words_for_others() {
    assert_verified(&[(
        "Term \"one\"\n: What it is.",
        &[
            "<p>Term “one”\n: What it is.</p>",
            "<dl><dt>Term “one”</dt><dd>What it is.</dd></dl>",
        ],
        &["<p>Term “one”</p>", "<p>Term “one”: What it is.</p>"],
    )]);
}

#[test]
fn code_keeps_the_blanks_that_it_begins_with() {
    let code = |code: &str| format!("<p>It is “so”:</p><pre><code>{code}\n</code></pre>");
    let item = |code: &str| format!("<ul><li><p>It is “so”:</p><pre><code>{code}\n</code></pre></li></ul>");
    let lines = [
        "    x = 1\ny = 2",
        "  x = 1\ny = 2",
        "x = 1\ny = 2",
        "        x = 1\ny = 2",
        "x = 1\n    y = 2",
    ];
    let (blocks, items) = (lines.map(code), lines.map(item));
    let quoted =
        |code: &str| format!("<blockquote><pre><code>{code}\n</code></pre></blockquote><p>It is “so”.</p>");
    let quoted = lines.map(quoted);
    assert_verified(&[
        (
            "It is \"so\":\n\n```\n    x = 1\ny = 2\n```",
            &[&blocks[0]],
            &[&blocks[1], &blocks[2], &blocks[3]],
        ),
        (
            "It is \"so\":\n\n```\nx = 1\ny = 2\n```",
            &[&blocks[2]],
            &[&blocks[0], &blocks[4]],
        ),
        (
            "- It is \"so\":\n\n  ```\n      x = 1\n  y = 2\n  ```",
            &[&items[0]],
            &[&items[1], &items[2], &items[3]],
        ),
        (
            "> ```\n>     x = 1\n> y = 2\n> ```\n\nIt is \"so\".",
            &[&quoted[0]],
            &[&quoted[1], &quoted[2], &quoted[3]],
        ),
        (
            "It is \"so\":\n\n\tx = 1\n\nRun ` x` now.",
            &["<p>It is “so”:</p><pre><code>x = 1\n</code></pre><p>Run <code> x</code> now.</p>"],
            &["<p>It is “so”:</p><pre><code>\tx = 1\n</code></pre><p>Run <code> x</code> now.</p>"],
        ),
    ]);
}

#[test]
fn notes_as_remark_prints_them_are_those_of_the_source() {
    let page = |label: &str, back: &str| {
        format!(
            "<p>So it is<sup><a href=\"#user-content-fn-1\" id=\"user-content-fnref-1\">1</a></sup>.</p><section data-footnotes class=\"footnotes\"><h2 class=\"sr-only\" id=\"footnote-label\">{label}</h2><ol><li id=\"user-content-fn-1\"><p>The note of it. <a href=\"#user-content-fnref-1\" data-footnote-backref>{back}</a></p></li></ol></section>"
        )
    };
    assert_verified(&[(
        "So it is[^1].\n\n[^1]: The note of it.",
        &[&page("Footnotes", "↩")],
        &[
            &page("None of this is so", "↩"),
            &page("Footnotes", "↩ not so"),
            &page("Footnotes", "↩").replace("<ol>", "<h2>Footnotes</h2><ol>"),
            &page("Footnotes", "↩").replace(">1</a></sup>", ">1:999999</a></sup>"),
            &page("Footnotes", "↩").replace(">1</a></sup>", ">1:1</a></sup>"),
        ],
    )]);
}

#[test]
fn a_headline_of_a_file_in_html_is_compared_too() {
    let printed = begin();
    let page = |title: &str, footer: &str| {
        format!(
            "<html><body><article><header><h1>{title}</h1></header><p>The court heard it on Monday, and the judges wrote on Friday.</p>{footer}</article></body></html>"
        )
    };
    printed
        .publisher
        .write("site/mayor.html", page("Mayor acquitted", ""));
    let id = printed.publisher.commit("Mayor", DAY);
    printed.story.yes(&["mirror", "digest", "digest"]);
    let footer = format!("<p>2026-01-22 (Thursday) · {id}</p>");
    let answers = printed.judge(&[page("Mayor acquitted", &footer), page("Mayor convicted", &footer)]);
    assert_eq!(answers[0]["verdict"], "verified", "{:#}", answers[0]);
    assert_eq!(answers[1]["verdict"], "altered", "{:#}", answers[1]);
}

#[test]
fn what_differs_is_told_without_what_is_set_aside() {
    let printed = begin();
    printed.publisher.write(
        "posts/bridge.md",
        "---\ntitle: Bridge\n---\n\nThe bridge \"opened\" for 13 days\nand `a \"b\"` stays.\n\nNobody was hurt.\n",
    );
    let id = printed.publisher.commit("Bridge", DAY);
    printed.story.yes(&["mirror", "digest", "digest"]);
    let page = |days: usize, code: &str, amid: &str| {
        format!(
            "<html><body><article><h1>Bridge</h1><p>The bridge “opened” for {days} days\nand <code>{code}</code> stays.</p>{amid}<p>Nobody was hurt.</p><p>2026-01-22 (Thursday) · {id}</p></article></body></html>"
        )
    };
    let answers = printed.judge(&[
        page(13, "a \"b\"", ""),
        page(14, "a \"b\"", ""),
        page(14, "a “b”", ""),
        page(13, "a \"b\"", "<p>Bridge</p>"),
    ]);
    assert_eq!(answers[0]["verdict"], "verified", "{:#}", answers[0]);
    let told = |answer: &Value| {
        assert_eq!(answer["verdict"], "altered", "{answer:#}");
        answer["changes"].to_string()
    };
    let number = told(&answers[1]);
    assert!(number.contains(r#"{"removed":"13"},{"added":"14"}"#), "{number}");
    assert_eq!(number.matches("removed").count(), 1, "{number}");
    assert_eq!(number.matches("added").count(), 1, "{number}");
    // Marks in code are those of the code, and a title amid a text is none.
    let code = told(&answers[2]);
    assert!(code.contains("14") && code.contains('“'), "{code}");
    assert_eq!(
        told(&answers[3]),
        r#"[{"change":"added","after":3,"text":"Bridge"}]"#
    );
}

#[test]
fn a_headline_is_no_other_for_a_link_that_says_the_right_one() {
    let printed = begin();
    let id = mirror_short(&printed);
    let page = |header: &str, above: &str, below: &str| {
        format!(
            "<html><body>{above}<main><article>{header}<p>It stays for a year.</p><p>2026-01-22 (Thursday) · {id}</p></article></main>{below}</body></html>"
        )
    };
    let header = "<header><h1>The ban goes</h1></header>";
    let link = "<a href=\"/\">The ban stays</a>";
    let answers = printed.judge(&[
        page(header, "", &format!("<nav>{link}</nav>")),
        page(header, "", &format!("<footer>{link}</footer>")),
        page(header, "", "<div>The ban stays</div>"),
        page("", "<h1>The ban goes</h1>", &format!("<nav>{link}</nav>")),
        page("", "<h1>The Daily Digest</h1><h2>The ban stays</h2>", ""),
        page(
            "",
            "<header><h1>The ban goes</h1></header>",
            &format!("<div>{link}</div>"),
        ),
    ]);
    let verdicts: Vec<&str> = answers
        .iter()
        .map(|answer| answer["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(
        verdicts,
        ["altered", "altered", "altered", "altered", "verified", "altered"]
    );
}

#[test]
fn a_page_is_not_compared_for_ever_and_is_not_accused_for_that() {
    let printed = begin();
    let line = "The [^a] board *heard < of {it} and ~so~ on | said “no” and [x] wrote.\n\n";
    let long = line.repeat((250 << 10) / line.len());
    for number in 0..16 {
        printed.publisher.write(
            &format!("posts/long-{number}.md"),
            format!("{long}Text {number}.\n"),
        );
    }
    let id = printed.publisher.commit("Long", DAY);
    printed.story.yes(&["mirror", "digest", "digest"]);
    let text = long.replace('<', "&lt;").replace("\n\n", "</p>\n<p>");
    let begun = std::time::Instant::now();
    let page = format!(
        "<html><body><article><p>{text}</p><p>2026-01-22 (Thursday) · {id}</p></article></body></html>"
    );
    let answer = printed.judge(&[page]).remove(0);
    assert_eq!(answer["verdict"], "unknown", "{}", answer["reasons"]);
    let reason = answer["reasons"][0].as_str().unwrap();
    assert!(reason.contains("was not compared with all of them"), "{reason}");
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}
