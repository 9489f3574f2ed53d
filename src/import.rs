//! Bringing in any number of pages at once: one pack, one commit for each revision in the order of their dates, one
//! move of the branch.
//!
//! It has two halves. In the first, pages are read as they come, prepared, hashed and deflated on every core, and
//! kept in a spool on disk; the archive is not locked. In the second, under the lock, they get their places on the
//! branch in the order of their dates, the trees and commits that this makes are deflated on every core, and all is
//! written into a pack that nobody sees before it is complete. A kill at any instant leaves the old tip or the new
//! one; a second run adds what is missing, because a page whose files are those of a revision is known again.
//!
//! A page that follows an article is read in the first half and prepared in the second, for what it keeps of the revision before.
//!
//! Memory: some MiB of pages at a time, and about 1 KB for each page: eleven objects in the pack's index at 51 bytes
//! each, its place in the spool, and what [`crate::branch`] and its parts say; as much again for each that follows an article.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use rayon::prelude::*;

use crate::add::{Circumstances, PageError, Version, Wishes};
use crate::archive::{Archive, OpenError, Owner};
use crate::branch::{Branch, Change, Known, Outcome, PlaceError};
use crate::draft::{Form, Notice};
use crate::history;
use crate::id::{CommitId, ObjectId};
use crate::language::Language;
use crate::platform::{Deflater, Durability};
use crate::progress::Progress;
use crate::revision::RevisionFault;
use crate::settings::Settings;
use crate::storage::pack_writer::PackWriter;
use crate::storage::repository::{WriteError, Writer};
use crate::wording::on_one_line;

mod ahead;
pub mod json_lines;
mod late;
mod packing;
mod sheet;
mod spool;

use ahead::{Ahead, ReadBack, Turn};
use json_lines::LineError;
use late::{Followed, Late, Page};
use packing::{Choice, Job};
use sheet::Sheet;
use spool::{Read, Spool, SpoolWriter, Spooled};

/// The level at which entries are deflated: an import is waited for, and higher ones save two parts in a hundred.
const LEVEL: u8 = 1;

/// The most pages that are prepared or placed together.
const MOST_TOGETHER: usize = 512;

/// The most bytes of pages that are prepared together, but for the last of them: 16 MiB.
const MOST_BYTES_TOGETHER: usize = 16 << 20;

/// The text of a page.
#[derive(Debug, Clone)]
pub enum Text {
    /// The page as it is, as [`crate::add::prepare`] takes it.
    Page {
        /// Its bytes.
        bytes: Vec<u8>,
        /// How it is written.
        form: Form,
    },
    /// One CommonMark source for each language, in page order.
    Sources(Vec<(Language, String)>),
    /// A line as [`json_lines::read`] takes it. What it does not say is as the item's wishes have it.
    JsonLine(String),
    /// Nothing: it could not be read, and this is why.
    Unreadable(Unreadable),
}

/// Why there is nothing to read.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

/// One page to import.
#[derive(Debug, Clone)]
pub struct Item {
    /// What it is called in messages.
    pub name: String,
    /// Its text.
    pub text: Text,
    /// What is known of it.
    pub wishes: Wishes,
    /// What it is sorted by; absent, the seconds of its date.
    pub order: Option<i64>,
    /// A number that all versions of one text share, which become the revisions of one article.
    pub file: Option<u64>,
}

impl Item {
    fn bytes(&self) -> usize {
        match &self.text {
            Text::Page { bytes, .. } => bytes.len(),
            Text::Sources(sources) => sources.iter().map(|(_, source)| source.len()).sum(),
            Text::JsonLine(line) => line.len(),
            Text::Unreadable(_) => 0,
        }
    }
}

/// Why a page is not imported.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It could not be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The line of JSON is none of a page.
    #[error(transparent)]
    Line(#[from] LineError),
    /// It cannot be added.
    #[error(transparent)]
    Page(#[from] PageError),
    /// It has no place in the archive.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The revision that it follows cannot be read.
    #[error("could not read the revision before")]
    Before(#[from] RevisionFault),
}

/// Who is told what happens during an import.
pub trait Listener {
    /// A page is refused.
    fn refused(&mut self, name: &str, why: &Refusal);
    /// A page is passed over: it says of itself that it is a draft.
    fn passed_over(&mut self, name: &str);
    /// Something about a page is worth knowing.
    fn noticed(&mut self, name: &str, notices: &[Notice]);
    /// A page has its place. That counts when the import returns without an error.
    fn placed(&mut self, name: &str, outcome: &Outcome);
    /// How far it is, in steps: one when a page is prepared, one when it has its place. `Break` ends it, and nothing is imported.
    fn progress(&mut self, progress: Progress) -> ControlFlow<()>;
}

/// What happens where pages are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnRefusal {
    /// Nothing is imported.
    Stop,
    /// The others are imported.
    Skip,
}

/// Whether anything is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything is.
    Write,
    /// Nothing is: only told, to the ids.
    Rehearse,
}

