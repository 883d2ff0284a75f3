import { Command } from 'commander'
import { type Loaded, loadConfig } from '#config/load.ts'
import { formatProblem, type Problem } from '#config/problem.ts'
import { type Check, checks, type Verdict } from './doctor-checks.ts'
import type { Exit } from './exit.ts'
import { paint, terminal, withProgress } from './terminal.ts'

/** `doctor`: says what is wrong with this installation and how to mend it. Changes nothing. */
export function doctorCommand(exit: Exit): Command {
  return new Command('doctor')
    .description('say what is wrong with this installation and how to mend it; exit 1 if anything is')
    .option('--config <file>', 'configuration file; else POLYFACTOR_CONFIG')
    .action(async ({ config }: { config?: string }) => exit(await examine(config)))
}

async function examine(argvConfigPath: string | undefined): Promise<0 | 1> {
  const { env, execArgv } = process
  const loaded = await loadConfig({ env, argvConfigPath, cwd: process.cwd(), execArgv, dryRun: true })
  const counts = { ok: 0, skip: 0, warn: 0, fail: 0 }
  const tell = (title: string, verdict: Verdict): void => {
    counts[verdict.state] += 1
    report(title, verdict)
  }
  for (const verdict of configuration(loaded)) tell('configuration', verdict)
  for (const check of checks) tell(check.title, await run(check, loaded))
  terminal.out(`${counts.ok} fine, ${counts.warn} to look at, ${counts.fail} to mend, ${counts.skip} not checked`)
  return counts.fail > 0 ? 1 : 0
}

function configuration(loaded: Loaded): readonly Verdict[] {
  if (!loaded.ok) return loaded.problems.map((problem) => ({ state: 'fail', problem }))
  const { configPath } = loaded.settings
  const warnings = loaded.warnings.map((problem): Verdict => ({ state: 'warn', problem }))
  return [{ state: 'ok', note: configPath ?? 'built-in demo' }, ...warnings]
}

async function run(check: Check, loaded: Loaded): Promise<Verdict> {
  if ('always' in check) return check.always()
  if (!loaded.ok) return { state: 'skip', note: 'needs a valid configuration' }
  const { settings } = loaded
  try {
    return await withProgress(check.title, async () => check.with(settings))
  } catch (error) {
    const mend = 'Report it with the output of `polyfactor doctor`'
    const problem: Problem = { key: check.title, problem: `the check itself failed: ${(error as Error).message}`, mend }
    return { state: 'fail', problem }
  }
}

const marks = { ok: ['green', 'ok'], skip: ['gray', '--'], warn: ['yellow', '!!'], fail: ['red', 'XX'] } as const

function report(title: string, verdict: Verdict): void {
  const [style, mark] = marks[verdict.state]
  const text = 'problem' in verdict ? formatProblem(verdict.problem) : (verdict.note ?? '')
  terminal.out(`${paint(style, mark)}  ${title}${text === '' ? '' : `: ${text}`}`)
}
