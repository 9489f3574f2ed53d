//! What a page shows a reader beside the text that is read of it: around its article, and in the article what is left
//! out of the text.

use scraper::{ElementRef, Node};

use super::super::{Beside, Place};
use super::apart;
use super::grid;
use super::hidden::{self, Display, Visibility};
use super::numbers::Numbers;
use super::own;
use super::shown_elements;
use super::text::{
    BLOCKS, hides_itself, is_blank, is_hidden_text, is_left_out, is_navigation, is_never_shown, is_no_text,
    letters,
};
use crate::capture::wayback;
use crate::language::right_to_left;

/// Elements in which a page says what is no part of its article.
pub const FRAME: &[&str] = &["nav", "header", "footer", "aside"];

/// Elements by which a page is used.
const ELSEWHERE: &[&str] = &["nav", "menu", "header", "select", "datalist", "iframe"];

/// Roles that say the same of any element.
const ELSEWHERE_ROLES: &[&str] = &["navigation", "search", "menu", "menubar", "toolbar"];

/// What sites call the parts of a page in which readers remark on it, or that lead to other pages.
const OTHERS: &[&str] = &[
    "comment",
    "comments",
    "comment-list",
    "commentlist",
    "comments-area",
    "comments-section",
    "disqus_thread",
    "respond",
    "related",
    "related-articles",
    "related-news",
    "related-posts",
    "recommended",
];

/// In how many nodes and bytes of an element is looked for the letter by which it has its direction.
const LONGEST_BEGIN: usize = 4096;

/// The most nodes beside a link that are looked at.
const MOST_BESIDE_LINK: usize = 100;

/// Which elements a page shows something by that their words do not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// Those that have no words.
    Wordless,
    /// All but those of which an archive's pages are made.
    Foreign,
}

/// Elements in which parts of a page are laid out.
const LAYOUT: &[&str] = &["main", "div", "section"];

/// Elements that show something without words, or are laid over what does.
const WORDLESS: &[&str] = &[
    "img",
    "iframe",
    "svg",
    "object",
    "embed",
    "video",
    "audio",
    "canvas",
    "input",
    "math",
    "marquee",
    "fencedframe",
    "permission",
    "geolocation",
    "dialog",
];

/// Those whose words, where they have some, are all that they show.
const WORDED: &[&str] = &["input"];

/// Elements whose words browsers show only where they cannot show the element itself, or none of them before a reader asks.
const FALLBACK: &[&str] = &[
    "noscript",
    "noframes",
    "noembed",
    "iframe",
    "object",
    "video",
    "audio",
    "canvas",
    "progress",
    "meter",
    "datalist",
    "select",
    "fencedframe",
    "permission",
    "geolocation",
];

/// Those of pictures and formulas that are not shown, or only where another element says so.
const UNSHOWN: &[&str] = &[
    "desc",
    "metadata",
    "defs",
    "symbol",
    "annotation",
    "annotation-xml",
    "mphantom",
];

/// Kinds of fields that do not show their values.
const UNLABELLED: &[&str] = &["checkbox", "radio", "file", "image", "color", "range", "password"];

/// Elements that show another text than stands in them, or may.
const OTHERWISE: &[&str] = &["img", "amp-img", "bdo", "rtc", "dialog"];

