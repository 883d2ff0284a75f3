import type { Refusal } from '#model/outcome.ts'
import type { PhoneRule } from '#model/tenant.ts'
import type { NumberFacts } from '#ports/number-facts.ts'
import type { Decision } from '#ports/store.ts'
import { audit } from '../events.ts'
import type { Caller, Parts } from '../parts.ts'
import { type Sending, sendRefs, spendMessage } from '../send-budget.ts'
import { guardTimes } from './figures.ts'

/** So long a changed number gets no codes (S-79); ms. */
const suspectFor = 7 * guardTimes.day

/**
 * Asks what is known of a number before a text or call with a code, where there is somebody to ask (S-79): for seven
 * days after its SIM card, operator or forwarding has changed it gets none, and a VoIP number gets none unless the
 * tenant takes them. Undefined: nothing speaks against it. When the source cannot answer, nothing is sent (S-78).
 */
export async function numberTrouble(parts: Parts, caller: Caller, sending: Sending): Promise<Refusal | undefined> {
  const { channel, to, user } = sending
  if (parts.numberFacts === undefined || to === undefined) return undefined
  if (channel !== 'sms' && channel !== 'voice') return undefined
  // Who is over a budget hears of that, and costs no question: they are paid for.
  if (await isOverBudget(parts, caller, sending)) return undefined
  const facts = await parts.numberFacts.of(to).catch(() => undefined)
  if (facts === undefined) return { no: 'undeliverable', channel }
  const signal = signalOf(facts, caller.tenant.phone, parts.clock.now())
  if (signal === undefined) return undefined
  const event = audit(parts, caller, 'phone.number-refused', { user, outcome: 'failure', reason: signal })
  await parts.store.change({}, () => ({ result: undefined, writes: [event] }))
  return { no: signal === 'voip' ? 'blocked-by-admin' : 'blocked-by-reputation', reach: 'phone' }
}

/** A look at the budgets that counts nothing. */
const isOverBudget = (parts: Parts, caller: Caller, sending: Sending): Promise<boolean> =>
  parts.store.change(sendRefs(caller, sending), (found): Decision<boolean> => {
    return { result: spendMessage(parts, caller, sending, found, parts.clock.now()).refuse !== undefined }
  })

function signalOf(facts: NumberFacts, { allowVoip }: PhoneRule, now: number): string | undefined {
  const changes = { 'sim-change': facts.simChangedAt, porting: facts.portedAt, forwarding: facts.forwardedAt }
  const recent = Object.entries(changes).find(([, at]) => at !== undefined && at > now - suspectFor)
  if (recent !== undefined) return recent[0]
  return facts.type === 'voip' && allowVoip !== true ? 'voip' : undefined
}
