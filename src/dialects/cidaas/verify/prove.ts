import type { Answered, AnswerRequest } from '#engine/answer.ts'
import type { Flow } from '#engine/flow.ts'
import type { Issue } from '#engine/issue.ts'
import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import type { Outcome } from '#model/outcome.ts'
import type { Refs } from '#ports/store.ts'
import { callerOf, type Dialect, dialectName } from '../dialect.ts'
import { type Exchanging, exchangeRefs, spendExchange } from './exchanges.ts'
import type { StatusNotes } from './statuses.ts'
import { readTrackById } from './tracks.ts'

export interface Asked {
  readonly exchange: Exchange
  readonly it: Exchanging
  readonly application: Application
  readonly proof: unknown
}

/** Whether an exchange sets up a method. */
export const enrols = ({ purpose }: Exchanging): boolean =>
  purpose.for === 'profile' || (purpose.for === 'track' && purpose.enrols === true)

export async function flowOf(dialect: Dialect, exchange: Exchange, { purpose }: Exchanging): Promise<Flow | undefined> {
  if (purpose.for === 'track') {
    const track = await readTrackById(dialect, exchange, purpose.track)
    return track && { by: 'ticket', ticket: track.ticket }
  }
  if (purpose.for !== 'profile') return undefined
  const { token: id, user, client, proofs } = purpose
  return { by: 'token', id, user, client, proofs, wish: { dialect: dialectName, grantType: 'profile', scope: [] } }
}

export interface Spent {
  readonly next: string
}

/** Spends the exchange in the commit that accepts the proof. */
function spending(dialect: Dialect, { exchange, it }: Asked, status: StatusNotes['status']): Issue<Refs, Spent> {
  const next = dialect.engine.parts.random.id()
  const tenant = exchange.tenant.id
  return {
    refs: exchangeRefs(tenant, it),
    decide: (_granted, found) => {
      const writes = spendExchange(tenant, next, { status }, found)
      return writes ? { issued: { next }, writes } : { refuse: { no: 'challenge-unknown' }, writes: [] }
    },
  }
}

/** Has a proof judged; a right one is recorded in the login or the enrolment it belongs to. */
export function prove(dialect: Dialect, asked: Asked, flow: Flow): Promise<Outcome<Answered<Spent>>> {
  const { exchange, it, application, proof } = asked
  const to: AnswerRequest<Refs, Spent>['to'] = it.challenge === undefined ? { kind: it.kind } : { stored: it.challenge }
  const issue = spending(dialect, asked, enrols(it) ? 'ENROLLED' : 'AUTHENTICATED')
  const caller = callerOf(exchange, application)
  return dialect.engine.answer({ caller, flow, to, proof, issue, recordOnly: true })
}

/** Goes on with the yes of a device, whoever learns of it first. True: it counts now. */
export async function settle(dialect: Dialect, exchange: Exchange, it: Exchanging): Promise<boolean> {
  const application = await dialect.engine.parts.store.get('applications', exchange.tenant.id, it.client)
  const flow = await flowOf(dialect, exchange, it)
  if (application === undefined || flow === undefined) return false
  return (await prove(dialect, { exchange, it, application, proof: '' }, flow)).yes !== undefined
}