/// How pages are imported.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who archives, and when.
    pub circumstances: Circumstances,
    /// What happens where pages are refused.
    pub on_refusal: OnRefusal,
    /// Whether anything is written.
    pub mode: Mode,
    /// Whether the disk is waited for.
    pub durability: Durability,
}

/// What an import did.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Pages that were read.
    pub pages: usize,
    /// Revisions that were added.
    pub revisions: usize,
    /// Articles that are new.
    pub articles: usize,
    /// Pages that were in the archive already.
    pub unchanged: usize,
    /// Pages that were refused.
    pub refused: usize,
    /// Pages that say of themselves that they are drafts, and were passed over.
    pub drafts: usize,
    /// Articles that are new and of the day of the import, because their pages say no date.
    pub undated: usize,
    /// Objects of the pack that was written.
    pub objects: usize,
    /// Its bytes.
    pub bytes: u64,
    /// The newest commit of the branch afterwards.
    pub tip: Option<CommitId>,
    /// Whether the listener ended it; nothing was imported.
    pub ended: bool,
}

impl Report {
    /// Tells whether everything was imported, or is to be where some pages were refused.
    #[must_use]
    pub fn is_imported(&self, on_refusal: OnRefusal) -> bool {
        !self.ended && (self.refused == 0 || on_refusal == OnRefusal::Skip)
    }
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The archive cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The archive cannot be read.
    #[error(transparent)]
    Archive(PlaceError),
    /// The pages could not be kept on disk.
    #[error("could not keep the pages in a file of their own beside the archive")]
    Spool(#[from] io::Error),
    /// The settings were changed by another program meanwhile.
    #[error("the archive's settings were changed meanwhile; run the command again")]
    Settings,
    /// Something could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Imports pages: all of them are on disk and on the branch when this returns, or none.
///
/// # Errors
/// [`ImportError`]; nothing was imported, but for [`WriteError::Unconfirmed`], which names the commit.
pub fn import(
    path: &Path,
    owner: Owner,
    items: &mut dyn Iterator<Item = Item>,
    options: &Options,
    listener: &mut dyn Listener,
) -> Result<Report, ImportError> {
    let settings = Archive::open_for_writing(path, owner)?.settings().clone();
    let mut report = Report::default();
    let (spool, late) = first_half(path, items, &settings, options, listener, &mut report)?;
    if !report.is_imported(options.on_refusal) || spool.len() == 0 {
        return Ok(report);
    }
    let mut writer = match options.mode {
        Mode::Write => Some(Writer::begin(path, options.durability)?),
        Mode::Rehearse => None,
    };
    // Opened under the lock: what is compared with is what the commits will follow.
    let archive = Archive::open_for_writing(path, owner)?;
    if *archive.settings() != settings {
        return Err(ImportError::Settings);
    }
    let pack = writer.as_ref().map(Writer::stage_pack).transpose()?;
    let mut followed = Followed::default();
    for late in &late {
        followed.expect(&late.article);
    }
    let mut second = SecondHalf {
        spool: &spool,
        late: &late,
        followed,
        deflaters: deflaters(),
        options,
        listener,
        report: &mut report,
        pack,
        added: Vec::new(),
    };
    second.run(&archive)?;
    let SecondHalf { pack, added, .. } = second;
    let newest = added.last().filter(|_| report.is_imported(options.on_refusal));
    report.tip = Some(newest.copied().unwrap_or(archive.tip()));
    let (Some(writer), Some(pack)) = (&mut writer, pack) else {
        return Ok(report);
    };
    if let Some(newest) = newest {
        (report.objects, report.bytes) = (pack.len(), pack.bytes());
        writer.publish_pack(pack, *newest, "import")?;
        archive.record_on_branch(&added);
    }
    Ok(report)
}

/// A page that was prepared, or why it cannot be.
struct Tried {
    item: Item,
    /// What it is called in messages.
    name: String,
    ready: Result<Ready, Refusal>,
}

/// What the first half makes of a page.
struct Ready {
    spooled: Spooled,
    notices: Vec<Notice>,
    /// Of a page that is prepared in the second half.
    late: Option<Late>,
}

/// Reads and prepares all pages. While some are prepared, the next ones are read and those before are spooled.
fn first_half(
    folder: &Path,
    items: &mut dyn Iterator<Item = Item>,
    settings: &Settings,
    options: &Options,
    listener: &mut dyn Listener,
    report: &mut Report,
) -> Result<(Spool, Vec<Late>), ImportError> {
    let mut spool = SpoolWriter::create(folder)?;
    let mut begun: HashSet<u64> = HashSet::new();
    let mut kept = Kept::default();
    let mut next = read_some(items, &mut begun);
    // Who waited for pages in vain may want an end.
    if next.is_empty() && listener.progress(Progress { done: 0, all: 0 }).is_break() {
        report.ended = true;
    }
    let mut tried = Vec::new();
    while !next.is_empty() || !tried.is_empty() {
        let batch = std::mem::take(&mut next);
        let before = std::mem::take(&mut tried);
        let mut spooled = Ok(());
        rayon::in_place_scope(|scope| {
            let tried = &mut tried;
            scope.spawn(|_| *tried = prepare_all(batch, settings, options));
            next = read_some(items, &mut begun);
            spooled = keep(before, settings, options, &mut kept, &mut spool, listener, report);
        });
        spooled?;
        let known = report.pages + tried.len() + next.len() + items.size_hint().0;
        let progress = Progress {
            done: report.pages,
            all: known * 2,
        };
        if listener.progress(progress).is_break() {
            report.ended = true;
            break;
        }
    }
    Ok((spool.finish()?, kept.late))
}

/// What is known of the pages that were spooled.
#[derive(Default)]
struct Kept {
    /// Texts of which a version was good.
    good: HashSet<u64>,
    /// Pages that are to be prepared.
    late: Vec<Late>,
}

/// Spools the pages that were prepared, and tells what there is to tell of each.
fn keep(
    tried: Vec<Tried>,
    settings: &Settings,
    options: &Options,
    kept: &mut Kept,
    spool: &mut SpoolWriter,
    listener: &mut dyn Listener,
    report: &mut Report,
) -> io::Result<()> {
    for Tried {
        mut item,
        mut name,
        mut ready,
    } in tried
    {
        report.pages += 1;
        if let Version::Later(text) = item.wishes.version
            && !kept.good.contains(&text)
        {
            // The versions before were refused: this one begins the article.
            item.wishes.version = Version::First(text);
            (name, ready) = prepare(&item, settings, options, &mut deflaters());
        }
        match ready {
            Ok(Ready {
                spooled,
                notices,
                late,
            }) => {
                kept.good.extend(item.file);
                listener.noticed(&name, &notices);
                let number = late
                    .as_ref()
                    .map(|_| u32::try_from(kept.late.len()).map_err(io::Error::other));
                spool.push(&spooled, number.transpose()?)?;
                kept.late.extend(late);
            }
            Err(Refusal::Page(PageError::IsDraft)) => {
                report.drafts += 1;
                listener.passed_over(&name);
            }
            Err(why) => {
                report.refused += 1;
                listener.refused(&name, &why);
            }
        }
    }
    Ok(())
}

fn read_some(items: &mut dyn Iterator<Item = Item>, begun: &mut HashSet<u64>) -> Vec<Item> {
    let mut some = Vec::new();
    let mut bytes = 0;
    while some.len() < MOST_TOGETHER && bytes < MOST_BYTES_TOGETHER {
        let Some(mut item) = items.next() else { break };
        if let Some(text) = item.file {
            item.wishes.version = if begun.insert(text) {
                Version::First(text)
            } else {
                Version::Later(text)
            };
        }
        bytes += item.bytes();
        some.push(item);
    }
    some
}

fn prepare_all(batch: Vec<Item>, settings: &Settings, options: &Options) -> Vec<Tried> {
    batch
        .into_par_iter()
        .map_init(deflaters, |deflaters, item| {
            let (name, ready) = prepare(&item, settings, options, deflaters);
            Tried { item, name, ready }
        })
        .collect()
}

/// Returns one that deflates and one that only stores.
fn deflaters() -> (Deflater, Deflater) {
    (Deflater::new(LEVEL), Deflater::new(0))
}

/// Prepares a page, but for one that follows an article; the first of what is returned is what it is called in messages.
fn prepare(
    item: &Item,
    settings: &Settings,
    options: &Options,
    deflaters: &mut (Deflater, Deflater),
) -> (String, Result<Ready, Refusal>) {
    let mut name = item.name.clone();
    let mut ready = || {
        let (text, wishes, own_name) = match &item.text {
            Text::JsonLine(line) => {
                let read = json_lines::read(line, &item.wishes)?;
                (Cow::Owned(read.text), Cow::Owned(read.wishes), read.name)
            }
            text => (Cow::Borrowed(text), Cow::Borrowed(&item.wishes), None),
        };
        if let Some(own) = &own_name {
            name = format!("{name} ({})", on_one_line(own));
        }
        let circumstances = &options.circumstances;
        let page = Page::read(&text, circumstances)?;
        page.admit(&wishes)?;
        if let Some(article) = page.article(&wishes) {
            let date = page.date(&wishes, settings, circumstances)?;
            let is_restoration = page.is_restoration(&wishes);
            let wishes = wishes.into_owned();
            let date = date.seconds();
            let (late, bytes) = Late::of(
                name.clone(),
                own_name,
                article,
                date,
                is_restoration,
                wishes,
                &text,
            );
            return Ok(Ready {
                spooled: Spooled::raw(item.order.unwrap_or(date), bytes),
                notices: Vec::new(),
                late: Some(late),
            });
        }
        let prepared = page.prepare(&wishes, settings, circumstances)?;
        let (deflater, stored) = deflaters;
        let sheet = Sheet::of(
            own_name.unwrap_or_else(|| name.clone()),
            &prepared,
            deflater,
            stored,
        );
        let order = item.order.unwrap_or(sheet.candidate.date.seconds());
        Ok(Ready {
            spooled: Spooled::of(order, &sheet),
            notices: prepared.notices,
            late: None,
        })
    };
    let ready = ready();
    (name, ready)
}

/// Gives all pages their places and writes the pack. While some are placed, the next ones are read back, those before
/// are deflated, and those before them are written.
struct SecondHalf<'a> {
    spool: &'a Spool,
    late: &'a [Late],
    followed: Followed,
    deflaters: (Deflater, Deflater),
    options: &'a Options,
    listener: &'a mut dyn Listener,
    report: &'a mut Report,
    pack: Option<PackWriter>,
    added: Vec<CommitId>,
}

impl<'a> SecondHalf<'a> {
    fn run(&mut self, archive: &'a Archive) -> Result<(), ImportError> {
        let circumstances = &self.options.circumstances;
        let committer = circumstances.committer.clone();
        let branch = Branch::at_tip(archive, committer, circumstances.now, Known::Any);
        let late = self.late.iter().map(|late| (&late.article, late.date));
        let mut branch = branch.map_err(ImportError::Archive)?.of_import(late);
        if self.options.mode == Mode::Write {
            let signer = circumstances.signer.clone();
            branch = branch.signed_by(signer).map_err(ImportError::Archive)?;
        }
        let spool = self.spool;
        let mut choice = Choice::default();
        let mut jobs = Vec::new();
        let mut entries = Vec::new();
        let mut first = 0;
        let mut turns = self.read_back(archive, 0)?.run()?;
        while !turns.is_empty() || !jobs.is_empty() || !entries.is_empty() {
            let next = first + turns.len();
            let batch = std::mem::take(&mut turns);
            let read_next = self.read_back(archive, next)?;
            let before = std::mem::take(&mut jobs);
            let ready = std::mem::take(&mut entries);
            let mut written = Ok(());
            let mut packed = Ok(Vec::new());
            let mut back = Ok(Vec::new());
            let mut placed = Ok(Vec::new());
            let writes = self.pack.is_some();
            rayon::in_place_scope(|scope| {
                let (packed, back) = (&mut packed, &mut back);
                scope.spawn(move |_| {
                    if writes {
                        *packed = packing::pack(&before, spool);
                    }
                });
                scope.spawn(move |_| *back = read_next.run());
                placed = self.place(archive, &mut branch, &mut choice, first, batch);
                written = ready.iter().flatten().try_for_each(|object| self.write(object));
            });
            written?;
            turns = back?;
            jobs = placed?;
            entries = packed?;
            first = next;
            let progress = Progress {
                done: self.report.pages + first,
                all: self.report.pages + spool.len(),
            };
            if self.listener.progress(progress).is_break() {
                self.report.ended = true;
            }
            if !self.report.is_imported(self.options.on_refusal) {
                break;
            }
        }
        Ok(())
    }

