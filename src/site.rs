//! The published site: files that any web server serves, made of an archive, a theme and nothing else. The same archive
//! gives the same bytes.
//!
//! `index.html` lists the newest articles, `2026/01/index.html` those of a month, `tags/…/index.html` those with a tag.
//! `2026/01/22/slug/index.html` is an article's newest revision; `r1.html`, `r2.html` … beside it are each revision under
//! its lasting address, `history.html` and `timemap.link` list them. Each page of a revision carries its proof, which
//! stands beside it as well: `index.proof`, `r1.proof`. Where the archive says where it is published there are feeds
//! (`feed.atom`, `feed.json`) and `sitemap.xml`. Where checkpoints were signed, `checkpoint` is the newest, and `tile/` has the
//! log. `search.html` searches all of it, and `verify.html` checks pages that
//! somebody saved.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::archive::{Archive, Fault, Seen, if_there};
use crate::article::first_words;
use crate::canonical::LONGEST_PAGE;
use crate::commonmark;
use crate::history::{self as course, Course};
use crate::id::{ArticleId, CommitId, hex};
use crate::log::{self as transparency, Entry, Log, LogError, Published};
use crate::progress::beside;
use crate::proof::pack::PackError;
use crate::revision::{Revision, RevisionFault};
use crate::settings::{EXPUNGED_FOLDER, Settings, SettingsError};
use crate::storage::repository;
use crate::tlog::tile::{self, Content};
use crate::withheld::{Kept, Reason, ReasonError};

use self::base::Base;
use self::before::{Before, Built as Article, Single};
use self::feeds::{Document, ENTRIES};
use self::files::{Counts, Files, FilesError};
use self::lists::Lists;
use self::log::InLog;
use self::search::NAMES;
use self::stretch::Readings;
use self::theme::{Frame, Theme};

mod address;
mod article;
mod base;
mod before;
mod expunged;
mod feeds;
pub mod files;
mod history;
mod linked_data;
mod lists;
mod log;
pub mod media;
mod page;
mod search;
mod sitemap;
mod stretch;
mod theme;
mod timemap;
mod verify;
mod wording;

pub use self::theme::ThemeError;

/// What made a page, and by which rules: the form of pages may change with the number.
pub const GENERATOR: &str = "avalaches, renderer 17";

/// What was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// How many articles.
    pub articles: usize,
    /// How many revisions of them have a page.
    pub pages: usize,
    /// How many of these say that their text is withheld.
    pub withheld: usize,
    /// What was done to files.
    pub files: Counts,
}

