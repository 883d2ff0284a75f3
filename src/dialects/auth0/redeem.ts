import { audit } from '#engine/events.ts'
import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import type { UserId } from '#model/ids.ts'
import type { Assurance, Proof } from '#model/proof.ts'
import { algorithmsOf, type Minted, prepare } from '#oidc/mint.ts'
import type { Decision, Found, Refs, Write } from '#ports/store.ts'
import { findTarget } from './audience.ts'
import { callerOf, type Dialect, issuerOf } from './dialect.ts'
import { subjectOf } from './words.ts'

/** What a code or a device's request stands for once a person has approved it. */
export interface Approved {
  readonly user: UserId
  readonly scope: readonly string[]
  readonly audience?: string
  readonly nonce?: string
  readonly sid?: string
  readonly assurance?: Assurance
  /** What was proved; goes on in the refresh token, so that policy can ask again. */
  readonly proofs?: readonly Proof[]
  readonly device?: string
}

export interface Redemption<R extends Refs> {
  readonly exchange: Exchange
  readonly application: Application
  readonly grantType: string
  readonly dpopJkt?: string
  readonly look: Approved
  readonly refs: R
  /** Spends the code by what the change has found; its writes are committed in any case. */
  readonly plan: (
    found: Found<R>,
    minted: Minted,
  ) => { readonly yes?: Minted; readonly no?: string; readonly writes: readonly Write[] }
}

/** Turns what was approved into tokens, in the commit that spends it (S-27). Undefined: it was not good any more. */
export async function redeem<R extends Refs>(dialect: Dialect, it: Redemption<R>): Promise<Minted | undefined> {
  const { exchange, application, grantType, dpopJkt, look } = it
  const { parts } = dialect.engine
  const { store } = parts
  const user = await store.get('users', exchange.tenant.id, look.user)
  const target = await findTarget(store, exchange.tenant, exchange.base, look.audience)
  if (user === undefined || user.blocked || target === undefined) return undefined
  const tenantAlgorithm = exchange.tenant.signingAlgorithm
  const algorithms = algorithmsOf({ application, audience: target.audience, tenantAlgorithm })
  const keys = await dialect.keys.snapshot(exchange.tenant.id, algorithms)
  return await store.change(it.refs, (found): Decision<Minted | undefined> => {
    const minted = prepare({
      tenant: exchange.tenant.id,
      issuer: issuerOf(exchange.base),
      application,
      user,
      subject: subjectOf(user.id),
      assurance: look.assurance,
      ...(look.proofs === undefined ? {} : { proofs: look.proofs }),
      ...(look.device === undefined ? {} : { device: look.device }),
      scope: look.scope,
      audience: target.audience,
      grantType,
      dpopJkt,
      nonce: look.nonce,
      sid: look.sid,
      revocable: true,
      dates: 'iso',
      tenantAlgorithm,
      now: parts.clock.now(),
      random: parts.random,
      keys,
    })
    const plan = it.plan(found, minted)
    const failed = plan.yes ? {} : { outcome: 'failure' as const, reason: plan.no ?? 'refused' }
    const event = audit(parts, callerOf(exchange, application), 'login.granted', {
      user: user.id,
      details: { grant: grantType },
      ...failed,
    })
    return { result: plan.yes, writes: [...plan.writes, event] }
  })
}
