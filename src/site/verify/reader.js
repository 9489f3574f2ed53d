const DEEPEST = 400;
const DEEPEST_NEST = 12;

// The white space of Unicode; a text in canonical form has none at the end of a line.
const BLANK = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;
const LIKE_A_FOOTER = /^\d[^\n]*\) · [0-9A-Fa-f]{7,}$/;

const isBlank = text => !/[^ \t\n\r\f]/.test(text);

// Takes blanks off a text's end, but for a character that stays. Not by a pattern: of many blanks that would try each.
function trimEnd(text, stays) {
  let end = text.length;
  while (end > 0 && text[end - 1] !== stays && BLANK.test(text[end - 1])) end--;
  return text.slice(0, end);
}

// The paragraphs of a text: runs of lines that are not blank, without blanks at their ends.
function paragraphs(text) {
  const lines = text.replace(/\r\n?/g, '\n').split('\n').map(line => trimEnd(line));
  return lines.join('\n').split(/\n\n+/).map(found => found.replace(/^\n|\n$/g, '')).filter(found => found);
}

// Browsers take a time for it that grows with the square of a run of marks; a text with such a run is compared as it stands.
const nfc = text => /\p{M}{1000}/u.test(text) ? text : text.normalize('NFC');
const canonical = texts => paragraphs(nfc(texts.join('\n\n')));

// What no browser shows, where no style is asked.
const NEVER_SHOWN = 'script, style, template, head, title, meta, link, base, [hidden]:not([hidden=until-found i]), input[type=hidden i]';
const INLINES = 'a, em, strong, code, br, bdi, span, time';
// What an article is made of.
const KNOWN = 'article, section, div, p, h1, h2, h3, h4, h5, h6, blockquote, ul, ol, li, pre, hr, footer, ' + INLINES;
// Attributes by which an element of an article, or around it, is seen by all, and as what it is.
const ATTRIBUTES = /^(class|datetime|href|hreflang|lang|rel|data-(?!code$).+)$/;
// Where a page says what is no part of its article.
const FRAME = 'nav, header, footer, aside';
// What surrounds an article.
const AROUND = 'html, body, main, div, section';
// What makes a browser show another page than its elements are, now or later, or hides them from scripts; and a page that is
// read as other characters than UTF-8.
const NOWHERE = 'template, noscript, frameset, base, iframe, object, embed, svg, math, dialog, [popover], form, marquee, select, textarea, xmp, plaintext, '
  + 'meta[http-equiv]:not([http-equiv="content-security-policy" i], [http-equiv="content-type" i][content="text/html; charset=utf-8" i]), '
  + 'meta[charset]:not([charset="utf-8" i])';
const STYLES = 'style, link[rel~="stylesheet" i]';

// What a style may not do to the article, lest a reader see another text than its elements have.
const AS_WRITTEN = {
  visibility: ['visible'], opacity: ['1'], transform: ['none'], translate: ['none'], scale: ['none'], rotate: ['none'],
  filter: ['none'], clipPath: ['none'], maskImage: ['none'], mixBlendMode: ['normal'], contentVisibility: ['visible', 'auto'],
};
const IN_PLACE = {
  ...AS_WRITTEN,
  display: ['block', 'inline', 'list-item', 'flow-root'], position: ['static', 'relative'], top: ['auto', '0px'], left: ['auto', '0px'],
  float: ['none'], overflowX: ['visible', 'auto', 'scroll'], overflowY: ['visible', 'auto', 'scroll'], textTransform: ['none'],
  webkitTextSecurity: ['none'], unicodeBidi: ['normal', 'isolate', 'plaintext', 'isolate plaintext', 'embed'],
  writingMode: ['horizontal-tb'], listStyleType: ['disc', 'circle', 'square', 'decimal'], listStyleImage: ['none'],
  counterReset: ['none', 'list-item 0'], counterIncrement: ['none', 'list-item 1'], counterSet: ['none'],
};

// Whether two colours can be told apart; those that are not written as rgb(), and are not transparent, are taken for such.
function differ(one, other) {
  const [a, b] = [one, other].map(colour => (colour.match(/^rgba?\(([\d., ]+)\)$/) || ['', ''])[1].split(',').map(Number));
  if (/\/ 0(\.[0-2]\d*)?\)$/.test(one)) return false;
  if (a.length < 3) return true;
  if (a.length > 3 && a[3] < 0.3) return false;
  return b.length < 3 || Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]) + Math.abs(a[2] - b[2]) > 60;
}

