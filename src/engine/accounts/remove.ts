import type { Artifact } from '#model/artifact.ts'
import type { TenantId, UserId } from '#model/ids.ts'
import type { TableName } from '#model/tables.ts'
import type { User } from '#model/user.ts'
import { type Decision, type Found, remove, row, rows, upsert, type Write } from '#ports/store.ts'
import { forgetRisk } from '../risk/forget.ts'
import { logoutMessages } from '../session-ends.ts'
import type { EndingParts } from './set-password.ts'

const mostAtOnce = 1_000

/** The model of what is left of a refresh token, and the id of it, made from the id of the token. */
export const orphanModel = 'OrphanedToken'
export const orphanId = (refreshToken: string): string => `${orphanModel}:${refreshToken.split(':').pop()}`

/**
 * Deletes an account with everything that could still act for it: authenticators, flows, challenges, sessions, grants
 * and tokens, and what was remembered of its logins. Of a refresh token it stays known until its end that there was one.
 * The account and its audit row `event` go in the first commit, so that nothing new can begin; what is left of very long
 * lists follows in further ones. Answers the user that was, or undefined when there is none.
 */
export async function removeUser(
  parts: EndingParts,
  tenant: TenantId,
  id: UserId,
  event: Write,
): Promise<User | undefined> {
  const refs = { user: row('users', tenant, id), ...belongings(tenant, id) }
  const first = await parts.store.change(refs, (found): Decision<{ user?: User; more: boolean }> => {
    if (found.user === undefined) return { result: { more: false } }
    const gone = removals(parts, tenant, found)
    return {
      result: { user: found.user, more: isFull(found) },
      writes: [remove('users', tenant, id), ...gone, event],
    }
  })
  for (let more = first.more; more; ) {
    more = await parts.store.change(belongings(tenant, id), (found) => ({
      result: isFull(found),
      writes: removals(parts, tenant, found),
    }))
  }
  if (first.user !== undefined) await forgetRisk(parts, tenant, id)
  return first.user
}

const belongings = (tenant: TenantId, id: UserId) => ({
  authenticators: rows('authenticators', 'user', tenant, id),
  tickets: rows('tickets', 'user', tenant, id),
  challenges: rows('challenges', 'user', tenant, id),
  artifacts: rows('artifacts', 'user', tenant, id),
})

type Belongings = Found<ReturnType<typeof belongings>>
const tables = ['authenticators', 'tickets', 'challenges', 'artifacts'] as const satisfies readonly TableName[]

const removals = (parts: EndingParts, tenant: TenantId, found: Belongings): readonly Write[] => [
  ...tables.flatMap((table) => found[table].map((it) => remove(table, tenant, it.id))),
  ...found.artifacts.flatMap(orphan),
  ...logoutMessages(parts, found.artifacts),
]

/** Applications drop an account that is gone, and keep one whose token has merely run out, so they are told which it is. */
const orphan = ({ tenant, id, model, client, expiresAt }: Artifact): readonly Write[] =>
  model !== 'RefreshToken' || client === undefined || expiresAt === undefined
    ? []
    : [upsert('artifacts', { tenant, id: orphanId(id), model: orphanModel, client, payload: {}, expiresAt })]

const isFull = (found: Belongings): boolean => tables.some((table) => found[table].length >= mostAtOnce)
