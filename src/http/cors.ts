import type { CorsRule, RouteGroup } from './route.ts'

export type CorsHeaders = Readonly<Record<string, string>>

const none: CorsHeaders = {}

/** The rule of a group for a path; undefined: no CORS there. */
export function corsRule(group: RouteGroup, path: string): CorsRule | undefined {
  return typeof group.cors === 'function' ? group.cors(path) : group.cors
}

/**
 * Headers that let a page read an answer, refusals included (S-135): only for origins the tenant's applications have
 * registered, or `*` for public documents. Never for `null`, never with credentials.
 * @param registered asks whether an origin is registered; called only when it matters
 */
export async function corsHeaders(
  rule: CorsRule,
  origin: string | undefined,
  registered: (origin: string) => Promise<boolean>,
): Promise<CorsHeaders> {
  const exposed =
    rule.exposeHeaders.length > 0 ? { 'access-control-expose-headers': rule.exposeHeaders.join(', ') } : none
  if (rule.origins === 'any') return { 'access-control-allow-origin': '*', ...exposed }
  if (origin === undefined || origin === 'null' || !(await registered(origin))) return { vary: 'Origin' }
  return { vary: 'Origin', 'access-control-allow-origin': origin, ...exposed }
}

/**
 * What a preflight is told besides `corsHeaders`: the methods of the path and the headers of the rule, and that it
 * may remember this for 10 minutes. Nothing when the origin was not let in.
 * @param asked `Access-Control-Request-Headers`
 */
export function preflightHeaders(
  rule: CorsRule,
  granted: CorsHeaders,
  methods: readonly string[],
  asked: string | undefined,
): CorsHeaders {
  if (granted['access-control-allow-origin'] === undefined) return none
  const wanted = rule.allowHeaders === '*' ? tokens(asked) : rule.allowHeaders
  const headers = [...new Set([...(rule.atLeast?.headers ?? []), ...wanted])]
  const all = [...new Set([...methods, ...(rule.atLeast?.methods ?? [])])]
  return {
    vary: 'Access-Control-Request-Headers',
    'access-control-allow-methods': all.join(', '),
    ...(headers.length > 0 ? { 'access-control-allow-headers': headers.join(', ') } : none),
    'access-control-max-age': '600',
  }
}

/** Header names out of a list; whatever is not a name is left out, so nothing is reflected unchecked. */
function tokens(list: string | undefined): readonly string[] {
  return (list ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => /^[a-z0-9_-]{1,64}$/.test(name))
    .slice(0, 32)
}
