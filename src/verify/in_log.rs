//! Where a revision stands in an archive's transparency log: by the proof that a page carries, or by the archive itself.

use crate::archive::{Archive, Fault};
use crate::base64;
use crate::date::RevisionDate;
use crate::log::{self, Entry, LogError, Published};
use crate::tlog::checkpoint::{Cosignature, SignedCheckpoint};
use crate::tlog::key::VerifierKey;
use crate::tlog::merkle::Hash;
use crate::tlog::policy::Policy;
use crate::tlog::proof::LogProof;
use crate::wording::with_causes;

use super::{Answer, Verdict};

pub use crate::tlog::proof::MEDIA_TYPE;

/// The id of that block's element.
pub const ELEMENT_ID: &str = "log-proof";

/// Where a revision stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InLog {
    /// The hash of its entry.
    pub leaf: Hash,
    /// Its place, from 0.
    pub index: u64,
    /// The hashes beside its way to the root, lowest first; none where the archive was asked, which has all.
    pub beside: Vec<Hash>,
    /// The checkpoint that covers it.
    pub signed: SignedCheckpoint,
    /// When the archive got the checkpoint, by its own word; not known from a page alone.
    pub at: Option<RevisionDate>,
    /// The key that signed it, where it is known and the signature is good.
    pub key: Option<VerifierKey>,
    /// Good cosignatures of witnesses that the policy knows.
    pub cosigned: Vec<Cosignature>,
    /// Whether these are enough, where there is a policy.
    pub is_enough: Option<bool>,
}

/// Judges the log's proof that a page carries, given in base64, beside the answer about its text. A page carries one at the
/// most, and one where there is a policy.
pub fn of_page(answer: &mut Answer, blocks: &[String], policy: Option<&Policy>) {
    let entry = entry_of(answer);
    match (blocks, &entry) {
        ([], _) | (_, None) => {}
        ([block], Some(entry)) => match read(block, entry) {
            Ok((proof, key)) => {
                let in_log = InLog {
                    beside: proof.hashes,
                    ..InLog::at(entry.leaf(), proof.index, proof.signed)
                };
                weigh(answer, in_log, Some(key), policy);
            }
            Err(what) => against(answer, format!("the log's proof in the page: {what}")),
        },
        (several, Some(_)) => against(
            answer,
            format!("the page has {} proofs of the log in place of one", several.len()),
        ),
    }
    ask_for_one(answer, policy);
}

/// Returns the entry of the revision that an answer is about, whether or not content of it is withheld.
fn entry_of(answer: &Answer) -> Option<Entry> {
    let whole = answer.revision.as_ref();
    let whole = whole.map(|revision| Entry::of(revision.id, &revision.commit, &revision.message.trailers));
    whole.or_else(|| {
        let left = answer.withheld.as_ref()?;
        Some(Entry::of(left.id, &left.commit, &left.message.trailers))
    })
}

/// Reads a proof that an entry is in a log, and the key that it names.
fn read(block: &str, entry: &Entry) -> Result<(LogProof, VerifierKey), String> {
    let text = base64::decode(block).map_err(|error| with_causes(&error))?;
    let text = String::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
    let proof = LogProof::parse(&text).map_err(|error| with_causes(&error))?;
    if !proof.has(entry.leaf()) {
        return Err("it is not one of this revision".to_owned());
    }
    let extra = proof.extra.as_deref().ok_or("it does not name the log's key")?;
    let key = std::str::from_utf8(extra).ok().and_then(|key| key.parse().ok());
    let key: VerifierKey = key.ok_or("the key in it is none")?;
    if proof.signed.is_signed_by(&key) == Some(true) {
        Ok((proof, key))
    } else {
        Err(format!("its checkpoint is not signed with {key}"))
    }
}

/// Finds the place of the revision that an answer is about in the archive's own log. Where there is a policy it has one.
///
/// # Errors
/// [`Fault`] where the archive could not be looked into.
pub fn of_archive(archive: &Archive, answer: &mut Answer, policy: Option<&Policy>) -> Result<(), Fault> {
    look_up(archive, answer, policy)?;
    ask_for_one(answer, policy);
    Ok(())
}

fn look_up(archive: &Archive, answer: &mut Answer, policy: Option<&Policy>) -> Result<(), Fault> {
    let Some(entry) = entry_of(answer) else {
        return Ok(());
    };
    let leaf = entry.leaf();
    let signed = log::signed_log(archive).and_then(|signed| {
        let Some((mut log, published)) = signed else {
            return Ok(None);
        };
        let is_wanted = |one: &Published| policy.is_none_or(|policy| meets(policy, &one.signed));
        let found = log::find(archive, &mut log, &published, leaf, is_wanted)?;
        Ok(found.and_then(|(index, covering)| Some((index, covering?.clone()))))
    });
    let (index, covering) = match signed {
        Ok(Some(signed)) => signed,
        Ok(None) => return Ok(()),
        Err(LogError::Read(fault)) => return Err(fault),
        Err(error) => {
            against(answer, with_causes(&error));
            return Ok(());
        }
    };
    let key = log::key_of(archive, &covering);
    let in_log = InLog {
        at: Some(covering.at),
        ..InLog::at(leaf, index, covering.signed)
    };
    weigh(answer, in_log, key, policy);
    Ok(())
}

