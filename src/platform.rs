//! The calls that the compiler cannot check, kept in one room so that all of them can be read at once.
#![allow(unsafe_code)] // a memory map and libdeflate's C interface have no safe form; each block says why it holds

use std::fs::File;
use std::io;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::{Mutex, PoisonError};

use libdeflate_sys::{
    libdeflate_alloc_compressor, libdeflate_alloc_decompressor, libdeflate_compressor,
    libdeflate_decompressor, libdeflate_free_compressor, libdeflate_free_decompressor,
    libdeflate_result_LIBDEFLATE_INSUFFICIENT_SPACE as INSUFFICIENT_SPACE,
    libdeflate_result_LIBDEFLATE_SUCCESS as SUCCESS, libdeflate_zlib_compress,
    libdeflate_zlib_compress_bound, libdeflate_zlib_decompress_ex,
};
use libmimalloc_sys::{mi_option_set, mi_option_t};
use memmap2::Mmap;

/// Whether a write is on the disk when it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Files and folders are synced: what is acknowledged survives a power cut.
    Synced,
    /// The operating system writes when it likes: for archives that can be made again.
    Unsynced,
}

/// mimalloc's option for how many milliseconds it keeps memory that was freed before it goes back to the system: its place in
/// `mi_option_e` of mimalloc.h, which is the same in versions 2 and 3.
const PURGE_DELAY: mi_option_t = 15;

/// Has memory that was freed go back to the system at once, or nearly. A program calls it before it begins another thread.
pub fn give_memory_back() {
    // SAFETY: it stores a number, which the allocator reads whenever memory is freed.
    unsafe { mi_option_set(PURGE_DELAY, 30) }
}

/// Has the program say something and end with a status where what is mapped cannot be read any more: the file was
/// shortened, or the disk failed. The system would end it without a word.
pub fn on_bus_error(message: &'static str, status: i32) {
    let told = move || {
        let _ = rustix::io::write(io::stderr(), message.as_bytes());
        signal_hook::low_level::exit(status)
    };
    // SAFETY: what is done is one write and the end of the process at once, both of which a signal's handler may do;
    // `io::stderr()` takes no lock. Where the signal cannot be had, the system does as it would.
    let _ = unsafe { signal_hook::low_level::register(signal_hook::consts::SIGBUS, told) };
}

/// Keeps other threads from libgit2's process-wide options while one of them is set, and knows whether libgit2
/// was set up.
static OPTIONS: Mutex<bool> = Mutex::new(false);

/// Sets libgit2 up for the whole process: the user's own configuration does not change what it does.
fn set_up_libgit2(is_set_up: &mut bool) -> Result<(), git2::Error> {
    use git2::ConfigLevel;
    if *is_set_up {
        return Ok(());
    }
    for level in [
        ConfigLevel::System,
        ConfigLevel::Global,
        ConfigLevel::XDG,
        ConfigLevel::ProgramData,
    ] {
        // SAFETY: done once, under the lock, and by every function here before libgit2 opens anything; no other
        // room opens repositories, so nothing reads these paths at the same time.
        unsafe { git2::opts::set_search_path(level, "")? };
    }
    *is_set_up = true;
    Ok(())
}

/// Makes a bare repository whose `HEAD` names a branch that is still to come.
///
/// # Errors
/// libgit2's, where it cannot be made.
pub fn make_repository(path: &Path, head: &str) -> Result<(), git2::Error> {
    set_up_libgit2(&mut OPTIONS.lock().unwrap_or_else(PoisonError::into_inner))?;
    let mut options = git2::RepositoryInitOptions::new();
    options
        .bare(true)
        .no_reinit(true)
        .external_template(false)
        .initial_head(head);
    git2::Repository::init_opts(path, &options).map(drop)
}

