//! `avalaches maintain`.

use std::path::Path;

use avalaches::maintain::{self, MaintainError};
use avalaches::storage::fold::FoldError;
use avalaches::storage::index_file::IndexFileError;
use avalaches::wording::counted;
use serde_json::json;

use super::output::visible;
use super::progress::{Meter, Shown};
use super::{Common, Failure, Outcome, output};

/// Fold loose objects and packs into one small pack; ids and texts stay what they are
#[derive(Debug, clap::Args)]
pub struct Maintain {
    /// How progress is shown
    #[arg(long, value_enum, default_value = "auto")]
    progress: Shown,
}

impl Maintain {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let path = common.archive_path()?;
        let mut meter = Meter::begin(common, self.progress, "objects")?;
        let done = maintain::maintain(&path, common.owner(), common.durability(), &mut |progress| {
            meter.tell(progress)
        });
        meter.end();
        match done {
            Ok(outcome) => report(common, &outcome),
            Err(error) if error.is_end() => {
                output::note("ended by the user; the archive is as it was");
                Ok(Outcome::Interrupted)
            }
            Err(error) => Err(failure(error)),
        }
    }
}

/// Tells of what could not be cleared of withheld content, and of what has a tombstone and stays.
pub fn tell_not_cleared(outcome: &maintain::Outcome) {
    for spared in &outcome.spared {
        output::warning(&format!(
            "{} has a tombstone and stays in the store: {}",
            spared.blob,
            visible(&spared.why)
        ));
    }
    for name in &outcome.in_use {
        output::warning(&format!(
            "{name} in the archive's folder may have what is withheld, and another program is at work there; run `avalaches \
             maintain` when it has ended"
        ));
    }
    for path in &outcome.leftovers {
        let path = Path::new("objects").join(path);
        output::warning(&format!(
            "{} in the archive's folder is left over from an interrupted write and may have what is withheld; delete it when no \
             git is at work there",
            visible(&path.to_string_lossy())
        ));
    }
}

fn report(common: &Common, outcome: &maintain::Outcome) -> Result<Outcome, Failure> {
    tell_not_cleared(outcome);
    if common.json {
        output::print_json(&json!({
            "schema": "avalaches/maintain/1",
            "done": outcome.done,
            "objects": outcome.objects,
            "loose": outcome.loose,
            "packs": outcome.packs,
            "left": outcome.left,
            "dropped": outcome.dropped,
            "bytes_before": outcome.bytes_before,
            "bytes_after": outcome.bytes_after,
            "pack": outcome.pack,
        }))?;
        return Ok(Outcome::Yes);
    }
    let left = match outcome.left {
        0 => String::new(),
        left => format!("; {} left as it is", counted(left, "pack")),
    };
    let dropped = match outcome.dropped {
        0 => String::new(),
        dropped => format!("; {} dropped", counted(dropped, "withheld object")),
    };
    let objects = counted(outcome.objects, "object");
    let text = if outcome.done {
        format!(
            "folded  {} and {} into one of {objects}, {} bytes before, {} now{dropped}{left}\n",
            counted(outcome.loose, "loose object"),
            counted(outcome.packs, "pack"),
            outcome.bytes_before,
            outcome.bytes_after
        )
    } else {
        format!(
            "nothing to do: no loose object, {} of {objects}{left}\n",
            counted(outcome.packs, "pack")
        )
    };
    output::print(&text)?;
    Ok(Outcome::Yes)
}

/// Tells why an archive was not maintained.
pub fn failure(error: MaintainError) -> Failure {
    let hint = match &error {
        error if error.is_damage() => Some("run `avalaches verify` to see all that is wrong"),
        MaintainError::Fold(FoldError::Busy(_)) => {
            Some("wait for it to end; a program that was killed holds no lock")
        }
        MaintainError::Words(IndexFileError::Busy(_)) => {
            Some("wait until that program has written it, or end it, and run it again")
        }
        MaintainError::Unreadable(_) => Some("run it again"),
        _ => None,
    };
    match error {
        MaintainError::Open(error) => super::open_failure(error),
        error => Failure::from(error).hint_if(hint),
    }
}
