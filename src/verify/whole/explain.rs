//! Saying what is wrong with a commit that is not plainly sound, or finding that it is in order after all.

use super::{Census, Report};
use crate::archive::{Archive, Fault};
use crate::id::{CommitId, RawId, TreeId};
use crate::object::commit::Commit;
use crate::object::tree::Entry;
use crate::revision::{Revision, is_first, is_root};
use crate::settings;
use crate::storage::line::Line;
use crate::trailer::{Message, first_message};
use crate::verify::with_causes;

pub(super) const DOES_NOT_FOLLOW: &str =
    "Revision and Previous-Revision are not those that follow from the history";

/// What is needed to judge doubtful commits.
#[derive(Debug)]
pub(super) struct Doubtful<'a> {
    pub archive: &'a Archive,
    pub census: &'a Census<'a>,
    pub line: &'a Line,
}

/// What a commit adds to the report's sums.
#[derive(Debug, Default)]
pub(super) struct Fact {
    /// The commit is a revision.
    pub is_revision: bool,
    /// It begins an article.
    pub is_first: bool,
    /// Where the article's revision before stands.
    pub previous: Option<usize>,
}

impl Doubtful<'_> {
    /// Judges the commit at a place and reports everything that is wrong with it.
    pub fn explain(&self, place: usize, report: &mut Report) -> Fact {
        let Some(id) = self.id(place) else {
            return Fact::default();
        };
        let named = format!("commit {id}");
        self.reach(id.raw());
        let commit = match self.archive.commit(id) {
            Ok(commit) => commit,
            Err(fault) => {
                report.found(named, with_causes(&fault));
                return Fact::default();
            }
        };
        self.reach_tree(commit.tree, report, &named);
        if commit.parents.len() > 1 {
            report.found(
                named.as_str(),
                "has more than one parent; an archive's history is one line",
            );
        }
        let Some(parent) = place.checked_sub(1).and_then(|before| self.id(before)) else {
            self.check_first(&commit, report, &named);
            return Fact::default();
        };
        if commit.parents.first() != Some(&parent) {
            report.found(
                named.as_str(),
                format!("does not follow {parent}, which the branch has before it"),
            );
        }
        let before = match self.archive.commit(parent) {
            Ok(before) => before,
            Err(fault) => {
                report.found(named, with_causes(&fault));
                return Fact::default();
            }
        };
        if commit.committer.date.seconds() < before.committer.date.seconds() {
            report.found(named.as_str(), "was archived before the commit that it follows");
        }
        if is_root(&commit) {
            self.check_root(&commit, before.tree, report, &named);
            return Fact::default();
        }
        self.check_revision(place, id, before.tree, report, &named)
    }

    fn id(&self, place: usize) -> Option<CommitId> {
        let number = self.line.number(place)?;
        Some(CommitId::from_raw(*self.census.inventory.id(number).raw()))
    }

    fn check_first(&self, commit: &Commit, report: &mut Report, named: &str) {
        if !is_first(commit) {
            report.found(
                named,
                "is the first that can be reached and not an archive's first",
            );
            return;
        }
        let settings = self.archive.file(commit.tree, settings::FILE_NAME);
        match settings.map(|bytes| settings::Settings::parse(&bytes)) {
            Ok(Ok(settings))
                if commit.message == first_message(&settings.title, settings::FORMAT_VERSION) => {}
            Ok(Ok(_)) => report.found(named, "the first commit's message is not that of its settings"),
            Ok(Err(error)) => report.found(named, with_causes(&error)),
            Err(fault) => report.found(named, with_causes(&fault)),
        }
        match changes(self.archive, None, commit.tree, 0) {
            Ok(changed) if changed == [settings::FILE_NAME] => {}
            Ok(_) => report.found(named, "the first commit holds more than the settings"),
            Err(fault) => report.found(named, with_causes(&fault)),
        }
    }

    /// Judges a commit that changes root files: those it has to change, and nothing else, and none goes away.
    fn check_root(&self, commit: &Commit, before: TreeId, report: &mut Report, named: &str) {
        let changed = match changes(self.archive, Some(before), commit.tree, 0) {
            Ok(changed) => changed,
            Err(fault) => return report.found(named, with_causes(&fault)),
        };
        if changed.is_empty() {
            report.found(named, "changes nothing");
        }
        for path in &changed {
            if !settings::is_root_file(path) {
                report.found(
                    named,
                    format!("changes {path}, and is about the archive's settings"),
                );
                continue;
            }
            match self.archive.file(commit.tree, path) {
                Ok(bytes) if path == settings::FILE_NAME => {
                    if let Err(error) = settings::Settings::parse(&bytes) {
                        report.found(named, with_causes(&error));
                    }
                }
                Ok(_) => {}
                Err(fault) => report.found(named, with_causes(&fault)),
            }
        }
    }

    fn check_revision(
        &self,
        place: usize,
        id: CommitId,
        before: TreeId,
        report: &mut Report,
        named: &str,
    ) -> Fact {
        let revision = match Revision::read(self.archive, id) {
            Ok(revision) => revision,
            Err(fault) => {
                report.found(named, with_causes(&fault));
                return Fact::default();
            }
        };
        match changes(self.archive, Some(before), revision.commit.tree, 0) {
            Ok(changed) if changed == [revision.article_id().folder()] => {}
            Ok(changed) => {
                let what = format!(
                    "changes {} in place of its article's folder alone",
                    changed.join(", ")
                );
                report.found(named, what);
            }
            Err(fault) => report.found(named, with_causes(&fault)),
        }
        let follows = self.follows(place, &revision, before).unwrap_or_else(|fault| {
            report.found(named, with_causes(&fault));
            Some(None)
        });
        if follows.is_none() {
            report.found(named, DOES_NOT_FOLLOW);
        }
        Fact {
            is_revision: true,
            is_first: revision.message.trailers.revision == 1,
            previous: follows.flatten(),
        }
    }

    /// Finds where the revision before stands: the one whose folder this revision replaces. `Some(None)` is the
    /// first revision of an article, `None` one that follows from nothing.
    #[expect(clippy::option_option, reason = "no, none, or a place")]
    fn follows(
        &self,
        place: usize,
        revision: &Revision,
        before: TreeId,
    ) -> Result<Option<Option<usize>>, Fault> {
        let trailers = &revision.message.trailers;
        let path = trailers.article.folder();
        let old = match self.archive.folder(before, &path) {
            Ok(folder) => Some(folder),
            Err(Fault::Absent { .. }) => None,
            Err(fault) => return Err(fault),
        };
        let Some(previous) = trailers.previous else {
            return Ok((trailers.revision == 1 && old.is_none()).then_some(None));
        };
        let number = self.census.inventory.find(previous.raw());
        let earlier = number.and_then(|number| self.line.place(number));
        let Some(earlier) = earlier.filter(|earlier| *earlier < place) else {
            return Ok(None);
        };
        let commit = self.archive.commit(previous)?;
        let Ok(message) = Message::parse(&commit.message) else {
            return Ok(None);
        };
        let follows = message.trailers.article == trailers.article
            && message.trailers.revision.checked_add(1) == Some(trailers.revision)
            && old == Some(self.archive.folder(commit.tree, &path)?);
        Ok(follows.then_some(Some(earlier)))
    }

    /// Notes that the branch leads to an object; tells whether that is new. What the inventory lacks is new each
    /// time.
    fn reach(&self, id: &RawId) -> bool {
        let number = self.census.inventory.find(id);
        number.is_none_or(|number| self.census.reached.set(number))
    }

    /// Notes everything that a tree leads to, each tree once.
    fn reach_tree(&self, tree: TreeId, report: &mut Report, named: &str) {
        let mut waiting = vec![tree];
        while let Some(id) = waiting.pop() {
            if !self.reach(id.raw()) {
                continue;
            }
            let tree = match self.archive.tree(id) {
                Ok(tree) => tree,
                Err(fault) => {
                    report.found(named, with_causes(&fault));
                    continue;
                }
            };
            for (name, entry) in tree.entries() {
                match entry {
                    Entry::Folder(id) => waiting.push(*id),
                    Entry::File(blob) => {
                        let object = (*blob).into();
                        if self.reach(blob.raw()) && !self.archive.objects().contains(object).unwrap_or(false)
                        {
                            report.found(named, format!("{name}: object {object} is missing"));
                        }
                    }
                }
            }
        }
    }
}

/// Names what differs between two trees: article folders as a whole, five levels down, and anything else.
fn changes(
    archive: &Archive,
    before: Option<TreeId>,
    after: TreeId,
    depth: usize,
) -> Result<Vec<String>, Fault> {
    let old = before.map(|id| archive.tree(id)).transpose()?.unwrap_or_default();
    let new = archive.tree(after)?;
    let mut changed = Vec::new();
    let mut names: Vec<&str> = [&old, &new]
        .into_iter()
        .flat_map(|tree| tree.entries())
        .map(|(name, _)| name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        match (old.get(name), new.get(name)) {
            (old, new) if old == new => {}
            (old, Some(Entry::Folder(new))) if depth < 4 => {
                let old = match old {
                    Some(Entry::Folder(old)) => Some(old),
                    _ => None,
                };
                changed.extend(
                    changes(archive, old, new, depth + 1)?
                        .into_iter()
                        .map(|path| format!("{name}/{path}")),
                );
            }
            _ => changed.push(name.to_owned()),
        }
    }
    Ok(changed)
}
