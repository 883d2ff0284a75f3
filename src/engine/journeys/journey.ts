import type { Artifact } from '#model/artifact.ts'
import { asId, type ClientId, type TenantId, type TicketId, type UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Proof } from '#model/proof.ts'
import type { Requirement } from '#model/ticket.ts'
import { type Decision, insert, type OneRef, put, type Refs, row, type Write } from '#ports/store.ts'
import { audit } from '../events.ts'
import type { Issue } from '../issue.ts'
import { limits } from '../limits.ts'
import type { Caller, Parts } from '../parts.ts'

/** What a journey is for; at its `entry` nobody has said yet. A token of one kind does not exist in another (S-51). */
export type JourneyKind = 'entry' | 'sign-in' | 'sign-up' | 'reset' | 'add-method'

/**
 * Where a journey stands: a `first` factor is to be proved; `more` is to be proved by the ticket's requirement; a factor
 * is to be enrolled; an `act` is owed that is no proof, and is done elsewhere; the `address` is to be proved; a
 * `password` is to be chosen; `details` are missing; or all is done and tokens may be asked for (`finish`).
 */
export type Phase = 'first' | 'more' | 'enrol' | 'act' | 'address' | 'password' | 'details' | 'finish'

/** The phase a requirement leads to. */
export const phaseOf = ({ challenge, act }: Requirement): Phase => (challenge ? 'more' : act ? 'act' : 'enrol')

/** The known names of a new account, as its caller has them. */
export interface Profile {
  readonly name?: string
  readonly givenName?: string
  readonly familyName?: string
  readonly userMetadata?: Readonly<Record<string, unknown>>
}

/** What a journey remembers between two requests. JSON; no secret in the clear (S-35). */
export interface JourneyState {
  readonly login?: string
  readonly user?: UserId
  readonly ticket?: TicketId
  /** The newest challenge of this journey, its handle sealed: only its code counts. */
  readonly challenge?: string
  /** What was asked for or begun last, where the caller's wire has no word for it in its answer. */
  readonly asked?: { readonly kind: string; readonly target?: string }
  /** What was proved where no ticket keeps it. */
  readonly proofs?: readonly Proof[]
  /** Epoch ms of those proofs; a password changed since makes them worthless. */
  readonly provedAt?: number
  /** The address codes go to, in canonical form, and the form it is compared in. */
  readonly email?: string
  readonly emailKey?: string
  /** The number codes of the first factor go to, in canonical form. */
  readonly phone?: string
  /** The comparison form of an address that was proved in this journey. */
  readonly provedEmail?: string
  /** An enrolment that needs no code: the address was proved in this very journey. */
  readonly preverified?: string
  readonly passwordHash?: string
  readonly wantsPassword?: boolean
  readonly attributes?: Readonly<Record<string, string>>
  readonly profile?: Profile
  /** Asked for in order to add a method, whatever there is already. */
  readonly adds?: boolean
  /** Nobody stands behind it, and its client must not see that: what an account would be signed in to by first. */
  readonly decoy?: 'password' | 'email'
  /** Whatever the caller's wire needs to go on; JSON. */
  readonly extra?: Readonly<Record<string, unknown>>
}

/** A flow whose whole state lies on the server; its client holds tokens that name a journey and a stage of it. */
export interface Journey {
  readonly tenant: TenantId
  readonly id: string
  readonly client: ClientId
  readonly dialect: string
  readonly kind: JourneyKind
  readonly phase: Phase
  /** Counts what was passed: the tokens of a stage die together when it is passed (S-52). */
  readonly stage: number
  readonly state: JourneyState
  readonly startedAt: number
  readonly endsAt: number
  /** Tokens were issued, or the journey came to nothing. */
  readonly over?: boolean
}

/** Every journey ends after so long, however many stages it has; seconds. */
const longest = 1_800
/** How long the row of a dead journey is kept, to answer `expired` instead of `unknown`; seconds. */
const graveyard = 3_600
const model = 'Journey'

const rowId = (id: string): string => `${model}:${id}`

const lifetime = ({ tenant }: Pick<Caller, 'tenant'>): number =>
  tenant.limits?.ticketLifetimeSeconds ?? limits.ticketLifetime

