import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { emailOf, type Person, passwordOf } from './support/person.ts'
import { keepCode, openPlace, type Place, setUpApp } from './support/place.ts'

/** What happens to people over weeks: phones are lost, passwords forgotten, devices trusted. */

let place: Place
before(async () => {
  place = await openPlace(['ada', 'bob', 'cy', 'dee', 'eve', 'fay', 'gil', 'hal'])
})
after(() => place?.close())

const code = (person: Person) => person.page.getByLabel('Code', { exact: true })

const inDialog = (person: Person, button: string) =>
  person.page.getByRole('dialog').getByRole('button', { name: button, exact: true }).click()

async function verify(person: Person, proof: string): Promise<void> {
  await code(person).fill(proof)
  await person.press('Verify')
}

async function byApp(person: Person, proof: string): Promise<void> {
  await person.press('Try another way')
  await person.press(/^Authenticator app/)
  await verify(person, proof)
}

test('a lost phone: the saved code lets its owner in, the phone is removed and dead, a new one takes its place', async () => {
  const { server } = place
  await using ada = await place.person()
  await using thief = await place.person()
  const old = await setUpApp(place, ada, 'ada')
  await ada.arrive()
  await ada.page.goto(`${server.publicUrl}/u/account`)
  await ada.press('Add a way to verify it is you')
  await ada.press(/^Text message/)
  await ada.type('Phone number', '+1 555 123 4001')
  await ada.press('Send code')
  await code(ada).waitFor()
  await code(ada).fill(await server.lastCode({ channel: 'sms' }))
  await ada.press('Confirm')
  await ada.page.getByText('“Text message” was added.').waitFor()
  await ada.press('Sign out')
  await ada.sees('You are signed out')
  // Somebody has the phone, and a session begun with it.
  await server.advance(31)
  await thief.signIn()
  await thief.password('ada')
  await byApp(thief, await server.totp(old.secret))
  await thief.arrive()
  assert.ok(await thief.silently())

  await ada.signIn()
  await ada.password('ada')
  await ada.press(/Lost your phone/)
  await ada.type('Recovery code', old.recovery)
  await ada.press('Verify')
  const replaced = await keepCode(ada)
  assert.notEqual(replaced, old.recovery)
  await ada.arrive()

  // A new phone comes, the old one goes, and with it whoever is signed in elsewhere.
  await ada.page.goto(`${server.publicUrl}/u/account`)
  await ada.press('Rename “Authenticator app”')
  // The saved code let her in, and that is all (S-46): changes want another proof, and her number is on a new card.
  await ada.sees('Verify it is you')
  await ada.press('Try another way')
  await ada.press(/^Text message/)
  await ada.press('Send code')
  await code(ada).waitFor()
  await verify(ada, await server.lastCode({ channel: 'sms' }))
  await ada.sees('Manage security')
  await ada.type('Name', 'Old phone')
  await ada.press('Save')
  await ada.press('Add a way to verify it is you')
  await ada.press(/^Authenticator app/)
  const secret = await ada.secret()
  await ada.type('Then enter the code the app shows', await server.totp(secret))
  await ada.press('Confirm')
  await ada.page.getByText('“Authenticator app” was added.').waitFor()
  await ada.press('Remove: Old phone')
  await inDialog(ada, 'Remove')
  await ada.page.getByText('“Old phone” was removed.').waitFor()
  await ada.press('Sign out everywhere else')
  await ada.page.getByText('Signed out.').waitFor()

  // The session begun with the old phone is over, and its codes are worth nothing.
  await assert.rejects(thief.silently(), /Login required/)
  await thief.signIn()
  await thief.password('ada')
  await server.advance(31)
  await byApp(thief, await server.totp(old.secret))
  await thief.page.getByText('That code is not right').waitFor()
  // Nor is the code that was used up.
  await thief.press(/Lost your phone/)
  await thief.type('Recovery code', old.recovery)
  await thief.press('Verify')
  await thief.page.getByRole('alert').waitFor()

  await ada.press('Sign out')
  await ada.sees('You are signed out')
  await ada.signIn()
  await ada.password('ada')
  await byApp(ada, await server.totp(secret))
  assert.deepEqual((await ada.arrive()).amr, ['pwd', 'otp', 'mfa'])
})

test('a trusted device is asked for the password alone, until its owner forgets it', async () => {
  const { server } = place
  await using bob = await place.person()
  const { secret } = await setUpApp(place, bob, 'bob')
  await bob.arrive()
  await bob.logout()
  await server.advance(31)
  await bob.signIn()
  await bob.password('bob')
  await bob.page.getByLabel('Remember this device').check()
  await verify(bob, await server.totp(secret))
  await bob.arrive()
  await bob.logout()
  await bob.signIn()
  await bob.password('bob')
  const user = await bob.arrive()
  assert.deepEqual([user.amr, user.acr], [['pwd'], 'urn:polyfactor:acr:aal1'])

  // Elsewhere the password is not enough.
  await using stranger = await place.person()
  await stranger.signIn()
  await stranger.password('bob')
  await stranger.sees('Verify it is you')

  await bob.page.goto(`${server.publicUrl}/u/account`)
  await server.advance(31)
  await bob.press(/^Forget/)
  await bob.sees('Verify it is you')
  await verify(bob, await server.totp(secret))
  await bob.sees('Manage security')
  await bob.press(/^Forget/)
  await bob.page.getByText('No device is trusted').waitFor()
  await bob.press('Sign out')
  await bob.sees('You are signed out')
  await bob.signIn()
  await bob.password('bob')
  await bob.sees('Verify it is you')
})