/// Why a site could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The archive cannot be read.
    #[error(transparent)]
    Archive(#[from] Fault),
    /// A revision is not what the format asks for.
    #[error(transparent)]
    Revision(#[from] RevisionFault),
    /// It cannot be told why something is withheld.
    #[error("could not read why content of commit {0} is withheld")]
    Reason(CommitId, #[source] ReasonError),
    /// A proof is one that no reader would take.
    #[error("could not write the proof of commit {0}")]
    Proof(CommitId, #[source] PackError),
    /// The log cannot be had, or a checkpoint is not its own.
    #[error(transparent)]
    Log(#[from] LogError),
    /// What a browser would show of a page is another text.
    #[error(
        "the page of commit {0} would not show the text and the footer of that commit; a theme's page.html has to have the \
         sections and the footer as the program's own has them, within one article element, other words in nav, header, footer or \
         aside, and none of the elements that FORMAT.md, section 9, rules out"
    )]
    Shown(CommitId),
    /// No addresses of pages can be made of where the archive says that they are published.
    #[error("`avalaches settings --base-url URL` has to say anew where the pages are published")]
    Base(#[source] SettingsError),
    /// A page is longer than any that is checked.
    #[error(
        "the page of commit {0} is longer than {LONGEST_PAGE} bytes (256 MiB), the most that `avalaches verify` checks; a theme can make \
         less of it"
    )]
    TooLong(CommitId),
    /// The theme.
    #[error(transparent)]
    Theme(#[from] ThemeError),
    /// The files.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The archive cannot be opened once more.
    #[error("could not open the archive on another thread")]
    Open(#[source] io::Error),
    /// The caller ended it.
    #[error("the build was ended")]
    Ended,
    /// The folder is a repository, or lies in one.
    #[error("{} is a git repository, in which no site has a place", .0.display())]
    Repository(PathBuf),
}

/// What all pages of a site have in common.
#[derive(Debug)]
struct Shared<'a> {
    settings: &'a Settings,
    theme: &'a Theme,
    /// Of all pages but those with a style of their own.
    frame: Frame,
    /// Of pages with a check below the footer.
    page_frame: Frame,
    base: Option<Base>,
    in_log: InLog<'a>,
}

impl<'a> Shared<'a> {
    fn of(archive: &'a Archive, theme: &'a Theme, in_log: InLog<'a>) -> Result<Self, BuildError> {
        let settings = archive.settings();
        settings.check_base_url().map_err(BuildError::Base)?;
        Ok(Self {
            settings,
            theme,
            frame: theme.frame("", &[]),
            page_frame: theme.frame_of_article(&verify::below_footers()),
            base: settings.base_url.as_deref().map(Base::of),
            in_log,
        })
    }
}

/// A link; the address is one of the site's own, which needs no escaping.
#[derive(Debug, Serialize)]
struct Link {
    href: String,
    text: String,
}

/// Writes an archive as a site into a folder, in a theme where one is given. What is there and unchanged is not written
/// again; what an earlier build wrote and this one does not is removed; nothing else in the folder is touched. Articles come
/// first, with what feeds and the search page will lead to, then the lists of them, the home page last. Where articles are as
/// the last build left them, their pages are not made. What shows content that is withheld now goes before anything else, also
/// where the build then fails. `ended` ends it between two files.
///
/// # Errors
/// [`BuildError`]; the files that were written until then are whole.
pub fn build(
    archive: &Archive,
    folder: &Path,
    theme: Option<&Path>,
    ended: &AtomicBool,
) -> Result<Built, BuildError> {
    if let Some(repository) = repository::repository_around(folder) {
        return Err(BuildError::Repository(repository));
    }
    // Reading what the last build left takes as long as walking the branch.
    let (opened, walked) = beside(|| Files::open(folder), |_| course::course(archive));
    let Course { newest, revisions } = walked?;
    let (files, before) = opened?;
    let made_by = Theme::of(theme).map_err(BuildError::from);
    let made_by = made_by.and_then(|theme| Ok((made_of(archive, &theme)?, theme)));
    if !matches!(&made_by, Ok((made_of, _)) if before.is_finished(made_of)) {
        expunged::clear(archive, folder, &files, &before, &revisions)?;
    }
    let (made_of, theme) = made_by?;
    // All of its hashes are published.
    let signed = match transparency::signed_log(archive)? {
        Some((log, published)) => Some((log.sound(archive)?, published)),
        None => None,
    };
    let newest: HashMap<CommitId, ArticleId> =
        newest.into_iter().map(|(article, id)| (id, article)).collect();
    let places = revisions.iter().copied().zip(0..);
    let shared = Shared::of(archive, &theme, InLog::of(archive, signed.as_ref(), places))?;
    let site = Site {
        ended,
        shared: &shared,
        files: &files,
        before: &before,
        made_of: &made_of,
        seen: &archive.seen(),
        revisions: &revisions,
        newest: &newest,
    };
    let (articles, lasting) = site.stretches()?;
    let singles = site.singles(archive, &articles, lasting, signed.as_ref())?;
    let sum = |count: fn(&Article) -> usize| articles.iter().map(count).sum();
    Ok(Built {
        articles: articles.len(),
        pages: sum(|article| article.summary.pages),
        withheld: sum(|article| article.summary.withheld),
        files: files.finish(&before::list(&made_of, &articles, &singles))?,
    })
}

/// Returns the page of one of an article's revisions, which are given newest first.
///
/// # Errors
/// [`BuildError`].
pub fn page(
    archive: &Archive,
    theme: Option<&Path>,
    revisions: &[Kept],
    id: CommitId,
) -> Result<String, BuildError> {
    let theme = Theme::of(theme)?;
    let mut signed = transparency::signed_log(archive)?;
    let kept = revisions.iter().find(|kept| kept.id() == id);
    let place = match (&mut signed, kept) {
        (Some((log, published)), Some(kept)) => {
            let entry = Entry::of(id, kept.commit(), &kept.message().trailers);
            let found = transparency::find(archive, log, published, entry.leaf(), |_| true)?;
            found.map(|(index, _)| (id, index))
        }
        _ => None,
    };
    let in_log = InLog::of(archive, signed.as_ref(), place);
    let revisions: Vec<&Kept> = revisions.iter().collect();
    article::page(archive, &Shared::of(archive, &theme, in_log)?, &revisions, id)
}

/// Writes the program's own templates and style into a folder, for a theme to begin with, and returns the names of the files.
///
/// # Errors
/// [`BuildError::Theme`] where one of them is there already, and nothing is written then, or cannot be written.
pub fn begin_theme(folder: &Path) -> Result<Vec<&'static str>, BuildError> {
    if let Some(repository) = repository::repository_around(folder) {
        return Err(BuildError::Repository(repository));
    }
    Ok(theme::write(folder)?)
}

/// Returns what changes when a file of a theme does.
///
/// # Errors
/// [`BuildError::Theme`].
pub fn theme_digest(theme: &Path) -> Result<String, BuildError> {
    Ok(Theme::of(Some(theme))?.digest().to_owned())
}

/// Returns a hash of all that every page depends upon beside its article: the program's rules, the theme, the settings, and
/// what is withheld.
fn made_of(archive: &Archive, theme: &Theme) -> Result<String, BuildError> {
    let mut digest = Sha256::new();
    digest.update(GENERATOR);
    digest.update(theme.digest());
    for script in verify::below_footers() {
        digest.update(&script.source);
    }
    digest.update(archive.settings().encode());
    if let Some(expunged) = if_there(archive.entry(archive.root(), EXPUNGED_FOLDER))? {
        digest.update(format!("{expunged:?}"));
    }
    Ok(hex(&digest.finalize()))
}

/// A site that is being built.
#[derive(Clone, Copy)]
struct Site<'a> {
    /// Whether it is to end.
    ended: &'a AtomicBool,
    shared: &'a Shared<'a>,
    files: &'a Files,
    before: &'a Before,
    made_of: &'a str,
    seen: &'a Seen,
    /// All revisions, in the order of the branch.
    revisions: &'a [CommitId],
    /// The articles, by their newest revisions.
    newest: &'a HashMap<CommitId, ArticleId>,
}

