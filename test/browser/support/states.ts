import type { Page } from 'playwright-core'
import type { Account, Offer, Option, State } from '#dialects/hosted/schemas.ts'
import type { PageContent } from '#dialects/hosted/static-page.ts'

/** TESTS ONLY: every page in every state worth looking at, for accessibility tests and screenshots. */

/** Noon of a working day; the pages' clocks do not matter to what they show. */
const now = Date.UTC(2026, 4, 12, 12)
const minute = 60_000
const day = 1_440 * minute

export interface Shown {
  readonly name: string
  readonly content: Omit<PageContent, 'language' | 'tenant' | 'branding'>
  /** What is done on the page before it is looked at. */
  readonly act?: (page: Page) => Promise<void>
  /** Answers of the API, by `METHOD /path`, for pages that ask while they are used. */
  readonly replies?: Readonly<Record<string, { readonly status: number; readonly body?: object }>>
}

const app: Option = option('totp', 'code', 'app', { name: 'Work phone' })
const sms: Option = option('sms', 'code', 'sms', { target: '**********67' })
const voice: Option = option('voice', 'code', 'voice', { target: '**********67' })
const email: Option = option('email', 'code', 'email', { target: 'a***@example.com' })
const key: Option = option('webauthn', 'assertion', 'device', { name: 'Blue key' })
const push: Option = option('push', 'approval', 'push', { name: 'Pixel 9' })
const saved: Option = option('recovery_code', 'lookup', 'paper')
/** A factor that no page has ever heard of. */
const knock: Option = option('secret_knock', 'code', 'door')

function option(factor: string, proof: Option['traits']['proof'], channel: string, more: Partial<Option> = {}): Option {
  return { id: `a1.${factor}`, factor, traits: { proof, channel }, preferred: false, ...more }
}

const offerOf = ({ factor, traits }: Option, reach?: 'phone' | 'email'): Offer => ({
  factor,
  traits: { ...traits, ...(reach && { reach }) },
})
const offers = [offerOf(sms, 'phone'), offerOf(app), offerOf(voice, 'phone'), offerOf(email, 'email'), offerOf(key)]

const base: State = {
  step: 'identify',
  csrf: 'c',
  endsAt: now + 3_600_000,
  tenant: { id: 'demo', name: 'Northwind' },
  application: { id: 'spa', name: 'Northwind Travel' },
  hints: { locales: [] },
  can: { signUp: true, resetPassword: true, rememberDevice: true, passkey: true },
}
/** What a flow answers to an action: the state it is in then. */
const to = (action: string, state: Partial<State>): NonNullable<Shown['replies']> => ({
  [`POST /u/api/flows/f1/${action}`]: { status: 200, body: { ...base, ...state } },
})
const refusedWith = (action: string, error: string): NonNullable<Shown['replies']> => ({
  [`POST /u/api/flows/f1/${action}`]: { status: 400, body: { error, message: '' } },
})

const login = (name: string, state: Partial<State>, more: Partial<Shown> = {}): Shown => ({
  name,
  content: { page: 'login', flow: 'f1', state: { ...base, ...state }, ...more.content },
  ...(more.act && { act: more.act }),
  ...(more.replies && { replies: more.replies }),
})

const withProblem = (shown: Shown, error: string, more: object = {}): Shown => ({
  ...shown,
  content: { ...shown.content, problem: { error, ...more } },
})

const known = { account: { login: 'ada.lovelace@example.com', known: false } }
const sentAt = Date.now()
const asked = (it: Option, show?: Record<string, unknown>) => ({
  option: it,
  sentAt,
  expiresAt: sentAt + 5 * minute,
  resendAt: sentAt + 30_000,
  ...(show && { show }),
})
const all = [app, key, push, sms, voice, email, knock, saved]
const enrolling = (offer: Offer, more: object = {}) => ({
  offers,
  enrolling: { id: 'e1', factor: offer.factor, traits: offer.traits, sentAt, ...more },
})
const uri =
  'otpauth://totp/Northwind:ada.lovelace%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Northwind&algorithm=SHA1&digits=6&period=30'
const press = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click()

