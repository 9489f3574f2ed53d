//! What a page that carries a proof has to be made of, so that its elements say what a reader sees: what an archive's program
//! writes, as far as that can be told without asking the page's style. The check in a browser asks the same. And which pages, with
//! a proof or without, have a style that is not asked.

use scraper::{ElementRef, Node};

use sha2::{Digest, Sha256};

use super::scripts::{KNOWN as KNOWN_SCRIPTS, KNOWN_STYLES};
use super::text::is_blank;
use crate::canonical::{invisible_characters, name_of_character};
use crate::id::hex;
use crate::language::right_to_left;
use crate::proof::block;
use crate::tlog::proof::MEDIA_TYPE as LOG_PROOF;

/// Elements of an article.
pub const KNOWN: &[&str] = &[
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

/// What surrounds an article.
const AROUND: &[&str] = &["html", "body", "main", "div", "section"];

/// Attributes by which an element of an article, or around it, is seen by all, and as what it is.
const ATTRIBUTES: &[&str] = &["class", "datetime", "href", "hreflang", "lang", "rel"];

/// Attributes by which elements of pages that carry no proof look in a way of their own.
const LOOKS: &[&str] = &[
    "style",
    "color",
    "text",
    "link",
    "vlink",
    "alink",
    "bgcolor",
    "background",
    "face",
];

/// The same of elements that are laid beside their text, or give it a size.
const LOOKS_OF: &[(&str, &str)] = &[("font", "size"), ("img", "align"), ("table", "align")];

/// The classes that an article and what is around it have.
const CLASSES: &[&str] = &["page", "back", "withheld", "plain", "unseen", "id"];

/// Elements by which a browser shows something else than stands there, or hides it from the check in a page.
const NEVER_ANYWHERE: &[&str] = &[
    "template",
    "noscript",
    "frameset",
    "base",
    "iframe",
    "object",
    "embed",
    "svg",
    "math",
    "dialog",
    "form",
    "marquee",
    "select",
    "textarea",
    "xmp",
    "plaintext",
];

/// Lists what makes a page another than an archive's program writes, each in a few words.
pub fn faults(text: &str, root: ElementRef<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    if !begins_in_utf8(text) {
        faults.push("another beginning than <!DOCTYPE html> and <meta charset=\"utf-8\">".to_owned());
    }
    let mut articles = 0;
    let mut pending = vec![(root, None)];
    while let Some((element, article)) = pending.pop() {
        let name = element.value().name();
        faults.extend(anywhere(element));
        let mut inside = article;
        if name == "article" {
            articles += 1;
            inside = Some(element.id());
        }
        // Where there are several that is fault enough.
        if name == "article" && articles == 1 {
            let above = element.ancestors().filter_map(ElementRef::wrap);
            faults.extend(above.filter_map(around));
        }
        let is_aside = name == "aside"
            && article.is_some()
            && parent(element).is_some_and(|parent| Some(parent.id()) == article);
        if is_aside {
            inside = None;
        } else if inside.is_some() {
            faults.extend(in_article(element));
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

fn parent(element: ElementRef<'_>) -> Option<ElementRef<'_>> {
    element.parent().and_then(ElementRef::wrap)
}

const DOCTYPE: &str = "<!doctype html>";

/// What says that a page is UTF-8, so that every browser takes the same characters from it.
const UTF_8: [&str; 3] = [
    "<meta charset=\"utf-8\">",
    "<meta charset=utf-8>",
    "<meta http-equiv=\"content-type\" content=\"text/html; charset=utf-8\">",
];

/// Tells whether nothing stands before the element that says UTF-8 but the document type, comments, and the tags of `html` and
/// `head`.
fn begins_in_utf8(text: &str) -> bool {
    let begin = past(text.strip_prefix('\u{feff}').unwrap_or(text), after_comment);
    let Some(rest) = after(begin, DOCTYPE) else {
        return false;
    };
    let rest = past(rest, |rest| {
        let after_name = || after(rest, "<html").or_else(|| after(rest, "<head"));
        after_comment(rest).or_else(|| after_attributes(after_name()?))
    });
    UTF_8.iter().any(|meta| after(rest, meta).is_some())
}

/// Returns what follows any number of something and the blanks around it.
fn past<'a>(text: &'a str, end_of: impl Fn(&'a str) -> Option<&'a str>) -> &'a str {
    let mut rest = text.trim_start_matches(is_blank);
    while let Some(after) = end_of(rest) {
        rest = after.trim_start_matches(is_blank);
    }
    rest
}

/// Returns what follows a beginning, whatever its letters' case.
fn after<'a>(text: &'a str, begin: &str) -> Option<&'a str> {
    let (first, rest) = text.split_at_checked(begin.len())?;
    first.eq_ignore_ascii_case(begin).then_some(rest)
}

/// Returns what follows a comment that every browser ends at the same place.
fn after_comment(text: &str) -> Option<&str> {
    let comment = text.strip_prefix("<!--")?;
    let (comment, rest) = comment.split_at(comment.find(['<', '>'])?);
    comment.ends_with("--").then_some(rest)?.strip_prefix('>')
}

/// Returns what follows the attributes of a tag of `html` or `head`, with which browsers and their extensions save a page.
fn after_attributes(text: &str) -> Option<&str> {
    let mut rest = text;
    while let Some(attribute) = rest.strip_prefix(' ') {
        let (name, value) = attribute.split_once('=')?;
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let is_data = |name: &str| name.strip_prefix("data-").is_some_and(|name| !name.is_empty());
        let name = name.to_ascii_lowercase();
        if !(matches!(&*name, "lang" | "class" | "id") || is_data(&name) && name.chars().all(is_word)) {
            return None;
        }
        let quoted = ['"', '\'']
            .iter()
            .find_map(|mark| value.strip_prefix(*mark)?.split_once(*mark));
        rest = if let Some((value, after)) = quoted {
            (!value.contains(['<', '>'])).then_some(after)?
        } else {
            let end = value.find(|c| !is_word(c))?;
            (end > 0).then_some(&value[end..])?
        };
    }
    rest.strip_prefix('>')
}

/// Tells whether a script is a block of data or one that the program writes.
pub fn is_own_script(element: ElementRef<'_>) -> bool {
    let value = element.value();
    if let Some(media_type) = value.attr("type") {
        return media_type == "application/ld+json"
            || media_type == LOG_PROOF
            || block::MEDIA_TYPES.contains(&media_type);
    }
    let text: String = element.text().collect();
    // A build reads its pages with this in the script's place.
    value.attrs().next().is_none()
        && (text == "\u{1}" || KNOWN_SCRIPTS.contains(&&*hex(&Sha256::digest(&text))))
}

/// Tells whether a page has more than one style, one that is not the program's, or a class by which the program's may hide
/// something of an article.
pub fn has_strange_style(root: ElementRef<'_>) -> bool {
    let mut elements = root.descendants().filter_map(ElementRef::wrap);
    let is_style = |element: &ElementRef<'_>| {
        let value = element.value();
        let mut relations = value.attr("rel").unwrap_or_default().split_ascii_whitespace();
        let mut is_sheet = || relations.any(|relation| relation.eq_ignore_ascii_case("stylesheet"));
        value.name() == "style" || value.name() == "link" && is_sheet()
    };
    let Some(style) = elements.find(is_style) else {
        return false;
    };
    let text: String = style.text().collect();
    let is_elsewhere =
        |element: &ElementRef<'_>| matches!(element.value().name(), "aside" | "header" | "nav");
    let has_strange_class = |element: ElementRef<'_>| {
        let mut around = element.ancestors().filter_map(ElementRef::wrap);
        let class = element.value().attr("class");
        class.is_some_and(|class| !CLASSES.contains(&class))
            && !is_elsewhere(&element)
            && !around.any(|ancestor| is_elsewhere(&ancestor))
    };
    let mut classed = root.descendants().filter_map(ElementRef::wrap);
    !KNOWN_STYLES.contains(&&*hex(&Sha256::digest(&text)))
        || elements.any(|element| is_style(&element))
        || classed.any(has_strange_class)
}

