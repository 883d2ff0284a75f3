import { abandon } from '#engine/abandon.ts'
import { forgotPassword, identify, password, signUp } from './first-factor.ts'
import { passkey } from './passkey.ts'
import type { Data } from './progress.ts'
import { type Moved, move, progressed, type Run, stays } from './run.ts'
import type { ActionName, Step } from './schemas.ts'
import { actions } from './schemas.ts'
import { challenge, confirm, enrol, type TicketRun, verify } from './second-factor.ts'

interface Action {
  /** Steps at which it may be done: the order of steps is this table, on the server (S-54). */
  readonly at: readonly Step[]
  readonly do: (run: Run, body: never) => Promise<Moved>
}

const action = <A extends ActionName>(
  at: readonly Step[],
  act: (run: Run, body: ReturnType<(typeof actions)[A]['parse']>) => Promise<Moved>,
): Action => ({ at, do: act as Action['do'] })

/** As `action`, for what needs a live ticket: the step alone says so, and the compiler too. */
const withTicket = <A extends ActionName>(
  at: readonly Step[],
  act: (run: TicketRun, body: ReturnType<(typeof actions)[A]['parse']>) => Promise<Moved>,
): Action =>
  action<A>(at, (run, body) => {
    const { ticket } = run
    return ticket === undefined ? Promise.resolve(stays(run, { own: 'not-now' })) : act({ ...run, ticket }, body)
  })

const underWay: readonly Step[] = ['identify', 'password', 'challenge', 'enrol', 'stuck']

export const table: Readonly<Record<ActionName, Action>> = {
  identify: action<'identify'>(['identify', 'password'], identify),
  password: action<'password'>(['identify', 'password'], password),
  passkey: action<'passkey'>(['identify', 'password'], passkey),
  'sign-up': action<'sign-up'>(['identify', 'password'], signUp),
  'forgot-password': action<'forgot-password'>(['identify', 'password'], forgotPassword),
  challenge: withTicket<'challenge'>(['challenge'], challenge),
  verify: withTicket<'verify'>(['challenge'], verify),
  enrol: withTicket<'enrol'>(['enrol'], enrol),
  confirm: withTicket<'confirm'>(['enrol'], confirm),
  saved: action<'saved'>(['recovery-codes'], (run) => move(run, progressed(run, { codes: undefined }))),
  back: action<'back'>(['password', 'challenge', 'enrol'], back),
  restart: action<'restart'>(underWay, restart),
  consent: action<'consent'>(['consent'], (run, { agree }) =>
    agree === true || agree === 'yes' ? move(run, progressed(run, { agreed: true })) : giveUp(run),
  ),
  cancel: action<'cancel'>([...underWay, 'consent'], giveUp),
}

/** Another choice at the same step; what was proved stands, and what is required does too. */
function back(run: Run): Promise<Moved> {
  if (run.ticket === undefined) return move(run, progressed(run, { login: undefined, known: undefined }))
  return move(run, progressed(run, { asked: undefined, enrolling: undefined }))
}

/** From the beginning: nothing that was proved in this flow counts any more (AC-11). */
async function restart(run: Run): Promise<Moved> {
  // An invitation is spent already, and begins with the choice of a factor.
  if (run.data.order.enrolment === true)
    return await move(run, progressed(run, { asked: undefined, enrolling: undefined }))
  const { ticket } = run.data.progress
  if (ticket !== undefined) await abandon(run.hosted.engine.parts, run.caller, ticket)
  return await move(run, { ...run.data, progress: { begun: true } }, true)
}

async function giveUp(run: Run): Promise<Moved> {
  const { ticket } = run.data.progress
  if (ticket !== undefined) await abandon(run.hosted.engine.parts, run.caller, ticket)
  const unmet = (run.data.order.secondFactor ?? false) !== false && run.data.progress.stuck !== undefined
  const error: Data['error'] = unmet
    ? {
        error: 'unmet_authentication_requirements',
        description: 'The requested authentication requirements could not be met',
      }
    : { error: 'access_denied', description: 'User did not authorize the request' }
  return await move(run, { ...run.data, error, granted: undefined })
}

export { actions as schemas }
