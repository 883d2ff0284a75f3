import { maySignUp } from '#engine/accounts/may-sign-up.ts'
import { listAuthenticators } from '#engine/authenticators.ts'
import type { Issue } from '#engine/issue.ts'
import type { Caller } from '#engine/parts.ts'
import { offersPasskeys } from '#engine/passkey.ts'
import { checkTicket, ticketId } from '#engine/tickets.ts'
import { trustLifetime } from '#engine/trusted-devices.ts'
import type { Exchange } from '#http/route.ts'
import type { Application } from '#model/application.ts'
import type { UserId } from '#model/ids.ts'
import type { Proof } from '#model/proof.ts'
import type { Ticket } from '#model/ticket.ts'
import { readCookie } from '#oidc/cookies.ts'
import type { Flow } from '#oidc/flows.ts'
import { hostedCaller, usableProofs, wishOf } from '#oidc/sign-in-policy.ts'
import type { Factor } from '#ports/factor.ts'
import type { OneRef } from '#ports/store.ts'
import { csrfToken } from './guard.ts'
import { applicationOf, type Hosted } from './hosted.ts'
import { type Data, isFinished, type Progress, stepOf } from './progress.ts'
import type { State } from './schemas.ts'
import { choicesOf, offersOf, optionId, shownOption, shownTraits } from './shown.ts'
import type { No } from './wire.ts'

/** A flow at hand: everything an action works with. */
export interface Run {
  readonly hosted: Hosted
  readonly exchange: Exchange
  readonly application: Application
  readonly caller: Caller
  readonly flow: Flow
  readonly data: Data
  /** The engine's ticket, alive. */
  readonly ticket?: Ticket
}

/** What an action did: moved the flow, and perhaps refused. */
export interface Moved {
  readonly run: Run
  readonly no?: No
  /** `Set-Cookie` lines. */
  readonly cookies: readonly string[]
}

export const stays = (run: Run, no?: No): Moved => ({ run, cookies: [], ...(no === undefined ? {} : { no }) })

/** The flow of a request, if it is this browser's; undefined: over, or somebody else's. */
export async function openRun(hosted: Hosted, exchange: Exchange): Promise<Run | undefined> {
  const flow = await hosted.oidc.flows.read(exchange, exchange.params.flow ?? '')
  if (flow === undefined) return undefined
  const application = await applicationOf(hosted, exchange, flow.data.order.client)
  return application === undefined ? undefined : await runOf(hosted, exchange, application, flow)
}

async function runOf(hosted: Hosted, exchange: Exchange, application: Application, flow: Flow): Promise<Run> {
  const data = flow.data as Data
  const { locales } = data.order
  const caller = { ...hostedCaller(exchange, application, data.progress.device), ...(locales && { locales }) }
  const base = { hosted, exchange, application, caller, flow, data }
  const handle = data.progress.ticket
  if (handle === undefined || data.granted !== undefined) return base
  const { store, clock } = hosted.engine.parts
  const found = await store.get('tickets', exchange.tenant.id, ticketId(handle))
  const user = found && (await store.get('users', exchange.tenant.id, found.user))
  const checked = checkTicket(found, caller, clock.now(), user)
  return checked.yes && user ? { ...base, ticket: checked.yes } : base
}

/** Writes the next state of a flow; refused when somebody has moved it meanwhile. `rotate`: with a new cookie (S-125). */
export async function move(run: Run, data: Data, rotate = false): Promise<Moved> {
  const { hosted, exchange, flow, application } = run
  const { flows } = hosted.oidc
  const cookie = rotate ? flows.newCookie() : flow.cookie
  const next: Data = { ...data, finished: isFinished(data) }
  const won = await hosted.engine.parts.store.change({ it: flows.ref(flow) }, ({ it }) =>
    flows.unchanged(flow, it)
      ? { result: true, writes: [flows.move(it, next as Flow['data'], cookie)] }
      : { result: false },
  )
  if (!won) return stays(run, { own: 'not-now' })
  return await moved(run, application, cookie, exchange)
}

/** Reads a flow again after it was moved. */
async function moved(run: Run, application: Application, cookie: string, exchange: Exchange): Promise<Moved> {
  const { hosted, flow } = run
  const row = await hosted.engine.parts.store.get('artifacts', exchange.tenant.id, flow.row.id)
  if (row === undefined) return stays(run, { own: 'flow-unknown' })
  const again = hosted.oidc.flows.open(row, flow.uid, cookie)
  const line = hosted.oidc.flows.cookieLine(exchange, flow.uid, cookie)
  return {
    run: await runOf(hosted, exchange, application, again),
    cookies: cookie === flow.cookie ? [] : [line],
  }
}

