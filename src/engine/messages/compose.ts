import type { MessageChannel } from '#model/message.ts'
import {
  type CodeKind,
  filled,
  type LinkKind,
  type MessageKind,
  type MessageLanguage,
  type OwnWords,
} from '#model/message-texts.ts'
import { languageFor, type Reader, timeIn } from './language.ts'
import { button, codeBox, escaped, letter, paragraph, paragraphs, spelled } from './mail.ts'
import { plain, type Said } from './plain.ts'
import { words } from './words/index.ts'
import type { NoticeCause } from './words/words.ts'

/**
 * What messages say, in the reader's language and the tenant's own words where it has some. A message with a code names
 * the service and the purpose, how long the code lives, and not to share it; it holds no link (S-8).
 */

type Values = Readonly<Record<string, string>>

interface Built {
  readonly subject: string
  readonly text: string
  /** What stands inside the frame of a mail. */
  readonly body: string
}

/** A message with a code: short where it costs, spoken for voices, with an HTML part for mailboxes. `lifetime` in seconds. */
export function codeSaid(
  reader: Reader,
  channel: MessageChannel,
  kind: CodeKind,
  code: string,
  lifetime: number,
): Said {
  const language = languageFor(reader)
  const its = words[language]
  const values = { ...common(reader), code, time: timeIn(language, lifetime) }
  const own = ownWords(reader, language, kind)
  if (channel === 'voice') {
    const spoken = { ...values, code: code.split('').join(', ') }
    const text = own?.voice ?? [its.spoken, its.life, its.secret].join(its.gap)
    return { language, subject: '', text: filled(text, spoken) }
  }
  const text = [its.codes[kind], its.life, its.secret].join(its.gap)
  if (channel !== 'email') return { language, subject: '', text: filled(own?.sms ?? text, values) }
  const built = { subject: its.codeSubject, text, body: `${codeBox(code)}\n${paragraph(htmlOf(text, values))}` }
  return mail(reader, language, own, built, values)
}

/** A mail with a link and no code. `lifetime` in seconds. */
export function linkSaid(reader: Reader, kind: LinkKind, link: string, lifetime: number): Said {
  const language = languageFor(reader)
  const its = words[language]
  const values = { ...common(reader), link, time: timeIn(language, lifetime) }
  const said = { 'reset-link': its.reset, 'sign-in-link': its.signIn, invitation: its.invitation }[kind]
  const { subject, asked, open, button: label } = said
  const after = 'ignore' in said ? [said.ignore] : []
  const before = [asked, open].join(its.gap)
  const built: Built = {
    subject,
    text: [`${before} {link}`, ...after].join('\n'),
    body: [
      paragraph(htmlOf(before, values)),
      button(link, label, reader.tenant.branding),
      spelled(link),
      ...after.map((it) => paragraph(htmlOf(it, values))),
    ].join('\n'),
  }
  return mail(reader, language, ownWords(reader, language, kind), built, values, link)
}

/** A notice: what happened and how to object, no secret and nothing to follow (S-64). `detail` names the kind of factor. */
export function noticeSaid(reader: Reader, channel: MessageChannel, cause: NoticeCause, detail?: string): Said {
  const language = languageFor(reader)
  const its = words[language]
  const what = detail === undefined ? its.notices[cause] : `${its.notices[cause]} (${plain(detail)})`
  const values = { ...common(reader), what }
  const own = ownWords(reader, language, 'notice')
  const text = [`{what}${its.stop}`, its.notice.objection].join(its.gap)
  const subject = filled(own?.subject ?? its.notice.subject, values)
  if (channel !== 'email') return { language, subject, text: filled(own?.sms ?? text, values) }
  const built = {
    subject: its.notice.subject,
    text,
    body: [`{what}${its.stop}`, its.notice.objection].map((it) => paragraph(htmlOf(it, values))).join('\n'),
  }
  return mail(reader, language, own, built, values)
}

/** What a device is woken with: whose server asks, and nothing of what is asked. */
export function alertSaid(reader: Reader): Said {
  const language = languageFor(reader)
  const values = common(reader)
  return { language, subject: values.service ?? '', text: filled(words[language].alert, values) }
}

const common = ({ tenant, user }: Reader): Values => ({ service: plain(tenant.name), name: plain(user?.name ?? '') })

const ownWords = ({ tenant }: Reader, language: MessageLanguage, kind: MessageKind): OwnWords | undefined =>
  tenant.messages?.texts?.[language]?.[kind]

const htmlOf = (template: string, values: Values): string =>
  filled(escaped(template), Object.fromEntries(Object.entries(values).map(([name, value]) => [name, escaped(value)])))

/** The tenant's own words come first; a text of its own is the HTML part too, where it has no HTML of its own. */
function mail(
  { tenant }: Reader,
  language: MessageLanguage,
  own: OwnWords | undefined,
  built: Built,
  values: Values,
  link?: string,
): Said {
  const subject = filled(own?.subject ?? built.subject, values)
  const text = filled(own?.text ?? built.text, values)
  const body = bodyOf(own, built, values, text, link)
  const html = letter({ language, service: values.service ?? '', subject, body, branding: tenant.branding })
  return { language, subject, text, html }
}

function bodyOf(own: OwnWords | undefined, built: Built, values: Values, text: string, link?: string): string {
  if (own?.html !== undefined) {
    const shown = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, escaped(value)]))
    return filled(own.html, shown)
  }
  return own?.text === undefined ? built.body : paragraphs(text, link)
}
