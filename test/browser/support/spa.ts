import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { issueServerCertificate, makeLocalCa } from '#crypto/certificates.ts'

/** TESTS ONLY: somebody's single-page application on an origin of its own, with the unmodified SDK. */
export interface Spa {
  /** `https://localhost:port`, the same site as the server; also where its users come back to. */
  readonly url: string
  close(): Promise<void>
}

const folder = join(createRequire(import.meta.url).resolve('@auth0/auth0-spa-js/package.json'), '..', 'dist')
const sdk = readFileSync(join(folder, 'auth0-spa-js.production.esm.js'))

const html = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Somebody's application</title><h1>Application</h1>
<script type="module">
import { Auth0Client } from '/sdk.js'
window.open_ = (options) => { window.client = new Auth0Client(options) }
window.ready = true
</script></html>`

export async function openSpa(): Promise<Spa> {
  const now = Date.now()
  const ca = await makeLocalCa({ commonName: 'Authority of a test', now })
  const { certificatePem: cert, privateKeyPem: key } = await issueServerCertificate({ ca, hosts: ['localhost'], now })
  const server = createServer({ cert, key }, (request, response) => {
    const script = request.url === '/sdk.js'
    response
      .writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html; charset=utf-8' })
      .end(script ? sdk : html)
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
