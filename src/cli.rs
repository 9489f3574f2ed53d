//! The commands, one file each, and what they share: options, where the archive is, how failures are told.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anstream::ColorChoice;
use avalaches::add::Circumstances;
use avalaches::archive::{Archive, OpenError, Owner};
use avalaches::footer::Footer;
use avalaches::platform::Durability;
use avalaches::root_files::{self, RootChange, RootError};
use avalaches::storage::repository::{self, WriteError};
use avalaches::storage::vouched::Vouched;
use avalaches::wording::with_causes;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

mod add;
mod audit;
mod blame;
mod build;
mod bundle;
mod changes;
mod checkpoint;
mod clone;
mod compare;
mod completions;
mod correct;
mod diff;
mod environment;
mod expunge;
mod history;
mod import;
mod init;
mod key;
mod list;
#[cfg(feature = "server")]
mod listening;
mod log;
mod maintain;
mod man;
mod mirror;
#[cfg(feature = "network")]
mod monitor;
mod options;
mod output;
mod pages;
mod policy;
mod progress;
#[cfg(feature = "publish")]
mod publish;
mod pull;
mod push;
mod quote;
mod reindex;
mod remember;
mod replication;
mod resolve;
mod restore;
mod retract;
mod revise;
mod search;
#[cfg(feature = "server")]
mod serve;
mod settings;
mod show;
mod signers;
mod signing;
mod technical;
mod theme;
mod threads;
mod timestamping;
mod update;
mod verify;
#[cfg(feature = "server")]
mod witness;
mod wrap;

/// An article archive in which every footer is a proof.
#[derive(Debug, Parser)]
#[command(name = "avalaches", version)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What these options are headed by.
const COMMON: &str = "Options of every command";

/// The variable that names the archive; empty, it names none.
const ARCHIVE: &str = "AVALACHES_ARCHIVE";

/// The variable that says how many threads share long work, as other programs hear it.
const THREADS: &str = "RAYON_NUM_THREADS";

/// Options that every command has.
#[derive(Debug, Args)]
pub struct Common {
    /// The archive [default: `AVALACHES_ARCHIVE`, else ./archive, else the nearest one upwards]
    #[arg(
        long,
        global = true,
        help_heading = COMMON,
        value_name = "DIR"
    )]
    archive: Option<PathBuf>,
    /// Threads that share long work; 0 is one for each core that the program may use
    #[arg(
        long,
        global = true,
        help_heading = COMMON,
        value_name = "N",
        default_value = "0",
        value_parser = clap::value_parser!(u16).range(..=1024),
        env = std::env::var_os(THREADS).is_none_or(|threads| !threads.is_empty()).then_some(THREADS),
        hide_env_values = true
    )]
    threads: u16,
    /// Print one JSON document
    #[arg(long, global = true, help_heading = COMMON)]
    json: bool,
    /// Print results only
    #[arg(short, long, global = true, help_heading = COMMON)]
    quiet: bool,
    /// Print more about what is done
    #[arg(short, long, global = true, help_heading = COMMON, conflicts_with = "quiet")]
    verbose: bool,
    /// Open archives that belong to another user
    #[arg(long, global = true, help_heading = COMMON)]
    any_owner: bool,
    /// Do not wait for the disk; for archives that can be made again
    #[arg(long, global = true, help_heading = COMMON)]
    no_fsync: bool,
}

/// Options of a command are made up only where it is the one that is called.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    Init(init::Init),
    Add(add::Add),
    Correct(correct::Correct),
    Update(update::Update),
    Technical(technical::Technical),
    Retract(retract::Retract),
    Restore(restore::Restore),
    Expunge(expunge::Expunge),
    Import(import::Import),
    Verify(verify::Verify),
    Audit(audit::Audit),
    Build(build::Build),
    Theme(theme::Theme),
    #[cfg(feature = "publish")]
    Publish(publish::Publish),
    #[cfg(feature = "server")]
    Serve(serve::Serve),
    Show(show::Show),
    List(list::List),
    Search(search::Search),
    History(history::History),
    Diff(diff::Diff),
    Blame(blame::Blame),
    Compare(compare::Compare),
    Maintain(maintain::Maintain),
    Clone(clone::Clone),
    Pull(pull::Pull),
    Push(push::Push),
    Bundle(bundle::Bundle),
    Mirror(mirror::Mirror),
    Reindex(reindex::Reindex),
    Key(key::Key),
    Checkpoint(checkpoint::Checkpoint),
    Log(log::Log),
    Remember(remember::Remember),
    #[cfg(feature = "network")]
    Monitor(monitor::Monitor),
    #[cfg(feature = "server")]
    Witness(witness::Witness),
    Settings(settings::Settings),
    Signers(signers::Signers),
    Completions(completions::Completions),
    Man(man::Man),
}

