const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

function decoded(bytes, name, ...values) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refused(name, ...values);
  }
}

// Reads a tree: files (mode 100644) and folders (40000), each name once and in git's order.
function readTree(body, id) {
  const entries = new Map();
  let before = '';
  for (let at = 0; at < body.length;) {
    const zero = body.indexOf(0, at);
    const entry = zero > 0 && decoded(body.subarray(at, zero), 'tree', id).match(/^(100644|40000) ([a-z0-9][A-Za-z0-9._-]{0,254})$/);
    if (!entry || entry[2].endsWith('.') || zero + 21 > body.length) throw new Refused('tree', id);
    const [, mode, name] = entry;
    const key = name + (mode === '40000' ? '/' : '\0');
    if (key <= before || entries.has(name)) throw new Refused('tree', id);
    before = key;
    at = zero + 21;
    entries.set(name, { kind: mode === '40000' ? 'tree' : 'blob', id: hex(body.subarray(zero + 1, at)) });
  }
  return entries;
}

// Who and when: one name, one address and one date, no further than 14 hours from UTC, as git cannot read it otherwise.
const WHO = '[^<>\\n]+ <[^<>\\n]*> (0|[1-9]\\d{0,9}) (\\+|-(?!0000))(0\\d|1[0-3]|14(?=00))([0-5]\\d)\\n';
const HEAD_OF_COMMIT = new RegExp(
  `^tree ([0-9a-f]{40})\\nparent [0-9a-f]{40}\\nauthor ${WHO}committer ${WHO}(?:gpgsig [^\\n]*\\n(?: [^\\n]*\\n)*)?\\n`,
);

// Reads what a page's footer rests upon in a commit.
function readCommit(body) {
  const text = decoded(body, 'commit');
  const head = text.match(HEAD_OF_COMMIT);
  if (!head || Math.max(head[2], head[6]) > 0xffffffff || text.includes('\0')) throw new Refused('commit');
  const trailers = text.slice(text.lastIndexOf('\n\n') + 2);
  const trailer = (key, value) => {
    const lines = trailers.split('\n').filter(line => line.toLowerCase().startsWith(key.toLowerCase() + ': '));
    if (lines.length !== 1 || !value.test(lines[0].slice(key.length + 2))) throw new Refused('commit');
    return lines[0].slice(key.length + 2);
  };
  const offset = (Number(head[4]) * 60 + Number(head[5])) * (head[3] === '-' ? -60 : 60);
  const date = new Date((Number(head[2]) + offset) * 1000);
  const local = date.toISOString().slice(0, 19) + `${head[3]}${head[4]}:${head[5]}`;
  return {
    tree: head[1],
    date: local,
    revision: trailer('Revision', /^[1-9]\d{0,9}$/),
    kind: trailer('Revision-Kind', /^[a-z]+$/),
    day: date.toISOString().slice(0, 10),
    weekday: WEEKDAYS[date.getUTCDay()],
    article: trailer('Article-Id', /^\d{4}\/\d\d\/\d\d\/[a-z0-9]+(-[a-z0-9]+)*$/),
    sha256: trailer('Content-SHA256', /^[0-9a-f]{64}$/),
  };
}

// Hashes every object and follows the commit to the files of its article. Throws Refused for the first thing that is not so.
async function follow(objects) {
  const byId = new Map();
  const ids = [];
  for (const { kind, body } of objects) {
    const id = await digest('SHA-1', sha1, joined([utf8(`${kind} ${body.length}\0`), body]));
    ids.push(id);
    byId.set(id, { kind, body });
  }
  if (objects[0].kind !== 'commit') throw new Refused('noCommit');
  const commit = readCommit(objects[0].body);
  const asked = new Set([ids[0]]);
  const object = (kind, id, path) => {
    const found = byId.get(id);
    if (found?.kind !== kind) throw new Refused('missing', id, path);
    asked.add(id);
    return found.body;
  };
  let id = commit.tree, tree = readTree(object('tree', id, '/'), id), path = '';
  for (const part of ['articles', ...commit.article.split('/')]) {
    path += (path && '/') + part;
    const below = tree.get(part);
    if (below?.kind !== 'tree') throw new Refused('missing', part, path);
    id = below.id;
    tree = readTree(object('tree', id, path), id);
  }
  const files = new Map();
  const listed = [];
  for (const [name, entry] of tree) {
    if (entry.kind !== 'blob') throw new Refused('tree', id);
    const bytes = object('blob', entry.id, `${path}/${name}`);
    files.set(name, bytes);
    listed.push(utf8(`${name}\0${bytes.length}\0`), bytes);
  }
  // Everything that is there was asked for, in the order in which it is there.
  const order = [...asked];
  const stray = ids.findIndex((known, at) => known !== order[at]);
  if (stray >= 0) throw new Refused('stray', stray + 1);
  if (await digest('SHA-256', sha256, joined(listed)) !== commit.sha256) throw new Refused('sha256');
  if (!files.has('page.txt')) throw new Refused('noText');
  return { ...commit, id: ids[0], objects: ids.length, files: files.size, text: decoded(files.get('page.txt'), 'noText') };
}
