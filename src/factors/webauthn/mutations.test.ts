import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Answer, createDevice, flag, type Told } from '#test/support/webauthn.ts'
import { type Asserted, examineAssertion } from './asserted.ts'
import { type Created, examineCreation } from './created.ts'
import type { Fault, Faulty } from './fault.ts'
import type { CreateState, Credential, GetState } from './stored.ts'

const challenge = Buffer.alloc(32, 1).toString('base64url')
const other = Buffer.alloc(32, 2).toString('base64url')
const place = { challenge, rpId: 'login.example.com', origins: ['https://login.example.com'], verify: true }
const createState: CreateState = { ...place, ceremony: 'create', handle: 'aGFuZGxl', attested: false, roots: [] }
const creation = { rp: { id: place.rpId }, user: { id: createState.handle }, challenge }

type Mutation = readonly [what: string, fault: Fault, told: Told]

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const client = (over: Readonly<Record<string, unknown>>, type: string) =>
  encode({ type, challenge, origin: 'https://login.example.com', crossOrigin: false, ...over })

/** What is refused alike in both ceremonies. */
const common = (type: string, at: number): readonly Mutation[] => [
  ['another type', 'type', { type: type === 'webauthn.get' ? 'webauthn.create' : 'webauthn.get' }],
  ['a type of another standard', 'type', { type: 'payment.get' }],
  ['another challenge', 'challenge', { challenge: other }],
  ['no challenge', 'challenge', { challenge: '' }],
  ['a challenge with padding', 'challenge', { challenge: `${challenge}=` }],
  ['another origin', 'origin', { origin: 'https://evil.example' }],
  ['an origin with a path', 'origin', { origin: 'https://login.example.com/' }],
  ['an origin with a port', 'origin', { origin: 'https://login.example.com:444' }],
  ['an origin in upper case', 'origin', { origin: 'https://LOGIN.example.com' }],
  ['an origin without TLS', 'origin', { origin: 'http://login.example.com' }],
  ['a sibling', 'origin', { origin: 'https://www.example.com' }],
  ['its parent', 'origin', { origin: 'https://example.com' }],
  ['a frame', 'framed', { crossOrigin: true }],
  ['a frame of somebody', 'framed', { crossOrigin: true, topOrigin: 'https://evil.example' }],
  ['somebody on top and no frame', 'framed', { topOrigin: 'https://login.example.com' }],
  ['a frame told as text', 'unreadable', { crossOrigin: 'true' }],
  ['another domain', 'site', { rpId: 'evil.example' }],
  ['the domain above', 'site', { rpId: 'example.com' }],
  ['nobody present', 'presence', { flags: at | flag.uv }],
  ['nobody verified', 'verification', { flags: at | flag.up }],
  ['backed up and not able to be', 'backup', { flags: at | flag.up | flag.uv | flag.bs }],
  ['bytes after the end', 'unreadable', { tail: new Uint8Array(1) }],
  ['extensions that are not there', 'unreadable', { flags: at | flag.up | flag.uv | flag.ed }],
  ['no client data', 'unreadable', { response: { clientDataJSON: undefined } }],
  ['client data that are no JSON', 'unreadable', { response: { clientDataJSON: 'AAAA' } }],
  ['client data without origin', 'unreadable', { response: { clientDataJSON: client({ origin: undefined }, type) } }],
  [
    'a challenge that is a list',
    'unreadable',
    { response: { clientDataJSON: client({ challenge: [challenge] }, type) } },
  ],
  ['client data that are a list', 'unreadable', { response: { clientDataJSON: encode([]) } }],
  ['base64 of the other kind', 'unreadable', { answer: { id: 'a+b/', rawId: 'a+b/' } }],
  ['two ids', 'unreadable', { answer: { rawId: other } }],
  ['no id', 'unreadable', { answer: { id: '', rawId: '' } }],
  ['an id of 1,024 bytes', 'unreadable', { answer: { id: 'A'.repeat(1_366), rawId: 'A'.repeat(1_366) } }],
  ['another kind of credential', 'unreadable', { answer: { type: 'password' } }],
  ['no response', 'unreadable', { answer: { response: undefined } }],
]

const shown = (it: Created | Asserted | Faulty) => ('fault' in it ? it.fault : 'good')

async function registered(device = createDevice()): Promise<{ device: typeof device; credential: Credential }> {
  const made = await examineCreation(createState, device.create(creation))
  assert('credential' in made, shown(made))
  return { device, credential: made.credential }
}

