//! The revisions of something by time, for programs: a Memento time map (RFC 7089, section 5) in link-format (RFC 6690).

use crate::date::RevisionDate;

/// The media type of a time map.
pub const MEDIA_TYPE: &str = "application/link-format";

/// What a time map is of.
#[derive(Debug, Clone, Copy)]
pub struct Original<'a> {
    /// Where the newest revision is found.
    pub address: &'a str,
    /// What that address is, `original` and whatever it is besides.
    pub relations: &'a str,
}

/// Writes a time map that is found at an address. The mementos are given oldest first, by their addresses and dates; there is
/// one at least.
#[must_use]
pub fn written(original: Original<'_>, own: &str, mementos: &[(String, RevisionDate)]) -> String {
    let mut lines = vec![
        format!("<{}>; rel=\"{}\"", original.address, original.relations),
        format!("<{own}>; rel=\"self\"; type=\"{MEDIA_TYPE}\"{}", span(mementos)),
    ];
    for (place, (address, date)) in mementos.iter().enumerate() {
        lines.push(memento(address, *date, &names(place, mementos.len())));
    }
    lines.join(",\n") + "\n"
}

/// Returns the parameters that say which time mementos span.
#[must_use]
pub fn span(mementos: &[(String, RevisionDate)]) -> String {
    // A revision may have an earlier date than the one before it.
    let dates = || mementos.iter().map(|(_, date)| *date);
    let (Some(first), Some(last)) = (
        dates().min_by_key(|date| date.seconds()),
        dates().max_by_key(|date| date.seconds()),
    ) else {
        return String::new();
    };
    format!("; from=\"{}\"; until=\"{}\"", first.as_http(), last.as_http())
}

/// Returns what a memento is among so many, by its place, from 0.
#[must_use]
pub fn names(place: usize, count: usize) -> Vec<&'static str> {
    let mut names = Vec::new();
    names.extend((place == 0).then_some("first"));
    names.extend((place + 1 == count).then_some("last"));
    names
}

/// Writes the link to a memento, with its names besides `memento`.
#[must_use]
pub fn memento(address: &str, date: RevisionDate, names: &[&str]) -> String {
    let names = [names, &["memento"]].concat().join(" ");
    format!("<{address}>; rel=\"{names}\"; datetime=\"{}\"", date.as_http())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::date::UtcOffset;

    #[test]
    fn a_span_begins_with_the_earliest_date() {
        let mementos = [2_000, 1_000, 3_000, 2_500].map(|seconds| {
            let date = RevisionDate::from_seconds(seconds, UtcOffset::UTC).unwrap();
            ("a".to_owned(), date)
        });
        assert_eq!(
            span(&mementos),
            "; from=\"Thu, 01 Jan 1970 00:16:40 GMT\"; until=\"Thu, 01 Jan 1970 00:50:00 GMT\""
        );
        assert_eq!(span(&[]), "");
    }
}