/// Lists what stands around an article and amid it, in the page's order.
pub fn of(body: ElementRef<'_>, article: ElementRef<'_>, named: Named, numbers: &Numbers) -> Vec<Beside> {
    let above: Vec<_> = article.ancestors().map(|node| node.id()).collect();
    let mut found = Vec::new();
    let mut otherwise = Vec::new();
    let mut around = article.ancestors().filter_map(ElementRef::wrap);
    let mut directions = vec![around.find_map(Direction::said_by).unwrap_or_default()];
    // A style may show what stands in a head.
    let main = main_around(article);
    let is_near = |element: ElementRef<'_>| {
        main.is_some_and(|main| element == main || element.ancestors().any(|above| above.id() == main.id()))
    };
    let mut pending = vec![(*body, false, false, 0)];
    pending.extend(body.prev_siblings().map(|node| (node, false, false, 0)));
    while let Some((node, is_in, is_in_header, mut direction)) = pending.pop() {
        let Some(element) = ElementRef::wrap(node) else {
            if let Node::Text(text) = node.value() {
                let shown = words_of_text(text);
                let parent = node.parent().and_then(ElementRef::wrap);
                let own = if parent.is_some_and(is_in_others) {
                    ""
                } else {
                    &*shown
                };
                let said = beside(Place::Loose, false, &shown, own).filter(|_| !is_in);
                found.extend(said.map(|said| Beside {
                    is_near: !said.own.is_empty() && parent.is_some_and(is_near),
                    ..said
                }));
                if is_in {
                    let (so, others) = right_to_left(text);
                    let Direction {
                        letters, has_text, ..
                    } = &mut directions[direction];
                    *letters = (letters.0 + so, letters.1 + others);
                    *has_text |= !text.chars().all(is_blank);
                }
            }
            continue;
        };
        let name = element.value().name();
        if is_never_shown(element) || matches!(name, "meta" | "link") {
            continue;
        }
        let is_article = element.id() == article.id();
        let is_header = is_in && name == "header";
        let is_open = if is_in {
            !is_left_out(element) && (!is_header || is_in_header || !is_navigation(element))
        } else {
            is_article
                || element.id() == body.id()
                || LAYOUT.contains(&name) && is_surely_shown(element) && !hides_itself(element)
                || above.contains(&element.id())
        };
        if is_open {
            if is_in && OTHERWISE.contains(&name) && !otherwise.contains(&name) {
                otherwise.push(name);
                found.extend(beside(Place::Loose, false, &format!("<{name}>"), ""));
            }
            let start = pending.len();
            let (is_in, is_in_header) = (is_in || is_article, is_in_header || is_header);
            if let Some(said) = Direction::said_by(element).filter(|_| is_in) {
                direction = directions.len();
                directions.push(said);
            }
            pending.extend(
                node.children()
                    .map(|child| (child, is_in, is_in_header, direction)),
            );
            pending[start..].reverse();
            continue;
        }
        let is_frame = if is_in {
            name == "aside" && node.parent().is_some_and(|parent| parent.id() == article.id())
        } else {
            FRAME.contains(&name) || is_left_by_extension(element)
        };
        let place = if is_frame { Place::Frame } else { Place::Loose };
        let (text, wordless) = words(element, named, |_| false);
        let own = own_words(element, named);
        let said = beside(place, is_in && !leads_elsewhere(element), &text, &own);
        let is_apart = is_in && apart::is_part(element);
        let is_way = is_in_others(element) || name != "header" && leads_elsewhere(element);
        let is_near = !is_in && !is_way && is_near(element);
        found.extend(said.map(|said| Beside {
            is_near,
            is_apart,
            ..said
        }));
        found.extend(
            wordless
                .iter()
                .filter_map(|name| beside(place, false, &format!("<{name}>"), "")),
        );
    }
    // Of a page that carries its proof another check tells that.
    if named == Named::Wordless {
        found.extend(names(article, &directions, numbers));
    }
    found
}

/// Returns the nearest element around an article that is marked as what a page is about.
fn main_around(article: ElementRef<'_>) -> Option<ElementRef<'_>> {
    let mut around = article.ancestors().filter_map(ElementRef::wrap);
    around.find(|above| {
        let value = above.value();
        value.name() == "main" || value.attr("role") == Some("main")
    })
}

/// Names what lets words of an article be seen only later, or lays them out otherwise, and what turns their direction.
fn names(article: ElementRef<'_>, directions: &[Direction<'_>], numbers: &Numbers) -> Vec<Beside> {
    let veiled = veiled(article);
    let named = veiled
        .iter()
        .map(String::as_str)
        .chain(laid_otherwise(article, numbers));
    let named = named.filter_map(|name| beside(Place::Loose, true, name, ""));
    let mut turned: Vec<&str> = directions.iter().filter_map(Direction::strange).collect();
    turned.sort_unstable();
    turned.dedup();
    let turned = turned
        .iter()
        .filter_map(|name| beside(Place::Loose, false, &format!("<{name} dir>"), ""))
        .map(|said| Beside {
            is_near: true,
            ..said
        });
    named.chain(turned).collect()
}

