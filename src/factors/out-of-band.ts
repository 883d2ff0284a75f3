import { canonicalCode } from '#crypto/totp.ts'
import type { Asked, CheckRequest, Factor, FactorTools, FactorTraits, Verdict } from '#ports/factor.ts'

/** Digits of a code sent out of band (security contract part 1). */
export const codeDigits = 6

/**
 * What all factors share that send a code to an address and want it typed back: the challenge keeps a keyed hash of the
 * code and nothing else (S-34). A folder adds its name and its traits.
 */
export function outOfBand(kind: string, traits: FactorTraits): Factor {
  return {
    kind,
    traits,
    enrol: (_request, tools) => ask(tools),
    ask: (_it, tools) => ask(tools),
    check,
    adopt: () => ({}),
  }
}

function ask(tools: FactorTools): Asked {
  const code = tools.random.digits(codeDigits)
  return { challenge: { mac: tools.mac.make(code) }, dispatch: { code } }
}

function check(request: CheckRequest, tools: FactorTools): Verdict {
  const code = canonicalCode(request.proof, codeDigits)
  const mac = request.challenge?.mac
  if (code === undefined || typeof mac !== 'string') return { is: 'wrong' }
  return { is: tools.mac.matches(code, mac) ? 'right' : 'wrong' }
}
