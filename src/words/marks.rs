//! What of a canonical text are marks of lists and quotations: what a browser shows and does not copy, as it is no letter of the
//! text there.

use std::collections::HashMap;

/// The digits of the longest number of an item.
const MOST_DIGITS: usize = 9;

/// Returns the lines of a text, each with how many bytes of it are marks: `>`, `-`, the number of an item, or a line across the
/// page. A number is one where it is 0 or 1, goes on from the list above it, or the next item goes on from it: the number of a year
/// is a word.
pub(crate) fn marked(text: &str) -> Vec<(&str, usize)> {
    let lines: Vec<&str> = text.split('\n').collect();
    // The last number of a list, by its column.
    let mut numbers = HashMap::new();
    let mut follows = false;
    let marked = lines.iter().enumerate().map(|(at, line)| {
        let is_number = |column: usize, number: u32| {
            let goes_on = follows && number > 0 && numbers.get(&column) == Some(&(number - 1));
            let is_one = number < 2 || goes_on || goes_on_below(&lines[at + 1..], column, number);
            if is_one {
                numbers.insert(column, number);
            }
            is_one
        };
        let marks = marks(line, is_number);
        follows = !line.trim().is_empty();
        (*line, marks)
    });
    marked.collect()
}

/// Returns how many bytes of a line are marks; `is_number` tells whether a number in a column, from 0, is that of an item.
fn marks(line: &str, mut is_number: impl FnMut(usize, u32) -> bool) -> usize {
    let mut marks = 0;
    loop {
        let rest = line[marks..].trim_start();
        let at = line.len() - rest.len();
        if rest == "* * *" {
            return line.len();
        }
        let word = first_word(rest);
        let is_mark = match number(word) {
            Some(number) => is_number(at, number),
            None => word == ">" || word == "-",
        };
        if !is_mark {
            return marks;
        }
        marks = at + word.len();
    }
}

/// Tells whether the item below that of a number has the next one: the lines between them are the item's own.
fn goes_on_below(below: &[&str], column: usize, before: u32) -> bool {
    let mut follows = true;
    for line in below {
        let rest = line.trim_start_matches([' ', '>']);
        let at = line.len() - rest.len();
        if !rest.is_empty() && at <= column {
            return follows && at == column && before.checked_add(1) == number(first_word(rest));
        }
        follows = !rest.is_empty();
    }
    false
}

fn first_word(text: &str) -> &str {
    text.split(char::is_whitespace).next().unwrap_or_default()
}

fn number(word: &str) -> Option<u32> {
    let digits = word.strip_suffix('.')?;
    let is_number = digits.len() <= MOST_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts a bar behind the marks of each line.
    fn parted(text: &str) -> String {
        let lines: Vec<String> = marked(text)
            .iter()
            .map(|(line, marks)| format!("{}|{}", &line[..*marks], &line[*marks..]))
            .collect();
        lines.join("\n")
    }

    #[test]
    fn marks_are_what_lists_quotations_and_lines_across_the_page_have() {
        for (text, expected) in [
            ("- one\n- -2 > 1\n  - - in", "-| one\n-| -2 > 1\n  - -| in"),
            ("> quoted\n>\n> - it", ">| quoted\n>|\n> -| it"),
            ("* * *\n* * * *", "* * *|\n|* * * *"),
            ("1. one\n2. two\n0. none", "1.| one\n2.| two\n0.| none"),
            ("7. seven\n8. eight", "7.| seven\n8.| eight"),
            (
                "> 7. seven\n>\n>    more\n> 8. eight",
                "> 7.| seven\n>|\n>|    more\n> 8.| eight",
            ),
            ("7. seven\n   - in\n8. eight", "7.| seven\n   -| in\n8.| eight"),
            ("- 7. seven\n  8. eight", "- 7.| seven\n  8.| eight"),
        ] {
            assert_eq!(parted(text), expected);
        }
    }

    #[test]
    fn a_number_of_no_list_is_a_word() {
        for text in [
            "1776. It began.",
            "7. seven\n\n8. eight",
            "7. seven\n9. nine",
            "7. seven\n  8. eight",
            "7. seven\nmore\n8. eight",
            "7 seven\n8 eight",
            "1234567890. ten digits",
            "999999999. most\n1000000000. more",
        ] {
            assert!(marked(text).iter().all(|(_, marks)| *marks == 0), "{text}");
        }
    }
}
