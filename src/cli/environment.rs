//! What is taken from the environment: who archives and when, in git's own variables.

use std::env;
use std::time::{SystemTime, UNIX_EPOCH};

use avalaches::date::{RevisionDate, UtcOffset};
use avalaches::object::ident::Person;

use super::Failure;

/// Returns the person that two variables of git's name, where they name one.
pub fn person(role: &str) -> Result<Option<Person>, Failure> {
    let Some(name) = variable(&format!("GIT_{role}_NAME"))? else {
        return Ok(None);
    };
    let email = variable(&format!("GIT_{role}_EMAIL"))?.unwrap_or_default();
    Person::new(&name, &email)
        .map(Some)
        .map_err(|e| Failure::new(format!("GIT_{role}_NAME: {e}")))
}

/// Returns when something is archived: the option, else `SOURCE_DATE_EPOCH`, else `GIT_COMMITTER_DATE`, else the
/// clock, in the archive's offset.
pub fn now(option: Option<&str>, offset: UtcOffset) -> Result<RevisionDate, Failure> {
    if let Some(text) = option {
        return RevisionDate::parse(text, offset).map_err(|e| Failure::new(format!("--archived-at: {e}")));
    }
    if let Some(text) = variable("SOURCE_DATE_EPOCH")? {
        let seconds = text
            .parse()
            .map_err(|_| Failure::new(format!("SOURCE_DATE_EPOCH is no number of seconds: {text:?}")))?;
        return RevisionDate::from_seconds(seconds, offset)
            .map_err(|e| Failure::new(format!("SOURCE_DATE_EPOCH: {e}")));
    }
    if let Some(text) = variable("GIT_COMMITTER_DATE")? {
        let raw = RevisionDate::parse_git(text.trim_start_matches('@'));
        let parsed = raw.map_or_else(|| RevisionDate::parse(&text, offset), Ok);
        return parsed.map_err(|e| Failure::new(format!("GIT_COMMITTER_DATE: {e}")));
    }
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|_| Failure::new("the clock is before 1970"))?;
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    Ok(RevisionDate::from_seconds(seconds, offset)?)
}

fn variable(name: &str) -> Result<Option<String>, Failure> {
    match env::var(name) {
        Ok(value) if value.is_empty() => Ok(None),
        Ok(value) => Ok(Some(value)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(Failure::new(format!("{name} is not UTF-8"))),
    }
}
