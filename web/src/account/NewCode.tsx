import { useEffect, useRef, useState } from 'react'
import { Spinner } from '../base/Spinner.tsx'
import { SaveCodes } from '../enrol/SaveCodes.tsx'
import { useSpeech } from '../texts.tsx'
import type { AccountHandle } from './use-account.ts'

interface Offered {
  readonly offer: string
  readonly id: string
  readonly codes: readonly string[]
}

interface Properties {
  readonly handle: AccountHandle
  readonly tenant: string
  readonly onEnd: () => void
}

/** A new recovery code: offered first and in force only when the user says it is saved. */
export function NewCode({ handle, tenant, onEnd }: Properties) {
  const { t } = useSpeech()
  const [offered, setOffered] = useState<Offered>()
  const [busy, setBusy] = useState(false)
  const asked = useRef(false)
  useEffect(() => {
    if (asked.current) return
    asked.current = true
    void handle.make<Offered>('POST', ['recovery-code'], {}, 'new-code').then((reply) => {
      if (reply.ok) setOffered(reply.value)
      else onEnd()
    })
  }, [handle, onEnd])
  if (offered === undefined) return <Spinner />
  const take = async () => {
    setBusy(true)
    const body = { offer: offered.offer, id: offered.id }
    const reply = await handle.make('POST', ['recovery-code', 'take'], body, 'new-code')
    setBusy(false)
    if (!reply.ok) return
    await handle.reload()
    handle.say(t('account.recovery-taken'))
    onEnd()
  }
  return (
    <SaveCodes
      codes={offered.codes}
      replaces={handle.account.recovery.available}
      tenant={tenant}
      refusal={handle.refusal}
      busy={busy}
      onSaved={() => void take()}
    />
  )
}