test('a forgotten password is replaced by mail, and the second factor is asked for as before', async () => {
  const { server } = place
  await using cy = await place.person()
  const { secret } = await setUpApp(place, cy, 'cy')
  await cy.arrive()
  await cy.logout()
  await cy.signIn()
  await cy.type('E-mail or user name', emailOf('cy'))
  await cy.press('Continue')
  await cy.press('Forgot your password?')
  await cy.press('Send link')
  await cy.sees('Check your mail')
  const [mail] = await server.outbox({ channel: 'email' })
  const link = /https:\S+new-password\S+/.exec(mail?.text ?? '')?.[0] ?? assert.fail(mail?.text)
  await cy.page.goto(link)
  await cy.type('New password', 'short')
  await cy.press('Set password')
  await cy.page.getByText('This password is too short.').waitFor()
  await cy.type('New password', 'another sentence of cy, new and long')
  await cy.press('Set password')
  await cy.sees('Your password is changed')
  await cy.page.goto(link)
  await cy.sees('This link no longer works')

  await server.advance(31)
  await cy.signIn()
  await cy.password('cy')
  await cy.page.getByText('is not right').waitFor()
  await cy.type('Password', 'another sentence of cy, new and long')
  await cy.press('Sign in')
  await verify(cy, await server.totp(secret))
  assert.deepEqual((await cy.arrive()).amr, ['pwd', 'otp', 'mfa'])
})

test('somebody new makes an account, and a bad password is told at its box', async () => {
  await using ivy = await place.person({ clientId: 'relaxed' })
  await ivy.signIn()
  await ivy.press('Create an account')
  await ivy.type('E-mail', emailOf('ivy'))
  await ivy.type('Password', 'password')
  await ivy.press('Create account')
  const box = ivy.page.getByLabel('Password', { exact: true })
  await ivy.page.locator('[role=alert]').waitFor()
  assert.equal(await box.getAttribute('aria-invalid'), 'true')
  await ivy.type('Password', passwordOf('ivy'))
  await ivy.press('Create account')
  assert.equal((await ivy.arrive()).email, emailOf('ivy'))
})

test('what an application asks for is agreed to, or not', async () => {
  await using dee = await place.person({ clientId: 'relaxed' })
  await dee.signIn({ prompt: 'consent' })
  await dee.password('dee')
  await dee.sees(/asks for access/)
  await dee.press('Allow')
  assert.ok(await dee.arrive())
  await dee.signIn({ prompt: 'consent' })
  await dee.sees(/asks for access/)
  await dee.press('Do not allow')
  await assert.rejects(dee.arrive(), /did not authorize/)
})

test('what cannot be answered gets a page that says so, and leads nowhere', async () => {
  await using eve = await place.person()
  const { page } = eve
  const asked = new URLSearchParams({
    client_id: 'nobody',
    redirect_uri: 'https://evil.example/',
    response_type: 'code',
  })
  await page.goto(`${place.server.publicUrl}/authorize?${asked}`)
  await eve.sees('Something went wrong')
  assert.equal(await page.locator('a[href*="evil"]').count(), 0)
  await page.goto(`${place.server.publicUrl}/u/login/of-yesterday`)
  await eve.sees('This page has expired')
  await page.goto(`${place.server.publicUrl}/u/signed-out`)
  await eve.sees('You are signed out')
})

test('a code that does not come is sent again after a wait, and another way is within reach', async () => {
  const { server } = place
  await using fay = await place.person()
  await fay.page.clock.install()
  await setUpApp(place, fay, 'fay')
  await fay.arrive()
  await fay.page.goto(`${server.publicUrl}/u/account`)
  await fay.press('Add a way to verify it is you')
  await fay.press(/^Text message/)
  await fay.type('Phone number', '+1 555 123 7788')
  await fay.press('Send code')
  await code(fay).waitFor()
  await code(fay).fill(await server.lastCode({ channel: 'sms' }))
  await fay.press('Confirm')
  await fay.page.getByText('“Text message” was added.').waitFor()
  await fay.press('Sign out')
  await fay.sees('You are signed out')
  await fay.signIn()
  await fay.password('fay')
  await fay.press('Try another way')
  await fay.press(/^Text message/)
  await fay.press('Send code')
  await fay.page.getByText('You can ask again in').waitFor()
  const first = await server.lastCode({ channel: 'sms' })
  await server.advance(31)
  await fay.page.clock.fastForward(31_000)
  await fay.press('Send again')
  await fay.page.getByText('A new code is on its way.').waitFor()
  const second = await server.lastCode({ channel: 'sms' })
  assert.notEqual(second, first)
  await verify(fay, second)
  assert.deepEqual((await fay.arrive()).amr, ['pwd', 'otp', 'sms', 'mfa', 'mca'])
})

