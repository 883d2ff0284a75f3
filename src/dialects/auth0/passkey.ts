import { z } from 'zod'
import { maySignUp } from '#engine/accounts/may-sign-up.ts'
import type { Caller } from '#engine/parts.ts'
import { askPasskey, type PasskeyAsked } from '#engine/passkey.ts'
import { startPasskeySignUp } from '#engine/passkey-sign-up.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Outcome } from '#model/outcome.ts'
import { allowsGrant } from './audience.ts'
import { callerOf, type Dialect } from './dialect.ts'
import { clientOf, stringsOf } from './token-request.ts'
import { missing, noStore, oauthError, passkeyTable, refuse } from './wire.ts'

export const passkeyGrantType = 'urn:okta:params:oauth:grant-type:webauthn'

/** The same caller as one who stands at our address: keys are bound to it, wherever the application is (S-90). */
export const atHome = (caller: Caller): Caller => ({ ...caller, base: caller.home })

/** The answer to a realm that is not the tenant's directory; undefined: it is, or none was named. */
export function otherRealm({ tenant }: Exchange, realm: string | undefined): Answer | undefined {
  if (realm === undefined || realm === tenant.defaultConnection) return undefined
  const named = JSON.stringify(realm)
  return oauthError(403, 'unauthorized_client', `The connection ${named} is not enabled for the client.`)
}

/** `POST /passkey/challenge`: what a passkey is asked to sign; nobody is named (auth0.md §6.5). */
export async function passkeyChallenge(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const caller = await callerFor(dialect, exchange)
  if ('status' in caller) return caller
  return answered(dialect, await askPasskey(dialect.engine.parts, caller))
}

const text = z.string().min(1).max(300)
/** Anybody may ask, and it is kept until the key comes or the question is over: characters as JSON. */
const longestMetadata = 4_096
const metadata = z
  .record(z.string().max(100), z.json())
  .refine((it) => JSON.stringify(it).length <= longestMetadata, 'is too long')
const profileSchema = z.object({
  email: z.string().min(1).max(320).optional(),
  phone_number: z.string().min(1).max(40).optional(),
  username: z.string().min(1).max(128).optional(),
  name: text.optional(),
  given_name: text.optional(),
  family_name: text.optional(),
  nickname: text.optional(),
  picture: z.url({ protocol: /^https?$/ }).optional(),
  user_metadata: metadata.optional(),
})
/** SDKs put what else is known of the user beside their profile, the documentation into it. */
const registration = z.object({ user_profile: profileSchema, user_metadata: metadata.optional() })

/**
 * `POST /passkey/register`: the passkey of an account that is to be. An address that is taken is answered like any other
 * (S-102); it is refused at the token endpoint, in the words of any sign-up.
 */
export async function passkeyRegister(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const caller = await callerFor(dialect, exchange)
  if ('status' in caller) return caller
  if (!maySignUp(caller)) return oauthError(403, 'access_denied', 'Public signup is disabled')
  const body = (exchange.body ?? {}) as Readonly<Record<string, unknown>>
  if (body.user_profile === undefined) return missing('user_profile')
  const read = registration.safeParse(body)
  if (!read.success) {
    const path = read.error.issues[0]?.path.map(String).join('.').slice(0, 100)
    return oauthError(400, 'invalid_request', `Invalid value: ${path}`)
  }
  const { user_profile: it, user_metadata } = read.data
  const identifier = it.email ?? it.username ?? it.phone_number
  if (identifier === undefined) return missing('user_profile.email')
  const wanted = {
    email: it.email,
    phoneNumber: it.phone_number,
    username: it.username,
    name: it.name ?? identifier,
    givenName: it.given_name,
    familyName: it.family_name,
    nickname: it.nickname ?? it.email?.split('@')[0],
    picture: it.picture,
    userMetadata: it.user_metadata ?? user_metadata,
  }
  return answered(dialect, await startPasskeySignUp(dialect.engine.parts, caller, wanted))
}

/** The application that calls and may use the grant these endpoints begin, or the answer it gets. */
async function callerFor(dialect: Dialect, exchange: Exchange): Promise<Caller | Answer> {
  const params = stringsOf(exchange.body)
  const client = await clientOf(dialect, exchange, params)
  if ('answer' in client) return client.answer
  if (!allowsGrant(client.application, passkeyGrantType)) {
    return oauthError(403, 'unauthorized_client', `Grant type '${passkeyGrantType}' not allowed for the client.`)
  }
  return otherRealm(exchange, params.realm) ?? atHome(callerOf(exchange, client.application))
}

function answered({ engine }: Dialect, asked: Outcome<PasskeyAsked>): Answer {
  if (asked.no !== undefined) return refuse(passkeyTable, asked, engine.parts)
  const { challenge, show } = asked.yes
  const body = { auth_session: challenge, authn_params_public_key: show.publicKey }
  return { status: 200, body, headers: noStore }
}
