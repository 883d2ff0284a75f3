import { useEffect, useState } from 'react'
import { useSpeech } from '../texts.tsx'
import { Icon } from './Icon.tsx'

/** How long "Copied" stands, ms. */
const shown = 2_500

export function CopyButton({ text }: { readonly text: string }) {
  const { t } = useSpeech()
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(() => setCopied(false), shown)
    return () => clearTimeout(timer)
  }, [copied])
  const copy = () => void navigator.clipboard.writeText(text).then(() => setCopied(true))
  return (
    <button type="button" className="tool" onClick={copy}>
      <Icon name={copied ? 'check' : 'copy'} />
      <span aria-live="polite">{t(copied ? 'common.copied' : 'common.copy')}</span>
    </button>
  )
}
