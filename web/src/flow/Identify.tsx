import { useState } from 'react'
import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import { Field } from '../base/Field.tsx'
import { Form } from '../base/Form.tsx'
import { useSpeech } from '../texts.tsx'
import { Trouble, useFieldError } from '../trouble.tsx'
import { PasskeyButton } from './PasskeyButton.tsx'
import { SignUp } from './SignUp.tsx'
import type { FlowHandle } from './use-flow.ts'
import { usePasskey } from './use-passkey.ts'

/** Who are you? Or, from here, a new account. */
export function Identify({ flow }: { readonly flow: FlowHandle }) {
  const { state, clear } = flow
  const wantsAccount = state.can.signUp && (state.hints.screen === 'signup' || state.step === 'sign-up')
  const [signingUp, setSigningUp] = useState(wantsAccount)
  const [login, setLogin] = useState(state.account?.login ?? state.hints.login ?? '')
  const turn = (to: boolean) => {
    clear()
    setSigningUp(to)
  }
  if (signingUp) return <SignUp flow={flow} login={login} onSignIn={() => turn(false)} />
  return <SignIn flow={flow} login={login} onLogin={setLogin} onSignUp={() => turn(true)} />
}

interface Properties {
  readonly flow: FlowHandle
  readonly login: string
  readonly onLogin: (login: string) => void
  readonly onSignUp: () => void
}

function SignIn({ flow, login, onLogin, onSignUp }: Properties) {
  const { state, busy, refusal, run, refuse } = flow
  const { t } = useSpeech()
  const passkey = usePasskey(flow)
  const error = useFieldError(refusal)
  const submit = () => (login.trim() === '' ? refuse('empty') : void run('identify', { login: login.trim() }))
  return (
    <Card title={t('identify.title')} lead={t('identify.lead', { application: state.application.name })}>
      <Trouble refusal={refusal} />
      <Form onSubmit={submit}>
        <Field
          label={t('identify.login')}
          name="login"
          value={login}
          onChange={onLogin}
          autoComplete="username webauthn"
          inputMode="email"
          error={error}
          focus
          maxLength={320}
        />
        <Button type="submit" busy={busy === 'identify'}>
          {t('common.continue')}
        </Button>
      </Form>
      <PasskeyButton passkey={passkey} />
      {state.can.signUp && (
        <p className="aside">
          {t('identify.new-here')}{' '}
          <Button kind="link" onPress={onSignUp}>
            {t('identify.sign-up')}
          </Button>
        </p>
      )}
    </Card>
  )
}
