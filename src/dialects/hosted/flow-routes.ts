import type { Answer, Exchange, Route } from '#http/route.ts'
import { schemas, table } from './actions.ts'
import { stopped } from './guard.ts'
import { type Hosted, pagePaths } from './hosted.ts'
import { stepOf } from './progress.ts'
import { begin, type Moved, move, openRun, progressed, type Run, stateOf, stays } from './run.ts'
import type { ActionName } from './schemas.ts'
import { noStore, refusalOf, refused } from './wire.ts'

export const flowsPath = '/u/api/flows'

/** The sign-in API of docs/hosted-api.md. */
export function flowRoutes(hosted: Hosted): readonly Route[] {
  const names = Object.keys(table) as ActionName[]
  return [
    { method: 'GET', path: `${flowsPath}/:flow`, handle: (exchange) => show(hosted, exchange) },
    ...names.map(
      (name): Route => ({
        method: 'POST',
        path: `${flowsPath}/:flow/${name}`,
        handle: (exchange) => act(hosted, exchange, name),
      }),
    ),
  ]
}

async function show(hosted: Hosted, exchange: Exchange): Promise<Answer> {
  const run = await openRun(hosted, exchange)
  if (run === undefined) return refused({ own: 'flow-unknown' })
  const begun = await begin(run)
  return await answered(begun.no === undefined ? begun : { ...begun, no: undefined })
}

async function act(hosted: Hosted, exchange: Exchange, name: ActionName): Promise<Answer> {
  const opened = await openRun(hosted, exchange)
  if (opened === undefined) return refused({ own: 'flow-unknown' })
  const no = stopped(hosted.engine.parts.keyring, exchange, opened.flow.cookie, opened.flow.uid)
  if (no !== undefined) return refused({ own: no })
  const begun = await begin(opened)
  const done = await perform(begun.run, name, exchange)
  const both = { ...done, cookies: [...begun.cookies, ...done.cookies] }
  return exchange.bodyKind === 'form' ? await backToPage(both, sentTo(name, exchange)) : await answered(both)
}

/** One action: the body by its schema, the step by the table. */
async function perform(run: Run, name: ActionName, exchange: Exchange): Promise<Moved> {
  if (exchange.repeated.length > 0) return stays(run, { own: 'malformed' })
  const parsed = schemas[name].safeParse(exchange.body ?? {})
  if (!parsed.success) {
    const where = parsed.error.issues.map((it) => it.path.join('.') || it.code).join(', ')
    return stays(run, { own: 'malformed', detail: `Not acceptable: ${where.slice(0, 200)}` })
  }
  const step = stepOf(run.data, run.ticket)
  if (!table[name].at.includes(step)) {
    // The engine's ticket has run out since the page was drawn.
    const expired = run.data.progress.ticket !== undefined && run.ticket === undefined && run.data.granted === undefined
    return stays(run, { own: expired ? 'flow-expired' : 'not-now' })
  }
  return await table[name].do(run, parsed.data as never)
}

async function answered({ run, no, cookies }: Moved): Promise<Answer> {
  const state = await stateOf(run)
  if (no !== undefined) return refused(no, state, cookies)
  return { status: 200, headers: noStore, body: state, cookies }
}

/** Where a reset link was asked for: the form of a page has no other way to learn that it was taken. */
function sentTo(name: ActionName, { body }: Exchange): string | undefined {
  const { email } = (body ?? {}) as { readonly email?: unknown }
  return name === 'forgot-password' && typeof email === 'string' ? email.slice(0, 320) : undefined
}

/** For forms: the page again, which shows the next step or what went wrong (S-136). */
async function backToPage(done: Moved, sent?: string): Promise<Answer> {
  let cookies = done.cookies
  let { run } = done
  if (done.no !== undefined) {
    const { error, retryAfter, reason } = refusalOf(done.no).body
    const problem = {
      error,
      ...(retryAfter === undefined ? {} : { retryAfter }),
      ...(reason === undefined ? {} : { reason }),
    }
    const noted = await move(run, progressed(run, { problem }))
    run = noted.run
    cookies = [...cookies, ...noted.cookies]
  }
  if (done.no === undefined && sent !== undefined) {
    const noted = await move(run, progressed(run, { problem: { error: 'forgot-sent', reason: sent } }))
    run = noted.run
    cookies = [...cookies, ...noted.cookies]
  }
  const { finished, error, order } = run.data
  const location = finished === true || error !== undefined ? order.returnTo : `${pagePaths.login}/${run.flow.uid}`
  return { status: 303, headers: { ...noStore, location }, cookies }
}
