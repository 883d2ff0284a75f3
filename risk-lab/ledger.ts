import { parseAgent } from '#engine/risk/agent.ts'
import type { Counters, FeatureCounters } from '#engine/risk/score.ts'
import type { Shown } from './population.ts'

/** Earlier logins, counted as the engine counts them: by value and level, of everybody and of each user. */
export interface Ledger {
  /** What a login would be scored from. */
  counters(user: number, shown: Shown): Counters
  /** Counts a login that ended with a completed factor. */
  count(user: number, shown: Shown): void
}

type Value = string | number | undefined
/** How often each value was seen, level by level. */
type Counts = readonly Map<Value, number>[]
interface Tally {
  logins: number
  readonly network: Counts
  readonly agent: Counts
}

const tally = (): Tally => ({
  logins: 0,
  network: Array.from({ length: 3 }, () => new Map()),
  agent: Array.from({ length: 4 }, () => new Map()),
})

export function createLedger(): Ledger {
  const everybody = tally()
  const own = new Map<number, Tally>()
  const partsOf = remembering((agent) => {
    const { browser, system, device } = parseAgent(agent)
    return [agent, browser, system, device]
  })
  const networkOf = ({ address, asn, country }: Shown): readonly Value[] => [address, asn, country]
  const compare = (values: readonly Value[], all: Counts, mine: Counts | undefined): FeatureCounters => ({
    global: values.map((value, level) => seen(all[level], value)),
    user: values.map((value, level) => seen(mine?.[level], value)),
    distinct: all.reduce((sum, { size }, level) => (level === 0 ? sum : sum + size), 1),
  })
  return {
    counters(user, shown) {
      const mine = own.get(user)
      return {
        logins: everybody.logins,
        users: own.size,
        ownLogins: mine?.logins ?? 0,
        network: compare(networkOf(shown), everybody.network, mine?.network),
        agent: compare(partsOf(shown.agent), everybody.agent, mine?.agent),
      }
    },
    count(user, shown) {
      const mine = own.get(user) ?? tally()
      own.set(user, mine)
      for (const it of [everybody, mine]) {
        it.logins++
        add(it.network, networkOf(shown))
        add(it.agent, partsOf(shown.agent))
      }
    },
  }
}

const seen = (counts: Map<Value, number> | undefined, value: Value): number =>
  value === undefined ? 0 : (counts?.get(value) ?? 0)

function add(to: Counts, values: readonly Value[]): void {
  values.forEach((value, level) => {
    if (value !== undefined) to[level]?.set(value, (to[level]?.get(value) ?? 0) + 1)
  })
}

function remembering<T>(make: (text: string) => T): (text: string) => T {
  const known = new Map<string, T>()
  return (text) => {
    const found = known.get(text) ?? make(text)
    known.set(text, found)
    return found
  }
}
