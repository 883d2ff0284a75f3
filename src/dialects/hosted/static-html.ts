/** HTML as a value, so that text cannot become markup by forgetting (S-134). */
export interface Html {
  readonly html: string
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

type Part = Html | string | number | undefined | readonly Html[]

function written(part: Part): string {
  if (part === undefined) return ''
  if (typeof part === 'object') return 'html' in part ? part.html : part.map(({ html }) => html).join('')
  return String(part).replace(/[&<>"']/g, (char) => escapes[char] ?? '')
}

/** A template whose values are escaped, except those that are Html already. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return { html: strings.map((text, index) => `${text}${index < parts.length ? written(parts[index]) : ''}`).join('') }
}

/**
 * A value as a data block of a page. `<` is spelled so that nothing in it can end the block; a data block is no script, so
 * no policy has to allow it.
 */
export const dataBlock = (id: string, value: object): Html => ({
  html: `<script type="application/json" id="${id}">${JSON.stringify(value).replaceAll('<', '\\u003c')}</script>`,
})