    fn place(
        &mut self,
        archive: &Archive,
        branch: &mut Branch<'_>,
        choice: &mut Choice,
        first: usize,
        batch: Vec<Turn>,
    ) -> Result<Vec<Job>, ImportError> {
        let mut jobs = Vec::with_capacity(batch.len());
        for (at, turn) in batch.into_iter().enumerate() {
            let (sheet, number) = match turn.read {
                Read::Sheet(sheet) => (*sheet, first + at),
                Read::Late(late, bytes) => match self.prepare(archive, branch, late, bytes, turn.ahead)? {
                    Some(prepared) => prepared,
                    None => continue,
                },
            };
            let placed = match branch.place(&sheet.candidate) {
                Ok(placed) => placed,
                Err(why) if why.is_about_the_page() => {
                    self.report.refused += 1;
                    self.listener.refused(&on_one_line(&sheet.name), &why.into());
                    continue;
                }
                Err(why) => return Err(ImportError::Archive(why)),
            };
            let outcome = &placed.outcome;
            self.listener.placed(&sheet.name, outcome);
            if outcome.change == Change::None {
                self.report.unchanged += 1;
                continue;
            }
            self.report.revisions += 1;
            self.report.articles += usize::from(outcome.revision == 1);
            self.report.undated += usize::from(outcome.revision == 1 && sheet.is_undated);
            self.added.push(outcome.footer.commit);
            self.followed.is_at(&outcome.article, number, outcome.kind);
            let is_first = jobs.is_empty();
            jobs.push(choice.choose(number, sheet, placed, is_first));
        }
        Ok(jobs)
    }

