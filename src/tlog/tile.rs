//! How a log is published as files (C2SP tlog-tiles): tiles of 256 hashes, bundles of 256 entries, and their paths.

use std::collections::BTreeSet;
use std::fmt;

use super::merkle::Nodes;

/// The path of the checkpoint.
pub const CHECKPOINT: &str = "checkpoint";

/// The folder of tiles and bundles.
pub const FOLDER: &str = "tile";

/// Hashes in a full tile, entries in a full bundle.
pub const WIDTH: u64 = 256;

/// Bytes of a hash.
const HASH: usize = 32;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// Hashes of whole subtrees of this many times 8 levels; at 0 of leaves.
    Hashes(u8),
    /// The entries themselves.
    Entries,
}

/// A tile or a bundle: which, and how much of it there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tile {
    /// What it holds.
    pub content: Content,
    /// Which of its level, from 0.
    pub index: u64,
    /// How many hashes or entries it has, from 1 to 256.
    pub width: u16,
}

/// The path.
impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.content {
            Content::Hashes(level) => write!(f, "{FOLDER}/{level}/")?,
            Content::Entries => write!(f, "{FOLDER}/entries/")?,
        }
        let mut groups = vec![self.index % 1000];
        let mut rest = self.index / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for (at, group) in groups.iter().enumerate().rev() {
            let (mark, end) = if at == 0 { ("", "") } else { ("x", "/") };
            write!(f, "{mark}{group:03}{end}")?;
        }
        if u64::from(self.width) < WIDTH {
            write!(f, ".p/{}", self.width)?;
        }
        Ok(())
    }
}

impl Tile {
    /// Reads a path; `None` for anything that would not be written so.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let (level, rest) = path.strip_prefix(FOLDER)?.strip_prefix('/')?.split_once('/')?;
        let content = match level {
            "entries" => Content::Entries,
            level => Content::Hashes(level.parse().ok()?),
        };
        let (index, width) = match rest.split_once(".p/") {
            Some((index, width)) => (index, width.parse().ok()?),
            None => (rest, 256),
        };
        let digits: String = index.chars().filter(char::is_ascii_digit).collect();
        let tile = Self {
            content,
            index: digits.parse().ok()?,
            width,
        };
        (tile.to_string() == path && width > 0).then_some(tile)
    }

    /// Returns a tile or bundle of a log of some size, as wide as it is there.
    #[must_use]
    pub fn at(content: Content, index: u64, size: u64) -> Self {
        let there = whole(content, size).saturating_sub(index * WIDTH).min(WIDTH);
        Self {
            content,
            index,
            width: u16::try_from(there).unwrap_or(0),
        }
    }

    /// Returns every tile and bundle of a log of some size.
    #[must_use]
    pub fn all(size: u64) -> Vec<Self> {
        let mut tiles = Vec::new();
        for content in contents(size) {
            tiles.extend(
                (0..whole(content, size).div_ceil(WIDTH)).map(|index| Self::at(content, index, size)),
            );
        }
        tiles
    }

    /// Returns the tiles and bundles that are published with a log of some size: its own, and the partial ones of the sizes
    /// that it had checkpoints of, as long as the full ones are not there.
    #[must_use]
    pub fn published(size: u64, earlier: &[u64]) -> BTreeSet<Self> {
        let mut tiles: BTreeSet<Self> = Self::all(size).into_iter().collect();
        for earlier in earlier {
            for content in contents(*earlier) {
                let of_earlier = whole(content, *earlier);
                let index = of_earlier / WIDTH;
                let is_full = whole(content, size) / WIDTH > index;
                if !of_earlier.is_multiple_of(WIDTH) && !is_full {
                    tiles.insert(Self::at(content, index, *earlier));
                }
            }
        }
        tiles
    }

    /// Returns the bytes of a tile of hashes.
    ///
    /// # Errors
    /// Where a hash cannot be had.
    pub fn hashes<N: Nodes>(self, level: u8, nodes: &N) -> Result<Vec<u8>, N::Error> {
        let mut bytes = Vec::with_capacity(usize::from(self.width) * HASH);
        let first = self.index * WIDTH;
        for index in first..first + u64::from(self.width) {
            bytes.extend_from_slice(nodes.node(u32::from(level) * 8, index)?.raw());
        }
        Ok(bytes)
    }
}

