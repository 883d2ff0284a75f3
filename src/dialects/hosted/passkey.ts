import type { z } from 'zod'
import { askPasskey, signInWithPasskey } from '#engine/passkey.ts'
import { admit, besides, type Moved, move, progressed, type Run, stays } from './run.ts'
import type { actions } from './schemas.ts'

/**
 * Signing in with a passkey, in two calls: without a proof it asks, and says nothing of anybody (S-96); with one it
 * proves the first factor, and the second too, since the key makes sure of its user. The handle of the question stays
 * in the flow of this browser.
 */
export async function passkey(run: Run, { proof }: z.output<typeof actions.passkey>): Promise<Moved> {
  const { parts } = run.hosted.engine
  if (proof === undefined) {
    const asked = await askPasskey(parts, run.caller)
    if (asked.no !== undefined) return stays(run, asked)
    const { challenge: handle, show, expiresIn } = asked.yes
    const expiresAt = parts.clock.now() + expiresIn * 1_000
    return await move(run, progressed(run, { passkey: { handle, show, expiresAt } }))
  }
  const asked = run.data.progress.passkey
  if (asked === undefined) return stays(run, { own: 'not-now' })
  const signedIn = await signInWithPasskey(parts, { caller: run.caller, challenge: asked.handle, proof })
  if (signedIn.no !== undefined) return stays(run, signedIn)
  const { user, proofs } = signedIn.yes
  const login = user.email ?? user.username ?? run.data.progress.login
  const named = await move(run, progressed(run, { passkey: undefined, ...(login === undefined ? {} : { login }) }))
  if (named.no !== undefined) return named
  return await admit(named.run, user.id, [...proofs, ...(await besides(run, user.id))])
}
