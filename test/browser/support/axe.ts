import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

/** TESTS ONLY: the script `faults` needs in a page. */
export const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const standards = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** Everything wrong with a page as it stands, in words. */
export async function faults(page: Page, rules?: readonly string[]): Promise<readonly string[]> {
  const options = { resultTypes: ['violations'], runOnly: rules ?? standards }
  const { violations, wide } = await page.evaluate(async (how) => {
    const { axe } = globalThis as unknown as { axe: { run: (root: unknown, options: object) => Promise<AxeResults> } }
    const found = await axe.run(document, how)
    const root = document.documentElement
    return { violations: found.violations, wide: root.scrollWidth - root.clientWidth }
  }, options)
  return [
    ...violations.flatMap(({ id, nodes }) => nodes.map((it) => `${id}: ${it.html.slice(0, 160)} ${it.failureSummary}`)),
    ...(wide > 0 ? [`it is ${wide} px wider than the window`] : []),
  ]
}
