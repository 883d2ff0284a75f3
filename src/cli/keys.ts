import { Command } from 'commander'
import { type ResealProgress, reseal, resealState } from '#engine/reseal.ts'
import { longestKept } from '#engine/risk/settings.ts'
import { systemClock } from '#ops/clock.ts'
import type { Exit } from './exit.ts'
import { type Opened, withAdmin, withStore } from './offline.ts'
import { terminal } from './terminal.ts'

interface Rotation {
  readonly rotated: readonly { readonly alg: string; readonly active: string; readonly retired: string }[]
  readonly too_young: readonly { readonly alg: string; readonly ready_at: string }[]
}

/** `keys rotate`: moves a tenant's signing keys on; old ones stay published until their last token has expired. */
export function keysCommand(exit: Exit): Command {
  const keys = new Command('keys').description('signing keys and master keys')
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
  keys
    .command('reseal')
    .description('seal everything anew with the first master key; afterwards says whether the older ones may go')
    .option('--config <file>', 'configuration file; else POLYFACTOR_CONFIG, else the demo')
    .action((options: { config?: string }) => withStore(options, exit, async (opened) => exit(await resealAll(opened))))
  return keys
}

/** A pass from the start: servers that still ran with the older key first may have used it since the last one. */
async function resealAll({ store, keyring }: Opened): Promise<0 | 1> {
  if (keyring.keyIds.length === 1) {
    terminal.out(`there is one master key, ${keyring.activeKeyId}: nothing to do`)
    return 0
  }
  let told = 0
  const onProgress = ({ looked, resealed }: ResealProgress): void => {
    if (looked - told < 10_000) return
    told = looked
    terminal.err(`${looked} rows looked at, ${resealed} sealed anew`)
  }
  const parts = { store, keyring, clock: systemClock }
  // What a run that was broken off has done need not be done again, but has to be looked at once more.
  const state = await resealState(parts)
  if (state !== undefined && !state.done) await reseal(parts, { onProgress })
  told = 0
  const done = await reseal(parts, { afresh: true, onProgress })
  terminal.out(
    `${done.looked} rows looked at, ${done.resealed + (state?.resealed ?? 0)} sealed anew with key ${done.to}`,
  )
  const needed = done.left.filter(({ what }) => what !== 'risk')
  for (const { table, what, rows, endsAt } of needed) {
    const until = endsAt === undefined ? 'some without an end' : `the last ends ${new Date(endsAt).toISOString()}`
    terminal.out(`${table}: ${rows} ${what === 'hash' ? 'keyed hashes' : 'sealed rows'} of older keys, ${until}`)
  }
  const older = keyring.keyIds.slice(1).join(', ')
  const risk = done.left.filter(({ what }) => what === 'risk').reduce((sum, { rows }) => sum + rows, 0)
  if (risk > 0) {
    terminal.out(
      `${risk} rows logins are compared with (SMART) name ${older}: taken out within ${longestKept} days of the newer key’s ` +
        'coming, it makes users look new once',
    )
  }
  if (needed.length === 0) terminal.out(`nothing else names ${older} any more: take it out of POLYFACTOR_MASTER_KEY`)
  else terminal.out(`keep ${older} until these are gone`)
  return needed.length === 0 ? 0 : 1
}
