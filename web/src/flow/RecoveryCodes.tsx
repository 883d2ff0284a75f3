import { SaveCodes } from '../enrol/SaveCodes.tsx'
import type { FlowHandle } from './use-flow.ts'

export default function RecoveryCodes({ flow }: { readonly flow: FlowHandle }) {
  const { state, refusal, busy, run } = flow
  const { codes = [], replaces = false } = state.recoveryCodes ?? {}
  return (
    <SaveCodes
      codes={codes}
      replaces={replaces}
      tenant={state.tenant.name}
      refusal={refusal}
      busy={busy === 'saved'}
      onSaved={() => void run('saved')}
    />
  )
}
