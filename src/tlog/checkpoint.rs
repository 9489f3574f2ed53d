//! Checkpoints (C2SP tlog-checkpoint): signed notes that say how many entries a log has and what the root of their tree is;
//! and the cosignatures of witnesses below them (C2SP tlog-cosignature).

use std::fmt;

use super::key::{KeyKind, SignerKey, VerifierKey};
use super::merkle::Hash;
use super::note::{Note, NoteError, SignatureLine};
use super::{hash_line, number};

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// How many entries the log has.
    pub size: u64,
    /// The root of the tree of all of them.
    pub root: Hash,
    /// Lines for which no meaning is known here.
    pub extensions: Vec<String>,
}

/// Why a text is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// Not a signed note.
    #[error("the checkpoint is no signed note")]
    Note(#[from] NoteError),
    /// The text is not of a checkpoint's form.
    #[error("a checkpoint has the log's name, its size and its root in base64, a line each")]
    Form,
}

impl Checkpoint {
    /// Reads the text of a note.
    ///
    /// # Errors
    /// [`CheckpointError::Form`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let lines: Option<Vec<&str>> = text.strip_suffix('\n').map(|text| text.split('\n').collect());
        let lines = lines.ok_or(CheckpointError::Form)?;
        let [origin, size, root, extensions @ ..] = lines.as_slice() else {
            return Err(CheckpointError::Form);
        };
        let size = number(size).filter(|size| i64::try_from(*size).is_ok());
        if lines.iter().any(|line| line.is_empty()) {
            return Err(CheckpointError::Form);
        }
        Ok(Self {
            origin: (*origin).to_owned(),
            size: size.ok_or(CheckpointError::Form)?,
            root: hash_line(root).ok_or(CheckpointError::Form)?,
            extensions: extensions.iter().map(|line| (*line).to_owned()).collect(),
        })
    }
}

/// The text of the note.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root)?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A checkpoint as it is published: with the note that it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The note, whose text says that.
    pub note: Note,
}

/// A witness's word about a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    /// The witness's name.
    pub witness: String,
    /// When it signed, in seconds since 1970.
    pub seconds: u64,
}

impl SignedCheckpoint {
    /// Reads a checkpoint; nothing is believed yet.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let note = Note::parse(text)?;
        let checkpoint = Checkpoint::parse(&note.text)?;
        Ok(Self { checkpoint, note })
    }

    /// Signs a checkpoint with the log's key.
    #[must_use]
    pub fn signed(checkpoint: Checkpoint, key: &SignerKey) -> Self {
        let note = Note::signed(checkpoint.to_string(), key);
        Self { checkpoint, note }
    }

    /// Tells whether the log signed it: the key's name is the log's. `None` where no line names the key.
    #[must_use]
    pub fn is_signed_by(&self, log: &VerifierKey) -> Option<bool> {
        if log.kind() != KeyKind::Note || log.name() != self.checkpoint.origin {
            return None;
        }
        self.note.is_signed_by(log)
    }

    /// Returns what a witness says: `None` where no line names its key, `Some(None)` where one does and is not good.
    #[must_use]
    pub fn cosignature_of(&self, witness: &VerifierKey) -> Option<Option<Cosignature>> {
        let mut own = self
            .note
            .signatures
            .iter()
            .filter(|line| line.names(witness))
            .peekable();
        own.peek()?;
        let all: Option<Vec<u64>> = own.map(|line| self.cosigned_at(witness, line)).collect();
        Some(
            all.and_then(|times| times.into_iter().max())
                .map(|seconds| Cosignature {
                    witness: witness.name().to_owned(),
                    seconds,
                }),
        )
    }

    fn cosigned_at(&self, witness: &VerifierKey, line: &SignatureLine) -> Option<u64> {
        let (seconds, signature) = line.signature.split_at_checked(8)?;
        let seconds = u64::from_be_bytes(seconds.try_into().expect("eight bytes"));
        let is_time = i64::try_from(seconds).is_ok();
        let message = self.cosigned_message(witness, seconds)?;
        (is_time && witness.is_signed(&message, signature)).then_some(seconds)
    }

    /// Signs the checkpoint as a witness. `None` where the key is none of a witness's, or the log's name is longer than the 255
    /// bytes that one of ML-DSA-44 signs.
    #[must_use]
    pub fn cosigned_by(&self, witness: &SignerKey, seconds: u64) -> Option<SignatureLine> {
        let message = self.cosigned_message(witness.public(), seconds)?;
        let stamped = [seconds.to_be_bytes().as_slice(), &witness.sign(&message)].concat();
        Some(SignatureLine::of(witness.public(), stamped))
    }

    fn cosigned_message(&self, witness: &VerifierKey, seconds: u64) -> Option<Vec<u8>> {
        match witness.kind() {
            KeyKind::Note => None,
            KeyKind::Cosignature => {
                Some(format!("cosignature/v1\ntime {seconds}\n{}", self.note.text).into_bytes())
            }
            KeyKind::CosignatureMlDsa44 => {
                let Checkpoint {
                    origin, size, root, ..
                } = &self.checkpoint;
                let mut message = b"subtree/v1\n\0".to_vec();
                push_short(&mut message, witness.name())?;
                message.extend(seconds.to_be_bytes());
                push_short(&mut message, origin)?;
                message.extend(0_u64.to_be_bytes());
                message.extend(size.to_be_bytes());
                message.extend(root.raw());
                Some(message)
            }
        }
    }

    /// Adds lines of witnesses to the note, those that it has already left out.
    pub fn add(&mut self, lines: impl IntoIterator<Item = SignatureLine>) {
        for line in lines {
            if !self.note.signatures.contains(&line) {
                self.note.signatures.push(line);
            }
        }
    }
}

