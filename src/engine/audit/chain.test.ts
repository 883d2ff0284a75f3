import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { eventDigest, linkHash } from '#crypto/audit-chain.ts'
import { createKeyring } from '#crypto/keyring.ts'
import { seededRandom } from '#crypto/seeded-random.ts'
import { asId, type TenantId } from '#model/ids.ts'
import { insert, type Store, upsert } from '#ports/store.ts'
import { openStore } from '#stores/open.ts'
import { systemAudit } from '../events.ts'
import { exportChain } from './export.ts'
import { chainRowId, chainState } from './head.ts'
import { auditKeys, publishedAuditKeys, rotateAuditKey } from './keys.ts'
import { linkAll } from './link.ts'
import { retain } from './retain.ts'
import { verifyExport } from './verify.ts'

const tenant = asId<TenantId>('demo')
const keyring = createKeyring([new Uint8Array(32).fill(7)])
const random = seededRandom('chain')

interface Row {
  seq: number
  previous: string
  hash: string
  event: { id: string; reason: string }
}

async function world(t: TestContext) {
  const store = await openStore('sqlite::memory:')
  t.after(() => store.close())
  let now = Date.UTC(2026, 10, 1)
  const clock = { now: () => now++ }
  const parts = { store, keyring, clock }
  const happen = async (count: number, reason = 'because') => {
    for (let n = 0; n < count; n++) {
      const event = systemAudit({ clock, random }, tenant, 'admin.change', { reason: `${reason} ${n}` })
      await store.change({}, () => ({ result: undefined, writes: [event] }))
    }
  }
  const lines = () => collect(store)
  return { store, parts, happen, lines, pass: (ms: number) => (now += ms) }
}

async function collect(store: Store): Promise<string[]> {
  const lines: string[] = []
  for await (const line of exportChain(store, tenant)) lines.push(line)
  return lines
}

/** Three blocks of four rows: header, 1–4, head, 5–8, head, 9–12, head. */
async function chained(t: TestContext) {
  const it = await world(t)
  for (let n = 0; n < 3; n++) {
    await it.happen(4)
    await linkAll(it.parts, tenant)
  }
  return { ...it, exported: await it.lines() }
}

/** The place of row `seq` among the lines. */
const at = (lines: readonly string[], seq: number) => lines.findIndex((line) => line.startsWith(`{"seq":${seq},`))
const rowAt = (lines: readonly string[], seq: number): Row => JSON.parse(lines[at(lines, seq)] as string)

