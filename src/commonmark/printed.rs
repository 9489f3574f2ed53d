//! A source as HTML, in the dialects of the programs that make pages of such. What these print of one source differs in
//! what they take for markup; the words are the same.

use comrak::nodes::NodeValue;
use comrak::options::Render;
use comrak::{Arena, Options, format_html, parse_document};

use super::{CommonMarkError, check_bounds};

/// Stands in the place of a line's end within a paragraph.
pub const SOFT: char = '\u{e100}';
/// Stands before code.
pub const CODE: char = '\u{e101}';
/// Stands behind code.
pub const CODE_END: char = '\u{e102}';
/// Stands in the place of a table of contents.
pub const CONTENTS: char = '\u{e103}';

/// Elements without which words stay what they are.
const PLAIN: &[&str] = &[
    "a", "abbr", "b", "center", "div", "em", "font", "i", "kbd", "mark", "p", "section", "small", "span",
    "strong", "u",
];

/// The most notes of a source that is printed.
const MOST_NOTES: usize = 1000;

/// What a program takes for markup beside that of CommonMark, and what it does with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// `[^1]` refers to a note.
    pub notes: bool,
    /// Tables.
    pub tables: bool,
    /// `~~` strikes out, and `[x]` is the box of a task.
    pub struck: bool,
    /// `{#id}`, `{.class}` and `{: …}` are attributes, and `[TOC]` stands for a table of contents.
    pub attributes: bool,
    /// Emphasis works beside Han characters.
    pub cjk_emphasis: bool,
    /// Raw HTML gets onto the page; else it is left out, where that takes no word away and changes none.
    pub raw_html: bool,
}

impl Dialect {
    const BASE: Self = Self {
        notes: true,
        tables: true,
        struck: true,
        attributes: true,
        cjk_emphasis: false,
        raw_html: true,
    };

    /// Lists the dialects in which a source may be printed differently, the most usual first.
    #[must_use]
    pub fn of(source: &str) -> Vec<Self> {
        let mut dialects = vec![Self::BASE];
        let mut vary = |is_there: bool, other: fn(Self) -> Self| {
            if is_there {
                let others: Vec<Self> = dialects.iter().copied().map(other).collect();
                dialects.extend(others);
            }
        };
        vary(source.contains("[^"), |dialect| Self {
            notes: false,
            ..dialect
        });
        let is_marked = source.contains(['*', '_']) && !source.is_ascii();
        vary(is_marked, |dialect| Self {
            cjk_emphasis: true,
            ..dialect
        });
        vary(source.contains('<'), |dialect| Self {
            raw_html: false,
            ..dialect
        });
        let has_attributes = source.contains('{') || source.to_ascii_lowercase().contains("toc]");
        vary(has_attributes, |dialect| Self {
            attributes: false,
            ..dialect
        });
        let has_struck = source.contains('~') || source.contains("[ ]") || source.contains("[x]");
        vary(has_struck, |dialect| Self {
            struck: false,
            ..dialect
        });
        vary(source.contains('|'), |dialect| Self {
            tables: false,
            ..dialect
        });
        dialects
    }
}

/// Writes a source as HTML, with [`SOFT`] for the ends of lines within paragraphs; `None` where it has one of these marks
/// itself.
///
/// # Errors
/// [`CommonMarkError::Marks`] and [`CommonMarkError::Depth`].
pub fn html(source: &str, dialect: Dialect) -> Result<Option<String>, CommonMarkError> {
    if source.contains([SOFT, CODE, CODE_END, CONTENTS]) {
        return Ok(None);
    }
    check_bounds(source)?;
    if dialect.notes && has_note_of_none(source) {
        return Ok(None);
    }
    let source = if dialect.attributes {
        without_attributes(source)
    } else {
        format!("{source}\n")
    };
    let mut options = Options::default();
    options.extension.cjk_friendly_emphasis = dialect.cjk_emphasis;
    options.extension.footnotes = dialect.notes;
    options.extension.table = dialect.tables;
    options.extension.strikethrough = dialect.struck;
    options.extension.tasklist = dialect.struck;
    options.extension.description_lists = dialect.attributes;
    options.render = Render {
        r#unsafe: true,
        ..Render::default()
    };
    let arena = Arena::new();
    let document = parse_document(&arena, &source, &options);
    let nodes: Vec<_> = document.descendants().collect();
    for node in nodes {
        let raw = match &mut node.data_mut().value {
            soft @ NodeValue::SoftBreak => {
                *soft = NodeValue::Text(SOFT.to_string().into());
                None
            }
            NodeValue::HtmlBlock(html) => Some(has_words(&html.literal)),
            NodeValue::HtmlInline(html) => Some(has_words(html)),
            _ => None,
        };
        match raw.filter(|_| !dialect.raw_html) {
            Some(true) => return Ok(None),
            Some(false) => node.detach(),
            None => {}
        }
    }
    let mut html = String::with_capacity(source.len() * 2);
    // A reference may stand for one of the marks.
    let is_written = format_html(document, &options, &mut html).is_ok();
    let is_clean = !html.contains([CODE, CODE_END]);
    Ok(is_written.then_some(html).filter(|_| is_clean))
}