/// Tells whether a checkpoint is one that a policy asks for.
fn meets(policy: &Policy, signed: &SignedCheckpoint) -> bool {
    policy.weigh(signed).is_enough && is_of_its_logs(policy, signed)
}

/// Tells whether a log that a policy names signed a checkpoint, or the policy names none.
fn is_of_its_logs(policy: &Policy, signed: &SignedCheckpoint) -> bool {
    let mut logs = policy.logs.iter();
    policy.logs.is_empty() || logs.any(|log| signed.is_signed_by(&log.key) == Some(true))
}

impl InLog {
    /// Says where an entry is, and nothing yet of who signed that.
    fn at(leaf: Hash, index: u64, signed: SignedCheckpoint) -> Self {
        Self {
            leaf,
            index,
            beside: Vec::new(),
            signed,
            at: None,
            key: None,
            cosigned: Vec::new(),
            is_enough: None,
        }
    }
}

/// Adds a place to an answer, with the key of which the signature is good, where that is known, and with what the other
/// signatures are worth.
fn weigh(answer: &mut Answer, in_log: InLog, key: Option<VerifierKey>, policy: Option<&Policy>) {
    let signed = &in_log.signed;
    let weighed = policy.map(|policy| policy.weigh(signed));
    if let Some(weighed) = &weighed {
        for witness in &weighed.forged {
            against(
                answer,
                format!("the checkpoint has a line of {witness} that it did not sign"),
            );
        }
        if !weighed.is_enough {
            let what = "the checkpoint is not cosigned by those whom the policy asks for";
            refuse(answer, Verdict::Unknown, what.to_owned());
        }
    }
    if let Some(policy) = policy {
        if policy.logs.is_empty() && key.is_none() {
            let what = "the checkpoint is signed with no key that is known here";
            refuse(answer, Verdict::Unknown, what.to_owned());
        } else if !is_of_its_logs(policy, signed) {
            let what = "the checkpoint is signed by no log of the policy";
            refuse(answer, Verdict::Unknown, what.to_owned());
        }
    }
    answer.in_log = Some(InLog {
        key,
        is_enough: weighed.as_ref().map(|weighed| weighed.is_enough),
        cosigned: weighed.map(|weighed| weighed.cosignatures).unwrap_or_default(),
        ..in_log
    });
}

/// Turns a yes where a policy says whose checkpoints count and there is none that covers what was asked.
fn ask_for_one(answer: &mut Answer, policy: Option<&Policy>) {
    if policy.is_some() && answer.in_log.is_none() && answer.verdict().is_yes() {
        let what = "no checkpoint covers this, and the policy says whose have to";
        refuse(answer, Verdict::Unknown, what.to_owned());
    }
}

/// Adds to an answer what contradicts something that a reader kept of the archive.
pub fn contradicted(answer: &mut Answer, what: String) {
    against(answer, what);
}

/// Says that what somebody remembered goes further than the archive: no yes is up to date then.
pub fn behind(answer: &mut Answer, what: String) {
    refuse(answer, Verdict::Behind, what);
}

fn against(answer: &mut Answer, reason: String) {
    refuse(answer, Verdict::Corrupt, reason);
}

/// Adds a reason against, which turns a yes.
fn refuse(answer: &mut Answer, verdict: Verdict, reason: String) {
    if answer.verdict().is_yes() {
        answer.verdict = None;
        answer.reasons.clear();
    }
    answer.against(verdict, reason);
}

#[cfg(test)]
mod tests {
    use crate::tlog::checkpoint::Checkpoint;
    use crate::tlog::key::{KeyKind, SignerKey};
    use crate::tlog::merkle::empty_root;

    use super::*;

    #[test]
    fn where_a_policy_names_no_log_the_key_has_to_be_the_archives() {
        let key = SignerKey::new("log.example", KeyKind::Note, [7; 32]).unwrap();
        let checkpoint = Checkpoint {
            origin: "log.example".to_owned(),
            size: 1,
            root: empty_root(),
            extensions: Vec::new(),
        };
        let in_log = InLog::at(empty_root(), 0, SignedCheckpoint::signed(checkpoint, &key));
        let policy = Policy::parse("quorum none\n").unwrap();
        let weighed = |key: Option<VerifierKey>| {
            let mut answer = Answer::default();
            weigh(&mut answer, in_log.clone(), key, Some(&policy));
            assert_eq!(answer.in_log.as_ref().and_then(|log| log.is_enough), Some(true));
            answer
        };
        let answer = weighed(Some(key.public().clone()));
        assert_eq!((answer.verdict(), answer.reasons.len()), (Verdict::Verified, 0));
        let answer = weighed(None);
        assert_eq!(answer.verdict(), Verdict::Unknown);
        assert_eq!(
            answer.reasons,
            ["the checkpoint is signed with no key that is known here"]
        );
    }

    #[test]
    fn of_what_is_refused_already_no_checkpoint_is_asked_for() {
        let policy = Policy::parse("quorum none\n").unwrap();
        let mut answer = super::super::unknown("the archive has no such commit");
        of_page(&mut answer, &[], Some(&policy));
        assert_eq!(answer.reasons, ["the archive has no such commit"]);
        let mut answer = Answer::default();
        of_page(&mut answer, &[], None);
        assert_eq!(answer.verdict(), Verdict::Verified);
        of_page(&mut answer, &[], Some(&policy));
        assert_eq!(answer.verdict(), Verdict::Unknown);
    }
}
