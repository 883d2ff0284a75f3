import { type HTMLInputAutoCompleteAttribute, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import { useSpeech } from '../texts.tsx'
import { Icon } from './Icon.tsx'

interface Properties {
  readonly label: string
  readonly name: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly type?: 'text' | 'email' | 'password' | 'tel'
  readonly autoComplete?: HTMLInputAutoCompleteAttribute
  readonly inputMode?: 'text' | 'numeric' | 'email' | 'tel'
  readonly hint?: ReactNode
  readonly error?: string | undefined
  /** Takes the focus when it appears. */
  readonly focus?: boolean
  readonly className?: string
  readonly latin?: boolean
  readonly maxLength?: number
}

/** A labelled box. A new error takes the focus back to it, and is read with it. */
export function Field(properties: Properties) {
  const { label, name, value, onChange, hint, error, focus = false, className = '', latin = false } = properties
  const { type = 'text', autoComplete = 'off', inputMode, maxLength } = properties
  const id = useId()
  const input = useRef<HTMLInputElement>(null)
  const [plain, setPlain] = useState(false)
  useEffect(() => {
    if (focus) input.current?.focus()
  }, [focus])
  useEffect(() => {
    if (error !== undefined) input.current?.focus()
  }, [error])
  const described = [hint !== undefined && `${id}-hint`, error !== undefined && `${id}-error`].filter(Boolean).join(' ')
  return (
    <div className={`field ${className}`}>
      <label htmlFor={id}>{label}</label>
      <div className="field-box">
        <input
          ref={input}
          id={id}
          name={name}
          value={value}
          onChange={({ target }) => onChange(target.value)}
          type={type === 'password' && plain ? 'text' : type}
          autoComplete={autoComplete}
          inputMode={inputMode}
          maxLength={maxLength}
          autoCapitalize="none"
          autoCorrect="off"
          spellCheck={false}
          dir={latin ? 'ltr' : undefined}
          aria-invalid={error !== undefined || undefined}
          aria-describedby={described || undefined}
        />
        {type === 'password' && <Reveal plain={plain} onChange={setPlain} />}
      </div>
      {hint !== undefined && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p className="field-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </div>
  )
}

function Reveal({ plain, onChange }: { readonly plain: boolean; readonly onChange: (plain: boolean) => void }) {
  const { t } = useSpeech()
  return (
    <button
      type="button"
      className="reveal"
      aria-label={t(plain ? 'common.hide-password' : 'common.show-password')}
      onClick={() => onChange(!plain)}
    >
      <Icon name={plain ? 'eye-off' : 'eye'} />
    </button>
  )
}
