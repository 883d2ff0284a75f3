import { giveConsent } from '#engine/acts/give-consent.ts'
import { agreeToShare, stopSharing } from '#engine/acts/share.ts'
import { missingConsent } from '#engine/policy/acts/consent.ts'
import type { Answer, Exchange } from '#http/route.ts'
import { asId, type ClientId } from '#model/ids.ts'
import type { Act } from '#model/ticket.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { inputOf } from '../input.ts'
import { requestOfMasked, unmask } from '../requests.ts'
import { managerOf } from '../setup/manager.ts'
import { findTrack, type Track } from '../verify/tracks.ts'
import { classic, denied, iso, ok, type Row, refuse } from '../wire.ts'

const invalid: Row = [400, 'PUB10004', 'invalid_consent', 'The consent is not one that is asked for here.']

/** The login that waits for a consent: all these calls name is the masked user (cidaas.md §4.9). */
async function waiting(
  dialect: Dialect,
  exchange: Exchange,
  of: readonly (Act | undefined)[] = ['consent'],
): Promise<Track | undefined> {
  const masked = inputOf(exchange).any('user')
  const found = await requestOfMasked(dialect, exchange, masked)
  const user = found && unmask(found.request, masked)
  const track = user && (await findTrack(dialect, exchange, found.request, user))
  return track && of.includes(track.ticket.requirement.act) ? track : undefined
}

/** `POST /consent-management-srv/v2/consent/usage/public/info`: the terms a login waits for. */
export async function consentInfo(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const track = await waiting(dialect, exchange)
  const { store } = dialect.engine.parts
  const user = track && (await store.get('users', exchange.tenant.id, track.ticket.user))
  const terms = user && missingConsent(track.application.consents, user)
  const input = inputOf(exchange)
  if (!terms || terms.id !== input.text('consent_id') || terms.version !== input.text('consent_version_id')) {
    return classic(dialect, invalid)
  }
  return ok({
    consent_id: terms.id,
    consent_version_id: terms.version,
    consent_name: terms.name,
    name: terms.name,
    ...(terms.url === undefined ? {} : { url: terms.url, consentURL: terms.url }),
  })
}

/** `POST /consent-management-srv/v2/consent/usage/accept`: agreed; continue then asks policy again. */
export async function acceptConsent(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const track = await waiting(dialect, exchange)
  if (track === undefined) return classic(dialect, invalid)
  const input = inputOf(exchange)
  const { ticket, application } = track
  const given = await giveConsent(dialect.engine.parts, {
    caller: callerOf(exchange, application),
    ticket,
    id: input.text('consent_id') ?? '',
    version: input.text('consent_version_id') ?? '',
  })
  if (given.no === 'challenge-unknown') return classic(dialect, invalid)
  if (given.no !== undefined) return refuse(dialect, given)
  return ok({ accepted: true, consent_id: given.yes, accepted_at: iso(dialect.engine.parts.clock.now()) })
}

const sharing = {
  scopes: { act: 'share-scopes', member: 'scopes' },
  claims: { act: 'share-claims', member: 'accepted_claims' },
} as const

/** Names in a list of the body. */
const namesIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.filter((it): it is string => typeof it === 'string') : []

/**
 * `POST /consent-management-srv/consent/{scope,claim}/accept` (cidaas.md §4.9): what the login asks for, as far as it is
 * named here. What is left out stays asked for.
 */
const acceptShare =
  (what: keyof typeof sharing) =>
  async (dialect: Dialect, exchange: Exchange): Promise<Answer> => {
    const { act, member } = sharing[what]
    const track = await waiting(dialect, exchange, [act])
    const input = inputOf(exchange)
    const client = input.text('client_id')
    if (track === undefined || (client !== undefined && client !== track.application.id))
      return classic(dialect, invalid)
    const caller = callerOf(exchange, track.application)
    const names = namesIn(input.raw(member))
    const agreed = await agreeToShare(dialect.engine.parts, { caller, ticket: track.ticket, what, names })
    return agreed.no === undefined ? ok({ accepted: true, [member]: agreed.yes }) : refuse(dialect, agreed)
  }

export const acceptScopes = acceptShare('scopes')
export const acceptClaims = acceptShare('claims')

/** `POST /consent-management-srv/consent/claim/revoke`: the next login that wants them asks again. */
export async function revokeClaims(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const manager = await managerOf(dialect, exchange)
  if ('status' in manager) return manager
  const input = inputOf(exchange)
  if ((input.text('sub') ?? manager.user.id) !== manager.user.id) return denied(dialect, 403)
  const { parts } = dialect.engine
  const client = asId<ClientId>(input.text('client_id') ?? manager.caller.application.id)
  const application = await parts.store.get('applications', exchange.tenant.id, client)
  if (application === undefined) return classic(dialect, invalid)
  const names = namesIn(input.raw('revoked_claims'))
  const caller = callerOf(exchange, application)
  const gone = await stopSharing(parts, { caller, user: manager.user.id, what: 'claims', names })
  return ok({ revoked: true, revoked_claims: gone ?? [] })
}

/** `GET /consent-management-srv/v2/consent/versions/details/:id`: the version of some terms that counts now. */
export async function consentVersion(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const { store } = dialect.engine.parts
  const all = await store.list('applications', exchange.tenant.id, { limit: 1_000 })
  const terms = all.flatMap((it) => it.consents ?? []).find((it) => it.id === exchange.params.consent_id)
  if (terms === undefined) return classic(dialect, invalid)
  return ok({
    _id: terms.version,
    consent_id: terms.id,
    version: terms.version,
    consent_type: 'URL',
    consent_locale: { locale: inputOf(exchange).any('language') ?? 'en', url: terms.url ?? '', name: terms.name },
  })
}
