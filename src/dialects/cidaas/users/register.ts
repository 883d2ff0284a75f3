import { maySignUp } from '#engine/accounts/may-sign-up.ts'
import { hashNewPassword } from '#engine/accounts/passwords.ts'
import { startSignUp } from '#engine/accounts/sign-up.ts'
import type { Answer, Exchange } from '#http/route.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { type Input, inputOf, requestIdOf } from '../input.ts'
import { readRequest } from '../requests.ts'
import { classic, ok, type Row, refuse, said } from '../wire.ts'
import { openRegistration } from './registration.ts'

const differ: Row = [417, '10009', 'passwords_differ', 'The two passwords differ.']

/** Characters of a name, at most. */
const longestName = 200

/** What a new account says of itself. */
function profileOf(input: Input): {
  readonly name?: string
  readonly givenName?: string
  readonly familyName?: string
} {
  const cut = (text: string | undefined) => text?.slice(0, longestName)
  const [givenName, familyName] = [cut(input.text('given_name')), cut(input.text('family_name'))]
  const name = [givenName, familyName].filter((it) => it !== undefined).join(' ')
  return {
    ...(name === '' ? {} : { name }),
    ...(givenName ? { givenName } : {}),
    ...(familyName ? { familyName } : {}),
  }
}

/**
 * `POST /users-srv/register` (cidaas.md §3.2). Nothing is stored of the account until its mailbox is proved, by the same
 * calls that verify an address (§6.2); until then all answers are the same whether or not the address is taken (S-102).
 */
export async function register(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const found = await readRequest(dialect, exchange, requestIdOf(exchange))
  if (found === undefined) return classic(dialect, said.badRequestId)
  const input = inputOf(exchange)
  const [email, password] = [input.text('email'), input.raw('password')]
  if (email === undefined || typeof password !== 'string' || password === '') return classic(dialect, said.missing)
  if ((input.raw('password_echo') ?? password) !== password) return classic(dialect, differ)
  if ((input.text('provider') ?? 'self').toLowerCase() !== 'self') return classic(dialect, said.notHere)
  const { parts } = dialect.engine
  const caller = callerOf(exchange, found.application)
  if (!maySignUp(caller)) return classic(dialect, said.notHere)
  const started = await startSignUp(parts, {
    caller,
    email,
    password,
    wantsPassword: true,
    attributes: {},
    rules: [],
    extra: { profile: profileOf(input) },
  })
  if (started.no === 'taken') {
    // At the same price, and with the same refusals, as an address nobody has.
    const words = [exchange.tenant.name, email, email.split('@')[0] ?? '']
    const hashed = await hashNewPassword(parts.passwords, password, words)
    if (hashed.no !== undefined) return refuse(dialect, hashed)
  } else if (started.no === 'bad-attributes') return classic(dialect, said.badPayload)
  else if (started.no !== undefined) return refuse(dialect, started)
  const opened = await openRegistration(dialect, exchange, { request: found.request, email, journey: started.yes })
  return ok({
    sub: opened.sub,
    q: opened.sub,
    userStatus: 'PENDING',
    email_verified: false,
    suggested_action: 'LOGIN',
    track_id: opened.track,
    trackId: opened.track,
  })
}

/** `GET /registration-setup-srv/public/list`: the fields a registration page shows (cidaas.md §2.5). */
export async function registrationFields(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const found = await readRequest(dialect, exchange, inputOf(exchange).any('request'))
  if (found === undefined) return classic(dialect, said.badRequestId)
  const field = (fieldKey: string, dataType: string, required: boolean, order: number) => ({
    fieldKey,
    dataType,
    required,
    enabled: true,
    order,
    fieldDefinition: { locale: found.request.lang, name: fieldKey },
  })
  return ok([
    field('email', 'EMAIL', true, 1),
    field('given_name', 'TEXT', false, 2),
    field('family_name', 'TEXT', false, 3),
    field('password', 'PASSWORD', true, 4),
    field('password_echo', 'PASSWORD', true, 5),
  ])
}
