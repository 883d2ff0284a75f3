import type { Occasion } from '#ports/factor.ts'
import { plain } from '../messages/texts.ts'
import type { Caller, Parts } from '../parts.ts'

/** What a device is told of a login: the application, whence it came, and when (S-60). */
export const occasionOf = (
  parts: Pick<Parts, 'networks'>,
  { application, address }: Caller,
  now: number,
): Occasion => ({
  application: plain(application.name),
  place: [countryOf(parts, address), coarse(address)].filter((it) => it !== undefined).join(', '),
  at: now,
})

/** ISO 3166-1 code of the country an address is in, where that is known. */
function countryOf({ networks }: Pick<Parts, 'networks'>, address: string): string | undefined {
  try {
    return networks?.lookup(address)?.country
  } catch {
    // A database that fails is no reason not to ask.
    return undefined
  }
}

/** A network address without its last part: enough to see that it is not one's own, too little to find somebody by. */
export function coarse(address: string): string {
  if (!address.includes(':')) return address.replace(/\.\d+$/, '.*')
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(address)?.[1]
  if (mapped !== undefined) return coarse(mapped)
  const groups = (address.split('::')[0] ?? '').split(':').filter((it) => it !== '')
  return groups.length < 3 ? `${groups.join(':')}::*` : `${groups.slice(0, 3).join(':')}:*`
}
