import assert from 'node:assert/strict'

/**
 * A second opinion on who may get tokens, written without a look at the engine: it knows only what the test itself saw
 * (codes that were sent, secrets that were shown) and the sentences of the contract. Times in ms.
 */
export interface Account {
  readonly name: string
  readonly devices: Device[]
  readonly saved: Saved[]
  /** When a factor was last added, or a saved code last used: a device known from before is a stranger again (S-47). */
  changedAt?: number
}

export interface Device {
  readonly id: string
  readonly kind: string
  readonly secret?: Uint8Array
  readonly channel: string
  state: 'pending' | 'confirmed' | 'disabled'
  readonly startedBy?: Flow
  readonly startedAt: number
  /** Last time step it was used in. */
  lastStep: number
}

export interface Saved {
  readonly code: string
  readonly startedBy?: Flow
  readonly startedAt: number
  state: 'pending' | 'good' | 'dead'
}

export interface Flow {
  readonly handle: string
  readonly account: Account
  readonly client: string
  readonly managesFactors: boolean
  readonly startedAt: number
  readonly proofs: { readonly kind: string; readonly channel: string; readonly at: number }[]
  over: boolean
  /** Wrong codes without a challenge, by kind. */
  readonly wrong: Record<string, number>
}

export interface Sent {
  readonly handle: string
  readonly flow: Flow
  readonly device: Device
  readonly kind: string
  readonly code: string
  readonly sentAt: number
  readonly enrolment: boolean
  failures: number
  dead: boolean
}

export interface Rule {
  readonly mode: 'none' | 'OFF' | 'ALWAYS' | 'TIME_BASED'
  readonly seconds: number
  readonly kinds?: readonly string[]
}

const strong = (kind: string) => kind !== 'email'
/** What the account has: a factor that was disabled is still one (S-18). */
export const has = (account: Account) => account.devices.filter((it) => it.state !== 'pending')
const hasStrong = (account: Account) => has(account).some((it) => strong(it.kind))

export const alive = (flow: Flow, now: number) => !flow.over && now < flow.startedAt + 600_000

/** S-61, S-62, S-46: whether a device may be added in this flow. */
export function mayAdd(flow: Flow): boolean {
  if (has(flow.account).length === 0) return true
  return flow.proofs.some(
    (proof) =>
      proof.kind !== 'recovery_code' &&
      (strong(proof.kind) || !hasStrong(flow.account)) &&
      flow.account.devices.some((it) => it.state === 'confirmed' && it.channel === proof.channel),
  )
}

/** Whether a device may answer in this flow at all. */
export function usable(device: Device, flow: Flow, now: number): boolean {
  if (!flow.account.devices.includes(device)) return false
  if (device.state !== 'pending') return device.state === 'confirmed'
  return device.startedBy === flow && now < device.startedAt + 900_000 && mayAdd(flow)
}

/** Whether a code that was sent is good in this flow now (S-2 to S-5, S-15, S-17). */
export function goodCode(sent: Sent, flow: Flow, proof: string, now: number): boolean {
  return (
    sent.flow === flow &&
    sent.code === proof &&
    !sent.dead &&
    sent.failures < 5 &&
    now < sent.sentAt + 300_000 &&
    (sent.device.state === 'pending') === sent.enrolment &&
    usable(sent.device, flow, now)
  )
}

/** Whether what was proved is enough for tokens (operating.md §6.13, S-46, S-55, S-56, S-62, S-63). */
export function enough(
  account: Account,
  proofs: Flow['proofs'],
  managesFactors: boolean,
  rule: Rule,
  now: number,
  markedAt: number | undefined,
): boolean {
  if (managesFactors && has(account).length > 0) {
    const fresh = proofs.some(
      (it) => it.kind !== 'recovery_code' && now - it.at <= 300_000 && (strong(it.kind) || !hasStrong(account)),
    )
    if (!fresh) return false
  }
  const second = proofs.some((it) => it.kind === 'recovery_code' || (rule.kinds?.includes(it.kind) ?? true))
  if (rule.mode === 'OFF') return true
  if (rule.mode === 'none') return second || has(account).length === 0
  const stands = markedAt !== undefined && markedAt >= (account.changedAt ?? 0)
  const disabled = account.devices.some((it) => it.state === 'disabled')
  const within = stands && !disabled && now - markedAt <= rule.seconds * 1_000
  return second || (rule.mode === 'TIME_BASED' && within)
}

/** Whether two classes of factor were proved beside each other (assurance.md §2). */
export const multiFactor = (proofs: Flow['proofs']): boolean => proofs.some((it) => strong(it.kind))

/** What follows from a proof that was accepted. */
export function accept(flow: Flow, kind: string, channel: string, now: number, device?: Device): void {
  const again = flow.proofs.findIndex((it) => it.channel === channel)
  if (again >= 0) flow.proofs.splice(again, 1)
  flow.proofs.push({ kind, channel, at: now })
  if (kind === 'recovery_code' || device?.state === 'pending') flow.account.changedAt = now
  if (device?.state !== 'pending') return
  device.state = 'confirmed'
  for (const it of flow.account.saved.filter((one) => one.state === 'pending')) {
    it.state = it.startedBy === flow && now < it.startedAt + 900_000 ? 'good' : 'dead'
  }
}

/** Fails with the story so far. */
export function claim(condition: boolean, story: readonly string[], what: string): void {
  assert(condition, `${what}\n  ${story.join('\n  ')}`)
}
