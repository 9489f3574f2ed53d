//! Revisions by time (RFC 7089, Memento): the address of an article is its own time gate, the address of a revision that of
//! a memento, and a time map lists them. This is pattern 1.1 of that RFC: a redirect, and addresses of their own.

use axum::http::HeaderMap;
use axum::http::header::HeaderName;

use super::address;
use super::problem::Problem;
use crate::archive::{Archive, Fault};
use crate::date::{self, RevisionDate};
use crate::history;
use crate::id::{ArticleId, CommitId};
use crate::timemap;

/// The moment for which a client asks.
pub const ACCEPT_DATETIME: HeaderName = HeaderName::from_static("accept-datetime");

/// The moment from which on a revision was the article's newest.
pub const MEMENTO_DATETIME: HeaderName = HeaderName::from_static("memento-datetime");

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

    /// Returns the revision that was the newest at a moment; before the first there is the first.
    pub fn at(&self, seconds: i64) -> Memento {
        let mut newest_first = self.oldest_first.iter().rev();
        let found = newest_first.find(|memento| memento.date.seconds() <= seconds);
        *found.unwrap_or(&self.oldest_first[0])
    }

    /// Returns the links that lead from an article, or from one of its revisions, to the others.
    pub fn links(&self, from: Option<CommitId>) -> String {
        let article = address::article(&self.article);
        let addressed = self.addressed();
        let mut links = vec![
            format!("<{article}>; rel=\"original timegate\""),
            format!(
                "<{article}/timemap>; rel=\"timemap\"; type=\"{}\"{}",
                timemap::MEDIA_TYPE,
                timemap::span(&addressed)
            ),
        ];
        let at = from.and_then(|from| self.oldest_first.iter().position(|memento| memento.id == from));
        for (place, (address, date)) in addressed.iter().enumerate() {
            let mut names = timemap::names(place, addressed.len());
            names.extend((at == Some(place + 1)).then_some("prev"));
            names.extend((at.is_some_and(|at| at + 1 == place)).then_some("next"));
            if !names.is_empty() {
                links.push(timemap::memento(address, *date, &names));
            }
        }
        links.join(", ")
    }

    /// Returns the time map.
    pub fn map(&self) -> String {
        let article = address::article(&self.article);
        let original = timemap::Original {
            address: &article,
            relations: "original timegate",
        };
        timemap::written(original, &format!("{article}/timemap"), &self.addressed())
    }

    fn addressed(&self) -> Vec<(String, RevisionDate)> {
        let mementos = self.oldest_first.iter();
        mementos
            .map(|memento| (address::revision(memento.id), memento.date))
            .collect()
    }
}

/// Reads for which moment a client asks, in seconds since 1970; `None` where it does not.
pub fn asked(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(ACCEPT_DATETIME) else {
        return Ok(None);
    };
    let read = value
        .to_str()
        .ok()
        .and_then(|text| date::seconds_of_http(text.trim()));
    match read {
        Some(seconds) => Ok(Some(seconds)),
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
