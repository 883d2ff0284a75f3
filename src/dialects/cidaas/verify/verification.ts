import type { Flow } from '#engine/flow.ts'
import { nothingToIssue } from '#engine/issue.ts'
import { limits } from '#engine/limits.ts'
import { provePasswordless } from '#engine/passwordless.ts'
import type { Answer, Exchange } from '#http/route.ts'
import { asId, type TicketId } from '#model/ids.ts'
import type { Proof } from '#model/proof.ts'
import type { Found, Refs } from '#ports/store.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { exchangeIdOf, type Input, inputOf, isUuid } from '../input.ts'
import { readRequest, unmask } from '../requests.ts'
import { backupCodes, classic, missingAt, ok, type Row, refuse, refuseAt, said, sayAt } from '../wire.ts'
import { factorOf, identifierKind, methodWord } from '../words.ts'
import { decideStep } from './device-steps.ts'
import { type Exchanging, exchangeObject, exchangeRefs, isLive, readExchange, spendExchange } from './exchanges.ts'
import { keyResponse, namedChallenge } from './keys.ts'
import { type Asked, enrols, flowOf, prove } from './prove.ts'
import type { FirstFactor } from './statuses.ts'
import { findTrack } from './tracks.ts'

/** `POST /verification-srv/authentication/:method/verification` and its older spelling (cidaas.md §4.5). */
export async function verify(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  return await verifyWith(dialect, exchange, 'authentication')
}

/** Judges what a user sent against an exchange. Enrolments are confirmed elsewhere and by other paths. */
export async function verifyWith(
  dialect: Dialect,
  exchange: Exchange,
  kindOfPath: 'authentication' | 'setup',
): Promise<Answer> {
  const say = (row: Row): Answer => sayAt(dialect, exchange, row)
  const input = inputOf(exchange)
  const word = methodWord(exchange.params.method)
  if (word === undefined) return say(said.unknownMethod)
  const id = exchangeIdOf(input)
  if (id === undefined) return missingAt(dialect, exchange)
  const it = isUuid(id) ? await readExchange(dialect, exchange.tenant.id, id) : undefined
  if (it === undefined || !isLive(it.stage) || it.word !== word) return say(said.unknownExchange)
  const { purpose } = it
  if (enrols(it) !== (kindOfPath === 'setup')) return say(said.unknownExchange)
  if (!(await ownedBy(dialect, exchange, it, input))) {
    await countAstray(dialect, exchange, it)
    return say(said.unknownExchange)
  }
  if (it.endsAt <= dialect.engine.parts.clock.now()) return refuseAt(dialect, exchange, { no: 'challenge-expired' })
  const application = await dialect.engine.parts.store.get('applications', exchange.tenant.id, it.client)
  if (application === undefined) return say(said.unknownExchange)
  if (it.stage === 'acknowledged' || it.stage === 'allowed') return await decideStep(dialect, exchange, it)
  const proof = proofOf(dialect, input, word, it)
  if (proof === undefined) return say(missingProof[word] ?? said.codeMissing)
  const other = namedChallenge(input.raw('fido2_client_response'))
  if (other !== undefined && other !== id) return say(said.badKey)
  const asked: Asked = { exchange, it, application, proof }
  if (purpose.for === 'login') return await verifyFirst(dialect, asked, purpose)
  const flow = await flowOf(dialect, exchange, it)
  return flow === undefined ? say(said.unknownTrack) : await verifyIn(dialect, asked, flow)
}

/** What is said where there is no proof at all, of methods that take no code. */
const missingProof: Readonly<Record<string, Row>> = { FIDO2: said.badKey, SECURITY_QUESTION: said.dataMissing }

/** Where request or user are named, they must be those of the exchange; SDKs need not name them. */
async function ownedBy(dialect: Dialect, exchange: Exchange, it: Exchanging, input: Input): Promise<boolean> {
  const request = input.any('request')
  if (request !== undefined && request !== it.request) return false
  const sub = input.any('user')
  if (sub === undefined || sub === it.sub) return true
  const found = await readRequest(dialect, exchange, it.request)
  if (found === undefined) return false
  const user = unmask(found.request, sub)
  return user !== undefined && user === unmask(found.request, it.sub)
}

/**
 * A challenge answered from another login, or by another application: the engine is told who tried, so that an attempt
 * is counted and the audit names both (AC-3, AC-4). Nothing is compared, because the flow is not the challenge's.
 */
