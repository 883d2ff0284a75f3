import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { base32Decode } from '#crypto/base32.ts'
import { hotp, totpStep } from '#crypto/totp.ts'
import type { UserId } from '#model/ids.ts'
import type { Outcome } from '#model/outcome.ts'
import type { Tenant } from '#model/tenant.ts'
import {
  type Account,
  accept,
  alive,
  claim,
  type Device,
  enough,
  type Flow,
  goodCode,
  has,
  mayAdd,
  multiFactor,
  type Rule,
  type Saved,
  type Sent,
  usable,
} from '#test/support/walk-model.ts'
import { openWorld, otherThan, passwordOf, someWish, type World } from '#test/support/world.ts'
import type { Admitted } from './admit.ts'
import type { Answered } from './answer.ts'
import { nothingToIssue } from './issue.ts'

const verbs = ['login', 'enrol', 'ask', 'code', 'app', 'saved', 'clock', 'disable'] as const
interface Step {
  readonly verb: (typeof verbs)[number]
  /** Numbers that pick users, flows, codes and clients from what there is. */
  readonly a: number
  readonly b: number
  /** 0: from another client or another flow than the right one. */
  readonly stray: number
  /** 0: a wrong code, 1: an older one, else the right one. */
  readonly truth: number
}

const kinds = ['totp', 'sms', 'email', 'voice'] as const
const jumps = [0.5, 1, 1, 15, 15, 30, 30, 30, 31, 61, 120, 299, 301, 601, 901]

/** One walk: the engine on one side, what the test knows on the other. */
class Walk {
  readonly world: World
  readonly rule: Rule
  readonly accounts: readonly Account[]
  readonly flows: Flow[] = []
  readonly sent: Sent[] = []
  readonly marks = new Map<string, number>()
  readonly story: string[] = []
  granted = 0
  constructor(world: World, rule: Rule, accounts: readonly Account[]) {
    this.world = world
    this.rule = rule
    this.accounts = accounts
  }

  get now(): number {
    return this.world.clock.now()
  }

  claim(condition: boolean, what: string): void {
    claim(condition, this.story, what)
  }

  caller(client: string, b: number) {
    const application = client === 'web' ? this.world.web : this.world.spa
    return this.world.caller({ application, device: `device ${b % 2}` })
  }

  flow({ a }: Step): Flow | undefined {
    // Mostly the newest, so that walks get somewhere.
    const back = [0, 0, 0, 1, 1, 2, 3][a % 7] ?? 0
    return this.flows.at(-1 - back) ?? this.flows.at(-1)
  }

  clientOf(flow: Flow, { stray }: Step): string {
    return stray === 0 ? (flow.client === 'web' ? 'spa' : 'web') : flow.client
  }

  async take(step: Step): Promise<void> {
    await this[step.verb](step)
  }

  async login({ a, b, stray, truth }: Step): Promise<void> {
    const account = this.accounts[a % 2] as Account
    const client = b % 2 ? 'web' : 'spa'
    const caller = this.caller(client, b >> 1)
    const password = truth === 0 ? 'a wrong one' : passwordOf(account.name)
    const signed = await this.world.engine.signIn({ caller, login: `${account.name}@example.com`, password })
    this.story.push(`${account.name} signs in at ${client}: ${signed.no ?? 'proved'}`)
    this.claim(signed.no !== undefined || truth !== 0, 'a wrong password was taken')
    if (signed.yes === undefined) return
    const wish = { ...someWish, managesFactors: stray === 0 }
    const { user, proofs } = signed.yes
    const outcome = await this.world.engine.admit({ caller, user: user.id, proofs, wish, issue: nothingToIssue })
    this.story.push(`  and gets ${outcome.no ?? 'tokens'}`)
    const may = enough(account, [], stray === 0, this.rule, this.now, this.marks.get(account.name + caller.device))
    if (outcome.yes !== undefined) this.judgeGrant(outcome, may, [])
    else this.claim(!may || (await this.locked(user.id)), 'tokens were refused that were due')
    if (outcome.no !== 'more-proof') return
    this.claim(outcome.require.enrol === undefined || has(account).length === 0, 'enrolment was offered too early')
    this.flows.push({
      handle: outcome.ticket,
      account,
      client,
      managesFactors: stray === 0,
      startedAt: this.now,
      proofs: [],
      over: false,
      wrong: {},
    })
  }

