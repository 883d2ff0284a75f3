import { listAuthenticators, replaceRecoveryCode } from '#engine/authenticators.ts'
import { dropAuthenticators } from '#engine/manage-authenticators.ts'
import { forgetTrustedDevices } from '#engine/trusted-devices.ts'
import type { Authenticator } from '#model/authenticator.ts'
import type { Factor } from '#ports/factor.ts'
import { maskedName, methodType } from '../words.ts'
import type { Call, Handler, UserHandler } from './call.ts'
import { iso } from './method.ts'
import { invalidBody, noContent, noEnrollment, ok, refused } from './wire.ts'

/** `POST /users/{id}/recovery-code-regeneration`: the old code is dead, the new one is shown this once. */
export const regenerateRecoveryCode: UserHandler = async (call, user) => {
  const event = call.event('recovery.replaced', { user: user.id })
  const made = await replaceRecoveryCode(call.dialect.engine.parts, call.caller, user.id, event)
  return made.no === undefined ? ok({ recovery_code: made.yes.codes[0] }) : refused(made, call.dialect.engine.parts)
}

/** `DELETE /users/{id}/multifactor/{provider}`: `google-authenticator` is any authenticator app; there is no Duo here. */
export const deleteProvider: UserHandler = async (call, user) => {
  const { provider } = call.exchange.params
  if (provider !== 'google-authenticator' && provider !== 'duo') return invalidBody('The provider is not known.')
  if (provider === 'duo') return noContent
  const { factors } = call.dialect.engine.parts
  const isApp = (it: Authenticator) => {
    const factor = factors.get(it.factor)
    return factor !== undefined && methodType(factor, it) === 'totp'
  }
  const event = call.event('factor.removed', { user: user.id, details: { provider } })
  const gone = await dropAuthenticators(call.dialect.engine.parts, call.exchange.tenant, user.id, isApp, event)
  return gone.no === undefined || gone.no === 'authenticator-unknown'
    ? noContent
    : refused(gone, call.dialect.engine.parts)
}

/** `POST /users/{id}/multifactor/actions/invalidate-remember-browser`: no browser spares a second factor any longer. */
export const invalidateRememberBrowser: UserHandler = async (call, user) => {
  await forgetTrustedDevices(call.dialect.engine.parts, call.caller, user.id)
  return noContent
}

const methodWords: Readonly<Record<string, string>> = { totp: 'authenticator', push: 'guardian', phone: 'sms' }

/** `GET /users/{id}/enrollments`: saved codes are no enrolment. */
export const listEnrollments: UserHandler = async (call, user) => {
  const { parts } = call.dialect.engine
  const all = await listAuthenticators(parts, call.exchange.tenant.id, user.id)
  return ok(
    all.flatMap((it) => {
      const factor = parts.factors.get(it.factor)
      if (factor?.traits.independent !== true) return []
      const type = methodType(factor, it)
      const method = methodWords[type]
      return [{ ...enrollment(it, factor), type, ...(method === undefined ? {} : { auth_method: method }) }]
    }),
  )
}

function enrollment(it: Authenticator, { traits }: Factor): object {
  const shown = it.target === undefined ? undefined : maskedName(traits, it.target)
  return {
    id: `dev_${it.id}`,
    status: it.state === 'pending' ? 'pending' : 'confirmed',
    ...(it.name === undefined ? {} : { name: it.name }),
    ...(shown === undefined ? {} : { identifier: shown }),
    ...(shown === undefined || traits.reach !== 'phone' ? {} : { phone_number: shown }),
    ...(it.confirmedAt === undefined ? {} : { enrolled_at: iso(it.confirmedAt) }),
    ...(it.lastUsedAt === undefined ? {} : { last_auth: iso(it.lastUsedAt) }),
  }
}

async function findEnrollment({ dialect, exchange }: Call): Promise<Authenticator | undefined> {
  const { store, clock } = dialect.engine.parts
  const match = /^dev_([A-Za-z0-9_-]{1,64})$/.exec(exchange.params.id ?? '')
  const found = match?.[1] === undefined ? undefined : await store.get('authenticators', exchange.tenant.id, match[1])
  return found?.expiresAt !== undefined && found.expiresAt <= clock.now() ? undefined : found
}

/** `GET /guardian/enrollments/{id}` */
export const getEnrollment: Handler = async (call) => {
  const it = await findEnrollment(call)
  const factor = it && call.dialect.engine.parts.factors.get(it.factor)
  return it && factor ? ok(enrollment(it, factor)) : noEnrollment
}

/** `DELETE /guardian/enrollments/{id}` */
export const deleteEnrollment: Handler = async (call) => {
  const it = await findEnrollment(call)
  if (it === undefined) return noEnrollment
  const { user, factor, id: authenticator } = it
  const event = call.event('factor.removed', { user, factor, authenticator })
  const { parts } = call.dialect.engine
  const gone = await dropAuthenticators(parts, call.exchange.tenant, user, (one) => one.id === it.id, event)
  return gone.no === undefined ? noContent : noEnrollment
}
