import type { SessionEnd } from '#engine/session-ends.ts'
import { asId, type ClientId } from '#model/ids.ts'
import type { Clock } from '#ports/clock.ts'
import { type Delivery, DeliveryFailed } from '#ports/delivery.ts'
import type { Store } from '#ports/store.ts'
import type { TenantKeys } from './keys.ts'
import { signLogoutToken } from './mint.ts'

export interface BackChannelParts {
  readonly store: Store
  readonly keys: TenantKeys
  readonly clock: Clock
}

/** An application gets so long to answer, ms. */
const patience = 5_000

/**
 * The channel by which applications hear that a session has ended (OpenID Connect Back-Channel Logout section 2.5). The
 * token is signed when it leaves, so that it is young at every attempt, and has the id of its message, so that a
 * repetition can be told. The session is over whatever they answer.
 */
export function logoutDelivery({ store, keys, clock }: BackChannelParts): Delivery {
  return {
    provider: 'back-channel',
    async send({ id, tenant, to, text }) {
      const application = tenant && (await store.get('applications', tenant, asId<ClientId>(to)))
      const address = application?.backchannelLogoutUri
      // It was deleted, or does not want to hear of it any more.
      if (tenant === undefined || application === undefined || address === undefined) return 'sent'
      const { issuer, subject, sid } = JSON.parse(text) as SessionEnd
      const snapshot = await keys.snapshot(tenant, [application.idTokenAlgorithm ?? 'RS256'])
      const order = { issuer, subject, sid, application, id, now: clock.now(), keys: snapshot }
      await post(address, await signLogoutToken(order))
      return 'sent'
    },
  }
}

/** 200 or 204 is a yes; a redirect is not followed, since the address is the registered one and no other. */
async function post(address: string, token: string): Promise<void> {
  let status: number
  try {
    const answer = await fetch(address, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: token }),
      redirect: 'error',
      signal: AbortSignal.timeout(patience),
    })
    await answer.body?.cancel()
    if (answer.ok) return
    status = answer.status
  } catch {
    throw new DeliveryFailed('application did not answer', { retryable: true })
  }
  // 400 is the application's own no (section 2.8); it would be the same again.
  throw new DeliveryFailed(`application answered ${status}`, { retryable: status !== 400 })
}
