//! A source as HTML that shows it: for the pages of a site. No markup of the source's own gets there, an address only
//! where it leads to the web, to a mailbox, or to another page of the site.

use std::fmt::Write as _;

use comrak::Arena;
use comrak::nodes::{AstNode, ListType, NodeValue};

use super::{
    CommonMarkError, blocks_of_prose, check_bounds, finish, is_its_own_plain_text, lines_of, parsed,
};
use crate::canonical::is_common;
use crate::diff::html::escape;

/// One top-level block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its plain text, without a line feed at the end.
    pub plain: String,
    /// The HTML. What a browser shows of it may be another text: it makes one blank of several.
    pub html: String,
}

/// Writes a source's top-level blocks that have a text as HTML.
///
/// # Errors
/// [`CommonMarkError`] where the source holds what no page may.
pub fn blocks(source: &str) -> Result<Vec<Shown>, CommonMarkError> {
    if is_its_own_plain_text(source) {
        let shown = |plain: String| Shown {
            html: paragraph(&plain),
            plain,
        };
        let blocks = blocks_of_prose(source).into_iter();
        return Ok(blocks.map(|block| shown(block.plain)).collect());
    }
    parsed_blocks(source)
}

fn parsed_blocks(source: &str) -> Result<Vec<Shown>, CommonMarkError> {
    check_bounds(source)?;
    let arena = Arena::new();
    let document = parsed(&arena, source);
    let mut shown = Vec::new();
    for node in document.children() {
        // This also holds how deep the node's own children lie.
        let plain = finish(&lines_of(node, 0)?)?.trim_end_matches('\n').to_owned();
        if plain.is_empty() {
            continue;
        }
        let mut html = String::with_capacity(plain.len() + 64);
        push_block(node, &mut html);
        shown.push(Shown { plain, html });
    }
    Ok(shown)
}

/// Writes a text as HTML that shows it to the last blank, without markup.
#[must_use]
pub fn verbatim(plain: &str) -> String {
    format!("<pre class=\"plain\">\n{}</pre>\n", escape(plain))
}

/// Writes lines of text as a paragraph.
fn paragraph(plain: &str) -> String {
    format!("<p>{}</p>\n", escape(plain).replace('\n', "<br>\n"))
}

impl Shown {
    /// Tells at a glance that a browser shows the very text: it is a paragraph of common characters in which no blank is
    /// beside another one or a line's end. `false` says nothing.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        let is_line = |line: &str| {
            let is_within = !line.starts_with(is_space) && !line.ends_with(is_space);
            !line.is_empty() && is_within && !line.contains("  ")
        };
        is_common(&self.plain) && self.plain.split('\n').all(is_line) && self.html == paragraph(&self.plain)
    }
}

/// Tells of a common character whether it is a blank.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\u{3000}')
}

fn push_block<'a>(node: &'a AstNode<'a>, html: &mut String) {
    match &node.data().value {
        NodeValue::HtmlBlock(_) => {}
        NodeValue::Paragraph => around(node, html, "<p>", "</p>\n", push_inlines),
        NodeValue::Heading(heading) => {
            let level = heading.level.clamp(1, 6);
            around(
                node,
                html,
                &format!("<h{level}>"),
                &format!("</h{level}>\n"),
                push_inlines,
            );
        }
        NodeValue::BlockQuote => around(node, html, "<blockquote>\n", "</blockquote>\n", push_blocks),
        NodeValue::List(list) => {
            let tag = match list.list_type {
                ListType::Bullet => "ul",
                ListType::Ordered => "ol",
            };
            let start = match list.list_type {
                ListType::Ordered if list.start != 1 => format!(" start=\"{}\"", list.start),
                _ => String::new(),
            };
            around(
                node,
                html,
                &format!("<{tag}{start}>\n"),
                &format!("</{tag}>\n"),
                push_blocks,
            );
        }
        NodeValue::Item(_) => around(node, html, "<li>", "</li>\n", push_item),
        NodeValue::CodeBlock(code) => {
            let literal = escape(code.literal.trim_end_matches('\n'));
            let _ = writeln!(html, "<pre><code>{literal}</code></pre>");
        }
        NodeValue::ThematicBreak => html.push_str("<hr>\n"),
        _ => push_inlines(node, html),
    }
}

fn around<'a>(
    node: &'a AstNode<'a>,
    html: &mut String,
    before: &str,
    after: &str,
    inner: fn(&'a AstNode<'a>, &mut String),
) {
    html.push_str(before);
    inner(node, html);
    html.push_str(after);
}

fn push_blocks<'a>(node: &'a AstNode<'a>, html: &mut String) {
    node.children().for_each(|child| push_block(child, html));
}

