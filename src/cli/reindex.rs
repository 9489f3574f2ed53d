//! `avalaches reindex`.

use avalaches::index::{self, IndexError};
use avalaches::wording::counted;
use serde_json::json;

use super::output::GOOD;
use super::progress::{Meter, Shown};
use super::{Common, Failure, Outcome, output};

/// Make the index anew: the file by which `list`, `history` and `verify` find articles without reading the history
///
/// The index is made and brought up to date by itself; this is for whoever does not trust the one that is there. The files by which
/// `search` and `verify --quote` find texts are deleted, and made anew when these are run next.
#[derive(Debug, clap::Args)]
pub struct Reindex {
    /// How progress is shown
    #[arg(long, value_enum, default_value = "auto")]
    progress: Shown,
}

impl Reindex {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let mut meter = Meter::begin(common, self.progress, "commits")?;
        let made = index::rebuild(&archive, &mut |progress| meter.tell(progress));
        meter.end();
        let index = match made {
            Ok(index) => index,
            Err(IndexError::Ended) => {
                output::note(&IndexError::Ended.to_string());
                return Ok(Outcome::Interrupted);
            }
            Err(error) => {
                return Err(Failure::from(error).hint("every command works without an index, only slower"));
            }
        };
        let (revisions, articles) = (index.revision_count(), index.covered().articles);
        if common.json {
            output::print_json(&json!({
                "schema": "avalaches/reindex/1",
                "file": index::path(&archive).to_string_lossy(),
                "articles": articles,
                "revisions": revisions,
                "tip": archive.tip().to_string(),
            }))?;
            return Ok(Outcome::Yes);
        }
        output::print(&format!(
            "{GOOD}indexed{GOOD:#}  {} of {} · {}\n",
            counted(revisions, "revision"),
            counted(articles, "article"),
            archive.tip()
        ))?;
        Ok(Outcome::Yes)
    }
}
