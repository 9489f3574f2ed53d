//! Whether a browser shows an element, as far as the element's own attributes say so. What they say is believed where every
//! browser reads it alike; of the rest it is only known that it is not known.

use scraper::ElementRef;

use super::text::is_blank;

/// Whether an element has a place on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// It has.
    Shown,
    /// It has not, nor has what is in it.
    Hidden,
    /// It says that it has none, and perhaps something else as well.
    Unsure,
}

/// Whether an element in its place is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// As what it stands in is.
    Inherited,
    /// It is.
    Visible,
    /// It is not; what is in it may say otherwise of itself.
    Hidden,
    /// It says that it is not, and perhaps something else as well.
    Unsure,
}

const HTML: &str = "http://www.w3.org/1999/xhtml";
const SVG: &str = "http://www.w3.org/2000/svg";
const MATHML: &str = "http://www.w3.org/1998/Math/MathML";

/// The longest style that is read.
const LONGEST_STYLE: usize = 64 << 10;

/// Elements that browsers show though they have the attribute `hidden`.
const SHOWN_HIDDEN: &[&str] = &["marquee", "embed", "frame", "frameset"];

/// By what a style may hide that cannot be divided.
const HIDING: &[&str] = &[
    "none",
    "table-column",
    "content-visibility",
    "font-size:0",
    "font:0",
];

/// By what a style may let through that cannot be divided.
const SEE_THROUGH: &[&str] = &["opacity:0", "opacity:-"];

/// What stands in an `rp`.
const BRACKETS: &str = "()（）[]［］〔〕【】《》〈〉「」『』";

/// Values of `display` by which an element has a place.
const DISPLAYED: &[&str] = &[
    "block",
    "inline",
    "inline-block",
    "flex",
    "inline-flex",
    "grid",
    "inline-grid",
    "flow-root",
    "list-item",
    "contents",
    "table",
    "inline-table",
    "table-row",
    "table-cell",
    "table-row-group",
    "table-header-group",
    "table-footer-group",
    "table-caption",
    "inherit",
    "initial",
    "unset",
];

/// What the declarations of a property come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Nothing,
    Shows,
    Hides,
    /// It hides, unless a browser knows a value that is not known here.
    MayHide,
    /// Only values that are not known here.
    Unknown,
    /// The style is none that every browser reads alike.
    Unreadable,
}

/// Tells whether an element has a place on the page.
pub fn display(element: ElementRef) -> Display {
    let value = element.value();
    let name = value.name();
    let namespace = &*value.name.ns;
    let is_hidden_field = name == "input"
        && value
            .attr("type")
            .is_some_and(|kind| kind.eq_ignore_ascii_case("hidden"));
    // These no style shows.
    if name == "template" || is_hidden_field {
        return Display::Hidden;
    }
    let is_hidden = value.attr("hidden").is_some() && !is_until_found(element);
    let is_dialog = name == "dialog";
    let is_open = is_dialog && value.attr("open").is_some();
    let is_by_itself = matches!(name, "script" | "style" | "head" | "title")
        || name == "rp" && namespace == HTML && !is_bracket(element)
        || is_hidden
        || is_dialog && !is_open
        || namespace == HTML && value.attr("popover").is_some() && !is_open;
    // Some elements, and what is none of HTML, are shown all the same; a picture has an attribute of its own for it.
    let is_shown_hidden = namespace != HTML || SHOWN_HIDDEN.contains(&name);
    let is_unsure = is_hidden && is_shown_hidden
        || is_by_itself && namespace == MATHML
        || namespace == SVG && value.attr("display").is_some();
    let style = value.attr("style").unwrap_or_default();
    match said(style, "display") {
        Said::Hides => Display::Hidden,
        Said::MayHide => Display::Unsure,
        _ if is_unsure || may_hide(style) => Display::Unsure,
        Said::Nothing if is_by_itself => Display::Hidden,
        Said::Unknown | Said::Unreadable if is_by_itself => Display::Unsure,
        Said::Unreadable if names_one(style, HIDING) => Display::Unsure,
        _ => Display::Shown,
    }
}

/// Names what an element says by which its words have their place and a reader sees them only later: pages let their parts
/// appear so by a script, and unfold them so.
pub fn veil(element: ElementRef) -> Option<&'static str> {
    if is_until_found(element) {
        return Some("hidden=until-found");
    }
    let style = element.value().attr("style").unwrap_or_default();
    let is_see_through = match said(style, "opacity") {
        Said::Hides | Said::MayHide => true,
        Said::Unreadable => names_one(style, SEE_THROUGH),
        Said::Nothing | Said::Shows | Said::Unknown => false,
    };
    is_see_through.then_some("style=opacity:0")
}

