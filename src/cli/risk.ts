import { Command, Option } from 'commander'
import { signalNames } from '#model/risk.ts'
import { systemClock } from '#ops/clock.ts'
import type { Exit } from './exit.ts'
import { AdminRefused, type Offline, withAdmin } from './offline.ts'
import { terminal } from './terminal.ts'

interface Options {
  readonly config?: string
  readonly tenant?: string
  readonly application?: string
  readonly days: string
  readonly logins: string
  readonly mode?: string
  readonly within?: string
  readonly allow?: readonly string[]
  readonly off?: readonly string[]
  readonly ask?: string
  readonly high?: string
  readonly onHigh?: string
  readonly json?: boolean
}

/** `risk simulate`: replays a draft policy over recorded logins, as `POST …/risk/simulations` does. */
export function riskCommand(exit: Exit): Command {
  const risk = new Command('risk').description('how logins are rated')
  risk
    .command('simulate')
    .description('say who would have been asked, blocked or left without any factor by a draft policy; changes nothing')
    .option('--config <file>', 'configuration file; else POLYFACTOR_CONFIG, else the demo')
    .option('--tenant <id>', 'tenant; the first one when absent')
    .option('--application <id>', 'only logins of this client')
    .option('--days <number>', 'how far back', '30')
    .option('--logins <number>', 'logins to replay at most, the newest ones; 10000 is the most', '2000')
    .option('--mode <mode>', 'OFF, ALWAYS, SMART, TIME_BASED or SMART_PLUS_TIME_BASED; absent: as it is')
    .option('--within <seconds>', 'how long a second factor lasts, for the TIME_BASED modes')
    .option('--allow <factors…>', 'factors that satisfy the rule, with commas', list)
    .option('--off <signals…>', `signals that are not looked at, with commas: ${signalNames.join(', ')}`, list)
    .option('--ask <score>', 'score from which a second factor is asked')
    .option('--high <score>', 'score from which risk is high')
    .addOption(new Option('--on-high <what>', 'what high risk meets').choices(['strong_factor', 'refuse']))
    .option('--json', 'the whole answer as JSON')
    .action((options: Options) => withAdmin(options, exit, (admin) => simulate(admin, options)))
  return risk
}

const list = (text: string): readonly string[] => text.split(',').map((it) => it.trim())

async function simulate(admin: Offline, options: Options): Promise<void> {
  const told = (await admin.call('POST', '/risk/simulations', bodyOf(options))) as Told
  if (options.json) return terminal.out(JSON.stringify(told))
  const { recorded, simulated, affected } = told
  terminal.out(`${told.logins} logins since ${told.from}${told.truncated ? ', the newest ones' : ''}`)
  terminal.out(`were:  ${recorded.passed} passed, ${recorded.asked} asked, ${recorded.refused} refused`)
  terminal.out(`would: ${fatesOf(simulated)}`)
  terminal.out(`users: ${affected.asked} asked, ${affected.blocked} blocked, ${affected.stranded} without any factor`)
  for (const { user, fates, factors } of told.users) {
    terminal.out(`${user}\t${fatesOf(fates)}\t${factors.join(' ') || 'no factor'}`)
  }
}

/** The draft in the words of the API; what is not said is left as it is. */
function bodyOf(options: Options): object {
  const number = (name: 'within' | 'ask' | 'high' | 'days' | 'logins'): number | undefined => {
    const text = options[name]
    if (text === undefined) return undefined
    if (text.trim() === '' || !Number.isFinite(Number(text))) throw new AdminRefused(`--${name} is no number`)
    return Number(text)
  }
  const { mode, allow, off, onHigh, application } = options
  if (mode === undefined && (allow !== undefined || options.within !== undefined)) {
    throw new AdminRefused('--allow and --within belong to --mode')
  }
  const [ask, high] = [number('ask'), number('high')]
  if ((ask === undefined) !== (high === undefined)) throw new AdminRefused('--ask and --high belong together')
  const risk = { signals_off: off, on_high: onHigh, ...(ask !== undefined && { thresholds: { ask, high } }) }
  const from = new Date(systemClock.now() - (number('days') ?? 30) * 86_400_000).toISOString()
  return {
    ...(mode !== undefined && { mfa: { mode, time_based_seconds: number('within'), allowed_factors: allow } }),
    ...(Object.values(risk).some((it) => it !== undefined) && { risk }),
    ...(application !== undefined && { client_id: application }),
    logins: number('logins'),
    from,
  }
}

interface Fates {
  readonly passed: number
  readonly asked: number
  readonly blocked: number
  readonly stranded: number
}

interface Told {
  readonly from: string
  readonly logins: number
  readonly truncated: boolean
  readonly recorded: { readonly passed: number; readonly asked: number; readonly refused: number }
  readonly simulated: Fates
  readonly affected: Omit<Fates, 'passed'>
  readonly users: readonly { readonly user: string; readonly fates: Fates; readonly factors: readonly string[] }[]
}

const fatesOf = ({ passed, asked, blocked, stranded }: Fates): string =>
  `${passed} passed, ${asked} asked, ${blocked} blocked, ${stranded} without any factor`
