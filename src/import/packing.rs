//! From placed revisions to entries of a pack: which object stands upon which, and their streams. The choice is made
//! in the branch's order, the work is done on every core.
//!
//! A folder stands upon its own state before, the text of a revision upon the text before, `article.json` upon that
//! of the revision before it on the branch: each differs from its base in little. Commits and the folders of articles
//! stay whole, because those are looked up one by one.

use std::collections::HashMap;
use std::io;

use rayon::prelude::*;

use super::sheet::{SHORT, Sheet};
use super::spool::Spool;
use crate::branch::{NewObject, Placed};
use crate::id::{BlobId, ObjectId};
use crate::object::ObjectKind;
use crate::object::delta;
use crate::platform::{Deflater, Inflater};
use crate::storage::pack_entry::PackEntry;

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
        .map_init(Tools::new, |tools, (at, job)| {
            let before = at.checked_sub(1).map(|before| &jobs[before].sheet);
            tools.pack(job, before, spool)
        })
        .collect()
}

/// What one thread packs with.
struct Tools {
    deflater: Deflater,
    stored: Deflater,
    inflater: Inflater,
}

impl Tools {
    fn new() -> Self {
        Self {
            deflater: Deflater::new(super::LEVEL),
            stored: Deflater::new(0),
            inflater: Inflater::new(),
        }
    }

    fn pack(&mut self, job: &Job, before: Option<&Sheet>, spool: &Spool) -> io::Result<Vec<Packed>> {
        let sheet = &job.sheet;
        let mut packed = Vec::with_capacity(12);
        let page = ObjectId::from(sheet.candidate.page);
        packed.push(self.text(sheet, job.text_upon, spool)?);
        for (id, entry) in &sheet.sources {
            let base = entry.kind().is_none().then_some(page);
            packed.push((*id, entry.clone(), base));
        }
        let (metadata, json) = &sheet.metadata;
        let upon = before
            .filter(|_| job.metadata_upon)
            .map(|before| &before.metadata);
        let upon = upon.map(|(id, json)| (*id, json.as_slice()));
        packed.push(self.delta_or_whole(*metadata, ObjectKind::Blob, json, upon));
        packed.push((sheet.candidate.folder.into(), sheet.folder.clone(), None));
        for (object, upon) in &job.objects {
            let before = object.before.as_ref().filter(|_| *upon == Upon::Before);
            let before = before.map(|(id, body)| (*id, body.as_slice()));
            packed.push(self.delta_or_whole(object.id, object.kind, &object.body, before));
        }
        Ok(packed)
    }

    /// Tells a text by what it changes of an earlier one, where there is one and that is shorter.
    fn text(&mut self, sheet: &Sheet, upon: Option<u32>, spool: &Spool) -> io::Result<Packed> {
        let id = ObjectId::from(sheet.candidate.page);
        let lost = || io::Error::other("the file of pages in work does not read back");
        if upon.is_none() && !sheet.is_later() {
            return Ok((id, sheet.page.clone(), None));
        }
        let new = Sheet::inflate(&sheet.page, &mut self.inflater).ok_or_else(lost)?;
        if let Some(number) = upon {
            let old = spool.sheet(usize::try_from(number).map_err(io::Error::other)?)?;
            let before = Sheet::inflate(&old.page, &mut self.inflater).ok_or_else(lost)?;
            if let Some(delta) = delta::encode(&before, &new, new.len() * 3 / 4) {
                let entry = PackEntry::delta(&delta, &mut self.deflater);
                return Ok((id, entry, Some(old.candidate.page.into())));
            }
        }
        Ok((
            id,
            PackEntry::whole(ObjectKind::Blob, &new, &mut self.deflater),
            None,
        ))
    }

    /// Tells an object by what it changes of another one, where that is much shorter.
    fn delta_or_whole(
        &mut self,
        id: ObjectId,
        kind: ObjectKind,
        body: &[u8],
        upon: Option<(ObjectId, &[u8])>,
    ) -> Packed {
        let delta =
            upon.and_then(|(base, before)| Some((base, delta::encode(before, body, body.len() * 3 / 4)?)));
        let length = delta.as_ref().map_or(body.len(), |(_, delta)| delta.len());
        let is_short = length < SHORT && (delta.is_some() || kind == ObjectKind::Tree);
        let deflater = if is_short {
            &mut self.stored
        } else {
            &mut self.deflater
        };
        match delta {
            Some((base, delta)) => (id, PackEntry::delta(&delta, deflater), Some(base)),
            None => (id, PackEntry::whole(kind, body, deflater), None),
        }
    }
}
