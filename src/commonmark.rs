//! The plain text of a CommonMark source: what a reader sees of it, and what `page.txt` is derived from.
//!
//! The dialect is CommonMark 0.31 with one addition, emphasis that works beside Han characters (comrak's
//! `cjk_friendly_emphasis`): `**中文。**后` is strong as it would be beside a blank. The rules of the plain text:
//!
//! * blocks follow one another with an empty line between;
//! * a paragraph or a heading is the text of its inlines: emphasis, strong emphasis and links give their text,
//!   an image its alternative text, a code span its content; soft and hard breaks give a line feed;
//! * a code block gives its content and an empty line;
//! * each item of a list begins with `- `, or with its number and `. `; the item's further lines are indented
//!   by two blanks, or by as many as the number takes; items follow one another without an empty line, and so
//!   does a list within an item the block before it, but after a code block, however deep that lies;
//! * each line of a quotation that is not empty begins with `> `;
//! * a thematic break is `* * *`; an empty heading gives an empty line;
//! * comments, link reference definitions and empty quotations give nothing; any other raw HTML is an error;
//! * the whole is brought into NFC and canonical form.

use comrak::nodes::{AstNode, ListType, NodeValue};
use comrak::{Arena, Options, parse_document};

use crate::canonical::{self, Invisible, TextError};

mod definitions;
pub mod html;
pub mod printed;
mod references;

/// How deep blocks and inlines may lie in one another.
pub const DEEPEST: usize = 64;

/// The most lines and characters of markup together: each becomes up to 1,100 bytes while a source is parsed, and a text of
/// 16 MiB has far fewer.
pub const MOST_MARKS: usize = 400_000;

/// The characters that count.
const MARKS: &[u8] = b"\n*_`[]!<>&\\~+-";

/// Why a source has no plain text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommonMarkError {
    /// Raw HTML other than a comment.
    #[error("raw HTML, which no article may hold; write it as text or in backticks")]
    RawHtml {
        /// Line of the source, from 1.
        line: usize,
    },
    /// Quotations, lists or emphasis lie in one another more than [`DEEPEST`] times.
    #[error("nested more than {DEEPEST} times")]
    Depth {
        /// Line of the source, from 1.
        line: usize,
    },
    /// More than [`MOST_MARKS`] lines and characters of markup.
    #[error("has more than {MOST_MARKS} lines and characters of markup")]
    Marks,
    /// A character reference stands for a control character.
    #[error("a character reference stands for what no article may hold: {0}")]
    Character(#[from] TextError),
}

impl CommonMarkError {
    /// Returns the line of the source, from 1, where it is known.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        match self {
            Self::RawHtml { line } | Self::Depth { line } => Some(*line),
            Self::Marks | Self::Character(_) => None,
        }
    }
}

/// One top-level block of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its plain text, without a line feed at the end.
    pub plain: String,
    /// Its CommonMark source.
    pub source: String,
    /// Its first line in the source, from 1.
    pub line: usize,
    /// Whether it had markup that its source cannot have.
    pub loses_markup: bool,
}

/// What parts a list from what it would take in as its own.
pub(crate) const PARTING: &str = "<!-- -->\n\n";

impl Block {
    /// Tells whether its source says no more than its words.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.source == escape(&self.plain)
    }

    /// Gives it a source with which it stays a block of its own below another one.
    pub fn put_below(&mut self, above: &Self) {
        let stays = |source: &String| {
            let together = plain_text(&format!("{}\n\n{source}", above.source));
            together.is_ok_and(|together| {
                together.trim_end_matches('\n') == format!("{}\n\n{}", above.plain, self.plain)
            })
        };
        let parted = format!("{PARTING}{}", self.source);
        let source = [self.source.clone(), parted].into_iter().find(stays);
        self.loses_markup |= source.is_none();
        self.source = source.unwrap_or_else(|| escape(&self.plain));
    }
}

/// Derives the plain text of a source, in canonical form.
///
/// # Errors
/// [`CommonMarkError`] where the source holds what no page may.
pub fn plain_text(source: &str) -> Result<String, CommonMarkError> {
    if is_its_own_plain_text(source) {
        return Ok(source.to_owned());
    }
    parsed_plain_text(source)
}

/// Tells at a glance that a source is canonical, and prose without markup. `false` says nothing.
#[must_use]
pub fn is_its_own_plain_text(source: &str) -> bool {
    is_plainly_prose(source) && canonical::is_plainly_canonical(source)
}

fn parsed_plain_text(source: &str) -> Result<String, CommonMarkError> {
    check_bounds(source)?;
    let arena = Arena::new();
    let document = parsed(&arena, source);
    finish(&lines_of_children(document, 0)?)
}

