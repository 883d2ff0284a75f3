import { filled, type MessageForm, type MessageKind, neededIn, placeholdersOf, segmentsOf } from './message-texts.ts'

/** Texts of this many short messages at most: longer ones arrive torn, late and dear. */
const mostSegments = 3
const sample = { code: '012345', service: 'A service of ours', time: '10 minutes', name: 'Ada', what: 'x'.repeat(60) }

export interface MessageProblem {
  readonly problem: string
  readonly mend: string
}

/**
 * What would make a message in a tenant's own words useless or dangerous, with the mend; undefined: nothing. `markup`
 * judges the HTML of one that is HTML.
 */
export function messageProblem(
  kind: MessageKind,
  form: MessageForm,
  text: string,
  markup: (html: string) => MessageProblem | undefined,
): MessageProblem | undefined {
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
  const bad = form === 'html' ? markup(text) : undefined
  if (bad !== undefined) return bad
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
