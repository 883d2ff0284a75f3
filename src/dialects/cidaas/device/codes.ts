import { tokenDigest } from '#crypto/digest.ts'
import type { Artifact } from '#model/artifact.ts'
import type { ClientId, TenantId } from '#model/ids.ts'
import { artifactId } from '#oidc/artifacts.ts'
import { pollInterval } from '#oidc/devices.ts'
import { insert } from '#ports/store.ts'
import type { Dialect } from '../dialect.ts'

/** 20 letters without vowels: 8 of them are 34.6 bits (S-59). */
const letters = 'BCDFGHJKLMNPQRSTVWXZ'
const lifetime = 600

/** What a device asked for, kept beside the code until somebody approves. */
export interface DeviceNotes {
  readonly clientId: ClientId
  readonly scope: string
  readonly exp: number
  /** Where the device is, for the person who approves (S-60). */
  readonly address: string
  readonly userAgent: string
  readonly accountId?: string
  readonly error?: string
  readonly consumed?: number
}

/** A user code is short, so only its keyed hash is kept. */
const userCodeKey = ({ engine }: Dialect, tenant: TenantId, code: string): string =>
  engine.parts.keyring.mac(code, ['device-user-code', tenant])

/** Keeps a request of a device, in the shape the token endpoint of all dialects polls. */
export async function openDevice(
  dialect: Dialect,
  tenant: TenantId,
  asked: Omit<DeviceNotes, 'exp'>,
): Promise<{
  readonly deviceCode: string
  readonly userCode: string
  readonly expiresIn: number
  readonly interval: number
}> {
  const { random, clock, store } = dialect.engine.parts
  const deviceCode = random.token()
  const userCode = random.code(letters, 8)
  const now = clock.now()
  const iat = Math.floor(now / 1_000)
  const row: Artifact = {
    tenant,
    id: artifactId('DeviceCode', deviceCode),
    model: 'DeviceCode',
    payload: { kind: 'DeviceCode', iat, ...asked, exp: iat + lifetime },
    userCode: userCodeKey(dialect, tenant, userCode),
    client: asked.clientId,
    expiresAt: now + lifetime * 1_000,
  }
  await store.change({}, () => ({ result: undefined, writes: [insert('artifacts', row)] }))
  return { deviceCode, userCode, expiresIn: lifetime, interval: pollInterval }
}

export interface Waiting extends DeviceNotes {
  readonly rowId: string
}

/** The device that shows this code, however it was typed; SDKs encode it twice (cidaas.md §2.10). */
export async function findDevice(dialect: Dialect, tenant: TenantId, typed: string): Promise<Waiting | undefined> {
  const code = decodedOnce(typed).replace(/[\s-]/g, '').toUpperCase()
  if (code.length !== 8) return undefined
  const by = { index: 'userCode', value: userCodeKey(dialect, tenant, code) } as const
  const [found] = await dialect.engine.parts.store.list('artifacts', tenant, { by, limit: 1 })
  return found && notesOf(dialect, found)
}

export async function readDeviceRow(dialect: Dialect, tenant: TenantId, rowId: string): Promise<Waiting | undefined> {
  const found = await dialect.engine.parts.store.get('artifacts', tenant, rowId)
  return found && notesOf(dialect, found)
}

/** Only what still waits for somebody. */
function notesOf({ engine }: Dialect, found: Artifact): Waiting | undefined {
  const notes = found.payload as unknown as DeviceNotes
  const over = (found.expiresAt ?? 0) <= engine.parts.clock.now()
  const answered = notes.accountId !== undefined || notes.error !== undefined || notes.consumed !== undefined
  return found.model !== 'DeviceCode' || over || answered ? undefined : { ...notes, rowId: found.id }
}

function decodedOnce(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** What the button of the approval page sends: only that page, in this session, for this device (S-130). */
export const approvalToken = (session: string, rowId: string): string => tokenDigest(`approve ${session} ${rowId}`)
