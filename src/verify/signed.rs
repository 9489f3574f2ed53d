//! Whose signature a commit of an archive bears: by the keys that the commit before it allowed, at the time when it was
//! archived, less those that the archive has revoked since; and whether that commit's settings ask for a good one.

use std::sync::Arc;

use crate::archive::{Archive, Fault, if_there};
use crate::id::{BlobId, CommitId, TreeId};
use crate::object::commit::Commit;
use crate::object::tree::{self, Entry, TreeError};
use crate::settings::{self, REVOKED_FILE, SIGNERS_FILE, Settings, Signatures};
use crate::signature::NAMESPACE;
use crate::signature::allowed::{AllowedSigners, Validity};
use crate::signature::judge::{self, Judged, Judgement, can_judge, fingerprint};
use crate::signature::revoked::RevokedKeys;

/// What a commit says of how the one after it is judged: by which files in its tree, and at what time at the earliest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grounds {
    settings: Option<BlobId>,
    signers: Option<BlobId>,
    revoked: Option<BlobId>,
    /// When the commit was archived, in seconds; none where the one after it is known to be archived no earlier.
    archived: Option<i64>,
}

impl Grounds {
    /// Finds the files in the bytes of a root folder, for a commit that was archived no earlier than the one that has it.
    ///
    /// # Errors
    /// [`TreeError`] where the bytes are no tree.
    pub fn of(root: &[u8]) -> Result<Self, TreeError> {
        let file = |name| {
            Ok(match tree::find(root, name)? {
                Some(Entry::File(id)) => Some(id),
                _ => None,
            })
        };
        Ok(Self {
            settings: file(settings::FILE_NAME)?,
            signers: file(SIGNERS_FILE)?,
            revoked: file(REVOKED_FILE)?,
            archived: None,
        })
    }

    /// Takes what a commit of an archive says of the one after it; nothing where that is the first.
    ///
    /// # Errors
    /// [`Fault`] where the commit's tree cannot be read.
    pub fn after(archive: &Archive, before: Option<&Commit>) -> Result<Self, Fault> {
        let Some(before) = before else {
            return Ok(Self::default());
        };
        let root = archive.tree(before.tree)?;
        let file = |name| match root.get(name) {
            Some(Entry::File(id)) => Some(id),
            _ => None,
        };
        Ok(Self {
            settings: file(settings::FILE_NAME),
            signers: file(SIGNERS_FILE),
            revoked: file(REVOKED_FILE),
            archived: Some(before.committer.date.seconds()),
        })
    }
}

/// What the judging of signatures remembers. Commits that follow one another are mostly judged by the same files, each
/// of which is read when another one takes its place.
#[derive(Debug, Clone)]
pub struct Keys {
    revoked: Arc<Revoked>,
    /// The fingerprints of those that were revoked before a commit.
    revoked_before: Option<(BlobId, Vec<String>)>,
    allowed: Option<(BlobId, AllowedSigners)>,
    asked: Option<(BlobId, Signatures)>,
    nobody: AllowedSigners,
}

type Revoked = Result<RevokedKeys, (usize, &'static str)>;

/// What is said of a commit's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What it is worth.
    pub judged: Judged,
    /// Whether the settings before the commit ask for a good one.
    pub asked: Signatures,
    /// Whether the commit is signed and anybody's key was allowed then; where none was, a signature says nothing.
    pub is_any_allowed: bool,
}

impl Standing {
    /// Tells whether a good signature was asked for and is not there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.asked == Signatures::Required && !self.judged.judgement.is_good()
    }

    /// Says that it is missing.
    #[must_use]
    pub fn what(&self) -> String {
        format!(
            "the archive asked for a good signature, and this is {}",
            self.judged
        )
    }
}

impl Keys {
    /// Takes the keys that were revoked as the tip of an archive has them. Where the file is damaged, no key counts.
    ///
    /// # Errors
    /// [`Fault`] where the system could not read it.
    pub fn of(archive: &Archive) -> Result<Self, Fault> {
        match at_tip(archive, REVOKED_FILE) {
            Ok(revoked) => Ok(Self::without(&revoked)),
            Err(fault) if fault.is_system_error() => Err(fault),
            Err(_) => Ok(Self::unreadable()),
        }
    }

    /// Takes keys that were revoked, as the file has them.
    #[must_use]
    pub fn without(revoked: &[u8]) -> Self {
        Self::new(RevokedKeys::parse(revoked))
    }

    /// Lets no key count, because those that were revoked cannot be read.
    #[must_use]
    pub fn unreadable() -> Self {
        Self::new(Err((1, "cannot be read")))
    }

