import { occasionOf } from '#engine/approvals/occasion.ts'
import { codeLifetime } from '#engine/challenges.ts'
import type { Caller } from '#engine/parts.ts'
import { passwordlessKinds, startPasswordless } from '#engine/passwordless.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import type { Factor } from '#ports/factor.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { type Input, inputOf, requestIdOf, textOf } from '../input.ts'
import { type LoginRequest, readRequest, unmask } from '../requests.ts'
import { classic, ok, type Row, refuse, said } from '../wire.ts'
import { factorOf, maskedTarget, methodWord } from '../words.ts'
import { type ExchangeNotes, exchangeObject, openExchange } from './exchanges.ts'
import { standsElsewhere } from './keys.ts'
import { linkTo, wantsLink } from './link.ts'
import { findTrack, readTrack, type Track } from './tracks.ts'

const second = 'MULTIFACTOR_AUTHENTICATION'
const first = ['INITIAL_AUTHENTICATION', 'PASSWORDLESS_AUTHENTICATION']

interface Asking {
  readonly exchange: Exchange
  readonly request: LoginRequest
  readonly application: Application
  readonly word: string
}

/** `POST /verification-srv/authentication/:method/initiation` and its older spelling, checks in cidaas' order (§4.4). */
export async function initiate(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const no = (row: Row): Answer => classic(dialect, row)
  const input = inputOf(exchange)
  const requestId = requestIdOf(exchange)
  const usage = input.text('usage_type')
  if (requestId === undefined || usage === undefined) return no(said.missing)
  const isFirst = first.includes(usage)
  if (!isFirst && usage !== second) return no(said.usageType)
  const word = methodWord(exchange.params.method)
  if (word === undefined) return no(said.unknownMethod)
  if (input.raw('single_factor_auth') === true && word !== 'FACE') return no(said.badPayload)
  const found = await readRequest(dialect, exchange, requestId)
  if (found === undefined) return no(said.badRequestId)
  const asking: Asking = { exchange, ...found, word }
  return isFirst ? await initiateFirst(dialect, asking) : await initiateSecond(dialect, asking)
}

/** Switched on in the tenant and, where the application names what it allows, named there. */
function activeFactor({ engine }: Dialect, { exchange, application, word }: Asking): Factor | undefined {
  const factor = factorOf(word, engine.parts.factors)
  const allowed = application.mfa?.allowedFactors ?? exchange.tenant.mfa?.allowedFactors
  const on = factor !== undefined && exchange.tenant.factors.includes(factor.kind)
  const lookup = factor?.traits.proof === 'lookup'
  return on && (lookup || (allowed?.includes(factor.kind) ?? true)) ? factor : undefined
}

async function initiateSecond(dialect: Dialect, asking: Asking): Promise<Answer> {
  const { exchange, request, word } = asking
  const input = inputOf(exchange)
  if (input.text('identifier') !== undefined) return classic(dialect, said.badPayload)
  const masked = input.any('user')
  if (masked === undefined) return classic(dialect, said.missing)
  const user = unmask(request, masked)
  const track = user && (await trackOf(dialect, asking, user))
  // A masked id of another request, of nobody, or without a login that waits: all look alike (cidaas.md §11.19).
  if (user === undefined || track === undefined || track.ticket.user !== user) {
    return classic(dialect, said.unknownUser)
  }
  const factor = activeFactor(dialect, asking)
  const open = track.ticket.requirement.challenge ?? []
  if (factor === undefined) return classic(dialect, said.notActive)
  if (wantsLink(input) && word !== 'EMAIL') return classic(dialect, said.notActive)
  if (factor.traits.proof === 'assertion' && standsElsewhere(exchange, input)) return classic(dialect, said.badKey)
  if (!open.includes(factor.kind)) return classic(dialect, said.notConfigured)
  return await challengeWith(dialect, asking, { track, factor, masked })
}

/** The track that is named, which must belong to this request; else the newest of this user in it. */
async function trackOf(dialect: Dialect, { exchange, request }: Asking, user: string): Promise<Track | undefined> {
  const named = inputOf(exchange).any('track') ?? textOf(exchange.headers.trackid)
  if (named === undefined) return await findTrack(dialect, exchange, request, user)
  const track = await readTrack(dialect, exchange, named)
  return track?.notes.request === request.id ? track : undefined
}

