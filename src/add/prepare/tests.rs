use std::collections::BTreeSet;

use super::*;
use crate::canonical::Invisible;
use crate::date::UtcOffset;

const ZH: &str = "今天桥通车，长一百米，全体市民等了两年，从此免费通行。";
const EN: &str =
    "The bridge opened today. It is one hundred metres long, and everybody may cross it free of charge.";

fn circumstances() -> Circumstances {
    Circumstances {
        author: Some(Person::parse("Desk").unwrap()),
        committer: None,
        now: RevisionDate::from_seconds(1_769_140_800, UtcOffset::UTC).unwrap(),
        invisible: Invisible::Refuse,
        signer: None,
    }
}

fn language(tag: &str) -> Language {
    tag.parse().unwrap()
}

/// Prepares a page of plain text.
fn prepared(blocks: &[&str], wishes: &Wishes) -> Result<Prepared, PageError> {
    let settings = Settings::new("The paper");
    let page = format!("{}\n", blocks.join("\n\n"));
    prepare(page.as_bytes(), Form::Text, wishes, &settings, &circumstances())
}

fn refused(blocks: &[&str], wishes: &Wishes) -> String {
    prepared(blocks, wishes).unwrap_err().to_string()
}

#[test]
fn a_later_revision_has_the_declared_languages_unless_it_has_more_or_lacks_one() {
    let turns = [ZH, EN, ZH, EN, ZH, EN];
    let cases: [(&str, &[&str], &[&str], &str); 6] = [
        ("mul", &[ZH, EN], &[EN, ZH], "mul"),
        ("mul", &[ZH, EN], &turns, "mul"),
        ("zh,en", &[ZH, EN], &turns, "zh, en"),
        ("zh,en", &[ZH, EN], &[ZH, ZH], "zh"),
        ("en", &[EN], &[EN, ZH], "en, zh"),
        ("fr", &[EN], &[EN, EN], "fr"),
    ];
    for (declared, before, after, expected) in cases {
        let first = Wishes {
            languages: declared.split(',').map(language).collect(),
            ..Wishes::default()
        };
        let first = prepared(before, &first).unwrap();
        let later = Wishes {
            article: Some("2026/01/22/bridge".parse().unwrap()),
            previous: Some(first.article()),
            ..Wishes::default()
        };
        let later = prepared(after, &later).unwrap();
        let found = language::list(&later.article().metadata.languages);
        assert_eq!(found, expected, "{declared}: {after:?}");
        assert_eq!(later.candidate.kind, Kind::Update);
    }
}

#[test]
fn a_language_keeps_its_declared_tag_and_its_title_where_others_come_and_go() {
    const ZH_HANT: &str = "橋今天通車，市政府說這是一件大事，許多市民前往觀看，場面熱鬧。";
    const PT: &str =
        "A ponte abriu hoje e a câmara municipal disse que é um grande acontecimento para todos nós.";
    const SW: &str =
        "Daraja limefunguliwa leo, na halmashauri ya mji imesema kwamba ni jambo kubwa kwa kila mtu.";
    let cases: [(&str, &[&str], &[&str], &str); 7] = [
        ("zh-Hant", &[ZH_HANT], &[ZH_HANT, EN], "zh-Hant, en"),
        ("en-GB", &[EN], &[EN, ZH], "en-GB, zh"),
        ("pt-BR", &[PT, PT], &[PT, PT, EN], "pt-BR, en"),
        ("zh-Hant,en-GB", &[ZH_HANT, EN], &[ZH_HANT, ZH_HANT], "zh-Hant"),
        ("zh-Hant,en-GB", &[ZH_HANT, EN], &[EN, EN], "en-GB"),
        // These are taken for the most usual language of their script.
        ("yue", &[ZH_HANT], &[ZH_HANT, EN], "yue, en"),
        ("sw", &[SW], &[SW, ZH], "sw, zh"),
    ];
    for (declared, before, after, expected) in cases {
        let declared: Vec<Language> = declared.split(',').map(language).collect();
        let title = |language: &Language| Tagged {
            language: Some(language.clone()),
            text: format!("In {language}"),
        };
        let first = Wishes {
            titles: Some(declared.iter().map(title).collect()),
            languages: declared.clone(),
            ..Wishes::default()
        };
        let later = Wishes {
            article: Some("2026/01/22/bridge".parse().unwrap()),
            previous: Some(prepared(before, &first).unwrap().article()),
            ..Wishes::default()
        };
        let later = prepared(after, &later).unwrap().article().metadata;
        assert_eq!(language::list(&later.languages), expected, "{after:?}");
        let kept = declared
            .iter()
            .filter(|language| later.languages.contains(language));
        assert!(later.titles.keys().eq(kept.collect::<BTreeSet<_>>()), "{after:?}");
    }
}