/// Tells whether raw HTML has words, or elements by which those around them say something else.
fn has_words(html: &str) -> bool {
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        let end = if tag.starts_with("<!--") { "-->" } else { ">" };
        let Some((tag, after)) = tag.split_once(end) else {
            return true;
        };
        let name = tag.trim_start_matches(['<', '/']);
        let name = name
            .split(|c: char| !c.is_ascii_alphanumeric())
            .next()
            .unwrap_or_default();
        let is_plain = tag.starts_with("<!--") || PLAIN.contains(&&*name.to_ascii_lowercase());
        if before.contains(char::is_alphanumeric) || !is_plain {
            return true;
        }
        rest = after;
    }
    rest.contains(char::is_alphanumeric)
}

/// Tells whether a source has a note that it refers to nowhere, which some programs print and others do not.
fn has_note_of_none(source: &str) -> bool {
    let labels = source.lines().filter_map(|line| {
        let label = line.trim_start().strip_prefix("[^")?;
        label.split_once("]:").map(|(label, _)| label)
    });
    let mut labels: Vec<&str> = labels.take(MOST_NOTES + 1).collect();
    labels.sort_unstable();
    labels.dedup();
    let references = |label: &str| source.matches(&format!("[^{label}]")).take(2).count();
    labels.len() > MOST_NOTES || labels.into_iter().any(|label| references(label) < 2)
}

/// Takes off a source what says how blocks are set, outside of code between fences.
fn without_attributes(source: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut fence: Option<String> = None;
    for line in source.split('\n') {
        let trimmed = line.trim();
        if let Some(mark) = &fence {
            if trimmed.starts_with(mark.as_str()) && trimmed.trim_start_matches(&mark[..1]).is_empty() {
                fence = None;
            }
            lines.push(line.to_owned());
            continue;
        }
        if let Some(mark) = ["```", "~~~"].iter().find(|mark| trimmed.starts_with(**mark)) {
            fence = Some((*mark).to_owned());
            lines.push(cut_attributes(line).to_owned());
            continue;
        }
        let is_contents = matches!(
            trimmed.to_ascii_lowercase().as_str(),
            "[toc]" | "[[toc]]" | "[[_toc_]]"
        );
        if is_contents {
            lines.push(CONTENTS.to_string());
            continue;
        }
        if is_attributes(trimmed) {
            if trimmed.contains("toc") && lines.last().is_some_and(|last| is_item(last)) {
                lines.pop();
                lines.extend([String::new(), CONTENTS.to_string(), String::new()]);
            }
            continue;
        }
        let is_heading = trimmed.starts_with('#') && trimmed.ends_with('}');
        let line = if is_heading { cut_attributes(line) } else { line };
        lines.push(line.to_owned());
    }
    lines.push(String::new());
    lines.join("\n")
}

fn is_item(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("* ") || line.starts_with("- ") || line.starts_with("1. ")
}

/// Tells whether a line is a list of attributes alone, as kramdown, Python-Markdown and goldmark have them.
fn is_attributes(line: &str) -> bool {
    let inner = line.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    inner.is_some_and(|inner| {
        let is_one = !inner.contains(['{', '}', '<', '>', '%']);
        is_one && inner.starts_with([':', '#', '.'])
    })
}

/// Takes such a list off the end of a line.
fn cut_attributes(line: &str) -> &str {
    let end = line.trim_end();
    let Some(at) = end.rfind('{') else {
        return line;
    };
    if is_attributes(&end[at..]) {
        end[..at].trim_end()
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(source: &str, dialect: Dialect) -> Option<String> {
        html(source, dialect).unwrap()
    }

    #[test]
    fn raw_html_is_left_out_only_where_no_word_goes_with_it() {
        let dialect = Dialect {
            raw_html: false,
            ..Dialect::BASE
        };
        for source in [
            "a <span>b</span>",
            "<!-- more -->\n\na",
            "<div class=\"x\">\n\na\n\n</div>",
        ] {
            assert!(
                printed(source, dialect)
                    .is_some_and(|html| !html.contains("<span") && !html.contains("<div"))
            );
        }
        for source in [
            "10<sup>6</sup>",
            "is <del>not</del> so",
            "a<br>b",
            "<div>Never</div>",
            "<img alt=\"no\">",
        ] {
            assert_eq!(printed(source, dialect), None, "{source}");
            assert!(printed(source, Dialect::BASE).is_some(), "{source}");
        }
    }

    #[test]
    fn a_note_that_is_referred_to_nowhere_is_not_dropped() {
        assert!(printed("a[^1]\n\n[^1]: b\n", Dialect::BASE).is_some());
        assert_eq!(printed("a\n\n[^1]: b\n", Dialect::BASE), None);
        let as_words = Dialect {
            notes: false,
            ..Dialect::BASE
        };
        assert!(printed("a\n\n[^1]: b c\n", as_words).is_some_and(|html| html.contains("b c")));
    }

    #[test]
    fn attributes_are_taken_off_outside_of_code() {
        let printed = |source| printed(source, Dialect::BASE).unwrap();
        assert_eq!(printed("## a {#b}\n\nc\n{: .d}\n"), "<h2>a</h2>\n<p>c</p>\n");
        assert!(printed("* TOC\n{:toc}\n").contains(CONTENTS));
        assert!(printed("```\n{: .d}\n[TOC]\n```\n").contains("{: .d}\n[TOC]"));
        assert_eq!(printed("a {b}\n"), "<p>a {b}</p>\n");
    }
}
