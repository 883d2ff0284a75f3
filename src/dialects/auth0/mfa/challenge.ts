import type { Answer, Exchange } from '#http/route.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { clientOf, stringsOf } from '../token-request.ts'
import { challengeTable, missing, noStore, oauthError, refuse } from '../wire.ts'
import { authenticatorType, channelWord, parseDeviceId } from '../words.ts'
import { readTicket } from './bearer.ts'
import { oobCodeOf } from './oob-code.ts'

/** `POST /mfa/challenge`: asks a confirmed authenticator; only the opaque kind of token will do (auth0.md §3.1). */
export async function challenge(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const { parts } = dialect.engine
  const params = stringsOf(exchange.body)
  if (params.mfa_token === undefined) return missing('mfa_token')
  const client = await clientOf(dialect, exchange, params)
  if ('answer' in client) return client.answer
  const { application } = client
  // Whether it still counts for its user is for the engine to say, which reads the account anyway.
  const bearer = await readTicket(dialect, exchange, params.mfa_token, application, true)
  if (bearer.no !== undefined) return refuse(challengeTable, bearer, parts)
  const { flow } = bearer.yes
  if (flow.by !== 'ticket') return refuse(challengeTable, { no: 'ticket-unknown' }, parts)
  if (flow.ticket.client !== application.id) return refuse(challengeTable, { no: 'ticket-of-other-client' }, parts)
  const types = typesWanted(params.challenge_type)
  if (types === undefined) {
    return oauthError(400, 'unsupported_challenge_type', 'The challenge_type must be one or more of: otp oob')
  }
  const device = params.authenticator_id === undefined ? undefined : parseDeviceId(params.authenticator_id)
  if (params.authenticator_id !== undefined && device === undefined) {
    return refuse(challengeTable, { no: 'authenticator-unknown' }, parts)
  }
  const challenged = await dialect.engine.challenge({
    caller: callerOf(exchange, application),
    ticket: flow.ticket,
    kinds: kindsOf(dialect, types, device?.kind, params.oob_channel),
    authenticator: device?.id,
  })
  if (challenged.no === 'not-enrolled-with') {
    if (device !== undefined) return refuse(challengeTable, { no: 'authenticator-unknown' }, parts)
    const has = new Set(challenged.has.flatMap((kind) => typeOf(dialect, kind)))
    return refuse(challengeTable, { no: 'not-enrolled-with', asked: types, has: [...has] }, parts)
  }
  if (challenged.no !== undefined) return refuse(challengeTable, challenged, parts)
  const { factor, challenge: handle, show } = challenged.yes
  if (authenticatorType(factor.traits) === 'otp')
    return { status: 200, body: { challenge_type: 'otp' }, headers: noStore }
  const binding = factor.traits.proof === 'code' ? { binding_method: 'prompt' } : {}
  return {
    status: 200,
    body: { challenge_type: 'oob', oob_code: oobCodeOf(handle, show), ...binding },
    headers: noStore,
  }
}

/** The words of `challenge_type`, in any order and case; absent: all. Undefined: none that exists. */
function typesWanted(input: string | undefined): readonly ('otp' | 'oob')[] | undefined {
  if (input === undefined) return ['otp', 'oob']
  const words = new Set(input.toLowerCase().split(/\s+/))
  const known = (['otp', 'oob'] as const).filter((it) => words.has(it))
  return known.length > 0 ? known : undefined
}

const typeOf = ({ engine }: Dialect, kind: string): readonly ReturnType<typeof authenticatorType>[] => {
  const factor = engine.parts.factors.get(kind)
  return factor ? [authenticatorType(factor.traits)] : []
}

function kindsOf(
  { engine }: Dialect,
  types: readonly string[],
  kind: string | undefined,
  channel: string | undefined,
): readonly string[] {
  return [...engine.parts.factors.values()]
    .filter(({ traits }) => types.includes(authenticatorType(traits)))
    .filter((it) => kind === undefined || it.kind === kind)
    .filter(
      ({ traits }) => channel === undefined || authenticatorType(traits) === 'otp' || channelWord(traits) === channel,
    )
    .map((it) => it.kind)
}
