import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createKeyring } from '#crypto/keyring.ts'
import { seededRandom } from '#crypto/seeded-random.ts'
import type { Asked, CheckRequest, Enrolled, Factor, FactorTools, Verdict } from '#ports/factor.ts'

/** What the suite has to be told about a factor. */
export interface FactorSamples {
  /** An address for factors that need one, in canonical form. */
  readonly target?: string
  /** Questions for factors that ask some. */
  readonly questions?: readonly string[]
  /** What the owner sends: from what was shown at the enrolment, what was asked or dispatched, and the time. */
  readonly proof: (it: Enrolled & Partial<Pick<Asked, 'dispatch'>> & { readonly asked?: Asked }, now: number) => unknown
  /** A proof of the right shape that is not the right one. */
  readonly wrong: (right: unknown) => unknown
  /** Material of another product that it takes over, with the proof that then works; and material it refuses. */
  readonly adopts?: {
    readonly good: readonly { readonly material: Record<string, unknown>; readonly proof?: (now: number) => unknown }[]
    readonly bad: readonly Record<string, unknown>[]
  }
}

const keyring = createKeyring([Buffer.alloc(32, 9)])
const start = Date.UTC(2024, 2, 15, 12)
/** RFC 8176 and later registrations, and what this project adds. */
const amrValues = new Set(
  'face fpt geo hwk iris kba mca mfa otp pin pop pwd rba retina sc sms swk tel user vbm wia recovery'.split(' '),
)
const messageChannels = new Set(['sms', 'voice', 'email', 'push'])

function toolsFor(record: string, now = start): FactorTools {
  const context = ['challenge', 'demo', record]
  return {
    random: seededRandom(`${record} ${now}`),
    now,
    site: { rpId: 'login.example.com', origins: ['https://login.example.com'] },
    mac: {
      make: (code) => keyring.mac(code, context),
      matches: (code, stored) => keyring.macMatches(code, context, stored),
    },
  }
}

/** JSON, as a store keeps it; frozen, so that a factor that changes what it was given is caught. */
function stored<T>(value: T): T {
  return value === undefined ? value : deepFreeze(JSON.parse(JSON.stringify(value)) as T)
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const it of Object.values(value)) deepFreeze(it)
  return Object.freeze(value)
}

/** A user's authenticator, confirmed where that takes a challenge, with a new challenge open where the factor makes one. */
async function enrolled(factor: Factor, samples: FactorSamples, record: string, now = start) {
  const tools = toolsFor(record, now)
  const made = factor.enrol(
    { target: samples.target, issuer: 'Demo', account: 'ada@example.com', questions: samples.questions },
    tools,
  )
  const memory = stored(await confirmedMemory(factor, samples, made, tools))
  const asked = factor.ask?.({ secret: made.secret, memory }, tools)
  const right = samples.proof({ ...made, dispatch: asked?.dispatch ?? made.dispatch, asked }, now)
  const material = { secret: made.secret, memory, challenge: stored(asked?.challenge) }
  return { tools, made, asked, material, right }
}

/** What is remembered once the enrolment is confirmed. */
async function confirmedMemory(factor: Factor, samples: FactorSamples, made: Enrolled, tools: FactorTools) {
  if (made.challenge === undefined) return made.memory
  const material = { secret: made.secret, memory: stored(made.memory), challenge: stored(made.challenge) }
  const verdict = await checked(factor, { ...material, proof: samples.proof(made, tools.now) }, tools)
  return verdict.is === 'right' ? (verdict.memory ?? made.memory) : assert.fail('the enrolment was not confirmed')
}

async function checked(factor: Factor, request: Omit<CheckRequest, 'evidence'>, tools: FactorTools): Promise<Verdict> {
  const evidence = await factor.examine?.(request, tools)
  return factor.check({ ...request, evidence }, tools)
}

/** S-6: everything that is not a proof. */
const junk: readonly unknown[] = [
  ...Array.from({ length: 65 }, (_, length) => '1'.repeat(length)).filter((it) => it.length !== 6),
  'abcdef',
  '12345a',
  '１２３４５６',
  '12\n3456',
  '+12345',
  '1e5000',
  123_456,
  0,
  -1,
  Number.NaN,
  12n,
  true,
  null,
  [],
  ['123456'],
  {},
  { code: '123456' },
  { toString: () => '123456', length: 6 },
  Symbol('123456'),
  () => '123456',
]

/**
 * What every factor owes the engine. Call it beside the factor: it registers the tests. A new factor passes it before it
 * is listed.
 */
