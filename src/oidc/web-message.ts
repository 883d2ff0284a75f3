import { scriptSource } from '#crypto/digest.ts'

/** How long a popup stays after it has answered, ms: longer than a page takes to look whether it is still there. */
const lingers = 1_500

/**
 * The library's answer to a popup, which closes itself in the same breath as it sends its message. A page that looks
 * just then finds a closed window and no message, and takes it for given up; auth0-spa-js looks every second, and closes
 * the popup itself once the message is there. Answers body and policy with a window that closes a little later.
 */
export function lingering(body: string, policy: string): { readonly body: string; readonly policy: string } {
  const script = scriptIn(body)
  const later = script.replace('win.close();', `win.setTimeout(function () { win.close(); }, ${lingers});`)
  return { body: body.replace(script, () => later), policy: policy.replace(scriptSource(script), scriptSource(later)) }
}

/** What stands between the first `<script>` and the end of it; nothing if there is none. */
function scriptIn(body: string): string {
  const from = body.indexOf('<script>')
  const to = body.indexOf('</script>', from)
  return from < 0 || to < 0 ? '' : body.slice(from + '<script>'.length, to)
}
