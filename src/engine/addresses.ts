import type { Outcome } from '#model/outcome.ts'
import { yes } from '#model/outcome.ts'
import type { Tenant } from '#model/tenant.ts'
import { countryOf, inRefusedRange, parsePhone } from './phone-guard/numbers.ts'

/**
 * The one form of a telephone number, E.164, after the tenant's rules (operating.md §3 `phone`). Numbers must be in
 * international form with a plus sign; spaces, dots, hyphens and brackets are taken out. Nothing goes to premium,
 * shared-cost, toll-free, pager and satellite ranges in any tenant (S-74), nor to countries that are not listed (S-75).
 */
export function canonicalPhone(tenant: Tenant, input: unknown): Outcome<string> {
  const parsed = parsePhone(input, tenant.phone.strict)
  if (parsed === undefined) return { no: 'bad-address', reach: 'phone' }
  const { number } = parsed
  if (inRefusedRange(parsed) || tenant.phone.blockedPrefixes.some((prefix) => number.startsWith(prefix))) {
    return { no: 'blocked-by-reputation', reach: 'phone' }
  }
  const { countries } = tenant.phone
  if (countries !== undefined) {
    const country = countryOf(parsed)
    if (country === undefined || !countries.includes(country)) return { no: 'blocked-by-admin', reach: 'phone' }
  }
  return yes(number)
}

const emailShape = /^[^\s@"(),:;<>[\\\]]{1,64}@[^\s@"(),:;<>[\\\]]{1,255}$/

/**
 * An e-mail address as it is stored: NFC, trimmed, domain in its ASCII form, at most 254 bytes (S-158).
 * Normalised first, checked after.
 */
export function canonicalEmail(input: unknown): Outcome<{ readonly email: string; readonly key: string }> {
  if (typeof input !== 'string' || input.length > 320) return { no: 'bad-email' }
  const text = input.trim().normalize('NFC')
  if (!emailShape.test(text)) return { no: 'bad-email' }
  const at = text.lastIndexOf('@')
  const local = text.slice(0, at)
  const domain = asciiDomain(text.slice(at + 1))
  if (domain === undefined || local.startsWith('.') || local.endsWith('.') || local.includes('..'))
    return { no: 'bad-email' }
  const email = `${local}@${domain}`
  return new TextEncoder().encode(email).length > 254
    ? { no: 'bad-email' }
    : yes({ email, key: emailKey(local, domain) })
}

/**
 * Two spellings are one account only if they differ in the case of ASCII letters. Unicode case folding would let a
 * dotless i or a long s reach somebody else's account (AC-38).
 */
function emailKey(local: string, domain: string): string {
  return `${asciiLower(local)}@${domain}`
}

export const asciiLower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

function asciiDomain(domain: string): string | undefined {
  const labels = /^[a-z0-9-]+(\.[a-z0-9-]+)*$/
  const plain = asciiLower(domain)
  if (labels.test(plain)) return plain
  try {
    const host = new URL(`http://${domain}`).hostname
    return labels.test(host) ? host : undefined
  } catch {
    return undefined
  }
}

/** What a user may be shown of an address before a second factor is proved: the last two digits (S-83). */
export function hintOfPhone(number: string): string {
  return `${'*'.repeat(Math.max(0, number.length - 2))}${number.slice(-2)}`
}
