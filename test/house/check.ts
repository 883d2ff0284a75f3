/** Judges sources by the rules of the house. Pure: it is handed paths and texts, so that made-up ones can be judged too. */
import { dirname, join, normalize } from 'node:path/posix'
import { OWNERS, ROOMS, type Room, VENDORS } from './rules.ts'
import { importsOf, lineAt, type Scanned, scan } from './scan.ts'

/** A file as the checker sees it: its path below `src/`, with forward slashes. */
export interface Source {
  readonly path: string
  readonly text: string
}

export type Rule = 'rooms' | 'doors' | 'apart' | 'packages' | 'vendors' | 'clock' | 'chance' | 'console'

export interface Violation {
  readonly rule: Rule
  /** `path:line what is wrong`, so that an editor can jump there. */
  readonly says: string
}

/** Tests, and what only tests use: a folder called testing/. */
const isTest = (path: string) => /\.test\.ts$|(?:^|\/)testing\//.test(path)

/** The room a path below `src/` lies in: its first folder, or the file's own name at the root. */
export const roomOf = (path: string) =>
  path.includes('/') ? path.slice(0, path.indexOf('/')) : path.replace(/(\.test)?\.ts$/, '')

const literally = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
const matches = (pattern: string, name: string) =>
  new RegExp(`^${pattern.split('*').map(literally).join('.*')}(?:/.*)?$`).test(name)

/** All that a file does against the rules. A test may use any room, chance and the clock; a door is a door for it too. */
export function violations(source: Source): readonly Violation[] {
  const name = roomOf(source.path)
  const room = ROOMS[name]
  if (room === undefined) {
    return [
      { rule: 'rooms', says: `src/${source.path}:1 no room is called ${name}: give it a row in test/house/rules.ts` },
    ]
  }
  const scanned = scan(source.text)
  return [
    ...importViolations(source, name, room, scanned),
    ...(room.nameless ? vendorWords(source) : []),
    ...(isTest(source.path) ? [] : calls(source, name, room, scanned)),
  ]
}

