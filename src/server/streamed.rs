//! The body of an answer that is read from a file while it is sent, so that a client that takes it slowly holds a piece of it and
//! not the whole.

use std::fs::File;
use std::future::Future;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use hyper::body::Frame;
use sha2::{Digest, Sha256};

use super::turns::{Ended, Turns};

/// Bytes that are read at once.
const PIECE: usize = 64 << 10;

/// A file of which all bytes were read once.
#[derive(Debug)]
pub struct Whole {
    file: File,
    length: u64,
    /// The SHA-256 of its bytes.
    pub digest: Vec<u8>,
}

impl Whole {
    /// Reads a file of a known length.
    ///
    /// # Errors
    /// The operating system's, also where the file is shorter.
    pub fn read(file: File, length: u64) -> io::Result<Self> {
        let mut digest = Sha256::new();
        let mut at = 0;
        while at < length {
            let piece = piece(&file, at, length)?;
            digest.update(&piece);
            at += piece.len() as u64;
        }
        Ok(Self {
            file,
            length,
            digest: digest.finalize().to_vec(),
        })
    }

    /// Returns how many bytes there are.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Returns the body that sends them.
    pub fn into_body(self, turns: Turns) -> Body {
        Body::new(Streamed {
            turns,
            file: Arc::new(self.file),
            at: 0,
            length: self.length,
            reading: None,
        })
    }
}

fn piece(file: &File, at: u64, length: u64) -> io::Result<Vec<u8>> {
    let left = usize::try_from(length - at).unwrap_or(usize::MAX);
    let mut bytes = vec![0; left.min(PIECE)];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes)
}

/// What came of reading a piece.
type Read = Result<io::Result<Vec<u8>>, Ended>;

struct Streamed {
    turns: Turns,
    file: Arc<File>,
    at: u64,
    length: u64,
    reading: Option<Pin<Box<dyn Future<Output = Read> + Send>>>,
}

impl hyper::body::Body for Streamed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let (at, length) = (self.at, self.length);
        if at >= length {
            return Poll::Ready(None);
        }
        if self.reading.is_none() {
            let file = Arc::clone(&self.file);
            let reading = self.turns.begin(move || piece(&file, at, length));
            self.reading = Some(Box::pin(reading));
        }
        let Some(reading) = &mut self.reading else {
            return Poll::Ready(None);
        };
        let read = ready!(reading.as_mut().poll(context));
        self.reading = None;
        Poll::Ready(Some(match read.map_err(io::Error::other).flatten() {
            Ok(bytes) => {
                self.at += bytes.len() as u64;
                Ok(Frame::data(bytes.into()))
            }
            Err(error) => {
                self.at = length;
                Err(error)
            }
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.at >= self.length
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_sent_is_the_file_piece_by_piece() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for length in [0, 1, PIECE, 3 * PIECE + 5] {
            let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
            std::fs::write(&path, &bytes).unwrap();
            let whole = Whole::read(File::open(&path).unwrap(), length as u64).unwrap();
            assert_eq!(whole.digest, Sha256::digest(&bytes).to_vec());
            let sent = axum::body::to_bytes(whole.into_body(Turns::of(1).unwrap()), usize::MAX)
                .await
                .unwrap();
            assert!(sent == bytes, "{length}");
        }
        let short = Whole::read(File::open(&path).unwrap(), 9 << 20);
        assert_eq!(short.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
