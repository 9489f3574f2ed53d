//! What the user of an import is told while it runs.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use avalaches::add::PageError;
use avalaches::branch::Outcome as Placed;
use avalaches::draft::{Notice, NoticeKind};
use avalaches::id::{ArticleId, CommitId};
use avalaches::import::{Listener, Refusal};
use avalaches::progress::Progress;
use avalaches::publisher::History;
use avalaches::storage::temporary;
use avalaches::wording::{counted, on_one_line, with_causes};
use serde_json::Value;

use super::super::pages::{is_encoded, page_failure, place_failure, tell_notices};
use super::super::progress::Meter;
use super::super::{Common, Failure, add, output};

/// The longest line of footers, in bytes: a path and little more.
const LONGEST_LINE: u64 = 1 << 20;

/// The footers of pages, in a file that has its name once all of them are in it.
pub struct Footers {
    path: PathBuf,
    file: BufWriter<tempfile::NamedTempFile>,
}

impl Footers {
    pub fn create(path: &Path) -> Result<Self, Failure> {
        if !is_free(path) {
            let failure = Failure::new(format!("{} is there and has no footers", path.display()));
            return Err(failure.hint("name another file, or move that one away; nothing was imported"));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = temporary::file(folder.unwrap_or(Path::new(".")), ".avalaches-import-", 0o600)
            .map_err(|e| Failure::new(format!("could not write {}: {e}", path.display())))?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
        })
    }

    pub fn finish(self) -> Result<(), Failure> {
        let path = self.path;
        let failed = |error: io::Error| Failure::new(format!("could not write {}: {error}", path.display()));
        let file = self.file.into_inner().map_err(|e| failed(e.into_error()))?;
        file.persist(&path).map_err(|e| failed(e.error))?;
        Ok(())
    }
}

/// Tells whether nothing is lost where footers are put in the place of a file: there is none, or it is empty, or begins with a line that
/// an import wrote.
fn is_free(path: &Path) -> bool {
    if !path
        .metadata()
        .is_ok_and(|there| there.is_file() && there.len() > 0)
    {
        return true;
    }
    let mut line = String::new();
    let read = File::open(path).and_then(|file| BufReader::new(file.take(LONGEST_LINE)).read_line(&mut line));
    let line: Option<Value> = read.ok().and_then(|_| serde_json::from_str(&line).ok());
    line.is_some_and(|line| ["page", "footer"].iter().all(|member| line.get(member).is_some()))
}

/// Tells the user what happens.
pub struct Teller<'a> {
    common: &'a Common,
    pub meter: Meter,
    pub footers: Option<Footers>,
    /// Why the import is ended, where it is the footers' file.
    pub failed: Option<Failure>,
    /// How many pages were refused, by cause.
    refused: BTreeMap<String, usize>,
    /// Hints that were given: each is given once.
    hints: HashSet<String>,
    /// The git history whose versions the pages are.
    history: Option<History>,
    /// Articles whose newest revision was taken from a commit that is not in that history, each with the commit.
    pub rewritten: BTreeMap<ArticleId, CommitId>,
    /// The articles of a history's files, by their paths.
    pub articles: HashMap<String, ArticleId>,
    /// How many pages have words that are left out.
    pub left_out: usize,
    /// How many pages are dated later than now.
    pub still_to_come: usize,
    /// How many drafts are passed over.
    drafts: usize,
}

/// How many pages are named that were refused for one cause, of which words are left out, and so on.
pub const MOST_NAMED: usize = 20;

impl<'a> Teller<'a> {
    pub fn new(common: &'a Common, meter: Meter, footers: Option<Footers>, history: Option<History>) -> Self {
        Self {
            common,
            meter,
            footers,
            failed: None,
            refused: BTreeMap::new(),
            hints: HashSet::new(),
            history,
            rewritten: BTreeMap::new(),
            articles: HashMap::new(),
            left_out: 0,
            still_to_come: 0,
            drafts: 0,
        }
    }

