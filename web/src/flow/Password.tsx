import { useState } from 'react'
import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import { Field } from '../base/Field.tsx'
import { Form } from '../base/Form.tsx'
import { Icon } from '../base/Icon.tsx'
import { signNonce } from '../device.ts'
import { useSpeech } from '../texts.tsx'
import { Trouble, useFieldError } from '../trouble.tsx'
import { Forgot } from './Forgot.tsx'
import type { FlowHandle } from './use-flow.ts'

export function Password({ flow }: { readonly flow: FlowHandle }) {
  const { state, busy, refusal, run, refuse, clear } = flow
  const { t } = useSpeech()
  const [password, setPassword] = useState('')
  const [forgot, setForgot] = useState(false)
  const error = useFieldError(refusal)
  const turn = (to: boolean) => {
    clear()
    setForgot(to)
  }
  if (forgot) return <Forgot flow={flow} onBack={() => turn(false)} />
  const submit = async () => {
    if (password === '') return refuse('empty')
    const device = state.device && (await signNonce(state.device.nonce))
    const passed = await run('password', { password, ...(device !== undefined && { device }) })
    if (!passed) setPassword('')
  }
  const login = state.account?.login ?? ''
  return (
    <Card title={t(state.account?.known ? 'password.known-title' : 'password.title')}>
      <div className="who">
        <Icon name="user" />
        <bdi className="who-name">{login}</bdi>
        <Button kind="link" busy={busy === 'back'} onPress={() => void run('back')}>
          {t('password.other-account')}
        </Button>
      </div>
      <Trouble refusal={refusal} />
      <Form onSubmit={() => void submit()}>
        {/* For password managers: which account the password belongs to. */}
        <input
          className="unseen"
          name="username"
          autoComplete="username"
          value={login}
          readOnly
          tabIndex={-1}
          aria-hidden
        />
        <Field
          label={t('password.password')}
          name="password"
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="current-password"
          error={error}
          focus
        />
        {state.can.resetPassword && (
          <p className="beside">
            <Button kind="link" onPress={() => turn(true)}>
              {t('password.forgot')}
            </Button>
          </p>
        )}
        <Button type="submit" busy={busy === 'password'}>
          {t('password.submit')}
        </Button>
      </Form>
    </Card>
  )
}