/// Why a command could not answer: exit status 2.
#[derive(Debug)]
pub struct Failure {
    message: String,
    hint: Option<String>,
    /// Nobody reads the results any more, and nobody is told.
    is_unread: bool,
}

/// The exit status where nobody reads the results: that of a program that a closed pipe ended, as a shell has it.
const UNREAD: u8 = 141;

impl Failure {
    /// Makes a failure of a message.
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            is_unread: false,
        }
    }

    /// Makes the failure of one who writes what nobody reads any more.
    fn unread() -> Self {
        Self {
            is_unread: true,
            ..Self::new("nobody reads the result")
        }
    }

    /// Says what was done all the same: that it could not be told must not pass for "not done".
    fn after(self, done: &str) -> Self {
        Self {
            message: format!("{done}, but {}", self.message),
            is_unread: false,
            ..self
        }
    }

    /// Says, where there is a footer, that its commit was made all the same.
    fn after_commit(self, footer: Option<&Footer>) -> Self {
        match footer {
            Some(footer) => self.after(&format!("committed {}", footer.commit)),
            None => self,
        }
    }

    /// Tells the user on stderr.
    fn tell(&self) {
        output::error(&self.message);
        if let Some(hint) = &self.hint {
            output::hint(hint);
        }
    }

    /// Adds what the user can do.
    fn hint(self, hint: impl Into<String>) -> Self {
        self.hint_if(Some(hint))
    }

    /// Adds what the user can do, where that is known.
    fn hint_if(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into).or(self.hint);
        self
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(with_causes(&error))
    }
}

/// What a command comes to: yes (exit status 0), no (1), or ended by Ctrl-C (130).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Yes,
    No,
    Interrupted,
}

/// What is said where a file that is being read goes away beneath the program.
pub const UNREADABLE: &str = "error: a file of the archive was shortened while it was read, or its disk failed\n\
    hint: see whether the system tells of a failing disk; `avalaches verify` says what is still whole\n";

/// Runs the command line and returns the exit status: 0 yes, 1 no, 2 could not answer, 130 ended
/// by Ctrl-C, 141 nobody reads the answer.
pub fn run() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let parse = |command: clap::Command| {
        let matches = command.try_get_matches_from(&arguments);
        matches.and_then(|matches| Cli::from_arg_matches(&matches))
    };
    let cli = match parse(Cli::command()) {
        Ok(cli) => cli,
        Err(error) => {
            let error = match error.kind() {
                // There may be a list of the commands in it.
                ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                    parse(with_abouts(Cli::command())).err().unwrap_or(error)
                }
                _ => error,
            };
            return ExitCode::from(match error.print() {
                Err(failed) if failed.kind() == io::ErrorKind::BrokenPipe && !error.use_stderr() => UNREAD,
                Ok(()) if !error.use_stderr() => 0,
                _ => 2,
            });
        }
    };
    if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        ColorChoice::Never.write_global();
    }
    if !cli.common.quiet {
        repository::on_waiting(|lock| {
            output::note(&format!(
                "waiting for another command, which has the lock {}",
                lock.display()
            ));
        });
    }
    // A file that has reached the longest length that is allowed cannot be written to, as on a full disk; the system would end the
    // program without a word.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
    match threads::begin(cli.common.threads).and_then(|()| execute(&cli)) {
        Ok(Outcome::Yes) => ExitCode::SUCCESS,
        Ok(Outcome::No) => ExitCode::from(1),
        Ok(Outcome::Interrupted) => ExitCode::from(130),
        Err(failure) if failure.is_unread => ExitCode::from(UNREAD),
        Err(failure) => {
            failure.tell();
            ExitCode::from(2)
        }
    }
}