/// Tells whether an element of a page says how it looks, which may be as nothing, or where it stands.
pub fn has_look(root: ElementRef<'_>) -> bool {
    let mut elements = root.descendants().filter_map(ElementRef::wrap);
    elements.any(|element| {
        let value = element.value();
        let has = |look: &str| value.attr(look).is_some();
        let mut of_its_own = LOOKS_OF.iter().filter(|(name, _)| *name == value.name());
        LOOKS.iter().any(|look| has(look)) || of_its_own.any(|(_, look)| has(look))
    })
}

fn anywhere(element: ElementRef<'_>) -> Option<String> {
    let value = element.value();
    let name = value.name();
    let is_utf8 = value
        .attr("charset")
        .is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8"));
    let is_policy = value.attr("http-equiv").is_none_or(|kind| {
        let content = value.attr("content").unwrap_or_default();
        kind.eq_ignore_ascii_case("content-security-policy")
            || kind.eq_ignore_ascii_case("content-type")
                && content.eq_ignore_ascii_case("text/html; charset=utf-8")
    });
    let is_strange = NEVER_ANYWHERE.contains(&name)
        || name == "meta" && !(is_utf8 && is_policy)
        || name == "script" && !is_own_script(element);
    if is_strange {
        return Some(format!("<{name}>"));
    }
    let is_strange = |attribute: &str| {
        attribute.starts_with("on")
            || attribute == "style"
            || attribute == "popover"
            || attribute == "data-code" && !names_its_character(element)
    };
    let mut attributes = value.attrs();
    attributes
        .find(|(attribute, value)| is_strange(attribute) || runs(attribute, value))
        .map(|(attribute, _)| format!("<{name} {attribute}>"))
}

