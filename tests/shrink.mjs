/*
 * Screenshots with a palette of 256 colours, which is what a page has: a third of the size, and nobody sees a difference.
 *
 *     node tests/shrink.mjs docs/screens/*.png
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
const COLOURS = 256;
const COMMONEST = 96;

/** The picture as Chromium writes it: eight bits a channel, with or without alpha, not interlaced. */
function read(file) {
  const parts = [];
  let [width, height, channels] = [0, 0, 0];
  for (let at = SIGNATURE.length; at < file.length;) {
    const length = file.readUInt32BE(at);
    const kind = file.toString('latin1', at + 4, at + 8);
    const content = file.subarray(at + 8, at + 8 + length);
    if (kind === 'IHDR') {
      [width, height, channels] = [content.readUInt32BE(0), content.readUInt32BE(4), { 2: 3, 6: 4 }[content[9]]];
      if (content[8] !== 8 || !channels || content[12]) {
        return null; // one of our own, or somebody else's
      }
    } else if (kind === 'IDAT') {
      parts.push(content);
    }
    at += length + 12;
  }
  return { width, height, channels, lines: inflateSync(Buffer.concat(parts)) };
}

/** What a pixel was expected to be, by the number of the filter of its line. */
const GUESSES = [
  () => 0,
  (left) => left,
  (_left, above) => above,
  (left, above) => (left + above) >> 1,
  (left, above, corner) => {
    const [a, b] = [Math.abs(above - corner), Math.abs(left - corner)];
    const c = Math.abs(left + above - 2 * corner);
    return a <= b && a <= c ? left : b <= c ? above : corner;
  },
];

/** Undo the prediction of each line from what is on its left and above. */
function pixels({ width, height, channels, lines }) {
  const size = width * channels;
  const found = new Uint8Array(height * size);
  for (let row = 0; row < height; row++) {
    const guess = GUESSES[lines[row * (size + 1)]];
    const from = row * (size + 1) + 1;
    const to = row * size;
    for (let each = 0; each < size; each++) {
      const left = each < channels ? 0 : found[to + each - channels];
      const above = row ? found[to + each - size] : 0;
      const corner = row && each >= channels ? found[to + each - size - channels] : 0;
      found[to + each] = lines[from + each] + guess(left, above, corner);
    }
  }
  return found;
}

/** Colours that look alike, so that a small dot in a colour of its own counts as much as the shades of a letter's edge. */
const alike = (key) => ((key >> 19) << 10) | (((key >> 11) & 31) << 5) | ((key >> 3) & 31);

/** The commonest colours, the first of those that look alike before all others, and for each pixel the nearest of them. */
function reduced(found, channels) {
  const count = new Map();
  const keys = new Uint32Array(found.length / channels);
  for (let each = 0; each < keys.length; each++) {
    const at = each * channels;
    const key = (found[at] << 16) | (found[at + 1] << 8) | found[at + 2];
    keys[each] = key;
    count.set(key, (count.get(key) ?? 0) + 1);
  }
  const sorted = [...count].sort((one, other) => other[1] - one[1]).map(([key]) => key);
  const known = new Set();
  const [firsts, others] = [[], []];
  for (const key of sorted) {
    (known.has(alike(key)) ? others : firsts).push(key);
    known.add(alike(key));
  }
  const first = new Set(sorted.slice(0, COMMONEST));
  const common = [...first, ...[...firsts, ...others].filter((key) => !first.has(key))];
  const palette = common.slice(0, COLOURS);
  const place = new Map(palette.map((key, index) => [key, index]));
  for (const key of common.slice(COLOURS)) {
    let [best, least] = [0, Infinity];
    palette.forEach((other, index) => {
      const [red, green, blue] = [16, 8, 0].map((shift) => ((key >> shift) & 255) - ((other >> shift) & 255));
      const distance = 2 * red * red + 4 * green * green + 3 * blue * blue;
      [best, least] = distance < least ? [index, distance] : [best, least];
    });
    place.set(key, best);
  }
  return { palette, indices: Uint8Array.from(keys, (key) => place.get(key)) };
}

const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) {
    rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  }
  return rest;
});

function checksum(bytes) {
  return ~bytes.reduce((rest, byte) => REMAINDERS[(rest ^ byte) & 255] ^ (rest >>> 8), ~0) >>> 0;
}

function chunk(kind, content) {
  const named = Buffer.concat([Buffer.from(kind, 'latin1'), content]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(content.length);
  sum.writeUInt32BE(checksum(named));
  return Buffer.concat([length, named, sum]);
}

function written(width, height, { palette, indices }) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  const lines = Buffer.alloc(height * (width + 1));
  for (let row = 0; row < height; row++) {
    lines.set(indices.subarray(row * width, (row + 1) * width), row * (width + 1) + 1);
  }
  const colours = Buffer.from(palette.flatMap((key) => [key >> 16, (key >> 8) & 255, key & 255]));
  const content = deflateSync(lines, { level: 9 });
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('PLTE', colours),
    chunk('IDAT', content),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

for (const name of process.argv.slice(2)) {
  const picture = read(readFileSync(name));
  if (picture) {
    const { palette, indices } = reduced(pixels(picture), picture.channels);
    writeFileSync(name, written(picture.width, picture.height, { palette, indices }));
  }
}
