import {
  AsYouType,
  type CountryCode,
  getCountries,
  getCountryCallingCode,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/min'
import { useId, useMemo, useState } from 'react'
import { useSpeech } from '../texts.tsx'
import { Field } from './Field.tsx'

interface Properties {
  /** The number with `+`, or undefined while it cannot be one. */
  readonly onChange: (number: string | undefined) => void
  readonly error?: string | undefined
}

/** Country and number. A number typed with `+` sets the country by itself. Loaded only where a number is asked for. */
export default function PhoneInput({ onChange, error }: Properties) {
  const { t, language } = useSpeech()
  const id = useId()
  const countries = useMemo(() => listed(language), [language])
  const [country, setCountry] = useState<CountryCode>(() => guess(countries))
  const [text, setText] = useState('')
  const change = (typed: string, of: CountryCode) => {
    const parsed = parsePhoneNumberFromString(typed, of)
    const home = typed.trim().startsWith('+') ? (parsed?.country ?? of) : of
    setCountry(home)
    setText(typed)
    onChange(parsed?.isPossible() ? parsed.number : undefined)
  }
  return (
    <>
      <div className="field">
        <label htmlFor={id}>{t('enrol.country')}</label>
        <div className="field-box">
          <select
            id={id}
            value={country}
            autoComplete="tel-country-code"
            onChange={({ target }) => change(text, target.value as CountryCode)}
          >
            {countries.map((it) => (
              <option key={it.code} value={it.code}>{`${it.name} (+${it.dial})`}</option>
            ))}
          </select>
        </div>
      </div>
      <Field
        label={t('enrol.number')}
        name="tel"
        type="tel"
        autoComplete="tel-national"
        inputMode="tel"
        value={text}
        onChange={(typed) => change(shaped(typed, text, country), country)}
        error={error}
        focus
        latin
      />
    </>
  )
}

/** Groups digits as the country does, but never while something is taken away: the caret would jump. */
function shaped(typed: string, before: string, country: CountryCode): string {
  return typed.length > before.length && typed.startsWith(before) ? new AsYouType(country).input(typed) : typed
}

interface Country {
  readonly code: CountryCode
  readonly name: string
  readonly dial: string
}

function listed(language: string): readonly Country[] {
  const names = new Intl.DisplayNames(language, { type: 'region' })
  const { compare } = new Intl.Collator(language)
  return getCountries()
    .map((code) => ({ code, name: names.of(code) ?? code, dial: getCountryCallingCode(code) }))
    .sort((one, other) => compare(one.name, other.name))
}

/** The region of the browser's first language that names one. */
function guess(countries: readonly Country[]): CountryCode {
  const known = new Set<string>(countries.map(({ code }) => code))
  const regions = navigator.languages.map((it) => new Intl.Locale(it).maximize().region)
  return (regions.find((it) => it !== undefined && known.has(it)) ?? 'US') as CountryCode
}
