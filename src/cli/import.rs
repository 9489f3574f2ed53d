//! `avalaches import`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use avalaches::branch::PlaceError;
use avalaches::id::{ArticleId, CommitId};
use avalaches::import::{self, ImportError, Mode, OnRefusal, Options, Report};
use avalaches::publisher::repository::Repository;
use avalaches::publisher::{Paths, Walk};
use avalaches::storage::inventory::Inventory;
use avalaches::wording::counted;
use serde_json::{Value, json};

use super::options::{Making, Reading};
use super::progress::{Meter, Shown};
use super::signing::unsigned;
use super::{Common, Failure, Outcome, open_failure, output, write_failure};
use items::Items;
use teller::{Footers, MOST_NAMED, Teller};

mod items;
mod passed_over;
mod stream;
mod teller;

/// Bring in any number of pages, in the order of their dates, in one pack and one move of the branch
#[derive(Debug, clap::Args)]
pub struct Import {
    /// Folders and files of pages, files of JSON Lines (.jsonl), or - for JSON Lines from stdin
    #[arg(required_unless_present = "git", value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    /// A publisher's own git repository: each version of each file becomes a revision
    #[arg(long, value_name = "REPO")]
    git: Option<PathBuf>,
    /// Of the repository, files whose paths match; again for several [default: text, Markdown and HTML]
    #[arg(long, value_name = "GLOB", requires = "git")]
    path: Vec<String>,
    /// Of the repository, the branch or tag [default: the one it stands on]
    #[arg(long, value_name = "NAME", requires = "git")]
    branch: Option<String>,
    #[command(flatten)]
    making: Making,
    #[command(flatten)]
    reading: Reading,
    /// Import the good pages where some are bad, and exit with 1
    #[arg(long)]
    keep_going: bool,
    /// Write the footer of each page to a file, as JSON Lines
    #[arg(long, value_name = "FILE")]
    footers: Option<PathBuf>,
    /// How progress is shown
    #[arg(long, value_enum, default_value = "auto")]
    progress: Shown,
}

