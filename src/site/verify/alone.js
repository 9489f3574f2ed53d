// The stand-alone page: a saved page, or a text and its footer, with the proof in the page or beside it.

const LARGEST_FILE = 100 << 20;
const MOST_ELEMENTS = 400000;
const MOST_OPEN = 256;
// What no page has, and what can make a browser read other characters in a file than this does.
const CONTROLS = /[^\P{Cc}\t\n\r]/u;
// How a page begins for which every browser takes the same characters.
const BEGINNING = /^\s*(<!doctype html>\s*|<!-{2}[^<>]*-->\s*|<(html|head)( (lang|class|id|data-[\w-]+)=("[^"<>]*"|'[^'<>]*'|[\w-]+))*>\s*)*<meta (charset="?utf-8"?|http-equiv="Content-Type" content="text\/html; charset=utf-8")>/i;
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
    noPage: '{0} is a proof. Add its page, or paste the page’s text below.',
    noProof: '{0} carries no proof. Add the file whose name ends in “.proof” from beside it on the site.',
    tooDeep: '{0} has more elements, or more in one another, than a page of an archive.',
    beginning: 'The page does not begin with <!DOCTYPE html> and <meta charset="utf-8">, so that a browser may show other characters.',
    script: 'The page has a script that is not known here. It may show another text.',
    noInput: 'Nothing to check yet: add a saved page, or paste its text and footer.',
    pasted: 'The text below',
  },
  zh: {
    tooLarge: '{0}大于100 MB。',
    notText: '{0}不是 UTF-8 文本，或含有控制字符。请将页面存为 HTML，或粘贴其文字。',
    mhtml: '{0}是存为单个文件（MHTML）的页面。请另存为 HTML。',
    otherName: '文件名不以 .html 或 .htm 结尾，浏览器会显示别的内容。',
    noPage: '{0}是一份证明。请加上它的页面，或在下面粘贴页面的文字。',
    noProof: '{0}不带证明。请加上网站上同处的“.proof”文件。',
    tooDeep: '{0}的元素过多，或嵌套过深，不像档案的页面。',
    beginning: '页面不以 <!DOCTYPE html> 和 <meta charset="utf-8"> 开头，浏览器可能显示别的字符。',
    script: '页面带有此处未知的脚本，可能显示别的文字。',
    noInput: '还没有可核对的内容：请加上存下的页面，或粘贴其文字与页脚。',
    pasted: '下面的文字',
  },
}[words.language]);

// What was added: a page's name and text; a proof's name and bytes, which counts before one that the page carries.
const added = { page: null, proof: null };

async function add(files, place) {
  const proofs = [];
  place.replaceChildren();
  for (const file of files) {
    const name = quote(file.name);
    const ends = (...endings) => endings.some(ending => file.name.toLowerCase().endsWith(ending));
    if (file.size > LARGEST_FILE) {
      told(place, say('tooLarge', name));
      return;
    }
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (hex(bytes.subarray(0, 4)) === '5041434b') {
      proofs.push({ name, bytes });
      continue;
    }
    let text;
    try {
      text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      must(!CONTROLS.test(text));
    } catch {
      told(place, say('notText', name));
      return;
    }
    const isText = ends('.txt');
    if (ends('.mht', '.mhtml') || !isText && /^(From: <Saved by|MIME-Version:)/.test(text)) {
      told(place, say('mhtml', name));
      return;
    }
    // A browser shows only one kind of file as the text that it is, and only one as HTML whatever is in it.
    if (!addPage(name, text, isText ? 'text' : ends('.html', '.htm') ? 'html' : 'other')) {
      told(place, say('tooDeep', name));
      return;
    }
  }
  added.proof = proofs.pop() || added.proof;
  await judge(place);
}

// Reads a page without running anything of it; tells whether that could be done.
function addPage(name, text, kind) {
  const isHtml = kind !== 'text' && (kind !== 'pasted' || /^\s*<(!doctype|html|\?xml|!--|head|body|meta)/i.test(text.slice(0, 1000)));
  if (isHtml && isTooDeep(text)) return false;
  const parsed = isHtml ? new DOMParser().parseFromString(text, 'text/html') : null;
  added.page = { name, text, kind, parsed };
  if (parsed && parsed.getElementById('proof')) added.proof = null;
  return true;
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

// Checks what was added.
async function judge(place) {
  const { page, proof } = added;
  if (!page) {
    told(place, proof ? say('noPage', proof.name) : say('noInput'));
    return;
  }
  const { parsed } = page;
  if (!proof && !(parsed && parsed.getElementById('proof'))) {
    told(place, say('noProof', page.name));
    return;
  }
  const read = parsed ? readPage(parsed, false) : readText(page.text);
  const { style = '', scripts = '' } = place.dataset;
  if (parsed) {
    if (page.kind === 'other') read.faults.unshift(say('otherName'));
    if (!BEGINNING.test(page.text) || parsed.compatMode !== 'CSS1Compat') read.faults.unshift(say('beginning'));
    for (const script of parsed.querySelectorAll(`script:not(${DATA})`)) {
      if (!await isOwn(script, scripts)) read.faults.unshift(say('script'));
    }
  }
  const verdict = await check(read, () => proof ? proof.bytes : proofOf(parsed), logProofsOf(parsed));
  if (parsed && !await hasOwnStyle(parsed, style)) verdict.unproved.unshift(say('notStyle'));
  show(place, verdict);
}

// Reads a page in plain text: back link, text, footer.
function readText(text) {
  let found = paragraphs(nfc(text).replace(/^\ufeff/, ''));
  const beside = [];
  const back = found.length ? found[0].split('\n') : [];
  // A back link is a line of its own, whether or not an empty line follows it.
  if (back.length && back[0].startsWith('←')) {
    beside.push(back.shift());
    found = back.length ? [back.join('\n'), ...found.slice(1)] : found.slice(1);
  }
  const last = found.length ? found.pop().split('\n') : [''];
  const footer = last.pop();
  if (last.length) found.push(last.join('\n'));
  return { paragraphs: found, footer, faults: found.length ? [] : [say('empty')], beside };
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

function told(place, sentence) {
  place.replaceChildren(made('p', sentence));
  delete place.dataset.verdict;
}

// Brings the page to life.
function begin(form) {
  const place = form.querySelector('[role="status"]');
  const text = form.querySelector('textarea');
  const files = form.querySelector('input[type="file"]');
  const drop = form.querySelector('.drop');
  form.querySelector('button').addEventListener('click', () => {
    place.replaceChildren();
    if (text.value.trim() && !addPage(words.pasted, text.value, 'pasted')) told(place, say('tooDeep', words.pasted));
    else judge(place);
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
