import { Field } from './Field.tsx'

interface Properties {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly error?: string | undefined
  readonly focus?: boolean
}

/** Full-width and Arabic-Indic digits are digits too. */
const plainDigits = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replace(/\D/g, '')

/** One box for a numeric code: paste and autofill work in it, blanks and dashes of a pasted code are dropped (S-137). */
export function CodeInput({ label, value, onChange, error, focus = true }: Properties) {
  return (
    <Field
      label={label}
      name="code"
      value={value}
      onChange={(text) => onChange(plainDigits(text).slice(0, 10))}
      autoComplete="one-time-code"
      inputMode="numeric"
      error={error}
      focus={focus}
      className="code-field"
      latin
    />
  )
}
