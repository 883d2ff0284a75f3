import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createKeyring } from '#crypto/keyring.ts'
import { systemRandom } from '#crypto/random.ts'
import type { Artifact } from '#model/artifact.ts'
import type { Authenticator } from '#model/authenticator.ts'
import { asId, type TenantId } from '#model/ids.ts'
import type { Message } from '#model/message.ts'
import { createTenantKeys } from '#oidc/keys.ts'
import type { Keyring } from '#ports/keyring.ts'
import { insert, put, row, type Store, type Write } from '#ports/store.ts'
import { openStore } from '#stores/open.ts'
import { type PostgresServer, postgresKinds, startPostgres } from '#test/support/postgres.ts'
import { auditKeys } from './audit/keys.ts'
import { reseal, resealDue } from './reseal.ts'
import { sealWebhookSecret, secretsOf } from './webhooks/secrets.ts'

const tenants = ['acme', 'demo'].map((id) => asId<TenantId>(id))
const [old, fresh] = [systemRandom.bytes(32), systemRandom.bytes(32)]
const oldRing = createKeyring([old])
const both = createKeyring([fresh, old])
const clock = { now: () => 1_800_000_000_000 }
const count = 130

const authenticatorContext = (tenant: TenantId, n: number) => ['authenticator', tenant, `u${n}`, `a${n}`]
const kinds: Readonly<Record<string, (tenant: TenantId, id: string) => readonly string[]>> = {
  Session: (tenant, id) => ['artifact', tenant, id],
  SignInFlow: (tenant, id) => ['flow', tenant, id],
  RefreshToken: (tenant, id) => ['refresh-successor', tenant, id],
  Journey: (tenant, id) => ['journey', tenant, id, 'challenge'],
  SomeKeys: (tenant) => ['SomeKeys', tenant],
}

/** One of everything that is sealed, and many authenticators. */
async function fill(store: Store, ring: Keyring) {
  const write = (writes: readonly Write[]) => store.change({}, () => ({ result: undefined, writes }))
  for (const tenant of tenants) {
    const rows = Array.from({ length: count }, (_, n) => ({
      ...{ tenant, id: `a${n}`, user: `u${n}`, factor: 'totp', state: 'confirmed', createdAt: 1 },
      sealed: ring.seal(`secret ${n}`, authenticatorContext(tenant, n)),
    }))
    await write(rows.map((it) => insert('authenticators', it as unknown as Authenticator)))
    const artifacts = Object.entries(kinds).map(([model, context]): Artifact => {
      const id = `${model}:1`
      return { tenant, id, model, payload: { deep: [{ sealed: ring.seal(model, context(tenant, id)) }] } }
    })
    await write(artifacts.map((it) => insert('artifacts', it)))
    const secret = sealWebhookSecret({ keyring: ring, clock }, tenant, 'w', 'a webhook secret')
    const webhook = { tenant, id: 'w', url: 'https://x.example', events: ['*'], enabled: true, createdAt: 1 }
    const message = {
      ...{ tenant, id: 'm', at: 1, channel: 'sms', purpose: 'login', state: 'queued', attempts: 0 },
      sealed: ring.seal('{}', ['message', tenant, 'm']),
    } as const
    await write([
      insert('tenants', { tenant, id: tenant, name: 'x', domains: [] } as never),
      insert('webhooks', { ...webhook, secrets: [secret] }),
      insert('messages', message as Message),
    ])
    await auditKeys({ store, keyring: ring, clock }, tenant)
    await createTenantKeys({ store, keyring: ring, clock }).snapshot(tenant, ['ES256'])
  }
}

/** Opens everything with a ring; throws when something does not open. */
async function openAll(store: Store, ring: Keyring) {
  for (const tenant of tenants) {
    for (let n = 0; n < count; n++) {
      const sealed = (await store.get('authenticators', tenant, `a${n}`))?.sealed ?? ''
      assert.equal(ring.openText(sealed, authenticatorContext(tenant, n)), `secret ${n}`)
    }
    for (const [model, context] of Object.entries(kinds)) {
      const found = await store.get('artifacts', tenant, `${model}:1`)
      assert.ok(found)
      const [{ sealed }] = (found.payload as { deep: [{ sealed: string }] }).deep
      assert.equal(ring.openText(sealed, context(tenant, `${model}:1`)), model)
    }
    const webhook = await store.get('webhooks', tenant, 'w')
    assert.deepEqual(webhook && secretsOf({ keyring: ring }, webhook, 2), ['a webhook secret'])
    await auditKeys({ store, keyring: ring, clock }, tenant)
    await createTenantKeys({ store, keyring: ring, clock }).snapshot(tenant, ['ES256'])
  }
}