test('S-90: every algorithm that is offered works for both ceremonies', async () => {
  for (const algorithm of ['ES256', 'ES384', 'ES512', 'RS256', 'EdDSA'] as const) {
    for (const attestation of ['none', 'self'] as const) {
      const { device, credential } = await registered(createDevice({ algorithm, attestation }))
      const { state, request } = asking(credential)
      assert.equal(shown(await examineAssertion(state, credential, device.get(request))), 'good', algorithm)
    }
  }
})

const asking = (credential: Credential, over: Partial<GetState> = {}) => ({
  state: { ...place, ceremony: 'get', allowed: [credential.id], ...over } as GetState,
  request: { rpId: place.rpId, challenge, allowCredentials: [{ id: credential.id }] },
})

test('S-90: a new key with one thing changed is refused, and for that reason', async () => {
  const own: readonly Mutation[] = [
    ['no key in it', 'unreadable', { flags: flag.up | flag.uv }],
    ['another id outside than inside', 'credential', { answer: { id: other, rawId: other } }],
    ['no attestation object', 'unreadable', { response: { attestationObject: undefined } }],
    ['an attestation object that is no map', 'unreadable', { response: { attestationObject: 'gA' } }],
    ['an attestation object of endless length', 'unreadable', { response: { attestationObject: 'v_8' } }],
  ]
  const mutations = [...common('webauthn.create', flag.at), ...own]
  for (const [what, fault, told] of mutations) {
    assert.equal(shown(await examineCreation(createState, createDevice().create(creation, told))), fault, what)
  }
})

test('S-90: the use of a key with one thing changed is refused, and for that reason', async () => {
  const { device, credential } = await registered()
  const { state, request } = asking(credential)
  const own: readonly Mutation[] = [
    ['another owner', 'owner', { response: { userHandle: 'b3RoZXI' } }],
    ['an owner of 65 bytes', 'unreadable', { response: { userHandle: 'A'.repeat(87) } }],
    ['backed up now and not able to be at first', 'backup', { flags: flag.up | flag.uv | flag.be }],
    ['another key', 'credential', { answer: { id: other, rawId: other } }],
    ['no signature', 'unreadable', { response: { signature: undefined } }],
    ['an empty signature', 'unreadable', { response: { signature: '' } }],
    ['a signature of nothing', 'signature', { response: { signature: 'MAYCAQACAQA' } }],
    ['a signature that is none', 'signature', { response: { signature: 'AAAA' } }],
    ['no authenticator data', 'unreadable', { response: { authenticatorData: undefined } }],
    ['short authenticator data', 'unreadable', { response: { authenticatorData: 'AAAA' } }],
  ]
  for (const [what, fault, told] of [...common('webauthn.get', 0), ...own]) {
    assert.equal(shown(await examineAssertion(state, credential, device.get(request, told))), fault, what)
  }
  assert.equal(shown(await examineAssertion(state, credential, device.get(request))), 'good')
})

test('S-90: what was signed and changed afterwards is refused', async () => {
  // A signature without an envelope: of ECDSA's the library reads some spellings that mean the same two numbers.
  const { device, credential } = await registered(createDevice({ algorithm: 'EdDSA' }))
  const { state, request } = asking(credential)
  const proof = device.get(request)
  for (const name of ['authenticatorData', 'signature'] as const) {
    const bytes = Buffer.from(proof.response[name] ?? '', 'base64url')
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] as number) ^ 1
      const response = { ...proof.response, [name]: changed.toString('base64url') }
      assert.notEqual(shown(await examineAssertion(state, credential, { ...proof, response })), 'good', `${name} ${at}`)
    }
  }
  const spaced = Buffer.concat([Buffer.from(proof.response.clientDataJSON ?? '', 'base64url'), Buffer.from(' ')])
  const response = { ...proof.response, clientDataJSON: spaced.toString('base64url') }
  assert.equal(shown(await examineAssertion(state, credential, { ...proof, response })), 'signature')
})

test('S-90: whoever was not asked, or is of another domain, is refused although all else is right', async () => {
  const { device, credential } = await registered()
  const { request, state } = asking(credential)
  assert.equal(
    shown(await examineAssertion({ ...state, allowed: [other] }, credential, device.get(request))),
    'credential',
  )
  assert.equal(shown(await examineAssertion({ ...state, allowed: [] }, credential, device.get(request))), 'credential')
  const moved = { ...credential, rpId: 'example.com' }
  assert.equal(shown(await examineAssertion(state, moved, device.get(request))), 'site')
  const discovered = { ...state, allowed: undefined }
  const nameless = device.get(request, { response: { userHandle: undefined } })
  assert.equal(shown(await examineAssertion(discovered, credential, nameless)), 'owner')
  assert.equal(shown(await examineAssertion(discovered, credential, device.get(request))), 'good')
  assert.equal(shown(await examineAssertion(state, credential, nameless)), 'good')
})

