//! The codes of findings: words that stay the same from version to version, so that a program or a reader can hold
//! on to them. AUDIT.md has the table.

use std::fmt;

use crate::archive::Fault;
use crate::object::HashError;
use crate::revision::Part;
use crate::signature::judge::Judgement;
use crate::storage::finding::{Damage, FindingKind, ReadError};
use crate::trailer::MessageError;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The archive is not what the format asks for, or its history is another than it was.
    Error,
    /// The format is kept, and a reader was told something that the history contradicts, or was not told it.
    Warning,
    /// Worth knowing; there are honest reasons for it.
    Notice,
}

impl Severity {
    /// Returns the word for the severity.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

macro_rules! codes {
    ($($variant:ident $name:literal $severity:ident $meaning:literal)*) => {
        /// What a finding is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the word for the code.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Returns how grave it is.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self { $(Self::$variant => Severity::$severity),* }
            }

            /// Returns what it means, in a sentence.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),* }
            }
        }
    };
}

impl Code {
    /// Tells whether it is about a commit that somebody recorded, and that the branch lacks.
    #[must_use]
    pub const fn is_of_recorded(self) -> bool {
        matches!(
            self,
            Self::HistoryRewritten | Self::BehindRemembered | Self::RecordedUnknown
        )
    }
}

