import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPasswordHasher } from '#crypto/passwords.ts'
import { seededRandom } from '#crypto/seeded-random.ts'
import type { PasswordHasher } from '#ports/passwords.ts'
import { openWorld, passwordOf, type World } from '#test/support/world.ts'
import { signIn } from './sign-in.ts'

const attempt = (world: World, login: string, password = 'wrong') =>
  world.engine.signIn({ caller: world.caller(), login, password })

test('the right password proves the user, by e-mail address or user name in any case', async () => {
  const world = await openWorld()
  const ada = await world.addUser('ada', { username: 'Ada_L' })
  for (const login of ['ada@example.com', 'ADA@EXAMPLE.COM', ' ada@example.com ', 'ada_l', 'ADA_L']) {
    const outcome = await attempt(world, login, passwordOf('ada'))
    assert.equal(outcome.yes?.user.id, ada.id, login)
    assert.deepEqual(outcome.yes?.proofs, [{ factor: 'password', channel: 'password', at: world.clock.now() }])
  }
})

test('S-102: unknown user, wrong password and a user without password are one answer', async () => {
  const world = await openWorld()
  await world.addUser('ada')
  await world.addUser('sam', { passwordHash: undefined })
  await world.addUser('blocked', { blocked: true })
  const answers = [
    await attempt(world, 'ada@example.com'),
    await attempt(world, 'nobody@example.com'),
    await attempt(world, 'nobody'),
    await attempt(world, ''),
    await attempt(world, 'sam@example.com'),
    await attempt(world, 'blocked@example.com'),
    await attempt(world, 'ada@example.com', 'x'.repeat(2_000)),
    await attempt(world, '\0\uD800@example.com'),
  ]
  for (const answer of answers) assert.deepEqual(answer, { no: 'wrong-password' })
})

test('S-103: an unknown user costs the same hash as a known one', async () => {
  const world = await openWorld()
  await world.addUser('ada')
  const asked: string[] = []
  const inner = world.parts.passwords
  const passwords: PasswordHasher = {
    ...inner,
    verify: (password, stored) => {
      asked.push('verify')
      return inner.verify(password, stored)
    },
    verifyDecoy: (password) => {
      asked.push('decoy')
      return inner.verifyDecoy(password)
    },
  }
  for (const login of ['ada@example.com', 'nobody@example.com']) {
    await signIn({ ...world.parts, passwords }, { caller: world.caller(), login, password: 'wrong' })
  }
  assert.deepEqual(asked, ['verify', 'decoy'])
})

test('S-18, S-106: wrong passwords climb the ladder, and a made-up name climbs the very same', async () => {
  const world = await openWorld()
  await world.addUser('ada')
  const ladders: unknown[] = []
  for (const login of ['ada@example.com', 'nobody@example.com']) {
    const seen: unknown[] = []
    for (let i = 0; i < 25; i++) {
      const outcome = await attempt(world, login)
      seen.push(outcome)
      if (outcome.no === 'too-many-attempts') world.clock.advance(outcome.retryAfter)
    }
    ladders.push(seen)
  }
  assert.deepEqual(ladders[0], ladders[1])
  const waits = (ladders[0] as { retryAfter?: number }[]).flatMap((it) => it.retryAfter ?? [])
  assert.deepEqual(waits, [30, 60, 120, 240, 480, 960, 1_920, 3_600])
})

test('S-18: all names of one user climb one ladder', async () => {
  const world = await openWorld()
  await world.addUser('ada', { username: 'ada_l', phoneNumber: '+15555550101', phoneVerified: true })
  const names = ['ada@example.com', 'ada_l', '+15555550101']
  const seen: unknown[] = []
  for (let i = 0; i < 11; i++) {
    const request = { caller: world.caller(), login: names[i % 3] as string, password: 'wrong', byPhone: true }
    seen.push((await world.engine.signIn(request)).no)
  }
  assert.deepEqual(seen, [...Array(10).fill('wrong-password'), 'too-many-attempts'])
})

