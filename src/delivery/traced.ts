import { type Channels, DeliveryFailed } from '#ports/delivery.ts'
import type { Tracing } from '#ports/tracing.ts'

/** Channels whose calls of providers are spans: channel, attempt, who took it, and our own word for a failure. */
export function tracedChannels(channels: Channels, tracing: Tracing | undefined): Channels {
  if (tracing === undefined) return channels
  return new Map(
    [...channels].map(([name, channel]) => [
      name,
      {
        ...channel,
        send: (message) =>
          tracing.span(
            'delivery.send',
            { 'polyfactor.channel': name, 'polyfactor.attempt': message.attempt ?? 1 },
            async (note, fail) => {
              try {
                const taken = await channel.send(message)
                note({ 'polyfactor.provider': taken === 'sent' ? channel.provider : taken.by })
                return taken
              } catch (error) {
                note({ 'polyfactor.provider': channel.provider })
                fail(error instanceof DeliveryFailed ? error.message : 'failed')
                throw error
              }
            },
            { kind: 'client' },
          ),
      },
    ]),
  )
}
