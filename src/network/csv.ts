import { readKey } from './address.ts'
import type { RangeBuilder } from './ranges.ts'

/** What a table of addresses tells: the country, or the number of the autonomous system. */
export type Kind = 'country' | 'network'

/**
 * Reads lines `first address, last address, value, …` in which the value is a country of two letters or a system number.
 * Works through one chunk at a time, so that whoever serves requests meanwhile is held up by no more than that.
 * @throws Error with the line that is wrong; nothing of its text is quoted
 */
export async function readCsv(chunks: AsyncIterable<string>, into: RangeBuilder, kind: Kind): Promise<void> {
  let rest = ''
  let number = 0
  const take = (line: string): void => {
    number++
    if (line.trim() === '') return
    try {
      addLine(line, into, kind)
    } catch (error) {
      throw new Error(`line ${number}: ${(error as Error).message}`)
    }
  }
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
    if (rest.length > longestLine) throw new Error(`line ${number + 1}: is too long`)
  }
  take(rest)
}

const longestLine = 4_096

function addLine(line: string, into: RangeBuilder, kind: Kind): void {
  const first = line.indexOf(',')
  const second = line.indexOf(',', first + 1)
  const third = line.indexOf(',', second + 1)
  if (first < 0 || second < 0) throw new Error('has fewer than three columns')
  const from = readKey(line.slice(0, first))
  const to = readKey(line.slice(first + 1, second))
  if (from === undefined || to === undefined) throw new Error('does not begin with two addresses')
  const value = valueIn(line.slice(second + 1, third < 0 ? undefined : third).trim(), kind)
  if (value !== undefined) into.add(from, to, value)
}

/** Undefined: a range whose country nobody knows, which some tables write as `ZZ` or leave empty. */
function valueIn(text: string, kind: Kind): number | undefined {
  if (kind === 'country') {
    if (/^[A-Z]{2}$/.test(text)) return text === 'ZZ' ? undefined : packCountry(text)
    if (text === '') return undefined
    throw new Error('holds no country of two capital letters')
  }
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0xffff_ffff) throw new Error('holds no system number')
  return Number(text) || undefined
}

/** Two letters as a number, since a table of ranges holds numbers. */
export const packCountry = (code: string): number => code.charCodeAt(0) * 256 + code.charCodeAt(1)
export const unpackCountry = (packed: number): string => String.fromCharCode(packed >> 8, packed & 255)

/** What a CSV file tells, by its first line. @throws Error when it is neither */
export function kindOfCsv(head: string): Kind {
  const value = head.split('\n')[0]?.split(',')[2]?.trim() ?? ''
  if (/^[A-Z]{2}$/.test(value)) return 'country'
  if (/^\d+$/.test(value)) return 'network'
  throw new Error('its third column is neither a country nor a system number')
}
