//! Everything that an archive is asked of which the index knows something, and what it answers.

use std::fs;
use std::path::Path;

use avalaches::archive::{Archive, Owner};
use avalaches::canonical::Invisible;
use avalaches::draft::{self, Form};
use avalaches::footer::Footer;
use avalaches::history;
use avalaches::id::{ArticleId, CommitId};
use avalaches::listing::{Listing, Wanted};
use avalaches::verify::{self, Answer, Named};
use avalaches::withheld::Kept;

/// The questions: articles, filters, pages and footers.
pub struct Questions {
    pub articles: Vec<ArticleId>,
    pub first_revisions: Vec<CommitId>,
    pub wanted: Vec<Wanted>,
    pub pages: Vec<String>,
    pub footers: Vec<Footer>,
}

/// Asks everything of an archive and returns the answers.
pub fn ask(archive: &Path, questions: &Questions) -> Vec<String> {
    let open = || Archive::open(archive, Owner::Caller).unwrap();
    let mut answers = Vec::new();
    let archive = open();
    for article in &questions.articles {
        let newest = history::newest(&archive, article).unwrap();
        let revisions = newest.map_or_else(Vec::new, |id| history::revisions(&archive, id).unwrap());
        let ids: Vec<String> = revisions
            .iter()
            .map(|revision| revision.id().to_string())
            .collect();
        answers.push(format!("newest of {article}: {}", ids.join(" ")));
    }
    let archive = open();
    for wanted in &questions.wanted {
        let listing = Listing::of(&archive, wanted).unwrap();
        let width = listing.width();
        let footers: Vec<String> = listing
            .map(|revision| revision.unwrap().footer().to_string())
            .collect();
        answers.push(format!("width of {wanted:?}: {width}"));
        answers.push(format!("{wanted:?}:\n  {}", footers.join("\n  ")));
    }
    let archive = open();
    for id in &questions.first_revisions {
        let revision = Kept::read(&archive, *id).unwrap();
        let later: Vec<String> = history::later(&archive, &revision)
            .unwrap()
            .iter()
            .map(|(id, message)| format!("{id} {}", message.subject))
            .collect();
        answers.push(format!("after {id}: {}", later.join(" ")));
    }
    let archive = open();
    for page in &questions.pages {
        let draft = draft::read(page.as_bytes(), Form::Text, Invisible::Allow).unwrap();
        answers.push(told(&verify::page(&archive, &draft).unwrap()));
    }
    for footer in &questions.footers {
        answers.push(told(&verify::footer(&archive, footer).unwrap()));
    }
    answers
}

/// Asks everything without an index: a folder stands where its file would be.
pub fn ask_walking(archive: &Path, questions: &Questions) -> Vec<String> {
    let index = archive.join("avalaches.index");
    let aside = archive.join("aside");
    let had = fs::rename(&index, &aside).is_ok();
    fs::create_dir(&index).unwrap();
    let answers = ask(archive, questions);
    assert!(index.is_dir(), "an index was made all the same");
    fs::remove_dir(&index).unwrap();
    if had {
        fs::rename(&aside, &index).unwrap();
    }
    answers
}

fn told(answer: &Answer) -> String {
    let names = |named: &[Named]| {
        let footers: Vec<String> = named.iter().map(|named| named.footer.to_string()).collect();
        footers.join(" ")
    };
    format!(
        "{} {:?} later: {} same: {} claimed: {}",
        answer.verdict().name(),
        answer.reasons,
        names(&answer.later),
        names(&answer.same_text),
        names(&answer.claimed_by)
    )
}