/// Returns the words of an element that the page itself says and a reader surely sees.
fn own_words(element: ElementRef<'_>, named: Named) -> String {
    if is_in_others(element) {
        return String::new();
    }
    let (words, _) = words(element, named, |element| {
        is_of_others(element)
            || is_only_link(element)
            || !is_surely_shown(element)
            || has_no_size(element)
            || is_unlabelled(element)
            || FALLBACK.contains(&element.value().name())
            || UNSHOWN.contains(&element.value().name())
    });
    words
}

/// Tells whether an element says that it is laid out without a width, or a height.
fn has_no_size(element: ElementRef<'_>) -> bool {
    ["width", "height"].iter().any(|size| {
        let size = element.value().attr(size).unwrap_or_default().trim_start();
        let number = size.trim_start_matches(['0', '.']);
        size.starts_with('0') && !number.starts_with(|c: char| c.is_ascii_digit())
    })
}

/// Tells whether an element is a field that shows something else than its value.
fn is_unlabelled(element: ElementRef<'_>) -> bool {
    let kind = element
        .value()
        .attr("type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    element.value().name() == "input" && UNLABELLED.contains(&&*kind)
}

/// Returns the words of an article that are seen only later, if at all, a line for each block, where they are less than three quarters
/// of it: a page that lets all of its text appear so shows it.
pub fn veiled_words(article: ElementRef<'_>) -> String {
    let elements = shown_elements(article).into_iter();
    let veiled = elements.filter(|element| hidden::veil(*element).is_some());
    let words = veiled.map(|element| words(element, Named::Wordless, |_| false).0);
    let words = words.collect::<Vec<_>>().join("\n");
    let all: usize = article.text().map(letters).sum();
    if 4 * letters(&words) < 3 * all {
        words
    } else {
        String::new()
    }
}

/// Names the elements of what is read of an article, and those around it, by which words are seen only later.
fn veiled(article: ElementRef<'_>) -> Vec<String> {
    let around = article.ancestors().filter_map(ElementRef::wrap);
    let elements = around.chain(shown_elements(article));
    let name = |element: ElementRef<'_>| match hidden::veil(element) {
        Some(veil) => Some(format!("<{} {veil}>", element.value().name())),
        None => hidden::is_folded(element).then(|| "<details>".to_owned()),
    };
    let mut veiled: Vec<String> = elements.filter_map(name).collect();
    veiled.sort_unstable();
    veiled.dedup();
    veiled
}

/// Names what is read of an article and may have another number than is read, or stand beside other words, and what gives the article
/// itself a number.
fn laid_otherwise(article: ElementRef<'_>, numbers: &Numbers) -> Vec<&'static str> {
    let mut around = article.ancestors().filter_map(ElementRef::wrap);
    let is_numbered = around.any(|element| numbers.before(element).is_some());
    let elements = shown_elements(article).into_iter();
    let named = elements.filter_map(|element| numbers.strange(element).or_else(|| grid::strange(element)));
    let mut named: Vec<&str> = is_numbered.then_some("<li>").into_iter().chain(named).collect();
    named.sort_unstable();
    named.dedup();
    named
}

/// Tells whether an element says nothing by which it is not known whether a browser shows it, or when.
fn is_surely_shown(element: ElementRef<'_>) -> bool {
    hidden::display(element) == Display::Shown
        && hidden::visibility(element) != Visibility::Unsure
        && hidden::veil(element).is_none()
}

/// What an element says of the direction of a text, and the letters of what is read there.
#[derive(Default)]
struct Direction<'a> {
    /// The element, where what is in it is written from right to left.
    turns: Option<&'a str>,
    /// How many letters are of scripts that are written so, and how many of others.
    letters: (usize, usize),
    has_text: bool,
}

