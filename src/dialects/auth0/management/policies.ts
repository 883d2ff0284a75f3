import { z } from 'zod'
import type { MfaMode } from '#model/policy.ts'
import { bodyOf, type Handler } from './call.ts'
import { changeSettings } from './settings.ts'
import { ok } from './wire.ts'

/** Every mode in the words of this API: what asks now and then is the nearest to adaptive (auth0.md §7.3). */
const wordsOf: Readonly<Record<MfaMode, readonly string[]>> = {
  OFF: [],
  ALWAYS: ['all-applications'],
  SMART: ['confidence-score'],
  TIME_BASED: ['confidence-score'],
  SMART_PLUS_TIME_BASED: ['confidence-score'],
}

/** `GET /guardian/policies`: a bare array. */
export const getPolicies: Handler = async ({ exchange }) => ok(wordsOf[exchange.tenant.mfa?.mode ?? 'OFF'])

const policies = z.array(z.enum(['all-applications', 'confidence-score'])).max(2)

/**
 * `PUT /guardian/policies`: `[]` means never, so the tenant's rule becomes OFF; a tenant without any rule would still
 * ask those who have a factor (operating.md §6.13). Factors and intervals of the rule stay for when it is back. A mode
 * that reads as what is asked for already is left as it is.
 */
export const setPolicies: Handler = async (call) => {
  const read = bodyOf(call, policies)
  if ('status' in read) return read
  const wanted: MfaMode = read.body.includes('all-applications') ? 'ALWAYS' : read.body.length > 0 ? 'SMART' : 'OFF'
  await changeSettings(call, `mfa policy ${wanted}`, (tenant) => {
    const mode = tenant.mfa?.mode
    const same = mode !== undefined && wordsOf[mode].join() === wordsOf[wanted].join()
    return same ? {} : { tenant: { ...tenant, mfa: { ...tenant.mfa, mode: wanted } } }
  })
  return ok(wordsOf[wanted])
}
