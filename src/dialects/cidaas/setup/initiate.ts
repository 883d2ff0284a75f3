import { listAuthenticators, replaceRecoveryCode } from '#engine/authenticators.ts'
import { codeLifetime } from '#engine/challenges.ts'
import type { Enrolment } from '#engine/enrol.ts'
import { audit } from '#engine/events.ts'
import type { Flow } from '#engine/flow.ts'
import type { Caller } from '#engine/parts.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { User } from '#model/user.ts'
import type { Factor } from '#ports/factor.ts'
import { callerOf, type Dialect, dialectName } from '../dialect.ts'
import { type Input, inputOf, requestIdOf, textOf } from '../input.ts'
import { readRequest } from '../requests.ts'
import { exchangeObject, openExchange, type Purpose } from '../verify/exchanges.ts'
import { shown } from '../verify/initiation.ts'
import { standsElsewhere } from '../verify/keys.ts'
import { readTrack } from '../verify/tracks.ts'
import { backupCodes, ok, refuseAt, said, sayAt } from '../wire.ts'
import { factorOf, methodWord } from '../words.ts'
import { freshManagerOf } from './manager.ts'
import { questionsFor } from './questions.ts'

interface Setup {
  readonly exchange: Exchange
  readonly caller: Caller
  readonly flow: Flow
  readonly user: User
  readonly word: string
  readonly factor: Factor
  readonly purpose: Purpose
  readonly sub: string
  readonly request?: string
}

/** Starts the set-up of a method by somebody who is signed in (cidaas.md §6.2). */
export async function setUp(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const manager = await freshManagerOf(dialect, exchange)
  if ('status' in manager) return manager
  const method = methodOf(dialect, exchange)
  if ('status' in method) return method
  const { caller, user, claims, proofs } = manager
  const wish = { dialect: dialectName, grantType: 'profile', scope: claims.scope }
  const has = await isThere(dialect, exchange, user, method.factor)
  const lookup = method.factor.traits.proof === 'lookup'
  if (has && !lookup) return sayAt(dialect, exchange, already)
  const flow: Flow = { by: 'token', id: claims.id, user: user.id, client: caller.application.id, proofs, wish }
  const purpose: Purpose = {
    for: 'profile',
    token: claims.id,
    user: user.id,
    client: caller.application.id,
    proofs,
  }
  const setup: Setup = { exchange, caller, flow, user, ...method, purpose, sub: user.id }
  return lookup ? await savedCodes(dialect, setup) : await enrol(dialect, setup)
}

async function isThere({ engine }: Dialect, { tenant }: Exchange, user: User, { kind }: Factor): Promise<boolean> {
  const own = await listAuthenticators(engine.parts, tenant.id, user.id)
  return own.some((it) => it.factor === kind && it.state === 'confirmed')
}

const already = [409, 'VER_0029', 'already_configured', 'The method is configured already.'] as const

/** The same in a login that waits: the track stands for the user, and the engine says what may be added (S-61). */
export async function setUpInLogin(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const named = exchange.params.track_id ?? textOf(exchange.headers.trackid) ?? inputOf(exchange).any('track')
  const track = await readTrack(dialect, exchange, named)
  if (track === undefined) return sayAt(dialect, exchange, said.unknownTrack)
  const method = methodOf(dialect, exchange)
  if ('status' in method) return method
  const { store } = dialect.engine.parts
  const user = await store.get('users', exchange.tenant.id, track.ticket.user)
  if (user === undefined) return sayAt(dialect, exchange, said.unknownTrack)
  // A saved code comes along with the first method; in a login none can be asked for by itself.
  if (method.factor.traits.proof === 'lookup') return sayAt(dialect, exchange, said.notActive)
  // Before a second factor is proved the engine refuses whatever is asked for, and tells the owner (S-61).
  const proved = track.ticket.proofs.length > 1
  if (proved && (await isThere(dialect, exchange, user, method.factor))) return sayAt(dialect, exchange, already)
  const found = await readRequest(dialect, exchange, requestIdOf(exchange) ?? track.notes.request)
  const masked = Object.entries(found?.request.masked ?? {}).find(([, it]) => it === user.id)?.[0]
  return await enrol(dialect, {
    exchange,
    caller: callerOf(exchange, track.application),
    flow: { by: 'ticket', ticket: track.ticket },
    user,
    ...method,
    purpose: { for: 'track', track: track.ticket.id, enrols: true },
    sub: masked ?? '',
    request: track.notes.request,
  })
}

