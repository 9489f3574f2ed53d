//! A source as HTML, in the dialects of the programs that make pages of such. What these print of one source differs in
//! what they take for markup; the words are the same.

use comrak::nodes::NodeValue;
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
    /// Raw HTML gets onto the page.
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
    options.render.r#unsafe = true;
    let arena = Arena::new();
    let document = parse_document(&arena, &source, &options);
    let nodes: Vec<_> = document.descendants().collect();
    for node in nodes {
        let is_raw = {
            let mut data = node.data_mut();
            if matches!(data.value, NodeValue::SoftBreak) {
                data.value = NodeValue::Text(SOFT.to_string().into());
            }
            matches!(data.value, NodeValue::HtmlBlock(_) | NodeValue::HtmlInline(_))
        };
        if is_raw && !dialect.raw_html {
            node.detach();
        }
    }
    let mut html = String::with_capacity(source.len() * 2);
    // A reference may stand for one of the marks.
    let is_written = format_html(document, &options, &mut html).is_ok();
    let is_clean = !html.contains([CODE, CODE_END]);
    Ok(is_written.then_some(html).filter(|_| is_clean))
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
