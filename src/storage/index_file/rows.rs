//! The rows of the index, each with a CRC-32 of its values: SQLite itself does not see a byte that changed.

use std::collections::BTreeMap;

use rusqlite::Row;

use super::IndexFileError;
use crate::article::Kind;
use crate::date::{CivilDay, RevisionDate, UtcOffset};
use crate::footer::Footer;
use crate::id::{ArticleId, BlobId, CommitId, RawId};
use crate::language::Language;

/// What the index says of a revision. Git alone knows whether it is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionRow {
    /// Its place on the branch, from 0, the archive's first commit.
    pub position: usize,
    /// The commit.
    pub id: CommitId,
    /// The article.
    pub article: ArticleId,
    /// Which of the article's revisions it is, from 1.
    pub number: u32,
    /// What kind of revision.
    pub kind: Kind,
    /// The revision's date.
    pub date: RevisionDate,
    /// When it was archived.
    pub archived_at: RevisionDate,
    /// The languages in page order.
    pub languages: Vec<Language>,
    /// Why it was made.
    pub note: Option<String>,
    /// The text that a reader sees.
    pub page: BlobId,
    /// The footer that the added page carried.
    pub claim: Option<Footer>,
}

/// A revision that is to be put into the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRevision {
    /// What is kept of it; its position is where it is put.
    pub row: RevisionRow,
    /// The article's revision before.
    pub previous: Option<CommitId>,
    /// The byline, each as `article.json` has it.
    pub authors: Vec<String>,
    /// The tags.
    pub tags: Vec<String>,
    /// The titles, by the tags of their languages.
    pub titles: BTreeMap<String, String>,
}

/// A commit that is to be put into the index.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly every one is a revision")]
pub enum NewCommit {
    /// A revision.
    Revision(NewRevision),
    /// One that changes root files, of which only its place is kept.
    Root(CommitId),
}

/// What the index says of an article's newest revision, as far as articles are chosen by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArticleRow {
    /// The article.
    pub article: ArticleId,
    /// Where its newest revision stands.
    pub position: usize,
    /// That revision's day.
    pub day: CivilDay,
    /// Its languages.
    pub languages: Vec<Language>,
    /// Its byline.
    pub authors: Vec<String>,
    /// Its tags.
    pub tags: Vec<String>,
}

/// What an article is chosen by, as it stands in the index: nothing is copied of those that are not wanted.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The article's name.
    pub name: &'a str,
    /// The languages of its newest revision, one a line.
    pub languages: &'a str,
    /// The byline, one a line.
    pub authors: &'a str,
    /// The tags, one a line.
    pub tags: &'a str,
}

/// Where an article that was chosen stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chosen {
    /// Where its newest revision stands.
    pub position: usize,
    /// The bytes of its name.
    pub width: usize,
    pub(super) key: i64,
}

/// Columns of a revision, in the order in which [`read_revision`] takes them; the name comes from the article.
pub(super) const REVISION: &str = "position, id, revision.article, number, kind, date, date_offset, archived, \
     archived_offset, revision.languages, note, page, claim, revision.sum";

/// Columns of an article, in the order in which [`read_article`] takes them.
pub(super) const ARTICLE: &str = "key, name, newest, day, article.languages, authors, tags, article.sum";

/// An article with its key and its newest revision's position.
#[derive(Debug, Clone)]
pub(super) struct Keyed {
    pub key: i64,
    pub row: ArticleRow,
}

/// Adds up a row, so that values cannot run into one another.
#[derive(Default)]
struct Sum(crc32fast::Hasher);

impl Sum {
    fn number(mut self, value: i64) -> Self {
        self.0.update(&value.to_le_bytes());
        self
    }

    fn bytes(self, bytes: &[u8]) -> Self {
        let mut sum = self.number(to_sql(bytes.len()));
        sum.0.update(bytes);
        sum
    }

    fn optional(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.number(1).bytes(text.as_bytes()),
            None => self.number(0),
        }
    }

    fn end(self) -> i64 {
        i64::from(self.0.finalize())
    }
}

/// A revision's values as they are stored.
#[derive(Debug)]
pub(super) struct StoredRevision {
    pub position: i64,
    pub id: RawId,
    pub article: i64,
    pub number: i64,
    pub kind: i64,
    pub dates: [i64; 4],
    pub languages: String,
    pub note: Option<String>,
    pub page: RawId,
    pub claim: Option<String>,
}

