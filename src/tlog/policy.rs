//! Policies (C2SP tlog-policy): which logs are believed, which witnesses are known, and whose cosignatures together are
//! enough.

use std::collections::BTreeMap;

use super::checkpoint::{Cosignature, SignedCheckpoint};
use super::key::{KeyError, VerifierKey};

/// A log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Its key.
    pub key: VerifierKey,
    /// Where it is found.
    pub url: Option<String>,
}

/// A witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its name in the policy.
    pub name: String,
    /// Its key.
    pub key: VerifierKey,
    /// The address below which it is asked.
    pub url: Option<String>,
}

/// Who has to have cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Quorum {
    /// Nobody.
    None,
    /// A witness, by its place in the policy.
    Witness(usize),
    /// So many of these.
    Group(usize, Vec<Quorum>),
}

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The logs; where there is none, any log is believed that is known otherwise.
    pub logs: Vec<Log>,
    /// The witnesses.
    pub witnesses: Vec<Witness>,
    quorum: Quorum,
}

/// Why a text is no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy {why}")]
pub struct PolicyError {
    /// Which line, from 1; the one after the last where something is missing.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

/// What a policy says to a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weighed {
    /// The good cosignatures, in the policy's order.
    pub cosignatures: Vec<Cosignature>,
    /// Witnesses in whose name stands what they did not sign.
    pub forged: Vec<String>,
    /// Whether those who cosigned are enough.
    pub is_enough: bool,
}

/// The policy that asks for nobody.
impl Default for Policy {
    fn default() -> Self {
        Self {
            logs: Vec::new(),
            witnesses: Vec::new(),
            quorum: Quorum::None,
        }
    }
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// [`PolicyError`] for the first line that is wrong.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut reader = Reader::default();
        for (line, text) in (1..).zip(text.lines()) {
            reader.line(text).map_err(|why| PolicyError { line, why })?;
        }
        let line = text.lines().count() + 1;
        let quorum = reader.quorum.ok_or_else(|| PolicyError {
            line,
            why: "is missing: `quorum NAME`, or `quorum none`".to_owned(),
        })?;
        Ok(Self {
            logs: reader.logs,
            witnesses: reader.witnesses,
            quorum,
        })
    }

    /// Weighs the cosignatures of a checkpoint. Who signed it as the log is another question.
    #[must_use]
    pub fn weigh(&self, signed: &SignedCheckpoint) -> Weighed {
        let said: Vec<_> = self
            .witnesses
            .iter()
            .map(|witness| signed.cosignature_of(&witness.key))
            .collect();
        let cosigned: Vec<bool> = said.iter().map(|said| matches!(said, Some(Some(_)))).collect();
        let forged = self
            .witnesses
            .iter()
            .zip(&said)
            .filter(|(_, said)| matches!(said, Some(None)));
        Weighed {
            forged: forged.map(|(witness, _)| witness.key.name().to_owned()).collect(),
            is_enough: self.quorum.is_met(&cosigned),
            cosignatures: said.into_iter().flatten().flatten().collect(),
        }
    }
}

impl Quorum {
    fn is_met(&self, cosigned: &[bool]) -> bool {
        match self {
            Self::None => true,
            Self::Witness(at) => cosigned.get(*at) == Some(&true),
            Self::Group(least, members) => {
                members.iter().filter(|member| member.is_met(cosigned)).count() >= *least
            }
        }
    }
}

#[derive(Default)]
struct Reader {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    /// Witnesses and groups by name; taken out where a group has them.
    names: BTreeMap<String, Option<Quorum>>,
    quorum: Option<Quorum>,
}

impl Reader {
    fn line(&mut self, text: &str) -> Result<(), String> {
        if text.contains(|character: char| character.is_ascii_control() && character != '\t') {
            return Err("has a control character".to_owned());
        }
        let words: Vec<&str> = text.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key, url @ ..] if url.len() < 2 => {
                let key = key_of(key, false)?;
                check_is_new(&key, self.logs.iter().map(|log| &log.key))?;
                let url = url.first().map(|url| (*url).to_owned());
                self.logs.push(Log { key, url });
                Ok(())
            }
            ["witness", name, key, url @ ..] if url.len() < 2 => {
                let key = key_of(key, true)?;
                check_is_new(&key, self.witnesses.iter().map(|witness| &witness.key))?;
                self.name(name, Quorum::Witness(self.witnesses.len()))?;
                self.witnesses.push(Witness {
                    name: (*name).to_owned(),
                    key,
                    url: url.first().map(|url| (*url).to_owned()),
                });
                Ok(())
            }
            ["group", name, least, members @ ..] if !members.is_empty() => {
                let least = match *least {
                    "all" => members.len(),
                    "any" => 1,
                    number => number
                        .parse()
                        .ok()
                        .filter(|least| (1..=members.len()).contains(least))
                        .ok_or_else(|| {
                            format!(
                                "asks for {number} of {} in place of a number from 1 to that",
                                members.len()
                            )
                        })?,
                };
                let members = members
                    .iter()
                    .map(|member| self.take(member))
                    .collect::<Result<_, _>>()?;
                self.name(name, Quorum::Group(least, members))
            }
            ["quorum", name] if self.quorum.is_none() => {
                self.quorum = Some(if *name == "none" {
                    Quorum::None
                } else {
                    self.take(name)?
                });
                Ok(())
            }
            ["quorum", _] => Err("is a second quorum".to_owned()),
            [first, ..] => Err(format!(
                "begins with {first:?} and is none of `log KEY [URL]`, `witness NAME KEY [URL]`, \
                 `group NAME all|any|COUNT MEMBER…`, `quorum NAME`"
            )),
        }
    }

    fn name(&mut self, name: &str, means: Quorum) -> Result<(), String> {
        if name == "none" || self.names.contains_key(name) {
            return Err(format!("gives the name {name:?} once more"));
        }
        self.names.insert(name.to_owned(), Some(means));
        Ok(())
    }

    fn take(&mut self, name: &str) -> Result<Quorum, String> {
        match self.names.get_mut(name) {
            None => Err(format!("names {name:?}, which no line before it has")),
            Some(means) => means
                .take()
                .ok_or_else(|| format!("names {name:?}, which is a member already")),
        }
    }
}

