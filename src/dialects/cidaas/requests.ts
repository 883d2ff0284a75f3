import { tokenDigest } from '#crypto/digest.ts'
import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import type { Artifact } from '#model/artifact.ts'
import { asId, type ClientId, type TenantId, type UserId } from '#model/ids.ts'
import { insert, put, row } from '#ports/store.ts'
import type { Dialect } from './dialect.ts'
import { isUuid } from './input.ts'
import { pagesOf } from './pages/groups.ts'

export type ResponseMode = 'query' | 'fragment' | 'form_post'

/** What an application asked for before anybody signed in (cidaas.md §4.11). */
export interface Asked {
  readonly client: ClientId
  readonly redirectUri: string
  readonly responseMode: ResponseMode
  readonly scope: readonly string[]
  readonly state?: string
  readonly nonce?: string
  /** S256 challenge; requests made by the JSON route may lack it. */
  readonly challenge?: string
  readonly acr?: string
  /** Claims asked for one by one (`claim`), which the person has to agree to (cidaas.md §2.3). */
  readonly claims?: readonly string[]
  readonly lang: string
  /** Addresses of pages by their keys, where the application's group has its own (cidaas.md §7.1). */
  readonly pages?: Readonly<Record<string, string>>
  /** The group they are in; absent: the default one. */
  readonly group?: string
  /** The device that waits for this login, where one does, and the browser that entered its code (S-60). */
  readonly device?: { readonly row: string; readonly browser: string }
}

export interface LoginRequest extends Asked {
  readonly id: string
  /** Masked ids handed out in this request, each with the user it stands for (cidaas.md §4.11). */
  readonly masked: Readonly<Record<string, string>>
}

const model = 'LoginRequest'
const lifetime = 2 * 3_600_000
const rowId = (id: string): string => `${model}:${tokenDigest(id)}`

/** Keeps a request for 2 h and gives it its id. */
export async function openRequest(
  { engine }: Dialect,
  tenant: TenantId,
  asked: Asked,
  group?: string,
): Promise<LoginRequest> {
  const { store, random, clock } = engine.parts
  const pages = await pagesOf(store, tenant, group, asked.lang)
  const own = { ...(pages === undefined ? {} : { pages }), ...(group === undefined ? {} : { group }) }
  const request: LoginRequest = { ...asked, ...own, id: random.id(), masked: {} }
  const { id, ...payload } = request
  const kept: Artifact = {
    tenant,
    id: rowId(id),
    model,
    payload,
    client: asked.client,
    expiresAt: clock.now() + lifetime,
  }
  await store.change({}, () => ({ result: undefined, writes: [insert('artifacts', kept)] }))
  return request
}

/** The group of pages a login is led over, as it is named to the pages themselves (cidaas.md §2.3, §7.1). */
export const groupName = ({ group }: Pick<Asked, 'group'>): string => group ?? 'default'

/** A live request with its application; undefined: there is none of this id. */
export async function readRequest(
  { engine }: Dialect,
  { tenant }: Pick<Exchange, 'tenant'>,
  id: string | undefined,
): Promise<{ readonly request: LoginRequest; readonly application: Application } | undefined> {
  if (!isUuid(id)) return undefined
  const { store, clock } = engine.parts
  const found = await store.get('artifacts', tenant.id, rowId(id))
  if (found === undefined || (found.expiresAt ?? 0) <= clock.now()) return undefined
  const request = { ...(found.payload as unknown as Omit<LoginRequest, 'id'>), id }
  const application = await store.get('applications', tenant.id, request.client)
  return application && { request, application }
}

/** The masked id of a user in this request: a random UUID, worth nothing in another (cidaas.md §0.3 rule 10). */
export async function maskUser(
  { engine }: Dialect,
  tenant: TenantId,
  request: LoginRequest,
  user: UserId,
): Promise<string> {
  const fresh = engine.parts.random.id()
  return await engine.parts.store.change({ it: row('artifacts', tenant, rowId(request.id)) }, ({ it }) => {
    const masked = (it?.payload.masked ?? {}) as Readonly<Record<string, string>>
    const known = Object.keys(masked).find((id) => masked[id] === user)
    if (known !== undefined || it === undefined) return { result: known ?? fresh }
    return {
      result: fresh,
      writes: [
        put('artifacts', { ...it, payload: { ...it.payload, masked: { ...masked, [fresh]: user } } }),
        insert('artifacts', {
          tenant,
          id: maskedRowId(fresh),
          model: maskedModel,
          payload: { request: request.id },
          expiresAt: it.expiresAt,
        }),
      ],
    }
  })
}

const maskedModel = 'MaskedUser'
const maskedRowId = (masked: string): string => `${maskedModel}:${tokenDigest(masked)}`

/** The request a masked id was given out in, for calls that name nothing else (consents). */
export async function requestOfMasked(
  dialect: Dialect,
  exchange: Pick<Exchange, 'tenant'>,
  masked: string | undefined,
) {
  if (!isUuid(masked)) return undefined
  const found = await dialect.engine.parts.store.get('artifacts', exchange.tenant.id, maskedRowId(masked))
  const request = found?.payload.request
  return typeof request === 'string' ? await readRequest(dialect, exchange, request) : undefined
}

/** The user behind a masked id of this request. */
export function unmask(request: LoginRequest, masked: string | undefined): UserId | undefined {
  const user = masked !== undefined && Object.hasOwn(request.masked, masked) ? request.masked[masked] : undefined
  return user === undefined ? undefined : asId<UserId>(user)
}
