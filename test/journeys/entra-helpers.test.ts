import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { assertState, attributesClient, type Browser, c0, type Loose, notThe, openBrowser } from '../support/msal.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { blockedPhone, nativeTenant, phone, someone } from './entra-support.ts'
import { emailOf, passwordOf } from './support.ts'

/**
 * entra.md §6.3: every helper of every error class, driven by an error of our wire, and no other helper true beside it.
 * Not here, since no server that keeps the contract says it: `SignUpError.isMissingRequiredAttributes` (asked for at
 * `continue`, where its own class is shown).
 */

let server: TestServer
let browser: Browser
const sms = (number: string) => ({ factor: 'sms' as const, phone_number: number })
before(async () => {
  server = await startServer({
    config: nativeTenant([
      someone('ada'),
      someone('otto', { password: undefined }),
      someone('olga', { password: undefined, mfa_enabled: true }),
      someone('mia', { authenticators: [sms('+15555550141')] }),
      someone('rex', { mfa_enabled: true }),
      someone('old', { must_change_password: true }),
    ]),
  })
  browser = await openBrowser()
})
after(async () => {
  browser.close()
  await server.stop()
})
beforeEach(() => {
  browser.clear()
  browser.rewrite(undefined)
})

const app = (over: Loose = {}): Promise<Loose> => browser.create(c0(server, over))
const mute = () => app({ customAuth: { capabilities: [] } })
const asking = () =>
  app({ auth: { clientId: attributesClient }, customAuth: { authApiProxyUrl: `${server.httpUrl}/asking` } })
const login = (name: string, over: Loose = {}) => ({ username: emailOf(name), password: passwordOf(name), ...over })
const codeFor = (name: string) => server.lastCode({ to: emailOf(name) })
const late = () => server.advance(3_000)
/** Lets the next calls name these challenge types only. */
const onlyTypes = (types: string) =>
  browser.rewrite((_path, sent) => sent.has('challenge_type') && sent.set('challenge_type', types))

/** The helpers that are true of an error; all others of its class are false. */
function trueOf(error: Loose): readonly string[] {
  assert.ok(error, 'it did not fail')
  const names = new Set<string>()
  for (let it = Object.getPrototypeOf(error); it && it !== Object.prototype; it = Object.getPrototypeOf(it)) {
    for (const name of Object.getOwnPropertyNames(it)) {
      // The base class has predicates of its own by the same names, which take arguments or are never public.
      if (/^is[A-Z]/.test(name) && !name.endsWith('Error')) names.add(name)
    }
  }
  return [...names].filter((name) => error[name]() === true)
}

/** Some helpers say the same under two names, one of the public class and one of its base. */
function assertHelper(result: Loose, errorClass: string, helper: string): void {
  const { error } = result
  assert.equal(error?.constructor.name, errorClass, JSON.stringify(error?.errorData))
  assert.equal(error[helper](), true, `${helper}: ${JSON.stringify(error.errorData)}`)
  const kin = new Set([helper, ...(same[helper] ?? [])])
  assert.deepEqual(
    trueOf(error).filter((name) => !kin.has(name)),
    [],
  )
}

const same: Readonly<Record<string, readonly string[]>> = {
  isUserNotFound: ['isUserNotFoundError'],
  isInvalidUsername: ['isUserInvalidError'],
  isInvalidPassword: ['isPasswordIncorrect', 'isInvalidNewPassword'],
  isPasswordIncorrect: ['isInvalidPassword'],
  isInvalidCode: ['isIncorrectChallenge'],
  isIncorrectChallenge: ['isInvalidCode'],
  isRedirectRequired: ['isRedirect'],
  isUserAlreadyExists: ['isUserAlreadyExistsError'],
  isMissingRequiredAttributes: ['isAttributeRequiredError'],
  isAttributesValidationFailed: ['isAttributeValidationFailedError'],
}