/// Lets a command line say of each command what it does.
fn with_abouts(command: clap::Command) -> clap::Command {
    command.mut_subcommands(|subcommand| {
        let mut built = subcommand.clone();
        built.build();
        match built.get_about() {
            Some(about) => subcommand.about(about.clone()),
            None => subcommand,
        }
    })
}

fn execute(cli: &Cli) -> Result<Outcome, Failure> {
    let common = &cli.common;
    match &cli.command {
        Command::Init(init) => init.run(common),
        Command::Add(add) => add.run(common),
        Command::Correct(correct) => correct.run(common),
        Command::Update(update) => update.run(common),
        Command::Technical(technical) => technical.run(common),
        Command::Retract(retract) => retract.run(common),
        Command::Restore(restore) => restore.run(common),
        Command::Expunge(expunge) => expunge.run(common),
        Command::Import(import) => import.run(common),
        Command::Verify(verify) => verify.run(common),
        Command::Audit(audit) => audit.run(common),
        Command::Build(build) => build.run(common),
        Command::Theme(theme) => theme.run(common),
        #[cfg(feature = "publish")]
        Command::Publish(publish) => publish.run(common),
        #[cfg(feature = "server")]
        Command::Serve(serve) => serve.run(common),
        Command::Show(show) => show.run(common),
        Command::List(list) => list.run(common),
        Command::Search(search) => search.run(common),
        Command::History(history) => history.run(common),
        Command::Diff(diff) => diff.run(common),
        Command::Blame(blame) => blame.run(common),
        Command::Compare(compare) => compare.run(common),
        Command::Maintain(maintain) => maintain.run(common),
        Command::Clone(clone) => clone.run(common),
        Command::Pull(pull) => pull.run(common),
        Command::Push(push) => push.run(common),
        Command::Bundle(bundle) => bundle.run(common),
        Command::Mirror(mirror) => mirror.run(common),
        Command::Reindex(reindex) => reindex.run(common),
        Command::Key(key) => key.run(common),
        Command::Checkpoint(checkpoint) => checkpoint.run(common),
        Command::Log(log) => log.run(common),
        Command::Remember(remember) => remember.run(common),
        #[cfg(feature = "network")]
        Command::Monitor(monitor) => monitor.run(common),
        #[cfg(feature = "server")]
        Command::Witness(witness) => witness.run(common),
        Command::Settings(settings) => settings.run(common),
        Command::Signers(signers) => signers.run(common),
        Command::Completions(completions) => completions.run(&mut with_abouts(Cli::command())),
        Command::Man(man) => man.run(with_abouts(Cli::command())),
    }
}

impl Common {
    fn durability(&self) -> Durability {
        if self.no_fsync {
            Durability::Unsynced
        } else {
            Durability::Synced
        }
    }

    fn owner(&self) -> Owner {
        if self.any_owner {
            Owner::Anyone
        } else {
            Owner::Caller
        }
    }

