//! The pages of an import, read from its sources one by one.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use avalaches::add::Wishes;
use avalaches::draft::Form;
use avalaches::import::json_lines::LONGEST_LINE;
use avalaches::import::{Item, Text, Unreadable};
use avalaches::publisher::{PassedOver, Version, Walk};
use avalaches::wording::{counted, with_causes};

use super::super::pages::{FormName, files, files_with, form_of, read_once, read_page};
use super::super::{Common, Failure, output};
use super::Import;
use super::stream::Stream;

/// A source that is read page by page.
enum Part<'a> {
    Versions(Box<Walk<'a>>),
    Files(std::vec::IntoIter<PathBuf>),
    Lines {
        name: String,
        number: usize,
        reader: Box<dyn BufRead>,
    },
}

impl Part<'_> {
    fn lines(name: String, reader: Box<dyn BufRead>) -> Self {
        Self::Lines {
            name,
            number: 0,
            reader,
        }
    }
}

/// The pages of the sources.
pub struct Items<'a> {
    /// The next one last.
    parts: Vec<Part<'a>>,
    form: Option<FormName>,
    wishes: Wishes,
    /// Versions for whose date another stands.
    pub other_dates: usize,
    /// What of the repository is no version of a file.
    pub passed_over: PassedOver,
    interrupted: Arc<AtomicBool>,
}

impl<'a> Items<'a> {
    /// Opens the sources of a command; what is in them is read when its turn comes.
    pub fn open(
        import: &Import,
        common: &Common,
        walk: Option<Walk<'a>>,
        interrupted: Arc<AtomicBool>,
    ) -> Result<Self, Failure> {
        let wishes = Wishes {
            languages: import.reading.lang.clone(),
            authors: import.making.author.clone(),
            tags: import.making.tags(),
            drafts: import.reading.drafts(),
            ..Wishes::default()
        };
        let mut parts: Vec<Part<'a>> = Vec::new();
        parts.extend(walk.map(|walk| Part::Versions(Box::new(walk))));
        read_once(&import.sources)?;
        for source in &import.sources {
            let name = source.to_string_lossy().into_owned();
            let is_waited_for = source.as_os_str() == "-" || is_pipe(source);
            if is_waited_for && (name == "-" || has_lines(&name)) {
                let stream = Stream::open(source, Arc::clone(&interrupted));
                parts.push(Part::lines(name, Box::new(BufReader::new(stream))));
            } else if has_lines(&name) && !source.is_dir() {
                let file = File::open(source)
                    .map_err(|e| Failure::new(format!("could not open {}: {e}", source.display())))?;
                let file = BufReader::with_capacity(1 << 20, file);
                parts.push(Part::lines(name, Box::new(file)));
            } else if source.exists() {
                let passed_over = files_with(source, has_lines)?;
                if let Some(first) = passed_over.first().filter(|_| !common.quiet) {
                    output::warning(&format!(
                        "{} of JSON Lines in {name} passed over: name each to import it, as in {}",
                        counted(passed_over.len(), "file"),
                        first.display(),
                    ));
                }
                parts.push(Part::Files(
                    files(common, std::slice::from_ref(source))?.into_iter(),
                ));
            } else {
                return Err(Failure::new(format!("there is no {}", source.display())).hint(
                    "name a folder of pages, a page, a file of JSON Lines named .jsonl, or - for stdin",
                ));
            }
        }
        Ok(Self {
            parts: parts.into_iter().rev().collect(),
            form: import.reading.form,
            wishes,
            other_dates: 0,
            passed_over: PassedOver::default(),
            interrupted,
        })
    }

    fn item(&self, name: String, text: Text) -> Item {
        Item {
            name,
            text,
            wishes: self.wishes.clone(),
            order: None,
            file: None,
        }
    }

    fn version(&mut self, version: Version) -> Item {
        self.other_dates += usize::from(version.has_other_date);
        let form = self.form.map(Into::into).or(version.form);
        let text = match version.bytes {
            Ok(bytes) => Text::Page {
                form: form.unwrap_or_else(|| Form::sniff(&bytes)),
                bytes,
            },
            Err(why) => Text::Unreadable(Unreadable(why)),
        };
        let mut item = self.item(format!("{} at {}", version.path, version.commit), text);
        item.wishes.date = version.date.map(|date| date.to_string());
        if let Some(author) = version.author {
            item.wishes.authors = vec![author.to_string()];
        }
        item.wishes.note = version.note;
        item.wishes.source_commit = Some(version.commit);
        item.order = Some(version.order);
        item.file = Some(version.file);
        item
    }