  /** A locked factor lets no known device in without a question (S-47); how long it is locked is tested elsewhere. */
  async locked(user: UserId): Promise<boolean> {
    const by = { index: 'user', value: user } as const
    const all = await this.world.store.list('authenticators', this.world.tenant.id, { by })
    return all.some((it) => (it.waitUntil ?? 0) > this.now)
  }

  judgeGrant(outcome: Outcome<Admitted<undefined>>, may: boolean, proofs: Flow['proofs']): void {
    this.granted += 1
    this.claim(may, 'tokens were issued without the proofs they need')
    this.claim(outcome.yes?.granted.assurance.mfa === multiFactor(proofs), 'the tokens say something that is not so')
  }

  async enrol(step: Step): Promise<void> {
    const flow = this.flow(step)
    if (flow === undefined) return
    const kind = kinds[step.b % kinds.length] as string
    const target = kind === 'email' ? `${flow.account.name}@example.com` : `+1555555010${step.b % 4}`
    const client = this.clientOf(flow, step)
    const stored = await this.world.flowOf(flow.handle)
    const outcome = await this.world.engine.enrol({ caller: this.caller(client, step.b), flow: stored, kind, target })
    this.story.push(`${flow.account.name} enrols ${kind}: ${outcome.no ?? 'begun'}`)
    if (outcome.yes === undefined) return
    this.claim(alive(flow, this.now) && client === flow.client, 'a flow that was over could enrol')
    this.claim(mayAdd(flow), 'an enrolment began without the proof it needs')
    const { authenticator, challenge, show, recoveryCodes } = outcome.yes
    const device: Device = {
      id: authenticator.id,
      kind,
      secret: show?.secret === undefined ? undefined : base32Decode(show.secret),
      channel: kind === 'totp' ? `app:${authenticator.id}` : kind === 'email' ? 'mail' : `phone:${target}`,
      state: 'pending',
      startedBy: flow,
      startedAt: this.now,
      lastStep: -1,
    }
    flow.account.devices.push(device)
    for (const code of recoveryCodes ?? []) {
      flow.account.saved.push({ code, startedBy: flow, startedAt: this.now, state: 'pending' })
    }
    if (challenge !== undefined) await this.remember(challenge, flow, device, kind, true)
  }

  async remember(handle: string, flow: Flow, device: Device, kind: string, enrolment: boolean): Promise<void> {
    const older = this.sent.filter((it) => it.flow === flow && it.device === device && !it.enrolment && !enrolment)
    const failures = Math.max(0, ...older.map((it) => it.failures))
    for (const it of older) it.dead = true
    const code = await this.world.lastCode()
    this.sent.push({ handle, flow, device, kind, code, sentAt: this.now, enrolment, failures, dead: false })
  }

  async ask(step: Step): Promise<void> {
    const flow = this.flow(step)
    if (flow === undefined) return
    const client = this.clientOf(flow, step)
    const { ticket } = await this.world.flowOf(flow.handle)
    const wanted = step.b % 5 === 0 ? undefined : [kinds[step.b % kinds.length] as string]
    const outcome = await this.world.engine.challenge({ caller: this.caller(client, step.b), ticket, kinds: wanted })
    this.story.push(`${flow.account.name} is asked by ${wanted}: ${outcome.no ?? 'sent'}`)
    const { challenge, authenticator, factor } = outcome.yes ?? {}
    if (challenge === undefined || authenticator === undefined || factor === undefined) return
    this.claim(alive(flow, this.now) && client === flow.client, 'a flow that was over could ask')
    const device = flow.account.devices.find((it) => it.id === authenticator.id)
    if (device?.state !== 'confirmed') return assert.fail('asked a device that is not confirmed')
    await this.remember(challenge, flow, device, factor.kind, false)
  }

  /** Answers and holds the outcome against what the model thinks of the proof. */
  async answer(
    step: Step,
    flow: Flow,
    to: { readonly challenge: string } | { readonly kind: string },
    proof: string,
    legitimate: boolean,
    excused: boolean,
  ): Promise<Outcome<Answered<undefined>> & { readonly accepted: boolean }> {
    const client = this.clientOf(flow, step)
    const caller = this.caller(client, step.b)
    const outcome = await this.world.answer(await this.world.flowOf(flow.handle), to, proof, caller)
    const what = 'kind' in to ? to.kind : 'a sent code'
    this.story.push(
      `${flow.account.name} answers ${what}, ${legitimate ? 'rightly' : 'wrongly'}: ${outcome.no ?? 'ok'}`,
    )
    const accepted = outcome.yes !== undefined || outcome.no === 'more-proof'
    const open = alive(flow, this.now) && client === flow.client
    this.claim(!accepted || (legitimate && open), 'a proof was taken that proves nothing here')
    this.claim(!(legitimate && open && !excused && outcome.no === 'wrong-proof'), 'a right proof was called wrong')
    return { ...outcome, accepted }
  }

