import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Authenticator } from '#model/authenticator.ts'
import type { Proof } from '#model/proof.ts'
import type { KeyRule } from '#model/tenant.ts'
import type { User } from '#model/user.ts'
import { createDevice, createMaker, type Device, flag, type Told } from '#test/support/webauthn.ts'
import { openWorld, refusalOf, type World, type WorldOptions } from '#test/support/world.ts'
import { setPassword } from './accounts/set-password.ts'
import { assure } from './assurance.ts'
import { systemAudit } from './events.ts'
import { nothingToIssue } from './issue.ts'
import type { Caller } from './parts.ts'
import { askPasskey, signInWithPasskey } from './passkey.ts'
import { answerPasswordless, startPasswordless } from './passwordless.ts'

const base = 'https://login.example.com'
const kinds = ['password', 'totp', 'sms', 'webauthn', 'recovery_code']
const open = (tenant: WorldOptions['tenant'] = {}) => openWorld({ tenant: { factors: kinds, ...tenant } })

const rule = (over: Partial<KeyRule>): KeyRule => ({
  origins: [],
  attestation: 'none',
  roots: [],
  userVerification: 'preferred',
  ...over,
})

const options = (show: Readonly<Record<string, unknown>> | undefined) => show?.publicKey

/** Begins to register a key, by a token; the device's answer is the test's. */
async function beginKey(world: World, user: User) {
  const flow = world.tokenFlow(user, await provedNow(world, user))
  const begun = await world.engine.enrol({ caller: world.caller({ base }), flow, kind: 'webauthn' })
  const { show, challenge, authenticator } = begun.yes ?? assert.fail(refusalOf(begun))
  return { flow, publicKey: show?.publicKey, challenge: challenge ?? assert.fail(), authenticator }
}

/** A user who has a key already proves one in the same session. */
async function provedNow(world: World, user: User): Promise<readonly Proof[]> {
  const own = (await world.authenticators(user)).filter((it) => it.state === 'confirmed')
  const at = world.clock.now()
  const first = { factor: 'password', channel: 'password', at }
  return [first, ...own.map((it) => ({ factor: it.factor, channel: `authenticator:${it.id}`, at }))]
}

async function addKey(world: World, user: User, device: Device, told?: Told): Promise<Authenticator> {
  const { flow, publicKey, challenge, authenticator } = await beginKey(world, user)
  const done = await world.answer(flow, { challenge }, device.create(publicKey, told), world.caller({ base }))
  assert.equal(done.no, undefined, refusalOf(done))
  return await world.authenticator(authenticator.id)
}

/** A login by password, up to the question for a key. */
async function asked(world: World, name: string, over: Partial<Caller> = {}) {
  const caller = world.caller({ base, ...over })
  const flow = await world.ticket(name, { caller })
  const challenged = await world.engine.challenge({ caller, ticket: flow.ticket, kinds: ['webauthn'] })
  const { challenge, show } = challenged.yes ?? assert.fail(refusalOf(challenged))
  const to = { challenge: challenge ?? assert.fail() }
  return { flow, to, publicKey: options(show), answer: (proof: unknown) => world.answer(flow, to, proof, caller) }
}

async function passkey(world: World, device: Device, told?: Told, caller = world.caller({ base })) {
  const begun = await askPasskey(world.parts, caller)
  const { challenge, show } = begun.yes ?? assert.fail(refusalOf(begun))
  const proof = device.get(options(show), told)
  return { caller, challenge, proof, sign: () => signInWithPasskey(world.parts, { caller, challenge, proof }) }
}

test('a key is registered, and asked for beside the password; its proof is phishing-resistant', async () => {
  const world = await open()
  const ada = await world.addUser('ada')
  const device = createDevice()
  const key = await addKey(world, ada, device)
  assert.equal(key.state, 'confirmed')
  const login = await asked(world, 'ada')
  const done = await login.answer(device.get(login.publicKey))
  const { assurance } = done.yes?.granted ?? assert.fail(refusalOf(done))
  assert.deepEqual(assurance.amr, ['pwd', 'pop', 'user', 'swk', 'mfa'])
  assert.equal(assurance.acr, 'phr')
})

