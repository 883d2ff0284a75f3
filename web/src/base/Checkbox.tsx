import { useId } from 'react'

interface Properties {
  readonly label: string
  readonly hint?: string
  readonly checked: boolean
  readonly onChange: (checked: boolean) => void
  readonly error?: string | undefined
}

export function Checkbox({ label, hint, checked, onChange, error }: Properties) {
  const id = useId()
  return (
    <div className="check">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        onChange={({ target }) => onChange(target.checked)}
        aria-describedby={`${id}-more`}
        aria-invalid={error !== undefined || undefined}
      />
      <div>
        <label htmlFor={id}>{label}</label>
        <div id={`${id}-more`}>
          {hint !== undefined && <p className="hint">{hint}</p>}
          {error !== undefined && (
            <p className="field-error" role="alert">
              {error}
            </p>
          )}
        </div>
      </div>
    </div>
  )
}
