import { useEffect, useState } from 'react'
import { checkTicket, type Refusal, resetPassword } from './api.ts'
import { Button } from './base/Button.tsx'
import { Card } from './base/Card.tsx'
import { Field } from './base/Field.tsx'
import { Form } from './base/Form.tsx'
import { Spinner } from './base/Spinner.tsx'
import { shortestPassword } from './limits.ts'
import { Said } from './Said.tsx'
import { useSpeech } from './texts.tsx'
import { Trouble, useFieldError } from './trouble.tsx'

type Stage = 'looking' | 'invalid' | 'asking' | 'done'

/** Where the link of a reset mail leads. Looking uses nothing up; only the new password does. */
export default function ResetPassword({ ticket }: { readonly ticket: string }) {
  const { t } = useSpeech()
  const [stage, setStage] = useState<Stage>('looking')
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<Refusal>()
  const error = useFieldError(refusal)
  useEffect(() => {
    void checkTicket(ticket).then((reply) => {
      setStage(reply.ok ? 'asking' : 'invalid')
    })
  }, [ticket])
  if (stage === 'looking') return <Spinner />
  if (stage === 'invalid') return <Said key="invalid" title="reset.invalid-title" text="reset.invalid" icon="alert" />
  if (stage === 'done') {
    return (
      <Said key="done" title="reset.done-title" text="reset.done" icon="check">
        <a className="button button-primary" href="/u/account">
          {t('reset.to-account')}
        </a>
      </Said>
    )
  }
  const submit = async () => {
    if (password === '') return setRefusal({ error: 'empty' })
    setBusy(true)
    const reply = await resetPassword(ticket, password)
    setBusy(false)
    if (reply.ok) return setStage('done')
    setRefusal(reply.refusal)
    if (['ticket-used', 'ticket-unknown', 'not-found'].includes(reply.refusal.error)) setStage('invalid')
  }
  return (
    <Card title={t('reset.title')} lead={t('reset.lead')}>
      <Trouble refusal={refusal} />
      <Form onSubmit={() => void submit()}>
        <Field
          label={t('reset.password')}
          name="password"
          type="password"
          value={password}
          onChange={setPassword}
          autoComplete="new-password"
          hint={t('sign-up.hint', { length: shortestPassword })}
          error={error}
          focus
        />
        <Button type="submit" busy={busy}>
          {t('reset.submit')}
        </Button>
      </Form>
    </Card>
  )
}
