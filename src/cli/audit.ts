import { createReadStream, createWriteStream, openSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { Command } from 'commander'
import { StartError } from '#config/problem.ts'
import { exportChain } from '#engine/audit/export.ts'
import { chainRowId, chainState } from '#engine/audit/head.ts'
import { auditKeys, rotateAuditKey } from '#engine/audit/keys.ts'
import { linkAll } from '#engine/audit/link.ts'
import { retain } from '#engine/audit/retain.ts'
import { verifyExport } from '#engine/audit/verify.ts'
import { systemClock } from '#ops/clock.ts'
import type { Exit } from './exit.ts'
import { type Opened, withStore } from './offline.ts'
import { terminal } from './terminal.ts'

interface Common {
  readonly config?: string
  readonly tenant?: string
}

/** `audit export|verify|head|keys|rotate-key|retain`: the hash chain of audit events. */
export function auditCommand(exit: Exit): Command {
  const audit = new Command('audit').description('export and verify the hash chain of audit events')
  const verb = (name: string, description: string) =>
    audit
      .command(name)
      .description(description)
      .option('--config <file>', 'configuration file; else POLYFACTOR_CONFIG, else the demo')
      .option('--tenant <id>', 'tenant; the first one when absent')
  verb('export', 'write the chain of a tenant as JSON lines, to standard output or --out')
    .option('--out <file>', 'file to write')
    .action((options: Common & { out?: string }) => withStore(options, exit, (opened) => writeOut(opened, options.out)))
  audit
    .command('verify')
    .description('check an export without a database; exit code 1 when a row was changed, dropped, moved or inserted')
    .argument('<file>', 'what `audit export` wrote; - for standard input')
    .option('--key <file>', 'public keys the chain must be signed with (what `audit keys` prints), kept elsewhere')
    .option('--head <file>', 'a signed head (what `audit head` prints), kept elsewhere: the export must reach it')
    .action(async (file: string, options: { key?: string; head?: string }) => exit(await verify(file, options)))
  verb('head', 'print the newest signed head, to be kept where nobody who can write the database can write').action(
    (options: Common) => withStore(options, exit, printHead),
  )
  verb('keys', 'print the public keys heads are signed with, as a JWK set').action((options: Common) =>
    withStore(options, exit, printKeys),
  )
  verb('rotate-key', 'sign heads with a new key from now on').action((options: Common) =>
    withStore(options, exit, async (opened) => {
      const [tenant] = opened.tenants
      if (tenant !== undefined) terminal.out(`${await rotateAuditKey(partsOf(opened), tenant)} signs from now on`)
    }),
  )
  verb('retain', 'take away what is older than --days, and sign a checkpoint in its place')
    .requiredOption('--days <number>', 'days to keep')
    .action((options: Common & { days: string }) =>
      withStore(options, exit, async (opened) => exit(await takeAway(opened, options.days))),
    )
  return audit
}

const partsOf = ({ store, keyring }: Opened) => ({ store, keyring, clock: systemClock })

async function writeOut(opened: Opened, out: string | undefined): Promise<void> {
  const [tenant] = opened.tenants
  if (tenant === undefined) return
  const file = out === undefined ? process.stdout : createWriteStream(out, { fd: opening(out) })
  await linkAll(partsOf(opened), tenant)
  let rows = 0
  for await (const line of exportChain(opened.store, tenant)) {
    if (line.startsWith('{"seq":')) rows++
    if (!file.write(`${line}\n`)) await new Promise((resolve) => file.once('drain', resolve))
  }
  if (out !== undefined) {
    file.end()
    await finished(file)
  }
  terminal.err(`${rows} rows of ${tenant}`)
}

function opening(out: string): number {
  try {
    return openSync(out, 'w', 0o600)
  } catch (error) {
    const problem = `${out} cannot be written (${(error as { code?: string }).code ?? 'unwritable'})`
    throw new StartError({ key: '--out', problem, mend: 'Name a file in a directory this user can write' })
  }
}

async function verify(file: string, { key, head }: { key?: string; head?: string }): Promise<0 | 1> {
  const mend = 'Name a file this user can read'
  const refuse = (name: string, problem: string, how = mend): 1 => {
    terminal.problem({ key: name, problem, mend: how })
    return 1
  }
  let keys: readonly Readonly<Record<string, unknown>>[] | undefined
  try {
    keys = key === undefined ? undefined : keysIn(readFileSync(key, 'utf8'))
  } catch {
    return refuse(key ?? '--key', 'holds no public keys', 'Give what `polyfactor audit keys` prints')
  }
  let kept: string | undefined
  try {
    kept = head === undefined ? undefined : readFileSync(head, 'utf8').trim()
  } catch {
    return refuse(head ?? '--head', 'cannot be read')
  }
  const input = file === '-' ? process.stdin : createReadStream(file)
  const unreadable = new Promise<undefined>((resolve) => input.once('error', () => resolve(undefined)))
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  const done = await Promise.race([verifyExport(lines, { keys, head: kept }), unreadable])
  if (done === undefined) return refuse(file, 'cannot be read')
  for (const problem of done.problems) terminal.out(problem)
  if (done.problems.length > 0) {
    terminal.err(`${done.problems.length} problems: this is not the chain as it was written`)
    return 1
  }
  terminal.out(`${done.rows} rows of ${done.tenant}, ${done.from} to ${done.to}: every row is as it was written`)
  if (keys === undefined)
    terminal.err('Checked with the keys the file itself brings: name others with --key to be sure')
  return 0
}

/** A JWK set, one JWK, or a list of them. */
function keysIn(text: string): readonly Readonly<Record<string, unknown>>[] {
  const value: unknown = JSON.parse(text)
  const keys = Array.isArray(value) ? value : ((value as { readonly keys?: unknown }).keys ?? value)
  return (Array.isArray(keys) ? keys : [keys]) as readonly Readonly<Record<string, unknown>>[]
}

async function printHead(opened: Opened): Promise<void> {
  const [tenant] = opened.tenants
  if (tenant === undefined) return
  await linkAll(partsOf(opened), tenant)
  const { head } = chainState(tenant, await opened.store.get('artifacts', tenant, chainRowId))
  terminal.out(head ?? '')
}

async function printKeys(opened: Opened): Promise<void> {
  const [tenant] = opened.tenants
  if (tenant === undefined) return
  const { keys } = await auditKeys(partsOf(opened), tenant)
  terminal.out(JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) }))
}

async function takeAway(opened: Opened, days: string): Promise<0 | 1> {
  const [tenant] = opened.tenants
  const count = Number(days)
  if (tenant === undefined || !Number.isInteger(count) || count < 1) {
    terminal.problem({ key: '--days', problem: 'is no number of days', mend: 'Give a whole number from 1 on' })
    return 1
  }
  await linkAll(partsOf(opened), tenant)
  const gone = await retain(partsOf(opened), tenant, systemClock.now() - count * 86_400_000)
  terminal.out(`${gone} rows taken away`)
  return 0
}
