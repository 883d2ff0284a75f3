import { factorContract } from '#test/contracts/factor.contract.ts'
import { otherThan } from '#test/support/world.ts'
import { email } from './email.ts'

factorContract(email, {
  target: 'ada@example.com',
  proof: (it) => it.dispatch?.code,
  wrong: (right) => otherThan(String(right)),
  adopts: { good: [{ material: {} }], bad: [] },
})
