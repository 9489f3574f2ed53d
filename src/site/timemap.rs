//! The revisions of an article for programs: a Memento timemap (RFC 7089, section 5) in link-format (RFC 6690), where the
//! article's page is the original resource and each revision's lasting page a memento of it.

use super::Shared;
use super::address;
use super::article::Place;
use crate::id::ArticleId;

/// Writes the timemap of an article. The moment of a memento is its revision's date. Addresses are relative where the
/// archive has no base URL.
pub fn of(shared: &Shared<'_>, article: &ArticleId, place: &Place<'_>) -> String {
    let at = |name: &str| match &shared.base {
        Some(base) => base.at(&format!("{article}/{name}")),
        None => name.to_owned(),
    };
    let moment = |at: usize| {
        place
            .revisions
            .get(at)
            .map(|kept| kept.commit().author.date.as_http())
    };
    let last = place.revisions.len().saturating_sub(1);
    let mut lines = vec![format!("<{}>; rel=\"original latest-version\"", at("index.html"))];
    let span = moment(last).zip(moment(0));
    let span = span.map_or_else(String::new, |(from, until)| {
        format!("; from=\"{from}\"; until=\"{until}\"")
    });
    lines.push(format!(
        "<{}>; rel=\"self\"; type=\"application/link-format\"{span}",
        at(address::TIMEMAP)
    ));
    // The oldest first, as the specification's own examples have them.
    for (position, kept) in place.revisions.iter().enumerate().rev() {
        let relation = match position {
            0 if last == 0 => "first last memento",
            0 => "last memento",
            _ if position == last => "first memento",
            _ => "memento",
        };
        let name = format!("{}.html", address::revision(kept.message().trailers.revision));
        lines.push(format!(
            "<{}>; rel=\"{relation}\"; datetime=\"{}\"",
            at(&name),
            kept.commit().author.date.as_http()
        ));
    }
    lines.join(",\n") + "\n"
}
