import type { TenantId } from '#model/ids.ts'
import type { User } from '#model/user.ts'
import { type Decision, put, row, rows } from '#ports/store.ts'
import type { Parts } from '../parts.ts'

/** Users read at a time, so that requests are served in between (S-170). */
const slice = 100

/**
 * What follows for passwords when the clock was moved back to `to` (epoch ms): one set at a time the clock has yet to show
 * again counts as set at `to`. It would otherwise be newer than every login until then, and nobody could pass a second
 * factor. Tickets the change had ended stay ended (S-166).
 */
export async function passwordsNotAhead({ store }: Pick<Parts, 'store'>, tenant: TenantId, to: number): Promise<void> {
  for (let after: string | undefined; ; ) {
    const some = await store.list('users', tenant, { limit: slice, ...(after !== undefined && { after }) })
    for (const { id, passwordChangedAt = 0 } of some) {
      if (passwordChangedAt <= to) continue
      const refs = { user: row('users', tenant, id), tickets: rows('tickets', 'user', tenant, id) }
      await store.change(refs, ({ user, tickets }): Decision<void> => {
        const changed = user?.passwordChangedAt ?? 0
        if (user === undefined || changed <= to) return { result: undefined }
        const over = tickets.filter((it) => it.createdAt >= to && it.createdAt < changed)
        const set: User = { ...user, passwordChangedAt: to }
        return {
          result: undefined,
          writes: [put('users', set), ...over.map((it) => put('tickets', { ...it, endsAt: 0 }))],
        }
      })
    }
    after = some.at(-1)?.id
    if (some.length < slice) return
  }
}
