import { type NumberType, type PhoneNumber, parsePhoneNumberFromString } from 'libphonenumber-js/max'

const phoneShape = /^\+[0-9][0-9 ().-]{3,30}$/

/**
 * A number in international form with a plus sign; spaces, dots, hyphens and brackets are taken out. undefined: it is
 * none, is too short or too long to be one, or (`strict`) lies in no range that is assigned.
 */
export function parsePhone(input: unknown, strict: boolean): PhoneNumber | undefined {
  if (typeof input !== 'string' || !phoneShape.test(input.trim())) return undefined
  const parsed = parsePhoneNumberFromString(input.trim())
  if (parsed === undefined || !(strict ? parsed.isValid() : parsed.isPossible())) return undefined
  return parsed
}

/** Ranges whose owners earn by being called, or that are nobody's own phone (S-74). */
const refusedTypes: ReadonlySet<NumberType> = new Set<NumberType>([
  'PREMIUM_RATE',
  'SHARED_COST',
  'TOLL_FREE',
  'PAGER',
  'VOICEMAIL',
  // Follow-me numbers, such as the British 070, are charged like premium ones.
  'PERSONAL_NUMBER',
])

/**
 * Whether nothing goes to numbers of this range. What belongs to no country is satellite, international premium or
 * toll-free service. Ranges nobody was assigned are told by `strict` in `parsePhone`, since samples stand in them.
 */
export function inRefusedRange(parsed: PhoneNumber): boolean {
  return parsed.isNonGeographic() || refusedTypes.has(parsed.getType())
}

/** ISO 3166 country of a number; of several with one calling code the likeliest. */
export const countryOf = (parsed: PhoneNumber): string | undefined => parsed.country ?? parsed.getPossibleCountries()[0]

/** The country messages to an E.164 number are counted under. */
export function countryOfNumber(number: string): string {
  const parsed = parsePhone(number, false)
  return (parsed && countryOf(parsed)) ?? 'other'
}

/** The range a number shares with 9,999 others: itself less its last four digits (S-76). */
export const prefixOf = (number: string): string => number.slice(0, -4)
