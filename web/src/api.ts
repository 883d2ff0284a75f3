import type { Account, RefusalBody, State } from './data.ts'

/** The JSON API of docs/hosted-api.md, as the pages use it. */

/** A refusal, ours for a server that cannot be reached included. */
export interface Refusal {
  readonly error: string
  readonly reason?: string
  /** Seconds. */
  readonly retryAfter?: number
  readonly state?: State
}

export type Reply<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal }

/** Calls that take longer than this are given up, ms. */
const patience = 20_000

export async function call<T>(method: string, path: string, csrf?: string, body?: object): Promise<Reply<T>> {
  try {
    const response = await fetch(path, {
      method,
      headers: {
        accept: 'application/json',
        ...(csrf !== undefined && { 'x-csrf-token': csrf }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(patience),
    })
    const text = await response.text()
    if (response.ok) return { ok: true, value: (text === '' ? undefined : JSON.parse(text)) as T }
    return { ok: false, refusal: refusalOf(text) }
  } catch {
    return { ok: false, refusal: { error: 'offline' } }
  }
}

function refusalOf(text: string): Refusal {
  try {
    const body = JSON.parse(text) as Partial<RefusalBody>
    return { ...body, error: typeof body.error === 'string' ? body.error : 'unknown' }
  } catch {
    return { error: 'unknown' }
  }
}

const segment = encodeURIComponent

export const getState = (flow: string) => call<State>('GET', `/u/api/flows/${segment(flow)}`)

export const act = (flow: string, csrf: string, action: string, body: object) =>
  call<State>('POST', `/u/api/flows/${segment(flow)}/${action}`, csrf, body)

export const getAccount = () => call<Account>('GET', '/u/api/account')

export const signInToAccount = (fresh: boolean) =>
  call<{ readonly location: string }>('POST', '/u/api/account/sign-in', undefined, { fresh })

export const change = <T = undefined>(
  method: 'POST' | 'PATCH' | 'DELETE',
  csrf: string,
  path: readonly string[],
  body?: object,
) =>
  call<T>(
    method,
    ['/u/api/account', ...path.map(segment)].join('/'),
    csrf,
    body ?? (method === 'POST' ? {} : undefined),
  )

export const checkTicket = (ticket: string) =>
  call<{ readonly valid: boolean }>('GET', `/u/api/reset-password?${new URLSearchParams({ ticket })}`)

export const resetPassword = (ticket: string, password: string) =>
  call<undefined>('POST', '/u/api/reset-password', undefined, { ticket, password })