export function factorContract(factor: Factor, samples: FactorSamples): void {
  const { kind, traits } = factor
  describe(`the factor contract, kept by ${kind}`, () => {
    test('its traits agree with each other', () => {
      assert.match(kind, /^[a-z][a-z0-9_]*$/)
      assert.notEqual(kind, 'password', 'the password belongs to the user')
      for (const value of traits.amr) assert(amrValues.has(value), `${value} is no amr value`)
      assert(Number.isInteger(traits.rank))
      assert.equal(traits.proof === 'lookup', traits.assurance === 'lookup')
      if (traits.proof === 'lookup') assert(!traits.independent && factor.ask === undefined)
      if (traits.reach === 'phone') assert(['sms', 'voice'].includes(traits.channel))
      if (traits.reach === 'email') assert.equal(traits.channel, 'email')
      if (traits.channel === 'email') assert.equal(traits.assurance, 'none', 'S-73: e-mail is no factor class')
      if (traits.proof === 'knowledge') assert.equal(traits.assurance, 'none', 'answers are no factor class')
      assert.equal(traits.reach !== undefined, samples.target !== undefined, 'an address is needed, or not')
    })

    test('a message leaves exactly over message channels, with a code of at least six digits (S-1)', async () => {
      const { made, asked } = await enrolled(factor, samples, 'a')
      const sends = messageChannels.has(traits.channel) && traits.proof === 'code'
      assert.equal(asked?.dispatch !== undefined, sends)
      assert.equal(made.dispatch !== undefined, sends)
      if (sends) for (const it of [made, asked]) assert.match(it?.dispatch?.code ?? '', /^\d{6,8}$/)
    })

    test('the right proof is right', async () => {
      const { material, right, tools } = await enrolled(factor, samples, 'a')
      assert.equal((await checked(factor, { ...material, proof: right }, tools)).is, 'right')
    })

    test('what confirms an enrolment is right as well', async () => {
      const { made, tools } = await enrolled(factor, samples, 'a')
      const proof = samples.proof(made, start)
      const material = { secret: made.secret, memory: stored(made.memory), challenge: stored(made.challenge) }
      assert.equal((await checked(factor, { ...material, proof }, tools)).is, 'right')
    })

    test('a wrong proof is wrong', async () => {
      const { material, right, tools } = await enrolled(factor, samples, 'a')
      const verdict = await checked(factor, { ...material, proof: samples.wrong(right) }, tools)
      assert.deepEqual(verdict, { is: 'wrong' })
    })

    test('S-6: junk is never right and never throws', async () => {
      const { material, tools } = await enrolled(factor, samples, 'a')
      for (const proof of junk) {
        assert.notEqual((await checked(factor, { ...material, proof }, tools)).is, 'right', String(proof))
      }
      const anything = fc.oneof(fc.anything({ maxDepth: 1, maxKeys: 3 }), fc.string({ unit: 'binary' }), fc.string())
      await fc.assert(
        fc.asyncProperty(anything, async (proof) => {
          assert.notEqual((await checked(factor, { ...material, proof }, tools)).is, 'right')
        }),
        { numRuns: 100, seed: 6 },
      )
    })

    test('junk where its own memory, challenge or secret should be is never right and never throws', async () => {
      const { material, right, tools } = await enrolled(factor, samples, 'a')
      for (const broken of [
        { secret: undefined, memory: undefined, challenge: undefined },
        { secret: undefined, memory: {}, challenge: {} },
        { secret: new Uint8Array(), memory: { mac: 5 }, challenge: { mac: null } },
        { secret: new Uint8Array(20), memory: { mac: 'h1.x.y' }, challenge: { mac: '' } },
      ]) {
        const verdict = await checked(factor, { ...material, ...broken, proof: right }, tools)
        assert.notEqual(verdict.is, 'right')
      }
    })

    test('S-4: the proof of one record is wrong for another', async () => {
      const one = await enrolled(factor, samples, 'a')
      const two = await enrolled(factor, samples, 'b')
      assert.equal((await checked(factor, { ...two.material, proof: one.right }, two.tools)).is, 'wrong')
    })

    test('S-4, S-34: a keyed hash that was moved to another record proves nothing there', async () => {
      const { material, right } = await enrolled(factor, samples, 'a')
      if (!JSON.stringify([material.memory, material.challenge]).includes('h1.')) return
      assert.equal((await checked(factor, { ...material, proof: right }, toolsFor('b'))).is, 'wrong')
    })

    test('S-12, S-45: without a challenge to spend, a proof that was right is wrong once its memory is kept', async () => {
      if (factor.ask !== undefined) return
      const { material, right, tools } = await enrolled(factor, samples, 'a')
      const verdict = await checked(factor, { ...material, proof: right }, tools)
      assert(verdict.is === 'right')
      assert.notEqual(verdict.memory, undefined, 'what was used has to be remembered')
      const after = { ...material, memory: stored(verdict.memory), proof: right }
      for (const seconds of [0, 30, 60]) {
        const again = await checked(factor, after, toolsFor('a', start + seconds * 1_000))
        assert.deepEqual(again, { is: 'wrong' }, `${seconds} s later`)
      }
    })

    test('S-34: what it keeps in the clear holds no code', async () => {
      const { made, asked, material } = await enrolled(factor, samples, 'a')
      const kept = JSON.stringify([material.memory, material.challenge, made.challenge])
      const codes = [made.dispatch?.code, asked?.dispatch?.code, ...(made.show?.codes ?? []), made.show?.secret]
      for (const code of codes) if (code !== undefined) assert(!kept.includes(code))
    })

    test('what it adopts works as if it were its own, and unfit material is refused', async () => {
      if (samples.adopts === undefined) return assert.equal(factor.adopt, undefined)
      for (const { material, proof } of samples.adopts.good) {
        const tools = toolsFor('a')
        const taken = factor.adopt?.(material, tools) ?? assert.fail('refused')
        if (proof === undefined) continue
        const request = { secret: taken.secret, memory: stored(taken.memory), proof: proof(start) }
        assert.equal((await checked(factor, request, tools)).is, 'right')
      }
      for (const material of samples.adopts.bad) {
        assert.equal(factor.adopt?.(material, toolsFor('a')), undefined, JSON.stringify(material))
      }
    })
  })
}
