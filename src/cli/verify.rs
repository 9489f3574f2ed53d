//! `avalaches verify`.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use avalaches::add::PageError;
use avalaches::archive::{Archive, OpenError};
use avalaches::document::verdict;
use avalaches::draft::{self, Draft, Form};
use avalaches::footer::{self, Footer};
use avalaches::id::{ArticleId, IdPrefix};
use avalaches::object::Hashing;
use avalaches::proof::block;
use avalaches::quote::Way;
use avalaches::storage::verified;
use avalaches::swhid::{SCHEME, Swhid};
use avalaches::tlog::policy::Policy;
use avalaches::verify::whole::{self, Options, Report, Scope};
use avalaches::verify::{self, Answer, Verdict};
use avalaches::verify::{alone, in_log};
use clap::ValueEnum;

use super::pages::{FormName, SAVE_FIRST, form_of, is_address, page_failure, read_once, read_published};
use super::progress::{Meter, Shown};
use super::remember::{self, Found};
use super::{Common, Failure, Outcome, output, quote, resolve};

pub use self::report::{findings_json, findings_text, scope_name};

mod answer;
mod report;

/// Check pages, footers and ids, or the whole archive when nothing is named
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// A page's file, - for stdin, a footer, an id of 7 to 40 digits, a SWHID, an article, or ARTICLE@N for its revision N
    #[arg(value_name = "PAGE|FOOTER|ID|SWHID")]
    things: Vec<String>,
    /// Count a superseded revision as a no
    #[arg(long, requires = "things")]
    current: bool,
    /// Judge pages by the proofs in them, whether or not there is an archive
    #[arg(long, requires = "things", conflicts_with = "current")]
    without_archive: bool,
    /// How pages are written [default: by name, else by content]
    #[arg(long, value_enum, requires = "things")]
    form: Option<FormName>,
    /// Of the whole archive, check only what came after a commit
    #[arg(long, value_name = "ID", conflicts_with_all = ["things", "subset"])]
    since: Option<String>,
    /// Check what came after the last --changed that found nothing wrong, and record the tip
    #[arg(long, conflicts_with_all = ["things", "since", "subset"])]
    changed: bool,
    /// Check one share of the whole archive: 1/7, 2/7 … are together a full check, but that two revisions which follow the same
    /// one may fall into two shares
    #[arg(long, value_name = "N/T", value_parser = share, conflicts_with = "things")]
    subset: Option<Scope>,
    /// How ids are computed: by two implementations, one of which detects prepared collisions, or by one
    #[arg(long, value_enum, default_value = "both", conflicts_with = "things")]
    hash: HashName,
    /// How progress is shown
    #[arg(long, value_enum, default_value = "auto", conflicts_with = "things")]
    progress: Shown,
    /// A policy that says whose checkpoints and cosignatures count (C2SP tlog-policy); what no such checkpoint covers is unknown
    #[arg(long, value_name = "FILE", requires = "things")]
    policy: Option<PathBuf>,
    /// Say which revisions have these words, whatever the white space between them, with or without
    /// the marks of lists and quotations
    #[arg(long, value_name = "WORDS", allow_hyphen_values = true, conflicts_with_all = ["things", "since", "changed", "subset"])]
    quote: Option<String>,
    /// Read every text for the quote, without the file in which words are looked up
    #[arg(long, requires = "quote")]
    scan: bool,
}

/// The names of [`Hashing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HashName {
    Both,
    Sha1,
}

fn share(text: &str) -> Result<Scope, String> {
    let parts = text
        .split_once('/')
        .and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
    match parts {
        Some((number, of)) if (1..=of).contains(&number) => Ok(Scope::Share { number, of }),
        _ => Err("a share is N/T with N from 1 to T, such as 1/7".to_owned()),
    }
}

/// What is asked about pages, footers and ids.
enum Asked {
    /// An archive.
    Archive(Box<Archive>),
    /// An archive whose own content does not let it be opened.
    Damaged(OpenError),
    /// The page itself, by the proof that it carries.
    Page,
}

