import type { Server as NetServer, Socket } from 'node:net'

/** Open sockets, those in a TLS handshake included, which Node's own `closeAllConnections` does not know. */
export interface Connections {
  /** Closes those that have not said anything yet. */
  readonly closeSilent: () => void
  readonly closeAll: () => void
}

/**
 * Bounds open connections in all and per address, over every listener together (S-153). What is beyond is closed
 * before a byte of it is read.
 * @param exempt addresses that are not counted one by one: proxies, which carry everybody
 */
export function boundConnections(
  servers: readonly NetServer[],
  { total, perAddress, exempt }: { total: number; perAddress: number; exempt: (address: string) => boolean },
): Connections {
  const sockets = new Set<Socket>()
  const counts = new Map<string, number>()
  const admit = (socket: Socket) => {
    const address = socket.remoteAddress ?? ''
    const count = counts.get(address) ?? 0
    if (sockets.size >= total || (count >= perAddress && !exempt(address))) {
      socket.destroy()
      return
    }
    sockets.add(socket)
    counts.set(address, count + 1)
    socket.once('close', () => {
      sockets.delete(socket)
      const left = (counts.get(address) ?? 1) - 1
      if (left > 0) counts.set(address, left)
      else counts.delete(address)
    })
  }
  // Before Node's own listener, so that a refused socket is never given a parser or a TLS handshake.
  for (const server of servers) server.prependListener('connection', admit)
  return {
    closeSilent: () => {
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
    },
    closeAll: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}
