import type { ClientHints } from '#engine/parts.ts'
import type { Exchange } from '#http/route.ts'
import { inputOf, textOf } from './input.ts'

/**
 * What a client says of itself: `accept-language`, or `acceptlanguage` where the SDK was told one, `device_fp`, and `lat`
 * with `lon` as headers or fields (cidaas.md §8). Nobody checks it; the engine lets it raise a risk and never lower one.
 */
export function hintsOf(exchange: Exchange): ClientHints {
  const input = inputOf(exchange)
  const { headers } = exchange
  const language = textOf(headers.acceptlanguage) ?? textOf(headers['accept-language'])
  const fingerprint = input.text('device_fp')
  const latitude = degrees(textOf(headers.lat) ?? input.text('lat'), 90)
  const longitude = degrees(textOf(headers.lon) ?? input.text('lon'), 180)
  return {
    ...(language !== undefined && { language }),
    ...(fingerprint !== undefined && { fingerprint }),
    ...(latitude !== undefined && longitude !== undefined && { place: { latitude, longitude } }),
  }
}

/** Degrees in decimals, such as `-23.5`; undefined for anything else. */
function degrees(text: string | undefined, most: number): number | undefined {
  if (text === undefined || !/^-?\d{1,3}(\.\d{1,20})?$/.test(text)) return undefined
  const value = Number(text)
  return Math.abs(value) <= most ? value : undefined
}
