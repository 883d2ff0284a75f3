import {
  type AuthFlowStateBase,
  AuthMethodRegistrationRequiredState,
  type CustomAuthAccountData,
} from '@azure/msal-browser/custom-auth'
import { useCallback, useEffect, useState } from 'react'
import type { Auth } from './auth.ts'
import { Field, Form, Heading, TextButton, UserName } from './parts.tsx'
import { Register } from './Register.tsx'
import {
  listMethods,
  type Method,
  type Opened,
  type Registration,
  registrationByContinuation,
  registrationByState,
  registrationByToken,
} from './register.ts'
import { failed, type Result, Steps } from './Steps.tsx'
import { type FlowError, type Said, say } from './words.ts'

interface SecurityProps {
  readonly auth: Auth
  readonly account: CustomAuthAccountData
}

/** Where the page stands: the list, a sign-in once more, or the registration of a method. */
type Place =
  | { readonly at: 'list' }
  | { readonly at: 'confirm' }
  | { readonly at: 'register'; readonly registration: Registration }

/** **Manage security**: the methods of the person, and a way to add one. */
export function Security({ auth, account }: SecurityProps) {
  const [place, setPlace] = useState<Place>({ at: 'list' })
  const [methods, setMethods] = useState<readonly Method[]>()
  const [said, setSaid] = useState<Said>()
  const [added, setAdded] = useState(false)
  const token = useCallback(async () => {
    const got = await account.getAccessToken({ forceRefresh: false })
    return got.data?.accessToken ?? ''
  }, [account])
  const read = useCallback(
    async () =>
      setMethods(
        await token()
          .then((it) => listMethods(auth.config, it))
          .catch(() => []),
      ),
    [auth, token],
  )
  useEffect(() => void read(), [read])

  const take = ({ error, registration }: Opened) => {
    if (registration !== undefined) setPlace({ at: 'register', registration })
    // Too long ago, or by less than the person has: they sign in once more.
    else if (needsProof(error)) setPlace({ at: 'confirm' })
    else setSaid(say(error))
  }
  const add = async () => {
    setSaid(undefined)
    setAdded(false)
    take(await registrationByToken(auth.config, await token()))
  }
  const done = () => {
    setPlace({ at: 'list' })
    setAdded(true)
    void read()
  }
  const back = () => setPlace({ at: 'list' })

  if (place.at === 'register') {
    return (
      <>
        <Heading>Add a method</Heading>
        <Register registration={place.registration} onDone={done} />
        <TextButton onClick={back}>Back</TextButton>
      </>
    )
  }
  if (place.at === 'confirm') {
    return (
      <>
        <Confirm auth={auth} account={account} onOpened={take} onDone={done} />
        <TextButton onClick={back}>Back</TextButton>
      </>
    )
  }
  return (
    <>
      <Heading>Manage security</Heading>
      <p>This is how you can confirm that it is you.</p>
      {methods === undefined ? <p role="status">One moment …</p> : <MethodList methods={methods} />}
      <p role="status">{added ? 'The method was added.' : ''}</p>
      <p role="alert" className={said === undefined ? undefined : 'trouble'}>
        {said?.text}
      </p>
      <button type="button" onClick={add}>
        Add a method
      </button>
    </>
  )
}

const needsProof = (error: FlowError | undefined): boolean =>
  error?.errorData.subError === 'mfa_required' || error?.errorData.error === 'interaction_required'

const names: Readonly<Record<Method['kind'], string>> = {
  password: 'Password',
  phone: 'Text message',
  email: 'E-mail',
  app: 'Authenticator app',
  key: 'Security key or passkey',
}

const MethodList = ({ methods }: { readonly methods: readonly Method[] }) => (
  <ul className="methods">
    {methods.map((it) => (
      <li key={it.id}>
        <strong>{names[it.kind]}</strong>
        {it.address !== undefined && <span>{it.address}</span>}
      </li>
    ))}
  </ul>
)

interface ConfirmProps extends SecurityProps {
  readonly onOpened: (opened: Opened) => void
  readonly onDone: () => void
}

/**
 * Signs in once more, in an application object of its own, so that the account that is signed in stays as it is. The
 * server answers with a registration: as a state of the SDK, or, after a second factor, as an error that carries its token.
 */
function Confirm({ auth, account, onOpened, onDone }: ConfirmProps) {
  const { username } = account.getAccount()
  const [state, setState] = useState<AuthFlowStateBase>()
  const [said, setSaid] = useState<Said>()
  const onNext = (result: Result) => {
    if (result.state instanceof AuthMethodRegistrationRequiredState) {
      onOpened({ registration: registrationByState(result.state, onDone) })
    } else setState(result.state)
  }
  const onLeave = ({ errorData }: FlowError) => {
    if (errorData.subError !== 'registration_required' || errorData.continuationToken === undefined) return false
    void registrationByContinuation(auth.config, errorData.continuationToken).then(onOpened)
    return true
  }
  const signIn = async ({ password = '' }: Readonly<Record<string, string>>) => {
    setSaid(undefined)
    const second = await auth.openSecond()
    const result: Result = await second.signIn({ username, password })
    if (failed(result)) setSaid(say(result.error as FlowError))
    else onNext(result)
  }
  if (state !== undefined) return <Steps state={state} username={username} onNext={onNext} onLeave={onLeave} />
  return (
    <Form action="Continue" said={said} onSubmit={signIn}>
      <Heading>Confirm that it is you</Heading>
      <p>You signed in some time ago. Before a method is added, sign in once more.</p>
      <UserName value={username} />
      <Field label="Password" name="password" type="password" autoComplete="current-password" />
    </Form>
  )
}