/// What somebody means by what is named.
enum Meant<'a> {
    /// A file, or stdin.
    Page,
    Footer(Footer),
    Swhid(Swhid),
    /// An article, or one of its revisions by number.
    Article(&'a str),
    Id(IdPrefix),
}

impl<'a> Meant<'a> {
    fn of(thing: &'a str) -> Result<Self, Failure> {
        let trimmed = thing.trim();
        let is_article = trimmed.parse::<ArticleId>().is_ok() || resolve::numbered(trimmed).is_some();
        let file = Path::new(thing);
        // A site's folder of an article has the article's name, and no folder is a page.
        if thing == "-" || file.exists() && !(is_article && file.is_dir()) {
            if file.is_dir() {
                return Err(Failure::new(format!("{thing} is a folder; name its pages")));
            }
            return Ok(Self::Page);
        }
        let tidied = footer::tidied(trimmed);
        match tidied.parse() {
            Ok(footer) => return Ok(Self::Footer(footer)),
            Err(error) if Footer::looks_like_one(&tidied) => {
                return Err(Failure::from(error).hint(
                    "a footer is pasted whole, as in \"2026-01-22 (Thursday) · a038737196a74c325d6a90900694dd78867e8af9\"; an id can be asked for by itself, whole or its first digits",
                ));
            }
            Err(_) => {}
        }
        if trimmed.starts_with(SCHEME) {
            return Ok(Self::Swhid(trimmed.parse()?));
        }
        if is_article {
            return Ok(Self::Article(trimmed));
        }
        IdPrefix::parse(trimmed).map(Self::Id).ok_or_else(|| {
            let what = format!("there is no file {thing:?}, and it is no footer, id, SWHID or article");
            Failure::new(what).hint(if is_address(trimmed) {
                SAVE_FIRST
            } else {
                "an id has 7 to 40 digits of 0-9 and a-f; a footer is pasted whole, in quotes"
            })
        })
    }
}