impl StoredRevision {
    pub fn of(row: &RevisionRow, article: i64) -> Self {
        let kind = Kind::ALL.iter().position(|kind| *kind == row.kind);
        Self {
            position: to_sql(row.position),
            id: *row.id.raw(),
            article,
            number: i64::from(row.number),
            kind: to_sql(kind.unwrap_or(Kind::ALL.len())),
            dates: [
                row.date.seconds(),
                i64::from(row.date.offset().minutes()),
                row.archived_at.seconds(),
                i64::from(row.archived_at.offset().minutes()),
            ],
            languages: lines(&row.languages),
            note: row.note.clone(),
            page: *row.page.raw(),
            claim: row.claim.as_ref().map(ToString::to_string),
        }
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<(Self, i64)> {
        let stored = Self {
            position: row.get(0)?,
            id: row.get(1)?,
            article: row.get(2)?,
            number: row.get(3)?,
            kind: row.get(4)?,
            dates: [row.get(5)?, row.get(6)?, row.get(7)?, row.get(8)?],
            languages: row.get(9)?,
            note: row.get(10)?,
            page: row.get(11)?,
            claim: row.get(12)?,
        };
        Ok((stored, row.get(13)?))
    }

    pub fn sum(&self) -> i64 {
        let sum = Sum::default()
            .number(self.position)
            .bytes(&self.id)
            .number(self.article)
            .number(self.number)
            .number(self.kind);
        self.dates
            .iter()
            .fold(sum, |sum, date| sum.number(*date))
            .bytes(self.languages.as_bytes())
            .optional(self.note.as_deref())
            .bytes(&self.page)
            .optional(self.claim.as_deref())
            .end()
    }

    fn into_row(self, article: ArticleId) -> Option<RevisionRow> {
        let [date, date_offset, archived, archived_offset] = self.dates;
        Some(RevisionRow {
            position: usize::try_from(self.position).ok()?,
            id: CommitId::from_raw(self.id),
            article,
            number: u32::try_from(self.number).ok()?,
            kind: *Kind::ALL.get(usize::try_from(self.kind).ok()?)?,
            date: date_of(date, date_offset)?,
            archived_at: date_of(archived, archived_offset)?,
            languages: languages_of(&self.languages)?,
            note: self.note,
            page: BlobId::from_raw(self.page),
            claim: match self.claim {
                Some(text) => Some(text.parse().ok()?),
                None => None,
            },
        })
    }
}

/// Reads the columns [`REVISION`] and, after them, the article's name.
pub(super) fn read_revision(row: &Row<'_>) -> Result<RevisionRow, IndexFileError> {
    let (stored, sum) = StoredRevision::read(row)?;
    if stored.sum() != sum {
        return Err(IndexFileError::Damaged("a revision's sum is wrong"));
    }
    let name: String = row.get(14)?;
    name.parse()
        .ok()
        .and_then(|article| stored.into_row(article))
        .ok_or(IndexFileError::Damaged("a revision's values are none"))
}

/// An article's values as they are stored.
#[derive(Debug)]
pub(super) struct StoredArticle {
    pub key: i64,
    pub name: String,
    pub newest: i64,
    pub day: i64,
    pub languages: String,
    pub authors: String,
    pub tags: String,
}

impl StoredArticle {
    pub fn of(new: &NewRevision, key: i64) -> Self {
        Self {
            key,
            name: new.row.article.to_string(),
            newest: to_sql(new.row.position),
            day: day_number(new.row.date.day()),
            languages: lines(&new.row.languages),
            authors: new.authors.join("\n"),
            tags: new.tags.join("\n"),
        }
    }

    pub fn width(&self) -> i64 {
        to_sql(self.name.len())
    }

    pub fn day_part(&self) -> i64 {
        day_part([self.key, self.newest, self.day, self.width()])
    }

