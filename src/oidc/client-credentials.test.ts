import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grantMachine, machineSubject } from './client-credentials.ts'
import { application } from './testing/world.ts'

test('a machine gets what its grants for the API say and nothing else', () => {
  const machine = application('m', { clientGrants: [{ audience: 'api', scopes: ['a', 'b'] }] })
  assert.deepEqual(grantMachine(machine, { audience: 'api' }), { yes: ['a', 'b'] })
  assert.deepEqual(grantMachine(machine, { audience: 'api', scope: ['b'] }), { yes: ['b'] })
  assert.equal(grantMachine(machine, { audience: 'api', scope: ['c'] }).no, 'scope')
  assert.equal(grantMachine(machine, { audience: 'other' }).no, 'audience')
  assert.equal(grantMachine({ ...machine, grantTypes: [] }, { audience: 'api' }).no, 'grant-type')
  assert.equal(grantMachine({ ...machine, authMethod: 'none' }, { audience: 'api' }).no, 'public-client')
  assert.equal(machineSubject(machine), 'm@clients')
})
