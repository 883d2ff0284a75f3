import { Server, ServerResponse } from 'node:http'
import { DatabaseSync, StatementSync } from 'node:sqlite'

/**
 * TESTS ONLY, loaded into a server by `--import`: ends the process as a power cut would, at a chosen moment between
 * reading a request and sending its answer. Moments are counted from the arrival of a request with `x-crash-at: N`: each
 * statement of the database counts twice, before and after it has run, and so does handing over the answer. With
 * `x-crash-at: count` nothing is cut; the number of moments there were comes back as the header `x-moments`.
 */
let left = Number.NaN
let passed = 0

function moment(): void {
  passed++
  left--
  if (left === 0) process.kill(process.pid, 'SIGKILL')
}

type Method = (this: unknown, ...args: unknown[]) => unknown

function watch(holder: object, name: string): void {
  const methods = holder as Record<string, Method>
  const real = methods[name] as Method
  methods[name] = function (...args) {
    moment()
    const result = real.apply(this, args)
    moment()
    return result
  }
}

const emit = Server.prototype.emit as (this: Server, event: string, ...args: unknown[]) => boolean
Server.prototype.emit = function (this: Server, event: string, ...args: unknown[]) {
  const headers = event === 'request' ? (args[0] as { headers: Record<string, string> }).headers : undefined
  if (headers?.['x-crash-at'] !== undefined) {
    passed = 0
    left = Number(headers['x-crash-at'])
  }
  return emit.call(this, event, ...args)
} as typeof Server.prototype.emit

const writeHead = ServerResponse.prototype.writeHead as Method
ServerResponse.prototype.writeHead = function (this: ServerResponse, ...args: unknown[]) {
  this.setHeader('x-moments', passed)
  return writeHead.apply(this, args)
} as typeof ServerResponse.prototype.writeHead

watch(ServerResponse.prototype, 'end')
watch(DatabaseSync.prototype, 'exec')
for (const name of ['run', 'get', 'all']) watch(StatementSync.prototype, name)
