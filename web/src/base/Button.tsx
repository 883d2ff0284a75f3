import type { ReactNode } from 'react'
import { useSpeech } from '../texts.tsx'

interface Properties {
  readonly children: ReactNode
  readonly kind?: 'primary' | 'quiet' | 'danger' | 'link'
  readonly type?: 'button' | 'submit'
  /** Shows that it works, keeps its width and its place in the tab order, and does nothing meanwhile. */
  readonly busy?: boolean
  readonly onPress?: () => void
  /** For a button whose words need others to be understood ("Remove" in a list). */
  readonly label?: string
}

export function Button({ children, kind = 'primary', type = 'button', busy = false, onPress, label }: Properties) {
  const { t } = useSpeech()
  return (
    <button
      type={type}
      className={`button button-${kind}`}
      aria-disabled={busy || undefined}
      aria-label={label}
      onClick={(event) => {
        if (busy) event.preventDefault()
        else onPress?.()
      }}
    >
      <span className="button-words">{children}</span>
      {busy && (
        <span className="button-busy">
          <span className="spinner" aria-hidden="true" />
          <span className="unseen">{t('common.working')}</span>
        </span>
      )}
    </button>
  )
}
