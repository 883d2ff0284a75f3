import type { ClientId, TenantId, UserId } from '#model/ids.ts'
import type { RiskDecision } from '#model/risk.ts'
import type { Tenant } from '#model/tenant.ts'
import type { Parts } from '../parts.ts'
import type { Recorded, Subject } from './simulate.ts'

export interface Span {
  /** Epoch ms: not before, and before. */
  readonly from: number
  readonly to: number
  /** Of this application only. */
  readonly client?: string
  /** Logins at most; the newest ones. */
  readonly most: number
}

export interface Read {
  readonly recorded: Recorded
  /** There are older ones in the span. */
  readonly truncated: boolean
}

type Needs = Pick<Parts, 'store' | 'factors'>

/** The recorded logins of a tenant, with those who logged in as they are now. */
export async function readRecorded(parts: Needs, tenant: Tenant, span: Span): Promise<Read> {
  const newest = await decisionsOf(parts, tenant.id, span)
  const decisions = newest.slice(0, span.most).reverse()
  const applications = new Map<string, NonNullable<Awaited<ReturnType<typeof applicationOf>>>>()
  for (const client of new Set(decisions.map((it) => it.client))) {
    const found = await applicationOf(parts, tenant.id, client)
    if (found !== undefined) applications.set(client, found)
  }
  const subjects = new Map<UserId, Subject>()
  for (const id of new Set(decisions.map((it) => it.user))) {
    const subject = await subjectOf(parts, tenant.id, id)
    if (subject !== undefined) subjects.set(id, subject)
  }
  const recorded = { tenant, applications, decisions, subjects, factors: parts.factors }
  return { recorded, truncated: newest.length > span.most }
}

const applicationOf = ({ store }: Needs, tenant: TenantId, client: string) =>
  store.get('applications', tenant, client as ClientId)

async function subjectOf({ store }: Needs, tenant: TenantId, id: UserId): Promise<Subject | undefined> {
  const [user, authenticators] = await Promise.all([
    store.get('users', tenant, id),
    store.list('authenticators', tenant, { by: { index: 'user', value: id }, limit: 1_000 }),
  ])
  return user && { user, authenticators }
}

/** Newest first, one more than wanted where there are more. */
async function decisionsOf({ store }: Needs, tenant: TenantId, span: Span): Promise<readonly RiskDecision[]> {
  const found: RiskDecision[] = []
  // Ids begin with their moment, so a span of time is a span of ids.
  for (let after: string | undefined = idAt(span.to); ; ) {
    const rows: readonly RiskDecision[] = await store.list('risk_decisions', tenant, {
      after,
      limit: chunk,
      descending: true,
    })
    for (const it of rows) {
      if (it.at < span.from || found.length > span.most) return found
      if (it.at < span.to && (span.client === undefined || it.client === span.client)) found.push(it)
    }
    after = rows.at(-1)?.id
    if (rows.length < chunk || after === undefined) return found
  }
}

const chunk = 500
const idAt = (ms: number): string => Math.max(0, ms).toString(16).padStart(12, '0')
