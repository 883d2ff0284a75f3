import { argon2Format } from './argon2.ts'
import { bcryptFormat } from './bcrypt.ts'
import type { PasswordFormat } from './format.ts'
import { pbkdf2Format } from './pbkdf2.ts'
import { scryptFormat } from './scrypt.ts'

/** Every way of writing a password hash that is understood, the usual one first. */
export const passwordFormats: readonly PasswordFormat[] = [argon2Format, bcryptFormat, scryptFormat, pbkdf2Format]
