import { giveConsent } from '#engine/acts/give-consent.ts'
import { missingConsent } from '#engine/policy/acts/consent.ts'
import type { Answer, Exchange } from '#http/route.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { inputOf } from '../input.ts'
import { requestOfMasked, unmask } from '../requests.ts'
import { findTrack, type Track } from '../verify/tracks.ts'
import { classic, iso, ok, type Row, refuse } from '../wire.ts'

const invalid: Row = [400, 'PUB10004', 'invalid_consent', 'The consent is not one that is asked for here.']

/** The login that waits for a consent: all these calls name is the masked user (cidaas.md §4.9). */
async function waiting(dialect: Dialect, exchange: Exchange): Promise<Track | undefined> {
  const masked = inputOf(exchange).any('user')
  const found = await requestOfMasked(dialect, exchange, masked)
  const user = found && unmask(found.request, masked)
  const track = user && (await findTrack(dialect, exchange, found.request, user))
  return track && track.ticket.requirement.act === 'consent' ? track : undefined
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