// Characters that are written from right to left: the blocks that are so by default.
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

// Whether most letters of a text are written from right to left.
function isRightToLeft(text) {
  let all = 0;
  for (const c of text) all += RIGHT_TO_LEFT.test(c) ? 1 : /\p{Alphabetic}/u.test(c) ? -1 : 0;
  return all > 0;
}

// The name that a page gives a character which cannot be seen, in an element of its own; nothing for another element.
function nameOf(element) {
  const text = element.textContent;
  return element.matches('bdi.unseen') && /^[\p{DI}\ufff9-\ufffb]$/u.test(text) ? 'U+' + code(text) : '';
}

// Reads a page's article: its blocks, what else is on the page, and whatever makes it another page than an archive's.
// `laid` tells whether the page is laid out, so that styles can be asked.
class Reader {
  constructor(page, laid, own) {
    this.page = page;
    this.laid = laid;
    this.own = own;
    this.faults = new Set();
    this.beside = [];
    this.papers = new Map();
  }

  read() {
    const articles = this.page.querySelectorAll('article');
    const [article] = articles;
    if (articles.length !== 1) this.faults.add(say('articles', articles.length));
    for (const element of this.page.querySelectorAll(NOWHERE)) this.faults.add(say('element', element.localName));
    // A form's fields take the names of what a script would ask it.
    if (!article || this.page.querySelector('form')) return { paragraphs: [], footer: '', faults: [...this.faults], beside: [] };
    this.everywhere();
    let root = article;
    while (root.parentElement) {
      root = root.parentElement;
      if (!root.matches(AROUND)) this.faults.add(say('element', root.localName));
      this.attributes(root);
      this.judge(root, AS_WRITTEN);
    }
    // Not by the document's names for its elements: an element of the page may have taken those.
    this.around(root, article, 0);
    const blocks = this.blocks(article, 0, 0);
    const isBreak = block => block?.kind === 'break';
    const last = blocks[blocks.length - 1];
    const footer = last && (last.kind === 'footer' || last.kind === 'paragraph' && LIKE_A_FOOTER.test(last.text)) ? blocks.pop().text : '';
    const [first] = blocks;
    if (first?.kind === 'paragraph' && /^←[^\n]*$/.test(first.text)) this.beside.unshift(blocks.shift().text);
    // Lines across the page may frame the text.
    while (isBreak(blocks[0])) blocks.shift();
    while (isBreak(blocks[blocks.length - 1])) blocks.pop();
    if (!blocks.length) this.faults.add(say('empty'));
    return { paragraphs: canonical(blocks.map(block => block.text)), footer, faults: [...this.faults], beside: this.beside };
  }

  // What no element of the page may have.
  everywhere() {
    for (const element of this.page.querySelectorAll('*')) {
      if (element.shadowRoot) this.faults.add(say('element', 'template'));
      for (const { name, value } of element.attributes) {
        const isStrange = /^on|^style$/.test(name) || name === 'data-code' && value !== nameOf(element)
          // A browser drops these characters.
          || /(href|action)$/.test(name) && /^javascript:/i.test(value.replace(/[\0- ]/g, ''));
        if (isStrange) this.faults.add(say('attribute', element.localName, name));
      }
    }
  }

  isShown(element) {
    return this.laid ? getComputedStyle(element).display !== 'none' : !element.matches(NEVER_SHOWN);
  }

  // Asks the style of an element that has a part in what a reader sees.
  judge(element, allowed) {
    if (!this.laid) return;
    const style = getComputedStyle(element);
    for (const name in allowed) {
      const value = style[name];
      if (value !== undefined && !allowed[name].includes(value)) this.faults.add(say('style', element.localName, `${name}: ${value}`));
    }
    this.made(element);
  }

  // Words that stand in a style alone.
  made(element) {
    if (!this.laid) return;
    for (const pseudo of ['::before', '::after', '::marker']) {
      const { content } = getComputedStyle(element, pseudo);
      const name = nameOf(element);
      if (!['', 'none', 'normal', ...name ? [`"${name}"`] : []].includes(content)) this.faults.add(say('made', element.localName));
    }
  }

