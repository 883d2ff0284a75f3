import { audit } from '#engine/events.ts'
import type { Issue } from '#engine/issue.ts'
import type { Wish } from '#model/ticket.ts'
import type { TokenAnswer } from '#oidc/mint.ts'
import {
  endFamily,
  planRefresh,
  type RefreshFound,
  readRefresh,
  readyRefresh,
  refreshRefs,
  refreshScope,
} from '#oidc/refresh.ts'
import type { Refs } from '#ports/store.ts'
import { callerOf, dialectName } from '../dialect.ts'
import { noStore, oauthError } from '../wire.ts'
import { numbersIn } from '../words.ts'
import { answerOf, chosenGroup, mint, orderFor } from './claims.ts'
import type { Grant } from './token.ts'

const invalid = oauthError(400, 'invalid_grant', 'The refresh token is invalid, expired, used or revoked.')

type Issued = { readonly respond: () => Promise<TokenAnswer> }

/** `refresh_token`: policy is asked again with what the family has proved (S-56); claims are copied, never raised (S-119). */
export const refreshGrant: Grant = async (dialect, { exchange, application, params }) => {
  const { parts } = dialect.engine
  if (params.refresh_token === undefined) {
    return oauthError(400, 'invalid_request', 'Missing required parameter: refresh_token')
  }
  const now = parts.clock.now()
  const tenant = exchange.tenant.id
  const caller = callerOf(exchange, application)
  const looked = await readRefresh(parts.store, { tenant, application, token: params.refresh_token, now })
  if (looked.no === 'reused') {
    const { look } = looked
    const event = audit(parts, caller, 'refresh.reused', { user: look.user, outcome: 'failure', reason: 'reused' })
    await parts.store.change({}, () => ({ result: undefined, writes: [...endFamily(look), event] }))
    return invalid
  }
  if (looked.no !== undefined) return invalid
  const look = looked.yes
  const asked = params.scope?.split(/\s+/).filter((word) => word !== '')
  const scope = refreshScope({ look, scope: asked, audience: look.family.audience })
  if ('no' in scope) return invalid
  const order = await orderFor(dialect, exchange, application)
  const group = await chosenGroup(dialect, exchange, look.family.grantId)
  const wish: Wish = { dialect: dialectName, grantType: 'refresh_token', scope: scope.yes, refreshToken: look.id }
  const issue: Issue<Refs, Issued> = {
    refs: refreshRefs(look),
    decide: ({ user, proofs, assurance }, found) => {
      const before = look.assurance ?? assurance
      const amr = [...numbersIn(before.amr), ...assurance.amr]
      const { minted, writes } = mint(exchange, {
        ...order,
        group,
        user,
        subject: user.id,
        assurance: { ...assurance, acr: before.acr, authTime: before.authTime, amr },
        proofs,
        scope: scope.yes,
        grantType: 'refresh_token',
        family: look.family,
      })
      const ready = readyRefresh({ look, minted: { ...minted, writes }, keyring: parts.keyring, now })
      const planned = planRefresh(found as unknown as RefreshFound, ready)
      return planned.yes
        ? { issued: { respond: planned.yes.respond }, writes: planned.writes }
        : { refuse: { no: 'ticket-unknown' }, writes: planned.writes }
    },
  }
  const admitted = await dialect.engine.admit({ caller, user: look.user, proofs: look.proofs, wish, issue })
  if (admitted.no === 'more-proof') {
    return oauthError(400, 'interaction_required', 'A second factor is required: sign in again.')
  }
  if (admitted.no !== undefined) return invalid
  const { granted, issued } = admitted.yes
  return { status: 200, headers: noStore, body: answerOf(await issued.respond(), granted.user) }
}
