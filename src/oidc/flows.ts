import { sameSecret, tokenDigest } from '#crypto/digest.ts'
import type { Exchange } from '#http/route.ts'
import type { Artifact } from '#model/artifact.ts'
import type { TenantId, UserId } from '#model/ids.ts'
import type { Assurance, Proof } from '#model/proof.ts'
import type { Clock } from '#ports/clock.ts'
import type { Keyring } from '#ports/keyring.ts'
import type { Random } from '#ports/random.ts'
import { insert, put, remove, row, type Store, type Write } from '#ports/store.ts'
import { type CookieKind, readCookie, setCookie } from './cookies.ts'

const model = 'SignInFlow'
/** A person has an hour to sign in, s. */
export const flowLifetime = 3_600

/** What a sign-in is for, fixed at its beginning. */
export interface FlowOrder {
  /** Application signed in to. */
  readonly client: string
  /** Where the browser goes when it is over; a path of this server. */
  readonly returnTo: string
  readonly audience?: string
  readonly scope: readonly string[]
  readonly managesFactors?: boolean
  /** The request itself asks for a second factor. */
  readonly secondFactor?: boolean | 'phishing-resistant'
  /** s; proofs of the session older than this do not count. */
  readonly maxAge?: number
  /** Nothing of the session counts (`prompt=login`). */
  readonly anew?: boolean
  readonly consent?: boolean
  readonly login?: string
  readonly screen?: string
  readonly connection?: string
  readonly locales?: readonly string[]
  /** An invitation: a factor is enrolled and nobody is signed in by it. */
  readonly enrolment?: true
  /** The window that opened this one must stay reachable (`web_message` in a popup). */
  readonly popup?: boolean
  /** `uid` of the session there was. */
  readonly session?: string
}

/** What a flow has come to; written by those who run it. */
export interface FlowGrant {
  readonly user: UserId
  readonly proofs: readonly Proof[]
  readonly assurance: Assurance
  readonly device?: string
}

/** A flow as it is stored: sealed whole, since it holds handles and what was typed. `progress` is the runner's own. */
export interface FlowData<Progress = Readonly<Record<string, unknown>>> {
  readonly order: FlowOrder
  readonly progress: Progress
  readonly granted?: FlowGrant
  /** All steps are done. */
  readonly finished?: boolean
  /** Given up: what the application is told. */
  readonly error?: { readonly error: string; readonly description: string }
}

export interface Flow {
  /** Its name in addresses; with the cookie, the right to go on. */
  readonly uid: string
  readonly row: Artifact
  readonly data: FlowData
  readonly endsAt: number
  /** Value of the cookie it is bound to. */
  readonly cookie: string
}

export interface FlowParts {
  readonly store: Store
  readonly keyring: Keyring
  readonly clock: Clock
  readonly random: Random
}

const rowId = (uid: string): string => `${model}:${tokenDigest(uid)}`
/** Each flow has a cookie of its own, so that logins in two tabs do not disturb each other. */
const kindOf = (uid: string): CookieKind => `flow_${tokenDigest(uid).slice(0, 10)}`
const context = (tenant: TenantId, id: string): readonly string[] => ['flow', tenant, id]

/** Running sign-ins: state before anybody is signed in, with no rights of its own (S-125). */
export function createFlows({ store, keyring, clock, random }: FlowParts) {
  function sealed(tenant: TenantId, id: string, data: FlowData): string {
    return keyring.seal(JSON.stringify(data), context(tenant, id))
  }

  /** A flow out of its row, for whoever has shown that it is theirs. */
  function open(found: Artifact, uid: string, cookie: string): Flow {
    const { sealed: text } = found.payload as { sealed: string }
    const data = JSON.parse(keyring.openText(text, context(found.tenant, found.id))) as FlowData
    return { uid, row: found, data, endsAt: found.expiresAt ?? 0, cookie }
  }

  return {
    /** Begins a flow; answers the cookie that binds it to this browser. */
    async begin(
      place: Pick<Exchange, 'tenant' | 'base'>,
      uid: string,
      order: FlowOrder,
      progress: FlowData['progress'] = {},
    ): Promise<string> {
      const tenant = place.tenant.id
      const id = rowId(uid)
      const cookie = random.token()
      const flow: Artifact = {
        tenant,
        id,
        model,
        payload: { cookie: tokenDigest(cookie), sealed: sealed(tenant, id, { order, progress }) },
        client: order.client,
        expiresAt: clock.now() + flowLifetime * 1_000,
      }
      await store.change({}, () => ({ result: undefined, writes: [insert('artifacts', flow)] }))
      return setCookie(place, kindOf(uid), cookie, flowLifetime)
    },
    /** The flow of this name, if it is this browser's and not over. */
    async read(exchange: Exchange, uid: string): Promise<Flow | undefined> {
      const tenant = exchange.tenant.id
      const cookie = readCookie(exchange, kindOf(uid))
      const found = await store.get('artifacts', tenant, rowId(uid))
      if (cookie === undefined || found === undefined || found.model !== model) return undefined
      const { cookie: bound } = found.payload as { cookie: string }
      if ((found.expiresAt ?? 0) <= clock.now() || !sameSecret(tokenDigest(cookie), bound)) return undefined
      return open(found, uid, cookie)
    },
    open,
    ref: (flow: Flow) => row('artifacts', flow.row.tenant, flow.row.id),
    /** Whether a flow is still as it was read; what decides over it in a change asks this. */
    unchanged: (flow: Flow, found: Artifact | undefined): found is Artifact =>
      found !== undefined && (found.payload as { sealed: string }).sealed === flow.row.payload.sealed,
    /** The write that moves a flow on. `cookie`: a new value it is bound to from now on (S-125). */
    move(found: Artifact, data: FlowData, cookie: string): Write {
      const payload = { cookie: tokenDigest(cookie), sealed: sealed(found.tenant, found.id, data) }
      return put('artifacts', { ...found, payload })
    },
    /** Ends a flow by using it: false when somebody else has. */
    async spend(flow: Flow): Promise<boolean> {
      const ref = { it: row('artifacts', flow.row.tenant, flow.row.id) }
      return await store.change(ref, ({ it }) =>
        it === undefined ? { result: false } : { result: true, writes: [remove('artifacts', it.tenant, it.id)] },
      )
    },
    newCookie: (): string => random.token(),
    cookieLine: (place: Pick<Exchange, 'tenant' | 'base'>, uid: string, value: string): string =>
      setCookie(place, kindOf(uid), value, value === '' ? 0 : flowLifetime),
  }
}

export type Flows = ReturnType<typeof createFlows>
