//! `avalaches search`.

use std::fmt::Write as _;

use anstyle::Style;
use avalaches::archive::Archive;
use avalaches::date::CivilDay;
use avalaches::document::search as document;
use avalaches::id::ArticleId;
use avalaches::index::BesideError;
use avalaches::language::Language;
use avalaches::listing;
use avalaches::query::excerpt::{self, Piece};
use avalaches::query::{Query, QueryError};
use avalaches::search::{self, Found, Hit, InMemory, Order, Revisions, SearchError, Wanted};
use clap::ValueEnum;

use super::output::visible_lines;
use super::progress::{Meter, Shown};
use super::{Common, Failure, Outcome, list, output};

/// Search the articles
///
/// All words and characters must occur, in the text, a title or the tags. Chinese is found as any part of a text; of
/// other words neither case nor ending matters; "words between quotation marks" are found to the letter but for case and
/// white space; -word and -"words" are not to be there.
#[derive(Debug, clap::Args)]
pub struct Search {
    /// What to look for, in quotation marks for the shell; -- stands before a query that begins with -word
    #[arg(required = true, value_name = "QUERY")]
    query: Vec<String>,
    /// Only revisions of this day or later
    #[arg(long, value_name = "DAY", value_parser = list::day)]
    since: Option<CivilDay>,
    /// Only revisions of this day or earlier
    #[arg(long, value_name = "DAY", value_parser = list::day)]
    until: Option<CivilDay>,
    /// Only revisions with a part in this language
    #[arg(long, alias = "language")]
    lang: Option<Language>,
    /// Only revisions whose byline has these letters
    #[arg(long)]
    author: Option<String>,
    /// Only revisions with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Only revisions of this article
    #[arg(long)]
    article: Option<ArticleId>,
    /// Every revision, not only the newest of each article
    #[arg(long)]
    all_revisions: bool,
    /// Which come first
    #[arg(long, value_enum, default_value = "relevance")]
    sort: Sort,
    /// Not more than this many
    #[arg(long, value_name = "N", default_value = "20", value_parser = list::from_one)]
    limit: usize,
    /// How progress is shown while a new search file is made
    #[arg(long, value_enum, default_value = "auto")]
    progress: Shown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// Those in which the words say most
    Relevance,
    /// The newest
    Date,
}

/// What is shown of a text where the width of the terminal is not known, in columns.
const COLUMNS: usize = 100;

/// The most that is shown of a text, in lines of the terminal.
const LINES: usize = 2;

/// What a line of a hit begins with.
const INDENT: &str = "  ";

/// What was searched for.
const FOUND: Style = Style::new().bold();

impl Search {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let query = self.query.join(" ");
        let parsed = Query::parse(&query).map_err(|error| {
            let failure = Failure::from(&error);
            match error {
                QueryError::Empty => failure.hint(
                    "`avalaches verify --quote` finds anything to the letter, signs without a letter included",
                ),
                QueryError::OnlyExcluded => failure.hint("add a word that it must have"),
                QueryError::Long(_) | QueryError::Many(_) => {
                    failure.hint("`avalaches verify --quote` finds whole paragraphs")
                }
                QueryError::Text(_) => failure,
            }
        })?;
        let mut meter = Meter::begin(common, self.progress, "texts")?;
        let mut tell = |progress| meter.tell(progress);
        let found = search::find(&archive, &parsed, &self.wanted(), &InMemory::default(), &mut tell);
        meter.end();
        let found = match found {
            Ok(found) => found,
            Err(error @ SearchError::Texts(BesideError::Ended)) => {
                output::note(&error.to_string());
                return Ok(Outcome::Interrupted);
            }
            Err(error) => return Err(error.into()),
        };
        if common.json {
            output::print_json(&document::document(&archive, &query, &found))?;
        } else {
            self.print(common, &archive, &found)?;
        }
        Ok(if found.hits.is_empty() {
            Outcome::No
        } else {
            Outcome::Yes
        })
    }

    fn wanted(&self) -> Wanted {
        Wanted {
            chosen: listing::Wanted {
                since: self.since,
                until: self.until,
                language: self.lang.clone(),
                author: self.author.clone(),
                tag: self.tag.clone(),
                after: None,
                limit: Some(self.limit),
            },
            article: self.article.clone(),
            revisions: if self.all_revisions {
                Revisions::Every
            } else {
                Revisions::Newest
            },
            order: match self.sort {
                Sort::Relevance => Order::Relevance,
                Sort::Date => Order::Date,
            },
        }
    }

    fn print(&self, common: &Common, archive: &Archive, found: &Found) -> Result<(), Failure> {
        let name = |hit: &Hit| {
            let article = hit.revision.article_id();
            if self.all_revisions {
                format!("{article}@{}", hit.revision.message.trailers.revision)
            } else {
                article.to_string()
            }
        };
        let names: Vec<String> = found.hits.iter().map(name).collect();
        let width = names.iter().map(String::len).max().unwrap_or(0);
        let columns = (output::columns().unwrap_or(COLUMNS) * LINES).saturating_sub(INDENT.len() * LINES);
        let mut text = String::new();
        for (hit, name) in found.hits.iter().zip(&names) {
            let _ = writeln!(text, "{name:width$}  {}", hit.revision.footer());
            let _ = writeln!(text, "{INDENT}{}", shown(&document::title(archive, hit)));
            let pieces = excerpt::excerpt(&hit.revision.page_text, &hit.found.text, columns);
            let _ = writeln!(text, "{INDENT}{}", shown(&pieces));
        }
        output::print(&text)?;
        if common.quiet {
            return Ok(());
        }
        if found.hits.is_empty() {
            output::note(if self.all_revisions {
                "nothing was found"
            } else {
                "nothing was found; --all-revisions searches what is older, too"
            });
        } else if found.has_more {
            output::note("there are more; --limit N shows more of them");
        }
        Ok(())
    }
}

fn shown(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| {
        let text = visible_lines(&piece.text);
        if piece.is_found {
            format!("{FOUND}{text}{FOUND:#}")
        } else {
            text
        }
    };
    pieces.iter().map(piece).collect()
}
