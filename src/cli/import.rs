//! `avalaches import`.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read as _, Write as _};
use std::ops::ControlFlow;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use avalaches::add::Wishes;
use avalaches::branch::{Outcome as Placed, PlaceError};
use avalaches::draft::{Form, Notice, NoticeKind};
use avalaches::import::json_lines::LONGEST_LINE;
use avalaches::import::{
    self, ImportError, Item, Listener, Mode, OnRefusal, Options, Refusal, Report, Text, Unreadable,
};
use avalaches::progress::Progress;
use avalaches::publisher::repository::Repository;
use avalaches::publisher::{Paths, Version, Walk};
use avalaches::storage::inventory::Inventory;
use avalaches::storage::repository::WriteError;
use avalaches::wording::{counted, on_one_line, with_causes};
use serde_json::json;

use super::options::{Making, Reading};
use super::pages::{
    FormName, files, files_with, form_of, is_encoded, page_failure, place_failure, read_once, read_page,
    tell_notices,
};
use super::progress::{Meter, Shown};
use super::signing::unsigned;
use super::{Common, Failure, Outcome, open_failure, output};

mod stream;

use stream::Stream;

/// Bring in any number of pages, in the order of their dates, in one pack and one move of the branch
#[derive(Debug, clap::Args)]
pub struct Import {
    /// Folders and files of pages, files of JSON Lines (.jsonl), or - for JSON Lines from stdin
    #[arg(required_unless_present = "git", value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    /// A publisher's own git repository: each version of each file becomes a revision
    #[arg(long, value_name = "REPO")]
    git: Option<PathBuf>,
    /// Of the repository, files whose paths match; again for several [default: text, Markdown and HTML]
    #[arg(long, value_name = "GLOB", requires = "git")]
    path: Vec<String>,
    /// Of the repository, the branch or tag [default: the one it stands on]
    #[arg(long, value_name = "NAME", requires = "git")]
    branch: Option<String>,
    #[command(flatten)]
    making: Making,
    #[command(flatten)]
    reading: Reading,
    /// Import the good pages where some are bad, and exit with 1
    #[arg(long)]
    keep_going: bool,
    /// Write the footer of each page to a file, as JSON Lines
    #[arg(long, value_name = "FILE")]
    footers: Option<PathBuf>,
    /// How progress is shown
    #[arg(long, value_enum, default_value = "auto")]
    progress: Shown,
}

