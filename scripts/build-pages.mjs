/**
 * Builds the hosted pages out of web/ into dist/pages, where src/dialects/hosted/static-files.ts reads them. Needs the
 * bundled Node; scripts/lib/pages.mjs starts it when the pages are older than their sources, and so does
 * `node_modules/.bin/node scripts/build-pages.mjs`.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build } from 'vite'
import { pagesFolder, stampOfSources, writeStamp } from './lib/pages.mjs'
import { root } from './lib/paths.mjs'

/** @typedef {{ file: string, imports?: string[], isEntry?: boolean, src?: string }} Chunk */

/** @type {Readonly<Record<string, string>>} */
const TYPES = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** What the account portal says and the server never does stays out of the list: it is read at every start. */
const WITHOUT = /^(?:account|authenticator|event)\.(?!title$)/

// Taken before the build: whatever changes meanwhile makes the pages old again.
const stamp = stampOfSources()
await build({ configFile: join(root, 'web', 'vite.config.ts'), logLevel: 'warn' })

/** @type {Record<string, Chunk>} */
const manifest = JSON.parse(readFileSync(join(pagesFolder, '.vite', 'manifest.json'), 'utf8'))
/**
 * The chunk of an entry, which is not to be missing.
 * @param {string} name
 */
function entryOf(name) {
  const chunk = manifest[name]
  if (chunk?.isEntry !== true) throw new Error(`the build has no entry ${name}`)
  return chunk
}
const [entryName, deviceName] = ['src/main.tsx', 'src/authenticator/main.tsx']
const worker = entryOf('src/authenticator/worker.ts')
if (worker.imports?.length) throw new Error('a service worker has to be one file')
const style = Object.values(manifest).find(({ file }) => file.endsWith('.css'))?.file
if (style === undefined) throw new Error('the build has no style sheet')

/**
 * Everything a chunk imports at once, itself left out.
 * @param {string} name
 * @param {Set<string>} [found]
 * @returns {Set<string>}
 */
function importsOf(name, found = new Set()) {
  for (const next of manifest[name]?.imports ?? []) {
    if (found.has(next)) continue
    found.add(next)
    importsOf(next, found)
  }
  return found
}

const { languages } = await import('../web/texts/languages.ts')
const spoken = await Promise.all(
  Object.entries(languages).map(async ([language, direction]) => {
    const module = await import(`../web/texts/${language}.ts`)
    const script = manifest[`texts/${language}.ts`]?.file
    if (script === undefined) throw new Error(`the build has no words for ${language}`)
    const texts = Object.fromEntries(Object.entries(module[language]).filter(([key]) => !WITHOUT.test(key)))
    return [language, { direction, script, texts }]
  }),
)

const names = [...new Set(Object.values(manifest).map(({ file }) => file))].sort()
for (const name of names) {
  const bytes = readFileSync(join(pagesFolder, name))
  writeFileSync(join(pagesFolder, `${name}.gz`), gzipSync(bytes, { level: 9 }))
  writeFileSync(
    join(pagesFolder, `${name}.br`),
    brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
  )
}

writeFileSync(
  join(pagesFolder, 'pages.json'),
  JSON.stringify({
    entry: entryOf(entryName).file,
    style,
    preload: [...importsOf(entryName)].map((name) => manifest[name]?.file),
    authenticator: {
      entry: entryOf(deviceName).file,
      preload: [...importsOf(deviceName)].map((name) => manifest[name]?.file),
    },
    worker: worker.file,
    files: Object.fromEntries(
      names.map((name) => [name, { type: TYPES[extname(name)] ?? 'application/octet-stream' }]),
    ),
    languages: Object.fromEntries(spoken),
  }),
)
rmSync(join(pagesFolder, '.vite'), { recursive: true })
writeStamp(stamp)