test('any of the user’s keys may answer one question, and only they', async () => {
  const world = await open()
  const ada = await world.addUser('ada')
  const [one, two, strange] = [createDevice(), createDevice(), createDevice()]
  const first = await addKey(world, ada, one)
  world.clock.advance(60)
  const second = await addKey(world, ada, two)
  for (const [device, key] of [
    [one, first],
    [two, second],
  ] as const) {
    const login = await asked(world, 'ada')
    const done = await login.answer(device.get(login.publicKey))
    assert.equal(done.yes?.granted.proofs.at(-1)?.authenticator, key.id)
  }
  const bob = await world.addUser('bob')
  await addKey(world, bob, strange)
  const login = await asked(world, 'ada')
  const foreign = strange.get({ ...(login.publicKey as object), allowCredentials: [] })
  assert.equal((await login.answer(foreign)).no, 'wrong-proof')
})

test('AC-48: an assertion is good once, for 5 minutes, in the session it was made for', async () => {
  const world = await open()
  const ada = await world.addUser('ada')
  const device = createDevice()
  await addKey(world, ada, device)
  const used = await asked(world, 'ada')
  const proof = device.get(used.publicKey)
  assert.equal((await used.answer(proof)).no, undefined)
  assert.equal((await used.answer(proof)).no, 'ticket-unknown', 'at once')

  const late = await asked(world, 'ada')
  const old = device.get(late.publicKey)
  world.clock.advance(360)
  assert.equal((await late.answer(old)).no, 'challenge-expired', 'after 6 minutes')

  const [mine, other] = [await asked(world, 'ada'), await asked(world, 'ada')]
  const made = device.get(mine.publicKey)
  assert.equal((await other.answer(made)).no, 'wrong-proof', 'in another session, by its own challenge')
  const crossed = await world.answer(other.flow, mine.to, made, world.caller({ base }))
  assert.equal(crossed.no, 'challenge-of-other-flow', 'in another session, by this challenge')
})

test('AC-48: what was answered at one node is refused at another, and of two at the same time one is believed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'two-nodes-'))
  const url = `sqlite:${join(folder, 'shared.db')}`
  const tenant = { factors: kinds }
  const here = await openWorld({ url, tenant })
  const there = await openWorld({ url, tenant, clock: here.clock, seed: 'another node' })
  const ada = await here.addUser('ada')
  const device = createDevice({ counts: false })
  await addKey(here, ada, device)

  const login = await asked(here, 'ada')
  const proof = device.get(login.publicKey)
  const elsewhere = async () =>
    there.answer(await there.flowOf(login.flow.handle ?? assert.fail()), login.to, proof, there.caller({ base }))
  assert.equal((await login.answer(proof)).no, undefined)
  assert.equal((await elsewhere()).no, 'ticket-unknown')

  const first = await passkey(here, device)
  const { challenge, proof: answer } = first
  const signThere = () => signInWithPasskey(there.parts, { caller: there.caller({ base }), challenge, proof: answer })
  assert.equal((await first.sign()).no, undefined)
  assert.equal((await signThere()).no, 'wrong-proof')
  for (let round = 0; round < 10; round++) {
    const next = await passkey(here, device)
    const sent = { challenge: next.challenge, proof: next.proof }
    const both = await Promise.all([
      next.sign(),
      signInWithPasskey(there.parts, { caller: there.caller({ base }), ...sent }),
    ])
    assert.deepEqual(both.map((it) => it.no ?? 'signed in').sort(), ['signed in', 'wrong-proof'])
  }
  await here.store.close()
  await there.store.close()
  await rm(folder, { recursive: true })
})

test('AC-48: a registration is used up too: its answer adds one key and no second one', async () => {
  const world = await open()
  const ada = await world.addUser('ada')
  const { flow, publicKey, challenge } = await beginKey(world, ada)
  const proof = createDevice().create(publicKey)
  const caller = world.caller({ base })
  assert.equal((await world.answer(flow, { challenge }, proof, caller)).no, undefined)
  assert.equal((await world.answer(flow, { challenge }, proof, caller)).no, 'wrong-proof')
  const keys = (await world.authenticators(ada)).filter((it) => it.factor === 'webauthn' && it.state === 'confirmed')
  assert.equal(keys.length, 1)
})

