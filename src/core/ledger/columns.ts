import * as z from 'zod/mini';
import { isJsonObject, type JsonObject } from '../domain/json.ts';

// What columns hold beyond text and numbers. Old and foreign rows may be sloppy: a JSON column that is no object reads as empty.

export const flag = z.pipe(
  z.number(),
  z.transform((value: number) => value !== 0),
);

export const jsonObject = z.pipe(
  z.string(),
  z.transform((text: string): JsonObject => {
    const value = parseJson(text);
    return isJsonObject(value) ? value : {};
  }),
);

export const jsonObjectOrNull = z.pipe(
  z.nullable(z.string()),
  z.transform((text: string | null): JsonObject | null => {
    const value = text === null ? null : parseJson(text);
    return isJsonObject(value) ? value : null;
  }),
);

export const stringList = z.pipe(
  z.string(),
  z.transform((text: string): readonly string[] => {
    const value = parseJson(text);
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }),
);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