/// Reads the key of a witness, or of a log.
fn key_of(text: &str, is_witness: bool) -> Result<VerifierKey, String> {
    let key: VerifierKey = text
        .parse()
        .map_err(|error: KeyError| format!("has no key: {error}"))?;
    match (is_witness, key.kind().is_witness()) {
        (false, true) => Err(format!("names {}, the key of a witness, as a log's", key.name())),
        (true, false) => Err(format!("names {}, the key of a log, as a witness's", key.name())),
        _ => Ok(key),
    }
}

fn check_is_new<'a>(
    key: &VerifierKey,
    mut earlier: impl Iterator<Item = &'a VerifierKey>,
) -> Result<(), String> {
    if earlier.any(|known| known.public() == key.public()) {
        return Err(format!(
            "has the key of {}, which an earlier line has",
            key.name()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::checkpoint::Checkpoint;
    use super::super::key::{KeyKind, SignerKey};
    use super::super::merkle::empty_root;
    use super::*;

    fn witness(number: u8) -> SignerKey {
        SignerKey::new(&format!("w{number}.example"), KeyKind::Cosignature, [number; 32]).unwrap()
    }

    fn log() -> SignerKey {
        SignerKey::new("log.example", KeyKind::Note, [99; 32]).unwrap()
    }

    /// The example of the specification, with keys.
    fn example() -> String {
        let mut text = format!(
            "# whose word counts\n\nlog {} https://log.example/\n",
            log().public()
        );
        for (name, number) in [("X1", 1), ("X2", 2), ("X3", 3)] {
            text.push_str(&format!("witness {name} {}\n", witness(number).public()));
        }
        text.push_str("group X-witnesses 2 X1 X2 X3\n");
        for (name, number) in [("Y1", 4), ("Y2", 5), ("Y3", 6)] {
            text.push_str(&format!(
                "  witness\t{name}  {} https://{name}.example/ \n",
                witness(number).public()
            ));
        }
        text.push_str(
            "group Y-witnesses any Y1 Y2 Y3\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n",
        );
        text
    }

    fn cosigned_by(numbers: &[u8]) -> SignedCheckpoint {
        let checkpoint = Checkpoint {
            origin: "log.example".to_owned(),
            size: 0,
            root: empty_root(),
            extensions: Vec::new(),
        };
        let mut signed = SignedCheckpoint::signed(checkpoint, &log());
        let lines: Vec<_> = numbers
            .iter()
            .map(|number| signed.cosigned_by(&witness(*number), 1).unwrap())
            .collect();
        signed.add(lines);
        signed
    }

    #[test]
    fn the_quorum_of_the_specifications_example_is_met_by_two_and_one() {
        let policy = Policy::parse(&example()).unwrap();
        assert_eq!((policy.logs.len(), policy.witnesses.len()), (1, 6));
        assert_eq!(policy.witnesses[3].url.as_deref(), Some("https://Y1.example/"));
        let is_enough = |numbers: &[u8]| policy.weigh(&cosigned_by(numbers)).is_enough;
        assert!(is_enough(&[1, 3, 5]) && is_enough(&[1, 2, 3, 4, 5, 6]));
        for few in [&[][..], &[1, 2, 3], &[1, 4, 5, 6], &[4, 5, 6], &[1, 2, 9]] {
            assert!(!is_enough(few), "{few:?}");
        }
        let mut forged = cosigned_by(&[1, 3, 5]);
        forged.note.signatures[3].signature[9] ^= 1;
        let weighed = policy.weigh(&forged);
        assert!(!weighed.is_enough);
        assert_eq!(weighed.forged, ["w5.example"]);
        assert_eq!(weighed.cosignatures.len(), 2);
        assert!(
            Policy::parse("quorum none\n")
                .unwrap()
                .weigh(&cosigned_by(&[]))
                .is_enough
        );
    }

    #[test]
    fn a_policy_that_is_wrong_is_refused_with_its_line() {
        let refused = |from: &str, to: &str| Policy::parse(&example().replacen(from, to, 1)).unwrap_err();
        let (own, other) = (witness(1).public().to_string(), witness(2).public().to_string());
        for (from, to, line) in [
            ("quorum X-and-Y", "# quorum", 14),
            ("quorum X-and-Y", "quorum X-and-Z", 13),
            ("quorum X-and-Y", "quorum X-and-Y\nquorum none", 14),
            ("group X-witnesses 2", "group X-witnesses 0", 7),
            ("group X-witnesses 2", "group X-witnesses 4", 7),
            ("group X-witnesses 2 X1", "group X-witnesses 2 X2", 7),
            ("group X-witnesses", "group X1", 7),
            ("witness X2", "witness none", 5),
            ("log", "logs", 3),
            (other.as_str(), own.as_str(), 5),
            ("log ", &format!("log {own} #"), 3),
            ("witness X1 ", &format!("witness X1 {} #", log().public()), 4),
            ("witness X1", "witness X1 \u{7}", 4),
        ] {
            let error = refused(from, to);
            assert_eq!(error.line, line, "{to}: {error}");
        }
    }
}
