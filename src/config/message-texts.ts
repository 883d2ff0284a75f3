import * as z from 'zod'
import {
  filled,
  isCodeKind,
  isLinkKind,
  type MessageForm,
  type MessageKind,
  messageKinds,
  messageLanguages,
  neededIn,
  placeholdersOf,
  segmentsOf,
} from '#model/message-texts.ts'
import { htmlProblem } from './message-html.ts'

/** Messages in a tenant's own words. What would make one useless or dangerous is refused here, with the mend. */

const lengths: Readonly<Record<MessageForm, number>> = {
  sms: 500,
  voice: 1_000,
  subject: 200,
  text: 5_000,
  html: 20_000,
}

/** Texts of this many short messages at most: longer ones arrive torn, late and dear. */
const mostSegments = 3
const sample = { code: '012345', service: 'A service of ours', time: '10 minutes', name: 'Ada', what: 'x'.repeat(60) }

interface Complaint {
  readonly problem: string
  readonly mend: string
}

function complaint(kind: MessageKind, form: MessageForm, text: string): Complaint | undefined {
  const known = placeholdersOf(kind)
  const unknown = [...text.matchAll(/\{(\w*)\}/g)].map((it) => it[1] ?? '').find((it) => !known.includes(it))
  if (unknown !== undefined) {
    return { problem: `has {${unknown}}, which is nothing`, mend: `Use ${known.map((it) => `{${it}}`).join(', ')}` }
  }
  const needed = neededIn(kind)
  if (form !== 'subject' && !text.includes(`{${needed}}`)) {
    return { problem: `leaves out {${needed}}, so nobody could use it`, mend: `Write {${needed}} where it belongs` }
  }
  if (form === 'subject' && /\{(?:code|link)\}/.test(text)) {
    return { problem: 'would show it on a locked screen', mend: 'Keep {code} and {link} out of subjects' }
  }
  if (form !== 'html' && /[\p{Cc}]/u.test(text.replace(/\n/g, form === 'text' ? '' : '\n'))) {
    return { problem: 'holds a control character', mend: 'Remove it' }
  }
  const markup = form === 'html' ? htmlProblem(text) : undefined
  if (markup !== undefined) return markup
  if (/:\/\/|\bwww\.|\bmailto:/i.test(text)) {
    return { problem: 'holds an address of the web', mend: 'Messages lead nowhere but to {link} (S-8)' }
  }
  if (form === 'sms' && segmentsOf(filled(text, sample)) > mostSegments) {
    return {
      problem: `is longer than ${mostSegments} short messages`,
      mend: 'Use at most 459 plain characters, or 201 with letters outside the GSM alphabet',
    }
  }
  return undefined
}

const text = (kind: MessageKind, form: MessageForm) =>
  z
    .string()
    .trim()
    .min(1)
    .max(lengths[form])
    .superRefine((value, ctx) => {
      const found = complaint(kind, form, value)
      if (found) ctx.addIssue({ code: 'custom', message: found.problem, params: { mend: found.mend } })
    })
    .optional()

/** A link fits no text message, and nobody can follow one that is spoken. */
function formsOf(kind: MessageKind) {
  const mail = { subject: text(kind, 'subject'), text: text(kind, 'text'), html: text(kind, 'html') }
  const sms = isLinkKind(kind) ? {} : { sms: text(kind, 'sms') }
  const voice = isCodeKind(kind) ? { voice: text(kind, 'voice') } : {}
  return z.strictObject({ ...sms, ...voice, ...mail }).optional()
}

const kinds = z.strictObject(Object.fromEntries(messageKinds.map((kind) => [kind, formsOf(kind)])))

export const messages = z
  .strictObject({
    language: z.enum(messageLanguages).optional().meta({
      description: 'Of messages to people of whom no language is known. Default: en.',
    }),
    texts: z
      .partialRecord(z.enum(messageLanguages), kinds)
      .optional()
      .meta({ description: 'By language and kind; what is left out stays as it is built in.' }),
  })
  .meta({ description: 'What text messages, calls and mails say.' })