    fn page(&self, file: &Path) -> Item {
        let text = match read_page(file) {
            Ok(bytes) if self.form.is_none() && is_json(file, &bytes) => Text::Unreadable(Unreadable(
                "begins as JSON does, and is no page; files of JSON Lines are named .jsonl or .ndjson"
                    .to_owned(),
            )),
            Ok(bytes) => {
                let form = self.form.map_or_else(|| form_of(file, &bytes), Into::into);
                Text::Page { bytes, form }
            }
            Err(failure) => Text::Unreadable(Unreadable(failure.message)),
        };
        self.item(file.to_string_lossy().into_owned(), text)
    }
}

impl Iterator for Items<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            match self.parts.last_mut()? {
                Part::Versions(walk) => match walk.next() {
                    Some(Ok(version)) => return Some(self.version(version)),
                    Some(Err(error)) => {
                        self.parts.pop();
                        let text = Text::Unreadable(Unreadable(with_causes(&error)));
                        return Some(self.item("the repository".to_owned(), text));
                    }
                    None if self.interrupted.load(Ordering::Relaxed) => {}
                    None => match walk.passed_over() {
                        Ok(passed_over) => self.passed_over = passed_over,
                        Err(error) => {
                            self.parts.pop();
                            let text = Text::Unreadable(Unreadable(with_causes(&error)));
                            return Some(self.item("the repository".to_owned(), text));
                        }
                    },
                },
                Part::Files(files) => {
                    if let Some(file) = files.next() {
                        return Some(self.page(&file));
                    }
                }
                Part::Lines { name, number, reader } => {
                    *number += 1;
                    let place = format!("{name}:{number}");
                    let is_first = *number == 1;
                    let line = read_line(reader);
                    // What was read of a line when the user wanted an end is none.
                    if self.interrupted.load(Ordering::Relaxed) {
                        return None;
                    }
                    match line {
                        Ok(None) => {}
                        Ok(Some(line)) if line.trim_ascii().is_empty() => continue,
                        Ok(Some(mut line)) => {
                            if is_first && line.starts_with(b"\xef\xbb\xbf") {
                                line.drain(..3);
                            }
                            let text = match String::from_utf8(line) {
                                Ok(line) => Text::JsonLine(line),
                                Err(error) => {
                                    let at = error.utf8_error().valid_up_to();
                                    Text::Unreadable(Unreadable(format!(
                                        "the line is not UTF-8 from byte {at}"
                                    )))
                                }
                            };
                            return Some(self.item(place, text));
                        }
                        Err(error) => {
                            // What follows cannot be read either.
                            self.parts.pop();
                            let text = Text::Unreadable(Unreadable(format!("could not be read: {error}")));
                            return Some(self.item(place, text));
                        }
                    }
                }
            }
            self.parts.pop();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = |part: &Part| match part {
            Part::Files(files) => files.len(),
            Part::Versions(_) | Part::Lines { .. } => 0,
        };
        (self.parts.iter().map(count).sum(), None)
    }
}

/// Tells whether a file is one of JSON Lines, by its name.
fn has_lines(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".jsonl", ".ndjson"].iter().any(|ending| name.ends_with(ending))
}

/// Tells whether a file is a pipe by name, which waits for who writes into it.
fn is_pipe(source: &Path) -> bool {
    std::fs::metadata(source).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

/// Tells whether a file whose name is no page's begins as JSON does.
fn is_json(file: &Path, bytes: &[u8]) -> bool {
    let begin = bytes
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(bytes)
        .trim_ascii_start();
    let is_begun = match begin.split_first() {
        // So does rich text, which is told as what it is.
        Some((b'{', rest)) => !rest.starts_with(b"\\rtf"),
        // Some texts begin with a note in brackets.
        Some((b'[', rest)) => matches!(rest.trim_ascii_start().first(), Some(b'{' | b'[' | b'"' | b']')),
        _ => false,
    };
    is_begun && Form::of_name(&file.to_string_lossy()).is_none()
}

/// Reads a line, not more of it than can be used.
fn read_line(reader: &mut dyn BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let most = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX);
    if reader.take(most).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.len() == LONGEST_LINE && line.last() != Some(&b'\n') {
        return Err(io::Error::other(format!(
            "the line is longer than {LONGEST_LINE} bytes (128 MiB)"
        )));
    }
    Ok(Some(line))
}
