//! Judging pages whose footers cite a commit of another repository that the archive mirrors. There is no article to
//! look at: some file of that commit has to have the page's text.

use std::collections::HashMap;

use self::files::{Candidate, Match};
use self::printed::{Doubt, Sought};
use super::signed::Keys;
use super::{Answer, Verdict, misdated};
use crate::archive::{Archive, Fault};
use crate::date::RevisionDate;
use crate::draft::Draft;
use crate::footer::Footer;
use crate::id::{BlobId, CommitId, ObjectId, TreeId};
use crate::mirror::{self, Place};
use crate::object::ObjectKind;
use crate::object::foreign::{EntryKind, ForeignIdent, entries};
use crate::storage::objects::ObjectStore;
use crate::withheld::{self, ReasonError};
use crate::wording::{quoted, with_causes};

mod around;
mod files;
mod fitting;
mod printed;
mod told;

pub use printed::SetAside;

/// A commit of a mirror, and what of it was compared with a page.
#[derive(Debug)]
pub struct Mirrored {
    /// Where the commit was found.
    pub place: Place,
    /// The commit.
    pub id: CommitId,
    /// Its author, and the author's date.
    pub author: ForeignIdent,
    /// The first paragraph of its message.
    pub subject: String,
    /// The files whose text is the page's, or those that it is most like; in page order.
    pub paths: Vec<String>,
    /// Whether the page is only like them.
    pub is_alike: bool,
    /// Whether a text was compared at all.
    pub is_compared: bool,
    /// What of the page is the program's that printed it from the file.
    pub set_aside: Option<SetAside>,
    /// The newest commit that changed the text since, or took it away.
    pub later: Option<Later>,
}

/// A commit after which a file no longer is what the page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    /// The commit.
    pub id: CommitId,
    /// Its author's date.
    pub date: Option<RevisionDate>,
    /// The file.
    pub path: String,
    /// Whether the file is gone.
    pub is_gone: bool,
}

impl Mirrored {
    /// Returns the footer that a page of this commit has.
    #[must_use]
    pub fn footer(&self) -> Option<Footer> {
        self.author.date.map(|date| Footer::of(date, self.id))
    }
}

/// What is asked about a commit.
pub(super) struct Question<'a> {
    pub id: CommitId,
    pub footer: Option<&'a Footer>,
    pub text: Option<&'a str>,
    /// Whether notices may stand above the text, as in plain text.
    pub is_plain: bool,
    /// The page that has the text.
    pub page: Option<&'a Draft>,
}

impl Question<'_> {
    /// Asks about a commit alone.
    pub fn of_id(id: CommitId) -> Self {
        Self {
            id,
            footer: None,
            text: None,
            is_plain: false,
            page: None,
        }
    }
}

/// Answers where the commit is not on the branch and a mirror has it; `None` leaves the answer to others.
pub(super) fn judge(archive: &Archive, asked: &Question<'_>) -> Result<Option<Answer>, Fault> {
    let mut answer = Answer::default();
    let store = archive.objects();
    let mirrors = match mirror::list(archive.path()) {
        Ok(mirrors) if mirrors.is_empty() => return Ok(None),
        Ok(mirrors) => mirrors,
        Err(error) if error.is_system_error() => return Err(error.into()),
        Err(error) => {
            answer.against(Verdict::Corrupt, with_causes(&error));
            return Ok(Some(answer));
        }
    };
    // Whatever is wrong with the commit or the branch is told by those who look there first.
    let read = mirror::with_commit(store, asked.id, |commit| {
        (commit.tree, commit.author(), commit.committer(), commit.subject())
    });
    let (tree, author, committer, subject) = match read {
        Ok(read) => read,
        Err(fault) if fault.is_system_error() => return Err(fault),
        Err(_) => return Ok(None),
    };
    match archive.is_on_branch(asked.id) {
        Ok(false) => {}
        Err(fault) if fault.is_system_error() => return Err(fault),
        Ok(true) | Err(_) => return Ok(None),
    }
    let place = match mirror::find(store, &mirrors, asked.id) {
        Ok(Some(place)) => place,
        Ok(None) => return Ok(None),
        Err(fault) if fault.is_system_error() => return Err(fault),
        Err(fault) => {
            let reason = format!("a mirror cannot be followed: {}", with_causes(&fault));
            answer.against(Verdict::Corrupt, reason);
            return Ok(Some(answer));
        }
    };
    if place.is_rewritten() {
        let reason = format!(
            "the publisher no longer has this commit: it was rewritten or taken away, and is kept as {}",
            place.through
        );
        answer.against(Verdict::Detached, reason);
    }
    let mut mirrored = Mirrored {
        place,
        id: asked.id,
        author,
        subject,
        paths: Vec::new(),
        is_alike: false,
        is_compared: asked.text.is_some(),
        set_aside: None,
        later: None,
    };
    let sought = asked.page.and_then(|page| {
        Some(Sought {
            page: page.printed.as_ref()?,
            draft: page,
            date: mirrored.author.date,
        })
    });
    if let Some(text) = asked.text
        && let Err(fault) = compare(archive, tree, text, sought.as_ref(), &mut mirrored, &mut answer)
    {
        if fault.is_system_error() {
            return Err(fault);
        }
        answer.against(Verdict::Corrupt, with_causes(&fault));
    }
    if let Some(footer) = asked.footer {
        let own = mirrored.footer();
        let reason = match &own {
            Some(own) => misdated(footer, own),
            None => Some("the commit has no date that a footer can carry".to_owned()),
        };
        if let Some(mut reason) = reason {
            let is_committed_then = committer.date.is_some_and(|date| date.day() == footer.day);
            if is_committed_then && footer.weekday_fits() {
                reason.push_str(", which is when it was committed, not when it was written");
            }
            answer.against(Verdict::Misdated, reason);
        }
    }
    answer.mirrored = Some(Box::new(mirrored));
    Ok(Some(answer))
}

