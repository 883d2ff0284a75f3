import { askPasswordReset } from '#engine/accounts/reset-password.ts'
import type { Answer, Exchange } from '#http/route.ts'
import { asId, type ClientId } from '#model/ids.ts'
import { callerOf, type Dialect } from './dialect.ts'
import { directoryError } from './signup.ts'
import { stringsOf } from './token-request.ts'
import { noStore } from './wire.ts'

/** Where the link of a reset mail leads. */
export const resetPath = '/u/reset-password'

const invalid = (description: string): Answer => directoryError(400, 'BadRequestError', 'invalid_body', description)

/**
 * `POST /dbconnections/change_password`: mails a reset link. The answer is one text, whoever is asked about (S-102);
 * only what is wrong with the request itself is said.
 */
export async function askChangePassword(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const { client_id, email, connection } = stringsOf(exchange.body)
  if (client_id === undefined) return invalid('client_id is required')
  const { store } = dialect.engine.parts
  const application = await store.get('applications', exchange.tenant.id, asId<ClientId>(client_id))
  if (application === undefined) return invalid('unknown client')
  if (email === undefined) return invalid('email is required')
  if (connection === undefined) return invalid('connection is required')
  if (connection !== exchange.tenant.defaultConnection) return invalid('connection does not exist')
  await askPasswordReset(dialect.engine.parts, {
    caller: callerOf(exchange, application),
    email,
    link: (handle) => `${exchange.base}${resetPath}?ticket=${handle}`,
  })
  const headers = { ...noStore, 'content-type': 'text/html; charset=utf-8' }
  return { status: 200, body: "We've just sent you an email to reset your password.", headers }
}
