import type { TenantId } from '#model/ids.ts'
import type { Clock } from '#ports/clock.ts'
import type { Random } from '#ports/random.ts'
import type { Store } from '#ports/store.ts'
import { type BrowserSession, sessionIdFor } from './browser-sessions.ts'
import type { TenantKeys } from './keys.ts'
import { signLogoutToken } from './mint.ts'

export interface BackChannelParts {
  readonly store: Store
  readonly keys: TenantKeys
  readonly clock: Clock
  readonly random: Random
  readonly onFault?: (error: Error) => void
}

/** An application gets so long to answer, ms, and is asked so often. */
const patience = 5_000
const attempts = 3

/**
 * Tells every application of an ended session that has an address for it (OpenID Connect Back-Channel Logout section
 * 2.5). The session is over whatever they answer; nobody waits for them, and what fails three times is given up.
 */
export function createBackChannel(parts: BackChannelParts): (tenant: TenantId, session: BrowserSession) => void {
  return (tenant, session) => {
    for (const [application, as] of Object.entries(session.known)) {
      tell(parts, tenant, session, application, as).catch((error: unknown) =>
        parts.onFault?.(error instanceof Error ? error : new Error('a logout token was not delivered')),
      )
    }
  }
}

async function tell(
  parts: BackChannelParts,
  tenant: TenantId,
  session: BrowserSession,
  id: string,
  as: BrowserSession['known'][string],
): Promise<void> {
  const application = await parts.store.get('applications', tenant, id)
  const address = application?.backchannelLogoutUri
  if (application === undefined || address === undefined) return
  const keys = await parts.keys.snapshot(tenant, [application.idTokenAlgorithm ?? 'RS256'])
  for (let attempt = 1; ; attempt += 1) {
    const token = await signLogoutToken({
      issuer: as.issuer,
      subject: as.subject,
      application,
      sid: sessionIdFor(session, application.id),
      now: parts.clock.now(),
      random: parts.random,
      keys,
    })
    if (await delivered(address, token)) return
    if (attempt === attempts) throw new Error(`application ${application.id} did not take its logout token`)
    await new Promise((resolve) => setTimeout(resolve, attempt * 1_000).unref())
  }
}

/** 200 or 204 is a yes; a redirect is not followed, since the address is the registered one and no other. */
async function delivered(address: string, token: string): Promise<boolean> {
  try {
    const answer = await fetch(address, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: token }),
      redirect: 'error',
      signal: AbortSignal.timeout(patience),
    })
    await answer.body?.cancel()
    return answer.ok
  } catch {
    return false
  }
}
