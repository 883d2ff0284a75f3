import {
  type AuthenticationMethod,
  type AuthFlowStateBase,
  AuthMethodRegistrationRequiredState,
  type CustomAuthAccountData,
  MfaAwaitingState,
  MfaVerificationRequiredState,
  ResetPasswordCodeRequiredState,
  ResetPasswordCompletedState,
  ResetPasswordPasswordRequiredState,
  SignInCodeRequiredState,
  SignInPasswordRequiredState,
  SignUpAttributesRequiredState,
  SignUpCodeRequiredState,
  SignUpCompletedState,
  SignUpPasswordRequiredState,
} from '@azure/msal-browser/custom-auth'
import { useEffect, useState } from 'react'
import { CodeField, Field, Form, Heading, TextButton, UserName } from './parts.tsx'
import { Register } from './Register.tsx'
import { registrationByState } from './register.ts'
import { type FlowError, type Said, say } from './words.ts'

/** What every call of the SDK resolves to, as far as the steps care. */
export interface Result {
  readonly state: AuthFlowStateBase
  readonly data?: unknown
  readonly error?: unknown
}

export interface StepsProps {
  readonly state: AuthFlowStateBase
  /** Whose flow it is; for password managers. */
  readonly username: string
  /** A result without an error: the next step, or the account. */
  readonly onNext: (result: Result) => void
  /** An error nothing on this step can mend: the hosted pages, or a registration that goes on elsewhere. */
  readonly onLeave?: (error: FlowError) => boolean
}

/** Tells a failed result from one that leads on: every state that failed says so in its name. */
export const failed = (result: Result): boolean =>
  result.error !== undefined || /FailedState$/.test(typeOf(result.state))
const typeOf = (state: AuthFlowStateBase): string => state.stateType

/** The account a flow ended with. */
export const accountOf = (result: Result): CustomAuthAccountData | undefined =>
  /^(SignIn|Mfa|AuthMethodRegistration)CompletedState$/.test(typeOf(result.state))
    ? (result.data as CustomAuthAccountData)
    : undefined

/** Whatever a flow asks for next, a form for each kind of state. */
export function Steps({ state, username, onNext, onLeave }: StepsProps) {
  const [said, setSaid] = useState<Said>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new step has nothing to complain about yet
  useEffect(() => setSaid(undefined), [state])
  const take = async (call: Promise<Result>) => {
    setSaid(undefined)
    const result = await call
    if (!failed(result)) onNext(result)
    else if (onLeave?.(result.error as FlowError) !== true) setSaid(say(result.error as FlowError))
  }
  if (state instanceof SignInPasswordRequiredState) {
    return (
      <Form action="Sign in" said={said} onSubmit={({ password = '' }) => take(state.submitPassword(password))}>
        <Heading>Enter your password</Heading>
        <UserName value={username} />
        <Field label="Password" name="password" type="password" autoComplete="current-password" />
      </Form>
    )
  }
  if (state instanceof SignInCodeRequiredState || state instanceof SignUpCodeRequiredState) {
    return <Code state={state} to="your mailbox" said={said} take={take} />
  }
  if (state instanceof ResetPasswordCodeRequiredState) {
    return <Code state={state} to="your mailbox" said={said} take={take} />
  }
  if (state instanceof SignUpPasswordRequiredState) {
    return (
      <NewPassword
        username={username}
        action="Continue"
        said={said}
        onChosen={(password) => take(state.submitPassword(password))}
      />
    )
  }
  if (state instanceof ResetPasswordPasswordRequiredState) {
    return (
      <NewPassword
        username={username}
        action="Change password"
        said={said}
        onChosen={(password) => take(state.submitNewPassword(password))}
      />
    )
  }
  if (state instanceof SignUpAttributesRequiredState) {
    return (
      <Form action="Continue" said={said} onSubmit={(values) => take(state.submitAttributes(values))}>
        <Heading>About you</Heading>
        {state.getRequiredAttributes().map(({ name }) => (
          <Field key={name} label={attributes[name] ?? name} name={name} />
        ))}
      </Form>
    )
  }
  if (state instanceof SignUpCompletedState || state instanceof ResetPasswordCompletedState) {
    return <SignsIn state={state} said={said} take={take} />
  }
  if (state instanceof MfaAwaitingState) {
    return <ChooseMethod state={state} said={said} take={take} />
  }
  if (state instanceof MfaVerificationRequiredState) {
    return (
      <Form action="Continue" said={said} onSubmit={({ code = '' }) => take(state.submitChallenge(code))}>
        <Heading>Enter the code</Heading>
        <p>
          We sent it to <strong>{state.getSentTo()}</strong>.
        </p>
        <CodeField length={state.getCodeLength()} />
      </Form>
    )
  }
  if (state instanceof AuthMethodRegistrationRequiredState) return <ForcedRegistration state={state} onNext={onNext} />
  return <p role="alert">This application does not know the step “{typeOf(state)}”.</p>
}

