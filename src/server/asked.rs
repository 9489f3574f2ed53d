//! What a query says, read; and what is wrong with it, said.

use super::problem::Problem;
use crate::date::CivilDay;
use crate::language::Language;

/// Reads how many things are asked for: `some` where nothing is said, and never more than `most`.
pub fn limit(text: Option<&str>, some: usize, most: usize) -> Result<usize, Problem> {
    match text.map(str::parse) {
        None => Ok(some),
        Some(Ok(limit)) if (1..=most).contains(&limit) => Ok(limit),
        Some(_) => {
            let problem = Problem::unread("limit is no number that is answered with");
            Err(problem.hint(format!("say limit=N with N from 1 to {most}")))
        }
    }
}

/// Reads a day.
pub fn day(name: &str, text: Option<&str>) -> Result<Option<CivilDay>, Problem> {
    let day = |text: &str| {
        CivilDay::parse(text, '-').ok_or_else(|| {
            Problem::unread(format!("{name} is no day")).hint("a day looks like 2026-01-22 and must exist")
        })
    };
    text.map(day).transpose()
}

/// Reads a language.
pub fn language(text: Option<&str>) -> Result<Option<Language>, Problem> {
    let language = text.map(str::parse::<Language>).transpose();
    language.map_err(|error| {
        Problem::unread(format!("language: {error}")).hint("a language is a tag such as zh or en-GB")
    })
}
