//! What a page that carries a proof has to be made of, so that its elements say what a reader sees: what an archive's program
//! writes, as far as that can be told without asking the page's style. The check in a browser asks the same.

use scraper::{ElementRef, Node};

use super::text::is_blank;
use crate::canonical::invisible_characters;

/// Elements of an article.
const KNOWN: &[&str] = &[
    "article",
    "section",
    "div",
    "p",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "blockquote",
    "ul",
    "ol",
    "li",
    "pre",
    "hr",
    "footer",
    "a",
    "em",
    "strong",
    "code",
    "br",
    "bdi",
    "span",
    "time",
];

/// Attributes by which an element of an article would not be seen by all, or as what it is.
const NEVER_THERE: &[&str] = &[
    "style",
    "hidden",
    "popover",
    "inert",
    "aria-hidden",
    "value",
    "reversed",
    "type",
    "role",
];

/// Elements by which a browser shows something else than stands there.
const NEVER_ANYWHERE: &[&str] = &[
    "template", "noscript", "frameset", "frame", "iframe", "object", "embed", "base",
];

/// Lists what makes a page another than an archive's program writes, each in a few words.
pub fn faults(text: &str, root: ElementRef<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    if !begins_as_html(text) {
        faults.push("its beginning is not <!DOCTYPE html>".to_owned());
    }
    // To a browser that reads the page as XML this is text, to others a comment.
    if text.contains("<![CDATA[") {
        faults.push("<![CDATA[".to_owned());
    }
    let mut articles = 0;
    let mut pending = vec![(root, None)];
    while let Some((element, article)) = pending.pop() {
        let name = element.value().name();
        faults.extend(anywhere(element));
        let is_article = name == "article";
        articles += usize::from(is_article);
        let mut inside = article;
        if is_article {
            inside = Some(element.id());
        }
        if inside.is_some() {
            let is_aside = name == "aside"
                && element
                    .parent()
                    .is_some_and(|parent| Some(parent.id()) == article);
            if is_aside {
                inside = None;
            } else {
                faults.extend(in_article(element));
            }
        }
        let start = pending.len();
        let children = element.children().filter_map(ElementRef::wrap);
        pending.extend(children.map(|child| (child, inside)));
        pending[start..].reverse();
    }
    if articles != 1 {
        faults.push(format!("{articles} elements <article>"));
    }
    faults
}

/// Tells whether a page begins so that every browser reads it as HTML. One that saved it may have put a comment there.
fn begins_as_html(text: &str) -> bool {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start_matches(is_blank);
    while let Some((_, after)) = rest
        .strip_prefix("<!--")
        .and_then(|comment| comment.split_once("-->"))
    {
        rest = after.trim_start_matches(is_blank);
    }
    const DOCTYPE: &str = "<!doctype html>";
    rest.get(..DOCTYPE.len())
        .is_some_and(|begin| begin.eq_ignore_ascii_case(DOCTYPE))
}

fn anywhere(element: ElementRef<'_>) -> Option<String> {
    let value = element.value();
    let name = value.name();
    let is_policy = |kind: &str| kind.eq_ignore_ascii_case("content-security-policy");
    if NEVER_ANYWHERE.contains(&name) || value.attr("http-equiv").is_some_and(|kind| !is_policy(kind)) {
        return Some(format!("<{name}>"));
    }
    let mut attributes = value.attrs().map(|(attribute, _)| attribute);
    let runs = attributes.find(|attribute| attribute.starts_with("on"));
    runs.map(|attribute| format!("<{name} {attribute}>"))
}

fn in_article(element: ElementRef<'_>) -> Option<String> {
    let value = element.value();
    let name = value.name();
    if !KNOWN.contains(&name) {
        return Some(format!("<{name}>"));
    }
    let strange = |attribute: &str| Some(format!("<{name} {attribute}>"));
    if let Some(attribute) = NEVER_THERE
        .iter()
        .find(|attribute| value.attr(attribute).is_some())
    {
        return strange(attribute);
    }
    if value.attr("dir").is_some_and(|dir| dir != "auto") {
        return strange("dir");
    }
    let is_number = |start: &str| {
        start
            .parse()
            .is_ok_and(|number: u32| number < 900_000_000 && number.to_string() == start)
    };
    if name == "ol" && value.attr("start").is_some_and(|start| !is_number(start)) {
        return strange("start");
    }
    let shows = |node: &Node| match node {
        Node::Text(text) => !text.chars().all(is_blank),
        Node::Element(element) => element.name() == "hr",
        _ => false,
    };
    if name == "li" && !element.descendants().any(|node| shows(node.value())) {
        return Some("an empty <li>".to_owned());
    }
    let is_code = value.attr("data-code").is_some() || value.classes().any(|class| class == "unseen");
    if is_code && !names_its_character(element) {
        return strange("data-code");
    }
    None
}

/// Tells whether an element shows the code of the one character in it, which itself shows nothing.
fn names_its_character(element: ElementRef<'_>) -> bool {
    let text: String = element.text().collect();
    let mut characters = text.chars();
    let (Some(c), None) = (characters.next(), characters.next()) else {
        return false;
    };
    let is_unseen = c.is_control() || invisible_characters(&text).next().is_some();
    let code = format!("U+{:04X}", u32::from(c));
    is_unseen && element.value().name() == "bdi" && element.value().attr("data-code") == Some(&code)
}
