import * as z from 'zod/mini';

/** What came of one test in the extension host, as it crosses from there to the runner. */
const hostResult = z.object({ title: z.string(), durationMs: z.number(), failure: z.nullable(z.string()) });
export type HostResult = z.infer<typeof hostResult>;

export const hostResults = z.array(hostResult);
