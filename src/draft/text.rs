//! Pages in plain text, the form that pages are printed in.

use super::{Draft, DraftError, FrontMatter, dress_down};
use crate::commonmark::{Block, escape};
use crate::page::BACK_ARROW;

/// Reads a page that [`crate::canonical::decode`] has decoded.
///
/// # Errors
/// [`DraftError`] with the line.
pub fn read(text: &str) -> Result<Draft, DraftError> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (number, line) in text.split('\n').enumerate() {
        let line = line.trim_end();
        // A back link is a line of its own, whether or not an empty line follows it.
        let is_back_link = blocks.is_empty() && line.starts_with(BACK_ARROW);
        if line.is_empty() {
            open = false;
        } else if let Some(block) = blocks.last_mut().filter(|_| open) {
            block.plain.push('\n');
            block.plain.push_str(line);
        } else {
            blocks.push(Block {
                plain: line.to_owned(),
                source: String::new(),
                line: number + 1,
                loses_markup: false,
            });
            open = !is_back_link;
        }
    }
    for block in &mut blocks {
        block.source = escape(&block.plain);
    }
    Ok(Draft {
        is_plain: true,
        ..dress_down(blocks, FrontMatter::default(), Vec::new())?
    })
}

#[cfg(test)]
mod tests {
    use super::super::{DraftErrorKind, Form, NoticeKind, read};
    use crate::canonical::Invisible;

    const SAMPLE: &str = include_str!("../../tests/pages/2026-01-22-export-controls.txt");

    fn kind(text: &str) -> (Option<usize>, DraftErrorKind) {
        let error = read(text.as_bytes(), Form::Text, Invisible::Refuse).unwrap_err();
        (error.line, error.kind)
    }

    #[test]
    fn the_sample_page_is_six_paragraphs_and_a_footer() {
        for text in [
            SAMPLE.to_owned(),
            SAMPLE.replace('\n', "\r\n"),
            format!("\u{feff}{SAMPLE}\n\n"),
            SAMPLE.replacen("\n\n", "\n", 1),
        ] {
            let draft = read(text.as_bytes(), Form::Text, Invisible::Refuse).unwrap();
            assert_eq!(draft.blocks.len(), 6);
            assert_eq!(
                draft.footer.as_ref().unwrap().footer.to_string(),
                SAMPLE.lines().last().unwrap()
            );
            assert_eq!(draft.text(), SAMPLE.parse::<crate::page::Page>().unwrap().text);
            assert_eq!(draft.notices, []);
        }
    }

    #[test]
    fn pages_without_text_and_wrong_footers_are_refused_with_their_line() {
        let footer = SAMPLE.lines().last().unwrap();
        assert!(matches!(kind(" \n\n"), (None, DraftErrorKind::Empty)));
        assert!(matches!(kind("← back\n"), (None, DraftErrorKind::Empty)));
        assert!(matches!(kind(footer), (None, DraftErrorKind::OnlyFooter)));
        assert!(matches!(
            kind(&format!("← back\n\n{footer}")),
            (None, DraftErrorKind::OnlyFooter)
        ));
        assert!(matches!(
            kind(&format!("a\n\n{footer}\n\n{footer}")),
            (Some(3), DraftErrorKind::TwoFooters)
        ));
        assert!(matches!(
            kind(&format!("a\n\n{footer}\n{footer}")),
            (Some(3), DraftErrorKind::TwoFooters)
        ));
        for (from, to) in [
            ("01-22", "02-30"),
            ("2026", "0000"),
            ("2026", "10000"),
            ("af9", "af"),
            ("af9", "af90"),
            ("a0", "A0"),
        ] {
            let page = format!("a\n\n{}", footer.replacen(from, to, 1));
            assert!(
                matches!(kind(&page), (Some(3), DraftErrorKind::Footer(_))),
                "{page}"
            );
        }
    }

    #[test]
    fn a_footer_in_the_text_is_reported_and_one_below_the_last_line_counts() {
        let footer = SAMPLE.lines().last().unwrap();
        let draft = read(
            format!("a\n{footer}\n\nb\n{footer}").as_bytes(),
            Form::Text,
            Invisible::Refuse,
        )
        .unwrap();
        assert_eq!(draft.text(), format!("a\n{footer}\n\nb\n"));
        assert_eq!(
            (draft.notices[0].line, &draft.notices[0].what),
            (2, &NoticeKind::FooterInText)
        );
        assert_eq!(draft.footer.unwrap().line, 5);
    }
}
