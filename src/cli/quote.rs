//! `avalaches verify --quote`.

use std::fmt::Write as _;

use avalaches::archive::Archive;
use avalaches::index::BesideError;
use avalaches::quote::{self, Found, Hit, SearchError, Standing, Way};
use avalaches::swhid::Swhid;
use avalaches::trailer::Message;
use avalaches::wording::counted;
use avalaches::words::{Quote, QuoteError};
use serde_json::{Value, json};

use super::output::{BAD, GOOD, visible};
use super::progress::{Meter, Shown};
use super::{Common, Failure, Outcome, output};

/// Looks for words in every revision and tells which have them.
pub fn run(
    common: &Common,
    archive: &Archive,
    words: &str,
    way: Way,
    shown: Shown,
) -> Result<Outcome, Failure> {
    let quote = Quote::new(words).map_err(|error| {
        let failure = Failure::from(&error);
        match error {
            QuoteError::Long(_) => failure.hint("quote a sentence or two"),
            _ => failure,
        }
    })?;
    let mut meter = Meter::begin(common, shown, "texts")?;
    let found = quote::find(archive, &quote, way, &mut |progress| meter.tell(progress));
    meter.end();
    let found = match found {
        Ok(found) => found,
        Err(error @ SearchError::Texts(BesideError::Ended)) => {
            output::note(&error.to_string());
            return Ok(Outcome::Interrupted);
        }
        Err(error) => return Err(error.into()),
    };
    if common.json {
        output::print_json(&document(&quote, &found))?;
    } else {
        output::print(&text(&found))?;
    }
    if found.articles.is_empty() {
        if !common.quiet && !common.json {
            output::note("every letter and mark counts: ’ is not ', ， is not a comma, A is not a");
            if found.way == Way::Words {
                output::note("they were looked up in avalaches.words; --scan reads every text");
            }
        }
        return Ok(Outcome::No);
    }
    if !common.quiet && !common.json {
        output::note(
            "this proves what was published and in which order; not that it is true, nor the clock time",
        );
    }
    Ok(Outcome::Yes)
}

fn text(found: &Found) -> String {
    if found.articles.is_empty() {
        let said = match found.withheld {
            0 => "no revision has these words".to_owned(),
            count => format!(
                "no revision whose text is there has these words; {}",
                not_searched(count)
            ),
        };
        return format!("{BAD}nowhere{BAD:#}  {said}\n");
    }
    let hits = found
        .articles
        .iter()
        .map(|article| article.hits.len())
        .sum::<usize>();
    let mut text = format!(
        "{GOOD}found{GOOD:#}  in {} of {}\n",
        counted(hits, "revision"),
        counted(found.articles.len(), "article")
    );
    for standing in &found.articles {
        let _ = writeln!(text, "{}: {}", standing.article, stands(standing));
        for Hit {
            revision,
            lines,
            swhid,
            signature,
        } in &standing.hits
        {
            let trailers = &revision.message().trailers;
            let lines = if lines.first == lines.last {
                format!("line {}", lines.first)
            } else {
                format!("lines {} to {}", lines.first, lines.last)
            };
            let _ = writeln!(
                text,
                "  revision {}, {}, {lines}: {}",
                trailers.revision,
                trailers.kind,
                revision.footer()
            );
            let _ = writeln!(text, "    {}", visible(&swhid.to_string()));
            if signature.is_missing() {
                let _ = writeln!(
                    text,
                    "    {BAD}unauthorized{BAD:#}: {}",
                    visible(&signature.what())
                );
            }
        }
    }
    text
}

/// Says in how many revisions nobody can look for words.
fn not_searched(count: usize) -> String {
    format!(
        "the text of {} is withheld and was not searched",
        counted(count, "revision")
    )
}

/// Says since which revision of an article the words stood, until which, and whether they still do.
fn stands(standing: &Standing) -> String {
    let number = |message: &Message| message.trailers.revision;
    let (Some(first), Some(last)) = (standing.hits.first(), standing.hits.last()) else {
        return String::new();
    };
    let (first, last) = (number(first.revision.message()), number(last.revision.message()));
    let newest = standing.newest.message();
    let gone = standing.hits.len() < usize::try_from(last - first + 1).unwrap_or(usize::MAX);
    let between = if gone { ", not in all between" } else { "" };
    let withheld = match standing.withheld {
        0 => String::new(),
        count => format!("; {}", not_searched(count)),
    };
    if standing.stands() {
        return format!(
            "since revision {first}{between}, and the newest, revision {last}, has them{withheld}"
        );
    }
    let end = if standing.newest.page_text().is_some() {
        "no longer has them"
    } else {
        "is withheld"
    };
    format!(
        "from revision {first} to revision {last}{between}; the newest, revision {}, {}, {end}{withheld}",
        number(newest),
        newest.trailers.kind
    )
}

fn document(quote: &Quote, found: &Found) -> Value {
    let articles: Vec<Value> = found.articles.iter().map(article).collect();
    json!({
        "schema": "avalaches/quote/1",
        "quote": quote.as_str(),
        "verdict": if articles.is_empty() { "nowhere" } else { "found" },
        "scanned": found.way == Way::Scan,
        "withheld": found.withheld,
        "articles": articles,
    })
}

fn article(standing: &Standing) -> Value {
    let revisions: Vec<Value> = standing.hits.iter().map(hit).collect();
    let number = |hit: Option<&Hit>| hit.map(|hit| hit.revision.message().trailers.revision);
    json!({
        "article": standing.article.to_string(),
        "since": number(standing.hits.first()),
        "until": number(standing.hits.last()),
        "newest": standing.newest.message().trailers.revision,
        "stands": standing.stands(),
        "withheld": standing.withheld,
        "revisions": revisions,
    })
}

fn hit(hit: &Hit) -> Value {
    let Hit {
        revision,
        lines,
        swhid,
        signature,
    } = hit;
    let (id, trailers) = (revision.id(), &revision.message().trailers);
    json!({
        "revision": trailers.revision,
        "kind": trailers.kind.name(),
        "date": revision.commit().author.date.to_string(),
        "id": id.to_string(),
        "swhid": Swhid::revision(id).to_string(),
        "footer": revision.footer().to_string(),
        "lines": [lines.first, lines.last],
        "place": swhid.to_string(),
        "authorized": !signature.is_missing(),
    })
}