impl<'a> Direction<'a> {
    /// Returns what an element says; nothing where it leaves the direction as it is.
    fn said_by(element: ElementRef<'a>) -> Option<Self> {
        let name = element.value().name();
        let own = element
            .value()
            .attr("dir")
            .or((name == "bdi").then_some("auto"))?;
        let is = |known: &str| own.eq_ignore_ascii_case(known);
        let is_turned = is("rtl") || is("auto") && begins_right_to_left(element);
        (is_turned || is("ltr") || is("auto")).then(|| Self {
            // The element whose only use that is is told for itself.
            turns: Some(name).filter(|name| is_turned && !OTHERWISE.contains(name)),
            ..Self::default()
        })
    }

    /// Names the element if it turns what is not written so, as it may be numbers around a sign.
    fn strange(&self) -> Option<&'a str> {
        let (so, others) = self.letters;
        self.turns.filter(|_| self.has_text && so <= others)
    }
}

/// Tells whether the first letter by which an element has its direction (HTML, "auto-directionality") is written from right to
/// left, or whether that one stands too far behind; it may be hidden.
fn begins_right_to_left(element: ElementRef<'_>) -> bool {
    let is_passed_over = |above: ElementRef<'_>| {
        let value = above.value();
        let directions = ["ltr", "rtl", "auto"];
        let has_direction = |own: &str| directions.iter().any(|known| own.eq_ignore_ascii_case(known));
        matches!(value.name(), "bdi" | "script" | "style" | "textarea")
            || value.attr("dir").is_some_and(has_direction)
    };
    let is_so = |c: char| match c {
        // Marks that show nothing.
        '\u{200e}' => Some(false),
        '\u{200f}' | '\u{61c}' => Some(true),
        c => match right_to_left(c.encode_utf8(&mut [0; 4])) {
            (0, 0) => None,
            (so, _) => Some(so > 0),
        },
    };
    let mut left = LONGEST_BEGIN;
    for node in element.descendants() {
        let text = node.value().as_text().map_or("", |text| text);
        let found = text.chars().take(left).find_map(is_so);
        let mut above = node
            .ancestors()
            .take_while(|above| above.id() != element.id())
            .filter_map(ElementRef::wrap);
        match found {
            Some(is_so) if !above.any(is_passed_over) => return is_so,
            _ => left = left.saturating_sub(1 + text.len()),
        }
        if left == 0 {
            return true;
        }
    }
    false
}

/// Tells an empty element of a kind that HTML has not, as extensions of browsers leave them: nothing shows in it where a page's
/// scripts are known.
fn is_left_by_extension(element: ElementRef<'_>) -> bool {
    element.value().name().contains('-')
        && element.descendants().skip(1).all(|node| match node.value() {
            Node::Text(text) => text.chars().all(is_blank),
            Node::Element(_) => false,
            _ => true,
        })
}

/// Tells what an article has for its readers' ways, and not for its words.
fn leads_elsewhere(element: ElementRef<'_>) -> bool {
    let value = element.value();
    let role = value.attr("role").unwrap_or_default().trim().to_ascii_lowercase();
    ELSEWHERE.contains(&value.name()) || ELSEWHERE_ROLES.contains(&&*role) || wayback::is_frame(element)
}

