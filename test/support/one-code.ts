import assert from 'node:assert/strict'
import type { Browser } from './browser.ts'
import type { CidaasVerbs } from './cidaas.ts'
import type { Reply } from './entra.ts'
import { methodIn, type Preview } from './entra-preview.ts'
import { passwordOf } from './world.ts'

/** How one dialect asks for the code and what it says to it. */
export interface Way {
  readonly name: string
  /** Logs in up to where the code is asked for; what sends it. */
  begin(): Promise<(code: string) => Promise<Reply>>
  /** Whether this is what a right code is answered with. */
  accepts(reply: Reply): boolean
  /** What of a refusal its clients read. */
  says(reply: Reply): readonly unknown[]
  /** That of a code that is wrong, or was used. */
  readonly refusal: readonly unknown[]
}

/** What each dialect is reached by. */
export interface Doors {
  /** A request at the token endpoint. */
  token(body: object): Promise<Reply>
  continuation(): Pick<Preview, 'password' | 'act'>
  track(): Pick<CidaasVerbs, 'pending' | 'initiate' | 'verify'>
  /** A new browser. */
  pages(): Pick<Browser, 'signIn' | 'act'>
}

/** The four ways in which a user who has an authenticator app can be asked for its code. */
export const waysOf = (who: string, doors: Doors): readonly Way[] => [
  {
    name: 'the token endpoint',
    async begin() {
      const post = (body: object) => doors.token({ client_id: 'trusted', ...body })
      const login = { grant_type: 'password', username: `${who}@example.com`, password: passwordOf(who) }
      const { body, text } = await post(login)
      assert.equal(body.error, 'mfa_required', text)
      const grant_type = 'http://auth0.com/oauth/grant-type/mfa-otp'
      return (otp) => post({ grant_type, mfa_token: body.mfa_token, otp })
    },
    accepts: ({ status, body }) => status === 200 && typeof body.access_token === 'string',
    says: ({ status, body }) => [status, body.error, body.error_description],
    refusal: [403, 'invalid_grant', 'Invalid otp_code.'],
  },
  {
    name: 'the continuation',
    async begin() {
      const client = doors.continuation()
      const needs = await client.password(who)
      const { continuationToken } = needs.body
      const asked = await client.act(methodIn(needs, 'ext_totp')._links.challenge.href, { continuationToken })
      assert.equal(asked.body.action, 'verify', asked.text)
      const proof = { continuationToken: asked.body.continuationToken }
      return (otp) => client.act(asked.body._links.verify.href, { ...proof, otp })
    },
    accepts: ({ status, body }) => status === 200 && body.state === 'continue',
    says: ({ status, body }) => [status, body.error?.code, body.error?.innerError?.code],
    refusal: [400, 'invalidGrant', 'invalidOneTimeCode'],
  },
  {
    name: 'the track and its exchange',
    async begin() {
      const client = doors.track()
      const asked = await client.initiate(await client.pending(who), 'TOTP')
      assert.equal(asked.status, 200, asked.text)
      return (code) => client.verify('TOTP', asked.body.data.exchange_id.exchange_id, code)
    },
    accepts: ({ status, body }) => status === 200 && body.success === true,
    says: ({ status, body }) => [status, body.code, body.error?.error],
    refusal: [417, 'VER_0041', 'invalid_pass_code'],
  },
  {
    name: 'the hosted page',
    async begin() {
      const browser = doors.pages()
      const asked = await browser.signIn(who)
      assert.equal(asked.body.step, 'challenge', asked.text)
      const [totp] = asked.body.options
      return (proof) => browser.act('verify', { option: totp.id, proof })
    },
    accepts: ({ status, body }) => status === 200 && body.step === 'done',
    says: ({ status, body }) => [status, body.error],
    refusal: [400, 'wrong-proof'],
  },
]
