//! Words that stand in an article in another way than one after the other, so that they are no part of its text: formulas,
//! text that moves, choices, and those of buttons and pictures or for browsers without scripts.

use scraper::{ElementRef, Node};

use super::shown_text;
use super::text::{is_blank, is_left_out, is_never_shown};

/// The elements whose words are a part of what is told.
const PARTS: &[&str] = &["math", "marquee", "option", "optgroup"];

/// Those whose words may be the page's and not the text's.
const OTHERS: &[&str] = &["button", "svg", "noscript"];

/// How many characters before such words tell where they stand.
const BEFORE: usize = 32;

/// Such words and where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    /// The last 32 characters of the text before them, without blanks.
    pub before: String,
    /// The words, without blanks.
    pub words: String,
    /// Whether they are a part of what is told.
    pub is_part: bool,
}

/// Tells whether an element has such words that are a part of what is told.
#[must_use]
pub fn is_part(element: ElementRef<'_>) -> bool {
    PARTS.contains(&element.value().name())
}

/// Tells whether the words of a file are those of a page with the same text: those that are a part of what is told are the same, and
/// of others the page has all, in their order, where it has elements.
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
    let has = |own: &Apart| others.any(|other| is_alike(own, other));
    are_parts && (page.is_none() || own_others.into_iter().all(has))
}

/// Divides words into those that are a part of what is told, and others.
fn divided(all: &[Apart]) -> [Vec<&Apart>; 2] {
    let (parts, others) = all.iter().partition(|apart| apart.is_part);
    [parts, others]
}

/// Lists what stands so in an element.
#[must_use]
pub fn of(root: ElementRef<'_>) -> Vec<Apart> {
    let mut found = Vec::new();
    let mut text: Vec<char> = Vec::new();
    let mut pending = vec![*root];
    while let Some(node) = pending.pop() {
        if let Node::Text(words) = node.value() {
            text.extend(words.chars().filter(|c| !is_blank(*c)));
        }
        if let Some(element) = ElementRef::wrap(node).filter(|element| *element != root) {
            let is_part = is_part(element);
            if (is_part || OTHERS.contains(&element.value().name())) && !is_never_shown(element) {
                let words = if is_part {
                    words_of(element)
                } else {
                    shown_words_of(element)
                };
                let before = text[text.len().saturating_sub(BEFORE)..].iter().collect();
                let apart = Apart {
                    before,
                    words,
                    is_part,
                };
                found.extend(Some(apart).filter(|apart| !apart.words.is_empty()));
                continue;
            }
            if is_left_out(element) {
                continue;
            }
        }
        let start = pending.len();
        pending.extend(node.children());
        pending[start..].reverse();
    }
    found
}

/// Returns the words of an element and of its label, without blanks.
fn words_of(element: ElementRef<'_>) -> String {
    let label = element.value().attr("label").into_iter();
    let words = label.chain(element.text()).flat_map(str::chars);
    words.filter(|c| !is_blank(*c)).collect()
}

/// Returns the words that a browser shows of an element, one without scripts those of a `noscript`, without blanks.
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
    words.retain(|c| !is_blank(c));
    words
}