function importViolations(source: Source, name: string, room: Room, scanned: Scanned): readonly Violation[] {
  return importsOf(scanned).flatMap(({ line, specifier }) => {
    const where = `src/${source.path}:${line}`
    if (specifier === undefined)
      return [
        {
          rule: 'doors',
          says: `${where} imports something that only runs can tell: use a path with a literal beginning`,
        } as const,
      ]
    const inside = specifier.startsWith('.') ? normalize(join(dirname(source.path), specifier)) : specifier.slice(1)
    if (/^[.#]/.test(specifier) && isTest(inside) && !isTest(source.path)) {
      return [{ rule: 'rooms', says: `${where} imports ${specifier}, which is for tests` } as const]
    }
    if (specifier.startsWith('.')) return relativeImport(source, room, inside, where)
    if (specifier.startsWith('#')) return doorImport(source, name, room, specifier, where)
    return packageImport(source, name, room, specifier, where)
  })
}

function relativeImport({ path }: Source, room: Room, target: string, where: string): readonly Violation[] {
  const name = roomOf(path)
  const atRoot = !path.includes('/')
  const within = atRoot ? !target.includes('/') || room.stairs?.includes(roomOf(target)) : target.startsWith(`${name}/`)
  if (target.startsWith('..') || !within) {
    return [{ rule: 'doors', says: `${where} leaves its room for ${target}: across rooms it reads #room/file.ts` }]
  }
  if (atRoot) return isTest(path) ? [] : mayImport(name, room, roomOf(target), where)
  const [mine, theirs] = [folderIn(path), folderIn(target)]
  const strangers = room.apart && mine !== undefined && theirs !== undefined && theirs !== mine && theirs !== 'shared'
  return strangers && !isTest(path)
    ? [{ rule: 'apart', says: `${where} ${name}/${mine} imports ${name}/${theirs}` }]
    : []
}

/** The sub-folder of its room a path lies in, if any. */
const folderIn = (path: string) => path.split('/').slice(1, -1)[0]

function doorImport(
  { path }: Source,
  name: string,
  room: Room,
  specifier: string,
  where: string,
): readonly Violation[] {
  const target = specifier.slice(1).split('/')[0] as string
  if (target === 'test')
    return isTest(path) ? [] : [{ rule: 'rooms', says: `${where} imports ${specifier}, which is for tests` }]
  if (target === name)
    return [{ rule: 'doors', says: `${where} reads ${specifier} inside its own room: relative there` }]
  if (ROOMS[target] === undefined)
    return [{ rule: 'rooms', says: `${where} imports ${specifier}, and there is no such room` }]
  return isTest(path) ? [] : mayImport(name, room, target, where)
}

function mayImport(name: string, room: Room, target: string, where: string): readonly Violation[] {
  return target === name || room.imports.includes(target)
    ? []
    : [
        {
          rule: 'rooms',
          says: `${where} ${name} must not import ${target} (it may: ${room.imports.join(', ') || 'nothing'})`,
        },
      ]
}

function packageImport(
  { path }: Source,
  name: string,
  room: Room,
  specifier: string,
  where: string,
): readonly Violation[] {
  const owners = OWNERS[specifier] ?? OWNERS[specifier.split('/')[0] as string]
  if (owners !== undefined && !owners.includes(name) && !isTest(path)) {
    return [{ rule: 'packages', says: `${where} ${specifier} belongs to ${owners.join(', ')}` }]
  }
  const forbidden = !isTest(path) && room.without?.some((pattern) => matches(pattern, specifier))
  return forbidden ? [{ rule: 'packages', says: `${where} ${name} does without ${specifier}` }] : []
}

function vendorWords({ path, text }: Source): readonly Violation[] {
  const humps = VENDORS.flatMap((word) => {
    const [lower, hump, upper] = [word, word[0]?.toUpperCase() + word.slice(1), word.toUpperCase()]
    return [`(?<![A-Za-z])${lower}(?![a-z])`, `${hump}(?![a-z])`, `(?<![A-Z])${upper}(?![A-Z])`]
  })
  const found = [...`${path}\n${text}`.matchAll(new RegExp(humps.join('|'), 'g'))]
  return found.map(({ 0: word, index }) => {
    const line = Math.max(1, lineAt(`${path}\n${text}`, index) - 1)
    return { rule: 'vendors', says: `src/${path}:${line} names ${word}: vendors live in their dialect` }
  })
}

/** What code must be handed instead of reaching for it. */
function calls({ path }: Source, name: string, room: Room, { code }: Scanned): readonly Violation[] {
  const clock = room.clock || path.endsWith('/clock.ts')
  const rows: readonly (readonly [rule: Rule, applies: boolean, pattern: RegExp, instead: string])[] = [
    [
      'clock',
      !clock,
      /\bDate\s*\.\s*now\b|\bnew\s+Date\b(?!\s*\()|\bnew\s+Date\s*\(\s*\)/g,
      'time is passed in (Clock)',
    ],
    ['chance', true, /\bMath\s*\.\s*random\b/g, 'chance is passed in (Random)'],
    ['chance', name !== 'crypto', /\bcrypto\s*\.\s*(?:randomUUID|getRandomValues)\b/g, 'chance is passed in (Random)'],
    ['packages', name !== 'crypto', /\bcrypto\s*\.\s*subtle\b/g, 'only crypto hashes, signs and seals'],
    ['console', !room.prints, /(?<![\w$.])console\s*[.[]/g, 'only main and the command line print'],
  ]
  return rows.flatMap(([rule, applies, pattern, instead]) =>
    applies
      ? [...code.matchAll(pattern)].map(({ 0: call, index }) => ({
          rule,
          says: `src/${path}:${lineAt(code, index)} ${call}: ${instead}`,
        }))
      : [],
  )
}
