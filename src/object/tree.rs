//! Trees: the folders of a commit. Only files and folders are legal in an archive; a link or a submodule
//! would show a reader something that the commit does not hold.

use std::cmp::Ordering;
use std::ops::Range;

use crate::id::{BlobId, ObjectId, RawId, TreeId};

/// The id of the tree without entries.
const EMPTY: RawId = [
    0x4b, 0x82, 0x5d, 0xc6, 0x42, 0xcb, 0x6e, 0xb9, 0xa0, 0x60, 0xe5, 0x4b, 0xf8, 0xd6, 0x92, 0x88, 0xfb,
    0xee, 0x49, 0x04,
];

/// What a name in a folder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A file, mode 100644.
    File(BlobId),
    /// A folder, mode 40000.
    Folder(TreeId),
}

impl Entry {
    /// Returns the id of the file's blob or the folder's tree.
    #[must_use]
    pub fn object(self) -> ObjectId {
        match self {
            Self::File(id) => id.into(),
            Self::Folder(id) => id.into(),
        }
    }

    /// Returns the id of the file's blob; `None` for a folder.
    #[must_use]
    pub fn file(self) -> Option<BlobId> {
        match self {
            Self::File(id) => Some(id),
            Self::Folder(_) => None,
        }
    }

    fn mode(self) -> &'static str {
        match self {
            Self::File(_) => "100644",
            Self::Folder(_) => "40000",
        }
    }
}

/// Why bytes are no tree that an archive holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// The bytes end in the middle of an entry.
    #[error("tree ends in the middle of its entry {0}")]
    Truncated(usize),
    /// Neither a file nor a folder: a link, a submodule, an executable, or an unknown mode.
    #[error("entry {name:?} has mode {mode:?}; an archive holds files (100644) and folders (40000) only")]
    Mode {
        /// Name of the entry.
        name: String,
        /// Its mode.
        mode: String,
    },
    /// A name outside [`is_legal_name`].
    #[error("entry name {0:?} is not legal in an archive")]
    Name(String),
    /// A folder that holds nothing, which git makes of no files.
    #[error("folder {0:?} is empty")]
    Empty(String),
    /// Entries are not in git's order, or one name stands twice.
    #[error("entry {0:?} is out of order")]
    Order(String),
}

/// A folder: names with what they stand for, in git's order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    entries: Vec<(String, Entry)>,
}

impl Tree {
    /// Returns the entries, in git's order.
    #[must_use]
    pub fn entries(&self) -> &[(String, Entry)] {
        &self.entries
    }

    /// Returns what a name stands for.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Entry> {
        self.entries
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, entry)| *entry)
    }

    /// Returns the id of the file of a name; `None` where there is none, or a folder.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<BlobId> {
        self.get(name)?.file()
    }

    /// Puts an entry in its place, over any other of the same name.
    ///
    /// # Errors
    /// [`TreeError::Name`] where the name is not legal.
    pub fn insert(&mut self, name: &str, entry: Entry) -> Result<(), TreeError> {
        if !is_legal_name(name) {
            return Err(TreeError::Name(name.to_owned()));
        }
        self.entries.retain(|(known, _)| known != name);
        let place = self
            .entries
            .partition_point(|(known, other)| compare(known, *other, name, entry).is_lt());
        self.entries.insert(place, (name.to_owned(), entry));
        Ok(())
    }

    /// Returns the bytes that are hashed after the header.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(self.entries.len() * 37);
        for (name, entry) in &self.entries {
            encode_entry(&mut body, name, *entry);
        }
        body
    }

    /// Reads a tree.
    ///
    /// # Errors
    /// [`TreeError`] for anything that [`Tree::encode`] would not have written.
    pub fn parse(body: &[u8]) -> Result<Self, TreeError> {
        let entries = Entries::of(body).map(|entry| entry.map(|(name, entry)| (name.to_owned(), entry)));
        Ok(Self {
            entries: entries.collect::<Result<_, _>>()?,
        })
    }
}

/// Finds what a name stands for in a tree's bytes that were read before: what [`Entries`] refuses is not looked for.
///
/// # Errors
/// [`TreeError`] where the bytes up to that entry are no tree.
pub fn find(body: &[u8], name: &str) -> Result<Option<Entry>, TreeError> {
    let mut start = 0;
    while start < body.len() {
        let (place, end) = place_at(body, start)?;
        if &body[place] == name.as_bytes() {
            return Entries::of(&body[start..end])
                .next()
                .map(|entry| entry.map(|(_, entry)| entry))
                .transpose();
        }
        start = end;
    }
    Ok(None)
}

