//! Saying what is wrong with a commit that is not plainly sound, or finding that it is in order after all.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

use super::seen::Stood;
use super::signatures::{self, Which};
use super::{Census, Code, Earlier, Observer, Report, Seen};
use crate::archive::{Archive, Fault, if_there};
use crate::article::content_sha256;
use crate::id::{ArticleId, CommitId, ObjectId, RawId, TreeId};
use crate::object::commit::Commit;
use crate::object::tree::Entry;
use crate::revision::{
    Part, Revision, RevisionFault, article_of, borrowed, is_first, is_root, read_files, unaccounted,
};
use crate::storage::finding::ReadError;
use crate::storage::line::Line;
use crate::tlog::merkle::Tree;
use crate::trailer::{KEYS, Message, MessageError};
use crate::verify::place::ARCHIVED_EARLIER;
use crate::verify::signed::{Grounds, Keys};
use crate::withheld::{self, Kept, WithheldRevision};
use crate::wording::with_causes;

mod root;

pub(super) const DOES_NOT_FOLLOW: &str =
    "Revision and Previous-Revision are not those that follow from the history";

/// What is needed to judge doubtful commits.
pub(super) struct Doubtful<'a> {
    pub archive: &'a Archive,
    pub census: &'a Census<'a>,
    pub line: &'a Line,
    pub observer: Option<&'a dyn Observer>,
    pub keys: RefCell<Keys>,
    pub stood: RefCell<Stood>,
    /// Objects that are missing and were told of, with the commit that they were told of.
    pub missing: RefCell<BTreeSet<(CommitId, ObjectId)>>,
    /// What checkpoints are held against, where there is one.
    pub leaves: OnceCell<Option<Leaves>>,
}

/// The log of the branch.
pub(super) struct Leaves {
    /// The places of the revisions.
    places: Vec<usize>,
    tree: Tree,
}

