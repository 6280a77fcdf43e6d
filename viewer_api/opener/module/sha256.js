// @ts-check
/** SHA-256 (FIPS 180-4) of a stream: WebCrypto digests only what is in memory as a whole. */

const BLOCK = 64;
// signed: so all sums stay whole numbers of 32 bits to the engine
const K = new Int32Array(64);
const START = new Int32Array(8);
// section 4.2.2 and 5.3.3: fractional parts of cube and square roots of the first primes
for (let n = 2, i = 0; i < 64; n++) {
  let isPrime = true;
  for (let d = 2; d * d <= n; d++) if (n % d === 0) isPrime = false;
  if (!isPrime) continue;
  K[i] = fraction(n, 3n);
  if (i < 8) START[i] = fraction(n, 2n);
  i++;
}

/** The first 32 bits behind the point of a root, by whole numbers. @param {number} n @param {bigint} degree */
function fraction(n, degree) {
  const scaled = BigInt(n) << (32n * degree);
  let low = 0n, high = 1n << 40n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** degree <= scaled) low = middle;
    else high = middle;
  }
  return Number(low & 0xffffffffn);
}

export class Sha256 {
  #state = START.slice();
  #words = new Int32Array(64);
  #rest = new Uint8Array(BLOCK);
  #held = 0;
  #size = 0;

  /** @param {Uint8Array} data */
  update(data) {
    this.#size += data.length;
    let at = 0;
    if (this.#held) {
      at = Math.min(BLOCK - this.#held, data.length);
      this.#rest.set(data.subarray(0, at), this.#held);
      this.#held += at;
      if (this.#held < BLOCK) return;
      this.#block(this.#rest, 0);
      this.#held = 0;
    }
    for (; at + BLOCK <= data.length; at += BLOCK) this.#block(data, at);
    this.#rest.set(data.subarray(at));
    this.#held = data.length - at;
  }

  /** The 32 bytes; nothing is added afterwards. @returns {Uint8Array<ArrayBuffer>} */
  digest() {
    const bits = this.#size * 8;
    const end = new Uint8Array(this.#held < 56 ? BLOCK : 2 * BLOCK);
    end.set(this.#rest.subarray(0, this.#held));
    end[this.#held] = 0x80;
    new DataView(end.buffer).setBigUint64(end.length - 8, BigInt(bits));
    for (let at = 0; at < end.length; at += BLOCK) this.#block(end, at);
    const out = new Uint8Array(32), view = new DataView(out.buffer);
    this.#state.forEach((word, i) => view.setInt32(4 * i, word));
    return out;
  }

  /** Section 6.2.2. @param {Uint8Array} data @param {number} at */
  #block(data, at) {
    const w = this.#words, state = this.#state;
    for (let i = 0; i < 16; i++, at += 4) {
      w[i] = (data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3];
    }
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15], y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g, g = f, f = e, e = (d + t1) | 0, d = c, c = b, b = a, a = (t1 + t2) | 0;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
  }
}