async function countAstray(dialect: Dialect, exchange: Exchange, it: Exchanging): Promise<void> {
  if (it.challenge === undefined) return
  const input = inputOf(exchange)
  const found = await readRequest(dialect, exchange, input.any('request'))
  if (found === undefined) return
  const user = unmask(found.request, input.any('user'))
  const track = user && (await findTrack(dialect, exchange, found.request, user))
  const own = it.purpose.for === 'track' ? it.purpose.track : undefined
  const other = track && track.ticket.id !== own ? track.ticket : undefined
  const elsewhere = found.application.id !== it.client
  const flow: Flow | undefined = other
    ? { by: 'ticket', ticket: other }
    : elsewhere
      ? await flowOf(dialect, exchange, it)
      : undefined
  if (flow === undefined) return
  const caller = callerOf(exchange, found.application)
  const to = { stored: it.challenge }
  await dialect.engine.answer({ caller, flow, to, proof: '', issue: nothingToIssue, recordOnly: true })
}

/** What proves it: the member its kind of proof has here (cidaas.md §5.2). */
function proofOf({ engine }: Dialect, input: Input, word: string, it: Exchanging): unknown {
  if (it.purpose.for === 'login' && it.purpose.by === 'password') return input.any('password')
  const proof = factorOf(word, engine.parts.factors)?.traits.proof
  // A device answers for itself; whoever asks learns what it has said.
  if (proof === 'approval') return ''
  if (proof === 'knowledge') return input.raw('security_answers')
  if (proof !== 'assertion') return input.any('code')
  return keyResponse(input.raw('fido2_client_response'))
}

async function verifyIn(dialect: Dialect, asked: Asked, flow: Flow): Promise<Answer> {
  const { exchange, it } = asked
  const answered = await prove(dialect, asked, flow)
  if (answered.no === 'wrong-proof' && (await isSpent(dialect, asked))) return sayAt(dialect, exchange, said.tooMany)
  if (answered.no !== undefined) return refuseAt(dialect, exchange, answered)
  const { issued, show } = answered.yes
  return done(dialect, asked, issued.next, {
    ...(enrols(it) ? { enrolled: true, meta: {} } : {}),
    // A saved code is replaced as it is used; this is the one time the new one is shown.
    ...(show?.codes ? { backup_codes: backupCodes(show.codes) } : {}),
  })
}

/** Whether wrong codes have ended the exchange, or the method in this login: nobody compares any more (cidaas.md §9.4). */
async function isSpent({ engine }: Dialect, { exchange, it }: Asked): Promise<boolean> {
  const { store } = engine.parts
  const { challenge, kind, purpose } = it
  const failures = challenge
    ? (await store.get('challenges', exchange.tenant.id, challenge))?.failures
    : purpose.for === 'track'
      ? (await store.get('tickets', exchange.tenant.id, asId<TicketId>(purpose.track)))?.failures[kind]
      : undefined
  return (failures ?? 0) >= limits.failuresPerChallenge
}

async function verifyFirst(
  dialect: Dialect,
  asked: Asked,
  purpose: Extract<Exchanging['purpose'], { for: 'login' }>,
): Promise<Answer> {
  const { exchange, it, application, proof } = asked
  const { parts } = dialect.engine
  const tenant = exchange.tenant.id
  const caller = callerOf(exchange, application)
  const identifier = identifierKind(undefined, purpose.to)
  const next = parts.random.id()
  const keep = (first: FirstFactor, found: Found<Refs>) =>
    spendExchange(tenant, next, { status: 'AUTHENTICATED', first }, found)
  if (purpose.by !== 'password') {
    const proved = await provePasswordless(parts, {
      caller,
      channel: purpose.by,
      to: purpose.to,
      code: proof,
      keep: {
        refs: exchangeRefs(tenant, it),
        decide: (user, one, found) => {
          const writes = keep({ user, proof: one, identifier }, found)
          return writes ? { kept: next, writes } : { no: 'challenge-unknown' }
        },
      },
    })
    return proved.no === undefined ? done(dialect, asked, next) : refuse(dialect, proved)
  }
  const byPhone = identifier === 'mobile'
  const signedIn = await dialect.engine.signIn({ caller, login: purpose.to, password: String(proof), byPhone })
  if (signedIn.no !== undefined) return refuse(dialect, signedIn)
  const { user, proofs } = signedIn.yes
  const kept = await parts.store.change(exchangeRefs(tenant, it), (found) => {
    const writes = keep({ user: user.id, proof: proofs[0] as Proof, identifier }, found as unknown as Found<Refs>)
    return { result: writes !== undefined, writes }
  })
  return kept ? done(dialect, asked, next) : classic(dialect, said.unknownExchange)
}

function done(dialect: Dialect, { it }: Asked, next: string, more: object = {}): Answer {
  return ok({
    exchange_id: exchangeObject(dialect, next, it.endsAt),
    sub: it.sub,
    status_id: it.statusId,
    ...more,
  })
}