test('AC-49: 7→7, 7→6 and 7→0 are refused and suspend the key, 0→0 is not', async () => {
  for (const [before, sent] of [
    [7, 7],
    [7, 6],
    [7, 0],
    [0, 0],
  ] as const) {
    const world = await open()
    const ada = await world.addUser('ada')
    const device = createDevice({ counts: false })
    const key = await addKey(world, ada, device)
    await world.put('authenticators', { ...key, memory: { ...key.memory, counter: before } })
    const login = await asked(world, 'ada')
    const done = await login.answer(device.get(login.publicKey, { counter: sent }))
    const after = await world.authenticator(key.id)
    const fine = before === 0
    assert.equal(done.no, fine ? undefined : 'wrong-proof', `${before}→${sent}`)
    assert.equal(after.state, fine ? 'confirmed' : 'disabled', `${before}→${sent}`)
    const reasons = (await world.events('proof.checked')).map((it) => it.reason)
    assert.equal(reasons.includes('copied'), !fine)
    if (!fine) assert.equal((await world.events('factor.disabled')).length, 1)
  }
})

test('AC-49: one counter twice at the same time is one success', async () => {
  const world = await open()
  const ada = await world.addUser('ada')
  const device = createDevice()
  await addKey(world, ada, device)
  const logins = await Promise.all([asked(world, 'ada'), asked(world, 'ada')])
  const proofs = logins.map((it) => device.get(it.publicKey, { counter: 9 }))
  const done = await Promise.all(logins.map((it, at) => it.answer(proofs[at])))
  assert.deepEqual(done.map((it) => it.no ?? 'granted').sort(), ['granted', 'wrong-proof'])
})

test('AC-50: made for a look-alike origin, a sibling, a framed page or another domain, it is refused', async () => {
  const world = await open()
  const ada = await world.addUser('ada')
  const device = createDevice()
  await addKey(world, ada, device)
  const tales: readonly Told[] = [
    { origin: 'https://login.example.com.evil.example' },
    { origin: 'https://1ogin.example.com' },
    { origin: 'https://other.example.com' },
    { origin: 'http://login.example.com' },
    { origin: 'https://login.example.com:8443' },
    { crossOrigin: true },
    { crossOrigin: true, topOrigin: 'https://evil.example' },
    { topOrigin: 'https://evil.example' },
    { rpId: 'example.com' },
    { rpId: 'evil.example' },
  ]
  for (const told of tales) {
    const login = await asked(world, 'ada')
    assert.equal((await login.answer(device.get(login.publicKey, told))).no, 'wrong-proof', JSON.stringify(told))
    // The tenth wrong one begins a wait (S-18).
    world.clock.advance(60)
    const first = await passkey(world, device, told)
    assert.equal((await first.sign()).no, 'wrong-proof', `passkey: ${JSON.stringify(told)}`)
    const fresh = await beginKey(world, ada)
    const made = createDevice().create(fresh.publicKey, told)
    const done = await world.answer(fresh.flow, { challenge: fresh.challenge }, made, world.caller({ base }))
    assert.equal(done.no, 'wrong-proof', `registering: ${JSON.stringify(told)}`)
  }
})

test('AC-51: another user’s key proves nothing, and is registered for nobody else', async () => {
  const world = await open()
  const [ada, bob] = [await world.addUser('ada'), await world.addUser('bob')]
  const [hers, his] = [createDevice(), createDevice()]
  const key = await addKey(world, ada, hers)
  await addKey(world, bob, his)
  const login = await asked(world, 'ada')
  const ids = { allowCredentials: [] }
  assert.equal((await login.answer(his.get({ ...(login.publicKey as object), ...ids }))).no, 'wrong-proof')
  // Under the name of her key, signed by his.
  const { id, rawId } = hers.get(login.publicKey)
  const disguised = { ...his.get({ ...(login.publicKey as object), ...ids }), id, rawId }
  assert.equal((await login.answer(disguised)).no, 'wrong-proof')

  const { flow, publicKey, challenge, authenticator } = await beginKey(world, bob)
  const again = hers.create(publicKey, { credentialId: id })
  const done = await world.answer(flow, { challenge }, again, world.caller({ base }))
  assert.equal(done.no, 'wrong-proof')
  assert.equal((await world.authenticator(authenticator.id)).state, 'pending')
  assert.equal((await world.authenticator(key.id)).user, ada.id)
})

