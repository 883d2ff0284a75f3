import { useSpeech } from '../texts.tsx'

/** Says that something is under way; shown only after a moment, by its style. */
export function Spinner() {
  const { t } = useSpeech()
  return (
    <div className="spinner-place" role="status">
      <span className="spinner" aria-hidden="true" />
      <span className="unseen">{t('common.working')}</span>
    </div>
  )
}
