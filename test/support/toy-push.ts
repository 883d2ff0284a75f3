import type { Factor, Verdict } from '#ports/factor.ts'

/** What the phone of a toy push says when it is asked. */
export interface ToyPhone {
  says: Extract<Verdict['is'], 'waiting' | 'declined' | 'right'>
}

/** TESTS ONLY: an approval given on another device, which is the test itself. */
export function toyPush(phone: ToyPhone): Factor {
  return {
    kind: 'push',
    traits: {
      proof: 'approval',
      channel: 'push',
      amr: ['pop'],
      assurance: 'possession',
      secondChannel: true,
      independent: true,
      enrollable: true,
      rank: 5,
    },
    enrol: () => ({ challenge: { asked: true }, show: { uri: 'otpauth://totp/toy?enrollment_tx_id=x' } }),
    ask: () => ({ challenge: { asked: true } }),
    check: ({ challenge }) => (challenge?.asked === true ? { is: phone.says } : { is: 'wrong' }),
  }
}