test('AC-51: two users register one key at the same time: it is the first one’s', async () => {
  const world = await open()
  const users = [await world.addUser('ada'), await world.addUser('bob')]
  const begun = await Promise.all(users.map((it) => beginKey(world, it)))
  const device = createDevice()
  const first = device.create(begun[0]?.publicKey)
  const second = device.create(begun[1]?.publicKey, { credentialId: first.id })
  const caller = world.caller({ base })
  const done = await Promise.all(
    begun.map(({ flow, challenge }, at) => world.answer(flow, { challenge }, at === 0 ? first : second, caller)),
  )
  assert.deepEqual(done.map((it) => it.no ?? 'granted').sort(), ['granted', 'wrong-proof'])
})

test('AC-52: where verification is asked for, a key that only saw somebody is refused, whatever the page said', async () => {
  const world = await open({ keys: rule({ userVerification: 'required' }) })
  const ada = await world.addUser('ada')
  const device = createDevice()
  const begun = await beginKey(world, ada)
  assert.deepEqual((begun.publicKey as { authenticatorSelection: object }).authenticatorSelection, {
    residentKey: 'preferred',
    requireResidentKey: false,
    userVerification: 'required',
  })
  const unverified = { flags: flag.up | flag.at }
  const caller = world.caller({ base })
  const refused = await world.answer(begun.flow, begun, device.create(begun.publicKey, unverified), caller)
  assert.equal(refused.no, 'wrong-proof')
  await addKey(world, ada, device)
  const login = await asked(world, 'ada')
  assert.equal((await login.answer(device.get(login.publicKey, { flags: flag.up }))).no, 'wrong-proof')
  assert.equal((await login.answer(device.get(login.publicKey))).no, undefined)
})

test('AC-52: where attestation is required, none, one’s own and a stranger’s are refused; a trusted maker’s is hardware', async () => {
  const [maker, stranger] = [await createMaker(), await createMaker('Stranger')]
  const world = await open({ keys: rule({ attestation: 'required', roots: [maker.root] }) })
  const ada = await world.addUser('ada')
  for (const attestation of ['none', 'self', stranger] as const) {
    const { flow, publicKey, challenge } = await beginKey(world, ada)
    const made = createDevice({ attestation }).create(publicKey)
    const done = await world.answer(flow, { challenge }, made, world.caller({ base }))
    assert.equal(done.no, 'wrong-proof', typeof attestation === 'string' ? attestation : 'stranger')
  }
  const device = createDevice({ attestation: maker })
  await addKey(world, ada, device)
  const login = await asked(world, 'ada')
  const done = await login.answer(device.get(login.publicKey))
  const { assurance } = done.yes?.granted ?? assert.fail(refusalOf(done))
  assert.deepEqual([assurance.acr, assurance.amr], ['phrh', ['pwd', 'pop', 'user', 'hwk', 'mfa']])
})

test('S-93: a model that is not on the list is refused', async () => {
  const models = ['08987058-cadc-4b81-b6e1-30de50dcbe96']
  const world = await open({ keys: rule({ models }) })
  const ada = await world.addUser('ada')
  const { flow, publicKey, challenge } = await beginKey(world, ada)
  const caller = world.caller({ base })
  assert.equal((await world.answer(flow, { challenge }, createDevice().create(publicKey), caller)).no, 'wrong-proof')
  await addKey(world, ada, createDevice({ aaguid: '08987058cadc4b81b6e130de50dcbe96' }))
})

