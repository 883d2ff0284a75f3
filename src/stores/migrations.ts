import { readdirSync, readFileSync } from 'node:fs'

/** One step forward of the database's shape. */
export interface Migration {
  readonly number: number
  readonly name: string
  readonly sql: string
}

const folder = new URL('./migrations/', import.meta.url)
const spelling = /^(\d{4})-([a-z0-9-]+)\.sql$/

/** All migrations, `migrations/NNNN-name.sql`, in order. Throws when a number is missing, double or misspelt. */
export function readMigrations(): readonly Migration[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'))
  return files.sort().map((file, position) => {
    const [, digits, name] = spelling.exec(file) ?? []
    if (!digits || !name || Number(digits) !== position + 1) {
      throw new Error(`migrations/${file} should be number ${position + 1}, spelt NNNN-name.sql`)
    }
    return { number: position + 1, name, sql: readFileSync(new URL(file, folder), 'utf8') }
  })
}

/**
 * Those a database still lacks.
 * Throws when the database has more than the code knows: an older release must not write to it.
 */
export function missingMigrations(applied: number, known: readonly Migration[]): readonly Migration[] {
  if (applied > known.length) {
    throw new Error(
      `the database is at migration ${applied}, this release knows only ${known.length}: ` +
        'it was used by a newer release; start that one, or restore a backup',
    )
  }
  return known.slice(applied)
}
