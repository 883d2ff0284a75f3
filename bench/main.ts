/**
 * `npm run bench [-- --quick] [--case NAME] [--only TARGET --profile FOLDER]`
 *
 * Measures three operations of this server beside a bare handler and beside oidc-provider, in one run on one machine.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { type Case, type Effort, measure } from './measure.ts'
import { startLoad } from './processes.ts'
import { profile } from './profile.ts'
import { table } from './report.ts'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    case: { type: 'string' },
    connections: { type: 'string', default: '32' },
    /** Writes a CPU profile of our server under the first chosen case into this folder, and measures nothing else. */
    profile: { type: 'string' },
  },
})

const cases: readonly Case[] = [
  { name: 'mfa-otp', algorithm: 'ES256', title: '(a) /oauth/token, mfa-otp: id, access and refresh token, ES256' },
  { name: 'mfa-otp', algorithm: 'RS256', title: '(a) the same, RS256' },
  { name: 'challenge', algorithm: 'ES256', title: '(b) /mfa/challenge, oob by sms, message queued' },
  { name: 'password', algorithm: 'ES256', title: '(c) password grant up to mfa_required', connections: 8 },
]
const chosen = cases.filter((it) => values.case === undefined || it.name === values.case)

const connections = Number(values.connections)
const effort: Effort = values.quick
  ? { rounds: 3, seconds: 0.8, warmUp: 0.8, connections }
  : { rounds: 3, seconds: 4, warmUp: 2, connections }

const load = startLoad()
try {
  if (values.profile !== undefined) {
    await profile(chosen[0] as Case, effort, load, values.profile)
  } else {
    console.log(
      `Node ${process.version}, ${availableParallelism()} CPUs, loopback, ${connections} connections, SQLite WAL FULL; ` +
        `medians of ${effort.rounds} rounds of ${effort.seconds} s that take turns`,
    )
    for (const it of chosen) console.log(`\n${table(it, await measure(it, effort, load))}`)
  }
} finally {
  load.stop()
}
