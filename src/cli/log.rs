//! `avalaches log`.

use std::fs;
use std::path::PathBuf;

use avalaches::log::{self, Entry, LogError, Published};
use avalaches::storage::timestamp;
use avalaches::tlog::key::VerifierKey;
use avalaches::tlog::policy::Policy;
use avalaches::tlog::proof::LogProof;
use avalaches::wording::counted;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::timestamping::{openssl, ots};
use super::{Common, Failure, Outcome, output, policy, resolve};

/// Show the archive's transparency log: its size, its root, and the checkpoints that were signed
#[derive(Debug, clap::Args)]
pub struct Log {
    /// Print the proof that a revision is in the log, as C2SP's tlog-proof has it
    #[arg(long, value_name = "FOOTER|ID")]
    prove: Option<String>,
    /// Print the newest checkpoint as it was signed
    #[arg(long, conflicts_with = "prove")]
    checkpoint: bool,
    /// Say which witnesses of a policy (C2SP tlog-policy) cosigned each checkpoint, and whether they are enough
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prove", "checkpoint"])]
    policy: Option<PathBuf>,
    /// Certificates, in PEM, that vouch for time stamping authorities: timestamps are checked by them, through your openssl
    #[arg(long, value_name = "FILE", conflicts_with_all = ["prove", "checkpoint"])]
    tsa_ca: Option<PathBuf>,
    /// Have stamps of `OpenTimestamps` checked by your `ots`
    #[arg(long, conflicts_with_all = ["prove", "checkpoint"])]
    ots: bool,
}

impl Log {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        self.look_for_certificates()?;
        let archive = common.open()?;
        let (mut log, published) = log::with_checkpoints(&archive).map_err(failure)?;
        if let Some(text) = &self.prove {
            let id = resolve::commit(&archive, text)?;
            let commit = archive.commit(id)?;
            let leaf = Entry::of_commit(id, &commit).map(|entry| entry.leaf());
            let found = match leaf {
                Some(leaf) => log::find(&archive, &mut log, &published, leaf, |_| true).map_err(failure)?,
                None => None,
            };
            let found = found.ok_or_else(|| Failure::new(format!("{id} is no revision of the branch")))?;
            let (index, Some(published)) = found else {
                output::error(&format!("no checkpoint covers {id}"));
                output::hint("sign one with `avalaches checkpoint --key FILE`");
                return Ok(Outcome::No);
            };
            let proof = log.prove(index, &published.signed);
            let proof = proof.ok_or_else(|| failure(LogError::Branch))?;
            return tell_proof(common, &proof);
        }
        if self.checkpoint {
            let Some(newest) = published.last() else {
                output::error("no checkpoint was signed");
                output::hint("sign one with `avalaches checkpoint --key FILE`");
                return Ok(Outcome::No);
            };
            output::print(&newest.signed.to_string())?;
            return Ok(Outcome::Yes);
        }
        let key = archive.settings().log_key.as_ref();
        let policy = self
            .policy
            .as_ref()
            .map(|file| policy::of(file, key))
            .transpose()?;
        let origin = key.map(VerifierKey::name);
        let (size, root) = (log.size(), log.root(log.size()));
        if common.json {
            let checkpoints = published.iter().map(|published| {
                let mut told = document(published, policy.as_ref());
                told["stamps"] = json!(self.stamps(published)?);
                Ok(told)
            });
            let checkpoints: Vec<Value> = checkpoints.collect::<Result<_, Failure>>()?;
            output::print_json(&json!({
                "schema": "avalaches/log/1",
                "origin": origin,
                "key": key.map(ToString::to_string),
                "size": size,
                "root": root.to_string(),
                "checkpoints": checkpoints,
            }))?;
            return Ok(Outcome::Yes);
        }
        let count = counted(size, "revision");
        let mut text = format!("{count}, root {root}\n");
        if let Some(origin) = origin {
            text = format!("{}\n{text}", output::visible(origin));
        }
        for published in &published {
            let checkpoint = &published.signed.checkpoint;
            let others = published.signed.note.signatures.len().saturating_sub(1);
            let others = match others {
                0 => String::new(),
                others => format!(", {others} more signed"),
            };
            text.push_str(&format!(
                "checkpoint of {}, {}{others}: {}\n",
                checkpoint.size, published.at, published.commit
            ));
            if let Some(policy) = &policy {
                text.push_str(&weighed(policy, published));
            }
            for said in self.stamps(published)? {
                text.push_str(&format!("  {}\n", output::visible(&said)));
            }
        }
        output::print(&text)?;
        if published.is_empty() && !common.quiet {
            output::note("no checkpoint was signed: `avalaches checkpoint --key FILE` makes one");
        }
        Ok(Outcome::Yes)
    }
}

