import { decodeJwt } from 'jose'
import type { Engine } from '#engine/engine.ts'
import { factorMap } from '#factors/index.ts'
import { asId, type ClientId } from '#model/ids.ts'
import type { Refusal } from '#model/outcome.ts'
import { type Client, type DialectDriver, dialectContract, type Reached } from '#test/contracts/dialect.contract.ts'
import {
  type Browser,
  type CidaasWorld,
  callback,
  openCidaasWorld,
  type Pending,
  type Reply,
} from '#test/support/cidaas.ts'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { passwordOf, type WorldOptions } from '#test/support/world.ts'
import type { Dialect } from './dialect.ts'
import { refuse, refuseAt } from './wire.ts'

const words: Readonly<Record<string, string>> = { totp: 'TOTP', sms: 'SMS', voice: 'IVR', email: 'EMAIL' }
const scope = 'openid offline_access'

interface Held extends Pending {
  readonly client: Client
}

const reached = ({ status, text }: Reply, more: Partial<Reached> = {}): Reached => ({ status, text, ...more })

async function open(options: WorldOptions = {}): Promise<DialectDriver> {
  const it = await openCidaasWorld({ ...options, tenant: { pages: {}, ...options.tenant } })
  await addClients(it)
  const held = new Map<string, Held>()

  const redeem = async (client: Client, landed: Reply): Promise<Reached> => {
    const tokens = await it.redeem(landed, { client_id: client })
    if (tokens.status !== 200) return reached(tokens)
    const amr = (decodeJwt(tokens.body.id_token).amr ?? []) as string[]
    return reached(tokens, { tokens: { amr } })
  }
  /** Where a navigation has led: to a code that is redeemed at once, or to the page of the second factor. */
  const read = async (client: Client, browser: Browser, reply: Reply): Promise<Reached> => {
    if (reply.to.code !== undefined) return await redeem(client, reply)
    const { track_id: track, requestId = '', sub = '', error } = reply.to
    if (track === undefined) return { status: 400, text: reply.location.href }
    held.set(track, { browser, requestId, track, sub, client })
    const meta = await browser.xhr('GET', `/token-srv/prelogin/metadata/${track}`)
    const has = meta.body.data.meta_data.userConfiguredMethods.length > 0
    return { status: error === undefined ? 302 : 400, text: meta.text, flow: track, asks: has ? 'challenge' : 'enrol' }
  }
  const request = (client: Client) => it.requestId({ client_id: client, scope })
  const signIn = async (name: string, client: Client = 'web') => {
    const browser = it.browser()
    return await read(client, browser, await it.signIn(browser, name, await request(client)))
  }
  const get = (flow: string): Held =>
    held.get(flow) ?? { browser: it.browser(), requestId: '', track: flow, sub: '', client: 'web' }
  const ask: DialectDriver['ask'] = async (flow, kind, client) => {
    const own = get(flow)
    const other = client !== undefined && client !== own.client
    const requestId = other ? await request(client) : own.requestId
    const asked = await it.initiate({ ...own, requestId }, words[kind] ?? kind, { trackId: flow })
    return reached(asked, { challenge: asked.body?.data?.exchange_id.exchange_id })
  }
  return {
    world: it,
    clientId: (client) => client,
    signIn,
    ask,
    firstFactors: firstFactors(it, { read, request }),
    async enrol(flow, kind, target) {
      const path = `/verification-actions-srv/setup/${words[kind]}/initiation/${flow}`
      const reply = await get(flow).browser.xhr('POST', path, { mobile_number: target, email: target })
      return reached(reply, { challenge: reply.body?.data?.exchange_id.exchange_id })
    },
    async prove({ client, flow, kind, challenge, proof }) {
      const own = get(flow)
      const exchange = challenge ?? (await ask(flow, kind)).challenge ?? ''
      const other = client !== undefined && client !== own.client
      const named = { sub: own.sub, request_id: other ? await request(client) : own.requestId }
      const proved = await it.verify(words[kind] ?? kind, exchange, proof, named)
      if (proved.status !== 200) return reached(proved)
      return await read(own.client, own.browser, await it.goOn(own))
    },
  }
}

/** Every public and confidential client of the suite, as single-page applications of this dialect are. */
async function addClients(it: CidaasWorld): Promise<void> {
  const app = await it.store.get('applications', it.tenant.id, 'plain')
  for (const id of ['web', 'web2', 'spa', 'spa2'] as const) {
    if (app) await it.put('applications', { ...app, id: asId<ClientId>(id), name: id })
  }
}

function firstFactors(
  it: CidaasWorld,
  {
    read,
    request,
  }: {
    readonly read: (client: Client, browser: Browser, reply: Reply) => Promise<Reached>
    readonly request: (client: Client) => Promise<string>
  },
): DialectDriver['firstFactors'] {
  const authz = (client: Client) =>
    `/authz-srv/authz?${new URLSearchParams({
      client_id: client,
      redirect_uri: callback,
      response_type: 'code',
      scope,
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    })}`
  return {
    password: async (name, client) => async () => {
      const browser = it.browser()
      return await read(client, browser, await it.signIn(browser, name, await request(client)))
    },
    'a code by e-mail': async (name, client) => async () => {
      const browser = it.browser()
      const requestId = await request(client)
      const asked = await browser.xhr('POST', '/verification-srv/authentication/EMAIL/initiation', {
        request_id: requestId,
        usage_type: 'INITIAL_AUTHENTICATION',
        identifier: `${name}@example.com`,
      })
      await it.verify('EMAIL', asked.body.data.exchange_id.exchange_id, await it.lastCode())
      const fields = { requestId, status_id: asked.body.data.status_id, verificationType: 'EMAIL' }
      return await read(client, browser, await browser.form('/login-srv/verification/login', fields))
    },
    'the password as a method': async (name, client) => async () => {
      const browser = it.browser()
      const requestId = await request(client)
      const asked = await browser.xhr('POST', '/verification-srv/authentication/PASSWORD/initiation', {
        request_id: requestId,
        usage_type: 'INITIAL_AUTHENTICATION',
        identifier: `${name}@example.com`,
      })
      await it.verify('PASSWORD', asked.body.data.exchange_id.exchange_id, passwordOf(name))
      const fields = { requestId, status_id: asked.body.data.status_id, verificationType: 'PASSWORD' }
      return await read(client, browser, await browser.form('/login-srv/verification/login', fields))
    },
    async 'single sign-on'(name, client) {
      const browser = it.browser()
      await it.signIn(browser, name, await request(client))
      return async () => {
        const landed = await browser.get(authz(client))
        // The verifier of RFC 7636 appendix B belongs to the challenge above.
        if (landed.to.code === undefined) return await read(client, browser, landed)
        const code_verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
        const tokens = await it.redeem(landed, { client_id: client, code_verifier })
        const amr = (decodeJwt(tokens.body.id_token).amr ?? []) as string[]
        return reached(tokens, { tokens: { amr } })
      }
    },
  }
}

const parts = { factors: factorMap(), clock: createFakeClock(), random: { id: () => 'an-id' } }
const dialect = { engine: { parts } as unknown as Engine } as Dialect
const paths = ['/verification-srv/x', '/verification-actions-srv/x']

dialectContract({
  name: 'cidaas',
  open,
  kinds: ['totp', 'sms', 'voice', 'email'],
  translate: (refusal: Refusal) => [
    refuse(dialect, refusal),
    ...paths.map((path) => refuseAt(dialect, { path }, refusal)),
  ],
})
