//! Inputs as lines of text: whatever can be read stands as it is, all other bytes and the backslash are escaped.

use std::fmt::Write as _;

/// Writes an input as a line.
pub fn escaped(input: &[u8]) -> String {
    let mut line = String::new();
    for chunk in input.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\'' => line.push(c),
                c => line.extend(c.escape_debug()),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(line, "\\x{byte:02x}");
        }
    }
    line
}

/// Reads the input of a line; `None` where it is none.
pub fn unescaped(line: &str) -> Option<Vec<u8>> {
    let mut input = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find('\\') {
        input.extend_from_slice(&rest.as_bytes()[..at]);
        let kind = rest[at + 1..].chars().next()?;
        rest = &rest[at + 1 + kind.len_utf8()..];
        match kind {
            'n' => input.push(b'\n'),
            'r' => input.push(b'\r'),
            't' => input.push(b'\t'),
            '0' => input.push(0),
            '\\' => input.push(b'\\'),
            'x' => {
                input.push(u8::from_str_radix(rest.get(..2)?, 16).ok()?);
                rest = &rest[2..];
            }
            'u' => {
                let (digits, after) = rest.strip_prefix('{')?.split_once('}')?;
                let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
                input.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                rest = after;
            }
            _ => return None,
        }
    }
    input.extend_from_slice(rest.as_bytes());
    Some(input)
}
