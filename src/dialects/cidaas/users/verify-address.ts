import { proveSignUpAddress } from '#engine/accounts/sign-up.ts'
import { sendAddressCode } from '#engine/journeys/address-code.ts'
import { journeyToken } from '#engine/journeys/journey.ts'
import type { Exchange } from '#http/route.ts'
import type { Outcome } from '#model/outcome.ts'
import type { Dialect } from '../dialect.ts'
import { journeyOf, noteRegistration, type Registration } from './registration.ts'

/** Sends the code that proves the mailbox of a new account; for an address that is taken nothing is sent (S-102). */
export async function sendRegistrationCode(dialect: Dialect, exchange: Exchange, it: Registration): Promise<void> {
  const behind = await journeyOf(dialect, exchange, it)
  // A refusal would be told for addresses nobody has, and for no others: it is not told.
  if (behind) await sendAddressCode(dialect.engine.parts, behind.caller, behind.journey, 'verify-address')
}

/** Judges the code; with the right one the account comes into being. */
export async function proveRegistration(
  dialect: Dialect,
  exchange: Exchange,
  it: Registration,
  code: string,
): Promise<Outcome<undefined>> {
  const wrong: Outcome<undefined> = { no: 'wrong-proof', factor: 'email' }
  const behind = await journeyOf(dialect, exchange, it)
  if (behind === undefined) return wrong
  const { parts } = dialect.engine
  const profile = (behind.journey.state.extra?.profile ?? {}) as Readonly<Record<string, string>>
  const step = { ...behind, rules: [], profileOf: () => profile }
  const proved = await proveSignUpAddress(parts, step, code)
  // Dead codes, attempts that are used up, and an address somebody else took meanwhile all look like a wrong code.
  if (proved.no !== undefined) return wrong
  await noteRegistration(dialect, exchange, it, { journey: journeyToken(parts, proved.yes) })
  return { yes: undefined }
}
