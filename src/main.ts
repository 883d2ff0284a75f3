import { runCommandLine } from './cli/program.ts'

// Everything else is decided by the verb: see src/cli, a file each.
process.exitCode = await runCommandLine(process.argv.slice(2))
