import * as z from 'zod/mini';
import { attentionStates } from '../domain/attention.ts';

/** What a session is at, as `cycle` and `sessions` print it. */
export const attentionOutput = () =>
  z.object({
    state: z.enum(attentionStates),
    detail: z.nullable(z.string()),
    reason: z.string(),
    since: z.nullable(z.string()),
    age_seconds: z.nullable(z.number()),
    sources: z.readonly(
      z.array(
        z.object({
          source: z.enum(['rollout', 'screen', 'process', 'app_server', 'hook']),
          says: z.string(),
          at: z.nullable(z.string()),
          age_seconds: z.nullable(z.number()),
        }),
      ),
    ),
    contradictions: z.readonly(z.array(z.string())),
  });