/// Returns a tree's bytes, which were read before, with an entry put in its place, over any other of the same name.
///
/// # Errors
/// [`TreeError::Name`] where the name is not legal; others where the bytes are no tree.
pub fn with_entry(body: &[u8], name: &str, entry: Entry) -> Result<Vec<u8>, TreeError> {
    if !is_legal_name(name) {
        return Err(TreeError::Name(name.to_owned()));
    }
    let mut new = Vec::with_capacity(body.len() + name.len() + 28);
    let mut placed = false;
    let mut copied = 0;
    let mut start = 0;
    while start < body.len() {
        let (place, end) = place_at(body, start)?;
        let known = &body[place];
        if known == name.as_bytes() {
            new.extend_from_slice(&body[copied..start]);
            copied = end;
        } else if !placed && (known > name.as_bytes() || name.as_bytes().starts_with(known)) {
            // The order of bytes is git's, but for names of which one begins with the other.
            let ordered = Entries::of(&body[start..end]).next().transpose()?;
            if ordered.is_some_and(|(known, other)| compare(known, other, name, entry).is_gt()) {
                new.extend_from_slice(&body[copied..start]);
                copied = start;
                encode_entry(&mut new, name, entry);
                placed = true;
            }
        }
        start = end;
    }
    new.extend_from_slice(&body[copied..]);
    if !placed {
        encode_entry(&mut new, name, entry);
    }
    Ok(new)
}

/// Returns the ids of a folder before and after a change from one tree to another, where it is all that differs between
/// them, and the old one was read before. The new one is then as sound as the old.
#[must_use]
pub fn only_folder_changed(old: &[u8], new: &[u8], name: &str) -> Option<(Option<TreeId>, TreeId)> {
    let Some(Entry::Folder(after)) = find(new, name).ok()? else {
        return None;
    };
    let before = match find(old, name).ok()? {
        None => None,
        Some(Entry::Folder(before)) => Some(before),
        Some(Entry::File(_)) => return None,
    };
    let expected = with_entry(old, name, Entry::Folder(after)).ok()?;
    (before != Some(after) && expected == new).then_some((before, after))
}

/// Returns where the name of the entry that starts somewhere in a tree's bytes lies, and where the entry ends.
fn place_at(body: &[u8], start: usize) -> Result<(Range<usize>, usize), TreeError> {
    let truncated = || TreeError::Truncated(start);
    let rest = &body[start..];
    let blank = rest.iter().position(|byte| *byte == b' ').ok_or_else(truncated)?;
    let name = start + blank + 1;
    let length = memchr::memchr(0, &body[name..]).ok_or_else(truncated)?;
    let end = name + length + 21;
    if end > body.len() {
        return Err(truncated());
    }
    Ok((name..name + length, end))
}

fn encode_entry(body: &mut Vec<u8>, name: &str, entry: Entry) {
    body.extend_from_slice(entry.mode().as_bytes());
    body.push(b' ');
    body.extend_from_slice(name.as_bytes());
    body.push(0);
    body.extend_from_slice(entry.object().raw());
}

/// The entries of a tree's bytes, each checked when its turn comes: what [`Tree::parse`] reads, without a copy.
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    rest: &'a [u8],
    count: usize,
    last: Option<(&'a str, Entry)>,
    /// Files whose names the last name begins with: a folder of the same name may still come.
    files: Vec<&'a str>,
}

impl<'a> Entries<'a> {
    /// Reads the entries of a tree's bytes.
    #[must_use]
    pub fn of(body: &'a [u8]) -> Self {
        Self {
            rest: body,
            count: 0,
            last: None,
            files: Vec::new(),
        }
    }

    fn read(&mut self) -> Result<(&'a str, Entry), TreeError> {
        self.count += 1;
        let truncated = TreeError::Truncated(self.count);
        let cut = |bytes: &'a [u8], at: u8| {
            let place = memchr::memchr(at, bytes)?;
            Some((&bytes[..place], &bytes[place + 1..]))
        };
        let Some((mode, after)) = cut(self.rest, b' ') else {
            return Err(truncated);
        };
        let Some((name, after)) = cut(after, 0) else {
            return Err(truncated);
        };
        let Some((raw, after)) = after.split_first_chunk::<20>() else {
            return Err(truncated);
        };
        self.rest = after;
        let name = match std::str::from_utf8(name) {
            Ok(name) if is_legal_name(name) => name,
            _ => return Err(TreeError::Name(String::from_utf8_lossy(name).into_owned())),
        };
        let entry = match mode {
            b"100644" => Entry::File(BlobId::from_raw(*raw)),
            b"40000" if *raw == EMPTY => return Err(TreeError::Empty(name.to_owned())),
            b"40000" => Entry::Folder(TreeId::from_raw(*raw)),
            _ => {
                return Err(TreeError::Mode {
                    name: name.to_owned(),
                    mode: String::from_utf8_lossy(mode).into_owned(),
                });
            }
        };
        // A file `a` and a folder `a` differ in git's order, yet are one name.
        while self.files.last().is_some_and(|file| !name.starts_with(file)) {
            self.files.pop();
        }
        let in_order = self
            .last
            .is_none_or(|(last, other)| compare(last, other, name, entry).is_lt());
        if !in_order || self.files.last() == Some(&name) {
            return Err(TreeError::Order(name.to_owned()));
        }
        if matches!(entry, Entry::File(_)) {
            self.files.push(name);
        }
        self.last = Some((name, entry));
        Ok((name, entry))
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<(&'a str, Entry), TreeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self.read();
        if entry.is_err() {
            self.rest = &[];
        }
        Some(entry)
    }
}