async function challengeWith(
  dialect: Dialect,
  { exchange, request, application, word }: Asking,
  { track, factor, masked }: { readonly track: Track; readonly factor: Factor; readonly masked: string },
): Promise<Answer> {
  const caller = callerOf(exchange, application, request.lang)
  const input = inputOf(exchange)
  const medium = input.text('medium_id')
  const asked = await dialect.engine.challenge({
    caller,
    ticket: track.ticket,
    kinds: [factor.kind],
    ...(medium === undefined ? {} : { authenticator: medium }),
    ...(wantsLink(input) && {
      link: (handle: string, code: string) => linkTo(exchange, handle, input.any('track'), code),
    }),
  })
  const byLookup = asked.no !== undefined && factor.traits.proof === 'lookup'
  if (asked.no !== undefined && !byLookup) return refuse(dialect, asked)
  const opened = await openExchange(dialect, exchange.tenant.id, {
    handle: asked.yes?.challenge,
    word,
    kind: factor.kind,
    purpose: { for: 'track', track: track.ticket.id },
    client: application.id,
    request: request.id,
    sub: masked,
    ...begunBy(dialect, caller, input),
    lifetime: asked.yes?.expiresIn ?? codeLifetime(caller),
  })
  const target = asked.yes?.authenticator.target
  return ok({
    exchange_id: exchangeObject(dialect, opened.exchangeId, opened.endsAt),
    status_id: opened.statusId,
    sub: masked,
    q: masked,
    ...(target === undefined ? {} : { medium_text: maskedTarget(target) }),
    ...shown(factor, opened.exchangeId, asked.yes?.show),
    verification_type: word,
  })
}

/** What a factor wants shown, under the name its kind of proof has here (cidaas.md §4.4). */
export function shown({ traits }: Factor, id: string, show: Readonly<Record<string, unknown>> | undefined): object {
  if (show === undefined) return {}
  if (traits.proof === 'assertion') {
    return { fido2_entity: { type: 'FIDO2', fidoRequestId: id, server_challenge: show.publicKey ?? show } }
  }
  if (traits.proof === 'knowledge') return { security_questions: show.questions }
  return traits.proof === 'approval' ? { push_selected_number: show.number } : {}
}

/** A first factor: the same answer whoever is named, and a message only to somebody who has an account (S-102). */
async function initiateFirst(dialect: Dialect, asking: Asking): Promise<Answer> {
  const { exchange, request, application, word } = asking
  const { parts } = dialect.engine
  const input = inputOf(exchange)
  const to = input.any('identifier')
  if (to === undefined) return classic(dialect, said.missing)
  const caller = callerOf(exchange, application, request.lang)
  const by =
    word === 'PASSWORD' ? 'password' : passwordlessKinds.find((it) => factorOf(word, parts.factors)?.kind === it)
  if (by === undefined) return classic(dialect, said.notActive)
  if (!exchange.tenant.factors.includes(by)) return classic(dialect, said.notActive)
  if (wantsLink(input) && by !== 'email') return classic(dialect, said.notActive)
  const id = parts.random.id()
  if (by !== 'password') {
    const link = wantsLink(input) ? { link: (code: string) => linkTo(exchange, id, undefined, code) } : {}
    const started = await startPasswordless(parts, { caller, channel: by, to, signUp: false, ...link })
    if (started.no !== undefined) return refuse(dialect, started)
  }
  const sub = parts.random.id()
  const opened = await openExchange(dialect, exchange.tenant.id, {
    id,
    word,
    kind: by,
    purpose: { for: 'login', to, by },
    client: application.id,
    request: request.id,
    sub,
    ...begunBy(dialect, caller, input),
    lifetime: codeLifetime(caller),
  })
  return ok({
    exchange_id: exchangeObject(dialect, opened.exchangeId, opened.endsAt),
    status_id: opened.statusId,
    sub,
    q: sub,
    ...(by === 'password' ? {} : { medium_text: maskedTarget(to) }),
    verification_type: word,
  })
}

/** What the page behind a link tells of the login that asked for it. */
function begunBy({ engine }: Dialect, caller: Caller, input: Input): Pick<ExchangeNotes, 'begun'> {
  if (!wantsLink(input)) return {}
  const { place, at } = occasionOf(engine.parts, caller, engine.parts.clock.now())
  return { begun: { place, at } }
}