fn compare(
    archive: &Archive,
    tree: TreeId,
    text: &str,
    sought: Option<&Sought<'_>>,
    mirrored: &mut Mirrored,
    answer: &mut Answer,
) -> Result<(), Fault> {
    let store = archive.objects();
    let is_expunged = |file: &Candidate| archive.withheld().contains(&BlobId::from_raw(*file.id.raw()));
    let (expunged, candidates): (Vec<Candidate>, Vec<Candidate>) =
        files::list(store, tree)?.into_iter().partition(is_expunged);
    let blob = super::blob_of(text).map(ObjectId::from);
    let is_signed = |file: &Candidate, answer: &mut Answer| {
        let blob = BlobId::from_raw(*file.id.raw());
        let reason = Keys::of(archive).map_err(ReasonError::from);
        let reason = reason.and_then(|mut keys| withheld::reason(archive, &mut keys, &file.path, blob));
        super::are_signed(reason.map(|reason| vec![reason]), answer)
    };
    if let Some(file) = expunged.iter().find(|file| Some(file.id) == blob) {
        if is_signed(file, answer)? {
            mirrored.paths = vec![file.path.clone()];
            answer.reasons.push(super::PROVED_BY_ID.to_owned());
        }
        return Ok(());
    }
    let found = files::find(store, &candidates, text, sought)?;
    let is_found = matches!(found, Match::Equal(_) | Match::Printed(..));
    if let (Some(file), false) = (expunged.first(), is_found)
        && is_signed(file, answer)?
    {
        let what = format!(
            "the archive withholds {}, with which nothing was compared",
            file.path
        );
        answer.against(Verdict::Withheld, what);
    }
    match found {
        Match::Equal(files) => {
            if !mirrored.place.is_rewritten() {
                mirrored.later = later(store, mirrored.place.tip, &files)?;
            }
            if let (Some(sought), [(file, _)]) = (sought, &files[..])
                && let Some(title) = printed::title_of_none(store, file, sought.draft)?
            {
                let what = format!(
                    "the page is headed {}, and the file's title is another",
                    quoted(&[title])
                );
                answer.against(Verdict::Altered, what);
            }
            mirrored.paths = paths(&files);
        }
        Match::Printed(file, text, set_aside) => {
            let files = [(file, text)];
            if !mirrored.place.is_rewritten() {
                mirrored.later = later(store, mirrored.place.tip, &files)?;
            }
            mirrored.paths = paths(&files);
            answer.beside.extend(set_aside.around.iter().cloned());
            mirrored.set_aside = Some(set_aside);
        }
        Match::Alike(files) => {
            mirrored.paths = paths(&files);
            mirrored.is_alike = true;
            answer_alike(store, &files, text, sought, answer)?;
        }
        Match::Unread(file, error) => {
            let what = format!(
                "{} shares most with the page and was not compared, as it is not read ({}); no other file of the commit has the page's text",
                file.path,
                with_causes(&error)
            );
            answer.against(Verdict::Unknown, what);
        }
        Match::Apart(file) => {
            let what = format!(
                "the text is that of {}, in which words of formulas or buttons, or others that show in another way than as text, stand; on the page these are not the same",
                file.path
            );
            answer.against(Verdict::Unknown, what);
        }
        Match::Unfinished => {
            let what = "the files of the commit are so large, and may be printed in so many ways, that the page was not compared with all of them; no file that was compared has its text";
            answer.against(Verdict::Unknown, what.to_owned());
        }
        Match::Undecoded(file) => {
            let what = format!(
                "{} is in an encoding that is not known, and was not compared; no other file of the commit has the page's text",
                file.path
            );
            answer.against(Verdict::Unknown, what);
        }
        Match::None => answer.against(
            Verdict::Altered,
            "no file of the commit has the page's text, nor is one like it".to_owned(),
        ),
    }
    Ok(())
}

