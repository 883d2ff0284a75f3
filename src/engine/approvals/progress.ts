import type { TenantId } from '#model/ids.ts'
import { challengeId } from '../challenges.ts'
import type { Parts } from '../parts.ts'

/** How far a request to a device has come, for callers whose wire tells that while somebody waits. */
export type ApprovalProgress = 'sent' | 'seen' | 'allowed' | 'denied' | 'over'

/** By the handle of the challenge; undefined: there is none. It reads only, and spends nothing. */
export async function approvalProgress(
  { store, clock }: Pick<Parts, 'store' | 'clock'>,
  tenant: TenantId,
  handle: string,
): Promise<ApprovalProgress | undefined> {
  const it = await store.get('challenges', tenant, challengeId(handle))
  if (it === undefined) return undefined
  if (it.answered?.is === 'declined') return 'denied'
  if (it.wonAt !== undefined || it.voidedAt !== undefined || it.codeExpiresAt <= clock.now()) return 'over'
  if (it.answered !== undefined) return 'allowed'
  return it.seenAt === undefined ? 'sent' : 'seen'
}
