//! Objects of other people's repositories, read as leniently as git reads them: merges, signatures, other
//! encodings, executables, links, submodules, names of any bytes. An archive's own objects are read by its
//! neighbours, which accept only what an archive holds.
//!
//! Source of the leniency: git's own readers (`commit.c`, `ident.c`, `tree-walk.c`), whose answers the tests compare.

use std::borrow::Cow;
use std::cmp::Ordering;

use encoding_rs::{Encoding, UTF_8};

use super::ObjectKind;
use super::ident::{LONGEST_NAME, Person};
use crate::canonical::first_unprintable;
use crate::date::{RevisionDate, UtcOffset};
use crate::id::{CommitId, ObjectId, TreeId};

/// Why bytes are no object that git would read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForeignError {
    /// A commit without the line that names its tree.
    #[error("commit does not begin with its tree")]
    NoTree,
    /// A parent that is no id.
    #[error("commit has a parent that is no id")]
    Parent,
    /// A tree that ends in the middle of an entry.
    #[error("tree ends in the middle of an entry")]
    Truncated,
    /// An entry whose mode is no octal number.
    #[error("tree has an entry whose mode is no octal number")]
    Mode,
    /// An entry without a name.
    #[error("tree has an entry without a name")]
    NoName,
    /// A tag that does not say what it names.
    #[error("tag does not begin with the object that it names")]
    Tag,
}

/// A commit, read where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignCommit<'a> {
    /// The tree.
    pub tree: TreeId,
    /// The commits before: none, one, or those that were merged.
    pub parents: Vec<CommitId>,
    headers: &'a [u8],
    message: &'a [u8],
}

impl<'a> ForeignCommit<'a> {
    /// Reads a commit.
    ///
    /// # Errors
    /// [`ForeignError`] where tree or parents cannot be told, for which git would not read it either.
    pub fn parse(body: &'a [u8]) -> Result<Self, ForeignError> {
        let tree = body.strip_prefix(b"tree ").ok_or(ForeignError::NoTree)?;
        let (tree, mut rest) = id_line(tree).ok_or(ForeignError::NoTree)?;
        let mut parents = Vec::new();
        while let Some(parent) = rest.strip_prefix(b"parent ") {
            let (parent, after) = id_line(parent).ok_or(ForeignError::Parent)?;
            parents.push(CommitId::from_raw(*parent.raw()));
            rest = after;
        }
        let (headers, message) = match memchr::memmem::find(rest, b"\n\n") {
            _ if rest.first() == Some(&b'\n') => (&rest[..0], &rest[1..]),
            Some(end) => (&rest[..=end], &rest[end + 2..]),
            None => (rest, &rest[rest.len()..]),
        };
        Ok(Self {
            tree: TreeId::from_raw(*tree.raw()),
            parents,
            headers,
            message,
        })
    }

    /// Returns who wrote what the commit changes, and when.
    #[must_use]
    pub fn author(&self) -> ForeignIdent {
        self.ident(b"author ")
    }

    /// Returns who made the commit, and when.
    #[must_use]
    pub fn committer(&self) -> ForeignIdent {
        self.ident(b"committer ")
    }

    /// Returns the first paragraph of the message as one line, as git's `%s` does.
    #[must_use]
    pub fn subject(&self) -> String {
        let text = self.decode(self.message);
        let lines = text.lines().map(str::trim).skip_while(|line| line.is_empty());
        let lines: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
        lines.join(" ")
    }

    fn ident(&self, key: &[u8]) -> ForeignIdent {
        let value = self.header(key).unwrap_or_default();
        ForeignIdent::parse(value, |bytes| self.decode(bytes).into_owned())
    }

    fn header(&self, key: &[u8]) -> Option<&'a [u8]> {
        let mut lines = self.headers.split(|byte| *byte == b'\n');
        lines.find_map(|line| line.strip_prefix(key))
    }

    /// Decodes a text as the commit's `encoding` says; what cannot be decoded becomes U+FFFD.
    fn decode<'b>(&self, bytes: &'b [u8]) -> Cow<'b, str> {
        let named = self.header(b"encoding ").and_then(Encoding::for_label);
        named.unwrap_or(UTF_8).decode_without_bom_handling(bytes).0
    }
}

/// Who did something and when, as far as it can be told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForeignIdent {
    /// The name, trimmed; anything may stand in it.
    pub name: String,
    /// The address, trimmed; anything may stand in it.
    pub email: String,
    /// The date; `None` where there is none, or none that a footer can carry. An offset beyond 14 hours counts as
    /// UTC.
    pub date: Option<RevisionDate>,
}

