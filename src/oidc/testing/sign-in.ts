import type { Exchange } from '#http/route.ts'
import type { UserId } from '#model/ids.ts'
import type { Assurance } from '#model/proof.ts'
import type { Tenant } from '#model/tenant.ts'
import type { OidcRoom } from '../routes.ts'

/** TESTS ONLY: the `Cookie` header of a person who has signed in by password, past the pages. */
export async function signedInCookie(
  room: Pick<OidcRoom, 'sessions'>,
  it: {
    readonly tenant: Tenant
    readonly base: string
    readonly user: UserId
    /** Epoch ms of the login. */
    readonly at: number
    readonly assurance?: Assurance
  },
): Promise<string> {
  const exchange = { tenant: it.tenant, base: it.base } as Exchange
  const lines = await room.sessions.begin(exchange, {
    user: it.user,
    proofs: [{ factor: 'password', channel: 'password', at: it.at }],
    assurance: it.assurance ?? {
      amr: ['pwd'],
      acr: 'urn:polyfactor:acr:aal1',
      authTime: Math.floor(it.at / 1_000),
      mfa: false,
    },
    userAgent: 'test',
    address: '192.0.2.1',
  })
  return lines.map((line) => line.split(';')[0]).join('; ')
}
