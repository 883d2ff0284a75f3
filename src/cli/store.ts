import { existsSync } from 'node:fs'
import { Command } from 'commander'
import { readDatabaseUrl } from '#config/environment.ts'
import type { Problem } from '#config/problem.ts'
import { createChecksum } from '#crypto/checksum.ts'
import { type Store, StoreUnavailable } from '#ports/store.ts'
import { type CopyProgress, CopyRefused, copyStore } from '#stores/copy.ts'
import { openStore } from '#stores/open.ts'
import type { Exit } from './exit.ts'
import { databasePlaceProblem } from './preflight.ts'
import { terminal } from './terminal.ts'

/** `store copy FROM TO`: moves everything from one database to another. */
export function storeCommand(exit: Exit): Command {
  const store = new Command('store').description('move data between databases')
  store
    .command('copy')
    .description(
      'copy everything from one database to another; stop the server first. Run it again if it was broken off',
    )
    .argument('<from>', 'DATABASE_URL to read, such as sqlite:./data/polyfactor.db')
    .argument('<to>', 'DATABASE_URL to fill, such as postgres://user:password@host/database')
    .action(async (from: string, to: string) => exit(await copy(from, to)))
  return store
}

async function copy(from: string, to: string): Promise<0 | 1> {
  const urls = [from, to].map((url, at) => normal(url, at === 0 ? 'FROM' : 'TO'))
  const problem = urls.find((it) => typeof it !== 'string') ?? (await placesProblem(urls as string[]))
  if (problem) return refuse(problem as Problem)
  const [source, target] = urls as [string, string]
  const opened: Store[] = []
  try {
    for (const url of [source, target]) opened.push(await openStore(url))
    const [here, there] = opened as [Store, Store]
    const bar = createBar()
    const copied = await copyStore({ from: here, to: there, checksum: createChecksum, onProgress: bar.show })
    bar.done()
    for (const { tenant, table, fromRows, toRows } of copied.differences) {
      const counts = fromRows === toRows ? `${fromRows} rows, not the same` : `${fromRows} rows here, ${toRows} there`
      terminal.err(`${table} of ${tenant}: ${counts}`)
    }
    if (copied.differences.length > 0) {
      const mend = 'Stop whatever writes to either, empty the target and copy again'
      return refuse({ key: 'store copy', problem: 'source and target differ', mend })
    }
    const before = copied.already > 0 ? `, ${copied.already} of them by an earlier run` : ''
    terminal.out(`${copied.rows} rows copied${before}; counts and checksums of all tables agree`)
    return 0
  } catch (error) {
    if (error instanceof CopyRefused) {
      return refuse({ key: 'TO', problem: error.message, mend: 'Name an empty database' })
    }
    if (!(error instanceof StoreUnavailable)) throw error
    const mend = 'Mend what it names, and run the same command again: it goes on where it stopped'
    return refuse({
      key: opened.length < 2 ? (['FROM', 'TO'][opened.length] ?? 'TO') : 'store copy',
      problem: error.message,
      mend,
    })
  } finally {
    for (const store of opened) await store.close()
  }
}

function refuse(problem: Problem): 1 {
  terminal.problem(problem)
  return 1
}

/** The URL as the server reads it, or what is wrong; its password is never shown. */
function normal(url: string, key: 'FROM' | 'TO'): string | Problem {
  const problems: Problem[] = []
  const read = readDatabaseUrl({ DATABASE_URL: url }, process.cwd(), (problem) => problems.push(problem))
  if (problems[0]) return { ...problems[0], key }
  if (key === 'FROM' && read.startsWith('sqlite:') && !existsSync(read.slice('sqlite:'.length))) {
    return { key, problem: `there is no file ${read.slice('sqlite:'.length)}`, mend: 'Name the database of the server' }
  }
  return read
}

async function placesProblem([from = '', to = '']: readonly string[]): Promise<Problem | undefined> {
  if (from === to) return { key: 'TO', problem: 'is the same database', mend: 'Name another one' }
  for (const [key, databaseUrl] of Object.entries({ FROM: from, TO: to })) {
    const problem = await databasePlaceProblem({ databaseUrl })
    if (problem) return { ...problem, key }
  }
  return undefined
}

const width = 30

/** A bar that is drawn over itself on a terminal; elsewhere a line every tenth. */
function createBar() {
  const { isTTY } = process.stderr
  let told = ''
  const show = ({ phase, table, rows, total }: CopyProgress): void => {
    const share = total === 0 ? 1 : Math.min(1, rows / total)
    const verb = phase === 'copy' ? 'copying' : 'comparing'
    if (isTTY) {
      const full = Math.round(share * width)
      const line = `${verb.padEnd(9)} [${'#'.repeat(full)}${'.'.repeat(width - full)}] ${Math.floor(share * 100)} % ${table}`
      process.stderr.write(`\r\u001b[K${line}`)
      return
    }
    const tenth = `${verb} ${Math.floor(share * 10) * 10} %`
    if (tenth !== told) terminal.err(`${tenth} (${rows} of ${total} rows)`)
    told = tenth
  }
  const done = (): void => void (isTTY && process.stderr.write('\r\u001b[K'))
  return { show, done }
}
