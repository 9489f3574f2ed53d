//! The texts of a whole branch, or of what came after a commit of it: read on every core, each hashed.

use std::ops::ControlFlow;

use rayon::prelude::*;

use super::{NewCommit, Progress, RevisionRow, gather};
use crate::archive::Archive;
use crate::id::{ArticleId, BlobId, CommitId};
use crate::object::{Hashing, ObjectKind};
use crate::storage::inventory::Inventory;
use crate::storage::line::Line;
use crate::storage::reader::Reader;

/// Texts that one thread reads in a row.
const STRETCH: usize = 128;

/// What was made of one text.
#[derive(Debug)]
pub struct Read<T> {
    /// The article.
    pub article: ArticleId,
    /// The page's blob.
    pub page: BlobId,
    /// What was made of the text.
    pub made: T,
}

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

/// Reads the text of every revision after a commit, or of all, but for those that are withheld, makes something of each on every core, and shows that in
/// the order of the branch. Every object that is read is hashed by one implementation of SHA-1: an answer is read again
/// with both when it is given.
pub fn read<T: Send>(
    archive: &Archive,
    after: Option<CommitId>,
    make: impl Fn(&str) -> T + Sync,
    show: &mut dyn FnMut(Vec<Read<T>>, Progress) -> ControlFlow<()>,
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
    let one = |reader: &mut Reader<'_>, page: BlobId| {
        let id = page.into();
        let body = reader.read(inventory.find(page.raw())?, id, ObjectKind::Blob)?;
        Some(make(std::str::from_utf8(&body).ok()?))
    };
    let mut end = End::Unreadable;
    let mut done = 0;
    let whole = gather::all(&inventory, &line, first, &mut |commits| {
        done += commits.len();
        let revisions = commits.into_iter().filter_map(row);
        let is_there = |row: &RevisionRow| !archive.withheld().contains(&row.page);
        let revisions: Vec<RevisionRow> = revisions.filter(is_there).collect();
        let texts: Option<Vec<Vec<Read<T>>>> = revisions
            .par_chunks(STRETCH)
            .map(|revisions| {
                let mut reader = Reader::new(&inventory, Hashing::Sha1);
                let read = |row: &RevisionRow| {
                    Some(Read {
                        article: row.article.clone(),
                        page: row.page,
                        made: one(&mut reader, row.page)?,
                    })
                };
                revisions.iter().map(read).collect()
            })
            .collect();
        let Some(texts) = texts else {
            return ControlFlow::Break(());
        };
        let all = line.len() - first;
        let told = show(texts.into_iter().flatten().collect(), Progress { done, all });
        if told.is_break() {
            end = End::Ended;
        }
        told
    });
    if whole { End::Whole } else { end }
}

/// Returns the row of a commit that holds an article.
fn row(commit: NewCommit) -> Option<RevisionRow> {
    match commit {
        NewCommit::Revision(new) => Some(new.row),
        NewCommit::Root(_) => None,
    }
}