/// Splits a source into its top-level blocks, so that any run of the blocks' sources, joined by empty lines,
/// has the plain text of the run.
///
/// # Errors
/// [`CommonMarkError`] as for [`plain_text`].
pub fn blocks(source: &str) -> Result<Vec<Block>, CommonMarkError> {
    if is_its_own_plain_text(source) {
        return Ok(blocks_of_prose(source));
    }
    parsed_blocks(source)
}

/// Splits a source as [`blocks`] does, of a page that somebody wrote: what looks like a link reference definition and defines no link
/// is words.
///
/// # Errors
/// [`CommonMarkError`] as for [`plain_text`].
pub fn blocks_as_written(source: &str) -> Result<Vec<Block>, CommonMarkError> {
    check_bounds(source)?;
    let Some(written) = definitions::written_out(source) else {
        return blocks(source);
    };
    let line_of = |line: usize| written.lines.get(line - 1).copied().unwrap_or(line);
    let mut blocks = blocks(&written.source).map_err(|error| match error {
        CommonMarkError::RawHtml { line } => CommonMarkError::RawHtml { line: line_of(line) },
        CommonMarkError::Depth { line } => CommonMarkError::Depth { line: line_of(line) },
        other => other,
    })?;
    for block in &mut blocks {
        block.line = line_of(block.line);
    }
    Ok(blocks)
}

/// Images and links of a line that give no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wordless {
    /// The line, from 1.
    pub line: usize,
    /// How many images without alternative text begin in it.
    pub images: usize,
    /// How many links without words and without images.
    pub links: usize,
}

/// Lists the images and links of a source that give no text; none of a source that has no text.
#[must_use]
pub fn wordless(source: &str) -> Vec<Wordless> {
    let may_have = source.contains("![") || source.contains("[]");
    if !may_have || check_bounds(source).is_err() {
        return Vec::new();
    }
    let arena = Arena::new();
    let document = parsed(&arena, source);
    let mut found: Vec<Wordless> = Vec::new();
    for node in document.descendants() {
        let is_image = match &node.data().value {
            NodeValue::Image(_) => true,
            NodeValue::Link(_) => false,
            _ => continue,
        };
        let has_image = node
            .descendants()
            .skip(1)
            .any(|inner| matches!(inner.data().value, NodeValue::Image(_)));
        let mut text = String::new();
        let is_read = push_inlines(node, &mut text, 0).is_ok();
        if !is_read || !text.trim().is_empty() || !is_image && has_image {
            continue;
        }
        let line = line_of(node);
        if found.last().is_none_or(|last| last.line != line) {
            found.push(Wordless {
                line,
                images: 0,
                links: 0,
            });
        }
        if let Some(last) = found.last_mut() {
            last.images += usize::from(is_image);
            last.links += usize::from(!is_image);
        }
    }
    found
}

/// Splits canonical prose into its paragraphs.
fn blocks_of_prose(source: &str) -> Vec<Block> {
    let mut line = 1;
    let block = |paragraph: &str| {
        let plain = paragraph.trim_end_matches('\n').to_owned();
        let first = line;
        line += paragraph.split('\n').count() + 1;
        Block {
            source: plain.clone(),
            plain,
            line: first,
            loses_markup: false,
        }
    };
    let paragraphs = source.split("\n\n").filter(|paragraph| !paragraph.is_empty());
    paragraphs.map(block).collect()
}

fn parsed_blocks(source: &str) -> Result<Vec<Block>, CommonMarkError> {
    check_bounds(source)?;
    let arena = Arena::new();
    let document = parsed(&arena, source);
    let source_lines: Vec<&str> = source.split('\n').collect();
    let mut blocks: Vec<Block> = Vec::new();
    let mut after_list = false;
    let defines = source.contains("]:");
    for node in document.children() {
        let position = node.data().sourcepos;
        let plain = finish(&lines_of(node, 0)?)?;
        let plain = plain.trim_end_matches('\n').to_owned();
        if plain.is_empty() {
            continue;
        }
        let first = position.start.line.max(1);
        let last = position.end.line.clamp(first, source_lines.len());
        let slice = source_lines.get(first - 1..last).unwrap_or_default().join("\n");
        let slice = slice.trim_end().to_owned();
        // On its own, a block may have lost a definition that it refers to, or a list before it may take it in.
        let simple = matches!(
            node.data().value,
            NodeValue::Paragraph | NodeValue::Heading(_) | NodeValue::ThematicBreak
        );
        let is_alone = |source: &String| {
            simple && !defines || plain_text(source).is_ok_and(|alone| alone.trim_end_matches('\n') == plain)
        };
        let alone = if is_alone(&slice) {
            Some(slice)
        } else {
            references::written_in(node, &slice, first).filter(is_alone)
        };
        let mut block = Block {
            loses_markup: alone.is_none(),
            source: alone.unwrap_or_else(|| escape(&plain)),
            plain,
            line: first,
        };
        if let Some(above) = blocks.last().filter(|_| after_list) {
            block.put_below(above);
        }
        after_list = !block.loses_markup && matches!(node.data().value, NodeValue::List(_));
        blocks.push(block);
    }
    Ok(blocks)
}

