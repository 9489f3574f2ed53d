const hex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');

// The message in blocks of 64 bytes, its length in bits at the end (FIPS 180-4, section 5.1).
function padded(bytes) {
  const view = new DataView(new ArrayBuffer((bytes.length + 72) >>> 6 << 6));
  new Uint8Array(view.buffer).set(bytes);
  view.setUint8(bytes.length, 0x80);
  view.setUint32(view.byteLength - 8, Math.floor(bytes.length / 0x20000000));
  view.setUint32(view.byteLength - 4, bytes.length << 3);
  return view;
}

function digits(state) {
  return Array.from(state, word => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

// SHA-1 (FIPS 180-4, section 6.1).
function sha1(bytes) {
  const view = padded(bytes);
  const state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0]);
  const w = new Int32Array(80);
  for (let at = 0; at < view.byteLength; at += 64) {
    let [a, b, c, d, e] = state;
    for (let t = 0; t < 80; t++) {
      if (t < 16) {
        w[t] = view.getInt32(at + 4 * t);
      } else {
        const x = w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16];
        w[t] = x << 1 | x >>> 31;
      }
      const mixed = t < 20 ? (b & c | ~b & d) + 0x5a827999
        : t < 40 ? (b ^ c ^ d) + 0x6ed9eba1
        : t < 60 ? (b & c | b & d | c & d) + 0x8f1bbcdc
        : (b ^ c ^ d) + 0xca62c1d6;
      const next = (a << 5 | a >>> 27) + mixed + e + w[t] | 0;
      e = d;
      d = c;
      c = b << 30 | b >>> 2;
      b = a;
      a = next;
    }
    [a, b, c, d, e].forEach((word, i) => state[i] += word);
  }
  return digits(state);
}

// SHA-256 (FIPS 180-4, section 6.2). Its constants are the first bits of the roots of the first primes.
function sha256(bytes) {
  const primes = [];
  for (let n = 2; primes.length < 64; n++) {
    if (primes.every(prime => n % prime)) primes.push(n);
  }
  const fraction = root => (root - Math.floor(root)) * 0x100000000;
  const state = Int32Array.from(primes.slice(0, 8), prime => fraction(Math.sqrt(prime)));
  const k = Int32Array.from(primes, prime => fraction(Math.cbrt(prime)));
  const view = padded(bytes);
  const w = new Int32Array(64);
  const right = (x, n) => x >>> n | x << 32 - n;
  for (let at = 0; at < view.byteLength; at += 64) {
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < 64; t++) {
      if (t < 16) {
        w[t] = view.getInt32(at + 4 * t);
      } else {
        const x = w[t - 15], y = w[t - 2];
        w[t] = w[t - 16] + (right(x, 7) ^ right(x, 18) ^ x >>> 3) + w[t - 7] + (right(y, 17) ^ right(y, 19) ^ y >>> 10);
      }
      const one = h + (right(e, 6) ^ right(e, 11) ^ right(e, 25)) + (e & f ^ ~e & g) + k[t] + w[t];
      const two = (right(a, 2) ^ right(a, 13) ^ right(a, 22)) + (a & b ^ a & c ^ b & c);
      h = g;
      g = f;
      f = e;
      e = d + one | 0;
      d = c;
      c = b;
      b = a;
      a = one + two | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => state[i] += word);
  }
  return digits(state);
}

// A digest by the code above and by the browser's own (Web Crypto, which browsers have on https and in files alone).
async function digest(name, own, bytes) {
  const mine = own(bytes);
  if (globalThis.crypto?.subtle) {
    const theirs = hex(new Uint8Array(await crypto.subtle.digest(name, bytes)));
    if (theirs !== mine) throw new Refused('disagree', name);
  }
  return mine;
}

const utf8 = text => new TextEncoder().encode(text);

function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
