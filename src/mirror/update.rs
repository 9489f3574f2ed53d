//! Bringing a mirror up to its publisher: git fetches into a repository of its own beside the archive, everything it
//! brought is hashed and followed here, the packs are moved into the store, and then the refs are moved. A kill leaves
//! each ref as it was or as it will be.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::{HEAD, HEADS, REFS, REWRITTEN, TAGS, descends};
use crate::archive::{Archive, Fault, OpenError, Owner};
use crate::date::CivilDay;
use crate::id::{CommitId, ObjectId};
use crate::object::foreign::{EntryKind, ForeignCommit, entries, tagged};
use crate::object::{Hashing, Object, ObjectKind};
use crate::platform::Durability;
use crate::slug::Slug;
use crate::storage::fetch::{FETCHING, FetchError, Git, Scratch};
use crate::storage::finding::{Damage, FindingKind, StoreFinding};
use crate::storage::inventory::Inventory;
use crate::storage::objects::ObjectStore;
use crate::storage::pack::PackError;
use crate::storage::refs::{self, RefError};
use crate::storage::repository::{RefMove, WriteError, Writer, io_error};

/// What is brought of a repository: every branch and every tag, under their own names.
const EVERYTHING: [&str; 2] = ["refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*"];

/// Where a mirror's refs stand in [`FETCHING`], so that git asks for what is new only.
const KNOWN: &str = "refs/known/";

/// Digits of the id in the name under which an old tip is kept.
const SHORT: usize = 12;

/// Why a mirror was not brought up to its publisher.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The archive cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Git brought nothing.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The publisher's repository is empty.
    #[error("{0} has neither branches nor tags")]
    Empty(String),
    /// An object is larger than any that is read here.
    #[error(
        "{name:?} (object {id}) has {bytes} bytes, more than the 64 MiB that an object may have; nothing was taken"
    )]
    TooLarge {
        /// The object.
        id: ObjectId,
        /// A name that it has in a folder, where one was found.
        name: String,
        /// Its size, or that of the difference it is kept as.
        bytes: u64,
    },
    /// What git brought is damaged.
    #[error("what git brought is not sound, and nothing was taken: {0}")]
    Unsound(String),
    /// What git brought is not whole.
    #[error("what git brought lacks object {id}, which {by} names; nothing was taken")]
    Incomplete {
        /// The object that is not there.
        id: ObjectId,
        /// The one that names it.
        by: ObjectId,
    },
    /// The refs cannot be read.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// The archive cannot be read.
    #[error("could not follow the mirror's history")]
    Read(#[from] Fault),
    /// Something could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What is so for a whole call.
#[derive(Debug, Clone)]
pub struct Circumstances {
    /// The user's git.
    pub git: Git,
    /// Whose archives are opened.
    pub owner: Owner,
    /// The day under which old tips are kept.
    pub day: CivilDay,
    /// Whether what is written is on the disk when this returns.
    pub durability: Durability,
}

/// What an update came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// Objects that were taken.
    pub objects: usize,
    /// Refs that are others than before, or that the publisher no longer has.
    pub changes: Vec<RefChange>,
    /// Refs that are as they were.
    pub unchanged: usize,
    /// Branches and tags that were passed over because their names are not UTF-8, such as `heads/` and what can be shown.
    pub unnamed: Vec<String>,
}

impl Update {
    /// Tells whether the publisher has only added to what it had.
    #[must_use]
    pub fn only_adds(&self) -> bool {
        let is_addition = |change: &RefChange| matches!(change.what, Arrival::Created | Arrival::Advanced);
        self.changes.iter().all(is_addition)
    }
}

/// What became of a branch or a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefChange {
    /// Its name, such as `heads/main`.
    pub name: String,
    /// What it was.
    pub before: Option<ObjectId>,
    /// What it is at the publisher's.
    pub after: Option<ObjectId>,
    /// What happened.
    pub what: Arrival,
    /// The name under which what it was is kept, where it is no longer kept under its own.
    pub kept: Option<String>,
}

/// How a ref differs from before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It is new.
    Created,
    /// Its history goes on.
    Advanced,
    /// It no longer leads to what it was.
    Rewritten,
    /// The publisher no longer has it.
    Gone,
}

impl Arrival {
    /// Returns the word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Advanced => "advanced",
            Self::Rewritten => "rewritten",
            Self::Gone => "gone",
        }
    }
}