#[test]
fn two_forms_of_a_language_that_cannot_be_told_apart_are_not_made_one() {
    let sources = ["zh-Hans", "zh-Hant"].map(|tag| (language(tag), format!("{ZH} {tag}")));
    let settings = Settings::new("The paper");
    let first = prepare_sources(&sources, &Wishes::default(), &settings, &circumstances());
    let mut later = Wishes {
        article: Some("2026/01/22/bridge".parse().unwrap()),
        previous: Some(first.unwrap().article()),
        ..Wishes::default()
    };
    for blocks in [&[ZH, ZH][..], &[ZH, ZH, EN]] {
        assert_eq!(
            refused(blocks, &later),
            "no paragraph of this page is in the language zh-Hant"
        );
    }
    later.languages = vec![language("zh")];
    assert!(prepared(&[ZH, ZH], &later).is_ok());
}

#[test]
fn a_language_has_one_source() {
    let settings = Settings::new("The paper");
    let prepared = |tags: [&str; 3]| {
        let sources = tags.map(|tag| (language(tag), format!("In {tag}.")));
        prepare_sources(&sources, &Wishes::default(), &settings, &circumstances())
    };
    let page = prepared(["en", "zh", "en-GB"]).unwrap().article();
    assert_eq!(page.sources, ["In en.\n", "In zh.\n", "In en-GB.\n"]);
    let refused = prepared(["en", "zh", "en"]).unwrap_err();
    assert_eq!(refused.to_string(), "the language en is named twice");
}

#[test]
fn what_follows_a_revision_is_not_published_anew() {
    let publish = Wishes {
        kind: Some(Kind::Publish),
        ..Wishes::default()
    };
    assert!(prepared(&[EN], &publish).is_ok());
    let of_article = Wishes {
        article: Some("2026/01/22/bridge".parse().unwrap()),
        ..publish.clone()
    };
    let of_version = Wishes {
        version: Version::Later(7),
        ..publish
    };
    for (wishes, name) in [(of_article, "2026/01/22/bridge"), (of_version, "an article")] {
        let kinds = "an update, correction, retraction, restoration or technical, not publish";
        let expected = format!("a new revision of {name} is {kinds}");
        assert_eq!(refused(&[EN], &wishes), expected);
    }
}

#[test]
fn a_new_revision_needs_no_words_for_a_slug() {
    let mut wishes = Wishes::default();
    assert_eq!(
        refused(&["* * *", EN], &wishes),
        "no slug can be made from the title or the text"
    );
    wishes.article = Some("2026/01/22/bridge".parse().unwrap());
    assert!(prepared(&["* * *", EN], &wishes).is_ok());
}

#[test]
fn a_title_is_in_a_language_of_the_page() {
    let titled = |title: &str| Wishes {
        titles: Some(vec![Tagged::read(title)]),
        ..Wishes::default()
    };
    for (title, tag) in [("fr=Pont", "fr"), ("ZH-hant=橋", "zh-Hant"), ("pi=3", "pi")] {
        assert_eq!(
            refused(&[ZH, EN], &titled(title)),
            format!("the page has no part in {tag}; it is in zh, en")
        );
    }
    for (given, title) in [
        ("en=pi=3", "pi=3"),
        ("E=mc²", "E=mc²"),
        ("Less = more", "Less = more"),
        ("size=4", "size=4"),
    ] {
        let page = prepared(&[EN], &titled(given)).unwrap();
        assert_eq!(page.article().metadata.titles[&language("en")], title);
    }
}

