//! `avalaches add`.

use std::path::{Path, PathBuf};

use avalaches::add::{self, AddError, Change, Circumstances, PageError, Pending, Prepared, Wishes};
use avalaches::archive::Archive;
use avalaches::article::{Kind, PAGE_FILE};
use avalaches::branch::PlaceError;
use avalaches::diff;
use avalaches::draft::{self, Form, Notice, NoticeKind};
use avalaches::editorial;
use avalaches::footer::Footer;
use avalaches::history;
use avalaches::id::ArticleId;
use avalaches::revision::Revision;
use avalaches::swhid::Swhid;
use avalaches::wording::with_causes;
use serde_json::{Value, json};

use super::changes::{self, Told};
use super::options::{Making, Reading, Saying};
use super::pages::{files, form_of, page_failure, place_failure, read_page, tell_notices};
use super::signing::unsigned;
use super::{Common, Failure, Outcome, open_failure, output, write_failure};

/// Add pages, each as one commit, and print their footers
#[derive(Debug, clap::Args)]
pub struct Add {
    /// Files, folders, or - for stdin
    #[arg(required = true, value_name = "PAGE")]
    pages: Vec<PathBuf>,
    #[command(flatten)]
    saying: Saying,
    #[command(flatten)]
    making: Making,
    #[command(flatten)]
    reading: Reading,
    /// Last part of the article's id [default: from the title or the first words]
    #[arg(long)]
    slug: Option<String>,
    /// One line that says why the revision is made
    #[arg(long)]
    note: Option<String>,
    /// publish, update, correction, retraction, restoration or technical
    #[arg(long)]
    kind: Option<Kind>,
    /// Article that gets a new revision
    #[arg(long, value_name = "ID")]
    article: Option<ArticleId>,
    /// Add the good pages where some are bad, and exit with 1
    #[arg(long)]
    keep_going: bool,
}

impl Add {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        if self.saying.expect.is_some() && self.article.is_none() {
            return Err(Failure::new(
                "--expect names the newest revision of an article, and no article is named",
            )
            .hint("say --article ID"));
        }
        let archive = common.open()?;
        let circumstances = self
            .making
            .circumstances(common, &archive, self.reading.allow_invisible)?;
        let wishes = self.wishes(&archive)?;
        let files = files(common, &self.pages)?;
        if files.len() > 1 && (self.article.is_some() || self.slug.is_some()) {
            return Err(Failure::new(format!(
                "--article and --slug are for one page, and there are {}",
                files.len()
            )));
        }
        let mut good = Vec::new();
        let mut bad = 0;
        let mut pending = Pending::begin(&archive, &circumstances)?;
        for (at, file) in files.iter().enumerate() {
            match self.prepare(file, &wishes, &archive, &pending, &circumstances) {
                Ok(prepared) => {
                    if at + 1 < files.len() {
                        pending.take(&prepared);
                    }
                    let name = file.to_string_lossy().into_owned();
                    tell_notices(common, &name, &prepared.notices);
                    good.push((name, prepared));
                }
                Err(failure) => {
                    bad += 1;
                    failure.tell();
                }
            }
        }
        if bad > 0 && !self.keep_going {
            let pages = if files.len() == 1 {
                "the page was".to_owned()
            } else {
                format!("{bad} of {} pages were", files.len())
            };
            let failure = Failure::new(format!("{pages} refused, and nothing was added"));
            return Err(if good.is_empty() {
                failure
            } else {
                failure.hint("--keep-going adds the good ones")
            });
        }
        drop(pending);
        let path = archive.path().to_owned();
        drop(archive);
        let pages: Vec<Prepared> = good.iter().map(|(_, page)| page.clone()).collect();
        let done = self.making.put(common, &path, &pages, &circumstances);
        let outcomes = done.map_err(|error| failure(common, error, &good))?;
        let names: Vec<Option<&str>> = good.iter().map(|(name, _)| Some(name.as_str())).collect();
        report(common, self.making.dry_run, &names, &outcomes)?;
        Ok(if bad == 0 { Outcome::Yes } else { Outcome::No })
    }

    fn wishes(&self, archive: &Archive) -> Result<Wishes, Failure> {
        Ok(Wishes {
            slug: self.slug.clone(),
            languages: self.reading.lang.clone(),
            drafts: self.reading.drafts(),
            note: self.note.clone(),
            kind: self.kind,
            article: self.article.clone(),
            ..self.saying.wishes(archive, &self.making)?
        })
    }

    fn prepare(
        &self,
        file: &Path,
        wishes: &Wishes,
        archive: &Archive,
        pending: &Pending<'_>,
        circumstances: &Circumstances,
    ) -> Result<Prepared, Failure> {
        let bytes = read_page(file)?;
        let form = self
            .reading
            .form
            .map_or_else(|| form_of(file, &bytes), Form::from);
        let refused = |error: PageError| page_failure(&file.to_string_lossy(), &error);
        let mut draft =
            draft::read(&bytes, form, circumstances.invisible).map_err(|error| refused(error.into()))?;
        let own = draft.front.article.as_deref();
        let article = wishes.article.clone().or_else(|| own?.parse().ok());
        let own = draft.front.kind.as_deref();
        let kind = wishes.kind.or_else(|| own?.parse().ok());
        let mut wishes = wishes.clone();
        // That there is no such article is told where the page looks for its place.
        if let Some(article) = article {
            let made = pending.newest(&article);
            let kept = match kind {
                Some(Kind::Restoration) => pending.newest_text(&article),
                _ => made,
            };
            wishes.previous = kept.cloned();
            if let Some(newest) = history::newest(archive, &article)? {
                editorial::drop_own_footer(archive, &article, &mut draft)?;
                if wishes.date.is_none() {
                    editorial::drop_earlier_date(archive, newest, &mut draft, circumstances.now)?;
                }
                if wishes.previous.is_none() {
                    wishes.previous = Some(editorial::kept(archive, newest, kind)?.article);
                }
                // What the page does not say is kept of this revision, and would undo what another editor did since.
                if made.is_none() {
                    wishes.expected.get_or_insert(newest);
                }
            }
        }
        let mut prepared =
            add::prepare_draft(draft, form, &wishes, archive.settings(), circumstances).map_err(refused)?;
        // Sites have a date for what they tell; whoever writes a text may mean the present one.
        if prepared.is_undated && form.has_elements() && wishes.previous.is_none() {
            prepared.notices.push(Notice {
                line: 0,
                what: NoticeKind::Undated,
            });
        }
        Ok(prepared)
    }
}

