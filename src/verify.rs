//! What `verify` answers for one thing: a page, a footer, or a commit id. A failed check is an answer.

use self::in_log::InLog;
use crate::archive::{Archive, Fault, OpenError};
use crate::article::{Kind, PAGE_FILE};
use crate::cited::{self, Cited};
use crate::diff::{self, ParagraphChange};
use crate::draft::{Beside, Draft, Notice, NoticeKind, Place};
use crate::footer::Footer;
use crate::id::{ArticleId, BlobId, CommitId};
use crate::index;
use crate::language;
use crate::mirror;
use crate::object::commit::Commit;
use crate::object::tree::Entry;
use crate::revision::{Revision, RevisionFault};
use crate::swhid::Swhid;
use crate::trailer::Message;

use self::copied::Parted;
use self::mirrored::{Mirrored, Question};
use self::signed::{Keys, Standing};
use crate::withheld::{self, Kept, Reason, ReasonError, WithheldRevision, blob_of};
use crate::wording::{counted, quoted, with_causes};

pub mod alone;
mod copied;
pub mod in_log;
pub mod mirrored;
mod place;
pub mod signed;
pub mod whole;

/// What is said of a page, a footer or an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every object from the commit to the text was hashed again and linked; text and date are equal; the
    /// commit is on the branch.
    Verified,
    /// The page carries every object from the commit to the text, each was hashed again and linked, and text and date are
    /// equal. No archive was asked whether the commit is in its history.
    Proved,
    /// Verified, and a later revision of the article exists.
    Superseded,
    /// The footer's commit is known and the text is another.
    Altered,
    /// The footer's day or weekday is not the commit's.
    Misdated,
    /// The archive has no such commit, or nothing of it that could be compared with the page.
    Unknown,
    /// The commit is in the store and not in the branch's history.
    Detached,
    /// The text was expunged: its id is what the commit leads to, and nothing was compared with it.
    Withheld,
    /// Everything is so, and the archive ends before what somebody remembered of it: what followed is not known.
    Behind,
    /// Objects are missing or not what their ids say.
    Corrupt,
    /// Everything is so, and the archive asked for a good signature, which the commit has not.
    Unauthorized,
}

impl Verdict {
    /// Returns the word for the verdict.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Proved => "proved",
            Self::Superseded => "superseded",
            Self::Altered => "altered",
            Self::Misdated => "misdated",
            Self::Unknown => "unknown",
            Self::Detached => "detached",
            Self::Withheld => "withheld",
            Self::Behind => "behind",
            Self::Corrupt => "corrupt",
            Self::Unauthorized => "unauthorized",
        }
    }

    /// Tells whether what was asked is so: the exit status 0.
    #[must_use]
    pub const fn is_yes(self) -> bool {
        matches!(self, Self::Verified | Self::Proved | Self::Superseded)
    }
}

/// Said of a page that has a text which the archive withholds.
const PROVED_BY_ID: &str = "the archive withholds the content, and the page's text hashes to its id";

/// A revision, named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its footer.
    pub footer: Footer,
    /// Its kind.
    pub kind: Kind,
    /// Its article.
    pub article: ArticleId,
    /// Its number, from 1.
    pub revision: u32,
    /// Why it was made.
    pub note: Option<String>,
    /// Why it counts for nothing, where the archive asked for a good signature and its commit has none.
    pub unauthorized: Option<String>,
}

