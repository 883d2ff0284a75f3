import { createHmac, hash } from 'node:crypto'

/** What a POST without a query is signed over; header names in lower case, `host` and `x-amz-date` among them. */
export interface AwsRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Whose request it is and whom it is for. */
export interface AwsScope {
  readonly keyId: string
  readonly secret: string
  readonly region: string
  readonly service: string
}

/**
 * `Authorization` of a POST to AWS: Signature Version 4 (AWS General Reference, "Signing AWS API requests"). All given
 * headers are signed. `path` has to be percent-encoded as it is sent.
 */
export function awsAuthorization({ keyId, secret, region, service }: AwsScope, request: AwsRequest): string {
  const time = request.headers['x-amz-date'] ?? ''
  const day = time.slice(0, 8)
  const names = Object.keys(request.headers).sort()
  const lines = names.map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/\s+/g, ' ')}\n`).join('')
  const signed = names.join(';')
  const canonical = ['POST', request.path, '', lines, signed, hash('sha256', request.body, 'hex')].join('\n')
  const scope = [day, region, service, 'aws4_request'].join('/')
  const content = ['AWS4-HMAC-SHA256', time, scope, hash('sha256', canonical, 'hex')].join('\n')
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secret}`)
  const signature = hmac(key, content).toString('hex')
  return `AWS4-HMAC-SHA256 Credential=${keyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`
}

/** The form of `x-amz-date`: `20150830T123600Z`. `now` in epoch milliseconds. */
export function awsDate(now: number): string {
  return new Date(now).toISOString().replace(/[-:]|\.\d+/g, '')
}

function hmac(key: string | Buffer, content: string): Buffer {
  return createHmac('sha256', key).update(content).digest()
}