/// Says what became of revisions, each with its page where it has one: footers to stdout, all else to stderr.
pub fn report(
    common: &Common,
    dry_run: bool,
    pages: &[Option<&str>],
    outcomes: &[add::Outcome],
) -> Result<(), Failure> {
    let added = outcomes.iter().any(|outcome| outcome.change == Change::Added) && !dry_run;
    // The commits are on disk; that this could not be said must not pass for "not added".
    let unreported = |failure: Failure| {
        if !added {
            return failure;
        }
        let ids: Vec<String> = outcomes
            .iter()
            .map(|outcome| outcome.footer.commit.to_string())
            .collect();
        failure.after(&format!("committed {}", ids.join(", ")))
    };
    if common.json {
        let items: Vec<Value> = pages
            .iter()
            .zip(outcomes)
            .map(|(page, outcome)| as_json(*page, outcome))
            .collect();
        let document = json!({"schema": "avalaches/add/1", "dry_run": dry_run, "pages": items});
        return output::print_json(&document).map_err(unreported);
    }
    let mut footers = String::new();
    for (page, outcome) in pages.iter().zip(outcomes) {
        if !common.quiet {
            let add::Outcome {
                article,
                revision,
                kind,
                ..
            } = outcome;
            let verb = match (outcome.change, dry_run) {
                (Change::None, _) => "unchanged:",
                (Change::Added, false) => "added",
                (Change::Added, true) => "would add",
            };
            let page = page.map(|page| format!("{page}: ")).unwrap_or_default();
            output::note(&format!("{page}{verb} {article}, revision {revision}, {kind}"));
            if common.verbose {
                output::note(&Swhid::revision(outcome.footer.commit).to_string());
            }
            if let Some(clash) = &outcome.clash {
                output::warning(&format!(
                    "{clash} is another text; for a new revision of it say --article {clash}"
                ));
            }
        }
        footers.push_str(&format!("{}\n", outcome.footer));
    }
    output::print(&footers).map_err(unreported)
}

/// Says why nothing was added, of pages that each have a name.
pub fn failure(common: &Common, error: AddError, pages: &[(String, Prepared)]) -> Failure {
    match error {
        AddError::Page(position, why) => match pages.get(position) {
            Some((name, prepared)) => {
                let mut failure = place_failure(name, &why);
                if matches!(why, PlaceError::Withheld(_)) && prepared.candidate.kind == Kind::Retraction {
                    failure = failure.hint(
                        "the notice of this retraction has the very words of one that was expunged; say why in others, with --note",
                    );
                }
                if let PlaceError::OtherText { newest, .. } = &why {
                    failure
                        .message
                        .push_str(&differences(common, newest, prepared).unwrap_or_default());
                }
                failure
            }
            None => Failure::new(with_causes(&why)),
        },
        AddError::Open(error) => open_failure(error),
        AddError::Sign(error) => unsigned(error, "added"),
        AddError::Write(error) => write_failure(error, "added"),
        other => Failure::from(other),
    }
}

/// Shows what differs between a revision's text and a page's, where the archive can be read.
fn differences(common: &Common, newest: &Footer, prepared: &Prepared) -> Option<String> {
    let archive = common.open().ok()?;
    let revision = Revision::read(&archive, newest.commit).ok()?;
    let page = prepared.files.iter().find(|file| file.name == PAGE_FILE)?;
    let found = diff::compare(&revision.page_text, std::str::from_utf8(&page.bytes).ok()?);
    let mut text = String::from("\n");
    changes::write(&found, Told::OfPage, &mut text);
    Some(anstream::adapter::strip_str(text.trim_end()).to_string())
}

/// Returns what became of a page, as `JSON.md` has it.
pub fn as_json(page: Option<&str>, outcome: &add::Outcome) -> Value {
    json!({
        "page": page,
        "article": outcome.article.to_string(),
        "revision": outcome.revision,
        "kind": outcome.kind.name(),
        "added": outcome.change == Change::Added,
        "date": outcome.footer.day.to_string(),
        "id": outcome.footer.commit.to_string(),
        "swhid": Swhid::revision(outcome.footer.commit).to_string(),
        "footer": outcome.footer.to_string(),
    })
}
