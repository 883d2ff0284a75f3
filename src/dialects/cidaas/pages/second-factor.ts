import type { Answer, Exchange } from '#http/route.ts'
import type { Question } from '#ports/factor.ts'
import type { Dialect } from '../dialect.ts'
import { inputOf, isRecord } from '../input.ts'
import { redirect } from '../redirect.ts'
import { type LoginRequest, readRequest } from '../requests.ts'
import { initiate } from '../verify/initiation.ts'
import { type Method, methodsOf } from '../verify/methods.ts'
import { readTrack } from '../verify/tracks.ts'
import { verify } from '../verify/verification.ts'
import { methodWord } from '../words.ts'
import { alertText, hidden, htmlText, show } from './page.ts'

const names: Readonly<Record<string, string>> = {
  TOTP: 'Code from an authenticator app',
  SMS: 'Text message',
  IVR: 'Telephone call',
  EMAIL: 'E-mail',
  BACKUPCODE: 'Saved code',
  SECURITY_QUESTION: 'Security questions',
}

interface Step {
  readonly exchange: Exchange
  readonly request: LoginRequest
  readonly track: string
  readonly methods: readonly Method[]
}

/**
 * The page of `mfa_required` for tenants that have none of their own: a caller of the public services like any other,
 * in plain forms. It answers with codes only; what needs a device's help is left to pages that have scripts.
 */
export async function secondFactor(dialect: Dialect, exchange: Exchange): Promise<Answer> {
  const step = await stepOf(dialect, exchange)
  if (step === undefined) {
    return show(exchange, 'Sign in', alertText('This sign-in has expired. Go back to the application.'), undefined, 400)
  }
  const input = inputOf(exchange)
  const method = input.text('method')
  if (exchange.method === 'GET' || method === undefined) return choose(step, input.text('error'))
  if (input.text('exchange_id') === undefined) return await ask(dialect, step, method)
  const checked = await verify(dialect, called(step, method))
  if (checked.status === 200) {
    // 307 keeps it a POST: the browser itself goes on, with its cookies.
    return { ...redirect(`/login-srv/precheck/continue/${step.track}`), status: 307 }
  }
  // What was asked is known to the exchange alone, so questions are asked anew.
  if (methodWord(method) === 'SECURITY_QUESTION') return await ask(dialect, step, method, textOf(checked))
  return codeForm(step, method, input.text('exchange_id') ?? '', undefined, textOf(checked))
}

async function stepOf(dialect: Dialect, exchange: Exchange): Promise<Step | undefined> {
  const input = inputOf(exchange)
  const handle = input.any('track')
  const found = await readRequest(dialect, exchange, input.any('request'))
  const track = await readTrack(dialect, exchange, handle)
  if (found === undefined || track?.notes.request !== found.request.id || handle === undefined) return undefined
  const methods = await methodsOf(dialect, exchange, track.ticket.user, track.ticket.requirement.challenge ?? [])
  return { exchange, request: found.request, track: handle, methods: methods.filter((it) => it.type in names) }
}

/** The step as the public service is called: with what the form posted, and the method in the path. */
function called({ exchange }: Step, method: string): Exchange {
  const posted = isRecord(exchange.body) ? exchange.body : {}
  const security_answers = Object.entries(posted)
    .filter(([name]) => name.startsWith(answerField))
    .map(([name, answer]) => ({ id: name.slice(answerField.length), answer }))
  const answers = security_answers.length > 0 ? { security_answers } : {}
  return {
    ...exchange,
    params: { method },
    body: { ...posted, ...answers, usage_type: 'MULTIFACTOR_AUTHENTICATION' },
  }
}

/** What fields for answers are called, before the id of their question. */
const answerField = 'answer_'

function choose(step: Step, error: string | undefined): Answer {
  const options = step.methods.flatMap(({ type, mediums }) =>
    (mediums.length > 0 ? mediums : [undefined]).map((medium) => {
      const label = `${names[type]}${medium === undefined ? '' : ` ${medium.key_name}`}`
      return `<p>${form(step, { method: type, medium_id: medium?.id }, `<button type="submit">${htmlText(label)}</button>`)}</p>`
    }),
  )
  const none = '<p>You have no second method that can be used here. Ask your administrator for help.</p>'
  const said = alertText(error === undefined ? undefined : 'One more step is needed to sign in.')
  const body = options.length === 0 ? none : `<p>Choose how to confirm that it is you.</p>${options.join('')}`
  return show(step.exchange, 'Confirm that it is you', said + body, step.request)
}

async function ask(dialect: Dialect, step: Step, method: string, error?: string): Promise<Answer> {
  const answer = await initiate(dialect, called(step, method))
  const data = isRecord(answer.body) ? answer.body.data : undefined
  if (answer.status !== 200 || !isRecord(data) || !isRecord(data.exchange_id)) {
    return show(step.exchange, 'Confirm that it is you', alertText(textOf(answer)) + back(step), step.request)
  }
  const id = String(data.exchange_id.exchange_id)
  if (Array.isArray(data.security_questions)) return answersForm(step, method, id, data.security_questions, error)
  const sentTo = typeof data.medium_text === 'string' ? data.medium_text : undefined
  return codeForm(step, method, id, sentTo, error)
}

function codeForm(step: Step, method: string, id: string, sentTo: string | undefined, error: string | undefined) {
  const field =
    '<p><label>Code<br><input name="pass_code" autocomplete="one-time-code" required autofocus></label></p><button type="submit">Continue</button>'
  const sent = sentTo === undefined ? '' : `<p>A code was sent to ${htmlText(sentTo)}.</p>`
  const body = `${alertText(error)}${sent}${form(step, { method, exchange_id: id }, field)}${back(step)}`
  return show(step.exchange, names[method.toUpperCase()] ?? 'Code', body, step.request)
}

function answersForm(step: Step, method: string, id: string, questions: readonly Question[], error?: string): Answer {
  const fields = questions.map(
    (it) =>
      `<p><label>${htmlText(it.question)}<br><input name="${htmlText(answerField + it.id)}" autocomplete="off" required></label></p>`,
  )
  const inner = `${fields.join('')}<button type="submit">Continue</button>`
  const body = `${alertText(error)}${form(step, { method, exchange_id: id }, inner)}${back(step)}`
  return show(step.exchange, names[method.toUpperCase()] ?? 'Security questions', body, step.request)
}

function form({ exchange, request, track }: Step, more: Readonly<Record<string, string | undefined>>, inner: string) {
  const sub = inputOf(exchange).any('user')
  const fields = hidden({ track_id: track, requestId: request.id, sub, ...more })
  return `<form method="post" action="/identity/mfa_required">${fields}${inner}</form>`
}

const back = (step: Step): string => form(step, {}, '<button type="submit">Another way</button>')

const textOf = ({ body }: Answer): string =>
  isRecord(body) && typeof body.error_description === 'string' ? body.error_description : 'That did not work.'