describe('the chain of audit events (S-147)', () => {
  it('links events in their order, and an untouched export verifies with keys and head from elsewhere', async (t) => {
    const { exported, store, parts } = await chained(t)
    assert.equal(exported.length, 1 + 12 + 3)
    const keys = (await publishedAuditKeys(parts, tenant)).map((it) => it.publicJwk)
    const { head } = chainState(tenant, await store.get('artifacts', tenant, chainRowId))
    const done = await verifyExport(exported, { keys, head })
    assert.deepEqual(done, { tenant, rows: 12, from: 1, to: 12, problems: [] })
    assert.equal((await store.list('audit_queue', tenant)).length, 0)
  })

  it('names a row that was changed, also by who makes its hashes anew', async (t) => {
    const { exported } = await chained(t)
    const row = rowAt(exported, 6)
    const event = { ...row.event, reason: 'other' }
    const named = `row 6 (event ${row.event.id}, line ${at(exported, 6) + 1}) was changed`
    const flipped = exported.with(at(exported, 6), JSON.stringify({ ...row, event }))
    assert.deepEqual((await verifyExport(flipped)).problems, [named])
    const hash = linkHash(row.previous, 6, eventDigest(event))
    const anew = exported.with(at(exported, 6), JSON.stringify({ ...row, event, hash }))
    assert.deepEqual((await verifyExport(anew)).problems, [named])
    // The list of the block as well: its digest is signed.
    const head = at(exported, 8) + 1
    const listed = JSON.parse(exported[head] as string)
    listed.rows[1][1] = eventDigest(event)
    const all = await verifyExport(anew.with(head, JSON.stringify(listed)))
    assert.match(all.problems.join(), /^line 11: the list of rows 5–8 was changed/)
  })

  it('names a row that was dropped, wherever it stood', async (t) => {
    const { exported } = await chained(t)
    for (const seq of [1, 6, 8, 12]) {
      const { id } = rowAt(exported, seq).event
      const { problems } = await verifyExport(exported.toSpliced(at(exported, seq), 1))
      assert.deepEqual(problems, [`row ${seq} (event ${id}) is missing`])
    }
  })

  it('names rows that changed places', async (t) => {
    const { exported } = await chained(t)
    const [five, six] = [at(exported, 5), at(exported, 6)]
    const swapped = exported.with(five, exported[six] as string).with(six, exported[five] as string)
    const { problems } = await verifyExport(swapped)
    assert.equal(problems.length, 1)
    assert.match(problems[0] ?? '', /row 5 \(event .+\) stands after row 6/)
  })

  it('names a row that was inserted, and one that stands there twice', async (t) => {
    const { exported } = await chained(t)
    const row = rowAt(exported, 6)
    const strange = JSON.stringify({ ...row, event: { ...row.event, id: 'made-up' } })
    const inserted = await verifyExport(exported.toSpliced(at(exported, 6), 0, strange))
    assert.match(inserted.problems.join(), /^line 8: event made-up was inserted/)
    const twice = await verifyExport(exported.toSpliced(at(exported, 6), 0, JSON.stringify(row)))
    assert.match(twice.problems.join(), /row 6 .+ stands there twice/)
  })

  it('names rows cut off at the end, by the file’s own head and by one that was kept', async (t) => {
    const { exported, store } = await chained(t)
    const { head } = chainState(tenant, await store.get('artifacts', tenant, chainRowId))
    const cut = exported.slice(0, at(exported, 9))
    assert.match((await verifyExport(cut)).problems.join(), /rows 9–12 are missing at the end/)
    // Who cuts the tail may also write an older head into the first line: that one is signed as well.
    const older = JSON.parse(cut.at(-1) as string).head
    const forged = cut.with(0, JSON.stringify({ ...JSON.parse(cut[0] as string), head: older }))
    assert.deepEqual((await verifyExport(forged)).problems, [])
    assert.match((await verifyExport(forged, { head })).problems.join(), /rows 9–12 are missing at the end: the head/)
    assert.match((await verifyExport(exported.slice(0, -2), { head })).problems.join(), /9–11 are under no signed head/)
  })

  it('names a block that is missing whole, and a head that is missing alone', async (t) => {
    const { exported } = await chained(t)
    const whole = exported.toSpliced(at(exported, 5), 5)
    assert.match((await verifyExport(whole)).problems.join(), /rows 5–8 are missing, and so is their signed head/)
    const alone = exported.toSpliced(at(exported, 8) + 1, 1)
    assert.deepEqual((await verifyExport(alone)).problems, ['the signed head of rows 5–8 is missing'])
  })

  it('believes no head another key has signed', async (t) => {
    const { exported } = await chained(t)
    const other = await chained(t)
    const keys = (await publishedAuditKeys(other.parts, tenant)).map((it) => it.publicJwk)
    assert.match((await verifyExport(exported, { keys })).problems.join(), /not signed by the key/)
    assert.match(
      (await verifyExport(['{"format":"else"}'])).problems.join(),
      /does not say that this is an audit export/,
    )
    assert.deepEqual((await verifyExport([])).problems, ['the file is empty'])
  })

  it('tells what was changed in the database, before and after an event was linked', async (t) => {
    const { store, happen, parts, lines } = await chained(t)
    const events = await store.list('events', tenant)
    await store.change({}, () => ({
      result: undefined,
      writes: [upsert('events', { ...events[2], reason: 'x' } as never)],
    }))
    assert.match((await verifyExport(await lines())).problems.join(), /^row 3 .+ was changed$/)
    await happen(1)
    const [late] = await store.list('events', tenant, { descending: true, limit: 1 })
    await store.change({}, () => ({ result: undefined, writes: [upsert('events', { ...late, reason: 'x' } as never)] }))
    await linkAll(parts, tenant)
    assert.match((await verifyExport(await lines())).problems.join(), /row 13 .+ was changed$/)
  })

  it('links each event once however many linkers there are, and whatever another key signs meanwhile', async (t) => {
    const { store, parts, happen, lines } = await world(t)
    await happen(700)
    await Promise.all([linkAll(parts, tenant), linkAll(parts, tenant), linkAll(parts, tenant)])
    await linkAll(parts, tenant)
    const before = (await auditKeys(parts, tenant)).signing.kid
    assert.notEqual(await rotateAuditKey(parts, tenant), before)
    await happen(3)
    await linkAll(parts, tenant)
    const done = await verifyExport(await lines())
    assert.deepEqual(done.problems, [])
    assert.equal(done.rows, 703)
    assert.equal((await store.list('audit_queue', tenant)).length, 0)
  })

  it('S-146: signs with a new key only together with the audit row that tells of it', async (t) => {
    const { parts } = await chained(t)
    const before = (await auditKeys(parts, tenant)).signing.kid
    const fails = () => {
      throw new Error('cannot be written')
    }
    await assert.rejects(rotateAuditKey(parts, tenant, fails), /cannot be written/)
    assert.equal((await auditKeys(parts, tenant)).signing.kid, before)
  })

  it('takes old rows away and goes on from a signed checkpoint', async (t) => {
    const { exported, parts, store, pass, happen, lines } = await chained(t)
    pass(86_400_000)
    const before = parts.clock.now()
    await happen(2, 'late')
    await linkAll(parts, tenant)
    assert.equal(await retain(parts, tenant, before), 12)
    assert.equal((await store.list('events', tenant)).length, 2)
    const rest = await lines()
    assert.deepEqual(await verifyExport(rest), { tenant, rows: 2, from: 13, to: 14, problems: [] })
    const header = JSON.parse(rest[0] as string)
    const without = rest.with(0, JSON.stringify({ ...header, checkpoint: undefined }))
    assert.match((await verifyExport(without)).problems.join(), /rows 1–12 are missing/)
    // A head is no checkpoint: rows cannot be cut off at any place that was ever signed.
    const { head } = JSON.parse(exported[5] as string)
    const forged = rest.with(0, JSON.stringify({ ...header, checkpoint: head }))
    assert.match((await verifyExport(forged)).problems.join(), /checkpoint .+ is not signed/)
  })

  it('takes in events from before there was a chain', async (t) => {
    const { store, parts, lines } = await world(t)
    const event = { tenant, id: 'old', at: 1, type: 'admin.change', outcome: 'success', actor: 'system' } as const
    const queue = { tenant, id: 'old', events: [['old'] as const] }
    await store.change({}, () => ({
      result: undefined,
      writes: [upsert('events', event), insert('audit_queue', queue)],
    }))
    await linkAll(parts, tenant)
    assert.deepEqual(await verifyExport(await lines()), { tenant, rows: 1, from: 1, to: 1, problems: [] })
  })
})
