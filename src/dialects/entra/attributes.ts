import { z } from 'zod'
import type { AttributeRule } from '#engine/accounts/sign-up.ts'
import type { Profile } from '#engine/journeys/journey.ts'
import type { Tenant } from '#model/tenant.ts'

/** Built-in attributes and how long they may be (entra.md §3.3). */
const builtIn: Readonly<Record<string, number>> = {
  city: 128,
  country: 128,
  displayName: 256,
  givenName: 64,
  jobTitle: 128,
  postalCode: 40,
  state: 128,
  streetAddress: 1_024,
  surname: 64,
}
const longestCustom = 250

/** The rules of a tenant's sign-up: the built-in names, all of them optional, and what the tenant asks for. */
export function attributeRules({ signUp }: Tenant): readonly AttributeRule[] {
  const asked = signUp?.attributes ?? []
  const named = new Set(asked.map((it) => it.name))
  const free = Object.keys(builtIn).filter((name) => !named.has(name))
  return [
    ...asked.map((it) => ({ ...it, max: builtIn[it.name] ?? longestCustom })),
    ...free.map((name) => ({ name, required: false, max: builtIn[name] ?? longestCustom })),
  ]
}

const schema = z.record(z.string().max(256), z.string().max(4_096))

/** The `attributes` parameter, a JSON object in a string; undefined: it is none. */
export function readAttributes(text: string | undefined): Readonly<Record<string, string>> | undefined {
  if (text === undefined) return {}
  try {
    const parsed = schema.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

/** Attributes in the words of an account; those without a word of their own are kept beside it. */
export function profileOf(attributes: Readonly<Record<string, string>>): Profile {
  const { displayName, givenName, surname, ...rest } = attributes
  return {
    name: displayName,
    givenName,
    familyName: surname,
    ...(Object.keys(rest).length > 0 ? { userMetadata: rest } : {}),
  }
}

/** How a missing attribute is asked for. */
export const requiredAttribute = ({ name, pattern }: AttributeRule) => ({
  name,
  type: 'string',
  required: true,
  ...(pattern === undefined ? {} : { options: { regex: pattern } }),
})