export const progressed = (run: Run, progress: Partial<Progress>): Data => ({
  ...run.data,
  progress: { ...run.data.progress, problem: undefined, ...progress },
})

interface FlowRefs {
  readonly flow: OneRef<'artifacts'>
  readonly [name: string]: OneRef<'artifacts'>
}

/** What the engine commits when all conditions are met: the flow has earned its session, and its cookie is a new one. */
export function grantIssue(run: Run, cookie: string): Issue<FlowRefs, undefined> {
  const { flows } = run.hosted.oidc
  return {
    refs: { flow: flows.ref(run.flow) },
    decide: ({ user, proofs, assurance }, found) => {
      if (!flows.unchanged(run.flow, found.flow)) return { refuse: { no: 'ticket-unknown' }, writes: [] }
      const device = run.caller.trustedDevice
      const granted = { user: user.id, proofs, assurance, ...(device === undefined ? {} : { device }) }
      const { ticket: _spent, asked: _asked, enrolling: _enrolling, ...kept } = run.data.progress
      const progress: Progress = { ...kept, problem: undefined }
      const data: Data = { ...run.data, progress, granted }
      const whole = { ...data, finished: isFinished(data) } as Flow['data']
      return { issued: undefined, writes: [flows.move(found.flow, whole, cookie)] }
    },
  }
}

/** Asks the engine with what has been proved so far: the flow is granted, or goes on with a ticket, or is stuck. */
export async function admit(run: Run, user: UserId, proofs: readonly Proof[]): Promise<Moved> {
  const { engine, oidc } = run.hosted
  const cookie = oidc.flows.newCookie()
  const outcome = await engine.admit({
    caller: run.caller,
    user,
    proofs,
    wish: wishOf(run.data.order),
    issue: grantIssue(run, cookie),
  })
  if (outcome.yes !== undefined) return await moved(run, run.application, cookie, run.exchange)
  if (outcome.no === 'more-proof') return await move(run, progressed(run, { ticket: outcome.ticket }), true)
  if (outcome.no === 'no-factor-available') return await move(run, progressed(run, { stuck: outcome.no }), true)
  return stays(run, outcome)
}

/** After an action of the engine that granted the flow with this cookie. */
export const afterGrant = (run: Run, cookie: string): Promise<Moved> =>
  moved(run, run.application, cookie, run.exchange)

/** Looks at the session there was, once: what it proves already is not asked again. */
export async function begin(run: Run): Promise<Moved> {
  const { hosted, exchange, data } = run
  if (data.progress.begun === true) return stays(run)
  const { sessions } = hosted.oidc
  const { parts } = hosted.engine
  const uid = data.order.session
  const session = uid === undefined ? undefined : await sessions.live(exchange)
  const first = await move(run, progressed(run, { begun: true }))
  if (first.no !== undefined || session === undefined || session.uid !== uid) return first
  const user = await parts.store.get('users', exchange.tenant.id, session.user)
  if (user === undefined || user.blocked) return first
  const proofs = usableProofs(session.proofs, data.order, parts.clock.now())
  const caller = hostedCaller(exchange, run.application, session.device)
  if (proofs.length > 0) {
    const checked = await hosted.engine.check({ caller, user: user.id, proofs, wish: wishOf(data.order) })
    if (checked.is !== 'first-again') return await admit({ ...first.run, caller }, user.id, proofs)
  }
  const login = user.email ?? user.username
  return login === undefined ? first : await move(first.run, progressed(first.run, { login, known: true }))
}

/** Proofs of the session that still count beside a new first factor of the same person. */
export async function besides(run: Run, user: UserId): Promise<readonly Proof[]> {
  const { hosted, exchange, data } = run
  if (data.order.session === undefined || data.order.anew === true) return []
  const session = await hosted.oidc.sessions.live(exchange)
  if (session === undefined || session.uid !== data.order.session || session.user !== user) return []
  const now = hosted.engine.parts.clock.now()
  const { maxAge } = data.order
  return session.proofs.slice(1).filter((it) => maxAge === undefined || now - it.at <= maxAge * 1_000)
}

const resendAfter = 30_000

/** What is asked for are answers alone, and there is no page that asks questions. */
function onlyAsked(ticket: Ticket | undefined, factors: ReadonlyMap<string, Factor>): boolean {
  const kinds = ticket?.requirement.challenge
  return kinds?.every((kind) => factors.get(kind)?.traits.proof === 'knowledge') ?? false
}

