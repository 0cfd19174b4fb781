import type { WebSocket } from 'ws';
import * as z from 'zod/mini';

/** What birpc sends; anything else is no message. */
const message = z.looseObject({ t: z.string() });

/** One birpc channel over a socket, as JSON text. Whoever sends something else loses the connection. */
export function jsonChannel(socket: WebSocket) {
  return {
    post: (data: unknown) => {
      if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(data));
    },
    on: (listener: (data: unknown) => void) => {
      socket.on('message', (data, isBinary) => {
        const parsed = isBinary ? null : parse(String(data));
        if (parsed === null) socket.close(1007);
        else listener(parsed);
      });
    },
    timeout: -1,
  };
}

function parse(text: string): unknown {
  try {
    const parsed = message.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