impl ForeignIdent {
    /// Finds the parts as git does: the address between the first `<` and the next `>`, the date after the last.
    fn parse(value: &[u8], decode: impl Fn(&[u8]) -> String) -> Self {
        let trimmed = |bytes: &[u8]| decode(bytes).trim().to_owned();
        let Some(open) = memchr::memchr(b'<', value) else {
            return Self {
                name: trimmed(value),
                ..Self::default()
            };
        };
        let (name, rest) = (&value[..open], &value[open + 1..]);
        let email = &rest[..memchr::memchr(b'>', rest).unwrap_or(rest.len())];
        let date = memchr::memrchr(b'>', rest).and_then(|end| date(&rest[end + 1..]));
        Self {
            name: trimmed(name),
            email: trimmed(email),
            date,
        }
    }

    /// Returns the person as an archive can name one: without controls, `<` and `>`, of limited length; where there
    /// is no name, the address takes its place. `None` where nothing is left.
    #[must_use]
    pub fn person(&self) -> Option<Person> {
        let (name, email) = (clean(&self.name), clean(&self.email));
        if name.is_empty() {
            return Person::new(&email, &email).ok();
        }
        Person::new(&name, &email).ok()
    }
}

/// Reads seconds and offset; bytes around them are not looked at.
fn date(text: &[u8]) -> Option<RevisionDate> {
    let mut words = text.trim_ascii_start().splitn(2, |byte| !byte.is_ascii_digit());
    let seconds = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
    let zone = text.trim_ascii_start();
    let zone = &zone[zone.iter().take_while(|byte| byte.is_ascii_digit()).count()..];
    let minutes = offset(zone.trim_ascii_start()).unwrap_or(0);
    let offset = UtcOffset::from_minutes(minutes).unwrap_or(UtcOffset::UTC);
    RevisionDate::from_seconds(seconds, offset).ok()
}

/// Reads an offset such as `+0545`; like git takes `+99` for 99 minutes.
fn offset(text: &[u8]) -> Option<i32> {
    let (sign, digits) = text.split_first()?;
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number: i32 = std::str::from_utf8(&digits[..length]).ok()?.parse().ok()?;
    let minutes = (number / 100).checked_mul(60)?.checked_add(number % 100)?;
    match sign {
        b'+' => Some(minutes),
        b'-' => Some(-minutes),
        _ => None,
    }
}

fn clean(text: &str) -> String {
    let mut buffer = [0; 4];
    let is_legal = |c: &char| !"<>".contains(*c) && first_unprintable(c.encode_utf8(&mut buffer)).is_none();
    let mut kept: String = text.chars().filter(is_legal).collect();
    while kept.len() > LONGEST_NAME {
        kept.pop();
    }
    kept.trim().to_owned()
}

/// Reads an id that ends its line. Git takes digits of either case, and writes those of one.
fn id_line(text: &[u8]) -> Option<(ObjectId, &[u8])> {
    let (digits, rest) = text.split_at_checked(40)?;
    let id = std::str::from_utf8(digits)
        .ok()?
        .to_ascii_lowercase()
        .parse()
        .ok()?;
    Some((id, rest.strip_prefix(b"\n")?))
}

/// Reads what an annotated tag names, and of which kind that is.
///
/// # Errors
/// [`ForeignError::Tag`].
pub fn tagged(body: &[u8]) -> Result<(ObjectId, ObjectKind), ForeignError> {
    let rest = body.strip_prefix(b"object ").and_then(id_line);
    let (id, rest) = rest.ok_or(ForeignError::Tag)?;
    let kind = rest.strip_prefix(b"type ").ok_or(ForeignError::Tag)?;
    let kind = kind.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok((id, ObjectKind::from_name(kind).ok_or(ForeignError::Tag)?))
}

/// What an entry of a tree is, by the upper bits of its mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file, executable or not.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, whose blob holds where it leads.
    Link,
    /// A commit of another repository, which is not part of this one.
    Submodule,
}

/// An entry of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForeignEntry<'a> {
    /// The name: any bytes but NUL.
    pub name: &'a [u8],
    /// What it is.
    pub kind: EntryKind,
    /// The object.
    pub id: ObjectId,
}

impl ForeignEntry<'_> {
    /// Compares as git sorts trees: a folder as if its name ended in `/`.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        let common = self.name.len().min(other.name.len());
        let after = |entry: &Self| match entry.name.get(common) {
            Some(byte) => *byte,
            None if entry.kind == EntryKind::Folder => b'/',
            None => 0,
        };
        self.name[..common]
            .cmp(&other.name[..common])
            .then_with(|| after(self).cmp(&after(other)))
    }
}

