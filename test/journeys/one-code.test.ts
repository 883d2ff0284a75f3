import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type MockTracker, test } from 'node:test'
import type { Store } from '#ports/store.ts'
import { openBrowser } from '../support/browser.ts'
import { type CidaasWorld, callback, openCidaasWorld } from '../support/cidaas.ts'
import { openPreviewWorld, type PreviewWorld } from '../support/entra-preview.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { waysOf } from '../support/one-code.ts'
import type { App } from '../support/world.ts'

/**
 * One code of an authenticator app, sent in all dialects at the same instant. Two servers share one database file, as two
 * nodes do, so that nothing one of them remembers can be what decides: one speaks Auth0's and cidaas' dialects, the other
 * Entra's and the hosted pages'. Entra's continuation is that of the preview generation, whose `ext_totp` is its only method
 * for an authenticator app; the generation before it has no words for one and sends people to the pages.
 */

/** A multiple of the dialects, so that each of them is the first as often as any other. */
const rounds = 8
const who = 'ada'

let folder: string
let one: CidaasWorld
let two: PreviewWorld
let app: App

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'one-code-'))
  const shared = {
    url: `sqlite:${join(folder, 'shared.db')}`,
    clock: createFakeClock(),
    tenant: { mfa: { mode: 'ALWAYS' }, nativePreview: 'sdk', factors: ['password', 'totp'] },
  } as const
  // Each draws its ids from a seed of its own, or the two would give the same.
  two = await openPreviewWorld({ ...shared, seed: 'two' })
  one = await openCidaasWorld({ ...shared, seed: 'one' })
  await one.setApplication('spa', { redirectUris: [callback], grantTypes: ['authorization_code', 'refresh_token'] })
  app = await one.enrolApp(await one.addUser(who))
})
after(async () => {
  await one.store.close()
  await two.store.close()
  await rm(folder, { recursive: true })
})

const ways = waysOf(who, {
  token: (body) => one.browser().xhr('POST', '/oauth/token', body),
  continuation: () => two,
  track: () => one,
  pages: () => openBrowser(two),
})

/** How many codes the audit calls right, and how many wrong. */
async function judged(): Promise<readonly [right: number, wrong: number]> {
  const all = (await one.events('proof.checked')).filter((it) => it.factor === 'totp')
  const right = all.filter((it) => it.outcome === 'success').length
  return [right, all.length - right]
}

/** Whose request is being worked on. */
const asking = new AsyncLocalStorage<string>()

/**
 * Holds requests back where their code is about to be judged, until each of those named is there; then lets them go in the
 * order in which they were named. Left to themselves the dialect with the shortest way to the engine would win every time.
 */
function gate(mock: MockTracker): (names: readonly string[]) => void {
  let order: readonly string[] = []
  const waiting = new Map<string, () => void>()
  const pass = async () => {
    const name = asking.getStore()
    if (name === undefined || !order.includes(name)) return
    const released = new Promise<void>((resolve) => waiting.set(name, resolve))
    if (waiting.size === order.length) {
      const all = order.map((it) => waiting.get(it))
      order = []
      waiting.clear()
      // A moment later, when the last of them waits as well.
      queueMicrotask(() => {
        for (const release of all) release?.()
      })
    }
    await released
  }
  for (const { store } of [one, two]) {
    const change = store.change.bind(store)
    const held: Store['change'] = async (refs, decide) => {
      // The one change in which the engine judges an answer (S-26) reads its challenge and those beside it.
      if ('siblings' in refs) await pass()
      return await change(refs, decide)
    }
    mock.method(store, 'change', held)
  }
  return (names) => {
    order = names
  }
}

test('AC-6, S-12, S-28: one code sent in all dialects at the same instant is right in exactly one', async (t) => {
  const hold = gate(t.mock)
  for (let round = 0; round < rounds; round++) {
    const flows = await Promise.all(ways.map(async (it) => ({ ...it, send: await it.begin() })))
    const [right, wrong] = await judged()
    const code = app.code()
    const names = ways.map((it) => it.name)
    const first = round % names.length
    hold([...names.slice(first), ...names.slice(0, first)])
    const replies = await Promise.all(
      flows.map(async (it) => ({ ...it, reply: await asking.run(it.name, () => it.send(code)) })),
    )
    const won = replies.filter((it) => it.accepts(it.reply)).map((it) => it.name)
    assert.deepEqual(won, [names[first]], `round ${round}: who was let go first, and nobody else`)
    const losers = replies.filter((it) => !won.includes(it.name))
    for (const it of losers) {
      assert.deepEqual(it.says(it.reply), it.refusal, `round ${round}, ${it.name}: ${it.reply.text}`)
    }
    assert.deepEqual(await judged(), [right + 1, wrong + losers.length], `round ${round}: the audit says so too`)

    // They were refused for the code alone: each is still where it was, and takes a code that nobody has used.
    for (const it of losers) {
      one.clock.advance(30)
      const reply = await it.send(app.code())
      assert.ok(it.accepts(reply), `round ${round}, ${it.name}: ${reply.text}`)
    }
    // Past every budget, and past the life of everything this round began.
    one.clock.advance(3_600)
  }
})