impl Import {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let path = archive.path().to_owned();
        let circumstances = self
            .making
            .circumstances(common, &archive, self.reading.allow_invisible)?;
        drop(archive);
        let options = Options {
            circumstances,
            on_refusal: if self.keep_going {
                OnRefusal::Skip
            } else {
                OnRefusal::Stop
            },
            mode: if self.making.dry_run {
                Mode::Rehearse
            } else {
                Mode::Write
            },
            durability: common.durability(),
        };
        let paths = Paths::matching(&self.path)?;
        let open = |path: &PathBuf| Repository::open(path, self.branch.as_deref());
        let repository = self.git.as_ref().map(open).transpose()?;
        let inventory = repository
            .as_ref()
            .map(|repository| Inventory::for_reading(repository.objects()));
        let walk = match repository.as_ref().zip(inventory.as_ref()) {
            Some((repository, inventory)) => Some(Walk::begin(repository, inventory, &paths)?),
            None => None,
        };
        let meter = Meter::begin(common, self.progress, "steps")?;
        let mut items = self.items(common, walk, meter.interrupted())?;
        let mut teller = Teller {
            common,
            meter,
            footers: self.footers.as_deref().map(Footers::create).transpose()?,
            failed: None,
            refused: BTreeMap::new(),
            hints: HashSet::new(),
            is_of_git: self.git.is_some(),
            left_out: 0,
        };
        let done = import::import(&path, common.owner(), &mut items, &options, &mut teller);
        let other_dates = items.other_dates;
        let Teller {
            meter,
            footers,
            failed,
            refused,
            left_out,
            ..
        } = teller;
        meter.end();
        if !common.verbose {
            tell_the_rest(&refused);
        }
        let report = done.map_err(failure)?;
        if report.ended && failed.is_none() {
            output::note("ended; nothing was imported, and the same command begins anew");
            return Ok(Outcome::Interrupted);
        }
        if !report.is_imported(options.on_refusal) {
            let refused = if report.refused == 1 {
                "1 page was".to_owned()
            } else {
                format!("{} pages were", report.refused)
            };
            let failure = failed.unwrap_or_else(|| {
                Failure::new(format!("{refused} refused, and nothing was imported"))
                    .hint("--keep-going imports the good ones")
            });
            return Err(failure);
        }
        // The commits are on disk; that this could not be said must not pass for "not imported".
        let unreported = |failure: Failure| match report.tip {
            Some(tip) if report.revisions > 0 && !self.making.dry_run => {
                failure.after(&format!("imported up to {tip}"))
            }
            _ => failure,
        };
        if !common.quiet {
            self.warn(common, &report, other_dates, left_out);
        }
        let footers = footers.map_or(Ok(()), Footers::finish);
        footers
            .and_then(|()| self.tell(common, &report))
            .map_err(unreported)?;
        Ok(if report.refused == 0 {
            Outcome::Yes
        } else {
            Outcome::No
        })
    }

    /// Tells what the numbers of an import do not show.
    fn warn(&self, common: &Common, report: &Report, other_dates: usize, left_out: usize) {
        if report.undated > 0 {
            output::warning(&format!(
                "{} without a date: today's is theirs, and on another day they would be other articles",
                counted(report.undated, "new article"),
            ));
        }
        if other_dates > 0 {
            output::warning(&format!(
                "{} without an author's date that a revision can have: the committer's stands for it",
                counted(other_dates, "version"),
            ));
        }
        if left_out > MOST_NAMED && !common.verbose {
            output::warning(&format!(
                "{} with words that are left out, as they stand beside the text; --verbose names all of them",
                counted(left_out - MOST_NAMED, "more page"),
            ));
        }
        if report.pages == 0 {
            output::warning(if self.git.is_some() {
                "there was nothing to import: no file of the branch is a page that matches"
            } else {
                "there was nothing to import: the sources have no page"
            });
        }
    }

    fn tell(&self, common: &Common, report: &Report) -> Result<(), Failure> {
        if common.json {
            return output::print_json(&json!({
                "schema": "avalaches/import/1",
                "dry_run": self.making.dry_run,
                "pages": report.pages,
                "revisions": report.revisions,
                "articles": report.articles,
                "unchanged": report.unchanged,
                "refused": report.refused,
                "objects": report.objects,
                "bytes": report.bytes,
                "tip": report.tip.map(|tip| tip.to_string()),
            }));
        }
        let word = if self.making.dry_run {
            "would import"
        } else {
            "imported"
        };
        let mut text = format!(
            "{word}  {}, {} new, of {}",
            counted(report.revisions, "revision"),
            counted(report.articles, "article"),
            counted(report.pages, "page"),
        );
        if report.unchanged > 0 {
            text.push_str(&format!("; {} in the archive already", report.unchanged));
        }
        if report.refused > 0 {
            text.push_str(&format!("; {} refused", report.refused));
        }
        if let Some(tip) = report.tip {
            text.push_str(&format!(" · {tip}"));
        }
        output::print(&format!("{text}\n"))
    }

    /// Opens the sources; what is in them is read when its turn comes.
    fn items<'a>(
        &self,
        common: &Common,
        walk: Option<Walk<'a>>,
        interrupted: Arc<AtomicBool>,
    ) -> Result<Items<'a>, Failure> {
        let wishes = Wishes {
            languages: self.reading.lang.clone(),
            authors: self.making.author.clone(),
            tags: self.making.tag.clone(),
            ..Wishes::default()
        };
        let mut parts: Vec<Part<'a>> = Vec::new();
        parts.extend(walk.map(|walk| Part::Versions(Box::new(walk))));
        read_once(&self.sources)?;
        for source in &self.sources {
            let name = source.to_string_lossy().into_owned();
            let is_waited_for = source.as_os_str() == "-" || is_pipe(source);
            if is_waited_for && (name == "-" || has_lines(&name)) {
                let stream = Stream::open(source, Arc::clone(&interrupted));
                parts.push(Part::lines(name, Box::new(BufReader::new(stream))));
            } else if has_lines(&name) && !source.is_dir() {
                let file = File::open(source)
                    .map_err(|e| Failure::new(format!("could not open {}: {e}", source.display())))?;
                let file = BufReader::with_capacity(1 << 20, file);
                parts.push(Part::lines(name, Box::new(file)));
            } else if source.exists() {
                let passed_over = files_with(source, has_lines)?;
                if let Some(first) = passed_over.first().filter(|_| !common.quiet) {
                    output::warning(&format!(
                        "{} of JSON Lines in {name} passed over: name each to import it, as in {}",
                        counted(passed_over.len(), "file"),
                        first.display(),
                    ));
                }
                parts.push(Part::Files(
                    files(common, std::slice::from_ref(source))?.into_iter(),
                ));
            } else {
                return Err(Failure::new(format!("there is no {}", source.display())).hint(
                    "name a folder of pages, a page, a file of JSON Lines named .jsonl, or - for stdin",
                ));
            }
        }
        Ok(Items {
            parts: parts.into_iter().rev().collect(),
            form: self.reading.form,
            wishes,
            other_dates: 0,
            interrupted,
        })
    }
}

