import type { CheckRequest, Factor, FactorTools, Memory, Verdict } from '#ports/factor.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
/** 24 of 36 characters are 124 random bits: enough for a keyed hash to be all that is kept (S-44 asks more below 112). */
const length = 24

/** Saved codes, one or a set: each works once and is replaced by the next one as it is used. */
export const recoveryCode: Factor = {
  kind: 'recovery_code',
  traits: {
    proof: 'lookup',
    channel: 'paper',
    amr: ['otp', 'recovery'],
    assurance: 'lookup',
    secondChannel: false,
    independent: false,
    enrollable: false,
    rank: 90,
  },
  enrol: ({ count = 1 }, tools) => (count === 1 ? issue(tools) : issueSet(count, tools)),
  check,
  adopt({ code }, tools) {
    const text = canonical(code)
    return text === undefined ? undefined : { memory: { mac: tools.mac.make(text) } }
  },
}

function issue(tools: FactorTools): { readonly memory: Memory; readonly show: { readonly codes: readonly string[] } } {
  const code = tools.random.code(alphabet, length)
  return { memory: { mac: tools.mac.make(code) }, show: { codes: [code] } }
}

function issueSet(count: number, tools: FactorTools): ReturnType<typeof issue> {
  const codes = Array.from({ length: count }, () => tools.random.code(alphabet, length))
  return { memory: { macs: codes.map((code) => tools.mac.make(code)) }, show: { codes } }
}

function check(request: CheckRequest, tools: FactorTools): Verdict {
  const code = canonical(request.proof)
  const { mac, macs } = request.memory ?? {}
  const kept = [mac, ...(Array.isArray(macs) ? macs : [])].filter((it): it is string => typeof it === 'string')
  if (code === undefined) return { is: 'wrong' }
  // All are compared, whichever matches, so that the time taken tells nothing (S-41).
  const used = kept.filter((it) => tools.mac.matches(code, it))
  if (used.length === 0) return { is: 'wrong' }
  const next = issue(tools)
  if (mac !== undefined) return { is: 'right', ...next }
  // In a set the others stay.
  const rest = kept.filter((it) => !used.includes(it))
  return { is: 'right', memory: { macs: [...rest, next.memory.mac] }, show: next.show }
}

/** Upper case, without the spaces and hyphens people write it down with; undefined when it cannot be a code. */
function canonical(input: unknown): string | undefined {
  if (typeof input !== 'string' || input.length > 2 * length) return undefined
  const text = input.replace(/[ -]/g, '').replace(/[a-z]/g, (letter) => letter.toUpperCase())
  return text.length === length && /^[A-Z0-9]+$/.test(text) ? text : undefined
}
