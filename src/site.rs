//! The published site: files that any web server serves, made of an archive and nothing else. The same archive gives the
//! same bytes.
//!
//! `index.html` lists the articles; `2026/01/22/slug/index.html` is an article's newest revision, and `r1.html`, `r2.html` …
//! beside it are those before. Each page carries its proof, which stands beside it as well: `index.proof`, `r1.proof`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::archive::{Archive, Fault};
use crate::article::first_words;
use crate::commonmark;
use crate::history;
use crate::id::{ArticleId, CommitId};
use crate::proof::pack::PackError;
use crate::revision::{Revision, RevisionFault};
use crate::verify::alone;
use crate::withheld::{Kept, Reason, ReasonError};

use self::files::{Counts, Files, FilesError};
use self::home::Home;
use self::page::{Body, Page, Place};

mod files;
mod home;
mod page;
mod wording;

/// What made a page, and in which version: the form of pages may change with it.
pub const GENERATOR: &str = concat!("avalaches ", env!("CARGO_PKG_VERSION"));

/// What was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// How many articles.
    pub articles: usize,
    /// How many of their pages, one for each revision.
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
    /// The files.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The folder is a repository.
    #[error("{} is a git repository, not a folder for a site", .0.display())]
    Repository(PathBuf),
    /// The folder cannot be looked into.
    #[error("could not look into {}", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

/// Writes an archive as a site into a folder. What is there and unchanged is not written again; what an earlier build wrote
/// and this one does not is removed; nothing else in the folder is touched. The home page comes last.
///
/// # Errors
/// [`BuildError`]; the pages that were written until then are whole.
pub fn build(archive: &Archive, folder: &Path) -> Result<Built, BuildError> {
    if folder.join("HEAD").is_file() && folder.join("objects").is_dir() {
        return Err(BuildError::Repository(folder.to_owned()));
    }
    fs::create_dir_all(folder).map_err(|source| BuildError::Io {
        path: folder.to_owned(),
        source,
    })?;
    let mut files = Files::open(folder)?;
    let newest = history::newest_of_all(archive)?;
    let mut newest: Vec<(ArticleId, CommitId)> = newest.into_iter().collect();
    // By day, the newest first; within a day by name.
    newest.sort_by(|(one, _), (other, _)| other.day().cmp(&one.day()).then_with(|| one.cmp(other)));
    let mut home = Home::of(archive.settings());
    let (mut pages, mut withheld) = (0, 0);
    for (article, id) in &newest {
        let revisions = history::revisions(archive, *id)?;
        for (at, kept) in revisions.iter().enumerate() {
            let place = Place {
                newest: &revisions[0],
                is_newest: at == 0,
                earlier: &revisions[at + 1..],
            };
            pages += 1;
            withheld += usize::from(matches!(kept, Kept::Withheld(_)));
            write_page(
                archive,
                &mut files,
                &format!("{article}/{}", page::name(kept, at == 0)),
                kept,
                &place,
            )?;
        }
        home.push(article, &revisions[0]);
    }
    files.write("index.html", home.html().as_bytes())?;
    Ok(Built {
        articles: newest.len(),
        pages,
        withheld,
        files: files.finish()?,
    })
}

/// Writes the page of a revision, and its proof beside it; `path` is without their endings.
fn write_page(
    archive: &Archive,
    files: &mut Files,
    path: &str,
    kept: &Kept,
    place: &Place<'_>,
) -> Result<(), BuildError> {
    let (body, reasons, proof);
    match kept {
        Kept::Whole(revision) => {
            let pack = alone::proof(archive, revision)?.encode();
            proof = Some(pack.map_err(|error| BuildError::Proof(revision.id, error))?);
            body = Body::Text(revision);
        }
        Kept::Withheld(revision) => {
            let why = revision.reasons(archive);
            reasons = why.map_err(|error| BuildError::Reason(revision.id, error))?;
            body = Body::Withheld(&reasons[..]);
            proof = None;
        }
    }
    if let Some(proof) = &proof {
        files.write(&format!("{path}.proof"), proof)?;
    }
    let html = Page::html(archive.settings(), kept, body, place, proof.as_deref());
    files.write(&format!("{path}.html"), html.as_bytes())?;
    Ok(())
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
