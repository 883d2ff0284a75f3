import { chainStart, eventDigest, linkHash, readHead } from '#crypto/audit-chain.ts'
import type { EventDigest } from '#model/audit.ts'
import { exportFormat } from './export.ts'
import { type Checkpoint, type Head, hashAfter, type Place, rowsDigest } from './head.ts'

type Jwk = Readonly<Record<string, unknown>>

export interface VerifyOptions {
  /** Public keys from elsewhere; absent: those the file brings itself, which only shows that it fits itself. */
  readonly keys?: readonly Jwk[]
  /** A signed head that was kept elsewhere: the file must reach it and agree with it. */
  readonly head?: string
}

export interface Verified {
  readonly tenant?: string
  /** Rows that were looked at; their first and last number. */
  readonly rows: number
  readonly from: number
  readonly to: number
  /** What is wrong, each in a sentence that names the row; empty: nothing is. */
  readonly problems: readonly string[]
}

/** A line that holds a row. */
interface Line {
  readonly line: number
  readonly seq: number
  readonly previous: unknown
  readonly hash: unknown
  readonly event: { readonly id?: unknown }
}

/** A stranger's file could make as many sentences as it has lines. */
const mostProblems = 1_000

/**
 * Checks an export, line by line and without a database: every row against the signed list of its block, every block
 * against the one before, the end against the newest signed head.
 */
export async function verifyExport(
  lines: AsyncIterable<string> | Iterable<string>,
  options: VerifyOptions = {},
): Promise<Verified> {
  const check = createCheck(options)
  let number = 0
  for await (const text of lines) {
    number++
    if (text.trim() === '') continue
    check.line(number, objectIn(text))
  }
  return check.end()
}

