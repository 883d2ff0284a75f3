import type { z } from 'zod'
import type { Caller } from '#engine/parts.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Wish } from '#model/ticket.ts'
import type { User } from '#model/user.ts'
import type { LiveSession } from '#oidc/browser-sessions.ts'
import { readCookie } from '#oidc/cookies.ts'
import { hostedCaller, hostedDialect } from '#oidc/sign-in-policy.ts'
import { stopped } from '../guard.ts'
import { applicationOf, type Hosted, portalId } from '../hosted.ts'
import { refused } from '../wire.ts'

/** A request of a signed-in person about their own account. */
export interface Call {
  readonly hosted: Hosted
  readonly exchange: Exchange
  readonly caller: Caller
  readonly session: LiveSession
  readonly user: User
  /** Value of the cookie no other site can make the browser send. */
  readonly cookie: string
}

/** What changes to an account are asked for as: the proof has to be fresh, second factor included (S-63). */
export const manageWish: Wish = {
  dialect: hostedDialect,
  grantType: 'account-portal',
  scope: [],
  managesFactors: true,
}

/** What tokens of the account API are bound to; not a flow's. */
export const csrfFor = 'account'

/** The person whose session this is; both cookies are needed (S-130). */
export async function openCall(hosted: Hosted, exchange: Exchange): Promise<Call | undefined> {
  const { sessions } = hosted.oidc
  const session = await sessions.live(exchange)
  const cookie = readCookie(exchange, 'account')
  if (session === undefined || cookie === undefined || !(await sessions.holdsAccount(exchange, session))) {
    return undefined
  }
  const user = await hosted.engine.parts.store.get('users', exchange.tenant.id, session.user)
  const application = await applicationOf(hosted, exchange, portalId)
  if (user === undefined || user.blocked || application === undefined) return undefined
  return { hosted, exchange, session, user, cookie, caller: hostedCaller(exchange, application) }
}

export const isFresh = async ({ hosted, caller, user, session }: Call): Promise<boolean> =>
  (await hosted.engine.check({ caller, user: user.id, proofs: session.proofs, wish: manageWish })).is === 'enough'

/** A look at the account. */
export const looking =
  (look: (call: Call) => Promise<Answer>) =>
  async (hosted: Hosted, exchange: Exchange): Promise<Answer> => {
    const call = await openCall(hosted, exchange)
    return call === undefined ? refused({ own: 'sign-in-needed' }) : await look(call)
  }

/** A change: from a page of ours, with its token, the body by its schema, and on a fresh proof unless told otherwise. */
export const changing =
  <S extends z.ZodType>(schema: S, change: (call: Call, body: z.output<S>) => Promise<Answer>, fresh = true) =>
  async (hosted: Hosted, exchange: Exchange): Promise<Answer> => {
    const call = await openCall(hosted, exchange)
    if (call === undefined) return refused({ own: 'sign-in-needed' })
    const no = stopped(hosted.engine.parts.keyring, exchange, call.cookie, csrfFor)
    if (no !== undefined) return refused({ own: no })
    const parsed = schema.safeParse(exchange.body ?? {})
    if (!parsed.success || exchange.repeated.length > 0) return refused({ own: 'malformed' })
    if (fresh && !(await isFresh(call))) return refused({ own: 'stale-proof' })
    return await change(call, parsed.data)
  }
