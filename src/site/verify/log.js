// The page's place in the archive's log (C2SP tlog-proof): the entry of the revision, hashed up to the root that a signed
// checkpoint states. The proof's extra data is the log's key.

const LOG_PROOF = new RegExp([
  '^c2sp\\.org/tlog-proof@v1\\nextra ([A-Za-z0-9+/]+={0,2})\\nindex (0|[1-9]\\d{0,14})\\n((?:[A-Za-z0-9+/]{43}=\\n){0,63})\\n',
  '(([^\\n]+)\\n(0|[1-9]\\d{0,14})\\n([A-Za-z0-9+/]{43}=)\\n)\\n((?:\\u2014 [^ \\n]+ [A-Za-z0-9+/]+={0,2}\\n)+)$',
].join(''));

const LOG_PROOF_TYPE = 'application/x-c2sp-tlog-proof;base64';

// Returns whatever a page has as the log's proof.
const logProofsOf = page => page ? [...page.querySelectorAll(`script[type="${LOG_PROOF_TYPE}"], #log-proof`)] : [];

const bytesOf = digits => Uint8Array.from(digits.match(/../g), pair => parseInt(pair, 16));
const node = async (...parts) => bytesOf(await digest('SHA-256', sha256, joined(parts)));

// Hashes a revision's entry up to the root, and checks who signed that. Throws Refused for what is not so.
async function inLog(proved, [block, ...others]) {
  if (others.length || block.id !== 'log-proof' || block.getAttribute('type') !== LOG_PROOF_TYPE) throw new Refused('logForm');
  const found = decoded(base64(block.textContent), 'logForm').match(LOG_PROOF);
  if (!found) throw new Refused('logForm');
  const [, extra, index, lines, body, origin, size, stated, signatures] = found;
  const entry = `Commit: ${proved.id}\nArticle-Id: ${proved.article}\nRevision: ${proved.revision}\n` +
    `Revision-Kind: ${proved.kind}\nDate: ${proved.date}\nContent-SHA256: ${proved.sha256}\n`;
  const leaf = new Uint8Array([0]), both = new Uint8Array([1]);
  let root = await node(leaf, utf8(entry));
  // RFC 9162, section 2.1.3.2.
  let place = Number(index), last = Number(size) - 1;
  if (place > last) throw new Refused('logRoot');
  for (const line of lines.split('\n').slice(0, -1)) {
    const hash = base64(line);
    if (last === 0) throw new Refused('logRoot');
    if (place % 2 === 1 || place === last) {
      root = await node(both, hash, root);
      while (place % 2 === 0 && place !== 0) {
        place = Math.floor(place / 2);
        last = Math.floor(last / 2);
      }
    } else {
      root = await node(both, root, hash);
    }
    place = Math.floor(place / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0 || hex(root) !== hex(base64(stated))) throw new Refused('logRoot');
  const key = decoded(base64(extra), 'logForm');
  return { size, origin, index, key, isSigned: await isSigned(key, origin, utf8(body), signatures) };
}

// Whether the log's key signed a checkpoint: null where this browser does not know Ed25519.
async function isSigned(key, origin, body, signatures) {
  const [, name, id, material] = key.match(/^([^+]+)\+([0-9a-f]{8})\+(.+)$/) || [];
  const bytes = material ? base64(material) : [];
  if (name !== origin || bytes.length !== 33 || bytes[0] !== 1) throw new Refused('logForm');
  if ((await digest('SHA-256', sha256, joined([utf8(name + '\n'), bytes]))).slice(0, 8) !== id) throw new Refused('logForm');
  const own = signatures.split('\n').slice(0, -1).map(line => line.split(' ')).filter(line => line[1] === name)
    .map(line => base64(line[2])).filter(line => hex(line.subarray(0, 4)) === id);
  if (!own.length) return false;
  try {
    const known = await crypto.subtle.importKey('raw', bytes.subarray(1), 'Ed25519', false, ['verify']);
    for (const line of own) {
      if (!await crypto.subtle.verify('Ed25519', known, line.subarray(4), body)) return false;
    }
  } catch (error) {
    return globalThis.crypto?.subtle && error.name !== 'NotSupportedError' ? false : null;
  }
  return true;
}
