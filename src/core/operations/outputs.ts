import * as z from 'zod/mini';
import { isJsonObject, type JsonObject } from '../domain/json.ts';

/** An object whose keys are somebody else's business: payloads, evidence, metadata. */
export const jsonRecord = (): z.ZodMiniType<JsonObject> => z.custom<JsonObject>(isJsonObject);
