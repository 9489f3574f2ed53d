//! Commits that hold no article: an archive's first, and those that change its root files.

use std::collections::BTreeSet;

use super::{Doubtful, Leaves, changes, is_article};
use crate::archive::Fault;
use crate::id::{BlobId, CommitId, TreeId};
use crate::log::{self, derive};
use crate::object::commit::Commit;
use crate::object::tree::Entry;
use crate::revision::is_first;
use crate::settings::{self, CHECKPOINT_FILE, Settings};
use crate::tlog::merkle::{Nodes as _, Tree};
use crate::tlog::note::SignatureLine;
use crate::tombstone::Tombstone;
use crate::trailer::{Message, first_message};
use crate::verify::whole::{Code, Report};
use crate::wording::{counted, with_causes};

impl Doubtful<'_> {
    pub(super) fn check_first(&self, commit: &Commit, report: &mut Report, id: CommitId) {
        if !is_first(commit) {
            report.found_in(
                Code::FirstCommit,
                id,
                "is the first that can be reached and not an archive's first",
            );
            return;
        }
        let settings = self.archive.file(commit.tree, settings::FILE_NAME);
        match settings.map(|bytes| settings::Settings::parse(&bytes)) {
            Ok(Ok(settings))
                if commit.message == first_message(&settings.title, settings::FORMAT_VERSION) => {}
            Ok(Ok(_)) => report.found_in(
                Code::FirstCommit,
                id,
                "the first commit's message is not that of its settings",
            ),
            Ok(Err(error)) => report.found_in(Code::FirstCommit, id, with_causes(&error)),
            Err(fault) => self.could_not(report, id, &fault),
        }
        match changes(self.archive, None, commit.tree, 0) {
            Ok(changed) if changed == [settings::FILE_NAME] => {}
            Ok(_) => report.found_in(
                Code::FirstCommit,
                id,
                "the first commit holds more than the settings",
            ),
            Err(fault) => self.could_not(report, id, &fault),
        }
    }

    /// Judges a commit that changes root files: those it has to change, and nothing else, and none goes away.
    pub(super) fn check_root(
        &self,
        place: usize,
        id: CommitId,
        commit: &Commit,
        before: TreeId,
        report: &mut Report,
    ) {
        let changed = match changes(self.archive, Some(before), commit.tree, 0) {
            Ok(changed) => changed,
            Err(fault) => return self.could_not(report, id, &fault),
        };
        if changed.is_empty() {
            report.found_in(Code::NothingChanged, id, "changes nothing");
        }
        for path in &changed {
            if !settings::is_root_file(path) {
                let code = if is_article(path) {
                    Code::OtherArticle
                } else {
                    Code::TreeStray
                };
                report.found_in(
                    code,
                    id,
                    format!("changes {path}, and is about the archive's settings"),
                );
                continue;
            }
            match self.archive.file(commit.tree, path) {
                Ok(bytes) if path == settings::FILE_NAME => {
                    if let Err(error) = settings::Settings::parse(&bytes) {
                        report.found_in(Code::SettingsForm, id, with_causes(&error));
                    }
                }
                Ok(bytes) if Tombstone::is_one(path) => {
                    self.check_tombstone((place, id), commit, path, &bytes, report);
                }
                Ok(bytes) if path == CHECKPOINT_FILE => {
                    self.check_checkpoint((place, id), commit, before, &bytes, report);
                }
                Ok(_) => {}
                Err(fault) => self.could_not(report, id, &fault),
            }
        }
    }

    /// Judges a checkpoint: its form, the log's signature, and where its text is a new one that it states the revisions
    /// before it.
    fn check_checkpoint(
        &self,
        (place, id): (usize, CommitId),
        commit: &Commit,
        before: TreeId,
        bytes: &[u8],
        report: &mut Report,
    ) {
        let signed = match log::parse(bytes) {
            Ok(signed) => signed,
            Err(error) => return report.found_in(Code::CheckpointForm, id, with_causes(&error)),
        };
        let settings = self.archive.file(commit.tree, settings::FILE_NAME);
        let settings = settings.ok().and_then(|bytes| Settings::parse(&bytes).ok());
        let key = settings.and_then(|settings| settings.log_key);
        if key.is_none_or(|key| signed.is_signed_by(&key) != Some(true)) {
            let what = "has a checkpoint without a good signature by the log's key";
            report.found_in(Code::CheckpointUnsigned, id, what);
        }
        let earlier = self.archive.file(before, CHECKPOINT_FILE).ok();
        let earlier = earlier.and_then(|bytes| log::parse(&bytes).ok());
        if let Some(earlier) = earlier.filter(|earlier| earlier.note.text == signed.note.text) {
            let is_there = |line: &SignatureLine| {
                let mut lines = signed.note.signatures.iter();
                lines.any(|now| (&now.name, now.id) == (&line.name, line.id))
            };
            // The log's own line is another one where its key is.
            let is_own = |line: &SignatureLine| line.name == signed.checkpoint.origin;
            let mut lines = earlier.note.signatures.iter();
            if let Some(gone) = lines.find(|line| !is_there(line) && !is_own(line)) {
                let what = format!("takes the line of {} from a checkpoint", gone.name);
                report.found_in(Code::CheckpointLines, id, what);
            }
            return;
        }
        // Where a commit cannot be read, something else is said about it.
        let Some(leaves) = self.leaves() else { return };
        let count = leaves.places.partition_point(|before| *before < place) as u64;
        let stated = &signed.checkpoint;
        if stated.size != count {
            let what = format!(
                "has a checkpoint of {}, and {count} came before it",
                counted(stated.size, "revision")
            );
            report.found_in(Code::CheckpointOther, id, what);
        } else if leaves.tree.root(count) != Ok(stated.root) {
            let what = format!(
                "has a checkpoint whose root is not that of the {} before it",
                counted(count, "revision")
            );
            report.found_in(Code::CheckpointOther, id, what);
        }
    }

    /// Reads the leaves of the log once, for all checkpoints.
    fn leaves(&self) -> Option<&Leaves> {
        let read = || {
            let leaves = derive::leaves(self.census.inventory, self.line, 0, self.census.options.hashing)?;
            let (places, leaves): (Vec<usize>, Vec<_>) = leaves.into_iter().unzip();
            Some(Leaves {
                places,
                tree: Tree::of(leaves),
            })
        };
        self.leaves.get_or_init(read).as_ref()
    }

    /// Judges a commit's tombstone: its form, what it says of the branch, and that somebody whose signature counts says so.
    fn check_tombstone(
        &self,
        (place, id): (usize, CommitId),
        commit: &Commit,
        path: &str,
        bytes: &[u8],
        report: &mut Report,
    ) {
        match Tombstone::parse(path, bytes) {
            Ok(tombstone) => {
                if let Some(what) = self.said_falsely(place, &tombstone) {
                    report.found_in(Code::TombstoneForm, id, format!("{path} {what}"));
                }
            }
            Err(error) => report.found_in(Code::TombstoneForm, id, with_causes(&error)),
        }
        // One that was said anew since need not be believed any more.
        if !matches!(self.is_current(commit, path), Ok(true)) {
            return;
        }
        match self.keys.borrow_mut().worth(self.archive, commit) {
            Ok(judged) if judged.judgement.is_good() => {}
            Ok(judged) => {
                let what = format!(
                    "{path} says that content was expunged, and the commit's signature is {judged}; `avalaches expunge` of the same revisions, with a key that counts and another note, says it anew"
                );
                report.found_in(Code::TombstoneUnsigned, id, what);
            }
            Err(fault) => self.could_not(report, id, &fault),
        }
    }

    /// Holds what a tombstone says against the revisions before it, and against the content, where that is there.
    fn said_falsely(&self, place: usize, tombstone: &Tombstone) -> Option<String> {
        let mut paths = BTreeSet::new();
        let mut last = None;
        for revision in &tombstone.revisions {
            let number = self.census.inventory.find(revision.raw());
            let at = number.and_then(|number| self.line.place(number));
            if at.is_none_or(|at| at >= place) {
                return Some(format!("names {revision}, which is not on the branch before it"));
            }
            if at <= last {
                return Some("names revisions that are not in their order".to_owned());
            }
            last = at;
            // Where a revision cannot be read, something else is said about it.
            let stood = self.stood_at(*revision, tombstone.blob)?;
            if stood.is_empty() {
                return Some(format!("names {revision}, which does not have the content"));
            }
            paths.extend(stood);
        }
        if !paths.iter().eq(&tombstone.paths) {
            return Some("names other paths than those at which its revisions have the content".to_owned());
        }
        let content = self.archive.objects().read(tombstone.blob.into()).ok()?;
        let length = u64::try_from(content.body.len()).unwrap_or(u64::MAX);
        (length != tombstone.bytes).then(|| {
            let bytes = counted(tombstone.bytes, "byte");
            format!("says that the content has {bytes}, and it has {length}")
        })
    }

    /// Names the paths at which a revision has a content; `None` where it cannot be read.
    fn stood_at(&self, revision: CommitId, blob: BlobId) -> Option<Vec<String>> {
        let commit = self.archive.commit(revision).ok()?;
        let Ok(message) = Message::parse(&commit.message) else {
            return Some(Vec::new());
        };
        let path = message.trailers.article.folder();
        let folder = self.archive.folder(commit.tree, &path).ok()?;
        let tree = self.archive.tree(folder).ok()?;
        let stands = tree
            .entries()
            .iter()
            .filter(|(_, entry)| *entry == Entry::File(blob));
        Some(stands.map(|(name, _)| format!("{path}/{name}")).collect())
    }

    /// Tells whether the tip has a file as a commit has it.
    fn is_current(&self, commit: &Commit, path: &str) -> Result<bool, Fault> {
        let at_tip = self.archive.entry(self.archive.root(), path)?;
        Ok(at_tip == self.archive.entry(commit.tree, path)?)
    }
}
