import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { hashSync } from 'bcrypt-ts'
import fc from 'fast-check'
import type { HashOutcome } from '#ports/passwords.ts'
import { createHashPool, type HashPool } from './hash-pool.ts'
import { createPasswordHasher } from './passwords.ts'

/** Cheap hashes, for tests that are about something else than cost. */
const quick = createPasswordHasher({ params: { memory: 64, passes: 1, parallelism: 1 } })
const real = createPasswordHasher()

async function hashed(outcome: Promise<HashOutcome>): Promise<string> {
  const result = await outcome
  assert.equal(result.kind, 'hashed')
  return result.kind === 'hashed' ? result.hash : ''
}

const right = { kind: 'checked', ok: true, rehash: false }
const outdated = { kind: 'checked', ok: true, rehash: true }
const wrong = { kind: 'checked', ok: false, rehash: false }

/** A pool that counts the jobs it ran. */
function countingPool(): HashPool & { jobs: number } {
  const pool = createHashPool()
  const counting = {
    jobs: 0,
    load: pool.load,
    run: <T>(job: () => Promise<T>) => {
      counting.jobs++
      return pool.run(job)
    },
  }
  return counting
}

test('S-38: a hash is Argon2id at the figures of the contract, names them, and has a salt of 128 bits of its own', async () => {
  const [first, second] = await Promise.all([hashed(real.hash('secret')), hashed(real.hash('secret'))])
  const parts = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$([^$]+)\$([^$]+)$/.exec(first)
  assert.equal(Buffer.from(parts?.[1] ?? '', 'base64').length, 16)
  assert.equal(Buffer.from(parts?.[2] ?? '', 'base64').length, 32)
  assert.notEqual(first, second)
  assert.deepEqual(await real.verify('secret', first), right)
  assert.deepEqual(await real.verify('Secret', first), wrong)
})

test('S-38: a hash of older parameters lets its owner in and asks to be replaced, a wrong password does not', async () => {
  const old = await hashed(quick.hash('secret'))
  assert.deepEqual(await real.verify('secret', old), outdated)
  assert.deepEqual(await real.verify('wrong', old), wrong)
  const replaced = await hashed(real.hash('secret'))
  assert.deepEqual(await real.verify('secret', replaced), right)
})

// From the test suites of the makers: Argon2's own, passlib's, Django's, Solar Designer's bcrypt, and RFC 7914.
const imported: readonly (readonly [string, string, string])[] = [
  ['argon2id', 'password', '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'],
  ['argon2i', 'password', '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA'],
  ['bcrypt 2a', 'U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
  ['bcrypt 2y', '', '$2y$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy'],
  [
    'scrypt',
    'password',
    '$scrypt$ln=10,r=8,p=16$TmFDbA$/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA',
  ],
  [
    'passlib PBKDF2-SHA-256',
    'password',
    '$pbkdf2-sha256$1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg.fJPeq1h/gXXY7acBp9/6c.tmQ',
  ],
  [
    'PHC PBKDF2-SHA-256',
    'password',
    '$pbkdf2-sha256$i=1212$4vjV83LKPjQzk31VI4E0Vw$hsYF68OiOUPdDZ1Fg+fJPeq1h/gXXY7acBp9/6c+tmQ',
  ],
  [
    'passlib PBKDF2-SHA-512',
    'password',
    '$pbkdf2-sha512$1212$RHY0Fr3IDMSVO/RSZyb5ow$eNLfBK.eVozomMr.1gYa17k9B7KIK25NOEshvhrSX.esqY3s.FvWZViXz4KoLlQI.BzY/YTNJOiKc5gBYFYGww',
  ],
  ['Django', 'lètmein', 'pbkdf2_sha256$180000$seasalt$gH56uAM9k5UGHuCzAYqLtJQ7AFgnXEZ4LMzt71ldHoc='],
  ['Django with SHA-1', 'not a password', 'pbkdf2_sha1$10000$wz5B6WkasRoF$atJmJ1o+XfJxKq1+Nu1f1i57Z5I='],
]

for (const [maker, password, stored] of imported) {
  test(`S-38: an imported ${maker} hash is accepted and asks to be replaced`, async () => {
    assert.equal(real.accepts(stored), true)
    assert.deepEqual(await real.verify(password, stored), outdated)
    assert.deepEqual(await real.verify(`${password}x`, stored), wrong)
  })
}

test('an imported argon2d hash is accepted', async () => {
  const { argon2Sync } = await import('node:crypto')
  const parameters = {
    message: 'pw',
    nonce: Buffer.from('somesalt'),
    parallelism: 2,
    tagLength: 24,
    memory: 64,
    passes: 3,
  }
  const tag = argon2Sync('argon2d', parameters).toString('base64')
  assert.deepEqual(await real.verify('pw', `$argon2d$v=19$m=64,t=3,p=2$c29tZXNhbHQ$${tag}`), outdated)
})

test('S-39: an imported bcrypt hash is checked as its maker did, up to byte 72; its successor takes the whole password', async () => {
  const password = 'x'.repeat(72)
  const stored = hashSync(password, 4).replace(/^\$2.\$/, '$2b$')
  assert.deepEqual(await real.verify(`${password}tail`, stored), outdated)
  const successor = await hashed(quick.hash(`${password}tail`))
  assert.deepEqual(await quick.verify(`${password}tail`, successor), right)
  assert.deepEqual(await quick.verify(password, successor), wrong)
})

test('bcrypt does not hold up the event loop', async () => {
  const stored = hashSync('secret', 10)
  await real.verify('warm up the worker', stored)
  let longest = 0
  let last = performance.now()
  const watch = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 1)
  const start = performance.now()
  assert.deepEqual(await real.verify('secret', stored), outdated)
  const took = performance.now() - start
  clearInterval(watch)
  assert.ok(longest < took * 0.7, `blocked for ${longest} of ${took} ms`)
})