/// What a commit adds to the report's sums.
#[derive(Debug, Default)]
pub(super) struct Fact {
    /// The article that the commit is a revision of.
    pub article: Option<ArticleId>,
    /// It begins that.
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
        self.reach(id.raw());
        let commit = match self.archive.commit(id) {
            Ok(commit) => commit,
            Err(fault) => {
                self.could_not(report, id, &fault);
                return Fact::default();
            }
        };
        self.reach_tree(commit.tree, report, id);
        if commit.parents.len() > 1 {
            report.found_in(
                Code::NotLinear,
                id,
                "has more than one parent; an archive's history is one line",
            );
        }
        let Some(parent) = place.checked_sub(1).and_then(|before| self.id(before)) else {
            self.check_first(&commit, report, id);
            self.check_signature(id, &commit, None, report);
            return Fact::default();
        };
        if commit.parents.first() != Some(&parent) {
            report.found_in(
                Code::NotLinear,
                id,
                format!("does not follow {parent}, which the branch has before it"),
            );
        }
        let before = match self.archive.commit(parent) {
            Ok(before) => before,
            Err(fault) => {
                self.could_not(report, id, &fault);
                return Fact::default();
            }
        };
        self.check_signature(id, &commit, Some(&before), report);
        if commit.is_archived_before(&before) {
            report.found_in(Code::ArchivedEarlier, id, ARCHIVED_EARLIER);
        }
        if is_root(&commit) {
            self.check_root(place, id, &commit, before.tree, report);
            return Fact::default();
        }
        self.check_revision(place, id, commit, before.tree, report)
    }

    /// Reports why something could not be read of a commit. An object that is missing is told of once for each.
    fn could_not(&self, report: &mut Report, id: CommitId, fault: &Fault) {
        if self.is_news(id, fault) {
            report.found_in(Code::from(fault), id, with_causes(fault));
        }
    }

    /// The same, of a revision.
    fn could_not_assemble(&self, report: &mut Report, id: CommitId, fault: &RevisionFault) {
        let is_news = match fault {
            RevisionFault::Object { source, .. } => self.is_news(id, source),
            _ => true,
        };
        if is_news {
            report.found_in(fault_code(fault), id, with_causes(fault));
        }
    }

    fn is_news(&self, id: CommitId, fault: &Fault) -> bool {
        match fault {
            Fault::Read(ReadError::Missing(object)) => self.missing.borrow_mut().insert((id, *object)),
            _ => true,
        }
    }

    fn id(&self, place: usize) -> Option<CommitId> {
        let number = self.line.number(place)?;
        Some(CommitId::from_raw(*self.census.inventory.id(number).raw()))
    }

    /// Judges the signature of a commit by the one before it, where there is one.
    fn check_signature(&self, id: CommitId, commit: &Commit, before: Option<&Commit>, report: &mut Report) {
        let which = Which::of(self.observer);
        let found = Grounds::after(self.archive, before).and_then(|grounds| {
            let keys = &mut self.keys.borrow_mut();
            signatures::judge(keys, which, (id, commit), grounds, |blob| {
                self.archive.root_file(blob)
            })
        });
        match found {
            Ok(found) => report.findings.extend(found),
            Err(fault) => self.could_not(report, id, &fault),
        }
    }

    fn check_revision(
        &self,
        place: usize,
        id: CommitId,
        commit: Commit,
        before: TreeId,
        report: &mut Report,
    ) -> Fact {
        if is_first(&commit) {
            report.found_in(Code::FirstCommit, id, with_causes(&RevisionFault::First(id)));
            return Fact::default();
        }
        let changed = match changes(self.archive, Some(before), commit.tree, 0) {
            Ok(changed) => Some(changed),
            Err(fault) => {
                self.could_not(report, id, &fault);
                None
            }
        };
        let message = match Message::parse(&commit.message) {
            Ok(message) => message,
            Err(error) => {
                let code = message_code(&commit.message, &error);
                let fault = RevisionFault::Message { id, source: error };
                report.found_in(code, id, with_causes(&fault));
                self.check_unnamed(id, &commit, &changed.unwrap_or_default(), report);
                return Fact::default();
            }
        };
        let path = message.trailers.article.folder();
        if let Some(changed) = changed.filter(|changed| *changed != [path.as_str()]) {
            let what = if changed.is_empty() {
                "changes nothing in place of its article's folder alone".to_owned()
            } else {
                format!(
                    "changes {} in place of its article's folder alone",
                    changed.join(", ")
                )
            };
            report.found_in(changes_code(&changed, &path), id, what);
        }
        let follows = match self.follows(place, &message, commit.tree, before) {
            Ok(Ok(follows)) => Some(follows),
            Ok(Err(code)) => {
                report.found_in(code, id, DOES_NOT_FOLLOW);
                None
            }
            Err(fault) => {
                self.could_not(report, id, &fault);
                None
            }
        };
        let kept = self.check_files(id, commit, message, &path, report);
        let Some(kept) = kept else {
            return Fact::default();
        };
        let is_first = kept.message().trailers.revision == 1;
        if let Some(observer) = self.observer {
            let earlier = follows.flatten().and_then(|place| self.earlier(place, &path));
            let earlier = earlier.as_ref();
            match &kept {
                Kept::Whole(revision) => observer.revision(&Seen { revision, earlier }),
                Kept::Withheld(revision) => observer.withheld(revision, earlier),
            }
        }
        Fact {
            article: Some(kept.message().trailers.article.clone()),
            is_first,
            previous: follows.flatten(),
        }
    }

    /// Checks what a revision's folder holds against its message.
    fn check_files(
        &self,
        id: CommitId,
        commit: Commit,
        message: Message,
        path: &str,
        report: &mut Report,
    ) -> Option<Kept> {
        let object = |path: String, source| RevisionFault::Object { id, path, source };
        let read = self
            .archive
            .folder(commit.tree, path)
            .map_err(|fault| object(path.to_owned(), fault))
            .and_then(|folder| {
                let files = read_files(self.archive, folder, path);
                Ok((folder, files.map_err(|(path, fault)| object(path, fault))?))
            });
        let (folder, files) = match read {
            Ok(read) => read,
            Err(RevisionFault::Object {
                source: Fault::Withheld(_),
                ..
            }) => return self.check_withheld(id, commit, message, path, report),
            Err(fault) => {
                self.could_not_assemble(report, id, &fault);
                return None;
            }
        };
        let files = borrowed(&files);
        let hashes_to = message.trailers.content_sha256.clone();
        match Revision::assemble(id, commit, message, folder, &files) {
            Ok(revision) => {
                tell_parts(&revision.commit, revision.disagreements(&files), id, report);
                Some(Kept::Whole(Box::new(revision)))
            }
            Err(fault) => {
                self.could_not_assemble(report, id, &fault);
                if content_sha256(files.iter().copied()) != hashes_to {
                    let what = "trailer Content-SHA256 is not that of the files";
                    report.found_in(Code::ContentHash, id, what);
                }
                None
            }
        }
    }

    /// Checks what is left of a revision of which content is withheld.
    fn check_withheld(
        &self,
        id: CommitId,
        commit: Commit,
        message: Message,
        path: &str,
        report: &mut Report,
    ) -> Option<Kept> {
        let object = |source| RevisionFault::Object {
            id,
            path: path.to_owned(),
            source,
        };
        let left = self.archive.folder(commit.tree, path).map_err(object);
        let left =
            left.and_then(|folder| WithheldRevision::assemble(self.archive, id, commit, message, folder));
        let (revision, found) = match left {
            Ok(left) => left,
            Err(fault) => {
                self.could_not_assemble(report, id, &fault);
                return None;
            }
        };
        tell_parts(&revision.commit, found, id, report);
        match revision.reasons(self.archive) {
            Ok(reasons) => report.withheld.push((id, withheld::said(&reasons))),
            Err(error) => report.found_in(Code::TombstoneForm, id, with_causes(&error)),
        }
        Some(Kept::Withheld(Box::new(revision)))
    }

    /// Checks the folders that a commit changes whose message names none.
    fn check_unnamed(&self, id: CommitId, commit: &Commit, changed: &[String], report: &mut Report) {
        let articles: Vec<&String> = changed.iter().filter(|path| is_article(path)).collect();
        if articles.len() > 1 {
            let what = format!("changes {}", changed.join(", "));
            report.found_in(Code::SeveralArticles, id, what);
        } else if articles.len() != changed.len() {
            let what = format!("changes {}", changed.join(", "));
            report.found_in(Code::TreeStray, id, what);
        }
        for path in articles {
            let Ok(folder) = self.archive.folder(commit.tree, path) else {
                continue;
            };
            let Ok(files) = read_files(self.archive, folder, path) else {
                continue;
            };
            let files = borrowed(&files);
            match article_of(id, folder, path, &files) {
                Ok((article, text)) => {
                    for (part, what) in unaccounted(&article.metadata, &text, &files) {
                        report.found_in(part.into(), id, what);
                    }
                }
                Err(fault) => self.could_not_assemble(report, id, &fault),
            }
        }
    }

    /// Reads the revision that stands at a place, for an observer.
    fn earlier(&self, place: usize, path: &str) -> Option<Earlier> {
        let id = self.id(place)?;
        let commit = self.archive.commit(id).ok()?;
        let message = Message::parse(&commit.message).ok()?;
        let folder = self.archive.folder(commit.tree, path).ok()?;
        let mut files = BTreeMap::new();
        for (name, entry) in self.archive.tree(folder).ok()?.entries() {
            // A folder, which was told of where it was brought, says nothing that could be compared.
            let Entry::File(blob) = entry else { continue };
            match self.archive.blob(*blob) {
                Ok(bytes) => files.insert(name.clone(), bytes),
                Err(Fault::Withheld(_)) => continue,
                Err(_) => return None,
            };
        }
        let stood = self.stood.borrow_mut().after(id, &message.trailers, |id| {
            let commit = self.archive.commit(id).ok()?;
            Some(Message::parse(&commit.message).ok()?.trailers)
        });
        Some(Earlier {
            id,
            commit,
            message,
            stood,
            files,
        })
    }

    /// Finds where the revision before stands: the one whose folder this revision replaces. `None` is the first
    /// revision of an article, a code says what is wrong with one that follows from nothing.
    fn follows(
        &self,
        place: usize,
        message: &Message,
        tree: TreeId,
        before: TreeId,
    ) -> Result<Result<Option<usize>, Code>, Fault> {
        let trailers = &message.trailers;
        let path = trailers.article.folder();
        let folder = |tree| if_there(self.archive.folder(tree, &path));
        let old = folder(before)?;
        let Some(previous) = trailers.previous else {
            return Ok(match (trailers.revision, old) {
                (1, None) => Ok(None),
                (_, None) => Err(Code::ArticleMissing),
                (1, Some(_)) => Err(Code::NumberWrong),
                (_, Some(_)) => Err(Code::PreviousWrong),
            });
        };
        if old.is_none() && folder(tree)?.is_some() {
            return Ok(Err(Code::ArticleMissing));
        }
        let number = self.census.inventory.find(previous.raw());
        let earlier = number.and_then(|number| self.line.place(number));
        let Some(earlier) = earlier.filter(|earlier| *earlier < place) else {
            return Ok(Err(Code::PreviousWrong));
        };
        let commit = self.archive.commit(previous)?;
        let Ok(message) = Message::parse(&commit.message) else {
            return Ok(Err(Code::PreviousWrong));
        };
        if message.trailers.article != trailers.article || old != folder(commit.tree)? {
            return Ok(Err(Code::PreviousWrong));
        }
        if message.trailers.revision.checked_add(1) != Some(trailers.revision) {
            return Ok(Err(Code::NumberWrong));
        }
        Ok(Ok(Some(earlier)))
    }

    /// Notes that the branch leads to an object; tells whether that is new. What the inventory lacks is new each
    /// time.
    fn reach(&self, id: &RawId) -> bool {
        let number = self.census.inventory.find(id);
        number.is_none_or(|number| self.census.reached.set(number))
    }

    /// Notes everything that a tree leads to, each tree once.
    fn reach_tree(&self, tree: TreeId, report: &mut Report, root: CommitId) {
        let mut waiting = vec![tree];
        while let Some(id) = waiting.pop() {
            if !self.reach(id.raw()) {
                continue;
            }
            let tree = match self.archive.tree(id) {
                Ok(tree) => tree,
                Err(fault) => {
                    self.could_not(report, root, &fault);
                    continue;
                }
            };
            for (name, entry) in tree.entries() {
                match entry {
                    Entry::Folder(id) => waiting.push(*id),
                    Entry::File(blob) => {
                        let object = (*blob).into();
                        if self.reach(blob.raw())
                            && !self.census.is_withheld(object)
                            && !self.archive.objects().contains(object).unwrap_or(false)
                            && self.missing.borrow_mut().insert((root, object))
                        {
                            let what = format!("{name}: object {object} is missing");
                            report.found_in(Code::ObjectMissing, root, what);
                        }
                    }
                }
            }
        }
    }
}

