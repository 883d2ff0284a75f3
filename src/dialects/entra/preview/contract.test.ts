import type { Refusal } from '#model/outcome.ts'
import { type DialectDriver, dialectContract, type Reached } from '#test/contracts/dialect.contract.ts'
import { payload, type Reply } from '#test/support/entra.ts'
import { openPreviewWorld, type PreviewWorld } from '#test/support/entra-preview.ts'
import { someApplication, type WorldOptions } from '#test/support/world.ts'
import { refuseAction } from './wire.ts'

const asks: Readonly<Record<string, 'challenge' | 'enrol'>> = { challenge: 'challenge', enroll: 'enrol' }
const types: Readonly<Record<string, string>> = { sms: 'sms', email: 'email', voice: 'ext_voice', totp: 'ext_totp' }

/** Reads an answer; at its end the journey is redeemed, since only then there are tokens. */
async function read(it: PreviewWorld, client: string, reply: Reply): Promise<Reached> {
  const { status, text, body } = reply
  if (body?.state === 'continue') {
    const given = await it.code(reply)
    const tokens = await it.redeem(given.body.code, { client_id: client })
    const { access_token } = tokens.body
    return {
      status: tokens.status,
      text: tokens.text,
      ...(access_token && { tokens: { amr: payload(access_token).amr as readonly string[] } }),
    }
  }
  return {
    status,
    text,
    ...(body?.continuationToken && { flow: body.continuationToken }),
    ...(body?.action in asks && { asks: asks[body.action] }),
  }
}

async function open(options: WorldOptions = {}): Promise<DialectDriver> {
  const it = await openPreviewWorld(options)
  const native = { type: 'spa', authMethod: 'none', secretDigests: [], nativeAuth: true } as const
  for (const id of ['web', 'web2', 'spa', 'spa2']) await it.put('applications', someApplication(id, native))
  /** The last answer of each flow, whose links are followed. */
  const last = new Map<string, { client: string; reply: Reply }>()
  /** Where the proof of what a flow was asked for goes; an older token of its stage does as well. */
  const verifies = new Map<string, string>()
  const seen = async (client: string, reply: Reply): Promise<Reached> => {
    const token = reply.body?.continuationToken
    if (token) last.set(token, { client, reply })
    return await read(it, client, reply)
  }
  const behind = (flow: string) => last.get(flow) ?? { client: 'web', reply: undefined }
  const anywhere = `/demo/api/native/methods`
  const signIn: DialectDriver['signIn'] = async (name, client = 'web') =>
    await seen(client, await it.password(name, { client_id: client }))
  return {
    world: it,
    clientId: (client) => client,
    signIn,
    firstFactors: {
      password: async (name, client) => () => signIn(name, client),
      'a password reset': async (name, client) => async () => {
        const params = { client_id: client }
        const begun = await it.start('reset_password', { username: `${name}@example.com` }, params)
        const proved = await it.prove(begun, 'email', async () => ({ otp: await it.lastCode() }))
        const { continuationToken } = proved.body
        const newPassword = `another quite long password of ${name}`
        const set = await it.act(proved.body._links.update.href, { continuationToken, newPassword }, { method: 'PUT' })
        const polled = await it.act(set.body._links.poll.href, { continuationToken: set.body.continuationToken })
        return await seen(client, polled)
      },
    },
    async enrol(flow, kind, target) {
      const { client } = behind(flow)
      const type = kind === 'sms' || kind === 'voice' ? 'phone' : types[kind]
      const contact = { email: target, phoneNumber: target, channel: types[kind] }
      const body = { continuationToken: flow, clientId: client, ...contact }
      return await seen(client, await it.act(`${anywhere}/${type}/enroll`, body))
    },
    async ask(flow, kind, client) {
      const { client: owner, reply } = behind(flow)
      const method = reply?.body._embedded?.methods?.find((one: { type: string }) => one.type === types[kind])
      const href = method?._links.challenge.href ?? `${anywhere}/${types[kind]}/none/challenge`
      const body = { continuationToken: flow, clientId: client ?? owner }
      const asked = await it.act(href, body)
      if (asked.body?._links?.verify) verifies.set(flow, asked.body._links.verify.href)
      return await seen(client ?? owner, asked)
    },
    async prove({ client, flow, kind, proof }) {
      const { client: owner } = behind(flow)
      const body = { continuationToken: flow, clientId: client ?? owner, otp: proof }
      const href = verifies.get(flow) ?? `${anywhere}/${types[kind]}/none/verify`
      return await seen(client ?? owner, await it.act(href, body))
    },
  }
}

const ids = { correlation: 'c', trace: 't', now: 0 }

dialectContract({
  name: 'entra, preview generation',
  open,
  kinds: ['totp', 'sms', 'voice', 'email'],
  oneToken: true,
  translate: (refusal: Refusal) => [refuseAction(ids, refusal)],
})