const agents = {
  mac: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
  phone:
    'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36',
}

const account: Account = {
  csrf: 'c',
  tenant: base.tenant,
  user: {
    id: 'u1',
    name: 'Ada Lovelace',
    email: 'ada.lovelace@example.com',
    emailVerified: true,
    hasPassword: true,
  },
  freshUntil: Date.UTC(2100, 0),
  factors: [
    { ...factor('f1', app), name: 'Work phone', weak: true, lastUsedAt: now - 2 * minute },
    { ...factor('f2', sms), target: '**********67' },
    { ...factor('f3', key), name: 'Blue key', state: 'disabled' },
  ],
  offers,
  recovery: { available: true, createdAt: now - 30 * day },
  devices: [
    {
      id: 'd1',
      createdAt: now - 3 * day,
      lastUsedAt: now - minute,
      expiresAt: now + 27 * day,
      userAgent: agents.mac,
      address: '203.0.113.7',
      application: 'Northwind Travel',
    },
  ],
  sessions: [session('s1', agents.mac, true, '203.0.113.7'), session('s2', agents.phone, false, '198.51.100.23')],
  activity: [
    {
      id: '4',
      at: now,
      type: 'login.granted',
      outcome: 'success',
      application: 'Northwind Travel',
      address: '203.0.113.7',
    },
    {
      id: '3b',
      at: now - minute,
      type: 'login.risk',
      outcome: 'success',
      address: '203.0.113.7',
      application: 'Northwind Travel',
      reasons: ['new_country', 'new_device'],
    },
    { id: '3', at: now - minute, type: 'proof.checked', outcome: 'success', factor: 'totp', address: '203.0.113.7' },
    {
      id: '2',
      at: now - 2 * minute,
      type: 'proof.checked',
      outcome: 'failure',
      factor: 'totp',
      address: '203.0.113.7',
    },
    { id: '1', at: now - 2 * day, type: 'factor.confirmed', outcome: 'success', factor: 'sms', address: '203.0.113.7' },
    { id: '0', at: now - 3 * day, type: 'door.knocked', outcome: 'success' },
  ],
}

function factor(id: string, { factor: kind, traits }: Option): Account['factors'][number] {
  return { id, factor: kind, traits, state: 'confirmed', weak: false, createdAt: now - 40 * day }
}

function session(id: string, userAgent: string, current: boolean, address: string): Account['sessions'][number] {
  const at = { createdAt: now - day, seenAt: now - 5 * minute }
  return { id, current, ...at, userAgent, address, amr: ['pwd', 'otp'], applications: ['Northwind Travel'] }
}

const portal = (name: string, over: Partial<Account> = {}, act?: Shown['act'], replies?: Shown['replies']): Shown => ({
  name,
  content: { page: 'account', account: { ...account, ...over } },
  replies: { 'GET /u/api/account': { status: 200, body: { ...account, ...over } }, ...replies },
  ...(act && { act }),
})

const quiet: NonNullable<Shown['replies']> = {
  'GET /u/api/authenticator': { status: 200, body: { now: Date.now() } },
  'POST /u/api/authenticator/requests': { status: 200, body: { now: Date.now(), requests: [] } },
  'POST /u/api/authenticator/enrol': { status: 404, body: { error: 'factor-unknown', message: '' } },
}
const request = {
  challenge: 'c1',
  nonce: 'n',
  application: 'Northwind Travel',
  place: 'DE, 203.0.113.*',
  at: now,
  expiresAt: now + 5 * minute,
}
const waiting: NonNullable<Shown['replies']> = {
  ...quiet,
  'POST /u/api/authenticator/requests': { status: 200, body: { now: Date.now(), requests: [request] } },
}

