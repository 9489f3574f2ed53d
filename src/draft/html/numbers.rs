//! The numbers that browsers show before the items of lists (HTML, "ordinal value" and the presentational `type`). They count every
//! item that has a place on the page, also one of which no text is read.

use std::collections::HashMap;

use ego_tree::NodeId;
use scraper::ElementRef;

use super::text::{LEFT_OUT, is_blank, is_never_shown};

/// Types of items that have a mark in a number's place.
const MARKS: &[&str] = &["disc", "circle", "square", "none"];

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numerals {
    Decimal,
    LowerLetters,
    UpperLetters,
    LowerRoman,
    UpperRoman,
}

/// The numbers of a page's items.
#[derive(Debug, Default)]
pub struct Numbers {
    /// Those of the items that show one.
    shown: HashMap<NodeId, (i32, Numerals)>,
    /// Lists and items that browsers do not all number alike, or not as they are read.
    strange: HashMap<NodeId, &'static str>,
}

/// A list and the items that it counts, in their order.
struct List<'a> {
    element: ElementRef<'a>,
    items: Vec<(ElementRef<'a>, Option<Numerals>)>,
}

/// What is around an element.
#[derive(Clone, Copy, Default)]
struct Around {
    /// Which list counts the items.
    list: Option<usize>,
    /// How their numbers are written.
    numerals: Option<Numerals>,
    /// Whether not all browsers count them there.
    is_unsure: bool,
}

impl Numbers {
    /// Counts the items of the page that an element is of.
    pub fn of(element: ElementRef<'_>) -> Self {
        let page = element.ancestors().filter_map(ElementRef::wrap).last();
        let mut lists: Vec<List<'_>> = Vec::new();
        let mut numbers = Self::default();
        let mut pending = vec![(page.unwrap_or(element), Around::default())];
        while let Some((element, mut around)) = pending.pop() {
            if is_never_shown(element) {
                continue;
            }
            match element.value().name() {
                name @ ("ol" | "ul" | "menu") => {
                    let is_ordered = name == "ol";
                    numbers.look_at_type(element, is_ordered, !is_ordered);
                    around = Around {
                        list: Some(lists.len()),
                        numerals: is_ordered.then(|| Numerals::of(element).unwrap_or(Numerals::Decimal)),
                        is_unsure: false,
                    };
                    lists.push(List {
                        element,
                        items: Vec::new(),
                    });
                }
                "li" => numbers.look_at_item(element, &mut around, &mut lists),
                "dir" => {
                    around.numerals = None;
                    around.is_unsure = true;
                }
                name => around.is_unsure |= LEFT_OUT.contains(&name),
            }
            let start = pending.len();
            let children = element.children().filter_map(ElementRef::wrap);
            pending.extend(children.map(|child| (child, around)));
            pending[start..].reverse();
        }
        for list in lists {
            numbers.count(&list);
        }
        numbers
    }

    fn look_at_item<'a>(&mut self, item: ElementRef<'a>, around: &mut Around, lists: &mut [List<'a>]) {
        let list = around.list.and_then(|list| lists.get_mut(list));
        let is_ordered = list
            .as_ref()
            .is_some_and(|list| list.element.value().name() == "ol");
        self.look_at_type(item, list.is_some(), !is_ordered);
        if item.value().attr("type").is_some() {
            around.numerals = Numerals::of(item);
        }
        let Some(list) = list else {
            return;
        };
        list.items.push((item, around.numerals));
        if around.is_unsure && (is_ordered || around.numerals.is_some()) {
            self.strange.insert(list.element.id(), list_name(is_ordered));
        }
    }

    /// Remembers an element whose type says something else than numerals where those are known, and a mark where one is.
    fn look_at_type(&mut self, element: ElementRef<'_>, has_numerals: bool, has_mark: bool) {
        let Some(kind) = element.value().attr("type") else {
            return;
        };
        let is_mark = MARKS.iter().any(|mark| mark.eq_ignore_ascii_case(kind));
        let is_known = has_numerals && Numerals::of(element).is_some() || has_mark && is_mark;
        if !is_known {
            let name = match element.value().name() {
                "ol" => "<ol type>",
                "li" => "<li type>",
                _ => "<ul type>",
            };
            self.strange.insert(element.id(), name);
        }
    }

