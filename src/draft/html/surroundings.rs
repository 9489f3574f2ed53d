//! What stands around an element that marks an article: a page may mark by it what it tells beside its story.

use scraper::{ElementRef, Node};

use super::LONGEST_BYLINE;
use super::beside::{FRAME, is_of_others};
use super::text::{is_left_out, letters};

/// Words in the names of elements by which a site asks for a consent.
const CONSENT: &[&str] = &["consent", "cookie", "cookies", "cookiebanner", "gdpr", "onetrust"];

/// An article and what is around it.
#[derive(Debug, Default, Clone, Copy)]
pub struct Surroundings {
    /// How many letters and digits the page shows around it; its title, frames, links, readers' remarks and what is laid over
    /// the page aside.
    pub around: usize,
    /// How many it has.
    within: usize,
    has_title: bool,
    is_below_title: bool,
}

impl Surroundings {
    /// Tells whether the article is the text of the page: the page's title is in it, or it has the most of the words.
    pub fn is_text(self) -> bool {
        let is_titled = self.has_title && !self.is_below_title;
        // What is no more than a line tells of the page.
        let few = if self.is_below_title { 0 } else { LONGEST_BYLINE };
        is_titled || self.around <= self.within.max(few)
    }
}

/// Looks at what is shown in an element, which has an article in it.
pub fn of(whole: ElementRef<'_>, article: ElementRef<'_>) -> Surroundings {
    let mut found = Surroundings::default();
    let mut pending = vec![(*whole, whole.id() == article.id())];
    while let Some((node, is_in)) = pending.pop() {
        if let Node::Text(text) = node.value() {
            let count = if is_in {
                &mut found.within
            } else {
                &mut found.around
            };
            *count += letters(text);
        }
        let Some(element) = ElementRef::wrap(node) else {
            continue;
        };
        let is_in = is_in || element.id() == article.id();
        let name = element.value().name();
        let is_elsewhere =
            FRAME.contains(&name) || name == "a" || is_of_others(element) || is_over_the_page(element);
        if element.id() != whole.id() && is_left_out(element) || !is_in && is_elsewhere {
            continue;
        }
        if name == "h1" {
            let place = if is_in {
                &mut found.has_title
            } else {
                &mut found.is_below_title
            };
            *place = true;
            if !is_in {
                continue;
            }
        }
        pending.extend(node.children().map(|child| (child, is_in)));
    }
    found
}

/// Tells whether an element asks for a consent, or is a dialog, which comes and goes with the reader.
fn is_over_the_page(element: ElementRef<'_>) -> bool {
    let value = element.value();
    let is_dialog = |role: &str| matches!(role.trim(), "dialog" | "alertdialog");
    let names = ["id", "class"].map(|name| value.attr(name).unwrap_or_default());
    let mut words = names
        .into_iter()
        .flat_map(|names| names.split(|c: char| !c.is_ascii_alphabetic()));
    value.name() == "dialog"
        || value.attr("role").is_some_and(is_dialog)
        || words.any(|word| CONSENT.iter().any(|known| known.eq_ignore_ascii_case(word)))
}
