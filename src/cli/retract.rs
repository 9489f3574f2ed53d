//! `avalaches retract`.

use avalaches::editorial;
use avalaches::language::Tagged;

use super::revise::Revising;
use super::{Common, Failure, Outcome};

/// Retract an article: a notice takes the place of its text, and says why; earlier revisions stay
#[derive(Debug, clap::Args)]
#[command(mut_arg("date", |date| date.help("Date of the revision [default: now]")))]
pub struct Retract {
    #[command(flatten)]
    revising: Revising,
    /// One line that says why; again with LANG= for each of the article's languages. One that begins like a language's tag,
    /// such as id=5, has one before it: en=id=5
    #[arg(long, value_name = "[LANG=]NOTE")]
    note: Vec<String>,
}

impl Retract {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let newest = self.revising.newest(&archive)?;
        let mut wishes = self.revising.wishes(&archive, Some(&newest))?;
        if self.revising.drops_title() {
            // Not even one of the text's first words.
            wishes.titles.get_or_insert_default();
        }
        let settings = archive.settings();
        let circumstances = self.revising.making.circumstances(common, &archive, false)?;
        let notes: Vec<Tagged> = self.note.iter().map(|note| Tagged::read(note)).collect();
        let prepared = editorial::retraction(&newest, &notes, wishes, settings, &circumstances)
            .map_err(|error| self.revising.refused(error))?;
        self.revising
            .make(common, &archive, None, prepared, &circumstances)
    }
}
