//! What generators of pages add to a text in Markdown that they were given, told by what it is made of and not by the name
//! of a program: links at headings, ways back from notes, numbers of the lines of code.

use scraper::{ElementRef, Node};

/// What was left out of a page's text, as its generator added it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Added {
    /// Links at headings, to these headings.
    pub anchors: usize,
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

/// Classes of the numbers of lines.
const NUMBERS: &[&str] = &["ln", "lnt", "lineno", "linenos", "line-number", "line-numbers"];

/// Tells whether an element of a heading is a link to a place of the page, by a sign.
pub fn is_anchor(element: ElementRef<'_>) -> bool {
    let is_sign = |c: char| c.is_whitespace() || ANCHORS.contains(&c) || VARIATIONS.contains(&c);
    is_to_page(element) && short_text(element).is_some_and(|text| text.chars().all(is_sign))
}

/// Tells whether an element of a note is the link back to where it is referred to.
pub fn is_way_back(element: ElementRef<'_>) -> bool {
    let is_back = |text: String| {
        let rest = text.trim().strip_prefix(WAYS_BACK)?;
        Some(
            rest.chars()
                .all(|c| c.is_ascii_digit() || c.is_whitespace() || VARIATIONS.contains(&c)),
        )
    };
    let is_note = |above: ElementRef<'_>| {
        let id = above.value().attr("id").unwrap_or_default();
        above.value().name() == "li" && id.starts_with("fn")
    };
    is_to_page(element)
        && short_text(element).and_then(is_back).unwrap_or(false)
        && element.ancestors().filter_map(ElementRef::wrap).any(is_note)
}

/// Returns the number of a note that an element refers to.
pub fn note(element: ElementRef<'_>) -> Option<u32> {
    let name = element.value().name();
    let other = match name {
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
    if within.next().is_some() || inner.value().name() != other || !(is_to_page(element) || is_to_page(inner))
    {
        return None;
    }
    let text = short_text(inner)?;
    let text = text.trim();
    let number = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    number.parse().ok().filter(|_| is_number)
}

/// Tells whether an element is the line above a page's notes.
pub fn is_line_before_notes(element: ElementRef<'_>) -> bool {
    let is_of_notes = |element: ElementRef<'_>| {
        let element = element.value();
        element.attr("role") == Some("doc-endnotes")
            || element.classes().any(|class| class.starts_with("footnote"))
    };
    let parent = || element.parent().and_then(ElementRef::wrap);
    element.value().name() == "hr" && (is_of_notes(element) || parent().is_some_and(is_of_notes))
}

/// Tells of the box of a task whether it is ticked; `None` of anything else.
pub fn task(element: ElementRef<'_>) -> Option<bool> {
    let element = element.value();
    let is_box = element.name() == "input" && element.attr("type") == Some("checkbox");
    is_box.then(|| element.attr("checked").is_some())
}

/// Returns the code of a table of one row that has, beside the code, the numbers of its lines and nothing else.
pub fn numbered_code(table: ElementRef<'_>) -> Option<ElementRef<'_>> {
    if table.value().name() != "table" {
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
    let all = lines_of(code);
    let lines = lines_of(found);
    let count = lines.trim_end_matches('\n').split('\n').count();
    let mut last = None;
    let numbers = lines_of(numbers);
    let mut counted = 0;
    for number in numbers.split_whitespace() {
        let number: u32 = number.parse().ok()?;
        if last.is_some_and(|last| number != last + 1) {
            return None;
        }
        last = Some(number);
        counted += 1;
    }
    let has_more = all.chars().filter(|c| !c.is_whitespace()).count()
        != lines.chars().filter(|c| !c.is_whitespace()).count();
    (counted == count && !has_more).then_some(found)
}

/// Returns the elements of a piece of code that are the numbers of its lines: each the first of its line, and each the next.
pub fn line_numbers(code: ElementRef<'_>) -> Vec<ElementRef<'_>> {
    let mut found: Vec<ElementRef<'_>> = Vec::new();
    let mut last: Option<u32> = None;
    let mut begins_line = true;
    let mut pending = vec![*code];
    while let Some(node) = pending.pop() {
        if let Node::Text(text) = node.value()
            && !text.is_empty()
        {
            begins_line = text.ends_with('\n');
        }
        if let Some(element) = ElementRef::wrap(node) {
            if element.value().name() == "br" {
                begins_line = true;
            }
            if is_line_number(element) {
                let number = short_text(element).and_then(|text| text.trim().parse::<u32>().ok());
                let is_next = |number: &u32| {
                    begins_line && last.is_none_or(|last| last.checked_add(1) == Some(*number))
                };
                let Some(number) = number.filter(is_next) else {
                    return Vec::new();
                };
                last = Some(number);
                found.push(element);
                // A number that ends its line by itself begins none.
                begins_line = false;
                continue;
            }
        }
        let start = pending.len();
        pending.extend(node.children());
        pending[start..].reverse();
    }
    found
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
    let value = element.value();
    value.name() == "a"
        && value
            .attr("href")
            .is_some_and(|href| href.starts_with('#') && href.len() > 1)
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
