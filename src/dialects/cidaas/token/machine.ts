import { audit } from '#engine/events.ts'
import { prepare } from '#oidc/mint.ts'
import { callerOf } from '../dialect.ts'
import { noStore, oauthError } from '../wire.ts'
import { orderFor } from './claims.ts'
import type { Grant } from './token.ts'

/** The scopes a machine may ask for are those it was granted at any audience: cidaas names none. */
export const clientCredentials: Grant = async (dialect, { exchange, application, params }) => {
  if (application.authMethod === 'none') {
    return oauthError(400, 'unauthorized_client', 'A public client may not use this grant type.')
  }
  const granted = new Set(application.clientGrants.flatMap((it) => it.scopes))
  const asked = params.scope?.split(/\s+/).filter((word) => word !== '') ?? [...granted]
  if (!asked.every((word) => granted.has(word))) {
    return oauthError(400, 'invalid_scope', 'The client was not granted this scope.')
  }
  const { parts } = dialect.engine
  const order = await orderFor(dialect, exchange, application)
  const minted = prepare({
    ...order,
    subject: application.id,
    scope: asked,
    grantType: 'client_credentials',
    claims: { accessToken: { scopes: asked, roles: [], groups: [] } },
  })
  const event = audit(parts, callerOf(exchange, application), 'login.granted', {
    actor: 'client',
    details: { grant: 'client_credentials' },
  })
  await parts.store.change({}, () => ({ result: undefined, writes: [...minted.writes, event] }))
  return { status: 200, headers: noStore, body: await minted.respond() }
}