/// Opens a repository so that libgit2 syncs the refs it writes there, or does not.
///
/// libgit2 has one switch for the whole process and reads it when it opens a repository's refs; git2 has no
/// call for it.
///
/// # Errors
/// libgit2's, where the repository cannot be opened.
pub fn open_repository(path: &Path, refs: Durability) -> Result<git2::Repository, git2::Error> {
    let mut is_set_up = OPTIONS.lock().unwrap_or_else(PoisonError::into_inner);
    set_up_libgit2(&mut is_set_up)?;
    let sync = std::ffi::c_int::from(refs == Durability::Synced);
    // SAFETY: the option takes one int; the lock keeps another thread from turning the switch before the refs
    // are opened, which reading one does.
    unsafe {
        libgit2_sys::git_libgit2_opts(libgit2_sys::GIT_OPT_ENABLE_FSYNC_GITDIR.cast_signed(), sync);
    }
    let flags = git2::RepositoryOpenFlags::NO_SEARCH | git2::RepositoryOpenFlags::BARE;
    let repository = git2::Repository::open_ext(path, flags, [] as [&Path; 0])?;
    let _ = repository.refname_to_id("HEAD");
    Ok(repository)
}

/// Maps a whole file into memory, for reading.
///
/// The map shows what the file holds at each moment. Git never writes into a pack or an index that has its
/// final name, so the bytes stay as they were; whoever shortens such a file under a running program ends that
/// program with a bus error, here as in git itself, and [`on_bus_error`] says so.
///
/// # Errors
/// The operating system's error where the file cannot be mapped.
pub fn map_file(file: &File) -> io::Result<Mmap> {
    // SAFETY: the map is private and read-only. Its bytes are only ever read as plain integers with every
    // position checked against the length, so even bytes that change while they are read lead to a wrong
    // answer at worst, and answers are hashed afterwards.
    unsafe { Mmap::map(file) }
}

/// How far a zlib stream went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inflated {
    /// Bytes of input that the stream took, header and checksum included.
    pub consumed: usize,
    /// Bytes of output that it gave.
    pub written: usize,
}

/// Why a zlib stream could not be inflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// Not a zlib stream, one that ends early, or one whose checksum is wrong.
    #[error("stream cannot be inflated, or fails its own checksum")]
    Stream,
    /// More bytes come out than there is room for.
    #[error("stream holds more bytes than announced")]
    Room,
}

/// Inflates whole zlib streams that lie in memory, through libdeflate.
///
/// The `libdeflater` crate does not tell how much input a stream took, and a pack entry has to end exactly
/// where the next one begins; hence the C interface.
#[derive(Debug)]
pub struct Inflater {
    state: NonNull<libdeflate_decompressor>,
}

// SAFETY: the state is plain memory of libdeflate's own, bound to no thread; every use of it needs `&mut`.
unsafe impl Send for Inflater {}

impl Inflater {
    /// Makes an inflater; about 12 KiB, which later streams use again.
    #[must_use]
    pub fn new() -> Self {
        // SAFETY: the call has no preconditions and returns null where memory is short.
        let state = unsafe { libdeflate_alloc_decompressor() };
        Self {
            state: NonNull::new(state).expect("twelve KiB can be had, or nothing else could run either"),
        }
    }

    /// Inflates the zlib stream at the beginning of `input` into the beginning of `output`, and checks its
    /// header and its Adler-32. Bytes after the stream are not looked at.
    ///
    /// # Errors
    /// [`InflateError`] where the stream is damaged or `output` is too small.
    pub fn zlib(&mut self, input: &[u8], output: &mut [u8]) -> Result<Inflated, InflateError> {
        let mut consumed = 0;
        let mut written = 0;
        // SAFETY: the state is alive until drop and borrowed alone; both buffers are given with their own
        // lengths, which libdeflate never passes; the two results are valid places for a usize.
        let result = unsafe {
            libdeflate_zlib_decompress_ex(
                self.state.as_ptr(),
                input.as_ptr().cast(),
                input.len(),
                output.as_mut_ptr().cast(),
                output.len(),
                &raw mut consumed,
                &raw mut written,
            )
        };
        match result {
            SUCCESS => Ok(Inflated { consumed, written }),
            INSUFFICIENT_SPACE => Err(InflateError::Room),
            _ => Err(InflateError::Stream),
        }
    }
}

