/** Strings that a pattern may take long for, made of what the pattern itself says, and how long it takes for them. */
import type { Random } from '#ports/random.ts'
import { onesOf, type Tree, treeOf } from './pattern-tree.ts'

/** A string of any length: what comes first, what is repeated, each part in turn, and what comes last. */
interface Attack {
  readonly before: string
  readonly units: readonly string[]
  readonly after: string
}

/** A string that took too long. */
export interface Slow {
  readonly attack: Attack
  /** How many units it has. */
  readonly count: number
  /** CPU time of one run in ms. */
  readonly took: number
}

/** The longest body the edge takes (S-151), in characters. */
export const longest = 65_536

/**
 * How often units are repeated, in steps small enough for what takes exponential time to be found before it takes hours:
 * ten million steps are not noticed, and one unit more makes them a few times as many. Beyond that, a tenth more units
 * make less than a hundred million of them, and what is not exponential takes at most 8 times as long for twice the units.
 */
const counts: number[] = []
for (let count = 8; count <= longest; ) {
  counts.push(count)
  count = count < 40 ? count + 1 : count < 256 ? Math.ceil(count * 1.1) : count * 2
}

/** Latin-1, and of the rest what patterns like to tell apart: marks, separators, letters that fold, half a pair. */
const candidates = [
  ...Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)),
  ...'\u0130\u017f\u212a\u0301\u0660\u200e\u2028\u2029\u202e\u4e2d\ufeff\ud800',
  '\u{1f600}',
]

/** What stands for all characters a pattern cannot tell apart, by those that match one of its parts. */
interface Alphabet {
  readonly matching: (one: string) => readonly string[]
  readonly all: readonly string[]
  /** A character that no part matches, if there is any. */
  readonly misfit: string | undefined
}

function alphabetOf(tree: Tree, flags: string): Alphabet {
  const ones = onesOf(tree).map((source) => ({
    source,
    alone: new RegExp(`^(?:${source})$`, flags.replace(/[gy]/g, '')),
  }))
  const groups = new Map<string, string>()
  // Those that can be read in a message first.
  const readable = [...candidates].sort((one, other) => Number(/[!-~]/.test(other)) - Number(/[!-~]/.test(one)))
  for (const char of readable) {
    const signature = ones.map(({ alone }) => Number(alone.test(char))).join('')
    if (!groups.has(signature)) groups.set(signature, char)
  }
  const all = [...groups.values()]
  const misfit = groups.get('0'.repeat(ones.length))
  const by = new Map(ones.map(({ source, alone }) => [source, all.filter((char) => alone.test(char))]))
  return { all, misfit, matching: (one) => by.get(one) ?? [] }
}

/** More of the same than this can be repeated for ever, as far as times go. */
const many = 8

/** Builds attacks for one pattern, other ones with every draw. */
function builder(tree: Tree, alphabet: Alphabet, random: Random) {
  const pick = <T>(from: readonly T[]): T | undefined => (from.length > 0 ? from[random.int(from.length)] : undefined)
  const some = <T>(from: readonly T[], most: number): readonly T[] =>
    from.length <= most ? from : Array.from({ length: most }, () => pick(from) as T)

  /** A text the tree matches. */
  const sample = (it: Tree): string => {
    if (it.is === 'one') return pick(alphabet.matching(it.source)) ?? ''
    if (it.is === 'all') return it.parts.map(sample).join('')
    if (it.is === 'any') return sample(pick(it.parts) as Tree)
    if (it.is === 'look') return ''
    const times = Math.min(it.most, it.least + random.int(2))
    return Array.from({ length: times }, () => sample(it.body)).join('')
  }

  /** Everything that repeats, and what leads up to it. */
  function* pumps(it: Tree, before = ''): Generator<readonly [before: string, unit: string]> {
    if (it.is === 'repeat') {
      if (it.most - it.least >= many) yield [before, sample(it.body)]
      yield* pumps(it.body, before)
    } else if (it.is === 'all') {
      let lead = before
      for (const part of it.parts) {
        yield* pumps(part, lead)
        lead += sample(part)
      }
    } else if (it.is !== 'one') for (const part of it.parts) yield* pumps(part, before)
  }

  return function* (): Generator<Attack> {
    const tail = () => pick([alphabet.misfit, alphabet.misfit, pick(alphabet.all), '\n']) ?? ''
    const found = [...pumps(tree)]
    for (const char of some(alphabet.all, 12)) yield { before: '', units: [char], after: tail() }
    for (const [before, unit] of found) {
      yield { before, units: [unit], after: alphabet.misfit ?? tail() }
      yield { before, units: [unit], after: '' }
      if (before !== '') yield { before: '', units: [before + unit], after: tail() }
      for (const char of some(alphabet.all, 3)) yield { before, units: [char], after: tail() }
    }
    const pieces = [...alphabet.all, ...found.map(([, unit]) => unit)]
    const piece = () => pick(pieces) ?? ''
    for (let n = 0; n < 3; n++) {
      yield { before: '', units: [piece() + piece()], after: tail() }
      yield { before: '', units: [piece(), piece()], after: tail() }
    }
    const whole = sample(tree)
    yield { before: '', units: [whole], after: tail() }
    yield { before: '', units: [whole.slice(0, random.int(whole.length + 1))], after: tail() }
  }
}

/** At least one of each unit. */
const textOf = ({ before, units, after }: Attack, count: number): string =>
  before + units.map((unit) => unit.repeat(Math.ceil(count / units.length))).join('') + after

/** The counts that make sense for an attack, up to the one that makes the longest text. */
function countsOf({ units }: Attack): readonly number[] {
  const most = Math.floor((longest * units.length) / Math.max(1, units.join('').length))
  return [...counts.filter((count) => count < most), most]
}

/** CPU time of this thread in ms, which a busy machine does not lengthen as it does that of the clock on the wall. */
function cpuTime(work: () => unknown): number {
  const begun = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(begun)
  return (user + system) / 1_000
}

/** So often is a run that took too long repeated, unless it took so long that nothing else can be to blame; the least counts. */
const again = 2
const hopeless = 4

/** The first string built against a pattern that it takes longer for than `limit` ms, up to `longest` characters. */
export function slowString(
  pattern: RegExp,
  options: { readonly sweeps: boolean; readonly limit: number; readonly random: Random; readonly seeds?: number },
): Slow | undefined {
  const { sweeps, limit, random, seeds = 3 } = options
  const tree = treeOf(pattern)
  const attacks = builder(tree, alphabetOf(tree, pattern.flags), random)
  const whole = new RegExp(pattern.source, `${pattern.flags.replace('g', '')}g`)
  const first = new RegExp(pattern.source, pattern.flags.replace('g', ''))
  const run = (text: string) => () => (sweeps ? text.replace(whole, '') : first.test(text))
  const slow = (attack: Attack): Slow | undefined => {
    for (const count of countsOf(attack)) {
      const text = textOf(attack, count)
      let took = cpuTime(run(text))
      for (let n = 0; n < again && took > limit && took < hopeless * limit; n++)
        took = Math.min(took, cpuTime(run(text)))
      if (took > limit) return { attack, count, took }
    }
    return undefined
  }
  for (let seed = 0; seed < seeds; seed++) {
    for (const attack of attacks()) {
      const found = slow(attack)
      if (found) return found
    }
  }
  return undefined
}