/// The verdict on one thing, with what it rests upon.
#[derive(Debug, Default)]
pub struct Answer {
    verdict: Option<Verdict>,
    /// Judged by the proof in the page, without an archive.
    pub alone: bool,
    /// The revision that the footer or id names, where it could be read.
    pub revision: Option<Box<Revision>>,
    /// The revision that the footer or id names, where content of it is withheld.
    pub withheld: Option<Box<WithheldRevision>>,
    /// Why that is.
    pub why_withheld: Vec<Reason>,
    /// What is said of the signature of that revision's commit. A verdict rests upon it where the settings before the
    /// commit ask for a good one.
    pub signature: Option<Standing>,
    /// The commit of a mirror that the footer or id names, where it is none of the archive's own.
    pub mirrored: Option<Box<Mirrored>>,
    /// Every reason against, in words.
    pub reasons: Vec<String>,
    /// What differs, from the archive's text to the page's.
    pub changes: Vec<ParagraphChange>,
    /// Later revisions of the article, oldest first.
    pub later: Vec<Named>,
    /// Revisions that have the page's text.
    pub same_text: Vec<Named>,
    /// Revisions that recorded this footer as their page's claim.
    pub claimed_by: Vec<Named>,
    /// Where the revision stands in the archive's log.
    pub in_log: Option<InLog>,
    /// Whether every word of an altered page is the commit's; the reasons say what differs.
    pub has_same_words: bool,
    /// What the page shows beside its text, in its order. Nothing was compared with it but notices, above a plain text, that are the
    /// commit's.
    pub beside: Vec<String>,
    /// Whether the page has another style than the program's, or a second one: what it hides or adds was not looked at.
    pub has_strange_style: bool,
    /// Whether the page has a script that is not the program's: none was run, and what one changes was not looked at.
    pub has_strange_script: bool,
    /// The address to which a browser goes from the page by itself: what is there was not looked at.
    pub refresh: Option<String>,
}

impl Answer {
    /// Returns the verdict: the gravest of those that were found.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let later = self
            .mirrored
            .as_ref()
            .and_then(|mirrored| mirrored.later.as_ref());
        self.verdict
            .unwrap_or(if self.later.is_empty() && later.is_none() {
                Verdict::Verified
            } else {
                Verdict::Superseded
            })
    }

    fn against(&mut self, verdict: Verdict, reason: String) {
        self.verdict.get_or_insert(verdict);
        self.reasons.push(reason);
    }

    /// Tells what differs between the archive's text and the page's, and whether that is no word.
    fn compare(&mut self, own: &str, text: &str) {
        self.changes = diff::compare(own, text);
        if let Some(apart) = diff::same_words(own, text) {
            self.has_same_words = true;
            self.reasons.push(apart.to_string());
        }
        let radicals = |text: &str| text.chars().filter(|c| language::is_radical(*c)).count();
        let more = radicals(text).saturating_sub(radicals(own));
        if more > 0 {
            self.reasons.push(format!(
                "the page has {} (U+2E80 to U+2FDF), as text that is copied from a PDF has them in the place of ideographs",
                counted(more, "radical")
            ));
        }
    }
}

/// Returns the answer about something that the archive does not have.
#[must_use]
pub fn unknown(reason: &str) -> Answer {
    let mut answer = Answer::default();
    answer.against(Verdict::Unknown, reason.to_owned());
    answer
}

/// Returns the answer about anything that is asked of an archive whose own content does not let it be opened. `by_proof` is the answer
/// about a page by the proof that it carries.
#[must_use]
pub fn of_damaged(error: &OpenError, by_proof: Option<Answer>) -> Answer {
    let mut answer = by_proof.unwrap_or_default();
    // What the proof shows stands among the reasons; the archive was asked.
    if answer.verdict().is_yes() {
        (answer.verdict, answer.alone) = (None, false);
    }
    answer.against(Verdict::Corrupt, with_causes(error));
    answer
}

/// Judges a commit id.
///
/// # Errors
/// [`Fault`] where the archive could not be looked into.
pub fn id(archive: &Archive, id: CommitId) -> Result<Answer, Fault> {
    judge(archive, &Question::of_id(id))
}

/// Judges what is asked of a commit, be it a mirror's or the archive's own.
fn judge(archive: &Archive, asked: &Question<'_>) -> Result<Answer, Fault> {
    if let Some(answer) = mirrored::judge(archive, asked)? {
        return Ok(answer);
    }
    let mut answer = own(archive, asked)?;
    authorize(&mut answer);
    Ok(answer)
}

