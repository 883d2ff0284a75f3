import type { Page } from 'playwright-core'

/**
 * Shows a page in a colour scheme, and in a window `width` px wide where one is given, and waits until it is drawn that
 * way: the browser answers at once and tells the page when it comes to it.
 */
export async function viewAs(page: Page, colorScheme: 'light' | 'dark', width?: number, height = 800): Promise<void> {
  await page.emulateMedia({ colorScheme })
  if (width !== undefined) await page.setViewportSize({ width, height })
  await page.waitForFunction(
    ([scheme, wide]) =>
      matchMedia(`(prefers-color-scheme: ${scheme})`).matches &&
      (wide === undefined || innerWidth === wide) &&
      document
        .getAnimations()
        .every(
          (it) => it.playState !== 'running' || it.effect?.getComputedTiming().endTime === Number.POSITIVE_INFINITY,
        ),
    [colorScheme, width] as const,
  )
  await page.evaluate(
    () =>
      new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 20)))),
  )
}
