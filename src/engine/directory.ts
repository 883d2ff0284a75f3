import type { TenantId } from '#model/ids.ts'
import type { Tenant } from '#model/tenant.ts'
import type { Clock } from '#ports/clock.ts'
import type { Store } from '#ports/store.ts'

/** How long a process may go on with a list it has read, ms; all of them follow a change within 5 s. */
const keptFor = 1_000
/** A miss reads again at once, but no more often than this, ms. */
const missFor = 100

export interface Directory {
  /**
   * The tenant a path names, and nobody when it names one that is not there; else the one that claims a host (lower
   * case, without port); the first one where none does. Never stale itself.
   */
  tenantOf(host: string, path?: string): Promise<Tenant | undefined>
  /** Whether an application of the tenant has registered this origin, by itself or through a redirect URI. */
  originAllowed(tenant: Tenant, origin: string): Promise<boolean>
}

interface Hosts {
  readonly byHost: ReadonlyMap<string, TenantId>
  /** Ids and domains in lower case, as a path may name a tenant. */
  readonly byName: ReadonlyMap<string, TenantId>
  readonly first?: TenantId
  readonly readAt: number
}

interface Origins {
  readonly known: ReadonlySet<string>
  readonly readAt: number
}

/**
 * Which tenant answers a host. `first`: the tenant of the configuration that answers hosts nobody claims. `named`: the
 * name of a tenant in a path, in lower case, for paths that have one.
 */
export function createDirectory(
  store: Store,
  clock: Clock,
  first: TenantId | undefined,
  named: (path: string) => string | undefined = () => undefined,
): Directory {
  let hosts: Hosts | undefined
  const origins = new Map<TenantId, Origins>()

  async function readHosts(): Promise<Hosts> {
    const byHost = new Map<string, TenantId>()
    const byName = new Map<string, TenantId>()
    const ids = await store.everyTenant()
    for (const id of ids) byName.set(id.toLowerCase(), id)
    for (const id of ids) {
      const tenant = await store.get('tenants', id, id)
      for (const domain of tenant?.domains ?? []) {
        if (!byHost.has(domain)) byHost.set(domain, id)
        if (!byName.has(domain)) byName.set(domain, id)
      }
    }
    return { byHost, byName, first: first ?? ids[0], readAt: clock.now() }
  }

  async function readOrigins(tenant: TenantId): Promise<Origins> {
    const known = new Set<string>()
    for (const it of await store.list('applications', tenant, { limit: 1_000 })) {
      for (const origin of it.allowedOrigins) known.add(origin.replace(/\/$/, ''))
      for (const uri of it.redirectUris) if (URL.canParse(uri)) known.add(new URL(uri).origin)
    }
    return { known, readAt: clock.now() }
  }

  return {
    async tenantOf(host, path) {
      const name = path === undefined ? undefined : named(path)
      const hit = name === undefined ? hosts?.byHost.has(host) : hosts?.byName.has(name)
      const age = hosts && Math.abs(clock.now() - hosts.readAt)
      if (!hosts || (age ?? 0) > (hit ? keptFor : missFor)) hosts = await readHosts()
      const id = name === undefined ? (hosts.byHost.get(host) ?? hosts.first) : hosts.byName.get(name)
      return id === undefined ? undefined : await store.get('tenants', id, id)
    },
    async originAllowed(tenant, origin) {
      let read = origins.get(tenant.id)
      const age = read && Math.abs(clock.now() - read.readAt)
      if (!read || (age ?? 0) > (read.known.has(origin) ? keptFor : missFor)) {
        read = await readOrigins(tenant.id)
        origins.set(tenant.id, read)
      }
      return read.known.has(origin)
    },
  }
}

/** The public address of a tenant: the configured one, under the tenant's own domain where it has another. */
export function baseOf(publicUrl: string, tenant: Tenant): string {
  const url = new URL(publicUrl)
  const [domain] = tenant.domains
  if (domain !== undefined && !tenant.domains.includes(url.hostname)) url.hostname = domain
  return url.origin
}
