//! Queries beside a scan of the texts.

use proptest::prelude::*;

use super::field::is_whole;
use super::*;

fn languages(tags: &str) -> Vec<Language> {
    tags.split(',').map(|tag| tag.parse().unwrap()).collect()
}

fn found(query: &str, tags: &str, text: &str) -> Option<Vec<String>> {
    let languages = languages(tags);
    let document = Document {
        languages: &languages,
        titles: &[],
        tags: &[],
        text,
    };
    let query = Query::parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    let found = query.find(&document);
    let lookup = query.lookup(&languages);
    assert!(
        found.is_none() || looked_up(&lookup, &keys(&document)),
        "{query:?} in {text:?}: {lookup:?}"
    );
    let places = found?.text.into_iter();
    Some(places.map(|place| text[place.bytes].to_owned()).collect())
}

#[test]
fn a_term_of_many_words_in_an_archive_of_many_languages_is_looked_up_word_by_word() {
    let tags = "en,fr,de,es,it,pt,nl,sv,da,fi";
    let lookup = |words: usize| {
        let query = Query::parse(&vec!["communications"; words].join("-")).unwrap();
        query.lookup(&languages(tags)).wanted
    };
    let stems = lookup(1)[0].len();
    // With so many the number of rows would not fit into 64 bits.
    assert!(stems >= 4, "{stems}");
    let wanted = lookup(32);
    assert_eq!(wanted.len(), 32);
    assert!(wanted.iter().all(|rows| rows.len() == stems));
    let query = vec!["communications"; 32].join("-");
    assert_eq!(found(&query, tags, &query).map(|places| places.len()), Some(1));
    assert_eq!(found(&query, tags, "communications"), None);
}

/// Does what FTS5 does with keys.
fn looked_up(lookup: &Lookup, keys: &Keys) -> bool {
    let fields: Vec<Vec<&str>> = [&keys.titles, &keys.tags, &keys.text]
        .map(|field| field.split_whitespace().collect())
        .to_vec();
    let is_row = |window: &[&str], row: &Row| {
        let last = row.keys.len() - 1;
        (0..)
            .zip(window.iter().zip(&row.keys))
            .all(|(at, (key, wanted))| {
                key == wanted || row.is_begun && at == last && key.starts_with(wanted.as_str())
            })
    };
    let has = |row: &Row| {
        let mut windows = fields.iter().flat_map(|field| field.windows(row.keys.len()));
        windows.any(|window| is_row(window, row))
    };
    lookup.wanted.iter().all(|rows| rows.iter().any(has)) && !lookup.unwanted.iter().any(has)
}

#[test]
fn words_are_found_whatever_their_case_and_ending_and_characters_in_a_row() {
    let text = "桥今天通车，花了3亿元。Anthropic 公司的芯片。\n\nThe new bridges’ opening: GPT-4, Straße, ＡＩ, ßß.\n";
    for (query, expected) in [
        ("今天", Some(&["今天"][..])),
        ("今天通车", Some(&["今天通车"])),
        ("桥", Some(&["桥"])),
        ("元", Some(&["元"])),
        ("通车花了", None),
        ("通车，花了", Some(&["通车，花了"])),
        ("通车。花了", Some(&["通车，花了"])),
        ("车花", None),
        ("3亿", Some(&["3亿"])),
        ("亿元", Some(&["亿元"])),
        ("13亿", None),
        ("Anthropic公司", Some(&["Anthropic 公司"])),
        ("公司 bridge", Some(&["公司", "bridges"])),
        ("BRIDGE", Some(&["bridges"])),
        ("bridg", Some(&["bridges"])),
        ("brid", None),
        ("opened", Some(&["opening"])),
        ("bridge-opening", Some(&["bridges’ opening"])),
        ("gpt-4", Some(&["GPT-4"])),
        ("gpt4", None),
        ("strasse", Some(&["Straße"])),
        ("ai", Some(&["ＡＩ"])),
        ("bridge tunnel", None),
        ("bridge -tunnel", Some(&["bridges"])),
        ("bridge -今天", None),
        ("bridge -天今", Some(&["bridges"])),
        ("\"new bridges’ opening\"", Some(&["new bridges’ opening"])),
        ("\"New  BRIDGES’\"", Some(&["new bridges’"])),
        ("\"new bridge\"", None),
        ("\"ew bridges\"", None),
        ("\"ß\"", None),
        ("\"sSß\"", Some(&["ßß"])),
        ("\"天通车，花\"", Some(&["天通车，花"])),
        ("\"天通车花\"", None),
        ("“公司的”", Some(&["公司的"])),
        ("\"芯片。 the", Some(&["芯片。\n\nThe"])),
        ("bridge -\"new bridges\"", None),
        // It has the keys of these, and not the words.
        ("bridge -\"bridges opening\"", Some(&["bridges"])),
        ("— bridge", Some(&["bridges"])),
        ("橋", None),
    ] {
        let expected: Option<Vec<String>> =
            expected.map(|places| places.iter().map(ToString::to_string).collect());
        assert_eq!(found(query, "zh,en", text), expected, "{query}");
    }
}