function createCheck(options: VerifyOptions) {
  const problems: string[] = []
  const complain = (problem: string) => void (problems.length < mostProblems && problems.push(problem))
  let keys: readonly Jwk[] = options.keys ?? []
  let tenant: string | undefined
  let headed = false
  /** Where the signed chain stands; undefined while it is not known what comes before. */
  let at: Place = { seq: 0, hash: '' }
  let from = 1
  let rows = 0
  let waiting: Line[] = []
  let newest: Head | undefined
  const kept = { head: undefined as Head | undefined, seen: undefined as string | undefined }

  const signed = <S extends Head | Checkpoint>(jws: unknown): S | undefined => {
    const said = typeof jws === 'string' ? readHead(jws, keys) : undefined
    return said?.tenant === tenant ? (said as unknown as S | undefined) : undefined
  }

  function header(value: Readonly<Record<string, unknown>> | undefined): void {
    headed = true
    if (value?.format !== exportFormat || typeof value.tenant !== 'string') {
      complain(`line 1 does not say that this is an audit export (${exportFormat})`)
      return
    }
    tenant = value.tenant
    if (options.keys === undefined) keys = Array.isArray(value.keys) ? (value.keys as Jwk[]) : []
    at = { seq: 0, hash: chainStart(tenant) }
    if (value.checkpoint !== undefined) {
      const cut = signed<Checkpoint>(value.checkpoint)
      if (cut?.cut === true) at = { seq: cut.seq, hash: cut.hash }
      else complain('line 1: the checkpoint the chain begins after is not signed by the key')
    }
    from = at.seq + 1
    newest = signed<Head>(value.head)
    if (value.head !== undefined && newest === undefined) complain('line 1: the newest head is not signed by the key')
    if (options.head === undefined) return
    kept.head = signed<Head>(options.head)
    if (kept.head === undefined) complain('the head that was kept is not signed by the key, or is another tenant’s')
  }

  /** Notes the hash of a row that is known to be right. */
  const passed = (seq: number, hash: string) => {
    if (seq === kept.head?.seq) kept.seen = hash
  }

  function block(line: number, value: Readonly<Record<string, unknown>>): void {
    const said = signed<Head>(value.head)
    const listed = eventsIn(value.rows)
    if (said === undefined) {
      complain(`line ${line}: the head of the rows before it is not signed by the key`)
      return
    }
    if (said.first <= at.seq) {
      complain(`line ${line}: the head of rows ${said.first}–${said.seq} stands there twice or out of its place`)
      waiting = []
      return
    }
    const mine = said.first === at.seq + 1 ? waiting : waiting.filter(({ seq }) => !(seq < said.first))
    if (said.first > at.seq + 1)
      orphans(
        waiting.filter(({ seq }) => seq < said.first),
        said,
      )
    else if (said.previous !== at.hash)
      complain(`row ${said.first} does not follow row ${at.seq}: its chain is another`)
    if (listed === undefined || rowsDigest(listed) !== said.rows) {
      complain(`line ${line}: the list of rows ${said.first}–${said.seq} was changed`)
      unsigned(mine, { seq: said.first - 1, hash: said.previous }, said.seq)
    } else {
      compare(mine, listed, said)
      if (hashAfter(said.previous, said.first, listed) !== said.hash)
        complain(`rows ${said.first}–${said.seq}: wrong hash`)
    }
    rows += mine.length
    waiting = []
    at = { seq: said.seq, hash: said.hash }
    passed(said.seq, said.hash)
  }

  /** Rows whose own head is not there. */
  function orphans(found: readonly Line[], next: Head): void {
    const reached = unsigned(found, at, next.first - 1)
    rows += found.length
    complain(
      found.length === 0
        ? `rows ${at.seq + 1}–${next.first - 1} are missing, and so is their signed head`
        : `the signed head of rows ${at.seq + 1}–${next.first - 1} is missing${reached === next.previous ? '' : ', and they do not lead to the next'}`,
    )
  }

  /** Rows by nothing but what each says of itself; answers the hash they lead to. */
  function unsigned(found: readonly Line[], start: Place, last: number): string | undefined {
    const bySeq = new Map(found.map((it) => [it.seq, it]))
    let hash: string | undefined = start.hash
    for (let seq = start.seq + 1; seq <= last && bySeq.size > 0; seq++) {
      const it = bySeq.get(seq)
      bySeq.delete(seq)
      if (it === undefined) {
        complain(`row ${seq} is missing`)
        hash = undefined
        continue
      }
      const right = linkHash(hash ?? String(it.previous), seq, eventDigest(it.event))
      if (right !== it.hash) complain(`row ${seq} (event ${it.event.id}, line ${it.line}) was changed`)
      hash = right === it.hash ? right : undefined
    }
    return hash
  }

  /** Rows against the signed list of what they are. */
  function compare(found: readonly Line[], listed: readonly EventDigest[], { first, previous }: Head): void {
    const places = new Map(listed.map(([id], index) => [id, index]))
    const byId = new Map<unknown, Line>()
    let before: { readonly place: number } | undefined
    for (const it of found) {
      const { id } = it.event
      const place = typeof id === 'string' ? places.get(id) : undefined
      if (place === undefined) complain(`line ${it.line}: event ${id} was inserted, it is no row of the chain`)
      else if (byId.has(id)) complain(`line ${it.line}: row ${first + place} (event ${id}) stands there twice`)
      else {
        if (before !== undefined && place < before.place) {
          complain(`line ${it.line}: row ${first + place} (event ${id}) stands after row ${first + before.place}`)
        } else before = { place }
        byId.set(id, it)
      }
    }
    let hash = previous
    for (const [index, [id, digest]] of listed.entries()) {
      const seq = first + index
      const right = linkHash(hash, seq, digest)
      const it = byId.get(id)
      if (it === undefined) complain(`row ${seq} (event ${id}) is missing`)
      else if (eventDigest(it.event) !== digest) complain(`row ${seq} (event ${id}, line ${it.line}) was changed`)
      else if (it.seq !== seq || it.previous !== hash || it.hash !== right) {
        complain(`row ${seq} (event ${id}, line ${it.line}) has another number or hash than it should`)
      }
      passed(seq, right)
      hash = right
    }
  }

  /** Whether the file comes as far as a signed head says, and says the same there. */
  function reaches(head: Head | undefined, what: string): void {
    if (head === undefined || head.seq <= at.seq) return
    complain(`rows ${at.seq + 1}–${head.seq} are missing at the end: ${what}`)
  }

  return {
    line(number: number, value: Readonly<Record<string, unknown>> | undefined): void {
      if (!headed) header(value)
      else if (value !== undefined && isRow(value)) waiting.push({ ...value, line: number } as unknown as Line)
      else if (value !== undefined && 'rows' in value) block(number, value)
      else complain(`line ${number} is neither a row nor a head`)
    },
    end(): Verified {
      if (!headed) complain('the file is empty')
      if (waiting.length > 0) {
        unsigned(waiting, at, waiting.at(-1)?.seq ?? 0)
        complain(`rows ${waiting[0]?.seq}–${waiting.at(-1)?.seq} are under no signed head`)
      }
      reaches(newest, 'the file itself says how far the chain came')
      reaches(kept.head, 'the head that was kept says how far the chain came')
      if (kept.head !== undefined && kept.head.seq >= from && kept.head.seq <= at.seq && kept.seen !== kept.head.hash) {
        complain(`row ${kept.head.seq} has another hash than the head that was kept: this is another chain`)
      }
      if (at.seq >= from && newest === undefined && tenant !== undefined) complain('line 1 names no newest head')
      return { tenant, rows, from, to: at.seq, problems }
    },
  }
}

function isRow(value: Readonly<Record<string, unknown>>): boolean {
  return Number.isSafeInteger(value.seq) && typeof value.event === 'object' && value.event !== null
}

function eventsIn(value: unknown): readonly EventDigest[] | undefined {
  const good = Array.isArray(value) && value.every((it) => Array.isArray(it) && it.every((x) => typeof x === 'string'))
  return good ? (value as unknown as EventDigest[]) : undefined
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}
