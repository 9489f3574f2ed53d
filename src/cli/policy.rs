//! `--policy`: whose cosignatures of checkpoints count.

use std::path::Path;

use avalaches::document::verdict;
use avalaches::tlog::key::VerifierKey;
use avalaches::tlog::policy::Policy;

use super::Failure;
use super::pages::read_text;

/// The longest policy, in bytes.
const LONGEST: u64 = 1 << 20;

/// Reads a policy.
pub fn read(path: &Path) -> Result<Policy, Failure> {
    let text = read_text(path, LONGEST).map_err(|error| failure(path, &error.to_string()))?;
    Policy::parse(&text).map_err(|error| {
        failure(path, &error.to_string()).hint("a policy is written as https://c2sp.org/tlog-policy has it")
    })
}

/// Reads the policy that is asked for a log.
pub fn of(path: &Path, log: Option<&VerifierKey>) -> Result<Policy, Failure> {
    let policy = read(path)?;
    let is_meant = policy.logs.is_empty() || policy.logs.iter().any(|known| Some(&known.key) == log);
    if is_meant {
        return Ok(policy);
    }
    let hint = match log {
        Some(key) => format!("add the line `log {key}`"),
        None => "name the log's key with `avalaches settings --log-key KEY`".to_owned(),
    };
    Err(failure(path, "none of its logs is this archive's").hint(hint))
}

fn failure(path: &Path, why: &str) -> Failure {
    Failure::new(format!("could not read the policy {}: {why}", path.display()))
}

/// Writes when a witness signed.
pub fn date(seconds: u64) -> String {
    verdict::instant(seconds).unwrap_or_else(|| format!("{seconds} seconds after 1970"))
}