let postgres: PostgresServer
before(async () => {
  const [kind] = postgresKinds()
  assert.ok(kind)
  postgres = await startPostgres(kind)
})
after(() => postgres.remove())

const places: Readonly<Record<string, () => Promise<string>>> = {
  SQLite: async () => 'sqlite::memory:',
  PostgreSQL: () => postgres.database('reseal'),
}

describe('sealing anew after a new master key', () => {
  for (const [name, url] of Object.entries(places)) {
    it(`S-37: seals all rows with the newest key, in pieces, after which the older key may go (${name})`, async (t) => {
      const store = await openStore(await url())
      t.after(() => store.close())
      await fill(store, oldRing)
      await assert.rejects(openAll(store, createKeyring([fresh])))
      const parts = { store, keyring: both, clock }
      assert.equal(await resealDue({ store, keyring: oldRing }), false)
      assert.equal(await resealDue(parts), true)
      // Each run is broken off after one slice, as by a process that stops; the next one goes on.
      let [runs, looked] = [0, 0]
      for (let state = await reseal(parts, { enough: () => true }); !state.done; runs++) {
        assert.ok(state.looked >= looked)
        looked = state.looked
        state = await reseal(parts, { enough: () => true })
        if (state.done) assert.deepEqual([state.left, state.resealed], [[], tenants.length * (count + 10)])
      }
      assert.ok(runs > 4)
      assert.equal(await resealDue(parts), false)
      await openAll(store, createKeyring([fresh]))
      const again = await reseal(parts, { afresh: true })
      assert.deepEqual([again.done, again.resealed, again.left], [true, 0, []])
    })
  }

  it('does not undo what a request changes meanwhile', async (t) => {
    const store = await openStore('sqlite::memory:')
    t.after(() => store.close())
    await fill(store, oldRing)
    const tenant = tenants[0] as TenantId
    const rename = (n: number) =>
      store.change({ it: row('authenticators', tenant, `a${n}`) }, ({ it }) => ({
        result: undefined,
        writes: it ? [put('authenticators', { ...it, name: `name ${n}` } as Authenticator)] : [],
      }))
    await Promise.all([reseal({ store, keyring: both, clock }), ...Array.from({ length: count }, (_, n) => rename(n))])
    await openAll(store, createKeyring([fresh]))
    for (let n = 0; n < count; n++) {
      assert.equal(((await store.get('authenticators', tenant, `a${n}`)) as { name?: string }).name, `name ${n}`)
    }
  })

  it('reports what cannot be sealed anew: keyed hashes, and rows no known context opens', async (t) => {
    const store = await openStore('sqlite::memory:')
    t.after(() => store.close())
    const tenant = tenants[0] as TenantId
    const saved = { tenant, id: 'a', user: 'u', factor: 'recovery_code', memory: { mac: oldRing.mac('x', ['y']) } }
    const counter = { tenant, id: `network:0:${oldRing.mac('x', ['y'])}`, feature: 'network', level: 0, count: 1 }
    const odd = { tenant, id: 'Odd:1', model: 'Odd', payload: { sealed: oldRing.seal('x', ['elsewhere']) } }
    await store.change({}, () => ({
      result: undefined,
      writes: [
        insert('tenants', { tenant, id: tenant, name: 'x', domains: [] } as never),
        insert('authenticators', saved as unknown as Authenticator),
        insert('risk_counters', { ...counter, feature: 'network', lastSeenAt: 0, expiresAt: 9_000 }),
        insert('artifacts', { ...odd, expiresAt: 5_000 }),
      ],
    }))
    const { left, done } = await reseal({ store, keyring: both, clock })
    assert.equal(done, true)
    assert.deepEqual(left, [
      { table: 'authenticators', what: 'hash', rows: 1, endsAt: undefined },
      { table: 'artifacts', what: 'sealed', rows: 1, endsAt: 5_000 },
      { table: 'risk_counters', what: 'risk', rows: 1, endsAt: 9_000 },
    ])
  })
})
