//! An audit's report as a page. It is written out while the branch is walked, so that what it holds at a time is one
//! revision, and it is kept to a size that a browser shows.

use avalaches::archive::Archive;
use avalaches::audit::{NOT_PROVED, Report};
use avalaches::difference::{self, Difference, FieldChange, Side};
use avalaches::footer::Footer;
use avalaches::id::CommitId;
use avalaches::report::{Changed, End, Fact, Field, Finding, Group, Head, Row, TABLE};
use avalaches::revision::{Revision, RevisionFault};
use avalaches::trailer::Message;
use avalaches::verify::whole::Scope;
use avalaches::wording::{counted, with_causes};

use super::super::output;
use super::super::{Common, Failure};
use super::{Asked, counts};

/// The program and its version.
const PROGRAM: &str = concat!("avalaches ", env!("CARGO_PKG_VERSION"));

/// How much a page holds.
#[derive(Debug, Clone, Copy)]
struct Room {
    /// Findings of one code.
    findings: usize,
    /// Revisions in the table.
    rows: usize,
    /// Revisions of which it is told what changed.
    differences: usize,
    /// Bytes of all that, about.
    bytes: usize,
    /// The longest of them, in bytes.
    longest: usize,
}

/// What a browser shows at once, and a person can still leaf through.
const USUAL: Room = Room {
    findings: 500,
    rows: 2000,
    differences: 500,
    bytes: 4 << 20,
    longest: 256 << 10,
};

/// Everything.
const WITHOUT_END: Room = Room {
    findings: usize::MAX,
    rows: usize::MAX,
    differences: usize::MAX,
    bytes: usize::MAX,
    longest: usize::MAX,
};

/// Metadata that a row has columns for.
const IN_COLUMNS: [&str; 3] = ["kind", "date", "note"];

/// Prints the page.
pub(super) fn print(
    common: &Common,
    archive: Option<&Archive>,
    asked: &Asked,
    report: &Report,
) -> Result<(), Failure> {
    let room = if common.verbose { WITHOUT_END } else { USUAL };
    write(&head(archive, asked, report, room))?;
    let mut end = End {
        rows: 0,
        rows_left_out: 0,
        differences_left_out: 0,
        broken: None,
        not_proved: &NOT_PROVED,
        program: PROGRAM,
    };
    if let Some(archive) = archive {
        table(archive, asked.scope, room, &mut end)?;
    }
    write(&end.html())
}

fn write(html: &str) -> Result<(), Failure> {
    output::print_bytes(html.as_bytes())
}

fn head(archive: Option<&Archive>, asked: &Asked, report: &Report, room: Room) -> String {
    let whole = &report.whole;
    let mut head = Head::new(super::verdict(report), &report.months, PROGRAM);
    if let Some(archive) = archive {
        head.title = Some(&archive.settings().title);
        head.languages = &archive.settings().language_order;
    }
    head.facts = facts(archive, asked, report);
    head.notes = &whole.notes;
    for findings in report.findings.chunk_by(|one, other| one.code == other.code) {
        let Some(first) = findings.first() else { continue };
        let listed = findings.iter().take(room.findings);
        head.groups.push(Group {
            code: first.code.name(),
            severity: first.code.severity().name(),
            meaning: first.code.meaning(),
            findings: listed.map(finding).collect(),
            left_out: findings.len().saturating_sub(room.findings),
        });
    }
    head.html()
}

fn finding(found: &avalaches::audit::Finding) -> Finding<'_> {
    let revision = found.revision.as_ref();
    Finding {
        place: &found.place,
        what: &found.what,
        footer: found.footer.as_ref(),
        revision: revision.map(|(article, number)| format!("{article}, revision {number}")),
    }
}

