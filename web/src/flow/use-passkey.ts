import { useEffect, useRef, useState } from 'react'
import type { State } from '../data.ts'
import { autofillSupported, giveUpKey, KeyRefused, keysSupported, offerKey, proveKey } from '../keys.ts'
import type { FlowHandle } from './use-flow.ts'

export interface Passkey {
  /** Whether there is a button to show. */
  readonly offered: boolean
  readonly busy: boolean
  readonly press: () => void
}

/** A question is asked anew so long before it ends, ms. */
const margin = 30_000

type Show = NonNullable<State['passkey']>['show']

const optionsOf = (show: Show) => (show.publicKey ?? {}) as { readonly timeout?: number; readonly challenge?: string }

/** The question that was asked last, and until when it is worth waiting with, by this browser's clock. */
let last: { readonly challenge: string | undefined; readonly until: number } | undefined

function keep(show: Show): void {
  const { challenge, timeout = 0 } = optionsOf(show)
  last = { challenge, until: Date.now() + Math.max(timeout - margin, margin) }
}

/** A question that is good still goes on from one step to the next. */
function stillGood(passkey: State['passkey']): Show | undefined {
  if (passkey === undefined || last === undefined || last.until <= Date.now()) return undefined
  return optionsOf(passkey.show).challenge === last.challenge ? passkey.show : undefined
}

/** No code was wrong here, and none is too old. */
const words = { 'wrong-proof': 'passkey-refused', 'challenge-expired': 'passkey-late' }

/**
 * Signing in with a passkey at a step that asks for a name or a password: by a button, and, where the browser can, in the
 * list that the box opens. Whoever types instead is not disturbed: what waits ends with the step.
 */
export function usePasskey(flow: FlowHandle): Passkey {
  const { send, ask, run, refuse, clear } = flow
  const offered = flow.state.can.passkey === true && keysSupported()
  const [pressed, setPressed] = useState(false)
  const [round, setRound] = useState(0)
  const before = useRef(flow.state.passkey)
  before.current = flow.state.passkey

  useEffect(() => {
    if (!offered || pressed) return
    let over = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const askAnew = async () => {
      const asked = await ask('passkey')
      const show = asked?.ok ? asked.value.passkey?.show : undefined
      if (show !== undefined) keep(show)
      return show
    }
    const wait = async () => {
      if (!(await autofillSupported()) || over) return
      const show = stillGood(before.current) ?? (await askAnew())
      if (show === undefined || over) return
      timer = setTimeout(() => setRound(round + 1), (last?.until ?? 0) - Date.now())
      const proof = await offerKey(show)
      clearTimeout(timer)
      last = undefined
      if (!over) await run('passkey', { proof }, words)
    }
    // Nobody has asked for this: if it cannot be had, the button says why.
    wait().catch(() => undefined)
    return () => {
      over = true
      clearTimeout(timer)
      giveUpKey()
    }
  }, [offered, pressed, round, ask, run])

  const press = async () => {
    clear()
    setPressed(true)
    last = undefined
    try {
      const asked = await send('passkey', {}, words)
      const show = asked?.ok ? asked.value.passkey?.show : undefined
      // Pressed it stays when that was all: the next step is on its way.
      if (show !== undefined && (await run('passkey', { proof: await proveKey(show) }, words))) return
    } catch (error) {
      if (error instanceof KeyRefused) refuse('passkey-none')
    }
    setPressed(false)
  }
  return { offered, busy: pressed, press: () => void press() }
}
