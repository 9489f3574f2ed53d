//! The texts of a whole branch, or of what came after a commit of it: read on every core, each hashed.

use std::ops::ControlFlow;

use rayon::prelude::*;

use super::{NewCommit, NewRevision, gather};
use crate::archive::Archive;
use crate::id::{BlobId, CommitId};
use crate::object::{Hashing, ObjectKind};
use crate::progress::Progress;
use crate::storage::inventory::Inventory;
use crate::storage::line::Line;
use crate::storage::reader::Reader;

/// Texts that one thread reads in a row.
const STRETCH: usize = 128;

/// How reading the texts ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Every text was shown.
    Whole,
    /// The commit after which texts were asked for is not on the branch.
    Elsewhere,
    /// The branch or a text could not be read.
    Unreadable,
    /// The caller ended it.
    Ended,
}

/// Reads the text of every revision after a commit, or of all, but for those that are withheld, makes something of each
/// on every core, and shows that in the order of the branch. Every object that is read is hashed by one implementation
/// of SHA-1: an answer is read again with both when it is given.
pub fn read<T: Send>(
    archive: &Archive,
    after: Option<CommitId>,
    make: impl Fn(&NewRevision, &str) -> T + Sync,
    show: &mut dyn FnMut(Vec<T>, Progress) -> ControlFlow<()>,
) -> End {
    let inventory = Inventory::for_reading(archive.objects());
    let Some(line) = Line::follow(&inventory, archive.tip()) else {
        return End::Unreadable;
    };
    let first = match after {
        None => 0,
        Some(id) => {
            let place = inventory.find(id.raw()).and_then(|number| line.place(number));
            match place {
                Some(place) => place + 1,
                None => return End::Elsewhere,
            }
        }
    };
    if first >= line.len() {
        return End::Whole;
    }
    let one = |reader: &mut Reader<'_>, revision: &NewRevision| {
        let page: BlobId = revision.row.page;
        let body = reader.read(inventory.find(page.raw())?, page.into(), ObjectKind::Blob)?;
        Some(make(revision, std::str::from_utf8(&body).ok()?))
    };
    let mut end = End::Unreadable;
    // The archive's first commit holds no article.
    let mut position = first.max(1);
    let whole = gather::all(&inventory, &line, first, &mut |commits| {
        let begin = position;
        position += commits.len();
        let placed = (begin..).zip(commits).filter_map(revision);
        let is_there = |new: &NewRevision| !archive.withheld().contains(&new.row.page);
        let revisions: Vec<NewRevision> = placed.filter(is_there).collect();
        let texts: Option<Vec<Vec<T>>> = revisions
            .par_chunks(STRETCH)
            .map(|revisions| {
                let mut reader = Reader::new(&inventory, Hashing::Sha1);
                revisions.iter().map(|new| one(&mut reader, new)).collect()
            })
            .collect();
        let Some(texts) = texts else {
            return ControlFlow::Break(());
        };
        let progress = Progress {
            done: position - first,
            all: line.len() - first,
        };
        let told = show(texts.into_iter().flatten().collect(), progress);
        if told.is_break() {
            end = End::Ended;
        }
        told
    });
    if whole { End::Whole } else { end }
}

/// Returns a revision with its place on the branch, where a commit holds one.
fn revision((position, commit): (usize, NewCommit)) -> Option<NewRevision> {
    match commit {
        NewCommit::Revision(mut new) => {
            new.row.position = position;
            Some(new)
        }
        NewCommit::Root(_) => None,
    }
}
