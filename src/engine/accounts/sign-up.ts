import type { Outcome, Refusal } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Proof } from '#model/proof.ts'
import { type Decision, type Found, insert, type Refs, rows, type Write } from '#ports/store.ts'
import { canonicalEmail } from '../addresses.ts'
import { audit } from '../events.ts'
import { spendAddressCode } from '../journeys/address-code.ts'
import {
  type Journey,
  type JourneyState,
  journeyRef,
  newJourney,
  passed,
  putJourney,
  stillAt,
} from '../journeys/journey.ts'
import type { Caller, Parts } from '../parts.ts'
import { unmatched } from './attribute-patterns.ts'
import { draftUser } from './create.ts'
import { findByEmail } from './find.ts'
import { hashNewPassword } from './passwords.ts'

/** What an account may or must come with, by the name its caller has for it. */
export interface AttributeRule {
  readonly name: string
  readonly required: boolean
  /** Characters at most. */
  readonly max: number
  /** The whole value has to match. */
  readonly pattern?: string
}

export type BadAttributes = {
  readonly no: 'bad-attributes'
  readonly names: readonly string[]
  readonly yes?: undefined
}
export type SignUpOutcome<T> = Outcome<T> | BadAttributes

export interface SignUpStart {
  readonly caller: Caller
  readonly email: string
  readonly password?: string
  /** false: an account that signs in by codes to its mailbox. */
  readonly wantsPassword: boolean
  readonly attributes: Readonly<Record<string, string>>
  readonly rules: readonly AttributeRule[]
  /** Becomes part of the journey. */
  readonly extra: Readonly<Record<string, unknown>>
}

/**
 * Begins a sign-up: everything given so far is judged, and nothing is stored but the journey. That an address is taken
 * is said here, as the callers of this verb promise it; where the tenant hides that, to whoever has proved the address.
 */
export async function startSignUp(parts: Parts, it: SignUpStart): Promise<SignUpOutcome<Journey>> {
  const { caller, wantsPassword, extra } = it
  const address = canonicalEmail(it.email)
  if (address.no !== undefined) return address
  const taken = await findByEmail(parts.store, caller.tenant.id, it.email)
  if (taken !== undefined && caller.tenant.hideUnknownUsers !== true) return { no: 'taken', what: 'email' }
  const bad = invalidAttributes(it.attributes, it.rules)
  if (bad !== undefined) return bad
  const { email, key: emailKey } = address.yes
  const hashed = it.password === undefined ? undefined : await hashFor(parts, caller, email, it.password)
  if (hashed?.no !== undefined) return hashed
  const state: JourneyState = {
    login: email,
    email,
    emailKey,
    passwordHash: hashed?.yes,
    wantsPassword: wantsPassword || hashed !== undefined,
    attributes: known(it.attributes, it.rules),
    extra,
  }
  const { journey, write } = newJourney(parts, caller, { kind: 'sign-up', phase: 'address', state })
  await parts.store.change({}, () => ({ result: undefined, writes: [write] }))
  return yes(journey)
}

const hashFor = (parts: Parts, { tenant }: Caller, email: string, password: string): Promise<Outcome<string>> =>
  hashNewPassword(parts.passwords, password, [tenant.name, email, email.split('@')[0] ?? ''])

/** Only attributes there is a rule for; others are nobody's business. */
function known(given: Readonly<Record<string, string>>, rules: readonly AttributeRule[]): Record<string, string> {
  const names = new Set(rules.map((it) => it.name))
  return Object.fromEntries(Object.entries(given).filter(([name]) => names.has(name)))
}

function invalidAttributes(
  given: Readonly<Record<string, string>>,
  rules: readonly AttributeRule[],
): BadAttributes | undefined {
  const all = rules.flatMap(({ name, max, pattern }) => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    return value === undefined ? [] : [{ name, value, pattern, tooLong: [...value].length > max }]
  })
  const bad = new Set(
    unmatched(
      all.flatMap(({ name, value, pattern, tooLong }) =>
        pattern === undefined || tooLong ? [] : [{ name, pattern, value }],
      ),
    ),
  )
  const names = all.filter(({ name, tooLong }) => tooLong || bad.has(name)).map(({ name }) => name)
  return names.length > 0 ? { no: 'bad-attributes', names } : undefined
}

/** The attributes an account still has to come with. */
export const missingAttributes = (state: JourneyState, rules: readonly AttributeRule[]): readonly AttributeRule[] =>
  rules.filter((it) => it.required && (state.attributes?.[it.name] ?? '').trim() === '')

export interface SignUpStep {
  readonly caller: Caller
  readonly journey: Journey
  readonly rules: readonly AttributeRule[]
  /** Attributes in the words of an account. */
  readonly profileOf: (attributes: Readonly<Record<string, string>>) => NonNullable<JourneyState['profile']>
}

/** Spends the code that was sent to the address; the account comes into being in the same commit if nothing is missing. */
export async function proveSignUpAddress(parts: Parts, step: SignUpStep, code: unknown): Promise<Outcome<Journey>> {
  if (step.journey.phase !== 'address') return { no: 'ticket-unknown' }
  const spend = spendAddressCode(parts, step.caller, step.journey, code)
  const now = parts.clock.now()
  const proves = (it: JourneyState): JourneyState => ({ ...it, provedEmail: it.emailKey, provedAt: now })
  return await settle(parts, step, proves, { refs: spend.refs, decide: (found) => spend.decide(found) })
}