/// Tells whether an element shows no more than its heading before a reader opens it.
pub fn is_folded(element: ElementRef) -> bool {
    let value = element.value();
    value.name() == "details" && value.attr("open").is_none()
}

/// Tells whether finding words in the page shows an element, or a link to it; in a line it is not hidden everywhere.
fn is_until_found(element: ElementRef) -> bool {
    let hidden = element.value().attr("hidden");
    hidden.is_some_and(|kind| kind.eq_ignore_ascii_case("until-found"))
}

/// Tells whether a style says what hides some elements, or all in them that says nothing of itself.
fn may_hide(style: &str) -> bool {
    ["content-visibility", "font-size"]
        .iter()
        .any(|property| matches!(said(style, property), Said::Hides | Said::MayHide))
}

/// Tells whether one of some words stands in a style.
fn names_one(style: &str, words: &[&str]) -> bool {
    let style = style.to_ascii_lowercase().replace(is_blank, "");
    words.iter().any(|word| style.contains(word))
}

/// Tells whether an element of a ruby is no more than a bracket around what stands above the line: where that is read as it
/// stands in the text, so is the bracket, though no browser shows it.
fn is_bracket(element: ElementRef) -> bool {
    let is_in_ruby = element
        .parent()
        .and_then(ElementRef::wrap)
        .is_some_and(|parent| matches!(parent.value().name(), "ruby" | "rtc"));
    let mut characters = element.text().flat_map(str::chars).filter(|c| !is_blank(*c));
    let is_one = characters.next().is_none_or(|c| BRACKETS.contains(c)) && characters.next().is_none();
    is_in_ruby && is_one
}

/// Tells whether an element in its place is seen.
pub fn visibility(element: ElementRef) -> Visibility {
    let value = element.value();
    if &*value.name.ns == SVG && value.attr("visibility").is_some() {
        return Visibility::Unsure;
    }
    let style = value.attr("style").unwrap_or_default();
    match said(style, "visibility") {
        Said::Nothing => Visibility::Inherited,
        Said::Hides => Visibility::Hidden,
        Said::MayHide => Visibility::Unsure,
        Said::Unknown | Said::Unreadable if names_one(style, &["hidden", "collapse"]) => Visibility::Unsure,
        Said::Shows | Said::Unknown | Said::Unreadable => Visibility::Visible,
    }
}

/// Returns what a style says of a property that hides: the last declaration counts, an important one before others.
fn said(style: &str, property: &str) -> Said {
    if style.is_empty() {
        return Said::Nothing;
    }
    let Some(declarations) = declarations(style) else {
        return Said::Unreadable;
    };
    let declared = declarations.iter().filter_map(|declaration| {
        let (name, value) = declaration.split_once(':')?;
        let name = name.trim_matches(is_blank);
        if name != property && name != "all" && !(property == "font-size" && name == "font") {
            return None;
        }
        let value = value.trim_matches(is_blank);
        let important = value
            .strip_suffix("important")
            .and_then(|value| value.trim_end_matches(is_blank).strip_suffix('!'));
        Some((
            important.is_some(),
            important.unwrap_or(value).trim_end_matches(is_blank),
        ))
    });
    let (important, others): (Vec<_>, Vec<_>) = declared.partition(|(is_important, _)| *is_important);
    let values = others.into_iter().chain(important).map(|(_, value)| value);
    values.fold(Said::Nothing, |before, value| match (property, value) {
        ("display", "none" | "table-column" | "table-column-group")
        | ("visibility", "hidden" | "collapse")
        | ("content-visibility", "hidden") => Said::Hides,
        ("opacity", value) if number(value).is_some_and(|number| number <= 0.0) => Said::Hides,
        ("opacity", value) if number(value).is_some() => Said::Shows,
        ("font-size", value) => {
            let size = value.split('/').next().unwrap_or_default();
            if size.split(is_blank).filter_map(number).any(|size| size == 0.0) {
                Said::Hides
            } else {
                Said::Shows
            }
        }
        ("visibility", "visible" | "initial") => Said::Shows,
        ("display", value) if DISPLAYED.contains(&value) => Said::Shows,
        _ => match before {
            Said::Hides | Said::MayHide => Said::MayHide,
            Said::Shows => Said::Shows,
            _ => Said::Unknown,
        },
    })
}

