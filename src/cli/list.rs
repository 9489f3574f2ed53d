//! `avalaches list`.

use avalaches::article::headline;
use avalaches::date::CivilDay;
use avalaches::document::article;
use avalaches::language::Language;
use avalaches::listing::{Listing, Wanted};
use avalaches::revision::Revision;
use avalaches::swhid::Swhid;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Common, Failure, Outcome, output, resolve};

/// List the articles, the one with the newest revision first
#[derive(Debug, clap::Args)]
pub struct List {
    /// Only articles whose newest revision is of this day or later
    #[arg(long, value_name = "DAY", value_parser = day)]
    since: Option<CivilDay>,
    /// Only articles whose newest revision is of this day or earlier
    #[arg(long, value_name = "DAY", value_parser = day)]
    until: Option<CivilDay>,
    /// Only articles with a part in this language
    #[arg(long)]
    lang: Option<Language>,
    /// Only articles whose byline has these letters
    #[arg(long)]
    author: Option<String>,
    /// Only articles with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Only articles that the list has after the one with this revision
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// Not more than this many
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// Columns that a title may take.
const TITLE_WIDTH: usize = 48;

/// Lines that are printed at a time: a reader who has seen enough is noticed soon.
const SCREEN: usize = 8;

impl List {
    pub fn run(&self, common: &Common) -> Result<Outcome, Failure> {
        let archive = common.open()?;
        let after = self.after.as_ref().map(|text| resolve::commit(&archive, text));
        let wanted = Wanted {
            since: self.since,
            until: self.until,
            language: self.lang.clone(),
            author: self.author.clone(),
            tag: self.tag.clone(),
            after: after.transpose()?,
            limit: self.limit,
        };
        let articles = Listing::of(&archive, &wanted)?;
        if common.json {
            let mut items = Vec::new();
            for revision in articles {
                let revision = revision?;
                items.push(article::item(&archive, &revision));
            }
            output::print_json(&article::list(&items))?;
            return Ok(Outcome::Yes);
        }
        let preferred = &archive.settings().language_order;
        let title = |revision: &Revision| headline(revision.metadata(), preferred, &revision.page_text);
        let width = articles.width();
        let (mut lines, mut is_empty) = (String::new(), true);
        for (number, revision) in articles.enumerate() {
            let revision = revision?;
            let kind = revision.metadata().kind;
            let title = fit(&title(&revision), TITLE_WIDTH);
            lines.push_str(&format!(
                "{:width$}  {kind:11}  {title}  {}\n",
                revision.article_id().to_string(),
                revision.footer()
            ));
            if common.verbose {
                lines.push_str(&format!("{:width$}  {}\n", "", Swhid::revision(revision.id)));
            }
            is_empty = false;
            if number % SCREEN == SCREEN - 1 {
                output::print(&lines)?;
                lines.clear();
            }
        }
        output::print(&lines)?;
        if is_empty && !common.quiet {
            output::note(if wanted == Wanted::default() {
                "there is no article to list; `avalaches add` adds one"
            } else {
                "no article is as asked"
            });
        }
        Ok(Outcome::Yes)
    }
}

/// Reads a day as it is written in options.
pub fn day(text: &str) -> Result<CivilDay, String> {
    CivilDay::parse(text, '-').ok_or_else(|| "a day looks like 2026-01-22 and must exist".to_owned())
}

/// Brings a text to a width in columns, of which a Han character takes two.
fn fit(text: &str, columns: usize) -> String {
    let mut fitted = String::new();
    let mut width = 0;
    for c in output::visible(text).chars() {
        let of_c = c.width().unwrap_or(0);
        if width + of_c > columns - 1 && text.width() > columns {
            fitted.push('…');
            width += 1;
            break;
        }
        fitted.push(c);
        width += of_c;
    }
    fitted + &" ".repeat(columns.saturating_sub(width))
}
