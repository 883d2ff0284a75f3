import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A network between a client and a server that a test can break. */
export interface TcpProxy {
  readonly port: number
  /** From now on leads here; open connections keep their end. */
  switchTo(port: number): void
  /** Answers of the server arrive so much later, ms; 0: at once. Those under way keep their delay. */
  delay(ms: number): void
  /** The server hears everything, its answers are lost, and then the connections break. */
  loseAnswers(): void
  /** Breaks all connections and refuses new ones, or takes them again. */
  cut(broken: boolean): void
  close(): Promise<void>
}

/** Starts a proxy on a free loopback port. */
export async function startProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let to = target
  let late = 0
  let broken = false
  let losing = false

  const server = createServer((client) => {
    if (broken) {
      client.destroy()
      return
    }
    const upstream = connect({ port: to, host: '127.0.0.1' })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.setNoDelay(true)
    }
    client.on('data', (chunk) => upstream.write(chunk))
    upstream.on('data', (chunk) => {
      if (losing) {
        client.destroy()
        return
      }
      if (late === 0) client.write(chunk)
      else setTimeout(() => client.writable && client.write(chunk), late)
    })
    const end = (gone: Socket, other: Socket) => () => {
      sockets.delete(gone)
      other.destroy()
    }
    client.once('close', end(client, upstream))
    upstream.once('close', end(upstream, client))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const breakAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (server.address() as { port: number }).port,
    switchTo(port) {
      to = port
    },
    delay(ms) {
      late = ms
      losing = false
    },
    loseAnswers() {
      losing = true
    },
    cut(now) {
      broken = now
      losing = false
      if (now) breakAll()
    },
    async close() {
      server.close()
      breakAll()
      await once(server, 'close')
    },
  }
}
