import { tokenDigest } from '#crypto/digest.ts'

const style = `
:root { color-scheme: light dark; --bg: light-dark(#f6f7f9, #14161a); --card: light-dark(#fff, #1e2127);
  --line: light-dark(#d9dde3, #363b44); --text: light-dark(#1a1d21, #e8eaed); --soft: light-dark(#59616b, #a4abb6);
  --accent: light-dark(#0b57d0, #8ab4f8) }
* { box-sizing: border-box }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; background: var(--bg); color: var(--text) }
main { max-width: 44rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
header { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: end; margin-bottom: 1rem }
h1 { font-size: 1.5rem; margin: 0 auto 0 0 }
label { display: grid; font-size: .8rem; color: var(--soft) }
input, select, button { font: inherit; font-size: .95rem; padding: .35rem .6rem; border: 1px solid var(--line);
  border-radius: .4rem; background: var(--card); color: var(--text) }
button { cursor: pointer }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
ol { list-style: none; margin: 0; padding: 0; display: grid; gap: .75rem }
li { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem }
.meta { display: flex; flex-wrap: wrap; gap: .2rem .8rem; font-size: .85rem; color: var(--soft) }
.meta strong { color: var(--text) }
.meta time { margin-left: auto }
.text { margin: .4rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere }
.code { display: flex; gap: .8rem; align-items: center; margin: .5rem 0 0 }
.code output { font: 600 1.6rem/1.2 ui-monospace, monospace; letter-spacing: .12em; color: var(--accent) }
#state { color: var(--soft); margin: 0 0 1rem }
`

const script = `
const list = document.querySelector('ol'), state = document.querySelector('#state')
const to = document.querySelector('#to'), channel = document.querySelector('#channel')
let shown = ''
const make = (tag, text, parent, name) => {
  const node = document.createElement(tag)
  if (text) node.textContent = text
  if (name) node.className = name
  parent.append(node)
  return node
}
const card = (message) => {
  const item = document.createElement('li')
  const meta = make('div', '', item, 'meta')
  make('strong', message.channel, meta)
  make('span', message.to, meta)
  make('span', message.purpose, meta)
  make('span', message.tenant, meta)
  const time = make('time', new Date(message.at).toLocaleTimeString(), meta)
  time.dateTime = message.at
  if (message.code) {
    const row = make('div', '', item, 'code')
    make('output', message.code, row)
    const copy = make('button', 'Copy code', row)
    copy.type = 'button'
    copy.onclick = () => navigator.clipboard.writeText(message.code).then(() => { copy.textContent = 'Copied' })
  }
  make('p', message.text, item, 'text')
  return item
}
const look = async () => {
  try {
    const query = new URLSearchParams({ to: to.value, channel: channel.value })
    const answer = await fetch('/dev/outbox?' + query, { headers: { accept: 'application/json' } })
    const { messages } = await answer.json()
    const key = messages.map((message) => message.id).join()
    if (key !== shown || state.dataset.lost) {
      shown = key
      delete state.dataset.lost
      list.replaceChildren(...messages.map(card))
      state.textContent = messages.length === 0 ? 'No messages yet. They appear here by themselves.'
        : messages.length === 1 ? '1 message' : messages.length + ' messages'
    }
  } catch {
    state.dataset.lost = 'yes'
    state.textContent = 'The server does not answer. Trying again.'
  }
}
const watch = async () => { if (!document.hidden) await look(); setTimeout(watch, 1000) }
document.querySelector('#clear').onclick = () => fetch('/dev/outbox', { method: 'DELETE' }).then(look)
to.oninput = channel.oninput = look
document.onvisibilitychange = look
watch()
`

/** Live page over `GET /dev/outbox`: no library, nothing fetched but the JSON, text set as text (S-134). */
export const outboxPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Outbox · Polyfactor</title>
<style>${style}</style>
<main>
<header>
<h1>Outbox</h1>
<label>To <input id="to" type="search" autocomplete="off" spellcheck="false"></label>
<label>Channel <select id="channel"><option value="">all</option><option>sms</option><option>voice</option><option>email</option><option>push</option></select></label>
<button id="clear" type="button">Empty</button>
</header>
<p id="state" role="status">Loading…</p>
<noscript>This page needs JavaScript; the same messages as JSON: curl http://HOST/dev/outbox</noscript>
<ol></ol>
</main>
<script>${script}</script>
</html>
`

const hash = (text: string) => `'sha256-${tokenDigest(text).replaceAll('-', '+').replaceAll('_', '/')}='`

/** Only this very script and style run. */
export const outboxPagePolicy = [
  "default-src 'none'",
  `script-src ${hash(script)}`,
  `style-src ${hash(style)}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')
