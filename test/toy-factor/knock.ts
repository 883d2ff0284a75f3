import type { Asked, CheckRequest, Enrolled, Factor, FactorTools, Verdict } from '#ports/factor.ts'

/**
 * TESTS ONLY: a factor nobody has heard of. The user has a token with a secret number; the server shows a number, and
 * the token answers with their sum. It has a question to show, a secret to keep and no message to send.
 */
export const knock: Factor = {
  kind: 'knock',
  traits: {
    proof: 'code',
    channel: 'device',
    amr: ['hwk'],
    assurance: 'possession',
    secondChannel: false,
    independent: true,
    enrollable: true,
    rank: 10,
  },
  enrol,
  ask,
  check,
  adopt: ({ number }) => (typeof number === 'number' ? { secret: new Uint8Array([number]) } : undefined),
}

/** What the token answers when it is shown a number. */
export const knockAnswer = (secret: Uint8Array | undefined, shown: unknown): string => {
  return `knock ${(secret?.[0] ?? 0) + Number(shown)}`
}

function enrol(_request: unknown, tools: FactorTools): Enrolled {
  const secret = tools.random.bytes(1)
  const { challenge, show } = ask({}, tools)
  return { secret, challenge, show: { secret: `${secret[0]}`, uri: `knock:${show?.number}` } }
}

function ask(_it: unknown, tools: FactorTools): Asked {
  const number = tools.random.int(1_000_000)
  return { challenge: { number }, show: { number } }
}

function check({ secret, challenge, proof }: CheckRequest): Verdict {
  if (secret === undefined || typeof challenge?.number !== 'number') return { is: 'wrong' }
  return { is: proof === knockAnswer(secret, challenge.number) ? 'right' : 'wrong' }
}
