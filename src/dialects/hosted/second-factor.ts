import type { z } from 'zod'
import { listAuthenticators } from '#engine/authenticators.ts'
import type { Flow } from '#engine/flow.ts'
import type { Ticket } from '#model/ticket.ts'
import { remember } from './devices.ts'
import { afterGrant, grantIssue, type Moved, move, progressed, type Run, stays } from './run.ts'
import type { actions } from './schemas.ts'
import { type Choice, choicesOf, optionId } from './shown.ts'

type Body<A extends keyof typeof actions> = z.output<(typeof actions)[A]>
/** A run whose first factor is proved. */
export type TicketRun = Run & { readonly ticket: Ticket }

const flowOf = ({ ticket, data }: TicketRun): Extract<Flow, { by: 'ticket' }> => ({
  by: 'ticket',
  ticket,
  handle: data.progress.ticket,
})

async function choiceOf(run: TicketRun, id: string | undefined): Promise<Choice | undefined> {
  const { parts } = run.hosted.engine
  const { tenant } = run.exchange
  const own = await listAuthenticators(parts, tenant.id, run.ticket.user)
  return choicesOf(tenant, parts.factors, own, run.ticket).find((it) => optionId(it.authenticator, it.factor) === id)
}

/** Asks one of the offered ways for a proof, or asks it again. */
export async function challenge(run: TicketRun, { option }: Body<'challenge'>): Promise<Moved> {
  const choice = await choiceOf(run, option)
  if (choice === undefined) return stays(run, { no: 'authenticator-unknown' })
  const { engine } = run.hosted
  const asked = await engine.challenge({
    caller: run.caller,
    ticket: run.ticket,
    authenticator: choice.authenticator.id,
    kinds: [choice.factor.kind],
  })
  if (asked.no !== undefined) return stays(run, asked)
  const { challenge: handle, expiresIn, show } = asked.yes
  const now = engine.parts.clock.now()
  return await move(
    run,
    progressed(run, {
      asked: {
        option,
        sentAt: now,
        ...(handle === undefined ? {} : { handle }),
        ...(expiresIn === undefined ? {} : { expiresAt: now + expiresIn * 1_000 }),
        ...(show === undefined ? {} : { show }),
      },
    }),
  )
}

/** Judges a proof; if nothing is missing any more the flow is granted in the same commit. */
export async function verify(run: TicketRun, body: Body<'verify'>): Promise<Moved> {
  const { asked } = run.data.progress
  const wanted = body.option ?? asked?.option
  const choice = await choiceOf(run, wanted)
  if (choice === undefined) return stays(run, { own: 'not-now' })
  const needsAsking = choice.factor.ask !== undefined
  if (needsAsking && (asked?.handle === undefined || asked.option !== wanted)) return stays(run, { own: 'not-now' })
  const to = needsAsking ? { challenge: asked?.handle ?? '' } : { kind: choice.factor.kind }
  const done = await prove(run, to, body.proof)
  const { user } = run.ticket
  const saved = choice.factor.traits.proof === 'lookup'
  const granted = done.no === undefined && done.run.data.granted !== undefined
  if (!granted || saved || body.remember === undefined || run.data.order.managesFactors === true) return done
  return { ...done, cookies: [...done.cookies, ...(await remember(done.run, user, body.remember))] }
}

/** Begins an enrolment, or begins it again. */
export async function enrol(run: TicketRun, body: Body<'enrol'>): Promise<Moved> {
  const { engine } = run.hosted
  const { factor: kind, target, name } = body
  const made = await engine.enrol({ caller: run.caller, flow: flowOf(run), kind, target, name })
  if (made.no !== undefined) return stays(run, made)
  const { authenticator, challenge: handle, show, recoveryCodes } = made.yes
  return await move(
    run,
    progressed(run, {
      enrolling: {
        id: authenticator.id,
        factor: kind,
        sentAt: engine.parts.clock.now(),
        ...(authenticator.target === undefined ? {} : { target: authenticator.target }),
        ...(handle === undefined ? {} : { handle }),
        ...(show === undefined ? {} : { show }),
      },
      ...(recoveryCodes === undefined ? {} : { codes: { codes: recoveryCodes, replaces: false } }),
    }),
  )
}

/** The first proof of a new authenticator, which confirms it and counts for this login. */
export async function confirm(run: TicketRun, { proof }: Body<'confirm'>): Promise<Moved> {
  const { enrolling } = run.data.progress
  if (enrolling === undefined) return stays(run, { own: 'not-now' })
  const { handle, factor } = enrolling
  return await prove(run, handle === undefined ? { kind: factor } : { challenge: handle }, proof)
}

async function prove(
  run: TicketRun,
  to: { readonly challenge: string } | { readonly kind: string },
  proof: unknown,
): Promise<Moved> {
  const { engine, oidc } = run.hosted
  const cookie = oidc.flows.newCookie()
  const outcome = await engine.answer({
    caller: run.caller,
    flow: flowOf(run),
    to,
    proof,
    issue: grantIssue(run, cookie),
    // Who was invited has proved a factor and no more: that is kept, and judged by nobody as a login.
    ...(run.data.order.enrolment && { recordOnly: true }),
  })
  const shown = outcome.yes?.show?.codes ?? (outcome.no === 'more-proof' ? outcome.show?.codes : undefined)
  const codes = shown === undefined ? {} : { codes: { codes: shown, replaces: true } }
  if (outcome.yes !== undefined) {
    const granted = await afterGrant(run, cookie)
    if (shown === undefined || granted.no !== undefined) return granted
    const kept = await move(granted.run, progressed(granted.run, codes))
    return { ...kept, cookies: [...granted.cookies, ...kept.cookies] }
  }
  if (outcome.no === 'more-proof') {
    return await move(run, progressed(run, { asked: undefined, enrolling: undefined, ...codes }), true)
  }
  return stays(run, outcome)
}