/// An item of one paragraph needs no space around it.
fn push_item<'a>(item: &'a AstNode<'a>, html: &mut String) {
    for (at, child) in item.children().enumerate() {
        if at == 0 && matches!(child.data().value, NodeValue::Paragraph) {
            push_inlines(child, html);
        } else {
            push_block(child, html);
        }
    }
}

fn push_inlines<'a>(node: &'a AstNode<'a>, html: &mut String) {
    for inline in node.children() {
        match &inline.data().value {
            NodeValue::Text(text) => html.push_str(&escape(text)),
            NodeValue::SoftBreak | NodeValue::LineBreak => html.push_str("<br>\n"),
            NodeValue::Code(code) => {
                let _ = write!(html, "<code>{}</code>", escape(&code.literal));
            }
            NodeValue::HtmlInline(_) => {}
            NodeValue::Emph => around(inline, html, "<em>", "</em>", push_inlines),
            NodeValue::Strong => around(inline, html, "<strong>", "</strong>", push_inlines),
            NodeValue::Link(link) if is_harmless(&link.url) => {
                let before = format!(
                    "<a href=\"{}\" rel=\"nofollow noopener noreferrer\">",
                    escape(&link.url)
                );
                around(inline, html, &before, "</a>", push_inlines);
            }
            // Of an image its words: a picture on another machine would tell that machine who reads.
            _ => push_inlines(inline, html),
        }
    }
}

/// Tells whether an address leads to the web, to a mailbox, or to another page of the same site. Browsers pass over blanks
/// and control characters in an address, so that one with any is none.
fn is_harmless(address: &str) -> bool {
    let is_plain = !address.is_empty()
        && !address
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || c == '\\');
    let end = address.find(['/', '?', '#', ':']).unwrap_or(address.len());
    let (scheme, rest) = address.split_at(end);
    is_plain
        && if rest.starts_with(':') {
            ["http", "https", "mailto"]
                .iter()
                .any(|known| scheme.eq_ignore_ascii_case(known))
        } else {
            !address.starts_with("//")
        }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::draft::html::shown_text;

    fn html(source: &str) -> String {
        blocks(source)
            .unwrap()
            .into_iter()
            .map(|block| block.html)
            .collect()
    }

    #[test]
    fn each_construct_has_its_elements() {
        assert_eq!(
            html("# 标题\n\nA *b* **c** `d`\ne"),
            "<h1>标题</h1>\n<p>A <em>b</em> <strong>c</strong> <code>d</code><br>\ne</p>\n"
        );
        assert_eq!(
            html("- a\n- b\n\n7. x"),
            "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<ol start=\"7\">\n<li>x</li>\n</ol>\n"
        );
        assert_eq!(
            html("> a\n\n***\n\n    <b>"),
            "<blockquote>\n<p>a</p>\n</blockquote>\n<hr>\n<pre><code>&lt;b&gt;</code></pre>\n"
        );
        assert_eq!(
            html("<!-- a -->\n\n![words](https://elsewhere/x.png)"),
            "<p>words</p>\n"
        );
    }

    #[test]
    fn an_address_that_could_run_something_is_none() {
        for address in [
            "https://a/b?c=d",
            "HTTP://a",
            "mailto:a@b",
            "../x",
            "x/y:z",
            "#a",
            "?a:b",
        ] {
            assert!(is_harmless(address), "{address}");
        }
        for address in [
            "javascript:alert(1)",
            "JaVaScRiPt:x",
            "data:text/html,x",
            "vbscript:x",
            "//elsewhere",
            "java\tscript:x",
            " javascript:x",
            "\\\\elsewhere",
            "file:///etc/passwd",
            ":",
            "",
        ] {
            assert!(!is_harmless(address), "{address:?}");
        }
        assert_eq!(html("[a](<javascript:alert('1')>)"), "<p>a</p>\n");
        assert_eq!(
            html("[a](<https://b/\"onclick=x>)"),
            "<p><a href=\"https://b/&quot;onclick=x\" rel=\"nofollow noopener noreferrer\">a</a></p>\n"
        );
    }

    proptest! {
        #[test]
        fn prose_is_shown_as_the_parser_has_it_and_what_is_exact_at_a_glance_is_so(
            lines in proptest::collection::vec(
                "[-+=:#!$%\"'^(@/,;.)0-9aé中，“\u{a0}\u{3000} ]{0,12}|[a中\u{3000} ]{1,6}", 1..6
            ),
            markup in "|[*_`<&>\t\u{200b}e\u{301}]{0,3}",
        ) {
            let source = lines.join("\n") + &markup + "\n";
            let parsed = parsed_blocks(&source);
            prop_assert_eq!(&blocks(&source), &parsed);
            for block in parsed.unwrap_or_default().iter().filter(|block| block.is_exact()) {
                prop_assert_eq!(shown_text(&block.html), Some(block.plain.clone()), "{:?}", block);
            }
        }
    }
}