/// Reports the parts of a revision that say something other than the rest.
fn tell_parts(commit: &Commit, found: Vec<(Part, String)>, id: CommitId, report: &mut Report) {
    for (part, what) in found {
        // More than one parent was told of before.
        if commit.parents.len() == 1 || part != Part::Parents {
            report.found_in(part.into(), id, what);
        }
    }
}

/// Names what is wrong with a message: a key in another case makes the form wrong.
fn message_code(message: &str, error: &MessageError) -> Code {
    let last = message.trim_end().rsplit("\n\n").next().unwrap_or_default();
    let keys = last.lines().filter_map(|line| Some(line.split_once(": ")?.0));
    let in_other_case = |key: &str| {
        KEYS.iter()
            .any(|known| known.eq_ignore_ascii_case(key) && *known != key)
    };
    match error {
        MessageError::Form if keys.into_iter().any(in_other_case) => Code::TrailerCase,
        error => error.into(),
    }
}

/// Names what is wrong with a commit that changes more or other than its article.
fn changes_code(changed: &[String], path: &str) -> Code {
    let others = changed.iter().filter(|changed| *changed != path);
    let articles = changed.iter().filter(|path| is_article(path)).count();
    if changed.is_empty() {
        Code::NothingChanged
    } else if articles > 1 {
        Code::SeveralArticles
    } else if others.into_iter().any(|path| is_article(path)) {
        Code::OtherArticle
    } else {
        Code::TreeStray
    }
}

fn is_article(path: &str) -> bool {
    path.strip_prefix("articles/")
        .is_some_and(|id| id.parse::<ArticleId>().is_ok())
}

fn fault_code(fault: &RevisionFault) -> Code {
    match fault {
        RevisionFault::Object { source, .. } => source.into(),
        RevisionFault::First(_) | RevisionFault::Root(_) => Code::FirstCommit,
        RevisionFault::Message { source, .. } => source.into(),
        RevisionFault::Metadata { .. } => Code::MetadataForm,
        RevisionFault::Source { .. } | RevisionFault::Disagreement { .. } => Code::SourceForm,
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