/// Writes a plain text as CommonMark whose plain text it is. Prose comes out as it is; where characters would
/// be taken for markup, as few as possible are escaped.
#[must_use]
pub fn escape(plain: &str) -> String {
    let escaped: Vec<String> = canonical::paragraphs(plain)
        .map(|paragraph| escape_paragraph(&paragraph))
        .collect();
    escaped.join("\n\n")
}

/// Writes a plain text as [`escape`] does, for a place beside a definition that would make a link of what it has in brackets.
#[must_use]
pub fn escape_beside_definitions(plain: &str) -> String {
    let escaped: Vec<String> = canonical::paragraphs(plain)
        .map(|paragraph| escape_by(&paragraph, &[&|c, _| matches!(c, '[' | ']'), &MAY_BE_MARKUP]))
        .collect();
    escaped.join("\n\n")
}

/// Tells of a character, and whether it is the first of its line, whether it is to be escaped.
type Escapes<'a> = &'a dyn Fn(char, bool) -> bool;

const MAY_BE_MARKUP: fn(char, bool) -> bool = |c, begins_line| {
    matches!(
        c,
        '\\' | '*' | '_' | '`' | '[' | ']' | '<' | '&' | '#' | '>' | '!' | '~'
    ) || begins_line && c.is_ascii_punctuation()
};

fn escape_paragraph(paragraph: &str) -> String {
    if is_plainly_prose(paragraph) {
        return paragraph.to_owned();
    }
    parsed_escape_paragraph(paragraph)
}

fn parsed_escape_paragraph(paragraph: &str) -> String {
    escape_by(paragraph, &[&|_, _| false, &MAY_BE_MARKUP])
}

/// Escapes in the first way that makes prose of a paragraph, else every character that can be escaped.
fn escape_by(paragraph: &str, attempts: &[Escapes<'_>]) -> String {
    for escapes in attempts {
        let source = escape_with(paragraph, escapes);
        if check_bounds(&source).is_ok() && is_prose(&source, paragraph) {
            return source;
        }
    }
    escape_with(paragraph, &|c, _| c.is_ascii_punctuation())
}

fn escape_with(paragraph: &str, escapes: Escapes<'_>) -> String {
    let mut source = String::with_capacity(paragraph.len() + 8);
    let mut before = '\n';
    // A number at a line's beginning may become the number of a list's item.
    let mut begins_line = true;
    for c in paragraph.chars() {
        if before == '\n' && matches!(c, ' ' | '\t') {
            source.push_str(if c == ' ' { "&#32;" } else { "&#9;" });
        } else {
            if c != '\n' && escapes(c, begins_line) {
                source.push('\\');
            }
            source.push(c);
        }
        begins_line = c == '\n' || begins_line && c.is_ascii_digit();
        before = c;
    }
    source
}

/// Tells in one pass that a source is paragraphs without a trace of markup, so that its plain text is itself.
/// `false` says nothing.
fn is_plainly_prose(source: &str) -> bool {
    const IS_MARKUP: [bool; 256] = {
        let mut is_markup = [false; 256];
        let mut control = 0;
        while control < 0x20 {
            is_markup[control] = control != b'\n' as usize;
            control += 1;
        }
        let markup = b"\\`*_[]<>&~|\x7f";
        let mut at = 0;
        while at < markup.len() {
            is_markup[markup[at] as usize] = true;
            at += 1;
        }
        is_markup
    };
    let is_prose = |line: &str| {
        let begins_block = line.starts_with([' ', '#', '-', '+', '=', ':']);
        let after_digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
        let numbered = after_digits.len() < line.len() && after_digits.starts_with(['.', ')']);
        !begins_block && !numbered && !line.ends_with(' ')
    };
    !source.bytes().any(|byte| IS_MARKUP[usize::from(byte)])
        && !source.starts_with('\u{feff}')
        && source.split('\n').all(is_prose)
}

/// Tells whether a source is one paragraph of text and line ends alone, and that text is the given one.
fn is_prose(source: &str, plain: &str) -> bool {
    let arena = Arena::new();
    let document = parsed(&arena, source);
    let mut blocks = document.children();
    let (Some(block), None) = (blocks.next(), blocks.next()) else {
        return false;
    };
    if !matches!(block.data().value, NodeValue::Paragraph) {
        return false;
    }
    let mut text = String::new();
    for inline in block.children() {
        match &inline.data().value {
            NodeValue::Text(part) => text.push_str(part),
            NodeValue::SoftBreak => text.push('\n'),
            _ => return false,
        }
    }
    text == plain
}

/// Parses a source. A mark of a list that ends it without a line feed would be taken for text by comrak, and is none in front
/// of other blocks.
fn parsed<'a>(arena: &'a Arena<'a>, source: &str) -> &'a AstNode<'a> {
    if source.ends_with('\n') {
        parse_document(arena, source, &options())
    } else {
        parse_document(arena, &format!("{source}\n"), &options())
    }
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.cjk_friendly_emphasis = true;
    options
}