impl Default for Inflater {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        // SAFETY: the pointer came from libdeflate_alloc_decompressor and is freed once.
        unsafe { libdeflate_free_decompressor(self.state.as_ptr()) }
    }
}

/// Makes whole zlib streams in memory, through libdeflate.
#[derive(Debug)]
pub struct Deflater {
    state: NonNull<libdeflate_compressor>,
    room: Vec<u8>,
}

// SAFETY: the state is plain memory of libdeflate's own, bound to no thread; every use of it needs `&mut`.
unsafe impl Send for Deflater {}

impl Deflater {
    /// The level that takes the most time and gives the shortest streams.
    pub const BEST: u8 = 12;

    /// Makes a deflater of a level from 0 to [`Deflater::BEST`], to be used for many streams: it takes from 10 KiB
    /// to 8 MiB, the more the higher the level.
    #[must_use]
    pub fn new(level: u8) -> Self {
        let level = std::ffi::c_int::from(level.min(Self::BEST));
        // SAFETY: the level is one that libdeflate has; it returns null where memory is short.
        let state = unsafe { libdeflate_alloc_compressor(level) };
        Self {
            state: NonNull::new(state).expect("a few MiB can be had, or nothing else could run either"),
            room: Vec::new(),
        }
    }

    /// Makes the zlib stream of some bytes.
    #[must_use]
    pub fn zlib(&mut self, input: &[u8]) -> Vec<u8> {
        // SAFETY: the state is alive until drop; the call only computes a length.
        let most = unsafe { libdeflate_zlib_compress_bound(self.state.as_ptr(), input.len()) };
        if self.room.len() < most {
            self.room.resize(most, 0);
        }
        // SAFETY: the state is alive until drop and borrowed alone; both buffers are given with their own
        // lengths, which libdeflate never passes.
        let written = unsafe {
            libdeflate_zlib_compress(
                self.state.as_ptr(),
                input.as_ptr().cast(),
                input.len(),
                self.room.as_mut_ptr().cast(),
                self.room.len(),
            )
        };
        assert!(written > 0, "libdeflate's own bound is room enough");
        self.room[..written].to_vec()
    }
}

impl Drop for Deflater {
    fn drop(&mut self) {
        // SAFETY: the pointer came from libdeflate_alloc_compressor and is freed once.
        unsafe { libdeflate_free_compressor(self.state.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_stream_tells_where_it_ends() {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(b"some words, some words").unwrap();
        let mut stream = encoder.finish().unwrap();
        let end = stream.len();
        stream.extend_from_slice(b"behind");
        let mut output = [0; 22];
        let mut inflater = Inflater::new();
        let went = inflater.zlib(&stream, &mut output).unwrap();
        assert_eq!(
            went,
            Inflated {
                consumed: end,
                written: 22
            }
        );
        assert_eq!(&output, b"some words, some words");
        assert_eq!(inflater.zlib(&stream, &mut output[..21]), Err(InflateError::Room));
        assert_eq!(
            inflater.zlib(&stream[..end - 1], &mut output),
            Err(InflateError::Stream)
        );
        stream[end - 1] ^= 1;
        assert_eq!(inflater.zlib(&stream, &mut output), Err(InflateError::Stream));
        assert_eq!(inflater.zlib(&[], &mut []), Err(InflateError::Stream));
    }

    #[test]
    fn what_was_deflated_inflates_at_every_level() {
        let mut inflater = Inflater::new();
        for level in [0, 1, 6, 9, Deflater::BEST, 200] {
            let mut deflater = Deflater::new(level);
            for text in [Vec::new(), b"some words, some words".to_vec(), vec![7; 100_000]] {
                let stream = deflater.zlib(&text);
                let mut output = vec![0; text.len()];
                let went = inflater.zlib(&stream, &mut output).unwrap();
                assert_eq!((went.consumed, &output[..]), (stream.len(), &text[..]));
            }
        }
    }

    #[test]
    fn a_map_shows_the_bytes_of_the_file() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"bytes").unwrap();
        assert_eq!(&map_file(&file).unwrap()[..], b"bytes");
    }
}
