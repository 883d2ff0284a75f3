import type { Engine } from '#engine/engine.ts'
import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import { asId, type ClientId, type TenantId } from '#model/ids.ts'
import type { Tenant } from '#model/tenant.ts'
import type { OidcRoom } from '#oidc/routes.ts'

/** What this dialect is handed. */
export interface Hosted {
  readonly engine: Engine
  readonly oidc: OidcRoom
  /** The key subscriptions for alerts are bound to, base64url; undefined where no alerts leave. */
  readonly pushKey?: (tenant: TenantId) => Promise<string | undefined>
}

/** Where our pages are. */
export const pagePaths = {
  login: '/u/login',
  account: '/u/account',
  reset: '/u/new-password',
  authenticator: '/u/authenticator',
} as const

/** The account portal signs in like any application; this one is in no table and gets no tokens. */
export const portalId = 'polyfactor-account'

/** As what people enrol who were invited to. What is granted to it becomes no session: nothing takes it up. */
export const invitationId = 'polyfactor-invitation'

function portal(tenant: Tenant, id: string): Application {
  return {
    tenant: tenant.id,
    id: asId<ClientId>(id),
    name: tenant.name,
    type: 'web',
    secretDigests: [],
    authMethod: 'none',
    redirectUris: [],
    logoutUris: [],
    allowedOrigins: [],
    grantTypes: [],
    nativeAuth: false,
    clientGrants: [],
  }
}

/** The application a flow is for; undefined when it has been deleted meanwhile. */
export async function applicationOf(
  { engine }: Hosted,
  { tenant }: Pick<Exchange, 'tenant'>,
  client: string,
): Promise<Application | undefined> {
  return client === portalId || client === invitationId
    ? portal(tenant, client)
    : await engine.parts.store.get('applications', tenant.id, client)
}
