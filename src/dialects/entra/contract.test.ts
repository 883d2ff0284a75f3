import type { Refusal } from '#model/outcome.ts'
import { type DialectDriver, dialectContract, type Reached } from '#test/contracts/dialect.contract.ts'
import { allCapabilities, allTypes, openEntraWorld, payload, type Reply } from '#test/support/entra.ts'
import { passwordOf, someApplication, type WorldOptions } from '#test/support/world.ts'
import { refuse } from './wire.ts'

const asks: Readonly<Record<string, 'challenge' | 'enrol'>> = {
  mfa_required: 'challenge',
  registration_required: 'enrol',
}

function read({ status, text, body }: Reply): Reached {
  const { access_token, continuation_token, suberror } = body ?? {}
  return {
    status,
    text,
    ...(access_token && { tokens: { amr: payload(access_token).amr as readonly string[] } }),
    ...(continuation_token && { flow: continuation_token }),
    ...(suberror in asks && { asks: asks[suberror] }),
  }
}

async function open(options: WorldOptions = {}): Promise<DialectDriver> {
  const it = await openEntraWorld(options)
  const native = { type: 'spa', authMethod: 'none', secretDigests: [], nativeAuth: true } as const
  for (const id of ['web', 'web2', 'spa', 'spa2']) await it.put('applications', someApplication(id, native))
  const owners = new Map<string, string>()
  const post = async (client_id: string, path: string, params: Record<string, string | undefined>) => {
    const reply = await it.post(path, { client_id, ...params })
    if (reply.body?.continuation_token) owners.set(reply.body.continuation_token, client_id)
    return reply
  }
  const ownerOf = (flow: string): string => owners.get(flow) ?? 'web'
  const start = async (client: string, name: string) => {
    const params = { username: `${name}@example.com`, challenge_type: allTypes, capabilities: allCapabilities }
    const { continuation_token } = (await post(client, '/oauth2/v2.0/initiate', params)).body
    return (await post(client, '/oauth2/v2.0/challenge', { continuation_token, challenge_type: allTypes })).body
      .continuation_token as string
  }
  const token = async (client: string, params: Record<string, string | undefined>) =>
    read(await post(client, '/oauth2/v2.0/token', params))
  const signIn: DialectDriver['signIn'] = async (name, client = 'web') =>
    token(client, {
      continuation_token: await start(client, name),
      grant_type: 'password',
      password: passwordOf(name),
    })
  return {
    world: it,
    clientId: (client) => client,
    signIn,
    firstFactors: {
      password: async (name, client) => () => signIn(name, client),
      'a password reset': async (name, client) => async () => {
        const params = { username: `${name}@example.com`, challenge_type: allTypes, capabilities: allCapabilities }
        const { continuation_token } = (await post(client, '/resetpassword/v1.0/start', params)).body
        await post(client, '/resetpassword/v1.0/challenge', { continuation_token, challenge_type: allTypes })
        const oob = { continuation_token, grant_type: 'oob', oob: await it.lastCode() }
        const proved = (await post(client, '/resetpassword/v1.0/continue', oob)).body
        const submitted = await post(client, '/resetpassword/v1.0/submit', {
          continuation_token: proved.continuation_token,
          new_password: `another quite long password of ${name}`,
        })
        return token(client, {
          continuation_token: submitted.body.continuation_token,
          grant_type: 'continuation_token',
          username: `${name}@example.com`,
        })
      },
    },
    async enrol(flow, kind, target) {
      const params = { continuation_token: flow, challenge_type: 'oob', challenge_target: target }
      return read(await post(ownerOf(flow), '/register/v1.0/challenge', { ...params, challenge_channel: kind }))
    },
    async ask(flow, kind, client = ownerOf(flow) as never) {
      const listed = await post(client, '/oauth2/v2.0/introspect', { continuation_token: flow })
      const method = listed.body.methods?.find((one: { challenge_channel: string }) => one.challenge_channel === kind)
      if (method === undefined) return read(listed)
      return read(await post(client, '/oauth2/v2.0/challenge', { continuation_token: flow, id: method.id }))
    },
    prove: ({ client, flow, proof }) =>
      token(client ?? ownerOf(flow), { continuation_token: flow, grant_type: 'mfa_oob', oob: proof }),
  }
}

const ids = { correlation: 'c', trace: 't', now: 0 }

dialectContract({
  name: 'entra',
  open,
  kinds: ['sms', 'email'],
  oneToken: true,
  translate: (refusal: Refusal) => [refuse(ids, refusal)],
})
