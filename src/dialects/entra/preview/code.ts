import type { Granted, Issue } from '#engine/issue.ts'
import type { Journey } from '#engine/journeys/journey.ts'
import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import type { Artifact } from '#model/artifact.ts'
import { artifactId } from '#oidc/artifacts.ts'
import { toResource } from '#oidc/audiences.ts'
import { type CodeLook, type CodeOutcome, readCode } from '#oidc/codes.ts'
import { insert, type Refs } from '#ports/store.ts'
import type { Call } from '../call.ts'
import type { Dialect } from '../dialect.ts'
import { askOf, previewName } from './call.ts'

/** Seconds a code is good for (S-110). */
export const codeLifetime = 60

/**
 * Writes the authorization code in the commit that grants the login and ends the journey (S-27). It has no redirect URI,
 * since none was asked for (draft-ietf-oauth-first-party-apps section 6); client and challenge bind it.
 */
export function codeIssue({ engine }: Dialect, { tenant }: Exchange, journey: Journey): Issue<Refs, string> {
  const { random, clock } = engine.parts
  const code = random.token()
  const grantId = random.token().slice(0, 22)
  return {
    refs: {},
    decide: ({ user, proofs, assurance }: Granted) => {
      const iat = Math.floor(clock.now() / 1_000)
      const exp = iat + codeLifetime
      const { scope, audience, challenge, asked, acrs } = askOf(journey)
      const common = { tenant: tenant.id, user: user.id, client: journey.client, expiresAt: exp * 1_000 }
      const codeRow: Artifact = {
        ...common,
        id: artifactId('AuthorizationCode', code),
        model: 'AuthorizationCode',
        grantId,
        payload: {
          kind: 'AuthorizationCode',
          dialect: previewName,
          iat,
          exp,
          clientId: journey.client,
          accountId: user.id,
          grantId,
          scope: scope.join(' '),
          ...(audience === undefined ? {} : { resource: toResource(audience) }),
          amr: assurance.amr,
          acr: assurance.acr,
          authTime: assurance.authTime,
          proofs,
          ...(challenge === undefined ? {} : { codeChallenge: challenge, codeChallengeMethod: 'S256' }),
        },
      }
      const grant: Artifact = {
        ...common,
        id: artifactId('Grant', grantId),
        model: 'Grant',
        payload: { kind: 'Grant', iat, exp, accountId: user.id, clientId: journey.client, asked, acrs },
      }
      return { issued: code, writes: [insert('artifacts', codeRow), insert('artifacts', grant)] }
    },
  }
}

/**
 * A code of this generation. The vendor's SDKs send no verifier: a code that was asked for without a challenge is good
 * without one, and with one it is not (S-108).
 */
export async function readPreviewCode(call: Call, code: string): Promise<CodeOutcome> {
  const { exchange, caller, params } = call
  const { parts } = call.dialect.engine
  const { tenant } = exchange
  if (tenant.nativePreview === undefined) return { no: 'unknown' }
  const application: Pick<Application, 'id' | 'redirectUris'> = { id: caller.application.id, redirectUris: [] }
  const verifier = params.code_verifier
  return await readCode(parts.store, {
    tenant: tenant.id,
    application,
    code,
    redirectUri: params.redirect_uri,
    verifier,
    dialect: previewName,
    challengeOptional: verifier === undefined && tenant.nativePreview === 'sdk',
    now: parts.clock.now(),
  })
}

/** What a code's request asked for that is not in the code. */
export async function askedBehind(
  call: Call,
  { grantId }: CodeLook,
): Promise<{ readonly asked?: string; readonly acrs: readonly string[] }> {
  const { store } = call.dialect.engine.parts
  const grant = await store.get('artifacts', call.exchange.tenant.id, artifactId('Grant', grantId))
  const { asked, acrs } = (grant?.payload ?? {}) as { readonly asked?: string; readonly acrs?: readonly string[] }
  return { acrs: acrs ?? [], ...(asked === undefined ? {} : { asked }) }
}
