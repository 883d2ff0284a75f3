import assert from 'node:assert/strict'
import type { ConfigInput } from '#config/schema.ts'
import type { Answered, TestServer } from '#test/support/server.ts'

const api = 'https://api.example'
const totpSecret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const client = { client_id: 'soak', client_secret: 'the-secret-of-the-soak-is-long-enough' }
const otp = 'http://auth0.com/oauth/grant-type/mfa-otp'
const oob = 'http://auth0.com/oauth/grant-type/mfa-oob'
const atOnce = 4

const emailOf = (n: number) => `user-${n}@example.com`
const phoneOf = (n: number) => `+1555${String(1_000_000 + n)}`
const passwordOf = (n: number) => `the quite long password of user ${n}`

/** One tenant under ALWAYS, with so many users who have an app and a phone each. */
export const configOf = (users: number) => (): ConfigInput => ({
  tenants: [
    {
      id: 'soak',
      name: 'Soak',
      domains: ['localhost', '127.0.0.1'],
      factors: ['password', 'totp', 'sms'],
      mfa: { mode: 'ALWAYS' },
      apis: [{ audience: api }],
      applications: [{ ...client, type: 'web', grant_types: ['password', 'mfa', 'refresh_token'] }],
      users: Array.from({ length: users }, (_, n) => ({
        email: emailOf(n),
        email_verified: true,
        password: passwordOf(n),
        authenticators: [
          { factor: 'totp', secret: totpSecret },
          { factor: 'sms', phone_number: phoneOf(n) },
        ],
      })),
    },
  ],
})

/** Everybody signs in once; answers how many did. Throws where an answer is not the expected one. */
export async function roundOf(server: TestServer, users: number): Promise<number> {
  const code = await server.totp(totpSecret)
  let next = 0
  const worker = async () => {
    while (next < users) await login(server, next++, code)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  await server.advance(3_601)
  return users
}

async function login(server: TestServer, n: number, code: string): Promise<void> {
  const token = (body: Record<string, string>) => patiently(server, { ...client, ...body })
  const credentials = { grant_type: 'password', username: emailOf(n), audience: api, scope: 'openid offline_access' }
  if (n % 10 === 1) expected(403, await token({ ...credentials, password: 'wrong' }))
  const mfa_token = expected(403, await token({ ...credentials, password: passwordOf(n) })).mfa_token as string
  const proof = n % 10 === 0 ? await byMessage(server, n, mfa_token) : { grant_type: otp, otp: code }
  const granted = expected(200, await token({ mfa_token, ...proof }))
  expected(200, await token({ grant_type: 'refresh_token', refresh_token: granted.refresh_token as string }))
}

/** As a client does that is told to come back: on a busy machine more passwords wait than may. */
async function patiently(server: TestServer, body: Record<string, string>): Promise<Answered> {
  for (let tries = 0; ; tries++) {
    const reply = await server.form('/oauth/token', body)
    if (reply.status !== 503 || tries === 20) return reply
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

async function byMessage(server: TestServer, n: number, mfa_token: string): Promise<Record<string, string>> {
  const asked = await server.json('/mfa/challenge', { ...client, mfa_token, challenge_type: 'oob' })
  const oob_code = expected(200, asked).oob_code as string
  return { grant_type: oob, oob_code, binding_code: await server.lastCode({ to: phoneOf(n) }) }
}

function expected(status: number, reply: Answered): Readonly<Record<string, unknown>> {
  assert.equal(reply.status, status, reply.text)
  return reply.body
}