/// Judges what is asked of a commit of the archive's own.
fn own(archive: &Archive, asked: &Question<'_>) -> Result<Answer, Fault> {
    let mut answer = Answer::default();
    let Some(kept) = revision(archive, asked.id, &mut answer)? else {
        look_elsewhere(archive, asked.text, asked.footer, &mut answer)?;
        return Ok(answer);
    };
    place::judge(archive, &kept, &mut answer)?;
    let text = asked
        .text
        .map(|text| copied::own_part(archive, text, &kept, asked, &mut answer));
    let is_proved = text.is_some_and(|text| has_text(&kept, text));
    if let Some(text) = text.filter(|_| !is_proved) {
        answer.against(Verdict::Altered, "the text is not the commit's".to_owned());
        if let Some(own) = kept.page_text() {
            answer.compare(own, text);
        }
        look_elsewhere(archive, Some(text), None, &mut answer)?;
    }
    if let Some(reason) = asked.footer.and_then(|footer| misdated(footer, &kept.footer())) {
        answer.against(Verdict::Misdated, reason);
    }
    match kept {
        Kept::Whole(revision) => answer.revision = Some(revision),
        Kept::Withheld(revision) => {
            tell_withheld(archive, &revision, is_proved, &mut answer)?;
            answer.withheld = Some(revision);
        }
    }
    Ok(answer)
}

/// Tells whether a text is that of a revision, to the character.
fn has_text(kept: &Kept, text: &str) -> bool {
    match kept {
        Kept::Whole(revision) => text == revision.page_text,
        Kept::Withheld(revision) => blob_of(text) == Some(revision.page),
    }
}

/// Says why content is withheld. Who has the text itself needs no more of it: it hashes to what the commit leads to.
fn tell_withheld(
    archive: &Archive,
    revision: &WithheldRevision,
    is_proved: bool,
    answer: &mut Answer,
) -> Result<(), Fault> {
    if !are_signed(revision.reasons(archive), answer)? {
        return Ok(());
    }
    if is_proved {
        answer.reasons.push(PROVED_BY_ID.to_owned());
    } else {
        answer.against(Verdict::Withheld, withheld::said(&answer.why_withheld));
    }
    Ok(())
}

/// Puts into an answer why content is withheld. Returns whether all of that is signed as it has to be; else the answer says no.
fn are_signed(reasons: Result<Vec<Reason>, ReasonError>, answer: &mut Answer) -> Result<bool, Fault> {
    match reasons {
        Ok(reasons) => answer.why_withheld = reasons,
        Err(ReasonError::Fault(fault)) if fault.is_system_error() => return Err(fault),
        Err(error) => {
            answer.against(Verdict::Corrupt, with_causes(&error));
            return Ok(false);
        }
    }
    let unsigned = answer
        .why_withheld
        .iter()
        .find(|reason| !reason.signature.judgement.is_good());
    if let Some(reason) = unsigned {
        let what = format!(
            "{} is withheld by {}, and that commit's signature is {}",
            reason.file, reason.commit, reason.signature
        );
        answer.against(Verdict::Corrupt, what);
        return Ok(false);
    }
    Ok(true)
}

/// Judges a SWHID: that the object it names is what its anchor holds at its path, and the revision that it leads to.
/// Where several revisions have the text that it names, the newest is judged and the others are named.
///
/// # Errors
/// [`Fault`] where the archive could not be looked into.
pub fn swhid(archive: &Archive, swhid: &Swhid) -> Result<Answer, Fault> {
    match cited::find(archive, swhid)? {
        Cited::Revisions(newest, others) => {
            let mut answer = id(archive, newest)?;
            for other in others {
                if let Ok(message) = Message::parse(&archive.commit(other)?.message) {
                    answer.same_text.push(named(archive, other, message)?);
                }
            }
            Ok(answer)
        }
        Cited::Anchor(anchor) => {
            let mut answer = id(archive, anchor)?;
            if answer.verdict().is_yes() {
                let reason = "of what is cited only the commit is known, which is another repository's";
                answer.against(Verdict::Unknown, reason.to_owned());
            }
            Ok(answer)
        }
        Cited::Other(anchor, what) => {
            let mut answer = own(archive, &Question::of_id(anchor))?;
            answer.against(Verdict::Altered, what);
            authorize(&mut answer);
            Ok(answer)
        }
        Cited::Nothing(what) => Ok(unknown(&what)),
    }
}