  /** After an accepted proof: were the tokens due, or the demand for more? */
  settle(step: Step, flow: Flow, outcome: Outcome<Answered<undefined>>): void {
    const device = this.caller(flow.client, step.b).device
    const key = flow.account.name + device
    const may = enough(flow.account, flow.proofs, flow.managesFactors, this.rule, this.now, this.marks.get(key))
    if (outcome.yes === undefined) {
      this.claim(!may, 'more was asked for than is needed')
      return
    }
    this.judgeGrant(outcome, may, flow.proofs)
    flow.over = true
    if (this.rule.mode === 'TIME_BASED') this.marks.set(key, this.now)
  }

  async code(step: Step): Promise<void> {
    const own = this.flow(step)
    if (own === undefined) return
    const recent = this.sent.slice(-6)
    const fitting = recent.filter((it) => it.flow === own)
    const among = step.b % 8 === 0 ? recent : fitting
    const sent = among.at(-1 - (step.b % Math.min(2, Math.max(1, among.length))))
    if (sent === undefined) return
    const stale = this.sent.at(step.a % this.sent.length)?.code ?? sent.code
    const proof = step.truth === 0 ? otherThan(sent.code) : step.truth === 1 ? stale : sent.code
    const legitimate = goodCode(sent, own, proof, this.now)
    const outcome = await this.answer(step, own, { challenge: sent.handle }, proof, legitimate, false)
    if (outcome.accepted) {
      sent.dead = true
      accept(own, sent.kind, sent.device.channel, this.now, sent.device)
      this.settle(step, own, outcome)
    } else if (['wrong-proof', 'challenge-of-other-flow', 'ticket-of-other-client'].includes(outcome.no ?? '')) {
      if (!sent.dead && !sent.flow.over && sent.failures < 5) sent.failures += 1
    }
  }

  async app(step: Step): Promise<void> {
    const flow = this.flow(step)
    if (flow === undefined) return
    const all = this.accounts.flatMap((it) => it.devices).filter((it) => it.secret !== undefined)
    const own = all.filter((it) => flow.account.devices.includes(it))
    const among = step.b % 8 === 0 || own.length === 0 ? all : own
    const device = among.at(-1 - (step.b % Math.min(2, Math.max(1, among.length))))
    if (device?.secret === undefined) return
    const current = totpStep(this.now)
    const at = current + ([-2, -1, 1, 0, 0, 0][step.truth] ?? 0)
    const proof = hotp(device.secret, at)
    const good = (it: Device) =>
      usable(it, flow, this.now) && (at === current || at === current - 1) && at > it.lastStep
    const legitimate = flow.account.devices.includes(device) && good(device)
    // An enrolment begun earlier may have given way to three newer ones, or be worn out by wrong codes.
    const excused = (flow.wrong.totp ?? 0) >= 5 || device.state === 'pending'
    const outcome = await this.answer(step, flow, { kind: 'totp' }, proof, legitimate, excused)
    if (outcome.accepted) {
      device.lastStep = at
      accept(flow, 'totp', device.channel, this.now, device)
      this.settle(step, flow, outcome)
    } else if (outcome.no === 'wrong-proof') flow.wrong.totp = (flow.wrong.totp ?? 0) + 1
  }

