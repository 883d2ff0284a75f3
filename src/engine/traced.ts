import type { Outcome } from '#model/outcome.ts'
import type { Tracing } from '#ports/tracing.ts'
import type { Engine } from './engine.ts'
import type { Caller } from './parts.ts'

const verbs = ['signIn', 'admit', 'check', 'enrol', 'challenge', 'answer', 'finish'] as const

/** The engine, each of whose verbs is a span: tenant, application and dialect, and the word of a refusal. */
export function traced(engine: Engine, tracing: Tracing | undefined): Engine {
  if (tracing === undefined) return engine
  const spans = verbs.map((verb) => {
    const plain = engine[verb] as (request: { readonly caller?: Caller }) => Promise<Outcome<unknown>>
    const within: typeof plain = (request) => {
      const { caller } = request
      const attributes = caller && {
        'polyfactor.tenant': caller.tenant.id,
        'polyfactor.application': caller.application.id,
        'polyfactor.dialect': caller.dialect,
      }
      return tracing.span(`engine.${verb}`, attributes ?? {}, async (note) => {
        const outcome = await plain(request)
        note({ 'polyfactor.outcome': outcome.no ?? 'yes' })
        return outcome
      })
    }
    return [verb, within] as const
  })
  return { ...engine, ...(Object.fromEntries(spans) as unknown as Pick<Engine, (typeof verbs)[number]>) }
}
