//! What generators of pages add to a text in Markdown that they were given, told by what it is made of and not by the name
//! of a program: links at headings, ways back from notes, numbers of the lines of code.

use std::collections::{HashMap, HashSet};

use scraper::{ElementRef, Node};

use super::hidden::{self, Display};
use super::text::is_left_out;
use crate::commonmark::printed::NOTE;

/// What was left out of a page's text, as its generator added it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Added {
    /// Links at headings, to these headings.
    pub anchors: usize,
    /// Links back from notes, to what refers to these.
    pub ways_back: usize,
    /// Pieces of code whose lines are numbered.
    pub line_numbers: usize,
}

/// Characters by which headings link to themselves; those of fonts of icons among them.
const ANCHORS: [char; 9] = ['#', '¶', '§', '∞', '⚓', '☍', '🔗', '\u{e157}', '\u{f0c1}'];

/// Characters with which a way back from a note begins.
const WAYS_BACK: [char; 7] = ['↩', '↵', '⏎', '⤴', '↑', '^', '⬆'];

/// What is chosen between by how such a character is to look.
const VARIATIONS: [char; 2] = ['\u{fe0e}', '\u{fe0f}'];

/// The longest mark of a note, in bytes.
const LONGEST_MARK: usize = 12;

/// What Chroma writes of the style of such a number, without its colour.
const APART: [&str; 5] = [
    "margin-right:0.4em",
    "padding:0 0.4em 0 0.4em",
    "white-space:pre",
    "-webkit-user-select:none",
    "user-select:none",
];

/// Classes of the numbers of lines.
const NUMBERS: &[&str] = &["ln", "lnt", "lineno", "linenos", "line-number", "line-numbers"];

/// Tells whether a character sets a number apart in every font; narrower blanks may not be seen.
fn is_apart(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n')
}

/// Reads the number of a line: ASCII digits and no sign.
fn line_number(text: &str) -> Option<u32> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// Tells whether an element of a heading is a link to a place of the page, by a sign.
pub fn is_anchor(element: ElementRef<'_>) -> bool {
    let is_sign = |c: char| c.is_whitespace() || ANCHORS.contains(&c) || VARIATIONS.contains(&c);
    is_to_page(element) && short_text(element).is_some_and(|text| text.chars().all(is_sign))
}

/// The notes of a page, and what refers to them.
#[derive(Debug, Default)]
pub struct Notes<'a> {
    /// The ids of the notes.
    ids: HashSet<&'a str>,
    /// The ids of what refers to a note, with the note's and the number that it has among the references to that, from 1.
    references: HashMap<&'a str, (&'a str, usize)>,
}

impl<'a> Notes<'a> {
    /// Gathers the notes in an element.
    pub fn of(root: ElementRef<'a>) -> Self {
        let elements = || root.descendants().filter_map(ElementRef::wrap);
        let ids: HashSet<&str> = elements().filter_map(id_of_note).collect();
        let mut references = HashMap::new();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for reference in elements().filter_map(Reference::of) {
            if !ids.contains(reference.note) {
                continue;
            }
            let count = counts.entry(reference.note).or_default();
            *count += 1;
            let own = reference.elements.iter().filter_map(|own| own.value().attr("id"));
            // A link leads to the first of some elements with one id.
            for id in own {
                references.entry(id).or_insert((reference.note, *count));
            }
        }
        Self { ids, references }
    }

    /// Returns how a reference to a note of the page is written: [`NOTE`], and the note's number in brackets.
    pub fn reference(&self, element: ElementRef<'a>) -> Option<String> {
        if self.ids.is_empty() {
            return None;
        }
        let reference = Reference::of(element).filter(|reference| self.ids.contains(reference.note))?;
        let is_it = |own: &ElementRef<'_>| {
            let known = own.value().attr("id").and_then(|id| self.references.get(id));
            known.is_some_and(|(note, count)| *note == reference.note && *count - 1 == reference.before)
        };
        if reference.before > 0 && !reference.elements.iter().any(is_it) {
            return None;
        }
        Some(format!("{NOTE}[{}]", reference.number))
    }

    /// Tells whether an element of a note is the link back to what refers to that note, and says no more than that.
    pub fn is_way_back(&self, element: ElementRef<'a>) -> bool {
        let Some((note, number)) = target(element).and_then(|target| self.references.get(target)) else {
            return false;
        };
        let text = short_text(element).unwrap_or_default();
        let Some(rest) = text.trim().strip_prefix(WAYS_BACK) else {
            return false;
        };
        let rest = rest.trim_matches(|c: char| c.is_whitespace() || VARIATIONS.contains(&c));
        // Some number those behind the first.
        (rest.is_empty() || *number > 1 && rest == number.to_string())
            && element
                .ancestors()
                .filter_map(ElementRef::wrap)
                .any(|above| id_of_note(above) == Some(note))
    }
}

fn id_of_note(element: ElementRef<'_>) -> Option<&str> {
    let value = element.value();
    let is_one = |id: &&str| without_prefix(id).starts_with("fn");
    value.attr("id").filter(|id| value.name() == "li" && is_one(id))
}