impl Log {
    /// Reads the file of certificates: that it cannot be read is no verdict on a timestamp.
    fn look_for_certificates(&self) -> Result<(), Failure> {
        let Some(file) = &self.tsa_ca else {
            return Ok(());
        };
        let read = fs::read(file);
        read.map(drop)
            .map_err(|error| Failure::new(format!("could not read {}: {error}", file.display())))
    }

    /// Says what the stamps of a checkpoint say, and by whom that is vouched for.
    fn stamps(&self, published: &Published) -> Result<Vec<String>, Failure> {
        let mut said = Vec::new();
        let bytes = published.signed.to_string().into_bytes();
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        if let Some(reply) = &published.stamps.rfc3161 {
            let openssl = openssl()?;
            let authorities = self.tsa_ca.as_deref();
            said.push(match timestamp::read(&openssl, reply, &digest) {
                Ok(stamped) => {
                    let date = stamped
                        .date()
                        .map_or_else(|| stamped.seconds.to_string(), |date| date.to_string());
                    match authorities.map(|file| timestamp::verify(&openssl, reply, stamped, &digest, file)) {
                        None => format!(
                            "existed before {date}, as an authority says; --tsa-ca FILE checks who it was"
                        ),
                        Some(Ok(())) => format!("existed before {date}: the authority is vouched for"),
                        Some(Err(_)) => {
                            format!("would have existed before {date}, and nobody vouches for the authority")
                        }
                    }
                }
                Err(error) => format!("has a timestamp that proves nothing: {error}"),
            });
        }
        if let Some(stamp) = &published.stamps.ots {
            said.push(if self.ots {
                match timestamp::ots_verify(&ots()?, &bytes, stamp) {
                    Ok(words) => format!("ots: {words}"),
                    Err(error) => error.to_string(),
                }
            } else {
                "has a stamp of OpenTimestamps; --ots has it checked".to_owned()
            });
        }
        Ok(said)
    }
}

fn tell_proof(common: &Common, proof: &LogProof) -> Result<Outcome, Failure> {
    if common.json {
        output::print_json(&json!({
            "schema": "avalaches/log-proof/1",
            "index": proof.index,
            "size": proof.signed.checkpoint.size,
            "proof": proof.to_string(),
        }))?;
    } else {
        output::print(&proof.to_string())?;
    }
    Ok(Outcome::Yes)
}

/// Says who cosigned a checkpoint, a line each, and whether they are enough.
fn weighed(policy: &Policy, published: &Published) -> String {
    let weighed = policy.weigh(&published.signed);
    let mut text = String::new();
    for cosignature in &weighed.cosignatures {
        let (witness, date) = (&cosignature.witness, policy::date(cosignature.seconds));
        text.push_str(&format!("  cosigned by {}, {date}\n", output::visible(witness)));
    }
    for witness in &weighed.forged {
        text.push_str(&format!(
            "  not cosigned by {}, in whose name it says so\n",
            output::visible(witness)
        ));
    }
    text + if weighed.is_enough {
        "  the quorum is met\n"
    } else {
        "  the quorum is not met\n"
    }
}

fn document(published: &Published, policy: Option<&Policy>) -> Value {
    let checkpoint = &published.signed.checkpoint;
    let weighed = policy.map(|policy| policy.weigh(&published.signed));
    let cosigned = weighed.as_ref().map(|weighed| {
        let cosignatures = weighed.cosignatures.iter();
        let one = cosignatures.map(|one| json!({"witness": one.witness, "at": policy::date(one.seconds)}));
        one.collect::<Vec<Value>>()
    });
    json!({
        "cosigned_by": cosigned,
        "forged": weighed.as_ref().map(|weighed| weighed.forged.clone()),
        "quorum_met": weighed.as_ref().map(|weighed| weighed.is_enough),
        "commit": published.commit.to_string(),
        "at": published.at.to_string(),
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "root": checkpoint.root.to_string(),
        "signed_by": published.signed.note.signatures.iter().map(|line| line.name.clone()).collect::<Vec<String>>(),
        "checkpoint": published.signed.to_string(),
    })
}

/// Tells why the log cannot be had.
pub fn failure(error: LogError) -> Failure {
    match error {
        error @ LogError::Other { .. } => Failure::from(error)
            .hint("the history was changed after it was signed, or it was signed falsely: `avalaches verify` says more"),
        error => Failure::from(error),
    }
}