/// Judges a footer: its commit, and that its day and weekday are the commit's.
///
/// # Errors
/// [`Fault`] where the archive could not be looked into.
pub fn footer(archive: &Archive, footer: &Footer) -> Result<Answer, Fault> {
    let asked = Question {
        footer: Some(footer),
        ..Question::of_id(footer.commit)
    };
    judge(archive, &asked)
}

/// Judges a page: its footer, and that its text is the commit's to the last character.
///
/// # Errors
/// [`Fault`] where the archive could not be looked into.
pub fn page(archive: &Archive, draft: &Draft) -> Result<Answer, Fault> {
    let parted = Parted::of(draft);
    let strange = parted.as_ref().and_then(|parted| parted.strange(archive));
    let (footer, text, below) = match (&draft.footer, &parted) {
        (Some(found), _) => (&found.footer, &draft.text(), &[][..]),
        (None, Some(parted)) if strange.is_none() => (&parted.footer, &parted.text, &parted.below[..]),
        (None, _) => {
            let mut answer = unknown(&no_footer(draft, strange));
            look_elsewhere(archive, Some(&draft.text()), None, &mut answer)?;
            return Ok(answer);
        }
    };
    let asked = Question {
        id: footer.commit,
        footer: Some(footer),
        text: Some(text),
        is_plain: draft.is_plain,
        page: Some(draft),
    };
    let mirrored = mirrored::judge(archive, &asked)?;
    let is_own = mirrored.is_none();
    let mut answer = match mirrored {
        Some(answer) => answer,
        None => own(archive, &asked)?,
    };
    shown_otherwise(draft, Some(&archive.settings().home_link), &mut answer);
    answer.beside.extend_from_slice(below);
    if is_own {
        authorize(&mut answer);
    }
    Ok(answer)
}

/// Says that a page has no footer, and whether one stands where none is looked for; `strange` is what below it is none of a site's.
fn no_footer(draft: &Draft, strange: Option<&str>) -> String {
    let what = "the page has no footer as its last line";
    let below = strange.map_or_else(String::new, |line| format!(": {}", quoted(&[line.to_owned()])));
    let mut notices = draft.notices.iter().rev();
    match notices.find(|notice| notice.what == NoticeKind::FooterInText) {
        None => what.to_owned(),
        Some(Notice { line: 0, .. }) => {
            format!("{what}; one stands above, and what follows it is no part of a page{below}")
        }
        Some(Notice { line, .. }) => {
            format!("{what}; line {line} reads like one, and what follows it is no part of a page{below}")
        }
    }
}

/// Judges what a page shows beside its text. Of a page that carries its proof all that a reader takes for a part of the text
/// has to be one, as in a browser; of other pages, whose makers place things as they like, it is told.
fn shown_otherwise(draft: &Draft, home_link: Option<&str>, answer: &mut Answer) {
    for reason in draft.shown_otherwise() {
        answer.against(Verdict::Altered, reason.to_string());
    }
    if !draft.faults.is_empty() {
        let what = format!(
            "the page is none of an archive's site: it has {}",
            quoted(&draft.faults)
        );
        answer.against(Verdict::Altered, what);
    }
    let titles = answer
        .revision
        .as_ref()
        .map(|revision| revision.titles())
        .unwrap_or_default();
    let is_known = |beside: &Beside| match beside.place {
        Place::BackLink => Some(beside.text.as_str()) == home_link,
        Place::Loose if draft.carries_proof => false,
        Place::Frame | Place::Loose => titles.contains(&beside.text),
    };
    let told: Vec<&Beside> = draft.beside.iter().filter(|beside| !is_known(beside)).collect();
    let is_strange = |beside: &&Beside| draft.carries_proof && beside.place == Place::Loose;
    let (strange, told): (Vec<&Beside>, Vec<&Beside>) = told.into_iter().partition(is_strange);
    let texts = |some: &[&Beside]| some.iter().map(|beside| beside.text.replace('\n', " ")).collect();
    let strange: Vec<String> = texts(&strange);
    answer.beside.splice(0..0, texts(&told));
    answer.has_strange_style = draft.has_strange_style;
    answer.has_strange_script = draft.has_strange_script;
    answer.refresh.clone_from(&draft.refresh);
    if !strange.is_empty() {
        let what = format!("the page shows what is no part of its text: {}", quoted(&strange));
        answer.against(Verdict::Altered, what);
    }
}

