/** A key pair for push services (RFC 8292), base64url: the uncompressed point, and the private scalar. */
export interface PushKeyPair {
  readonly publicKey: string
  readonly privateKey: string
}

/** A fresh one, on P-256. */
export async function newPushKeyPair(): Promise<PushKeyPair> {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])
  const point = await crypto.subtle.exportKey('raw', pair.publicKey)
  const { d = '' } = await crypto.subtle.exportKey('jwk', pair.privateKey)
  return { publicKey: Buffer.from(point).toString('base64url'), privateKey: d }
}
