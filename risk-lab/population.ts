import { agentOf, type Device, drawAttackAgent, drawDevice, isPhone } from './agents.ts'
import { type Chance, chance, runningSums, zipf } from './chance.ts'

/** What one attempt shows: numbers stand for addresses, systems and countries. */
export interface Shown {
  readonly address: number
  readonly asn: number
  readonly country: number
  readonly agent: string
}

export interface Login extends Shown {
  readonly user: number
  /** Days since the beginning. */
  readonly day: number
}

/** How often somebody comes: five classes from daily to rarer than monthly (risk.md §1.5); median gap in days. */
export const classes = [
  { name: 'daily', gap: 1 },
  { name: 'every 3 days', gap: 3 },
  { name: 'weekly', gap: 7 },
  { name: 'every 20 days', gap: 20 },
  { name: 'every 45 days', gap: 45 },
] as const

/** The figures of the population. Those of risk.md §1.5 stand there; the others are ours and say so. */
export const figures = {
  /** risk.md §1.5. */
  oneCountry: 0.9,
  newAddress: 0.05,
  mobileUsers: 0.4,
  newDevice: 0.01,
  hostingNetworks: 300,
  vpnNetworks: 40,
  /** Ours: spread of the log-normal gaps, days the service runs, days in which users join. */
  sigma: 0.5,
  days: 540,
  joining: 180,
  /** Ours: other countries and the networks of each; how many addresses a network hands out. */
  otherCountries: 30,
  homeNetworks: 60,
  otherNetworks: 12,
  mobileNetworks: 4,
  addresses: 65_536,
  hostingAddresses: 64,
  /**
   * Ours: how often users with a mobile network are on it, and how often a second device is taken. Their address there
   * changes by the one law that risk.md gives; `--mobile fresh` has it change at each login.
   */
  onMobile: 0.25,
  secondDevice: 0.5,
  onSecond: 0.25,
} as const

export interface Person {
  readonly id: number
  readonly class: number
  readonly country: number
  readonly home: number
  readonly mobile?: number
}

/** How often a mobile network hands out another address. */
export type Mobile = 'as at home' | 'fresh'

export interface Population {
  readonly people: readonly Person[]
  /** In the order of time. */
  readonly logins: readonly Login[]
}

const countrySums = runningSums([
  figures.oneCountry / (1 - figures.oneCountry),
  ...shares(zipf(figures.otherCountries)),
])
const homeSums = runningSums(zipf(figures.homeNetworks))
const otherSums = runningSums(zipf(figures.otherNetworks))
const mobileSums = runningSums(zipf(figures.mobileNetworks))

function shares(weights: readonly number[]): readonly number[] {
  const sum = weights.reduce((a, b) => a + b, 0)
  return weights.map((weight) => weight / sum)
}

/** Numbers of systems: a thousand a country, by use. */
const asnOf = (country: number, use: 'home' | 'mobile' | 'vpn', at: number): number =>
  country * 1_000 + { home: 0, mobile: 200, vpn: 400 }[use] + at
const hostingAsn = (at: number): number => 1_000_000 + at
const addressIn = (asn: number, host: number): number => asn * 65_536 + host

/** People and all their logins, in the order of time; the same seed gives the same ones. */
export function populate(users: number, seed: number, mobile: Mobile = 'as at home'): Population {
  const people: Person[] = []
  const logins: Login[] = []
  for (let id = 0; id < users; id++) {
    const it = chance(seed, id + 1)
    const person = drawPerson(it, id)
    people.push(person)
    logins.push(...loginsOf(person, it, mobile))
  }
  return { people, logins: logins.sort((a, b) => a.day - b.day || a.user - b.user) }
}

function drawPerson(it: Chance, id: number): Person {
  const country = it.pick(countrySums)
  const home = asnOf(country, 'home', it.pick(country === 0 ? homeSums : otherSums))
  const mobile = it.happens(figures.mobileUsers) ? asnOf(country, 'mobile', it.pick(mobileSums)) : undefined
  return { id, class: it.below(classes.length), country, home, ...(mobile !== undefined && { mobile }) }
}

function loginsOf({ id, class: of, country, home, mobile }: Person, it: Chance, law: Mobile): readonly Login[] {
  const devices = firstDevices(it, mobile !== undefined)
  const addresses = new Map<number, number>()
  const addressOf = (asn: number, changes: number): number => {
    const known = addresses.get(asn)
    const address = known === undefined || it.happens(changes) ? addressIn(asn, it.below(figures.addresses)) : known
    addresses.set(asn, address)
    return address
  }
  const logins: Login[] = []
  for (let day = it.draw() * figures.joining; day < figures.days; ) {
    const outside = mobile !== undefined && it.happens(figures.onMobile)
    const asn = outside ? mobile : home
    const at = chooseDevice(it, devices, outside)
    if (it.happens(figures.newDevice)) devices[at] = drawDevice(it, isPhone(devices[at] as Device))
    const address = addressOf(asn, outside && law === 'fresh' ? 1 : figures.newAddress)
    logins.push({ user: id, day, country, asn, address, agent: agentOf(devices[at] as Device, day) })
    day += (classes[of]?.gap ?? 1) * Math.exp(figures.sigma * it.normal())
  }
  return logins
}

function firstDevices(it: Chance, mobile: boolean): Device[] {
  const first = drawDevice(it)
  if (mobile && !isPhone(first)) return [first, drawDevice(it, true)]
  return it.happens(figures.secondDevice) ? [first, drawDevice(it)] : [first]
}

/** On the way it is a phone, where there is one. */
function chooseDevice(it: Chance, devices: readonly Device[], outside: boolean): number {
  const phone = outside ? devices.findIndex(isPhone) : -1
  if (phone >= 0) return phone
  return devices.length > 1 && it.happens(figures.onSecond) ? 1 : 0
}

/** Who tries a right password that is not theirs (risk.md §1.3, §1.5). */
export const attackers = ['naive', 'VPN', 'targeted', 'very targeted'] as const
export type Attacker = (typeof attackers)[number]

/** What an attacker may know of a victim. */
export interface Victim {
  readonly person: Person
  readonly day: number
  /** The agents shown last, the latest first. */
  readonly agents: readonly string[]
}

/** An attempt of each kind. Where a kind is left open by risk.md it takes what is commonest. */
export const attack: Readonly<Record<Attacker, (it: Chance, victim: Victim) => Shown>> = {
  naive(it, { day }) {
    const at = it.below(figures.hostingNetworks)
    // World-wide: no more of them in the country of most users than in any other.
    const country = at % (figures.otherCountries + 1)
    const asn = hostingAsn(at)
    return {
      asn,
      country,
      address: addressIn(asn, it.below(figures.hostingAddresses)),
      agent: drawAttackAgent(it, day),
    }
  },
  VPN(it, { person: { country }, day }) {
    const asn = asnOf(country, 'vpn', it.below(figures.vpnNetworks))
    return {
      asn,
      country,
      address: addressIn(asn, it.below(figures.hostingAddresses)),
      agent: drawAttackAgent(it, day),
    }
  },
  targeted(it, { person: { country, home }, agents }) {
    const latest = agents.slice(0, 3)
    return {
      asn: home,
      country,
      address: addressIn(home, it.below(figures.addresses)),
      agent: latest[it.below(latest.length)] ?? '',
    }
  },
  'very targeted'(it, { person: { country, home }, agents }) {
    return { asn: home, country, address: addressIn(home, it.below(figures.addresses)), agent: agents[0] ?? '' }
  },
}