test('S-93: keys of weak or strange algorithms, curves and sizes are refused', async () => {
  const keys: readonly (readonly [string, readonly (readonly [number, unknown])[]])[] = [
    [
      'ES256 on another curve',
      [
        [1, 2],
        [3, -7],
        [-1, 2],
        [-2, new Uint8Array(48)],
        [-3, new Uint8Array(48)],
      ],
    ],
    [
      'ES256 with short coordinates',
      [
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, new Uint8Array(31)],
        [-3, new Uint8Array(32)],
      ],
    ],
    [
      'ES256 without y',
      [
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, new Uint8Array(32)],
      ],
    ],
    [
      'ES256K',
      [
        [1, 2],
        [3, -47],
        [-1, 8],
        [-2, new Uint8Array(32)],
        [-3, new Uint8Array(32)],
      ],
    ],
    [
      'RS1',
      [
        [1, 3],
        [3, -65535],
        [-1, new Uint8Array(256)],
        [-2, new Uint8Array([1, 0, 1])],
      ],
    ],
    [
      'RS256 of 1024 bits',
      [
        [1, 3],
        [3, -257],
        [-1, new Uint8Array(128)],
        [-2, new Uint8Array([1, 0, 1])],
      ],
    ],
    [
      'RS256 of 65536 bits',
      [
        [1, 3],
        [3, -257],
        [-1, new Uint8Array(8_192)],
        [-2, new Uint8Array([1, 0, 1])],
      ],
    ],
    [
      'a secret key',
      [
        [1, 4],
        [3, 5],
        [-1, new Uint8Array(32)],
      ],
    ],
    [
      'no algorithm',
      [
        [1, 2],
        [-1, 1],
        [-2, new Uint8Array(32)],
        [-3, new Uint8Array(32)],
      ],
    ],
  ]
  for (const [what, key] of keys) {
    const proof = createDevice().create(creation, { cose: key })
    assert.equal(shown(await examineCreation(createState, proof)), 'algorithm', what)
  }
})

test('S-95: whatever comes instead of CBOR is refused in time and never throws', async () => {
  const deep = Buffer.concat([Buffer.alloc(9, 0x81), Buffer.from([0])])
  const deeper = Buffer.concat([Buffer.alloc(60_000, 0x81), Buffer.from([0])])
  const many = Buffer.from('9bffffffffffffffff', 'hex')
  const long = Buffer.from('5bffffffffffffffff', 'hex')
  const endless = Buffer.from('bf63666d74646e6f6e65ff', 'hex')
  const big = Buffer.concat([Buffer.from('5a00010001', 'hex'), Buffer.alloc(65_537)])
  const good: Answer = createDevice().create(creation)
  const trailing = Buffer.concat([Buffer.from(good.response.attestationObject ?? '', 'base64url'), Buffer.from([0])])
  const judge = async (bytes: Uint8Array) => {
    const response = { ...good.response, attestationObject: Buffer.from(bytes).toString('base64url') }
    return shown(await examineCreation(createState, { ...good, response }))
  }
  for (const bytes of [deep, deeper, many, long, endless, big, trailing]) assert.equal(await judge(bytes), 'unreadable')
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
      assert.equal(await judge(bytes), 'unreadable')
    }),
    { numRuns: 300, seed: 95 },
  )
  const whole = Buffer.from(good.response.attestationObject ?? '', 'base64url')
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] as number) ^ by
      // Nothing signs a statement that vouches for nothing: a changed key is another key. It must never throw.
      await judge(changed)
    }),
    { numRuns: 300, seed: 96 },
  )
})

test('a key that checks its user only now and then is told apart each time', async () => {
  const { device, credential } = await registered()
  const { state, request } = asking(credential, { verify: false })
  const seen = async (flags: number) => {
    const got = await examineAssertion(state, credential, device.get(request, { flags }))
    return 'fault' in got ? got.fault : got.userVerified
  }
  assert.deepEqual([await seen(flag.up), await seen(flag.up | flag.uv)], [false, true])
})
