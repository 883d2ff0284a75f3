import { readFileSync } from 'node:fs'

/** The built pages, as scripts/build-pages.mjs leaves them in dist/pages. */

const folder = new URL('../../../dist/pages/', import.meta.url)

interface Listed {
  readonly entry: string
  readonly style: string
  /** Scripts the entry needs at once. */
  readonly preload: readonly string[]
  /** The same for the page of devices, and its service worker. */
  readonly authenticator: { readonly entry: string; readonly preload: readonly string[] }
  readonly worker: string
  readonly files: Readonly<Record<string, { readonly type: string }>>
  readonly languages: Readonly<
    Record<
      string,
      {
        readonly direction: 'ltr' | 'rtl'
        readonly script: string
        readonly texts: Readonly<Record<string, string>>
      }
    >
  >
}

export interface BuiltFile {
  readonly type: string
  readonly plain: Uint8Array
  readonly gzip: Uint8Array
  readonly brotli: Uint8Array
}

export interface BuiltPages extends Listed {
  readonly contents: ReadonlyMap<string, BuiltFile>
}

/** Reads them all; undefined when they were not built. They are small, and a name that is not listed is no file. */
export function readBuiltPages(): BuiltPages | undefined {
  const list = listed()
  if (list === undefined) return undefined
  const read = (name: string) => readFileSync(new URL(name, folder))
  const contents = Object.entries(list.files).map(([name, { type }]): [string, BuiltFile] => [
    name,
    { type, plain: read(name), gzip: read(`${name}.gz`), brotli: read(`${name}.br`) },
  ])
  return { ...list, contents: new Map(contents) }
}

function listed(): Listed | undefined {
  try {
    return JSON.parse(readFileSync(new URL('pages.json', folder), 'utf8')) as Listed
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === 'ENOENT') return undefined
    throw error
  }
}

/** The smallest form of a file that the browser takes (RFC 9110 section 12.5.3; a weight of 0 means "not this one"). */
export function encoded(file: BuiltFile, accepted = ''): { readonly body: Uint8Array; readonly encoding?: string } {
  const takes = (name: string) =>
    accepted.split(',').some((it) => {
      const [coding, weight] = it
        .trim()
        .toLowerCase()
        .split(/(?<!\s)\s*;\s*q=/)
      return coding === name && Number(weight ?? 1) > 0
    })
  if (takes('br')) return { body: file.brotli, encoding: 'br' }
  if (takes('gzip')) return { body: file.gzip, encoding: 'gzip' }
  return { body: file.plain }
}
