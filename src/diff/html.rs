//! Differences as HTML, for people: what is gone is struck out, what is new is underlined, and both say so to those who
//! cannot see it. A text is hostile here: nothing in it becomes an element, and none turns the direction of another.

use std::fmt::Write as _;

use super::{ParagraphChange, Piece};
use crate::canonical::{invisible_characters, is_common, name_of_character};
use crate::language::{self, Language};

/// The style of [`changes`] and of a page around it, for light and dark screens and for paper.
pub const STYLE: &str = include_str!("style.css");

/// The language in which a difference is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    /// English.
    English,
    /// Chinese.
    Chinese,
}

/// Writes changes as an HTML fragment: a list, a member for each paragraph. Nothing where there are none.
///
/// Without its tags, and without what is in `del` or in `ins`, a changed paragraph is the new or the old text. Each is said to be
/// in the one of `languages` that it is judged to be in, so that it gets that language's letterforms.
#[must_use]
pub fn changes(changes: &[ParagraphChange], languages: &[Language], tongue: Tongue) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let mut out = String::from("<ol class=\"changes\">\n");
    for change in changes {
        let (class, place) = place(change, tongue);
        let _ = write!(
            out,
            "<li class=\"{class}\"><p class=\"place\">{place}</p>\n<p class=\"text\"{} dir=\"auto\">",
            language_of(change, languages)
        );
        match change {
            ParagraphChange::Changed { pieces, .. } => pieces.iter().for_each(|each| piece(each, &mut out)),
            ParagraphChange::Removed { text, .. } => element("del", text, &mut out),
            ParagraphChange::Added { text, .. } => element("ins", text, &mut out),
            ParagraphChange::Moved { text, .. } => escape_into(text, &mut out),
        }
        out.push_str("</p></li>\n");
    }
    out.push_str("</ol>\n");
    out
}

/// Returns the attribute that names a paragraph's language.
fn language_of(change: &ParagraphChange, languages: &[Language]) -> String {
    let found = match change {
        ParagraphChange::Changed { pieces, .. } => {
            let text: String = pieces.iter().map(Piece::text).collect();
            language::of_text(&text, languages)
        }
        ParagraphChange::Removed { text, .. }
        | ParagraphChange::Added { text, .. }
        | ParagraphChange::Moved { text, .. } => language::of_text(text, languages),
    };
    found
        .map(|found| format!(" lang=\"{found}\""))
        .unwrap_or_default()
}

/// Names a change: a class for the style, and words for the reader.
fn place(change: &ParagraphChange, tongue: Tongue) -> (&'static str, String) {
    let say = |english: String, chinese: String| match tongue {
        Tongue::English => english,
        Tongue::Chinese => chinese,
    };
    match change {
        ParagraphChange::Changed { before, after, .. } if before == after => (
            "changed",
            say(
                format!("Paragraph {after}, changed"),
                format!("第{after}段，有改动"),
            ),
        ),
        ParagraphChange::Changed { before, after, .. } => (
            "changed",
            say(
                format!("Paragraph {after}, before {before}, changed"),
                format!("第{after}段，原第{before}段，有改动"),
            ),
        ),
        ParagraphChange::Removed { before, .. } => (
            "removed",
            say(
                format!("Paragraph {before}, removed"),
                format!("第{before}段，已删"),
            ),
        ),
        ParagraphChange::Added { after, .. } => (
            "added",
            say(format!("Paragraph {after}, added"), format!("第{after}段，新增")),
        ),
        ParagraphChange::Moved { before, after, .. } => (
            "moved",
            say(
                format!("Paragraph {after}, moved here from paragraph {before}"),
                format!("第{after}段，从第{before}段移来"),
            ),
        ),
    }
}

fn piece(piece: &Piece, out: &mut String) {
    match piece {
        Piece::Same(text) => escape_into(text, out),
        Piece::Removed(text) => element("del", text, out),
        Piece::Added(text) => element("ins", text, out),
    }
}

fn element(name: &str, text: &str, out: &mut String) {
    let _ = write!(out, "<{name} dir=\"auto\">");
    escape_into(text, out);
    let _ = write!(out, "</{name}>");
}

/// Writes one value that took the place of another; either may have been absent.
#[must_use]
pub fn replaced(before: Option<&str>, after: Option<&str>) -> String {
    let mut out = String::new();
    for (name, value) in [("del", before), ("ins", after)] {
        if let Some(value) = value {
            element(name, value, &mut out);
            out.push(' ');
        }
    }
    out
}

/// Returns a text as HTML that shows it.
///
/// An invisible character stands isolated in an element that names it, so that it turns nothing around it and is seen;
/// a control character that HTML cannot carry is named only.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    escape_into(text, &mut out);
    out
}

fn escape_into(text: &str, out: &mut String) {
    if is_common(text) {
        let mut rest = text;
        while let Some(at) = rest
            .bytes()
            .position(|byte| matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\''))
        {
            out.push_str(&rest[..at]);
            out.push_str(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            });
            rest = &rest[at + 1..];
        }
        out.push_str(rest);
        return;
    }
    escape_one_by_one(text, out);
}

