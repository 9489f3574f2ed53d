//! A difference as `diff -u` writes it, which `patch` and `git apply` take.

use std::fmt::Write as _;

use super::align;

/// How many equal lines are shown around a change.
const CONTEXT: usize = 3;

/// What the two texts are called, as paths: `a/page.txt`, `b/page.txt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labels<'a> {
    /// The old text.
    pub before: &'a str,
    /// The new text.
    pub after: &'a str,
}

/// A run of lines that differ: where it begins and ends on either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    before: (usize, usize),
    after: (usize, usize),
}

/// Writes what differs between two texts, line by line, in the unified format of POSIX `diff -u`; nothing where they
/// are equal. Lines are those that LF ends, and no other character.
#[must_use]
pub fn unified(before: &str, after: &str, labels: Labels<'_>) -> String {
    if before == after {
        return String::new();
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (
        before.split_inclusive('\n').collect(),
        after.split_inclusive('\n').collect(),
    );
    let mut out = format!("--- {}\n+++ {}\n", name(labels.before), name(labels.after));
    for hunk in hunks(&runs(&old, &new)) {
        write_hunk(&old, &new, hunk, &mut out);
    }
    out
}

/// Returns a name as git writes it in a header: in quotes where a character could end it, and with a tab after it where
/// a blank could.
fn name(label: &str) -> String {
    let must_quote = |c: char| c.is_control() || c == '"' || c == '\\';
    if label.contains(must_quote) {
        let mut quoted = String::from('"');
        for c in label.chars() {
            match c {
                '"' | '\\' => quoted.extend(['\\', c]),
                c if c.is_control() => {
                    let mut bytes = [0; 4];
                    for byte in c.encode_utf8(&mut bytes).bytes() {
                        let _ = write!(quoted, "\\{byte:03o}");
                    }
                }
                c => quoted.push(c),
            }
        }
        return quoted + "\"";
    }
    let end = if label.contains(' ') { "\t" } else { "" };
    format!("{label}{end}")
}

fn runs(old: &[&str], new: &[&str]) -> Vec<Run> {
    let head = align::common_head(old, new);
    let tail = align::common_tail(&old[head..], &new[head..]);
    let (end_i, end_j) = (old.len() - tail, new.len() - tail);
    let (old_ids, new_ids) = align::numbered(&old[head..end_i], &new[head..end_j]);
    let kept = align::kept(&old_ids, &new_ids);
    let kept = kept.into_iter().map(|(i, j)| (head + i, head + j));
    let (mut i, mut j) = (head, head);
    let mut runs = Vec::new();
    for (kept_i, kept_j) in kept.chain([(end_i, end_j)]) {
        if i < kept_i || j < kept_j {
            runs.push(Run {
                before: (i, kept_i),
                after: (j, kept_j),
            });
        }
        (i, j) = (kept_i + 1, kept_j + 1);
    }
    runs
}

/// Puts runs together whose context would touch.
fn hunks(runs: &[Run]) -> impl Iterator<Item = &[Run]> {
    runs.chunk_by(|one, next| next.before.0 - one.before.1 <= 2 * CONTEXT)
}

fn write_hunk(old: &[&str], new: &[&str], hunk: &[Run], out: &mut String) {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else {
        return;
    };
    let head = first.before.0.min(CONTEXT);
    let tail = (old.len() - last.before.1).min(CONTEXT);
    let (from_i, from_j) = (first.before.0 - head, first.after.0 - head);
    let range = |from: usize, to: usize| {
        let count = to - from;
        let start = if count == 0 { from } else { from + 1 };
        if count == 1 {
            format!("{start}")
        } else {
            format!("{start},{count}")
        }
    };
    let _ = writeln!(
        out,
        "@@ -{} +{} @@",
        range(from_i, last.before.1 + tail),
        range(from_j, last.after.1 + tail)
    );
    let mut at = from_i;
    for run in hunk {
        write_lines(' ', &old[at..run.before.0], out);
        write_lines('-', &old[run.before.0..run.before.1], out);
        write_lines('+', &new[run.after.0..run.after.1], out);
        at = run.before.1;
    }
    write_lines(' ', &old[at..last.before.1 + tail], out);
}

fn write_lines(mark: char, lines: &[&str], out: &mut String) {
    for line in lines {
        out.push(mark);
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LABELS: Labels<'static> = Labels {
        before: "a/page.txt",
        after: "b/page.txt",
    };

    #[test]
    fn a_changed_line_is_shown_with_three_lines_around_it() {
        let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let after = before.replace("5\n", "五\n");
        assert_eq!(
            unified(before, &after, LABELS),
            "--- a/page.txt\n+++ b/page.txt\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+五\n 6\n 7\n 8\n"
        );
        assert_eq!(unified(before, before, LABELS), "");
    }

    #[test]
    fn a_missing_line_feed_and_an_empty_text_are_told() {
        assert_eq!(
            unified("a", "", LABELS),
            "--- a/page.txt\n+++ b/page.txt\n@@ -1 +0,0 @@\n-a\n\\ No newline at end of file\n"
        );
    }

    #[test]
    fn a_name_cannot_end_the_header() {
        let labels = Labels {
            before: "a/one two",
            after: "b/\"x\"\n@@ -1 +1 @@",
        };
        let said = unified("a\n", "b\n", labels);
        assert_eq!(
            said,
            "--- a/one two\t\n+++ \"b/\\\"x\\\"\\012@@ -1 +1 @@\"\n@@ -1 +1 @@\n-a\n+b\n"
        );
    }

    /// Reads a unified difference back onto the old text, as `patch` would.
    fn patched(before: &str, patch: &str) -> String {
        let old: Vec<&str> = before.split_inclusive('\n').collect();
        let (mut out, mut at) = (String::new(), 0);
        let lines: Vec<&str> = patch.split_inclusive('\n').skip(2).collect();
        for (number, line) in lines.iter().enumerate() {
            let bare = lines.get(number + 1).is_some_and(|next| next.starts_with('\\'));
            let text = if bare {
                line[1..].trim_end_matches('\n')
            } else {
                &line[1..]
            };
            match line.as_bytes()[0] {
                b'@' => {
                    let range = line[4..].split(' ').next().unwrap();
                    let (start, count) = range.split_once(',').unwrap_or((range, "1"));
                    let start: usize = start.parse().unwrap();
                    let start = if count == "0" { start } else { start - 1 };
                    out.extend(old[at..start].iter().copied());
                    at = start;
                }
                b' ' => {
                    assert_eq!(old[at], text);
                    out.push_str(text);
                    at += 1;
                }
                b'-' => {
                    assert_eq!(old[at], text);
                    at += 1;
                }
                b'+' => out.push_str(text),
                other => assert_eq!(other, b'\\'),
            }
        }
        out.extend(old[at..].iter().copied());
        out
    }

    proptest! {
        #[test]
        fn the_difference_leads_to_the_new_text(before in "([ab甲]{0,2}\n){0,30}[a]?", after in "([ab甲]{0,2}\n){0,30}[a]?") {
            prop_assert_eq!(patched(&before, &unified(&before, &after, LABELS)), after);
        }
    }
}
