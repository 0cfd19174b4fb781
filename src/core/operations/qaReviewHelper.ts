import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bundledSkill } from './bundledSkills.ts';
import { refuse } from '../domain/errors.ts';
import { expect, type QaDrill } from './qaDrill.ts';

const refusal = 'nested codex-review invocation blocked';
const timeoutMilliseconds = 30_000;
const outputLimit = 1_000_000;

/** The review helper that this release brings along reads as a shell program, and will not run inside itself. */
export async function checkReviewHelper(drill: QaDrill): Promise<void> {
  const helper = findHelper(drill);
  const gate: Record<string, unknown> = { codex_review_helper: helper, recursion_guard_expected: refusal };
  drill.notes.adversarial_review_gate = gate;
  const syntax = ['-n', helper];
  const checked = await runBash(drill, syntax);
  gate.syntax_check = { command: ['bash', ...syntax], returncode: checked.status };
  expect(checked.status === 0, `the codex-review helper is no shell program: ${lastLine(checked.stderr)}`);
  const nested = await runBash(drill, [helper, '--dry-run'], { CODEX_REVIEW_HELPER_LEVEL: '1' });
  gate.nested_run = { command: ['bash', helper, '--dry-run'], returncode: nested.status, stderr: nested.stderr };
  expect(
    nested.status === 78 && nested.stderr.includes(refusal),
    `the codex-review helper ran inside itself (status ${nested.status})`,
  );
}

function findHelper({ context }: QaDrill): string {
  const source = bundledSkill(context.runtime, 'codex-review').parts[0]?.source ?? '';
  const helper = join(source, 'scripts', 'codex-review');
  if (!existsSync(helper)) throw refuse('install_failed', `the codex-review helper is missing at ${helper}`);
  return helper;
}

async function runBash(drill: QaDrill, argv: readonly string[], more: Readonly<Record<string, string>> = {}) {
  const { processes, variables, signal, cwd } = drill.context;
  const { CODEX_REVIEW_ALLOW_NESTED: _allowed, ...environment } = variables;
  const options = { cwd, environment: { ...environment, ...more }, outputLimit, timeoutMilliseconds, signal };
  const result = await processes.runGroup('bash', argv, options);
  if (result.ended === 'interrupted') throw refuse('interrupted', 'interrupted');
  if (result.missing) throw refuse('not_supported', 'bash was not found on PATH; the codex-review helper needs it');
  return result;
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
