import { useCallback, useEffect, useRef, useState } from 'react'
import { change, getAccount, type Refusal, type Reply, signInToAccount } from '../api.ts'
import type { Account } from '../data.ts'

export interface AccountHandle {
  readonly account: Account
  readonly refusal: Refusal | undefined
  /** What was done last, in words. */
  readonly said: string | undefined
  readonly say: (words: string | undefined) => void
  readonly refuse: (error: string) => void
  readonly clear: () => void
  /**
   * A change. Where the server wants a fresh proof first, the browser goes there and comes back with `intent` in the
   * address, so that the user need not find the place again; the call then never returns.
   */
  readonly make: <T = undefined>(
    method: 'POST' | 'PATCH' | 'DELETE',
    path: readonly string[],
    body?: object,
    intent?: string,
  ) => Promise<Reply<T>>
  /** Proves anew where that is needed before a longer change is begun. */
  readonly freshFirst: (intent: string) => Promise<boolean>
  readonly reload: () => Promise<void>
}

const place = 'polyfactor.intent'

/** What the user was about to do when a fresh proof was asked for; read once. */
export function takeIntent(): string | undefined {
  const found = sessionStorage.getItem(place) ?? undefined
  sessionStorage.removeItem(place)
  return found
}

export type AccountView =
  | { readonly view: 'looking' }
  | { readonly view: 'out'; readonly refusal: Refusal | undefined }
  | { readonly view: 'in'; readonly handle: AccountHandle }

export async function goAndProve(fresh: boolean, intent?: string): Promise<Refusal> {
  if (intent !== undefined) sessionStorage.setItem(place, intent)
  const reply = await signInToAccount(fresh)
  if (!reply.ok) return reply.refusal
  location.assign(reply.value.location)
  return new Promise(() => {}) // the page is on its way out
}

export function useAccount(first: Account | undefined): AccountView {
  const [account, setAccount] = useState(first)
  const [out, setOut] = useState(false)
  const [refusal, setRefusal] = useState<Refusal>()
  const [said, setSaid] = useState<string>()
  const asked = useRef(first !== undefined)

  const reload = useCallback(async () => {
    const reply = await getAccount()
    if (reply.ok) setAccount(reply.value)
    else if (reply.refusal.error === 'sign-in-needed') setOut(true)
    else setRefusal(reply.refusal)
  }, [])
  useEffect(() => {
    if (asked.current) return
    asked.current = true
    void reload()
  }, [reload])

  if (out) return { view: 'out', refusal }
  if (account === undefined) return refusal ? { view: 'out', refusal } : { view: 'looking' }

  const make = async <T>(
    method: 'POST' | 'PATCH' | 'DELETE',
    path: readonly string[],
    body?: object,
    intent?: string,
  ) => {
    setSaid(undefined)
    setRefusal(undefined)
    const reply = await change<T>(method, account.csrf, path, body)
    if (reply.ok) return reply
    if (reply.refusal.error === 'stale-proof') setRefusal(await goAndProve(true, intent))
    else if (reply.refusal.error === 'sign-in-needed') setOut(true)
    else setRefusal(reply.refusal)
    return reply
  }
  const freshFirst = async (intent: string) => {
    // Half a minute in hand: nobody shall be stopped between beginning and end.
    if ((account.freshUntil ?? 0) > Date.now() + 30_000) return true
    setRefusal(await goAndProve(true, intent))
    return false
  }
  return {
    view: 'in',
    handle: {
      account,
      refusal,
      said,
      say: setSaid,
      refuse: (error) => setRefusal({ error }),
      clear: () => setRefusal(undefined),
      make,
      freshFirst,
      reload,
    },
  }
}