/// Takes off an id what remark puts before those of a text.
fn without_prefix(id: &str) -> &str {
    id.strip_prefix("user-content-").unwrap_or(id)
}

/// A number above the line that links to a place of the page.
struct Reference<'a> {
    /// The id of that place.
    note: &'a str,
    number: usize,
    /// How many references to the note it says to stand before it; 0 where it says nothing of that.
    before: usize,
    /// The two elements of which it consists.
    elements: [ElementRef<'a>; 2],
}

impl<'a> Reference<'a> {
    fn of(element: ElementRef<'a>) -> Option<Self> {
        let other = match element.value().name() {
            "sup" => "a",
            "a" => "sup",
            _ => return None,
        };
        let mut within = element.children().filter(|node| match node.value() {
            Node::Text(text) => !text.trim().is_empty(),
            Node::Element(_) => true,
            _ => false,
        });
        let inner = within.next().and_then(ElementRef::wrap)?;
        if within.next().is_some() || inner.value().name() != other {
            return None;
        }
        let note = target(element).or_else(|| target(inner))?;
        let mut parts = inner.descendants().filter_map(ElementRef::wrap);
        if parts.any(is_left_out) {
            return None;
        }
        let text = short_text(inner)?;
        let text = text.trim();
        let number = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'))
            .unwrap_or(text);
        // markdown-it says behind the number how many references to the note stand before it.
        let (number, before) = match number.split_once(':') {
            Some((number, before)) => (number, plain_number(before).filter(|before| *before > 0)?),
            None => (number, 0),
        };
        Some(Self {
            note,
            number: plain_number(number)?,
            before,
            elements: [element, inner],
        })
    }
}

/// Reads a number as programs write one: digits, and no zero before others.
fn plain_number(text: &str) -> Option<usize> {
    text.parse()
        .ok()
        .filter(|number: &usize| number.to_string() == text)
}

/// Tells whether an element is the line above a page's notes, or the heading there that remark has programs read aloud.
pub fn is_head_of_notes(element: ElementRef<'_>) -> bool {
    let is_of_notes = |element: ElementRef<'_>| {
        let element = element.value();
        element.attr("role") == Some("doc-endnotes")
            || element.classes().any(|class| class.starts_with("footnote"))
    };
    let parent = || element.parent().and_then(ElementRef::wrap);
    let is_in_notes = || parent().is_some_and(is_of_notes);
    let value = element.value();
    match value.name() {
        "hr" => is_of_notes(element) || is_in_notes(),
        "h2" => {
            let is_label = value.attr("id").map(without_prefix) == Some("footnote-label");
            is_label && is_in_notes() && short_text(element).as_deref() == Some("Footnotes")
        }
        _ => false,
    }
}

/// Tells of the box of a task whether it is ticked; `None` of anything else, and of one that is not shown or has a style of its
/// own.
pub fn task(element: ElementRef<'_>) -> Option<bool> {
    let value = element.value();
    let is_box = value.name() == "input" && value.attr("type") == Some("checkbox");
    let is_shown = || hidden::display(element) == Display::Shown && value.attr("style").is_none();
    (is_box && is_shown()).then(|| value.attr("checked").is_some())
}

/// Returns the code of a table of one row that has, beside the code, the numbers of its lines and nothing else.
pub fn numbered_code(table: ElementRef<'_>) -> Option<ElementRef<'_>> {
    // Without room between its cells a number would read as the first digits of the code.
    let is_narrowed = ["cellspacing", "cellpadding"].map(|name| table.value().attr(name).is_some());
    if table.value().name() != "table" || is_narrowed.contains(&true) {
        return None;
    }
    let elements = || table.descendants().filter_map(ElementRef::wrap);
    let mut cells = elements().filter(|element| matches!(element.value().name(), "td" | "th" | "caption"));
    let (Some(numbers), Some(code), None) = (cells.next(), cells.next(), cells.next()) else {
        return None;
    };
    let mut codes = code
        .descendants()
        .filter_map(ElementRef::wrap)
        .filter(|element| element.value().name() == "pre");
    let (Some(found), None) = (codes.next(), codes.next()) else {
        return None;
    };
    // What the reader would pass over is no code.
    let above = |element: ElementRef<'_>| {
        let above = element.ancestors().filter_map(ElementRef::wrap);
        above.take_while(|above| *above != table).any(is_left_out)
    };
    if is_left_out(found) || is_left_out(numbers) || above(found) || above(numbers) {
        return None;
    }
    let all = lines_of(code);
    let lines = lines_of(found);
    let numbers = lines_of(numbers);
    let numbers: Option<Vec<u32>> = numbers
        .split(is_apart)
        .filter(|number| !number.is_empty())
        .map(line_number)
        .collect();
    let has_more = all.chars().filter(|c| !c.is_whitespace()).count()
        != lines.chars().filter(|c| !c.is_whitespace()).count();
    (numbers.is_some_and(|numbers| are_of_lines(&numbers, &lines)) && !has_more).then_some(found)
}

