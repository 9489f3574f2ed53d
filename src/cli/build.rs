//! `avalaches build`.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use avalaches::site;
use avalaches::wording::counted;
use serde_json::json;

use super::{Common, Failure, Outcome, output};

/// Write the archive as a site: files that any web server can serve, each page with its proof
#[derive(Debug, clap::Args)]
pub struct Build {
    /// The folder to write to; files in it that are not the site's stay as they are
    #[arg(value_name = "OUT")]
    folder: PathBuf,
    /// A folder with templates and a style of your own, each in the place of the one of that name that comes with the program
    #[arg(long, value_name = "DIR")]
    theme: Option<PathBuf>,
}

impl Build {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let built = site::build(
            &archive,
            &self.folder,
            self.theme.as_deref(),
            &AtomicBool::new(false),
        )?;
        if common.json {
            output::print_json(&json!({
                "schema": "avalaches/build/1",
                "folder": self.folder.display().to_string(),
                "articles": built.articles,
                "pages": built.pages,
                "withheld": built.withheld,
                "written": built.files.written,
                "unchanged": built.files.unchanged,
                "removed": built.files.removed,
            }))?;
            return Ok(Outcome::Yes);
        }
        let of_files = &built.files;
        output::print(&format!(
            "{} of {}: {} written, {} unchanged, {} removed\n",
            counted(built.pages, "page"),
            counted(built.articles, "article"),
            counted(of_files.written, "file"),
            of_files.unchanged,
            of_files.removed
        ))?;
        Ok(Outcome::Yes)
    }
}