/// Refuses before the parser sees it what would take it too long or too much memory: quotations that lie in one another too
/// often, as its time grows with the square of the depth, and more marks than any text has.
fn check_bounds(source: &str) -> Result<(), CommonMarkError> {
    if source.len() > MOST_MARKS && marks(source) > MOST_MARKS {
        return Err(CommonMarkError::Marks);
    }
    for (number, line) in source.split('\n').enumerate() {
        let markers = line
            .chars()
            .take_while(|c| matches!(c, '>' | ' ' | '\t' | '-' | '*' | '+'));
        if markers.filter(|c| *c == '>').count() > DEEPEST {
            return Err(CommonMarkError::Depth { line: number + 1 });
        }
    }
    Ok(())
}

/// Counts lines and characters of markup; one behind a backslash counts once with it.
fn marks(source: &str) -> usize {
    let mut bytes = source.bytes();
    let mut marks = 0;
    while let Some(byte) = bytes.next() {
        marks += usize::from(MARKS.contains(&byte));
        if byte == b'\\' {
            bytes.next();
        }
    }
    marks
}

fn finish(lines: &[String]) -> Result<String, CommonMarkError> {
    let text = canonical::nfc(lines.join("\n"));
    canonical::check_characters(&text, Invisible::Allow)?;
    Ok(canonical::canonical(&text))
}

fn line_of<'a>(node: &'a AstNode<'a>) -> usize {
    node.data().sourcepos.start.line
}

/// Returns the lines of a block's children, an empty line between.
fn lines_of_children<'a>(node: &'a AstNode<'a>, depth: usize) -> Result<Vec<String>, CommonMarkError> {
    let mut lines = Vec::new();
    for child in node.children() {
        let of_child = lines_of(child, depth)?;
        if !lines.is_empty() && !of_child.is_empty() {
            lines.push(String::new());
        }
        lines.extend(of_child);
    }
    Ok(lines)
}

fn lines_of<'a>(node: &'a AstNode<'a>, depth: usize) -> Result<Vec<String>, CommonMarkError> {
    if depth > DEEPEST {
        return Err(CommonMarkError::Depth { line: line_of(node) });
    }
    let data = node.data();
    match &data.value {
        NodeValue::BlockQuote => Ok(lines_of_children(node, depth + 1)?
            .into_iter()
            .map(|line| {
                if line.trim().is_empty() {
                    String::new()
                } else {
                    format!("> {line}")
                }
            })
            .collect()),
        NodeValue::List(list) => {
            let mut lines = Vec::new();
            for (position, item) in node.children().enumerate() {
                let marker = match list.list_type {
                    ListType::Bullet => "- ".to_owned(),
                    ListType::Ordered => format!("{}. ", list.start.saturating_add(position)),
                };
                lines.extend(lines_of_item(item, &marker, depth + 1)?);
            }
            Ok(lines)
        }
        NodeValue::CodeBlock(code) => Ok(code.literal.split('\n').map(str::to_owned).collect()),
        NodeValue::ThematicBreak => Ok(vec!["* * *".to_owned()]),
        NodeValue::HtmlBlock(html) if is_comment(&html.literal) => Ok(Vec::new()),
        NodeValue::HtmlBlock(_) => Err(CommonMarkError::RawHtml { line: line_of(node) }),
        _ => {
            let mut text = String::new();
            push_inlines(node, &mut text, depth + 1)?;
            Ok(text.split('\n').map(str::to_owned).collect())
        }
    }
}

