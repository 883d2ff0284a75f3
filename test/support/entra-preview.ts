import assert from 'node:assert/strict'
import { s256 } from '#crypto/digest.ts'
import { clientId, type EntraWorld, openEntraWorld, type Reply } from './entra.ts'
import { passwordOf, type WorldOptions } from './world.ts'

export const authorizePath = '/demo/oauth2/v2.0/authorize-challenge'
export const allExtensions = 'ext_totp ext_webauthn ext_recovery_code ext_push ext_voice'
export const verifier = 'a-verifier-of-forty-three-letters-or-more-0123456'
export const pkce = { code_challenge: s256(verifier), code_challenge_method: 'S256' }
export const home = 'https://localhost:3443'

type Params = Readonly<Record<string, string | undefined>>
type Json = Readonly<Record<string, unknown>>

/** A method of an answer, by its type. */
// biome-ignore lint/suspicious/noExplicitAny: answers of any shape, looked at member by member in tests
export function methodIn(reply: Reply, type: string): any {
  const methods: readonly { type: string }[] = reply.body?._embedded?.methods ?? []
  return methods.find((it) => it.type === type) ?? assert.fail(`no ${type}: ${reply.text}`)
}

export const typesIn = ({ body }: Reply): readonly string[] =>
  (body?._embedded?.methods ?? []).map((it: { type: string }) => it.type)

/** The headless API as a client of ours speaks it: it follows links and knows no addresses. */
export interface Preview {
  /** `POST authorize-challenge`, as the public client unless told. */
  authorize(params?: Params, headers?: Record<string, string>): Promise<Reply>
  act(href: string, body: Json, more?: { method?: 'POST' | 'PUT'; headers?: Record<string, string> }): Promise<Reply>
  /** Begins with all extensions and PKCE, and takes one of the ways on. */
  start(way: 'sign_in' | 'sign_up' | 'reset_password', body: Json, params?: Params): Promise<Reply>
  /** Follows the link of a method of the answer, then the link it gives, with this proof. */
  prove(reply: Reply, type: string, proof: Json | (() => Promise<Json>)): Promise<Reply>
  /** Begins to register, then activates with what the answer needs. */
  register(reply: Reply, type: string, contact: Json, proof: (begun: Reply) => Promise<Json>): Promise<Reply>
  /** Signs in with the password: the answer of that step. */
  password(name: string, params?: Params): Promise<Reply>
  /** From `state: continue` to the code. */
  code(reply: Reply): Promise<Reply>
  redeem(code: string, more?: Params): Promise<Reply>
  /** From `state: continue` to tokens. */
  tokens(reply: Reply): Promise<Reply>
}

export type PreviewWorld = EntraWorld & Preview

const factors = ['password', 'totp', 'sms', 'email', 'voice', 'recovery_code', 'webauthn', 'push'] as const

/** Opens a world whose tenant has the preview generation. */
export async function openPreviewWorld(options: WorldOptions = {}): Promise<PreviewWorld> {
  const tenant = { factors, nativePreview: 'sdk', ...options.tenant } as WorldOptions['tenant']
  return await previewOn(await openEntraWorld({ ...options, tenant }))
}

export async function previewOn<W extends EntraWorld>(world: W): Promise<W & Preview> {
  return { ...world, ...previewVerbs(world) }
}

/** The same wherever the server is. */
export function previewVerbs(world: Pick<EntraWorld, 'send' | 'post'>): Preview {
  const authorize: Preview['authorize'] = (params = {}, headers = {}) => {
    const given = Object.entries({ client_id: clientId, ...params }).filter((it): it is [string, string] => !!it[1])
    return world.send('POST', authorizePath, {
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      payload: new URLSearchParams(given).toString(),
    })
  }
  const act: Preview['act'] = (href, body, { method = 'POST', headers = {} } = {}) =>
    world.send(method, href, {
      headers: { 'content-type': 'application/json', ...headers },
      payload: JSON.stringify(body),
    })
  const start: Preview['start'] = async (way, body, params = {}) => {
    const begun = await authorize({ capabilities: allExtensions, ...pkce, ...params })
    assert.equal(begun.status, 401, begun.text)
    return await act(begun.body[way], { continuationToken: begun.body.continuation_token, ...body })
  }
  const prove: Preview['prove'] = async (reply, type, proof) => {
    const { continuationToken } = reply.body
    const asked = await act(methodIn(reply, type)._links.challenge.href, { continuationToken })
    if (asked.body.action !== 'verify') return asked
    const given = typeof proof === 'function' ? await proof() : proof
    return await act(asked.body._links.verify.href, { continuationToken: asked.body.continuationToken, ...given })
  }
  const code: Preview['code'] = ({ body }) => {
    assert.equal(body.state, 'continue', JSON.stringify(body))
    return authorize({ client_id: undefined, continuation_token: body.continuationToken })
  }
  const redeem: Preview['redeem'] = (code, more = {}) =>
    world.post('/oauth2/v2.0/token', {
      grant_type: 'authorization_code',
      code,
      client_info: '1',
      code_verifier: verifier,
      ...more,
    })
  return {
    authorize,
    act,
    start,
    prove,
    code,
    redeem,
    async register(reply, type, contact, proof) {
      const { continuationToken } = reply.body
      const begun = await act(methodIn(reply, type)._links.enroll.href, { continuationToken, ...contact })
      if (begun.body.action !== 'activate') return begun
      const given = await proof(begun)
      return await act(begun.body._links.activate.href, { continuationToken: begun.body.continuationToken, ...given })
    },
    async password(name, params) {
      const begun = await start('sign_in', { username: `${name}@example.com` }, params)
      assert.equal(begun.status, 200, begun.text)
      return await prove(begun, 'password', { password: passwordOf(name) })
    },
    async tokens(reply) {
      const given = await code(reply)
      assert.equal(given.status, 200, given.text)
      return await redeem(given.body.code)
    },
  }
}

/** An error of an action. */
export function assertActionError(reply: Reply, code: string, inner: string, status = 400): void {
  assert.equal(reply.status, status, reply.text)
  assert.equal(reply.body.error?.code, code, reply.text)
  assert.equal(reply.body.error?.innerError?.code, inner, reply.text)
}