/// Reads the revision that is asked for; where there is none, the answer says why.
fn revision(archive: &Archive, id: CommitId, answer: &mut Answer) -> Result<Option<Kept>, Fault> {
    match Kept::read(archive, id) {
        Ok(revision) => {
            judge_signature(archive, revision.commit(), answer)?;
            return Ok(Some(revision));
        }
        Err(fault) if fault.is_unknown(id) => {
            answer.against(Verdict::Unknown, format!("the archive has no commit {id}"));
        }
        Err(RevisionFault::Object {
            source: Fault::Kind { found, .. },
            path,
            ..
        }) if path == "commit" => {
            answer.against(
                Verdict::Unknown,
                format!("{id} is a {found} of this archive, not a commit"),
            );
        }
        Err(RevisionFault::Object { source, .. }) if source.is_system_error() => return Err(source),
        Err(RevisionFault::First(_)) => {
            answer.against(
                Verdict::Unknown,
                format!("{id} is the archive's first commit, which holds no article"),
            );
        }
        Err(RevisionFault::Root(_)) => {
            answer.against(
                Verdict::Unknown,
                format!("{id} is about the archive's settings and holds no article"),
            );
        }
        Err(fault) if is_foreign(archive, id, &fault) => answer.against(
            Verdict::Detached,
            format!("{id} is no commit of this archive's, and neither its branch nor a mirror leads to it"),
        ),
        Err(fault) => answer.against(Verdict::Corrupt, with_causes(&fault)),
    }
    Ok(None)
}

/// Judges the signature of a revision. Where it cannot be, it is not known whether the settings before the commit asked for
/// a good one.
fn judge_signature(archive: &Archive, commit: &Commit, answer: &mut Answer) -> Result<(), Fault> {
    match Keys::of(archive).and_then(|mut keys| keys.standing(archive, commit)) {
        Ok(standing) => answer.signature = Some(standing),
        Err(fault) if fault.is_system_error() => return Err(fault),
        Err(fault) => answer.against(Verdict::Corrupt, unjudged(&fault)),
    }
    Ok(())
}

/// Says that a signature is missing that the archive asked for; whatever else is wrong is graver.
fn authorize(answer: &mut Answer) {
    if let Some(standing) = answer.signature.as_ref().filter(|standing| standing.is_missing()) {
        let what = standing.what();
        answer.against(Verdict::Unauthorized, what);
    }
}

/// Tells whether a commit that is no revision is sound, and not on the branch: another repository's.
fn is_foreign(archive: &Archive, id: CommitId, fault: &RevisionFault) -> bool {
    let is_another_form = match fault {
        RevisionFault::Message { .. } => true,
        RevisionFault::Object { path, source, .. } => path == "commit" && matches!(source, Fault::Commit(..)),
        _ => false,
    };
    is_another_form
        && mirror::with_commit(archive.objects(), id, |_| ()).is_ok()
        && archive.is_on_branch(id).is_ok_and(|on_branch| !on_branch)
}

fn misdated(claimed: &Footer, own: &Footer) -> Option<String> {
    if !claimed.weekday_fits() {
        let (day, weekday) = (claimed.day, claimed.weekday());
        return Some(format!(
            "{day} is a {}, and the footer says {weekday}",
            day.weekday()
        ));
    }
    (claimed.day != own.day).then(|| {
        format!(
            "the commit's date is {} ({}), and the footer says {}",
            own.day,
            own.weekday(),
            claimed.day
        )
    })
}

