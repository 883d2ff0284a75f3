import type { AuthFlowStateBase, CustomAuthAccountData } from '@azure/msal-browser/custom-auth'
import { useState } from 'react'
import type { Auth } from './auth.ts'
import { Field, Form, Heading, TextButton } from './parts.tsx'
import { accountOf, failed, type Result, Steps } from './Steps.tsx'
import { type FlowError, type Said, say } from './words.ts'

export type FlowName = 'sign-in' | 'sign-up' | 'reset'

interface FlowProps {
  readonly auth: Auth
  readonly name: FlowName
  readonly goTo: (name: FlowName) => void
  readonly onSignedIn: (account: CustomAuthAccountData) => void
}

const titles = { 'sign-in': 'Sign in', 'sign-up': 'Create an account', reset: 'Reset your password' } as const
const actions = { 'sign-in': 'Continue', 'sign-up': 'Continue', reset: 'Send a code' } as const

/** Sign-in, sign-up and reset: they begin with an address, and end signed in. */
export function Flow({ auth, name, goTo, onSignedIn }: FlowProps) {
  const [state, setState] = useState<AuthFlowStateBase>()
  const [typed, setTyped] = useState('')
  const [said, setSaid] = useState<Said>()
  const onNext = (result: Result) => {
    const account = accountOf(result)
    if (account === undefined) setState(result.state)
    else onSignedIn(account)
  }
  /** A redirect leads to the hosted pages, whatever step it came at. */
  const onLeave = (error: FlowError) => {
    const why = say(error)
    if (why.pages !== true) return false
    setSaid(why)
    setState(undefined)
    return true
  }
  const begin = async ({ username = '' }: Readonly<Record<string, string>>) => {
    setSaid(undefined)
    setTyped(username)
    const { app } = auth
    const result: Result =
      name === 'sign-in'
        ? await app.signIn({ username })
        : name === 'sign-up'
          ? await app.signUp({ username })
          : await app.resetPassword({ username })
    if (failed(result)) setSaid(say(result.error as FlowError))
    else onNext(result)
  }
  const pages = async () => {
    const signedIn = await auth.openPages().then(
      () => auth.app.getCurrentAccount().data,
      () => undefined,
    )
    if (signedIn === undefined) setSaid({ text: 'The window was closed before you were signed in.', pages: true })
    else onSignedIn(signedIn)
  }
  if (state !== undefined) return <Steps state={state} username={typed} onNext={onNext} onLeave={onLeave} />
  return (
    <>
      <Form action={actions[name]} said={said} onSubmit={begin}>
        <Heading key={name}>{titles[name]}</Heading>
        <Field label="E-mail address" name="username" type="email" autoComplete="username" />
      </Form>
      {said?.pages === true && (
        <button type="button" onClick={pages}>
          Open the sign-in page
        </button>
      )}
      <nav aria-label="Other ways">
        {name !== 'sign-in' && <TextButton onClick={() => goTo('sign-in')}>Sign in</TextButton>}
        {name !== 'sign-up' && <TextButton onClick={() => goTo('sign-up')}>Create an account</TextButton>}
        {name !== 'reset' && <TextButton onClick={() => goTo('reset')}>Forgot your password?</TextButton>}
      </nav>
    </>
  )
}