/// Tells whether an attribute leads to a script, which a click runs.
pub fn runs(attribute: &str, value: &str) -> bool {
    // A browser drops these characters.
    let mut address = value.chars().filter(|c| *c > ' ');
    let mut scheme = "javascript:".chars();
    (attribute.ends_with("href") || attribute.ends_with("action"))
        && scheme.all(|c| address.next().is_some_and(|own| own.eq_ignore_ascii_case(&c)))
}

fn around(element: ElementRef<'_>) -> Option<String> {
    let name = element.value().name();
    if AROUND.contains(&name) {
        strange_attribute(element)
    } else {
        Some(format!("<article> in <{name}>"))
    }
}

fn in_article(element: ElementRef<'_>) -> Option<String> {
    let name = element.value().name();
    if !KNOWN.contains(&name) {
        return Some(format!("<{name}>"));
    }
    // Browsers show no break there; a page has one only by a reference.
    let has_strange =
        |node: &Node| matches!(node, Node::Text(text) if text.contains(['\u{b}', '\u{c}', '\r']));
    if element.children().any(|child| has_strange(child.value())) {
        return Some(format!("a control character in <{name}>"));
    }
    let is_in_list = parent(element).is_some_and(|parent| matches!(parent.value().name(), "ul" | "ol"));
    if is_in_list != (name == "li") {
        return Some(format!("<{name}> where no page has one"));
    }
    let shows = |node: &Node| match node {
        Node::Text(text) => !text.chars().all(is_blank),
        Node::Element(element) => element.name() == "hr",
        _ => false,
    };
    let is_list = matches!(name, "ul" | "ol");
    let has_words = |node: &Node| matches!(node, Node::Text(_)) && shows(node);
    if is_list && element.children().any(|child| has_words(child.value())) {
        return Some(format!("words in <{name}> beside its items"));
    }
    // A browser counts an item without text, and the text does not.
    if name == "li" && !element.descendants().any(|node| shows(node.value())) {
        return Some("an empty <li>".to_owned());
    }
    strange_attribute(element)
}

/// Names an attribute that no element of an article has, or around it.
fn strange_attribute(element: ElementRef<'_>) -> Option<String> {
    let name = element.value().name();
    let is_number = |start: &str| {
        let number = start.parse().ok().filter(|number: &u32| *number < 900_000_000);
        number.is_some_and(|number| number.to_string() == start)
    };
    let is_known = |attribute: &str, value: &str| {
        ATTRIBUTES.contains(&attribute)
            || attribute.len() > "data-".len() && attribute.starts_with("data-") && attribute != "data-code"
            // Not the check's own place, which it empties.
            || attribute == "id" && value != "check"
            || attribute == "dir" && value == "auto" && matches!(name, "section" | "bdi")
            || attribute == "dir" && value == "rtl" && name == "section" && is_right_to_left(element)
            || attribute == "start" && name == "ol" && is_number(value)
            || matches!(attribute, "data-code" | "title") && names_its_character(element)
    };
    let mut attributes = element.value().attrs();
    let (attribute, _) = attributes.find(|(attribute, value)| !is_known(attribute, value))?;
    Some(format!("<{name} {attribute}>"))
}

/// Tells whether most letters in an element are written from right to left.
fn is_right_to_left(element: ElementRef<'_>) -> bool {
    let counts = element.text().map(right_to_left);
    let (so, others) = counts.fold((0, 0), |(so, others), count| (so + count.0, others + count.1));
    so > others
}

/// Tells whether an element shows the code of the one character in it, which itself shows nothing.
fn names_its_character(element: ElementRef<'_>) -> bool {
    let mut characters = element.text().flat_map(str::chars);
    let (Some(c), None) = (characters.next(), characters.next()) else {
        return false;
    };
    let is_unseen = c.is_control() || invisible_characters(c.encode_utf8(&mut [0; 4])).next().is_some();
    let code = name_of_character(c);
    let is_named = |attribute| element.value().attr(attribute).is_none_or(|value| value == code);
    let mut classes = element.value().classes();
    is_unseen
        && element.value().name() == "bdi"
        && classes.any(|class| class == "unseen")
        && is_named("data-code")
        && is_named("title")
}
