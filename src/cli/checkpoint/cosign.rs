//! `checkpoint --policy`: the witnesses of a policy are asked for their cosignatures, which stand below the checkpoint by a
//! second commit.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread::{self, ScopedJoinHandle};

use avalaches::add::Circumstances;
use avalaches::archive::Archive;
use avalaches::footer::Footer;
use avalaches::log::{self, Log, Published};
use avalaches::network::witnesses::{self, Cosigned, Silence};
use avalaches::network::{Client, Limits};
use avalaches::root_files::RootChange;
use avalaches::settings::CHECKPOINT_FILE;
use avalaches::tlog::checkpoint::SignedCheckpoint;
use avalaches::tlog::key::VerifierKey;
use avalaches::tlog::policy::Witness;
use avalaches::trailer::RootMessage;
use serde_json::{Value, json};

use super::outside::Refusal;
use crate::cli::{Common, Failure, output, policy, settings};

/// The longest subject that names witnesses, in characters.
const LONGEST_SUBJECT: usize = 200;

/// What a policy's witnesses said.
pub struct Asked {
    /// The checkpoint, with the lines that it has now.
    pub signed: SignedCheckpoint,
    /// Of the commit that brought more lines.
    pub footer: Option<Footer>,
    /// Whether those who cosigned are enough.
    pub is_enough: bool,
    witnesses: Vec<Said>,
}

/// A witness's answer.
type Answer = Result<Cosigned, Silence>;

struct Said {
    witness: Witness,
    cosigned: Result<u64, String>,
    is_new: bool,
}

/// Asks those witnesses of a policy that have not cosigned the checkpoint at the tip, and keeps what is good.
pub fn ask(common: &Common, circumstances: &Circumstances, file: &Path) -> Result<Asked, Failure> {
    let archive = common.open()?;
    let key = archive.settings().log_key.clone();
    let policy = policy::of(file, key.as_ref())?;
    let (log, published) = log::with_checkpoints(&archive).map_err(crate::cli::log::failure)?;
    // A witness that is shown a hash which is not the tree's takes that for another history.
    let log = log.sound(&archive).map_err(crate::cli::log::failure)?;
    let newest = published.last().zip(key);
    let (newest, key) = newest.ok_or_else(|| Failure::new("the archive has no checkpoint"))?;
    let signed = newest.signed.clone();
    let path = archive.path().to_owned();
    let missing: Vec<&Witness> = policy
        .witnesses
        .iter()
        .filter(|witness| !matches!(signed.cosignature_of(&witness.key), Some(Some(_))))
        .collect();
    let answers = ask_all(&missing, (&signed, &key), &log, &published)?;
    drop(archive);
    let new: Vec<(Witness, Cosigned)> = missing
        .iter()
        .zip(&answers)
        .filter_map(|(witness, answer)| Some(((*witness).clone(), answer.as_ref().ok()?.clone())))
        .collect();
    let names = missing.iter().map(|witness| witness.name.clone());
    let mut answers: BTreeMap<String, Answer> = names.zip(answers).collect();
    let (footer, signed) = keep(common, &path, circumstances, signed, &new)?;
    let is_enough = policy.weigh(&signed).is_enough;
    let said = |witness: &Witness| {
        let answer = answers.remove(&witness.name);
        let earlier = signed.cosignature_of(&witness.key).flatten();
        Said {
            witness: witness.clone(),
            is_new: answer.is_some(),
            cosigned: match (answer, earlier) {
                (Some(answer), _) => answer
                    .map(|cosigned| cosigned.cosignature.seconds)
                    .map_err(|silence| silence.to_string()),
                (None, Some(cosignature)) => Ok(cosignature.seconds),
                (None, None) => Err("its cosignature is not good".to_owned()),
            },
        }
    };
    let witnesses = policy.witnesses.iter().map(said).collect();
    Ok(Asked {
        signed,
        footer,
        is_enough,
        witnesses,
    })
}

