//! The check of a whole archive: the repository's own files, every object from its raw bytes, and the history
//! from the first commit to the tip.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;

use super::with_causes;
use crate::archive::{Archive, Fault};
use crate::id::{ArticleId, CommitId, ObjectId, RawId, TreeId};
use crate::object::ObjectKind;
use crate::object::commit::Commit;
use crate::object::tree::Entry;
use crate::revision::{Revision, is_first};
use crate::settings;
use crate::storage::branch_list::{BranchList, FILE_NAME};
use crate::trailer::first_message;

/// What the check of a whole archive found.
#[derive(Debug, Default)]
pub struct Report {
    /// Objects that were hashed again, by kind in the order commits, trees, blobs, tags.
    pub objects: [usize; 4],
    /// Bytes that were hashed, headers aside.
    pub bytes: u64,
    /// Revisions that were read whole.
    pub revisions: usize,
    /// Articles that they belong to.
    pub articles: usize,
    /// The tip of the branch.
    pub tip: Option<CommitId>,
    /// What is wrong; empty means that the archive is proved.
    pub findings: Vec<Finding>,
    /// What is worth knowing and not wrong.
    pub notes: Vec<String>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where: a file, an object, or a commit.
    pub place: String,
    /// What.
    pub what: String,
}

impl Report {
    fn found(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.findings.push(Finding {
            place: place.into(),
            what: what.into(),
        });
    }
}

/// How far the check is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many objects were hashed.
    Objects(usize),
    /// So many revisions of all were read.
    Revisions(usize, usize),
}

/// Checks everything about an archive. `progress` is told how far it is and may end the check with `Break`,
/// which the report notes as a finding.
///
/// Memory: 21 bytes for each object, 20 for each commit, and what [`crate::storage::pack_check`] holds.
pub fn check(archive: &Archive, progress: &mut dyn FnMut(Progress) -> ControlFlow<()>) -> Report {
    let mut report = Report {
        tip: Some(archive.tip()),
        ..Report::default()
    };
    for finding in archive.plumbing() {
        report.found(finding.path.display().to_string(), finding.why);
    }
    let Some(stored) = check_store(archive, &mut report, progress) else {
        return report;
    };
    let commits = walk(archive, &mut report);
    check_branch_list(archive, &commits, &mut report);
    let mut history = History {
        archive,
        reached: HashSet::new(),
        articles: BTreeMap::new(),
        before: None,
    };
    let all = commits.len();
    for (number, (id, commit)) in commits.into_iter().enumerate() {
        history.check(id, &commit, &mut report);
        if progress(Progress::Revisions(number + 1, all)).is_break() {
            report.found(id.to_string(), "the check was ended here");
            return report;
        }
    }
    report.articles = history.articles.len();
    let unreachable = stored.keys().filter(|id| !history.reached.contains(*id)).count();
    if unreachable > 0 {
        let objects = if unreachable == 1 {
            "object is"
        } else {
            "objects are"
        };
        report.notes.push(format!(
            "{unreachable} {objects} sound and not part of the branch's history"
        ));
    }
    report
}

/// Hashes every object of the store; `None` where the check was ended.
fn check_store(
    archive: &Archive,
    report: &mut Report,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Option<HashMap<RawId, ObjectKind>> {
    let mut stored = HashMap::new();
    let mut ended = false;
    let mut bytes = 0_u64;
    let findings = archive.objects().check(&mut |id, object| {
        if stored.insert(*id.raw(), object.kind).is_none() {
            bytes += u64::try_from(object.body.len()).unwrap_or(0);
        }
        let step = if stored.len().is_multiple_of(512) {
            progress(Progress::Objects(stored.len()))
        } else {
            ControlFlow::Continue(())
        };
        ended = step.is_break();
        step
    });
    for kind in stored.values() {
        report.objects[*kind as usize] += 1;
    }
    report.bytes = bytes;
    for finding in findings {
        let place = format!("objects/{}", finding.path.display());
        if finding.is_harmless() {
            report.notes.push(format!("{place} {}", finding.kind));
            continue;
        }
        let offset = finding
            .offset
            .map(|offset| format!(" at offset {offset}"))
            .unwrap_or_default();
        let object = finding.id.map(|id| format!("object {id}: ")).unwrap_or_default();
        report.found(
            format!("{place}{offset}"),
            format!("{object}{}", with_causes(&finding.kind)),
        );
    }
    if ended {
        report.found(
            "objects",
            format!("the check was ended after {} objects", stored.len()),
        );
        return None;
    }
    Some(stored)
}

/// Walks the branch; returns its commits, oldest first, as far as it can be followed.
fn walk(archive: &Archive, report: &mut Report) -> Vec<(CommitId, Commit)> {
    let mut commits = Vec::new();
    let mut expected = archive.tip();
    for step in archive.walk() {
        match step {
            Ok((id, commit)) => {
                if commit.parents.len() > 1 {
                    report.found(
                        format!("commit {id}"),
                        "has more than one parent; an archive's history is one line",
                    );
                }
                expected = commit.parents.first().copied().unwrap_or(id);
                commits.push((id, commit));
            }
            Err(fault) => report.found(format!("commit {expected}"), with_causes(&fault)),
        }
    }
    commits.reverse();
    commits
}

/// Compares the list beside the repository with the history: an answer about one page rests upon it.
fn check_branch_list(archive: &Archive, commits: &[(CommitId, Commit)], report: &mut Report) {
    let list = BranchList::load(archive.path());
    let differs =
        (0..list.len()).find(|position| list.get(*position) != commits.get(*position).map(|(id, _)| *id));
    if let Some(position) = differs {
        report.found(
            FILE_NAME,
            format!(
                "entry {} is not the branch's; delete the file, it is made again",
                position + 1
            ),
        );
    }
}

struct History<'a> {
    archive: &'a Archive,
    reached: HashSet<RawId>,
    articles: BTreeMap<ArticleId, (CommitId, u32)>,
    before: Option<(TreeId, i64)>,
}

