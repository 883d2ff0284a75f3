import type { Answer, Exchange } from '#http/route.ts'
import { asId, type UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import { callerOf, type Dialect } from '../dialect.ts'
import { type Input, inputOf, isUuid } from '../input.ts'
import { toErrorPage } from '../redirect.ts'
import { readRequest } from '../requests.ts'
import { classic, rowOf, said } from '../wire.ts'
import { identifierKind } from '../words.ts'
import { codeIssue, type Passage } from './code-issue.ts'
import { bindingOf, browserAnswer, loginPage, nativeAnswer, nativeRefusal, wishOf } from './outcome.ts'

interface Tried {
  readonly passage: Passage
  /** As it was typed: what pages get back. */
  readonly name: string
  /** What it stands for. */
  readonly login: string
}

/** `POST /login-srv/login`: a form navigation that always ends in a redirect (cidaas.md §3.1). */
export async function passwordLogin(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange)
  const tried = await read(dialect, exchange, input)
  if (tried === undefined) return toErrorPage(exchange, '10001', 'The requestId is invalid or has expired.')
  const { passage, name } = tried
  const device = bindingOf(dialect, exchange)
  const signedIn = await prove(dialect, tried, input)
  if (signedIn.no !== undefined) {
    const typed = { username: name, username_type: input.text('username_type') }
    return loginPage(exchange, passage.request, rowOf(signedIn), device?.cookies, typed)
  }
  const { user, proofs } = signedIn.yes
  const wish = wishOf(passage, device?.id)
  const caller = callerOf(exchange, passage.application)
  const issue = await codeIssue(dialect, passage)
  const outcome = await dialect.engine.admit({ caller, user: user.id, proofs, wish, issue })
  return await browserAnswer(dialect, { passage, user: user.id, outcome, cookies: device?.cookies })
}

/** `POST /login-srv/login/sdk`: the same for native applications, without cookies (cidaas.md §3.1). */
export async function nativeLogin(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const input = inputOf(exchange)
  const tried = await read(dialect, exchange, input)
  if (tried === undefined) return classic(dialect, said.badRequestId)
  const passage: Passage = { ...tried.passage, native: true }
  const signedIn = await prove(dialect, tried, input)
  if (signedIn.no !== undefined) {
    const [, , error, error_description] = rowOf(signedIn)
    const typed = { username: tried.name, username_type: input.text('username_type') }
    return nativeRefusal(exchange, passage.request, { error, error_description, ...typed })
  }
  const { user, proofs } = signedIn.yes
  const caller = callerOf(exchange, passage.application)
  const issue = await codeIssue(dialect, passage)
  const wish = wishOf(passage, undefined)
  const outcome = await dialect.engine.admit({ caller, user: user.id, proofs, wish, issue })
  return await nativeAnswer(dialect, { passage, user: user.id, outcome })
}

async function read(dialect: Dialect, exchange: Exchange, input: Input): Promise<Tried | undefined> {
  const found = await readRequest(dialect, exchange, input.any('request'))
  if (found === undefined) return undefined
  const name = input.any('identifier') ?? ''
  const type = input.text('username_type')
  const login = await loginOf(dialect, exchange, type, name)
  return { passage: { exchange, ...found, identifier: identifierKind(type, login) }, name, login }
}

/** Somebody may be named by what the application knows them by: the name they sign in with stands for it (§3.1). */
async function loginOf({ engine }: Dialect, { tenant }: Exchange, type: string | undefined, name: string) {
  if (!/^(?:sub|identityid)$/i.test(type ?? '') || !isUuid(name)) return name
  const user = await engine.parts.store.get('users', tenant.id, asId<UserId>(name.toLowerCase()))
  return user?.email ?? user?.username ?? user?.phoneNumber ?? name
}

async function prove(dialect: Dialect, { passage, login }: Tried, input: Input) {
  const password = input.raw('password')
  const provider = (input.text('provider') ?? 'self').toLowerCase()
  const wrong: Outcome<never> = { no: 'wrong-password' }
  if (login === '' || typeof password !== 'string' || provider !== 'self') return wrong
  const caller = callerOf(passage.exchange, passage.application)
  const byPhone = passage.identifier === 'mobile'
  return await dialect.engine.signIn({ caller, login, password, byPhone })
}
