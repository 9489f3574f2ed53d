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
    #[arg(long, value_name = "N", value_parser = from_one)]
    limit: Option<usize>,
}

/// Columns that a title may take.
const TITLE_WIDTH: usize = 48;

/// Columns that a title has at least beside its article; with fewer it stands on a line of its own.
const NARROWEST: usize = 20;

/// Columns of the longest footer, of a Wednesday.
const FOOTER_WIDTH: usize = 65;

/// What stands between two columns.
const GAP: &str = "  ";

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
        let columns = output::columns();
        let (mut lines, mut is_empty) = (String::new(), true);
        for (number, revision) in articles.enumerate() {
            let revision = revision?;
            let kind = revision.metadata().kind;
            let named = format!("{:width$}  {kind:11}", revision.article_id().to_string());
            let footer = revision.footer().to_string();
            lines.push_str(&entry(&named, &title(&revision), &footer, columns));
            if common.verbose {
                let indent = if has_room(&named, columns) { width } else { 0 };
                lines.push_str(&format!("{:indent$}  {}\n", "", Swhid::revision(revision.id)));
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

/// Tells whether a whole entry has room on a line of the terminal.
fn has_room(named: &str, columns: Option<usize>) -> bool {
    columns.is_none_or(|columns| columns >= named.len() + TITLE_WIDTH + FOOTER_WIDTH + 2 * GAP.len())
}

/// Writes an entry on one line, or, on a narrow terminal, the footer on a second one, which would else be broken within its
/// id.
fn entry(named: &str, title: &str, footer: &str, columns: Option<usize>) -> String {
    if has_room(named, columns) {
        let title = fit(title, TITLE_WIDTH);
        return format!("{named}{GAP}{title}{GAP}{footer}\n");
    }
    let room = columns.map_or(TITLE_WIDTH, |columns| {
        columns.saturating_sub(named.len() + GAP.len())
    });
    if room >= NARROWEST {
        let title = fit(title, room.min(TITLE_WIDTH));
        return format!("{named}{GAP}{}\n{GAP}{footer}\n", title.trim_end());
    }
    let room = columns.map_or(TITLE_WIDTH, |columns| columns.saturating_sub(GAP.len()));
    let title = fit(title, room.clamp(NARROWEST, TITLE_WIDTH));
    format!("{}\n{GAP}{}\n{GAP}{footer}\n", named.trim_end(), title.trim_end())
}

/// Reads a day as it is written in options.
pub fn day(text: &str) -> Result<CivilDay, String> {
    CivilDay::parse(text, '-').ok_or_else(|| "a day looks like 2026-01-22 and must exist".to_owned())
}

/// Reads how many things are shown at most, which is at least one: to none there would be no answer.
pub fn from_one(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "a number from 1 on is asked for".to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_a_terminal_would_break_has_its_footer_on_a_line_of_its_own() {
        let named = "2026/11/24/merkle-trees  publish    ";
        let footer = "2026-11-24 (Tuesday) · befd3aaf69b82925cb973081acaae45dccb844aa";
        let long = "树".repeat(40);
        let shown = |title, columns| entry(named, title, footer, columns);
        let whole = format!("{named}  默克尔树{}  {footer}\n", " ".repeat(40));
        assert_eq!(shown("默克尔树", None), whole);
        assert_eq!(shown("默克尔树", Some(153)), whole);
        let narrow = format!("{named}  默克尔树\n  {footer}\n");
        assert_eq!(shown("默克尔树", Some(152)), narrow);
        let narrower = shown(&long, Some(80));
        let first = format!("{named}  {}…\n", "树".repeat(20));
        assert_eq!(narrower, format!("{first}  {footer}\n"));
        assert!(first.trim_end().width() <= 80);
        let beside = shown(&long, Some(60));
        assert_eq!(beside, format!("{named}  {}…\n  {footer}\n", "树".repeat(10)));
        let below = shown(&long, Some(50));
        let named = named.trim_end();
        assert_eq!(below, format!("{named}\n  {}…\n  {footer}\n", "树".repeat(23)));
    }
}
