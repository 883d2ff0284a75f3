import { z } from 'zod'
import { decide } from '#engine/approvals/decide.ts'
import { type DeviceCall, leaveDevice, subscribeDevice } from '#engine/approvals/devices.ts'
import { pendingRequests } from '#engine/approvals/pending.ts'
import type { Answer, Exchange, Route } from '#http/route.ts'
import type { Outcome } from '#model/outcome.ts'
import { hostedCaller } from '#oidc/sign-in-policy.ts'
import { applicationOf, type Hosted, portalId } from '../hosted.ts'
import { noStore, refused } from '../wire.ts'

/** Where devices speak (docs/push.md). */
export const devicesPath = '/u/api/authenticator'

/** Everything a device wants is in what it signs. */
const body = z.strictObject({ statement: z.string().max(8_192) })

const ok = (value: object): Answer => ({ status: 200, headers: noStore, body: value })
const done = (): Answer => ({ status: 204, headers: noStore })

/**
 * The API of devices. No cookie counts here: each call is one statement, signed by the device's key for this server, so that
 * there is nothing another site could make a browser send (S-130).
 */
export function deviceRoutes(hosted: Hosted): readonly Route[] {
  const { parts } = hosted.engine
  const now = () => ({ now: parts.clock.now() })
  const post = <T>(
    name: string,
    act: (call: DeviceCall) => Promise<Outcome<T>>,
    answer: (value: T, exchange: Exchange) => Answer,
  ): Route => ({
    method: 'POST',
    path: `${devicesPath}/${name}`,
    handle: async (exchange) => {
      const parsed = body.safeParse(exchange.body)
      const application = await applicationOf(hosted, exchange, portalId)
      if (!parsed.success || application === undefined) return refused({ own: 'malformed' })
      const caller = hostedCaller(exchange, application)
      const outcome = await act({ caller, statement: parsed.data.statement })
      return outcome.no === undefined ? answer(outcome.yes, exchange) : refused(outcome)
    },
  })
  return [
    { method: 'GET', path: devicesPath, handle: (exchange) => about(hosted, exchange) },
    post(
      'enrol',
      (call) => decide(parts, call, 'enrol'),
      ({ account }, { tenant }) => ok({ account, tenant: { id: tenant.id, name: tenant.name } }),
    ),
    post(
      'requests',
      (call) => pendingRequests(parts, call),
      (requests) => ok({ ...now(), requests }),
    ),
    post(
      'answer',
      (call) => decide(parts, call, 'answer'),
      ({ decision }) => ok({ decision }),
    ),
    post('subscription', (call) => subscribeDevice(parts, call), done),
    post('remove', (call) => leaveDevice(parts, call), done),
  ]
}

/** What a device needs to know first: what time it is here, and the key browsers bind subscriptions to. */
async function about({ engine, pushKey }: Hosted, { tenant }: Exchange): Promise<Answer> {
  const key = await pushKey?.(tenant.id)
  return ok({ now: engine.parts.clock.now(), ...(key !== undefined && { pushKey: key }) })
}
