import { useMemo } from 'react'
import type { TextKey } from '../texts/en.ts'
import type { Refusal } from './api.ts'
import { useSecondsUntil } from './base/Countdown.tsx'
import { Notice } from './base/Notice.tsx'
import { useSpeech } from './texts.tsx'

/** Refusals that are about what was typed, and so are shown at the box. */
const atField = new Set([
  'wrong-password',
  'weak-password',
  'taken',
  'bad-email',
  'bad-address',
  'blocked-by-admin',
  'blocked-by-reputation',
  'wrong-proof',
  'challenge-expired',
  'empty',
])

/** Answers of a poll, which are nobody's mistake. */
const silent = new Set(['waiting', 'slow-down'])

/** The words for a refusal at a box; undefined when there is none, or when it is about the whole step. */
export function useFieldError(refusal: Refusal | undefined): string | undefined {
  const { t, has } = useSpeech()
  if (refusal === undefined || !atField.has(refusal.error)) return undefined
  const exact = `error.${refusal.error}.${refusal.reason}`
  const plain: TextKey = `error.${refusal.error}` as TextKey
  return t(has(exact) ? exact : plain)
}

/** A refusal that is about the whole step, with its wait counted down. */
export function Trouble({ refusal, all = false }: { readonly refusal: Refusal | undefined; readonly all?: boolean }) {
  const { t, has, wait } = useSpeech()
  const until = useMemo(
    () => (refusal?.retryAfter === undefined ? undefined : Date.now() + refusal.retryAfter * 1_000),
    [refusal],
  )
  const left = useSecondsUntil(until)
  if (refusal === undefined || silent.has(refusal.error)) return null
  if (atField.has(refusal.error) && !all) return null
  const timed = `error.${refusal.error}-in`
  const plain = `error.${refusal.error}`
  if (until !== undefined && left === 0) return null
  const words =
    left > 0 && has(timed) ? t(timed, { time: wait(left) }) : t(has(plain) ? plain : ('error.unknown' as const))
  return <Notice kind="error">{words}</Notice>
}
