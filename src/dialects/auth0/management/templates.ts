import { z } from 'zod'
import { words } from '#engine/messages/words/index.ts'
import { messageProblem } from '#model/message-problem.ts'
import type { CodeKind, MessageLanguage, MessageTexts } from '#model/message-texts.ts'
import type { Tenant } from '#model/tenant.ts'
import { bodyOf, type Handler } from './call.ts'
import { changeSettings } from './settings.ts'
import { invalidBody, ok } from './wire.ts'

/** The messages a template is for: enrolment, and the code of a login. */
const kinds = { enrollment_message: 'enrolment', verification_message: 'login' } as const satisfies Record<
  string,
  CodeKind
>

/** What the vendor writes between its braces, and what it is called here. The first of each is the one that is shown. */
const variables: readonly (readonly [theirs: string, ours: string])[] = [
  ['code', 'code'],
  ['tenant.friendly_name', 'service'],
  ['tenant.name', 'service'],
  ['user.name', 'name'],
  ['time', 'time'],
]

const ours = (template: string): string =>
  variables.reduce(
    (text, [name, own]) => text.replace(new RegExp(`\\{\\{\\s*${name.replace('.', '\\.')}\\s*\\}\\}`, 'g'), `{${own}}`),
    template,
  )

const theirs = (text: string): string =>
  text.replace(/\{(\w+)\}/g, (_whole, name: string) => `{{${variables.find(([, own]) => own === name)?.[0] ?? name}}}`)

/** Templates have no language of their own: they are the texts of the tenant's, and other languages keep theirs. */
const languageOf = ({ messages }: Tenant): MessageLanguage => messages?.language ?? 'en'

function builtIn(language: MessageLanguage, kind: CodeKind): string {
  const { codes, life, secret, gap } = words[language]
  return [codes[kind], life, secret].join(gap)
}

/** `GET /guardian/factors/{sms,phone}/templates` (auth0.md §7.1). */
export const getTemplates: Handler = async ({ exchange }) => {
  const language = languageOf(exchange.tenant)
  const own = exchange.tenant.messages?.texts?.[language]
  const shown = Object.entries(kinds).map(([member, kind]) => [
    member,
    theirs(own?.[kind]?.sms ?? builtIn(language, kind)),
  ])
  return ok(Object.fromEntries(shown))
}

const template = z.string().trim().min(1).max(500)
const templates = z.object({ enrollment_message: template, verification_message: template })

/**
 * `PUT …/templates`: the tenant's own words for text messages, held to the rules all its words are: the code is in it,
 * no address of the web, three short messages at most (S-8). Calls keep their spoken words. Of the vendor's template
 * language only the variables above are known; what else stands in braces is refused, not sent.
 */
export const setTemplates: Handler = async (call) => {
  const read = bodyOf(call, templates)
  if ('status' in read) return read
  const wanted = Object.entries(kinds).map(([member, kind]) => {
    const text = ours(read.body[member as keyof typeof kinds])
    return { member, kind, text, problem: problemOf(kind, text) }
  })
  const bad = wanted.find((it) => it.problem !== undefined)
  if (bad !== undefined) return invalidBody(`Payload validation error: '${bad.member}' ${bad.problem}.`)
  await changeSettings(call, 'phone templates', (tenant) => {
    const language = languageOf(tenant)
    const before = tenant.messages?.texts?.[language]
    const changed = wanted.map(({ kind, text }) => [kind, { ...before?.[kind], sms: text }])
    const texts = { ...tenant.messages?.texts, [language]: { ...before, ...Object.fromEntries(changed) } }
    return { tenant: { ...tenant, messages: { ...tenant.messages, texts } satisfies MessageTexts } }
  })
  return ok(read.body)
}

function problemOf(kind: CodeKind, text: string): string | undefined {
  if (/\{[{%]|[%}]\}/.test(text)) return 'uses a variable or a tag that is not known here'
  return messageProblem(kind, 'sms', text, () => undefined)?.problem
}