    fn new(revoked: Revoked) -> Self {
        Self {
            revoked: Arc::new(revoked),
            revoked_before: None,
            allowed: None,
            asked: None,
            nobody: AllowedSigners::default(),
        }
    }

    /// Tells whether the settings of the commit before ask for signatures. Settings that cannot be parsed ask for
    /// nothing: the commit that brought them is found for that.
    ///
    /// # Errors
    /// The error of `read`, which reads a file.
    pub fn asked<E>(
        &mut self,
        grounds: Grounds,
        mut read: impl FnMut(BlobId) -> Result<Vec<u8>, E>,
    ) -> Result<Signatures, E> {
        let Some(id) = grounds.settings else {
            return Ok(Signatures::Optional);
        };
        if let Some((_, asked)) = self.asked.filter(|(known, _)| *known == id) {
            return Ok(asked);
        }
        let asked = Settings::parse(&read(id)?).map_or(Signatures::Optional, |settings| settings.signatures);
        self.asked = Some((id, asked));
        Ok(asked)
    }

    /// Judges the signature of a commit by the files before it, and by the keys that were revoked since.
    ///
    /// # Errors
    /// The error of `read`, which reads a file.
    pub fn judge<E>(
        &mut self,
        commit: &Commit,
        grounds: Grounds,
        mut read: impl FnMut(BlobId) -> Result<Vec<u8>, E>,
    ) -> Result<Standing, E> {
        let asked = self.asked(grounds, &mut read)?;
        let Some(signature) = &commit.signature else {
            return Ok(Standing {
                judged: Judged::unsigned(),
                asked,
                is_any_allowed: false,
            });
        };
        if let Some(id) = grounds.signers
            && self.allowed.as_ref().is_none_or(|(known, _)| *known != id)
        {
            self.allowed = Some((id, AllowedSigners::parse(&read(id)?)));
        }
        let allowed = match (&self.allowed, grounds.signers) {
            (Some((_, allowed)), Some(_)) => allowed,
            _ => &self.nobody,
        };
        let mut unsigned = commit.clone();
        unsigned.signature = None;
        // Whoever archives before the commit that is followed gains nothing by it: the time of no key comes back.
        let at = commit.committer.date.seconds();
        let at = grounds.archived.map_or(at, |before| before.max(at));
        let mut judged = judge::judge(signature, &unsigned.encode(), at, allowed, &self.revoked);
        // A key that was revoked cannot take that back. A file that nobody can read is found at the commit that brought it.
        if judged.judgement.is_good()
            && let Some(id) = grounds.revoked
        {
            if self.revoked_before.as_ref().is_none_or(|(known, _)| *known != id) {
                let revoked = RevokedKeys::parse(&read(id)?).unwrap_or_default();
                self.revoked_before = Some((id, revoked.all()));
            }
            let before = self.revoked_before.iter().flat_map(|(_, before)| before);
            if before.map(Some).any(|before| before == judged.key.as_ref()) {
                judged.judgement = Judgement::Revoked;
            }
        }
        Ok(Standing {
            judged,
            asked,
            is_any_allowed: !allowed.entries.is_empty(),
        })
    }

    /// Returns what the signature of a commit of an archive is worth, whether one is asked for or not.
    ///
    /// # Errors
    /// [`Fault`] as for [`Keys::standing`], where the commit is signed.
    pub fn worth(&mut self, archive: &Archive, commit: &Commit) -> Result<Judged, Fault> {
        if commit.signature.is_none() {
            return Ok(Judged::unsigned());
        }
        Ok(self.standing(archive, commit)?.judged)
    }

    /// Judges the signature of a commit of an archive. A commit cannot let itself in: what counts is what its parent's
    /// tree says.
    ///
    /// # Errors
    /// [`Fault`] where the commit's parent or one of the files cannot be read.
    pub fn standing(&mut self, archive: &Archive, commit: &Commit) -> Result<Standing, Fault> {
        let parent = commit.parents.first().map(|parent| archive.commit(*parent));
        let grounds = Grounds::after(archive, parent.transpose()?.as_ref())?;
        self.judge(commit, grounds, |id| archive.root_file(id))
    }
}

/// Tells whether the signature of a commit was good when it was made: by the keys that were revoked in its own tree, whichever the
/// tip has.
///
/// # Errors
/// [`Fault`] where the commit, its parent or one of the files cannot be read.
pub fn was_good(archive: &Archive, id: CommitId) -> Result<bool, Fault> {
    let commit = archive.commit(id)?;
    let revoked = in_tree(archive, commit.tree, REVOKED_FILE)?;
    let standing = Keys::without(&revoked).standing(archive, &commit)?;
    Ok(standing.judged.judgement.is_good())
}

