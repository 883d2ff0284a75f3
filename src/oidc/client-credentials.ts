import type { Application } from '#model/application.ts'

/** Whether a machine may have a token for an API, and which scopes. */
export type MachineOutcome =
  | { readonly yes: readonly string[]; readonly no?: undefined }
  | {
      /** `public-client`: S-114; `grant-type`: not switched on; `audience`: no grant for this API; `scope`: asked for more than granted. */
      readonly no: 'public-client' | 'grant-type' | 'audience' | 'scope'
      readonly yes?: undefined
    }

/**
 * Decides a client credentials request (RFC 6749 section 4.4): the application's own grants for the API are all there
 * is. Without `scope` everything granted is given; a scope beyond the grant is refused, not dropped, because a machine
 * has nobody to ask.
 */
export function grantMachine(
  application: Application,
  request: { readonly audience: string; readonly scope?: readonly string[] },
): MachineOutcome {
  if (application.authMethod === 'none') return { no: 'public-client' }
  if (!application.grantTypes.includes('client_credentials')) return { no: 'grant-type' }
  const grant = application.clientGrants.find((one) => one.audience === request.audience)
  if (grant === undefined) return { no: 'audience' }
  if (request.scope === undefined || request.scope.length === 0) return { yes: grant.scopes }
  return request.scope.every((name) => grant.scopes.includes(name)) ? { yes: request.scope } : { no: 'scope' }
}

/** `sub` of a machine's token (auth0.md §1.4). */
export function machineSubject(application: Pick<Application, 'id'>): string {
  return `${application.id}@clients`
}

/** `gty` of a machine's token (auth0.md §1.4). */
export const machineGty = 'client-credentials'
