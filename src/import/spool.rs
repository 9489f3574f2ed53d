//! Prepared pages, kept on disk between the two halves of an import: they are read in the order in which they come
//! and placed in the order of their dates.
//!
//! The file has no name, so that nothing of it is left behind however the program ends. Memory: 32 bytes a page.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::sheet::Sheet;

/// Where in the spool a page is, and what it is sorted by.
#[derive(Debug, Clone, Copy)]
struct Place {
    order: i64,
    offset: u64,
    length: u32,
    crc: u32,
    /// The number of a page that is not prepared yet.
    late: Option<u32>,
}

/// A page as it is written into the spool.
#[derive(Debug)]
pub struct Spooled {
    order: i64,
    bytes: Vec<u8>,
    crc: u32,
}

/// What stands at a place of the spool.
pub enum Read {
    /// A page that is prepared.
    Sheet(Box<Sheet>),
    /// The number of one that is not, and the bytes of its text.
    Late(usize, Vec<u8>),
}

impl Spooled {
    /// Encodes a page.
    #[must_use]
    pub fn of(order: i64, sheet: &Sheet) -> Self {
        Self::raw(order, sheet.encode())
    }

    /// Takes the text of a page that is not prepared yet.
    #[must_use]
    pub fn raw(order: i64, bytes: Vec<u8>) -> Self {
        let crc = crc32fast::hash(&bytes);
        Self { order, bytes, crc }
    }
}

/// The spool while it is written.
#[derive(Debug)]
pub struct SpoolWriter {
    file: BufWriter<File>,
    end: u64,
    places: Vec<Place>,
}

/// The spool, complete.
#[derive(Debug)]
pub struct Spool {
    file: File,
    places: Vec<Place>,
    /// Where the pages are that were prepared in their turn, and the end of the file.
    later: Mutex<(Vec<Place>, u64)>,
}

impl SpoolWriter {
    /// Makes a spool in a folder.
    ///
    /// # Errors
    /// The operating system's error.
    pub fn create(folder: &Path) -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::with_capacity(1 << 20, tempfile::tempfile_in(folder)?),
            end: 0,
            places: Vec::new(),
        })
    }

    /// Adds a page; one that is not prepared yet has a number.
    ///
    /// # Errors
    /// The operating system's error.
    pub fn push(&mut self, spooled: &Spooled, late: Option<u32>) -> io::Result<()> {
        let Spooled { order, bytes, crc } = spooled;
        self.file.write_all(bytes)?;
        self.places.push(Place {
            order: *order,
            offset: self.end,
            length: u32::try_from(bytes.len()).map_err(io::Error::other)?,
            crc: *crc,
            late,
        });
        self.end += u64::try_from(bytes.len()).map_err(io::Error::other)?;
        Ok(())
    }

    /// Completes the spool, and sorts its pages: by their order, and those of the same order as they came.
    ///
    /// # Errors
    /// The operating system's error.
    pub fn finish(self) -> io::Result<Spool> {
        let Self {
            file,
            mut places,
            end,
        } = self;
        places.sort_unstable_by_key(|place| (place.order, place.offset));
        Ok(Spool {
            file: file.into_inner().map_err(io::IntoInnerError::into_error)?,
            places,
            later: Mutex::new((Vec::new(), end)),
        })
    }
}

impl Spool {
    /// Returns how many pages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Returns the number of a page that is not prepared yet, by its place in the order.
    #[must_use]
    pub fn late(&self, number: usize) -> Option<usize> {
        usize::try_from(self.place(number)?.late?).ok()
    }

    /// Reads what stands at a place in the order.
    ///
    /// # Errors
    /// The operating system's error, or one of kind `InvalidData` where the file does not hold what was written.
    pub fn read(&self, number: usize) -> io::Result<Read> {
        let place = self.place(number).ok_or_else(changed)?;
        let mut bytes = vec![0; usize::try_from(place.length).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut bytes, place.offset)?;
        if crc32fast::hash(&bytes) != place.crc {
            return Err(changed());
        }
        match place.late {
            Some(late) => Ok(Read::Late(
                usize::try_from(late).map_err(io::Error::other)?,
                bytes,
            )),
            None => Ok(Read::Sheet(Box::new(Sheet::parse(&bytes).ok_or_else(changed)?))),
        }
    }

    /// Reads a page that is prepared.
    ///
    /// # Errors
    /// As for [`Spool::read`].
    pub fn sheet(&self, number: usize) -> io::Result<Sheet> {
        match self.read(number)? {
            Read::Sheet(sheet) => Ok(*sheet),
            Read::Late(..) => Err(changed()),
        }
    }

    /// Adds a page that was prepared in its turn, and returns its number.
    ///
    /// # Errors
    /// The operating system's error.
    pub fn append(&self, sheet: &Sheet) -> io::Result<usize> {
        let Spooled { order, bytes, crc } = Spooled::of(0, sheet);
        let mut later = self.later.lock().unwrap_or_else(PoisonError::into_inner);
        let (places, end) = &mut *later;
        self.file.write_all_at(&bytes, *end)?;
        places.push(Place {
            order,
            offset: *end,
            length: u32::try_from(bytes.len()).map_err(io::Error::other)?,
            crc,
            late: None,
        });
        *end += u64::try_from(bytes.len()).map_err(io::Error::other)?;
        Ok(self.places.len() + places.len() - 1)
    }

    fn place(&self, number: usize) -> Option<Place> {
        let Some(later) = number.checked_sub(self.places.len()) else {
            return self.places.get(number).copied();
        };
        let (places, _) = &*self.later.lock().unwrap_or_else(PoisonError::into_inner);
        places.get(later).copied()
    }
}

/// The error of a file that does not hold what was written.
pub fn changed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "what was written did not read back")
}
