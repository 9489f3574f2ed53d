use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

const PAGE: &str = include_str!("../../tests/pages/2026-01-22-export-controls.txt");

/// The six paragraphs of the sample page, in canonical form.
fn sample() -> String {
    let paragraphs: Vec<&str> = PAGE.split("\n\n").collect();
    paragraphs[1..7].join("\n\n") + "\n"
}

fn side(pieces: &[Piece], is_old: bool) -> String {
    let text = |piece: &Piece| match piece {
        Piece::Same(text) => text.clone(),
        Piece::Removed(text) if is_old => text.clone(),
        Piece::Added(text) if !is_old => text.clone(),
        _ => String::new(),
    };
    pieces.iter().map(text).collect()
}

/// Makes the new text of the old one and the changes, and checks what the changes say of the old one.
fn applied(before: &str, changes: &[ParagraphChange]) -> String {
    let mut old: Vec<Option<&str>> = before
        .strip_suffix('\n')
        .map_or_else(Vec::new, |text| text.split("\n\n").map(Some).collect());
    let mut placed: Vec<(usize, String)> = Vec::new();
    for change in changes {
        match change {
            ParagraphChange::Changed {
                before,
                after,
                pieces,
            } => {
                assert_eq!(old[before - 1].take(), Some(side(pieces, true).as_str()));
                placed.push((*after, side(pieces, false)));
            }
            ParagraphChange::Removed { before, text } => {
                for (at, line) in text.split("\n\n").enumerate() {
                    assert_eq!(old[before - 1 + at].take(), Some(line));
                }
            }
            ParagraphChange::Added { after, text } => {
                placed.extend((*after..).zip(text.split("\n\n").map(str::to_owned)));
            }
            ParagraphChange::Moved { before, after, text } => {
                assert_eq!(old[before - 1].take(), Some(text.as_str()));
                placed.push((*after, text.clone()));
            }
        }
    }
    assert!(
        placed.is_sorted_by(|a, b| a.0 < b.0),
        "the order follows the new text"
    );
    let mut new: Vec<String> = old.into_iter().flatten().map(str::to_owned).collect();
    for (after, text) in placed {
        new.insert(after - 1, text);
    }
    if new.is_empty() {
        String::new()
    } else {
        new.join("\n\n") + "\n"
    }
}

/// The one changed paragraph's number and its pieces that differ.
fn only_change(before: &str, after: &str) -> (usize, Vec<Piece>) {
    let changes = compare(before, after);
    assert_eq!(applied(before, &changes), after);
    let [ParagraphChange::Changed { before, pieces, .. }] = &changes[..] else {
        panic!("{changes:?}");
    };
    let differ = pieces.iter().filter(|piece| !matches!(piece, Piece::Same(_)));
    (*before, differ.cloned().collect())
}

fn removed(text: &str) -> Piece {
    Piece::Removed(text.to_owned())
}

fn added(text: &str) -> Piece {
    Piece::Added(text.to_owned())
}

#[test]
fn equal_texts_have_no_changes() {
    assert_eq!(compare(&sample(), &sample()), []);
    assert_eq!(compare("", ""), []);
}

#[test]
fn one_changed_han_character_is_that_character() {
    let after = sample().replace("重大错误", "重大错漏");
    assert_eq!(
        only_change(&sample(), &after),
        (1, vec![removed("误"), added("漏")])
    );
    let after = sample().replacen("制约中国", "制约国", 1);
    assert_eq!(only_change(&sample(), &after), (3, vec![removed("中")]));
}

#[test]
fn one_changed_english_word_is_that_word() {
    let after = sample().replace("serious mistake", "serious misstep");
    assert_eq!(
        only_change(&sample(), &after),
        (4, vec![removed("mistake"), added("misstep")])
    );
    let after = sample().replace("is a serious mistake", "is not a serious mistake");
    assert_eq!(only_change(&sample(), &after), (4, vec![added("not ")]));
}

#[test]
fn changes_far_apart_in_one_paragraph_are_told_apart() {
    let after = sample()
        .replace("two years ago", "three years ago")
        .replace("limited access", "full access");
    let expected = vec![removed("two"), added("three"), removed("limited"), added("full")];
    assert_eq!(only_change(&sample(), &after), (5, expected));
}

