import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

interface Layer {
  readonly name: string;
  readonly script: string;
}

/** Everything that CI runs, cheapest first. Each layer is an npm script and runs alone, too. */
const layers: readonly Layer[] = [
  { name: 'system packages', script: 'setup:system' },
  { name: 'types', script: 'types' },
  { name: 'lint', script: 'lint' },
  { name: 'format', script: 'format:check' },
  { name: 'build', script: 'build' },
  { name: 'unit', script: 'test:unit' },
  { name: 'golden', script: 'test:golden' },
  { name: 'tmux', script: 'test:tmux' },
  { name: 'conformance', script: 'test:conformance' },
  { name: 'fixtures', script: 'test:fixtures' },
  { name: 'codex', script: 'test:codex' },
  { name: 'crash', script: 'test:crash' },
  { name: 'dashboard', script: 'test:dashboard' },
  { name: 'package', script: 'package' },
  { name: 'package smoke', script: 'package-smoke' },
  { name: 'host', script: 'test:host' },
  { name: 'ui', script: 'test:ui' },
  { name: 'story', script: 'test:story' },
];

interface Outcome {
  readonly layer: Layer;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
}

/**
 * Runs the layers one after the other and ends with `N passed, N failed`.
 *
 * A layer that counts nothing (types, lint) counts as one; one that fails without counting, as one failure.
 */
async function runAll(): Promise<void> {
  const only = process.argv.slice(2);
  const outcomes: Outcome[] = [];
  for (const layer of layers) {
    if (only.length > 0 && !only.includes(layer.name)) continue;
    const outcome = await runLayer(layer);
    outcomes.push(outcome);
    console.log(
      `--- ${layer.name}: ${outcome.passed} passed, ${outcome.failed} failed (${outcome.seconds.toFixed(1)} s)`,
    );
    // Nothing below can work on sources that do not build.
    if (layer.name === 'build' && outcome.failed > 0) break;
  }
  console.log('');
  for (const { layer, passed, failed, seconds } of outcomes) {
    console.log(
      `${layer.name.padEnd(18)}${String(passed).padStart(6)} passed${String(failed).padStart(5)} failed${seconds.toFixed(1).padStart(9)} s`,
    );
  }
  const sum = (pick: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + pick(outcome), 0);
  const failed = sum((outcome) => outcome.failed);
  console.log(`${sum((outcome) => outcome.passed)} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

async function runLayer(layer: Layer): Promise<Outcome> {
  console.log(`\n=== ${layer.name} (npm run ${layer.script})`);
  const started = Date.now();
  const { status, text } = await runScript(layer.script);
  const counted = countTests(text);
  const failed = status === 0 ? counted.failed : Math.max(1, counted.failed);
  const passed = status === 0 ? Math.max(1, counted.passed) : counted.passed;
  return { layer, passed, failed, seconds: (Date.now() - started) / 1000 };
}

function runScript(script: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve) => {
    const child = spawn('npm', ['run', '--silent', script], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      process.stdout.write(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => process.stderr.write(chunk));
    child.on('close', (code) => resolve({ status: code ?? 1, text: Buffer.concat(chunks).toString() }));
  });
}

/** mocha's summary, or the plain line `N passed, N failed` of our own runners (the last one counts). */
function countTests(text: string): { passed: number; failed: number } {
  const plain = [...text.matchAll(/^(\d+) passed, (\d+) failed/gm)].at(-1);
  if (plain !== undefined) return { passed: Number(plain[1]), failed: Number(plain[2]) };
  const sum = (pattern: RegExp) => [...text.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);
  return { passed: sum(/^\s+(\d+) passing/gm), failed: sum(/^\s+(\d+) failing/gm) };
}

if (!existsSync(join(root, 'node_modules'))) throw new Error('run it with "npm test", which installs what it needs');
await runAll();
