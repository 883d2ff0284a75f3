// @ts-nocheck: a page without a build, to be read and copied; its types would be noise.
/**
 * The page behind `mfa_required`, on a site of its own: it knows nothing but the address it was opened with and the public
 * calls of cidaas' guide. Its own configuration is one line: where the server is.
 */
const { authority } = await (await fetch('config.json')).json()

const { track_id, requestId, sub, error } = Object.fromEntries(new URLSearchParams(location.search))
const names = {
  TOTP: 'Code from an authenticator app',
  SMS: 'Text message',
  IVR: 'Telephone call',
  EMAIL: 'E-mail',
  BACKUPCODE: 'Saved code',
  FIDO2: 'Security key or passkey',
  PUSH: 'Approval on a device',
}
const [said, choose, methods, answer, sent, code, wait, number] = [
  'said',
  'choose',
  'methods',
  'answer',
  'sent',
  'code',
  'wait',
  'number',
].map((id) => document.getElementById(id))

/** A public call; undefined for an empty answer, which means that the login is over. */
async function call(method, path, body) {
  const reply = await fetch(`${authority}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  })
  return reply.status === 204 ? undefined : await reply.json()
}

/** The one step that is a navigation: it carries the browser's cookies, which the calls above do not. */
function goOn() {
  const form = document.createElement('form')
  form.method = 'post'
  form.action = `${authority}/login-srv/precheck/continue/${encodeURIComponent(track_id)}`
  document.body.append(form)
  form.submit()
}

function show(form, text = '') {
  said.textContent = text
  choose.hidden = form !== choose
  answer.hidden = form !== answer
  wait.hidden = form !== wait
  form?.querySelector('input')?.focus()
}

function option({ type, medium }) {
  const label = document.createElement('label')
  const input = Object.assign(document.createElement('input'), { type: 'radio', name: 'method', required: true })
  input.value = JSON.stringify({ type, medium_id: medium?.id })
  label.append(input, ` ${names[type]}${medium?.key_name ? ` ${medium.key_name}` : ''}`)
  return label
}

let running

async function initiate() {
  const { type, medium_id } = JSON.parse(new FormData(choose).get('method'))
  const reply = await call('POST', `/verification-srv/authentication/${type}/initiation`, {
    request_id: requestId,
    track_id,
    sub,
    medium_id,
    usage_type: 'MULTIFACTOR_AUTHENTICATION',
    // Keys are bound to where they are used: the server compares this with its own list.
    ...(type === 'FIDO2' ? { domainURL: location.origin, allowedDomains: [location.origin] } : {}),
  })
  if (!reply.success) return show(choose, reply.error_description)
  running = { type, exchange_id: reply.data.exchange_id.exchange_id }
  if (type === 'FIDO2') return await askKey(reply.data.fido2_entity)
  if (type === 'PUSH') return await approval(reply.data)
  sent.textContent = reply.data.medium_text ? `A code was sent to ${reply.data.medium_text}.` : ''
  code.value = ''
  show(answer)
}

/** The browser asks the key; what it signs is worth something for this challenge alone. */
async function askKey({ fidoRequestId, server_challenge }) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(server_challenge)
  const credential = await navigator.credentials.get({ publicKey }).catch(() => undefined)
  if (!credential) return show(choose, 'The key was not used. Try again, or another way.')
  const fido2_client_response = { client_response: credential.toJSON(), fidoRequestId }
  await send(choose, { fido2_client_response })
}

/** The number is typed on the device; this page only waits for what the device says. */
async function approval({ push_selected_number, status_id }) {
  number.textContent = push_selected_number
  show(wait)
  while (!wait.hidden) {
    await new Promise((resolve) => setTimeout(resolve, 2000))
    const reply = await call('GET', `/verification-srv/verificationstatus/${status_id}`)
    const status = reply?.data?.status
    if (status === 'AUTHENTICATED') return goOn()
    if (!status || status === 'DENIED' || status === 'CANCELLED') return show(choose, 'It was not approved.')
  }
}

const verify = () => send(answer, { pass_code: code.value })

async function send(from, proof) {
  const { type, exchange_id } = running
  const reply = await call('POST', `/verification-srv/authentication/${type}/verification`, {
    exchange_id,
    sub,
    ...proof,
  })
  if (!reply.success) return show(from, reply.error_description)
  const [saved] = reply.data.backup_codes ?? []
  if (saved) alert(`Write down your new saved code, it replaces the one you have used: ${saved.code}`)
  goOn()
}

const handle = (form, act) =>
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    act().catch(() => show(form, 'The server cannot be reached. Try again.'))
  })
handle(choose, initiate)
handle(answer, verify)
for (const id of ['back', 'stop']) document.getElementById(id).addEventListener('click', () => show(choose))

const metadata = await call('GET', `/token-srv/prelogin/metadata/${encodeURIComponent(track_id)}`)
const open = metadata?.success ? metadata.data.meta_data.userConfiguredMethods : []
const options = open
  .filter(({ type }) => type in names)
  .flatMap(({ type, mediums }) =>
    (mediums.length > 0 ? mediums : [undefined]).map((medium) => option({ type, medium })),
  )
methods.append(...options)
if (!metadata?.success) show(undefined, 'This sign-in has expired. Go back to the application.')
else if (options.length === 0) show(undefined, 'You have no second method that this page can ask for.')
else show(choose, error ? 'One more step is needed to sign in.' : '')
