//! Characters that a browser shows by the way of elements alone: quotation marks, and what stands above or below the line.

use scraper::ElementRef;

/// Letters that are above the line as a habit: `1st` says the same there.
const HABITS: &[&str] = &[
    "st", "nd", "rd", "th", "er", "re", "ère", "ème", "os", "me", "mes", "mo", "lle", "tm", "sm",
];
/// Those that are so behind a number alone: they are also what notes are marked with, and exponents.
const HABITS_OF_NUMBERS: &[&str] = &["a", "e", "o"];

/// Returns the marks that a browser puts around a quotation: those of its language, of an inner one those for such.
pub fn of_quotation(quotation: ElementRef<'_>) -> (&'static str, &'static str) {
    let above = || quotation.ancestors().filter_map(ElementRef::wrap);
    let depth = above().filter(|element| element.value().name() == "q").count();
    let language = above().find_map(|element| element.value().attr("lang"));
    let language = language.unwrap_or_default().trim().to_ascii_lowercase();
    let [outer, inner] = match language.split('-').next().unwrap_or_default() {
        "zh" if !["-hant", "-tw", "-hk", "-mo"]
            .iter()
            .any(|part| language.contains(part)) =>
        {
            LATIN
        }
        "ja" | "zh" => [("「", "」"), ("『", "』")],
        "de" | "cs" | "sk" | "sl" => [("„", "“"), ("‚", "‘")],
        "ru" | "uk" | "be" => [("«", "»"), ("„", "“")],
        "fr" | "it" | "es" | "el" | "no" | "nb" => [("«", "»"), ("“", "”")],
        "pl" | "hu" | "ro" => [("„", "”"), ("«", "»")],
        _ => LATIN,
    };
    if depth % 2 == 0 { outer } else { inner }
}

const LATIN: [(&str, &str); 2] = [("“", "”"), ("‘", "’")];

/// Returns how each character is written above the line (`sup`) or below it (`sub`), where there is one for all of them.
pub fn shifted(text: &str, name: &str) -> Option<fn(char) -> char> {
    let shift: fn(char) -> char = if name == "sup" { above } else { below };
    let has_one = |c: char| c.is_whitespace() || shift(c) != c;
    (!text.trim().is_empty() && text.chars().all(has_one)).then_some(shift)
}

fn above(c: char) -> char {
    match c {
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4'..='9' => char::from_u32(u32::from(c) - u32::from('4') + u32::from('⁴')).unwrap_or(c),
        '+' => '⁺',
        '-' | '−' | '–' => '⁻',
        '=' => '⁼',
        '(' => '⁽',
        ')' => '⁾',
        'i' => 'ⁱ',
        'n' => 'ⁿ',
        _ => c,
    }
}

fn below(c: char) -> char {
    match c {
        '0'..='9' => char::from_u32(u32::from(c) - u32::from('0') + u32::from('₀')).unwrap_or(c),
        '+' => '₊',
        '-' | '−' | '–' => '₋',
        '=' => '₌',
        '(' => '₍',
        ')' => '₎',
        _ => c,
    }
}

/// Returns the mark that tells what stands above or below the line from the word before it, where they would read as one.
pub fn before(text: &str, name: &str, word: &str) -> Option<&'static str> {
    let text = text.trim();
    let runs_together = !word.is_empty()
        && text.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '+' | '-' | '−' | '–' | '('));
    let is_habit = name == "sup" && is_habit(&text.trim_end_matches('.').to_lowercase(), word);
    (runs_together && !is_habit).then_some(if name == "sup" { "^" } else { "_" })
}

/// Tells whether letters stand above the line behind a word as a habit: behind a number, that of a century, and `n` for number.
fn is_habit(letters: &str, word: &str) -> bool {
    let is_number = word.ends_with(|c: char| c.is_ascii_digit())
        || letters == "e" && word.chars().all(|c| "IVXLCDM".contains(c))
        || letters == "o" && matches!(word, "n" | "N");
    HABITS.contains(&letters) || is_number && HABITS_OF_NUMBERS.contains(&letters)
}
