//! Text in lines of a terminal's width: a Han character takes two columns, and no line begins with a mark that closes.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// What a tab may take up.
const TAB: usize = 8;

/// Breaks a text into lines of no more columns than given: at blanks, between characters that take two columns, and inside a
/// word only where it is longer than a line. Blanks at the end of a line are left out.
pub fn wrapped(text: &str, columns: usize) -> Vec<&str> {
    text.split('\n')
        .flat_map(|line| wrapped_line(line, columns))
        .collect()
}

fn wrapped_line(text: &str, columns: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let (mut start, mut width) = (0, 0);
    // The last place where the line may end, and its width up to there.
    let mut place: Option<(usize, usize)> = None;
    let mut before = "";
    for (at, grapheme) in text.grapheme_indices(true) {
        if at > start && may_break(before, grapheme) {
            place = Some((at, width));
        }
        let own = if grapheme == "\t" { TAB } else { grapheme.width() };
        if !is_blank(grapheme) && width + own > columns && at > start {
            let (end, up_to) = place.take().unwrap_or((at, width));
            lines.push(text[start..end].trim_end());
            start = end;
            width -= up_to;
        }
        width += own;
        before = grapheme;
    }
    lines.push(text[start..].trim_end());
    lines
}

fn is_blank(grapheme: &str) -> bool {
    grapheme.chars().all(char::is_whitespace)
}

fn may_break(before: &str, after: &str) -> bool {
    if is_blank(after) {
        return false;
    }
    let closes = "，。、；：！？…—·”’」』）》〉】〕,.;:!?)]}%".contains(after);
    let opens = "“‘「『（《〈【〔([{".contains(before);
    is_blank(before) || (before.width() == 2 || after.width() == 2) && !closes && !opens
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn han_takes_two_columns_and_a_mark_begins_no_line() {
        assert_eq!(
            wrapped("桥今天通车。市长剪彩。", 12),
            ["桥今天通车。", "市长剪彩。"]
        );
        assert_eq!(wrapped("桥今天通车。市长", 11), ["桥今天通", "车。市长"]);
        assert_eq!(wrapped("桥“今天”通车", 3), ["桥", "“今", "天”", "通", "车"]);
    }

    #[test]
    fn words_stay_whole_unless_they_are_longer_than_a_line() {
        assert_eq!(
            wrapped("The bridge  opened today.", 11),
            ["The bridge", "opened", "today."]
        );
        assert_eq!(wrapped("abcdefgh ij\nk", 3), ["abc", "def", "gh", "ij", "k"]);
        assert_eq!(wrapped("", 10), [""]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_nothing_is_lost(text in "[ab ，。“中文é\u{301}\t👩\u{200d}💻]{0,60}", columns in 8_usize..20) {
            let lines = wrapped(&text, columns);
            let solid = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(solid(&lines.concat()), solid(&text));
            for line in lines.iter().filter(|line| !line.contains('\t')) {
                prop_assert!(line.graphemes(true).map(UnicodeWidthStr::width).sum::<usize>() <= columns, "{:?}", line);
            }
        }
    }
}
