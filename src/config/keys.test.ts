import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkConfig } from './read.ts'

const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'
const judged = (webauthn: object) => {
  const read = checkConfig({ tenants: [{ id: 'demo', webauthn }] })
  return read.ok ? read.config.tenants[0]?.webauthn : undefined
}

test('rules for keys: everything has a default, and names are told apart from nonsense', () => {
  assert.deepEqual(judged({}), {
    origins: [],
    attestation: 'none',
    attestation_roots: [],
    user_verification: 'preferred',
  })
  const whole = judged({
    rp_id: 'Example.com',
    origins: ['https://app.example.com', `android:apk-key-hash:${'A'.repeat(43)}`],
    attestation: 'required',
    attestation_roots: [pem],
    models: ['08987058-CADC-4B81-B6E1-30DE50DCBE96'],
  })
  assert.deepEqual(whole?.models, ['08987058-cadc-4b81-b6e1-30de50dcbe96'])
  assert.equal(whole?.rp_id, 'example.com')
})

test('rules for keys that could not be meant are refused with what would mend them', () => {
  for (const webauthn of [
    { attestation: 'required' },
    { attestation: 'direct' },
    { attestation_roots: ['MIIB'] },
    { origins: ['http://app.example.com'] },
    { origins: ['https://app.example.com/path'] },
    { models: ['yubikey'] },
    { models: [] },
    { rp_id: 'https://example.com' },
    { user_verification: 'discouraged' },
  ]) {
    assert.equal(judged(webauthn), undefined, JSON.stringify(webauthn))
  }
})
