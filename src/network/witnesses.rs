//! Asking witnesses for their cosignatures (C2SP tlog-witness), as the log that wants them.

use crate::log::Log;
use crate::network::{Answer, Client, NetworkError};
use crate::tlog::add_checkpoint::{AddCheckpoint, PATH, SIZE_TYPE, parse_size};
use crate::tlog::checkpoint::{Cosignature, SignedCheckpoint};
use crate::tlog::key::VerifierKey;
use crate::tlog::merkle::Nodes as _;
use crate::tlog::note::SignatureLine;
use crate::tlog::policy::Witness;
use crate::wording::counted;

/// How often a witness is asked that says with each answer that it knows another size: others may be asking it as well.
const TRIES: usize = 3;

/// The type of a request.
const TEXT: &str = "text/plain; charset=utf-8";

/// How much is repeated of what a witness says, in characters.
const LONGEST_SAID: usize = 200;

/// Why a witness did not cosign.
#[derive(Debug, thiserror::Error)]
pub enum Silence {
    /// Nobody can ask it.
    #[error("the policy has no address of it")]
    NoAddress,
    /// It did not answer.
    #[error(transparent)]
    Lost(#[from] NetworkError),
    /// It cosigned a later checkpoint.
    #[error(
        "it cosigned a checkpoint of {}, and this archive has {size}: the archive was rolled back, is a copy that is behind, or \
         another one is signed with the same key",
        counted(*known, "revision")
    )]
    Larger {
        /// The size that it knows.
        known: u64,
        /// The checkpoint's.
        size: u64,
    },
    /// It cosigned a checkpoint that this one does not go on from.
    #[error(
        "it cosigned a checkpoint of {} that this archive does not go on from: the history was rewritten, or another archive is \
         signed with the same key",
        counted(*.0, "revision")
    )]
    Fork(u64),
    /// It does not know the log.
    #[error("it does not witness this log; whoever runs it has to be told the log's key")]
    Unknown,
    /// It knows other keys of the log.
    #[error("it knows the log by another key")]
    OtherKey,
    /// It answered something else.
    #[error("it answers with status {status}{said}")]
    Other {
        /// The status of HTTP.
        status: u16,
        /// What it says, after a colon.
        said: String,
    },
    /// What it gave is not a cosignature of its key.
    #[error("it answered without a good cosignature by its key")]
    NotGood,
}

/// A cosignature that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// Whose, and when.
    pub cosignature: Cosignature,
    /// The line that says so.
    pub line: SignatureLine,
}

/// Asks a witness to cosign a checkpoint that a log's key signed. `known` is the size that it is believed to know.
///
/// # Errors
/// [`Silence`].
pub fn ask(
    client: &Client,
    witness: &Witness,
    (signed, key): (&SignedCheckpoint, &VerifierKey),
    log: &Log,
    known: u64,
) -> Result<Cosigned, Silence> {
    let url = witness.url.as_ref().ok_or(Silence::NoAddress)?;
    let address = format!("{}/{PATH}", url.trim_end_matches('/'));
    let size = signed.checkpoint.size;
    let mut own = signed.clone();
    own.note.signatures.retain(|line| line.names(key));
    let mut old = known.min(size);
    let mut tries = 0;
    loop {
        let Ok(proof) = log.tree().consistency(old, size);
        let checkpoint = own.to_string();
        let request = AddCheckpoint {
            old,
            proof,
            checkpoint,
        };
        let answer = client.post(&address, TEXT, request.to_string().into_bytes())?;
        tries += 1;
        match (answer.status, known_size(&answer)) {
            (200, _) => return cosigned(witness, &own, &answer).ok_or(Silence::NotGood),
            (409, Some(known)) if known > size => return Err(Silence::Larger { known, size }),
            (409, Some(known)) if known != old && tries < TRIES => old = known,
            (422, _) => return Err(Silence::Fork(old)),
            (404, _) => return Err(Silence::Unknown),
            (403, _) => return Err(Silence::OtherKey),
            _ => return Err(other(&answer)),
        }
    }
}

fn known_size(answer: &Answer) -> Option<u64> {
    let media_type = answer.media_type.split(';').next().unwrap_or_default();
    (media_type.trim() == SIZE_TYPE)
        .then(|| parse_size(&answer.body))
        .flatten()
}

/// Reads the newest good line of a witness, which is all that it has to say; those of others are nobody's concern.
fn cosigned(witness: &Witness, own: &SignedCheckpoint, answer: &Answer) -> Option<Cosigned> {
    let lines = SignatureLine::parse_all(std::str::from_utf8(&answer.body).ok()?)?;
    let good = lines.into_iter().filter_map(|line| {
        let mut signed = own.clone();
        signed.add([line.clone()]);
        let cosignature = signed.cosignature_of(&witness.key)??;
        (cosignature.seconds > 0).then_some(Cosigned { cosignature, line })
    });
    good.max_by_key(|cosigned| cosigned.cosignature.seconds)
}

fn other(answer: &Answer) -> Silence {
    let text = String::from_utf8_lossy(&answer.body);
    let document: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let detail = document.as_ref().and_then(|document| document["detail"].as_str());
    let said = detail.unwrap_or(text.lines().next().unwrap_or_default()).trim();
    let said: String = said.chars().take(LONGEST_SAID).collect();
    Silence::Other {
        status: answer.status,
        said: if said.is_empty() {
            said
        } else {
            format!(": {said}")
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::checkpoint::Checkpoint;
    use crate::tlog::key::{KeyKind, SignerKey};
    use crate::tlog::merkle::empty_root;

    #[test]
    fn of_a_witness_that_says_more_than_one_line_the_newest_good_one_is_taken() {
        let key = |name, kind, secret| SignerKey::new(name, kind, [secret; 32]).unwrap();
        let log = key("log.example", KeyKind::Note, 1);
        let (own, other) = (
            key("w.example", KeyKind::Cosignature, 2),
            key("v.example", KeyKind::Cosignature, 3),
        );
        let checkpoint = Checkpoint {
            origin: "log.example".to_owned(),
            size: 0,
            root: empty_root(),
            extensions: Vec::new(),
        };
        let signed = SignedCheckpoint::signed(checkpoint, &log);
        let witness = Witness {
            name: "w".to_owned(),
            key: own.public().clone(),
            url: None,
        };
        let body = |lines: &[SignatureLine]| Answer {
            status: 200,
            media_type: String::new(),
            body: lines
                .iter()
                .map(ToString::to_string)
                .collect::<String>()
                .into_bytes(),
        };
        let at = |seconds| signed.cosigned_by(&own, seconds).unwrap();
        let mut bad = at(9);
        bad.signature[20] ^= 1;
        let lines = [
            at(3),
            at(5),
            bad.clone(),
            signed.cosigned_by(&other, 7).unwrap(),
            at(4),
        ];
        let cosigned = cosigned(&witness, &signed, &body(&lines)).unwrap();
        assert_eq!((cosigned.cosignature.seconds, cosigned.line), (5, at(5)));
        assert_eq!(super::cosigned(&witness, &signed, &body(&[bad])), None);
    }
}
