import { startTransition, useCallback, useEffect, useRef, useState } from 'react'
import { act, getState, type Refusal } from '../api.ts'
import type { State } from '../data.ts'

export interface FlowHandle {
  readonly state: State
  readonly refusal: Refusal | undefined
  /** The action under way, so that its own button shows it. */
  readonly busy: string | undefined
  /** Does an action; true when it went through. */
  readonly run: (action: string, body?: object) => Promise<boolean>
  readonly refuse: (error: string) => void
  readonly clear: () => void
}

export type FlowState = { readonly lost: true } | { readonly lost: false; readonly flow: FlowHandle | undefined }

/** The state of one sign-in as the server has it. Nothing is decided here: every step is the server's answer. */
export function useFlow(id: string, first: State | undefined, firstRefusal: Refusal | undefined): FlowState {
  const [state, setState] = useState(first)
  const [lost, setLost] = useState(false)
  const [refusal, setRefusal] = useState(firstRefusal)
  const [busy, setBusy] = useState<string>()
  const running = useRef(false)

  useEffect(() => {
    if (first !== undefined) return
    void getState(id).then((reply) => {
      if (reply.ok) setState(reply.value)
      else if (reply.refusal.error === 'offline') setRefusal(reply.refusal)
      else setLost(true)
    })
  }, [id, first])

  useEffect(() => {
    if (state?.step === 'done' && state.location !== undefined) location.assign(state.location)
  }, [state])

  const run = useCallback(
    async (action: string, body: object = {}) => {
      if (running.current || state === undefined) return false
      running.current = true
      setBusy(action)
      const reply = await act(id, state.csrf, action, body)
      running.current = false
      setBusy(undefined)
      if (reply.ok) {
        // The step stays as it is until the next one is there.
        startTransition(() => {
          setState(reply.value)
          setRefusal(undefined)
        })
        return true
      }
      const { refusal: refused } = reply
      if (refused.error === 'flow-unknown') setLost(true)
      if (refused.state !== undefined) setState(refused.state)
      // Another window has moved this flow: show where it stands.
      else if (refused.error === 'not-now' || refused.error === 'csrf') {
        const now = await getState(id)
        if (now.ok) setState(now.value)
      }
      setRefusal(refused)
      return false
    },
    [id, state],
  )
  const refuse = useCallback((error: string) => setRefusal({ error }), [])
  const clear = useCallback(() => setRefusal(undefined), [])

  if (lost) return { lost }
  return { lost, flow: state && { state, refusal, busy, run, refuse, clear } }
}
