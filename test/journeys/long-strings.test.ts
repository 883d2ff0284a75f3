import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parseAgent } from '#engine/risk/agent.ts'
import { type Auth0World, openAuth0World } from '../support/auth0.ts'
import { passwordOf } from '../support/world.ts'

/**
 * Text that is long and means nothing, wherever people and their programs hand in text. What each single pattern does
 * with such text is `test/house/patterns.test.ts`'s; here it takes the whole way, libraries and all. A request that keeps
 * the thread for less than 50 ms in all keeps others waiting for no longer.
 */

const limit = 50
/** As much as a body holds; as much as one of its strings may have (S-154); as much as an address has. */
const lengths = [65_000, 8_000, 254]
/** What e-mail addresses, numbers, agents, URLs and scopes are made of, and what folds or is trimmed. */
const units = [
  ...['a', 'a.', '.', '-', '@', 'a@', ' ', ', ', '0', '+', '+1', '(', ')-', '/', '//', '://', ':', '[', '%', '%20'],
  ...['ſ', 'e\u0301', '\uff20', '\u200d', '(;', 'Mozilla/5.0 (', 'Chrome/1.', ';q=', '; ', '"', '\\', '<a ', '{code}'],
]

let world: Auth0World
before(async () => {
  world = await openAuth0World()
  await world.addUser('ada')
})
after(() => world.store.close())

const login = { grant_type: 'password', password: passwordOf('ada') }
const asAda = { ...login, username: 'ada@example.com' }
const client = { client_id: 'web', client_secret: 'web-secret' }

/** Where each kind of text is handed in. Headers hold Latin-1, and 16 KiB at most. */
const doors: Readonly<Record<string, (text: string) => Promise<{ readonly status: number }>>> = {
  'an e-mail address as user name': (username) => world.token({ ...login, username }),
  'an e-mail address to send a code to': (email) =>
    world.post('/passwordless/start', { ...client, connection: 'email', email, send: 'code' }),
  'a phone number': (phone_number) =>
    world.post('/passwordless/start', { ...client, connection: 'sms', phone_number, send: 'code' }),
  'a scope': (scope) => world.token({ ...asAda, scope }),
  'a URL in a form': (audience) => world.token({ ...asAda, audience }),
  'a URL in a query': (text) =>
    world.get(`/authorize?${new URLSearchParams({ client_id: 'spa', response_type: 'code', redirect_uri: text })}`),
  'an agent': (text) => world.form('/oauth/token', { ...client, ...asAda }, { 'user-agent': inHeader(text) }),
  async 'an agent, taken apart'(text) {
    parseAgent(text)
    return { status: 200 }
  },
  'languages and encodings': (text) =>
    world.get('/u/login/x', { 'accept-language': inHeader(text), 'accept-encoding': `a${inHeader(text)}b` }),
  cookies: (text) => world.get('/authorize?client_id=spa', { cookie: `a=${inHeader(text)}` }),
  credentials: (text) => world.get('/userinfo', { authorization: `Bearer ${inHeader(text)}` }),
}

/** What makes a text look right at first. */
const begins: Readonly<Record<string, string>> = {
  'an e-mail address as user name': 'ada@example.com',
  'an e-mail address to send a code to': 'ada@example.com',
  'a phone number': '+1555',
  'a URL in a form': 'https://a.example/',
  'a URL in a query': 'http://localhost:5173/',
}

const inHeader = (text: string) => text.slice(0, 16_000).replace(/[^\x20-\x7e]/g, '~')

/** CPU time of this thread for one request, in ms: the least of several, since compilers and collectors run beside. */
async function least(send: () => Promise<{ readonly status: number }>): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let n = 0; n < 4 && (n === 0 || best > limit); n++) {
    const begun = process.threadCpuUsage()
    const { status } = await send()
    const { user, system } = process.threadCpuUsage(begun)
    assert.ok(status < 500, `${status}`)
    best = Math.min(best, (user + system) / 1_000)
  }
  return best
}

describe(`no text of up to 64 KiB keeps a request busy for ${limit} ms (AC-44, S-157)`, () => {
  for (const [door, send] of Object.entries(doors)) {
    test(door, async () => {
      for (const unit of units) {
        for (const length of lengths) {
          const long = unit.repeat(Math.floor(length / unit.length))
          for (const text of [`${long}!`, `${begins[door] ?? 'a'}${long}`]) {
            const took = await least(() => send(text))
            assert.ok(took <= limit, `${JSON.stringify(unit)} × ${length}: ${took} ms`)
          }
        }
      }
    })
  }
})
