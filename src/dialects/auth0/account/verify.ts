import { z } from 'zod'
import { changePassword } from '#engine/accounts/change-password.ts'
import { flowId } from '#engine/flow.ts'
import { nothingToIssue } from '#engine/issue.ts'
import { takeRecoveryCode } from '#engine/offer-recovery-code.ts'
import type { Answer } from '#http/route.ts'
import type { Authenticator } from '#model/authenticator.ts'
import { noStore } from '../wire.ts'
import { parseDeviceId } from '../words.ts'
import { bodyOf, type Call, type Handler } from './call.ts'
import { flowOf } from './enrol.ts'
import { findMethod, locationOf, methodId, methodOf, passwordId, passwordOf } from './method.ts'
import { invalidField, refused } from './wire.ts'

const proof = z.object({
  auth_session: z.string().min(1).max(200),
  otp_code: z.string().max(64).optional(),
  authn_response: z.record(z.string(), z.unknown()).optional(),
  new_password: z.string().optional(),
})
type Proof = z.output<typeof proof>

/** `POST /authentication-methods/{id}/verify`: confirms what was started, without issuing tokens (auth0.md §5.2). */
export const verifyEnrolment: Handler = async (call) => {
  const read = bodyOf(call, proof)
  if ('status' in read) return read
  const id = call.exchange.params.id ?? ''
  if (id === passwordId(call.user)) return await verifyPassword(call, read.body)
  const it = await findMethod(call, id)
  return it === undefined ? await verifyRecoveryCode(call, id, read.body) : await verifyPending(call, it, read.body)
}

async function verifyPending(call: Call, it: Authenticator, body: Proof): Promise<Answer> {
  const { engine } = call.dialect
  const [session = '', challenge] = body.auth_session.split('.', 2)
  const flow = flowOf(call, session)
  if (it.state !== 'pending' || it.startedBy !== flowId(flow)) return refused({ no: 'challenge-unknown' }, engine.parts)
  const isKey = engine.parts.factors.get(it.factor)?.keyFacts !== undefined
  if (isKey && body.authn_response === undefined)
    return invalidField('authn_response', 'The authn_response is required.')
  const to = challenge === undefined ? { kind: it.factor } : { challenge }
  const answered = await engine.answer({
    caller: call.caller,
    flow,
    to,
    proof: isKey ? body.authn_response : body.otp_code,
    issue: nothingToIssue,
    holdBucket: true,
  })
  if (isKey && answered.no === 'wrong-proof') {
    return invalidField('authn_response', 'The authn_response could not be verified, or the key is registered already.')
  }
  if (answered.no !== undefined) return refused(answered, engine.parts)
  const confirmed = (await engine.parts.store.get('authenticators', it.tenant, it.id)) ?? it
  return created(call, methodOf(call, confirmed), confirmed)
}

async function verifyRecoveryCode(call: Call, id: string, body: Proof): Promise<Answer> {
  const device = parseDeviceId(id)
  const wanted = { handle: body.auth_session, id: device?.id ?? '' }
  const taken = await takeRecoveryCode(call.dialect.engine.parts, call.caller, call.user.id, wanted)
  return taken.no === undefined
    ? created(call, methodOf(call, taken.yes), taken.yes)
    : refused(taken, call.dialect.engine.parts)
}

async function verifyPassword(call: Call, body: Proof): Promise<Answer> {
  if (body.new_password === undefined) return invalidField('new_password', 'The new_password is required.')
  const { parts } = call.dialect.engine
  const done = await changePassword(parts, call.caller, call.user, {
    handle: body.auth_session,
    password: body.new_password,
  })
  if (done.no !== undefined) return refused(done, parts)
  const location = locationOf(call, passwordId(done.yes))
  return { status: 201, body: passwordOf(done.yes), headers: { ...noStore, location } }
}

function created(call: Call, body: object, it: Authenticator): Answer {
  const factor = call.dialect.engine.parts.factors.get(it.factor)
  const answer = { status: 201, body, headers: noStore }
  return factor === undefined
    ? answer
    : { ...answer, headers: { ...noStore, location: locationOf(call, methodId(factor, it)) } }
}
