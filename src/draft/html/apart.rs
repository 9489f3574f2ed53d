//! Words that stand in an article in another way than one after the other, so that they are no part of its text: formulas,
//! text that moves, choices.

use scraper::{ElementRef, Node};

use super::text::{is_blank, is_left_out, is_never_shown};

/// The elements that show such words.
const ELEMENTS: &[&str] = &["math", "marquee", "option", "optgroup"];

/// How many characters before such words tell where they stand.
const BEFORE: usize = 32;

/// Such words and where they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    /// The last 32 characters of the text before them, without blanks.
    pub before: String,
    /// The words, without blanks.
    pub words: String,
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
            let name = element.value().name();
            if ELEMENTS.contains(&name) && !is_never_shown(element) {
                let words: String = words_of(element);
                let before = text[text.len().saturating_sub(BEFORE)..].iter().collect();
                found.extend(Some(Apart { before, words }).filter(|apart| !apart.words.is_empty()));
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
