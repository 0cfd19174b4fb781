import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { strFromU8, unzipSync } from 'fflate';
import { contentClasses } from '../../../src/core/operations/contentClasses.ts';
import { loadOperation, operationNames } from '../../../src/core/operations/registry.ts';
import { type Plant, plantSecrets, type Scene, task } from './plantedSecrets.ts';
import { commandLineAnswers, commandLineProgram } from '../support/commandLines.ts';
import { heartsOf, secretKinds } from './secretKinds.ts';

const cli = fileURLToPath(new URL('../../../src/cli/entry.ts', import.meta.url));

/** Every way to ask a verb that others read the answers of. One that is missing here fails the test. */
const waysToAsk: Readonly<Record<string, readonly (readonly string[])[]>> = {
  audit: [[task]],
  replay: [[task], [task, '--format', 'compact'], [task, '--format', 'transcript']],
  'mutation-audit': [[task]],
  tail: [['alpha-worker', '--limit', '-1']],
  telemetry: [
    ['--limit', '-1'],
    ['--summary'],
    ['metrics'],
    ['snapshot'],
    ['snapshot', task],
    ['check'],
    ['task', task],
    ['failures'],
    ['failures', task],
  ],
  'export-task': [[task, '--zip']],
  'transcript-show': [[task]],
  'transcript-capture': [[task, '--role', 'worker', '--mode', 'snapshot']],
  capture: [['old1']],
  commands: [['--attempts']],
  divergences: [[task]],
  events: [['old1']],
  doctor: [[]],
  'doctor-self': [[]],
  'db-doctor': [['--live']],
  reconcile: [[]],
  prune: [['--dry-run']],
  'transcript-prune': [[task, '--dry-run']],
};

type Mode = 'plain' | 'content' | 'raw';

interface Answer {
  readonly line: string;
  readonly isListing: boolean;
  /** Standard output and error, and every file of an export, packed ones too. */
  readonly text: string;
}