test('S-39: passwords that differ only in byte 1,000 are different', async () => {
  const stored = await hashed(quick.hash('a'.repeat(1024)))
  assert.deepEqual(await quick.verify('a'.repeat(1024), stored), right)
  assert.deepEqual(await quick.verify(`${'a'.repeat(999)}b${'a'.repeat(24)}`, stored), wrong)
})

test('S-39: 1,025 bytes are refused without a hash call, 1,024 are not', async () => {
  const pool = countingPool()
  const hasher = createPasswordHasher({ pool, params: { memory: 64, passes: 1, parallelism: 1 } })
  const stored = await hashed(hasher.hash('é'.repeat(512)))
  const before = pool.jobs
  const refused = { kind: 'too-long', maxBytes: 1024 }
  for (const password of ['a'.repeat(1025), `${'é'.repeat(512)}a`, '😀'.repeat(257), 'a'.repeat(10_000_000)]) {
    assert.deepEqual(await hasher.hash(password), refused)
    assert.deepEqual(await hasher.verify(password, stored), refused)
    assert.deepEqual(await hasher.verifyDecoy(password), refused)
  }
  assert.equal(pool.jobs, before)
})

test('S-39: composed and decomposed forms of one text are one password', async () => {
  const composed = 'Zoë ﬁndet Åse'
  const stored = await hashed(quick.hash(composed))
  assert.deepEqual(await quick.verify(composed.normalize('NFD'), stored), right)
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 40 }), async (text) => {
      const hash = await hashed(quick.hash(text.normalize('NFD')))
      assert.deepEqual(await quick.verify(text.normalize('NFC'), hash), right)
    }),
    { numRuns: 100 },
  )
})

test('an imported hash of text that was not normalised is accepted as it came, and replaced', async () => {
  const decomposed = 'Zoë'.normalize('NFD')
  const stored = hashSync(decomposed, 4)
  assert.deepEqual(await real.verify(decomposed, stored), outdated)
  assert.deepEqual(await real.verify('Zoe', stored), wrong)
})

test('S-38: unlike passwords never share a hash', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 200 }), fc.string({ maxLength: 200 }), async (a, b) => {
      const result = await quick.verify(b, await hashed(quick.hash(a)))
      assert.equal(result.kind === 'checked' && result.ok, a.normalize('NFKC') === b.normalize('NFKC'))
    }),
    { numRuns: 200 },
  )
})