  // What stands outside of the article: in an element for such, or else where a reader takes it for a part of the article.
  around(element, article, depth) {
    if (depth > DEEPEST) {
      this.faults.add(say('deep'));
      return;
    }
    for (const node of element.childNodes) {
      if (node === article) continue;
      if (node.nodeType === Node.TEXT_NODE && node.data.trim()) this.faults.add(say('around', quote(node.data)));
      if (node.nodeType !== Node.ELEMENT_NODE || !this.isShown(node)) continue;
      this.made(node);
      if (node === this.own || node.matches(FRAME) && !node.contains(article)) {
        this.frame(node);
      } else if (node.matches('main, div, section, p, hr, ' + INLINES) || node.contains(article)) {
        this.around(node, article, depth + 1);
      } else if (node.localName.includes('-') && !node.firstElementChild && isBlank(node.textContent)) {
        // What an extension of a browser leaves shows nothing in a page whose scripts are known.
        this.beside.push(`<${node.localName}>`);
      } else {
        this.faults.add(say('around', isBlank(node.textContent) ? `<${node.localName}>` : quote(node.textContent)));
      }
    }
  }

  // Takes down what is no part of the article: its words, and what has none. The check's own place is only looked at.
  frame(node) {
    const beside = [node.textContent];
    for (const element of node.querySelectorAll('*')) {
      this.made(element);
      if (!element.matches(`${KNOWN}, ${FRAME}, button`)) beside.push(`<${element.localName}>`);
    }
    if (node !== this.own) this.beside.push(...beside);
  }

  // The blocks of an element, with what a browser shows of each. `nest` counts the lists and quotations around it.
  blocks(root, depth, nest) {
    const blocks = [];
    // The parts of the block that is being read, none of them empty.
    let line = [], keeps = false, inFooter = false;
    const push = (text, kind) => blocks.push({ text, kind: inFooter ? 'footer' : kind });
    const end = () => line.length ? line[line.length - 1].slice(-1) : '\n';
    const trim = stays => {
      while (line.length) {
        const kept = trimEnd(line.pop(), stays);
        if (kept) {
          line.push(kept);
          return;
        }
      }
    };
    const flush = kind => {
      if (!keeps) trim();
      const text = line.join('');
      line = [];
      // In an item, the last line feed of a code block parts it from the item below it.
      if (keeps) paragraphs(text).forEach(paragraph => push(nest ? paragraph + '\n' : paragraph, 'other'));
      else if (text) push(text, kind);
    };
    const write = text => {
      let shown = keeps ? text : text.replace(/[ \t\n\r\f]+/g, ' ');
      if (!keeps && (end() === ' ' || end() === '\n')) shown = shown.replace(/^ /, '');
      if (shown) line.push(shown);
    };
    const newLine = () => {
      const before = line.length;
      if (!keeps) trim('\n');
      // Two breaks with nothing between them end the paragraph.
      if (keeps || line.length && end() !== '\n') line.push('\n');
      else if (before) flush('paragraph');
    };
    const children = (parent, level) => {
      if (level > DEEPEST) {
        this.faults.add(say('deep'));
        return;
      }
      for (const node of parent.childNodes) {
        if (node.nodeType === Node.TEXT_NODE) {
          this.seen(node);
          write(node.data);
        } else if (node.nodeType === Node.ELEMENT_NODE) {
          element(node, level + 1);
        }
      }
    };
    const element = (node, level) => {
      const name = node.localName;
      if (name === 'aside') {
        this.aside(node);
        return;
      }
      if (!this.isKnown(node) || !this.isShown(node)) return;
      if (node.matches(INLINES)) {
        if (name === 'br') newLine();
        else children(node, level);
        return;
      }
      flush('paragraph');
      if (name === 'li') this.faults.add(say('element', name));
      if (name === 'hr') {
        push('* * *', 'break');
      } else if ((name === 'ul' || name === 'ol') && nest < DEEPEST_NEST) {
        const text = this.list(node, level, nest);
        if (text) push(text, 'list');
      } else if (name === 'blockquote' && nest < DEEPEST_NEST) {
        const inner = this.blocks(node, level, nest + 1).map(block => block.text).join('\n\n');
        if (inner) push(prefixed(inner, '> ', '> '), 'other');
      } else if (name === 'pre') {
        const outer = keeps;
        keeps = true;
        children(node, level);
        flush();
        keeps = outer;
      } else {
        inFooter ||= name === 'footer';
        children(node, level);
        flush(/^h\d$/.test(name) ? 'heading' : 'paragraph');
        inFooter &&= name !== 'footer';
      }
    };
    if (root.localName === 'article') this.isKnown(root);
    children(root, depth);
    flush('paragraph');
    return blocks;
  }