/// A source that is read page by page.
enum Part<'a> {
    Versions(Box<Walk<'a>>),
    Files(std::vec::IntoIter<PathBuf>),
    Lines {
        name: String,
        number: usize,
        reader: Box<dyn BufRead>,
    },
}

impl Part<'_> {
    fn lines(name: String, reader: Box<dyn BufRead>) -> Self {
        Self::Lines {
            name,
            number: 0,
            reader,
        }
    }
}

/// The pages of the sources.
struct Items<'a> {
    /// The next one last.
    parts: Vec<Part<'a>>,
    form: Option<FormName>,
    wishes: Wishes,
    /// Versions for whose date another stands.
    other_dates: usize,
    interrupted: Arc<AtomicBool>,
}

impl Items<'_> {
    fn item(&self, name: String, text: Text) -> Item {
        Item {
            name,
            text,
            wishes: self.wishes.clone(),
            order: None,
            file: None,
        }
    }

    fn version(&mut self, version: Version) -> Item {
        self.other_dates += usize::from(version.is_of_committer);
        let form = self.form.map(Into::into).or(version.form);
        let text = match version.bytes {
            Ok(bytes) => Text::Page {
                form: form.unwrap_or_else(|| Form::sniff(&bytes)),
                bytes,
            },
            Err(why) => Text::Unreadable(Unreadable(why)),
        };
        let mut item = self.item(format!("{} at {}", version.path, version.commit), text);
        item.wishes.date = version.date.map(|date| date.to_string());
        if let Some(author) = version.author {
            item.wishes.authors = vec![author.to_string()];
        }
        item.wishes.note = version.note;
        item.wishes.source_commit = Some(version.commit);
        item.order = Some(version.order);
        item.file = Some(version.file);
        item
    }

    fn page(&self, file: &Path) -> Item {
        let text = match read_page(file) {
            Ok(bytes) if self.form.is_none() && is_json(file, &bytes) => Text::Unreadable(Unreadable(
                "begins as JSON does, and is no page; files of JSON Lines are named .jsonl or .ndjson"
                    .to_owned(),
            )),
            Ok(bytes) => {
                let form = self.form.map_or_else(|| form_of(file, &bytes), Into::into);
                Text::Page { bytes, form }
            }
            Err(failure) => Text::Unreadable(Unreadable(failure.message)),
        };
        self.item(file.to_string_lossy().into_owned(), text)
    }
}

