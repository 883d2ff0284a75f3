import { useCallback, useEffect, useState } from 'react'
import { onAlert } from './alerts.ts'
import type { Account } from './keys.ts'
import { type Waiting, waitingFor } from './server.ts'

/** How often it is asked what waits, while the page is seen, ms. */
const every = 5_000

export interface Pending {
  readonly account: Account
  readonly request: Waiting
}

export interface Requests {
  /** Undefined until it is known. */
  readonly pending: readonly Pending[] | undefined
  /** Accounts that know this device no more. */
  readonly dead: ReadonlySet<string>
  readonly offline: boolean
  readonly look: () => void
}

/** What waits for this device, by asking: an alert only makes it ask sooner. */
export function useRequests(accounts: readonly Account[]): Requests {
  const [pending, setPending] = useState<readonly Pending[]>()
  const [dead, setDead] = useState<ReadonlySet<string>>(new Set())
  const [offline, setOffline] = useState(false)

  const ask = useCallback(async () => {
    const replies = await Promise.all(accounts.map(async (account) => ({ account, reply: await waitingFor(account) })))
    const gone = replies.filter(({ reply }) => !reply.ok && reply.refusal.error === 'factor-unknown')
    setDead(new Set(gone.map(({ account }) => account.kid)))
    setOffline(replies.some(({ reply }) => !reply.ok && reply.refusal.error === 'offline'))
    setPending(
      replies.flatMap(({ account, reply }) =>
        reply.ok ? reply.value.requests.map((request) => ({ account, request })) : [],
      ),
    )
  }, [accounts])

  useEffect(() => {
    const look = () => void (document.visibilityState === 'visible' && ask())
    look()
    const timer = setInterval(look, every)
    document.addEventListener('visibilitychange', look)
    const stop = onAlert(look)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', look)
      stop()
    }
  }, [ask])

  return { pending, dead, offline, look: () => void ask() }
}