  list(list, depth, nest) {
    let number = Number(list.getAttribute('start') || 1);
    const items = [];
    for (const item of list.childNodes) {
      if (item.nodeType === Node.TEXT_NODE && !isBlank(item.data)) this.faults.add(say('amid', quote(item.data)));
      if (item.nodeType !== Node.ELEMENT_NODE || !this.isKnown(item) || !this.isShown(item)) continue;
      if (item.localName !== 'li') this.faults.add(say('element', item.localName));
      const parts = this.blocks(item, depth + 1, nest + 1);
      const text = parts.map((part, at) => (at ? part.kind === 'list' ? '\n' : '\n\n' : '') + part.text).join('');
      // A browser counts an item without text, and the text does not.
      if (!text) this.faults.add(say('element', 'li'));
      const marker = list.localName === 'ol' ? `${number++}. ` : '- ';
      items.push(prefixed(text, marker, ' '.repeat(marker.length)));
    }
    return items.join('\n');
  }

  // Whether an element is one of those that an archive's pages are made of, as they are there.
  isKnown(node) {
    const name = node.localName;
    if (node.namespaceURI !== 'http://www.w3.org/1999/xhtml' || !node.matches(KNOWN)) {
      this.faults.add(say('element', name));
      return false;
    }
    this.attributes(node);
    this.judge(node, name === 'hr' ? AS_WRITTEN : IN_PLACE);
    return true;
  }

  attributes(node) {
    const name = node.localName;
    for (const { name: attribute, value } of node.attributes) {
      const isThere = ATTRIBUTES.test(attribute)
        // Not the check's own place, which it empties.
        || attribute === 'id' && value !== 'check'
        || attribute === 'dir' && value === 'auto' && ['section', 'bdi'].includes(name)
        || attribute === 'dir' && value === 'rtl' && name === 'section' && isRightToLeft(node.textContent)
        // The numbers that are read alike everywhere.
        || attribute === 'start' && name === 'ol' && /^(0|[1-9]\d{0,7}|[1-8]\d{8})$/.test(value)
        || ['data-code', 'title'].includes(attribute) && value === nameOf(node);
      if (!isThere) this.faults.add(say('attribute', name, attribute));
    }
  }

  // What the page says beside its text: above it, or below.
  aside(node) {
    this.made(node);
    if (node.parentElement.localName === 'article') this.frame(node);
    else this.faults.add(say('amid', quote(node.textContent)));
  }

  // The colour behind an element; none where nothing has one.
  paper(element) {
    if (!element) return '';
    if (!this.papers.has(element)) {
      const colour = getComputedStyle(element).backgroundColor;
      this.papers.set(element, /^rgba\(.*, 0\)$/.test(colour) ? this.paper(element.parentElement) : colour);
    }
    return this.papers.get(element);
  }

  // Whether a reader can see a text.
  seen(node) {
    // Browsers show no break there; a page has one only by a reference.
    if (/[\v\f\r]/.test(node.data)) this.faults.add(say('amid', quote(node.data)));
    const parent = node.parentElement;
    if (!this.laid || isBlank(node.data) || parent.matches('bdi.unseen')) return;
    const range = document.createRange();
    range.selectNodeContents(node);
    const root = document.documentElement;
    const isOnPage = box => box.width > 0 && box.height > 0 && box.right + scrollX > 0 && box.bottom + scrollY > 0
      && box.left + scrollX < Math.max(root.scrollWidth, root.clientWidth);
    const style = getComputedStyle(parent);
    const isSeen = [...range.getClientRects()].some(isOnPage) && parseFloat(style.fontSize) >= 6
      && differ(style.webkitTextFillColor || style.color, this.paper(parent));
    if (!isSeen) this.faults.add(say('hidden', quote(node.data)));
  }
}

// Puts marks before the lines of a text, but for empty ones below the first.
function prefixed(text, first, rest) {
  return text.split('\n').map((line, at) => at ? line && rest + line : first + line).join('\n');
}

const readPage = (page, laid, own) => new Reader(page, laid, own).read();

// Returns the pack that a page carries.
function proofOf(page) {
  const blocks = [...page.querySelectorAll('script')].filter(
    script => script.id === 'proof' && PROOF_TYPES.includes(script.getAttribute('type')),
  );
  if (blocks.length !== 1) throw new Refused('proofs', blocks.length);
  return packIn(blocks[0].textContent);
}
