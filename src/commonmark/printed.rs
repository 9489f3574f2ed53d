//! A source as HTML, in the dialects of the programs that make pages of such. What these print of one source differs in
//! what they take for markup; the words are the same.

use std::collections::HashSet;

use comrak::nodes::{AstNode, ListDelimType, ListType, NodeValue};
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
/// Stands before the number of a note that is referred to.
pub const NOTE: char = '\u{e104}';

/// Elements without which words stay what they are.
const PLAIN: &[&str] = &[
    "a", "abbr", "b", "center", "div", "em", "font", "i", "kbd", "mark", "p", "section", "small", "span",
    "strong", "u",
];

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
    /// A line that begins with a colon says what the term above it is.
    pub terms: bool,
    /// A list begins below a paragraph without an empty line between them, and a backslash ends a line.
    pub interrupting: bool,
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
        terms: true,
        interrupting: true,
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
        vary(has_interruption(source), |dialect| Self {
            interrupting: false,
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
        let is_term_said =
            |line: &str| line.trim_start().starts_with(": ") || line.trim_start().starts_with(":\t");
        vary(source.split('\n').any(is_term_said), |dialect| Self {
            terms: false,
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
    if source.contains([SOFT, CODE, CODE_END, CONTENTS, NOTE]) {
        return Ok(None);
    }
    check_bounds(source)?;
    let mut options = Options::default();
    options.extension.cjk_friendly_emphasis = dialect.cjk_emphasis;
    options.extension.footnotes = dialect.notes;
    options.extension.table = dialect.tables;
    options.extension.strikethrough = dialect.struck;
    options.extension.tasklist = dialect.struck;
    options.extension.description_lists = dialect.terms;
    options.render = Render {
        r#unsafe: true,
        ..Render::default()
    };
    let source = if dialect.attributes {
        without_attributes(source, &options)
    } else {
        format!("{source}\n")
    };
    let source = if dialect.interrupting {
        source
    } else {
        without_interruptions(&source, &options)
    };
    let arena = Arena::new();
    let document = parse_document(&arena, &source, &options);
    if dialect.notes && has_note_of_none(&source, document) {
        return Ok(None);
    }
    let nodes: Vec<_> = document.descendants().collect();
    for node in nodes {
        let raw = match &mut node.data_mut().value {
            soft @ NodeValue::SoftBreak => {
                *soft = NodeValue::Text(SOFT.to_string().into());
                None
            }
            NodeValue::HtmlBlock(html) => Some(has_words(&html.literal)),
            NodeValue::HtmlInline(html) => Some(has_words(html)),
            NodeValue::Text(text) if dialect.attributes && is_behind_markup(node) => {
                let end = text.find('}').map_or(0, |end| end + 1);
                if attributes(&text[..end]) == Some(Attributes::Set) {
                    *text = text[end..].to_owned().into();
                }
                None
            }
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
    let is_clean = !html.contains([CODE, CODE_END, NOTE]);
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
fn has_note_of_none<'a>(source: &str, document: &'a AstNode<'a>) -> bool {
    if !source.contains("[^") {
        return false;
    }
    let code = lines_as_they_are(document);
    let is_mark = |c: char| c.is_whitespace() || c.is_ascii_digit() || ">-*+.)".contains(c);
    let labels = source.split('\n').zip(1..).filter_map(|(line, number)| {
        let label = line.trim_start_matches(is_mark).strip_prefix("[^")?;
        let (label, _) = label.split_once("]:")?;
        let is_one = !label.contains(|c: char| c.is_whitespace() || c == ']') && !code.contains(&number);
        is_one.then(|| label.to_lowercase())
    });
    let labels: HashSet<String> = labels.collect();
    let is_printed = |node: &&AstNode<'_>| matches!(&node.data().value, NodeValue::FootnoteDefinition(note) if note.total_references > 0);
    labels.len() > document.descendants().filter(is_printed).count()
}

/// Returns the numbers of the lines of code and of raw HTML, the first of a source being 1.
fn lines_as_they_are<'a>(document: &'a AstNode<'a>) -> HashSet<usize> {
    let blocks = document.descendants().filter_map(|node| {
        let node = node.data();
        let is_one = matches!(node.value, NodeValue::CodeBlock(_) | NodeValue::HtmlBlock(_));
        is_one.then(|| node.sourcepos.start.line..=node.sourcepos.end.line)
    });
    blocks.flatten().collect()
}

/// Tells whether a node stands right behind one that has attributes where they follow it.
fn is_behind_markup<'a>(node: &'a AstNode<'a>) -> bool {
    let before = node.previous_sibling();
    before.is_some_and(|before| {
        matches!(
            before.data().value,
            NodeValue::Strong
                | NodeValue::Emph
                | NodeValue::Link(_)
                | NodeValue::Image(_)
                | NodeValue::Code(_)
        )
    })
}

/// Takes off a source what says how blocks are set, outside of code.
fn without_attributes(source: &str, options: &Options<'_>) -> String {
    let arena = Arena::new();
    let code = lines_as_they_are(parse_document(&arena, source, options));
    let mut lines: Vec<&str> = Vec::new();
    let mut source = source.split('\n').zip(1..).peekable();
    while let Some((line, number)) = source.next() {
        let trimmed = line.trim();
        if code.contains(&number) {
            lines.push(line);
            continue;
        }
        let is_contents = matches!(
            trimmed.to_ascii_lowercase().as_str(),
            "[toc]" | "[[toc]]" | "[[_toc_]]"
        );
        if is_contents {
            lines.push(STANDS_FOR_CONTENTS);
            continue;
        }
        match attributes(trimmed) {
            Some(Attributes::Set) => continue,
            Some(Attributes::Contents) if ends_in_list_of_one(&lines) => {
                lines.pop();
                lines.extend(["", STANDS_FOR_CONTENTS, ""]);
                continue;
            }
            _ => {}
        }
        let next = source.peek().map_or("", |(next, _)| next.trim());
        let is_underline = |c| !next.is_empty() && next.trim_start_matches(c).is_empty();
        let marks = trimmed.trim_start_matches('#');
        let is_heading = marks.len() < trimmed.len() && marks.starts_with([' ', '\t']);
        lines.push(if is_heading || is_underline('=') || is_underline('-') {
            cut_attributes(line)
        } else {
            line
        });
    }
    lines.push("");
    lines.join("\n")
}

/// Tells whether a source may have a list right below a paragraph, or a backslash that ends a line.
fn has_interruption(source: &str) -> bool {
    let lines = || source.split('\n').map(str::trim);
    let mut pairs = lines().zip(lines().skip(1));
    pairs.any(|(line, next)| !line.is_empty() && (line.ends_with('\\') || is_item(next) && !is_item(line)))
}

/// Writes a source so that lists right below paragraphs are text of these, and backslashes at the ends of lines are such, as
/// Python-Markdown has it.
fn without_interruptions(source: &str, options: &Options<'_>) -> String {
    let arena = Arena::new();
    let mut lines: Vec<String> = source.split('\n').map(ToOwned::to_owned).collect();
    // Where a backslash goes, by line and byte.
    let mut places: Vec<(usize, usize)> = Vec::new();
    // The line below such a list, on which another one may begin.
    let mut below = None;
    for node in parse_document(&arena, source, options).descendants() {
        let position = node.data().sourcepos;
        let line = position.start.line.saturating_sub(1);
        match node.data().value {
            NodeValue::LineBreak => {
                let text = lines.get(line).filter(|text| text.ends_with('\\'));
                places.extend(text.map(|text| (line, text.len())));
            }
            NodeValue::List(_) if is_right_below_paragraph(node) || below == Some(position.start.line) => {
                below = Some(position.end.line + 1);
                let end = lines[line..].iter().position(|line| line.trim().is_empty());
                let end = end.map_or(lines.len(), |count| line + count);
                let items = node.descendants().filter(|node| {
                    let value = &node.data().value;
                    matches!(value, NodeValue::Item(_) | NodeValue::TaskItem(_))
                });
                for item in items {
                    let start = item.data().sourcepos.start;
                    let (line, column) = (start.line.saturating_sub(1), start.column.saturating_sub(1));
                    let text = lines.get(line).and_then(|text| text.get(column..));
                    let Some(text) = text.filter(|_| line < end) else {
                        continue;
                    };
                    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
                    places.push((line, column + digits));
                }
            }
            _ => {}
        }
    }
    places.sort_unstable();
    places.dedup();
    for (line, at) in places.into_iter().rev() {
        lines[line].insert(at, '\\');
    }
    lines.join("\n")
}

/// Tells whether a list that is in no other stands right below a paragraph.
fn is_right_below_paragraph<'a>(list: &'a AstNode<'a>) -> bool {
    let is_item =
        |node: &AstNode<'_>| matches!(node.data().value, NodeValue::Item(_) | NodeValue::TaskItem(_));
    if list.parent().is_some_and(is_item) {
        return false;
    }
    let above = list.previous_sibling().map(|above| above.data());
    above.is_some_and(|above| {
        matches!(above.value, NodeValue::Paragraph)
            && above.sourcepos.end.line + 1 == list.data().sourcepos.start.line
    })
}

/// Returns the first line of a source of which some programs make something that is not known here: an abbreviation, a box
/// (`!!! note`), an extension of kramdown's, a list of attributes in a quotation or an item, a list that is not numbered from 1 on
/// or is so with brackets, a block right below another one, code that is said to be more than in a language, a formula, a sign that
/// has another form (`:smile:`, `(c)`, `==marked==`), notes that are not defined once each in the order in which they are referred to.
#[must_use]
pub fn beyond_dialects(source: &str) -> Option<&str> {
    check_bounds(source).ok()?;
    let mut options = Options::default();
    options.extension.table = true;
    options.render.escaped_char_spans = true;
    let arena = Arena::new();
    let document = parse_document(&arena, source, &options);
    let code = lines_as_they_are(document);
    let strange: HashSet<usize> = document
        .descendants()
        .filter(|node| is_beyond_dialects(node))
        .map(|node| node.data().sourcepos.start.line)
        .collect();
    let is_item = |node: &AstNode<'_>| matches!(node.data().value, NodeValue::Item(_));
    let items: HashSet<usize> = document
        .descendants()
        .filter(|node| is_item(node))
        .map(|node| node.data().sourcepos.start.line)
        .collect();
    let note = strange_note(source, &code);
    let mut is_below_text = false;
    let mut lines = source.split('\n').zip(1..);
    let mut is_one = |line: &str, number: usize| {
        let is_abbreviation = line.strip_prefix("*[").is_some_and(|rest| rest.contains("]:"));
        let is_box = ["!!! ", "??? ", "???+ ", ":::", "{::", "=== \"", "===! ", "===+ "]
            .iter()
            .any(|mark| line.starts_with(mark));
        let is_reference = line.starts_with("{:") && line.ends_with('}') && attributes(line).is_none();
        let inner = without_marks(line);
        let is_attributes = inner.len() < line.len() && inner.starts_with("{:") && inner.contains('}');
        let is_item = is_below_text && begins_with_number(line) && !items.contains(&number);
        let heading = inner.trim_start_matches('#');
        let is_heading = heading.len() < inner.len() && heading.starts_with(|c: char| !c.is_whitespace());
        is_below_text = !line.is_empty();
        let is_strange = is_abbreviation || is_box || is_reference || is_attributes || is_item || is_heading;
        strange.contains(&number)
            || note == Some(number)
            || (is_strange || has_formula(line)) && !code.contains(&number)
    };
    lines
        .find(|(line, number)| is_one(line.trim(), *number))
        .map(|(line, _)| line.trim())
}

/// Tells whether some programs make something that is not known here of what a node was read of.
fn is_beyond_dialects<'a>(node: &'a AstNode<'a>) -> bool {
    let own = node.data();
    let above = node.previous_sibling().map(|above| above.data());
    let is_right_below_text = above.as_ref().is_some_and(|above| {
        let is_text = matches!(above.value, NodeValue::Paragraph);
        is_text && above.sourcepos.end.line + 1 == own.sourcepos.start.line
    });
    match &own.value {
        NodeValue::List(list) => {
            let is_numbered = list.list_type == ListType::Ordered;
            let is_below_list = above.is_some_and(|above| matches!(above.value, NodeValue::List(_)));
            let above = node.parent().and_then(AstNode::parent).map(|above| above.data());
            let is_under_other = above.is_some_and(
                |above| matches!(above.value, NodeValue::List(other) if other.list_type != list.list_type),
            );
            // Python-Markdown wants four columns before an item that stands in another.
            let is_flat = is_under_other && own.sourcepos.start.column < 5;
            is_below_list
                || is_flat
                || is_numbered && (list.start != 1 || list.delimiter == ListDelimType::Paren)
        }
        NodeValue::Heading(_) | NodeValue::ThematicBreak | NodeValue::BlockQuote => is_right_below_text,
        NodeValue::CodeBlock(code) => {
            code.info.contains(char::is_whitespace) || code.info.starts_with('{') || code.fence_offset > 0
        }
        // Of the characters that CommonMark has behind a backslash, Markdown had these.
        NodeValue::Escaped => !node.first_child().is_some_and(|escaped| {
            let is_old = |text: &str| text.chars().all(|c| "\\`*_{}[]()>#+-.!".contains(c));
            matches!(&escaped.data().value, NodeValue::Text(text) if is_old(text))
        }),
        NodeValue::Text(text) => {
            let above = node.parent().map(|above| above.data());
            let is_escaped = above.is_some_and(|above| matches!(above.value, NodeValue::Escaped));
            !is_escaped && has_strange_sign(text)
        }
        _ => false,
    }
}

/// Tells whether a text has what some programs show in another form: a name between colons, a sign in letters or ASCII, dots that
/// are not three, marks around words, a link to an address with blanks, or a note where it is referred to.
fn has_strange_sign(text: &str) -> bool {
    let small = text.to_ascii_lowercase();
    let signs = [
        "(c)", "(r)", "(p)", "(tm)", "+-", "+/-", "](", "^[", "{++", "{--", "{~~", "{==", "{>>", "`",
    ];
    if signs.iter().any(|sign| small.contains(sign)) {
        return true;
    }
    let mut dots = text.split(|c| c != '.').map(str::len);
    if dots.any(|count| count == 2 || count > 3) || has_name_in_colons(text) {
        return true;
    }
    // Two of these strike out, of which dialects are known.
    let single = text.replace("~~", " ");
    ["==", "++", "~"]
        .iter()
        .any(|mark| is_around_words(mark, &single))
        || text.split_whitespace().any(|word| is_around_words("^", word))
}

/// Tells whether a text has a name between colons, such as those of emoji.
fn has_name_in_colons(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+');
    let is_letter = |c: char| c.is_ascii_alphabetic() || c == '+';
    let parts: Vec<&str> = text.split(':').collect();
    parts.windows(3).enumerate().any(|(at, parts)| {
        let begins =
            !parts[0].ends_with(|c: char| c.is_ascii_alphanumeric()) && (at == 0 || !parts[0].is_empty());
        begins && parts[1].chars().all(is_part) && parts[1].contains(is_letter)
    })
}

/// Tells whether a mark stands before and behind words, with no blank at its inner sides.
fn is_around_words(mark: &str, text: &str) -> bool {
    let mut places = text.match_indices(mark).map(|(at, _)| at);
    let opens = |at: usize| text[at + mark.len()..].starts_with(|c: char| !c.is_whitespace());
    let closes = |at: usize| text[..at].ends_with(|c: char| !c.is_whitespace());
    places.any(opens) && places.any(closes)
}

/// Takes the marks of quotations and items off the beginning of a line.
fn without_marks(line: &str) -> &str {
    let mut rest = line.trim_start();
    loop {
        let number = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let is_numbered = number.len() < rest.len() && number.starts_with(['.', ')']);
        let marked = if is_numbered { number } else { rest };
        let marks: &[char] = if is_numbered {
            &['.', ')']
        } else {
            &['-', '*', '+']
        };
        let item = marked
            .strip_prefix(marks)
            .filter(|item| item.starts_with([' ', '\t']));
        match rest.strip_prefix('>').or(item) {
            Some(inner) => rest = inner.trim_start(),
            None => return rest,
        }
    }
}

/// Tells whether a line begins as an item of a list in numbers.
fn begins_with_number(line: &str) -> bool {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < line.len() && (rest.starts_with(". ") || rest.starts_with(") "))
}

/// Tells whether a line has a formula in TeX: `$$`, `\\(`, `\\[`, or two dollar signs with no blank at their inner sides and no digit
/// behind the second, as Pandoc has it.
fn has_formula(line: &str) -> bool {
    if ["$$", "\\(", "\\["].iter().any(|mark| line.contains(mark)) {
        return true;
    }
    let is_begin = |at: usize| line[at + 1..].starts_with(|c: char| !c.is_whitespace());
    let is_end = |at: usize| {
        line[..at].ends_with(|c: char| !c.is_whitespace())
            && !line[at + 1..].starts_with(|c: char| c.is_ascii_digit())
    };
    let mut signs = line.match_indices('$').map(|(at, _)| at);
    signs.any(is_begin) && signs.any(is_end)
}

/// Returns the line, from 1, of the first note that is not referred to in its turn by its very label, or whose label is no word of
/// ASCII: of one that is referred to nowhere or is defined twice, and where the order is another, programs make different things.
fn strange_note(source: &str, code: &HashSet<usize>) -> Option<usize> {
    let mut notes: Vec<(&str, usize)> = Vec::new();
    let mut references: Vec<&str> = Vec::new();
    let mut known = HashSet::new();
    for (line, number) in source.split('\n').zip(1..) {
        if code.contains(&number) {
            continue;
        }
        let mut rest = without_marks(line);
        if let Some((label, text)) = rest.strip_prefix("[^").and_then(|rest| rest.split_once("]:")) {
            notes.push((label, number));
            rest = text;
        }
        while let Some((label, behind)) = rest.split_once("[^").and_then(|(_, rest)| rest.split_once(']')) {
            if known.insert(label) {
                references.push(label);
            }
            rest = behind;
        }
    }
    let labels: HashSet<&str> = notes.iter().map(|(label, _)| *label).collect();
    references.retain(|label| labels.contains(label));
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ':' | '.');
    let is_word = |label: &str| label.chars().all(is_part);
    let is_strange = |at: &usize| {
        let label = notes[*at].0;
        references.get(*at) != Some(&label) || !is_word(label)
    };
    let at = (0..notes.len()).find(is_strange)?;
    Some(notes[at].1)
}

