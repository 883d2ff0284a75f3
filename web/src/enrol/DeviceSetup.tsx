import { useEffect, useRef, useState } from 'react'
import type { Refusal } from '../api.ts'
import { Button } from '../base/Button.tsx'
import { Card } from '../base/Card.tsx'
import { Emblem } from '../base/Icon.tsx'
import { Notice } from '../base/Notice.tsx'
import QrCode from '../base/QrCode.tsx'
import { Spinner } from '../base/Spinner.tsx'
import { giveUpKey, KeyRefused, keysSupported, makeKey } from '../keys.ts'
import { useSpeech } from '../texts.tsx'
import { Trouble } from '../trouble.tsx'
import type { SetupProperties } from './Enrolment.tsx'

/** No code was wrong here. */
const ofKey = (refusal: Refusal | undefined): Refusal | undefined =>
  refusal?.error === 'wrong-proof' ? { ...refusal, error: 'key-wrong' } : refusal

/** A key or passkey: the browser makes it when asked. */
export function KeySetup({ handle, backWords }: SetupProperties) {
  const { enrolling, refusal, busy, confirm, refuse, back } = handle
  const { t } = useSpeech()
  const [asking, setAsking] = useState(false)
  // Whoever chooses another way is not followed by the browser's window.
  useEffect(() => giveUpKey, [])
  // A question that was put too long ago is put again, for the next try.
  const late = refusal?.error === 'challenge-expired'
  const now = useRef(handle)
  now.current = handle
  useEffect(() => {
    if (late) void now.current.begin().then(() => now.current.refuse('passkey-late'))
  }, [late])
  const make = async () => {
    if (!keysSupported()) return refuse('key-unsupported')
    setAsking(true)
    try {
      await confirm(await makeKey(enrolling?.show))
    } catch (error) {
      if (error instanceof KeyRefused) refuse('key-refused')
    }
    setAsking(false)
  }
  return (
    <Card title={t('enrol.device-title')} lead={t('challenge.assertion')} emblem={<Emblem name="device" />} focus>
      <Trouble refusal={ofKey(refusal)} all />
      <div className="actions">
        <Button busy={asking || busy !== undefined || enrolling === undefined} onPress={() => void make()}>
          {t('enrol.device-button')}
        </Button>
        <Button kind="quiet" onPress={back}>
          {backWords}
        </Button>
      </div>
    </Card>
  )
}

/** How often it is asked whether the device has answered, ms. */
const pollEvery = 5_000

/** A device that approves: it reads the code, then says so itself. */
export function PushSetup({ handle, backWords }: SetupProperties) {
  const { enrolling, refusal, begin, confirm, back } = handle
  const { t } = useSpeech()
  const over = refusal?.error === 'challenge-expired'
  useEffect(() => {
    if (enrolling === undefined || over) return
    const timer = setInterval(() => void confirm(), pollEvery)
    return () => clearInterval(timer)
  }, [enrolling, over, confirm])
  const uri = enrolling?.show?.uri
  return (
    <Card title={t('enrol.push-title')} lead={t('enrol.push-scan')} emblem={<Emblem name="push" />} focus>
      {over ? <Notice kind="error">{t('challenge.approval-expired')}</Notice> : <Trouble refusal={refusal} all />}
      {!over && (
        <>
          <div className="qr-place">
            {uri === undefined ? <Spinner /> : <QrCode text={uri} label={t('enrol.push-qr')} />}
          </div>
          {uri !== undefined && (
            <p className="aside">
              <a className="link" href={uri} target="_blank" rel="noopener">
                {t('enrol.push-open')}
              </a>
            </p>
          )}
          <p className="match-about centred" role="status">
            {t('enrol.push-waiting')}
          </p>
        </>
      )}
      <div className="actions">
        {over && <Button onPress={() => void begin()}>{t('challenge.approval-button')}</Button>}
        <Button kind="quiet" onPress={back}>
          {backWords}
        </Button>
      </div>
    </Card>
  )
}
