//! What the commands share that bring copies of an archive together: which copy is meant, and how it is told that nothing
//! was changed.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::Path;

use avalaches::archive::Archive;
use avalaches::branch::PlaceError;
use avalaches::date::UtcOffset;
use avalaches::footer::Footer;
use avalaches::id::CommitId;
use avalaches::remember::Contradiction;
use avalaches::replication::{
    Address, Circumstances, Parting, Refusal, Remember, RememberedError, ReplicationError, Side,
};
use avalaches::storage::fetch::FetchError;
use avalaches::swhid::Swhid;
use avalaches::verify::whole::Finding;
use avalaches::wording::counted;
use serde_json::{Value, json};

use super::output::{BAD, visible};
use super::signing::unsigned;
use super::verify::findings_json;
use super::{Common, Failure, environment, open_failure, output, remember, threads};

/// How many findings are printed.
const MOST_PRINTED: usize = 10;

/// What git says of a host that could not unpack what was pushed, and of something fetched that is not all there.
const UNPACKED: &str = "unpacker error";
const CUT_OFF: &str = "early EOF";

/// What is to be done where a local commit cannot be made again.
const REBASE_THERE: &str = "`avalaches pull --rebase-mine` from this archive, where the other copy is kept, adds what is there on top; else clone that copy into a new folder and make the changes there: this archive stays as it is";

/// Returns what is so for a whole call. `offset` is the one of the day under which an old tip is kept.
pub fn circumstances(
    common: &Common,
    remember: Remember,
    archived_at: Option<&str>,
    offset: UtcOffset,
) -> Result<Circumstances, Failure> {
    Ok(Circumstances {
        git: environment::git()?,
        owner: common.owner(),
        day: environment::day(archived_at, offset)?,
        durability: common.durability(),
        remember,
    })
}

/// Reads an address that a user gave.
pub fn address(text: &OsStr) -> Result<Address, Failure> {
    Ok(Address::parse(text)?.absolute())
}

/// Returns the copy that is meant: the one that is named, else the one that is remembered.
pub fn copy(archive: &Archive, named: Option<&OsStr>) -> Result<Address, Failure> {
    if let Some(text) = named {
        return address(text);
    }
    let meant = Address::meant(archive.path()).map_err(|error| failure(error.into()))?;
    meant.ok_or_else(|| {
        Failure::new("no repository is named, and the archive remembers none")
            .hint("name one: an address or a folder; the first one is remembered")
    })
}

/// Says why copies were not brought together.
pub fn failure(error: ReplicationError) -> Failure {
    let hint = match error {
        ReplicationError::Open(error) => return open_failure(error),
        ReplicationError::Place(footer, why) => return place(&footer, why),
        ReplicationError::Remembered(RememberedError::Missing { .. } | RememberedError::Folder { .. }) => {
            "name the copy that is meant, with --default to have it remembered; nothing was changed"
        }
        ReplicationError::Remembered(_) => {
            "delete the file, or write the address into it that is meant; nothing was changed"
        }
        ReplicationError::Fetch(FetchError::Shallow) => {
            "name the copy that it was made of, or run `git fetch --unshallow` there"
        }
        ReplicationError::Fetch(FetchError::Run { ref source, .. })
            if source.kind() == ErrorKind::WouldBlock =>
        {
            threads::HINT
        }
        ReplicationError::Fetch(FetchError::Unpacked) => {
            "where content was expunged there, git cannot pack it: copy the archive's folder itself, as with rsync, and pull from then on; else `avalaches verify` there says what is wrong"
        }
        ReplicationError::Withheld(_) => {
            "copy the archive's folder there itself, as with rsync, and push from then on"
        }
        ReplicationError::Fetch(FetchError::Git {
            what: "fetch",
            ref complaint,
            ..
        }) if complaint.contains(CUT_OFF) => {
            "what came ends too early: a file is cut off and has to be written or copied anew; else run the command again, what came is kept"
        }
        ReplicationError::Fetch(FetchError::Git { what: "fetch", .. }) => {
            "`git ls-remote` with the same address tells whether git can reach it; run the command again: what came is kept"
        }
        ReplicationError::Fetch(_) => {
            "see whether the address is right; `git ls-remote` with the same address tells whether git can reach it"
        }
        ReplicationError::Empty(_) => "`avalaches push` brings an archive there",
        ReplicationError::NoArchive { .. } => "`avalaches mirror REPO NAME` keeps any other repository",
        ReplicationError::Occupied { .. } => {
            "name a folder that is empty or does not exist yet, or pull into the archive that is there"
        }
        ReplicationError::NotOnBranch(_) => "`avalaches history ARTICLE` names the ids of revisions",
        ReplicationError::Rejected { ref summary, .. } if summary.contains(UNPACKED) => {
            "run `avalaches verify`: what the other side could not unpack is damaged or missing here, or its disk cannot be written to"
        }
        ReplicationError::Rejected { .. } => {
            "ask whoever keeps it: there may be a rule that forbids it, a lock that a killed git left, or a folder in which the branch is checked out"
        }
        ReplicationError::Own { .. } => {
            "run `avalaches verify` for all that is wrong here; the archive is as it was, and what came is kept"
        }
        ReplicationError::Mine(_) | ReplicationError::Read(_) => {
            "run `avalaches verify` to see whether the archive is whole"
        }
        ReplicationError::Root(_) => REBASE_THERE,
        _ => return Failure::from(error),
    };
    Failure::from(error).hint(hint)
}

