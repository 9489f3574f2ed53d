//! Revisions by time (RFC 7089, Memento): the address of an article is its own time gate, the address of a revision that of
//! a memento, and a time map lists them. This is pattern 1.1 of that RFC: a redirect, and addresses of their own.

use std::fmt::Write as _;

use axum::http::HeaderMap;
use axum::http::header::HeaderName;
use chrono::NaiveDateTime;

use super::address;
use super::problem::Problem;
use crate::archive::{Archive, Fault};
use crate::date::RevisionDate;
use crate::history;
use crate::id::{ArticleId, CommitId};

/// The moment for which a client asks.
pub const ACCEPT_DATETIME: HeaderName = HeaderName::from_static("accept-datetime");

/// The moment from which on a revision was the article's newest.
pub const MEMENTO_DATETIME: HeaderName = HeaderName::from_static("memento-datetime");

/// The media type of a time map (RFC 6690).
pub const LINK_FORMAT: &str = "application/link-format";

/// How HTTP writes a moment (RFC 9110, 5.6.7), which is always one of UTC.
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

/// A revision in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memento {
    /// Its commit.
    pub id: CommitId,
    /// Its date.
    pub date: RevisionDate,
}

/// The revisions of an article, oldest first; there is one at least.
#[derive(Debug, Clone)]
pub struct Mementos {
    article: ArticleId,
    oldest_first: Vec<Memento>,
}

impl Mementos {
    /// Follows an article's revisions from the newest back.
    pub fn of(archive: &Archive, article: &ArticleId, newest: CommitId) -> Result<Self, Fault> {
        let mut mementos = Vec::new();
        for step in history::back(archive, newest) {
            let (id, _) = step?;
            let date = archive.commit(id)?.author.date;
            mementos.push(Memento { id, date });
        }
        mementos.reverse();
        Ok(Self {
            article: article.clone(),
            oldest_first: mementos,
        })
    }

    /// Returns the newest.
    pub fn newest(&self) -> Memento {
        *self.oldest_first.last().expect("the newest revision is one")
    }

    /// Returns the revision that was the newest at a moment; before the first there is the first.
    pub fn at(&self, seconds: i64) -> Memento {
        let mut newest_first = self.oldest_first.iter().rev();
        let found = newest_first.find(|memento| memento.date.seconds() <= seconds);
        *found.unwrap_or(&self.oldest_first[0])
    }

    /// Returns the links that lead from an article, or from one of its revisions, to the others.
    pub fn links(&self, from: Option<CommitId>) -> String {
        let article = address::article(&self.article);
        let mut links = format!("<{article}>; rel=\"original timegate\", ");
        let _ = write!(
            links,
            "<{article}/timemap>; rel=\"timemap\"; type=\"{LINK_FORMAT}\"; {}",
            self.range()
        );
        let at = from.and_then(|from| self.oldest_first.iter().position(|memento| memento.id == from));
        let last = self.oldest_first.len() - 1;
        for (place, memento) in self.oldest_first.iter().enumerate() {
            let mut names = Vec::new();
            names.extend((place == 0).then_some("first"));
            names.extend((place == last).then_some("last"));
            names.extend((at == Some(place + 1)).then_some("prev"));
            names.extend((at.is_some_and(|at| at + 1 == place)).then_some("next"));
            if !names.is_empty() {
                links.push_str(", ");
                links.push_str(&link(*memento, &names));
            }
        }
        links
    }

    /// Returns the time map.
    pub fn map(&self) -> String {
        let article = address::article(&self.article);
        let mut map = format!(
            "<{article}>; rel=\"original timegate\",\n<{article}/timemap>; rel=\"self\"; type=\"{LINK_FORMAT}\"; {}",
            self.range()
        );
        let last = self.oldest_first.len() - 1;
        for (place, memento) in self.oldest_first.iter().enumerate() {
            let mut names = Vec::new();
            names.extend((place == 0).then_some("first"));
            names.extend((place == last).then_some("last"));
            map.push_str(",\n");
            map.push_str(&link(*memento, &names));
        }
        map.push('\n');
        map
    }

    fn range(&self) -> String {
        let (first, last) = (self.oldest_first[0], self.newest());
        format!(
            "from=\"{}\"; until=\"{}\"",
            first.date.as_http(),
            last.date.as_http()
        )
    }
}

fn link(memento: Memento, names: &[&str]) -> String {
    let names = [names, &["memento"]].concat().join(" ");
    let address = address::revision(memento.id);
    format!(
        "<{address}>; rel=\"{names}\"; datetime=\"{}\"",
        memento.date.as_http()
    )
}

/// Reads for which moment a client asks, in seconds since 1970; `None` where it does not.
pub fn asked(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(ACCEPT_DATETIME) else {
        return Ok(None);
    };
    let read = value
        .to_str()
        .ok()
        .and_then(|text| NaiveDateTime::parse_from_str(text.trim(), HTTP_DATE).ok());
    match read {
        Some(moment) => Ok(Some(moment.and_utc().timestamp())),
        None => Err(Problem::unread("Accept-Datetime is no date as HTTP writes it")
            .hint("write it as in Thu, 22 Jan 2026 04:00:00 GMT, with the weekday that the day has")),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::date::UtcOffset;

    fn memento(digit: char, seconds: i64) -> Memento {
        let id = digit.to_string().repeat(40).parse().unwrap();
        let date = RevisionDate::from_seconds(seconds, UtcOffset::UTC).unwrap();
        Memento { id, date }
    }

    fn three() -> Mementos {
        Mementos {
            article: "2026/01/22/bridge".parse().unwrap(),
            oldest_first: vec![memento('a', 1_000), memento('b', 2_000), memento('c', 3_000)],
        }
    }

    #[test]
    fn the_revision_of_a_moment_is_the_newest_there_was() {
        for (seconds, expected) in [(0, 'a'), (1_000, 'a'), (1_999, 'a'), (2_000, 'b'), (9_999, 'c')] {
            assert_eq!(three().at(seconds).id, memento(expected, 0).id, "{seconds}");
        }
    }

    #[test]
    fn moments_are_read_as_they_are_written() {
        let read = |text: &'static str| {
            let headers = [(ACCEPT_DATETIME, HeaderValue::from_static(text))];
            asked(&headers.into_iter().collect()).ok()
        };
        let written = memento('a', 1_769_054_400).date.as_http();
        assert_eq!(written, "Thu, 22 Jan 2026 04:00:00 GMT");
        assert_eq!(read("Thu, 22 Jan 2026 04:00:00 GMT"), Some(Some(1_769_054_400)));
        assert_eq!(asked(&HeaderMap::new()).unwrap(), None);
        for wrong in [
            "",
            "2026-01-22",
            "Fri, 22 Jan 2026 04:00:00 GMT",
            "Thu, 22 Jan 2026 04:00:00 +0000",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_revision_leads_to_its_neighbours() {
        let links = three().links(Some(memento('b', 0).id));
        for (digit, names) in [('a', "first prev memento"), ('c', "last next memento")] {
            let id = digit.to_string().repeat(40);
            assert!(
                links.contains(&format!("</revisions/{id}>; rel=\"{names}\"")),
                "{links}"
            );
        }
        assert!(!links.contains(&"b".repeat(40)), "{links}");
        assert_eq!(three().map().lines().count(), 5);
    }
}
