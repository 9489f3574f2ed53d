// The stand-alone page: a saved page, or a text and its footer, with the proof in the page or beside it.

const LARGEST_FILE = 100 << 20;
const MOST_ELEMENTS = 400000;
const MOST_OPEN = 256;
// What no page has, and what can make a browser read other characters in a file than this does.
const CONTROLS = /[^\P{Cc}\t\n\r]/u;
// How a page begins for which every browser takes the same characters.
const BEGINNING = /^\s*(<!doctype html>\s*|<!-{2}[^<>]*-->\s*|<(html|head)( (lang|class|id|data-[\w-]+)=("[^"<>]*"|'[^'<>]*'|[\w-]+))*>\s*)*<meta (charset="?utf-8"?|http-equiv="Content-Type" content="text\/html; charset=utf-8")>/i;
const FOOTER = /^\d{4}-\d\d-\d\d \([A-Za-z]+\) · ([0-9a-f]{40})$/;
// What does not run.
const DATA = [...PROOF_TYPES, LOG_PROOF_TYPE, 'application/ld+json'].map(type => `[type="${type}"]`);
// The classes that an article and what is around it have. The style hides something where others are.
const CLASSES = ['page', 'back', 'withheld', 'plain', 'unseen', 'id'];
// Elements that are never open, or close one another.
const UNNESTED = /^(area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr|p|li|dt|dd|option|tr|td|th|tbody|thead|tfoot|html|head|body)$/;

Object.assign(words, {
  en: {
    tooLarge: '{0} is larger than 100 MB.',
    notText: '{0} is no text in UTF-8, or has control characters. Save the page as HTML, or paste its text.',
    mhtml: '{0} is a page saved as a single file (MHTML). Save it as HTML.',
    otherName: 'By a file name that does not end in .html or .htm a browser shows something else.',
    noPage: '{0} is a proof. Add its page, or paste the page’s text into the box.',
    noProof: '{0} carries no proof. Add the file whose name ends in “.proof” from beside it on the site: the link “Proof” at its end leads there.',
    notLast: 'No footer is the last line. A line above reads like one, and below it stands {0}, which no page of an archive has there: copy from the back link to the footer, or save the page and add the file.',
    radicals: 'Radicals (U+2E80 to U+2FDF) in the place of ideographs: {0}, as where text is copied from a PDF.',
    tooDeep: '{0} has more elements, or more in one another, than a page of an archive.',
    beginning: 'The page does not begin with <!DOCTYPE html> and <meta charset="utf-8">, so that a browser may show other characters.',
    script: 'The page has a script that is not known here. It may show another text.',
    noInput: 'Nothing to check yet: add a saved page, or paste its text and footer.',
    pasted: 'The text in the box',
    sameWords: 'Every word is the commit’s; nothing differs but {0}{1}.',
    apart: {
      marks: 'marks of lists and quotations',
      breaks: 'breaks between lines and paragraphs',
      blanks: 'white space',
      quotes: 'quotation marks',
    },
    instead: ' ({0} in place of {1})',
    and: ', and ',
    copied: ', as where text is copied from a browser or a mail',
  },
  zh: {
    tooLarge: '{0}大于100 MB。',
    notText: '{0}不是 UTF-8 文本，或含有控制字符。请将页面存为 HTML，或粘贴其文字。',
    mhtml: '{0}是存为单个文件（MHTML）的页面。请另存为 HTML。',
    otherName: '文件名不以 .html 或 .htm 结尾，浏览器会显示别的内容。',
    noPage: '{0}是一份证明。请加上它的页面，或将页面的文字粘贴到框中。',
    noProof: '{0}不带证明。请加上网站上与该页同一目录下的“.proof”文件，即页面末尾的链接“证明”。',
    notLast: '最后一行不是页脚。上面有一行像页脚，其下却有{0}，档案的页面在那里没有这样的内容：请从返回链接复制到页脚为止，或将页面存下并加上该文件。',
    radicals: '有{0}个汉字被部首字符（U+2E80 至 U+2FDF）代替，从 PDF 复制文字时便会如此。',
    tooDeep: '{0}的元素过多，或嵌套过深，不像档案的页面。',
    beginning: '页面不以 <!DOCTYPE html> 和 <meta charset="utf-8"> 开头，浏览器可能显示别的字符。',
    script: '页面带有此处未知的脚本，可能显示别的文字。',
    noInput: '还没有可核对的内容：请加上存下的页面，或粘贴其文字与页脚。',
    pasted: '框中的文字',
    sameWords: '每个字词都是提交里的，不同的只有{0}{1}。',
    apart: { marks: '列表与引文的记号', breaks: '换行与分段', blanks: '空白', quotes: '引号' },
    instead: '（{0}代替了{1}）',
    and: '、',
    copied: '，从浏览器或邮件复制文字时便会如此',
  },
}[words.language]);

// What was added: pages with their names; proofs by the commits that they are of, and the last one of which that cannot be read.
const added = { pages: [], proofs: new Map(), broken: null };

// Says that a check runs, and lets the browser show it: to read a large page takes seconds.
async function running(place) {
  tell(place, [made('p', words.running)]);
  await new Promise(done => setTimeout(done, 20));
}

async function add(files, place) {
  await running(place);
  const pages = [], notes = [];
  let hasProof = false;
  for (const file of files) {
    const name = quote(file.name);
    const note = await readFile(file, name, pages);
    hasProof ||= note === 'proof';
    if (note && note !== 'proof') notes.push(made('p', say(note, name)));
  }
  if (pages.length) replacePages(pages);
  if (hasProof || pages.length) await judge(place, notes);
  else tell(place, notes);
}

// Reads a file: a page is put to the others, and a proof kept; returns 'proof' for one, or what is wrong with the file.
async function readFile(file, name, pages) {
  if (file.size > LARGEST_FILE) return 'tooLarge';
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (hex(bytes.subarray(0, 4)) === '5041434b') {
    const { id } = await promised(() => bytes);
    if (id) added.proofs.set(id, { name, bytes });
    added.broken = id ? null : { name, bytes };
    return 'proof';
  }
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    must(!CONTROLS.test(text));
  } catch {
    return 'notText';
  }
  const ends = (...endings) => endings.some(ending => file.name.toLowerCase().endsWith(ending));
  const isText = ends('.txt');
  if (ends('.mht', '.mhtml') || !isText && /^(From: <Saved by|MIME-Version:)/.test(text)) return 'mhtml';
  // A browser shows only one kind of file as the text that it is, and only one as HTML whatever is in it.
  const page = pageOf(name, text, isText ? 'text' : ends('.html', '.htm') ? 'html' : 'other');
  if (!page) return 'tooDeep';
  pages.push(page);
  return '';
}

// A proof that cannot be read may be that of the first pages that come with it or after it, and of none later.
function replacePages(pages) {
  if (added.pages.length) added.broken = null;
  added.pages = pages;
}

// What the commit of a proof says, before anything is judged: its id, kind and note, and its titles and text where the proof leads to
// these.
async function promised(pack) {
  const said = { titles: [] };
  try {
    const objects = await readPack(pack());
    const [{ kind, body }] = objects;
    if (kind !== 'commit') return said;
    said.kind = readCommit(body).kind;
    // Before the trailers stand the subject and, perhaps, the note.
    const parts = decoded(body, 'commit').split('\n\n');
    said.note = parts.length === 4 ? parts[2] : '';
    said.id = await digest('SHA-1', sha1, joined([utf8(`commit ${body.length}\0`), body]));
    said.text = (await follow(objects)).text;
    said.titles = objects.filter(({ kind }) => kind === 'blob').flatMap(({ body }) => titlesIn(body));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
  return said;
}

// The titles that a file of an article has, if it is the one that has them.
function titlesIn(body) {
  try {
    return Object.values(JSON.parse(decoded(body, 'tree')).title || {});
  } catch {
    return [];
  }
}

// Reads a page without running anything of it; nothing where that cannot be done.
function pageOf(name, text, kind) {
  const isHtml = kind !== 'text' && (kind !== 'pasted' || /^\s*<(!doctype|html|\?xml|!--|head|body|meta)/i.test(text.slice(0, 1000)));
  if (isHtml && isTooDeep(text)) return null;
  const parsed = isHtml ? new DOMParser().parseFromString(text, 'text/html') : null;
  return { name, text, kind, parsed };
}

// Whether a page asks too much of the browser's own reader, which walks over all open elements at each further one.
function isTooDeep(text) {
  const open = new Map();
  let elements = 0, all = 0;
  for (const [, end, name] of text.toLowerCase().matchAll(/<(\/?)([a-z][^\s/>]*)/g)) {
    const before = open.get(name) || 0;
    if (UNNESTED.test(name) || end && !before) continue;
    open.set(name, end ? before - 1 : before + 1);
    all += end ? -1 : 1;
    elements += 1;
    if (all > MOST_OPEN || elements > MOST_ELEMENTS) return true;
  }
  return false;
}

// Checks each page that was added, below what is to be said of other files.
async function judge(place, notes) {
  const { pages, proofs, broken } = added;
  const parts = [...notes];
  for (const page of pages) {
    if (parts.length) parts.push(made('hr', ''));
    const part = made('div', '');
    await judgePage(page, part, place.dataset);
    parts.push(part);
  }
  const proof = broken || [...proofs.values()].pop();
  if (!parts.length) parts.push(made('p', proof ? say('noPage', proof.name) : say('noInput')));
  tell(place, parts);
  const verdicts = pages.length ? parts.filter(part => part.localName !== 'hr').map(part => part.dataset.verdict) : [];
  if (verdicts.some(verdict => verdict)) {
    place.dataset.verdict = verdicts.every(verdict => verdict === 'proved') ? 'proved' : 'not-proved';
  }
}

// Checks a page by the proof that it carries, or by the one that was added for the commit in its footer.
async function judgePage(page, part, { style = '', scripts = '', notices = '[]' }) {
  const { parsed } = page;
  const around = JSON.parse(notices);
  const read = parsed ? readPage(parsed, false) : readText(page.text, around);
  const carries = parsed && parsed.getElementById('proof');
  const [footer, id] = read.footer.match(FOOTER) || [];
  const known = [...added.proofs.values()];
  const proof = carries ? null : added.proofs.get(id) || added.broken || !id && known.length === 1 && known[0];
  const head = made('p', '');
  head.append(made('strong', page.name), ...read.footer ? [made('br', ''), footer || quote(read.footer)] : []);
  const noFooter = read.strange ? say('notLast', quote(read.strange)) : say('footerNo');
  if (!proof && !carries) {
    part.append(head, made('p', id ? say('noProof', page.name) : noFooter));
    return;
  }
  const pack = () => proof ? proof.bytes : proofOf(parsed);
  const said = await promised(pack);
  if (parsed) {
    if (page.kind === 'other') read.faults.unshift(say('otherName'));
    if (!BEGINNING.test(page.text) || parsed.compatMode !== 'CSS1Compat') read.faults.unshift(say('beginning'));
    for (const script of parsed.querySelectorAll(`script:not(${DATA})`)) {
      if (!await isOwn(script, scripts)) read.faults.unshift(say('script'));
    }
  } else if (said.text && asText(read.paragraphs) !== said.text) {
    takeTitle(read, said);
    takeNotices(read, said, around);
  }
  const verdict = await check(read, pack, logProofsOf(parsed));
  const failed = name => verdict.steps.find(step => step.name === name && step.holds === false);
  const text = failed('text'), last = failed('footer');
  if (last) last.words = noFooter;
  const apart = text && said.text && !read.faults.length && sameWords(said.text, asText(read.paragraphs));
  if (apart) text.words = [say('textNo'), apart].join(words.stop);
  const radicals = text && said.text ? radicalsIn(asText(read.paragraphs)) - radicalsIn(said.text) : 0;
  if (radicals > 0) text.words += words.stop + say('radicals', radicals);
  if (parsed && !await hasOwnStyle(parsed, style)) verdict.unproved.unshift(say('notStyle'));
  show(part, verdict);
  part.prepend(head);
}

// Characters that look like ideographs and are none.
const radicalsIn = text => [...text.matchAll(/[\u2e80-\u2fdf]/g)].length;

const asText = found => found.map(paragraph => paragraph + '\n').join('\n');

const sameInWords = (one, other) => wordsIn(nfc(one)).join(' ') === wordsIn(other).join(' ');

// Takes off a plain text the title above the back link, which a page has for screen readers alone, and the back link. What has no
// title has its first words there.
function takeTitle(read, { titles, text }) {
  const [title, back, ...rest] = read.paragraphs.slice(0, 2).join('\n').split('\n');
  const isTitle = titles.some(known => sameInWords(known, title)) || text.startsWith(title.replace(/…$/, ''));
  if (!isTitle || !(back || '').startsWith('←')) return;
  read.beside.push(back);
  read.paragraphs = [...paragraphs(rest.join('\n')), ...read.paragraphs.slice(2)];
}

// Takes off a plain text the lines above it that a site prints above the revision; all their words have to be the site's. A
// retraction has its title there, and of the note what its text does not say.
function takeNotices(read, { kind, note, titles }, notices) {
  const named = kind === 'retraction' ? titles.flatMap(title => note ? [title, `${title} ${note}`] : [title]) : [];
  for (const { earlier, kinds } of notices) {
    const found = [...read.paragraphs], taken = [];
    for (const choice of [earlier, note && kinds[kind] ? [...named, `${kinds[kind]} ${note}`] : named]) {
      const [line, ...rest] = (found[0] || '').split('\n');
      if (!choice.some(notice => sameInWords(notice, line))) continue;
      taken.push(line);
      found.splice(0, 1, ...rest.length ? [rest.join('\n')] : []);
    }
    if (taken.length) {
      read.paragraphs = found;
      read.beside.push(...taken);
      return;
    }
  }
}

const WORD = new RegExp(`(${BLANK.source}*)(${BLANK.source.replace('[', '[^')}+)`, 'g');
const wordsIn = line => [...line.matchAll(WORD)].map(found => found[2]);

const number = word => /^\d{1,9}\.$/.test(word) ? parseInt(word, 10) : -1;

// Whether the item below that of a number has the next one: the lines between them are the item's own.
function goesOn(lines, row, column, before) {
  let follows = true;
  for (let at = row + 1; at < lines.length; at++) {
    const text = lines[at].replace(/^[ >]+/, '');
    const own = lines[at].length - text.length;
    if (text && own <= column) return follows && own === column && number(wordsIn(text)[0]) === before + 1;
    follows = text !== '';
  }
  return false;
}

// The words of a text, each with what stands before it, and whether it is a mark of a list or quotation. A number is one where it
// is 0 or 1, goes on from the list above it, or the next item goes on from it.
function wordsOf(text) {
  const found = [], numbers = new Map(), lines = text.split('\n');
  let before = '', follows = false;
  for (const [row, line] of lines.entries()) {
    let isMark = true, across = false;
    for (const { 1: blank, 2: word, index } of line.matchAll(WORD)) {
      const at = index + blank.length;
      across ||= isMark && line.slice(at) === '* * *';
      if (isMark && !across) {
        const value = number(word);
        isMark = value < 0 ? word === '>' || word === '-'
          : value < 2 || follows && numbers.get(at) === value - 1 || goesOn(lines, row, at, value);
        if (isMark && value >= 0) numbers.set(at, value);
      }
      found.push({ before: before + blank, word, isMark });
      before = '';
    }
    follows = line !== '';
    before += '\n';
  }
  return found;
}

// Says what differs between a commit's text and another with the same words: marks that are missing, breaks, white space, the form
// of quotation marks. Nothing where a word is another, or one is missing or new.
function sameWords(text, shown) {
  const others = wordsOf(shown), apart = new Set(), blanks = new Set();
  const feeds = before => before.split('\n').length - 1;
  const straight = word => word.replace(/[“”]/g, '"').replace(/[‘’]/g, "'");
  const codes = blank => [...blank].map(c => 'U+' + code(c)).join(' ');
  let at = 0, left = -1;
  for (const { before, word, isMark } of wordsOf(text)) {
    const other = others[at];
    if (other && straight(other.word) === straight(word)) {
      if (other.word !== word) apart.add('quotes');
      if (Math.max(left, feeds(before)) !== feeds(other.before)) {
        apart.add('breaks');
      } else if (left < 0 && before !== other.before) {
        apart.add('blanks');
        if (!feeds(before) && blanks.size < 3) blanks.add(say('instead', codes(other.before), codes(before)));
      }
      at += 1;
      left = -1;
    } else if (isMark) {
      apart.add('marks');
      left = Math.max(left, feeds(before));
    } else {
      return '';
    }
  }
  if (at < others.length) return '';
  // Indentation goes with marks.
  if (apart.has('marks') && !blanks.size) apart.delete('blanks');
  const parts = Object.keys(words.apart).filter(name => apart.has(name));
  const named = parts.map(name => words.apart[name] + (name === 'blanks' ? [...blanks].join('') : ''));
  return say('sameWords', named.join(words.and), apart.has('marks') || apart.has('breaks') ? words.copied : '');
}

// What a footer has in place of the blanks and dots that mail, word processors and others' sites write.
const tidied = line => wordsIn(line.replace(/[•‧∙⋅・･]/g, '·')).join(' ');

// Reads a page in plain text: back link, text, footer, and below that only what a site prints there.
function readText(text, around) {
  const beside = [];
  const lines = paragraphs(nfc(text).replace(/^\ufeff/, '')).join('\n\n').split('\n');
  // A back link is a line of its own, whether or not an empty line follows it.
  if (lines[0].startsWith('←')) beside.push(lines.shift());
  const last = lines.map(line => FOOTER.test(tidied(line))).lastIndexOf(true);
  const saysBelow = ({ below, begins }, line) =>
    !line || below.includes(tidied(line)) || begins.some(begin => line.startsWith(begin));
  const isBelow = site => lines.slice(last + 1).every(line => saysBelow(site, line));
  const isPage = last >= 0 && around.some(isBelow);
  const at = isPage ? last : lines.length - 1;
  // The line that is no page's of those below a footer: of the language in which the first is the furthest.
  const firsts = isPage || last < 0 ? [] : around.map(site => lines.slice(last + 1).findIndex(line => !saysBelow(site, line)));
  const strange = firsts.length ? lines[last + 1 + Math.max(...firsts)] : '';
  beside.push(...lines.slice(at + 1));
  const found = paragraphs(lines.slice(0, at).join('\n'));
  return { paragraphs: found, footer: tidied(lines[at] || ''), faults: found.length ? [] : [say('empty')], beside, strange };
}

// Whether an element has nothing but what stands in one of this site's, by their hashes.
const isOwn = async (element, hashes) =>
  !element.attributes.length && hashes.split(' ').includes(await digest('SHA-256', sha256, utf8(element.textContent)));

// Whether a page's style is the one of this site, and hides nothing there.
async function hasOwnStyle(page, own) {
  const styles = page.querySelectorAll(STYLES);
  const isStrange = element => !CLASSES.includes(element.className) && !element.closest('aside, header, nav');
  return styles.length === 1 && await isOwn(styles[0], own) && ![...page.querySelectorAll('[class]')].some(isStrange);
}

function tell(place, parts) {
  place.replaceChildren(...parts);
  delete place.dataset.verdict;
}

// Brings the page to life.
function begin(form) {
  const place = form.querySelector('[role="status"]');
  const text = form.querySelector('textarea');
  const files = form.querySelector('input[type="file"]');
  const drop = form.querySelector('.drop');
  form.querySelector('button').addEventListener('click', async () => {
    await running(place);
    const page = text.value.trim() ? pageOf(words.pasted, text.value, 'pasted') : null;
    if (page) replacePages([page]);
    if (page || !text.value.trim()) judge(place, []);
    else tell(place, [made('p', say('tooDeep', words.pasted))]);
  });
  files.addEventListener('change', () => add([...files.files], place));
  for (const name of ['dragenter', 'dragover', 'dragleave', 'drop']) {
    document.addEventListener(name, event => {
      event.preventDefault();
      drop.classList.toggle('over', name === 'dragenter' || name === 'dragover');
      if (name === 'drop') add([...event.dataTransfer.files], place);
    });
  }
  for (const sentence of document.querySelectorAll('.unscripted')) sentence.remove();
  form.hidden = false;
}

begin(document.getElementById('verify'));