test('S-22: while a name waits the right password gets the same answer as a wrong one, and works afterwards', async () => {
  const world = await openWorld()
  await world.addUser('ada')
  for (let i = 0; i < 10; i++) await attempt(world, 'ada@example.com')
  const wrong = await attempt(world, 'ada@example.com')
  const right = await attempt(world, 'ada@example.com', passwordOf('ada'))
  assert.deepEqual(right, { no: 'too-many-attempts', of: 'password', retryAfter: 30 })
  assert.deepEqual(wrong, right)
  world.clock.advance(30)
  assert.equal((await attempt(world, 'ada@example.com', passwordOf('ada'))).no, undefined)
})

test('S-18: a right password clears the count of wrong ones', async () => {
  const world = await openWorld()
  await world.addUser('ada')
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 9; i++) assert.equal((await attempt(world, 'ada@example.com')).no, 'wrong-password')
    assert.equal((await attempt(world, 'ada@example.com', passwordOf('ada'))).no, undefined)
  }
})

test('S-20: 200 wrong passwords at once cause at most ten comparisons', async () => {
  const world = await openWorld()
  await world.addUser('ada')
  let compared = 0
  const inner = world.parts.passwords
  const passwords: PasswordHasher = {
    ...inner,
    verify: (password, stored) => {
      compared += 1
      return inner.verify(password, stored)
    },
  }
  const request = { caller: world.caller(), login: 'ada@example.com', password: 'wrong' }
  const outcomes = await Promise.all(Array.from({ length: 200 }, () => signIn({ ...world.parts, passwords }, request)))
  assert.equal(compared, 10)
  assert.equal(outcomes.filter((it) => it.no === 'too-many-attempts').length, 190)
})

test('S-18: parallel right passwords of one user do not lock each other out', async () => {
  const world = await openWorld()
  await world.addUser('ada')
  const outcomes = await Promise.all(
    Array.from({ length: 30 }, () => attempt(world, 'ada@example.com', passwordOf('ada'))),
  )
  assert.deepEqual(new Set(outcomes.map((it) => it.no)), new Set([undefined]))
})

test('S-38: a hash made with other parameters lets its owner in and is replaced by one of today', async () => {
  const world = await openWorld()
  const old = createPasswordHasher({ params: { memory: 16, passes: 2, parallelism: 1 }, random: seededRandom('old') })
  const hashed = await old.hash(passwordOf('ada'))
  assert(hashed.kind === 'hashed')
  const ada = await world.addUser('ada', { passwordHash: hashed.hash })
  await attempt(world, 'ada@example.com')
  assert.equal((await world.user(ada.id)).passwordHash, hashed.hash, 'a wrong password replaces nothing')
  assert.equal((await attempt(world, 'ada@example.com', passwordOf('ada'))).no, undefined)
  const fresh = (await world.user(ada.id)).passwordHash ?? ''
  assert.match(fresh, /^\$argon2id\$v=19\$m=8,t=1,p=1\$/)
  assert.equal((await attempt(world, 'ada@example.com', passwordOf('ada'))).no, undefined)
  assert.equal((await world.user(ada.id)).passwordHash, fresh)
})

test('S-159: with the hash pool full the caller is told to come back, and no attempt is counted', async () => {
  const world = await openWorld()
  await world.addUser('ada')
  const full = async () => ({ kind: 'pool-full', retryAfterSeconds: 2 }) as const
  const passwords: PasswordHasher = { ...world.parts.passwords, verify: full, verifyDecoy: full }
  const request = { caller: world.caller(), login: 'ada@example.com', password: 'wrong' }
  for (let i = 0; i < 20; i++) {
    assert.deepEqual(await signIn({ ...world.parts, passwords }, request), { no: 'busy', retryAfter: 2 })
  }
  assert.equal((await attempt(world, 'ada@example.com')).no, 'wrong-password')
})

test('a blocked user learns of it only with the right password, and gets no tokens', async () => {
  const world = await openWorld()
  await world.addUser('ada', { blocked: true })
  assert.equal((await attempt(world, 'ada@example.com')).no, 'wrong-password')
  assert.equal((await attempt(world, 'ada@example.com', passwordOf('ada'))).no, 'blocked-user')
})
