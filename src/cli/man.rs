//! `avalaches man`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap_mangen::roff::{Roff, bold, roman};

use super::{Failure, Outcome};

/// Write the man pages into a folder
#[derive(Debug, clap::Args)]
pub struct Man {
    /// The folder, made where there is none
    dir: PathBuf,
}

/// What the exit statuses mean, of every command.
const EXIT_STATUS: [(&str, &str); 5] = [
    ("0", "The answer is yes, or what was asked for is done."),
    (
        "1",
        "The answer is no: a page is not what was published, an archive is not whole, nothing was found, a part was refused.",
    ),
    (
        "2",
        "There is no answer: something could not be read, understood or done.",
    ),
    ("130", "Ended by Ctrl-C."),
    ("141", "Nobody reads the answer any more: the pipe was closed."),
];

/// What the program takes from the environment. A variable that is empty is as one that is not set.
const ENVIRONMENT: [(&str, &str); 12] = [
    ("AVALACHES_ARCHIVE", "The archive, where --archive names none."),
    (
        "AVALACHES_SIGNING_KEY",
        "The key that --sign without a key signs with, before the user.signingkey of git.",
    ),
    (
        "SOURCE_DATE_EPOCH, GIT_COMMITTER_DATE",
        "When something is archived, where --archived-at does not say; the first goes before.",
    ),
    (
        "GIT_COMMITTER_NAME, GIT_COMMITTER_EMAIL",
        "Who archives, in the place of the archive's byline.",
    ),
    (
        "GIT_AUTHOR_NAME, GIT_AUTHOR_EMAIL",
        "The author of pages that name none, where the archive has no byline.",
    ),
    (
        "PATH",
        "Where git, ssh-keygen, openssl and ots are looked for, by the commands that run them.",
    ),
    (
        "XDG_STATE_HOME, HOME",
        "Where what is remembered of archives and logs is kept: in avalaches/ of the first, else in .local/state/avalaches/ of the second.",
    ),
    (
        "XDG_CACHE_HOME, HOME",
        "Where it is kept which lists of long branches were walked already, which can be deleted: likewise, else in .cache/avalaches/.",
    ),
    (
        "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION",
        "Of publish: who writes to a bucket, and where it is.",
    ),
    (
        "AWS_ENDPOINT_URL, AWS_METADATA_ENDPOINT",
        "Of publish: the server of a bucket, where --endpoint names none, and the one that is asked for keys, where none are set.",
    ),
    (
        "RAYON_NUM_THREADS",
        "How many threads share long work, where --threads does not say.",
    ),
    ("NO_COLOR", "Not empty, it keeps colours away."),
];

impl Man {
    pub fn run(&self, command: clap::Command) -> Result<Outcome, Failure> {
        let mut command = command.disable_help_subcommand(true);
        command.build();
        let written = fs::create_dir_all(&self.dir).and_then(|()| write(&command, &self.dir));
        written.map_err(|e| {
            Failure::new(format!(
                "could not write man pages into {}: {e}",
                self.dir.display()
            ))
        })?;
        Ok(Outcome::Yes)
    }
}

/// Writes the page of a command and those of the commands in it.
fn write(command: &clap::Command, dir: &Path) -> io::Result<()> {
    for subcommand in command.get_subcommands().filter(|one| !one.is_hide_set()) {
        write(subcommand, dir)?;
    }
    // The line of the help: of its own, clap_mangen lists all options there, without their values.
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim_start().to_owned();
    let man = clap_mangen::Man::new(command.clone().override_usage(usage));
    let mut page = Vec::new();
    man.render(&mut page)?;
    for (heading, entries) in [("EXIT STATUS", &EXIT_STATUS[..]), ("ENVIRONMENT", &ENVIRONMENT)] {
        let mut roff = Roff::new();
        roff.control("SH", [heading]);
        for (name, meaning) in entries {
            roff.control("TP", []);
            roff.text([bold(*name)]);
            roff.text([roman(*meaning)]);
        }
        page.extend_from_slice(roff.to_roff().as_bytes());
    }
    fs::write(dir.join(man.get_filename()), page)
}