/// Tells whether numbers are those of the lines of a piece of code: as many, each the next, and from 1 on where it is one.
fn are_of_lines(numbers: &[u32], code: &str) -> bool {
    let is_next = |pair: &[u32]| pair[0].checked_add(1) == Some(pair[1]);
    numbers.len() == code.trim_end_matches('\n').split('\n').count()
        && numbers.windows(2).all(is_next)
        && (numbers.len() > 1 || numbers == [1])
}

/// Returns the elements of a piece of code that are the numbers of its lines: each the first of its line and each the next,
/// before every line, and none that runs into what stands behind it.
pub fn line_numbers(code: ElementRef<'_>) -> Vec<ElementRef<'_>> {
    let mut found: Vec<ElementRef<'_>> = Vec::new();
    let mut numbers: Vec<u32> = Vec::new();
    // The code without them.
    let mut lines = String::new();
    let mut is_behind_number = false;
    let mut pending = vec![*code];
    while let Some(node) = pending.pop() {
        if let Node::Text(text) = node.value()
            && !text.is_empty()
        {
            if is_behind_number && !goes_apart(text) {
                return Vec::new();
            }
            is_behind_number = false;
            lines.push_str(text);
        }
        if let Some(element) = ElementRef::wrap(node) {
            if is_left_out(element) {
                continue;
            }
            if element.value().name() == "br" {
                is_behind_number = false;
                lines.push('\n');
            }
            if is_line_number(element) {
                let text = short_text(element).unwrap_or_default();
                let begins_line = lines.is_empty() || lines.ends_with('\n');
                let mut parts = element.descendants().filter_map(ElementRef::wrap);
                let is_one = begins_line && !is_behind_number && !parts.any(is_left_out);
                let Some(number) = line_number(text.trim_matches(is_apart)).filter(|_| is_one) else {
                    return Vec::new();
                };
                numbers.push(number);
                found.push(element);
                if text.ends_with(is_apart) || is_set_apart(element) {
                    continue;
                }
                // Only their class sets them apart where code follows in an element of its own.
                if element.next_sibling().is_some_and(|next| next.value().is_text()) {
                    return Vec::new();
                }
                is_behind_number = true;
                continue;
            }
        }
        let start = pending.len();
        pending.extend(node.children());
        pending[start..].reverse();
    }
    if are_of_lines(&numbers, &lines) {
        found
    } else {
        Vec::new()
    }
}

/// Tells whether code that stands right behind a number does not read as more of it, nor as what is counted.
fn goes_apart(code: &str) -> bool {
    let signs = |c: char| is_apart(c) || c.is_ascii_alphabetic() || "#\"<>()[]{}@_`;&|!?\\".contains(c);
    code.starts_with(signs) || code.starts_with("//") || code.starts_with("/*")
}

/// Tells whether the number of a line has the very style that Chroma writes, which sets it apart from the line.
fn is_set_apart(number: ElementRef<'_>) -> bool {
    let style = number.value().attr("style").unwrap_or_default();
    let rules: Vec<&str> = style
        .split(';')
        .map(str::trim)
        .filter(|rule| !rule.is_empty())
        .collect();
    let is_known = |rule: &&str| {
        let is_colour = |value: &str| {
            let digits = value.strip_prefix('#').unwrap_or_default();
            matches!(digits.len(), 3 | 6) && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        };
        let colour = rule
            .strip_prefix("color:")
            .or_else(|| rule.strip_prefix("background-color:"));
        APART.contains(rule) || colour.is_some_and(is_colour)
    };
    rules.iter().all(is_known) && rules.contains(&APART[0])
}

fn is_line_number(element: ElementRef<'_>) -> bool {
    let value = element.value();
    let style = value.attr("style").unwrap_or_default();
    let is_unselectable = style
        .split(';')
        .any(|rule| rule.replace(' ', "").ends_with("user-select:none"));
    value.name() == "span" && (is_unselectable || value.classes().any(|class| NUMBERS.contains(&class)))
}

/// Tells whether an element links to a place of the page.
fn is_to_page(element: ElementRef<'_>) -> bool {
    target(element).is_some()
}

/// Returns the id of the place of the page that an element links to.
fn target(element: ElementRef<'_>) -> Option<&str> {
    let value = element.value();
    let href = value.attr("href").filter(|_| value.name() == "a")?;
    href.strip_prefix('#').filter(|id| !id.is_empty())
}

/// Returns the text of an element that has a few characters at most, and no picture.
fn short_text(element: ElementRef<'_>) -> Option<String> {
    let mut text = String::new();
    for node in element.descendants() {
        match node.value() {
            Node::Text(part) if text.len() + part.len() <= LONGEST_MARK => text.push_str(part),
            Node::Text(_) => return None,
            Node::Element(element) if matches!(element.name(), "img" | "q") => return None,
            _ => {}
        }
    }
    Some(text)
}

/// Returns the text of an element, with the breaks of its lines.
fn lines_of(element: ElementRef<'_>) -> String {
    let mut lines = String::new();
    for node in element.descendants() {
        match node.value() {
            Node::Text(text) => lines.push_str(text),
            Node::Element(element) if element.name() == "br" => lines.push('\n'),
            _ => {}
        }
    }
    lines
}
