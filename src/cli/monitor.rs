//! `avalaches monitor`.

use std::path::Path;
use std::time::Duration;

use avalaches::article::Kind;
use avalaches::footer::Footer;
use avalaches::log::Entry;
use avalaches::monitor::{self, Followed, MonitorError, News, atom};
use avalaches::network::{Client, Limits};
use avalaches::swhid::Swhid;
use avalaches::tlog::kept::{KeptCheckpoint, KeptError};
use avalaches::tlog::key::{KeyError, VerifierKey};
use avalaches::wording::counted;
use serde_json::{Value, json};

use super::output::{BAD, NOTICE, visible};
use super::{Common, Failure, Outcome, output, remember};

/// Follow the log of a published site: what is new, corrected or retracted since the last time, and whether the log goes on from there
#[derive(Debug, clap::Args)]
pub struct Monitor {
    /// The address of the site
    url: String,
    /// The log's key, where it was not kept before, or where the publisher says that it is another one now
    #[arg(long, value_name = "KEY", value_parser = key)]
    key: Option<VerifierKey>,
    /// Print what is new as an Atom feed
    #[arg(long)]
    atom: bool,
    /// Go on, and ask again after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    every: Option<u64>,
}

fn key(text: &str) -> Result<VerifierKey, String> {
    text.parse().map_err(|error: KeyError| {
        let hint = if Path::new(text).is_file() {
            "; of a key's file, `avalaches key show FILE` prints it"
        } else {
            ""
        };
        format!("{error}{hint}")
    })
}

/// How a log was found to stand to what was kept of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    GoesOn,
    /// It ends before that, as a page from a cache does: the next time it may go on.
    Behind,
    Contradiction,
}

impl Monitor {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        if self.atom && common.json {
            return Err(Failure::new("--json and --atom ask for two forms of one answer")
                .hint("leave one of them out"));
        }
        let mut seen = self.once(common)?;
        while let Some(seconds) = self.every.filter(|_| seen != Seen::Contradiction) {
            std::thread::sleep(Duration::from_secs(seconds));
            seen = match self.once(common) {
                Ok(seen) => seen,
                // A site that was followed and does not answer may answer the next time.
                Err(failure) if !failure.is_unread => {
                    failure.tell();
                    Seen::GoesOn
                }
                Err(failure) => return Err(failure),
            };
        }
        Ok(match seen {
            Seen::GoesOn => Outcome::Yes,
            Seen::Behind | Seen::Contradiction => Outcome::No,
        })
    }

    fn once(&self, common: &Common) -> Result<Seen, Failure> {
        let address = self.url.trim_end_matches('/');
        let client = Client::new(Limits {
            body: monitor::LONGEST_BUNDLE,
            ..Limits::default()
        })?;
        let fetch = |path: &str, most: usize| {
            let answer = client
                .get(&format!("{address}/{path}"))
                .map_err(|error| error.to_string())?;
            match answer.status {
                200 if answer.body.len() <= most => Ok(answer.body),
                200 => Err(format!("it is longer than {most} bytes")),
                status => Err(format!("{address} answers with status {status}")),
            }
        };
        let shown = monitor::checkpoint(&fetch).map_err(|error| {
            Failure::from(error)
                .hint("name the address of a published site whose archive has a signed checkpoint")
        })?;
        let remembered = remember::folder()?;
        let before = remembered.checkpoint(&shown.checkpoint.origin)?;
        let known = before.as_ref().map(KeptCheckpoint::key);
        let key = self.key.as_ref().or(known).ok_or_else(|| {
            let origin = visible(&shown.checkpoint.origin);
            Failure::new(format!(
                "nothing was kept of the log {origin}, so its key is not known"
            ))
            .hint("say which it is with --key KEY, from where the publisher says it")
        })?;
        let followed = monitor::follow(&fetch, shown, key, before.as_ref());
        let followed = followed.map_err(|error| {
            let is_unsigned = matches!(error, MonitorError::Kept(KeptError::Unsigned(_)));
            let failure = Failure::from(error);
            match (&self.key, known) {
                (None, Some(_)) if is_unsigned => failure.hint(
                    "if the publisher says that the log has another key now, name that one with --key: it is held against what was kept",
                ),
                (Some(given), Some(known)) if is_unsigned && given != known => {
                    failure.hint("leave --key out to follow it by the key that was kept")
                }
                _ => failure,
            }
        })?;
        match followed {
            Followed::Contradiction(contradiction) => {
                let told = remember::told(&contradiction, &remembered)?;
                let is_behind = contradiction.is_behind();
                if common.json {
                    output::print_json(&json!({
                        "schema": "avalaches/monitor/1",
                        "origin": key.name(),
                        "before": before.as_ref().map(|before| before.signed().checkpoint.size),
                        "size": Value::Null,
                        "news": [],
                        "contradiction": (!is_behind).then_some(&told),
                        "behind": is_behind.then_some(&told),
                    }))?;
                } else if is_behind {
                    output::print(&format!("{NOTICE}behind{NOTICE:#}  {}\n", visible(&told)))?;
                } else {
                    output::print(&format!("{BAD}contradiction{BAD:#}  {}\n", visible(&told)))?;
                }
                Ok(if is_behind {
                    Seen::Behind
                } else {
                    Seen::Contradiction
                })
            }
            Followed::News(news) => {
                let size = before.as_ref().map(|before| before.signed().checkpoint.size);
                self.tell(common, size, &news)?;
                // What was not told is not kept, so that it is told the next time.
                if remembered.keep_checkpoint(&news.kept, before.as_ref())? {
                    Ok(Seen::GoesOn)
                } else {
                    // Another kept something meanwhile, which may contradict.
                    self.once(common)
                }
            }
        }
    }

    fn tell(&self, common: &Common, before: Option<u64>, news: &News) -> Result<(), Failure> {
        if common.json {
            return output::print_json(&json!({
                "schema": "avalaches/monitor/1",
                "origin": news.kept.origin(),
                "before": before,
                "size": news.kept.signed().checkpoint.size,
                "news": news.entries.iter().map(document).collect::<Vec<Value>>(),
                "contradiction": Value::Null,
                "behind": Value::Null,
            }));
        }
        if self.atom {
            return output::print(&atom::feed(&self.url, news));
        }
        let mut text = String::new();
        for entry in &news.entries {
            let footer = Footer::of(entry.date, entry.commit);
            let word = word(entry.kind);
            text.push_str(&format!(
                "{word:<10}{}, revision {}: {footer}\n",
                entry.article, entry.revision
            ));
        }
        output::print(&text)?;
        if news.entries.is_empty() && !common.quiet {
            let size = news.kept.signed().checkpoint.size;
            let size = counted(size, "revision");
            output::note(&format!("nothing new: {size}, as before"));
        }
        Ok(())
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Publish => "new",
        Kind::Update => "updated",
        Kind::Correction => "corrected",
        Kind::Retraction => "retracted",
        Kind::Restoration => "restored",
        Kind::Technical => "technical",
    }
}

fn document(entry: &Entry) -> Value {
    json!({
        "article": entry.article.to_string(),
        "revision": entry.revision,
        "kind": entry.kind.name(),
        "date": entry.date.to_string(),
        "id": entry.commit.to_string(),
        "swhid": Swhid::revision(entry.commit).to_string(),
        "footer": Footer::of(entry.date, entry.commit).to_string(),
        "content_sha256": entry.content_sha256,
    })
}
