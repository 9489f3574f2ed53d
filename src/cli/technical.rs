//! `avalaches technical`.

use avalaches::article::Kind;

use super::revise::Page;
use super::{Common, Failure, Outcome};

/// Change an article's titles, tags or markup; its text stays the same to the character, and without a page so does its markup
#[derive(Debug, clap::Args)]
#[command(mut_arg("file", |file| file.required(false)))]
pub struct Technical {
    #[command(flatten)]
    page: Page,
}

impl Technical {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        self.page.run(common, Kind::Technical)
    }
}