/// Says why a local revision has no place upon what the other copy has.
fn place(footer: &Footer, why: PlaceError) -> Failure {
    if let PlaceError::Sign(why) = why {
        return unsigned(why, "changed");
    }
    Failure::from(ReplicationError::Place(footer.clone(), why)).hint(
        "clone the other copy into a new folder and write there what is to follow; this archive stays as it is",
    )
}

/// Prints why nothing was changed, and what to do next.
pub fn print_refusal(common: &Common, address: &Address, refusal: &Refusal) -> Result<(), Failure> {
    let address = visible(&address.to_string());
    let mut text = format!("{BAD}refused{BAD:#}  ");
    let hint = match refusal {
        Refusal::Unsound { tip, findings } => {
            let count = counted(findings.len(), "finding");
            let _ = writeln!(
                text,
                "{address}: {count} in what is new there; nothing was changed · {tip}"
            );
            for Finding { place, what, .. } in findings.iter().take(MOST_PRINTED) {
                let _ = writeln!(text, "  {}: {}", visible(place), visible(what));
            }
            "tell whoever keeps it; `avalaches verify` there says the same".to_owned()
        }
        Refusal::Unrelated { ours, theirs, .. } => {
            let _ = writeln!(
                text,
                "{address} is another archive, with another first commit; nothing was changed"
            );
            let _ = writeln!(text, "  here:  {}\n  there: {}", ours.first, theirs.first);
            "`avalaches mirror REPO NAME` keeps another archive beside this one's articles".to_owned()
        }
        Refusal::Diverged(parting) => diverged(&mut text, &address, parting),
        Refusal::Behind(theirs) => {
            let _ = writeln!(text, "{address} has what is not here; nothing was changed");
            side(&mut text, "there", theirs);
            "`avalaches pull` first, then push again".to_owned()
        }
        Refusal::MovedBack { seen, now } => {
            let _ = writeln!(text, "{address} was moved back; nothing was changed");
            let _ = writeln!(
                text,
                "  when it was last seen it had {seen}\n  and now it ends at {now}"
            );
            "what it had is here: `avalaches push` puts it back, if it is to be there".to_owned()
        }
    };
    if let Some(contradiction) = contradiction(refusal) {
        let _ = writeln!(text, "  {}", remember::told_here(contradiction)?);
    }
    output::print(&text)?;
    if !common.quiet {
        output::hint(&hint);
    }
    Ok(())
}

/// Returns the signed statements of both sides that cannot both be true.
fn contradiction(refusal: &Refusal) -> Option<&Contradiction> {
    match refusal {
        Refusal::Unrelated { contradiction, .. } => contradiction.as_ref(),
        Refusal::Diverged(parting) => parting.contradiction.as_ref(),
        Refusal::Unsound { .. } | Refusal::Behind(_) | Refusal::MovedBack { .. } => None,
    }
}

