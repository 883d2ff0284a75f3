import { useEffect, useState } from 'react'
import { Button } from '../base/Button.tsx'
import { Form } from '../base/Form.tsx'
import { giveUpKey, KeyRefused, keysSupported, proveKey } from '../keys.ts'
import { useSpeech } from '../texts.tsx'
import { type Properties, Remember, remembered, Shell } from './ChallengeSteps.tsx'

/** What a key's answer that is not accepted is called: no code was wrong here. */
const words = { 'wrong-proof': 'key-wrong', 'challenge-expired': 'passkey-late' }

/**
 * A key or passkey. The browser's own window opens only when the user asks for it, so that nothing pops up unasked; each
 * try has a question of its own, since one that was asked before may be dead.
 */
export default function AssertionStep(properties: Properties) {
  const { flow, option } = properties
  const { t } = useSpeech()
  const [remember, setRemember] = useState(false)
  const [asking, setAsking] = useState(false)
  // Whoever chooses another way is not followed by the window of this one.
  useEffect(() => giveUpKey, [])
  const start = async () => {
    if (!keysSupported()) return flow.refuse('key-unsupported')
    setAsking(true)
    try {
      const asked = await flow.send('challenge', { option: option.id })
      if (asked?.ok) {
        const proof = await proveKey(asked.value.asked?.show)
        await flow.run('verify', { proof, ...(await remembered(remember)) }, words)
      }
    } catch (error) {
      if (error instanceof KeyRefused) flow.refuse('key-refused')
    }
    setAsking(false)
  }
  return (
    <Shell {...properties} lead={t('challenge.assertion')} focus>
      <Form onSubmit={() => void start()}>
        <Remember flow={flow} checked={remember} onChange={setRemember} />
        <Button type="submit" busy={asking || flow.busy !== undefined}>
          {t('challenge.assertion-button')}
        </Button>
      </Form>
    </Shell>
  )
}
