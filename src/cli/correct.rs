//! `avalaches correct`.

use avalaches::article::Kind;

use super::revise::Page;
use super::{Common, Failure, Outcome};

/// Correct an article: a page takes the place of its text, and a note says what was wrong
#[derive(Debug, clap::Args)]
pub struct Correct {
    #[command(flatten)]
    page: Page,
}

impl Correct {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        self.page.run(common, Kind::Correction)
    }
}
