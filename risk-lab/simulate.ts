import type { Counters } from '#engine/risk/score.ts'
import { chance } from './chance.ts'
import { createLedger } from './ledger.ts'
import { type Attacker, attack, attackers, type Login, type Person, type Population, type Shown } from './population.ts'

/** One attempt that is scored, with the past only. */
export interface Attempt {
  readonly user: number
  /** Logins the user had before. */
  readonly history: number
  readonly counters: Counters
  readonly shown: Shown
  /** Days since the beginning, of this and of the login before. */
  readonly day: number
  readonly lastDay?: number
  /** For the rules it is compared with. */
  readonly newAddress: boolean
  readonly newCountry: boolean
  readonly newDevice: boolean
}

export interface Simulated {
  readonly people: readonly Person[]
  readonly own: readonly Attempt[]
  readonly attacks: Readonly<Record<Attacker, readonly Attempt[]>>
}

export interface Simulation {
  /** Histories up to this length are looked at; longer ones only count. */
  readonly longest: number
  /** Attempts of each kind at each length of each user's history. */
  readonly attacks: number
  readonly seed: number
  /** Whose attempts are kept; all count. */
  readonly keep: (user: number) => boolean
}

/** Plays the logins in the order of time; before each one, attackers who hold the right password try theirs. Attacks teach nothing. */
export function simulate({ people, logins }: Population, options: Simulation): Simulated {
  const ledger = createLedger()
  const it = chance(options.seed, 0x7a11)
  const own: Attempt[] = []
  const attacks: Record<Attacker, Attempt[]> = { naive: [], VPN: [], targeted: [], 'very targeted': [] }
  const agents = new Map<number, readonly string[]>()
  const lastDays = new Map<number, number>()
  const attempt = (user: number, shown: Shown, day: number): Attempt => {
    const counters = ledger.counters(user, shown)
    const { network, agent } = counters
    return {
      user,
      history: counters.ownLogins,
      counters,
      shown,
      day,
      lastDay: lastDays.get(user),
      newAddress: network.user[0] === 0,
      newCountry: network.user[2] === 0,
      // As a cookie would not tell: the system and the kind of device, whatever the version of the browser.
      newDevice: agent.user[2] === 0 || agent.user[3] === 0,
    }
  }
  const play = (login: Login): void => {
    const { user, day } = login
    const latest = agents.get(user) ?? []
    const mine = attempt(user, login, day)
    if (options.keep(user) && mine.history <= options.longest) {
      own.push(mine)
      const victim = { person: people[user] as Person, day, agents: latest }
      for (const kind of mine.history === 0 ? [] : attackers) {
        for (let round = 0; round < options.attacks; round++)
          attacks[kind].push(attempt(user, attack[kind](it, victim), day))
      }
    }
    ledger.count(user, login)
    lastDays.set(user, day)
    agents.set(user, [login.agent, ...latest.filter((agent) => agent !== login.agent)].slice(0, 3))
  }
  for (const login of logins) play(login)
  return { people, own, attacks }
}
