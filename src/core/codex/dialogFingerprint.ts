import { createHash } from 'node:crypto';
import type { Dialog } from '../domain/screen.ts';

/**
 * Tells whether a dialog is still the one that somebody has read: class, words and options, not how they are broken
 * into rows and not which option is marked.
 */
export function dialogFingerprint({ class: name, text, options }: Dialog): string {
  const words = [name, text, ...options.map(({ number, label }) => `${number} ${label}`)];
  const drawn = JSON.stringify(words.map((one) => one.replaceAll(/\s+/gu, ' ').trim()));
  return createHash('sha256').update(drawn).digest('hex').slice(0, 16);
}
