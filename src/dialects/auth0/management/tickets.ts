import { z } from 'zod'
import { asciiLower } from '#engine/addresses.ts'
import { createEnrolmentTicket } from '#engine/enrolment-tickets.ts'
import type { Dialect } from '../dialect.ts'
import { userOf } from '../resource.ts'
import { bodyOf, type Handler } from './call.ts'
import { factorRows } from './factors.ts'
import { invalidBody, noUser, ok, refused } from './wire.ts'

/** auth0.md §4: five days. */
const lifetime = 5 * 86_400

/** The page behind a ticket; its host comes from configuration (S-84). */
export const ticketUrl = (base: string, handle: string): string => `${base}/enrollment?ticket_id=${handle}`

const order = z.object({
  user_id: z.string().min(1),
  email: z.string().optional(),
  send_mail: z.boolean().default(false),
  email_locale: z.string().max(35).optional(),
  factor: z.enum(['phone', ...factorRows.map((it) => it.name)]).optional(),
  allow_multiple_enrollments: z.boolean().default(false),
})

/** The kinds of factor a word of this API stands for; `phone` is what the list calls sms. */
function kindsNamed(word: string, { engine }: Dialect): readonly string[] {
  const row = factorRows.find(({ name }) => name === (word === 'phone' ? 'sms' : word))
  return [...engine.parts.factors.values()].filter((it) => row?.is(it.traits)).map((it) => it.kind)
}

/**
 * `POST /guardian/enrollments/ticket`: a single-use invitation to enrol. Mail goes to the user's stored address and
 * nowhere else (S-158), so another address is refused instead of being written to. `allow_multiple_enrollments` changes
 * nothing: beside a factor there is, others are added after it was proved, by invitation or not (S-61).
 */
export const createTicket: Handler = async (call) => {
  const read = bodyOf(call, order)
  if ('status' in read) return read
  const { user_id, email, send_mail, email_locale, factor } = read.body
  const { dialect, exchange } = call
  const user = await userOf(dialect, exchange, user_id)
  if (user === undefined) return noUser
  if (send_mail && email !== undefined && asciiLower(email) !== asciiLower(user.email ?? '')) {
    return invalidBody("The email can be sent to the user's own address only.")
  }
  const kinds = factor === undefined ? undefined : kindsNamed(factor, dialect)
  if (kinds?.length === 0) return invalidBody(`The factor '${factor}' is not available on this server.`)
  const link = (handle: string) => ticketUrl(exchange.base, handle)
  const made = await createEnrolmentTicket(dialect.engine.parts, {
    tenant: exchange.tenant,
    user: user.id,
    lifetime,
    ...(kinds === undefined ? {} : { kinds }),
    ...(send_mail ? { mailLink: link } : {}),
    ...(email_locale === undefined ? {} : { locales: [email_locale] }),
    event: () => call.event('admin.change', { user: user.id, details: { what: 'enrolment ticket' } }),
  })
  return made.no === undefined
    ? ok({ ticket_id: made.yes, ticket_url: link(made.yes) })
    : refused(made, dialect.engine.parts)
}
