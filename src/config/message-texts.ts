import * as z from 'zod'
import { messageProblem } from '#model/message-problem.ts'
import {
  isCodeKind,
  isLinkKind,
  type MessageForm,
  type MessageKind,
  messageKinds,
  messageLanguages,
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

const text = (kind: MessageKind, form: MessageForm) =>
  z
    .string()
    .trim()
    .min(1)
    .max(lengths[form])
    .superRefine((value, ctx) => {
      const found = messageProblem(kind, form, value, htmlProblem)
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
