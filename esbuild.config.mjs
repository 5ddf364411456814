/*
 * Bundles the FEEL interpreter for the embedded V8, and each island of the pages. A page loads what it needs and nothing
 * else; what is imported when it is needed, such as the JSON editor, is a chunk of its own.
 */
import { readdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';

import { build, context } from 'esbuild';

import { amendFeelin } from './workflow/expressions/feel/amendments.js';

const FRONTEND = 'operate/frontend';
const STATIC = 'operate/static/operate';

const feel = {
  entryPoints: ['workflow/expressions/feel/entry.js'],
  outfile: 'workflow/expressions/feel/dist/feelin.js',
  bundle: true,
  format: 'iife',
  globalName: 'fettleFeel',
  platform: 'neutral',
  plugins: [amendFeelin],
  mainFields: ['module', 'main'],
  target: 'es2022',
  minify: true,
  legalComments: 'none',
};

function islands() {
  const names = entries();
  return {
    entryPoints: names.map((name) => `${FRONTEND}/${name}`),
    outdir: STATIC,
    bundle: true,
    format: 'esm',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    target: ['es2022', 'chrome109', 'firefox115', 'safari16.4'],
    minify: true,
    sourcemap: true,
    legalComments: 'linked',
    metafile: true,
    assetNames: 'assets/[name]-[hash]',
    loader: { '.woff': 'file', '.woff2': 'file', '.ttf': 'file', '.eot': 'file', '.svg': 'file' },
  };
}

/* Scripts and style sheets directly in the folder are entries; folders below it hold what they share. */
function entries() {
  try {
    return readdirSync(FRONTEND).filter((name) => /(?<!\.d|\.test)\.(ts|css)$/.test(name));
  } catch (error) {
    if (error.code === 'ENOENT') {
      return [];
    }
    throw error;
  }
}

if (process.argv.includes('--watch')) {
  await (await context(islands())).watch();
  console.log(`Watching ${FRONTEND} …`);
} else {
  await rm(STATIC, { recursive: true, force: true });
  const [, { metafile }] = await Promise.all([build(feel), build(islands())]);
  await writeFile(`${STATIC}/build.json`, JSON.stringify(metafile)); // what is in which file, and how much of it
}
