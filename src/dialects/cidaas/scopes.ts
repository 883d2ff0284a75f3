/**
 * What an application may ask about a person. `mobile` is among the SDK's defaults, and a scope that is left out or added
 * breaks its offline check (cidaas.md §11.21).
 */
const known: ReadonlySet<string> = new Set(
  `openid profile email phone mobile address offline_access identities roles groups
   cidaas:verification_read cidaas:verification_write cidaas:users_read cidaas:userinfo`.split(/\s+/),
)

/** The scopes of a request that are granted, in the order asked for; those of administrators never are. */
export function grantable(asked: string | undefined): readonly string[] {
  const words = [...new Set((asked ?? 'openid profile email').split(/\s+/).filter((it) => it !== ''))]
  return words.filter((it) => known.has(it))
}
