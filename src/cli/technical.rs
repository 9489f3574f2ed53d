//! `avalaches technical`.

use avalaches::article::Kind;

use super::revise::Page;
use super::{Common, Failure, Outcome};

/// Change an article's titles, tags or markup; its text stays the same to the character
#[derive(Debug, clap::Args)]
pub struct Technical {
    #[command(flatten)]
    page: Page,
}

impl Technical {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        self.page.run(common, Kind::Technical)
    }
}
