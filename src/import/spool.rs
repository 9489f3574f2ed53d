//! Prepared pages, kept on disk between the two halves of an import: they are read in the order in which they come
//! and placed in the order of their dates.
//!
//! The file has no name, so that nothing of it is left behind however the program ends. Memory: 32 bytes a page.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::sheet::Sheet;

/// Where in the spool a page is, and what it is sorted by.
#[derive(Debug, Clone, Copy)]
struct Place {
    order: i64,
    offset: u64,
    length: u32,
    crc: u32,
}

/// A page as it is written into the spool.
#[derive(Debug)]
pub struct Spooled {
    order: i64,
    bytes: Vec<u8>,
    crc: u32,
}

impl Spooled {
    /// Encodes a page.
    #[must_use]
    pub fn of(order: i64, sheet: &Sheet) -> Self {
        let bytes = sheet.encode();
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

    /// Adds a page.
    ///
    /// # Errors
    /// The operating system's error.
    pub fn push(&mut self, spooled: &Spooled) -> io::Result<()> {
        let Spooled { order, bytes, crc } = spooled;
        self.file.write_all(bytes)?;
        self.places.push(Place {
            order: *order,
            offset: self.end,
            length: u32::try_from(bytes.len()).map_err(io::Error::other)?,
            crc: *crc,
        });
        self.end += u64::try_from(bytes.len()).map_err(io::Error::other)?;
        Ok(())
    }

    /// Completes the spool, and sorts its pages: by their order, and those of the same order as they came.
    ///
    /// # Errors
    /// The operating system's error.
    pub fn finish(self) -> io::Result<Spool> {
        let Self { file, mut places, .. } = self;
        places.sort_unstable_by_key(|place| (place.order, place.offset));
        Ok(Spool {
            file: file.into_inner().map_err(io::IntoInnerError::into_error)?,
            places,
        })
    }
}

impl Spool {
    /// Returns how many pages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Reads the page at a place in the order.
    ///
    /// # Errors
    /// The operating system's error, or one of kind `InvalidData` where the file does not hold what was written.
    pub fn read(&self, number: usize) -> io::Result<Sheet> {
        let changed = || io::Error::new(io::ErrorKind::InvalidData, "what was written did not read back");
        let place = self.places.get(number).ok_or_else(changed)?;
        let mut bytes = vec![0; usize::try_from(place.length).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut bytes, place.offset)?;
        if crc32fast::hash(&bytes) != place.crc {
            return Err(changed());
        }
        Sheet::parse(&bytes).ok_or_else(changed)
    }
}
