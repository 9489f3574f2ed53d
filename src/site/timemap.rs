//! The time map of an article, whose page is the original resource and each revision's lasting page a memento of it.

use super::Shared;
use super::address;
use super::article::Place;
use crate::id::ArticleId;
use crate::timemap::{Original, written};

/// Writes the time map of an article. The moment of a memento is its revision's date. Addresses are relative where the
/// archive has no base URL.
pub fn of(shared: &Shared<'_>, article: &ArticleId, place: &Place<'_>) -> String {
    let at = |name: &str| match &shared.base {
        Some(base) => base.at(&format!("{article}/{name}")),
        None => name.to_owned(),
    };
    // The oldest first, as the specification's own examples have them.
    let mementos = place.revisions.iter().rev().map(|kept| {
        let name = address::revision(kept.message().trailers.revision);
        (at(&format!("{name}.html")), kept.commit().author.date)
    });
    let original = Original {
        address: &at(address::HOME),
        relations: "original latest-version",
    };
    written(original, &at(address::TIMEMAP), &mementos.collect::<Vec<_>>())
}
