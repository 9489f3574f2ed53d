//! `avalaches theme`.

use std::path::PathBuf;

use avalaches::site::{self, BuildError, ThemeError};
use avalaches::wording::counted;
use serde_json::json;

use super::{Common, Failure, Outcome, output};

/// Write the program's own templates and style into a folder, for a theme to begin with
///
/// `build` and `serve` take the folder with --theme. What you do not change can be deleted there: the program's own takes its place, also
/// where a later version has another.
#[derive(Debug, clap::Args)]
pub struct Theme {
    /// The folder, made where there is none; no file in it is written over
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

impl Theme {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let written = site::begin_theme(&self.folder).map_err(|error| {
            let hint = matches!(error, BuildError::Theme(ThemeError::There(_)))
                .then_some("nothing was written; name another folder, or move the file away");
            Failure::from(error).hint_if(hint)
        })?;
        if common.json {
            output::print_json(&json!({
                "schema": "avalaches/theme/1",
                "folder": self.folder.display().to_string(),
                "written": written,
            }))?;
            return Ok(Outcome::Yes);
        }
        output::print(&format!(
            "{} written to {}\n",
            counted(written.len(), "file"),
            self.folder.display()
        ))?;
        Ok(Outcome::Yes)
    }
}