impl Iterator for Items<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            match self.parts.last_mut()? {
                Part::Versions(walk) => match walk.next() {
                    Some(Ok(version)) => return Some(self.version(version)),
                    Some(Err(error)) => {
                        self.parts.pop();
                        let text = Text::Unreadable(Unreadable(with_causes(&error)));
                        return Some(self.item("the repository".to_owned(), text));
                    }
                    None => {}
                },
                Part::Files(files) => {
                    if let Some(file) = files.next() {
                        return Some(self.page(&file));
                    }
                }
                Part::Lines { name, number, reader } => {
                    *number += 1;
                    let place = format!("{name}:{number}");
                    let is_first = *number == 1;
                    let line = read_line(reader);
                    // What was read of a line when the user wanted an end is none.
                    if self.interrupted.load(Ordering::Relaxed) {
                        return None;
                    }
                    match line {
                        Ok(None) => {}
                        Ok(Some(line)) if line.trim_ascii().is_empty() => continue,
                        Ok(Some(mut line)) => {
                            if is_first && line.starts_with(b"\xef\xbb\xbf") {
                                line.drain(..3);
                            }
                            let text = match String::from_utf8(line) {
                                Ok(line) => Text::JsonLine(line),
                                Err(error) => {
                                    let at = error.utf8_error().valid_up_to();
                                    Text::Unreadable(Unreadable(format!(
                                        "the line is not UTF-8 from byte {at}"
                                    )))
                                }
                            };
                            return Some(self.item(place, text));
                        }
                        Err(error) => {
                            // What follows cannot be read either.
                            self.parts.pop();
                            let text = Text::Unreadable(Unreadable(format!("could not be read: {error}")));
                            return Some(self.item(place, text));
                        }
                    }
                }
            }
            self.parts.pop();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = |part: &Part| match part {
            Part::Files(files) => files.len(),
            Part::Versions(_) | Part::Lines { .. } => 0,
        };
        (self.parts.iter().map(count).sum(), None)
    }
}

/// Tells whether a file is one of JSON Lines, by its name.
fn has_lines(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".jsonl", ".ndjson"].iter().any(|ending| name.ends_with(ending))
}

/// Tells whether a file is a pipe by name, which waits for who writes into it.
fn is_pipe(source: &Path) -> bool {
    std::fs::metadata(source).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

/// Tells whether a file whose name is no page's begins as JSON does.
fn is_json(file: &Path, bytes: &[u8]) -> bool {
    let begin = bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(bytes)
        .trim_ascii_start();
    let is_begun = match begin.split_first() {
        // So does rich text, which is told as what it is.
        Some((b'{', rest)) => !rest.starts_with(b"\\rtf"),
        // Some texts begin with a note in brackets.
        Some((b'[', rest)) => matches!(rest.trim_ascii_start().first(), Some(b'{' | b'[' | b'"' | b']')),
        _ => false,
    };
    is_begun && Form::of_name(&file.to_string_lossy()).is_none()
}

/// Reads a line, not more of it than can be used.
fn read_line(reader: &mut dyn BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let most = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX);
    if reader.take(most).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.len() == LONGEST_LINE && line.last() != Some(&b'\n') {
        return Err(io::Error::other(format!(
            "the line is longer than {LONGEST_LINE} bytes (128 MiB)"
        )));
    }
    Ok(Some(line))
}

/// The footers of pages, in a file that has its name once all of them are in it.
struct Footers {
    path: PathBuf,
    file: BufWriter<tempfile::NamedTempFile>,
}

impl Footers {
    fn create(path: &Path) -> Result<Self, Failure> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
            .map_err(|e| Failure::new(format!("could not write {}: {e}", path.display())))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
        })
    }

    fn finish(self) -> Result<(), Failure> {
        let path = self.path;
        let failed = |error: io::Error| Failure::new(format!("could not write {}: {error}", path.display()));
        let file = self.file.into_inner().map_err(|e| failed(e.into_error()))?;
        file.persist(&path).map_err(|e| failed(e.error))?;
        Ok(())
    }
}