codes! {
    BranchUnreadable "branch-unreadable" Error "The branch, its tip or the settings there cannot be read."
    Unread "unread" Error "A part of the repository could not be read, so that it is not known what it holds."
    Plumbing "plumbing" Error "A file of the repository makes git show something other than its objects say."
    ObjectMissing "object-missing" Error "An object that the history names is not in the store."
    ObjectDamaged "object-damaged" Error "An object's or pack's bytes are not what they have to be."
    ObjectMalformed "object-malformed" Error "An object has its id and not the form of an archive's objects."
    Collision "collision" Error "An object was prepared so that another one has the same SHA-1."
    StoreStray "store-stray" Error "Something lies in the object store that no store has, or borrows from another."
    BranchList "branch-list" Error "The list beside the repository is not that of the branch."
    MirrorBroken "mirror-broken" Error "What a mirror leads to is missing or malformed."
    HistoryRewritten "history-rewritten" Error "A commit that somebody recorded is no longer in the branch's history, which went another way."
    BehindRemembered "behind-remembered" Warning "The branch or the log ends before what somebody remembered of it: an older copy, or one that was rolled back."
    RecordedUnknown "recorded-unknown" Warning "A commit that somebody recorded is not here: the archive is older, another one, or was rewritten."
    NotLinear "not-linear" Error "A commit has several parents, or another one than the branch has before it."
    FirstCommit "first-commit" Error "The first commit is not an archive's first."
    ArchivedEarlier "archived-earlier" Error "A commit was archived before the one that it follows."
    MessageForm "message-form" Error "A message is not a subject, a note and trailers in their order."
    TrailerDuplicate "trailer-duplicate" Error "A trailer stands more than once."
    TrailerMissing "trailer-missing" Error "A trailer that every revision has is not there."
    TrailerCase "trailer-case" Error "A trailer's key is written in another case."
    TrailerValue "trailer-value" Error "A trailer has a value that is none."
    TrailerDisagrees "trailer-disagrees" Error "A trailer says something other than article.json or the history."
    SubjectDisagrees "subject-disagrees" Error "The subject is not that of article.json."
    NoteDisagrees "note-disagrees" Error "The note in the message is not that of article.json."
    AuthorDisagrees "author-disagrees" Error "The commit's author is not that of article.json."
    DateDisagrees "date-disagrees" Error "The author date is not that of article.json, or of another day than the article's id."
    ContentHash "content-hash" Error "Content-SHA256 is not that of the files."
    PageDiffers "page-differs" Error "page.txt is not the text of the sources."
    MetadataForm "metadata-form" Error "article.json is not what the format asks for."
    SettingsForm "settings-form" Error "A commit of root files leaves settings that are not what the format asks for."
    TombstoneForm "tombstone-form" Error "What says that content was expunged is not what the format asks for."
    TombstoneUnsigned "tombstone-unsigned" Error "What says that content was expunged bears no good signature."
    CheckpointForm "checkpoint-form" Error "A checkpoint is not what the format asks for."
    CheckpointUnsigned "checkpoint-unsigned" Error "A checkpoint is not signed with the key that the settings name for the log."
    CheckpointOther "checkpoint-other" Error "A checkpoint states another log than that of the revisions before it."
    CheckpointLines "checkpoint-lines" Error "A commit takes a witness's cosignature from a checkpoint."
    SourceForm "source-form" Error "A source gives no page."
    FileMissing "file-missing" Error "A file or folder that the revision must have is not there."
    FileStray "file-stray" Error "An article's folder holds what article.json does not account for."
    TreeStray "tree-stray" Error "A commit changes what is no article's folder."
    OtherArticle "other-article" Error "A commit changes another article than the one that it names."
    SeveralArticles "several-articles" Error "A commit changes several articles."
    NothingChanged "nothing-changed" Error "A revision changes nothing."
    ArticleMissing "article-missing" Error "A revision follows one of an article that is not there."
    NumberWrong "number-wrong" Error "Revision numbers do not follow one another."
    PreviousWrong "previous-wrong" Error "Previous-Revision is not the article's revision before."
    SignatureMissing "signature-missing" Error "The archive asked for a good signature, and a commit has none."
    SignatureBad "signature-bad" Error "A signature is not one over its commit."
    SignatureRevoked "signature-revoked" Warning "A commit is signed with a key that was revoked, whenever."
    SignatureExpired "signature-expired" Warning "A commit is signed with a key whose time was over, or had not begun."
    SignatureUntrusted "signature-untrusted" Warning "A commit is signed with a key that was not among those that counted."
    SignatureUnknown "signature-unknown" Warning "A signature is of a kind that cannot be judged, or the revoked keys cannot be read."
    KindOutOfPlace "kind-out-of-place" Warning "An article begins with something else than publish, or is published twice."
    RestoresNothing "restores-nothing" Warning "A restoration follows what was not retracted."
    AfterRetraction "after-retraction" Warning "A retracted article changes without being restored."
    RetractedTextStands "retracted-text-stands" Warning "A retraction still holds paragraphs of the text that it withdraws."
    TechnicalChangedText "technical-changed-text" Warning "A technical revision changes what a reader sees."
    ChangeUndeclared "change-undeclared" Warning "An update without a note changes or removes what was published before."
    DateBeforePrevious "date-before-previous" Warning "A revision is dated on an earlier day than the one that it follows."
    DateAfterArchiving "date-after-archiving" Warning "A revision is dated more than a day after it was archived."
    ArchivedInFuture "archived-in-future" Warning "A revision was archived more than a day from now."
    ClaimForged "claim-forged" Warning "A page came with a footer of this archive that was never its own."
    TwinNotCorrected "twin-not-corrected" Notice "A correction changes one language and leaves another as it was."
    TrailerUnknown "trailer-unknown" Notice "A message has a trailer that the format does not name."
    ContentWithheld "content-withheld" Notice "Content of a revision was expunged, and a tombstone says why."
    RevisionDetached "revision-detached" Notice "The store holds a revision that the branch does not lead to."
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<&Damage> for Code {
    fn from(damage: &Damage) -> Self {
        match damage {
            damage if damage.is_system_error() => Self::Unread,
            Damage::Hash(HashError::Collision) => Self::Collision,
            _ => Self::ObjectDamaged,
        }
    }
}

impl From<&FindingKind> for Code {
    fn from(kind: &FindingKind) -> Self {
        match kind {
            FindingKind::Damaged(damage) => damage.into(),
            _ => Self::StoreStray,
        }
    }
}

impl From<&Fault> for Code {
    fn from(fault: &Fault) -> Self {
        match fault {
            Fault::Read(ReadError::Missing(_)) => Self::ObjectMissing,
            Fault::Read(ReadError::Damaged { what, .. } | ReadError::Unusable { what, .. }) => what.into(),
            Fault::Read(ReadError::Io { .. }) => Self::Unread,
            Fault::Withheld(_) => Self::ContentWithheld,
            Fault::Absent { .. } => Self::FileMissing,
            Fault::Form(_) => Self::FileStray,
            Fault::Ref(error) if error.is_system_error() => Self::Unread,
            Fault::Ref(_) => Self::MirrorBroken,
            Fault::Kind { .. } | Fault::Commit(..) | Fault::Tree(..) | Fault::Foreign(..) => {
                Self::ObjectMalformed
            }
        }
    }
}

impl Code {
    /// Names what is wrong with a signature; `None` for one that is good and where there is none.
    #[must_use]
    pub const fn of_signature(judgement: &Judgement) -> Option<Self> {
        match judgement {
            Judgement::Good(_) | Judgement::Unsigned => None,
            Judgement::Bad(_) => Some(Self::SignatureBad),
            Judgement::Revoked => Some(Self::SignatureRevoked),
            Judgement::Expired(..) => Some(Self::SignatureExpired),
            Judgement::Untrusted => Some(Self::SignatureUntrusted),
            Judgement::Unknown(_) => Some(Self::SignatureUnknown),
        }
    }
}

impl From<&MessageError> for Code {
    fn from(error: &MessageError) -> Self {
        match error {
            MessageError::Form | MessageError::Line(_) => Self::MessageForm,
            MessageError::Count { count: 0, .. } => Self::TrailerMissing,
            MessageError::Count { .. } => Self::TrailerDuplicate,
            MessageError::Value { .. } => Self::TrailerValue,
        }
    }
}

impl From<Part> for Code {
    fn from(part: Part) -> Self {
        match part {
            Part::Page => Self::PageDiffers,
            Part::StrayFile => Self::FileStray,
            Part::ContentSha256 => Self::ContentHash,
            Part::Date | Part::Day => Self::DateDisagrees,
            Part::Author => Self::AuthorDisagrees,
            Part::Trailer => Self::TrailerDisagrees,
            Part::Note => Self::NoteDisagrees,
            Part::Subject => Self::SubjectDisagrees,
            Part::Previous => Self::PreviousWrong,
            Part::Parents => Self::NotLinear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::digest;
    use crate::object::tests::half_of_a_collision;

    /// A tampering that nobody can carry out yet, so that no archive in the tests shows it: see what is said of the bytes.
    #[test]
    fn one_half_of_a_prepared_collision_has_its_code_wherever_it_is_read() {
        let half = || Damage::Hash(digest(&[&half_of_a_collision()]).unwrap_err());
        assert_eq!(Code::from(&half()), Code::Collision);
        assert_eq!(Code::from(&FindingKind::Damaged(half())), Code::Collision);
        let id = crate::id::ObjectId::from_raw([1; 20]);
        let read = ReadError::Damaged {
            id,
            path: "01/01".into(),
            offset: None,
            what: half(),
        };
        assert_eq!(Code::from(&Fault::Read(read)), Code::Collision);
    }

    #[test]
    fn every_code_has_its_line_in_the_table() {
        let table = include_str!("../../../AUDIT.md");
        for code in Code::ALL {
            let line = format!("| `{code}` | {} | {} |", code.severity(), code.meaning());
            assert!(table.contains(&line), "AUDIT.md lacks {line}");
        }
        let lines = table.lines().filter(|line| line.starts_with("| `")).count();
        assert_eq!(lines, Code::ALL.len());
    }
}
