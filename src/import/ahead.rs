//! What is done with pages of the spool before their turn to be placed.

use std::io;

use rayon::prelude::*;

use super::late::{self, Late};
use super::sheet::Sheet;
use super::spool::{Read, Spool};
use crate::add::Circumstances;
use crate::draft::Notice;
use crate::platform::Deflater;
use crate::settings::Settings;

/// A page that is about to get its place.
pub struct Turn {
    /// The page.
    pub read: Read,
    /// Of one that follows an article, what was prepared of it already.
    pub ahead: Option<Ahead>,
}

/// What was prepared of a page before its turn.
pub struct Ahead {
    /// The number of the revision that it follows.
    pub newest: usize,
    /// What was made of it.
    pub sheet: Sheet,
    /// What is worth knowing of it.
    pub notices: Vec<Notice>,
}

/// Reads pages back from the spool and prepares those whose revision before is known.
pub struct ReadBack<'a> {
    /// What is read.
    pub spool: &'a Spool,
    /// The pages that follow an article.
    pub late: &'a [Late],
    /// How the archive reads pages.
    pub settings: &'a Settings,
    /// Who archives, and when.
    pub circumstances: &'a Circumstances,
    /// The number of the first page.
    pub first: usize,
    /// For each page, the number of the revision that it follows, where it is known by now and of this import.
    pub upon: Vec<Option<usize>>,
}

impl ReadBack<'_> {
    /// Does it, on every core. A page that is refused is left to be prepared in its turn.
    ///
    /// # Errors
    /// As for [`Spool::read`].
    pub fn run(self) -> io::Result<Vec<Turn>> {
        let numbers = self.first..self.first + self.upon.len();
        let pages = numbers.into_par_iter().zip(&self.upon);
        let turns = pages.map_init(super::deflaters, |deflaters, (number, newest)| {
            let read = self.spool.read(number)?;
            let ahead = newest.and_then(|newest| self.prepare(&read, newest, deflaters));
            Ok(Turn { read, ahead })
        });
        turns.collect()
    }

    fn prepare(&self, read: &Read, newest: usize, deflaters: &mut (Deflater, Deflater)) -> Option<Ahead> {
        let Read::Late(number, bytes) = read else {
            return None;
        };
        let late = self.late.get(*number)?;
        let (text, before) = (late.text(bytes.clone())?, late::made(self.spool, newest).ok()?);
        let prepared = late.prepare_upon(&text, before, self.settings, self.circumstances);
        let prepared = prepared.ok()?;
        Some(Ahead {
            newest,
            sheet: late.sheet(&prepared, deflaters),
            notices: prepared.notices,
        })
    }
}
