import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compactVerify, createLocalJWKSet, type JSONWebKeySet } from 'jose'
import { createTenantKeys, keysCachedFor, publishedBeforeUse } from './keys.ts'
import { tenantId, world } from './testing/world.ts'

test('the first need of an algorithm makes one active and one next key, both published', async () => {
  const { keys } = await world()
  const snapshot = await keys.snapshot(tenantId, ['ES256', 'RS256'])
  assert.deepEqual(snapshot.keys.map((key) => `${key.alg} ${key.state}`).sort(), [
    'ES256 active',
    'ES256 next',
    'RS256 active',
    'RS256 next',
  ])
  assert.equal(snapshot.jwks.keys.length, 4)
})

test('several processes that need a first key at once end with the same one', async () => {
  const { store, keyring, clock } = await world()
  const processes = Array.from({ length: 5 }, () => createTenantKeys({ store, keyring, clock }))
  const snapshots = await Promise.all(processes.map((one) => one.snapshot(tenantId, ['ES256'])))
  assert.equal(new Set(snapshots.map((one) => one.active('ES256').kid)).size, 1)
  assert.equal((await store.list('signing_keys', tenantId)).length, 2)
})

test('the key set holds only public members (S-43)', async () => {
  const { keys } = await world()
  const { jwks } = await keys.snapshot(tenantId, ['RS256', 'ES256', 'EdDSA'])
  const names = new Set(jwks.keys.flatMap((key) => Object.keys(key)))
  assert.deepEqual([...names].sort(), ['alg', 'crv', 'e', 'kid', 'kty', 'n', 'use', 'x', 'y'])
})

test('a dump of the key table holds no private member', async () => {
  const { keys, store } = await world()
  const snapshot = await keys.snapshot(tenantId, ['ES256'])
  const dump = JSON.stringify(await store.list('signing_keys', tenantId))
  assert.ok(!dump.includes(String(snapshot.active('ES256').privateJwk.d)))
})

test('a next key is not used before it has been published for a day, unless it is forced', async () => {
  const { keys, clock, pass } = await world()
  const before = await keys.snapshot(tenantId, ['ES256'])
  const next = before.keys.find((key) => key.state === 'next')?.kid
  const refused = await keys.rotate(tenantId)
  assert.deepEqual(refused.rotated, [])
  assert.deepEqual(refused.tooYoung, [{ alg: 'ES256', readyAt: clock.now() + publishedBeforeUse }])
  pass(publishedBeforeUse)
  assert.equal((await keys.rotate(tenantId)).rotated.length, 1)
  assert.equal((await keys.snapshot(tenantId, ['ES256'])).active('ES256').kid, next)
  assert.equal((await keys.rotate(tenantId, { force: true })).rotated.length, 1)
})

test('a client with the old key set verifies tokens made after a rotation, and the new set verifies old tokens', async () => {
  const { keys, issue, pass } = await world()
  const old = await keys.snapshot(tenantId, ['ES256', 'RS256'])
  const first = (await issue()).answer.access_token
  pass(publishedBeforeUse)
  await keys.rotate(tenantId)
  const second = (await issue()).answer.access_token
  const now = await keys.snapshot(tenantId, ['ES256', 'RS256'])
  await compactVerify(second, createLocalJWKSet(old.jwks as unknown as JSONWebKeySet))
  await compactVerify(first, createLocalJWKSet(now.jwks as unknown as JSONWebKeySet))
})

test('a retired key leaves only after the last token it can have signed', async () => {
  const { keys, pass } = await world()
  await keys.snapshot(tenantId, ['ES256'])
  pass(publishedBeforeUse)
  const [turned] = (await keys.rotate(tenantId)).rotated
  const retired = turned?.retired ?? ''
  pass(86_400_000)
  assert.ok((await keys.snapshot(tenantId, ['ES256'])).byKid(retired))
  pass(2 * 3600_000)
  assert.equal((await keys.snapshot(tenantId, ['ES256'])).byKid(retired), undefined)
})

test('another process sees a rotation within five seconds, and two rotations at once are one', async () => {
  const { store, keyring, clock, pass } = await world()
  const here = createTenantKeys({ store, keyring, clock })
  const there = createTenantKeys({ store, keyring, clock })
  const before = (await there.snapshot(tenantId, ['ES256'])).active('ES256').kid
  await here.snapshot(tenantId, ['ES256'])
  pass(publishedBeforeUse)
  await there.snapshot(tenantId, ['ES256'])
  const both = await Promise.all([here.rotate(tenantId), there.rotate(tenantId)])
  assert.equal(both.flatMap((one) => one.rotated).length, 1)
  const third = createTenantKeys({ store, keyring, clock })
  const seen = (await third.snapshot(tenantId, ['ES256'])).active('ES256').kid
  assert.notEqual(seen, before)
  pass(keysCachedFor)
  assert.equal((await there.snapshot(tenantId, ['ES256'])).active('ES256').kid, seen)
})
