"use strict";
// Searches the site without a server. The index lies in files beside this page, of which a query takes few; what the
// index names is a hint, and each hit is found in the text of its article. The same queries as `avalaches search` takes.
const search = (() => {
  // Sizes of the parts of the index, in revisions; what is left over is the newest part.
  const SIZES = [4096, 512, 64];
  const NAMES = 128, PER_SHARD = 4, LONGEST_KEY = 64, MOST_TOKENS = 32;

  // English endings, by the algorithm "Porter 2" (snowballstem.org).
  const stem = (() => {
    const whole = {skis: "ski", skies: "sky", dying: "die", lying: "lie", tying: "tie", idly: "idl", gently: "gentl", ugly: "ugli", early: "earli", only: "onli", singly: "singl"};
    const kept = new Set("sky news howe atlas cosmos bias andes".split(" "));
    const after1 = new Set("inning outing canning herring earring proceed exceed succeed".split(" "));
    const step2 = "ational=ate tional=tion enci=ence anci=ance abli=able entli=ent izer=ize ization=ize ation=ate ator=ate alism=al aliti=al alli=al fulness=ful ousli=ous ousness=ous iveness=ive iviti=ive biliti=ble bli=ble fulli=ful lessli=less ogi=og li=".split(" ").map((rule) => rule.split("="));
    const step3 = "ational=ate tional=tion alize=al icate=ic iciti=ic ical=ic ful= ness= ative=".split(" ").map((rule) => rule.split("="));
    const step4 = "ement ance ence able ible ment ant ent ism ate iti ous ive ize ion al er ic".split(" ");
    const longest = (word, endings) => endings.filter((ending) => word.endsWith(ending)).sort((one, other) => other.length - one.length)[0];
    const region = (word, from) => {
      const at = word.slice(from).search(/[aeiouy][^aeiouy]/);
      return at < 0 ? word.length : from + at + 2;
    };
    const isShort = (word) => /[^aeiouy][aeiouy][^aeiouywxY]$/.test(word) || /^[aeiouy][^aeiouy]$/.test(word);
    return (word) => {
      if (word.length < 3) return word;
      if (Object.hasOwn(whole, word)) return whole[word];
      if (kept.has(word)) return word;
      let w = word.replace(/^y|([aeiouy])y/g, (found, vowel) => (vowel ?? "") + "Y");
      const begin = /^(gener|commun|arsen)/.exec(w);
      const r1 = begin ? begin[0].length : region(w, 0), r2 = region(w, r1);
      const cut = (ending, by = "") => { w = w.slice(0, w.length - ending.length) + by; };
      const within = (ending, from) => w.length - ending.length >= from;
      if (w.endsWith("sses")) cut("es");
      else if (w.endsWith("ied") || w.endsWith("ies")) cut("ed", ""), w = w.length > 2 ? w : w + "e";
      else if (w.endsWith("s") && !w.endsWith("ss") && !w.endsWith("us") && /[aeiouy].+s$/.test(w)) cut("s");
      if (after1.has(w)) return w;
      const ending = longest(w, ["eed", "eedly", "ed", "edly", "ing", "ingly"]);
      if (ending?.startsWith("eed")) {
        if (within(ending, r1)) cut(ending, "ee");
      } else if (ending && /[aeiouy]/.test(w.slice(0, w.length - ending.length))) {
        cut(ending);
        if (/(at|bl|iz)$/.test(w)) w += "e";
        else if (/(bb|dd|ff|gg|mm|nn|pp|rr|tt)$/.test(w)) w = w.slice(0, -1);
        else if (w.length <= r1 && isShort(w)) w += "e";
      }
      if (/.[^aeiouy][yY]$/.test(w)) cut("y", "i");
      const two = longest(w, step2.map((rule) => rule[0]));
      if (two && within(two, r1)) {
        const fits = two === "ogi" ? w.endsWith("logi") : two !== "li" || /[cdeghkmnrt]li$/.test(w);
        if (fits) cut(two, step2.find((rule) => rule[0] === two)[1]);
      }
      const three = longest(w, step3.map((rule) => rule[0]));
      if (three && within(three, r1) && (three !== "ative" || within(three, r2))) cut(three, step3.find((rule) => rule[0] === three)[1]);
      const four = longest(w, step4);
      if (four && within(four, r2) && (four !== "ion" || /[st]ion$/.test(w))) cut(four);
      if (w.endsWith("e")) {
        if (within("e", r2) || within("e", r1) && !isShort(w.slice(0, -1))) cut("e");
      } else if (w.endsWith("ll") && within("l", r2)) cut("l");
      return w.replaceAll("Y", "y");
    };
  })();

  // Tokens: a word of a script that sets blanks between words, or a character of one that does not.
  const FORM = /[\u00ad\u200b-\u200d\u2060\ufeff\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/u;
  const LETTER = /[\p{Alphabetic}\p{N}\p{M}]/u;
  const NEIGHBOUR = /[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{20000}-\u{3ffff}]/u;
  const SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
  const cased = (c) => Array.from(c.toUpperCase(), (one) => one.toLowerCase()).join("");
  const folded = (c) => FORM.test(c) ? "" : Array.from(c.normalize("NFKC"), cased).join("");
  const kind = (c) => !LETTER.test(c) ? "" : NEIGHBOUR.test(c) ? "n" : "w";
  const tokens = (text) => {
    const all = [];
    let parted = true, open = false, at = 0;
    for (const c of text) {
      const end = at + c.length;
      for (const one of folded(c)) {
        const of = kind(one);
        if (!of) {
          parted = true;
          open = false;
        } else if (of === "w" && open) {
          const last = all[all.length - 1];
          last.key += one;
          last.end = end;
        } else {
          all.push({kind: of, key: one, begin: at, end, parted});
          open = of === "w";
          parted = false;
        }
      }
      at = end;
    }
    return all;
  };

  // The languages that are not written in Latin letters: Latin words in them are taken for English.
  const OTHER_SCRIPT = new Set("zh ja ko ru el ar he th hi uk be bg sr mk kk mn yue wuu lzh fa ur ps ug mr ne sa yi mul und mis zxx".split(" "));
  const stemmed = (word, language) => {
    const primary = language.split("-")[0];
    const isEnglish = primary === "en" || OTHER_SCRIPT.has(primary);
    return isEnglish && /^[a-z]/.test(word) && /^\p{Alphabetic}+$/u.test(word) && Array.from(word).length <= 40 ? stem(word) : word;
  };
  const cut = (word) => Array.from(word).slice(0, LONGEST_KEY).join("");

  // A text as phrases are looked for in it: without case, one blank for each run of white space.
  const flat = (text) => {
    const chars = [], begins = [], ends = [];
    let at = 0;
    for (const c of text) {
      const end = at + c.length;
      if (!SPACE.test(c)) {
        for (const one of cased(c)) chars.push(one), begins.push(at), ends.push(end);
      } else if (chars[chars.length - 1] !== " ") {
        chars.push(" "), begins.push(at), ends.push(end);
      }
      at = end;
    }
    return {chars, begins, ends};
  };

  // What a text has from its first character on that is no white space; `trimStart` takes other characters for that.
  const begun = (text) => { let at = 0; while (at < text.length && SPACE.test(text[at])) at++; return text.slice(at); };
  const trimmed = (text) => { let end = text.length; while (end > 0 && SPACE.test(text[end - 1])) end--; return begun(text.slice(0, end)); };

  const parse = (typed) => {
    const terms = [];
    let rest = begun(typed.normalize("NFC"));
    while (rest) {
      const isExcluded = rest[0] === "-" && rest.length > 1 && !SPACE.test(rest[1]);
      if (isExcluded) rest = rest.slice(1);
      const closing = {'"': '"', "“": "”", "＂": "＂"}[rest[0]];
      let text, phrase = null;
      if (closing) {
        const end = rest.indexOf(closing, 1);
        text = rest.slice(1, end < 0 ? rest.length : end);
        rest = end < 0 ? "" : rest.slice(end + 1);
        phrase = flat(trimmed(text)).chars;
      } else {
        const end = rest.search(SPACE);
        text = end < 0 ? rest : rest.slice(0, end);
        rest = end < 0 ? "" : rest.slice(end + 1);
      }
      const found = tokens(text);
      if (found.length) terms.push({tokens: found, phrase, isExcluded});
      rest = begun(rest);
    }
    return terms.some((term) => !term.isExcluded) ? terms : null;
  };

  // Lists of keys, of each of which an article has one at least that has the term.
  const keysOf = (term) => {
    const known = term.tokens.slice(0, MOST_TOKENS), keys = [];
    known.forEach((token, at) => {
      const next = term.tokens[at + 1], before = known[at - 1];
      if (token.kind === "w") {
        keys.push(Array.from(new Set([stemmed(token.key, "en"), token.key]), cut));
      } else if (next?.kind === "n" && !next.parted) {
        keys.push([token.key + next.key]);
      } else if (!(before?.kind === "n" && !token.parted)) {
        keys.push([token.key]);
      }
    });
    return keys;
  };

  // Where a text has a term. The text is given by its parts: language and text, and a line feed follows each.
  const places = (term, parts) => {
    const found = [];
    if (term.phrase) {
      const text = whole(parts), {chars, begins, ends} = flat(text), first = term.phrase[0];
      for (let at = chars.indexOf(first); at >= 0; at = chars.indexOf(first, at + 1)) {
        if (term.phrase.every((c, number) => chars[at + number] === c)) {
          const [begin, end] = [begins[at], ends[at + term.phrase.length - 1]];
          // A character that is folded to several is not had in part.
          const isCut = begins[at - 1] === begin || ends[at + term.phrase.length] === end;
          if (!isCut && isWhole(text, begin, end)) found.push([begin, end]);
        }
      }
      return found;
    }
    // Words may stand in one part and the next; each is compared as those of its own part are.
    const all = [], wanted = term.tokens;
    let begin = 0;
    for (const [language, text] of parts) {
      const stems = wanted.map((token) => token.kind === "w" ? stemmed(token.key, language) : token.key);
      for (const token of tokens(text)) {
        all.push({kind: token.kind, key: token.kind === "w" ? stemmed(token.key, language) : token.key, begin: begin + token.begin, end: begin + token.end, parted: token.parted, stems});
      }
      begin += text.length + 1;
    }
    for (let at = 0; at + wanted.length <= all.length; at++) {
      const fits = wanted.every((token, number) => {
        const own = all[at + number];
        if (own.kind !== token.kind || own.key !== own.stems[number]) return false;
        const isWithin = number > 0 && own.kind === "n" && all[at + number - 1].kind === "n";
        return !isWithin || own.parted === token.parted;
      });
      if (fits) found.push([all[at].begin, all[at + wanted.length - 1].end]);
    }
    return found;
  };
  const isWhole = (text, begin, end) => {
    const last = (part) => { for (const c of Array.from(part).reverse()) { const f = Array.from(folded(c)); if (f.length) return kind(f[f.length - 1]); } return ""; };
    const first = (part) => { for (const c of part) { const f = Array.from(folded(c)); if (f.length) return kind(f[0]); } return ""; };
    const goesOn = (before, after) => last(before) === "w" && first(after) === "w";
    // A grapheme or two decide.
    const part = text.slice(begin, end), near = text.slice(end, end + 16), far = text.slice(Math.max(0, begin - 16), begin);
    return !goesOn(far, part) && !goesOn(part, near);
  };

  // Finds a query in an article; null where it has not all of it, or something that it must not have.
  const confirm = (terms, article) => {
    const fields = [
      ...article.titles.map((title) => [title]),
      // A tag may be in any of the languages.
      ...article.tags.flatMap((text) => article.parts.map(([language]) => [[language, text]])),
    ];
    const found = {titles: article.titles.map(() => []), text: []};
    for (const term of terms) {
      const inText = places(term, article.parts);
      const inFields = fields.map((field) => places(term, field));
      const isThere = inText.length > 0 || inFields.some((one) => one.length > 0);
      if (isThere === term.isExcluded) return null;
      found.text.push(...inText);
      found.titles.forEach((all, number) => all.push(...inFields[number]));
    }
    const byPlace = (one, other) => one[0] - other[0] || one[1] - other[1];
    found.text.sort(byPlace);
    found.titles.forEach((all) => all.sort(byPlace));
    return {...found, whole: whole(article.parts)};
  };
  const whole = (parts) => parts.map((part) => part[1]).join("\n");

  // The parts of the index for so many revisions: folder, first revision, and how many there are.
  const segments = (revisions) => {
    const all = [];
    let begin = 0;
    for (const size of SIZES) {
      for (; revisions - begin >= size; begin += size) all.push({folder: `${size}/${begin / size + 1}`, begin, count: size});
    }
    if (revisions > begin) all.push({folder: `new/${revisions}`, begin, count: revisions - begin});
    return all;
  };
  const shards = (count) => { let shards = 1; while (shards * PER_SHARD < count) shards *= 2; return shards; };
  const hash = (bytes) => bytes.reduce((sum, byte) => Math.imul(sum ^ byte, 0x01000193) >>> 0, 0x811c9dc5);

  // A searcher of a site; `get` fetches a file of it as bytes, and gives null where there is none.
  const open = (revisions, get) => {
    const cache = new Map(), encoder = new TextEncoder(), decoder = new TextDecoder();
    const file = (name) => {
      if (!cache.has(name)) cache.set(name, get(name));
      return cache.get(name);
    };
    const posted = async (segment, key) => {
      const wanted = encoder.encode(key);
      const bytes = await file(`search/${segment.folder}/${hash(wanted) % shards(segment.count) + 1}.keys`);
      if (!bytes) throw new Error("stale");
      let at = 0;
      const number = () => {
        let value = 0, shift = 1;
        for (;;) {
          const byte = bytes[at++];
          value += (byte & 127) * shift;
          if (byte < 128) return value;
          shift *= 128;
        }
      };
      while (at < bytes.length) {
        const length = number(), begin = at;
        at += length;
        const end = number() + at;
        if (length === wanted.length && wanted.every((byte, place) => bytes[begin + place] === byte)) {
          const all = new Set();
          for (let last = segment.begin - 1; at < end;) all.add(last += number());
          return all;
        }
        at = end;
      }
      return new Set();
    };
    const inSegment = async (segment, lists) => {
      const sets = await Promise.all(lists.map(async (keys) => {
        const several = await Promise.all(keys.map((key) => posted(segment, key)));
        return several.reduce((all, one) => { one.forEach((revision) => all.add(revision)); return all; }, new Set());
      }));
      sets.sort((one, other) => one.size - other.size);
      return Array.from(sets[0] ?? []).filter((revision) => sets.every((set) => set.has(revision)));
    };
    const articleOf = async (revision) => {
      const bytes = await file(`search/names/${Math.floor(revision / NAMES) + 1}.txt`);
      if (!bytes) throw new Error("stale");
      return decoder.decode(bytes).split("\n")[revision % NAMES];
    };
    // Gives hits one by one, that of the article that was archived last first.
    return async function* (terms, wanted) {
      const lists = terms.filter((term) => !term.isExcluded).flatMap(keysOf);
      const found = [];
      for (const part of await Promise.all(segments(revisions).map((segment) => inSegment(segment, lists)))) found.push(...part);
      found.sort((one, other) => other - one);
      const seen = new Set();
      while (found.length) {
        const names = await Promise.all(found.splice(0, 10).map(articleOf));
        const fresh = names.filter((name) => name && !seen.has(name) && seen.add(name));
        const texts = await Promise.all(fresh.map((name) => get(`${name}/text.json`)));
        for (const [at, bytes] of texts.entries()) {
          const article = bytes && JSON.parse(decoder.decode(bytes));
          if (!article || wanted.language && !article.parts.some((part) => part[0] === wanted.language)) continue;
          const places = confirm(terms, article);
          if (places) yield {name: fresh[at], article, found: places};
        }
      }
    };
  };

  // Pieces of a text, of which those are marked that were found.
  const pieces = (text, begin, end, found) => {
    const all = [];
    let shown = begin;
    const push = (from, to, isFound) => { if (to > from) all.push([text.slice(from, to).replace(/\s+/g, " "), isFound]); };
    for (const [from, to] of found) {
      if (Math.min(to, end) > Math.max(from, shown)) {
        push(shown, Math.max(from, shown), false);
        push(Math.max(from, shown), Math.min(to, end), true);
        shown = Math.min(to, end);
      }
    }
    push(shown, end, false);
    return all;
  };
  const excerpt = (text, found) => {
    const isBroken = (at) => /[\ud800-\udbff]$/.test(text.slice(0, at)) || kind(text[at - 1] ?? " ") === "w" && kind(text[at] ?? " ") === "w";
    let begin = Math.max(0, (found[0]?.[0] ?? 0) - 40);
    let end = Math.min(text.length, begin + 200);
    while (begin > 0 && begin < (found[0]?.[0] ?? 0) && isBroken(begin)) begin++;
    while (end < text.length && end > (found[0]?.[1] ?? begin + 1) && isBroken(end)) end--;
    while (begin < end && SPACE.test(text[begin])) begin++;
    while (end > begin && SPACE.test(text[end - 1])) end--;
    return [...(begin > 0 ? [["…", false]] : []), ...pieces(text, begin, end, found), ...(end < text.trimEnd().length ? [["…", false]] : [])];
  };
  return {stem, parse, open, excerpt, pieces};
})();

if (typeof document !== "undefined") {
  const form = document.querySelector("form"), list = document.querySelector(".articles"), said = document.querySelector("[role=status]"), more = document.querySelector("button.more");
  form.hidden = false;
  const words = form.dataset;
  const get = async (name) => {
    const response = await fetch(name);
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  };
  const find = search.open(Number(words.revisions), get);
  const element = (name, of, ...inner) => {
    const made = document.createElement(name);
    if (of) made.className = of;
    made.append(...inner);
    return made;
  };
  const marked = (pieces) => pieces.map(([text, isFound]) => isFound ? element("mark", "", text) : text);
  const shown = (hit) => {
    const {article, found, name} = hit, first = article.parts[0];
    const titles = article.titles.map(([language, text], number) => ({language, text, found: found.titles[number]}));
    const title = titles.find((one) => one.found.length) ?? titles.find((one) => one.language === first?.[0]) ?? titles[0] ?? {language: first?.[0] ?? "", text: search.excerpt(found.whole.split("\n")[0], []).map((piece) => piece[0]).join(""), found: []};
    const link = element("a", "", element("span", "title", ...marked(search.pieces(title.text, 0, title.text.length, title.found))));
    link.href = `${name}/index.html`;
    link.firstChild.lang = title.language;
    link.firstChild.dir = "auto";
    const time = element("time", "", article.date.slice(0, 10));
    time.dateTime = article.date.slice(0, 10);
    const text = element("p", "excerpt", ...marked(search.excerpt(found.whole, found.text)));
    text.dir = "auto";
    return element("li", "", time, link, text);
  };
  let current = null;
  const next = async () => {
    const mine = current;
    more.hidden = true;
    said.textContent = words.searching;
    try {
      for (let count = 0; count < 10; count++) {
        const {done, value} = await mine.next();
        if (mine !== current) return;
        if (done) {
          said.textContent = list.childElementCount ? "" : words.nothing;
          return;
        }
        list.append(shown(value));
      }
      said.textContent = "";
      more.hidden = false;
    } catch (error) {
      if (mine === current) said.textContent = error.message === "stale" ? words.stale : words.failed;
    }
  };
  const begin = () => {
    const typed = form.elements.q.value, terms = search.parse(typed);
    list.replaceChildren();
    more.hidden = true;
    current = null;
    said.textContent = typed.trim() && !terms ? words.empty : "";
    if (!terms) return;
    current = find(terms, {language: form.elements.in?.value ?? ""});
    next();
  };
  if (location.protocol === "file:") {
    said.textContent = words.server;
    for (const part of form.elements) part.disabled = true;
  } else {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const asked = new URLSearchParams(new FormData(form));
      history.replaceState(null, "", `?${asked}`);
      begin();
    });
    form.elements.in?.addEventListener("change", begin);
    more.addEventListener("click", next);
    const asked = new URLSearchParams(location.search);
    form.elements.q.value = asked.get("q") ?? "";
    if (asked.get("in") && form.elements.in) form.elements.in.value = asked.get("in");
    begin();
  }
}