test('a passkey signs in by itself: nobody is named, two factors are proved, and no second one is asked for', async () => {
  const world = await open({ mfa: { mode: 'ALWAYS' } })
  const ada = await world.addUser('ada')
  const device = createDevice()
  await addKey(world, ada, device)
  const first = await passkey(world, device)
  const signed = await first.sign()
  const { user, proofs } = signed.yes ?? assert.fail(refusalOf(signed))
  assert.equal(user.id, ada.id)
  const wish = { dialect: 'test', grantType: 'x', scope: [], managesFactors: true }
  const admitted = await world.engine.admit({
    caller: first.caller,
    user: user.id,
    proofs,
    wish,
    issue: nothingToIssue,
  })
  const { assurance } = admitted.yes?.granted ?? assert.fail(refusalOf(admitted))
  assert.deepEqual([assurance.acr, assurance.amr, assurance.mfa], ['phr', ['pop', 'user', 'swk', 'mfa'], true])
  assert.notEqual((await world.user(ada.id)).lastMfaAt, undefined)
})

test('AC-48, AC-52: a passkey’s answer is good once, for 5 minutes, for its client, and only with its user verified', async () => {
  const world = await open()
  const ada = await world.addUser('ada')
  const device = createDevice()
  await addKey(world, ada, device)
  const first = await passkey(world, device)
  assert.equal((await first.sign()).no, undefined)
  assert.equal((await first.sign()).no, 'wrong-proof')
  const late = await passkey(world, device)
  world.clock.advance(301)
  assert.equal((await late.sign()).no, 'challenge-expired')
  const unverified = await passkey(world, device, { flags: flag.up })
  assert.equal((await unverified.sign()).no, 'wrong-proof')
  const { challenge, proof } = await passkey(world, device)
  const spa = world.caller({ base, application: world.spa })
  const crossed = await signInWithPasskey(world.parts, { caller: spa, challenge, proof })
  assert.equal(crossed.no, 'challenge-of-other-flow')
})

test('AC-14: a key from before the owner of the address came is a second factor and opens nothing by itself', async () => {
  for (const way of ['reset', 'code'] as const) {
    const world = await open()
    const ada = await world.addUser('ada', { emailVerified: false })
    const theirs = createDevice()
    await addKey(world, ada, theirs)
    assert.equal((await (await passkey(world, theirs)).sign()).no, undefined, 'nobody else has shown up yet')
    world.clock.advance(60)
    if (way === 'reset') {
      const event = systemAudit(world.parts, world.tenant.id, 'password.changed', { user: ada.id })
      const it = { tenant: world.tenant, user: ada.id, hash: ada.passwordHash ?? '', provesEmail: true, event }
      await setPassword(world.parts, it)
    } else {
      const it = { caller: world.caller(), channel: 'email', to: ada.email } as const
      assert.equal((await startPasswordless(world.parts, it)).no, undefined)
      const wish = { dialect: 'test', grantType: 'code', scope: [] }
      await answerPasswordless(world.parts, { ...it, code: await world.lastCode(), wish, issue: nothingToIssue })
    }
    assert.equal((await (await passkey(world, theirs)).sign()).no, 'wrong-proof', way)
    if (way === 'reset') {
      const login = await asked(world, 'ada')
      assert.equal((await login.answer(theirs.get(login.publicKey))).no, undefined, 'beside the password it counts')
    }
    world.clock.advance(60)
    const own = createDevice()
    await addKey(world, ada, own)
    assert.equal((await (await passkey(world, own)).sign()).no, undefined, 'the owner’s own key')
  }
})

test('a passkey has to name its owner, and name the right one', async () => {
  const world = await open()
  const [ada, bob] = [await world.addUser('ada'), await world.addUser('bob')]
  const [hers, his] = [createDevice(), createDevice()]
  await addKey(world, ada, hers)
  const other = await addKey(world, bob, his)
  const handle = String(other.memory?.handle)
  for (const userHandle of [undefined, null, handle]) {
    const first = await passkey(world, hers, { response: { userHandle } })
    assert.equal((await first.sign()).no, 'wrong-proof', String(userHandle))
  }
})

