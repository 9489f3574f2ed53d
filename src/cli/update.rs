//! `avalaches update`.

use avalaches::article::Kind;

use super::revise::Page;
use super::{Common, Failure, Outcome};

/// Update an article: a page takes the place of its text, because there is news
#[derive(Debug, clap::Args)]
pub struct Update {
    #[command(flatten)]
    page: Page,
}

impl Update {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        self.page.run(common, Kind::Update)
    }
}
