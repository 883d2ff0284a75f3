import type { Issue } from '#engine/issue.ts'
import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import type { Wish } from '#model/ticket.ts'
import type { Refs } from '#ports/store.ts'
import type { Dialect } from '../dialect.ts'
import { amrNumbers, type Identifier } from '../words.ts'
import { answerOf, mint, orderFor } from './claims.ts'

/** Gets the tokens of a password grant ready, for the engine to commit with what earned them. */
export async function passwordIssue(
  dialect: Dialect,
  exchange: Exchange,
  application: Application,
  wish: Wish,
  identifier: Identifier,
): Promise<Issue<Refs, { readonly respond: () => Promise<object> }>> {
  const order = await orderFor(dialect, exchange, application)
  return {
    refs: {},
    decide: ({ user, proofs, assurance }) => {
      const amr = [...amrNumbers(proofs, identifier, dialect.engine.parts.factors), ...assurance.amr]
      const { minted, writes } = mint(exchange, {
        ...order,
        user,
        subject: user.id,
        assurance: { ...assurance, amr },
        proofs,
        scope: wish.scope,
        grantType: 'password',
      })
      return { issued: { respond: async () => answerOf(await minted.respond(), user) }, writes, meanwhile: minted.sign }
    },
  }
}
