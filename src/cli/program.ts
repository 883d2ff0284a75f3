import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { auditCommand } from './audit.ts'
import { configCommand } from './config.ts'
import { doctorCommand } from './doctor.ts'
import type { Exit } from './exit.ts'
import { keysCommand } from './keys.ts'
import { networkCommand } from './network.ts'
import { riskCommand } from './risk.ts'
import { serveCommand } from './serve.ts'
import { storeCommand } from './store.ts'
import { terminal } from './terminal.ts'
import { usersCommand } from './users.ts'

const commands = [
  serveCommand,
  configCommand,
  doctorCommand,
  usersCommand,
  keysCommand,
  storeCommand,
  auditCommand,
  networkCommand,
  riskCommand,
]

/** Runs `polyfactor <verb> …` and answers the exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let code = 0
  const exit: Exit = (next) => {
    code = Math.max(code, next)
  }
  const program = new Command('polyfactor')
    .description('Self-hosted multi-factor authentication and identity server')
    .version(version())
    .showHelpAfterError('Run `polyfactor --help` for all verbs.')
    .exitOverride()
  for (const make of commands) {
    const command = make(exit)
    program.addCommand(command, { isDefault: command.name() === 'serve' })
  }
  const verb = args[0]
  if (verb !== undefined && !verb.startsWith('-') && !knows(program, verb)) {
    const mend = `Use one of ${program.commands.map((command) => command.name()).join(', ')}; --help tells what they do`
    terminal.problem({ key: verb.slice(0, 40), problem: 'is no verb of polyfactor', mend })
    return 1
  }
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode
    terminal.problem({
      key: 'polyfactor',
      problem: error instanceof Error ? (error.message.split('\n')[0] ?? 'failed') : 'failed',
      mend: 'Run `polyfactor doctor`, and report it if that finds nothing',
    })
    return 1
  }
  return code
}

// The default verb would take a misspelt one for an argument of its own.
function knows(program: Command, verb: string): boolean {
  return verb === 'help' || program.commands.some((command) => command.name() === verb)
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
