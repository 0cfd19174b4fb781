import { closeSync, openSync, writeSync } from 'node:fs';
import { rolloutLine } from './supervisedPair.ts';

const lineBytes = 671;

/** What a long session looks like: many short records, some outputs, one line in a hundred of 16 KB. Returns the bytes. */
export function appendLongSession(path: string, lines: number): number {
  const small = rolloutLine('event_msg', {
    type: 'token_count',
    info: { total: { input: 1, output: 2 } },
    rate_limits: null,
  });
  const middle = rolloutLine('response_item', {
    type: 'function_call_output',
    call_id: 'call_1',
    output: 'x'.repeat(lineBytes - 20),
  });
  const large = rolloutLine('response_item', {
    type: 'message',
    role: 'assistant',
    content: [{ type: 'output_text', text: 'y'.repeat(16_384) }],
  });
  const file = openSync(path, 'a');
  let bytes = 0;
  for (let line = 1; line <= lines; line += 1) {
    bytes += writeSync(file, line % 100 === 0 ? large : line % 3 === 0 ? small : middle);
  }
  closeSync(file);
  return bytes;
}