#[test]
fn titles_and_tags_are_searched_as_well() {
    let languages = languages("zh,en");
    let titles = [
        (languages[0].clone(), "新桥".to_owned()),
        (languages[1].clone(), "Opened at last".to_owned()),
    ];
    let tags = ["public works".to_owned()];
    let document = Document {
        languages: &languages,
        titles: &titles,
        tags: &tags,
        text: "渡船停航。\n",
    };
    let has = |query: &str| {
        let query = Query::parse(query).unwrap();
        let found = query.find(&document);
        assert!(
            found.is_none() || looked_up(&query.lookup(&languages), &keys(&document)),
            "{query:?}"
        );
        found.is_some()
    };
    for query in [
        "新桥 渡船 work open",
        "\"public works\"",
        "\"at last\" -bridge",
        "停航 opening",
    ] {
        assert!(has(query), "{query}");
    }
    // A phrase ends with the title that it stands in.
    for query in ["\"新桥 opened\"", "新桥opened", "渡船 -work", "渡船 -新桥"] {
        assert!(!has(query), "{query}");
    }
}

#[test]
fn what_cannot_be_searched_for_is_refused() {
    let why = |text: &str| Query::parse(text).unwrap_err().to_string();
    assert!(matches!(Query::parse(" \u{3000}"), Err(QueryError::Empty)));
    assert!(matches!(Query::parse("—— 。 \"!\""), Err(QueryError::Empty)));
    assert!(matches!(
        Query::parse("-bridge -桥"),
        Err(QueryError::OnlyExcluded)
    ));
    assert!(matches!(Query::parse("a\u{1b}[31m"), Err(QueryError::Text(_))));
    assert!(why(&"a".repeat(LONGEST + 1)).contains("4097 bytes"));
    assert!(why(&"a ".repeat(MOST_TERMS + 1)).contains("65 things"));
}

/// Looks for one term without any key: the words of a text by what parts them, all else as letters in a row.
fn scanned(term: &str, text: &str) -> bool {
    let lower = |text: &str| {
        text.to_lowercase()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        words
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect()
    };
    if let Some(phrase) = term.strip_prefix('"') {
        let (text, phrase) = (lower(text), lower(phrase.trim_end_matches('"')));
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let is_whole = |(at, _): (usize, &str)| {
            let (before, after) = (&text[..at], &text[at + phrase.len()..]);
            !(is_word(before.chars().next_back()) && is_word(phrase.chars().next())
                || is_word(phrase.chars().next_back()) && is_word(after.chars().next()))
        };
        // Places may overlap.
        let places = text.char_indices().map(|(at, _)| (at, &text[at..]));
        return places.filter(|(_, rest)| rest.starts_with(&phrase)).any(is_whole);
    }
    if term.is_ascii() {
        let stem = |word: &String| Stemming::default().stem(word).into_owned();
        let (all, wanted): (Vec<_>, Vec<_>) = (
            words(text).iter().map(stem).collect(),
            words(term).iter().map(stem).collect(),
        );
        return all.windows(wanted.len()).any(|row| row == wanted);
    }
    text.contains(term)
}

proptest! {
    #[test]
    fn what_is_found_is_what_a_scan_finds(
        text in "([a-bA-B]{1,3}(s|ed|ing)?|[桥今天车]{1,4}|[ \n。,-]{1,2}){0,14}",
        terms in proptest::collection::vec("-?([a-b]{1,3}(s|ed)?|[桥今天车]{1,3}|\"([a-b]{1,2}|[桥今天车]{1,2}|[ 。,]){1,4}\")", 1..4),
    ) {
        let query = terms.join(" ");
        prop_assume!(Query::parse(&query).is_ok());
        let is_term = |term: &&String| !tokens(term).is_empty();
        let expected = terms.iter().filter(is_term).all(|term| match term.strip_prefix('-') {
            Some(term) => !scanned(term, &text),
            None => scanned(term, &text),
        });
        prop_assert_eq!(found(&query, "zh,en", &text).is_some(), expected, "{:?} in {:?}", query, text);
    }

    #[test]
    fn every_part_of_a_text_finds_it_by_its_keys(
        text in "([a-cA-C0-9ßﬁǅ]{0,4}|[桥今天通车ｶﾞカ한글㍿㎏]{0,4}|[ \n\u{3000}。，.'’é\u{301}\u{600}กำㄱⅣ⑴½👩\u{200d}\u{fe0f}ʼŉΣςİıſK-]{0,2}){0,12}",
        begin in any::<prop::sample::Index>(), end in any::<prop::sample::Index>(), is_phrase in any::<bool>()
    ) {
        let text = canonical::nfc(text);
        let mut places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        places.push(text.len());
        let (one, other) = (*begin.get(&places), *end.get(&places));
        let part = &text[one.min(other)..one.max(other)];
        let query = if is_phrase { format!("\"{part}\"") } else { part.to_owned() };
        let bytes = one.min(other)..one.max(other);
        if Query::parse(&query).is_ok() {
            let places = found(&query, "zh,en,fr", &text);
            let is_trimmed = part.trim() == part && canonical::nfc(part.to_owned()) == part;
            if is_phrase && is_trimmed && is_whole(&text, &bytes) {
                prop_assert!(places.is_some(), "{:?} in {:?}", part, text);
            }
        }
    }

    #[test]
    fn no_query_and_no_text_make_a_panic(query in any::<String>(), text in any::<String>()) {
        if Query::parse(&query).is_ok() {
            let _ = found(&query, "en,fr,ru", &text);
        }
    }
}