describe('sign-in', () => {
  test('SignInError', async () => {
    const a = await app()
    assertHelper(await a.signIn(login('nobody')), 'SignInError', 'isUserNotFound')
    assertHelper(await a.signIn(login('ada', { username: 'no@mail@there' })), 'SignInError', 'isInvalidUsername')
    assertHelper(await a.signIn(login('ada', { password: 'not this one' })), 'SignInError', 'isPasswordIncorrect')
    assertHelper(await a.signIn(login('old')), 'SignInError', 'isPasswordResetRequired')
    assertHelper(await (await mute()).signIn(login('mia')), 'SignInError', 'isRedirectRequired')
    onlyTypes('password oob')
    assertHelper(await a.signIn(login('ada')), 'SignInError', 'isUnsupportedChallengeType')
    browser.rewrite(undefined)
    const started = await a.signUp({ username: emailOf('slow'), password: passwordOf('slow') })
    const done = await started.state.submitCode(await codeFor('slow'))
    await late()
    assertHelper(await done.state.signIn(), 'SignInError', 'isTokenExpired')
  })
  test('SignInSubmitPasswordError', async () => {
    const asked = await (await app()).signIn({ username: emailOf('ada') })
    assertHelper(await asked.state.submitPassword('not this one'), 'SignInSubmitPasswordError', 'isInvalidPassword')
    await late()
    assertHelper(await asked.state.submitPassword(passwordOf('ada')), 'SignInSubmitPasswordError', 'isTokenExpired')
    const silent = await (await mute()).signIn({ username: emailOf('mia') })
    const sent = await silent.state.submitPassword(passwordOf('mia'))
    assertHelper(sent, 'SignInSubmitPasswordError', 'isRedirectRequired')
  })
  test('SignInSubmitCodeError and SignInResendCodeError', async () => {
    const asked = await (await app()).signIn({ username: emailOf('otto') })
    const code = await codeFor('otto')
    assertHelper(await asked.state.submitCode(notThe(code)), 'SignInSubmitCodeError', 'isInvalidCode')
    onlyTypes('password redirect')
    assertHelper(await asked.state.resendCode(), 'SignInResendCodeError', 'isRedirectRequired')
    browser.rewrite(undefined)
    await late()
    assertHelper(await asked.state.submitCode(code), 'SignInSubmitCodeError', 'isTokenExpired')
    assertHelper(await asked.state.resendCode(), 'SignInResendCodeError', 'isTokenExpired')
    const silent = await (await mute()).signIn({ username: emailOf('olga') })
    const sent = await silent.state.submitCode(await codeFor('olga'))
    assertHelper(sent, 'SignInSubmitCodeError', 'isRedirectRequired')
  })
})

describe('sign-up', () => {
  const fresh = (name: string, over: Loose = {}) => ({ username: emailOf(name), password: passwordOf(name), ...over })
  test('SignUpError', async () => {
    const a = await app()
    assertHelper(await a.signUp(fresh('ada')), 'SignUpError', 'isUserAlreadyExists')
    assertHelper(await a.signUp(fresh('x', { username: 'none' })), 'SignUpError', 'isInvalidUsername')
    assertHelper(await a.signUp(fresh('x', { password: 'short' })), 'SignUpError', 'isInvalidPassword')
    const attributes = { city: 'x'.repeat(129) }
    assertHelper(await a.signUp(fresh('x', { attributes })), 'SignUpError', 'isAttributesValidationFailed')
    onlyTypes('oob fax redirect')
    assertHelper(await a.signUp(fresh('x')), 'SignUpError', 'isUnsupportedChallengeType')
    onlyTypes('redirect')
    assertHelper(await a.signUp(fresh('x')), 'SignUpError', 'isRedirectRequired')
  })
  test('SignUpSubmitCodeError and SignUpResendCodeError', async () => {
    const started = await (await app()).signUp(fresh('codes'))
    const code = await codeFor('codes')
    assertHelper(await started.state.submitCode(notThe(code)), 'SignUpSubmitCodeError', 'isInvalidCode')
    onlyTypes('password redirect')
    assertHelper(await started.state.resendCode(), 'SignUpResendCodeError', 'isRedirectRequired')
    browser.rewrite(undefined)
    await late()
    assertHelper(await started.state.submitCode(code), 'SignUpSubmitCodeError', 'isTokenExpired')
    assertHelper(await started.state.resendCode(), 'SignUpResendCodeError', 'isTokenExpired')
  })
  test('SignUpSubmitCodeError, redirected at the password', async () => {
    const started = await (await app()).signUp({ username: emailOf('turned') })
    browser.rewrite((path, sent) => path.endsWith('/challenge') && sent.set('challenge_type', 'oob redirect'))
    const turned = await started.state.submitCode(await codeFor('turned'))
    assertHelper(turned, 'SignUpSubmitCodeError', 'isRedirectRequired')
  })
  test('SignUpSubmitPasswordError and SignUpSubmitAttributesError', async () => {
    const started = await (await asking()).signUp({ username: emailOf('stepwise') })
    const proved = await started.state.submitCode(await codeFor('stepwise'))
    assertHelper(await proved.state.submitPassword('short'), 'SignUpSubmitPasswordError', 'isInvalidPassword')
    const chosen = await proved.state.submitPassword(passwordOf('stepwise'))
    assertState(chosen, 'SignUpAttributesRequiredState')
    const given = (attributes: Loose) => chosen.state.submitAttributes(attributes)
    const missing = await given({ displayName: 'Step' })
    assertHelper(missing, 'SignUpSubmitAttributesError', 'isMissingRequiredAttributes')
    const invalid = await given({ postalCode: 'x' })
    assertHelper(invalid, 'SignUpSubmitAttributesError', 'isAttributesValidationFailed')
    const other = await (await asking()).signUp({ username: emailOf('waiting') })
    const waiting = await other.state.submitCode(await codeFor('waiting'))
    await late()
    assertHelper(await given({ postalCode: '12345' }), 'SignUpSubmitAttributesError', 'isTokenExpired')
    const expired = await waiting.state.submitPassword(passwordOf('waiting'))
    assertHelper(expired, 'SignUpSubmitPasswordError', 'isTokenExpired')
  })
})

