import * as z from 'zod'
import { confirmed } from '#engine/policy/ways.ts'
import { type Read, readRecorded } from '#engine/risk/recorded.ts'
import { type Fate, fates, type Replayed, simulate } from '#engine/risk/simulate.ts'
import { mfaRule } from '../apply.ts'
import { type Operation, tenantOperation } from '../operation.ts'
import { invalid } from '../problems.ts'
import { riskRule } from '../risk-rule.ts'
import { moment, tenantParams, toMoment } from '../schemas/common.ts'
import { tenantWords } from '../schemas/words.ts'

const draft = z.strictObject({
  mfa: tenantWords.mfa.meta({
    description: 'Stands for the rules of tenant and applications alike; absent: each keeps its own.',
  }),
  risk: tenantWords.risk.meta({
    description:
      'Stands for the tenant’s own rule; absent: it keeps it. `bad_addresses` is not tried: addresses are not kept.',
  }),
  client_id: z.string().min(1).max(1024).optional().meta({ description: 'Only logins of this application.' }),
  from: moment.optional().meta({ description: 'Not before this moment; 30 days back when absent.' }),
  to: moment.optional().meta({ description: 'Before this moment; now when absent.' }),
  logins: z.int().min(1).max(10_000).default(2_000).meta({ description: 'Logins to replay at most, the newest ones.' }),
  users: z.int().min(0).max(1_000).default(100).meta({ description: 'Users to list at most.' }),
})

const count = z.int().min(0)
const fateCounts = z.strictObject({ passed: count, asked: count, blocked: count, stranded: count }).meta({
  id: 'RiskFates',
  description:
    'Logins without a second factor, asked for one, refused for their risk, and of users who have none that is allowed.',
})

const simulated = z
  .strictObject({
    from: moment,
    to: moment,
    logins: count.meta({ description: 'Logins that were replayed.' }),
    skipped: count.meta({ description: 'Logins of users or applications that are gone.' }),
    truncated: z.boolean().meta({ description: 'There are older ones in the span.' }),
    recorded: z
      .strictObject({ passed: count, asked: count, refused: count })
      .meta({ description: 'What became of them under the policy of the time.' }),
    simulated: fateCounts.meta({ description: 'What would have become of them.' }),
    newly_asked: count.meta({ description: 'Passed then, and would not have now.' }),
    newly_passed: count.meta({ description: 'Did not pass then, and would have now.' }),
    affected: z
      .strictObject({ asked: count, blocked: count, stranded: count })
      .meta({ description: 'Users with at least one such login.' }),
    users: z
      .array(
        z.strictObject({
          user: z.string(),
          logins: count,
          fates: fateCounts,
          factors: z.array(z.string()).meta({ description: 'Confirmed factors, allowed or not.' }),
        }),
      )
      .meta({
        description: 'Who would have been left without a factor first, then who blocked, then who asked oftenest.',
      }),
  })
  .meta({ id: 'RiskSimulation' })

const simulatePolicy = tenantOperation({
  method: 'POST',
  path: '/tenants/:tenant/risk/simulations',
  id: 'simulateRiskPolicy',
  tag: 'Risk',
  summary: 'Replay a draft policy over recorded logins',
  description:
    'Says who would have been asked, blocked or left without any factor. Changes nothing. Each login is rated again by what was known of it then, and judged with the factors its user has today, as if the password had just been right; whoever is asked is taken to answer. Remembered devices and step-up requests are not known any more. Recorded are logins that SMART rated, and all of a tenant that has set `risk`.',
  permission: 'read:users',
  params: tenantParams,
  body: draft,
  bodyOptional: true,
  responses: { 200: { description: 'What would have been.', schema: simulated } },
  async handle({ admin: { parts }, tenant, body }) {
    const to = body.to === undefined ? parts.clock.now() : Date.parse(body.to)
    const from = body.from === undefined ? to - 30 * 86_400_000 : Date.parse(body.from)
    if (from >= to) return invalid('The span is empty', [{ path: 'from', message: 'must lie before `to`' }])
    const read = await readRecorded(parts, tenant, { from, to, client: body.client_id, most: body.logins })
    const { badAddresses: _list, ...risk } = riskRule(body.risk) ?? {}
    const done = simulate(read.recorded, { mfa: mfaRule(body.mfa), ...(body.risk && { risk }) })
    return { status: 200, body: view(read, done, { from, to, most: body.users }) }
  },
})

function view(
  { recorded, truncated }: Read,
  { replayed, skipped }: ReturnType<typeof simulate>,
  { from, to, most }: { readonly from: number; readonly to: number; readonly most: number },
): z.input<typeof simulated> {
  const users = [...Map.groupBy(replayed, ({ decision }) => decision.user)].map(([user, logins]) => ({
    user,
    logins: logins.length,
    fates: counts(logins),
    factors: [...new Set(confirmed(recorded.subjects.get(user)?.authenticators ?? []).map((it) => it.factor))],
  }))
  const then = (outcome: 'passed' | 'asked' | 'refused') =>
    replayed.filter(({ decision }) => decision.outcome === outcome).length
  const withSome = (fate: Fate) => users.filter((it) => it.fates[fate] > 0).length
  return {
    from: toMoment(from),
    to: toMoment(to),
    logins: replayed.length,
    skipped,
    truncated,
    recorded: { passed: then('passed'), asked: then('asked'), refused: then('refused') },
    simulated: counts(replayed),
    newly_asked: replayed.filter(({ decision, fate }) => decision.outcome === 'passed' && fate !== 'passed').length,
    newly_passed: replayed.filter(({ decision, fate }) => decision.outcome !== 'passed' && fate === 'passed').length,
    affected: { asked: withSome('asked'), blocked: withSome('blocked'), stranded: withSome('stranded') },
    users: users.toSorted(worstFirst).slice(0, most),
  }
}

function counts(logins: readonly Replayed[]): Record<Fate, number> {
  const of = (fate: Fate) => logins.filter((it) => it.fate === fate).length
  return { passed: of('passed'), asked: of('asked'), blocked: of('blocked'), stranded: of('stranded') }
}

type Line = { readonly user: string; readonly fates: Readonly<Record<Fate, number>> }
const worstFirst = (a: Line, b: Line): number => {
  for (const fate of fates.toReversed()) if (a.fates[fate] !== b.fates[fate]) return b.fates[fate] - a.fates[fate]
  return a.user < b.user ? -1 : 1
}

export const riskSimulationRoutes: readonly Operation[] = [simulatePolicy]