const codes = { codes: ['7QF4-KM2P-9XTD-H3WB-V6RC'], replaces: false }
const identify = login('login', {})
const password = login('password', { step: 'password', ...known })
const code = login('challenge-app', { step: 'challenge', options: [{ ...app, preferred: true }, sms, saved] })
const sent = login('challenge-sms-sent', { step: 'challenge', options: [sms, saved], asked: asked(sms) })
const signUp = login('sign-up', { hints: { locales: [], screen: 'signup' } })
const byVoice = login('challenge-voice', { step: 'challenge', options: [voice, saved] })
const byKey = login('challenge-key', { step: 'challenge', options: [key, saved] })
const setUpKey = login('enrol-key', { step: 'enrol', ...enrolling(offerOf(key), { show: { publicKey: {} } }) })
const phone = login(
  'enrol-phone',
  { step: 'enrol', offers: [offerOf(sms, 'phone'), offerOf(app)] },
  { act: press('Text message') },
)

export const states: readonly Shown[] = [
  identify,
  login('login-empty', {}, { act: press('Continue') }),
  withProblem(login('login-throttled', {}), 'too-many-attempts', { retryAfter: 90 }),
  login('login-without-passkeys', { can: { signUp: false, resetPassword: false, rememberDevice: false } }),
  // No authenticator is at hand, or the question cannot be read: either way none was used.
  login(
    'login-passkey-none',
    {},
    {
      act: async (page) => {
        await press('Sign in with a passkey')(page)
        await page.getByText('No passkey was used').waitFor()
      },
      replies: to('passkey', { passkey: { show: {}, expiresAt: sentAt + 5 * minute } }),
    },
  ),
  withProblem(login('login-passkey-refused', {}), 'passkey-refused'),
  withProblem(login('password-blocked', { step: 'password', ...known }), 'blocked-user'),
  signUp,
  withProblem({ ...signUp, name: 'sign-up-weak' }, 'weak-password', { reason: 'known-bad' }),
  password,
  withProblem({ ...password, name: 'password-wrong' }, 'wrong-password'),
  login('password-known', { step: 'password', account: { ...known.account, known: true } }),
  login('forgot', { step: 'password', ...known }, { act: press('Forgot') }),
  login(
    'forgot-sent',
    { step: 'password', ...known },
    {
      act: async (page) => {
        await press('Forgot')(page)
        await press('Send link')(page)
      },
      replies: {
        'POST /u/api/flows/f1/forgot-password': { status: 200, body: { ...base, step: 'password', ...known } },
      },
    },
  ),
  login('enrol', { step: 'enrol', offers }),
  login('enrol-app', {
    step: 'enrol',
    ...enrolling(offerOf(app), { show: { uri, secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' } }),
  }),
  login(
    'enrol-app-by-hand',
    { step: 'enrol', ...enrolling(offerOf(app), { show: { uri, secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP' } }) },
    { act: (page) => page.locator('summary').click() },
  ),
  phone,
  withProblem(
    {
      ...phone,
      name: 'enrol-phone-refused',
      act: async (page) => {
        await press('Text message')(page)
        await page.getByLabel('Phone number').fill('12')
        await press('Send code')(page)
      },
    },
    '',
  ),
  login('enrol-phone-sent', {
    step: 'enrol',
    ...enrolling(offerOf(sms, 'phone'), { target: '+491701234567', resendAt: sentAt + 30_000 }),
  }),
  login('enrol-email', { step: 'enrol', offers }, { act: press('E-mail') }),
  login('enrol-voice-sent', {
    step: 'enrol',
    ...enrolling(offerOf(voice, 'phone'), { target: '+491701234567', resendAt: sentAt + 30_000 }),
  }),
  login('enrol-email-sent', {
    step: 'enrol',
    ...enrolling(offerOf(email, 'email'), { target: 'ada.lovelace@example.com', resendAt: sentAt }),
  }),
  setUpKey,
  {
    ...setUpKey,
    name: 'enrol-key-refused',
    act: async (page) => {
      await press('Set up now')(page)
      await page.getByText('Your browser did not use a key').waitFor()
    },
  },
  withProblem({ ...setUpKey, name: 'enrol-key-wrong' }, 'wrong-proof'),
  login('enrol-push', {
    step: 'enrol',
    ...enrolling(offerOf(push), { show: { uri: `https://id.example/u/authenticator#enrol=${'x'.repeat(43)}` } }),
  }),
  login('recovery-codes', { step: 'recovery-codes', recoveryCodes: codes }),
  login(
    'recovery-codes-unsaved',
    { step: 'recovery-codes', recoveryCodes: { ...codes, replaces: true } },
    { act: press('Continue') },
  ),
  code,
  withProblem({ ...code, name: 'challenge-wrong' }, 'wrong-proof'),
  login('challenge-sms', { step: 'challenge', options: [{ ...sms, preferred: true }, saved] }),
  sent,
  login('challenge-sms-again', {
    step: 'challenge',
    options: [sms, saved],
    asked: { ...asked(sms), resendAt: sentAt },
  }),
  withProblem(
    login('challenge-too-many', { step: 'challenge', options: [sms, saved], asked: asked(sms) }),
    'too-many-messages',
    { retryAfter: 600 },
  ),
  withProblem(
    login('challenge-expired', { step: 'challenge', options: [sms, saved], asked: asked(sms) }),
    'challenge-expired',
  ),
  byVoice,
  login('challenge-voice-called', { step: 'challenge', options: [voice, saved], asked: asked(voice) }),
  login('challenge-email', { step: 'challenge', options: [email] }),
  login('challenge-email-sent', { step: 'challenge', options: [email], asked: asked(email) }),
  login('challenge-choose', { step: 'challenge', options: all }, { act: press('Try another way') }),
  login('challenge-recovery', { step: 'challenge', options: [app, saved] }, { act: press('recovery code') }),
  login(
    'challenge-recovery-wrong',
    { step: 'challenge', options: [app, saved] },
    {
      act: async (page) => {
        await press('recovery code')(page)
        await page.getByLabel('Recovery code').fill('AAAA-BBBB')
        await press('Verify')(page)
        await page.getByRole('alert').waitFor()
      },
      replies: refusedWith('verify', 'wrong-proof'),
    },
  ),
  byKey,
  {
    ...byKey,
    name: 'challenge-key-refused',
    act: async (page) => {
      await press('Use key or passkey')(page)
      await page.getByText('Your browser did not use a key').waitFor()
    },
    replies: to('challenge', { step: 'challenge', options: [key, saved], asked: asked(key, {}) }),
  },
  withProblem({ ...byKey, name: 'challenge-key-wrong' }, 'key-wrong'),
  login('challenge-push', { step: 'challenge', options: [push, saved], asked: asked(push, { number: '482915' }) }),
  withProblem(
    login('challenge-push-declined', {
      step: 'challenge',
      options: [push, saved],
      asked: asked(push, { number: '482915' }),
    }),
    'declined',
  ),
  login('challenge-unknown-factor', { step: 'challenge', options: [knock], asked: asked(knock) }),
  login('consent', { step: 'consent', consent: { scopes: ['openid', 'profile', 'email', 'read:things'] } }),
  login('consent-api', { step: 'consent', consent: { scopes: ['openid'], audience: 'https://api.example' } }),
  login('stuck', { step: 'stuck', reason: 'no-factor-available' }),
  {
    name: 'lost',
    content: { page: 'login', flow: 'f1' },
    replies: { 'GET /u/api/flows/f1': { status: 404, body: { error: 'flow-unknown' } } },
  },
  reset('reset', true),
  reset('reset-invalid', false),
  {
    ...reset('reset-done', true),
    act: async (page) => {
      await page.getByLabel('New password', { exact: true }).fill('correct horse battery staple')
      await press('Set password')(page)
      await page.getByRole('heading', { name: 'Your password is changed' }).waitFor()
    },
  },
  { name: 'signed-out', content: { page: 'signed-out' } },
  { name: 'error', content: { page: 'error' } },
  device('authenticator', async (page) => void (await withAccounts(page, []))),
  device('authenticator-add', async (page) => {
    await page.evaluate(`location.hash = 'enrol=${'x'.repeat(43)}'`)
    await page.getByRole('button', { name: 'Use this device' }).waitFor()
  }),
  device('authenticator-late', async (page) => {
    await page.evaluate(`location.hash = 'enrol=${'x'.repeat(43)}'`)
    await press('Use this device')(page)
    await page.getByRole('alert').waitFor()
  }),
  device('authenticator-accounts', async (page) => void (await withAccounts(page, ['ada.lovelace@example.com']))),
  device('authenticator-remove', async (page) => {
    await withAccounts(page, ['ada.lovelace@example.com'])
    await press('Remove: ada')(page)
  }),
  device('authenticator-request', withRequest, waiting),
  device(
    'authenticator-wrong-number',
    async (page) => {
      await withRequest(page)
      await page.getByLabel('Number on the sign-in page').fill('123456')
      await press('Approve')(page)
      await page.getByRole('alert').waitFor()
    },
    { ...waiting, 'POST /u/api/authenticator/answer': { status: 400, body: { error: 'wrong-proof', message: '' } } },
  ),
  portal('account'),
  portal('account-bare', {
    factors: [],
    devices: [],
    sessions: [session('s1', '', true, '203.0.113.7')],
    activity: [],
    recovery: { available: false },
  }),
  portal('account-passkey', { factors: [{ ...factor('f1', app), name: 'Work phone' }] }),
  portal(
    'account-add-passkey',
    { factors: [] },
    async (page) => {
      await press('Create a passkey')(page)
      await press('Set up now')(page)
      await page.getByText('Your browser did not use a key').waitFor()
    },
    {
      'POST /u/api/account/factors': {
        status: 200,
        body: { id: 'e1', factor: 'webauthn', traits: key.traits, sentAt, show: {}, challenge: 'c' },
      },
    },
  ),
  portal('account-rename', {}, press(/Rename “Work phone”/)),
  portal('account-remove', {}, press('Remove: Work phone')),
  portal(
    'account-remove-refused',
    {},
    async (page) => {
      await press('Remove: Work phone')(page)
      await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click()
    },
    { 'DELETE /u/api/account/factors/f1': { status: 409, body: { error: 'last-authenticator', message: '' } } },
  ),
  portal('account-add', {}, press('Add a way')),
  portal('account-password', {}, press('Change password')),
  portal('account-new-code', {}, press('Make a new code'), {
    'POST /u/api/account/recovery-code': { status: 200, body: { offer: 'o', id: 'i', codes: codes.codes } },
  }),
  {
    name: 'account-signed-out',
    content: { page: 'account' },
    replies: { 'GET /u/api/account': { status: 401, body: { error: 'sign-in-needed', message: '' } } },
  },
]

function reset(name: string, valid: boolean): Shown {
  return {
    name,
    content: { page: 'reset-password', ticket: 't' },
    replies: {
      'GET /u/api/reset-password': valid
        ? { status: 200, body: { valid } }
        : { status: 404, body: { error: 'not-found' } },
      'POST /u/api/reset-password': { status: 204 },
    },
  }
}

/** The page of a device. */
function device(name: string, act: NonNullable<Shown['act']>, replies: Shown['replies'] = quiet): Shown {
  return { name, content: { page: 'authenticator' }, act, replies }
}

/** A device that knows these accounts and no other, at its page. */
async function withAccounts(page: Page, accounts: readonly string[]): Promise<void> {
  await page.evaluate(async (names) => {
    const opened = await new Promise<IDBDatabase>((resolve) => {
      const request = indexedDB.open('polyfactor-authenticator', 1)
      request.onupgradeneeded = () => request.result.createObjectStore('accounts', { keyPath: 'kid' })
      request.onsuccess = () => resolve(request.result)
    })
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
    const { privateKey } = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
    const transaction = opened.transaction('accounts', 'readwrite')
    const done = new Promise((resolve) => {
      transaction.oncomplete = resolve
    })
    const shelf = transaction.objectStore('accounts')
    shelf.clear()
    for (const account of names) {
      shelf.put({ kid: account, key: privateKey, account, tenant: 'Northwind', addedAt: Date.UTC(2026, 3, 2, 9) })
    }
    await done
    opened.close()
  }, accounts)
  await page.reload()
  await page.locator('h1').first().waitFor()
}

async function withRequest(page: Page): Promise<void> {
  await withAccounts(page, ['ada.lovelace@example.com'])
  await page.getByLabel('Number on the sign-in page').waitFor()
}
