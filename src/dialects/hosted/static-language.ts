import type { BuiltPages } from './static-files.ts'

/** BCP 47 tags of an `Accept-Language` header, the most wanted first. */
function accepted(header: string): readonly string[] {
  return header
    .slice(0, 500)
    .split(',')
    .map((it, index) => {
      const [tag = '', weight] = it.trim().split(/(?<!\s)\s*;\s*q=/)
      return { tag, weight: weight === undefined ? 1 : Number(weight), index }
    })
    .filter(({ tag, weight }) => tag !== '' && weight > 0)
    .sort((a, b) => b.weight - a.weight || a.index - b.index)
    .map(({ tag }) => tag)
}

/** The language a page begins in: what the application asked for (`ui_locales`), else what the browser speaks. */
export function languageOf(pages: BuiltPages, wished: readonly string[], header: string | undefined): string {
  const tags = [...wished, ...accepted(header ?? '')]
  const primary = tags.map((tag) => tag.toLowerCase().split('-')[0] ?? '')
  return primary.find((it) => Object.hasOwn(pages.languages, it)) ?? 'en'
}
