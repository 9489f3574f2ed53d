use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

/// The newest text with the origin, counted from 1, before each sentence.
fn told(texts: &[&str]) -> String {
    let paragraphs = blame(texts);
    let sentence = |sentence: &Sentence| format!("{}{}", sentence.origin + 1, sentence.text);
    let paragraph = |paragraph: &Paragraph| paragraph.sentences.iter().map(sentence).collect::<String>();
    let told: Vec<String> = paragraphs.iter().map(paragraph).collect();
    told.join("|")
}

#[test]
fn a_changed_sentence_is_the_later_texts_and_its_neighbours_keep_theirs() {
    let first = "桥今天通车。市长剪彩。没有人受伤。\n\nThe bridge opened. It is long.\n";
    let second = "桥今天通车。副市长剪彩。没有人受伤。\n\nThe bridge opened. It is very long.\n";
    assert_eq!(
        told(&[first, second]),
        "1桥今天通车。2副市长剪彩。1没有人受伤。|1The bridge opened. 2It is very long."
    );
    let third = "桥昨天通车。副市长剪彩。没有人受伤。\n\nThe bridge opened. It is very long. Nobody fell.\n";
    assert_eq!(
        told(&[first, second, third]),
        "3桥昨天通车。2副市长剪彩。1没有人受伤。|1The bridge opened. 2It is very long. 3Nobody fell."
    );
}

#[test]
fn what_is_moved_keeps_its_origin() {
    let first = "一是开头的话。\n\n二是中间的话。又一句。\n\n三是末尾的话。\n";
    let second = "三是末尾的话。\n\n一是开头的话。又一句。\n\n二是中间的话。新的一句。\n";
    let paragraphs = blame(&[first, second]);
    assert_eq!(
        told(&[first, second]),
        "1三是末尾的话。|1一是开头的话。1又一句。|1二是中间的话。2新的一句。"
    );
    assert!(paragraphs.iter().all(|paragraph| paragraph.origin == 0));
}

#[test]
fn what_is_restored_is_that_of_the_text_that_first_brought_it() {
    let first = "甲句。乙句。\n\nA third sentence.\n";
    let second = "甲句。改过的乙句。\n\nA third sentence.\n";
    let third = "撤回。\n";
    let fourth = "甲句。改过的乙句。丁句。\n\nA third sentence.\n";
    assert_eq!(
        told(&[first, second, third, fourth]),
        "1甲句。2改过的乙句。4丁句。|1A third sentence."
    );
    assert_eq!(
        told(&[first, second, third, first]),
        "1甲句。1乙句。|1A third sentence."
    );
    assert_eq!(blame(&[first, second, third, fourth])[0].origin, 0);
}

#[test]
fn a_sentence_that_comes_twice_is_found_only_as_often_as_it_was() {
    assert_eq!(told(&["一样。\n", "一样。一样。\n"]), "1一样。2一样。");
    assert_eq!(told(&["一样。\n", "无。\n", "一样。一样。\n"]), "1一样。3一样。");
}

#[test]
fn an_edited_paragraph_is_still_that_of_the_text_that_brought_it() {
    let texts = ["一句话在这里。\n\nOther.\n", "一句话在那里。\n\nOther.\n\nNew.\n"];
    let origins: Vec<usize> = blame(&texts).iter().map(|paragraph| paragraph.origin).collect();
    assert_eq!(told(&texts), "2一句话在那里。|1Other.|2New.");
    assert_eq!(origins, [0, 0, 1]);
}

#[test]
fn nothing_has_no_paragraphs() {
    assert_eq!(blame(&[]), []);
    assert_eq!(blame(&["甲。\n", ""]), []);
}

#[test]
fn long_texts_of_equal_and_of_unlike_sentences_take_no_longer() {
    let numbered = |word: &str, apart: &str| {
        let line = |number: usize| format!("{word}{number}。{apart}");
        (0..50_000).map(line).collect::<String>() + "z\n"
    };
    let equal = |apart: &str| format!("一。{apart}").repeat(50_000) + "z\n";
    for apart in ["", "\n\n"] {
        let texts = [
            numbered("甲", apart),
            equal(apart),
            numbered("乙", apart),
            equal(apart),
            numbered("甲", apart),
        ];
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let begin = Instant::now();
        let paragraphs = blame(&texts);
        assert!(
            paragraphs
                .iter()
                .flat_map(|p| &p.sentences)
                .all(|sentence| sentence.origin == 0)
        );
        // Quadratic, it would take hours.
        assert!(begin.elapsed() < Duration::from_secs(60));
    }
}

fn story() -> impl Strategy<Value = Vec<String>> {
    let text = proptest::collection::vec("[甲乙丙]{1,2}。|[ab]{1,2}[.] |\n\n|“", 0..12);
    proptest::collection::vec(
        text.prop_map(|parts| crate::canonical::canonical(&parts.concat())),
        1..6,
    )
}

proptest! {
    #[test]
    fn the_sentences_are_the_newest_text(texts in story()) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let joined: Vec<String> = blame(&texts)
            .iter()
            .map(|paragraph| paragraph.sentences.iter().map(|sentence| sentence.text).collect())
            .collect();
        let newest = texts.last().unwrap();
        prop_assert_eq!(joined.join("\n\n"), newest.strip_suffix('\n').unwrap_or(newest));
    }

    #[test]
    fn a_text_has_the_sentences_that_are_blamed_on_it(texts in story()) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        for sentence in blame(&texts).iter().flat_map(|paragraph| &paragraph.sentences) {
            prop_assert!(texts[sentence.origin].contains(said(sentence.text)));
        }
    }

    #[test]
    fn a_sentence_that_never_changed_is_the_first_texts(texts in story(), at in 0_usize..4) {
        // It is unlike all others, and stands somewhere in each text.
        let with = |(number, text): (usize, &String)| {
            let mut paragraphs: Vec<String> = text.trim_end().split("\n\n").map(str::to_owned).collect();
            let place = (at + number) % paragraphs.len();
            paragraphs[place].insert_str(0, "从未改过的话。");
            paragraphs.join("\n\n") + "\n"
        };
        let texts: Vec<String> = texts.iter().enumerate().map(with).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let paragraphs = blame(&texts);
        let mut sentences = paragraphs.iter().flat_map(|paragraph| &paragraph.sentences);
        let kept = sentences.find(|sentence| sentence.text.starts_with("从未改过的话。")).unwrap();
        prop_assert_eq!(kept.origin, 0);
    }
}
