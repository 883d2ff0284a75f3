import type { Exchange } from '#http/route.ts'
import type { TenantId } from '#model/ids.ts'
import { put } from '#ports/store.ts'
import type { Dialect } from '../dialect.ts'
import { type Exchanging, exchangeRefs, isLive, readExchangeRow } from './exchanges.ts'
import { settle } from './prove.ts'
import { readStatus, readStatusRow, type Status, type StatusWord } from './statuses.ts'

/** The exchange that stands for a verification now, after the steps of a device. */
export async function currentOf(
  dialect: Dialect,
  tenant: TenantId,
  it: Pick<Exchanging, 'statusId'>,
): Promise<Exchanging | undefined> {
  const status = await readStatus(dialect, tenant, it.statusId)
  return status?.exchange === undefined ? undefined : await readExchangeRow(dialect, tenant, status.exchange)
}

/**
 * How far a verification is. A device answers for itself and at its own address; whoever asks first hears what it said, and
 * with its yes the login or the enrolment goes on (docs/push.md).
 */
export async function progressOf(dialect: Dialect, exchange: Exchange, status: Status): Promise<StatusWord> {
  const tenant = exchange.tenant.id
  const it = status.exchange === undefined ? undefined : await readExchangeRow(dialect, tenant, status.exchange)
  if (it?.challenge === undefined || !isLive(it.stage)) return status.status
  const challenge = await dialect.engine.parts.store.get('challenges', tenant, it.challenge)
  if (challenge?.answered?.is === 'declined') return await noteDenial(dialect, tenant, it)
  if (challenge?.answered?.is === 'right') {
    const settled = await settle(dialect, exchange, it)
    const now = settled ? undefined : await readStatusRow(dialect, tenant, status.rowId)
    return settled ? (challenge.purpose === 'enrolment' ? 'ENROLLED' : 'AUTHENTICATED') : (now?.status ?? status.status)
  }
  // Another request took its place on the device, or the login is over.
  if (challenge?.voidedAt !== undefined) return 'CANCELLED'
  return challenge?.seenAt !== undefined && status.status === 'INITIATED' ? 'PUSH_ACKNOWLEDGED' : status.status
}

async function noteDenial({ engine }: Dialect, tenant: TenantId, it: Exchanging): Promise<StatusWord> {
  return await engine.parts.store.change(exchangeRefs(tenant, it), ({ exchange, status }) => ({
    result: 'DENIED',
    writes: [
      ...(exchange ? [put('artifacts', { ...exchange, payload: { ...exchange.payload, stage: 'done' } })] : []),
      ...(status ? [put('artifacts', { ...status, payload: { ...status.payload, status: 'DENIED' } })] : []),
    ],
  }))
}
