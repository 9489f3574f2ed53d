//! `avalaches show`.

use avalaches::archive::Archive;
use avalaches::article::PAGE_FILE;
use avalaches::document::article::{self, Present};
use avalaches::id::{IdPrefix, ObjectId};
use avalaches::object::{self, tree::Entry};
use avalaches::revision::Revision;
use avalaches::swhid::Swhid;
use avalaches::verify::signed::Keys;
use serde_json::{Map, Value, json};

use super::{Common, Failure, Outcome, output, resolve};

/// Print a revision, or the newest one of an article
#[derive(Debug, clap::Args)]
pub struct Show {
    /// An id of 7 to 40 digits, a footer, a SWHID, or an article such as 2026/01/22/some-words
    #[arg(value_name = "ID|ARTICLE")]
    thing: String,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Page)]
    format: Format,
}

/// What is printed of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// The page as it is published: back link, text, footer
    Page,
    /// The text alone
    Text,
    /// The sources, with front matter
    Markdown,
    /// Everything, as one JSON document
    Json,
    /// The git object as it is hashed: header and body
    Raw,
}

impl Show {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let format = common.form(self.format, Format::Page, Format::Json)?;
        if format == Format::Raw {
            let id = match IdPrefix::parse(self.thing.trim()).and_then(|prefix| prefix.complete()) {
                Some(id) => id,
                None => ObjectId::from(resolve::commit(&archive, &self.thing)?),
            };
            let object = archive.objects().read(id)?;
            let mut bytes = object::header(object.kind, object.body.len());
            bytes.extend(object.body);
            output::print_bytes(&bytes)?;
            return Ok(Outcome::Yes);
        }
        let id = resolve::commit(&archive, &self.thing)?;
        let revision = resolve::revision(&archive, id)?;
        if common.verbose {
            for swhid in swhids(&archive, &revision)? {
                output::note(&swhid.to_string());
            }
        }
        match format {
            Format::Page => output::print_page(&revision.page(&archive.settings().home_link).to_string())?,
            Format::Text => output::print_bytes(revision.page_text.as_bytes())?,
            Format::Markdown => output::print_bytes(markdown(&revision).as_bytes())?,
            Format::Json => {
                let present = Present::of(&archive, &revision)?;
                output::print_json(&article::show(&revision, Some(&present)))?;
            }
            Format::Raw => unreachable!("it was printed above"),
        }
        if common.verbose && format != Format::Json {
            let judged = Keys::of(&archive)?.worth(&archive, &revision.commit)?;
            if judged.is_signed() {
                output::note(&format!("signature {}", output::visible(&judged.to_string())));
            }
        }
        Ok(Outcome::Yes)
    }
}

/// Returns the names under which others cite a revision: the commit, the article's folder and the page's text, each
/// where it was published.
fn swhids(archive: &Archive, revision: &Revision) -> Result<[Swhid; 3], Failure> {
    let folder = revision.article_id().folder();
    let page = format!("{folder}/{PAGE_FILE}");
    let Entry::File(text) = archive.entry(revision.commit.tree, &page)? else {
        return Err(Failure::new(format!(
            "{page} of commit {} is no file",
            revision.id
        )));
    };
    let published = |swhid: Swhid| match &archive.settings().base_url {
        Some(address) => swhid.at(address),
        None => Ok(swhid),
    };
    Ok([
        published(Swhid::revision(revision.id))?,
        published(Swhid::directory(revision.folder))?.within(revision.id, &format!("/{folder}"))?,
        published(Swhid::content(text))?.within(revision.id, &format!("/{page}"))?,
    ])
}

/// Writes the sources with front matter in YAML, of which JSON is a part; `add` reads it back.
fn markdown(revision: &Revision) -> String {
    let metadata = revision.metadata();
    let titles: Map<String, Value> = metadata
        .titles
        .iter()
        .map(|(language, title)| (language.to_string(), json!(title)))
        .collect();
    let authors: Vec<String> = metadata.authors.iter().map(ToString::to_string).collect();
    let languages: Vec<String> = metadata.languages.iter().map(ToString::to_string).collect();
    let lines = [
        ("title", (!titles.is_empty()).then_some(Value::Object(titles))),
        ("date", Some(json!(metadata.date.to_string()))),
        ("slug", Some(json!(revision.article_id().slug().as_str()))),
        ("lang", Some(json!(languages))),
        ("authors", Some(json!(authors))),
        ("tags", (!metadata.tags.is_empty()).then(|| json!(metadata.tags))),
        ("source_url", metadata.source_url.as_ref().map(|url| json!(url))),
        ("note", metadata.note.as_ref().map(|note| json!(note))),
    ];
    let front: String = lines
        .into_iter()
        .filter_map(|(key, value)| Some(format!("{key}: {}\n", value?)))
        .collect();
    format!("---\n{front}---\n\n{}", revision.article.sources.join("\n"))
}