/// Asks all at once: one that is slow keeps no other waiting.
fn ask_all(
    witnesses: &[&Witness],
    signed: (&SignedCheckpoint, &VerifierKey),
    log: &Log,
    published: &[Published],
) -> Result<Vec<Answer>, Failure> {
    let client = Client::new(Limits::default())?;
    let ask = |witness: &Witness| {
        let is_known = |one: &&Published| matches!(one.signed.cosignature_of(&witness.key), Some(Some(_)));
        let known = published.iter().rev().find(is_known);
        let known = known.map_or(0, |known| known.signed.checkpoint.size);
        witnesses::ask(&client, witness, signed, log, known)
    };
    Ok(thread::scope(|scope| {
        let begin = |witness| {
            let thread = thread::Builder::new().spawn_scoped(scope, move || ask(witness));
            // Where no further thread can be had, it is its turn here.
            thread.map_err(|_| ask(witness))
        };
        let asked: Vec<_> = witnesses.iter().copied().map(begin).collect();
        let end = |thread: ScopedJoinHandle<'_, _>| thread.join().expect("asking does not panic");
        asked
            .into_iter()
            .map(|asked| asked.map_or_else(|answer| answer, end))
            .collect()
    }))
}

/// Puts lines below the checkpoint, by a commit.
fn keep(
    common: &Common,
    path: &Path,
    circumstances: &Circumstances,
    signed: SignedCheckpoint,
    new: &[(Witness, Cosigned)],
) -> Result<(Option<Footer>, SignedCheckpoint), Failure> {
    if new.is_empty() {
        return Ok((None, signed));
    }
    let mut kept = signed.clone();
    let decide = |archive: &Archive| -> Result<Option<RootChange>, Refusal> {
        let now = log::newest(archive)?.filter(|now| now.note.text == signed.note.text);
        kept = now.ok_or(Refusal::Moved)?;
        for (witness, cosigned) in new {
            // A line that is not good makes no other one good.
            kept.note.signatures.retain(|line| !line.names(&witness.key));
            kept.add([cosigned.line.clone()]);
        }
        let bytes = kept.to_string().into_bytes();
        log::parse(&bytes).map_err(|_| Refusal::Many)?;
        let message = RootMessage {
            subject: subject(new),
            note: None,
        };
        let files = vec![(CHECKPOINT_FILE.to_owned(), bytes)];
        Ok(Some(RootChange::new(files, message)))
    };
    let footer = common.change_root_files(path, circumstances, decide);
    let footer = footer.map_err(settings::failure)?;
    Ok((footer, kept))
}

fn subject(new: &[(Witness, Cosigned)]) -> String {
    let names: Vec<&str> = new.iter().map(|(witness, _)| witness.key.name()).collect();
    let subject = format!("checkpoint: cosigned by {}", names.join(", "));
    if RootMessage::is_line(&subject) && subject.chars().count() <= LONGEST_SUBJECT {
        return subject;
    }
    // A name may have characters that no message has.
    match new.len() {
        1 => "checkpoint: cosigned by a witness".to_owned(),
        count => format!("checkpoint: cosigned by {count} witnesses"),
    }
}

impl Asked {
    /// Returns what each said, as JSON.
    pub fn documents(&self) -> Vec<Value> {
        let document = |said: &Said| {
            json!({
                "name": said.witness.name,
                "key": said.witness.key.to_string(),
                "url": said.witness.url,
                "cosigned_at": said.cosigned.as_ref().ok().map(|seconds| policy::date(*seconds)),
                "why": said.cosigned.as_ref().err(),
            })
        };
        self.witnesses.iter().map(document).collect()
    }

    /// Tells on stderr who cosigned, who did not and why, and whether they are enough.
    pub fn tell(&self, common: &Common) {
        for said in &self.witnesses {
            let name = &said.witness.name;
            match &said.cosigned {
                Ok(seconds) if said.is_new && !common.quiet => {
                    output::note(&format!("{name} cosigned, {}", policy::date(*seconds)));
                }
                Ok(_) => {}
                Err(why) => output::warning(&format!("{name} did not cosign: {why}")),
            }
        }
        if self.is_enough {
            if !common.quiet {
                output::note("the policy's quorum is met");
            }
        } else {
            output::error("the policy's quorum is not met; the checkpoint stands without it");
            output::hint("the same command asks those again that have not cosigned");
        }
    }
}
