//! Bytes that may be long in coming, from stdin or a named pipe, without keeping Ctrl-C waiting.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// How often it is asked whether the user wants an end.
const ASKED_EVERY: Duration = Duration::from_millis(100);

/// The most bytes that are read at once.
const AT_ONCE: usize = 1 << 20;

/// What a thread of its own reads. Where the user wants an end, so do the bytes.
pub struct Stream {
    read: Receiver<io::Result<Vec<u8>>>,
    bytes: Vec<u8>,
    at: usize,
    interrupted: Arc<AtomicBool>,
}

impl Stream {
    /// Reads a file from its beginning, or stdin where it is named `-`; what fails is told where it is read.
    pub fn open(file: &Path, interrupted: Arc<AtomicBool>) -> Self {
        let file = file.to_owned();
        let (sender, read) = sync_channel(2);
        // It may wait for ever, and ends with the program.
        let begun = thread::Builder::new().spawn(move || {
            if file == Path::new("-") {
                send_all(&mut io::stdin().lock(), &sender);
                return;
            }
            match File::open(&file) {
                Ok(mut file) => send_all(&mut file, &sender),
                Err(error) => drop(sender.send(Err(error))),
            }
        });
        let read = match begun {
            Ok(_) => read,
            Err(error) => {
                let (sender, failed) = sync_channel(1);
                drop(sender.send(Err(error)));
                failed
            }
        };
        Self {
            read,
            bytes: Vec::new(),
            at: 0,
            interrupted,
        }
    }
}

fn send_all(from: &mut dyn Read, sender: &SyncSender<io::Result<Vec<u8>>>) {
    let mut buffer = vec![0; AT_ONCE];
    loop {
        let sent = match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => sender.send(Ok(buffer[..count].to_vec())),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                drop(sender.send(Err(error)));
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.bytes.len() {
            if self.interrupted.load(Ordering::Relaxed) {
                return Ok(0);
            }
            match self.read.recv_timeout(ASKED_EVERY) {
                Ok(bytes) => (self.bytes, self.at) = (bytes?, 0),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
        let count = buffer.len().min(self.bytes.len() - self.at);
        buffer[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