fn diverged(text: &mut String, address: &str, parting: &Parting) -> String {
    let Parting {
        common,
        ours,
        theirs,
        withdrawn,
        contradiction: _,
        fixed,
    } = parting;
    let what = match withdrawn {
        None => format!("this archive and {address} each have what the other has not"),
        Some(_) => format!("{address} has rewritten its history"),
    };
    let _ = writeln!(text, "{what}; nothing was changed\n  both have {common}");
    side(text, "here", ours);
    side(text, "there", theirs);
    match (withdrawn, fixed) {
        (None, Some(fixed)) => format!("{fixed}; {REBASE_THERE}"),
        (None, None) => format!(
            "`avalaches pull --rebase-mine` takes what is there and adds {} again on top; they get new footers",
            counted(ours.count, "commit")
        ),
        (Some(withdrawn), _) => {
            let _ = writeln!(text, "  it once had {withdrawn}");
            "ask whoever keeps it why; this archive proves what was there, and `avalaches mirror REPO NAME` keeps what is there now as well".to_owned()
        }
    }
}

fn side(text: &mut String, place: &str, side: &Side) {
    let _ = writeln!(
        text,
        "  {place} {}, the first archived at {} by {}: {}",
        counted(side.count, "commit"),
        side.archived,
        visible(&side.by.to_string()),
        side.first
    );
}

/// Returns why nothing was changed, as `JSON.md` has it.
pub fn refusal_json(refusal: &Refusal) -> Result<Value, Failure> {
    let contradiction = contradiction(refusal).map(remember::told_here).transpose()?;
    let id = |id: CommitId| Value::from(id.to_string());
    let (mut common, mut ours, mut theirs, mut seen) = (Value::Null, Value::Null, Value::Null, Value::Null);
    let mut found = &[][..];
    let reason = match refusal {
        Refusal::Unsound { findings, .. } => {
            found = findings;
            "unsound"
        }
        Refusal::Unrelated {
            ours: here,
            theirs: there,
            ..
        } => {
            (ours, theirs) = (side_json(here), side_json(there));
            "unrelated"
        }
        Refusal::Diverged(parting) => {
            common = id(parting.common.commit);
            (ours, theirs) = (side_json(&parting.ours), side_json(&parting.theirs));
            seen = parting.withdrawn.map_or(Value::Null, id);
            if parting.withdrawn.is_some() {
                "rewritten"
            } else {
                "diverged"
            }
        }
        Refusal::Behind(there) => {
            theirs = side_json(there);
            "behind"
        }
        Refusal::MovedBack { seen: before, now } => {
            (seen, common) = (id(*before), id(*now));
            "moved-back"
        }
    };
    Ok(json!({
        "reason": reason,
        "common": common,
        "ours": ours,
        "theirs": theirs,
        "seen": seen,
        "contradiction": contradiction,
        "findings": findings_json(found),
    }))
}

fn side_json(side: &Side) -> Value {
    json!({
        "count": side.count,
        "id": side.first.commit.to_string(),
        "swhid": Swhid::revision(side.first.commit).to_string(),
        "footer": side.first.to_string(),
        "by": side.by.to_string(),
        "archived_at": side.archived.to_string(),
        "tip": side.tip.to_string(),
    })
}

/// Says of how many commits, among those that came, the keys were revoked since: to be put behind their number.
pub fn revoked_since(revoked: &[Finding]) -> String {
    let commits: BTreeSet<_> = revoked.iter().filter_map(|finding| finding.commit).collect();
    match commits.len() {
        0 => String::new(),
        count => format!(", {count} of them signed with a key that was revoked since"),
    }
}

/// Says what became of these commits.
pub fn tell_revoked(common: &Common, revoked: &[Finding]) {
    if !revoked.is_empty() && !common.quiet {
        output::hint(
            "they are here as they are there, and `avalaches verify` names them ever after; `avalaches signers` has the keys that were revoked",
        );
    }
}

/// Tells that an address is the one that is meant from now on.
pub fn tell_remembered(common: &Common, address: &Address, remembered: bool) {
    if remembered && !common.quiet && !common.json {
        output::note(&format!("{address} is meant from now on where none is named"));
    }
}

/// Returns a path as text, for messages.
pub fn named(path: &Path) -> String {
    visible(&path.to_string_lossy())
}