/// [`CONTENTS`] as a line.
const STANDS_FOR_CONTENTS: &str = "\u{e103}";

/// Tells whether the last line is a list by itself.
fn ends_in_list_of_one(lines: &[&str]) -> bool {
    let Some((last, before)) = lines.split_last() else {
        return false;
    };
    let before = before.iter().rev().find(|line| !line.trim().is_empty());
    is_item(last) && !before.is_some_and(|line| is_item(line) || line.starts_with([' ', '\t']))
}

fn is_item(line: &str) -> bool {
    let line = line.trim_start();
    ["* ", "- ", "+ ", "1. "]
        .iter()
        .any(|mark| line.starts_with(mark))
}

/// What a list of attributes says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attributes {
    /// How something is set.
    Set,
    /// That a table of contents stands in the place of a list.
    Contents,
}

/// Reads a list of attributes, as kramdown, Python-Markdown and goldmark have them: `#id`, `.class` and `key=value` in braces, the
/// first behind a colon or one of the first two kinds; `None` of any other text.
fn attributes(text: &str) -> Option<Attributes> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?.trim();
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':');
    let mut rest = match inner.strip_prefix(':') {
        Some(rest) => rest.trim_start(),
        None => Some(inner).filter(|inner| inner.starts_with(['#', '.']))?,
    };
    if rest == "toc" {
        return Some(Attributes::Contents);
    }
    let mut found = None;
    while !rest.is_empty() {
        let behind = if let Some(name) = rest.strip_prefix(['#', '.']) {
            name.trim_start_matches(is_name)
        } else {
            let (key, value) = rest.split_once('=')?;
            if key.is_empty() || !key.chars().all(is_name) {
                return None;
            }
            match value.chars().next().filter(|mark| matches!(mark, '"' | '\'')) {
                Some(mark) => value[1..].split_once(mark)?.1,
                None => value.trim_start_matches(|c: char| is_name(c) || matches!(c, '.' | '/' | '%' | '#')),
            }
        };
        let is_apart =
            behind.is_empty() || behind.starts_with(['#', '.']) || behind.starts_with(char::is_whitespace);
        if behind.len() + 1 >= rest.len() || !is_apart {
            return None;
        }
        found = Some(Attributes::Set);
        rest = behind.trim_start();
    }
    found
}