    /// Says of each cause how many pages it was that were not named.
    pub fn tell_the_rest(&self) {
        let rest = self
            .refused
            .iter()
            .map(|(cause, count)| (cause, count.saturating_sub(MOST_NAMED)));
        let rest: Vec<_> = rest
            .filter(|(_, more)| *more > 0 && !self.common.verbose)
            .collect();
        self.meter.suspend(|| {
            for (cause, more) in &rest {
                output::error(&format!("{}: {cause}", counted(*more, "more page")));
            }
            if !rest.is_empty() {
                output::hint("--verbose names all of them");
            }
        });
    }
}

impl Listener for Teller<'_> {
    fn refused(&mut self, name: &str, why: &Refusal) {
        let (failure, cause) = match why {
            Refusal::Page(error) => {
                let mut failure = page_failure(name, error);
                match error {
                    // There is no file that could be converted.
                    error if self.history.is_some() && is_encoded(error) => {
                        failure.hint = Some(
                            "what is in a history cannot be converted any more; --keep-going imports the other versions"
                                .to_owned(),
                        );
                    }
                    // The options that are named for a single page are none of an import.
                    PageError::NoSlug => failure.hint = Some("give the page a `slug` of its own".to_owned()),
                    PageError::NoPart { .. } => failure.hint = None,
                    _ => {}
                }
                (failure, with_causes(error))
            }
            Refusal::Place(error) => (place_failure(name, error), with_causes(error)),
            other => {
                let cause = with_causes(other);
                (Failure::new(format!("{name}: {cause}")), cause)
            }
        };
        let count = self.refused.entry(cause).or_default();
        *count += 1;
        if *count > MOST_NAMED && !self.common.verbose {
            return;
        }
        let hint = failure.hint.filter(|hint| self.hints.insert(hint.clone()));
        self.meter.suspend(|| {
            output::error(&failure.message);
            if let Some(hint) = &hint {
                output::hint(hint);
            }
        });
    }

    fn noticed(&mut self, name: &str, notices: &[Notice]) {
        let common = self.common;
        let mut told = Vec::new();
        for notice in notices {
            let count = match notice.what {
                NoticeKind::LeftOut(_) => &mut self.left_out,
                NoticeKind::StillToCome { .. } => &mut self.still_to_come,
                _ => {
                    told.push(notice.clone());
                    continue;
                }
            };
            *count += 1;
            if *count <= MOST_NAMED || common.verbose {
                told.push(notice.clone());
            }
        }
        self.meter.suspend(|| tell_notices(common, name, &told));
    }

    fn passed_over(&mut self, name: &str) {
        self.drafts += 1;
        if self.common.quiet || self.drafts > MOST_NAMED && !self.common.verbose {
            return;
        }
        let name = on_one_line(name);
        self.meter.suspend(|| {
            output::warning(&format!(
                "{name}: passed over, as its front matter says that it is a draft"
            ));
        });
    }

    fn placed(&mut self, name: &str, outcome: &Placed) {
        if let (Some(_), Some((path, _))) = (&self.history, name.rsplit_once(" at ")) {
            self.articles.insert(path.to_owned(), outcome.article.clone());
        }
        if let (Some(history), Some(source)) = (&self.history, outcome.source)
            && !history.has(source)
        {
            self.rewritten.insert(outcome.article.clone(), source);
        }
        if let Some(clash) = outcome.clash.as_ref().filter(|_| !self.common.quiet) {
            let (name, article) = (on_one_line(name), &outcome.article);
            self.meter.suspend(|| {
                output::warning(&format!(
                    "{name}: {clash} is another text, so that this one is {article}"
                ));
            });
        }
        let Some(footers) = &mut self.footers else { return };
        let line = add::as_json(Some(name), outcome);
        if let Err(error) = writeln!(footers.file, "{line}") {
            let path = footers.path.display();
            self.failed.get_or_insert(Failure::new(format!(
                "could not write {path}: {error}; nothing was imported"
            )));
        }
    }

    fn progress(&mut self, progress: Progress) -> ControlFlow<()> {
        if self.failed.is_some() {
            return ControlFlow::Break(());
        }
        self.meter.tell(progress)
    }
}
