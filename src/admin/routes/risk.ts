import * as z from 'zod'
import { listDecisions } from '#engine/risk/decisions.ts'
import { forgetRisk } from '#engine/risk/forget.ts'
import { asId, type UserId } from '#model/ids.ts'
import type { RiskDecision } from '#model/risk.ts'
import { type Operation, tenantOperation } from '../operation.ts'
import { notFound } from '../problems.ts'
import { moment, page, pageOf, paging, toMoment, userParams } from '../schemas/common.ts'

const tag = 'Risk'
const path = '/tenants/:tenant/users/:user/risk-decisions'

const decision = z
  .strictObject({
    id: z.string(),
    at: moment,
    client: z.string(),
    dialect: z.string(),
    correlation: z.string().meta({ description: '`request_id` of the request that asked.' }),
    level: z.enum(['low', 'medium', 'high']),
    outcome: z.enum(['passed', 'asked', 'refused']).meta({
      description: 'What policy made of it. `passed`: no second factor was asked for.',
    }),
    observed: z.literal(true).optional().meta({
      description: 'Recorded only: no policy that held looked at risk, and nobody was asked for it.',
    }),
    confirmed: z.boolean().meta({ description: 'The login ended with a completed factor.' }),
    score: z.number().optional().meta({ description: 'Likelihood ratio; absent: no history to compare with.' }),
    findings: z
      .array(
        z.strictObject({
          rule: z.string(),
          weight: z
            .number()
            .meta({ description: 'Weights add up: from 1 a second factor is asked, from 3 risk is high.' }),
          why: z.string().meta({ description: 'Reason code.' }),
          inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
        }),
      )
      .meta({ description: 'The rules that fired.' }),
    unless: z
      .array(z.strictObject({ what: z.string(), count: z.int().optional(), text: z.string() }))
      .meta({ description: 'All of these together would have let the login pass unasked. Empty where it did.' }),
    engine: z.int().meta({ description: 'Version of the rules.' }),
    situation: z.record(z.string(), z.unknown()).optional().meta({
      description: 'What it was judged by: counts, and keyed hashes in place of address and agent.',
    }),
    rule: z.record(z.string(), z.unknown()).meta({ description: 'Settings of the tenant as they stood.' }),
  })
  .meta({ id: 'RiskDecision', description: 'Why a login was asked for a second factor, or not.' })

const list = tenantOperation({
  method: 'GET',
  path,
  id: 'listRiskDecisions',
  tag,
  summary: 'Say why a user was asked for a second factor',
  description: 'Newest first, as long as the tenant keeps them (`risk.keep_days`).',
  permission: 'read:users',
  params: userParams,
  query: z.strictObject(paging),
  responses: { 200: { description: 'A page of decisions.', schema: pageOf(decision) } },
  async handle({ admin: { parts }, tenant, params, query }) {
    const id = asId<UserId>(params.user)
    if ((await parts.store.get('users', tenant.id, id)) === undefined) return notFound
    const after = query.after === undefined ? {} : { after: query.after }
    const rows = await listDecisions(parts, tenant.id, id, { limit: query.limit + 1, ...after })
    return { status: 200, body: page(rows, query.limit, view) }
  },
})

const forget = tenantOperation({
  method: 'DELETE',
  path,
  id: 'forgetRisk',
  tag,
  summary: 'Forget what was remembered of a user’s logins',
  description: 'Counters, profile and decisions. The next login is asked, since it has no history.',
  permission: 'write:users',
  params: userParams,
  responses: { 204: { description: 'Forgotten.' } },
  async handle(call) {
    const { parts } = call.admin
    const id = asId<UserId>(call.params.user)
    if ((await parts.store.get('users', call.tenant.id, id)) === undefined) return notFound
    const event = call.audit(call.tenant.id, 'admin.change', { user: id, details: { table: 'risk_decisions' } })
    await parts.store.change({}, () => ({ result: undefined, writes: [event] }))
    await forgetRisk(parts, call.tenant.id, id)
    return { status: 204 }
  },
})

function view(it: RiskDecision): z.input<typeof decision> {
  const { tenant: _tenant, expiresAt: _end, user: _user, findings, unless, situation, rule, ...same } = it
  return {
    ...same,
    at: toMoment(it.at),
    confirmed: it.confirmed === true,
    findings: findings.map((one) => ({ ...one })),
    unless: unless.map((one) => ({ ...one, text: remedyText(one) })),
    ...(situation && { situation: { ...situation } }),
    rule: { ...rule },
  }
}

const times = (count: number | undefined): string =>
  count === undefined || count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`

const remedies: Readonly<Record<RiskDecision['unless'][number]['what'], (count: number | undefined) => string>> = {
  'network-seen': (count) => `this network had been seen ${times(count)}`,
  'device-seen': (count) => `this device had been seen ${times(count)}`,
  'country-seen': (count) => `this country had been seen ${times(count)}`,
  'earlier-login': (count) => `the user had logged in like this ${times(count)} before`,
  'other-hour': () => 'it had been at a usual time of day',
  'more-time': (count) => `at least ${count ?? 0} hours had passed since the last login`,
  'fewer-failures': () => 'there had been fewer wrong attempts',
  'listed-address': () => 'the address were not on the list',
  'recent-login': () => 'the account had been used in the last 90 days',
  'engine-up': () => 'the login could have been rated in time',
  'input-sent': () => 'address and user agent had been told',
  'language-seen': () => 'the browser had asked for the usual languages',
  'fingerprint-seen': () => 'the mark of the browser had been seen before',
  'place-near': () => 'the device had said it was where its address is',
}

const remedyText = ({ what, count }: RiskDecision['unless'][number]): string => remedies[what](count)

export const riskRoutes: readonly Operation[] = [list, forget]
