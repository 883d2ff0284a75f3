import type { Payload } from 'oidc-provider/lib/provider.js'
import type { Application } from '#model/application.ts'
import type { Artifact } from '#model/artifact.ts'
import type { TenantId } from '#model/ids.ts'
import type { Keyring } from '#ports/keyring.ts'
import { type Decision, put, remove, row, type Store, type Write } from '#ports/store.ts'
import { openPayload } from './adapter.ts'
import { artifactId } from './artifacts.ts'
import { type Approval, type ApprovalPayload, approvalOf } from './codes.ts'
import type { Minted } from './mint.ts'

/** Seconds between polls, and what each poll too early adds (RFC 8628 section 3.5). */
export const pollInterval = 5
/** A used code is remembered so long, ms, to tell a second use from an unknown code. */
const rememberUsed = 600_000

export interface DeviceQuestion {
  readonly tenant: TenantId
  readonly application: Pick<Application, 'id'>
  readonly deviceCode: string
  /** Epoch ms. */
  readonly now: number
}

export interface DeviceLook extends Approval {
  readonly id: string
  readonly tenant: TenantId
  readonly question: DeviceQuestion
}

/** Where a device's request stands; `used` is a second use, and what the first gave has been ended. */
export type DeviceRefusal = 'unknown' | 'expired' | 'pending' | 'slow-down' | 'denied' | 'used'
export type DeviceOutcome =
  | { readonly yes: DeviceLook; readonly no?: undefined }
  | { readonly no: DeviceRefusal; readonly yes?: undefined }

interface DevicePayload extends Partial<ApprovalPayload> {
  readonly clientId: string
  readonly exp: number
  readonly error?: string
  readonly consumed?: number
  /** Ours, beside the seal: the last poll, epoch ms, and the interval now asked for, s. */
  readonly polledAt?: number
  readonly interval?: number
  readonly given?: string
}

interface DeviceParts {
  readonly store: Store
  readonly keyring: Keyring
}

/** One poll of a device (RFC 8628 section 3.4): counts it, and says whether the person has approved. Spends nothing. */
export function readDevice({ store, keyring }: DeviceParts, question: DeviceQuestion): Promise<DeviceOutcome> {
  const id = artifactId('DeviceCode', question.deviceCode)
  return store.change({ code: row('artifacts', question.tenant, id) }, ({ code }): Decision<DeviceOutcome> => {
    if (code === undefined || code.model !== 'DeviceCode') return { result: { no: 'unknown' } }
    const payload = payloadOf(keyring, code)
    const no = judge(payload, question)
    if (no === 'used') return { result: { no }, writes: endGiven(question.tenant, payload) }
    if (no === 'unknown' || no === 'expired') return { result: { no } }
    const { interval = pollInterval, polledAt } = payload
    const early = polledAt !== undefined && question.now - polledAt < interval * 1000
    const counted = { ...code.payload, polledAt: question.now, interval: early ? interval + pollInterval : interval }
    const writes = [put('artifacts', { ...code, payload: counted })]
    if (early) return { result: { no: 'slow-down' }, writes }
    return no === undefined ? { result: { yes: lookOf(code, payload, question) }, writes } : { result: { no }, writes }
  })
}

function judge(payload: DevicePayload, question: DeviceQuestion): DeviceRefusal | undefined {
  if (payload.clientId !== question.application.id) return 'unknown'
  if (payload.consumed !== undefined) return 'used'
  if (payload.exp * 1000 <= question.now) return 'expired'
  if (payload.error !== undefined) return 'denied'
  return payload.accountId === undefined || payload.grantId === undefined ? 'pending' : undefined
}

function payloadOf(keyring: Keyring, code: Artifact): DevicePayload {
  return openPayload({ keyring, tenant: code.tenant }, code) as Payload as unknown as DevicePayload
}

function lookOf(code: Artifact, payload: DevicePayload, question: DeviceQuestion): DeviceLook {
  return { id: code.id, tenant: code.tenant, question, ...approvalOf(payload as ApprovalPayload) }
}

/** What a change has to load to spend a device code; spread it among its other refs. */
export function deviceRefs(look: DeviceLook) {
  return {
    code: row('artifacts', look.tenant, look.id),
    grant: row('artifacts', look.tenant, artifactId('Grant', look.grantId)),
  }
}

export interface DeviceFound {
  readonly code: Artifact | undefined
  readonly grant: Artifact | undefined
}

export type DevicePlan =
  | { readonly yes: Minted; readonly no?: undefined; readonly writes: readonly Write[] }
  | { readonly no: DeviceRefusal; readonly yes?: undefined; readonly writes: readonly Write[] }

/** Decides what an approved code gives; pure, as `planCode`. `minted` is made with `prepare({ …, revocable: true })`. */
export function planDevice(
  { code, grant }: DeviceFound,
  { look, minted, keyring }: { readonly look: DeviceLook; readonly minted: Minted; readonly keyring: Keyring },
): DevicePlan {
  if (code === undefined) return { no: 'unknown', writes: [] }
  const payload = payloadOf(keyring, code)
  const no = judge(payload, look.question) ?? (grant === undefined ? 'denied' : undefined)
  if (no !== undefined) return { no, writes: no === 'used' ? endGiven(look.tenant, payload) : [] }
  const consumed = Math.floor(look.question.now / 1000)
  const spent = { ...code.payload, consumed, given: minted.grantId }
  const kept = { ...code, payload: spent, consumedAt: consumed, expiresAt: look.question.now + rememberUsed }
  return { yes: minted, writes: [put('artifacts', kept), ...minted.writes] }
}

function endGiven(tenant: TenantId, { given }: DevicePayload): readonly Write[] {
  return given === undefined ? [] : [remove('artifacts', tenant, artifactId('Grant', given))]
}