impl Verify {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        read_once(&self.things)?;
        if self.without_archive {
            return self.check_things(common, &Asked::Page);
        }
        let path = match common.find_archive()? {
            Some(path) => path,
            // A page may carry its proof.
            None if !self.things.is_empty() => return self.check_things(common, &Asked::Page),
            None => return Err(super::no_archive()),
        };
        let archive = match common.open_at(&path) {
            Ok(archive) => archive,
            // The archive is there and damaged: that is an answer.
            Err(error) if error.is_damage() && self.quote.is_none() => {
                return if self.things.is_empty() {
                    report::tell(common, Scope::Whole, &Report::of_damaged(&path, &error))
                } else {
                    self.check_things(common, &Asked::Damaged(error))
                };
            }
            Err(error) => return Err(super::open_failure(error)),
        };
        if let Some(words) = &self.quote {
            let way = if self.scan { Way::Scan } else { Way::Words };
            return quote::run(common, &archive, words, way, self.progress);
        }
        if self.things.is_empty() {
            return self.check_whole(common, &archive);
        }
        self.check_things(common, &Asked::Archive(Box::new(archive)))
    }

    fn check_things(&self, common: &Common, asked: &Asked) -> Result<Outcome, Failure> {
        let mut outcome = Outcome::Yes;
        let mut failed = None;
        let mut documents = Vec::new();
        let mut proved = false;
        let policy = self.policy.as_deref().map(super::policy::read).transpose()?;
        let contradictions = match asked {
            Asked::Archive(archive) => remember::contradictions(archive)?,
            Asked::Damaged(_) | Asked::Page => remember::folder().is_ok().then(Found::default),
        };
        let is_held = contradictions.is_some();
        let contradictions = contradictions.unwrap_or_default();
        for thing in &self.things {
            let judged = match asked {
                Asked::Archive(archive) => self.judge(archive, thing).and_then(|mut answer| {
                    in_log::of_archive(archive, &mut answer, policy.as_ref())?;
                    contradictions.tell(&mut answer);
                    Ok(answer)
                }),
                Asked::Damaged(error) => self.judge_damaged(error, thing, policy.as_ref()),
                Asked::Page => self.judge_alone(thing, policy.as_ref()),
            };
            let answer = match judged {
                Ok(answer) => answer,
                Err(failure) if self.things.len() == 1 => return Err(failure),
                Err(failure) => {
                    failure.tell();
                    failed = Some(thing);
                    continue;
                }
            };
            let verdict = answer.verdict();
            if !verdict.is_yes() || self.current && verdict == Verdict::Superseded {
                outcome = Outcome::No;
            }
            proved |= verdict.is_yes();
            if common.json {
                documents.push(verdict::answer(thing, &answer));
            } else {
                output::print(&answer::text(common, thing, &answer))?;
            }
        }
        if !is_held && !common.quiet {
            output::note(remember::HELD_AGAINST_NOTHING);
        }
        if common.json {
            output::print_json(&verdict::document(&documents))?;
        } else if proved && !common.quiet {
            output::note(match asked {
                Asked::Archive(_) | Asked::Damaged(_) => {
                    "a footer proves what was published and in which order; not that it is true, nor the clock time"
                }
                Asked::Page => {
                    "this proves that the text is what the footer names; not that it is true, nor when it was published, nor that no revision followed"
                }
            });
        }
        if contradictions.behind.is_some() && !common.quiet {
            output::hint(remember::PULL_FIRST);
        }
        match failed {
            Some(thing) => Err(Failure::new(format!("could not answer for {thing:?}"))),
            None => Ok(outcome),
        }
    }

    fn check_whole(&self, common: &Common, archive: &Archive) -> Result<Outcome, Failure> {
        let recorded = self.changed.then(|| verified::load(archive.path())).flatten();
        let since = match &self.since {
            None => recorded,
            // That an id is not in the archive is an answer.
            Some(text) => Some(text.parse().or_else(|_| resolve::commit(archive, text))?),
        };
        let scope = match since {
            Some(id) => Scope::Since(id),
            None => self.subset.unwrap_or_default(),
        };
        let hashing = match self.hash {
            HashName::Both => Hashing::Both,
            HashName::Sha1 => Hashing::Sha1,
        };
        let mut meter = Meter::begin(common, self.progress, "objects")?;
        let options = Options {
            scope,
            hashing,
            ..Options::default()
        };
        let mut report = whole::check(archive, options, &mut |progress| meter.tell(progress));
        meter.end();
        let (contradicting, note) = remember::findings(archive)?;
        report.findings.extend(contradicting);
        report.notes.extend(note);
        if self.changed && report.findings.is_empty() && report.ended.is_none() {
            if recorded.is_none() {
                report
                    .notes
                    .push("no check was recorded before: everything was checked".to_owned());
            }
            if let Err(error) = verified::save(archive.path(), archive.tip()) {
                let file = archive.path().join(verified::FILE_NAME);
                report
                    .notes
                    .push(format!("could not record the tip in {}: {error}", file.display()));
            }
        }
        report::tell(common, scope, &report)
    }

    fn judge(&self, archive: &Archive, thing: &str) -> Result<Answer, Failure> {
        match Meant::of(thing)? {
            Meant::Page => self.judge_page(archive, thing),
            Meant::Footer(footer) => Ok(verify::footer(archive, &footer)?),
            Meant::Swhid(swhid) => Ok(verify::swhid(archive, &swhid)?),
            Meant::Article(name) => Ok(verify::id(archive, resolve::commit(archive, name)?)?),
            Meant::Id(prefix) => Ok(match resolve::by_prefix(archive, &prefix)? {
                Some(id) => verify::id(archive, id)?,
                None => verify::unknown(&format!("the archive has no commit that begins with {prefix}")),
            }),
        }
    }

    /// Answers where the archive is damaged; of a page the proof that it carries is looked at all the same.
    fn judge_damaged(
        &self,
        error: &OpenError,
        thing: &str,
        policy: Option<&Policy>,
    ) -> Result<Answer, Failure> {
        let by_proof = match Meant::of(thing)? {
            Meant::Page => self.by_proof(thing, policy)?.ok(),
            _ => None,
        };
        Ok(verify::of_damaged(error, by_proof))
    }

    fn judge_page(&self, archive: &Archive, thing: &str) -> Result<Answer, Failure> {
        let bytes = read_published(Path::new(thing))?;
        if alone::is_proof(&bytes) {
            let answer = alone::proof_file(&bytes);
            return match &answer.revision {
                Some(revision) => Ok(verify::id(archive, revision.id)?),
                None => Ok(answer),
            };
        }
        let (_, draft) = self.draft(thing, &bytes)?;
        let mut answer = verify::page(archive, &draft)?;
        if answer.verdict() == Verdict::Unknown && draft.carries_proof {
            let reason = "the page carries a proof of its own, which `verify --without-archive` judges";
            answer.reasons.push(reason.to_owned());
        }
        Ok(answer)
    }

    /// Judges a page by the proof that it carries.
    fn judge_alone(&self, thing: &str, policy: Option<&Policy>) -> Result<Answer, Failure> {
        let file = Path::new(thing);
        if thing != "-" && !file.is_file() {
            let (what, hint) = if self.without_archive {
                (
                    "is no page's file",
                    "without --without-archive it is looked up in an archive",
                )
            } else {
                (
                    "is no page's file, and there is no archive to look it up in",
                    "name an archive with --archive DIR",
                )
            };
            let hint = if is_address(thing) { SAVE_FIRST } else { hint };
            return Err(Failure::new(format!("{thing:?} {what}")).hint(hint));
        }
        self.by_proof(thing, policy)?.map_err(|proofs| match proofs {
            0 if self.without_archive => Failure::new(format!("{thing} carries no proof"))
                .hint("without --without-archive an archive is asked; pages that `avalaches build` wrote carry a proof"),
            0 => Failure::new(format!("{thing} carries no proof, and there is no archive to ask"))
                .hint("name an archive with --archive DIR; pages that `avalaches build` wrote carry a proof"),
            proofs => Failure::new(format!("{thing} carries {proofs} proofs; a page has one")),
        })
    }

    /// Judges a page by the proof that it carries, or a proof; returns how many it carries where that is not one.
    fn by_proof(&self, thing: &str, policy: Option<&Policy>) -> Result<Result<Answer, usize>, Failure> {
        let bytes = read_published(Path::new(thing))?;
        if alone::is_proof(&bytes) {
            let mut answer = alone::proof_file(&bytes);
            in_log::of_page(&mut answer, &[], policy);
            return Ok(Ok(answer));
        }
        let (form, draft) = self.draft(thing, &bytes)?;
        let html = if form.has_elements() {
            String::from_utf8_lossy(&bytes)
        } else {
            Cow::default()
        };
        let blocks = |media_types: &[&str], id| {
            let blocks = draft::html::data_blocks(&html, media_types, id);
            blocks.map_err(|e| page_failure(thing, &PageError::Draft(e)))
        };
        let of_log = blocks(&[in_log::MEDIA_TYPE], in_log::ELEMENT_ID)?;
        let blocks = blocks(&block::MEDIA_TYPES, block::ELEMENT_ID)?;
        let [proof] = &blocks[..] else {
            return Ok(Err(blocks.len()));
        };
        let mut answer = alone::page(proof, &draft);
        in_log::of_page(&mut answer, &of_log, policy);
        remember::of_page(&mut answer)?;
        Ok(Ok(answer))
    }

    fn draft(&self, thing: &str, bytes: &[u8]) -> Result<(Form, Draft), Failure> {
        let file = Path::new(thing);
        let form = self.form.map_or_else(|| form_of(file, bytes), Into::into);
        let mut draft =
            draft::read_published(bytes, form).map_err(|e| page_failure(thing, &PageError::Draft(e)))?;
        if thing != "-" && file.is_file() {
            draft.judge_name(thing);
        }
        Ok((form, draft))
    }
}
