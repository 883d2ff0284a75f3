import type { TextKey } from '../texts/en.ts'
import type { Traits } from './data.ts'
import type { Speech } from './texts.tsx'

/** Words for factors, by what carries them and never by their name, so that a new one needs no page of its own. */

type Described = { readonly factor: string; readonly traits: Traits; readonly name?: string }

/** `my_new-factor` as a title, for a channel there are no words for. */
const readable = (factor: string): string => {
  const words = factor.replace(/[_-]+/g, ' ').trim()
  return words.charAt(0).toLocaleUpperCase() + words.slice(1)
}

/** The kind of factor in the reader's words. */
export function kindOf(it: Described, { t, has }: Speech): string {
  const key = `way.${it.traits.channel}`
  return has(key) ? t(key) : readable(it.factor)
}

export function aboutOf(it: Described, { t, has }: Speech): string {
  const key = `way.${it.traits.channel}.about`
  return t(has(key) ? key : ('way.other.about' satisfies TextKey))
}

export const isMessage = ({ channel, proof }: Traits): boolean =>
  proof === 'code' && ['sms', 'voice', 'email'].includes(channel)

/** Proved by what the user has at hand, without asking the server for anything first. */
export const isDirect = ({ proof, channel }: Traits): boolean =>
  proof === 'lookup' || (proof === 'code' && channel === 'app')

/** Strongest first: keys, apps, then what can be intercepted. Unknown ones stand in the middle. */
const order = ['device', 'app', 'push', 'email', 'sms', 'voice', 'paper']
export const byStrength = <T extends Described>(list: readonly T[]): readonly T[] => {
  const place = ({ traits }: Described) => {
    const at = order.indexOf(traits.channel)
    return at === -1 ? 2.5 : at
  }
  return [...list].sort((one, other) => place(one) - place(other))
}

/** A masked number or address as people read it, kept in its own direction inside a right-to-left sentence. */
export const shownTarget = (target: string): string => `\u2068${target.replace(/\*+/g, '•••')}\u2069`