/// How many hashes or entries of some kind a log of some size has.
fn whole(content: Content, size: u64) -> u64 {
    match content {
        Content::Hashes(level) => size.checked_shr(u32::from(level) * 8).unwrap_or(0),
        Content::Entries => size,
    }
}

/// The kinds of which a log of some size has any.
fn contents(size: u64) -> impl Iterator<Item = Content> {
    let hashes = (0..8)
        .map(Content::Hashes)
        .filter(move |content| whole(*content, size) > 0);
    hashes.chain((size > 0).then_some(Content::Entries))
}

/// Writes entries as a bundle: each with its length before it, two bytes, the higher first.
///
/// # Errors
/// The index of an entry that is longer than 65,535 bytes.
pub fn bundle<T: AsRef<[u8]>>(entries: &[T]) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len()).map_err(|_| index)?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// Reads the entries of a bundle; `None` where it ends in the middle of one.
#[must_use]
pub fn entries(mut bundle: &[u8]) -> Option<Vec<&[u8]>> {
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_at_checked(2)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let (entry, rest) = rest.split_at_checked(length)?;
        entries.push(entry);
        bundle = rest;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn widths(size: u64) -> Vec<(Content, usize, u16)> {
        let mut levels: Vec<(Content, usize, u16)> = Vec::new();
        for tile in Tile::all(size) {
            match levels.last_mut() {
                Some((content, count, last)) if *content == tile.content => {
                    *count += 1;
                    *last = tile.width;
                }
                _ => levels.push((tile.content, 1, tile.width)),
            }
        }
        levels
    }

    #[test]
    fn paths_and_widths_are_those_of_the_specification() {
        let tile = |content, index, width| {
            Tile {
                content,
                index,
                width,
            }
            .to_string()
        };
        assert_eq!(tile(Content::Hashes(0), 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(tile(Content::Hashes(1), 0, 17), "tile/1/000.p/17");
        assert_eq!(tile(Content::Entries, 273, 112), "tile/entries/273.p/112");
        assert_eq!(tile(Content::Entries, 1000, 256), "tile/entries/x001/000");
        for good in ["tile/0/x001/x234/067", "tile/1/000.p/17", "tile/entries/x001/000"] {
            assert_eq!(Tile::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "tile/0/1",
            "tile/0/001.p/0",
            "tile/0/001.p/256",
            "tile/00/001",
            "tile/0/x000/001",
            "tile/0/001/002",
            "tile/a/001",
            "tile/0/../001",
            "tile/001",
            "tile/0/001.p/",
        ] {
            assert_eq!(Tile::parse(bad), None, "{bad}");
        }
        let levels = widths(70_000);
        assert_eq!(
            levels,
            [
                (Content::Hashes(0), 274, 112),
                (Content::Hashes(1), 2, 17),
                (Content::Hashes(2), 1, 1),
                (Content::Entries, 274, 112),
            ]
        );
        assert_eq!(
            widths(256)[..2],
            [(Content::Hashes(0), 1, 256), (Content::Hashes(1), 1, 1)]
        );
        assert_eq!(widths(0), []);
    }

    #[test]
    fn partial_tiles_stay_until_the_full_one_is_there() {
        let paths = |size, earlier: &[u64]| -> Vec<String> {
            let tiles = Tile::published(size, earlier);
            tiles.iter().map(ToString::to_string).collect()
        };
        let kept = [
            "tile/0/000.p/3",
            "tile/0/000.p/5",
            "tile/entries/000.p/3",
            "tile/entries/000.p/5",
        ];
        assert_eq!(paths(5, &[3, 5]), kept);
        let full = paths(256, &[3, 256]);
        assert_eq!(full, ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]);
        assert!(paths(600, &[300, 513]).contains(&"tile/0/002.p/1".to_owned()));
        assert!(!paths(600, &[300]).contains(&"tile/0/001.p/44".to_owned()));
        assert!(
            paths(600, &[300]).contains(&"tile/1/000.p/1".to_owned()),
            "its tree asks for it"
        );
    }

    #[test]
    fn entries_read_back_and_a_torn_bundle_does_not() {
        let long = vec![7; 65_535];
        let written = [b"one".as_slice(), b"", &long];
        let bytes = bundle(&written).unwrap();
        assert_eq!(entries(&bytes).unwrap(), written);
        assert!((1..5).all(|end| entries(&bytes[..end]).is_none()));
        assert_eq!(bundle(&[vec![0; 65_536]]), Err(0));
    }
}