/// Takes such a list off the end of a line, where it stands apart.
fn cut_attributes(line: &str) -> &str {
    let end = line.trim_end();
    let Some((before, _)) = end.rsplit_once('{') else {
        return line;
    };
    if before.ends_with([' ', '\t']) && attributes(&end[before.len()..]) == Some(Attributes::Set) {
        before.trim_end()
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
    fn a_note_that_nothing_shown_refers_to_is_found_wherever_it_stands() {
        for source in [
            "a\n\n> [^1]: b\n",
            "a\n\n- [^1]: b\n",
            "a `[^1]`\n\n[^1]: b\n",
            "a <b title=\"[^1]\">c</b>\n\n[^1]: b\n",
        ] {
            assert_eq!(printed(source, Dialect::BASE), None, "{source}");
        }
        let code = "a[^1]\n\n    [^2]: c\n\n```\n[^3]: d\n```\n\n[^1]: b\n";
        assert!(printed(code, Dialect::BASE).is_some());
        // Labels are the same in capitals.
        let html = printed("a[^Note]\n\n[^note]: b\n", Dialect::BASE).unwrap();
        assert!(html.contains(">1</a>") && html.contains("<p>b "), "{html}");
    }

    #[test]
    fn attributes_are_taken_off_outside_of_code() {
        let printed = |source: &str| printed(source, Dialect::BASE).unwrap();
        assert_eq!(printed("## a {#b}\n\nc\n{: .d}\n"), "<h2>a</h2>\n<p>c</p>\n");
        assert!(printed("* TOC\n{:toc}\n").contains(CONTENTS));
        assert_eq!(printed("a {b}\n"), "<p>a {b}</p>\n");
        for (source, html) in [
            ("## a {: #b .c }\n", "<h2>a</h2>\n"),
            ("# a { #b }\n", "<h1>a</h1>\n"),
            ("a {#b}\n===\n", "<h1>a</h1>\n"),
            ("**a**{: .b } c\n", "<p><strong>a</strong> c</p>\n"),
            ("[a](b){: target=_blank } c\n", "<p><a href=\"b\">a</a> c</p>\n"),
            ("`a`{:.b}\n", "<p><code>a</code></p>\n"),
            ("a\n{:.b.c d=\"e f\" g='h'}\n", "<p>a</p>\n"),
        ] {
            assert_eq!(printed(source), html, "{source}");
        }
        // A class that has the letters is no table of contents.
        for attributes in ["{: .stocks}", "{#protocol}", "{:.no_toc}"] {
            let source = format!("- a\n- b\n{attributes}\n");
            let html = printed(&source);
            assert_eq!(html, "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n", "{attributes}");
        }
    }

    #[test]
    fn a_list_right_below_a_paragraph_is_its_text_where_nothing_interrupts_that() {
        let source = "a\n* b\n    * c\n1. d\n\n* e\n\nf\\\ng  \nh\n";
        assert!(Dialect::of(source).iter().any(|dialect| !dialect.interrupting));
        assert!(
            Dialect::of("- a\n- b\n\nc\n")
                .iter()
                .all(|dialect| dialect.interrupting)
        );
        let apart = Dialect {
            interrupting: false,
            ..Dialect::BASE
        };
        let nested = "- a\n    - b\n";
        assert_eq!(printed(nested, apart), printed(nested, Dialect::BASE));
        let html = printed(source, apart).unwrap().replace(SOFT, " ");
        let expected = "<p>a * b * c 1. d</p>\n<ul>\n<li>e</li>\n</ul>\n<p>f\\ g<br />\nh</p>\n";
        assert_eq!(html, expected);
    }

    #[test]
    fn what_no_dialect_prints_is_found_outside_of_code() {
        for line in [
            "*[HTML]: Text",
            "!!! note \"a\"",
            "::: warning",
            "{::comment}",
            "{:not}",
        ] {
            assert_eq!(beyond_dialects(&format!("a\n\n{line}\nb\n")), Some(line));
            assert_eq!(beyond_dialects(&format!("a\n\n```\n{line}\n```\n")), None);
        }
        assert_eq!(beyond_dialects("* a\n\n3. b\n"), Some("3. b"));
        for (source, line) in [
            ("a\n\n[^z]: b\n", "[^z]: b"),
            ("a[^B]\n\n[^b]: c\n", "[^b]: c"),
            ("a[^b]\n\n[^b]: c\n\n[^b]: d\n", "[^b]: d"),
            ("a[^b] c[^d]\n\n[^d]: e\n\n[^b]: f\n", "[^d]: e"),
            ("> a\n> {: .b}\n", "> {: .b}"),
            ("- {: .b } a\n", "- {: .b } a"),
            ("a\n7. b\n", "7. b"),
            ("a $x^2$ b\n", "a $x^2$ b"),
            ("a \\(x\\) b\n", "a \\(x\\) b"),
            ("a\n\n7. b\n8. c\n", "7. b"),
            ("a\n\n1) b\n2) c\n", "1) b"),
            ("1. a\n\n    ```\n    b\n    ```\n", "```"),
            ("a[^一]\n\n[^一]: b\n", "[^一]: b"),
            ("a\n\nb 5\\% c\n", "b 5\\% c"),
            ("a\n\n- 一 \\$5\n", "- 一 \\$5"),
            ("a\n\n#b\n", "#b"),
            ("a\n**b** :+1: c\n", "**b** :+1: c"),
            ("a (C) b\n", "a (C) b"),
            ("a..b\n", "a..b"),
            ("a....\n", "a...."),
            ("``` b c=\"d\"\ne\n```\n", "``` b c=\"d\""),
            ("H~2~O\n", "H~2~O"),
            ("a^[b]\n", "a^[b]"),
            ("=== \"a\"\n", "=== \"a\""),
            ("a ==b== c\n", "a ==b== c"),
            ("a ++b++ c\n", "a ++b++ c"),
            ("a {--b--} c\n", "a {--b--} c"),
            ("a [b](c d) e\n", "a [b](c d) e"),
            ("| a | b |\n| - | - |\n| c | `d|e` |\n", "| c | `d|e` |"),
            ("1. a\n   - b\n", "- b"),
            ("a\n## b\n", "## b"),
            ("a\n***\nb\n", "***"),
            ("a\n> b\n", "> b"),
        ] {
            assert_eq!(beyond_dialects(source), Some(line), "{source}");
        }
        for source in [
            "a[^b] c[^d] e[^b]\n\n[^b]: f\n\n[^d]: g\n",
            "a $5 and $6\n",
            "a $5-$6\n",
            "a\n\n1. b\n1. c\n",
            "- a\n{: .b}\n",
            "a 10:30:15, b: c: d::e\n",
            "C++ and C++ == d ... e^2 ~5\n",
            "`:smile:` `(c)` `\\$` \\* \\# \\_ a^2 + b^2 std::fmt::Write\n",
            "```rust\n:smile: (c) ==a== ....\n#b\n```\n",
            "## a\n\nb\n\n> c\n",
            "- a\n  - b\n",
            "~~a~~ \\`b c d\n",
            "1. a\n    - b\n",
        ] {
            assert_eq!(beyond_dialects(source), None, "{source}");
        }
        assert_eq!(beyond_dialects("* a\n\nb *[c] d]:\n{: .e}\n"), None);
    }

    #[test]
    fn no_line_of_code_and_no_words_are_taken_for_attributes() {
        for source in [
            "```\n{: .d}\n[TOC]\n```\n",
            "````\n```\n{: .d}\n[TOC]\n````\n",
            "~~~\n```\n{: .d}\n[TOC]\n~~~\n",
            "a\n\n    {: .d}\n    [TOC]\n",
            "- a\n\n      {: .d}\n      [TOC]\n",
            "<pre>\n{: .d}\n[TOC]\n</pre>\n",
        ] {
            let html = printed(source, Dialect::BASE).unwrap();
            assert!(html.contains("{: .d}\n[TOC]"), "{source}: {html}");
        }
        for line in [
            "{.The mayor was acquitted.}",
            "{:guilty false}",
            "{#if user.isAdmin}",
            "{: not guilty}",
            "{:not}",
            "{: .a not}",
            "{: a= not}",
            "{:}",
            "{.}",
            "{.a!}",
            "{a=b}",
        ] {
            for source in [
                format!("a\n{line}\n"),
                format!("## a {line}\n"),
                format!("**a**{line}\n"),
            ] {
                let html = printed(&source, Dialect::BASE).unwrap();
                assert!(html.contains(line), "{source}: {html}");
            }
        }
        // Two items are no place for a table of contents.
        assert!(printed("- a\n\n- b\n{:toc}\n", Dialect::BASE).is_some_and(|html| html.contains("{:toc}")));
    }
}
