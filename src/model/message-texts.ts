/** Messages a tenant may word by itself, and what has to be in them. */

/** Languages messages are written in. */
export const messageLanguages = ['en', 'de', 'fr', 'es', 'pt', 'ja', 'ar'] as const
export type MessageLanguage = (typeof messageLanguages)[number]

/** Kinds that carry a code, kinds that carry a link, and the notice. */
export const codeKinds = ['login', 'enrolment', 'verify-address', 'password-reset'] as const
export const linkKinds = ['reset-link', 'sign-in-link', 'invitation'] as const
export const messageKinds = [...codeKinds, ...linkKinds, 'notice'] as const
export type CodeKind = (typeof codeKinds)[number]
export type LinkKind = (typeof linkKinds)[number]
export type MessageKind = (typeof messageKinds)[number]

export const isCodeKind = (kind: string): kind is CodeKind => (codeKinds as readonly string[]).includes(kind)
export const isLinkKind = (kind: string): kind is LinkKind => (linkKinds as readonly string[]).includes(kind)

/** The forms one message has; a text without its `html` is mailed as plain text in the frame of all mails. */
export const messageForms = ['sms', 'voice', 'subject', 'text', 'html'] as const
export type MessageForm = (typeof messageForms)[number]

/** One message in a tenant's own words, with `{placeholders}`. */
export type OwnWords = { readonly [F in MessageForm]?: string }

export interface MessageTexts {
  /** The language of messages to people of whom none is known; absent: English. */
  readonly language?: MessageLanguage
  readonly texts?: { readonly [L in MessageLanguage]?: { readonly [K in MessageKind]?: OwnWords } }
}

/** What may stand between braces, by kind. `name` is the user's, empty where nobody knows it; `time` the life of code or link. */
export function placeholdersOf(kind: MessageKind): readonly string[] {
  if (isCodeKind(kind)) return ['code', 'service', 'time', 'name']
  return isLinkKind(kind) ? ['link', 'service', 'time', 'name'] : ['what', 'service', 'name']
}

/** What must stand in it (a subject aside): a message without its code or link would be of no use to anybody. */
export const neededIn = (kind: MessageKind): string => (isCodeKind(kind) ? 'code' : isLinkKind(kind) ? 'link' : 'what')

/** Fills `{placeholders}`; what nobody knows stays as it stands. */
export const filled = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replace(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? (values[name] ?? '') : whole))

const basic =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const extended = '^{}\\[~]|€\f'

/** How many short messages a text takes (3GPP TS 23.038: 160 or 153 characters of its alphabet, else 70 or 67 of UCS-2). */
export function segmentsOf(text: string): number {
  const plain = [...text].every((it) => basic.includes(it) || extended.includes(it))
  const length = plain ? [...text].reduce((sum, it) => sum + (extended.includes(it) ? 2 : 1), 0) : text.length
  const [alone, each] = plain ? [160, 153] : [70, 67]
  return length <= alone ? 1 : Math.ceil(length / each)
}
