import { type Chance, runningSums, zipf } from './chance.ts'

/** Days after which browsers get their next version (risk.md §1.5). */
const period = 28
const models = Array.from({ length: 60 }, (_, at) => `SM-${String.fromCharCode(65 + (at % 7))}${100 + at * 13}`)
const modelSums = runningSums(zipf(models.length))

/** One kind of device with its browser; the share is of users, made up after public statistics of the years of the studies. */
interface Kind {
  readonly share: number
  readonly phone?: true
  /** The full string of version `v` (whole numbers that count periods), on a model where there are models. */
  text(v: number, model: string): string
}

const webkit = (system: string, rest: string) =>
  `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) ${rest} Safari/537.36`
const chrome = (v: number) => `Chrome/${90 + v}.0.${4400 + v * 50}.${80 + (v % 7)}`
const safari = (v: number) => `Version/14.${v >> 1}`

const kinds: readonly Kind[] = [
  { share: 22, text: (v) => webkit('Windows NT 10.0; Win64; x64', chrome(v)) },
  { share: 9, text: (v) => `${webkit('Windows NT 10.0; Win64; x64', chrome(v))} Edg/${90 + v}.0.${800 + v * 10}.40` },
  {
    share: 4,
    text: (v) => `Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:${88 + v}.0) Gecko/20100101 Firefox/${88 + v}.0`,
  },
  { share: 2, text: (v) => webkit('Windows NT 6.1; Win64; x64', chrome(v)) },
  { share: 7, text: (v) => webkit('Macintosh; Intel Mac OS X 10_15_7', chrome(v)) },
  {
    share: 8,
    text: (v) =>
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) ${safari(v)} Safari/605.1.15`,
  },
  {
    share: 1.5,
    text: (v) => `Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:${88 + v}.0) Gecko/20100101 Firefox/${88 + v}.0`,
  },
  { share: 1, text: (v) => webkit('X11; Linux x86_64', chrome(v)) },
  { share: 1, text: (v) => `Mozilla/5.0 (X11; Linux x86_64; rv:${88 + v}.0) Gecko/20100101 Firefox/${88 + v}.0` },
  {
    share: 22,
    phone: true,
    text: (v) =>
      `Mozilla/5.0 (iPhone; CPU iPhone OS 14_${v >> 1} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ${safari(v)} Mobile/15E148 Safari/604.1`,
  },
  { share: 18, phone: true, text: (v, model) => webkit(`Linux; Android 11; ${model}`, `${chrome(v)} Mobile`) },
  {
    share: 4,
    phone: true,
    text: (v, model) => webkit(`Linux; Android 11; ${model}`, `SamsungBrowser/${14 + (v >> 1)}.0 ${chrome(v)} Mobile`),
  },
  {
    share: 3,
    text: (v) =>
      `Mozilla/5.0 (iPad; CPU OS 14_${v >> 1} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ${safari(v)} Mobile/15E148 Safari/604.1`,
  },
]
const all = runningSums(kinds.map(({ share }) => share))
const phones = runningSums(kinds.map(({ share, phone }) => (phone ? share : 0)))

/** A device somebody owns: it gets each version some days late. */
export interface Device {
  readonly kind: number
  readonly model: string
  /** Days. */
  readonly lag: number
}

export const isPhone = ({ kind }: Device): boolean => kinds[kind]?.phone === true

export function drawDevice(it: Chance, onlyPhones = false): Device {
  const slow = it.happens(0.1)
  const lag = slow ? period + it.below(2 * period) : -6 * Math.log(1 - it.draw())
  return { kind: it.pick(onlyPhones ? phones : all), model: models[it.pick(modelSums)] ?? '', lag }
}

/** What a device sends on a day. */
export function agentOf({ kind, model, lag }: Device, day: number): string {
  return (kinds[kind] as Kind).text(Math.max(0, Math.floor((day + 3 * period - lag) / period)), model)
}

/** What those send who try stolen passwords: a common agent, often an old one. */
export function drawAttackAgent(it: Chance, day: number): string {
  const device = drawDevice(it)
  return agentOf({ ...device, lag: it.below(6 * period) }, day)
}
