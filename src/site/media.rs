//! What the files of a site are, as HTTP has it.

use crate::tlog::tile;

/// Returns the media type of a file by its name.
#[must_use]
pub fn media_type(name: &str) -> &'static str {
    if name == tile::CHECKPOINT {
        return "text/plain; charset=utf-8";
    }
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "md" => "text/markdown; charset=utf-8",
        "json" if name.rsplit('/').next() == Some("feed.json") || name.starts_with("feed/") => {
            "application/feed+json"
        }
        "json" => "application/json",
        "atom" => "application/atom+xml",
        "xml" => "application/xml",
        "link" => crate::timemap::MEDIA_TYPE,
        "proof" => "application/x-git-pack",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "avif" => "image/avif",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "pdf" => "application/pdf",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_is_is_told_by_its_name() {
        for (name, expected) in [
            ("2026/01/22/bridge/index.html", "text/html; charset=utf-8"),
            ("2026/01/22/bridge/r1.proof", "application/x-git-pack"),
            ("feed.json", "application/feed+json"),
            ("feed/2.json", "application/feed+json"),
            ("search/1.json", "application/json"),
            ("checkpoint", "text/plain; charset=utf-8"),
            ("tile/0/000.p/3", "application/octet-stream"),
            ("tile/entries/000", "application/octet-stream"),
        ] {
            assert_eq!(media_type(name), expected, "{name}");
        }
    }
}