/// Appends a text after a byte with its length; `None` where it is longer than 255 bytes.
fn push_short(message: &mut Vec<u8>, text: &str) -> Option<()> {
    message.push(u8::try_from(text.len()).ok()?);
    message.extend(text.as_bytes());
    Some(())
}

/// The note.
impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(f)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;
    use sha2::{Digest as _, Sha256};

    use super::super::merkle::leaf_hash;
    use super::*;
    use crate::id::hex;

    /// The example of the specification.
    pub const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        — example.com/behind-the-sofa \
        Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

    #[test]
    fn the_example_of_the_specification_reads_back() {
        let signed = SignedCheckpoint::parse(EXAMPLE).unwrap();
        assert_eq!(signed.checkpoint.origin, "example.com/behind-the-sofa");
        assert_eq!(signed.checkpoint.size, 20_852_163);
        assert_eq!(signed.to_string(), EXAMPLE);
        assert_eq!(signed.checkpoint.to_string(), signed.note.text);
        // The witness's line of the specification of cosignatures, 2023-03-20.
        let witness = "— witness.example.com/w1 \
            jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
        let [line] = SignatureLine::parse_all(witness).unwrap().try_into().unwrap();
        assert_eq!(line.signature[..8], 1_679_315_147_u64.to_be_bytes());
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let text = &EXAMPLE[..=EXAMPLE.find("\n\n").unwrap()];
        assert!(Checkpoint::parse(text).is_ok());
        for (from, to) in [
            ("20852163", "020852163"),
            ("20852163", "+20852163"),
            ("20852163", "9223372036854775808"),
            ("20852163", ""),
            ("CsUY", "CsU"),
            ("2I=", "2J="),
            ("example.com/behind-the-sofa\n", ""),
            ("2I=\n", "2I=\n\nmore\n"),
            ("2I=\n", "2I="),
        ] {
            assert_eq!(
                Checkpoint::parse(&text.replacen(from, to, 1)),
                Err(CheckpointError::Form),
                "{to}"
            );
        }
        let more = Checkpoint::parse(&format!("{text}an extension\n")).unwrap();
        assert_eq!(more.extensions, ["an extension"]);
    }

    fn key(name: &str, kind: KeyKind, byte: u8) -> SignerKey {
        SignerKey::new(name, kind, [byte; 32]).unwrap()
    }

    fn signed_by(log: &SignerKey) -> SignedCheckpoint {
        let checkpoint = Checkpoint {
            origin: log.public().name().to_owned(),
            size: 3,
            root: leaf_hash(b""),
            extensions: Vec::new(),
        };
        SignedCheckpoint::signed(checkpoint, log)
    }

    #[test]
    fn logs_sign_and_witnesses_cosign_and_neither_stands_for_the_other() {
        let (log, other) = (
            key("log.example/a", KeyKind::Note, 1),
            key("log.example/b", KeyKind::Note, 1),
        );
        for kind in [KeyKind::Cosignature, KeyKind::CosignatureMlDsa44] {
            let witness = key("w.example", kind, 2);
            let mut signed = signed_by(&log);
            assert_eq!(signed.cosignature_of(witness.public()), None);
            let line = signed.cosigned_by(&witness, 1_769_000_000).unwrap();
            signed.add([line.clone(), line]);
            assert_eq!(signed.note.signatures.len(), 2);
            let signed = SignedCheckpoint::parse(&signed.to_string()).unwrap();
            assert_eq!(signed.is_signed_by(log.public()), Some(true));
            assert_eq!(
                signed.is_signed_by(other.public()),
                None,
                "its name is not the log's"
            );
            assert_eq!(signed.is_signed_by(witness.public()), None);
            let said = signed.cosignature_of(witness.public()).flatten().unwrap();
            assert_eq!(
                (said.witness.as_str(), said.seconds),
                ("w.example", 1_769_000_000)
            );
            let mut later = signed.clone();
            later.note.signatures[1].signature[7] ^= 1;
            assert_eq!(
                later.cosignature_of(witness.public()),
                Some(None),
                "another time was not signed"
            );
            let last = i64::MAX.cast_unsigned();
            for (seconds, said) in [(last, Some(last)), (last + 1, None)] {
                let mut late = signed_by(&log);
                late.add(late.cosigned_by(&witness, seconds));
                let found = late.cosignature_of(witness.public()).unwrap();
                assert_eq!(found.map(|found| found.seconds), said, "{seconds}");
            }
            let larger = signed.to_string().replace("\n3\n", "\n4\n");
            let larger = SignedCheckpoint::parse(&larger).unwrap();
            assert_eq!(larger.is_signed_by(log.public()), Some(false));
            assert_eq!(larger.cosignature_of(witness.public()), Some(None));
            // The log's own key, of the same bytes, is no witness.
            let posing = key("log.example/a", kind, 1);
            assert_eq!(signed.cosignature_of(posing.public()), None);
            assert_eq!(signed.cosigned_by(&log, 1), None, "a log's key cosigns nothing");
        }
    }

    #[test]
    fn what_ml_dsa_signs_is_the_structure_of_the_specification() {
        let log = key("log.example/a", KeyKind::Note, 1);
        let signed = signed_by(&log);
        let witness = key("w.example", KeyKind::CosignatureMlDsa44, 2);
        let message = signed
            .cosigned_message(witness.public(), 0x0102_0304_0506_0708)
            .unwrap();
        let root = leaf_hash(b"");
        let expected = [
            b"subtree/v1\n\0\x09w.example\x01\x02\x03\x04\x05\x06\x07\x08\x0dlog.example/a".as_slice(),
            &[0; 15],
            &[3],
            root.raw(),
        ];
        assert_eq!(message, expected.concat());
        // By an independent implementation, dilithium-py 1.5.1: the key of the same seed, and its deterministic signature.
        for (bytes, digest) in [
            (
                witness.public().public(),
                "6e66c2c3c57116351798517f8d7c8d86c6ab57e12236799f00b869ae043a2da3",
            ),
            (
                witness.sign(&message),
                "a094c237eae95ac1dbaa8acb2c70d1243bf096ff246a4c5091bb251be3dbc180",
            ),
        ] {
            let of_bytes: [u8; 32] = Sha256::digest(bytes).into();
            assert_eq!(hex(&of_bytes), digest);
        }
        let unnamed = signed_by(&key(&"l".repeat(256), KeyKind::Note, 1));
        assert_eq!(unnamed.cosigned_by(&witness, 1), None);
        let by_ed25519 = key("w", KeyKind::Cosignature, 2);
        assert!(unnamed.cosigned_by(&by_ed25519, 1).is_some());
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_would_be_written(text in "[a-z]{0,3}\n[0-9]{0,3}\n[A-Za-z0-9+/]{43}=\n") {
            if let Ok(checkpoint) = Checkpoint::parse(&text) {
                prop_assert_eq!(checkpoint.to_string(), text);
            }
        }
    }
}
