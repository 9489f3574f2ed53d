//! `avalaches restore`.

use avalaches::archive::Archive;
use avalaches::editorial::{self, Wanted};

use super::revise::Revising;
use super::{Common, Failure, Outcome, resolve};

/// Restore a retracted article: sources, titles and tags of an earlier revision, to the letter
#[derive(Debug, clap::Args)]
#[command(mut_arg("date", |date| date.help("Date of the revision [default: now]")))]
pub struct Restore {
    #[command(flatten)]
    revising: Revising,
    /// The revision whose text is put back, by number, footer or id [default: the newest before the retraction]
    #[arg(long, value_name = "N|ID")]
    revision: Option<String>,
    /// One line that says why
    #[arg(long)]
    note: Option<String>,
}

impl Restore {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let refused = |error| self.revising.refused(error);
        let newest = self.revising.newest(&archive)?;
        let wanted = self.wanted(&archive)?;
        let earlier = editorial::restored(&archive, &newest, wanted).map_err(refused)?;
        let mut wishes = self.revising.wishes(&archive, Some(&earlier))?;
        wishes.note.clone_from(&self.note);
        let settings = archive.settings();
        let circumstances = self.revising.making.circumstances(common, &archive, true)?;
        let prepared =
            editorial::restoration(&newest, &earlier, wishes, settings, &circumstances).map_err(refused)?;
        self.revising
            .make(common, &archive, None, prepared, &circumstances)
    }

    fn wanted(&self, archive: &Archive) -> Result<Wanted, Failure> {
        let Some(text) = self.revision.as_deref() else {
            return Ok(Wanted::BeforeRetraction);
        };
        // Seven digits and more are the beginning of an id.
        if let Some(number) = text.parse().ok().filter(|_| text.len() < 7) {
            return Ok(Wanted::Number(number));
        }
        Ok(Wanted::Commit(resolve::commit(archive, text)?))
    }
}