/// Looks for revisions that have the text, or that recorded the footer as their page's claim, newest first. No
/// verdict depends upon what is found.
fn look_elsewhere(
    archive: &Archive,
    text: Option<&str>,
    claim: Option<&Footer>,
    answer: &mut Answer,
) -> Result<(), Fault> {
    let blob = match text.and_then(blob_of) {
        Some(blob) if archive.withheld().contains(&blob) => Some(blob),
        Some(blob) if archive.objects().contains(blob.into())? => Some(blob),
        _ => None,
    };
    if blob.is_none() && claim.is_none() {
        return Ok(());
    }
    let indexed = index::ask(archive, |index| {
        let found = index.search(blob, claim).ok()?;
        let read = |id| {
            let commit = archive.commit(id).ok()?;
            let message = Message::parse(&commit.message).ok()?;
            let matches = Matches::of(archive, &commit, &message, blob, claim);
            matches.any().then_some((id, message, matches))
        };
        found.into_iter().map(read).collect::<Option<Vec<_>>>()
    });
    if let Some(found) = indexed {
        for (id, message, matches) in found {
            matches.note(archive, id, message, answer)?;
        }
        return Ok(());
    }
    for step in archive.walk() {
        // A branch that breaks off has been told of, or is for the check of the whole archive.
        let Ok((id, commit)) = step else { break };
        if let Ok(message) = Message::parse(&commit.message) {
            Matches::of(archive, &commit, &message, blob, claim).note(archive, id, message, answer)?;
        }
    }
    Ok(())
}

/// What a revision has of that which is looked for.
struct Matches {
    has_text: bool,
    claims: bool,
}

impl Matches {
    fn of(
        archive: &Archive,
        commit: &Commit,
        message: &Message,
        blob: Option<BlobId>,
        claim: Option<&Footer>,
    ) -> Self {
        let page = || {
            let folder = archive
                .folder(commit.tree, &message.trailers.article.folder())
                .ok()?;
            archive.tree(folder).ok()?.get(PAGE_FILE)
        };
        Self {
            has_text: blob.is_some_and(|blob| page() == Some(Entry::File(blob))),
            claims: claim.is_some() && message.trailers.claimed_footer.as_ref() == claim,
        }
    }

    fn any(&self) -> bool {
        self.has_text || self.claims
    }

    fn note(
        &self,
        archive: &Archive,
        id: CommitId,
        message: Message,
        answer: &mut Answer,
    ) -> Result<(), Fault> {
        if self.claims {
            answer.claimed_by.push(named(archive, id, message.clone())?);
        }
        if self.has_text {
            answer.same_text.push(named(archive, id, message)?);
        }
        Ok(())
    }
}

fn named(archive: &Archive, id: CommitId, message: Message) -> Result<Named, Fault> {
    let commit = archive.commit(id)?;
    let trailers = message.trailers;
    Ok(Named {
        footer: Footer::of(commit.author.date, id),
        kind: trailers.kind,
        article: trailers.article,
        revision: trailers.revision,
        note: message.note,
        unauthorized: unauthorized(archive, &commit)?,
    })
}

/// Says of a commit that a signature is missing that the archive asked for, or that it is not known whether it did.
fn unauthorized(archive: &Archive, commit: &Commit) -> Result<Option<String>, Fault> {
    match Keys::of(archive).and_then(|mut keys| keys.standing(archive, commit)) {
        Ok(standing) => Ok(standing.is_missing().then(|| standing.what())),
        Err(fault) if fault.is_system_error() => Err(fault),
        Err(fault) => Ok(Some(unjudged(&fault))),
    }
}

/// Says of a commit why it counts for nothing, whatever it holds: that it is not on the branch, or not signed as it had to be.
///
/// # Errors
/// [`Fault`] where the archive could not be looked into.
pub fn doubt(archive: &Archive, id: CommitId, commit: &Commit) -> Result<Option<String>, Fault> {
    match archive.is_on_branch(id) {
        Ok(true) => unauthorized(archive, commit),
        Ok(false) => Ok(Some(place::DETACHED.to_owned())),
        Err(fault) if fault.is_system_error() => Err(fault),
        Err(fault) => Ok(Some(place::unfollowed(&fault))),
    }
}

fn unjudged(fault: &Fault) -> String {
    format!("its signature cannot be judged: {}", with_causes(fault))
}
