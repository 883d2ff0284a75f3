import { type ReactNode, useState } from 'react'
import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import { Field } from '../base/Field.tsx'
import { Form } from '../base/Form.tsx'
import { Icon } from '../base/Icon.tsx'
import { signNonce } from '../device.ts'
import { useSpeech } from '../texts.tsx'
import { Trouble, useFieldError } from '../trouble.tsx'
import { Forgot } from './Forgot.tsx'
import { PasskeyButton } from './PasskeyButton.tsx'
import type { FlowHandle } from './use-flow.ts'
import { usePasskey } from './use-passkey.ts'

export function Password({ flow }: { readonly flow: FlowHandle }) {
  const [forgot, setForgot] = useState(false)
  const turn = (to: boolean) => {
    flow.clear()
    setForgot(to)
  }
  if (forgot) return <Forgot flow={flow} onBack={() => turn(false)} />
  return <AskPassword flow={flow} onForgot={() => turn(true)} />
}

/** An address that is too long for one line is broken before its domain. */
function breakable(login: string): ReactNode {
  const at = login.lastIndexOf('@')
  return at === -1 ? (
    login
  ) : (
    <>
      {login.slice(0, at)}
      <wbr />
      {login.slice(at)}
    </>
  )
}

function AskPassword({ flow, onForgot }: { readonly flow: FlowHandle; readonly onForgot: () => void }) {
  const { state, busy, refusal, run, refuse } = flow
  const { t } = useSpeech()
  const passkey = usePasskey(flow)
  const [password, setPassword] = useState('')
  const error = useFieldError(refusal)
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
        <bdi className="who-name">{breakable(login)}</bdi>
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
          autoComplete="current-password webauthn"
          error={error}
          focus
        />
        {state.can.resetPassword && (
          <p className="beside">
            <Button kind="link" onPress={onForgot}>
              {t('password.forgot')}
            </Button>
          </p>
        )}
        <Button type="submit" busy={busy === 'password'}>
          {t('password.submit')}
        </Button>
      </Form>
      <PasskeyButton passkey={passkey} />
    </Card>
  )
}
