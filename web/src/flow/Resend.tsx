import { useEffect, useMemo, useState } from 'react'
import { Button } from '../base/Button.tsx'
import { useSecondsUntil } from '../base/Countdown.tsx'
import { useSpeech } from '../texts.tsx'

interface Properties {
  /** Epoch ms of the server. */
  readonly sentAt: number
  readonly resendAt: number | undefined
  readonly voice: boolean
  readonly busy: boolean
  readonly onResend: () => void
}

/** "Send again", after the wait the server asks for. */
export function Resend({ sentAt, resendAt, voice, busy, onResend }: Properties) {
  const { t, wait } = useSpeech()
  // A clock that differs from the server's must not make the wait longer than it is.
  const until = useMemo(
    () => (resendAt === undefined ? undefined : Math.min(resendAt, Date.now() + resendAt - sentAt)),
    [sentAt, resendAt],
  )
  const seconds = useSecondsUntil(until)
  const [first] = useState(sentAt)
  const [again, setAgain] = useState(false)
  useEffect(() => {
    if (sentAt !== first) setAgain(true)
  }, [sentAt, first])
  return (
    <div className="resend">
      <span className="unseen" role="status">
        {again ? t('challenge.sent-again') : ''}
      </span>
      {seconds > 0 ? (
        <span className="resend-wait">{t('challenge.resend-in', { time: wait(seconds) })}</span>
      ) : (
        <Button kind="link" busy={busy} onPress={onResend}>
          {t(voice ? 'challenge.recall' : 'challenge.resend')}
        </Button>
      )}
    </div>
  )
}