fn escape_one_by_one(text: &str, out: &mut String) {
    let mut unseen = invisible_characters(text).peekable();
    for (at, c) in text.char_indices() {
        let is_unseen = unseen.next_if(|(next, _)| *next == at).is_some();
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || is_unseen => {
                let code = name_of_character(c);
                let _ = write!(
                    out,
                    "<bdi class=\"unseen\" title=\"{code}\" data-code=\"{code}\">"
                );
                if !c.is_control() {
                    out.push(c);
                }
                out.push_str("</bdi>");
            }
            c => out.push(c),
        }
    }
}

/// Returns what a text says where no element can stand, as in the title of a page.
#[must_use]
pub fn plain(text: &str) -> String {
    let unseen: Vec<usize> = invisible_characters(text).map(|(at, _)| at).collect();
    text.char_indices()
        .filter(|(at, c)| !c.is_control() && !unseen.contains(at))
        .map(|(_, c)| c)
        .collect()
}

/// Writes a page that needs nothing but itself and runs nothing. `body` is HTML, `title` is text.
#[must_use]
pub fn page(title: &str, body: &str) -> String {
    let title = plain(title).replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use scraper::{ElementRef, Html, Node};

    use super::super::compare;
    use super::*;

    /// What a browser would show of an element, without what stands in elements of a name.
    fn shown(element: ElementRef<'_>, without: &str) -> String {
        let mut text = String::new();
        for child in element.children() {
            match child.value() {
                Node::Text(piece) => text.push_str(piece),
                Node::Element(inner) if inner.name() != without => {
                    text.push_str(&shown(
                        ElementRef::wrap(child).expect("it is an element"),
                        without,
                    ));
                }
                _ => {}
            }
        }
        text
    }

    fn texts(fragment: &str, without: &str) -> Vec<String> {
        let page = Html::parse_fragment(fragment);
        let selector = scraper::Selector::parse("p.text").unwrap();
        page.select(&selector).map(|p| shown(p, without)).collect()
    }

    #[test]
    fn each_change_says_in_words_what_it_is() {
        let before = "一。\n\n二二二二二二。\n\nA third paragraph & more.\n\nLast.\n";
        let after = "二二二二二二。\n\n一。\n\nA third <b>paragraph</b> & more.\n\nLast.\n\nNew.\n";
        let fragment = changes(&compare(before, after), &[], Tongue::English);
        assert!(fragment.contains("moved here from paragraph"), "{fragment}");
        assert!(fragment.contains("Paragraph 3, changed"), "{fragment}");
        assert!(fragment.contains("Paragraph 5, added"), "{fragment}");
        assert!(
            !fragment.contains("<b>") && fragment.contains("&lt;"),
            "{fragment}"
        );
        assert!(
            fragment.contains("<p class=\"text\" lang=\"zh\" dir=\"auto\">"),
            "{fragment}"
        );
        assert!(
            fragment.contains("<p class=\"text\" lang=\"en\" dir=\"auto\">"),
            "{fragment}"
        );
        assert_eq!(changes(&[], &[], Tongue::Chinese), "");
    }

    #[test]
    fn what_turns_the_direction_is_isolated_and_named() {
        assert_eq!(
            escape("a\u{202e}b"),
            "a<bdi class=\"unseen\" title=\"U+202E\" data-code=\"U+202E\">\u{202e}</bdi>b"
        );
        assert!(!escape("\u{1b}[2J\r\0").contains(['\u{1b}', '\r', '\0']));
    }

    proptest! {
        #[test]
        fn common_characters_are_escaped_as_any(text in "[a&<>\"'\n 中，é]{0,20}[\t\u{200b}\u{1}]?") {
            let mut one_by_one = String::new();
            escape_one_by_one(&text, &mut one_by_one);
            prop_assert_eq!(escape(&text), one_by_one);
        }

        #[test]
        fn without_its_tags_it_is_both_texts(
            before in "[ab<>&\"' 中。é\u{202e}\u{200b}\n]{1,40}", after in "[ab<>&\"' 中。é\u{202e}\u{200b}\n]{1,40}"
        ) {
            let (before, after) = (crate::canonical::canonical(&before), crate::canonical::canonical(&after));
            let found = compare(&before, &after);
            let fragment = changes(&found, &[], Tongue::Chinese);
            let side = |wanted: fn(&Piece) -> bool, pieces: &[Piece]| -> String {
                let of = pieces.iter().filter(|piece| wanted(piece));
                of.map(Piece::text).collect()
            };
            let (mut old, mut new) = (Vec::new(), Vec::new());
            for change in &found {
                match change {
                    ParagraphChange::Changed { pieces, .. } => {
                        old.push(side(|p| !matches!(p, Piece::Added(_)), pieces));
                        new.push(side(|p| !matches!(p, Piece::Removed(_)), pieces));
                    }
                    ParagraphChange::Removed { text, .. } => { old.push(text.clone()); new.push(String::new()); }
                    ParagraphChange::Added { text, .. } => { old.push(String::new()); new.push(text.clone()); }
                    ParagraphChange::Moved { text, .. } => { old.push(text.clone()); new.push(text.clone()); }
                }
            }
            prop_assert_eq!(texts(&fragment, "ins"), old);
            prop_assert_eq!(texts(&fragment, "del"), new);
        }
    }
}
