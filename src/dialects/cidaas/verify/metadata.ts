import { sharesAsked } from '#engine/acts/share.ts'
import { selectableGroups } from '#engine/policy/acts/choose-group.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Dialect } from '../dialect.ts'
import { isUuid } from '../input.ts'
import { strong } from '../login/code-issue.ts'
import { conditionOf } from '../login/outcome.ts'
import { readRequest } from '../requests.ts'
import { readRegistration } from '../users/registration.ts'
import { classic, iso, nothing, ok, said } from '../wire.ts'
import { amrNumbers, type Identifier } from '../words.ts'
import { methodsOf } from './methods.ts'
import { readTrack, type Track } from './tracks.ts'

/** `GET /public-srv/public/trackinfo/:request_id/:track_id`: the same, for a track of that request (cidaas.md §2.5). */
export async function trackInfo(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const track = await readTrack(dialect, exchange, exchange.params.track_id)
  if (track !== undefined && track.notes.request !== exchange.params.request_id) return nothing
  return await metadata(dialect, exchange)
}

/** What a page of the condition has to show; keys of our own, since cidaas' are not published (cidaas.md App. C). */
async function waitedFor({ engine }: Dialect, { ticket, application }: Track): Promise<object> {
  const { act } = ticket.requirement
  const user = act && (await engine.parts.store.get('users', ticket.tenant, ticket.user))
  if (!user) return {}
  if (act === 'share-scopes') return { scopes: sharesAsked(ticket, application, user) }
  if (act === 'share-claims') return { claims: sharesAsked(ticket, application, user) }
  if (act !== 'choose-group') return {}
  return { groups: selectableGroups(application, user).map((it) => ({ groupId: it.id, groupType: it.type })) }
}

/** Somebody who has just registered has chosen a password, and shows next that the mailbox is theirs. */
const registering = {
  logged_in: false,
  validation_type: 'communication_medium_verification',
  used: false,
  meta_data: { amr_values: ['10'], userConfiguredMethods: [] },
}

/** `GET /token-srv/prelogin/metadata/:track_id`: what a pending login waits for (cidaas.md §4.3). */
export async function metadata(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const handle = exchange.params.track_id
  if (handle === '') return classic(dialect, [404, 'VER_0025', 'not_found', 'The trackId is missing.'])
  if (!isUuid(handle)) return classic(dialect, said.unknownTrack)
  const track = await readTrack(dialect, exchange, handle)
  if (track === undefined) {
    const registration = await readRegistration(dialect, exchange, handle)
    return registration ? ok(registering) : nothing
  }
  const { ticket, notes } = track
  const condition = conditionOf(ticket.requirement)
  const { factors } = dialect.engine.parts
  const open = ticket.requirement.challenge ?? []
  const methods = await methodsOf(dialect, exchange, ticket.user, open)
  const acr = (await readRequest(dialect, exchange, notes.request))?.request.acr
  return ok({
    logged_in: false,
    validation_type: condition,
    used: false,
    meta_data: {
      amr_values: amrNumbers(ticket.proofs, notes.identifier as Identifier, factors),
      userConfiguredMethods: methods,
      ...(await waitedFor(dialect, track)),
      ...(acr === undefined
        ? {}
        : {
            acr_values: acr,
            last_auth_time: iso(ticket.proofs[0]?.at ?? ticket.createdAt),
            ...(acr.split(/\s+/).includes(strong) ? { terminal_error: 'stepup-required' } : {}),
          }),
    },
  })
}
