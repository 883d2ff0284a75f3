/**
 * `oob_code` of a push carries the number that has to be typed on the device, after its last dot: SDKs hand the code on
 * unread and drop every member they do not know, so this is the one place an application can read it from
 * (docs/decisions/0009-number-in-the-oob-code.md). The number is no secret to whoever shows it.
 */
export const oobCodeOf = (challenge: string | undefined, show: Readonly<Record<string, unknown>> | undefined) =>
  challenge !== undefined && typeof show?.number === 'string' ? `${challenge}.${show.number}` : challenge

/** The challenge an `oob_code` stands for. */
export const challengeIn = (oobCode: string): string => oobCode.replace(/\.\d{6}$/, '')