impl History<'_> {
    fn check(&mut self, id: CommitId, commit: &Commit, report: &mut Report) {
        let place = format!("commit {id}");
        self.reached.insert(*id.raw());
        self.reach(commit.tree, report, &place);
        let before = self
            .before
            .replace((commit.tree, commit.committer.date.seconds()));
        match before {
            None => self.check_first(commit, report, &place),
            Some((tree, archived)) => {
                if commit.committer.date.seconds() < archived {
                    report.found(place.as_str(), "was archived before the commit that it follows");
                }
                self.check_revision(id, commit, tree, report, &place);
            }
        }
    }

    fn check_first(&self, commit: &Commit, report: &mut Report, place: &str) {
        if !is_first(commit) {
            report.found(
                place,
                "is the first that can be reached and not an archive's first",
            );
            return;
        }
        let settings = self.archive.file(commit.tree, settings::FILE_NAME);
        match settings.map(|bytes| settings::Settings::parse(&bytes)) {
            Ok(Ok(settings))
                if commit.message == first_message(&settings.title, settings::FORMAT_VERSION) => {}
            Ok(Ok(_)) => report.found(place, "the first commit's message is not that of its settings"),
            Ok(Err(error)) => report.found(place, with_causes(&error)),
            Err(fault) => report.found(place, with_causes(&fault)),
        }
        match changes(self.archive, None, commit.tree, 0) {
            Ok(changed) if changed == [settings::FILE_NAME] => {}
            Ok(_) => report.found(place, "the first commit holds more than the settings"),
            Err(fault) => report.found(place, with_causes(&fault)),
        }
    }

    fn check_revision(
        &mut self,
        id: CommitId,
        commit: &Commit,
        before: TreeId,
        report: &mut Report,
        place: &str,
    ) {
        let revision = match Revision::read(self.archive, id) {
            Ok(revision) => revision,
            Err(fault) => {
                report.found(place, with_causes(&fault));
                return;
            }
        };
        report.revisions += 1;
        match changes(self.archive, Some(before), commit.tree, 0) {
            Ok(changed) if changed == [revision.article_id().folder()] => {}
            Ok(changed) => {
                let what = format!(
                    "changes {} in place of its article's folder alone",
                    changed.join(", ")
                );
                report.found(place, what);
            }
            Err(fault) => report.found(place, with_causes(&fault)),
        }
        let trailers = &revision.message.trailers;
        let known = self
            .articles
            .insert(trailers.article.clone(), (id, trailers.revision));
        let follows = match known {
            Some((previous, number)) => {
                trailers.previous == Some(previous) && trailers.revision == number + 1
            }
            None => trailers.previous.is_none() && trailers.revision == 1,
        };
        if !follows {
            report.found(
                place,
                "Revision and Previous-Revision are not those that follow from the history",
            );
        }
    }

    /// Notes everything that a tree leads to, each tree once.
    fn reach(&mut self, tree: TreeId, report: &mut Report, place: &str) {
        let mut waiting = vec![tree];
        while let Some(id) = waiting.pop() {
            if !self.reached.insert(*id.raw()) {
                continue;
            }
            let tree = match self.archive.tree(id) {
                Ok(tree) => tree,
                Err(fault) => {
                    report.found(place, with_causes(&fault));
                    continue;
                }
            };
            for (name, entry) in tree.entries() {
                match entry {
                    Entry::Folder(id) => waiting.push(*id),
                    Entry::File(blob) => {
                        let object = ObjectId::from(*blob);
                        if self.reached.insert(*blob.raw())
                            && !self.archive.objects().contains(object).unwrap_or(false)
                        {
                            report.found(place, format!("{name}: object {object} is missing"));
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
