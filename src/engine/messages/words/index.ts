import type { MessageLanguage } from '#model/message-texts.ts'
import { ar } from './ar.ts'
import { de } from './de.ts'
import { en } from './en.ts'
import { es } from './es.ts'
import { fr } from './fr.ts'
import { ja } from './ja.ts'
import { pt } from './pt.ts'
import type { Words } from './words.ts'

/** A language is a file and a line, and a word in `messageLanguages`. */
export const words: Readonly<Record<MessageLanguage, Words>> = { en, de, fr, es, pt, ja, ar }
