//! What the Wayback Machine writes into the pages that it keeps: its own words, and no page's.

use scraper::ElementRef;

/// The ids of the parts of its bar, which stand right in `body`.
const BAR: &[&str] = &["wm-ipp-base", "wm-ipp"];

/// The id of the line that it has printed, and how that begins.
const PRINTED: (&str, &str) = ("wm-ipp-print", "The Wayback Machine - http");

/// Tells whether an element is of its frame.
#[must_use]
pub fn is_frame(element: ElementRef<'_>) -> bool {
    let id = element.value().attr("id").unwrap_or_default();
    let is_printed = || {
        id == PRINTED.0
            && element
                .text()
                .collect::<String>()
                .trim_start()
                .starts_with(PRINTED.1)
    };
    let around = element.parent().and_then(ElementRef::wrap);
    (BAR.contains(&id) || is_printed()) && around.is_some_and(|around| around.value().name() == "body")
}