    fn count(&mut self, list: &List<'_>) {
        let element = list.element.value();
        let is_ordered = element.name() == "ol";
        let is_reversed = is_ordered && element.attr("reversed").is_some();
        let first = || i32::try_from(list.items.len()).ok().filter(|_| is_reversed);
        let start = element.attr("start").filter(|_| is_ordered).and_then(integer);
        let mut next = start.or_else(first).unwrap_or(1);
        for (item, numerals) in &list.items {
            let number = item.value().attr("value").and_then(integer).unwrap_or(next);
            next = number.saturating_add(if is_reversed { -1 } else { 1 });
            self.shown
                .extend(numerals.map(|numerals| (item.id(), (number, numerals))));
        }
    }

    /// Lists the items that show a number, in no order, with it.
    pub fn all(&self) -> impl Iterator<Item = (NodeId, i32)> {
        self.shown.iter().map(|(item, (number, _))| (*item, *number))
    }

    /// Returns what a browser writes before an item that shows its number.
    pub fn before(&self, item: ElementRef<'_>) -> Option<String> {
        let (number, numerals) = self.shown.get(&item.id())?;
        Some(format!("{}. ", numerals.written(*number)))
    }

    /// Names a list or an item where browsers may show another number than is read.
    pub fn strange(&self, element: ElementRef<'_>) -> Option<&'static str> {
        self.strange.get(&element.id()).copied()
    }
}

fn list_name(is_ordered: bool) -> &'static str {
    if is_ordered { "<ol>" } else { "<ul>" }
}

impl Numerals {
    /// Returns those that the type of a list or an item asks for.
    fn of(element: ElementRef<'_>) -> Option<Self> {
        match element.value().attr("type")? {
            "1" => Some(Self::Decimal),
            "a" => Some(Self::LowerLetters),
            "A" => Some(Self::UpperLetters),
            "i" => Some(Self::LowerRoman),
            "I" => Some(Self::UpperRoman),
            _ => None,
        }
    }

    /// Writes a number; in digits where these numerals have none for it (CSS Counter Styles 3, 7.1).
    fn written(self, number: i32) -> String {
        let written = match self {
            Self::Decimal => None,
            Self::LowerLetters | Self::UpperLetters => letters(number),
            Self::LowerRoman | Self::UpperRoman => roman(number),
        };
        match self {
            Self::UpperLetters | Self::UpperRoman => written.map(|written| written.to_ascii_uppercase()),
            _ => written,
        }
        .unwrap_or_else(|| number.to_string())
    }
}

fn letters(number: i32) -> Option<String> {
    let mut left = u32::try_from(number).ok().filter(|number| *number > 0)?;
    let mut letters = Vec::new();
    while left > 0 {
        letters.push(char::from_digit(10 + (left - 1) % 26, 36)?);
        left = (left - 1) / 26;
    }
    Some(letters.into_iter().rev().collect())
}

fn roman(number: i32) -> Option<String> {
    const SIGNS: [(i32, &str); 13] = [
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    if !(1..=3999).contains(&number) {
        return None;
    }
    let mut left = number;
    let mut written = String::new();
    for (worth, sign) in SIGNS {
        while left >= worth {
            written.push_str(sign);
            left -= worth;
        }
    }
    Some(written)
}

/// Reads a number as attributes have it (HTML, "rules for parsing integers"): what follows its digits does not count, and one that
/// does not fit in 32 bits is none.
pub fn integer(text: &str) -> Option<i32> {
    let text = text.trim_start_matches(is_blank);
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let behind = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    text[..text.len() - behind.len()].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_ends_with_its_digits() {
        for (text, number) in [
            ("2024.", Some(2024)),
            ("\n -3x", Some(-3)),
            ("+5.9", Some(5)),
            ("2147483647", Some(i32::MAX)),
            ("2147483648", None),
            ("-", None),
            ("", None),
            ("\u{a0}7", None),
            ("\u{b}7", None),
            ("٣", None),
        ] {
            assert_eq!(integer(text), number, "{text:?}");
        }
    }

    #[test]
    fn a_number_is_written_in_the_numerals_of_its_list() {
        for (numerals, number, written) in [
            (Numerals::LowerLetters, 1, "a"),
            (Numerals::UpperLetters, 27, "AA"),
            (Numerals::LowerLetters, i32::MAX, "fxshrxw"),
            (Numerals::LowerLetters, 0, "0"),
            (Numerals::LowerRoman, 28, "xxviii"),
            (Numerals::UpperRoman, 3999, "MMMCMXCIX"),
            (Numerals::UpperRoman, 4000, "4000"),
            (Numerals::UpperRoman, -2, "-2"),
            (Numerals::Decimal, 7, "7"),
        ] {
            assert_eq!(numerals.written(number), written);
        }
    }
}
