/** The front door (entra.md §12, 1), and what leads back to it at the end. */
export const authorizePath = '/oauth2/v2.0/authorize-challenge'

/** Everything between is below this; clients take the addresses from answers and know none. */
const root = '/api/native'

/** The actions, a row each, without the base. */
export const actionPaths = {
  signIn: `${root}/signin`,
  signUp: `${root}/signup`,
  reset: `${root}/resetpassword`,
  passkey: `${root}/passkey`,
  challenge: `${root}/methods/:type/:id/challenge`,
  verify: `${root}/methods/:type/:id/verify`,
  enroll: `${root}/methods/:type/enroll`,
  resend: `${root}/methods/:type/enroll/resend`,
  activate: `${root}/methods/:type/activate`,
  attributes: `${root}/attributes`,
  update: `${root}/password`,
  poll: `${root}/password/poll`,
} as const
export type Action = keyof typeof actionPaths

/**
 * The address of an action as answers name it: absolute, with the tenant. Microsoft's SDK puts everything from `/api/` on
 * behind its own base, so a proxy's prefix stays; whoever resolves it as a URL reference lands on the same endpoint.
 */
export function hrefOf(tenant: string, action: Action, params: Readonly<Record<string, string>> = {}): string {
  const filled = actionPaths[action].replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  return `/${encodeURIComponent(tenant)}${filled}`
}

/** The base of a path of this generation; undefined: it is none. */
export function previewBase(path: string): string | undefined {
  if (path.endsWith(authorizePath)) return path.slice(0, -authorizePath.length)
  const at = path.lastIndexOf(`${root}/`)
  return at < 0 ? undefined : path.slice(0, at)
}
