import { type FormEvent, type InputHTMLAttributes, type ReactNode, useEffect, useId, useRef, useState } from 'react'
import type { Said } from './words.ts'

/** A heading that takes the focus when its step appears, so that screen readers follow. */
export function Heading({ children }: { readonly children: ReactNode }) {
  const ref = useRef<HTMLHeadingElement>(null)
  useEffect(() => ref.current?.focus(), [])
  return (
    <h1 ref={ref} tabIndex={-1}>
      {children}
    </h1>
  )
}

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly label: string
  readonly name: string
  readonly hint?: string
}

export function Field({ label, hint, ...input }: FieldProps) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {hint !== undefined && (
        <p id={`${id}-hint`} className="hint">
          {hint}
        </p>
      )}
      <input id={id} required {...input} {...(hint === undefined ? {} : { 'aria-describedby': `${id}-hint` })} />
    </div>
  )
}

/** Tells password managers whose password it is; nobody sees it. */
export const UserName = ({ value }: { readonly value: string }) => (
  <input name="username" autoComplete="username" value={value} readOnly hidden />
)

/** A code as it was sent; of the announced length, where one was. */
export function CodeField({ length }: { readonly length?: number }) {
  const known = length !== undefined && length > 0 ? { minLength: length, maxLength: length } : {}
  return <Field label="Code" name="code" inputMode="numeric" autoComplete="one-time-code" {...known} />
}

interface FormProps {
  readonly action: string
  readonly said?: Said
  readonly children: ReactNode
  readonly onSubmit: (values: Readonly<Record<string, string>>) => Promise<void>
}

/** A form that is busy while it is sent, and says what went wrong above its button. */
export function Form({ action, said, children, onSubmit }: FormProps) {
  const [busy, setBusy] = useState(false)
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const values = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>
    setBusy(true)
    await onSubmit(values).finally(() => setBusy(false))
  }
  return (
    <form onSubmit={submit} aria-busy={busy}>
      {children}
      <p role="alert" className={said === undefined ? undefined : 'trouble'}>
        {said?.text}
      </p>
      <button type="submit" disabled={busy}>
        {action}
      </button>
    </form>
  )
}

interface LinkProps {
  readonly onClick: () => unknown
  readonly children: ReactNode
}

export const TextButton = ({ onClick, children }: LinkProps) => (
  <button type="button" className="text" onClick={onClick}>
    {children}
  </button>
)