/// Returns `allowed_signers` and `revoked_keys` as the tip has them, empty where they are not there.
///
/// # Errors
/// [`Fault`] where they cannot be read.
pub fn files(archive: &Archive) -> Result<(Vec<u8>, Vec<u8>), Fault> {
    Ok((at_tip(archive, SIGNERS_FILE)?, at_tip(archive, REVOKED_FILE)?))
}

fn at_tip(archive: &Archive, name: &str) -> Result<Vec<u8>, Fault> {
    in_tree(archive, archive.root(), name)
}

fn in_tree(archive: &Archive, root: TreeId, name: &str) -> Result<Vec<u8>, Fault> {
    Ok(if_there(archive.file(root, name))?.unwrap_or_default())
}

/// Tells whether, by the two files, anybody can sign commits at a moment, in seconds.
#[must_use]
pub fn can_anybody_sign(allowed: &[u8], revoked: &[u8], at: i64) -> bool {
    let Ok(revoked) = RevokedKeys::parse(revoked) else {
        return false;
    };
    let allowed = AllowedSigners::parse(allowed);
    allowed.entries.iter().any(|entry| {
        let found = allowed.find(&entry.key, NAMESPACE, at);
        found.is_some_and(|(_, validity)| validity == Validity::Valid)
            && can_judge(&entry.key)
            && !revoked.has(&entry.key, &fingerprint(&entry.key))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
        author A <> 1769054400 +0800\ncommitter A <> 1769054400 +0800\n\
        gpgsig -----BEGIN SSH SIGNATURE-----\n U1NI\n -----END SSH SIGNATURE-----\n\npublish: a\n";
    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOrGsIPSghL02ujbcQjwP3kFMWC1U98qbpctlbUljVOx";

    #[test]
    fn the_files_of_commits_that_follow_one_another_are_read_once() {
        let signed = Commit::parse(COMMIT.as_bytes()).unwrap();
        let mut unsigned = signed.clone();
        unsigned.signature = None;
        let blob = |byte: u8| Some(BlobId::from_raw([byte; 20]));
        let mut required = Settings::new("A");
        required.signatures = Signatures::Required;
        let mut reads = Vec::new();
        let mut read = |id: BlobId| {
            reads.push(id);
            Ok::<_, ()>(match id.raw()[0] {
                1 => required.encode(),
                2 => format!("desk {KEY}\n").into_bytes(),
                _ => Vec::new(),
            })
        };
        let mut keys = Keys::without(b"");
        let grounds = |settings, signers| Grounds {
            settings: blob(settings),
            signers: blob(signers),
            revoked: None,
            archived: None,
        };
        for _ in 0..3 {
            let standing = keys.judge(&signed, grounds(1, 2), &mut read).unwrap();
            assert!(standing.is_missing() && standing.is_any_allowed);
            assert_eq!(standing.judged.judgement.name(), "bad");
            let standing = keys.judge(&unsigned, grounds(1, 2), &mut read).unwrap();
            assert!(standing.is_missing());
        }
        // Others take their places; who is unsigned is judged by no key.
        let standing = keys.judge(&signed, grounds(3, 4), &mut read).unwrap();
        assert!(!standing.is_missing() && !standing.is_any_allowed);
        keys.judge(&unsigned, grounds(3, 5), &mut read).unwrap();
        let standing = keys.judge(&signed, Grounds::default(), &mut read).unwrap();
        assert!(!standing.is_missing() && !standing.is_any_allowed);
        assert_eq!(reads, [1, 2, 3, 4].map(|byte| BlobId::from_raw([byte; 20])));
    }

    #[test]
    fn somebody_can_sign_where_a_key_counts_and_was_not_revoked() {
        let can = |allowed: &str, revoked: &str| {
            let filled = |text: &str| text.replace("KEY", KEY).into_bytes();
            can_anybody_sign(&filled(allowed), &filled(revoked), 1_769_054_400)
        };
        assert!(can("desk KEY", ""));
        assert!(can(
            "broken\ndesk valid-before=\"20260101Z\" KEY\ndesk KEY",
            "# none"
        ));
        for (allowed, revoked) in [
            ("", ""),
            ("desk KEY", "KEY"),
            ("desk KEY", "what is this"),
            ("desk valid-before=\"20260101Z\" KEY", ""),
            ("desk valid-after=\"20270101Z\" KEY", ""),
            ("desk cert-authority KEY", ""),
            ("desk namespaces=\"file\" KEY", ""),
            ("desk ssh-dss AAAAB3NzaC1kc3M=", ""),
        ] {
            assert!(!can(allowed, revoked), "{allowed}, {revoked}");
        }
    }
}