  async saved(step: Step): Promise<void> {
    const flow = this.flow(step)
    const all = this.accounts.flatMap((it) => it.saved)
    const own = flow?.account.saved ?? []
    const among = step.b % 8 === 0 || own.length === 0 ? all : own
    const saved: Saved | undefined = among.at(-1 - (step.truth % 3)) ?? among.at(-1)
    if (flow === undefined || saved === undefined) return
    const legitimate = own.includes(saved) && saved.state === 'good'
    const excused = (flow.wrong.recovery_code ?? 0) >= 5
    const outcome = await this.answer(step, flow, { kind: 'recovery_code' }, saved.code, legitimate, excused)
    if (!outcome.accepted) {
      if (outcome.no === 'wrong-proof') flow.wrong.recovery_code = (flow.wrong.recovery_code ?? 0) + 1
      return
    }
    saved.state = 'dead'
    const show = outcome.yes?.show ?? (outcome.no === 'more-proof' ? outcome.show : undefined)
    const next = show?.codes?.[0] ?? assert.fail('the code that replaces a used one was not shown')
    own.push({ code: next, startedAt: this.now, state: 'good' })
    accept(flow, 'recovery_code', 'paper', this.now)
    this.settle(step, flow, outcome)
  }

  async clock({ a }: Step): Promise<void> {
    const seconds = jumps[a % jumps.length] ?? 1
    this.story.push(`${seconds} s pass`)
    this.world.clock.advance(seconds)
  }

  /** An attacker has guessed a hundred times. */
  async disable({ a, b }: Step): Promise<void> {
    if (b % 4 !== 0) return
    const confirmed = this.accounts.flatMap((it) => it.devices).filter((it) => it.state === 'confirmed')
    const device = confirmed.at(a % Math.max(1, confirmed.length))
    if (device === undefined) return
    const stored = await this.world.authenticator(device.id)
    await this.world.put('authenticators', { ...stored, state: 'disabled', failures: 100 })
    device.state = 'disabled'
    this.story.push(`${device.kind} is disabled`)
  }
}

const step: fc.Arbitrary<Step> = fc.record({
  verb: fc.oneof(
    ...verbs.map((it) => ({
      arbitrary: fc.constant(it),
      weight: { login: 4, enrol: 4, ask: 5, code: 10, app: 7, saved: 3, clock: 3, disable: 1 }[it],
    })),
  ),
  a: fc.nat(1_000),
  b: fc.nat(1_000),
  stray: fc.nat(9),
  truth: fc.nat(5),
})
const rule: fc.Arbitrary<Rule> = fc.constantFrom<Rule>(
  { mode: 'none', seconds: 0 },
  { mode: 'none', seconds: 0 },
  { mode: 'OFF', seconds: 0 },
  { mode: 'ALWAYS', seconds: 0 },
  { mode: 'ALWAYS', seconds: 0, kinds: ['totp'] },
  { mode: 'ALWAYS', seconds: 0, kinds: ['sms', 'email'] },
  { mode: 'TIME_BASED', seconds: 120 },
)

const tenantOf = ({ mode, seconds, kinds: allowedFactors }: Rule): Partial<Tenant> =>
  mode === 'none' ? {} : { mfa: { mode, timeBasedSeconds: seconds, allowedFactors } }

/** What the first user has from the start. */
async function begin(world: World, first: readonly string[]): Promise<readonly Account[]> {
  const accounts: Account[] = []
  for (const name of ['ada', 'bob']) {
    const user = await world.addUser(name)
    const devices: Device[] = []
    for (const kind of name === 'ada' ? first : []) {
      const target = kind === 'email' ? 'ada@example.com' : '+15555550100'
      const it = await world.enrolAddress(user, kind, target)
      const channel = kind === 'email' ? 'mail' : `phone:${target}`
      devices.push({ id: it.id, kind, channel, state: 'confirmed', startedAt: world.clock.now(), lastStep: -1 })
    }
    accounts.push({ name, devices, saved: [] })
  }
  return accounts
}

test('S-54, S-55, S-56, S-61: on no walk are tokens issued without the proofs they need, and nothing throws', async () => {
  let steps = 0
  let granted = 0
  const walks = fc.asyncProperty(
    rule,
    fc.constantFrom([], [], ['sms'], ['email'], ['email', 'sms']),
    fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }),
    async (policy, first, taken) => {
      const world = await openWorld({ tenant: tenantOf(policy) })
      const walk = new Walk(world, policy, await begin(world, first))
      for (const it of taken) await walk.take(it)
      steps += taken.length
      granted += walk.granted
      await world.store.close()
    },
  )
  const seed = Number(process.env.WALK_SEED ?? 20_240_315)
  const numRuns = Number(process.env.WALKS ?? 200)
  await fc.assert(walks, { seed, numRuns })
  assert(steps >= numRuns * 20, `${steps} steps`)
  assert(granted >= numRuns, `the walks should get somewhere, but only ${granted} of them ended in tokens`)
})