/** The state as pages get it. */
export async function stateOf(run: Run): Promise<State> {
  const { hosted, exchange, data, ticket, flow, application } = run
  const { parts } = hosted.engine
  const { order, progress } = data
  const device = readCookie(exchange, 'device')
  const authenticators = ticket === undefined ? [] : await listAuthenticators(parts, exchange.tenant.id, ticket.user)
  const choices = ticket === undefined ? [] : choicesOf(exchange.tenant, parts.factors, authenticators, ticket)
  const first = choices[0]
  const step = onlyAsked(ticket, parts.factors) ? 'stuck' : stepOf(data, ticket)
  return {
    step,
    csrf: csrfToken(parts.keyring, exchange, flow.cookie, flow.uid),
    endsAt: Math.min(flow.endsAt, ticket?.endsAt ?? flow.endsAt),
    tenant: { id: exchange.tenant.id, name: exchange.tenant.name },
    application: { id: application.id, name: application.name },
    hints: {
      locales: [...(order.locales ?? [])],
      ...(order.login === undefined ? {} : { login: order.login }),
      ...(order.screen === undefined ? {} : { screen: order.screen }),
      ...(order.connection === undefined ? {} : { connection: order.connection }),
    },
    can: {
      signUp: maySignUp(run.caller),
      resetPassword: parts.channels.has('email'),
      rememberDevice:
        trustLifetime(run.caller) > 0 && (order.secondFactor ?? false) === false && order.managesFactors !== true,
      passkey: offersPasskeys(parts, run.caller),
    },
    ...(step === 'password' && progress.login !== undefined
      ? { account: { login: progress.login, known: progress.known === true } }
      : {}),
    ...((step === 'identify' || step === 'password') && progress.passkey !== undefined
      ? { passkey: { show: { ...progress.passkey.show }, expiresAt: progress.passkey.expiresAt } }
      : {}),
    ...(step === 'challenge' ? { options: choices.map((it) => shownOption(it, it === first)) } : {}),
    ...(step === 'challenge' ? askedOf(run, choices) : {}),
    ...(step === 'enrol'
      ? { offers: [...offersOf(exchange.tenant, parts.factors, parts.channels, ticket?.requirement.enrol)] }
      : {}),
    ...(step === 'enrol' ? enrollingOf(run) : {}),
    ...(step === 'recovery-codes' && progress.codes !== undefined
      ? { recoveryCodes: { codes: [...progress.codes.codes], replaces: progress.codes.replaces } }
      : {}),
    ...(step === 'consent'
      ? {
          consent: {
            scopes: [...order.scope],
            ...(order.audience === undefined ? {} : { audience: order.audience }),
          },
        }
      : {}),
    ...((step === 'identify' || step === 'password') && device !== undefined
      ? { device: { nonce: deviceNonce(run) } }
      : {}),
    ...(step === 'stuck' ? { reason: progress.stuck ?? 'no-factor-available' } : {}),
    ...(step === 'done' ? { location: order.returnTo } : {}),
  }
}

/** What the key of a remembered device signs: good for this flow in this browser only. */
export const deviceNonce = ({ hosted, exchange, flow }: Run): string =>
  hosted.engine.parts.keyring.mac(flow.cookie, ['device-nonce', exchange.tenant.id, flow.uid])

function askedOf({ data }: Run, choices: ReturnType<typeof choicesOf>): Pick<State, 'asked'> {
  const { asked } = data.progress
  const choice = choices.find((it) => optionId(it.authenticator, it.factor) === asked?.option)
  if (asked === undefined || choice === undefined) return {}
  return {
    asked: {
      option: shownOption(choice, choice === choices[0]),
      sentAt: asked.sentAt,
      ...(asked.expiresAt === undefined ? {} : { expiresAt: asked.expiresAt }),
      ...(asked.handle === undefined ? {} : { resendAt: asked.sentAt + resendAfter }),
      ...(asked.show === undefined ? {} : { show: { ...asked.show } }),
    },
  }
}

function enrollingOf({ data, hosted }: Run): Pick<State, 'enrolling'> {
  const { enrolling } = data.progress
  const factor = enrolling && hosted.engine.parts.factors.get(enrolling.factor)
  if (enrolling === undefined || factor === undefined) return {}
  return { enrolling: shownEnrolling(enrolling, shownTraits(factor.traits)) }
}

/** An enrolment as pages get it; the user has just typed the address, so it is shown whole. */
export function shownEnrolling(
  it: NonNullable<Progress['enrolling']>,
  traits: NonNullable<State['enrolling']>['traits'],
): NonNullable<State['enrolling']> {
  return {
    id: it.id,
    factor: it.factor,
    traits,
    sentAt: it.sentAt,
    ...(it.target === undefined ? {} : { target: it.target }),
    ...(it.handle === undefined ? {} : { resendAt: it.sentAt + resendAfter }),
    ...(it.show === undefined ? {} : { show: { ...it.show } }),
  }
}
