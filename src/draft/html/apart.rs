//! Words that stand in an article in another way than one after the other, so that they are no part of its text: formulas,
//! text that moves, choices, and those of buttons and pictures or for browsers without scripts.

use scraper::{ElementRef, Node};

use super::shown_text;
use super::text::{is_blank, is_left_out, is_navigation, is_never_shown};
use crate::canonical::nfc;

/// The elements whose words are a part of what is told.
const PARTS: &[&str] = &["math", "option", "optgroup"];

/// Those whose words move through the page, as greetings and news do that are none of its article.
const MOVING: &str = "marquee";

/// Those whose words may be the page's and not the text's.
const OTHERS: &[&str] = &["button", "svg", "noscript"];

/// The elements of formulas whose words are not shown.
const UNSEEN: &[&str] = &["annotation", "annotation-xml", "mphantom"];

/// How many characters before such words tell where they stand.
const BEFORE: usize = 32;

/// In how many characters these are looked for: some compose with one another.
const MOST_COMPOSED: usize = 4 * BEFORE;

/// Such words and where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    /// The last 32 characters of the text before them, in NFC, without blanks and marks that show nothing.
    pub before: String,
    /// The words, in the same form.
    pub words: String,
    /// What they are.
    pub kind: Kind,
}

/// What such words are to a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A part of what is told.
    Part,
    /// They move; a file that has them tells them, and a page may show its own.
    Moving,
    /// They may be the page's and not the text's.
    Other,
}

/// Tells whether an element has such words that are a part of what is told.
#[must_use]
pub fn is_part(element: ElementRef<'_>) -> bool {
    kind_of(element) == Some(Kind::Part)
}

fn kind_of(element: ElementRef<'_>) -> Option<Kind> {
    let name = element.value().name();
    match name {
        _ if PARTS.contains(&name) => Some(Kind::Part),
        MOVING => Some(Kind::Moving),
        _ => OTHERS.contains(&name).then_some(Kind::Other),
    }
}

/// Tells whether the words of a file are those of a page with the same text: those that are a part of what is told are the same, and
/// of others the page has all, in their order. A page without elements has none, and need not have those that may be a page's own.
#[must_use]
pub fn are_of_page(file: &[Apart], page: Option<&[Apart]>) -> bool {
    // What stands before the first words of a file may be the page's.
    let is_alike =
        |own: &Apart, other: &Apart| own.words == other.words && other.before.ends_with(&own.before);
    let ([own, own_others], [parts, others]) = (divided(file), divided(page.unwrap_or_default()));
    let mut pairs = own.iter().zip(&parts);
    let are_parts =
        own.is_empty() || own.len() == parts.len() && pairs.all(|(own, part)| is_alike(own, part));
    let mut others = others.into_iter();
    let has =
        |own: &Apart| page.is_none() && own.kind == Kind::Other || others.any(|other| is_alike(own, other));
    are_parts && own_others.into_iter().all(has)
}

/// Divides words into those that are a part of what is told, and others.
fn divided(all: &[Apart]) -> [Vec<&Apart>; 2] {
    let (parts, others) = all.iter().partition(|apart| apart.kind == Kind::Part);
    [parts, others]
}

/// Lists what stands so in an element.
#[must_use]
pub fn of(root: ElementRef<'_>) -> Vec<Apart> {
    let mut found = Vec::new();
    let mut text: Vec<char> = Vec::new();
    let mut pending = vec![(*root, Within::Text)];
    while let Some((node, mut within)) = pending.pop() {
        if let Node::Text(words) = node.value()
            && within != Within::Navigation
        {
            text.extend(words.chars().filter(|c| shows(*c)));
        }
        if let Some(element) = ElementRef::wrap(node).filter(|element| *element != root) {
            if let Some(kind) = kind_of(element).filter(|_| !is_never_shown(element)) {
                let words = match kind {
                    Kind::Part | Kind::Moving => words_of(element),
                    Kind::Other => shown_words_of(element),
                };
                let before = end_of(&text);
                let apart = Apart { before, words, kind };
                found.extend(Some(apart).filter(|apart| !apart.words.is_empty()));
                continue;
            }
            if is_left_out(element) {
                continue;
            }
            if element.value().name() == "header" && within == Within::Text {
                within = if is_navigation(element) {
                    Within::Navigation
                } else {
                    Within::Header
                };
            }
        }
        let start = pending.len();
        pending.extend(node.children().map(|child| (child, within)));
        pending[start..].reverse();
    }
    found
}

/// What a node stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Text,
    Header,
    /// A header that only leads elsewhere, which is none of the text.
    Navigation,
}

/// Tells whether a character shows something.
fn shows(c: char) -> bool {
    let is_unseen = matches!(
        c,
        '\u{a0}' | '\u{202f}' | '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{2064}'
    );
    !is_blank(c) && !is_unseen
}

/// Returns the last characters of a text.
fn end_of(text: &[char]) -> String {
    let end = &text[text.len().saturating_sub(MOST_COMPOSED)..];
    let end: Vec<char> = nfc(end.iter().collect()).chars().collect();
    end[end.len().saturating_sub(BEFORE)..].iter().collect()
}

/// Returns the words of an element and of its label.
fn words_of(root: ElementRef<'_>) -> String {
    let mut words = root.value().attr("label").unwrap_or_default().to_owned();
    let mut pending = vec![*root];
    while let Some(node) = pending.pop() {
        if let Node::Text(text) = node.value() {
            words.push_str(text);
        }
        let is_unseen = |element: ElementRef<'_>| UNSEEN.contains(&element.value().name());
        if !ElementRef::wrap(node).is_some_and(is_unseen) {
            let start = pending.len();
            pending.extend(node.children());
            pending[start..].reverse();
        }
    }
    nfc(words.chars().filter(|c| shows(*c)).collect())
}

/// Returns the words that a browser shows of an element, one without scripts those of a `noscript`.
fn shown_words_of(root: ElementRef<'_>) -> String {
    let mut words = String::new();
    let mut pending = vec![*root];
    while let Some(node) = pending.pop() {
        if let Node::Text(text) = node.value() {
            words.push_str(text);
        }
        let is_passed_over = |element: ElementRef<'_>| {
            is_never_shown(element) || matches!(element.value().name(), "desc" | "metadata")
        };
        if !ElementRef::wrap(node).is_some_and(is_passed_over) {
            let start = pending.len();
            pending.extend(node.children());
            pending[start..].reverse();
        }
    }
    // Its elements are read as text.
    if root.value().name() == "noscript" {
        words = shown_text(&words).unwrap_or(words);
    }
    nfc(words.chars().filter(|c| shows(*c)).collect())
}