fn facts(archive: Option<&Archive>, asked: &Asked, report: &Report) -> Vec<Fact> {
    let whole = &report.whole;
    let said = |name, value| Fact {
        name,
        value,
        is_code: false,
    };
    let code = |name, value| Fact {
        name,
        value,
        is_code: true,
    };
    let scope = match asked.scope {
        Scope::Whole => "The whole history".to_owned(),
        Scope::Since(id) => format!("What came after {}", footer(archive, id)),
        Scope::Share { number, of } => format!("Share {number} of {of}"),
    };
    let revisions = counted(whole.revisions, "revision");
    let articles = counted(whole.articles, "article");
    let objects = counted(whole.objects.iter().sum::<usize>(), "object");
    let mut facts = vec![said("Scope", scope)];
    facts.extend(whole.tip.map(|id| code("Newest commit", footer(archive, id))));
    facts.extend([
        said("Judged as of", asked.now.to_string()),
        said("Found", counts(report)),
        said("Revisions", format!("{revisions} of {articles}")),
        said("Hashed again", format!("{objects}, {} bytes", whole.bytes)),
    ]);
    let remembered = asked.remembered.iter();
    facts.extend(remembered.map(|id| code("Has to be in it", footer(archive, *id))));
    facts.push(said("Made by", PROGRAM.to_owned()));
    facts
}

/// Returns a commit's footer, or its id where it cannot be read.
fn footer(archive: Option<&Archive>, id: CommitId) -> String {
    let commit = archive.and_then(|archive| archive.commit(id).ok());
    commit.map_or_else(
        || id.to_string(),
        |commit| Footer::of(commit.author.date, id).to_string(),
    )
}

/// Prints a row for each revision that has one, the newest first, and says in `end` what was left out.
fn table(archive: &Archive, scope: Scope, mut room: Room, end: &mut End<'_>) -> Result<(), Failure> {
    for step in archive.walk() {
        let (id, commit) = match step {
            Ok((id, _)) if scope == Scope::Since(id) => break,
            Ok(step) => step,
            Err(fault) => {
                end.broken = Some(with_causes(&fault));
                break;
            }
        };
        // What is no revision is among the findings, or a commit of root files.
        let Ok(message) = Message::parse(&commit.message) else {
            continue;
        };
        if !Row::is_for(&message) {
            continue;
        }
        if end.rows >= room.rows {
            end.rows_left_out += 1;
            continue;
        }
        if end.rows == 0 {
            write(TABLE)?;
        }
        end.rows += 1;
        let mut row = Row {
            id,
            commit: &commit,
            message: &message,
            changed: Changed::LeftOut,
        };
        if let Some(html) = with_difference(archive, &mut row, &mut room) {
            write(&html)?;
        } else {
            end.differences_left_out += 1;
            row.changed = Changed::LeftOut;
            write(&row.html())?;
        }
    }
    Ok(())
}

/// Returns a row that tells what changed, if there is room for it.
fn with_difference(archive: &Archive, row: &mut Row, room: &mut Room) -> Option<String> {
    room.differences = room.differences.checked_sub(1)?;
    row.changed = match changed(archive, row.id) {
        Ok(Some(difference)) => Changed::Shown {
            fields: difference.fields.into_iter().map(field).collect(),
            changes: difference.changes,
        },
        Ok(None) => Changed::First,
        Err(fault) => Changed::Unreadable(with_causes(&fault)),
    };
    let html = row.html();
    if html.len() > room.longest {
        return None;
    }
    if let Some(left) = room.bytes.checked_sub(html.len()) {
        room.bytes = left;
        return Some(html);
    }
    // A smaller one might still fit; trying each would take as long as showing all.
    room.differences = 0;
    None
}

/// Tells what differs between a revision and the one before, but for what a row has columns for.
fn changed(archive: &Archive, id: CommitId) -> Result<Option<Difference>, RevisionFault> {
    let after = Revision::read(archive, id)?;
    let Some(before) = difference::before(archive, &after)? else {
        return Ok(None);
    };
    let [before, after] = [before, after].map(|revision| Side::Revision(Box::new(revision)));
    let mut difference = difference::between(&before, &after);
    let has_no_column = |change: &FieldChange| !IN_COLUMNS.contains(&change.field.as_str());
    difference.fields.retain(has_no_column);
    Ok(Some(difference))
}

fn field(change: FieldChange) -> Field {
    Field {
        name: change.field,
        before: change.before,
        after: change.after,
    }
}