/** Moves the focus by Tab until it is where the words are. */
async function tabTo({ page }: Person, words: RegExp): Promise<void> {
  for (let presses = 0; presses < 40; presses++) {
    await page.keyboard.press('Tab')
    const here = await page.evaluate(() => {
      const it = document.activeElement
      const labels = it instanceof HTMLInputElement ? [...(it.labels ?? [])].map(({ innerText }) => innerText) : []
      return [it?.getAttribute('aria-label'), (it as HTMLElement | null)?.innerText, ...labels].join(' ').trim()
    })
    if (words.test(here)) return
  }
  assert.fail(`Tab does not lead to ${words}`)
}

test('by keyboard alone: sign in, set up an app, keep the code, sign in again, and no step loses the focus', async () => {
  const { server } = place
  await using gil = await place.person()
  const { page } = gil
  const { keyboard } = page
  await page.addInitScript(() => {
    addEventListener('pointerdown', () => Object.assign(globalThis, { pointed: true }), true)
  })
  const type = async (text: string) => {
    await keyboard.type(text)
    await keyboard.press('Enter')
  }
  const focused = (name: string) =>
    page.waitForFunction((it) => document.activeElement?.getAttribute('name') === it, name)
  await gil.signIn()
  await focused('login')
  await type(emailOf('gil'))
  await focused('password')
  await type(passwordOf('gil'))
  await gil.sees('Protect your account')
  await tabTo(gil, /^Authenticator app/)
  await keyboard.press('Enter')
  await focused('code')
  await keyboard.press('Shift+Tab')
  await keyboard.press('Enter')
  const secret = ((await page.locator('.secret code').textContent()) ?? '').replaceAll(' ', '')
  await page.waitForFunction(() => document.activeElement?.tagName === 'SUMMARY')
  await tabTo(gil, /Then enter the code/)
  await type(await server.totp(secret))
  await gil.sees('Save your recovery code')
  await tabTo(gil, /I have saved it/)
  await keyboard.press('Space')
  await tabTo(gil, /^Continue/)
  await keyboard.press('Enter')
  assert.ok(await gil.arrive())
  await gil.logout()

  await server.advance(31)
  await gil.signIn()
  await focused('login')
  await type(emailOf('gil'))
  await focused('password')
  await type('not that')
  await page.getByText('is not right').waitFor()
  await focused('password')
  await type(passwordOf('gil'))
  await focused('code')
  await tabTo(gil, /^Try another way/)
  await keyboard.press('Enter')
  await gil.sees('Choose how to verify it is you')
  await tabTo(gil, /^Authenticator app/)
  await keyboard.press('Enter')
  await focused('code')
  await type(await server.totp(secret))
  assert.ok(await gil.arrive())
  assert.equal(await page.evaluate(() => 'pointed' in globalThis), false)
})

test('who asks for less motion gets none; others see what works', async () => {
  for (const [reducedMotion, moves] of [
    ['reduce', false],
    ['no-preference', true],
  ] as const) {
    await using hal = await place.person()
    const { page } = hal
    await page.emulateMedia({ reducedMotion })
    await hal.signIn()
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    await page.route('**/identify', async (route) => {
      await held
      await route.continue()
    })
    await hal.type('E-mail or user name', emailOf('hal'))
    await hal.press('Continue')
    await page.locator('.spinner').waitFor({ state: 'attached' })
    // Where less motion is asked for everything lasts a hundredth of a millisecond, which nobody sees.
    const running = await page.evaluate(
      () => document.getAnimations().filter((it) => Number(it.effect?.getComputedTiming().duration ?? 0) > 1).length,
    )
    assert.equal(running > 0, moves, reducedMotion)
    release()
    await page.getByLabel('Password', { exact: true }).waitFor()
  }
})

test('an app brought along with a short secret is called less secure, with what to do about it', async () => {
  const { server } = place
  // 80 bits: what another product has handed out.
  const short = 'JBSWY3DPEHPK3PXP'
  const users = [
    { email: emailOf('ida'), password: passwordOf('ida'), authenticators: [{ factor: 'totp', secret: short }] },
  ]
  const imported = await server.admin('POST', '/tenants/demo/users/import', { users })
  assert.equal(imported.body.created, 1, imported.text)
  await using ida = await place.person()
  await ida.signIn()
  await ida.password('ida')
  await verify(ida, await server.totp(short))
  await ida.arrive()
  await ida.page.goto(`${server.publicUrl}/u/account`)
  await ida.sees('Manage security')
  const app = ida.page.getByRole('listitem').filter({ hasText: 'Less secure' })
  await app.waitFor()
  assert.match(await app.innerText(), /Add the app anew, then remove this entry\./)
})
