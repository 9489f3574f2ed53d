//! From placed revisions to entries of a pack: which object stands upon which, and their streams. The choice is made
//! in the branch's order, the work is done on every core.
//!
//! A folder stands upon its own state before, the text of a revision upon the text before, `article.json` upon that
//! of the revision before it on the branch: each differs from its base in little. Commits and the folders of articles
//! stay whole, because those are looked up one by one.

use std::collections::HashMap;
use std::io;

use rayon::prelude::*;

use super::sheet::Sheet;
use super::spool::Spool;
use crate::branch::{NewObject, Placed};
use crate::id::{BlobId, ObjectId};
use crate::object::ObjectKind;
use crate::platform::{Deflater, Inflater};
use crate::storage::delta;
use crate::storage::pack_entry::{LEVEL, PackEntry};

/// The longest chain of folders, or of texts: as git has it.
const DEEPEST: u8 = 50;

/// The longest chain of `article.json`s, which are looked up one by one and small.
const DEEPEST_METADATA: u8 = 8;

/// An object with the one that its entry stands upon.
pub type Packed = (ObjectId, PackEntry, Option<ObjectId>);

/// What the pack has, as far as the choice of bases needs it. Memory: some 40 bytes for each page.
#[derive(Debug, Default)]
pub struct Choice {
    /// For each folder at the end of the branch that is in the pack: how many stand below it.
    folders: HashMap<ObjectId, u8>,
    /// For each text in the pack: where its page is in the spool, and how many stand below it.
    texts: HashMap<BlobId, (u32, u8)>,
    /// How many stand below the last `article.json`.
    metadata_depth: u8,
}

/// A revision whose objects are to be made entries of the pack.
pub struct Job {
    sheet: Sheet,
    objects: Vec<(NewObject, Upon)>,
    /// Where the page is whose text this one's stands upon.
    text_upon: Option<u32>,
    /// Whether `article.json` stands upon the one of the job before.
    metadata_upon: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Upon {
    Nothing,
    Before,
}

impl Choice {
    /// Chooses the bases of a revision that was placed; `number` is where its page is in the spool. Of the jobs that
    /// are packed together `is_first` is the first.
    pub fn choose(&mut self, number: usize, sheet: Sheet, placed: Placed, is_first: bool) -> Job {
        let mut objects = Vec::with_capacity(placed.objects.len());
        for object in placed.objects {
            let mut upon = Upon::Nothing;
            if object.kind == ObjectKind::Tree {
                let below = object
                    .before
                    .as_ref()
                    .and_then(|(before, _)| self.folders.remove(before));
                let depth = below.map_or(0, |below| below + 1);
                let depth = if depth > DEEPEST { 0 } else { depth };
                if depth > 0 {
                    upon = Upon::Before;
                }
                self.folders.insert(object.id, depth);
            }
            objects.push((object, upon));
        }
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        let below = placed
            .previous_page
            .and_then(|page| self.texts.get(&page).copied())
            .filter(|(_, depth)| *depth < DEEPEST);
        let text = (number, below.map_or(0, |(_, depth)| depth + 1));
        self.texts.entry(sheet.candidate.page).or_insert(text);
        let metadata_upon = !is_first && self.metadata_depth < DEEPEST_METADATA;
        self.metadata_depth = if metadata_upon { self.metadata_depth + 1 } else { 0 };
        Job {
            sheet,
            objects,
            text_upon: below.map(|(number, _)| number),
            metadata_upon,
        }
    }
}

/// Makes the entries of revisions that follow one another, each object after its base.
///
/// # Errors
/// The operating system's error where the spool cannot be read.
pub fn pack(jobs: &[Job], spool: &Spool) -> io::Result<Vec<Vec<Packed>>> {
    jobs.par_iter()
        .enumerate()
        .map_init(
            || (Deflater::new(LEVEL), Inflater::new()),
            |(deflater, inflater), (at, job)| {
                let before = at.checked_sub(1).map(|before| &jobs[before].sheet);
                pack_one(job, before, spool, deflater, inflater)
            },
        )
        .collect()
}

fn pack_one(
    job: &Job,
    before: Option<&Sheet>,
    spool: &Spool,
    deflater: &mut Deflater,
    inflater: &mut Inflater,
) -> io::Result<Vec<Packed>> {
    let sheet = &job.sheet;
    let mut packed = Vec::with_capacity(12);
    let page = ObjectId::from(sheet.candidate.page);
    let mut shorter = |new: &PackEntry, old: &PackEntry, deflater: &mut Deflater| {
        let (new_body, old_body) = (Sheet::inflate(new, inflater)?, Sheet::inflate(old, inflater)?);
        let delta = delta::encode(&old_body, &new_body, new.stream().len())?;
        let entry = PackEntry::delta(&delta, deflater);
        (entry.stream().len() < new.stream().len()).then_some(entry)
    };
    let mut text = None;
    if let Some(number) = job.text_upon {
        let old = spool.read(usize::try_from(number).map_err(io::Error::other)?)?;
        let delta = shorter(&sheet.page, &old.page, deflater);
        text = delta.map(|delta| (page, delta, Some(ObjectId::from(old.candidate.page))));
    }
    packed.push(text.unwrap_or_else(|| (page, sheet.page.clone(), None)));
    for (id, entry) in &sheet.sources {
        let base = entry.kind().is_none().then_some(page);
        packed.push((*id, entry.clone(), base));
    }
    let (metadata, whole) = &sheet.metadata;
    let upon = before
        .filter(|_| job.metadata_upon)
        .map(|before| &before.metadata);
    let short = upon.and_then(|(id, old)| Some((shorter(whole, old, deflater)?, *id)));
    packed.push(match short {
        Some((delta, base)) => (*metadata, delta, Some(base)),
        None => (*metadata, whole.clone(), None),
    });
    packed.push((sheet.candidate.folder.into(), sheet.folder.clone(), None));
    for (object, upon) in &job.objects {
        let delta = object.before.as_ref().filter(|_| *upon == Upon::Before);
        let delta = delta.and_then(|(id, old)| {
            let delta = delta::encode(old, &object.body, object.body.len() / 2)?;
            Some((PackEntry::delta(&delta, deflater), *id))
        });
        let mut whole = || (PackEntry::whole(object.kind, &object.body, deflater), None);
        let (entry, base) = match delta {
            Some((entry, base)) => (entry, Some(base)),
            None => whole(),
        };
        packed.push((object.id, entry, base));
    }
    Ok(packed)
}
