import { call, type Reply } from '../api.ts'
import { type Account, type NewKey, sign } from './keys.ts'

/** A request that waits for this device, as the server tells of it. */
export interface Waiting {
  readonly challenge: string
  readonly nonce: string
  readonly application: string
  readonly place: string
  /** Epoch ms, as `expiresAt`. */
  readonly at: number
  readonly expiresAt: number
}

export type Decision = 'allow' | 'deny' | 'report'

interface About {
  readonly now: number
  readonly pushKey?: string
}

const base = '/u/api/authenticator'

/** How far the server's clock is ahead of this device's, ms: statements go by the server's. */
let ahead = 0
let pushKey: string | undefined

/** Learns the server's time, and the key alerts are bound to: undefined where none are sent. */
export async function meetServer(): Promise<string | undefined> {
  const reply = await call<About>('GET', base)
  if (reply.ok) {
    ahead = reply.value.now - Date.now()
    pushKey = reply.value.pushKey
  }
  return pushKey
}

async function say<T>(
  by: Pick<Account, 'kid' | 'key'>,
  path: string,
  act: string,
  says: object = {},
): Promise<Reply<T>> {
  const send = async () =>
    call<T>('POST', `${base}/${path}`, undefined, {
      statement: await sign(by, { aud: location.origin, iat: Date.now() + ahead, act, ...says }),
    })
  const first = await send()
  if (first.ok || first.refusal.error !== 'stale-proof') return first
  await meetServer()
  return await send()
}

export const enrol = ({ jwk, ...by }: NewKey, secret: string, name: string, subscription: object | undefined) =>
  say<{ readonly account: string; readonly tenant: { readonly name: string } }>(by, 'enrol', 'enrol', {
    secret,
    jwk,
    ...(name !== '' && { name }),
    ...(subscription && { subscription }),
  })

export const waitingFor = (account: Account) =>
  say<{ readonly requests: readonly Waiting[] }>(account, 'requests', 'list')

export const decide = (
  account: Account,
  { challenge, nonce, application, place, at }: Waiting,
  decision: Decision,
  number?: string,
) =>
  say<{ readonly decision: string }>(account, 'answer', 'answer', {
    challenge,
    nonce,
    occasion: { application, place, at },
    decision,
    ...(number !== undefined && { number }),
  })

export const subscribe = (account: Account, subscription: object) =>
  say<undefined>(account, 'subscription', 'subscribe', { subscription })

export const leave = (account: Account) => say<undefined>(account, 'remove', 'leave')
