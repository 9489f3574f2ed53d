//! How the values of qualifiers are written: a semicolon would end them, a space the identifier.

use std::fmt;

use super::SwhidError;

/// Tells whether a character of a qualifier's value stands for itself. Printable characters beyond ASCII do in an
/// origin, which is an IRI (RFC 3987); of a path Software Heritage's own library escapes each.
fn is_plain(name: &str, c: char) -> bool {
    match name {
        "path" => c.is_ascii_alphanumeric() || "_.-~/".contains(c),
        _ => c != '%' && c != ';' && !c.is_control() && !c.is_whitespace(),
    }
}

/// Prints a value with its escapes.
pub(super) fn escape(name: &str, value: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for c in value.chars() {
        if is_plain(name, c) {
            write!(f, "{c}")?;
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                write!(f, "%{byte:02X}")?;
            }
        }
    }
    Ok(())
}

/// Reads a value.
pub(super) fn unescape(name: &'static str, value: &str) -> Result<String, SwhidError> {
    if let Some(character) = value.chars().find(|c| c.is_control() || c.is_whitespace()) {
        return Err(SwhidError::Unescaped { name, character });
    }
    let wrong = || SwhidError::Escape(value.to_owned());
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let pair = digit(rest.next()).zip(digit(rest.next()));
        let (high, low) = pair.ok_or_else(wrong)?;
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| wrong())?);
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}
