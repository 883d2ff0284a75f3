import { convertCertBufferToPEM, validateCertificatePath } from '@simplewebauthn/server/helpers'

/**
 * Whether certificates of an attestation statement, leaf first, lead to one of these roots (PEM). No root: nobody is
 * trusted. Lists of revoked certificates are read only from chains that do.
 */
export async function isTrustedChain(
  chain: readonly Uint8Array<ArrayBuffer>[],
  roots: readonly string[],
): Promise<boolean> {
  if (roots.length === 0) return false
  try {
    return await validateCertificatePath(chain.map(convertCertBufferToPEM), [...roots])
  } catch {
    return false
  }
}
