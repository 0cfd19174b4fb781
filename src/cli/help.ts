import { nearestName } from '../core/domain/nearestName.ts';
import { refuse } from '../core/domain/errors.ts';
import type { AnyOperation } from '../core/operations/operation.ts';
import { loadOperation, operationNames } from '../core/operations/registry.ts';
import { pages, topics } from './topics.ts';
import { glossary, wrap } from './wrap.ts';

/** Verbs that are no operation: they only tell about the others. */
export const tellingVerbs: Readonly<Record<string, string>> = {
  help: 'Explain a verb or a topic.',
  completions: 'Print what a shell needs to complete command lines: bash, zsh or fish.',
};

const column = 28;

/** `conveyor help`: every verb, by topic. */
export async function overview(program: string): Promise<string> {
  const listed = new Set(Object.values(topics).flatMap(({ verbs }) => verbs));
  const sections = await Promise.all(
    Object.values(topics).map(async ({ title, verbs }) => `${title}:\n${await described(verbs)}\n`),
  );
  const others = await described(operationNames.filter((name) => !listed.has(name)));
  const telling = glossary(Object.entries(tellingVerbs), column);
  return [
    `usage: ${program} VERB ...\n\nSupervise coding agents: sessions, tasks and bindings in one ledger.\n`,
    ...sections,
    `Others:\n${others === '' ? '' : `${others}\n`}${telling}\n`,
    `${wrap(`"${program} VERB --help" explains a verb, "${program} help TOPIC" a topic: ${topicNames.join(', ')}.`)}\n`,
  ].join('\n');
}

export const topicNames: readonly string[] = [...Object.keys(topics), ...Object.keys(pages)];

/** What a topic is about, or null when there is none of that name. */
export async function topicHelp(program: string, name: string): Promise<string | null> {
  const page = Object.hasOwn(pages, name) ? pages[name] : undefined;
  if (page !== undefined) return `${page.title}\n\n${page.paragraphs.map((text) => wrap(text)).join('\n\n')}\n`;
  const topic = Object.hasOwn(topics, name) ? topics[name] : undefined;
  if (topic === undefined) return null;
  return `${topic.title}\n\n${wrap(topic.about)}\n\n${await described(topic.verbs)}\n\n${wrap(`"${program} VERB --help" explains a verb.`)}\n`;
}

/** Throws `usage`, with what was probably meant. */
export function unknownTopic(program: string, name: string) {
  const nearest = nearestName(name, [...operationNames, ...Object.keys(tellingVerbs), ...topicNames]);
  const hint = nearest === null ? '' : `; did you mean ${nearest}?`;
  return refuse('usage', `argument topic: invalid choice: '${name}' (see "${program} --help")${hint}`);
}

async function described(names: readonly string[]): Promise<string> {
  const operations = await Promise.all(names.map((name) => loadOperation(name)));
  const rows = operations.filter((one): one is AnyOperation => one !== null);
  return glossary(
    rows.map(({ name, summary }) => [name, summary] as const),
    column,
  );
}
