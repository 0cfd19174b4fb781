import { requireSession } from '../../src/core/ledger/sessionStore.ts';
import { SharedServer, type Tui } from '../codex/sharedServer.ts';

/** Rounds of two TUIs that start at once under one home: which thread is taken for whose? */
const rounds = Number(process.argv[2] ?? 20);

type Verdict = 'right' | 'refused, then right by /status' | 'wrong';
const counts: Record<'own folders' | 'one folder', Record<Verdict, number>> = {
  'own folders': { right: 0, 'refused, then right by /status': 0, wrong: 0 },
  'one folder': { right: 0, 'refused, then right by /status': 0, wrong: 0 },
};

const shared = await SharedServer.start();
try {
  for (let round = 0; round < rounds; round += 1) {
    const names = [`a${round}`, `b${round}`];
    const isOneFolder = round % 2 === 1;
    const tuis = isOneFolder
      ? await shared.openTuis(names, 'same')
      : [...(await shared.openTuis(names.slice(0, 1), 'one')), ...(await shared.openTuis(names.slice(1), 'two'))];
    for (const tui of tuis) counts[isOneFolder ? 'one folder' : 'own folders'][await judge(tui)] += 1;
    for (const tui of tuis) await shared.endTui(tui);
  }
} finally {
  await shared.close();
}
console.table(counts);
process.exitCode = Object.values(counts).some(({ wrong }) => wrong > 0) ? 1 : 0;

async function judge(tui: Tui): Promise<Verdict> {
  const isRefused = await shared.register('worker', tui).then(
    () => false,
    () => true,
  );
  if (isRefused) await shared.register('worker', tui, { askStatus: true });
  const isRight = requireSession(shared.ledger, tui.name).codex_session_id === (await shared.threadShown(tui));
  if (!isRight) return 'wrong';
  return isRefused ? 'refused, then right by /status' : 'right';
}
