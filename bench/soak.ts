/**
 * `npm run soak [-- --minutes 10]`: the real server under logins without a pause, and whether its memory stays where it
 * is. Each round signs 100 users in (password, TOTP), renews their tokens, sends every tenth a code by text message, tries a
 * wrong password, and moves the clock by an hour. The resident memory of the first third after the warm-up is compared with
 * that of the last; the lowest of each, since what the collector has not yet taken is no leak. Fails where it grew by
 * more than a tenth.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { startServer, type TestServer } from '#test/support/server.ts'
import { configOf, roundOf } from './soak-logins.ts'

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } })
const milliseconds = Number(values.minutes) * 60_000
const users = 100
const allowed = 1.1

interface Sample {
  /** ms since the start. */
  readonly at: number
  /** MB. */
  readonly resident: number
}

const server = await startServer({ config: configOf(users) })
try {
  console.log(
    `Node ${process.version}, ${availableParallelism()} CPUs, SQLite, ${values.minutes} minutes of logins without a pause`,
  )
  await soak(server)
} finally {
  await server.stop()
}

async function soak(server: TestServer): Promise<void> {
  const samples: Sample[] = []
  const began = performance.now()
  const since = () => performance.now() - began
  let shown = 0
  let logins = 0
  while (since() < milliseconds) {
    logins += await roundOf(server, users)
    samples.push({ at: since(), resident: residentMemory(server) })
    if (since() - shown > 30_000) {
      shown = since()
      console.log(`${(shown / 1e3).toFixed(0)} s: ${logins} logins, ${samples.at(-1)?.resident.toFixed(0)} MB`)
    }
  }
  const warm = milliseconds / 10
  const third = (milliseconds - warm) / 3
  const lowest = (from: number, to: number) =>
    Math.min(...samples.filter(({ at }) => at >= from && at < to).map(({ resident }) => resident))
  const early = lowest(warm, warm + third)
  const late = lowest(warm + 2 * third, Number.POSITIVE_INFINITY)
  console.log(
    `${logins} logins; resident memory ${early.toFixed(0)} MB in the first third, ${late.toFixed(0)} MB in the last: ${(late / early).toFixed(2)}`,
  )
  if (!(late / early <= allowed)) process.exitCode = 1
}

/** MB, from /proc (Linux). */
function residentMemory({ child }: TestServer): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))
  return Number(line?.[1]) / 1024
}