describe('what others read', function () {
  this.timeout(240_000);
  let folder: string;
  let scene: Scene;
  const answers: Record<Mode, Answer[]> = { plain: [], content: [], raw: [] };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'conveyor-leaks-'));
    scene = plantSecrets(folder);
    for (const mode of ['plain', 'content', 'raw'] as const) answers[mode].push(...(await askAll(mode)));
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  async function askAll(mode: Mode): Promise<Answer[]> {
    const lines = await linesOf(mode);
    const folderOf = (line: string) => join(folder, `export-${mode}-${line.includes('--include-full-transcripts')}`);
    const isExport = (line: string) => line.startsWith('export-task');
    const ran = run(
      lines.map((argv) => (isExport(argv.join(' ')) ? [...argv, '--output', folderOf(argv.join(' '))] : argv)),
    );
    return ran.map(({ status, printed }, index) => {
      const [name = ''] = lines[index] ?? [];
      const line = lines[index]?.join(' ') ?? '';
      assert.ok(status === 0 || status === 1, `${line}: ${printed}`);
      assert.doesNotMatch(printed, /internal error/, line);
      const files = isExport(line) ? [...filesIn(folderOf(line)), ...filesInArchive(`${folderOf(line)}.zip`)] : [];
      const isListing = operationNames.some((known) => known === name && contentClasses[known] === 'listing');
      return { line, isListing, text: [printed, ...files].join('\n') };
    });
  }

  async function linesOf(mode: Mode): Promise<(readonly string[])[]> {
    const lines: (readonly string[])[] = [];
    for (const name of operationNames.filter((name) => contentClasses[name] !== 'working')) {
      const { inputs } = (await loadOperation(name)) ?? assert.fail(name);
      const flags = flagsOf(mode, inputs);
      if (flags === null) continue;
      const ways =
        waysToAsk[name] ?? assert.fail(`say in this test how ${name} is asked, or that it is a working verb`);
      const more = name === 'replay' && mode !== 'plain' ? [[task, '--format', 'full-transcript']] : [];
      for (const way of [...ways, ...more]) {
        lines.push([name, ...way, ...flags]);
        if ('json' in inputs) lines.push([name, ...way, ...flags, '--json']);
      }
      if (name === 'export-task') lines.push([name, task, '--zip', '--include-full-transcripts', ...flags]);
    }
    return lines;
  }

  /** With nothing but what a process of ours is given, and the stand-in for tmux. */
  function variables() {
    return {
      HOME: folder,
      WORKERCTL_STATE_ROOT: folder,
      XDG_DATA_HOME: join(folder, 'data'),
      CODEX_HOME: join(folder, 'codex'),
      PATH: [join(folder, 'tools'), dirname(process.execPath), '/bin', '/usr/bin'].join(':'),
    };
  }

  function run(lines: readonly (readonly string[])[]) {
    const file = join(folder, 'answers.json');
    const input = JSON.stringify(lines);
    const ran = spawnSync(process.execPath, [commandLineProgram, file], {
      cwd: folder,
      env: variables(),
      input,
      encoding: 'utf8',
    });
    assert.equal(ran.status, 0, ran.stderr);
    const found = commandLineAnswers.parse(JSON.parse(readFileSync(file, 'utf8')));
    assert.equal(found.length, lines.length);
    return found;
  }

  it('is asked for in more than sixty places of fifteen kinds', () => {
    assert.ok(scene.plants.length >= 60, `${scene.plants.length}`);
    assert.equal(new Set(scene.plants.map(({ kind }) => kind)).size, 15);
  });

  it('AT-2: no verb that others read the answers of holds a word of anybody unless content is asked for', () => {
    const leaks = answers.plain.flatMap(({ line, isListing, text }) =>
      scene.plants
        .filter(
          ({ canary, secret, place }) =>
            (!isListing && text.includes(canary) && !isAskedFor(line, place)) || holdsSecret(text, secret),
        )
        .map(({ place }) => `${line}: ${place}`),
    );
    assert.deepEqual(leaks, []);
  });

  it('AT-3: of a bundle with transcripts holds what terminals showed, and no other word', () => {
    const bundle = answers.plain.find(({ line }) => line.includes('--include-full-transcripts'));
    assert.ok(bundle);
    const shown = scene.plants.filter(({ canary }) => bundle.text.includes(canary)).map(({ place }) => place);
    assert.deepEqual([...new Set(shown)], ['transcript_segments.segment_text']);
  });

  it('AT-2: it holds every word, and no secret, when content is asked for', () => {
    const leaks = answers.content.flatMap(({ line, text }) =>
      scene.plants
        .filter(({ secret }) => holdsSecret(text, secret))
        .map(({ place, kind }) => `${line}: ${place}: ${kind}`),
    );
    assert.deepEqual(leaks, []);
    assert.deepEqual(
      placesWithout(({ canary }) => anyHolds('content', canary)),
      [],
    );
  });

  it('holds every secret when it is asked for raw', () => {
    assert.deepEqual(
      placesWithout(({ secret }) => heartsOf(secret).every((heart) => anyHolds('raw', heart))),
      [],
    );
  });

  it('AT-2: repeats no secret that was typed in the wrong place', () => {
    const wrong = Object.values(secretKinds).flatMap((make) => {
      const secret = make(900);
      const lines = [
        ['audit', secret],
        ['tasks', secret],
        ['audit', task, `--include=${secret}`],
        ['replay', task, '--role', secret],
        [secret],
      ];
      return lines.map((argv) => ({ argv, secret }));
    });
    const found = run(wrong.map(({ argv }) => argv));
    for (const [index, { argv, secret }] of wrong.entries()) {
      const { status, printed } = found[index] ?? assert.fail('no answer');
      assert.ok(status === 1 || status === 2, printed);
      assert.ok(!holdsSecret(printed, secret), `${argv[0]}: ${printed}`);
    }
  });

  it('is raw only where content was asked for', () => {
    const [answer] = run([['audit', task, '--json', '--raw']]);
    assert.equal(answer?.status, 2);
    assert.match(answer?.printed ?? '', /--raw needs --include-content/);
  });

  it('is the same in a process of its own', () => {
    for (const argv of [
      ['audit', task, '--json'],
      ['tail', 'alpha-worker', '--limit', '-1', '--include-content'],
    ]) {
      const { stdout, stderr } = spawnSync(process.execPath, [cli, ...argv], {
        cwd: folder,
        env: variables(),
        encoding: 'utf8',
      });
      assert.equal(stdout + stderr, run([argv])[0]?.printed);
    }
  });

  function placesWithout(isThere: (plant: Plant) => boolean): string[] {
    return scene.plants.filter((plant) => !isThere(plant)).map(({ place }) => place);
  }

  function anyHolds(mode: Mode, words: string): boolean {
    return answers[mode].some(({ text }) => text.includes(words));
  }
});

/** Segments are what `--include-full-transcripts` asks for. */
function isAskedFor(line: string, place: string): boolean {
  return line.includes('--include-full-transcripts') && place === 'transcript_segments.segment_text';
}

/** Null: a verb that has nothing to show more of. */
function flagsOf(mode: Mode, inputs: object): readonly string[] | null {
  if (mode === 'plain') return [];
  if (!('raw' in inputs)) return null;
  const content = 'includeContent' in inputs ? ['--include-content'] : [];
  return mode === 'raw' ? [...content, '--raw'] : content;
}

function holdsSecret(text: string, secret: string): boolean {
  return heartsOf(secret).some((heart) => heart !== commonHeader && text.includes(heart));
}

/** Of every JSON web token there is. */
const commonHeader = Buffer.from('{"alg":"HS256"}').toString('base64url');

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
}

function filesInArchive(file: string): string[] {
  return Object.entries(unzipSync(readFileSync(file))).map(([name, bytes]) => `${name}\n${strFromU8(bytes)}`);
}
