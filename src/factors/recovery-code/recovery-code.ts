import type { CheckRequest, Factor, FactorTools, Memory, Verdict } from '#ports/factor.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
/** 24 of 36 characters are 124 random bits: enough for a keyed hash to be all that is kept (S-44 asks more below 112). */
const length = 24

/** A saved code that works once and is replaced by the next one as it is used. */
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
  enrol: (_request, tools) => issue(tools),
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

function check(request: CheckRequest, tools: FactorTools): Verdict {
  const code = canonical(request.proof)
  const mac = request.memory?.mac
  if (code === undefined || typeof mac !== 'string' || !tools.mac.matches(code, mac)) return { is: 'wrong' }
  const { memory, show } = issue(tools)
  return { is: 'right', memory, show }
}

/** Upper case, without the spaces and hyphens people write it down with; undefined when it cannot be a code. */
function canonical(input: unknown): string | undefined {
  if (typeof input !== 'string' || input.length > 2 * length) return undefined
  const text = input.replace(/[ -]/g, '').replace(/[a-z]/g, (letter) => letter.toUpperCase())
  return text.length === length && /^[A-Z0-9]+$/.test(text) ? text : undefined
}
