// The check of an article's page by the proof that it carries, as section 9 of FORMAT.md describes it: for the button below the
// footer, and for verify.html. Plain JavaScript; nothing is fetched and nothing is sent.
//
// A page shows a text and a footer. The proof is a git pack: the commit, its trees down to the article's folder, and the files
// there. Every object is hashed again and followed from the commit to page.txt; the text that the page shows, its date and its id
// are compared with what is found there.

function say(name, ...values) {
  return words[name].replace(/\{(\d)\}/g, (_, at) => values[at]);
}

// Quotes a part of a page: one line, not long, with white space that looks like a blank named, and what turns or hides characters,
// but for what joins emoji.
function quote(text) {
  const line = text.replace(/[ \t\n\r\f]+/g, ' ').replace(/^ | $/g, '');
  const cut = [...line.slice(0, 120)].slice(0, 60).join('');
  const named = cut.replace(
    /\p{ExtPict}[\ufe0f\u{1f3fb}-\u{1f3ff}]?\u200d(?=\p{ExtPict})|[^\S \u3000]|[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/gu,
    c => c.length > 1 ? c : `[U+${code(c)}]`,
  );
  return words.quote[0] + named + (cut.length < line.length ? '…' : '') + words.quote[1];
}

const code = c => c.codePointAt(0).toString(16).toUpperCase().padStart(4, '0');

// Why a proof proves nothing.
class Refused extends Error {
  constructor(name, ...values) {
    super(say(name, ...values));
  }
}