/// Returns the number that a value is, whatever its unit.
fn number(value: &str) -> Option<f64> {
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    value[..=value.rfind(is_digit)?].parse().ok()
}

/// Divides a style into its declarations, in lower case, without comments; nothing where it is very long, or has what might
/// be divided otherwise elsewhere.
fn declarations(style: &str) -> Option<Vec<String>> {
    if style.len() > LONGEST_STYLE {
        return None;
    }
    let style = style.to_ascii_lowercase();
    let mut found = vec![String::new()];
    let mut rest = style.as_str();
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let declaration = found.last_mut()?;
        match c {
            '\\' | '{' | '}' | '[' | ']' | ')' | '@' | '<' => return None,
            ';' if declaration.is_empty() => {}
            ';' => found.push(String::new()),
            '/' if rest.starts_with('*') => {
                rest = rest[1..].split_once("*/").map_or("", |(_, after)| after);
                declaration.push(' ');
            }
            '"' | '\'' => {
                let (text, after) = rest.split_once(c)?;
                if text.contains(['\\', '\n', '\r', '\u{c}']) {
                    return None;
                }
                rest = after;
                declaration.push(c);
            }
            '(' => {
                let (text, after) = rest.split_once(')').unwrap_or((rest, ""));
                let text = text.trim_matches(is_blank);
                let quoted = ['"', '\''].iter().find_map(|mark| {
                    let text = text.strip_prefix(*mark)?;
                    text.strip_suffix(*mark)
                });
                let has_more = |c: char| matches!(c, '"' | '\'' | '(' | '\\' | '\n' | '\r' | '\u{c}');
                if quoted.unwrap_or(text).contains(has_more) || text.contains("/*") {
                    return None;
                }
                rest = after;
                declaration.push(c);
            }
            c => declaration.push(c),
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use scraper::Html;

    use super::*;

    fn of(tag: &str) -> (Display, Visibility) {
        let page = Html::parse_fragment(tag);
        let mut elements = page.root_element().children().filter_map(ElementRef::wrap);
        let element = elements.next().expect(tag);
        (display(element), visibility(element))
    }

    #[test]
    fn what_a_style_says_is_believed_where_all_browsers_read_it_alike() {
        use Display::{Hidden, Shown, Unsure};
        for (style, expected) in [
            ("", Shown),
            ("display:none", Hidden),
            (" DISPLAY : None ! Important ;", Hidden),
            ("display:/* a */none", Hidden),
            ("color:red;display:none;/*", Hidden),
            ("background:url(a;b);display:none", Hidden),
            ("background:url( 'a' );font:'b;c';display:none", Hidden),
            ("display:block;display:none", Hidden),
            ("display:none;display:block", Shown),
            ("display:none!important;display:block", Hidden),
            ("display:none;display:block!important", Shown),
            ("--x:display:none", Shown),
            ("--display:none", Shown),
            ("display:none-x", Shown),
            ("display:none x", Shown),
            ("font-family:'display:none'", Shown),
            ("content:'a;display:none;b'", Shown),
            ("background:url(a;display:none;b", Shown),
            ("/*display:none*/", Shown),
            ("opacity:0", Shown),
            ("opacity:0;display:none", Hidden),
            ("opacity:0;font-size:0", Unsure),
            ("opacity:0;x:[", Shown),
            ("font-size:0", Unsure),
            ("font-size:0.0px!important;font-size:1em", Unsure),
            ("font-size:0;font:1em a", Shown),
            ("font:0/0 a", Unsure),
            ("font:bold 10px/0 a", Shown),
            ("font-size:larger", Shown),
            ("content-visibility:hidden", Unsure),
            ("content-visibility:auto", Shown),
            ("display:table-column", Hidden),
            ("display:table-column-group!important", Hidden),
            ("display:none;display:masonry", Unsure),
            ("display:none;display:var(--x)", Unsure),
            ("display:none;all:initial", Shown),
            ("display:none;all:revert", Unsure),
            ("display:none;d\\69splay:block", Unsure),
            ("display:none;x:url(a(b);display:block;y:c)", Unsure),
            ("display:none;x:'a\n';display:block", Unsure),
            ("display:none}", Unsure),
        ] {
            assert_eq!(of(&format!("<p style=\"{style}\">")).0, expected, "{style}");
        }
    }

    #[test]
    fn a_style_shows_what_is_hidden_without_one() {
        use Display::{Hidden, Shown, Unsure};
        for (tag, expected) in [
            ("<p hidden>", Hidden),
            ("<p hidden style='color:red'>", Hidden),
            ("<p hidden style='display:block'>", Shown),
            ("<p hidden style='display:foo'>", Unsure),
            ("<p hidden style='d\\69splay:block'>", Unsure),
            ("<p hidden=until-found>", Shown),
            ("<p hidden=Until-Found style='display:none'>", Hidden),
            ("<p popover>", Hidden),
            ("<p popover=hint style='color:red'>", Hidden),
            ("<p popover style='display:block'>", Shown),
            ("<dialog popover>", Hidden),
            ("<dialog popover open>", Shown),
            ("<svg popover>", Shown),
            ("<rp>(</rp>", Hidden),
            ("<rp>not</rp>", Hidden),
            ("<dialog>", Hidden),
            ("<dialog open>", Shown),
            ("<dialog style='display:block'>", Shown),
            ("<script>", Hidden),
            ("<script style='display:block'>", Shown),
            ("<template style='display:block'>", Hidden),
            ("<input type=HIDDEN style='display:block'>", Hidden),
            ("<marquee hidden>", Unsure),
            ("<marquee hidden style='display:none'>", Hidden),
            ("<marquee hidden style='display:block'>", Unsure),
            ("<embed hidden>", Unsure),
            ("<math hidden>", Unsure),
            ("<math display=block>", Shown),
            ("<svg hidden>", Unsure),
            ("<svg display=none>", Unsure),
            ("<svg style='display:none'>", Hidden),
        ] {
            assert_eq!(of(tag).0, expected, "{tag}");
        }
        assert_eq!(of("<svg visibility=hidden>").1, Visibility::Unsure);
    }

    #[test]
    fn what_is_seen_only_later_is_named() {
        let veil_of = |tag: &str| {
            let page = Html::parse_fragment(tag);
            let mut elements = page.root_element().children().filter_map(ElementRef::wrap);
            veil(elements.next().expect(tag))
        };
        for style in [
            "opacity:0",
            "opacity:0.0%",
            "opacity:0e0",
            "opacity:-1",
            "Opacity: 0 !important; transform: translateY(20px)",
            "opacity:0;opacity:var(--x)",
            "opacity:0;transform:rotate(calc(1deg*(2)))",
        ] {
            assert_eq!(
                veil_of(&format!("<p style='{style}'>")),
                Some("style=opacity:0"),
                "{style}"
            );
        }
        for style in [
            "",
            "opacity:1",
            "opacity:0;opacity:.5",
            "opacity:.5;x:[",
            "--opacity:0",
        ] {
            assert_eq!(veil_of(&format!("<p style='{style}'>")), None, "{style}");
        }
        assert_eq!(veil_of("<p hidden=Until-Found>"), Some("hidden=until-found"));
        assert_eq!(veil_of("<p hidden>"), None);
    }

    #[test]
    fn a_style_without_end_is_not_divided() {
        let long = |part: &str| declarations(&part.repeat(LONGEST_STYLE / part.len()));
        assert_eq!(long(";"), Some(vec![String::new()]));
        assert_eq!(long("a;").map(|parts| parts.len()), Some(LONGEST_STYLE / 2 + 1));
        assert_eq!(declarations(&";".repeat(LONGEST_STYLE + 1)), None);
        let style = format!("{}display:none", ";".repeat(LONGEST_STYLE));
        assert_eq!(of(&format!("<p style='{style}'>")).0, Display::Unsure);
    }

    #[test]
    fn an_element_is_seen_as_it_says_of_itself() {
        use Visibility::{Hidden, Inherited, Unsure, Visible};
        for (style, expected) in [
            ("", Inherited),
            ("color:red", Inherited),
            ("visibility:hidden", Hidden),
            ("visibility:COLLAPSE", Hidden),
            ("visibility:hidden;visibility:visible", Visible),
            ("visibility:hidden;visibility:inherit", Unsure),
            ("visib\\69lity:hidden", Unsure),
            ("visib\\69lity:visible", Visible),
        ] {
            assert_eq!(of(&format!("<p style=\"{style}\">")).1, expected, "{style}");
        }
    }
}
