import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { Authenticator } from '#model/authenticator.ts'
import type { User } from '#model/user.ts'
import type { FactorTraits } from '#ports/factor.ts'
import type { OwnCall } from './call.ts'

/** Ids Graph has fixed for methods a user has at most one of (entra.md §9.3). */
const fixed = {
  email: '3ddfcfc8-9383-446f-83cc-3ab9be4be18f',
  mobile: '3179e48a-750b-4051-897c-87b9720928f7',
  alternateMobile: 'b6332ec1-7057-4abe-9331-3d72feddfe41',
  office: 'e37fc753-ff3b-4958-9484-eaa9425c82bc',
  password: '28c10230-6103-485e-b985-444c60001490',
} as const

export const phoneTypes = ['mobile', 'alternateMobile', 'office'] as const
export type PhoneType = (typeof phoneTypes)[number]

/** The collections of Graph that hold methods of ours. */
export type Collection = 'emailMethods' | 'phoneMethods' | 'softwareOathMethods' | 'fido2Methods' | 'passwordMethods'

/** A method as Graph shows it, with the authenticator behind it; the password has none. */
export interface Method {
  readonly collection: Collection
  readonly authenticator?: Authenticator
  readonly phoneType?: PhoneType
  readonly body: Readonly<Record<string, unknown>> & { readonly id: string }
}

function collectionOf({ proof, channel, reach }: FactorTraits): Collection | undefined {
  if (reach === 'email') return 'emailMethods'
  if (reach === 'phone') return 'phoneMethods'
  if (proof === 'assertion') return 'fido2Methods'
  return proof === 'code' && channel === 'app' ? 'softwareOathMethods' : undefined
}

/** Everything a user can sign in with, in Graph's words; saved codes have none and are left out. */
export function methodsOf(call: OwnCall): readonly Method[] {
  const types = phoneTypesOf(call)
  const shown = call.held.flatMap((it) => methodOf(call, it, types) ?? [])
  return [...passwordOf(call.user), ...shown]
}

/** The first e-mail method has the fixed id; phones have that of their type, and more phones than types their own. */
function methodOf(call: OwnCall, it: Authenticator, types: ReadonlyMap<string, PhoneType>): Method | undefined {
  const traits = call.dialect.engine.parts.factors.get(it.factor)?.traits
  const collection = traits && collectionOf(traits)
  if (collection === undefined) return undefined
  const base = { collection, authenticator: it }
  const createdDateTime = new Date(it.createdAt).toISOString()
  switch (collection) {
    case 'emailMethods': {
      const first = firstOf(call, 'email')
      return { ...base, body: { id: first?.id === it.id ? fixed.email : it.id, emailAddress: it.target } }
    }
    case 'phoneMethods': {
      const phoneType = types.get(it.id)
      const id = phoneType === undefined ? it.id : fixed[phoneType]
      const phoneNumber = spaced(it.target ?? '')
      return { ...base, phoneType, body: { id, phoneNumber, phoneType, smsSignInState: 'notConfigured' } }
    }
    case 'fido2Methods':
      return { ...base, body: { id: it.id, displayName: it.name ?? null, createdDateTime } }
    default:
      return { ...base, body: { id: it.id, secretKey: null, createdDateTime } }
  }
}

function passwordOf({ passwordHash, passwordChangedAt, createdAt }: User): readonly Method[] {
  if (passwordHash === undefined) return []
  const createdDateTime = new Date(passwordChangedAt ?? createdAt).toISOString()
  return [{ collection: 'passwordMethods', body: { id: fixed.password, password: null, createdDateTime } }]
}

const reaching = ({ dialect, held }: OwnCall, reach: 'phone' | 'email') =>
  held.filter((it) => dialect.engine.parts.factors.get(it.factor)?.traits.reach === reach)

const firstOf = (call: OwnCall, reach: 'phone' | 'email') => reaching(call, reach)[0]

/** What each phone is: as it was added here, else the first type that is free. */
export function phoneTypesOf(call: OwnCall): ReadonlyMap<string, PhoneType> {
  const phones = reaching(call, 'phone')
  const types = new Map<string, PhoneType>()
  for (const it of phones) {
    const named = phoneTypes.find((type) => type === it.name)
    if (named !== undefined && ![...types.values()].includes(named)) types.set(it.id, named)
  }
  for (const it of phones) {
    const free = phoneTypes.find((type) => ![...types.values()].includes(type))
    if (!types.has(it.id) && free !== undefined) types.set(it.id, free)
  }
  return types
}

/** `+{country code} {number}`, as Graph writes numbers. */
function spaced(number: string): string {
  const parsed = parsePhoneNumberFromString(number)
  return parsed === undefined ? number : `+${parsed.countryCallingCode} ${parsed.nationalNumber}`
}

/** Graph's name of a method's type. */
export const odataType: Readonly<Record<Collection, string>> = {
  emailMethods: '#microsoft.graph.emailAuthenticationMethod',
  phoneMethods: '#microsoft.graph.phoneAuthenticationMethod',
  softwareOathMethods: '#microsoft.graph.softwareOathAuthenticationMethod',
  fido2Methods: '#microsoft.graph.fido2AuthenticationMethod',
  passwordMethods: '#microsoft.graph.passwordAuthenticationMethod',
}
