import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { awsAuthorization, awsDate } from './aws-signature.ts'

// Requests, key and signatures of the AWS Signature Version 4 test suite.
const time = awsDate(Date.UTC(2015, 7, 30, 12, 36))
const scope = {
  keyId: 'AKIDEXAMPLE',
  secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
  service: 'service',
}
const headers = { host: 'example.amazonaws.com', 'x-amz-date': time }
const form = { 'content-type': 'application/x-www-form-urlencoded' }

describe('the signature of a request to AWS', () => {
  for (const [name, request, signed, signature] of [
    [
      'post-vanilla',
      { path: '/', headers, body: '' },
      'host;x-amz-date',
      '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    ],
    [
      'post-x-www-form-urlencoded',
      { path: '/', headers: { ...headers, ...form }, body: 'Param1=value1' },
      'content-type;host;x-amz-date',
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
  ] as const) {
    it(`is that of ${name} in the test suite of AWS`, () => {
      const credential = 'AKIDEXAMPLE/20150830/us-east-1/service/aws4_request'
      assert.equal(
        awsAuthorization(scope, request),
        `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signed}, Signature=${signature}`,
      )
    })
  }
})
