//! What the search page takes its answers from, without a server: an index in many small files, of which a query takes
//! few, and the text of each article beside its page.
//!
//! The index names revisions by their places on the branch. It is in parts, each of so many revisions in a row; a full part
//! stays what it is for ever, so that a new revision changes the newest part alone, and where that is full, makes a larger
//! one of it. The newest part's folder is named after how many revisions there are, so that a page of another build finds that
//! there is none rather than other keys. A part has shards, by a hash of the keys. The index may name what is no more: the page finds each hit in the
//! article's own text, or leaves it out. `search.js` reads all of this, and has to agree with it to the letter.
//!
//! | file | what is in it |
//! | --- | --- |
//! | `search/SIZE/N/S.keys`, `search/new/REVISIONS/S.keys` | shard S of a part: for each key its length, the key, the length of what follows, and revisions as steps from the one before; numbers in base 128, lowest digits first |
//! | `search/names/N.txt` | the articles of 128 revisions, one a line |
//! | `YYYY/MM/DD/slug/text.json` | an article's newest revision: date, titles, tags, and the text by language |

use std::cmp::Ordering;
use std::collections::HashSet;

use rayon::prelude::*;
use serde_json::json;

use super::{BuildError, address};
use crate::archive::Archive;
use crate::commonmark;
use crate::id::{ArticleId, CommitId};
use crate::language::Language;
use crate::query::{Stems, each_site_key};
use crate::revision::Revision;
use crate::trailer::Message;
use crate::withheld::Kept;
use crate::words::fnv1a_32;

/// The program of the search page.
pub const SCRIPT: &str = include_str!("search/search.js");

/// How many revisions a full part has.
pub const SIZES: [usize; 3] = [4096, 512, 64];

/// How many revisions a file of names has.
pub const NAMES: usize = 128;

/// Of so many revisions a part has a shard: one of some kilobytes.
const PER_SHARD: usize = 4;

/// Shards that one thread makes in a row.
const SHARDS: usize = 32;

/// A part of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    folder: String,
    /// The first of its revisions.
    pub begin: usize,
    /// The one after its last.
    pub end: usize,
    /// Whether no further revision belongs to it.
    pub is_full: bool,
}

impl Part {
    /// Returns the parts of the index of so many revisions.
    pub fn all(revisions: usize) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut begin = 0;
        for size in SIZES {
            while revisions - begin >= size {
                parts.push(Self {
                    folder: address::search_part(size, begin / size + 1),
                    begin,
                    end: begin + size,
                    is_full: true,
                });
                begin += size;
            }
        }
        if begin < revisions {
            parts.push(Self {
                folder: address::newest_search_part(revisions),
                begin,
                end: revisions,
                is_full: false,
            });
        }
        parts
    }

    /// Returns the names of its shards.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        (1..=self.shards()).map(|shard| format!("{}/{shard}.keys", self.folder))
    }

    fn shards(&self) -> usize {
        (self.end - self.begin).div_ceil(PER_SHARD).next_power_of_two()
    }

    /// Makes the shards, in the order of their names, of what its revisions are found by.
    pub fn make(&self, mut found: Vec<Option<Found>>) -> Vec<Vec<u8>> {
        // Of an article the part has the last revision alone.
        let mut articles = HashSet::new();
        for found in found.iter_mut().rev() {
            found.take_if(|found| !articles.insert(found.article.clone()));
        }
        let all: Vec<usize> = (0..self.shards()).collect();
        let made = all
            .par_chunks(SHARDS)
            .flat_map_iter(|some| shards(&found, some, all.len()));
        made.collect()
    }
}

/// A revision that can be found, by its keys.
pub struct Found {
    article: ArticleId,
    /// The keys, one behind the other.
    text: String,
    /// Where each of them is, once, by its shard.
    keys: Vec<Spot>,
}

#[derive(Clone, Copy)]
struct Spot {
    hash: u32,
    begin: u32,
    end: u32,
}

impl Spot {
    /// Returns its shard of so many, which are a power of two.
    fn shard(self, shards: usize) -> usize {
        self.hash as usize % shards
    }

    fn key(self, text: &str) -> &str {
        &text[self.begin as usize..self.end as usize]
    }
}

