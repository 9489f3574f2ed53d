//! What of a page acts, so that a browser may show something else than stands there: scripts, and that a browser goes elsewhere
//! by itself. What stands in a `noscript` is none of it, as browsers that run scripts pass that over.

use scraper::ElementRef;

use super::own::{is_own_script, runs};
use super::text::is_blank;

/// Tells whether a page has a script that is not the program's: an element, or an attribute that one runs by.
pub fn has_strange_script(root: ElementRef<'_>) -> bool {
    let mut elements = root.descendants().filter_map(ElementRef::wrap);
    elements.any(|element| {
        let value = element.value();
        let is_handler = |name: &str| name.len() > "on".len() && name.starts_with("on");
        value.name() == "script" && may_run(element) && !is_own_script(element)
            || value
                .attrs()
                .any(|(name, value)| is_handler(name) || runs(name, value))
    })
}

/// Tells a script from a block of data (HTML, "prepare the script element"). Of some types another script makes scripts.
fn may_run(script: ElementRef<'_>) -> bool {
    let kind = script.value().attr("type").unwrap_or_default();
    let kind = kind.trim().to_ascii_lowercase();
    kind.is_empty() || kind == "module" || kind.contains("script")
}

/// Returns the address to which a browser goes from a page by itself (HTML, "Refresh state"), as the page says it.
pub fn refresh(root: ElementRef<'_>) -> Option<String> {
    let elements = root.descendants().filter_map(ElementRef::wrap);
    let mut metas = elements.filter(|element| element.value().name() == "meta");
    metas.find_map(|meta| {
        let attribute = |name| meta.value().attr(name);
        let is_refresh = attribute("http-equiv").is_some_and(|kind| kind.eq_ignore_ascii_case("refresh"));
        let address = address_in(attribute("content").filter(|_| is_refresh)?);
        // Browsers drop these from an address.
        let address = address.replace(['\t', '\n', '\r'], "");
        (!address.is_empty()).then_some(address)
    })
}

/// Returns what follows the seconds in `5; url=ADDRESS`, of which browsers need neither the sign nor the name.
fn address_in(content: &str) -> &str {
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let is_between = |c: char| is_blank(c) || matches!(c, ';' | ',');
    let rest = content.trim_start_matches(is_blank).trim_start_matches(is_number);
    let rest = rest.trim_start_matches(is_between);
    let named = rest.split_at_checked("url".len()).and_then(|(name, rest)| {
        let value = rest.trim_start_matches(is_blank).strip_prefix('=')?;
        name.eq_ignore_ascii_case("url").then_some(value)
    });
    let address = named.unwrap_or(rest).trim_matches(is_blank);
    let quoted = ['"', '\'']
        .iter()
        .find_map(|mark| Some((address.strip_prefix(*mark)?, *mark)));
    quoted.map_or(address, |(rest, mark)| rest.split(mark).next().unwrap_or(rest))
}
