import { type MessageLanguage, messageLanguages } from '#model/message-texts.ts'
import type { Tenant } from '#model/tenant.ts'
import type { User } from '#model/user.ts'

/** Who will read a message, as far as it is known. */
export interface Reader {
  readonly tenant: Tenant
  readonly user?: Pick<User, 'locale' | 'name'>
  /** Language tags the application has asked for. */
  readonly locales?: readonly string[]
  /** `Accept-Language` of the browser or app. */
  readonly speaks?: string
}

/** Tags of an `Accept-Language` header, the most wanted first (RFC 9110 section 12.5.4). */
export function spokenTags(header = ''): readonly string[] {
  return header
    .slice(0, 500)
    .split(',')
    .map((it, index) => {
      const [tag = '', weight] = it.trim().split(/(?<!\s)\s*;\s*q=/)
      return { tag, weight: weight === undefined ? 1 : Number(weight), index }
    })
    .filter(({ tag, weight }) => tag !== '' && weight > 0)
    .sort((a, b) => b.weight - a.weight || a.index - b.index)
    .map(({ tag }) => tag)
}

/**
 * What the application asked for, else the user's own language, else what the browser speaks, else the tenant's, else
 * English; of each the first there are words for.
 */
export function languageFor({ tenant, user, locales = [], speaks }: Reader): MessageLanguage {
  const tags = [...locales, user?.locale ?? '', ...spokenTags(speaks), tenant.messages?.language ?? '']
  const primary = tags.map((it) => it.toLowerCase().split('-')[0])
  return primary.map((it) => messageLanguages.find((known) => known === it)).find((it) => it !== undefined) ?? 'en'
}

/** A span of time in words; from two hours on in hours. Digits are those of codes, and blanks are plain ones. */
export function timeIn(language: MessageLanguage, seconds: number): string {
  const [many, unit] =
    seconds >= 7_200 ? [Math.round(seconds / 3_600), 'hour'] : [Math.max(1, Math.round(seconds / 60)), 'minute']
  const form = new Intl.NumberFormat(`${language}-u-nu-latn`, { style: 'unit', unit, unitDisplay: 'long' })
  return form.format(many).replace(/[\u00a0\u202f]/g, ' ')
}
