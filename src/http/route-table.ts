import { corsRule } from './cors.ts'
import type { Method, RawRoute, Route, RouteGroup } from './route.ts'

/** All routes of one path template. */
export interface PathEntry {
  readonly path: string
  readonly group: RouteGroup
  /** By method, `HEAD` and `OPTIONS` included where a route handles them itself. */
  readonly byMethod: ReadonlyMap<string, Route | RawRoute>
  /** What `Allow` says. */
  readonly allow: readonly string[]
}

export interface RouteTable {
  readonly entries: readonly PathEntry[]
  /** The group that answers for a path none of its routes matches: the one that shares most leading segments. */
  groupOf(path: string): RouteGroup | undefined
}

/**
 * Sorts the routes of all groups by path, so that the router knows every path once and a wrong method can be told from
 * an unknown path.
 * @throws Error when two routes claim the same method and path, which is a mistake in the code
 */
export function createRouteTable(groups: readonly RouteGroup[]): RouteTable {
  const drafts = new Map<string, { path: string; group: RouteGroup; byMethod: Map<string, Route | RawRoute> }>()
  for (const group of groups) {
    for (const route of group.routes) {
      const shape = route.path.replace(/:[^/]+/g, ':')
      const draft = drafts.get(shape) ?? { path: route.path, group, byMethod: new Map() }
      if (draft.path !== route.path) throw new Error(`${draft.path} and ${route.path} are the same path`)
      for (const method of methodsOf(route)) {
        if (draft.byMethod.has(method)) throw new Error(`${method} ${route.path} is claimed twice`)
        draft.byMethod.set(method, route)
      }
      drafts.set(shape, draft)
    }
  }
  const entries = [...drafts.values()].map((draft) => ({ ...draft, allow: allowOf(draft) }))
  const owners = ownersOf(entries.filter((entry) => entry.group.when === undefined))
  return { entries, groupOf: (path) => ownerOf(owners, path) }
}

function methodsOf(route: Route | RawRoute): readonly string[] {
  const methods: readonly (Method | 'OPTIONS' | 'HEAD')[] = 'methods' in route ? route.methods : [route.method]
  return methods.includes('GET') ? [...methods, 'HEAD'] : methods
}

function allowOf({ path, group, byMethod }: Omit<PathEntry, 'allow'>): readonly string[] {
  const methods = [...byMethod.keys()]
  return corsRule(group, path) !== undefined && !methods.includes('OPTIONS') ? [...methods, 'OPTIONS'] : methods
}

/** Leading fixed segments of every path, each with the first group that has it. */
function ownersOf(entries: readonly PathEntry[]): ReadonlyMap<string, RouteGroup> {
  const owners = new Map<string, RouteGroup>()
  for (const { path, group } of entries) {
    let prefix = ''
    for (const segment of path.split('/').slice(1)) {
      if (segment === '' || segment.startsWith(':') || segment.includes('*')) break
      prefix += `/${segment}`
      if (!owners.has(prefix)) owners.set(prefix, group)
    }
  }
  return owners
}

function ownerOf(owners: ReadonlyMap<string, RouteGroup>, path: string): RouteGroup | undefined {
  for (let prefix = path; prefix !== ''; prefix = prefix.slice(0, prefix.lastIndexOf('/'))) {
    const owner = owners.get(prefix)
    if (owner !== undefined) return owner
    if (!prefix.includes('/')) return undefined
  }
  return undefined
}
