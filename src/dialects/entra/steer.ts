import { z } from 'zod'

/** The authentication context that stands for adding a method (operating.md §6.5). */
const addContext = 'c4'

/** Whether the query of a native call asks for a method to be added. */
export const addsMethod = (query: Readonly<Record<string, string>>): boolean => query.purpose === 'add_method'

const claim = z.looseObject({
  essential: z.boolean().optional(),
  value: z.string().max(64).optional(),
  values: z.array(z.string().max(64)).max(25).optional(),
})
const schema = z.looseObject({ access_token: z.looseObject({ acrs: claim.nullish() }).nullish() })

export interface AskedContexts {
  /** Contexts this server knows, to be written into the token once they are met. */
  readonly acrs: readonly string[]
  readonly adds: boolean
  /** An essential context that nobody here can meet. */
  readonly unmet: boolean
}

/** The authentication contexts a `claims` parameter asks for; undefined: it cannot be read. */
export function contextsOf(claims: string | undefined): AskedContexts | undefined {
  if (claims === undefined) return { acrs: [], adds: false, unmet: false }
  const parsed = schema.safeParse(jsonOf(claims))
  if (!parsed.success) return undefined
  const acrs = parsed.data.access_token?.acrs
  const values = [...(acrs?.values ?? []), ...(acrs?.value === undefined ? [] : [acrs.value])]
  const known = values.filter((it) => it === addContext)
  const adds = known.length > 0
  return { acrs: adds ? [addContext] : [], adds, unmet: acrs?.essential === true && values.length > 0 && !adds }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
