/** Ids that cannot be swapped: a `UserId` is a string, but not every string is one. */
declare const of: unique symbol
export type Id<Noun extends string> = string & { readonly [of]: Noun }

export type TenantId = Id<'tenant'>
export type ClientId = Id<'client'>
export type UserId = Id<'user'>
export type AuthenticatorId = Id<'authenticator'>
/** SHA-256 of the handle a client holds; the handle itself is never stored (S-35). */
export type TicketId = Id<'ticket'>
/** SHA-256 of the handle a client holds. */
export type ChallengeId = Id<'challenge'>

/** Marks a checked string as the id it is; call it only at the edge where the string was read. */
export function asId<T extends Id<string>>(text: string): T {
  return text as T
}
