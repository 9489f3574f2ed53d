//! Publishing: the files of a site that was built, brought to where a web server serves them, a folder or a bucket.
//!
//! What is at the target is known from a list that publishing keeps there ([`manifest`]), so that nothing but that and the log's
//! checkpoint, which has to go on ([`log`]), is downloaded, and nothing but files that changed is sent. They go in an order in
//! which no page leads to one that is not there yet ([`order`]): articles of which a text is withheld now come first, the home page
//! comes last, and after it the log's checkpoint. Whoever is interrupted between leaves a site that works, and whoever publishes
//! again completes it: before the first file is sent, the list says which are about to change.
//!
//! Of two who publish to the same place at the same time one has it alone: into a folder by a lock, to a bucket by the list, which
//! is replaced only where nobody else did so since ([`target::Held`]). Whoever wrote it last goes on, with all that the other one had
//! begun; the other one finds out, is told, and has the list say of what it wrote too late that nobody knows what it is.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::monitor::LONGEST_CHECKPOINT;
use crate::site::files::{self, FilesError, Standing};
use crate::storage::file::{FileError, read_below};
use crate::tlog::tile::CHECKPOINT;

use self::log::{GoingBack, Setback};
use self::manifest::{Manifest, ManifestError, Sum};
use self::order::Step;
use self::target::{Held, Target, TargetError};

pub mod bucket;
pub mod log;
pub mod manifest;
mod objects;
pub mod order;
pub mod refusal;
pub mod target;

/// The longest file that is published, in bytes: what a bucket takes at once.
const LONGEST: usize = 5 << 30;

/// How a site is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether only files that changed are sent, or all.
    pub which: Which,
    /// Whether anything is sent.
    pub mode: Mode,
    /// Files that are sent at once.
    pub jobs: usize,
    /// Whether the log at the target may be taken back.
    pub going_back: GoingBack,
}

/// Which files are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that are others than the list at the target says.
    Changed,
    /// All of them, whatever is at the target.
    All,
}

/// Whether anything is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It is.
    Publish,
    /// It is only told what would be.
    Rehearse,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// Files that were sent, in their order.
    pub sent: Vec<String>,
    /// How many bytes these have.
    pub bytes: u64,
    /// Files that were there already.
    pub unchanged: usize,
    /// Files of an earlier site that were deleted.
    pub removed: Vec<String>,
}

/// Why a site could not be published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The folder holds no site.
    #[error("{} holds no site: it has no {}", .0.display(), files::LIST)]
    NotBuilt(PathBuf),
    /// The list of the site's files cannot be used.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A file of the site cannot be read.
    #[error("could not read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: FileError,
    },
    /// A file changed while it was published.
    #[error("{} changed while it was published", .0.display())]
    Changed(PathBuf),
    /// The target is the folder that holds the site.
    #[error("{} is the site itself", .0.display())]
    Same(PathBuf),
    /// Readers would be shown another log than they were.
    #[error(transparent)]
    Setback(#[from] Setback),
    /// The list at the target is none.
    #[error("the list {} at the target cannot be used", manifest::FILE_NAME)]
    Manifest(#[source] ManifestError),
    /// The target.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Work did not end as it should.
    #[error("the work was ended")]
    Ended(#[source] io::Error),
}

/// What has to be done.
#[derive(Debug, Default, PartialEq, Eq)]
struct Plan {
    /// Names by the step in which they are sent, each with what it has to be.
    steps: BTreeMap<(Turn, Step), Vec<(String, Sum)>>,
    unchanged: usize,
    /// Proofs of revisions whose text is withheld now: they go once their articles say so.
    withheld: Vec<String>,
    /// What else goes.
    gone: Vec<String>,
}

/// When the steps of a file's kind are gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    /// First: articles of which a text is withheld now.
    Withheld,
    /// Then all the rest.
    Rest,
}

impl Plan {
    fn of(site: &Manifest, there: &Manifest, which: Which) -> Self {
        let gone = there.files().filter(|(name, _)| site.get(name).is_none());
        let is_withheld = |name: &String| {
            let page = name.strip_suffix(".proof").map(|stem| format!("{stem}.html"));
            page.is_some_and(|page| site.get(&page).is_some())
        };
        let (withheld, gone) = gone.map(|(name, _)| name.to_owned()).partition(is_withheld);
        let mut plan = Self {
            withheld,
            gone,
            ..Self::default()
        };
        let articles: BTreeSet<&str> = plan.withheld.iter().filter_map(|name| folder_of(name)).collect();
        for (name, sum) in site.files() {
            if which == Which::Changed && there.get(name) == Some(sum) {
                plan.unchanged += 1;
            } else {
                let is_first = folder_of(name).is_some_and(|folder| articles.contains(folder));
                let turn = if is_first { Turn::Withheld } else { Turn::Rest };
                let step = plan.steps.entry((turn, Step::of(name))).or_default();
                step.push((name.to_owned(), sum));
            }
        }
        plan
    }

    /// Returns what goes.
    fn removed(&self) -> impl Iterator<Item = &String> {
        self.withheld.iter().chain(&self.gone)
    }

    /// Tells whether all is as it is to be.
    fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.removed().next().is_none()
    }

    /// Returns what is to be sent and is not on the list of what is there.
    fn unlisted(&self, there: &Manifest) -> Vec<(String, Sum)> {
        let names = self.steps.values().flatten();
        let unlisted = names.filter(|(name, _)| there.get(name).is_none());
        unlisted.cloned().collect()
    }

    /// Returns the list that holds while files are sent: what is about to change is of unknown content.
    fn underway(&self, site: &Manifest, there: &Manifest) -> Manifest {
        let mut underway = there.clone();
        for (name, sum) in site.files() {
            underway.put(name, sum);
        }
        let changing = self.steps.values().flatten().map(|(name, _)| name);
        for name in changing.chain(&self.withheld) {
            underway.put(name, Sum::UNKNOWN);
        }
        underway
    }
}

