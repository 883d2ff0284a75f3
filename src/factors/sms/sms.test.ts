import { factorContract } from '#test/contracts/factor.contract.ts'
import { otherThan } from '#test/support/world.ts'
import { sms } from './sms.ts'

factorContract(sms, {
  target: '+15555550101',
  proof: (it) => it.dispatch?.code,
  wrong: (right) => otherThan(String(right)),
  adopts: { good: [{ material: {} }], bad: [] },
})