impl Found {
    /// Finds the keys of a revision, for so many shards, a power of two; `None` where its text is withheld.
    pub fn of(kept: &Kept, shards: usize, stems: &mut Stems) -> Option<Self> {
        let Kept::Whole(revision) = kept else {
            return None;
        };
        let metadata = revision.metadata();
        let (mut shown, mut spots) = (String::new(), Vec::new());
        // A text of 16 MiB shows some 64 MiB of keys.
        let at = |length| u32::try_from(length).expect("no article shows 4 GiB of keys");
        each_site_key(&metadata.titles, &metadata.tags, &parts(revision), stems, |key| {
            let begin = at(shown.len());
            shown.push_str(key);
            spots.push(Spot {
                hash: fnv1a_32(key.bytes()),
                begin,
                end: at(shown.len()),
            });
        });
        // By shard, then by hash: the last bits of a hash are its shard.
        let order = |spot: &Spot| spot.hash.rotate_right(shards.trailing_zeros());
        spots.sort_unstable_by_key(|spot| u64::from(order(spot)) << 32 | u64::from(spot.begin));
        let mut text = String::with_capacity(shown.len());
        let mut keys: Vec<Spot> = Vec::with_capacity(spots.len());
        for same in spots.chunk_by_mut(|one, other| one.hash == other.hash) {
            if same.iter().any(|spot| spot.key(&shown) != same[0].key(&shown)) {
                // Hashes of several keys that meet.
                same.sort_unstable_by_key(|spot| spot.key(&shown));
            }
            for one in same.chunk_by(|one, other| one.key(&shown) == other.key(&shown)) {
                let begin = at(text.len());
                text.push_str(one[0].key(&shown));
                keys.push(Spot {
                    hash: one[0].hash,
                    begin,
                    end: at(text.len()),
                });
            }
        }
        Some(Self {
            article: revision.article_id().clone(),
            keys,
            text,
        })
    }
}

/// A key and a revision that it is found in.
struct Posting<'a> {
    beginning: Beginning,
    key: &'a str,
    place: usize,
}

/// What a key begins with, as a number: of two keys with different ones the smaller is of the smaller key. The highest 15 bytes are
/// the key's, zeros where it has fewer, and the lowest is its length, 16 where that is more than 15.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Beginning(u128);

impl Beginning {
    const MOST: usize = 15;

    fn of(key: &str) -> Self {
        let length = key.len().min(Self::MOST);
        let mut bytes = [0; 16];
        bytes[..length].copy_from_slice(&key.as_bytes()[..length]);
        bytes[Self::MOST] = u8::try_from(key.len().min(Self::MOST + 1)).expect("at most 16");
        Self(u128::from_be_bytes(bytes))
    }

    /// Tells whether it is all of the key.
    fn is_whole(self) -> bool {
        self.0.to_be_bytes()[Self::MOST] as usize <= Self::MOST
    }
}

impl Posting<'_> {
    /// Compares the keys of two.
    fn by_key(&self, other: &Self) -> Ordering {
        let by_beginning = self.beginning.cmp(&other.beginning);
        by_beginning.then_with(|| {
            if self.beginning.is_whole() {
                Ordering::Equal
            } else {
                self.key.cmp(other.key)
            }
        })
    }
}