test('a stored text of unknown kind, without a tag, or of absurd cost is never right and never throws', async () => {
  const salt = 'c29tZXNhbHQ'
  const tag = 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  for (const stored of [
    '',
    'password',
    '$',
    '$argon2id$',
    `$argon2id$v=16$m=64,t=1,p=1$${salt}$${tag}`,
    `$argon2id$v=19$m=64,t=1,p=1$${salt}$`,
    `$argon2id$v=19$m=64,t=1,p=1$${salt}$AAAA`,
    `$argon2id$v=19$m=64,t=1,p=1$c2FsdA$${tag}`,
    `$argon2id$v=19$m=4194304,t=2,p=1$${salt}$${tag}`,
    `$argon2id$v=19$m=262144,t=16,p=1$${salt}$${tag}`,
    `$argon2id$v=19$m=64,t=1000000,p=1$${salt}$${tag}`,
    `$argon2id$v=19$m=64,t=1,p=999$${salt}$${tag}`,
    `$argon2id$v=19$m=7,t=1,p=1$${salt}$${tag}`,
    `$argon2id$v=19$m=0,t=0,p=0$${salt}$${tag}`,
    '$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    '$2a$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    '$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    '$2a$05$short',
    `$scrypt$ln=30,r=8,p=1$${salt}$${tag}`,
    `$scrypt$ln=18,r=32,p=1$${salt}$${tag}`,
    `$scrypt$ln=17,r=8,p=16$${salt}$${tag}`,
    `$scrypt$ln=10,r=8,p=1$${salt}$`,
    `$pbkdf2-sha256$999999999$${salt}$${tag}`,
    `$pbkdf2-sha256$0$${salt}$${tag}`,
    `$pbkdf2-md5$1000$${salt}$${tag}`,
    `$pbkdf2-sha256$1000$${salt}$`,
    `pbkdf2_sha256$99999999$salt$${tag}=`,
    `md5$${salt}$${tag}`,
  ]) {
    assert.equal(quick.accepts(stored), false, stored)
    for (const password of ['', 'password']) assert.deepEqual(await quick.verify(password, stored), wrong, stored)
  }
})

test('everything within the accepted bounds really computes', async () => {
  const salt = 'c29tZXNhbHQ'
  const tag = 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  for (const stored of [
    `$argon2id$v=19$m=262144,t=1,p=16$${salt}$${tag}`,
    `$argon2id$v=19$m=8,t=1,p=1$${salt}$${tag}`,
    `$scrypt$ln=18,r=8,p=1$${salt}$${tag}`,
    `$scrypt$ln=1,r=1,p=16$${salt}$${tag}`,
  ]) {
    assert.equal(real.accepts(stored), true, stored)
    assert.deepEqual(await real.verify('password', stored), wrong, stored)
  }
})

/** Median of the times an action takes, in milliseconds. */
function median(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 2)] as number
}

test('S-103: an unknown user costs the same hash, also where a password has two forms', async () => {
  const stored = await hashed(real.hash('secret'))
  for (const password of ['wrong', 'Zoë'.normalize('NFD')]) {
    const tries: string[] = []
    while (tries.length < 5) {
      const known: number[] = []
      const unknown: number[] = []
      for (let i = 0; i < 15; i++) {
        let start = performance.now()
        await real.verify(password, stored)
        known.push(performance.now() - start)
        start = performance.now()
        assert.deepEqual(await real.verifyDecoy(password), wrong)
        unknown.push(performance.now() - start)
      }
      const difference = Math.abs(median(known) - median(unknown))
      if (difference < Math.max(5, median(known) * 0.05)) break
      tries.push(`${difference} ms`)
    }
    assert.ok(tries.length < 5, tries.join(', '))
  }
})

test('S-159: a full pool turns passwords away without hashing them', async () => {
  const pool = createHashPool({ atOnce: 1, queue: 1 })
  const hasher = createPasswordHasher({ pool })
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => hasher.verifyDecoy('x')))
  const full = outcomes.filter((outcome) => outcome.kind === 'pool-full')
  assert.equal(full.length, 18)
  assert.deepEqual(full[0], { kind: 'pool-full', retryAfterSeconds: 2 })
  assert.deepEqual(await hasher.verifyDecoy('x'), wrong)
})

test('S-159: a thousand logins at once take no more memory than the pool may', async () => {
  const hasher = createPasswordHasher({ pool: createHashPool() })
  await Promise.all(Array.from({ length: availableParallelism() }, () => hasher.verifyDecoy('warm up')))
  const before = process.memoryUsage.rss()
  let highest = before
  const watch = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage.rss())
  }, 5)
  const password = 'x'.repeat(1024)
  const outcomes = await Promise.all(Array.from({ length: 1000 }, () => hasher.verifyDecoy(password)))
  clearInterval(watch)
  const mebibytes = (highest - before) / 2 ** 20
  assert.ok(mebibytes < availableParallelism() * 19 + 64, `${mebibytes} MiB`)
  assert.ok(outcomes.filter(({ kind }) => kind === 'checked').length <= availableParallelism() + 64)
  assert.ok(outcomes.some(({ kind }) => kind === 'checked'))
})