/// Makes a mirror, or brings it up to its publisher.
///
/// # Errors
/// [`MirrorError`]; the refs are as they were, but where one of several could not be moved.
pub fn update(
    archive: &Path,
    address: &OsStr,
    name: &Slug,
    circumstances: &Circumstances,
) -> Result<Update, MirrorError> {
    let opened = Archive::open_for_writing(archive, circumstances.owner)?;
    // Git does not bring what is there already, be it what a writer left that was killed.
    drop(Writer::begin(archive, circumstances.durability)?);
    let scratch = Scratch::begin(archive, FETCHING)?;
    let prefix = format!("{REFS}{name}/");
    let known = refs::list(archive, &prefix)?;
    let known = (0_u32..).zip(known.into_values());
    let known = known.map(|(number, id)| (format!("{KNOWN}{number:08}"), id));
    scratch.lend(archive, &known.collect())?;
    let default_branch = circumstances.git.default_branch(address, &scratch)?;
    circumstances.git.bring(address, &scratch, &EVERYTHING)?;
    let mut arrived = BTreeMap::new();
    let (listed, unnamed) = refs::list_named(scratch.folder(), "refs/")?;
    for (full, id) in listed {
        let short = short_name(&full);
        if [HEADS, TAGS].iter().any(|folder| short.starts_with(folder)) {
            arrived.insert(short.to_owned(), id);
        }
    }
    if arrived.is_empty() {
        return Err(MirrorError::Empty(address.to_string_lossy().into_owned()));
    }
    let objects = check(&scratch, opened.objects(), &arrived)?;
    let mut writer = Writer::begin(archive, circumstances.durability)?;
    writer.take_packs(&scratch.pack_folder(), &scratch.packs()?, &prefix)?;
    let known = refs::list(archive, &prefix)?;
    let known = known
        .iter()
        .filter_map(|(full, id)| Some((full.strip_prefix(&prefix)?, *id)));
    let plan = Plan::make(
        opened.objects(),
        &known.collect(),
        &arrived,
        default_branch,
        circumstances.day,
    )?;
    let moves: Vec<RefMove> = plan
        .moves
        .into_iter()
        .map(|(short, before, after)| RefMove {
            name: format!("{prefix}{short}"),
            before,
            after,
        })
        .collect();
    writer.move_refs(&moves, "mirror")?;
    Ok(Update {
        objects,
        changes: plan.changes,
        unchanged: plan.unchanged,
        unnamed: unnamed.iter().map(|full| short_name(full).to_owned()).collect(),
    })
}

/// Returns the name of a branch or tag without `refs/`.
fn short_name(full: &str) -> &str {
    full.strip_prefix("refs/").unwrap_or_default()
}

/// Hashes every object that git brought, and makes sure that each object that one of them or a ref names is there
/// or in the archive. Returns how many there are.
fn check(
    scratch: &Scratch,
    archive: &ObjectStore,
    arrived: &BTreeMap<String, ObjectId>,
) -> Result<usize, MirrorError> {
    scratch.take_back()?;
    let path = scratch.objects();
    let store = ObjectStore::open(&path).map_err(io_error("open", &path))?;
    let inventory = Inventory::of(&store);
    if inventory.first_loose() != inventory.len() {
        return Err(MirrorError::Unsound("git left objects outside a pack".to_owned()));
    }
    let has = |id: ObjectId| inventory.find(id.raw()).is_some() || archive.contains(id).unwrap_or(false);
    let missing = Mutex::new(None);
    let names = Mutex::new(BTreeMap::new());
    let _ = inventory.check(Hashing::Both, &|_| true, &|_, id, object| {
        let absent = follow(object, &mut |named, name| {
            if name.is_some()
                && inventory
                    .find(named.raw())
                    .is_some_and(|at| inventory.kind(at).is_none())
            {
                // Objects that cannot be read have no kind; a name tells their publisher which they are.
                let name = String::from_utf8_lossy(name.unwrap_or_default()).into_owned();
                names
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(named, name);
            }
            has(named)
        });
        if let Some(absent) = absent {
            *missing.lock().unwrap_or_else(PoisonError::into_inner) = Some((absent, id));
        }
        ControlFlow::Continue(())
    });
    let count = inventory.len();
    let refs: Vec<ObjectId> = arrived.values().copied().collect();
    let absent_ref = refs.into_iter().find(|id| !has(*id));
    let findings = inventory.into_findings();
    let names = names.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = gravest(&findings, &names) {
        return Err(error);
    }
    let missing = missing.into_inner().unwrap_or_else(PoisonError::into_inner);
    match (missing, absent_ref) {
        (Some((id, by)), _) => Err(MirrorError::Incomplete { id, by }),
        (None, Some(id)) => Err(MirrorError::Incomplete { id, by: id }),
        (None, None) => Ok(count),
    }
}

