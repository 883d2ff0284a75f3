/**
 * The load generator: a process of its own, sockets written by hand, one request at a time on each of so many
 * connections. Request number i uses user or ticket number i, and none is used twice.
 */
import { connect, type Socket } from 'node:net'
import type { LoadOrder, LoadResult } from './plan.ts'
import { request, wanted, wantedWord } from './requests.ts'

process.on('message', (order: LoadOrder) => {
  load(order).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ failed: String(error) }),
  )
})
process.on('disconnect', () => process.exit(0))

async function load(order: LoadOrder): Promise<LoadResult> {
  const taken = { next: order.from, end: performance.now() + order.seconds * 1e3 }
  const times: number[] = []
  const sockets = await Promise.all(Array.from({ length: order.connections }, () => open(order.port)))
  const cpu = process.cpuUsage()
  const began = performance.now()
  taken.end = began + order.seconds * 1e3
  const samples = await Promise.all(sockets.map((socket) => drive(socket, order, taken, times)))
  const seconds = (performance.now() - began) / 1e3
  const used = process.cpuUsage(cpu)
  for (const socket of sockets) socket.destroy()
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN
  return {
    requests: times.length,
    seconds,
    p50: at(0.5),
    p99: at(0.99),
    busy: (used.user + used.system) / 1e6 / seconds,
    sample: samples[0] ?? '',
  }
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      socket.off('error', reject)
      resolve(socket)
    })
    socket.once('error', reject)
  })
}

/** Sends one request after the other until there is none left or the time is over; answers the last body. */
function drive(
  socket: Socket,
  order: LoadOrder,
  taken: { next: number; readonly end: number },
  times: number[],
): Promise<string> {
  return new Promise((resolve, reject) => {
    let sentAt = 0
    let sample = ''
    let got = ''
    const send = () => {
      if (taken.next >= order.to || performance.now() >= taken.end) {
        resolve(sample)
        return
      }
      const bytes = request(order.case, order.target, taken.next++)
      sentAt = performance.now()
      socket.write(bytes)
    }
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`${order.target} closed a connection`)))
    socket.on('data', (chunk: Buffer) => {
      got += chunk.toString('latin1')
      const headEnd = got.indexOf('\r\n\r\n')
      if (headEnd < 0) return
      const length = contentLength(got, headEnd)
      if (got.length < headEnd + 4 + length) return
      times.push(performance.now() - sentAt)
      const body = got.slice(headEnd + 4)
      if (Number(got.slice(9, 12)) !== wanted[order.case] || !body.includes(wantedWord[order.case])) {
        reject(new Error(`${order.target} answered ${got.slice(0, 12)} ${body}`))
        return
      }
      sample = body
      got = ''
      send()
    })
    send()
  })
}

function contentLength(got: string, headEnd: number): number {
  const match = /\r\ncontent-length: ?(\d+)/i.exec(got.slice(0, headEnd))
  if (match === null) throw new Error('an answer without content-length')
  return Number(match[1])
}
