//! `avalaches history`.

use avalaches::document::article;
use avalaches::history;
use avalaches::swhid::Swhid;
use avalaches::verify::signed::Keys;
use avalaches::withheld::{self, Kept};
use avalaches::wording::with_causes;

use super::{Common, Failure, Outcome, output, resolve};

/// Print the revisions of an article, newest first
#[derive(Debug, clap::Args)]
pub struct History {
    /// The article, such as 2026/01/22/some-words, or the id of any revision of it
    #[arg(value_name = "ARTICLE")]
    article: String,
}

impl History {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let named = Kept::read(&archive, resolve::commit(&archive, &self.article)?)?;
        let newest = match history::later(&archive, &named)?.last() {
            Some((newest, _)) => *newest,
            None => named.id(),
        };
        let revisions = history::revisions(&archive, newest).map_err(|e| Failure::new(with_causes(&e)))?;
        if common.json {
            output::print_json(&article::history(&archive, named.article_id(), &revisions)?)?;
            return Ok(Outcome::Yes);
        }
        let mut keys = Keys::of(&archive)?;
        let mut text = String::new();
        for revision in &revisions {
            let trailers = &revision.message().trailers;
            text.push_str(&format!(
                "{:3}  {:11}  {}\n",
                trailers.revision,
                trailers.kind,
                revision.footer()
            ));
            if common.verbose {
                text.push_str(&format!("     {}\n", Swhid::revision(revision.id())));
            }
            let standing = keys.standing(&archive, revision.commit())?;
            if standing.is_missing() {
                let what = output::visible(&standing.what());
                text.push_str(&format!("     unauthorized: {what}\n"));
            } else if standing.judged.is_signed() {
                let judged = output::visible(&standing.judged.to_string());
                text.push_str(&format!("     signature {judged}\n"));
            }
            if let Kept::Withheld(revision) = revision {
                let said = withheld::said(&revision.reasons(&archive)?);
                text.push_str(&format!("     {}\n", output::visible(&said)));
            }
            if let Some(note) = &revision.message().note {
                text.push_str(&format!("     {}\n", output::visible(note)));
            }
        }
        output::print(&text)?;
        Ok(Outcome::Yes)
    }
}
