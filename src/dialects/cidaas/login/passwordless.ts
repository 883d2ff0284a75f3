import type { Spend } from '#engine/admit.ts'
import type { Answer, Exchange } from '#http/route.ts'
import type { Artifact } from '#model/artifact.ts'
import { put, row } from '#ports/store.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { inputOf, isUuid } from '../input.ts'
import { toErrorPage } from '../redirect.ts'
import { type LoginRequest, readRequest, unmask } from '../requests.ts'
import { type FirstFactor, readStatus, type Status } from '../verify/statuses.ts'
import { classic, rowOf, said } from '../wire.ts'
import { methodWord } from '../words.ts'
import { codeIssue, type Passage } from './code-issue.ts'
import { bindingOf, browserAnswer, loginPage, nativeAnswer, nativeRefusal, wishOf } from './outcome.ts'

/** `POST /login-srv/verification/login`: signs in with what an INITIAL verification has proved (cidaas.md §3.3). */
export async function passwordlessLogin(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const found = await readRequest(dialect, exchange, inputOf(exchange).any('request'))
  if (found === undefined) return toErrorPage(exchange, '10001', 'The requestId is invalid or has expired.')
  const device = bindingOf(dialect, exchange)
  const proved = await provedFirst(dialect, exchange, found.request)
  if (proved === undefined) {
    return loginPage(exchange, found.request, rowOf({ no: 'challenge-unknown' }), device?.cookies)
  }
  const passage: Passage = { exchange, ...found, identifier: proved.first.identifier }
  const outcome = await admitWith(dialect, passage, proved, device?.id)
  return await browserAnswer(dialect, { passage, user: proved.first.user, outcome, cookies: device?.cookies })
}

/** The JSON twin for native applications. */
export async function nativePasswordlessLogin(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const found = await readRequest(dialect, exchange, inputOf(exchange).any('request'))
  if (found === undefined) return classic(dialect, said.badRequestId)
  const proved = await provedFirst(dialect, exchange, found.request)
  if (proved === undefined) {
    const [, , error, error_description] = rowOf({ no: 'challenge-unknown' })
    return nativeRefusal(exchange, found.request, { error, error_description })
  }
  const passage: Passage = { exchange, ...found, identifier: proved.first.identifier, native: true }
  const outcome = await admitWith(dialect, passage, proved, undefined)
  return await nativeAnswer(dialect, { passage, user: proved.first.user, outcome })
}

interface Proved {
  readonly status: Status
  readonly first: FirstFactor
}

/** The status must have been reached in this request, by this method and this user, and not be used up. */
async function provedFirst(dialect: Dialect, exchange: Exchange, request: LoginRequest): Promise<Proved | undefined> {
  const input = inputOf(exchange)
  const id = input.text('status_id')
  const status = isUuid(id) ? await readStatus(dialect, exchange.tenant.id, id) : undefined
  const first = status?.first
  if (status === undefined || first === undefined || status.request !== request.id) return undefined
  if (status.status !== 'AUTHENTICATED' || status.word !== methodWord(input.any('method'))) return undefined
  const sub = input.any('user')
  const named = sub === undefined || sub === status.sub || unmask(request, sub) === first.user
  return named ? { status, first } : undefined
}

async function admitWith(dialect: Dialect, passage: Passage, { status, first }: Proved, browser: string | undefined) {
  const { exchange, application } = passage
  const spend: Spend = {
    refs: { status: row('artifacts', exchange.tenant.id, status.rowId) },
    decide: (found) => {
      const it = found.status as Artifact | undefined
      if (it === undefined || it.consumedAt !== undefined) return { writes: [], refuse: { no: 'challenge-unknown' } }
      return { writes: [put('artifacts', { ...it, consumedAt: Math.floor(dialect.engine.parts.clock.now() / 1_000) })] }
    },
  }
  return await dialect.engine.admit({
    caller: callerOf(exchange, application),
    user: first.user,
    proofs: [first.proof],
    wish: wishOf(passage, browser),
    issue: await codeIssue(dialect, passage),
    spend,
  })
}