    /// Changes what an archive says about itself, by one commit, as `decide` has it.
    fn change_root_files<E: std::error::Error + 'static>(
        &self,
        archive: &Path,
        circumstances: &Circumstances,
        decide: impl FnOnce(&Archive) -> Result<Option<RootChange>, E>,
    ) -> Result<Option<Footer>, RootError<E>> {
        root_files::change(archive, self.owner(), circumstances, self.durability(), decide)
    }

    /// Returns the archive that is named, by the option or by the variable.
    fn named_archive(&self) -> Option<PathBuf> {
        let variable = || std::env::var_os(ARCHIVE).filter(|folder| !folder.is_empty());
        self.archive.clone().or_else(|| variable().map(PathBuf::from))
    }

    /// Finds the archive: the one named, else `./archive`, else the nearest one upwards.
    fn archive_path(&self) -> Result<PathBuf, Failure> {
        self.find_archive()?.ok_or_else(no_archive)
    }

    /// Returns the archive that is named, or the nearest one; `None` where there is none.
    fn find_archive(&self) -> Result<Option<PathBuf>, Failure> {
        if let Some(path) = self.named_archive() {
            return Ok(Some(path));
        }
        let here = std::env::current_dir()?;
        for folder in here.ancestors() {
            for candidate in [folder.join("archive"), folder.to_owned()] {
                if is_there(&candidate.join("HEAD"), Metadata::is_file)?
                    && is_there(&candidate.join("objects"), Metadata::is_dir)?
                {
                    // Messages name the archive as the user would.
                    let near = candidate
                        .strip_prefix(&here)
                        .map(PathBuf::from)
                        .unwrap_or(candidate.clone());
                    return Ok(Some(if near.as_os_str().is_empty() {
                        PathBuf::from(".")
                    } else {
                        near
                    }));
                }
            }
        }
        Ok(None)
    }

    /// Chooses between the form of an answer that is named and JSON, which `--json` asks for as well.
    fn form<F: Copy + PartialEq>(&self, named: F, default: F, json: F) -> Result<F, Failure> {
        if !self.json {
            Ok(named)
        } else if named == default || named == json {
            Ok(json)
        } else {
            Err(
                Failure::new("--json and --format ask for two forms of one answer")
                    .hint("leave one of them out"),
            )
        }
    }

    fn open(&self) -> Result<Archive, Failure> {
        self.open_at(&self.archive_path()?).map_err(open_failure)
    }

    /// Opens an archive that was found.
    fn open_at(&self, path: &Path) -> Result<Archive, OpenError> {
        let archive = Archive::open(path, self.owner())?;
        // Without a folder of the user's own long branches are walked again.
        Ok(archive.vouched_by(environment::lists_folder().map(Vouched::in_folder)))
    }
}

fn no_archive() -> Failure {
    Failure::new("there is no archive here or in any folder above")
        .hint("name one with --archive DIR, or make one with `avalaches init`")
}

/// Tells whether something is there, of a kind. What may not be looked at is somebody else's.
fn is_there(path: &Path, is_of_kind: fn(&Metadata) -> bool) -> Result<bool, Failure> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(is_of_kind(&metadata)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::PermissionDenied
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(
            Failure::new(format!("could not look at {}: {error}", path.display()))
                .hint("name the archive with --archive DIR"),
        ),
    }
}

/// Says why a whole archive was neither proved nor found at fault, after the findings that name what could not be read.
fn unread() -> Failure {
    Failure::new("not all of the archive could be read, so it is neither proved nor found at fault; what else was found may come of that")
        .hint("mend the disk or the permissions of what is named above, and check again")
}

/// Says why something could not be written and so was not done.
fn write_failure(error: WriteError, done: &str) -> Failure {
    let hint = match &error {
        WriteError::Io { source, .. } if is_of_open_files(source) => {
            "run the command again with more room for open files (`ulimit -n`)"
        }
        WriteError::Io { .. } => "run the command again when the disk can be written to",
        WriteError::Git { .. } => {
            "run the command again when the archive's folder can be written to, and no lock of another program is in the way"
        }
        _ => return Failure::from(error),
    };
    Failure::from(error).hint(format!("nothing was {done}; {hint}"))
}

/// Tells whether this program, or the machine, has as many files open as it may.
fn is_of_open_files(error: &io::Error) -> bool {
    let errno = rustix::io::Errno::from_io_error(error);
    matches!(errno, Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE))
}

fn open_failure(error: OpenError) -> Failure {
    let hint = match &error {
        OpenError::NoArchive { .. } => Some("make an archive with `avalaches init DIR`"),
        OpenError::Empty(_) => Some(
            "make an archive with `avalaches init DIR`; a clone that was interrupted goes on when it is run again; where the branch is lost, `git -C ARCHIVE update-ref refs/heads/main ID` sets it again, to the newest id that is known, and `avalaches verify` proves it",
        ),
        OpenError::OtherOwner(_) => Some("to open it all the same, add --any-owner"),
        OpenError::Plumbing(_) => Some("run `avalaches verify` to see all that is wrong"),
        OpenError::Io { .. } => {
            Some("name the archive with --archive DIR, or make one with `avalaches init DIR`")
        }
        _ => None,
    };
    Failure::from(error).hint_if(hint)
}