/** Takes the password of an account whose address is proved. */
export async function giveSignUpPassword(parts: Parts, step: SignUpStep, password: string): Promise<Outcome<Journey>> {
  if (step.journey.phase !== 'password') return { no: 'ticket-unknown' }
  const hashed = await hashFor(parts, step.caller, step.journey.state.email ?? '', password)
  if (hashed.no !== undefined) return hashed
  return await settle(parts, step, (it) => ({ ...it, passwordHash: hashed.yes }))
}

/** Takes attributes of an account whose address is proved. */
export async function giveSignUpAttributes(
  parts: Parts,
  step: SignUpStep,
  attributes: Readonly<Record<string, string>>,
): Promise<SignUpOutcome<Journey>> {
  if (step.journey.phase !== 'details') return { no: 'ticket-unknown' }
  const bad = invalidAttributes(attributes, step.rules)
  if (bad !== undefined) return bad
  const given = known(attributes, step.rules)
  return await settle(parts, step, (it) => ({ ...it, attributes: { ...it.attributes, ...given } }))
}

/** Takes what is missing in one piece: the password, attributes, or both, of an account whose address is proved. */
export async function giveSignUpDetails(
  parts: Parts,
  step: SignUpStep,
  it: { readonly password?: string; readonly attributes: Readonly<Record<string, string>> },
): Promise<SignUpOutcome<Journey>> {
  const { caller, journey, rules } = step
  if (journey.phase !== 'details' && journey.phase !== 'password') return { no: 'ticket-unknown' }
  const bad = invalidAttributes(it.attributes, rules)
  if (bad !== undefined) return bad
  const wanted = journey.phase === 'password' ? it.password : undefined
  const hashed = wanted === undefined ? undefined : await hashFor(parts, caller, journey.state.email ?? '', wanted)
  if (hashed?.no !== undefined) return hashed
  const given = known(it.attributes, rules)
  const passwordHash = hashed === undefined ? {} : { passwordHash: hashed.yes }
  return await settle(parts, step, (now) => ({ ...now, ...passwordHash, attributes: { ...now.attributes, ...given } }))
}

interface Beside {
  readonly refs: Refs
  readonly decide: (found: Found<Refs>) => { readonly writes: readonly Write[]; readonly refuse?: Refusal }
}

/** The next phase; and when there is none left, the account, all in one commit. Of two for one address one is refused. */
async function settle(
  parts: Parts,
  { caller, journey, rules, profileOf }: SignUpStep,
  become: (it: JourneyState) => JourneyState,
  beside?: Beside,
): Promise<Outcome<Journey>> {
  const { tenant } = caller
  const refs = {
    ...beside?.refs,
    journey: journeyRef(journey),
    byEmail: rows('users', 'email', tenant.id, journey.state.emailKey ?? ''),
  }
  return await parts.store.change(refs, (found): Decision<Outcome<Journey>> => {
    const standing = stillAt(found.journey, journey, parts.clock.now())
    if (standing.no !== undefined) return { result: standing }
    const spent = beside?.decide(found as unknown as Found<Refs>)
    if (spent?.refuse) return { result: spent.refuse, writes: spent.writes }
    const writes = spent?.writes ?? []
    const state = become(standing.yes.state)
    if (found.byEmail.length > 0) return { result: { no: 'taken', what: 'email' }, writes }
    const phase = missing(state, rules)
    if (phase !== undefined) {
      // Some details of several are no step: the same token may bring the others.
      const stays = phase === standing.yes.phase
      const next = stays ? { ...standing.yes, state } : passed(parts, caller, standing.yes, { phase, state })
      return { result: yes(next), writes: [...writes, putJourney(next)] }
    }
    const { email, passwordHash } = state
    const wanted = { ...profileOf(state.attributes ?? {}), email, emailVerified: true, passwordHash }
    const user = draftUser(parts, tenant, wanted)
    if (user.no !== undefined) return { result: user }
    const done: JourneyState = { ...state, user: user.yes.id, ...proofsOf(state, parts.clock.now()) }
    const next = passed(parts, caller, standing.yes, { phase: 'finish', state: done })
    const created = [insert('users', user.yes), audit(parts, caller, 'user.created', { user: user.yes.id })]
    return { result: yes(next), writes: [...writes, ...created, putJourney(next)] }
  })
}

function missing(state: JourneyState, rules: readonly AttributeRule[]): 'password' | 'details' | undefined {
  if (state.wantsPassword === true && state.passwordHash === undefined) return 'password'
  return missingAttributes(state, rules).length > 0 ? 'details' : undefined
}

/** Whoever has just chosen the password knows it; without one, the mailbox was proved. The hash is needed no more. */
function proofsOf(state: JourneyState, now: number): Partial<JourneyState> {
  const proof: Proof =
    state.passwordHash === undefined
      ? { factor: 'email', channel: `email:${state.email}`, at: now }
      : { factor: 'password', channel: 'password', at: now }
  return { proofs: [proof], provedAt: now, passwordHash: undefined, attributes: undefined }
}
