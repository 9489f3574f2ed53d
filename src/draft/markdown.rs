//! Pages in Markdown, with or without front matter.

use super::html::{self, PrintedBlock};
use super::{Draft, DraftError, FrontMatter, Notice, dress_down, front_matter, wordless};
use crate::commonmark;
use crate::commonmark::printed::Dialect;

/// Reads a page that [`crate::canonical::decode`] has decoded.
///
/// # Errors
/// [`DraftError`] with the line.
pub fn read(text: &str) -> Result<Draft, DraftError> {
    let (front, mut notices, body, lines_before) = match front_matter::split(text)? {
        Some(found) => {
            let (front, notices) = front_matter::read(&found)?;
            (front, notices, found.body, found.lines)
        }
        None => (FrontMatter::default(), Vec::new(), text, 0),
    };
    let mut blocks = commonmark::blocks_as_written(body)
        .map_err(|error| DraftError::at(error.line().map_or(0, |line| line + lines_before), error))?;
    for block in &mut blocks {
        block.line += lines_before;
    }
    notices.extend(wordless(body).into_iter().map(|notice| Notice {
        line: notice.line + lines_before,
        ..notice
    }));
    dress_down(blocks, front, notices)
}

/// What a generator of pages is given: a source, and what its front matter says.
#[derive(Debug)]
pub struct Given<'a> {
    /// The texts under each key of the front matter.
    pub front: Vec<(String, Vec<String>)>,
    /// The source.
    pub body: &'a str,
}

/// Reads a page that [`crate::canonical::decode`] has decoded, for what a generator of pages makes of it; `None` where that
/// cannot be known.
#[must_use]
pub fn given(text: &str) -> Option<Given<'_>> {
    Some(match front_matter::split(text).ok()? {
        Some(found) => Given {
            front: front_matter::texts(&found),
            body: found.body,
        },
        None => Given {
            front: Vec::new(),
            body: text,
        },
    })
}

/// Returns the blocks that pages have of a source in a dialect; `None` where it has none.
#[must_use]
pub fn printed(source: &str, dialect: Dialect) -> Option<Vec<PrintedBlock>> {
    let html = commonmark::printed::html(source, dialect).ok()??;
    html::given(&html)
}

#[cfg(test)]
mod tests {
    use super::super::{DraftErrorKind, Form, NoticeKind, read};
    use crate::canonical::Invisible;
    use proptest::prelude::*;

    const SAMPLE: &str = include_str!("../../tests/pages/2026-01-22-export-controls.txt");

    #[test]
    fn yaml_and_toml_front_matter_say_the_same() {
        let yaml = "---\ntitle: 出口管制\ntitle_en: \"Export: controls\"\ndate: 2026-01-22\nauthors: [林晓, Ada]\ntags:\n  - 芯片\nlang: zh, en\nweight: 3\n---\n";
        let toml = "+++\ntitle = \"出口管制\"\ntitle_en = 'Export: controls'\ndate = 2026-01-22\nauthors = [\"林晓\", \"Ada\"]\ntags = [\"芯片\"]\nlang = \"zh, en\"\nweight = 3\n+++\n";
        for front in [yaml, toml] {
            let draft = read(
                format!("{front}{SAMPLE}").as_bytes(),
                Form::Markdown,
                Invisible::Refuse,
            )
            .unwrap();
            assert_eq!(draft.text(), SAMPLE.parse::<crate::page::Page>().unwrap().text);
            assert_eq!(draft.front.title.plain.as_deref(), Some("出口管制"));
            assert_eq!(draft.front.title.per_language["en"], "Export: controls");
            assert_eq!(draft.front.date.as_deref(), Some("2026-01-22"));
            assert_eq!(draft.front.authors, ["林晓", "Ada"]);
            assert_eq!((draft.front.tags.len(), draft.front.languages.len()), (1, 2));
            assert_eq!(draft.notices[0].what, NoticeKind::UnknownKey("weight".to_owned()));
            assert!(draft.footer.is_some());
        }
    }

    #[test]
    fn lines_in_errors_count_from_the_beginning_of_the_file() {
        let error = read(
            b"---\ntitle: x\n---\n\na\n\n<div>b</div>\n",
            Form::Markdown,
            Invisible::Refuse,
        )
        .unwrap_err();
        assert_eq!(error.line, Some(7));
        let error = read(b"---\ntitle: x\n", Form::Markdown, Invisible::Refuse).unwrap_err();
        assert!(matches!(error.kind, DraftErrorKind::FrontMatter(_)));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "(---|\\+\\+\\+)\n[a-z:\\[\\]{}&*!=\"'\n -]{0,60}\n(---|\\+\\+\\+)\n.{0,20}") {
            for form in [Form::Text, Form::Markdown, Form::Html] {
                let _ = read(&bytes, form, Invisible::Refuse);
                let _ = read(text.as_bytes(), form, Invisible::Allow);
            }
        }
    }
}
