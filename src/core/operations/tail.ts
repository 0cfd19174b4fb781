import * as z from 'zod/mini';
import { listNewestEvents } from '../ledger/codexEventStore.ts';
import { requireSession } from '../ledger/sessionStore.ts';
import { recordTelemetry } from '../ledger/telemetryStore.ts';
import { redactRollout } from '../record/redact.ts';
import { integerWithDefault, optionalText, positional } from './argument.ts';
import { contentFlags } from './contentClasses.ts';
import { defineOperation } from './operation.ts';

/** The newest events of a session, without words unless they are asked for. Does not read the rollout. */
export const tail = defineOperation({
  name: 'tail',
  summary: 'Show the newest events of a session that were read, newest first.',
  effect: 'writes',
  inputs: {
    name: positional('name of the session', 'NAME'),
    limit: integerWithDefault('how many events; negative for all', 50),
    subtype: optionalText('only events of this subtype', { placeholder: 'TYPE' }),
    ...contentFlags,
  },
  output: () =>
    z.array(
      z.object({
        id: z.int(),
        timestamp: z.string(),
        type: z.string(),
        subtype: z.nullable(z.string()),
        byte_offset: z.int(),
        payload: z.record(z.string(), z.json()),
      }),
    ),
  run: ({ ledger, clock }, { name, limit, subtype, includeContent }) => {
    const session = requireSession(ledger, name);
    const events = listNewestEvents(ledger, session.id, { limit, subtype });
    const telemetry = {
      type: 'codex_events_tail_read',
      summary: `Read ${events.length} event(s) of ${name}.`,
      correlation: { session: name, session_id: session.id },
      attributes: { limit, returned_count: events.length, subtype },
    };
    ledger.write(() => recordTelemetry(ledger, telemetry, clock.now()));
    return events.map(({ id, timestamp, type, subtype: kind, byte_offset, payload }) => ({
      id,
      timestamp,
      type,
      subtype: kind,
      byte_offset,
      payload: { ...(includeContent ? payload : redactRollout(payload)) },
    }));
  },
});
