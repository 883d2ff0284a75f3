import { compactVerify, importJWK } from 'jose'
import { noteDeviceUse, readTrustedDevice, trustDevice, trustedDeviceId } from '#engine/trusted-devices.ts'
import type { UserId } from '#model/ids.ts'
import { readCookie, setCookie } from '#oidc/cookies.ts'
import { deviceNonce, type Run } from './run.ts'

/** s; the row says how long the device is trusted, the cookie only has to last as long. */
const cookieLife = 30 * 86_400

/**
 * The remembered device that has proved its key for this flow; undefined: none, or the proof is not good. Both the
 * cookie and a signature over the flow's nonce are needed, so that a copied cookie is worth nothing (AC-63).
 */
export async function provedDevice(run: Run, proof: string | undefined): Promise<string | undefined> {
  const secret = readCookie(run.exchange, 'device')
  if (secret === undefined || proof === undefined) return undefined
  const { parts } = run.hosted.engine
  const id = trustedDeviceId(secret)
  const device = await readTrustedDevice(parts, run.exchange.tenant.id, id)
  if (device === undefined) return undefined
  try {
    const key = await importJWK({ ...device.key }, 'ES256')
    const { payload, protectedHeader } = await compactVerify(proof, key, { algorithms: ['ES256'] })
    const said = JSON.parse(new TextDecoder().decode(payload)) as { readonly nonce?: unknown } | null
    return protectedHeader.typ === 'device+jwt' && said?.nonce === deviceNonce(run) ? id : undefined
  } catch {
    return undefined
  }
}

/** Remembers this browser; answers the cookie that names it. */
export async function remember(
  run: Run,
  user: UserId,
  it: { readonly key: Readonly<Record<string, unknown>>; readonly name?: string },
): Promise<readonly string[]> {
  const made = await trustDevice(run.hosted.engine.parts, run.caller, user, it)
  return made === undefined ? [] : [setCookie(run.exchange, 'device', made.secret, cookieLife)]
}

export const noteUse = (run: Run): Promise<void> => noteDeviceUse(run.hosted.engine.parts, run.caller)