function rowOf(it: Journey): Artifact {
  const { tenant, client, endsAt } = it
  // Not indexed by user: a new password ends what the old one has opened, and not the reset that sets it.
  return {
    tenant,
    id: rowId(it.id),
    model,
    payload: it as unknown as Artifact['payload'],
    client,
    expiresAt: endsAt + graveyard * 1_000,
  }
}

const journeyOf = (found: Artifact): Journey => found.payload as unknown as Journey

/** Names a journey's row for a change. */
export const journeyRef = (it: Pick<Journey, 'tenant' | 'id'>): OneRef<'artifacts'> =>
  row('artifacts', it.tenant, rowId(it.id))

/** Begins a journey. */
export async function openJourney(
  parts: Parts,
  caller: Caller,
  it: { readonly kind: JourneyKind; readonly phase: Phase; readonly state: JourneyState },
): Promise<Journey> {
  const { journey, write } = newJourney(parts, caller, it)
  await parts.store.change({}, () => ({ result: undefined, writes: [write] }))
  return journey
}

/** A journey that is about to begin, with the write of its row. */
export function newJourney(
  parts: Parts,
  caller: Caller,
  it: { readonly kind: JourneyKind; readonly phase: Phase; readonly state: JourneyState },
): { readonly journey: Journey; readonly write: Write } {
  const now = parts.clock.now()
  const journey: Journey = {
    tenant: caller.tenant.id,
    id: parts.random.token(),
    client: caller.application.id,
    dialect: caller.dialect,
    stage: 0,
    startedAt: now,
    endsAt: now + lifetime(caller) * 1_000,
    ...it,
  }
  return { journey, write: insert('artifacts', rowOf(journey)) }
}

const context = (tenant: TenantId, id: string): readonly string[] => ['journey', tenant, id]

/**
 * A fresh token for where a journey stands. It is signed with the server's key over journey and stage, so that nobody
 * who has seen one can make the next; a stage may have several, and all die when it is passed.
 */
