import { useState } from 'react'
import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import { Field } from '../base/Field.tsx'
import { Form } from '../base/Form.tsx'
import { shortestPassword } from '../limits.ts'
import { useSpeech } from '../texts.tsx'
import { Trouble, useFieldError } from '../trouble.tsx'
import type { FlowHandle } from './use-flow.ts'

interface Properties {
  readonly flow: FlowHandle
  readonly login: string
  readonly onSignIn: () => void
}

export function SignUp({ flow, login, onSignIn }: Properties) {
  const { state, busy, refusal, run, refuse } = flow
  const { t } = useSpeech()
  const [email, setEmail] = useState(login.includes('@') ? login : '')
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const error = useFieldError(refusal)
  const aboutPassword =
    refusal?.error === 'weak-password' || (refusal?.error === 'empty' && email.trim() !== '') ? error : undefined
  const submit = () => {
    if (email.trim() === '' || password === '') return refuse('empty')
    void run('sign-up', { email: email.trim(), password, ...(name.trim() !== '' && { name: name.trim() }) })
  }
  return (
    <Card title={t('sign-up.title')} lead={t('identify.lead', { application: state.application.name })}>
      <Trouble refusal={refusal} />
      <Form onSubmit={submit}>
        <Field
          label={t('sign-up.email')}
          name="email"
          type="email"
          value={email}
          onChange={setEmail}
          autoComplete="username"
          inputMode="email"
          error={aboutPassword === undefined ? error : undefined}
          focus
          maxLength={320}
        />
        <Field
          label={t('sign-up.name')}
          name="name"
          value={name}
          onChange={setName}
          autoComplete="name"
          maxLength={300}
        />
        <Field
          label={t('sign-up.password')}
          name="password"
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="new-password"
          hint={t('sign-up.hint', { length: shortestPassword })}
          error={aboutPassword}
        />
        <Button type="submit" busy={busy === 'sign-up'}>
          {t('sign-up.submit')}
        </Button>
      </Form>
      <p className="aside">
        {t('sign-up.have-account')}{' '}
        <Button kind="link" onPress={onSignIn}>
          {t('sign-up.sign-in')}
        </Button>
      </p>
    </Card>
  )
}