fn lines_of_item<'a>(
    item: &'a AstNode<'a>,
    marker: &str,
    depth: usize,
) -> Result<Vec<String>, CommonMarkError> {
    let mut inner: Vec<String> = Vec::new();
    for child in item.children() {
        let is_list = matches!(child.data().value, NodeValue::List(_));
        let of_child = lines_of(child, depth)?;
        if !inner.is_empty() && !of_child.is_empty() && !is_list {
            inner.push(String::new());
        }
        inner.extend(of_child);
    }
    if inner.is_empty() {
        inner.push(String::new());
    }
    let indent = " ".repeat(marker.len());
    let lines = inner
        .into_iter()
        .enumerate()
        .map(|(number, line)| match (number, line.is_empty()) {
            (0, _) => format!("{marker}{line}"),
            (_, true) => line,
            (_, false) => format!("{indent}{line}"),
        });
    Ok(lines.collect())
}

fn push_inlines<'a>(node: &'a AstNode<'a>, text: &mut String, depth: usize) -> Result<(), CommonMarkError> {
    if depth > DEEPEST {
        return Err(CommonMarkError::Depth { line: line_of(node) });
    }
    for inline in node.children() {
        match &inline.data().value {
            NodeValue::Text(part) => text.push_str(part),
            NodeValue::SoftBreak | NodeValue::LineBreak => text.push('\n'),
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::HtmlInline(html) if is_comment(html) => {}
            NodeValue::HtmlInline(_) => return Err(CommonMarkError::RawHtml { line: line_of(node) }),
            _ => push_inlines(inline, text, depth + 1)?,
        }
    }
    Ok(())
}

