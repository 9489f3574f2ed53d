//! What others are asked about a checkpoint: witnesses for their cosignatures, authorities for the time.

use std::path::PathBuf;

use avalaches::add::Circumstances;
use avalaches::footer::Footer;
use avalaches::log::LogError;
use avalaches::tlog::checkpoint::SignedCheckpoint;
use avalaches::tlog::key::VerifierKey;
use serde_json::{Value, json};

use super::cosign::{self, Asked};
use super::stamp::{self, Stamped};
use crate::cli::{Common, Failure, Outcome, output, policy};

/// Whom to ask.
#[derive(Debug, clap::Args)]
pub struct Outside {
    /// Ask the witnesses of a policy (C2SP tlog-policy) for their cosignatures
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Ask a time stamping authority for a token (RFC 3161), through your openssl
    #[arg(long, value_name = "URL")]
    timestamp: Option<String>,
    /// Certificates, in PEM, that vouch for the authority: a token that they do not is refused
    #[arg(long, value_name = "FILE", requires = "timestamp")]
    tsa_ca: Option<PathBuf>,
    /// Have it stamped by your `ots`, the program of `OpenTimestamps`
    #[arg(long)]
    ots: bool,
}

/// What they said.
pub struct Said {
    asked: Option<Asked>,
    stamped: Vec<Stamped>,
}

/// Why what they said is not kept.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("the archive has another checkpoint since others were asked about it")]
    Moved,
    #[error("the checkpoint would have more lines of witnesses than one may have")]
    Many,
}

impl Outside {
    /// Says what is wrong with whom to ask, before anything is signed.
    pub fn check(&self, key: &VerifierKey) -> Result<(), Failure> {
        let policy = self.policy.as_ref().map(|file| policy::of(file, Some(key)));
        policy.transpose().map(drop)
    }

    /// Asks about the checkpoint at the tip, which a commit brought where there is a footer.
    pub fn ask(
        &self,
        common: &Common,
        circumstances: &Circumstances,
        footer: Option<&Footer>,
    ) -> Result<Said, Failure> {
        let mut said = Said {
            asked: None,
            stamped: Vec::new(),
        };
        if let Some(file) = &self.policy {
            let asked = cosign::ask(common, circumstances, file);
            said.asked = Some(asked.map_err(|failure| failure.after_commit(footer))?);
        }
        // What stands below the checkpoint is stamped with it.
        if let Some(address) = &self.timestamp {
            let stamped = stamp::rfc3161(common, circumstances, address, self.tsa_ca.as_deref());
            said.stamped
                .push(stamped.map_err(|failure| failure.after_commit(said.newest(footer)))?);
        }
        if self.ots {
            let stamped = stamp::by_ots(common, circumstances);
            said.stamped
                .push(stamped.map_err(|failure| failure.after_commit(said.newest(footer)))?);
        }
        Ok(said)
    }
}

impl Said {
    /// Returns the footer of the last commit: of the newest that keeps what they said, else the one of the checkpoint.
    pub fn newest<'a>(&'a self, footer: Option<&'a Footer>) -> Option<&'a Footer> {
        let mut stamps = self.stamped.iter().rev();
        let stamp = stamps.find_map(|stamped| stamped.footer.as_ref());
        let asked = self.asked.as_ref().and_then(|asked| asked.footer.as_ref());
        stamp.or(asked).or(footer)
    }

    /// Returns the checkpoint with the lines that it has now, where witnesses were asked.
    pub fn signed(&self) -> Option<&SignedCheckpoint> {
        self.asked.as_ref().map(|asked| &asked.signed)
    }

    /// Adds what they said to the JSON document of the checkpoint.
    pub fn add_to(&self, document: &mut Value) {
        if let Some(asked) = &self.asked {
            document["cosigned"] = asked.footer.as_ref().map(ToString::to_string).into();
            document["witnesses"] = asked.documents().into();
            document["quorum_met"] = asked.is_enough.into();
        }
        let stamp = |stamped: &Stamped| {
            json!({
                "footer": stamped.footer.as_ref().map(ToString::to_string),
                "said": stamped.said,
            })
        };
        document["stamps"] = self.stamped.iter().map(stamp).collect();
    }

    /// Prints the footers of the commits that keep what they said.
    pub fn print(&self, common: &Common) -> Result<(), Failure> {
        if let Some(footer) = self.asked.as_ref().and_then(|asked| asked.footer.as_ref()) {
            output::print(&format!("{footer}\n"))?;
        }
        for stamped in &self.stamped {
            if let Some(footer) = &stamped.footer {
                output::print(&format!("{footer}\n"))?;
            }
            if !common.quiet {
                output::note(&stamped.said);
            }
        }
        Ok(())
    }

    /// Tells on stderr what the witnesses said, and whether they are enough.
    pub fn conclude(&self, common: &Common) -> Outcome {
        let Some(asked) = &self.asked else {
            return Outcome::Yes;
        };
        asked.tell(common);
        if asked.is_enough {
            Outcome::Yes
        } else {
            Outcome::No
        }
    }
}
