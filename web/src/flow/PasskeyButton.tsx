import { Button } from '../base/Button.tsx'
import { Icon } from '../base/Icon.tsx'
import { useSpeech } from '../texts.tsx'
import type { Passkey } from './use-passkey.ts'

/** The other way in, below the form; nothing where there are no passkeys. */
export function PasskeyButton({ passkey }: { readonly passkey: Passkey }) {
  const { t } = useSpeech()
  if (!passkey.offered) return null
  return (
    <div className="instead">
      <Button kind="quiet" busy={passkey.busy} onPress={passkey.press}>
        <Icon name="passkey" />
        {t('identify.passkey')}
      </Button>
    </div>
  )
}