/// Returns the first object named by an object that is not there, or the object itself where it cannot be read. Names
/// of entries are handed on.
fn follow(object: &Object, has: &mut dyn FnMut(ObjectId, Option<&[u8]>) -> bool) -> Option<ObjectId> {
    match object.kind {
        ObjectKind::Blob => None,
        ObjectKind::Commit => {
            // Git has refused commits that cannot be read.
            let commit = ForeignCommit::parse(&object.body).ok()?;
            let parents = commit.parents.iter().map(|parent| ObjectId::from(*parent));
            std::iter::once(commit.tree.into())
                .chain(parents)
                .find(|id| !has(*id, None))
        }
        ObjectKind::Tree => entries(&object.body)
            .flatten()
            .find(|entry| entry.kind != EntryKind::Submodule && !has(entry.id, Some(entry.name)))
            .map(|entry| entry.id),
        ObjectKind::Tag => tagged(&object.body)
            .ok()
            .map(|(id, _)| id)
            .filter(|id| !has(*id, None)),
    }
}

fn gravest(findings: &[StoreFinding], names: &BTreeMap<ObjectId, String>) -> Option<MirrorError> {
    let too_large = findings
        .iter()
        .find_map(|finding| match (&finding.kind, finding.id) {
            (FindingKind::Damaged(Damage::Pack(PackError::TooLarge(bytes))), Some(id)) => Some((id, *bytes)),
            _ => None,
        });
    if let Some((id, bytes)) = too_large {
        let name = names.get(&id).cloned().unwrap_or_default();
        return Some(MirrorError::TooLarge { id, name, bytes });
    }
    let finding = findings.iter().find(|finding| !finding.is_harmless())?;
    Some(MirrorError::Unsound(finding.to_string()))
}

/// Which refs are moved, in which order, and what is told of it.
struct Plan {
    moves: Vec<(String, Option<ObjectId>, Option<ObjectId>)>,
    changes: Vec<RefChange>,
    unchanged: usize,
}

impl Plan {
    fn make(
        store: &ObjectStore,
        known: &BTreeMap<&str, ObjectId>,
        arrived: &BTreeMap<String, ObjectId>,
        default_branch: Option<String>,
        day: CivilDay,
    ) -> Result<Self, MirrorError> {
        let mut plan = Self {
            moves: Vec::new(),
            changes: Vec::new(),
            unchanged: 0,
        };
        let keep = |old: ObjectId| {
            let digits = old.to_string();
            format!("{REWRITTEN}{day}-{}", &digits[..SHORT])
        };
        let is_kept = |plan: &Self, name: &str| {
            known.contains_key(name) || plan.moves.iter().any(|(moved, ..)| moved == name)
        };
        let own = |name: &&str| [HEADS, TAGS].iter().any(|folder| name.starts_with(folder));
        // What goes away goes first: a branch `a` stands in the way of a new one `a/b`.
        for (&name, &old) in known
            .iter()
            .filter(|(name, _)| own(name) && !arrived.contains_key(**name))
        {
            let in_the_way = arrived.keys().any(|new| {
                let lies_in = |inner: &str, outer: &str| {
                    inner
                        .strip_prefix(outer)
                        .is_some_and(|rest| rest.starts_with('/'))
                };
                lies_in(new, name) || lies_in(name, new)
            });
            let kept = in_the_way.then(|| keep(old));
            if let Some(kept) = &kept {
                if !is_kept(&plan, kept) {
                    plan.moves.push((kept.clone(), None, Some(old)));
                }
                plan.moves.push((name.to_owned(), Some(old), None));
            }
            plan.changes.push(RefChange {
                name: name.to_owned(),
                before: Some(old),
                after: None,
                what: Arrival::Gone,
                kept,
            });
        }
        for (name, &new) in arrived {
            let before = known.get(name.as_str()).copied();
            let mut kept = None;
            let what = match before {
                None => Arrival::Created,
                Some(old) if old == new => {
                    plan.unchanged += 1;
                    continue;
                }
                Some(old) if name.starts_with(HEADS) && goes_on(store, new, old)? => Arrival::Advanced,
                Some(old) => {
                    let place = keep(old);
                    if !is_kept(&plan, &place) {
                        plan.moves.push((place.clone(), None, Some(old)));
                    }
                    kept = Some(place);
                    Arrival::Rewritten
                }
            };
            plan.moves.push((name.clone(), before, Some(new)));
            plan.changes.push(RefChange {
                name: name.clone(),
                before,
                after: Some(new),
                what,
                kept,
            });
        }
        let head = default_branch.and_then(|branch| arrived.get(&format!("{HEADS}{branch}")).copied());
        let before = known.get(HEAD).copied();
        if before != head {
            plan.moves.push((HEAD.to_owned(), before, head));
        }
        Ok(plan)
    }
}

/// Tells whether a branch's new tip leads to its old one. An old tip that is damaged is none that can be led to.
fn goes_on(store: &ObjectStore, new: ObjectId, old: ObjectId) -> Result<bool, MirrorError> {
    let [new, old] = [new, old].map(|id| CommitId::from_raw(*id.raw()));
    match descends(store, new, old) {
        Err(fault) if fault.is_system_error() => Err(fault.into()),
        Err(_) => Ok(false),
        Ok(goes_on) => Ok(goes_on),
    }
}
