import { Command } from 'commander'
import { publicUrlProblem } from '#config/load.ts'
import { readConfigFile } from '#config/read.ts'
import { type Config, configJsonSchema } from '#config/schema.ts'
import type { Exit } from './exit.ts'
import { rehearse } from './rehearse.ts'
import { terminal } from './terminal.ts'

/** `config check FILE` and `config schema`. */
export function configCommand(exit: Exit): Command {
  const config = new Command('config').description('check a configuration file, or print its schema')
  config
    .command('check')
    .description('validate a configuration file; exit 1 if it cannot be used')
    .argument('<file>', 'YAML or JSON file')
    .action(async (file: string) => exit(await check(file)))
  config
    .command('schema')
    .description('print the JSON Schema of the configuration file, for editors')
    .action(() => terminal.out(JSON.stringify(configJsonSchema(), undefined, 2)))
  return config
}

async function check(file: string): Promise<0 | 1> {
  const read = readConfigFile(file)
  const late = read.ok ? (publicUrlProblem(read.config) ?? (await rehearse(read.config))) : undefined
  const problems = read.ok ? (late === undefined ? [] : [{ ...late, key: `${file} ${late.key}` }]) : read.problems
  for (const problem of problems) terminal.problem(problem)
  if (!read.ok || late !== undefined) return 1
  terminal.out(`${file} is valid: ${summary(read.config)}`)
  return 0
}

function summary({ development, tenants }: Config): string {
  const count = (of: (tenant: Config['tenants'][number]) => number): number =>
    tenants.reduce((sum, tenant) => sum + of(tenant), 0)
  const parts = [
    [tenants.length, 'tenant'],
    [count(({ apis }) => apis.length), 'API'],
    [count(({ applications }) => applications.length), 'application'],
    [count(({ users }) => users.length), 'user'],
  ] as const
  const counted = parts.map(([number, noun]) => `${number} ${noun}${number === 1 ? '' : 's'}`)
  return `${development ? 'development' : 'production'}, ${counted.join(', ')}`
}