/// Makes some of so many shards, which follow one another, of the revisions of a part in their order.
fn shards(read: &[Option<Found>], some: &[usize], shards: usize) -> Vec<Vec<u8>> {
    let first = some.first().copied().unwrap_or_default();
    let mut begun: Vec<(usize, &Found, usize)> = read
        .iter()
        .enumerate()
        .filter_map(|(place, found)| {
            let found = found.as_ref()?;
            let next = found.keys.partition_point(|spot| spot.shard(shards) < first);
            Some((place, found, next))
        })
        .collect();
    let mut postings: Vec<Posting<'_>> = Vec::new();
    let shard = |shard: &usize| {
        postings.clear();
        for (place, found, next) in &mut begun {
            while let Some(spot) = found.keys.get(*next).filter(|spot| spot.shard(shards) == *shard) {
                let key = spot.key(&found.text);
                postings.push(Posting {
                    beginning: Beginning::of(key),
                    key,
                    place: *place,
                });
                *next += 1;
            }
        }
        // Those of one key are in the order of their places, and stay in it.
        postings.sort_by(Posting::by_key);
        let keys: Vec<&[Posting<'_>]> = postings
            .chunk_by(|one, other| one.by_key(other).is_eq())
            .collect();
        encode(&keys)
    };
    some.iter().map(shard).collect()
}

/// Writes a shard, of keys in their order.
fn encode(shard: &[&[Posting<'_>]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut steps = Vec::new();
    for postings in shard {
        let key = postings[0].key;
        put_number(key.len(), &mut bytes);
        bytes.extend_from_slice(key.as_bytes());
        steps.clear();
        let mut next = 0;
        for Posting { place, .. } in *postings {
            put_number(place + 1 - next, &mut steps);
            next = place + 1;
        }
        put_number(steps.len(), &mut bytes);
        bytes.extend_from_slice(&steps);
    }
    bytes
}

fn put_number(mut number: usize, bytes: &mut Vec<u8>) {
    loop {
        let digit = u8::try_from(number % 128).expect("less than 128");
        number /= 128;
        if number == 0 {
            bytes.push(digit);
            return;
        }
        bytes.push(digit | 128);
    }
}

/// Writes the articles of some revisions, one a line.
///
/// # Errors
/// [`BuildError`] where a commit cannot be read.
pub fn names(archive: &Archive, revisions: &[CommitId]) -> Result<String, BuildError> {
    let mut names = String::new();
    for id in revisions {
        let message = Message::parse(&archive.commit(*id)?.message);
        let name = message.map_or_else(|_| String::new(), |message| message.trailers.article.to_string());
        names.push_str(&name);
        names.push('\n');
    }
    Ok(names)
}

/// Writes what the page finds hits in.
pub fn text(revision: &Revision) -> String {
    let metadata = revision.metadata();
    let titles: Vec<(&str, &String)> = metadata
        .titles
        .iter()
        .map(|(language, title)| (language.as_str(), title))
        .collect();
    let parts = parts(revision);
    let parts: Vec<(&str, &String)> = parts
        .iter()
        .map(|(language, text)| (language.as_str(), text))
        .collect();
    json!({
        "date": metadata.date.to_string(),
        "titles": titles,
        "tags": metadata.tags,
        "parts": parts,
    })
    .to_string()
        + "\n"
}

/// Returns the plain text of each part with its language.
fn parts(revision: &Revision) -> Vec<(Language, String)> {
    let article = &revision.article;
    let parts = article.metadata.languages.iter().zip(&article.sources);
    // The revision was checked, so that each of its sources has a text.
    parts
        .map(|(language, source)| {
            (
                language.clone(),
                commonmark::plain_text(source).unwrap_or_default(),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_revision_changes_the_newest_part_alone_until_that_is_full() {
        let shown = |revisions| -> Vec<String> {
            let part = |part: &Part| format!("{} {}-{}", part.folder, part.begin, part.end);
            Part::all(revisions).iter().map(part).collect()
        };
        assert_eq!(shown(0), [""; 0]);
        assert_eq!(shown(63), ["search/new/63 0-63"]);
        assert_eq!(shown(64), ["search/64/1 0-64"]);
        assert_eq!(shown(513), ["search/512/1 0-512", "search/new/513 512-513"]);
        assert_eq!(
            shown(4096 + 512 + 65),
            [
                "search/4096/1 0-4096",
                "search/512/9 4096-4608",
                "search/64/73 4608-4672",
                "search/new/4673 4672-4673"
            ]
        );
        for revisions in 1..9000 {
            let parts = Part::all(revisions);
            assert!(parts.len() <= 2 + 7 + 7 + 1, "{revisions}");
            assert_eq!(parts.last().map(|part| part.end), Some(revisions));
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].begin));
        }
    }

    #[test]
    fn numbers_have_seven_bits_a_byte() {
        let bytes = |number| {
            let mut bytes = Vec::new();
            put_number(number, &mut bytes);
            bytes
        };
        assert_eq!(bytes(0), [0]);
        assert_eq!(bytes(127), [127]);
        assert_eq!(bytes(300), [0xac, 2]);
    }
}