impl Site<'_> {
    /// Writes the files that are neither an article's nor made of a stretch of the branch: the home page last, and then how far
    /// the log is. Returns them with those that are.
    fn singles(
        self,
        archive: &Archive,
        articles: &[Article],
        mut singles: Vec<Single>,
        signed: Option<&(Log, Vec<Published>)>,
    ) -> Result<Vec<Single>, BuildError> {
        let revisions = self.revisions;
        let lists = Lists::of(self.shared, articles);
        for list in lists.others() {
            singles.push(self.single(list?)?);
        }
        singles.push(self.single((address::VERIFY.to_owned(), verify::page(self.shared)?))?);
        if let Some(base) = &self.shared.base {
            let newest = &revisions[revisions.len().saturating_sub(ENTRIES)..];
            let document = Document::Newest(revisions.len() / ENTRIES);
            let readings = Readings::of(self.seen);
            for file in feeds::documents(&readings, self.shared, base, document, newest)? {
                singles.push(self.single(file)?);
            }
            for file in sitemap::files(base, articles) {
                singles.push(self.single(file)?);
            }
        }
        singles.extend(self.names()?);
        if let Some((log, published)) = signed {
            for tile in log::tiles(published) {
                let name = tile.to_string();
                let last = log::last_of(tile, revisions);
                if tile.content != Content::Entries {
                    // It takes no more than to read the one that is there.
                    let bytes = log::bytes(archive, log, tile, revisions)?;
                    singles.push(self.put(name, &bytes, last)?);
                    continue;
                }
                singles.extend(self.lasting(std::slice::from_ref(&name), last, || {
                    Ok(vec![(name.clone(), log::bytes(archive, log, tile, revisions)?)])
                })?);
            }
        }
        singles.push(self.single((address::SEARCH.to_owned(), lists.search(revisions.len())?))?);
        singles.push(self.single((address::HOME.to_owned(), lists.home()?))?);
        if let Some(newest) = signed.and_then(|(_, published)| published.last()) {
            singles.push(self.single((tile::CHECKPOINT.to_owned(), newest.signed.to_string()))?);
        }
        singles.sort_by(|one, other| one.file.cmp(&other.file));
        Ok(singles)
    }

    /// Writes the names that the index of the search page leads to, on every core.
    fn names(self) -> Result<Vec<Single>, BuildError> {
        let written: Result<Vec<Vec<Single>>, BuildError> = self
            .revisions
            .par_chunks(NAMES)
            .enumerate()
            .map(|(at, part)| {
                let name = address::part("search/names", at + 1, "txt");
                let last = part.last().filter(|_| part.len() == NAMES);
                self.lasting(std::slice::from_ref(&name), last, || {
                    let names = search::names(Readings::of(self.seen).archive()?, part)?;
                    Ok(vec![(name.clone(), names.into_bytes())])
                })
            })
            .collect();
        Ok(written?.into_iter().flatten().collect())
    }

    /// Keeps files that are made of the branch up to a commit, where the last build made them so and they are still there;
    /// writes them else. Without a commit they are written.
    fn lasting(
        self,
        names: &[String],
        up_to: Option<&CommitId>,
        make: impl FnOnce() -> Result<Vec<(String, Vec<u8>)>, BuildError>,
    ) -> Result<Vec<Single>, BuildError> {
        if let Some(known) = self.known(names, up_to) {
            return Ok(known);
        }
        let written = make()?
            .into_iter()
            .map(|(name, bytes)| self.put(name, &bytes, up_to));
        written.collect()
    }

    /// Finds files that the last build made of the branch up to a commit, where all of them are still there.
    fn known(self, names: &[String], up_to: Option<&CommitId>) -> Option<Vec<Single>> {
        let single = |name: &String| self.before.single(self.made_of, name, *up_to?).cloned();
        let known: Vec<Single> = names.iter().map(single).collect::<Option<_>>()?;
        let lengths = known.iter().map(|single| (single.file.clone(), single.bytes));
        self.files.keep(&lengths.collect::<Vec<_>>()).then_some(known)
    }

    /// Ends the build where it is to end.
    fn go_on(self) -> Result<(), BuildError> {
        if self.ended.load(Ordering::Relaxed) {
            return Err(BuildError::Ended);
        }
        Ok(())
    }

    /// Writes a file.
    fn single(self, (name, bytes): (String, impl AsRef<[u8]>)) -> Result<Single, BuildError> {
        self.put(name, bytes.as_ref(), None)
    }

    fn put(self, name: String, bytes: &[u8], up_to: Option<&CommitId>) -> Result<Single, BuildError> {
        self.go_on()?;
        self.files.write(&name, bytes)?;
        Ok(Single {
            file: name,
            bytes: bytes.len() as u64,
            up_to: up_to.map(ToString::to_string),
        })
    }
}

/// Returns the title of a revision in each of its languages, or the first words of the part in it.
fn titles(revision: &Revision) -> Vec<(String, String)> {
    let article = &revision.article;
    let parts = article.metadata.languages.iter().zip(&article.sources);
    let titled = parts.map(|(language, source)| {
        let title = article.metadata.titles.get(language).cloned();
        let words = || first_words(&commonmark::plain_text(source).unwrap_or_default());
        (language.to_string(), title.unwrap_or_else(words))
    });
    titled.collect()
}

/// Returns what a page says of why its text is withheld.
fn whys(reasons: &[Reason]) -> Vec<(&str, String)> {
    let mut whys: Vec<(&str, String)> = Vec::new();
    for reason in reasons {
        let why = (reason.tombstone.note.as_str(), reason.commit.to_string());
        if !whys.contains(&why) {
            whys.push(why);
        }
    }
    whys
}
