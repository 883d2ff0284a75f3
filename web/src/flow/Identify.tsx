import { useState } from 'react'
import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import { Field } from '../base/Field.tsx'
import { Form } from '../base/Form.tsx'
import { useSpeech } from '../texts.tsx'
import { Trouble, useFieldError } from '../trouble.tsx'
import { SignUp } from './SignUp.tsx'
import type { FlowHandle } from './use-flow.ts'

/** Who are you? Or, from here, a new account. */
export function Identify({ flow }: { readonly flow: FlowHandle }) {
  const { state, busy, refusal, run, refuse, clear } = flow
  const { t } = useSpeech()
  const wantsAccount = state.can.signUp && (state.hints.screen === 'signup' || state.step === 'sign-up')
  const [signingUp, setSigningUp] = useState(wantsAccount)
  const [login, setLogin] = useState(state.account?.login ?? state.hints.login ?? '')
  const error = useFieldError(refusal)
  const turn = (to: boolean) => {
    clear()
    setSigningUp(to)
  }
  if (signingUp) return <SignUp flow={flow} login={login} onSignIn={() => turn(false)} />
  const submit = () => (login.trim() === '' ? refuse('empty') : void run('identify', { login: login.trim() }))
  return (
    <Card title={t('identify.title')} lead={t('identify.lead', { application: state.application.name })}>
      <Trouble refusal={refusal} />
      <Form onSubmit={submit}>
        <Field
          label={t('identify.login')}
          name="login"
          value={login}
          onChange={setLogin}
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
      {state.can.signUp && (
        <p className="aside">
          {t('identify.new-here')}{' '}
          <Button kind="link" onPress={() => turn(true)}>
            {t('identify.sign-up')}
          </Button>
        </p>
      )}
    </Card>
  )
}
