import type {
  AuthenticationMethod,
  AuthMethodRegistrationChallengeMethodResult,
  AuthMethodRegistrationRequiredState,
  AuthMethodRegistrationSubmitChallengeResult,
  AuthMethodVerificationRequiredState,
} from '@azure/msal-browser/custom-auth'
import type { Config } from './auth.ts'
import type { Result } from './Steps.tsx'
import type { FlowError } from './words.ts'

/** A method of the signed-in person. */
export interface Method {
  readonly id: string
  readonly kind: 'password' | 'phone' | 'email' | 'app' | 'key'
  /** Masked. */
  readonly address?: string
}

/** A registration that is open: what may be added, and how. */
export interface Registration {
  readonly kinds: readonly AuthenticationMethod[]
  ask(kind: AuthenticationMethod, contact: string): Promise<Asked>
}

/** A code is on its way, or the reason why none is; neither: there was nothing left to prove. */
export interface Asked {
  readonly error?: FlowError
  readonly sent?: Sent
}

/** A registration, or the reason why none can be opened. */
export interface Opened {
  readonly error?: FlowError
  readonly registration?: Registration
}

export interface Sent {
  readonly to: string
  readonly length: number
  /** The error, if it was not that code. */
  submit(code: string): Promise<FlowError | undefined>
}

const kinds: Readonly<Record<string, Method['kind']>> = {
  passwordAuthenticationMethod: 'password',
  phoneAuthenticationMethod: 'phone',
  emailAuthenticationMethod: 'email',
  softwareOathAuthenticationMethod: 'app',
  fido2AuthenticationMethod: 'key',
}

interface GraphMethod {
  readonly '@odata.type': string
  readonly id: string
  readonly phoneNumber?: string
  readonly emailAddress?: string
}

/** The person's methods, as Graph lists them. */
export async function listMethods({ api }: Config, accessToken: string): Promise<readonly Method[]> {
  const reply = await fetch(`${api}/graph/v1.0/me/authentication/methods`, { headers: bearer(accessToken) })
  if (!reply.ok) throw new Error(`the list of methods was answered with ${reply.status}`)
  const { value }: { value: readonly GraphMethod[] } = await reply.json()
  return value.flatMap((it) => {
    const kind = kinds[it['@odata.type'].split('.').at(-1) ?? '']
    return kind === undefined ? [] : [{ id: it.id, kind, address: it.phoneNumber ?? it.emailAddress }]
  })
}

const bearer = (accessToken: string) => ({ authorization: `Bearer ${accessToken}` })

interface Reply {
  readonly error?: FlowError
  // biome-ignore lint/suspicious/noExplicitAny: answers of several endpoints
  readonly body: any
}

async function post(config: Config, path: string, params: Record<string, string>, token?: string): Promise<Reply> {
  try {
    const reply = await fetch(`${config.api}${path}`, {
      method: 'POST',
      headers: token === undefined ? {} : bearer(token),
      body: new URLSearchParams({ client_id: config.clientId, ...params }),
    })
    const body = await reply.json()
    return body.error === undefined && body.challenge_type !== 'redirect' ? { body } : { body, error: asError(body) }
  } catch {
    return { body: {}, error: asError({ error: 'http_request_failed' }) }
  }
}

/** An answer in the shape of the SDK's errors, helpers included as far as this flow needs them. */
function asError(body: Record<string, unknown>): FlowError {
  const is = (error: string, code: number) =>
    body.error === error && ((body.error_codes ?? []) as readonly number[]).includes(code)
  const error = {
    errorData: {
      error: String(body.error),
      errorDescription: body.error_description as string | undefined,
      subError: body.suberror as string | undefined,
      continuationToken: body.continuation_token as string | undefined,
    },
    isInvalidInput: () => is('invalid_request', 901001),
    isIncorrectChallenge: () => body.suberror === 'invalid_oob_value',
    isTokenExpired: () => body.error === 'expired_token',
    isRedirectRequired: () => body.challenge_type === 'redirect',
  }
  return error
}

/**
 * Opens a registration by what the person proved a moment ago: an access token without an API will do, and no
 * continuation token. Otherwise the error says what is missing: `mfa_required`, or a new sign-in.
 */
export async function registrationByToken(config: Config, token: string): Promise<Opened> {
  return openedBy(config, await post(config, '/register/v1.0/introspect', {}, token))
}

/** Goes on where a second sign-in has stopped with `registration_required` after the second factor. */
export async function registrationByContinuation(config: Config, token: string): Promise<Opened> {
  return openedBy(config, await post(config, '/register/v1.0/introspect', { continuation_token: token }))
}

function openedBy(config: Config, { error, body }: Reply): Opened {
  if (error !== undefined) return { error }
  let current: string = body.continuation_token
  const registration: Registration = {
    kinds: body.methods,
    async ask(kind, contact) {
      const asked = await post(config, '/register/v1.0/challenge', {
        continuation_token: current,
        challenge_type: kind.challenge_type,
        challenge_target: contact,
        challenge_channel: kind.challenge_channel,
      })
      if (asked.error !== undefined) return { error: asked.error }
      current = asked.body.continuation_token
      const submit = async (code: string) => {
        const proof = { continuation_token: current, grant_type: 'oob', oob: code }
        return (await post(config, '/register/v1.0/continue', proof)).error
      }
      return { sent: { to: asked.body.challenge_target, length: asked.body.code_length, submit } }
    },
  }
  return { registration }
}

/** The same over the SDK's own states, where a sign-in has led to them. `onDone` gets the result with the account. */
export function registrationByState(
  state: AuthMethodRegistrationRequiredState,
  onDone: (result: Result) => void,
): Registration {
  let current: AuthMethodRegistrationRequiredState | AuthMethodVerificationRequiredState = state
  return {
    kinds: state.getAuthMethods(),
    async ask(authMethodType, verificationContact) {
      const asked: AuthMethodRegistrationChallengeMethodResult = await current.challengeAuthMethod({
        authMethodType,
        verificationContact,
      })
      if (asked.isVerificationRequired()) {
        current = asked.state
        return { sent: sentBy(asked.state, onDone) }
      }
      // Without a code: the address was proved in this very flow, by a sign-up.
      if (asked.error === undefined) onDone(asked)
      return { error: asked.error as FlowError | undefined }
    },
  }
}

const sentBy = (state: AuthMethodVerificationRequiredState, onDone: (result: Result) => void): Sent => ({
  to: state.getSentTo(),
  length: state.getCodeLength(),
  async submit(code) {
    const done: AuthMethodRegistrationSubmitChallengeResult = await state.submitChallenge(code)
    if (done.error === undefined) onDone(done)
    return done.error as FlowError | undefined
  },
})