/// Tells the user what happens.
struct Teller<'a> {
    common: &'a Common,
    meter: Meter,
    footers: Option<Footers>,
    failed: Option<Failure>,
    /// How many pages were refused, by cause.
    refused: BTreeMap<String, usize>,
    /// Hints that were given: each is given once.
    hints: HashSet<String>,
    /// Whether pages are versions out of a git history.
    is_of_git: bool,
    /// How many pages have words that are left out.
    left_out: usize,
}

/// How many pages are named that were refused for one cause, or of which words are left out.
const MOST_NAMED: usize = 20;

/// Says of each cause how many pages it was that were not named.
fn tell_the_rest(refused: &BTreeMap<String, usize>) {
    let mut is_told = false;
    for (cause, count) in refused {
        let more = count.saturating_sub(MOST_NAMED);
        if more > 0 {
            output::error(&format!("{}: {cause}", counted(more, "more page")));
            is_told = true;
        }
    }
    if is_told {
        output::hint("--verbose names all of them");
    }
}

impl Listener for Teller<'_> {
    fn refused(&mut self, name: &str, why: &Refusal) {
        let (failure, cause) = match why {
            Refusal::Page(error) => {
                let mut failure = page_failure(name, error);
                // There is no file that could be converted.
                if self.is_of_git && is_encoded(error) {
                    failure.hint = Some(
                        "what is in a history cannot be converted any more; --keep-going imports the other versions"
                            .to_owned(),
                    );
                }
                (failure, with_causes(error))
            }
            Refusal::Place(error) => (place_failure(name, error), with_causes(error)),
            other => {
                let cause = with_causes(other);
                (Failure::new(format!("{name}: {cause}")), cause)
            }
        };
        let count = self.refused.entry(cause).or_default();
        *count += 1;
        if *count > MOST_NAMED && !self.common.verbose {
            return;
        }
        let hint = failure.hint.filter(|hint| self.hints.insert(hint.clone()));
        self.meter.suspend(|| {
            output::error(&failure.message);
            if let Some(hint) = &hint {
                output::hint(hint);
            }
        });
    }

    fn noticed(&mut self, name: &str, notices: &[Notice]) {
        let common = self.common;
        let is_left_out = |notice: &Notice| matches!(notice.what, NoticeKind::LeftOut(_));
        self.left_out += usize::from(notices.iter().any(is_left_out));
        let tells_all = self.left_out <= MOST_NAMED || common.verbose;
        let told = notices.iter().filter(|notice| tells_all || !is_left_out(notice));
        let told: Vec<Notice> = told.cloned().collect();
        self.meter.suspend(|| tell_notices(common, name, &told));
    }

    fn placed(&mut self, name: &str, outcome: &Placed) {
        if let Some(clash) = outcome.clash.as_ref().filter(|_| !self.common.quiet) {
            let (name, article) = (on_one_line(name), &outcome.article);
            self.meter.suspend(|| {
                output::warning(&format!(
                    "{name}: {clash} is another text, so that this one is {article}"
                ));
            });
        }
        let Some(footers) = &mut self.footers else { return };
        let line = super::add::as_json(Some(name), outcome);
        if let Err(error) = writeln!(footers.file, "{line}") {
            let path = footers.path.display();
            self.failed.get_or_insert(Failure::new(format!(
                "could not write {path}: {error}; nothing was imported"
            )));
        }
    }

    fn progress(&mut self, progress: Progress) -> ControlFlow<()> {
        if self.failed.is_some() {
            return ControlFlow::Break(());
        }
        self.meter.tell(progress)
    }
}

fn failure(error: ImportError) -> Failure {
    match error {
        ImportError::Open(error) => open_failure(error),
        ImportError::Archive(PlaceError::Sign(error)) => unsigned(error, "imported"),
        error @ (ImportError::Write(WriteError::Io { .. }) | ImportError::Spool(_)) => Failure::from(error)
            .hint("nothing was imported; run the command again when the disk can be written to"),
        other => Failure::from(other),
    }
}