#[test]
fn a_rewritten_phrase_is_no_salad() {
    let (_, pieces) = only_change(
        "我们今天去北京看长城，天气很好，大家都很高兴。\n",
        "我们明年来上海逛外滩，天气很好，大家都很高兴。\n",
    );
    assert_eq!(pieces, [removed("今天去北京看长城"), added("明年来上海逛外滩")]);
    let (_, pieces) = only_change(
        "He called it a serious mistake in Davos last week.\n",
        "He called it a grave error in Davos last week.\n",
    );
    assert_eq!(pieces, [removed("serious mistake"), added("grave error")]);
}

#[test]
fn neighbouring_paragraphs_that_changed_places_are_one_move() {
    let mut paragraphs: Vec<&str> = PAGE.split("\n\n").skip(1).take(6).collect();
    paragraphs.swap(1, 2);
    let after = paragraphs.join("\n\n") + "\n";
    let changes = compare(&sample(), &after);
    assert!(
        matches!(changes[..], [ParagraphChange::Moved { .. }]),
        "{changes:?}"
    );
    assert_eq!(applied(&sample(), &changes), after);
}

#[test]
fn added_and_removed_paragraphs_are_named_with_their_places() {
    let paragraphs: Vec<&str> = PAGE.split("\n\n").skip(1).take(6).collect();
    let mut after = paragraphs.clone();
    after.remove(1);
    after.insert(3, "Something wholly new.");
    let after = after.join("\n\n") + "\n";
    let changes = compare(&sample(), &after);
    assert_eq!(
        changes,
        [
            ParagraphChange::Removed {
                before: 2,
                text: paragraphs[1].to_owned()
            },
            ParagraphChange::Added {
                after: 4,
                text: "Something wholly new.".to_owned()
            },
        ]
    );
    assert_eq!(applied(&sample(), &changes), after);
}

#[test]
fn an_edited_paragraph_beside_a_new_one_is_still_an_edit() {
    let after = sample().replace(
        "\n\nAmodei argues that",
        "\n\nA new paragraph about something else entirely.\n\nAmodei says that",
    );
    let changes = compare(&sample(), &after);
    assert!(
        matches!(
            changes[..],
            [
                ParagraphChange::Added { after: 6, .. },
                ParagraphChange::Changed {
                    before: 6,
                    after: 7,
                    ..
                }
            ]
        ),
        "{changes:?}"
    );
    assert_eq!(applied(&sample(), &changes), after);
}

#[test]
fn what_nobody_sees_is_shown_as_well() {
    assert_eq!(
        only_change("two  words here\n", "two words here\n").1,
        [removed(" ")]
    );
    assert_eq!(only_change("中文\n", "中\u{200b}文\n").1.len(), 1);
    assert_ne!(compare("a", "a\n"), []);
    assert_ne!(compare("a\n\n\nb", "a\n\nb"), []);
    assert_ne!(compare("", "\n"), []);
    assert_ne!(compare("x", ""), []);
}

#[test]
fn what_is_seen_as_one_character_is_not_taken_apart() {
    let (_, pieces) = only_change("大家好👩\u{200d}💻再见了\n", "大家好👩\u{200d}🚀再见了\n");
    assert_eq!(pieces, [removed("👩\u{200d}💻"), added("👩\u{200d}🚀")]);
    let (_, pieces) = only_change("大家か\u{309a}好再见了\n", "大家か\u{3099}好再见了\n");
    assert_eq!(pieces, [removed("か\u{309a}"), added("か\u{3099}")]);
    let (_, pieces) = only_change("a flag 🇨🇳 here\n", "a flag 🇨🇭 here\n");
    assert_eq!(pieces, [removed("🇨🇳"), added("🇨🇭")]);
}

/// Asserts that a comparison is made in time and is right. Debug builds, which are many times slower, get more.
#[track_caller]
fn assert_quick(before: &str, after: &str) {
    let start = Instant::now();
    let changes = compare(before, after);
    let took = start.elapsed();
    assert!(!changes.is_empty());
    let limit = if cfg!(debug_assertions) { 120 } else { 10 };
    assert!(took <= Duration::from_secs(limit), "{took:?}");
    assert_eq!(applied(before, &changes).len(), after.len());
}

