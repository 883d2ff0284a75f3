import { sameSecret, tokenDigest } from '#crypto/digest.ts'
import type { EventFields } from '#engine/events.ts'
import type { Exchange } from '#http/route.ts'
import { machineGty } from '#oidc/client-credentials.ts'
import { readBearer, verifyAccessToken } from '#oidc/tokens.ts'
import { issuerOf } from '../dialect.ts'
import type { GraphOptions } from './call.ts'
import type { Collection } from './method.ts'

/** The API whose tokens open this room; a tenant that wants them declares it among its APIs. */
export const graphAudience = 'https://graph.microsoft.com'

/** Who administers, as the audit has it. */
export type Administrator = Pick<EventFields, 'actor' | 'client'>

/** The narrower permissions Graph has for kinds of method (entra.md §9.3). */
const narrow: Partial<Readonly<Record<Collection, string>>> = {
  emailMethods: 'UserAuthMethod-Email',
  phoneMethods: 'UserAuthMethod-Phone',
  softwareOathMethods: 'UserAuthMethod-SoftwareOATH',
  fido2Methods: 'UserAuthMethod-Passkey',
}

/** Permissions any one of which allows a call. `collection` undefined: methods of every kind. */
export function permissionsFor(method: Exchange['method'], collection: Collection | undefined): readonly string[] {
  const own = collection && narrow[collection]
  const groups = ['UserAuthenticationMethod', ...(own === undefined ? [] : [own])]
  const verbs = method === 'GET' ? ['Read.All', 'ReadWrite.All'] : ['ReadWrite.All']
  return groups.flatMap((group) => verbs.map((verb) => `${group}.${verb}`))
}

/**
 * Who is calling: the admin token, or a machine with a token for Graph and one of these permissions. A token counts only
 * with the grant its application still has; tokens of users are no administrators, whatever their scope.
 */
export async function administratorOf(
  dialect: GraphOptions,
  exchange: Exchange,
  permissions: readonly string[],
): Promise<Administrator | 'nobody' | 'not-allowed'> {
  const given = readBearer(exchange.headers.authorization)
  if (given?.scheme !== 'Bearer') return 'nobody'
  if (sameSecret(tokenDigest(given.token), dialect.adminTokenDigest)) return { actor: 'admin' }
  const { store, clock } = dialect.engine.parts
  const tenant = exchange.tenant.id
  const question = { tenant, issuer: issuerOf(exchange), audience: graphAudience, token: given.token, now: clock.now() }
  const claims = await verifyAccessToken({ store, keys: dialect.keys }, question)
  if (claims === undefined || claims.gty !== machineGty || claims.jkt !== undefined) return 'nobody'
  const application = await store.get('applications', tenant, claims.client)
  if (application === undefined || claims.subject !== application.id) return 'nobody'
  const granted = application.clientGrants.find((it) => it.audience === graphAudience)?.scopes ?? []
  const may = permissions.some((it) => claims.scope.includes(it) && granted.includes(it))
  return may ? { actor: 'client', client: application.id } : 'not-allowed'
}