/// Publishes the site in a folder. It wants a runtime of tokio around it.
///
/// # Errors
/// [`PublishError`]; what is at the target then is what readers can use, and publishing again completes it.
pub async fn publish(folder: &Path, target: &Target, options: Options) -> Result<Published, PublishError> {
    let (site, _standing) = {
        let folder = folder.to_owned();
        let read = tokio::task::spawn_blocking(move || read_site(&folder)).await;
        read.map_err(|error| PublishError::Ended(error.into()))??
    };
    if target.is_folder(folder) {
        return Err(PublishError::Same(folder.to_owned()));
    }
    let _lock = target.lock(options.mode)?;
    let (list, mut held) = target.list().await?;
    let there = match (list, options.which) {
        (None, _) => Manifest::default(),
        (Some(bytes), which) => match Manifest::parse(&bytes) {
            Ok(there) => there,
            Err(_) if which == Which::All => Manifest::default(),
            Err(error) => return Err(PublishError::Manifest(error)),
        },
    };
    if options.going_back == GoingBack::Refuse && is_log_to_change(&site, &there, options.which) {
        hold_against_log(folder, &site, target).await?;
    }
    let there = target.as_it_stands(there, folder, &site);
    let plan = Plan::of(&site, &there, options.which);
    // Once it is on the list a name is the site's own, and what stands there is replaced or deleted.
    target.make_sure(plan.unlisted(&there), options.which).await?;
    let names = plan.steps.values().flatten();
    let published = Published {
        sent: names.map(|(name, _)| name.clone()).collect(),
        bytes: 0,
        unchanged: plan.unchanged,
        removed: plan.removed().cloned().collect(),
    };
    if options.mode == Mode::Rehearse {
        let bytes = lengths(folder, &published.sent)?;
        return Ok(Published { bytes, ..published });
    }
    target.clear(there.interrupted(options.which)).await?;
    if plan.is_empty() {
        return Ok(published);
    }
    held.write_list(&plan.underway(&site, &there)).await?;
    held.look(published.sent.clone()).await?;
    if options.going_back == GoingBack::Refuse && published.sent.iter().any(|name| name == CHECKPOINT) {
        // What was there before may be another one by now, of somebody who was overtaken.
        hold_against_log(folder, &site, target).await?;
    }
    let sender = Sender {
        folder: Arc::new(folder.to_owned()),
        held: Arc::new(held.clone()),
        which: options.which,
        known: Arc::new(there.clone()),
        turns: Arc::new(Semaphore::new(options.jobs.max(1))),
    };
    let bytes = replace(&site, plan, &sender, &mut held, target).await;
    if matches!(bytes, Err(PublishError::Target(TargetError::Overtaken))) {
        held.withdraw().await?;
    }
    Ok(Published {
        bytes: bytes?,
        ..published
    })
}

