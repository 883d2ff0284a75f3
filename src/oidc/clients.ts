import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose'
import { sameSecret, tokenDigest } from '#crypto/digest.ts'
import type { Application } from '#model/application.ts'
import { asId, type ClientId, type TenantId } from '#model/ids.ts'
import type { Store } from '#ports/store.ts'
import { replayMark, spendMark } from './replay.ts'

/** What a request brought to say which client it is. */
export interface ClientClaim {
  readonly tenant: TenantId
  /** Body parameters, unchecked: anything but a string counts as absent. */
  readonly params: Readonly<Record<string, unknown>>
  /** `Authorization` header; only the Basic scheme is looked at, since Bearer is not client authentication. */
  readonly authorization?: string
  /** What an assertion may name as its audience: issuer and token endpoint, as clients of this dialect spell them. */
  readonly audiences: readonly string[]
  /** Epoch ms. */
  readonly now: number
}

/**
 * Why a client was not believed. Dialects answer all but `missing` and `malformed` with `invalid_client`.
 * - `missing`: no client id at all; `malformed`: a Basic header or assertion that cannot be read;
 * - `two-methods`: more than one kind of credential in a request (S-114);
 * - `unknown-client`, `wrong-secret`, `secret-missing` (confidential, came without), `secret-unwanted` (public, came
 *   with one), `wrong-method`, `bad-assertion`, `replayed-assertion`.
 */
export interface ClientRefusal {
  readonly no:
    | 'missing'
    | 'malformed'
    | 'two-methods'
    | 'unknown-client'
    | 'wrong-secret'
    | 'secret-missing'
    | 'secret-unwanted'
    | 'wrong-method'
    | 'bad-assertion'
    | 'replayed-assertion'
  /** As claimed; for the audit trail only. */
  readonly client?: string
}

export type ClientOutcome =
  | { readonly yes: Application; readonly no?: undefined }
  | (ClientRefusal & { readonly yes?: undefined })

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
/** Longest life of an assertion, s: what the SDKs send, with room for clocks (auth0.md §1.3). */
const longestAssertion = 180
const clockTolerance = 30
const assertionAlgorithms = ['RS256', 'RS384', 'PS256', 'ES256', 'EdDSA']
/** Digest to compare with when there is no such client, so that both cases cost the same. */
const nobody = tokenDigest('nobody')

interface Presented {
  readonly client: string
  readonly secret?: string
  readonly assertion?: string
}

/**
 * Says which application is calling, or why not (auth0.md §1.3; RFC 6749 section 2.3, RFC 7523 section 3).
 * Secrets are compared by digest; a signed assertion is spent, so a second request with it is refused.
 */
export async function authenticateClient(store: Store, claim: ClientClaim): Promise<ClientOutcome> {
  const presented = readPresented(claim)
  if ('no' in presented) return presented
  const application = await store.get('applications', claim.tenant, presented.client)
  const refused = (no: ClientRefusal['no']): ClientRefusal => ({ no, client: presented.client })
  if (application === undefined) {
    if (presented.secret !== undefined) matches(presented.secret, [nobody])
    return refused('unknown-client')
  }
  switch (application.authMethod) {
    case 'none':
      if (presented.secret !== undefined || presented.assertion !== undefined) return refused('secret-unwanted')
      return { yes: application }
    case 'client_secret_post':
    case 'client_secret_basic':
      if (presented.assertion !== undefined) return refused('wrong-method')
      if (presented.secret === undefined) return refused('secret-missing')
      return matches(presented.secret, application.secretDigests) ? { yes: application } : refused('wrong-secret')
    case 'private_key_jwt': {
      if (presented.secret !== undefined) return refused('wrong-method')
      if (presented.assertion === undefined) return refused('secret-missing')
      const no = await checkAssertion(store, claim, application, presented.assertion)
      return no === undefined ? { yes: application } : refused(no)
    }
  }
}

/** Whether a secret is one of those an application has; all are compared, whichever is right. */
export function matches(secret: string, digests: readonly string[]): boolean {
  const digest = tokenDigest(secret)
  let found = false
  for (const known of digests) found = sameSecret(digest, known) || found
  return found
}

function readPresented(claim: ClientClaim): Presented | ClientRefusal {
  const param = (name: string): string | undefined => {
    const value = claim.params[name]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const named = param('client_id')
  const secret = param('client_secret')
  const assertion = param('client_assertion')
  const isBasic = claim.authorization !== undefined && /^basic(?: |$)/i.test(claim.authorization)
  if ([secret !== undefined, assertion !== undefined, isBasic].filter(Boolean).length > 1) {
    return { no: 'two-methods', client: named }
  }
  if (isBasic) {
    const basic = readBasic(claim.authorization as string)
    if (basic === undefined || (named !== undefined && named !== basic.client))
      return { no: 'malformed', client: named }
    return basic
  }
  if (assertion !== undefined) {
    if (param('client_assertion_type') !== assertionType) return { no: 'malformed', client: named }
    const client = named ?? subjectOf(assertion)
    return client === undefined ? { no: 'malformed' } : { client, assertion }
  }
  return named === undefined ? { no: 'missing' } : { client: named, secret }
}

/** Both parts are form-encoded before they are joined (RFC 6749 section 2.3.1). */
function readBasic(header: string): Presented | undefined {
  const encoded = header.slice('basic '.length).trim()
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 1) return undefined
  try {
    const client = formDecode(text.slice(0, colon))
    const secret = formDecode(text.slice(colon + 1))
    return secret === '' ? { client } : { client, secret }
  } catch {
    return undefined
  }
}

function formDecode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}

/** The client an unchecked assertion speaks of; only good for looking up the keys it must then be signed with. */
function subjectOf(assertion: string): string | undefined {
  try {
    const { sub } = decodeJwt(assertion)
    return typeof sub === 'string' && sub !== '' ? sub : undefined
  } catch {
    return undefined
  }
}

async function checkAssertion(
  store: Store,
  claim: ClientClaim,
  application: Application,
  assertion: string,
): Promise<'bad-assertion' | 'replayed-assertion' | undefined> {
  const payload = await readAssertion(claim, application, assertion)
  if (payload === undefined) return 'bad-assertion'
  const { jti, exp } = payload
  const mark = replayMark(claim.tenant, `${application.id}`, jti, (exp + clockTolerance) * 1000)
  return (await spendMark(store, mark, claim.now)) ? undefined : 'replayed-assertion'
}

async function readAssertion(
  { audiences, now }: ClientClaim,
  application: Application,
  assertion: string,
): Promise<{ readonly jti: string; readonly exp: number } | undefined> {
  if (application.jwks === undefined) return undefined
  let payload: JWTPayload
  try {
    const keys = createLocalJWKSet(application.jwks as unknown as JSONWebKeySet)
    const options = {
      algorithms: assertionAlgorithms,
      issuer: application.id,
      subject: application.id,
      audience: [...audiences],
      requiredClaims: ['exp', 'jti'],
      clockTolerance,
      currentDate: new Date(now),
    }
    payload = (await jwtVerify(assertion, keys, options)).payload
  } catch {
    return undefined
  }
  const { jti, exp } = payload
  const tooLong = exp !== undefined && exp > Math.floor(now / 1000) + longestAssertion + clockTolerance
  return typeof jti !== 'string' || jti === '' || exp === undefined || tooLong ? undefined : { jti, exp }
}

/** A client id as read from a request, for calls that want the branded form. */
export function clientId(text: string): ClientId {
  return asId<ClientId>(text)
}
