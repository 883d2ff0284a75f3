import type { z } from 'zod'
import { changePassword, offerPasswordChange } from '#engine/accounts/change-password.ts'
import { removeAuthenticator, renameAuthenticator } from '#engine/authenticators.ts'
import type { Flow } from '#engine/flow.ts'
import { nothingToIssue } from '#engine/issue.ts'
import { offerRecoveryCode, takeRecoveryCode } from '#engine/offer-recovery-code.ts'
import { forgetTrustedDevice } from '#engine/trusted-devices.ts'
import type { Answer } from '#http/route.ts'
import { readCookie } from '#oidc/cookies.ts'
import { csrfToken } from '../guard.ts'
import { shownEnrolling } from '../run.ts'
import type { accountActions } from '../schemas.ts'
import { shownTraits } from '../shown.ts'
import { noStore, refused } from '../wire.ts'
import { type Call, csrfFor, manageWish } from './call.ts'

type Body<A extends keyof typeof accountActions> = z.output<(typeof accountActions)[A]>

const done: Answer = { status: 204, headers: noStore }
const notFound = refused({ own: 'not-found' })

/** Enrolments of the portal belong to the session they are begun in. */
const flowOf = ({ session, user, caller }: Call): Flow => ({
  by: 'token',
  id: session.id,
  user: user.id,
  client: caller.application.id,
  proofs: session.proofs,
  wish: manageWish,
})

export async function addFactor(call: Call, body: Body<'addFactor'>): Promise<Answer> {
  const { engine } = call.hosted
  const { factor: kind, target, name } = body
  const made = await engine.enrol({ caller: call.caller, flow: flowOf(call), kind, target, name })
  if (made.no !== undefined) return refused(made)
  const { authenticator, challenge, show, recoveryCodes, factor } = made.yes
  const enrolling = {
    id: authenticator.id,
    factor: kind,
    sentAt: engine.parts.clock.now(),
    ...(challenge === undefined ? {} : { handle: challenge }),
    ...(authenticator.target === undefined ? {} : { target: authenticator.target }),
    ...(show === undefined ? {} : { show }),
  }
  const answer = {
    ...shownEnrolling(enrolling, shownTraits(factor.traits)),
    ...(challenge === undefined ? {} : { challenge }),
    ...(recoveryCodes === undefined ? {} : { recoveryCodes }),
  }
  return { status: 200, headers: noStore, body: answer }
}

/** The new factor has been proved by confirming it; the session has gained by it and gets a new id (S-125). */
export async function confirmFactor(call: Call, body: Body<'confirmFactor'>): Promise<Answer> {
  const { hosted, exchange, session, caller } = call
  const { store, keyring } = hosted.engine.parts
  const pending = await store.get('authenticators', exchange.tenant.id, exchange.params.id ?? '')
  if (pending === undefined || pending.user !== call.user.id || pending.state !== 'pending') return notFound
  const to = body.challenge === undefined ? { kind: pending.factor } : { challenge: body.challenge }
  const outcome = await hosted.engine.answer({
    caller,
    flow: flowOf(call),
    to,
    proof: body.proof,
    issue: nothingToIssue,
  })
  if (outcome.no !== undefined) return refused(outcome)
  const { proofs, assurance } = outcome.yes.granted
  const cookies = await hosted.oidc.sessions.renew(exchange, session, {
    user: call.user.id,
    proofs,
    assurance,
    userAgent: exchange.userAgent,
    address: exchange.address,
  })
  const account = cookieIn(call, cookies)
  return { status: 200, headers: noStore, body: { csrf: csrfToken(keyring, exchange, account, csrfFor) }, cookies }
}

/** The value of the account cookie among new lines. */
function cookieIn({ exchange }: Call, lines: readonly string[]): string {
  const cookie = lines.map((line) => line.split(';')[0]).join('; ')
  return readCookie({ ...exchange, headers: { cookie } }, 'account') ?? ''
}

export async function renameFactor({ hosted, caller, user, exchange }: Call, { name }: Body<'renameFactor'>) {
  const it = await renameAuthenticator(hosted.engine.parts, caller, user.id, exchange.params.id ?? '', name)
  return it.no === undefined ? done : refused(it)
}

export async function removeFactor({ hosted, caller, user, exchange }: Call): Promise<Answer> {
  const it = await removeAuthenticator(hosted.engine.parts, caller, user.id, exchange.params.id ?? '')
  return it.no === undefined ? done : refused(it)
}

export async function newRecoveryCode({ hosted, caller, user }: Call): Promise<Answer> {
  const offered = await offerRecoveryCode(hosted.engine.parts, caller, user.id)
  if (offered.no !== undefined) return refused(offered)
  const { handle, authenticator, codes } = offered.yes
  return { status: 200, headers: noStore, body: { offer: handle, id: authenticator.id, codes } }
}

export async function keepRecoveryCode({ hosted, caller, user }: Call, { offer, id }: Body<'takeRecoveryCode'>) {
  const taken = await takeRecoveryCode(hosted.engine.parts, caller, user.id, { handle: offer, id })
  return taken.no === undefined ? done : refused(taken)
}

/** A new password signs out everywhere, here too (S-68). */
export async function newPassword(call: Call, { password }: Body<'changePassword'>): Promise<Answer> {
  const { hosted, caller, user, exchange, session } = call
  const { parts } = hosted.engine
  const handle = await offerPasswordChange(parts, caller, user.id)
  const changed = await changePassword(parts, caller, user, { handle, password })
  if (changed.no !== undefined) return refused(changed)
  return { ...done, cookies: await hosted.oidc.sessions.endHere(exchange, session) }
}

export async function forgetDevice({ hosted, caller, user, exchange }: Call): Promise<Answer> {
  const gone = await forgetTrustedDevice(hosted.engine.parts, caller, user.id, exchange.params.id ?? '')
  return gone ? done : notFound
}

export async function endSession({ hosted, caller, user, exchange }: Call): Promise<Answer> {
  const gone = await hosted.oidc.sessions.end(hosted.engine.parts, caller, user.id, exchange.params.id ?? '')
  return gone ? done : notFound
}

export async function endOthers({ hosted, caller, user, exchange, session }: Call): Promise<Answer> {
  const { sessions } = hosted.oidc
  for (const it of await sessions.list(exchange.tenant.id, user.id)) {
    if (it.id !== session.id) await sessions.end(hosted.engine.parts, caller, user.id, it.id)
  }
  return done
}

export async function signOut({ hosted, exchange, session }: Call): Promise<Answer> {
  return { ...done, cookies: await hosted.oidc.sessions.endHere(exchange, session) }
}
