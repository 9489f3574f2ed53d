//! `avalaches remember`.

use avalaches::archive::Archive;
use avalaches::remember::{self, Contradiction, PageStanding, Remembering};
use avalaches::storage::remembered::Remembered;
use avalaches::verify::Answer;
use avalaches::verify::in_log;
use avalaches::verify::whole::{Code, Finding};
use avalaches::wording::counted;
use serde_json::json;

use super::{Common, Failure, Outcome, environment, output};

/// Keep the archive's tip and its newest checkpoint in your own folder: every later `verify` holds the archive against them
///
/// A history that was rewritten, a log that was rolled back or forked, is found by whoever kept something of it before.
#[derive(Debug, clap::Args)]
pub struct Remember {}

impl Remember {
    #[expect(clippy::unused_self, reason = "as every command")]
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let remembered = folder()?;
        let kept = match remember::remember(&archive, &remembered)? {
            Remembering::Kept(kept) => kept,
            Remembering::Contradicted(found) => {
                for contradiction in &found {
                    output::error(&told(contradiction, &remembered)?);
                }
                output::hint(if found.iter().all(Contradiction::is_behind) {
                    "what was kept before stays; `avalaches pull` from a newer copy first"
                } else {
                    "what was kept before stays; if the publisher can explain it, delete it there yourself"
                });
                return Ok(Outcome::No);
            }
        };
        let checkpoint = kept.as_ref().map(|kept| &kept.signed().checkpoint);
        if common.json {
            output::print_json(&json!({
                "schema": "avalaches/remember/1",
                "tip": archive.tip().to_string(),
                "origin": checkpoint.map(|checkpoint| checkpoint.origin.clone()),
                "size": checkpoint.map(|checkpoint| checkpoint.size),
            }))?;
            return Ok(Outcome::Yes);
        }
        let mut text = String::new();
        if let Some(checkpoint) = checkpoint {
            let origin = output::visible(&checkpoint.origin);
            let size = checkpoint.size;
            text.push_str(&format!(
                "kept the checkpoint of {} of {origin}\n",
                counted(size, "revision")
            ));
        }
        text.push_str(&format!("kept the tip {}\n", archive.tip()));
        output::print(&text)?;
        Ok(Outcome::Yes)
    }
}

/// Names the user's folder.
pub fn folder() -> Result<Remembered, Failure> {
    Ok(Remembered::in_folder(environment::state_folder()?))
}

/// Tells what contradicts what was kept, and keeps the two signed statements where there are two.
pub fn told(contradiction: &Contradiction, remembered: &Remembered) -> Result<String, Failure> {
    let Some((kept, shown)) = contradiction.evidence() else {
        return Ok(contradiction.to_string());
    };
    let folder = remembered.keep_evidence(kept, shown)?;
    Ok(format!(
        "{contradiction}; both signed checkpoints lie in {}",
        folder.display()
    ))
}

/// Tells what contradicts, as [`told`] does; without a folder of the user's own nothing can be kept, and it is told all the same.
pub fn told_here(contradiction: &Contradiction) -> Result<String, Failure> {
    folder().map_or_else(
        |_| Ok(contradiction.to_string()),
        |remembered| told(contradiction, &remembered),
    )
}

/// What is said where nothing can be held against what the user kept.
pub const HELD_AGAINST_NOTHING: &str = "nothing was held against what you remembered: neither XDG_STATE_HOME nor HOME names a folder of yours, by its whole path";

/// What is found of an archive that is held against what the user kept of it, in words.
#[derive(Debug, Default)]
pub struct Found {
    /// What contradicts.
    pub contradicting: Vec<String>,
    /// That the archive is behind, and nothing contradicts.
    pub behind: Option<String>,
}

impl Found {
    /// Tells whether the archive goes on from what was kept.
    pub fn is_nothing(&self) -> bool {
        self.contradicting.is_empty() && self.behind.is_none()
    }

    /// Puts it into the answer about one thing.
    pub fn tell(&self, answer: &mut Answer) {
        for what in &self.contradicting {
            in_log::contradicted(answer, what.clone());
        }
        if let Some(what) = &self.behind {
            in_log::behind(answer, what.clone());
        }
    }
}

/// What to do about an archive that is behind.
pub const PULL_FIRST: &str =
    "`avalaches pull` from a newer copy: it goes on from here, or says that it does not";

/// Holds an archive against what the user kept of it; `None` where there is no folder in which something could have been kept.
pub fn contradictions(archive: &Archive) -> Result<Option<Found>, Failure> {
    let Ok(remembered) = folder() else {
        return Ok(None);
    };
    let mut found = Found::default();
    for contradiction in remember::contradictions(archive, &remembered)? {
        let what = told(&contradiction, &remembered)?;
        if contradiction.is_behind() {
            found.behind = Some(what);
        } else {
            found.contradicting.push(what);
        }
    }
    Ok(Some(found))
}

/// Warns whoever is about to add something where the archive lacks what the user kept of it.
pub fn warn_of_missing(common: &Common, archive: &Archive) {
    let Ok(remembered) = folder() else { return };
    if let Some(tip) = remember::missing(archive, &remembered).filter(|_| !common.quiet) {
        output::warning(&format!(
            "the archive does not have commit {tip}, which you remembered of it: it may have been put back as it was earlier, and what is added here is another history; `avalaches pull` from another copy first"
        ));
    }
}

/// The same for the check of a whole archive: as findings, and as a note where there is no such folder.
pub fn findings(archive: &Archive) -> Result<(Vec<Finding>, Option<String>), Failure> {
    let finding = |code, what| Finding {
        code,
        commit: None,
        place: "what you remembered".to_owned(),
        what,
    };
    Ok(match contradictions(archive)? {
        Some(Found {
            contradicting,
            behind,
        }) => {
            let rewritten = contradicting
                .into_iter()
                .map(|what| finding(Code::HistoryRewritten, what));
            let behind = behind.map(|what| finding(Code::BehindRemembered, what));
            (rewritten.chain(behind).collect(), None)
        }
        None => (Vec::new(), Some(HELD_AGAINST_NOTHING.to_owned())),
    })
}

/// Holds the place in a log that a page carries against what the user kept; puts into the answer about the page what is found.
pub fn of_page(answer: &mut Answer) -> Result<(), Failure> {
    let (Ok(remembered), Some(in_log)) = (folder(), &answer.in_log) else {
        return Ok(());
    };
    match remember::of_page(in_log, &remembered)? {
        PageStanding::Fits => {}
        PageStanding::Contradicted(contradiction) => {
            in_log::contradicted(answer, told(&contradiction, &remembered)?);
        }
        PageStanding::OtherKey => answer.reasons.push(format!(
            "its log has the name {}, of which you remember a log, and another key than that one had; only the publisher can say why",
            in_log.signed.checkpoint.origin
        )),
    }
    Ok(())
}