/// Tells whether a name may stand in an archive's tree: `[a-z0-9][A-Za-z0-9._-]{0,254}`, with no dot at the
/// end. `.git` and its disguises, and what Windows or macOS treat specially, cannot be written so.
#[must_use]
pub fn is_legal_name(name: &str) -> bool {
    let Some(first) = name.bytes().next() else {
        return false;
    };
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (first.is_ascii_lowercase() || first.is_ascii_digit())
        && name.len() <= 255
        && name.bytes().all(inner)
        && !name.ends_with('.')
        && !name.eq_ignore_ascii_case("git~1")
}

/// Compares two names in git's order, in which a folder stands as if its name ended in a slash.
fn compare(name: &str, entry: Entry, other: &str, other_entry: Entry) -> Ordering {
    let ending = |entry| match entry {
        Entry::Folder(_) => Some(b'/'),
        Entry::File(_) => None,
    };
    name.bytes()
        .chain(ending(entry))
        .cmp(other.bytes().chain(ending(other_entry)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::object::{self, ObjectKind};

    fn file(byte: u8) -> Entry {
        Entry::File(BlobId::from_raw([byte; 20]))
    }

    fn folder(byte: u8) -> Entry {
        Entry::Folder(TreeId::from_raw([byte; 20]))
    }

    #[test]
    fn only_a_change_of_one_folder_is_one() {
        let folder = |byte| Entry::Folder(TreeId::from_raw([byte; 20]));
        let file = Entry::File(BlobId::from_raw([9; 20]));
        let tree = |entries: &[(&str, Entry)]| {
            let mut tree = Tree::default();
            for (name, entry) in entries {
                tree.insert(name, *entry).unwrap();
            }
            tree.encode()
        };
        let id = |byte| TreeId::from_raw([byte; 20]);
        let old = tree(&[("a", folder(1)), ("a-b", folder(2)), ("c", file)]);
        let changed = tree(&[("a", folder(7)), ("a-b", folder(2)), ("c", file)]);
        let added = tree(&[
            ("a", folder(1)),
            ("a-b", folder(2)),
            ("b", folder(7)),
            ("c", file),
        ]);
        assert_eq!(
            only_folder_changed(&old, &changed, "a"),
            Some((Some(id(1)), id(7)))
        );
        assert_eq!(only_folder_changed(&old, &added, "b"), Some((None, id(7))));
        assert_eq!(
            only_folder_changed(&[], &tree(&[("a", folder(1))]), "a"),
            Some((None, id(1)))
        );
        for (name, new) in [
            ("a", old.clone()),
            ("a-b", changed.clone()),
            (
                "b",
                tree(&[("a", folder(1)), ("a-b", folder(2)), ("b", file), ("c", file)]),
            ),
            (
                "c",
                tree(&[("a", folder(1)), ("a-b", folder(2)), ("c", folder(7))]),
            ),
            ("b", tree(&[("a", folder(1)), ("b", folder(7)), ("c", file)])),
            (
                "b",
                tree(&[
                    ("a", folder(3)),
                    ("a-b", folder(2)),
                    ("b", folder(7)),
                    ("c", file),
                ]),
            ),
            ("b", [&added[..], &added[..]].concat()),
            ("b", added[..added.len() - 1].to_vec()),
        ] {
            assert_eq!(only_folder_changed(&old, &new, name), None, "{name}");
        }
        // The new entry is not where git puts it.
        let mut misplaced = old.clone();
        misplaced.extend_from_slice(&tree(&[("b", folder(7))]));
        assert_eq!(only_folder_changed(&old, &misplaced, "b"), None);
    }

    #[test]
    fn folders_sort_as_if_they_ended_in_a_slash() {
        let mut tree = Tree::default();
        for (name, entry) in [
            ("a0", file(1)),
            ("a", folder(2)),
            ("a.md", file(3)),
            ("a-b", folder(4)),
        ] {
            tree.insert(name, entry).unwrap();
        }
        let names: Vec<&str> = tree.entries().iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a-b", "a.md", "a", "a0"]);
        assert_eq!(Tree::parse(&tree.encode()).unwrap(), tree);
    }

    #[test]
    fn links_submodules_and_disorder_are_refused() {
        let raw = |mode: &str, name: &str| [mode.as_bytes(), b" ", name.as_bytes(), &[0; 21]].concat();
        for mode in ["120000", "160000", "100755", "100664", "040000", "0100644", ""] {
            assert!(
                matches!(Tree::parse(&raw(mode, "a")), Err(TreeError::Mode { .. })),
                "{mode}"
            );
        }
        for name in [
            ".git",
            ".gitmodules",
            "a/b",
            "..",
            "",
            "a\u{200c}",
            "A",
            "git~1",
            "con.",
            "-rf",
            "名",
        ] {
            assert!(
                matches!(Tree::parse(&raw("100644", name)), Err(TreeError::Name(_))),
                "{name:?}"
            );
        }
        let twice = [raw("100644", "b"), raw("100644", "b")].concat();
        let swapped = [raw("100644", "b"), raw("100644", "a")].concat();
        let both_kinds = [raw("100644", "b"), raw("100644", "b.c"), raw("40000", "b")].concat();
        for body in [twice, swapped, both_kinds] {
            assert!(matches!(Tree::parse(&body), Err(TreeError::Order(_))));
        }
        let whole = raw("100644", "a");
        for length in 1..whole.len() {
            assert_eq!(
                Tree::parse(&whole[..length]),
                Err(TreeError::Truncated(1)),
                "{length}"
            );
        }
    }

    #[test]
    fn a_folder_that_holds_nothing_is_refused() {
        let id = object::hash(ObjectKind::Tree, b"").unwrap();
        assert_eq!(*id.raw(), EMPTY);
        let mut tree = Tree::default();
        tree.insert("a", folder(1)).unwrap();
        let old = tree.encode();
        tree.insert("expunged", Entry::Folder(TreeId::from_raw(EMPTY)))
            .unwrap();
        let new = tree.encode();
        let empty = TreeError::Empty("expunged".to_owned());
        assert_eq!(Tree::parse(&new), Err(empty.clone()));
        assert_eq!(find(&new, "expunged"), Err(empty));
        assert_eq!(only_folder_changed(&old, &new, "expunged"), None);
    }

    #[test]
    fn what_is_no_tree_is_neither_searched_nor_added_to() {
        let illegal = |name: &str| TreeError::Name(name.to_owned());
        let mut tree = Tree::default();
        tree.insert("a", file(1)).unwrap();
        let body = tree.encode();
        for name in ["", "A", ".git", "a/b", "git~1", "a.", &*"a".repeat(256)] {
            assert_eq!(tree.clone().insert(name, file(2)), Err(illegal(name)));
            assert_eq!(with_entry(&body, name, file(2)), Err(illegal(name)));
        }
        for length in 1..body.len() {
            let cut = &body[..length];
            assert!(matches!(find(cut, "a"), Err(TreeError::Truncated(_))), "{length}");
            let added = with_entry(cut, "b", file(2));
            assert!(matches!(added, Err(TreeError::Truncated(_))), "{length}");
        }
        assert_eq!(find(&body, "a"), Ok(Some(file(1))));
    }

    proptest! {
        #[test]
        fn an_entry_is_put_where_git_has_it_and_replaces_its_namesake(
            names in proptest::collection::vec("[a-c]{1,3}(-[a-c])?", 0..12), folders in any::<u16>(),
            name in "[a-c]{1,3}(-[a-c])?", is_folder in any::<bool>(),
        ) {
            let entry = |is_folder, byte| if is_folder { folder(byte) } else { file(byte) };
            let mut tree = Tree::default();
            for (at, name) in names.iter().enumerate() {
                tree.insert(name, entry(folders >> at & 1 == 1, 1)).unwrap();
            }
            let body = with_entry(&tree.encode(), &name, entry(is_folder, 2)).unwrap();
            tree.insert(&name, entry(is_folder, 2)).unwrap();
            prop_assert_eq!(&body, &tree.encode());
            prop_assert_eq!(find(&body, &name), Ok(Some(entry(is_folder, 2))));
            prop_assert_eq!(find(&body, "zz"), Ok(None));
        }

        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(tree) = Tree::parse(&bytes) {
                prop_assert_eq!(tree.encode(), bytes);
            }
        }
    }
}