/// Has what is at the target replaced by what is planned, and returns how many bytes were sent.
async fn replace(
    site: &Manifest,
    mut plan: Plan,
    sender: &Sender,
    held: &mut Held,
    target: &Target,
) -> Result<u64, PublishError> {
    let mut bytes = 0;
    let rest = plan.steps.split_off(&(Turn::Rest, Step::FIRST));
    for step in plan.steps.into_values() {
        bytes += sender.send(step).await?;
    }
    for name in &plan.withheld {
        held.remove(name).await?;
    }
    for step in rest.into_values() {
        bytes += sender.send(step).await?;
    }
    if !plan.gone.is_empty() {
        // What is to go is on the list until it is gone.
        let mut left = site.clone();
        for name in &plan.gone {
            left.put(name, Sum::UNKNOWN);
        }
        target.settle().await?;
        held.write_list(&left).await?;
        for name in &plan.gone {
            held.remove(name).await?;
        }
    }
    target.settle().await?;
    held.write_list(site).await?;
    Ok(bytes)
}

/// Returns the folder of an article's file.
fn folder_of(name: &str) -> Option<&str> {
    name.rsplit_once('/').map(|(folder, _)| folder)
}

/// Tells whether the site may have another checkpoint than there is at the target, as far as the list there says.
fn is_log_to_change(site: &Manifest, there: &Manifest, which: Which) -> bool {
    let known = there.get(CHECKPOINT);
    which == Which::All || known.is_some() && known != site.get(CHECKPOINT)
}

/// Holds the site's log against the checkpoint at the target.
async fn hold_against_log(folder: &Path, site: &Manifest, target: &Target) -> Result<(), PublishError> {
    let Some(there) = target.read(CHECKPOINT, LONGEST_CHECKPOINT).await? else {
        return Ok(());
    };
    let (folder, site) = (folder.to_owned(), site.clone());
    let held = tokio::task::spawn_blocking(move || log::setback(&folder, &site, &there)).await;
    match held.map_err(|error| PublishError::Ended(error.into()))?? {
        Some(setback) => Err(setback.into()),
        None => Ok(()),
    }
}

/// Sends files.
struct Sender {
    folder: Arc<PathBuf>,
    held: Arc<Held>,
    which: Which,
    known: Arc<Manifest>,
    turns: Arc<Semaphore>,
}

impl Sender {
    /// Sends the files of one step, several at once, and returns how many bytes they have. After the first that fails no other is
    /// begun, and those that were are waited for.
    async fn send(&self, files: Vec<(String, Sum)>) -> Result<u64, PublishError> {
        self.held.check().await?;
        let mut sending = JoinSet::new();
        let mut bytes = Ok(0);
        for (name, sum) in files {
            let turn = Arc::clone(&self.turns).acquire_owned().await;
            let turn = turn.expect("nobody closes the semaphore");
            while let Some(sent) = sending.try_join_next() {
                bytes = added(bytes, sent);
            }
            if bytes.is_err() {
                break;
            }
            let (folder, held) = (Arc::clone(&self.folder), Arc::clone(&self.held));
            let is_unlisted = self.which == Which::Changed && self.known.get(&name).is_none();
            sending.spawn(async move {
                let _turn = turn;
                let content = read_file(&folder, &name)?;
                if Sum::of(&content) != sum {
                    return Err(PublishError::Changed(folder.join(&name)));
                }
                let length = content.len() as u64;
                held.write(&name, content, is_unlisted.then_some(sum)).await?;
                Ok(length)
            });
        }
        while let Some(sent) = sending.join_next().await {
            bytes = added(bytes, sent);
        }
        bytes
    }
}

/// Adds how many bytes a file has that was sent; the first that failed is what is told.
fn added(
    bytes: Result<u64, PublishError>,
    sent: Result<Result<u64, PublishError>, tokio::task::JoinError>,
) -> Result<u64, PublishError> {
    let bytes = bytes?;
    Ok(bytes + sent.map_err(|error| PublishError::Ended(error.into()))??)
}

