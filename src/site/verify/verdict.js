// How many things of a kind are named.
const MOST_NAMED = 8;

// Judges what a page shows by the pack that `pack()` returns, and by the log's proof, where there is one. Each step is a sentence,
// with whether it holds; null where that was not looked at.
async function check(read, pack, logProofs) {
  let proved = null;
  const faults = read.faults.slice(0, MOST_NAMED);
  const steps = [];
  const step = (name, holds, ...sentences) => steps.push({ name, holds, words: sentences.join(words.stop) });
  try {
    proved = await follow(await readPack(pack()));
    step('files', true, say('filesYes', proved.objects, proved.files));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    step('files', false, say('filesNo'), error.message);
  }
  const footer = read.footer.match(/^(\d{4}-\d\d-\d\d) \(([A-Za-z]+)\) · ([0-9a-f]{40})$/);
  if (!footer) step('footer', false, say('footerNo'));
  if (!proved) {
    for (const name of footer ? ['text', 'id', 'date'] : ['text']) step(name, null, say('notCompared', words.names[name]));
    if (faults.length) step('page', false, ...faults);
  } else {
    const difference = differs(read.paragraphs, proved.text);
    const sentences = [...difference ? [difference] : [], ...faults];
    if (sentences.length) step('text', false, say('textNo'), ...sentences);
    else step('text', true, say('textYes'));
    if (footer) {
      const [, day, weekday, id] = footer;
      if (id === proved.id) step('id', true, say('idYes'));
      else step('id', false, say('idNo', id, proved.id));
      const own = new Date(`${day}T00:00:00Z`);
      const ownWeekday = isNaN(own) || own.toISOString().slice(0, 10) !== day ? '' : WEEKDAYS[own.getUTCDay()];
      if (day !== proved.day) step('date', false, say('dayNo', `${proved.day} (${proved.weekday})`, `${day} (${weekday})`));
      else if (weekday !== ownWeekday) step('date', false, say('weekdayNo', day, ownWeekday, weekday));
      else step('date', true, say('dateYes', `${day} (${weekday})`));
    }
  }
  const unsure = logProofs.length ? await checkLog(proved, logProofs, step) : [];
  const order = ['text', 'page', 'files', 'footer', 'id', 'date', 'log'];
  steps.sort((one, other) => order.indexOf(one.name) - order.indexOf(other.name));
  const beside = read.beside.filter(text => !isBlank(text));
  const named = [...beside.slice(0, MOST_NAMED).map(quote), ...beside.length > MOST_NAMED ? ['…'] : []];
  const unproved = [say('notTrue'), say('notHistory'), ...unsure, say('notDeep'), ...named.length ? [say('notPart', named.join(words.comma))] : []];
  return { holds: !!proved && steps.every(known => known.holds !== false), steps, unproved };
}

// Adds the step of the log; returns what is not proved of it.
async function checkLog(proved, logProofs, step) {
  if (!proved) {
    step('log', null, say('notCompared', words.names.log));
    return [];
  }
  try {
    const { size, origin, index, key, isSigned } = await inLog(proved, logProofs);
    if (isSigned === false) step('log', false, say('logNo'), say('logUnsigned', quote(key)));
    else step('log', isSigned, say(isSigned ? 'logYes' : 'logUnsure', Number(index) + 1, size, quote(origin)));
    return [isSigned ? say('notKey', quote(key)) : say('notSigned')];
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    step('log', false, say('logNo'), error.message);
    return [];
  }
}

// Says where a page's paragraphs first differ from a text; nothing where they do not.
function differs(shown, text) {
  if (shown.map(paragraph => paragraph + '\n').join('\n') === text) return '';
  const committed = paragraphs(text);
  let at = 0;
  while (at < shown.length && shown[at] === committed[at]) at++;
  const one = shown[at] || '', other = committed[at] || '';
  let same = 0;
  while (same < one.length && one[same] === other[same]) same++;
  // From some characters before, but not from amid a pair of surrogates.
  let from = Math.max(0, same - 12);
  if (/[\udc00-\udfff]/.test(one.charAt(from))) from--;
  const part = whole => whole === undefined ? words.nothing : (from ? '…' : '') + quote(whole.slice(from));
  return say('paragraph', at + 1, part(shown[at]), part(committed[at]));
}
