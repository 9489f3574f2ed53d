//! A program without network asks nobody about a checkpoint.

use avalaches::add::Circumstances;
use avalaches::footer::Footer;
use avalaches::tlog::checkpoint::SignedCheckpoint;
use avalaches::tlog::key::VerifierKey;
use serde_json::Value;

use crate::cli::{Common, Failure, Outcome};

/// Whom to ask: nobody.
#[derive(Debug, clap::Args)]
pub struct Outside {}

/// What nobody said.
pub struct Said;

#[expect(
    clippy::unused_self,
    clippy::unnecessary_wraps,
    reason = "as where others can be asked"
)]
impl Outside {
    pub fn check(&self, _: &VerifierKey) -> Result<(), Failure> {
        Ok(())
    }

    pub fn ask(&self, _: &Common, _: &Circumstances, _: Option<&Footer>) -> Result<Said, Failure> {
        Ok(Said)
    }
}

#[expect(
    clippy::unused_self,
    clippy::unnecessary_wraps,
    reason = "as where others can be asked"
)]
impl Said {
    pub fn newest<'a>(&'a self, footer: Option<&'a Footer>) -> Option<&'a Footer> {
        footer
    }

    pub fn signed(&self) -> Option<&SignedCheckpoint> {
        None
    }

    pub fn add_to(&self, _: &mut Value) {}

    pub fn print(&self, _: &Common) -> Result<(), Failure> {
        Ok(())
    }

    pub fn conclude(&self, _: &Common) -> Outcome {
        Outcome::Yes
    }
}