function methodOf(dialect: Dialect, exchange: Exchange): { readonly word: string; readonly factor: Factor } | Answer {
  const word = methodWord(exchange.params.method)
  if (word === undefined) return sayAt(dialect, exchange, said.unknownMethod)
  const factor = factorOf(word, dialect.engine.parts.factors)
  const on = factor !== undefined && exchange.tenant.factors.includes(factor.kind)
  return on ? { word, factor } : sayAt(dialect, exchange, said.notActive)
}

async function enrol(dialect: Dialect, setup: Setup): Promise<Answer> {
  const { exchange, caller, flow, factor, user } = setup
  if (factor.traits.proof === 'assertion' && standsElsewhere(exchange, inputOf(exchange))) {
    return sayAt(dialect, exchange, said.badKey)
  }
  const target = targetOf(factor, inputOf(exchange), user)
  if (factor.traits.reach !== undefined && target === undefined) return sayAt(dialect, exchange, said.dataMissing)
  const questions = factor.traits.proof === 'knowledge' ? questionsFor(exchange) : undefined
  if (questions === 'unfit') return sayAt(dialect, exchange, said.dataMissing)
  const asking = questions === undefined ? {} : { questions }
  const enrolled = await dialect.engine.enrol({ caller, flow, kind: factor.kind, target, ...asking })
  if (enrolled.no !== undefined) return refuseAt(dialect, exchange, enrolled)
  return await started(dialect, setup, enrolled.yes)
}

/** The address that is sent; older SDKs send none and mean the user's own (cidaas.md §6.2). */
function targetOf({ traits }: Factor, input: Input, user: User): string | undefined {
  if (traits.reach === 'email') return input.text('email') ?? user.email
  if (traits.reach === undefined) return undefined
  return input.text('mobile_number') ?? input.text('phone') ?? input.text('mobile') ?? user.phoneNumber
}

/** Kinds of proof whose enrolment shows the browser more than a secret. */
const shows: ReadonlySet<string> = new Set(['assertion', 'knowledge'])

async function started(dialect: Dialect, setup: Setup, { challenge, show, recoveryCodes }: Enrolment) {
  const { exchange, caller, factor, word, purpose, sub, request } = setup
  const opened = await openExchange(dialect, exchange.tenant.id, {
    handle: challenge,
    word,
    kind: factor.kind,
    purpose,
    client: caller.application.id,
    request,
    sub,
    lifetime: codeLifetime(caller),
  })
  return ok({
    exchange_id: exchangeObject(dialect, opened.exchangeId, opened.endsAt),
    status_id: opened.statusId,
    sub,
    verification_type: word,
    authenticator_client_id: caller.application.id,
    ...linkOf(factor, show?.uri),
    ...(show?.secret === undefined ? {} : { totp_secret_base32: show.secret }),
    ...shown(factor, opened.exchangeId, shows.has(factor.traits.proof) ? show : undefined),
    ...(recoveryCodes ? { backup_codes: backupCodes(recoveryCodes) } : {}),
  })
}

/** What is shown as a QR code: the secret of an app, or the link a device opens (docs/push.md). */
const linkOf = ({ traits }: Factor, uri: unknown): object =>
  uri === undefined ? {} : traits.proof === 'approval' ? { enrolment_uri: uri } : { totp_secret: uri }

/** How many there are in a set (cidaas.md §5.2); longer than cidaas', since eight digits can be guessed (S-44). */
const savedCodeCount = 10

/** BACKUPCODE is complete at initiation; the set before it is dead (cidaas.md §5.2). */
async function savedCodes(dialect: Dialect, { exchange, caller, user, word, factor, purpose, sub }: Setup) {
  const { parts } = dialect.engine
  const event = audit(parts, caller, 'recovery.replaced', { user: user.id, factor: factor.kind })
  const replaced = await replaceRecoveryCode(parts, caller, user.id, event, savedCodeCount)
  if (replaced.no !== undefined) return refuseAt(dialect, exchange, replaced)
  const opened = await openExchange(dialect, exchange.tenant.id, {
    word,
    kind: factor.kind,
    purpose,
    client: caller.application.id,
    sub,
    lifetime: codeLifetime(caller),
    status: 'ENROLLED',
  })
  return ok({
    exchange_id: exchangeObject(dialect, opened.exchangeId, opened.endsAt),
    status_id: opened.statusId,
    sub,
    verification_type: word,
    backup_codes: backupCodes(replaced.yes.codes),
  })
}
