import type { Api } from '#model/application.ts'
import type { TenantId } from '#model/ids.ts'
import { identityScopes } from '#oidc/claims.ts'
import type { Store } from '#ports/store.ts'

/** A scope request in the server's terms (operating.md §6.4). */
export interface AskedScope {
  /** Absent: no API. */
  readonly api?: Api
  /** Plain names, those about the person first. */
  readonly names: readonly string[]
}

/** What SDKs ask for unless told (entra.md §1.3). */
const usual: readonly string[] = ['openid', 'profile', 'offline_access']

/**
 * Reads `{audience}/{scope}` and `{audience}/.default`: all of one API, beside what says something about the person.
 * Undefined: a name that is none, or two APIs at once.
 */
export async function readScope(
  store: Store,
  tenant: TenantId,
  text: string | undefined,
): Promise<AskedScope | undefined> {
  const words = [...new Set((text ?? '').split(/\s+/).filter((word) => word !== ''))]
  if (words.length === 0) return { names: usual }
  const personal = words.filter((word) => identityScopes.includes(word))
  const rights = words.filter((word) => !identityScopes.includes(word))
  if (rights.length === 0) return { names: withUsual(personal) }
  const apis = await store.list('apis', tenant, { limit: 1_000 })
  const first = rights[0] as string
  const api = apis.find((it) => rights.every((word) => rightsIn(it, word) !== undefined) && rightsIn(it, first))
  if (api === undefined) return undefined
  return { api, names: [...new Set([...withUsual(personal), ...rights.flatMap((word) => rightsIn(api, word) ?? [])])] }
}

/** SDKs insist on an ID token and a refresh token whatever was asked for (entra.md §4.1). */
const withUsual = (personal: readonly string[]): readonly string[] => [...new Set([...usual, ...personal])]

/** The scopes of an API a word means; undefined: it means none of this API. */
function rightsIn(api: Api, word: string): readonly string[] | undefined {
  const base = `${api.id.replace(/\/$/, '')}/`
  if (!word.startsWith(base)) return undefined
  const name = word.slice(base.length).replace(/^\//, '')
  if (name === '.default') return api.scopes
  return api.scopes.includes(name) ? [name] : undefined
}

/** A granted scope as it is answered: with the API in front of its names, so that a cache finds it again (entra.md §4.3). */
export function spelled(names: readonly string[], audience: string | undefined, asked: string | undefined): string {
  const base = audience === undefined ? '' : `${audience.replace(/\/$/, '')}/`
  const full = names.map((name) => (identityScopes.includes(name) ? name : `${base}${name}`))
  const wholes = (asked ?? '').split(/\s+/).filter((word) => audience !== undefined && word.endsWith('/.default'))
  return [...new Set([...wholes, ...full])].join(' ')
}
