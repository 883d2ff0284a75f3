import { Command } from 'commander'
import type { Exit } from './exit.ts'
import { withAdmin } from './offline.ts'
import { terminal } from './terminal.ts'

interface Rotation {
  readonly rotated: readonly { readonly alg: string; readonly active: string; readonly retired: string }[]
  readonly too_young: readonly { readonly alg: string; readonly ready_at: string }[]
}

/** `keys rotate`: moves a tenant's signing keys on; old ones stay published until their last token has expired. */
export function keysCommand(exit: Exit): Command {
  const keys = new Command('keys').description('signing keys')
  keys
    .command('rotate')
    .description('make the next signing keys the active ones; servers follow within 5 s')
    .option('--config <file>', 'configuration file; else POLYFACTOR_CONFIG, else the demo')
    .option('--tenant <id>', 'tenant; the first one when absent')
    .option('--force', 'also keys published for less than a day: only when the active key is compromised')
    .option('--reason <text>', 'why; needed with --force, goes into the audit trail')
    .action((options: { config?: string; tenant?: string; force?: boolean; reason?: string }) =>
      withAdmin(options, exit, async (admin) => {
        const { force = false, reason } = options
        const done = (await admin.call('POST', '/keys/rotate', { force, ...(reason && { reason }) })) as Rotation
        for (const it of done.rotated) terminal.out(`${it.alg}: ${it.active} is active, ${it.retired} is retired`)
        for (const it of done.too_young) terminal.out(`${it.alg}: the next key may be used from ${it.ready_at} on`)
      }),
    )
  return keys
}