/// Tells whether the page says by a name that an element has what others say, or leads to other pages.
pub fn is_of_others(element: ElementRef<'_>) -> bool {
    let element = element.value();
    // Classes of the whole page tell of its parts.
    let names = ["id", "class"].map(|name| element.attr(name).unwrap_or_default());
    let mut names = names.into_iter().flat_map(str::split_ascii_whitespace);
    !matches!(element.name(), "html" | "body")
        && names.any(|name| OTHERS.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

fn is_in_others(element: ElementRef<'_>) -> bool {
    is_of_others(element) || element.ancestors().filter_map(ElementRef::wrap).any(is_of_others)
}

/// Tells whether a link is all that there is where it stands.
fn is_only_link(element: ElementRef<'_>) -> bool {
    let mut siblings = element.prev_siblings().chain(element.next_siblings());
    element.value().name() == "a"
        && siblings
            .by_ref()
            .take(MOST_BESIDE_LINK)
            .all(|node| match (node.value(), ElementRef::wrap(node)) {
                (Node::Text(text), _) => text.chars().all(is_blank),
                (_, Some(element)) => element.text().all(|text| text.chars().all(is_blank)),
                _ => true,
            })
        && siblings.next().is_none()
}

/// Returns the words that the page's own style hides in an element, a line for each block.
pub fn hidden(root: ElementRef<'_>) -> String {
    let mut text = lines(root, false, |element, is_hidden, _| {
        let is_hidden = is_hidden || element != root && is_hidden_text(element);
        let is_passed_over = element != root && (is_no_text(element) || !is_hidden && is_left_out(element));
        (!is_passed_over).then(|| Entered {
            is_taken: is_hidden,
            is_block: is_hidden && BLOCKS.contains(&element.value().name()),
        })
    });
    text.truncate(text.trim_end().len());
    text
}

fn beside(place: Place, is_amid: bool, text: &str, own: &str) -> Option<Beside> {
    let text = text.trim();
    (!text.is_empty()).then(|| Beside {
        place,
        is_amid,
        is_near: false,
        is_apart: false,
        text: text.to_owned(),
        own: own.trim().to_owned(),
    })
}

/// Returns the words that an element shows, a line for each block, and the names of what those do not tell; without what is
/// in elements that are passed over.
fn words(
    root: ElementRef<'_>,
    named: Named,
    is_passed_over: fn(ElementRef<'_>) -> bool,
) -> (String, Vec<&str>) {
    let is_named = |name: &str| match named {
        Named::Wordless => WORDLESS.contains(&name),
        Named::Foreign => !own::KNOWN.contains(&name) && !FRAME.contains(&name) && name != "button",
    };
    let mut wordless = Vec::new();
    let text = lines(root, true, |element, is_seen, text| {
        if is_never_shown(element) || is_passed_over(element) {
            return None;
        }
        let is_seen = match hidden::visibility(element) {
            Visibility::Inherited => is_seen,
            Visibility::Hidden => false,
            Visibility::Visible | Visibility::Unsure => true,
        };
        let name = element.value().name();
        for attribute in ["alt", "value", "placeholder", "label"] {
            let shown = element.value().attr(attribute).unwrap_or_default();
            // Another description than a picture's is never shown.
            if attribute == "alt" && !matches!(name, "img" | "input") {
                continue;
            }
            if is_seen && (WORDLESS.contains(&name) || matches!(name, "textarea" | "option" | "optgroup")) {
                text.push_str(&words_of_text(shown));
            }
        }
        if is_seen && is_named(name) && !wordless.contains(&name) {
            wordless.push(name);
        }
        Some(Entered {
            is_taken: is_seen,
            is_block: BLOCKS.contains(&name) || name == "br",
        })
    });
    if named == Named::Wordless && !text.trim().is_empty() {
        wordless.retain(|name| !WORDED.contains(name));
    }
    (text, wordless)
}

/// How an element is read.
struct Entered {
    /// Whether the words right in it are taken.
    is_taken: bool,
    /// Whether it begins and ends a line.
    is_block: bool,
}

/// Reads words of an element and of what is in it, in their order. `enter` is given each element, whether the words around it are
/// taken, and what was read, to which it may add; it returns none where the element is passed over.
fn lines<'a>(
    root: ElementRef<'a>,
    is_taken: bool,
    mut enter: impl FnMut(ElementRef<'a>, bool, &mut String) -> Option<Entered>,
) -> String {
    let mut text = String::new();
    // None for the end of a block.
    let mut pending = vec![Some((*root, is_taken))];
    while let Some(next) = pending.pop() {
        let Some((node, is_taken)) = next else {
            end_line(&mut text);
            continue;
        };
        if let Node::Text(words) = node.value()
            && is_taken
        {
            let words = words_of_text(words);
            let is_apart = text.is_empty() || text.ends_with(['\n', ' ']);
            text.push_str(if is_apart { words.trim_start() } else { &words });
        }
        let Some(element) = ElementRef::wrap(node) else {
            continue;
        };
        let Some(entered) = enter(element, is_taken, &mut text) else {
            continue;
        };
        if entered.is_block {
            end_line(&mut text);
            pending.push(None);
        }
        pending.extend(node.children().rev().map(|child| Some((child, entered.is_taken))));
    }
    text
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
