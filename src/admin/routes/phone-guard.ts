import * as z from 'zod'
import { type GuardState, guardState, liftStop } from '#engine/phone-guard/state.ts'
import { type Operation, tenantOperation } from '../operation.ts'
import { notFound } from '../problems.ts'
import { moment, tenantParams, toMoment } from '../schemas/common.ts'

const tag = 'Phone guard'

const stop = z
  .strictObject({
    scope: z.enum(['prefix', 'country']),
    of: z.string().meta({ description: 'Beginning of the numbers, such as `+4915123456`, or ISO 3166 country.' }),
    since: moment,
    until: moment,
    sent: z.int().meta({ description: 'Messages of the hour it was judged by.' }),
    answered: z.int().meta({ description: 'How many of their codes came back.' }),
  })
  .meta({ id: 'PhoneStop', description: 'Where nothing is sent, because too few codes came back.' })

const line = z
  .strictObject({
    country: z.string(),
    today: z.int().meta({ description: 'Messages this day (UTC).' }),
    messages: z.int().meta({ description: 'Messages this month (UTC).' }),
    spent: z.number().meta({ description: 'What they cost by `prices`, in your currency.' }),
    ceiling: z.number().optional().meta({ description: 'What may be spent; absent: no ceiling.' }),
  })
  .meta({ id: 'PhoneLedgerLine' })

const state = z
  .strictObject({
    enabled: z.boolean().meta({ description: 'Whether the tenant’s guard is on; countries and prefixes hold anyway.' }),
    today: z.int().meta({ description: 'Messages of the tenant this day (UTC).' }),
    blocked_prefixes: z.array(z.string()).meta({ description: 'By configuration: blocked until it changes.' }),
    stops: z.array(stop),
    ledger: z.array(line).meta({ description: 'By country.' }),
  })
  .meta({ id: 'PhoneGuard' })

const show = tenantOperation({
  method: 'GET',
  path: '/tenants/:tenant/phone-guard',
  id: 'getPhoneGuard',
  tag,
  summary: 'Show what messages to phones were sent, cost and held back',
  permission: 'read:phone',
  params: tenantParams,
  responses: { 200: { description: 'The guard as it stands.', schema: state } },
  async handle({ admin: { parts }, tenant }) {
    const now = parts.clock.now()
    const found = await guardState(parts.store, tenant, now)
    return { status: 200, body: view(found, tenant.phone.blockedPrefixes) }
  },
})

function view({ enabled, today, stops, countries }: GuardState, prefixes: readonly string[]): z.input<typeof state> {
  return {
    enabled,
    today,
    blocked_prefixes: [...prefixes],
    stops: stops.map((it) => ({ ...it, since: toMoment(it.since), until: toMoment(it.until) })),
    ledger: countries.map(({ ceiling, ...it }) => ({ ...it, ...(ceiling === undefined ? {} : { ceiling }) })),
  }
}

const lift = tenantOperation({
  method: 'DELETE',
  path: '/tenants/:tenant/phone-guard/stops/:of',
  id: 'liftPhoneStop',
  tag,
  summary: 'Send to a range or country again before its stop ends',
  description: 'From then on it is judged by new messages only.',
  permission: 'write:phone',
  params: tenantParams.extend({
    of: z.string().min(1).max(32).meta({ description: '`of` of the stop, percent-encoded.' }),
  }),
  responses: { 204: { description: 'Lifted.' } },
  async handle(call) {
    const { parts } = call.admin
    const { of } = call.params
    const event = call.audit(call.tenant.id, 'phone.sending-resumed', { details: { of } })
    const lifted = await liftStop(parts.store, { tenant: call.tenant.id, of, now: parts.clock.now(), event })
    return lifted ? { status: 204 } : notFound
  },
})

export const phoneGuardRoutes: readonly Operation[] = [show, lift]