/// Words that look alike to nobody, from a generator that gives the same ones each time.
fn noise(seed: u64, bytes: usize, separator: impl Fn(u64) -> &'static str) -> String {
    let mut state = seed;
    let mut text = String::with_capacity(bytes + 32);
    while text.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        for at in 0..(state >> 60) {
            text.push(char::from(
                b'a' + u8::try_from((state >> (at * 3 + 8)) % 26).unwrap(),
            ));
        }
        text.push_str(separator(state >> 40));
    }
    text.push_str("z\n");
    text
}

const LONGEST: usize = 16 << 20;

#[test]
fn unrelated_texts_of_the_greatest_length_are_compared_in_time() {
    let prose = |n: u64| if n.is_multiple_of(40) { "\n\n" } else { " " };
    assert_quick(&noise(1, LONGEST, prose), &noise(2, LONGEST, prose));
    let han = |seed: u64| {
        noise(seed, LONGEST, prose)
            .replace(['a', 'e'], "的")
            .replace('b', "国")
    };
    assert_quick(&han(1), &han(2));
}

#[test]
fn one_endless_line_is_compared_in_time() {
    assert_quick(&noise(1, LONGEST, |_| " "), &noise(2, LONGEST, |_| " "));
    assert_quick(&noise(1, LONGEST, |_| ""), &noise(2, LONGEST, |_| ""));
    let line = noise(1, LONGEST, |_| ". ");
    let edited = format!("x{}. y\n", &line[..line.len() - 2]);
    assert_quick(&line, &edited);
    let blanks = |c: &str| c.repeat(LONGEST) + "\n";
    assert_quick(&blanks(" "), &blanks("."));
    let marks = |c: &str| "a".to_owned() + &c.repeat(LONGEST / 2) + "\n";
    assert_quick(&marks("\u{301}"), &marks("\u{302}"));
}

#[test]
fn very_many_paragraphs_are_compared_in_time() {
    let many =
        |word: &str| (0..100_000).fold(String::new(), |text, n| text + &format!("{word} {n}\n\n")) + "z\n";
    assert_quick(&many("one"), &many("two"));
    assert_quick(
        &many("a rather long paragraph, number"),
        &many("a rather short paragraph, number"),
    );
    let tiny = |separator: &'static str| noise(3, LONGEST, move |_| separator);
    assert_quick(&tiny("\n\n"), &tiny("x\n\n"));
}

#[test]
fn one_word_changed_in_each_paragraph_is_compared_in_time() {
    let prose = |n: u64| match n % 64 {
        0 => "\n\n",
        1 => " old ",
        _ => " ",
    };
    let text = noise(1, LONGEST, prose);
    assert_quick(&text, &text.replace(" old ", " new "));
}

proptest! {
    #[test]
    fn changes_lead_from_either_text_to_the_other(
        before in "([ab]{1,3}[ .中文é👩\u{200d}🇨\u{301}\u{200b}]{0,6}(\n|\n\n)){0,9}",
        after in "([ab]{1,3}[ .中文é👩\u{200d}🇨\u{301}\u{200b}]{0,6}(\n|\n\n)){0,9}"
    ) {
        let whole = |text: &str| crate::canonical::canonical(text);
        let (before, after) = (whole(&before), whole(&after));
        prop_assert_eq!(applied(&before, &compare(&before, &after)), after.clone());
        prop_assert_eq!(compare(&before, &after).is_empty(), before == after);
    }

    #[test]
    fn an_edit_of_prose_leads_from_one_to_the_other(
        words in proptest::collection::vec("[a-c]{1,2}|[甲乙丙]{1,3}|, |。|\n\n", 0..60),
        edits in proptest::collection::vec((0_usize..60, "[a-c]{1,2}|[甲乙丙]{1,3}|\n\n"), 0..6)
    ) {
        let before = crate::canonical::canonical(&words.join(" "));
        let mut words = words;
        for (at, word) in edits {
            if let Some(place) = words.get_mut(at) {
                *place = word;
            }
        }
        let after = crate::canonical::canonical(&words.join(" "));
        prop_assert_eq!(applied(&before, &compare(&before, &after)), after);
    }

    #[test]
    fn texts_that_are_not_canonical_are_compared_too(before in any::<String>(), after in any::<String>()) {
        prop_assert_eq!(compare(&before, &after).is_empty(), before == after);
    }
}
