import { decodeJwt } from 'jose'
import { factorMap } from '#factors/index.ts'
import { asId, type ClientId } from '#model/ids.ts'
import type { Refusal } from '#model/outcome.ts'
import { type Client, type DialectDriver, dialectContract, type Reached } from '#test/contracts/dialect.contract.ts'
import { type Auth0World, bearer, openAuth0World, type Reply } from '#test/support/auth0.ts'
import { createFakeClock } from '#test/support/fake-clock.ts'
import { passwordOf, type WorldOptions } from '#test/support/world.ts'
import { bearerTable, challengeTable, recoveryTable, refuse, tokenTable } from './wire.ts'

const own = 'http://auth0.com/oauth/grant-type/'
const channels: Readonly<Record<string, string>> = { sms: 'sms', voice: 'voice', email: 'email' }

/** The suite's names for clients, in the words of this dialect's world. */
function credentials(client: Client): Record<string, string> {
  if (client === 'spa' || client === 'spa2') return { client_id: client }
  const id = client === 'web' ? 'web' : 'other'
  return { client_id: id, client_secret: `${id}-secret` }
}

function read({ status, text, body }: Reply): Reached {
  const need = body?.mfa_requirements
  return {
    status,
    text,
    ...(body?.access_token && { tokens: { amr: amrOf(body.id_token) } }),
    ...(body?.mfa_token && { flow: body.mfa_token }),
    ...(need && { asks: need.challenge ? 'challenge' : 'enrol' }),
    ...(body?.oob_code && { challenge: body.oob_code }),
  }
}

const amrOf = (idToken: string): readonly string[] => (decodeJwt(idToken).amr ?? []) as string[]

async function open(options: WorldOptions = {}): Promise<DialectDriver> {
  const it = await openAuth0World(options)
  const spa = await it.store.get('applications', it.tenant.id, 'spa')
  if (spa) await it.put('applications', { ...spa, id: asId<ClientId>('spa2') })
  const owners = new Map<string, Client>()
  const begun = (client: Client, reached: Reached): Reached => {
    if (reached.flow !== undefined) owners.set(reached.flow, client)
    return reached
  }
  const token = async (client: Client, body: Record<string, string>) =>
    begun(client, read(await it.form('/oauth/token', { ...credentials(client), ...body })))
  const ownerOf = (flow: string): Client => owners.get(flow) ?? 'web'
  return {
    world: it,
    clientId: (client) => credentials(client).client_id ?? client,
    firstFactors: firstFactors(it, token),
    signIn: (name, client = 'web') => token(client, password(name)),
    async enrol(flow, kind, target) {
      const channel = channels[kind]
      const body = channel
        ? { authenticator_types: ['oob'], oob_channels: [channel], phone_number: target, email: target }
        : { authenticator_types: ['otp'] }
      return read(await it.post('/mfa/associate', body, bearer(flow)))
    },
    async ask(flow, kind, client) {
      const type = channels[kind] ? 'oob' : 'otp'
      const body = { ...credentials(client ?? ownerOf(flow)), mfa_token: flow, challenge_type: type }
      return read(await it.post('/mfa/challenge', { ...body, ...(channels[kind] && { oob_channel: channels[kind] }) }))
    },
    prove({ client, flow, kind, challenge, proof }) {
      const answer: Record<string, string> = channels[kind]
        ? { grant_type: `${own}mfa-oob`, oob_code: challenge ?? 'none', binding_code: proof }
        : { grant_type: `${own}mfa-otp`, otp: proof }
      return token(client ?? ownerOf(flow), { ...answer, mfa_token: flow })
    },
  }
}

const password = (name: string): Record<string, string> => ({
  grant_type: 'password',
  username: `${name}@example.com`,
  password: passwordOf(name),
  scope: 'openid offline_access',
  audience: 'https://api.example',
})

type Token = (client: Client, body: Record<string, string>) => Promise<Reached>

function firstFactors(it: Auth0World, token: Token): DialectDriver['firstFactors'] {
  return {
    password: async (name, client) => () => token(client, password(name)),
    'password with a realm': async (name, client) => () =>
      token(client, { ...password(name), grant_type: `${own}password-realm`, realm: 'users' }),
    'a code by e-mail': async (name, client) => async () => {
      const email = `${name}@example.com`
      await it.post('/passwordless/start', { ...credentials(client), connection: 'email', email, send: 'code' })
      const otp = await it.lastCode()
      const { scope } = password(name) as { scope: string }
      return token(client, { grant_type: `${own}passwordless/otp`, realm: 'email', username: email, otp, scope })
    },
    async 'a refresh'(name, client) {
      const first = await it.form('/oauth/token', { ...credentials(client), ...password(name) })
      return () => token(client, { grant_type: 'refresh_token', refresh_token: first.body.refresh_token })
    },
  }
}

const parts = { factors: factorMap(), clock: createFakeClock() }
const tables = [tokenTable, bearerTable, challengeTable, recoveryTable]

dialectContract({
  name: 'auth0',
  open,
  kinds: ['totp', 'sms', 'voice', 'email'],
  translate: (refusal: Refusal) => tables.map((table) => refuse(table, refusal, parts)),
})
