import { useState } from 'react'
import { CodeField, Field, Form, TextButton } from './parts.tsx'
import type { Registration, Sent } from './register.ts'
import { type Said, say } from './words.ts'

interface RegisterProps {
  readonly registration: Registration
  /** Called once the new method is stored. */
  readonly onDone?: () => void
}

/** Asks for a number or an address, sends a code there and takes it; another contact may be tried at any time. */
export function Register({ registration, onDone }: RegisterProps) {
  const [kind, setKind] = useState(registration.kinds[0])
  const [sent, setSent] = useState<Sent>()
  const [said, setSaid] = useState<Said>()
  const byText = kind?.challenge_channel === 'sms'
  const ask = async ({ contact = '' }: Readonly<Record<string, string>>) => {
    setSaid(undefined)
    if (kind === undefined) return
    const asked = await registration.ask(kind, contact)
    if (asked.error !== undefined) setSaid(say(asked.error))
    else if (asked.sent === undefined) onDone?.()
    else setSent(asked.sent)
  }
  const prove = async ({ code = '' }: Readonly<Record<string, string>>) => {
    setSaid(undefined)
    const error = await sent?.submit(code)
    if (error === undefined) onDone?.()
    else setSaid(say(error))
  }
  if (sent !== undefined) {
    return (
      <>
        <Form action="Confirm" said={said} onSubmit={prove}>
          <p>
            We sent a code to <strong>{sent.to}</strong>.
          </p>
          <CodeField length={sent.length} />
        </Form>
        <TextButton
          onClick={() => {
            setSent(undefined)
            setSaid(undefined)
          }}
        >
          Use another one
        </TextButton>
      </>
    )
  }
  return (
    <Form action="Send a code" said={said} onSubmit={ask}>
      <fieldset>
        <legend>What do you want to use?</legend>
        {registration.kinds.map((it) => (
          <label key={it.id} className="choice">
            <input
              type="radio"
              name="kind"
              value={it.id}
              checked={it === kind}
              onChange={() => {
                setKind(it)
                setSaid(undefined)
              }}
            />
            {it.challenge_channel === 'sms' ? 'A phone number' : 'An e-mail address'}
          </label>
        ))}
      </fieldset>
      {byText ? (
        <Field
          key="sms"
          label="Phone number"
          hint="With the country, such as +1 206 555 0100"
          name="contact"
          type="tel"
          autoComplete="tel"
        />
      ) : (
        <Field
          key="email"
          label="E-mail address"
          name="contact"
          type="email"
          autoComplete="email"
          defaultValue={kind?.login_hint ?? ''}
        />
      )}
    </Form>
  )
}
