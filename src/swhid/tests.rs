//! Stories and properties of identifiers.

use proptest::prelude::*;

use super::*;

const CONTENT: &str = "swh:1:cnt:892ff9b150335da6ae81463e358adac2d6a0896f";
const REVISION: &str = "swh:1:rev:befd3aaf69b82925cb973081acaae45dccb844aa";
const SNAPSHOT: &str = "swh:1:snp:c7c108084bc0bf3d81436bf980b46e98bd338453";

fn whole() -> String {
    format!(
        "{CONTENT};origin=https://example.org/a?b=c;visit={SNAPSHOT};anchor={REVISION};\
         path=/articles/2026/11/24/merkle-trees/page.txt;lines=3-5"
    )
}

#[test]
fn a_full_one_reads_back_in_whatever_order_it_came() {
    let whole = whole();
    let swhid: Swhid = whole.parse().unwrap();
    assert_eq!(swhid.to_string(), whole);
    let mut parts: Vec<&str> = whole.split(';').collect();
    parts[1..].reverse();
    assert_eq!(parts.join(";").parse(), Ok(swhid));
}

#[test]
fn what_would_end_a_value_is_escaped_as_the_specification_has_it() {
    let swhid = Swhid::content(BlobId::from_raw([0; 20]))
        .at("https://example.org/%3B;é")
        .unwrap()
        .within(CommitId::from_raw([0; 20]), "/a;b%c 中")
        .unwrap();
    let printed = swhid.to_string();
    assert!(
        printed.contains(";origin=https://example.org/%253B%3Bé;"),
        "{printed}"
    );
    assert!(printed.ends_with(";path=/a%3Bb%25c%20%E4%B8%AD"), "{printed}");
    assert_eq!(printed.parse(), Ok(swhid));
}

#[test]
fn each_wrong_part_has_its_own_error() {
    use SwhidError as E;
    let refused = |text: &str| text.parse::<Swhid>().unwrap_err();
    let with = |qualifier: &str| refused(&format!("{CONTENT};{qualifier}"));
    assert!(matches!(refused("swh:2:cnt:"), E::Scheme(_)));
    assert!(matches!(refused(""), E::Scheme(_)));
    assert!(matches!(refused("swh:1:ori:00"), E::Kind(_)));
    assert!(matches!(refused(&CONTENT.replace('f', "F")), E::Id { .. }));
    assert!(matches!(refused(&CONTENT[..49]), E::Id { .. }));
    assert!(matches!(with(""), E::Form(_)));
    assert!(matches!(with("lines="), E::Form(_)));
    assert!(matches!(with("line=3"), E::Unknown(_)));
    assert!(matches!(with("lines=3;lines=4"), E::Twice("lines")));
    assert!(matches!(with("path=/a;path=/a"), E::Twice("path")));
    assert!(matches!(with("lines=3;bytes=4"), E::Both));
    for range in [
        "0",
        "0-3",
        "5-3",
        "03",
        "+3",
        "3-",
        "-3",
        "3-4-5",
        "18446744073709551616",
    ] {
        assert!(matches!(with(&format!("lines={range}")), E::Range(_)), "{range}");
    }
    let one: Swhid = format!("{CONTENT};lines=3-3").parse().unwrap();
    assert_eq!(one.to_string(), format!("{CONTENT};lines=3"));
    assert!(matches!(with("path=a"), E::Relative(_)));
    assert!(matches!(with("origin=example"), E::Origin(_)));
    assert!(matches!(with("path=/%3"), E::Escape(_)));
    assert!(matches!(with("path=/%FF"), E::Escape(_)));
    assert!(matches!(with("path=/a b"), E::Unescaped { .. }));
    assert!(matches!(with(&format!("visit={REVISION}")), E::Qualifier { .. }));
    assert!(matches!(with(&format!("anchor={CONTENT}")), E::Qualifier { .. }));
    assert!(matches!(
        refused(&format!("{REVISION};lines=3")),
        E::NoContent("rev")
    ));
}

#[test]
fn lines_are_cut_where_all_of_them_are_there() {
    let text = "一\n\nthree\n";
    let cut = |first, last| Fragment::lines(first, last).unwrap().lines_of(text);
    assert_eq!(cut(1, 1), Some("一\n"));
    assert_eq!(cut(2, 3), Some("\nthree\n"));
    assert_eq!(cut(1, 3), Some(text));
    assert_eq!(cut(3, 4), None);
    assert_eq!(cut(4, 4), None);
    assert_eq!(cut(1, u64::MAX), None);
    assert_eq!(Fragment::lines(0, 3), None);
}

prop_compose! {
    fn any_swhid()(
        named in 0..5_usize, raw in any::<[u8; 20]>(), other in any::<[u8; 20]>(), has in any::<[bool; 5]>(),
        origin in "[a-z]{1,5}:.{1,9}", path in "/.{0,9}", first in any::<u64>(), more in any::<u64>(),
        anchor in 0..4_usize,
    ) -> Swhid {
        let mut swhid = Swhid::of(Named::ALL[named], ObjectId::from_raw(raw));
        let other = ObjectId::from_raw(other);
        swhid.origin = has[0].then_some(origin);
        swhid.visit = has[1].then_some(Core { named: Named::Snapshot, id: other });
        let anchors = [Named::Directory, Named::Revision, Named::Release, Named::Snapshot];
        swhid.anchor = has[2].then_some(Core { named: anchors[anchor], id: other });
        swhid.path = has[3].then_some(path);
        if named == 1 {
            let last = first.saturating_add(more);
            swhid.fragment = if has[4] {
                Fragment::lines(first, last)
            } else {
                Range::new(first, last).map(Fragment::Bytes)
            };
        }
        swhid
    }
}

proptest! {
    #[test]
    fn every_one_reads_back_what_it_prints(swhid in any_swhid()) {
        let printed = swhid.to_string();
        prop_assert!(!printed.contains(char::is_whitespace), "{}", printed);
        prop_assert_eq!(printed.parse(), Ok(swhid));
    }

    #[test]
    fn no_text_makes_the_parser_panic(
        text in any::<String>(), tail in "(;(origin|visit|anchor|path|lines|bytes)=[a-z0-9%:/;=.中-]{0,12}){0,4}"
    ) {
        for text in [text, format!("{CONTENT}{tail}")] {
            if let Ok(swhid) = text.parse::<Swhid>() {
                prop_assert_eq!(swhid.to_string().parse(), Ok(swhid));
            }
        }
    }
}