#[test]
fn a_language_has_one_title() {
    let with_titles = |titles: &[&str]| Wishes {
        titles: Some(titles.iter().map(|title| Tagged::read(title)).collect()),
        ..Wishes::default()
    };
    let page = prepared(&[ZH, EN], &with_titles(&["en=Bridge opens", "桥通车"])).unwrap();
    let titles = page.article().metadata.titles;
    assert_eq!(titles[&language("en")], "Bridge opens");
    assert_eq!(titles[&language("zh")], "桥通车");
    for two in [["en=A bridge", "en=The bridge"], ["桥通车", "zh=桥"]] {
        let (tag, first) = if two[0] == "桥通车" {
            ("zh", "桥通车")
        } else {
            ("en", "A bridge")
        };
        assert_eq!(
            refused(&[ZH, EN], &with_titles(&two)),
            format!(
                "two titles are taken for titles in {tag}, {first:?} the first of them; write LANG=TITLE"
            )
        );
    }
}

/// Returns an article in English that has a source.
fn of_source(source: &str) -> Article {
    let mut page = prepared(&[EN], &Wishes::default()).unwrap().article();
    page.sources = vec![source.to_owned()];
    page
}

/// Corrects an article by plain text; returns its source, and what of its markup is told to be lost.
fn corrected(source: &str, text: &[&str]) -> (String, Vec<NoticeKind>) {
    let wishes = Wishes {
        article: Some("2026/01/22/bridge".parse().unwrap()),
        previous: Some(of_source(source)),
        languages: vec![language("en")],
        ..Wishes::default()
    };
    let page = prepared(text, &wishes).unwrap();
    let kinds = page.notices.iter().map(|notice| notice.what.clone());
    (page.article().sources.concat(), kinds.collect())
}

#[test]
fn markup_of_a_block_that_moves_and_changes_is_told_to_be_lost() {
    let source = "Intro one.\n\nMiddle two.\n\nSee [l](http://e.org/1) there.\n";
    let (changed, told) = corrected(source, &["See l here.", "Intro one.", "Middle two."]);
    assert_eq!(changed.trim_end(), "See l here.\n\nIntro one.\n\nMiddle two.");
    assert_eq!(told, [NoticeKind::MarkupLost(1)]);
}

#[test]
fn a_block_that_moves_keeps_its_markup() {
    let source = "## Head\n\nOne [l](http://l.org)\n\nTwo *em*\n\n- a *b*\n\n  c\n\nThree\n";
    let (moved, told) = corrected(source, &["Head", "Three", "- a b", "  c", "Two em", "One l"]);
    assert_eq!(
        moved,
        "## Head\n\nThree\n\n- a *b*\n\n  c\n\nTwo *em*\n\nOne [l](http://l.org)\n"
    );
    assert_eq!(told, []);
    let (moved, told) = corrected(source, &["Three", "One l", "Two em!", "Head"]);
    assert_eq!(moved, "Three\n\nOne [l](http://l.org)\n\nTwo em!\n\n## Head\n");
    assert_eq!(told, [NoticeKind::MarkupLost(1)]);
}

#[test]
fn lists_between_which_nothing_stands_any_more_keep_their_markup() {
    let source = "- a *x*\n\nBetween\n\n- c **y**\n";
    let (written, told) = corrected(source, &["- a x", "- c y"]);
    assert_eq!(written, "- a *x*\n\n<!-- -->\n\n- c **y**\n");
    assert_eq!(told, []);
}

#[test]
fn a_definition_makes_no_link_of_a_new_paragraph() {
    let source = "Text [b] and *more*.\n\n[b]: http://x.org\n[note]: Unconfirmed *yet*\n\nEnd **bold** [l](http://l.org).\n";
    let text = ["Text b and more.", "[note]: Unconfirmed yet", "End bold l."];
    let (written, told) = corrected(source, &[&text[..], &["New paragraph cites [b]."]].concat());
    assert_eq!(
        written,
        "Text [b](http://x.org) and *more*.\n\n[b]: http://x.org\n[note]: Unconfirmed *yet*\n\nEnd **bold** [l](http://l.org).\n\n\
         New paragraph cites \\[b\\].\n"
    );
    assert_eq!(told, []);
}
