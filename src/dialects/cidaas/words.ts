import type { Proof } from '#model/proof.ts'
import type { Factor, FactorTraits } from '#ports/factor.ts'

type Factors = ReadonlyMap<string, Factor>

/** Every method name a client may use (cidaas.md §5.1), whether or not there is a factor behind it. */
const vocabulary: ReadonlySet<string> = new Set(
  `PASSWORD TOUCHID FIDO2 FIDOU2F SECURITY_QUESTION SMS IVR FACE TOTP EMAIL BACKUPCODE PATTERN PUSH CHAT VOICE IRIS`.split(
    ' ',
  ),
)

const otherNames: Readonly<Record<string, string>> = { FINGERPRINT: 'TOUCHID', SMARTPUSH: 'PUSH', FIDO: 'FIDO2' }

/** A method as cidaas spells it, in whatever case it was sent; undefined: there is no such method. */
export function methodWord(text: string | undefined): string | undefined {
  const upper = (text ?? '').toUpperCase()
  const word = otherNames[upper] ?? upper
  return vocabulary.has(word) ? word : undefined
}

/** The word of a factor, told from its traits: a new factor needs no line here. */
export function wordOf({ proof, channel, reach }: FactorTraits): string {
  if (reach === 'email') return 'EMAIL'
  if (reach === 'phone') return channel === 'voice' ? 'IVR' : 'SMS'
  return byProof[proof]
}

const byProof: Readonly<Record<FactorTraits['proof'], string>> = {
  code: 'TOTP',
  lookup: 'BACKUPCODE',
  approval: 'PUSH',
  assertion: 'FIDO2',
  knowledge: 'SECURITY_QUESTION',
}

/** The factor a method stands for; undefined: this server has none. */
export const factorOf = (word: string, factors: Factors): Factor | undefined =>
  [...factors.values()].find((it) => wordOf(it.traits) === word)

/** The kind of name somebody signed in with. */
export type Identifier = 'email' | 'mobile' | 'username'
const column: Readonly<Record<Identifier, number>> = { email: 0, mobile: 1, username: 2 }

/** The kind of a name: what the client says it is, else what it looks like. */
export function identifierKind(said: string | undefined, name: string): Identifier {
  if (said === 'mobile' || (said !== 'user_name' && /^\+[0-9]/.test(name))) return 'mobile'
  return said !== 'user_name' && name.includes('@') ? 'email' : 'username'
}

/** First value of a row of cidaas.md §5.4; what stands alone has one number for every kind of name. */
const rows: Readonly<Record<string, number>> = {
  PASSWORD: 10,
  SECURITY_QUESTION: 30,
  BACKUPCODE: 50,
  TOTP: 60,
  PUSH: 80,
}
const single: Readonly<Record<string, string>> = { EMAIL: '103', SMS: '104', FIDO2: '106', IVR: '109' }

/** All numbers a method can have, by the kinds of name (cidaas.md §5.4); none where the table has no row for it. */
export function amrNumbersOf(word: string): readonly string[] {
  const row = rows[word]
  const alone = single[word]
  if (alone !== undefined) return [alone]
  return row === undefined ? [] : [0, 1, 2, 3].map((kind) => String(row + kind))
}

/** cidaas' own numbers for what was proved, in that order. */
export function amrNumbers(proofs: readonly Proof[], identifier: Identifier, factors: Factors): readonly string[] {
  const numbers = proofs.flatMap((proof) => {
    const traits = factors.get(proof.factor)?.traits
    const word = traits === undefined ? 'PASSWORD' : wordOf(traits)
    const row = rows[word]
    return single[word] ?? (row === undefined ? [] : String(row + column[identifier]))
  })
  return [...new Set(numbers)]
}

/** The numbers among the `amr` values of a token. */
export const numbersIn = (amr: readonly string[]): readonly string[] => amr.filter((it) => /^\d+$/.test(it))

/**
 * A number or address as pages show it (cidaas.md §5.3), with less of it than cidaas shows: the first letter of a
 * mailbox, the last two digits of a number (S-83).
 */
export function maskedTarget(target: string): string {
  const at = target.lastIndexOf('@')
  if (at === -1) return `${target.slice(0, 1)}${'*'.repeat(Math.max(0, target.length - 3))}${target.slice(-2)}`
  const [label = '', ...rest] = target.slice(at + 1).split('.')
  const domain = label.length < 3 ? '***' : `${label.slice(0, 1)}***${label.slice(-1)}`
  return `${target.slice(0, 1)}******@${[domain, ...rest].join('.')}`
}