test('AC-49: a passkey that counts backwards is suspended at the front door too, and nobody gets in with it', async () => {
  const world = await open()
  const ada = await world.addUser('ada')
  const device = createDevice()
  const key = await addKey(world, ada, device)
  assert.equal((await (await passkey(world, device, { counter: 5 })).sign()).no, undefined)
  assert.equal((await (await passkey(world, device, { counter: 5 })).sign()).no, 'wrong-proof')
  assert.equal((await world.authenticator(key.id)).state, 'disabled')
  assert.equal((await (await passkey(world, device, { counter: 6 })).sign()).no, 'wrong-proof')
})

test('S-96: options are the same for everybody, and a stranger’s passkey is refused like a wrong one', async () => {
  const world = await open()
  const ada = await world.addUser('ada')
  await addKey(world, ada, createDevice())
  const shapes = await Promise.all([1, 2].map(() => askPasskey(world.parts, world.caller({ base }))))
  const [one, two] = shapes.map((it) => options(it.yes?.show) as Record<string, unknown>)
  assert.deepEqual({ ...one, challenge: '' }, { ...two, challenge: '' })
  assert.deepEqual(one?.allowCredentials, [])
  const stranger = createDevice()
  stranger.create({ rp: { id: 'login.example.com' }, user: { id: 'AAAA' }, challenge: 'AAAA' })
  assert.equal((await (await passkey(world, stranger)).sign()).no, 'wrong-proof')
})

test('where the caller stands at no address of ours, keys are neither enrolled nor asked', async () => {
  const world = await open()
  const ada = await world.addUser('ada')
  await addKey(world, ada, createDevice())
  const nowhere = world.caller()
  const flow = world.tokenFlow(ada)
  assert.equal((await world.engine.enrol({ caller: nowhere, flow, kind: 'webauthn' })).no, 'factor-off')
  const { ticket } = await world.ticket('ada')
  assert.equal((await world.engine.challenge({ caller: nowhere, ticket })).no, 'not-enrolled-with')
  assert.equal((await askPasskey(world.parts, nowhere)).no, 'factor-off')
})

test('S-94: the handle of a user differs between tenants', async () => {
  const handles = await Promise.all(
    ['one', 'two'].map(async (seed) => {
      const world = await openWorld({ seed, tenant: { factors: kinds } })
      return (await addKey(world, await world.addUser('ada'), createDevice())).memory?.handle
    }),
  )
  assert.notEqual(handles[0], handles[1])
})

test('assurance.md §2, every row about keys', async () => {
  const world = await open()
  const { factors } = world.parts
  const key = (over: Partial<Proof>): Proof => ({ factor: 'webauthn', channel: 'authenticator:k', at: 2_000, ...over })
  const pwd: Proof = { factor: 'password', channel: 'password', at: 1_000 }
  const unverified = { amr: ['pop', 'user'] }
  const hardware = { amr: ['hwk', 'user'], hardware: true }
  const synced = { amr: ['pop', 'user', 'swk'], userVerified: true }
  const bound = { amr: ['pop', 'user', 'hwk'], userVerified: true, hardware: true }
  const rows = [
    [[pwd, key(unverified)], 'phr', ['pwd', 'pop', 'user', 'mfa'], 1],
    [[pwd, key(hardware)], 'phrh', ['pwd', 'hwk', 'user', 'mfa'], 1],
    [[key(unverified)], 'urn:polyfactor:acr:aal1', ['pop', 'user'], 2],
    [[key(hardware)], 'urn:polyfactor:acr:aal1', ['hwk', 'user'], 2],
    [[key(synced)], 'phr', ['pop', 'user', 'swk', 'mfa'], 2],
    [[key(bound)], 'phrh', ['pop', 'user', 'hwk', 'mfa'], 2],
    [[pwd, key(bound)], 'phrh', ['pwd', 'pop', 'user', 'hwk', 'mfa'], 2],
  ] as const
  for (const [proofs, acr, amr, authTime] of rows) {
    assert.deepEqual(assure(proofs, factors), { acr, amr, authTime, mfa: acr.startsWith('phr') })
  }
})