    /// Returns what reads the next pages of the spool back.
    fn read_back(&self, archive: &'a Archive, first: usize) -> Result<ReadBack<'a>, ImportError> {
        let last = self.spool.len().min(first + MOST_TOGETHER);
        let upon = (first..last).map(|number| self.known_before(archive, number));
        Ok(ReadBack {
            spool: self.spool,
            late: self.late,
            settings: archive.settings(),
            circumstances: &self.options.circumstances,
            first,
            upon: upon.collect::<Result<_, _>>()?,
        })
    }

    /// Returns the number of the newest revision that the import has made of the article that a page of the spool follows; `None`
    /// where there is none, or where the archive has the article.
    fn known_before(&self, archive: &Archive, number: usize) -> Result<Option<usize>, ImportError> {
        let late = self.spool.late(number).and_then(|late| self.late.get(late));
        let known = late.and_then(|late| Some((self.followed.before(late)?, &late.article)));
        let Some((newest, article)) = known else {
            return Ok(None);
        };
        let archived =
            history::newest(archive, article).map_err(|error| ImportError::Archive(error.into()))?;
        Ok(archived.is_none().then_some(newest))
    }

    /// Prepares a page that follows an article, and puts it into the spool; `None` where it is refused. What was prepared of it
    /// ahead counts where the article has no newer revision since.
    fn prepare(
        &mut self,
        archive: &Archive,
        branch: &mut Branch<'_>,
        late: usize,
        bytes: Vec<u8>,
        ahead: Option<Ahead>,
    ) -> Result<Option<(Sheet, usize)>, ImportError> {
        let late = self.late.get(late).ok_or_else(spool::changed)?;
        let newest = self.followed.before(late);
        self.followed.met(&late.article);
        let prepared = if let Some(ahead) = ahead.filter(|ahead| newest == Some(ahead.newest)) {
            Ok((ahead.sheet, ahead.notices))
        } else {
            let text = late.text(bytes).ok_or_else(spool::changed)?;
            let made = newest.map(|newest| late::made(self.spool, newest)).transpose()?;
            let prepared = late.prepare(&text, made, archive, branch, &self.options.circumstances);
            prepared
                .map_err(ImportError::Archive)?
                .map(|prepared| (late.sheet(&prepared, &mut self.deflaters), prepared.notices))
        };
        match prepared {
            Ok((sheet, notices)) => {
                self.listener.noticed(&late.name, &notices);
                let number = self.spool.append(&sheet)?;
                Ok(Some((sheet, number)))
            }
            Err(why) => {
                self.report.refused += 1;
                self.listener.refused(&late.name, &why);
                Ok(None)
            }
        }
    }

    fn write(&mut self, (id, entry, base): &packing::Packed) -> Result<(), ImportError> {
        let Some(pack) = &mut self.pack else {
            return Ok(());
        };
        let base = base.map(|base: ObjectId| pack.offset(base).expect("a base is written before its delta"));
        pack.write(*id, entry, base)?;
        Ok(())
    }
}