/// Answers where no file has the text, and some are like it. What a generator of pages makes of a file is not always known.
fn answer_alike(
    store: &ObjectStore,
    files: &[(&Candidate, String)],
    text: &str,
    sought: Option<&Sought<'_>>,
    answer: &mut Answer,
) -> Result<(), Fault> {
    let doubt = printed::doubt(store, files, sought)?.map(|(file, doubt)| match doubt {
        Doubt::Place(place) => format!(
            "{} has {}, in the place of which a program that makes pages puts something else: what differs may be no more than that",
            file.path,
            quoted(&[place])
        ),
        Doubt::Line(line) => format!(
            "{} has the line {}, of which programs that make pages may make something that is not known here: what differs may be no more than that",
            file.path,
            quoted(&[line])
        ),
    });
    let verdict = match doubt {
        Some(_) => Verdict::Unknown,
        None => Verdict::Altered,
    };
    answer.against(verdict, "no file of the commit has the page's text".to_owned());
    answer.reasons.extend(doubt);
    let whole: Vec<&str> = files.iter().map(|(_, text)| text.as_str()).collect();
    answer.compare(&whole.join("\n"), text);
    if sought.is_some() {
        let changes = std::mem::take(&mut answer.changes);
        answer.changes = printed::without_set_aside(store, files, changes)?;
    }
    Ok(())
}

fn paths(files: &[(&Candidate, String)]) -> Vec<String> {
    files.iter().map(|(file, _)| file.path.clone()).collect()
}

/// Finds out whether the files still have their texts at a tip, wherever they lie there.
fn later(store: &ObjectStore, tip: CommitId, files: &[(&Candidate, String)]) -> Result<Option<Later>, Fault> {
    let tree = mirror::with_commit(store, tip, |commit| commit.tree)?;
    for (file, text) in files {
        let mut lookup = Lookup::of(store, &file.raw_path);
        let now = lookup.find(tree)?;
        if now == Some(file.id) {
            continue;
        }
        if let Some(id) = now {
            let now = Candidate {
                id,
                ..(*file).clone()
            };
            if files::texts_of(store, &now)?.readings.contains(text) {
                continue;
            }
        }
        if files::list(store, tree)?.iter().any(|other| other.id == file.id) {
            continue;
        }
        let (id, date) = newest_change(store, tip, &mut lookup)?;
        return Ok(Some(Later {
            id,
            date,
            path: file.path.clone(),
            is_gone: now.is_none(),
        }));
    }
    Ok(None)
}

/// Follows a path from a tip to the commit that made it what it is there, as `git log -1 -- PATH` does: by a parent
/// that has the same there, for as long as there is one.
fn newest_change(
    store: &ObjectStore,
    tip: CommitId,
    lookup: &mut Lookup<'_>,
) -> Result<(CommitId, Option<RevisionDate>), Fault> {
    let read = |id| {
        mirror::with_commit(store, id, |commit| {
            (commit.tree, commit.author().date, commit.parents.clone())
        })
    };
    let mut id = tip;
    let (tree, mut date, mut parents) = read(id)?;
    let own = lookup.find(tree)?;
    loop {
        let mut same = None;
        for parent in &parents {
            let (tree, date, parents) = read(*parent)?;
            if lookup.find(tree)? == own {
                same = Some((*parent, date, parents));
                break;
            }
        }
        match same {
            Some(found) => (id, date, parents) = found,
            None => return Ok((id, date)),
        }
    }
}

/// Looks one path up in many trees.
struct Lookup<'a> {
    store: &'a ObjectStore,
    path: &'a [u8],
    /// What was found from folders, by the length of the path before them.
    known: HashMap<(usize, ObjectId), Option<ObjectId>>,
}

impl<'a> Lookup<'a> {
    fn of(store: &'a ObjectStore, path: &'a [u8]) -> Self {
        Self {
            store,
            path,
            known: HashMap::new(),
        }
    }

    /// Returns the blob of the file at the path.
    fn find(&mut self, tree: TreeId) -> Result<Option<ObjectId>, Fault> {
        let mut way = Vec::new();
        let mut at = 0;
        let mut folder = ObjectId::from(tree);
        let found = loop {
            if let Some(known) = self.known.get(&(at, folder)) {
                break *known;
            }
            way.push((at, folder));
            let rest = &self.path[at..];
            let name = rest.split(|byte| *byte == b'/').next().unwrap_or_default();
            let body = read_tree(self.store, folder)?;
            let mut found = entries(&body).flatten().filter(|entry| entry.name == name);
            match found.next() {
                Some(entry) if rest.len() == name.len() => {
                    break (entry.kind == EntryKind::File).then_some(entry.id);
                }
                Some(entry) if entry.kind == EntryKind::Folder => {
                    at += name.len() + 1;
                    folder = entry.id;
                }
                _ => break None,
            }
        };
        self.known.extend(way.into_iter().map(|key| (key, found)));
        Ok(found)
    }
}

fn read_tree(store: &ObjectStore, id: ObjectId) -> Result<Vec<u8>, Fault> {
    let object = store.read(id)?;
    if object.kind == ObjectKind::Tree {
        Ok(object.body)
    } else {
        Err(Fault::Kind {
            id,
            found: object.kind,
            expected: ObjectKind::Tree,
        })
    }
}