/// Reads the entries of a tree's bytes, one after another; ends after the first fault.
pub fn entries(body: &[u8]) -> impl Iterator<Item = Result<ForeignEntry<'_>, ForeignError>> + Clone {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let body = rest.take().filter(|body| !body.is_empty())?;
        Some(entry(body).map(|(entry, after)| {
            rest = Some(after);
            entry
        }))
    })
}

fn entry(body: &[u8]) -> Result<(ForeignEntry<'_>, &[u8]), ForeignError> {
    let blank = memchr::memchr(b' ', body).ok_or(ForeignError::Truncated)?;
    let mode = std::str::from_utf8(&body[..blank]).map_err(|_| ForeignError::Mode)?;
    let is_octal = mode.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    let mode = u32::from_str_radix(mode, 8).ok().filter(|_| is_octal);
    let mode = mode.ok_or(ForeignError::Mode)?;
    let rest = &body[blank + 1..];
    let end = memchr::memchr(0, rest).ok_or(ForeignError::Truncated)?;
    if end == 0 {
        return Err(ForeignError::NoName);
    }
    let (id, after) = rest[end + 1..]
        .split_first_chunk()
        .ok_or(ForeignError::Truncated)?;
    let kind = match mode & 0o170_000 {
        0o100_000 => EntryKind::File,
        0o040_000 => EntryKind::Folder,
        0o120_000 => EntryKind::Link,
        _ => EntryKind::Submodule,
    };
    let entry = ForeignEntry {
        name: &rest[..end],
        kind,
        id: ObjectId::from_raw(*id),
    };
    Ok((entry, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::EntryKind::{File, Folder, Link, Submodule};
    use super::*;

    const MERGE: &[u8] = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
        parent a038737196a74c325d6a90900694dd78867e8af9\n\
        parent 28f82ed1ccfdb6111c4f0ba7731617571b699e06\n\
        author \xc1\xd6\xcf\xfe <lin@example.org> 1769054400 +0545\n\
        committer Desk <> 1769058000 -0330\n\
        encoding GBK\n\
        gpgsig -----BEGIN\n \n -----END\n\
        \n\
        \xb1\xea\xcc\xe2\nof two lines\n\nAnd more.\n";

    #[test]
    fn a_signed_merge_in_another_encoding_is_read() {
        let commit = ForeignCommit::parse(MERGE).unwrap();
        assert_eq!(commit.parents.len(), 2);
        assert_eq!(commit.subject(), "标题 of two lines");
        let author = commit.author();
        assert_eq!(author.person().unwrap().to_string(), "林晓 <lin@example.org>");
        assert_eq!(author.date.unwrap().to_string(), "2026-01-22T09:45:00+05:45");
        assert_eq!(commit.committer().date.unwrap().as_git(), "1769058000 -0330");
    }

    #[test]
    fn ids_in_capital_letters_are_those_that_git_reads() {
        let text = String::from_utf8_lossy(MERGE);
        let (id, capitals) = (
            "a038737196a74c325d6a90900694dd78867e8af9",
            "A038737196A74C325D6A90900694DD78867E8AF9",
        );
        let body = text.replace(id, capitals).replace("4b825dc", "4B825DC");
        let commit = ForeignCommit::parse(body.as_bytes()).unwrap();
        assert_eq!(commit.parents[0].to_string(), id);
        assert_eq!(
            commit.tree.to_string(),
            "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
        );
        assert!(ForeignCommit::parse(body.replace("4B825DC", "4g825dc").as_bytes()).is_err());
    }

    #[test]
    fn idents_that_git_would_not_write_are_read_as_far_as_they_go() {
        let ident = |line: &str| {
            let body = format!("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor {line}\n\nx\n");
            ForeignCommit::parse(body.as_bytes()).unwrap().author()
        };
        let shown = |line: &str| {
            let ident = ident(line);
            let person = ident.person().map(|person| person.to_string());
            let date = ident.date.map(RevisionDate::as_git);
            (person.unwrap_or_default(), date.unwrap_or_default())
        };
        for (line, person, date) in [
            ("A<a@b>1 +0800", "A <a@b>", "1 +0800"),
            ("<a@b> 1 -0000", "a@b <a@b>", "1 +0000"),
            ("A <a@b> 1", "A <a@b>", "1 +0000"),
            ("A <a@b>", "A <a@b>", ""),
            ("A <a@b> -1 +0000", "A <a@b>", ""),
            ("A <a@b> 99999999999999999999 +0000", "A <a@b>", ""),
            ("A <a@b> 0005 +9999", "A <a@b>", "5 +0000"),
            ("A <a@b> 5 +99", "A <a@b>", "5 +0139"),
            ("A <a> b> 5 +0100", "A <a>", "5 +0100"),
            ("A\u{7} \u{202e}B <>", "A B", ""),
            ("A", "A", ""),
            ("", "", ""),
        ] {
            assert_eq!(shown(line), (person.to_owned(), date.to_owned()), "{line}");
        }
        assert!(ident(&"长".repeat(2000)).person().unwrap().name().len() <= LONGEST_NAME);
        let none = ForeignCommit::parse(b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n").unwrap();
        assert_eq!(
            (none.author(), none.subject().as_str()),
            (ForeignIdent::default(), "")
        );
    }

    #[test]
    fn trees_of_every_mode_are_read_and_faults_have_names() {
        let id = [7; 20];
        let tree = |entries: &[(&str, &[u8])]| -> Vec<u8> {
            let entry = |(mode, name): &(&str, &[u8])| [mode.as_bytes(), b" ", name, b"\0", &id].concat();
            entries.iter().flat_map(entry).collect()
        };
        let body = tree(&[
            ("100755", b"a"),
            ("040000", b"\xff"),
            ("40000", "文".as_bytes()),
            ("120000", b"c"),
            ("160000", b"d"),
            ("100664", b"e f"),
        ]);
        let kinds: Vec<EntryKind> = entries(&body).map(|entry| entry.unwrap().kind).collect();
        assert_eq!(kinds, [File, Folder, Folder, Link, Submodule, File]);
        let fault = |body: &[u8]| entries(body).last().unwrap().unwrap_err();
        assert_eq!(fault(&body[..body.len() - 1]), ForeignError::Truncated);
        assert_eq!(fault(&tree(&[("10x", b"a")])), ForeignError::Mode);
        assert_eq!(fault(&tree(&[("+7", b"a")])), ForeignError::Mode);
        assert_eq!(fault(&tree(&[("", b"a")])), ForeignError::Mode);
        assert_eq!(fault(&tree(&[("7777777777777777", b"a")])), ForeignError::Mode);
        assert_eq!(fault(&tree(&[("100644", b"")])), ForeignError::NoName);
        let order = |one: (&str, &[u8]), other: (&str, &[u8])| {
            let body = tree(&[one, other]);
            let mut entries = entries(&body).map(Result::unwrap);
            let (one, other) = (entries.next().unwrap(), entries.next().unwrap());
            one.order(&other)
        };
        assert_eq!(order(("100644", b"a"), ("40000", b"a")), Ordering::Less);
        assert_eq!(order(("40000", b"a"), ("100644", b"a.b")), Ordering::Greater);
        assert_eq!(order(("40000", b"a"), ("100644", b"a0")), Ordering::Less);
        assert_eq!(order(("100644", b"a"), ("100755", b"a")), Ordering::Equal);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0..MERGE.len(), cut in 0..MERGE.len()
        ) {
            let mut changed = MERGE.to_vec();
            changed.splice(at..at, bytes.iter().copied());
            for body in [&bytes[..], &changed, &MERGE[..cut]] {
                if let Ok(commit) = ForeignCommit::parse(body) {
                    let _ = (commit.author().person(), commit.committer().person(), commit.subject());
                }
                let _ = (entries(body).count(), tagged(body));
            }
        }

        #[test]
        fn what_an_archive_writes_reads_the_same(seconds in 0..=crate::date::LAST_SECOND, minutes in -840..=840_i32, name in "[a-z林晓]{1,9}") {
            let offset = UtcOffset::from_minutes(minutes).unwrap();
            let date = RevisionDate::from_seconds(seconds, offset).unwrap();
            let ident = super::super::ident::Ident { person: Person::new(&name, "a@b").unwrap(), date };
            let commit = super::super::commit::Commit {
                tree: TreeId::from_raw([1; 20]),
                parents: vec![CommitId::from_raw([2; 20])],
                author: ident.clone(),
                committer: ident.clone(),
                signature: None,
                message: format!("publish: {name}\n"),
            };
            let body = commit.encode();
            let foreign = ForeignCommit::parse(&body).unwrap();
            prop_assert_eq!((foreign.tree, &foreign.parents), (commit.tree, &commit.parents));
            prop_assert_eq!(foreign.author().person(), Some(ident.person));
            prop_assert_eq!(foreign.author().date, Some(date));
            prop_assert_eq!(foreign.subject(), format!("publish: {name}"));
        }
    }
}
