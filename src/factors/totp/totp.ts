import { base32Decode, base32Encode } from '#crypto/base32.ts'
import { otpauthUri } from '#crypto/otpauth-uri.ts'
import { canonicalCode, defaultOtpShape, matchTotp, newOtpSecret } from '#crypto/totp.ts'
import type { CheckRequest, Enrolled, EnrolRequest, Factor, FactorTools, Verdict } from '#ports/factor.ts'

/** The shortest secret that may be brought along: vendors' exports hold 80-bit ones (operating.md §6.11). */
const leastImportedBytes = 10

/** Codes of an authenticator app, RFC 6238: 30 s, six digits, SHA-1; a time step is accepted once and never again. */
export const totp: Factor = {
  kind: 'totp',
  traits: {
    proof: 'code',
    channel: 'app',
    amr: ['otp'],
    assurance: 'possession',
    secondChannel: false,
    independent: true,
    enrollable: true,
    rank: 20,
  },
  enrol,
  check,
  adopt({ secret }) {
    const bytes = typeof secret === 'string' ? base32Decode(secret) : undefined
    return bytes === undefined || bytes.length < leastImportedBytes ? undefined : { secret: bytes, memory: {} }
  },
}

function enrol(request: EnrolRequest, tools: FactorTools): Enrolled {
  const secret = newOtpSecret(tools.random)
  const uri = otpauthUri({ label: [request.issuer, request.account], secret, issuer: request.issuer })
  return { secret, memory: {}, show: { secret: base32Encode(secret), uri } }
}

function check(request: CheckRequest, tools: FactorTools): Verdict {
  const code = canonicalCode(request.proof, defaultOtpShape.digits)
  if (code === undefined || request.secret === undefined) return { is: 'wrong' }
  const lastStep = typeof request.memory?.lastStep === 'number' ? request.memory.lastStep : undefined
  const step = matchTotp({ secret: request.secret, code, now: tools.now, lastStep })
  return step === undefined ? { is: 'wrong' } : { is: 'right', memory: { ...request.memory, lastStep: step } }
}
