import { startPasswordless } from '#engine/passwordless.ts'
import type { Answer, Exchange } from '#http/route.ts'
import { callerOf, type Dialect } from './dialect.ts'
import { clientOf, stringsOf } from './token-request.ts'
import { missing, noStore, oauthError, refuse, tokenTable } from './wire.ts'
import { subjectOf } from './words.ts'

/** `POST /passwordless/start`: sends a sign-in code to an address or a number (auth0.md §6.5). */
export async function passwordlessStart(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const params = stringsOf(exchange.body)
  const client = await clientOf(dialect, exchange, params)
  if ('answer' in client) return client.answer
  const { connection } = params
  if (connection !== 'email' && connection !== 'sms') {
    return connection === undefined
      ? missing('connection')
      : oauthError(400, 'bad.connection', 'Connection does not exist')
  }
  const to = connection === 'email' ? params.email : params.phone_number
  if (to === undefined) return missing(connection === 'email' ? 'email' : 'phone_number')
  if (params.send === 'link') return oauthError(400, 'bad.send', 'Only codes can be sent: use "send": "code"')
  const caller = callerOf(exchange, client.application)
  const started = await startPasswordless(dialect.engine.parts, { caller, channel: connection, to })
  if (started.no !== undefined) return refuse(tokenTable, started, dialect.engine.parts)
  const { address, user } = started.yes
  const id = subjectOf(user).replace(/^auth0\|/, '')
  // Whether the address was verified before is not told: it would say that there is an account (S-102).
  const body =
    connection === 'email'
      ? { _id: id, email: address, email_verified: false }
      : { _id: id, phone_number: address, phone_verified: false }
  return { status: 200, body, headers: noStore }
}