/// Reads which files a site has, and what they hold.
fn read_site(folder: &Path) -> Result<(Manifest, Standing), PublishError> {
    let Some(standing) = Standing::of(folder)? else {
        return Err(PublishError::NotBuilt(folder.to_owned()));
    };
    let names: Vec<&String> = standing.names.iter().collect();
    let sums = names
        .par_iter()
        .map(|name| Ok(Sum::of(&read_file(folder, name)?)));
    let sums = sums.collect::<Result<Vec<Sum>, PublishError>>()?;
    let mut site = Manifest::default();
    for (name, sum) in names.iter().zip(sums) {
        site.put(name, sum);
    }
    Ok((site, standing))
}

/// Returns how many bytes some files of a site have together.
fn lengths(folder: &Path, names: &[String]) -> Result<u64, PublishError> {
    let contents = names.par_iter().map(|name| read_file(folder, name));
    contents.map(|content| Ok(content?.len() as u64)).sum()
}

fn read_file(folder: &Path, name: &str) -> Result<Vec<u8>, PublishError> {
    let names: Vec<&str> = name.split('/').collect();
    read_below(folder, &names, LONGEST).map_err(|source| PublishError::Read {
        path: folder.join(name),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(files: &[(&str, &str)]) -> Manifest {
        let mut manifest = Manifest::default();
        for (name, content) in files {
            manifest.put(name, Sum::of(content.as_bytes()));
        }
        manifest
    }

    #[test]
    fn what_changed_is_sent_and_what_is_gone_is_deleted() {
        let site = manifest(&[("index.html", "2"), ("a/index.html", "1"), ("a/r1.html", "1")]);
        let there = manifest(&[("index.html", "1"), ("a/index.html", "1"), ("b/index.html", "1")]);
        let plan = Plan::of(&site, &there, Which::Changed);
        let sent: Vec<&str> = plan
            .steps
            .values()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(sent, ["a/r1.html", "index.html"]);
        assert_eq!(
            (plan.unchanged, &plan.gone[..]),
            (1, &["b/index.html".to_owned()][..])
        );
        assert_eq!(Plan::of(&site, &there, Which::All).unchanged, 0);
        let underway = plan.underway(&site, &there);
        assert_eq!(underway.get("index.html"), Some(Sum::UNKNOWN));
        assert_eq!(underway.get("a/r1.html"), Some(Sum::UNKNOWN));
        assert_eq!(underway.get("b/index.html"), there.get("b/index.html"));
        // Whoever goes on from there sends the same, and knows what is gone, also with the site as it was before.
        assert_eq!(Plan::of(&site, &underway, Which::Changed), plan);
        let back = Plan::of(&there, &underway, Which::Changed);
        assert_eq!(back.gone, ["a/r1.html"]);
        assert!(back.steps.contains_key(&(Turn::Rest, Step::of("index.html"))));
    }

    #[test]
    fn an_article_of_which_a_text_is_withheld_says_so_first_and_the_text_goes_before_the_rest_comes() {
        let there = manifest(&[
            ("2026/01/22/a/index.html", "1"),
            ("2026/01/22/a/r1.html", "1"),
            ("2026/01/22/a/r1.proof", "1"),
            ("2026/01/22/b/r1.html", "1"),
            ("2026/01/22/c/r1.html", "1"),
            ("2026/01/22/c/r1.proof", "1"),
            ("index.html", "1"),
        ]);
        let site = manifest(&[
            ("2026/01/22/a/index.html", "2"),
            ("2026/01/22/a/r1.html", "2"),
            ("2026/01/22/b/r1.html", "2"),
            ("index.html", "2"),
        ]);
        let plan = Plan::of(&site, &there, Which::Changed);
        let order: Vec<_> = plan
            .steps
            .iter()
            .flat_map(|((turn, _), files)| files.iter().map(|(name, _)| (*turn, name.as_str())))
            .collect();
        assert_eq!(
            order,
            [
                (Turn::Withheld, "2026/01/22/a/r1.html"),
                (Turn::Withheld, "2026/01/22/a/index.html"),
                (Turn::Rest, "2026/01/22/b/r1.html"),
                (Turn::Rest, "index.html"),
            ]
        );
        assert_eq!(plan.withheld, ["2026/01/22/a/r1.proof"]);
        // An article that is gone has no page that could say anything.
        assert_eq!(plan.gone, ["2026/01/22/c/r1.html", "2026/01/22/c/r1.proof"]);
        let underway = plan.underway(&site, &there);
        assert_eq!(underway.get("2026/01/22/a/r1.proof"), Some(Sum::UNKNOWN));
    }
}