const attributes: Readonly<Record<string, string>> = {
  displayName: 'Name',
  givenName: 'First name',
  surname: 'Last name',
  postalCode: 'Postal code',
  city: 'City',
  country: 'Country',
}

interface PartProps<S> {
  readonly state: S
  readonly said?: Said
  readonly take: (call: Promise<Result>) => Promise<void>
}

interface CodeState {
  getCodeLength(): number
  submitCode(code: string): Promise<Result>
  resendCode(): Promise<Result>
}

function Code({ state, to, said, take }: PartProps<CodeState> & { readonly to: string }) {
  const [again, setAgain] = useState(false)
  const resend = async () => {
    await take(state.resendCode())
    setAgain(true)
  }
  return (
    <>
      <Form action="Continue" said={said} onSubmit={({ code = '' }) => take(state.submitCode(code))}>
        <Heading>Enter the code</Heading>
        <p>We sent it to {to}.</p>
        <CodeField length={state.getCodeLength()} />
      </Form>
      <TextButton onClick={resend}>Send a new code</TextButton>
      <p role="status">{again ? 'There is a new code; older ones are no longer good.' : ''}</p>
    </>
  )
}

interface NewPasswordProps {
  readonly action: string
  readonly username: string
  readonly said?: Said
  readonly onChosen: (password: string) => Promise<void>
}

const NewPassword = ({ action, username, said, onChosen }: NewPasswordProps) => (
  <Form action={action} said={said} onSubmit={({ password = '' }) => onChosen(password)}>
    <Heading>Choose a password</Heading>
    <UserName value={username} />
    <Field
      label="New password"
      hint="Eight characters or more; a few words are easy to remember."
      name="password"
      type="password"
      autoComplete="new-password"
    />
  </Form>
)

/** After sign-up and reset the SDK signs in by itself, when told to; a second factor may still be asked for. */
function SignsIn({ state, said, take }: PartProps<{ signIn(): Promise<Result> }>) {
  return (
    <Form action="Continue" said={said} onSubmit={() => take(state.signIn())}>
      <Heading>Done</Heading>
      <p>Your password is set. Continue to sign in.</p>
    </Form>
  )
}

/** `Text message to +*********00`. */
const nameOf = ({ challenge_channel, login_hint = '' }: AuthenticationMethod): string =>
  `${challenge_channel === 'sms' ? 'Text message' : 'E-mail'} to ${login_hint}`

function ChooseMethod({ state, said, take }: PartProps<MfaAwaitingState>) {
  const methods = state.getAuthMethods()
  return (
    <Form action="Send a code" said={said} onSubmit={({ method = '' }) => take(state.requestChallenge(method))}>
      <Heading>Confirm that it is you</Heading>
      <fieldset>
        <legend>Where should we send a code?</legend>
        {methods.map((it, index) => (
          <label key={it.id} className="choice">
            <input type="radio" name="method" value={it.id} defaultChecked={index === 0} />
            {nameOf(it)}
          </label>
        ))}
      </fieldset>
    </Form>
  )
}

function ForcedRegistration({
  state,
  onNext,
}: { state: AuthMethodRegistrationRequiredState } & Pick<StepsProps, 'onNext'>) {
  const [registration] = useState(() => registrationByState(state, onNext))
  return (
    <>
      <Heading>Protect your account</Heading>
      <p>From now on we confirm sign-ins by a code. Choose where it should go.</p>
      <Register registration={registration} />
    </>
  )
}