fn is_comment(html: &str) -> bool {
    let mut rest = html.trim();
    while let Some(inner) = rest.strip_prefix("<!--") {
        // `<!-->` and `<!--->` are whole comments.
        let short = || inner.strip_prefix('>').or_else(|| inner.strip_prefix("->"));
        let Some(after) = inner.split_once("-->").map(|(_, after)| after).or_else(short) else {
            return false;
        };
        rest = after.trim_start();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::canonical::{canonical, decode};

    fn plain(source: &str) -> String {
        plain_text(source).unwrap()
    }

    #[test]
    fn more_marks_than_a_text_has_are_refused_before_they_are_parsed() {
        let most = MOST_MARKS / 2;
        for marked in ["*a*\n\n", "- a\n+ b\n", "[a][b]", "\\*\\*\\*\\*"] {
            let source = marked.repeat(most);
            assert_eq!(plain_text(&source), Err(CommonMarkError::Marks), "{marked}");
            assert_eq!(blocks(&source), Err(CommonMarkError::Marks), "{marked}");
            assert_eq!(
                html::blocks(&source).err(),
                Some(CommonMarkError::Marks),
                "{marked}"
            );
        }
        let prose = "Long prose, line by line, has few marks for its length.\n".repeat(100_000);
        assert!(plain_text(&format!("*{prose}*")).is_ok());
    }

    #[test]
    fn each_construct_has_its_plain_text() {
        assert_eq!(
            plain("# 标题\n\nA *b* **c** `d` [e](http://x) ![f](g)\nnext  \nhard\n"),
            "标题\n\nA b c d e f\nnext\nhard\n"
        );
        assert_eq!(
            plain("- a\n- b\n  - c\n\n7. x\n8. y\n\n   z\n"),
            "- a\n- b\n  - c\n\n7. x\n8. y\n\n   z\n"
        );
        assert_eq!(
            plain("> a\n> b\n>\n> c\n\n***\n\n    code\n\n    more\n"),
            "> a\n> b\n\n> c\n\n* * *\n\ncode\n\nmore\n"
        );
        assert_eq!(
            plain("<!-- hidden -->\n\na <!-- b --> c\n\n[x]: http://y\n"),
            "a  c\n"
        );
        assert_eq!(
            plain("a <!--> b <!---> c <!-- d --> e\n\n<!-->\n\n<!--->\n"),
            "a  b  c  e\n"
        );
        assert_eq!(plain("**中文。**后"), "中文。后\n");
        assert_eq!(plain("e&#x301;"), "é\n");
    }

    #[test]
    fn what_stands_in_lists_and_quotations_is_parted_or_not() {
        for (source, text) in [
            // Items and lists follow without an empty line, but after a code block, however deep.
            ("- a\n\n      code\n- b", "- a\n\n  code\n\n- b"),
            ("- a\n  - ```\n    code\n    ```\n- b", "- a\n  - code\n\n- b"),
            ("- a\n\n  > ```\n  > code\n  > ```\n- b", "- a\n\n  > code\n\n- b"),
            ("- ```\n  code\n  ```\n  - b", "- code\n\n  - b"),
            ("- a\n\n- b", "- a\n- b"),
            ("- a\n\n  b\n- c", "- a\n\n  b\n- c"),
            ("- # h\n  - b", "- h\n  - b"),
            ("- > q\n\n  - b", "- > q\n  - b"),
            ("- a\n\n  ***\n\n  - b", "- a\n\n  * * *\n  - b"),
            ("- - a\n\n  1. b", "- - a\n  1. b"),
            ("- a\n  - b\n\n  c", "- a\n  - b\n\n  c"),
            // What gives nothing.
            ("- >\n  - b", "- - b"),
            ("- #\n  - b", "-\n  - b"),
            ("-\n- b", "-\n- b"),
            ("1.\n2. b", "1.\n2. b"),
            ("- <!-- a -->\n- b", "-\n- b"),
            ("a\n\n>\n\nb", "a\n\nb"),
            ("a\n\n#\n\nb", "a\n\nb"),
            ("> a\n>\n> > b\n>\n>     c", "> a\n\n> > b\n\n> c"),
        ] {
            assert_eq!(plain(source), format!("{text}\n"), "{source}");
        }
    }

    #[test]
    fn the_mark_of_an_empty_item_is_one_at_the_end_of_a_source_as_well() {
        for mark in ["1)", "1.", "-", "+", "*", "23)"] {
            assert_eq!(plain(mark), plain(&format!("{mark}\n")), "{mark}");
            assert_eq!(
                plain(&format!("{}\n\nb\n", escape(mark))),
                format!("{mark}\n\nb\n")
            );
        }
        let source = "1. a\n\n   b\n3)\n# c\n";
        let joined: Vec<String> = blocks(source)
            .unwrap()
            .into_iter()
            .map(|block| block.source)
            .collect();
        assert_eq!(plain(&joined.join("\n\n")), plain(source));
    }

    #[test]
    fn raw_html_and_control_characters_are_refused() {
        assert_eq!(
            plain_text("a\n\n<script>x</script>"),
            Err(CommonMarkError::RawHtml { line: 3 })
        );
        assert!(matches!(
            plain_text("a <b>c</b>"),
            Err(CommonMarkError::RawHtml { line: 1 })
        ));
        assert!(matches!(
            plain_text("<!-- a --><script>"),
            Err(CommonMarkError::RawHtml { .. })
        ));
        for hidden in ["<!--><b>", "<!---> <b>", "<!-- a", "<!--> b"] {
            assert!(plain_text(hidden).is_err(), "{hidden}");
        }
        assert!(matches!(
            plain_text("a&#27;b"),
            Err(CommonMarkError::Character(_))
        ));
    }

    #[test]
    fn prose_stays_as_it_is_and_markup_is_escaped() {
        let sample = include_str!("../tests/pages/2026-01-22-export-controls.txt");
        let page: crate::page::Page = sample.parse().unwrap();
        assert_eq!(format!("{}\n", escape(&page.text)), page.text);
        for nasty in [
            "# a",
            "- a",
            "+ a\n- b",
            "1. a",
            "12) a",
            "> a",
            "    a",
            "\ta",
            "===",
            "a\n===",
            "a\n---",
            "`a`",
            "*中文*",
            "<b>",
            "&amp;",
            "a\\",
            "[x]: y",
            "[x](y)",
            "http://a_b_c",
            "* * *",
            "a\n  b",
            "```",
            "~~~",
            "!a[b]",
            "&#32;",
            "a*b*c",
        ] {
            assert_eq!(plain(&escape(nasty)), format!("{nasty}\n"), "{}", escape(nasty));
        }
        // The mark of a file's beginning hides no markup behind it.
        assert_eq!(plain(&escape("\u{feff}# a")), "# a\n");
    }

    #[test]
    fn blocks_keep_their_text_when_they_are_parted() {
        let source = "See [a].\n\n- x\n- y\n\n<!-- -->\n\n- z\n\n[a]: http://b\n";
        let blocks = blocks(source).unwrap();
        let plains: Vec<&str> = blocks.iter().map(|block| block.plain.as_str()).collect();
        assert_eq!(plains, ["See a.", "- x\n- y", "- z"]);
        for from in 0..blocks.len() {
            for to in from + 1..=blocks.len() {
                let run = &blocks[from..to];
                let sources: Vec<&str> = run.iter().map(|block| block.source.as_str()).collect();
                let plains: Vec<&str> = run.iter().map(|block| block.plain.as_str()).collect();
                assert_eq!(plain(&sources.join("\n\n")), plains.join("\n\n") + "\n");
            }
        }
    }

    #[test]
    fn a_link_by_reference_keeps_its_address_in_its_block() {
        let kept = |source: &str| -> Vec<String> {
            let blocks = blocks_as_written(source).unwrap();
            assert!(blocks.iter().all(|block| !block.loses_markup), "{source}");
            blocks.into_iter().map(|block| block.source).collect()
        };
        for (source, expected) in [
            (
                "See [the site][s], **bold**, [other](http://o.org), [1].\n\n[s]: http://s.org\n[1]: https://source.org/doc\n",
                &[
                    "See [the site](http://s.org), **bold**, [other](http://o.org), [1](https://source.org/doc).",
                ][..],
            ),
            (
                "> [q] *a\n> b* [q][]\n\n- [*x*\n  y][q]\n  - z\n\n# h [Q]\n\n[q]: <http://a.org/b c> 'T \"t\"'\n",
                &[
                    "> [q](<http://a.org/b c> \"T \\\"t\\\"\") *a\n> b* [q](<http://a.org/b c> \"T \\\"t\\\"\")",
                    "- [*x*\n  y](<http://a.org/b c> \"T \\\"t\\\"\")\n  - z",
                    "# h [Q](<http://a.org/b c> \"T \\\"t\\\"\")",
                ],
            ),
            (
                "[![i][p]][s] [a\\]][s] [`]`][s] \\[s] [s](t)\n\n[s]: /s?a=b&amp;c\n[p]: p.png\n[S]: /other\n",
                &["[![i](p.png)](</s?a=b\\&c>) [a\\]](</s?a=b\\&c>) [`]`](</s?a=b\\&c>) \\[s] [s](t)"],
            ),
        ] {
            // What nothing refers to, or defines another address for a label, is words.
            let sources = kept(source);
            assert_eq!(sources[..expected.len()], *expected, "{source}");
        }
    }

    #[test]
    fn a_list_below_a_list_stays_one_of_its_own() {
        let blocks = blocks("- *a*\n\n<!-- -->\n\n- b\n  - **c**\n\n[x]: y\n\n- d\n").unwrap();
        let sources: Vec<&str> = blocks.iter().map(|block| &*block.source).collect();
        assert_eq!(
            sources,
            ["- *a*", "<!-- -->\n\n- b\n  - **c**", "<!-- -->\n\n- d"]
        );
    }

    #[test]
    fn a_definition_that_defines_no_link_is_words() {
        let written = |source: &str| {
            let blocks = blocks_as_written(source).unwrap();
            let sources: Vec<&str> = blocks.iter().map(|block| &*block.source).collect();
            let plains: Vec<&str> = blocks.iter().map(|block| &*block.plain).collect();
            assert_eq!(plain(&sources.join("\n\n")), plains.join("\n\n") + "\n");
            plains.join("\n\n")
        };
        for (source, text) in [
            (
                "Words here[^1].\n\n[^1]: 注文。\n",
                "Words here[^1].\n\n[^1]: 注文。",
            ),
            (
                "桥。\n\n[编者注]: 本文首发于2019年，原题略。\n",
                "桥。\n\n[编者注]: 本文首发于2019年，原题略。",
            ),
            (
                "A[note].\n\n[note]: Unconfirmed\n",
                "A[note].\n\n[note]: Unconfirmed",
            ),
            (
                "a[^1]\n\n[^1]: https://x.org/a\n",
                "a[^1]\n\n[^1]: https://x.org/a",
            ),
            (
                "a\n\n[^1]: Ibid.\n[^2]:\n  *Ibid.*\n",
                "a\n\n[^1]: Ibid.\n[^2]:\n*Ibid.*",
            ),
            ("a\n\n[^1]: 注。\n其余*文*字。\n", "a\n\n[^1]: 注。\n其余文字。"),
            // In quotations and lists, and where nothing else stands in them.
            (
                "> [^1]: 注。\n\n- [^2]: 注。\n- b\n",
                "> [^1]: 注。\n\n- [^2]: 注。\n- b",
            ),
            ("- > [^2]: 注。\n  > 二\n", "- > [^2]: 注。\n  > 二"),
            // No link refers to it, or it leads nowhere.
            ("a\n\n[b]: http://c \"d\"\n", "a\n\n[b]: http://c \"d\""),
            (
                "a [b]\n\n[b]: <http://c>\n[b]: http://d\n",
                "a b\n\n[b]: http://d",
            ),
            // What a link is made of stays, also below a note.
            (
                "a [b]\n\n[^1]: 注。\n[B]: http://c\n[^2]: 二\n",
                "a b\n\n[^1]: 注。\n\n[^2]: 二",
            ),
            ("> a [b]\n>\n> [^1]: 注。\n> [b]: /c\n", "> a b\n>\n> [^1]: 注。"),
            ("![b][c]\n\n[c]: d.png\n", "b"),
            // A line below it is one across the page.
            ("a\n\n[^1]: 注。\n---\n", "a\n\n[^1]: 注。\n\n* * *"),
            // A remark that nobody is to see.
            ("a\n\n[//]: # (not for readers)\n[//]: <> (nor this)\n", "a"),
            // Where nothing is a definition, nothing changes.
            (
                "a\n[^1]: b\n\n    [c]: d\n\n```\n[e]: f\n```\n",
                "a\n[^1]: b\n\n[c]: d\n\n[e]: f",
            ),
            (
                "[^1]: two words\n\n[a](b)\n[c]: d\n",
                "[^1]: two words\n\na\n[c]: d",
            ),
        ] {
            assert_eq!(written(source), text.replace(">\n", "\n"), "{source}");
        }
        let blocks = blocks_as_written("[^1]: 注。\n[b]: /c\n\n[b] d\n").unwrap();
        let lines: Vec<_> = blocks.iter().map(|block| (&*block.source, block.line)).collect();
        assert_eq!(lines, [("\\[^1\\]: 注。", 1), ("[b](/c) d", 4)]);
        assert_eq!(
            blocks_as_written("[^1]: 注。\n[b]: /c\n\n[b]\n\n<div>\n"),
            Err(CommonMarkError::RawHtml { line: 6 })
        );
    }

    #[test]
    fn deep_nesting_is_refused_in_no_time() {
        for nest in [">", "> ", "- ", "[", "*a", "![", "**a "] {
            let source = nest.repeat(20_000);
            let _ = plain_text(&source);
            let _ = escape(&source);
        }
        assert!(matches!(
            plain_text(&">".repeat(100_000)),
            Err(CommonMarkError::Depth { line: 1 })
        ));
        // The same signs where they are text.
        let arrow = format!("-{}\n", ">".repeat(1000));
        assert_eq!(plain(&escape(&arrow)), arrow);
    }

    proptest! {
        #[test]
        fn prose_that_is_told_at_a_glance_is_what_the_parser_says(
            lines in proptest::collection::vec("[-+=:#!$%\"'^({}@/,;.)0-9aé中，\u{3000} ]{0,12}", 1..6),
        ) {
            let source = canonical(&lines.join("\n"));
            prop_assert_eq!(plain_text(&source), parsed_plain_text(&source));
            prop_assert_eq!(blocks(&source), parsed_blocks(&source));
            for paragraph in canonical::paragraphs(&source) {
                prop_assert_eq!(escape_paragraph(&paragraph), parsed_escape_paragraph(&paragraph));
            }
        }

        #[test]
        fn escaped_text_reads_back(text in "[-+*_`\\[\\]<>()!#&;:=~.0-9a 中\n\t\\\\\"'|]{0,40}") {
            let text = canonical(&text);
            prop_assert_eq!(plain(&escape(&text)), text);
        }

        #[test]
        fn any_text_reads_back_when_escaped(text in any::<String>()) {
            if let Ok(text) = decode(text.as_bytes(), Invisible::Allow) {
                let text = canonical(&text);
                prop_assert_eq!(plain(&escape(&text)), text);
            }
        }

        #[test]
        fn blocks_have_the_text_of_their_page_and_their_links(
            parts in proptest::collection::vec("\\[a\\]|\\[b *c*\\]\\[a\\]|!\\[d\\]\\[a\\]|\n\n\\[a\\]: /x\n|- |  |> |1\\. |\n|\n\n|e|中|\\*|`|\\[|\\]|\\(|<!-- -->", 0..30),
        ) {
            let source = canonical(&parts.concat());
            if let (Ok(blocks), Ok(text)) = (blocks(&source), plain_text(&source)) {
                let sources: Vec<&str> = blocks.iter().map(|block| &*block.source).collect();
                let joined = sources.join("\n\n");
                prop_assert_eq!(plain(&joined), text);
                if blocks.iter().all(|block| !block.loses_markup) {
                    let links = |source: &str| -> Vec<String> {
                        let shown = html::blocks(source).unwrap();
                        shown.into_iter().map(|block| block.html).collect()
                    };
                    prop_assert_eq!(links(&joined), links(&source));
                }
            }
        }

        #[test]
        fn no_source_makes_the_parser_panic(text in any::<String>(), marks in "[-*>#`\\[\\]()<! a\n\t]{0,60}") {
            for source in [text, marks] {
                let _ = blocks(&source);
                let _ = blocks_as_written(&source);
                if let Ok(plain) = plain_text(&source) {
                    prop_assert!(canonical::is_canonical(&plain), "{plain:?}");
                }
            }
        }
    }
}
