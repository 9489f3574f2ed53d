//! `avalaches bundle`.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use avalaches::replication::{self, Remember, ReplicationError};
use avalaches::storage::fetch::FetchError;
use avalaches::wording::counted;
use clap::Subcommand;
use serde_json::json;

use super::output::GOOD;
use super::pull::Bringing;
use super::replication::{address, circumstances, failure, named};
use super::{Common, Failure, Outcome, output, resolve};

/// How a bundle begins (gitformat-bundle).
const SIGNATURES: [&[u8; 9]; 2] = [b"# v2 git ", b"# v3 git "];

/// Carry an archive, or what is new in it, as one file; git takes it as well
#[derive(Debug, clap::Args)]
pub struct Bundle {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write the archive into a file, or what came after a commit; `clone` and `bundle import` read it
    ///
    /// Commits with keys that were revoked since are in it, too: whoever reads it takes them, is told of each, and ends with exit
    /// status 1.
    Export(Export),
    /// Pull from a file, with everything that `pull` checks
    Import(Import),
}

#[derive(Debug, clap::Args)]
struct Export {
    /// The file; a bundle that is there is replaced
    file: PathBuf,
    /// Only what came after a commit, which the other copy has: an id, a footer, or an article for its newest revision
    #[arg(long, value_name = "ID")]
    since: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Import {
    /// The file
    file: PathBuf,
    #[command(flatten)]
    bringing: Bringing,
}

impl Bundle {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        match &self.what {
            What::Export(export) => export.run(common),
            What::Import(import) => import.run(common),
        }
    }
}

impl Export {
    fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let since = self.since.as_ref().map(|text| resolve::commit(&archive, text));
        let since = since.transpose()?;
        let (path, offset) = (archive.path().to_owned(), archive.settings().utc_offset);
        drop(archive);
        if self.file.is_dir() {
            return Err(Failure::new(format!("{} is a folder", named(&self.file))).hint("name a file in it"));
        }
        if fs::metadata(&self.file).is_ok_and(|there| there.len() > 0) && !begins_as_one(&self.file)? {
            let failure = Failure::new(format!("{} is there and is no bundle", named(&self.file)));
            return Err(failure.hint("name another file, or move that one away"));
        }
        let circumstances = circumstances(common, Remember::Never, None, offset)?;
        let bundle = match replication::export(&path, &self.file, since, &circumstances) {
            Ok(bundle) => bundle,
            Err(error @ ReplicationError::Fetch(FetchError::Git { .. })) => {
                return Err(Failure::from(error).hint(
                    "run `avalaches verify`: git packs only archives that have every object, and none whose content was expunged",
                ));
            }
            Err(error) => return Err(failure(error)),
        };
        if common.json {
            output::print_json(&json!({
                "schema": "avalaches/bundle/1",
                "file": self.file.to_string_lossy(),
                "since": since.map(|id| id.to_string()),
                "tip": bundle.tip.to_string(),
                "commits": bundle.commits,
                "bytes": bundle.bytes,
            }))?;
        } else {
            let commits = counted(bundle.commits, "commit");
            let (file, tip) = (named(&self.file), bundle.tip);
            output::print(&format!(
                "{GOOD}exported{GOOD:#}  {commits} into {file} · {tip}\n"
            ))?;
        }
        Ok(Outcome::Yes)
    }
}

impl Import {
    fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        check(&self.file)?;
        self.bringing
            .run(common, &address(self.file.as_os_str())?, Remember::Never)
    }
}

/// Checks that a file is there and begins as a bundle does, before git looks for a repository of its name.
fn check(file: &Path) -> Result<(), Failure> {
    if begins_as_one(file)? {
        return Ok(());
    }
    Err(Failure::new(format!("{} is no bundle", named(file)))
        .hint("`avalaches bundle export FILE` and `git bundle create` write bundles"))
}

fn begins_as_one(file: &Path) -> Result<bool, Failure> {
    let mut beginning = [0; 9];
    match File::open(file).and_then(|mut file| file.read_exact(&mut beginning)) {
        Ok(()) => Ok(SIGNATURES.contains(&&beginning)),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(Failure::new(format!("could not read {}: {error}", named(file)))),
    }
}