    pub fn sum(&self) -> i64 {
        let candidate = Candidate {
            name: &self.name,
            languages: &self.languages,
            authors: &self.authors,
            tags: &self.tags,
        };
        article_sum([self.key, self.newest, self.day], candidate)
    }
}

fn article_sum([key, newest, day]: [i64; 3], article: Candidate<'_>) -> i64 {
    Sum::default()
        .number(key)
        .bytes(article.name.as_bytes())
        .number(newest)
        .number(day)
        .bytes(article.languages.as_bytes())
        .bytes(article.authors.as_bytes())
        .bytes(article.tags.as_bytes())
        .end()
}

/// Reads the numbers and texts of the columns [`ARTICLE`], where they come to their sum.
fn article_values<'a>(row: &'a Row<'_>) -> Result<([i64; 3], Candidate<'a>), IndexFileError> {
    let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str()?);
    let numbers = [row.get(0)?, row.get(2)?, row.get(3)?];
    let candidate = Candidate {
        name: text(1)?,
        languages: text(4)?,
        authors: text(5)?,
        tags: text(6)?,
    };
    if article_sum(numbers, candidate) == row.get::<_, i64>(7)? {
        Ok((numbers, candidate))
    } else {
        Err(IndexFileError::Damaged("an article's sum is wrong"))
    }
}

/// Returns what an article adds to the sum of its day, by which its entry in the list of days is checked.
pub(super) fn day_part([key, newest, day, width]: [i64; 4]) -> i64 {
    let sum = Sum::default().number(key).number(newest);
    sum.number(day).number(width).end()
}

/// Reads the key, the newest revision's position, the day and the width of an article from the list of days, and
/// adds it to the sum.
pub(super) fn choose_by_day(row: &Row<'_>, sum: &mut i64) -> Result<Chosen, IndexFileError> {
    let numbers: [i64; 4] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
    *sum = sum.wrapping_add(day_part(numbers));
    let [key, newest, _, width] = numbers;
    let of =
        |number| usize::try_from(number).map_err(|_| IndexFileError::Damaged("an article's values are none"));
    Ok(Chosen {
        position: of(newest)?,
        width: of(width)?,
        key,
    })
}

/// Reads the columns [`ARTICLE`] of an article that may be wanted.
pub(super) fn choose_article(
    row: &Row<'_>,
    wanted: &mut dyn FnMut(Candidate<'_>) -> bool,
) -> Result<Option<Chosen>, IndexFileError> {
    let ([key, newest, _], candidate) = article_values(row)?;
    let position =
        usize::try_from(newest).map_err(|_| IndexFileError::Damaged("an article's values are none"))?;
    Ok(wanted(candidate).then_some(Chosen {
        position,
        width: candidate.name.len(),
        key,
    }))
}

/// Reads the columns [`ARTICLE`].
pub(super) fn read_article(row: &Row<'_>) -> Result<Keyed, IndexFileError> {
    let ([key, newest, day], article) = article_values(row)?;
    let list = |text: &str| text.lines().map(ToOwned::to_owned).collect();
    let row = || {
        Some(ArticleRow {
            article: article.name.parse().ok()?,
            position: usize::try_from(newest).ok()?,
            day: day_of(day)?,
            languages: languages_of(article.languages)?,
            authors: list(article.authors),
            tags: list(article.tags),
        })
    };
    let row = row().ok_or(IndexFileError::Damaged("an article's values are none"))?;
    Ok(Keyed { key, row })
}

/// Returns the sum of what is said of the branch.
pub(super) fn branch_sum(first: &RawId, tip: &RawId, commits: i64, articles: i64) -> i64 {
    let sum = Sum::default().bytes(first).bytes(tip);
    sum.number(commits).number(articles).end()
}

pub(super) fn root_sum(position: i64, id: &RawId) -> i64 {
    Sum::default().number(position).bytes(id).end()
}

/// Returns a day as eight digits, which sort as days do.
pub(in crate::storage) fn day_number(day: CivilDay) -> i64 {
    i64::from(day.year) * 10_000 + i64::from(day.month) * 100 + i64::from(day.day)
}

fn day_of(number: i64) -> Option<CivilDay> {
    let [year, month, day] = [number / 10_000, number / 100 % 100, number % 100];
    CivilDay::parse(&format!("{year:04}-{month:02}-{day:02}"), '-')
}

fn date_of(seconds: i64, minutes: i64) -> Option<RevisionDate> {
    let offset = UtcOffset::from_minutes(i32::try_from(minutes).ok()?)?;
    RevisionDate::from_seconds(seconds, offset).ok()
}

fn lines(languages: &[Language]) -> String {
    let tags: Vec<&str> = languages.iter().map(Language::as_str).collect();
    tags.join("\n")
}

fn languages_of(text: &str) -> Option<Vec<Language>> {
    text.lines().map(|tag| tag.parse().ok()).collect()
}

/// Returns a count as SQLite stores it.
pub(in crate::storage) fn to_sql(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
