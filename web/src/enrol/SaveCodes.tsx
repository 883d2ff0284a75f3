import { useState } from 'react'
import type { Refusal } from '../api.ts'
import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import { Checkbox } from '../base/Checkbox.tsx'
import { CopyButton } from '../base/CopyButton.tsx'
import { Form } from '../base/Form.tsx'
import { Emblem, Icon } from '../base/Icon.tsx'
import { useSpeech } from '../texts.tsx'
import { Trouble } from '../trouble.tsx'

interface Properties {
  readonly codes: readonly string[]
  readonly replaces: boolean
  readonly tenant: string
  readonly refusal: Refusal | undefined
  readonly busy: boolean
  readonly onSaved: () => void
}

/** Codes to keep: shown once, to copy, download or print, and confirmed before going on. */
export function SaveCodes({ codes, replaces, tenant, refusal, busy, onSaved }: Properties) {
  const { t } = useSpeech()
  const [saved, setSaved] = useState(false)
  const [asked, setAsked] = useState(false)
  const text = codes.join('\n')
  return (
    <Card title={t('recovery.title')} lead={t('recovery.lead')} emblem={<Emblem name="paper" />} focus>
      <Trouble refusal={refusal} all />
      <ul className="codes" aria-label={t('recovery.codes')}>
        {codes.map((code) => (
          <li key={code}>
            <code dir="ltr">{code}</code>
          </li>
        ))}
      </ul>
      <div className="tools">
        <CopyButton text={text} />
        <button type="button" className="tool" onClick={() => download(t('recovery.file', { tenant }), text)}>
          <Icon name="download" />
          <span>{t('recovery.download')}</span>
        </button>
        <button type="button" className="tool" onClick={() => window.print()}>
          <Icon name="print" />
          <span>{t('recovery.print')}</span>
        </button>
      </div>
      {replaces && <p className="hint">{t('recovery.replaces')}</p>}
      <Form onSubmit={() => (saved ? onSaved() : setAsked(true))}>
        <Checkbox
          label={t('recovery.confirm')}
          checked={saved}
          onChange={setSaved}
          error={asked && !saved ? t('recovery.confirm-first') : undefined}
        />
        <Button type="submit" busy={busy}>
          {t('common.continue')}
        </Button>
      </Form>
    </Card>
  )
}

/** A text file, made here: the codes leave this page for no server. */
function download(title: string, text: string): void {
  const url = URL.createObjectURL(new Blob([`${title}\n\n${text}\n`], { type: 'text/plain' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `${title}.txt`
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 1_000)
}
