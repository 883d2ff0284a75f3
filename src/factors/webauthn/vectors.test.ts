import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SettingsService } from '@simplewebauthn/server'
import { convertCertBufferToPEM } from '@simplewebauthn/server/helpers'
import { examineAssertion } from './asserted.ts'
import { type Created, examineCreation } from './created.ts'
import type { Fault } from './fault.ts'
import type { CreateState, GetState } from './stored.ts'
import vectors from './vectors.json' with { type: 'json' }

type Vector = (typeof vectors.sets)[number]

const b64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64url')
const place = { rpId: 'example.org', origins: ['https://example.org'], verify: false }

const createState = (it: Vector, over: Partial<CreateState> = {}): CreateState => ({
  ...place,
  ceremony: 'create',
  challenge: b64(it.registration.challenge),
  handle: 'handle',
  attested: false,
  roots: [],
  ...over,
})
const answer = (it: Vector, response: Record<string, string>) => {
  const id = b64(it.registration.credentialId)
  return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response }
}
const created = (it: Vector) =>
  answer(it, {
    clientDataJSON: b64(it.registration.clientDataJSON),
    attestationObject: b64(it.registration.attestationObject),
  })
const getState = (it: Vector): GetState => ({
  ...place,
  ceremony: 'get',
  challenge: b64(it.authentication.challenge),
  allowed: [b64(it.registration.credentialId)],
})
const used = (it: Vector) =>
  answer(it, {
    clientDataJSON: b64(it.authentication.clientDataJSON),
    authenticatorData: b64(it.authentication.authenticatorData),
    signature: b64(it.authentication.signature),
  })

/** Sets this server refuses by its own rules, and why. */
const refusals: Readonly<Record<string, Fault>> = {
  // Our pages are framed by nobody.
  'none-es256-crossOrigin': 'framed',
  'none-es256-topOrigin': 'framed',
  // Not offered: browsers' keys do not have it, and the library cannot check it.
  'packed-ed448': 'algorithm',
}

test('there are the fifteen sets of the specification', () => {
  assert.equal(vectors.sets.length, 15)
  for (const name of Object.keys(refusals)) assert(vectors.sets.some((it) => it.name === name))
})

for (const it of vectors.sets) {
  test(`Web Authentication Level 3, test vectors: ${it.title}`, async () => {
    const made = await examineCreation(createState(it), created(it))
    const refusal = refusals[it.name]
    if (refusal !== undefined) return assert.deepEqual(made, { fault: refusal })
    assert('credential' in made, JSON.stringify(made))
    assert.equal(made.credential.id, b64(it.registration.credentialId))
    assert.equal(made.credential.aaguid.replaceAll('-', ''), it.registration.aaguid)
    const got = await examineAssertion(getState(it), made.credential, used(it))
    assert('counter' in got, JSON.stringify(got))
    assert.equal(got.id, made.credential.id)
    // Another key's signature is not this one's.
    const foreign = vectors.sets.find((one) => one.name !== it.name && refusals[one.name] === undefined) ?? it
    const { credential } = (await examineCreation(createState(foreign), created(foreign))) as Created
    const swapped = { ...made.credential, publicKey: credential.publicKey }
    assert.deepEqual(await examineAssertion(getState(it), swapped, used(it)), { fault: 'signature' })
  })
}

test('their attestations are believed where they lead to their root, and not where they lead to another or nowhere', async () => {
  const root = convertCertBufferToPEM(new Uint8Array(Buffer.from(vectors.attestationRoot, 'hex')))
  // The library brings the real root of this format and asks it first.
  SettingsService.setRootCertificates({ identifier: 'apple', certificates: [root] })
  const attested = vectors.sets.filter(
    (it) => /^(packed-(es|rs|ed)|apple|fido-u2f)/.test(it.name) && !(it.name in refusals),
  )
  assert.equal(attested.length, 7)
  for (const it of attested) {
    const made = await examineCreation(createState(it, { attested: true, roots: [root] }), created(it))
    assert('credential' in made && made.credential.attested, `${it.name} ${JSON.stringify(made)}`)
    for (const roots of [[], [strange]]) {
      const refused = await examineCreation(createState(it, { attested: true, roots }), created(it))
      assert.deepEqual(refused, { fault: 'attestation' }, it.name)
    }
  }
})

test('where attestation is required, no statement, one’s own and formats that are not judged are refused', async () => {
  const root = convertCertBufferToPEM(new Uint8Array(Buffer.from(vectors.attestationRoot, 'hex')))
  for (const name of ['none-es256', 'packed-self-es256', 'android-key-es256']) {
    const it = vectors.sets.find((one) => one.name === name) ?? assert.fail(name)
    const made = await examineCreation(createState(it, { attested: true, roots: [root] }), created(it))
    assert.deepEqual(made, { fault: 'attestation' }, name)
  }
})

test('the statement of an old security key is good for what was signed alone, and vouches for no model', async () => {
  const root = convertCertBufferToPEM(new Uint8Array(Buffer.from(vectors.attestationRoot, 'hex')))
  const it = vectors.sets.find((one) => one.name === 'fido-u2f-es256') ?? assert.fail()
  const trusting = { attested: true, roots: [root] }
  const { response, ...rest } = created(it)
  const object = Buffer.from(response.attestationObject ?? '', 'base64url')
  const judge = async (bytes: Uint8Array, over: Partial<CreateState> = {}) => {
    const proof = { ...rest, response: { ...response, attestationObject: Buffer.from(bytes).toString('base64url') } }
    return await examineCreation(createState(it, { ...trusting, ...over }), proof)
  }
  assert('credential' in (await judge(object)))
  // A bit of the statement's signature, of the key and of its certificate.
  for (const at of [object.indexOf('sig') + 20, object.length - 1, object.indexOf('x5c') + 40]) {
    const changed = Buffer.from(object)
    changed[at] = (changed[at] as number) ^ 1
    assert('fault' in (await judge(changed)), `byte ${at}`)
  }
  const aaguid = it.registration.aaguid.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, '$1-$2-$3-$4-$5')
  assert.deepEqual(await judge(object, { models: [aaguid] }), { fault: 'model' })
  assert('fault' in (await judge(object, { verify: true })))
})

test('where the statement of a platform’s chip names no maker that is registered, it is refused', async () => {
  const root = convertCertBufferToPEM(new Uint8Array(Buffer.from(vectors.attestationRoot, 'hex')))
  const it = vectors.sets.find((one) => one.name === 'tpm-es256') ?? assert.fail()
  SettingsService.setRootCertificates({ identifier: 'tpm', certificates: [root] })
  // The example of the specification names the maker 00000000.
  const made = await examineCreation(createState(it, { attested: true, roots: [root] }), created(it))
  assert.deepEqual(made, { fault: 'attestation' })
})

/** A root of somebody else. */
const strange = SettingsService.getRootCertificates({ identifier: 'android-safetynet' })[0] ?? ''