impl Import {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let path = archive.path().to_owned();
        let circumstances = self
            .making
            .circumstances(common, &archive, self.reading.allow_invisible)?;
        drop(archive);
        let options = Options {
            circumstances,
            on_refusal: if self.keep_going {
                OnRefusal::Skip
            } else {
                OnRefusal::Stop
            },
            mode: if self.making.dry_run {
                Mode::Rehearse
            } else {
                Mode::Write
            },
            durability: common.durability(),
        };
        let paths = Paths::matching(&self.path)?;
        let open = |path: &PathBuf| Repository::open(path, self.branch.as_deref());
        let repository = self.git.as_ref().map(open).transpose()?;
        let inventory = repository
            .as_ref()
            .map(|repository| Inventory::for_reading(repository.objects()));
        let walk = match repository.as_ref().zip(inventory.as_ref()) {
            Some((repository, inventory)) => Some(Walk::begin(repository, inventory, &paths)?),
            None => None,
        };
        let history = walk.as_ref().map(Walk::history);
        let meter = Meter::begin(common, self.progress, "steps")?;
        let walk = walk.map(|walk| walk.until(meter.interrupted()));
        let mut items = Items::open(self, common, walk, meter.interrupted())?;
        let footers = self.footers.as_deref().map(Footers::create).transpose()?;
        let mut teller = Teller::new(common, meter, footers, history);
        let done = import::import(&path, common.owner(), &mut items, &options, &mut teller);
        let other_dates = items.other_dates;
        let left = std::mem::take(&mut items.passed_over);
        teller.tell_the_rest();
        let Teller {
            meter,
            footers,
            failed,
            left_out,
            still_to_come,
            rewritten,
            articles,
            ..
        } = teller;
        meter.end();
        let report = done.map_err(failure)?;
        if report.ended && failed.is_none() {
            output::note("ended; nothing was imported, and the same command begins anew");
            return Ok(Outcome::Interrupted);
        }
        if !report.is_imported(options.on_refusal) {
            let refused = if report.refused == 1 {
                "1 page was".to_owned()
            } else {
                format!("{} pages were", report.refused)
            };
            let failure = failed.unwrap_or_else(|| {
                Failure::new(format!("{refused} refused, and nothing was imported"))
                    .hint("--keep-going imports the good ones")
            });
            return Err(failure);
        }
        // The commits are on disk; that this could not be said must not pass for "not imported".
        let unreported = |failure: Failure| match report.tip {
            Some(tip) if report.revisions > 0 && !self.making.dry_run => {
                failure.after(&format!("imported up to {tip}"))
            }
            _ => failure,
        };
        // Nothing is told of articles that cannot be asked for.
        let archive = self.git.as_ref().and_then(|_| common.open().ok());
        let gone = passed_over::gone(archive.as_ref(), &left, &articles);
        if !common.quiet {
            self.warn(common, &report, other_dates, [left_out, still_to_come]);
            warn_of_rewritten(common, &rewritten);
            passed_over::warn(common, &left, &gone);
        }
        let footers = footers.map_or(Ok(()), Footers::finish);
        footers
            .and_then(|()| self.tell(common, &report, passed_over::json(&left, &gone)))
            .map_err(unreported)?;
        Ok(if report.refused == 0 {
            Outcome::Yes
        } else {
            Outcome::No
        })
    }

    /// Tells what the numbers of an import do not show.
    fn warn(
        &self,
        common: &Common,
        report: &Report,
        other_dates: usize,
        [left_out, still_to_come]: [usize; 2],
    ) {
        if report.undated > 0 {
            output::warning(&format!(
                "{} without a date: today's is theirs, and on another day they would be other articles",
                counted(report.undated, "new article"),
            ));
        }
        if other_dates > 0 {
            output::warning(&format!(
                "{} without an author's date that a revision can have: the committer's, or that of an earlier commit, stands for it",
                counted(other_dates, "version"),
            ));
        }
        if left_out > MOST_NAMED && !common.verbose {
            output::warning(&format!(
                "{} with words that are left out, as they stand beside the text; --verbose names all of them",
                counted(left_out - MOST_NAMED, "more page"),
            ));
        }
        if still_to_come > MOST_NAMED && !common.verbose {
            output::warning(&format!(
                "{} dated later than now; --verbose names all of them",
                counted(still_to_come - MOST_NAMED, "more page"),
            ));
        }
        if report.drafts > 0 {
            output::warning(&format!(
                "{} passed over; --drafts takes them",
                counted(report.drafts, "draft"),
            ));
        }
        if report.pages == 0 {
            output::warning(if self.git.is_some() {
                "there was nothing to import: no file of the branch is a page that matches"
            } else {
                "there was nothing to import: the sources have no page"
            });
        }
    }

    fn tell(
        &self,
        common: &Common,
        report: &Report,
        passed_over: [(&'static str, Value); 3],
    ) -> Result<(), Failure> {
        if common.json {
            let mut document = json!({
                "schema": "avalaches/import/1",
                "dry_run": self.making.dry_run,
                "pages": report.pages,
                "revisions": report.revisions,
                "articles": report.articles,
                "unchanged": report.unchanged,
                "refused": report.refused,
                "drafts": report.drafts,
                "objects": report.objects,
                "bytes": report.bytes,
                "tip": report.tip.map(|tip| tip.to_string()),
            });
            for (name, value) in passed_over {
                document[name] = value;
            }
            return output::print_json(&document);
        }
        let word = if self.making.dry_run {
            "would import"
        } else {
            "imported"
        };
        let mut text = format!(
            "{word}  {}, {} new, of {}",
            counted(report.revisions, "revision"),
            counted(report.articles, "article"),
            counted(report.pages, "page"),
        );
        if report.unchanged > 0 {
            text.push_str(&format!("; {} in the archive already", report.unchanged));
        }
        if report.drafts > 0 {
            text.push_str(&format!("; {} passed over", counted(report.drafts, "draft")));
        }
        if report.refused > 0 {
            text.push_str(&format!("; {} refused", report.refused));
        }
        if let Some(tip) = report.tip {
            text.push_str(&format!(" · {tip}"));
        }
        output::print(&format!("{text}\n"))
    }
}

/// Names the articles that were taken from what the publisher's branch no longer has.
fn warn_of_rewritten(common: &Common, rewritten: &BTreeMap<ArticleId, CommitId>) {
    let most = if common.verbose { usize::MAX } else { MOST_NAMED };
    for (article, source) in rewritten.iter().take(most) {
        output::warning(&format!(
            "{article}: its newest revision was taken from commit {source}, which the repository's branch no longer has: its history was rewritten, or another one was meant"
        ));
    }
    if rewritten.len() > most {
        output::warning(&format!(
            "{} so; --verbose names all of them",
            counted(rewritten.len() - most, "more article"),
        ));
    }
}

fn failure(error: ImportError) -> Failure {
    match error {
        ImportError::Open(error) => open_failure(error),
        ImportError::Archive(PlaceError::Sign(error)) => unsigned(error, "imported"),
        ImportError::Write(error) => write_failure(error, "imported"),
        error @ ImportError::Spool(_) => Failure::from(error)
            .hint("nothing was imported; run the command again when the disk can be written to"),
        other => Failure::from(other),
    }
}
