import { useState } from 'react'
import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import { CodeInput } from '../base/CodeInput.tsx'
import { CopyButton } from '../base/CopyButton.tsx'
import { Form } from '../base/Form.tsx'
import QrCode from '../base/QrCode.tsx'
import { Spinner } from '../base/Spinner.tsx'
import { useSpeech } from '../texts.tsx'
import { Trouble, useFieldError } from '../trouble.tsx'
import type { SetupProperties } from './Enrolment.tsx'

/** In groups of four, as people type. */
const grouped = (secret: string): string => secret.replace(/(.{4})(?=.)/g, '$1 ')

/** An app that makes codes: QR code, the key for typing, and the first code. */
export function AppSetup({ handle, backWords }: SetupProperties) {
  const { enrolling, refusal, busy, confirm, refuse, back } = handle
  const { t } = useSpeech()
  const [code, setCode] = useState('')
  const error = useFieldError(refusal)
  const submit = () => (code === '' ? refuse('empty') : void confirm(code))
  const { uri, secret } = enrolling?.show ?? {}
  return (
    <Card title={t('enrol.app-title')} lead={t('enrol.app-scan')} focus={enrolling === undefined}>
      <Trouble refusal={refusal} />
      <div className="qr-place">
        {uri === undefined ? <Spinner /> : <QrCode text={uri} label={t('enrol.app-qr')} />}
      </div>
      {uri !== undefined && (
        <details className="by-hand">
          <summary>{t('enrol.app-manual')}</summary>
          <p>{t('enrol.app-secret')}</p>
          <div className="secret">
            <code dir="ltr">{grouped(secret ?? '')}</code>
            <CopyButton text={secret ?? ''} />
          </div>
          <p>
            <a className="link" href={uri}>
              {t('enrol.app-open')}
            </a>
          </p>
        </details>
      )}
      <Form onSubmit={submit}>
        <CodeInput
          label={t('enrol.app-code')}
          value={code}
          onChange={setCode}
          error={error}
          focus={uri !== undefined}
        />
        <div className="actions">
          <Button type="submit" busy={busy === 'confirm'}>
            {t('enrol.confirm')}
          </Button>
          <Button kind="quiet" onPress={back}>
            {backWords}
          </Button>
        </div>
      </Form>
    </Card>
  )
}