export function journeyToken(parts: Pick<Parts, 'keyring' | 'random'>, { tenant, id, stage }: Journey): string {
  const named = `${stage}.${parts.random.code(letters, 8)}`
  return `${id}.${named}.${parts.keyring.mac(named, context(tenant, id))}`
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const tokenShape = /^([A-Za-z0-9_-]{43})\.([0-9]{1,4}\.[A-Za-z0-9]{8})\.([A-Za-z0-9._-]{1,200})$/

/** The client a token was made for, whoever comes with it; undefined: it is none of this server's. */
export async function clientOfJourney(parts: Parts, tenant: TenantId, token: string): Promise<ClientId | undefined> {
  const [, id, named, mac] = tokenShape.exec(token) ?? []
  if (id === undefined || named === undefined || mac === undefined) return undefined
  if (!parts.keyring.macMatches(named, context(tenant, id), mac)) return undefined
  const found = await parts.store.get('artifacts', tenant, rowId(id))
  return found && journeyOf(found).client
}

/** The journey of a token: alive, at the token's stage, of this caller's client, tenant and dialect (S-49, S-51). */
export async function readJourney(parts: Parts, caller: Caller, token: string): Promise<Outcome<Journey>> {
  const [, id, named, mac] = tokenShape.exec(token) ?? []
  const tenant = caller.tenant.id
  if (id === undefined || named === undefined || mac === undefined) return { no: 'ticket-unknown' }
  if (!parts.keyring.macMatches(named, context(tenant, id), mac)) return { no: 'ticket-unknown' }
  const found = await parts.store.get('artifacts', tenant, rowId(id))
  const it = found && journeyOf(found)
  if (it === undefined || it.dialect !== caller.dialect) return { no: 'ticket-unknown' }
  if (it.client !== caller.application.id) return await astray(parts, caller, it)
  return stillAt(found, { ...it, stage: Number(named.split('.')[0]) }, parts.clock.now())
}

/** Another client has come with a token: the audit names both, and the journey stays as it is (AC-3). */
async function astray(parts: Parts, caller: Caller, it: Journey): Promise<Outcome<never>> {
  const event = audit(parts, caller, 'proof.checked', {
    user: it.state.user,
    outcome: 'failure',
    reason: 'ticket-of-other-client',
    details: { issuedTo: it.client },
  })
  await parts.store.change({}, () => ({ result: undefined, writes: [event] }))
  return { no: 'ticket-of-other-client' }
}

/** The journey as it is stored, if it still stands where the caller believes it does. */
export function stillAt(found: Artifact | undefined, believed: Pick<Journey, 'stage'>, now: number): Outcome<Journey> {
  const it = found && journeyOf(found)
  if (it === undefined || it.over === true || it.stage !== believed.stage) return { no: 'ticket-unknown' }
  return it.endsAt <= now ? { no: 'ticket-expired' } : yes(it)
}

/** A journey one stage further: its older tokens are dead, and it has a lifetime anew within the longest one. */
export function passed(
  parts: Pick<Parts, 'clock'>,
  caller: Pick<Caller, 'tenant'>,
  it: Journey,
  next: { readonly phase: Phase; readonly state?: JourneyState },
): Journey {
  const endsAt = Math.min(parts.clock.now() + lifetime(caller) * 1_000, it.startedAt + longest * 1_000)
  const state = { ...it.state, challenge: undefined, ...next.state }
  return { ...it, phase: next.phase, state, stage: it.stage + 1, endsAt }
}

/** The write that replaces a journey a ref of this change has loaded. */
export const putJourney = (it: Journey): Write => put('artifacts', rowOf(it))

/** Stores what a journey has become, unless it has gone on meanwhile. */
export async function saveJourney(
  parts: Parts,
  before: Journey,
  become: (it: Journey) => Journey,
): Promise<Outcome<Journey>> {
  return await parts.store.change({ it: journeyRef(before) }, (found): Decision<Outcome<Journey>> => {
    const now = stillAt(found.it, before, parts.clock.now())
    if (now.no !== undefined) return { result: now }
    const after = become(now.yes)
    return { result: yes(after), writes: [putJourney(after)] }
  })
}

/** Lets an issue end a journey in its commit: of two requests with one token a single one gets what is issued (S-27). */
export function ending<R extends Refs, A>(parts: Parts, journey: Journey, issue: Issue<R, A>): Issue<Refs, A> {
  return inJourney(parts, journey, issue, (it) => ({ ...it, over: true, state: {} }))
}

/** What to issue where a proof only takes a journey further: nothing but the journey as it becomes. */
export function advancing(
  parts: Parts,
  journey: Journey,
  become: (it: Journey) => Journey,
): Issue<Refs, Journey | undefined> {
  const nothing: Issue<Record<never, never>, undefined> = {
    refs: {},
    decide: () => ({ issued: undefined, writes: [] }),
  }
  return inJourney(parts, journey, nothing, become)
}

function inJourney<R extends Refs, A>(
  parts: Parts,
  journey: Journey,
  issue: Issue<R, A>,
  become: (it: Journey) => Journey,
): Issue<Refs, A> {
  return {
    refs: { ...issue.refs, journey: journeyRef(journey) },
    decide(granted, found) {
      const { journey: stored } = found as { readonly journey?: Artifact }
      const it = stillAt(stored, journey, parts.clock.now())
      if (it.no !== undefined) return { refuse: it, writes: [] }
      const made = issue.decide(granted, found as never)
      return made.refuse ? made : { ...made, writes: [...made.writes, putJourney(become(it.yes))] }
    },
  }
}

const sealContext = (it: Journey): readonly string[] => [...context(it.tenant, it.id), 'challenge']

/** The journey with its newest challenge: a code of an older one counts no more. */
export const withChallenge = (parts: Parts, it: Journey, handle: string | undefined): Journey => ({
  ...it,
  state: {
    ...it.state,
    challenge: handle === undefined ? undefined : parts.keyring.seal(handle, sealContext(it)),
    preverified: undefined,
  },
})

/** The same, with what was asked: kinds that need no challenge are known by this alone. */
export const withAsked = (
  parts: Parts,
  it: Journey,
  asked: JourneyState['asked'],
  handle: string | undefined,
): Journey => {
  const next = withChallenge(parts, it, handle)
  return { ...next, state: { ...next.state, asked } }
}

/** The handle of the newest challenge. */
export const challengeOf = (parts: Parts, it: Journey): string | undefined =>
  it.state.challenge === undefined ? undefined : parts.keyring.openText(it.state.challenge, sealContext(it))

/** The user a journey is about, as a branded id. */
export const journeyUser = (it: Journey): UserId => it.state.user ?? asId<UserId>('')
