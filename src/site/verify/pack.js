const MOST_OBJECTS = 1024;
const LARGEST_PROOF = 1 << 26;
const PROOF_TYPES = ['application/x-git-pack+json', 'application/x-git-pack;base64'];

function base64(text) {
  const plain = text.replace(/[ \t\r\n\f]/g, '');
  if (plain.length % 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(plain)) throw new Refused('base64');
  const decoded = atob(plain);
  const bytes = new Uint8Array(decoded.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = decoded.charCodeAt(at);
  return bytes;
}

function must(holds) {
  if (!holds) throw new Error();
}

// Reads what stands in the block of a proof: a list of base64 and text by turns, or base64 alone.
function packIn(block) {
  if (!/^\s*\[/.test(block)) return base64(block);
  let parts;
  try {
    parts = JSON.parse(block);
    // No text has half a character.
    must(parts.every(part => typeof part === 'string' && !/\p{Cs}/u.test(part)));
  } catch {
    throw new Refused('block');
  }
  return joined(parts.map((part, at) => at % 2 ? utf8(part) : base64(part)));
}

// Inflates a zlib stream (RFC 1950, 1951) of a known size; tells where it ended, which the browser's own inflater does not.
// Throws an Error that says nothing where the stream is no such.
function inflate(bytes, at, size) {
  const out = new Uint8Array(size);
  let filled = 0, held = 0, count = 0;
  const byte = () => {
    must(at < bytes.length);
    return bytes[at++];
  };
  const bits = wanted => {
    for (; count < wanted; count += 8) held |= byte() << count;
    const value = held & (1 << wanted) - 1;
    held >>>= wanted;
    count -= wanted;
    return value;
  };
  const put = value => {
    must(filled < size);
    out[filled++] = value;
  };
  // Codes in the order of their lengths; how many there are of each length.
  const tree = lengths => {
    const counts = new Uint16Array(16), starts = new Uint16Array(16), symbols = new Uint16Array(lengths.length);
    for (const length of lengths) counts[length]++;
    let left = 1;
    for (let length = 1; length < 16; length++) {
      left = left * 2 - counts[length];
      must(left >= 0);
      if (length < 15) starts[length + 1] = starts[length] + counts[length];
    }
    // A code may be incomplete only where it has one symbol, or none.
    must(left === 0 || lengths.length - counts[0] <= 1);
    lengths.forEach((length, symbol) => {
      if (length) symbols[starts[length]++] = symbol;
    });
    return { counts, symbols };
  };
  const symbol = ({ counts, symbols }) => {
    let value = 0, first = 0, index = 0;
    for (let length = 1; length < 16; length++) {
      value |= bits(1);
      const these = counts[length];
      if (value - these < first) return symbols[index + value - first];
      index += these;
      first = first + these << 1;
      value <<= 1;
    }
    throw new Error();
  };
  // The base and the extra bits of a length's or a distance's code.
  const base = (value, each, least) => {
    const extra = Math.max(0, (value >> each) - 1);
    return [extra ? ((1 << each) + (value & (1 << each) - 1) << extra) + least : value + least, extra];
  };
  const block = (literals, distances) => {
    for (let value = symbol(literals); value !== 256; value = symbol(literals)) {
      if (value < 256) {
        put(value);
        continue;
      }
      must(value < 286);
      const [least, extra] = value === 285 ? [258, 0] : base(value - 257, 2, 3);
      const length = least + bits(extra);
      const far = symbol(distances);
      must(far < 30);
      const [nearest, more] = base(far, 1, 1);
      const distance = nearest + bits(more);
      must(distance <= filled && filled + length <= size);
      for (let i = 0; i < length; i++, filled++) out[filled] = out[filled - distance];
    }
  };

  const head = byte() << 8 | byte();
  must((head & 0x0f00) === 0x0800 && head >> 12 <= 7 && head % 31 === 0 && !(head & 0x20));
  for (let last = 0; !last;) {
    last = bits(1);
    const kind = bits(2);
    if (kind === 0) {
      held = count = 0;
      const length = byte() | byte() << 8;
      must((byte() | byte() << 8) === (~length & 0xffff));
      for (let i = 0; i < length; i++) put(byte());
    } else if (kind === 1) {
      const lengths = Array.from({ length: 288 }, (_, i) => i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8);
      block(tree(lengths), tree(new Array(32).fill(5)));
    } else {
      must(kind === 2);
      const literals = bits(5) + 257, distances = bits(5) + 1, codes = bits(4) + 4;
      must(literals <= 286 && distances <= 30);
      const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
      const own = new Array(19).fill(0);
      for (let i = 0; i < codes; i++) own[order[i]] = bits(3);
      const coded = tree(own);
      const lengths = [];
      while (lengths.length < literals + distances) {
        const value = symbol(coded);
        if (value < 16) {
          lengths.push(value);
          continue;
        }
        must(value > 16 || lengths.length > 0);
        const again = value === 16 ? lengths[lengths.length - 1] : 0;
        const times = value === 16 ? 3 + bits(2) : value === 17 ? 3 + bits(3) : 11 + bits(7);
        for (let i = 0; i < times; i++) lengths.push(again);
      }
      must(lengths.length === literals + distances && lengths[256] > 0);
      block(tree(lengths.slice(0, literals)), tree(lengths.slice(literals)));
    }
  }
  let a = 1, b = 0;
  for (let i = 0; i < size;) {
    // 5552 bytes are the most before the sums could grow beyond 32 bits.
    for (const end = Math.min(size, i + 5552); i < end; i++) b += a += out[i];
    a %= 65521;
    b %= 65521;
  }
  must(filled === size && byte() === b >> 8 && byte() === (b & 255) && byte() === a >> 8 && byte() === (a & 255));
  return { body: out, end: at };
}

// Applies a delta (gitformat-pack) whose result may have so many bytes. Throws as `inflate` does.
function patched(base, delta, room) {
  let at = 0, filled = 0;
  const byte = () => {
    must(at < delta.length);
    return delta[at++];
  };
  const length = () => {
    let value = 0, next = 0x80;
    for (let scale = 1; next & 0x80; scale *= 128) {
      next = byte();
      value += (next & 0x7f) * scale;
    }
    return value;
  };
  must(length() === base.length);
  const size = length();
  if (!(size <= room)) throw new Refused('large');
  const out = new Uint8Array(size);
  while (at < delta.length) {
    const what = byte();
    // The bytes of a number that are not zero, of those that these bits stand for.
    const number = bits => bits.reduce((sum, bit, i) => what & bit ? sum + byte() * 256 ** i : sum, 0);
    let from = delta, begin = at, many = what;
    if (what & 0x80) {
      from = base;
      begin = number([1, 2, 4, 8]);
      many = number([16, 32, 64]) || 0x10000;
    } else {
      at += what;
    }
    must(many && begin + many <= from.length && filled + many <= size);
    out.set(from.subarray(begin, begin + many), filled);
    filled += many;
  }
  must(filled === size);
  return out;
}

// Reads a pack (gitformat-pack, version 2) of whole entries and of deltas of those before them: its objects with their kinds.
async function readPack(bytes) {
  const end = bytes.length - 20;
  if (end < 12 || hex(bytes.subarray(0, 8)) !== '5041434b00000002') throw new Refused('form');
  if (await digest('SHA-1', sha1, bytes.subarray(0, end)) !== hex(bytes.subarray(end))) throw new Refused('checksum');
  const count = parseInt(hex(bytes.subarray(8, 12)), 16);
  if (count < 1 || count > MOST_OBJECTS) throw new Refused('count', count);
  const content = bytes.subarray(0, end);
  const objects = [];
  // The objects by where their entries begin.
  const places = new Map();
  let at = 12, room = LARGEST_PROOF;
  for (let number = 1; number <= count; number++) {
    const byte = () => {
      if (at >= end) throw new Refused('form');
      return content[at++];
    };
    const begin = at;
    let next = byte();
    const code = next >> 4 & 7;
    let size = next & 15;
    for (let scale = 16; next & 0x80; scale *= 128) {
      next = byte();
      size += (next & 0x7f) * scale;
      if (size > room) throw new Refused('large');
    }
    let base;
    if (code === 6) {
      next = byte();
      let distance = next & 0x7f;
      while (next & 0x80) {
        next = byte();
        distance = (distance + 1) * 128 + (next & 0x7f);
      }
      base = places.get(begin - distance);
    }
    const kind = base ? base.kind : [, 'commit', 'tree', 'blob'][code];
    if (!kind) throw new Refused('kind', number);
    room -= size;
    let body;
    try {
      ({ body, end: at } = inflate(content, at, size));
      if (base) body = patched(base.body, body, room);
    } catch (error) {
      throw error instanceof Refused ? error : new Refused('damaged', number);
    }
    if (base) room -= body.length;
    const object = { kind, body };
    places.set(begin, object);
    objects.push(object);
  }
  if (at !== end) throw new Refused('trailing');
  return objects;
}
