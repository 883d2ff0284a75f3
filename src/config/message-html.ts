/** Which HTML an operator may write into mails: words and their form, nothing that loads, runs or leads elsewhere (S-134). */

const elements: ReadonlySet<string> = new Set(
  'p br b strong i em u h1 h2 h3 div span table tbody tr td th ul ol li hr small a bdi'.split(' '),
)
const attributes: ReadonlySet<string> = new Set(
  'style align dir lang href role width cellpadding cellspacing'.split(' '),
)

/** Style that could load or cover something; nothing in it needs to be spelled by its number, which readers undo. */
const badStyle = /url|expression|import|position|behavior|image-set|@|&|\\|\/\*/i

export function htmlProblem(text: string): { readonly problem: string; readonly mend: string } | undefined {
  const rest = text.replace(/<(\/?)([a-z][a-z0-9]*)((?:\s+[a-z]+="[^"<>]*")*)\s*\/?>/gi, (whole, _end, name, given) =>
    elements.has(name.toLowerCase()) && attributesAreGood(given) ? '' : whole,
  )
  const stray = /<[^\s>]{0,30}/.exec(rest)?.[0] ?? (rest.includes('>') ? '>' : undefined)
  if (stray === undefined) return undefined
  return {
    problem: `holds "${stray}", which mails may not have`,
    mend: `Use ${[...elements].join(', ')} with ${[...attributes].join(', ')} in double quotes; href is "{link}"`,
  }
}

function attributesAreGood(given: string): boolean {
  return [...given.matchAll(/(?<!\s)\s+([a-z]+)="([^"]*)"/gi)].every(([, name = '', value = '']) => {
    const word = name.toLowerCase()
    if (!attributes.has(word)) return false
    if (word === 'href') return value === '{link}'
    return !/[{}]/.test(value) && (word !== 'style' || !badStyle.test(value))
  })
}
