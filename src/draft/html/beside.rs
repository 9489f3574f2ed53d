//! What a page shows a reader beside the text that is read of it: around its article, and in the article what is left
//! out of the text.

use scraper::{ElementRef, Node};

use super::super::{Beside, Place};
use super::text::{BLOCKS, is_blank, is_left_out, is_navigation, is_never_shown};

/// Elements in which a page says what is no part of its article.
const FRAME: &[&str] = &["nav", "header", "footer", "aside"];

/// Elements in which parts of a page are laid out.
const LAYOUT: &[&str] = &["main", "div", "section"];

/// Elements that show something without words.
const WORDLESS: &[&str] = &[
    "img", "iframe", "svg", "object", "embed", "video", "audio", "canvas", "input", "math",
];

/// Lists what stands around an article and amid it, in the page's order.
pub fn of(body: ElementRef<'_>, article: ElementRef<'_>) -> Vec<Beside> {
    let above: Vec<_> = article.ancestors().map(|node| node.id()).collect();
    let mut found = Vec::new();
    let mut pending = vec![(*body, false, false)];
    while let Some((node, is_in, is_in_header)) = pending.pop() {
        let Some(element) = ElementRef::wrap(node) else {
            if let Node::Text(text) = node.value() {
                found.extend(beside(Place::Loose, &words_of_text(text)).filter(|_| !is_in));
            }
            continue;
        };
        let name = element.value().name();
        if is_never_shown(element) {
            continue;
        }
        let is_article = element.id() == article.id();
        let is_header = is_in && name == "header";
        let is_open = if is_in {
            !is_left_out(element) && (!is_header || is_in_header || !is_navigation(element))
        } else {
            is_article || element.id() == body.id() || LAYOUT.contains(&name) || above.contains(&element.id())
        };
        if is_open {
            let start = pending.len();
            let (is_in, is_in_header) = (is_in || is_article, is_in_header || is_header);
            pending.extend(node.children().map(|child| (child, is_in, is_in_header)));
            pending[start..].reverse();
            continue;
        }
        let is_frame = if is_in {
            name == "aside" && node.parent().is_some_and(|parent| parent.id() == article.id())
        } else {
            FRAME.contains(&name)
        };
        let place = if is_frame { Place::Frame } else { Place::Loose };
        found.extend(beside(place, &words(element)));
    }
    found
}

fn beside(place: Place, text: &str) -> Option<Beside> {
    let text = text.trim();
    (!text.is_empty()).then(|| Beside {
        place,
        text: text.to_owned(),
    })
}

/// Returns what an element shows: its words, a line for each block, or the name of what it shows without words.
fn words(root: ElementRef<'_>) -> String {
    let mut text = String::new();
    let mut wordless = None;
    // Each node twice where it is a block: to be read, and at its end.
    let mut pending = vec![(*root, false)];
    while let Some((node, is_end)) = pending.pop() {
        if is_end {
            end_line(&mut text);
            continue;
        }
        if let Node::Text(shown) = node.value() {
            let shown = words_of_text(shown);
            let is_apart = text.is_empty() || text.ends_with('\n') || text.ends_with(' ');
            text.push_str(if is_apart { shown.trim_start() } else { &shown });
        }
        let Some(element) = ElementRef::wrap(node) else {
            continue;
        };
        if is_never_shown(element) {
            continue;
        }
        let name = element.value().name();
        for attribute in ["alt", "value", "placeholder", "label"] {
            let shown = element.value().attr(attribute).unwrap_or_default();
            if WORDLESS.contains(&name) || matches!(name, "textarea" | "option" | "optgroup") {
                text.push_str(&words_of_text(shown));
            }
        }
        if WORDLESS.contains(&name) {
            wordless.get_or_insert(name);
        }
        let is_block = BLOCKS.contains(&name) || name == "br";
        if is_block {
            end_line(&mut text);
            pending.push((node, true));
        }
        let start = pending.len();
        pending.extend(node.children().map(|child| (child, false)));
        pending[start..].reverse();
    }
    match wordless {
        Some(name) if text.trim().is_empty() => format!("<{name}>"),
        _ => text,
    }
}

fn end_line(text: &mut String) {
    text.truncate(text.trim_end().len());
    if !text.is_empty() {
        text.push('\n');
    }
}

/// Makes one blank of each run of white space, as a browser does.
fn words_of_text(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    for c in text.chars() {
        if !is_blank(c) {
            words.push(c);
        } else if !words.ends_with(' ') {
            words.push(' ');
        }
    }
    words
}
