import { startTransition, useCallback, useEffect, useRef, useState } from 'react'
import { act, getState, type Refusal, type Reply } from '../api.ts'
import type { State } from '../data.ts'

export interface FlowHandle {
  readonly state: State
  readonly refusal: Refusal | undefined
  /** The action under way, so that its own button shows it. */
  readonly busy: string | undefined
  /** Does an action and shows its refusal, under another name where `words` has one; true when it went through. */
  readonly run: (action: string, body?: object, words?: Readonly<Record<string, string>>) => Promise<boolean>
  /** As `run`, with the reply for the caller to use. Undefined: another action is under way. */
  readonly send: (
    action: string,
    body?: object,
    words?: Readonly<Record<string, string>>,
  ) => Promise<Reply<State> | undefined>
  /** For what the user has not asked for: nothing shows it, not even a refusal, and whatever they do next waits for it. */
  readonly ask: (action: string, body?: object) => Promise<Reply<State> | undefined>
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
  /** What the server said last, also to somebody who began before it was drawn. */
  const latest = useRef(first)
  const running = useRef(false)
  const behind = useRef<Promise<unknown>>(undefined)

  const show = useCallback((now: State) => {
    latest.current = now
    setState(now)
  }, [])

  useEffect(() => {
    if (first !== undefined) return
    void getState(id).then((reply) => {
      if (reply.ok) show(reply.value)
      else if (reply.refusal.error === 'offline') setRefusal(reply.refusal)
      else setLost(true)
    })
  }, [id, first, show])

  useEffect(() => {
    if (state?.step === 'done' && state.location !== undefined) location.assign(state.location)
  }, [state])

  const send = useCallback(
    async (action: string, body: object = {}, words: Readonly<Record<string, string>> = {}) => {
      if (running.current) return undefined
      running.current = true
      setBusy(action)
      await behind.current
      const reply = await act(id, latest.current?.csrf ?? '', action, body)
      running.current = false
      setBusy(undefined)
      if (reply.ok) {
        latest.current = reply.value
        // The step stays as it is until the next one is there.
        startTransition(() => {
          setState(reply.value)
          setRefusal(undefined)
        })
        return reply
      }
      const { refusal: refused } = reply
      if (refused.error === 'flow-unknown') setLost(true)
      if (refused.state !== undefined) show(refused.state)
      // Another window has moved this flow: show where it stands.
      else if (refused.error === 'not-now' || refused.error === 'csrf') {
        const now = await getState(id)
        if (now.ok) show(now.value)
      }
      setRefusal({ ...refused, error: words[refused.error] ?? refused.error })
      return reply
    },
    [id, show],
  )
  const run = useCallback<FlowHandle['run']>(
    async (action, body, words) => (await send(action, body, words))?.ok === true,
    [send],
  )
  const ask = useCallback(
    async (action: string, body: object = {}) => {
      if (running.current) return undefined
      const asking = act(id, latest.current?.csrf ?? '', action, body)
      behind.current = asking
      const reply = await asking
      if (reply.ok) latest.current = reply.value
      return reply
    },
    [id],
  )
  const refuse = useCallback((error: string) => setRefusal({ error }), [])
  const clear = useCallback(() => setRefusal(undefined), [])

  if (lost) return { lost }
  return { lost, flow: state && { state, refusal, busy, run, send, ask, refuse, clear } }
}
