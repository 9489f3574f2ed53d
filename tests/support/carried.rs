//! A page and the proof that it carries, for the stories that change one of them.

/// The start tag of the block of a page's proof.
pub const BLOCK: &str = "<script type=\"application/x-git-pack+json\" id=\"proof\">\n";

/// Returns what stands before the block of a page's proof, in it, and after it.
pub fn around(html: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = html.split_once(BLOCK)?;
    let (block, after) = rest.split_once("</script>")?;
    Some((before, block, after))
}

/// Puts something else into the block of a page's proof.
pub fn with_block(html: &str, block: &str) -> String {
    let (before, _, after) = around(html).expect("it carries a proof");
    format!("{before}{BLOCK}{block}</script>{after}")
}

/// Changes what stands once in a page, its proof left as it is.
pub fn changed(html: &str, from: &str, to: &str) -> String {
    let (before, block, after) = around(html).unwrap_or((html, "", ""));
    let count = [before, after].map(|part| part.matches(from).count());
    match count {
        [1, 0] => format!("{}{}", before.replacen(from, to, 1), &html[before.len()..]),
        [0, 1] => format!(
            "{}{}",
            &html[..html.len() - after.len()],
            after.replacen(from, to, 1)
        ),
        _ => panic!(
            "{from:?} stands {count:?} times around the proof of {} bytes",
            block.len()
        ),
    }
}