describe('password reset', () => {
  test('ResetPasswordError', async () => {
    const a = await app()
    assertHelper(await a.resetPassword({ username: emailOf('nobody') }), 'ResetPasswordError', 'isUserNotFound')
    assertHelper(await a.resetPassword({ username: '\t' }), 'ResetPasswordError', 'isInvalidUsername')
    onlyTypes('oob')
    const ada = { username: emailOf('ada') }
    assertHelper(await a.resetPassword(ada), 'ResetPasswordError', 'isUnsupportedChallengeType')
    onlyTypes('password redirect')
    assertHelper(await a.resetPassword(ada), 'ResetPasswordError', 'isRedirectRequired')
  })
  test('the three steps after it', async () => {
    const started = await (await app()).resetPassword({ username: emailOf('ada') })
    const code = await codeFor('ada')
    assertHelper(await started.state.submitCode(notThe(code)), 'ResetPasswordSubmitCodeError', 'isInvalidCode')
    onlyTypes('password redirect')
    assertHelper(await started.state.resendCode(), 'ResetPasswordResendCodeError', 'isRedirectRequired')
    browser.rewrite(undefined)
    const proved = await started.state.submitCode(code)
    const weak = await proved.state.submitNewPassword('short')
    assertHelper(weak, 'ResetPasswordSubmitPasswordError', 'isInvalidPassword')
    const other = await (await app()).resetPassword({ username: emailOf('mia') })
    await late()
    assertHelper(await other.state.resendCode(), 'ResetPasswordResendCodeError', 'isTokenExpired')
    assertHelper(await other.state.submitCode('123456'), 'ResetPasswordSubmitCodeError', 'isTokenExpired')
    const expired = await proved.state.submitNewPassword('a new and long enough password')
    assertHelper(expired, 'ResetPasswordSubmitPasswordError', 'isTokenExpired')
  })
})

describe('second factor and registration', () => {
  test('MfaRequestChallengeError and MfaSubmitChallengeError', async () => {
    const needs = await (await app()).signIn(login('mia'))
    assertHelper(await needs.state.requestChallenge('none'), 'MfaRequestChallengeError', 'isInvalidInput')
    const asked = await needs.state.requestChallenge(needs.state.getAuthMethods()[0].id)
    const code = await server.lastCode({ channel: 'sms' })
    assertHelper(await asked.state.submitChallenge(notThe(code)), 'MfaSubmitChallengeError', 'isIncorrectChallenge')
    const tenant = (blocked: string[]) =>
      server.admin('PATCH', '/tenants/demo', { phone: { countries: ['US', 'CA'], blocked_prefixes: blocked } })
    await tenant(['+1555666', '+1555555014'])
    const [method] = needs.state.getAuthMethods()
    const blocked = await needs.state.requestChallenge(method.id)
    assertHelper(blocked, 'MfaRequestChallengeError', 'isVerificationContactBlocked')
    await tenant(['+1555666'])
    await late()
    assertHelper(await needs.state.requestChallenge(method.id), 'MfaRequestChallengeError', 'isTokenExpired')
    assertHelper(await asked.state.submitChallenge(code), 'MfaSubmitChallengeError', 'isTokenExpired')
  })
  test('AuthMethodRegistrationChallengeMethodError and AuthMethodRegistrationSubmitChallengeError', async () => {
    const needs = await (await app()).signIn(login('rex'))
    const text = needs.state.getAuthMethods().find((it: Loose) => it.id === 'sms')
    const ask = (verificationContact: string) =>
      needs.state.challengeAuthMethod({ authMethodType: text, verificationContact })
    const challengeError = 'AuthMethodRegistrationChallengeMethodError'
    const submitError = 'AuthMethodRegistrationSubmitChallengeError'
    assertHelper(await ask('nobody'), challengeError, 'isInvalidInput')
    assertHelper(await ask(blockedPhone), challengeError, 'isVerificationContactBlocked')
    const asked = await ask(phone)
    const code = await server.lastCode({ channel: 'sms' })
    assertHelper(await asked.state.submitChallenge(notThe(code)), submitError, 'isIncorrectChallenge')
    await late()
    assertHelper(await ask(phone), challengeError, 'isTokenExpired')
    assertHelper(await asked.state.submitChallenge(code), submitError, 'isTokenExpired')
  })
})
