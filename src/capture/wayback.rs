//! What the Wayback Machine writes into the pages that it keeps: its own words, and no page's.

use scraper::node::Element;

/// How the ids of its frame begin.
const FRAME: &str = "wm-ipp";

/// Tells whether an element is of its frame.
#[must_use]
pub fn is_frame(element: &Element) -> bool {
    let id = element.attr("id").unwrap_or_default();
    id == FRAME || id.strip_prefix(FRAME).is_some_and(|rest| rest.starts_with('-'))
}
